"""Invented households of a known number of daily values: import folders, the same on every run.

Each account syncs weekly and always holds the same number of positions, one of them cash. Twice a
year it sells one position and buys another. Of the securities some are in euros, francs and pence,
some split, some have a wild close now and then, some have none, and some only their provider knows.
`python -m tenet.bench.households SIZE FOLDER` writes one.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenet.database import Connection

LAST_DAY = date(2025, 12, 31)
TIMEZONE = "America/New_York"
SETTINGS = f'base_currency = "USD"\ntimezone = "{TIMEZONE}"\n'


@dataclass(frozen=True)
class Household:
    """How much there is of everything; `holdings` are per account, its cash included."""

    years: int
    accounts: int
    holdings: int
    securities: int

    @property
    def days(self) -> int:
        """Days from the first sync through LAST_DAY."""
        return 365 * self.years

    @property
    def daily_values(self) -> int:
        """Rows that `daily_holding_values` must have."""
        return self.accounts * self.holdings * self.days


HOUSEHOLDS = {
    "small": Household(years=3, accounts=3, holdings=11, securities=40),
    "family": Household(years=5, accounts=6, holdings=50, securities=200),
    "whale": Household(years=10, accounts=20, holdings=200, securities=1000),
    "xl": Household(years=15, accounts=100, holdings=200, securities=2000),
}


def household(size: str) -> Household:
    """The household of a name, or of numbers such as 5x6x50x200: the fields in their order."""
    return HOUSEHOLDS.get(size) or Household(*map(int, size.split("x")))


# Chance is a hash of what it is drawn for, so that it does not depend on the order of rows.
_TABLES = """
create macro draw(thing, number, sides) as (hash(thing, number) % sides)::integer;

create table securities as
select
    number,
    case
        when number % 20 = 7 then '_SF:' || left(sha256('security ' || number), 8)
        else 'S' || lpad(number::varchar, 4, '0')
    end as security_id,
    case
        when number % 20 in (3, 9, 16) then 'EUR'
        when number % 20 in (5, 12) then 'GBp'
        when number % 20 = 18 then 'CHF'
        else 'USD'
    end as currency,
    case
        when number % 40 = 11 then 'crypto'
        when number % 3 = 0 then 'etf'
        else 'equity'
    end as asset_type,
    number % 20 not in (7, 13) as has_closes,
    5 + draw('price', number, 40000) / 100 as first_price,
    case when number % 10 = 4 then first_day() + draw('split', number, days()) end as split_date,
    [2, 3, 4, 0.1][1 + draw('ratio', number, 4)]::decimal(10, 4) as ratio,
from range(securities_count()) as numbers(number);

create table trading_days as
select day::date as day
from generate_series(first_day() - 10, last_day(), interval 1 day) as days(day)
where isodow(day) <= 5;

-- In units of before the split, as sources send them afterwards.
create table prices as
select
    number,
    day,
    sum(draw(day, number, 301) - 149) over (partition by number order by day) as basis_points,
    (first_price * exp(basis_points / 10000))::decimal(18, 4) as price,
from securities cross join trading_days;

create table syncs as
select
    account,
    'bench:' || lpad(account::varchar, 2, '0') as account_id,
    week,
    (first_day() + interval (week) week)::date as sync_date,
    account_id || '/' || sync_date as snapshot_id,
from range(accounts_count()) as accounts(account)
cross join range((days() + 6) // 7) as weeks(week);

-- The securities are a ring on which every account's positions move forward.
create table positions as
select
    syncs.*,
    slot,
    (account * 37 + slot + week // 26) % securities_count() as number,
    1 + draw(account, number, 1000000) / 10000 + week // 8 * 0.5 as quantity,
from syncs cross join range(1, holdings_count()) as slots(slot);
"""

_DATASETS = {
    "accounts": """
        select distinct
            account_id, 'bench' as provider, 'Account ' || account as name,
            'Bench Bank' as institution, 'brokerage' as account_type, 'USD' as currency,
        from syncs""",
    "snapshots": """
        select
            snapshot_id, account_id, 'USD' as currency, 'success' as status,
            (sync_date + time '21:00')::timestamp::timestamptz as observed_at,
        from syncs""",
    "holdings": """
        select
            snapshot_id, account_id, security_id, security_id as symbol,
            'Security ' || number as name, currency, asset_type, 1 as multiplier,
            (quantity * if(sync_date >= split_date, ratio, 1))::decimal(18, 6) as quantity,
            (price * if(sync_date < split_date, ratio, 1))::decimal(18, 4) as snapshot_price,
            (quantity * price * if(split_date is null, 1, ratio))::decimal(18, 2) as snapshot_value,
        from positions
        inner join securities using (number)
        asof join prices on positions.number = prices.number and sync_date >= prices.day
        union all by name
        select
            snapshot_id, account_id, '_CASH:USD' as security_id, 'USD' as currency,
            'cash' as asset_type, 1 as multiplier,
            100 + draw('cash', snapshot_id, 1000000) / 100 as quantity,
        from syncs""",
    "closes": """
        select
            security_id, day as price_date, 'yahoo' as source, currency,
            price * if(number % 25 = 2 and draw('slip', day, 400) = 0, 100, 1) as close,
            'split_adjusted' as basis,
            (last_day() + time '22:00')::timestamp::timestamptz as observed_at,
        from prices inner join securities using (number)
        where has_closes and draw('holiday', day, 40) > 0""",
    "splits": """
        select
            security_id, split_date, ratio, 'yahoo' as source,
            (last_day() + time '22:00')::timestamp::timestamptz as observed_at,
        from securities where split_date is not null""",
    "fx_rates": """
        select
            'EUR' as currency, quote_currency, day as rate_date, 'ecb' as source,
            (rate * (1 + draw(quote_currency, day, 1000) / 20000))::decimal(10, 4) as rate,
            (day + time '16:00')::timestamp::timestamptz as observed_at,
        from trading_days
        cross join (values ('USD', 1.1), ('GBP', 0.85), ('CHF', 0.95))
            as quotes(quote_currency, rate)""",
}


def write(household: Household, folder: Path) -> None:
    """Write the household's datasets into `folder`, which `tenet import` takes."""
    from tenet.database import connect, literal

    folder.mkdir(parents=True, exist_ok=True)
    connection = connect()
    try:
        _define(connection, household)
        connection.execute(_TABLES)
        for name, query in _DATASETS.items():
            path = literal(folder / f"{name}.parquet")
            connection.execute(f"copy ({query}) to {path} (format parquet, compression zstd)")
    finally:
        connection.close()


def _define(connection: Connection, household: Household) -> None:
    """Give the queries the household's sizes by name."""
    numbers = {
        "first_day": f"date '{LAST_DAY - timedelta(days=household.days - 1)}'",
        "last_day": f"date '{LAST_DAY}'",
        "days": household.days,
        "accounts_count": household.accounts,
        "holdings_count": household.holdings,
        "securities_count": household.securities,
    }
    for name, value in numbers.items():
        connection.execute(f"create macro {name}() as {value}")


if __name__ == "__main__":
    write(household(sys.argv[1]), Path(sys.argv[2]))
