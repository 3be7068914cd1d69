"""What a user says of securities and their prices, and what is known of a security."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenet import lake
from tenet.database import rows
from tenet.errors import NotFound
from tenet.frames import frame
from tenet.market.symbols import price_route

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal
    from pathlib import Path

    from tenet.landings import Landing

    Row = dict[str, Any]

_SECURITIES = """
with
edits as (
    select
        security_id,
        last(name order by edited_at, landing_id) filter (where name is not null) as name,
        nullif(
            last(asset_class order by edited_at, landing_id) filter (where asset_class is not null),
            ''
        ) as asset_class,
        last(price_source order by edited_at, landing_id) filter (where price_source is not null)
            as price_source,
        last(price_symbol order by edited_at, landing_id) filter (where price_symbol is not null)
            as price_symbol,
    from raw_security_edits
    group by security_id
),
snapshots as (
    from raw_snapshots
    qualify row_number() over (
        partition by snapshot_id order by observed_at desc, landing_id desc
    ) = 1
),
dated as (
    select
        snapshot_id,
        observed_at,
        status = 'success' and row_number() over (
            partition by account_id, status order by observed_at desc, snapshot_id desc
        ) = 1 as is_last,
    from snapshots
),
held as (
    select
        security_id,
        last(name order by observed_at) filter (where name is not null) as name,
        arg_max(raw_holdings.currency, observed_at) as currency,
        bool_or(asset_type = 'crypto') as is_crypto,
        bool_or(is_last) as is_held,
    from raw_holdings
    inner join dated using (snapshot_id)
    group by security_id
),
closes as (
    select security_id, max(price_date) as last_close_date from raw_closes group by security_id
)
select
    security_id,
    if(starts_with(security_id, '_'), null, security_id) as symbol,
    coalesce(edits.name, held.name) as name,
    held.currency,
    edits.asset_class,
    coalesce(edits.asset_class = 'Crypto', held.is_crypto, false) as is_crypto,
    coalesce(held.is_held, false) as is_held,
    edits.price_source,
    edits.price_symbol,
    closes.last_close_date,
from held
full join edits using (security_id)
full join closes using (security_id)
where security_id <> '_ZERO_BALANCE' and not starts_with(security_id, '_CASH:')
order by symbol is null, coalesce(symbol, edits.name, held.name, security_id), security_id
"""

_CLOSES = """
select
    source,
    count(distinct price_date) as days,
    min(price_date) as first_date,
    max(price_date) as last_date,
    arg_max(close, (price_date, observed_at, landing_id)) as close,
    arg_max(currency, (price_date, observed_at, landing_id)) as currency,
from raw_closes
where security_id = $id
group by source
order by source
"""

_REQUESTS = """
select source, symbol, requested_at, first_date, last_date, status, message
from raw_market_requests
where security_id = $id
qualify row_number() over (partition by source order by requested_at desc) = 1
order by source
"""

_SPLITS = """
select split_date, arg_max(ratio, (observed_at, landing_id)) as ratio
from raw_splits
where security_id = $id
group by split_date
order by split_date
"""

_MARKS = """
select price_date, price, currency
from raw_price_marks
where security_id = $id
qualify row_number() over (partition by price_date order by edited_at desc, landing_id desc) = 1
order by price_date
"""


def securities(home: Path) -> list[Row]:
    """Every security that was ever held, priced or edited; cash apart. Those without symbol last.

    security_id, symbol (None for a synthetic id), name, currency, asset_class (the user's),
    is_crypto, is_held (in some account's last snapshot), price_source and price_symbol (the
    user's), last_close_date.
    """
    datasets = ("snapshots", "holdings", "security_edits", "closes")
    with lake.reading(home, *datasets) as connection:
        return rows(connection, _SECURITIES)


def find_security(home: Path, wanted: str) -> Row:
    """The security of that symbol, name or id, as in `securities`; a symbol in any case.

    Raises NotFound when none or several have it.
    """
    found = securities(home)
    named = [
        row for row in found if wanted.upper() == row["symbol"] or wanted == row["security_id"]
    ]
    if not named:
        named = [row for row in found if wanted.casefold() == (row["name"] or "").casefold()]
    if len(named) != 1:
        raise NotFound("security", wanted, [label(row) for row in found])
    return named[0]


def label(security: Row) -> str:
    """What a security is called on a screen: its symbol, else its name."""
    return str(security["symbol"] or security["name"] or security["security_id"])


def edit_security(home: Path, wanted: str, *, at: datetime, **changes: Any) -> Landing | None:
    """Land the user's changes to one security: columns of security_edits. Lock holder only."""
    row = {"security_id": find_security(home, wanted)["security_id"], "edited_at": at, **changes}
    landing, _ = lake.land(home, "edit", {"security_edits": frame("security_edits", [row])}, at=at)
    return landing


def set_mark(
    home: Path,
    wanted: str,
    day: date,
    price: Decimal | None,
    *,
    currency: str | None = None,
    at: datetime,
) -> Landing | None:
    """Land the user's own price of a day, in the holding's currency where none is given.

    price: None takes a mark back. Lock holder only.
    Raises NotFound for a security that is not known, and for a mark to be taken back that is not
    there; SchemaMismatch for a currency that is none.
    """
    security_id = find_security(home, wanted)["security_id"]
    if price is None:
        with lake.reading(home, "price_marks") as connection:
            found = rows(connection, _MARKS, {"id": security_id})
        days = [f"{row['price_date']}" for row in found if row["price"] is not None]
        if f"{day}" not in days:
            raise NotFound(f"mark of {wanted} on", f"{day}", days)
    row = {
        "security_id": security_id,
        "price_date": day,
        "edited_at": at,
        "price": price,
        "currency": currency,
    }
    landing, _ = lake.land(home, "edit", {"price_marks": frame("price_marks", [row])}, at=at)
    return landing


def described(home: Path, wanted: str) -> Row:
    """What is known of a security: its row of `securities`, and what is landed about it.

    route: the source that prices it and its symbol there, if any. closes: by source. requests: the
    last one of each source. splits, marks: by day. Raises NotFound.
    """
    security = find_security(home, wanted)
    options = ("is_crypto", "currency", "price_source", "price_symbol")
    route = price_route(security["security_id"], **{name: security[name] for name in options})
    parameters = {"id": security["security_id"]}
    with lake.reading(home, "closes", "splits", "price_marks", "market_requests") as connection:
        marks = rows(connection, _MARKS, parameters)
        return security | {
            "route": {"source": route[0], "symbol": route[1]} if route else None,
            "closes": rows(connection, _CLOSES, parameters),
            "requests": rows(connection, _REQUESTS, parameters),
            "splits": rows(connection, _SPLITS, parameters),
            "marks": [mark for mark in marks if mark["price"] is not None],
        }
