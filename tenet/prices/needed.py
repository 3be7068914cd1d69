"""Which securities and currencies are held, and on which days their prices and rates count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tenet.database import literal, rows
from tenet.resources import folder

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date, datetime

    from tenet.database import Connection

READS = ("snapshots", "holdings", "account_edits", "security_edits", "closes")
"""The datasets that these queries read."""


@dataclass(frozen=True)
class Days:
    """Which days count. through: the last day to value; a price is needed until the day before.

    first, last: in place of the days that follow from what is held. only: these securities.
    """

    timezone: str
    through: date
    first: date | None = None
    last: date | None = None
    only: Collection[str] = ()

    def day_of(self, at: datetime) -> date:
        """The local day of a moment."""
        return at.astimezone(ZoneInfo(self.timezone)).date()


# Windows as in sql/intermediate/int_snapshot_windows.sql. A week before the first day of a security
# there is surely a close to carry. A holding that was landed again is the same security.
_LINES = """
create temp table held_lines as
with
snapshots as (
    from raw_snapshots
    qualify row_number() over (
        partition by snapshot_id order by observed_at desc, landing_id desc
    ) = 1
),
dated as (
    select
        snapshot_id,
        account_id,
        observed_at,
        timezone($timezone, observed_at)::date as snapshot_date,
    from snapshots
    where status = 'success'
),
governing as (
    from dated
    where snapshot_date <= $through
    qualify row_number() over (
        partition by account_id, snapshot_date order by observed_at desc, snapshot_id desc
    ) = 1
),
edits as (
    select
        account_id,
        last(active order by edited_at, landing_id) filter (where active is not null) as is_active,
        timezone(
            $timezone,
            last(deactivated_at order by edited_at, landing_id)
                filter (where deactivated_at is not null)
        )::date as deactivated_date,
    from raw_account_edits
    group by account_id
),
windows as (
    select
        snapshot_id,
        snapshot_date as window_start,
        case
            when lead(snapshot_date) over in_order is not null
                then lead(snapshot_date) over in_order - 1
            when coalesce(is_active, true) then $through
            else least($through, greatest(snapshot_date, deactivated_date))
        end as window_end,
    from governing
    left join edits using (account_id)
    window in_order as (partition by account_id order by snapshot_date)
),
lines as (
    select
        security_id,
        asset_type,
        case
            when starts_with(security_id, '_CASH:') then substr(security_id, 7)
            else coalesce(cash_tickers.currency, raw_holdings.currency)
        end as currency,
        starts_with(security_id, '_') or cash_tickers.security_id is not null as is_priceless,
        window_start,
        window_end,
    from raw_holdings
    inner join windows using (snapshot_id)
    left join cash_tickers using (security_id)
    where security_id <> '_ZERO_BALANCE'
        and (len($only) = 0 or list_contains($only, security_id))
)
select
    security_id,
    is_priceless,
    coalesce(major_currency, currency) as currency,
    bool_or(asset_type = 'crypto') as is_crypto,
    coalesce($first, min(window_start) - 7) as first_date,
    coalesce($last, least(max(window_end), $through - 1)) as last_date,
    max(window_start) as seen_date,
from lines
left join minor_units on currency = code
group by all
"""

_SECURITIES = """
with
edits as (
    select
        security_id,
        last(price_symbol order by edited_at, landing_id) filter (where price_symbol is not null)
            as price_symbol,
        last(price_source order by edited_at, landing_id) filter (where price_source is not null)
            as price_source,
        nullif(
            last(asset_class order by edited_at, landing_id) filter (where asset_class is not null),
            ''
        ) as asset_class,
    from raw_security_edits
    group by security_id
)
select
    security_id,
    arg_max(currency, seen_date) as currency,
    any_value(price_symbol) as price_symbol,
    any_value(price_source) as price_source,
    coalesce(any_value(asset_class) = 'Crypto', bool_or(is_crypto), false) as is_crypto,
    min(first_date) as first_date,
    max(last_date) as last_date,
from held_lines
left join edits using (security_id)
where not is_priceless
group by security_id
having min(first_date) <= max(last_date)
order by security_id
"""

# XXX is ISO 4217's "no currency", which has no rate.
_CURRENCIES = """
with
quoted as (
    select distinct
        security_id,
        coalesce(major_currency, currency) as currency,
    from raw_closes
    left join minor_units on currency = code
),
used as (
    select currency, first_date, last_date from held_lines
    union all
    select quoted.currency, first_date, last_date
    from held_lines
    inner join quoted using (security_id)
    where not is_priceless
),
days as (
    select min(first_date) as first_date, max(last_date) as last_date
    from used
    where currency <> $base and currency <> 'XXX'
)
select currency, min(first_date) as first_date, max(last_date) as last_date
from used
where currency <> $base and currency <> 'XXX'
group by currency
having min(first_date) <= max(last_date)
union all
select $base, first_date, last_date from days where first_date <= last_date
order by currency
"""


def look(connection: Connection, days: Days) -> None:
    """Find what is held: the temporary table `held_lines` and reference tables, for what follows.

    connection: reads the datasets of READS.
    """
    for name in ("cash_tickers", "minor_units"):
        table = literal(folder("data") / f"{name}.csv")
        connection.execute(f"create temp table {name} as from read_csv({table}, header = true)")
    parameters = {
        "timezone": days.timezone,
        "through": days.through,
        "first": days.first,
        "last": days.last,
        "only": sorted(days.only),
    }
    connection.execute(_LINES, parameters)


def securities(connection: Connection) -> list[dict[str, Any]]:
    """Each held security that a market may price, and the days on which its closes count.

    security_id, currency (of the newest holding), is_crypto, the user's price_symbol and
    price_source, first_date, last_date. Cash and synthetic ids are none. By security_id.
    """
    return rows(connection, _SECURITIES)


def currencies(connection: Connection, base: str) -> list[dict[str, Any]]:
    """Each currency of holdings or closes, and the days on which its rate counts, by code.

    currency, first_date, last_date. With any other currency the base is among them; else none is.
    """
    return rows(connection, _CURRENCIES, {"base": base})
