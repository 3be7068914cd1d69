"""Series that a split has changed, so that they are asked for whole.

A source that has worked a split into its series restates the whole past (rule 5 of the valuation).
The days asked again before the missing ones show that.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from tenet.database import Connection
    from tenet.prices.needed import Days

    Key = tuple[str, str]
    """A source and a security."""

WATCHED_DAYS = 14
"""So long a split that its source has not worked into the closes before it is looked after."""

# A split is at work in a series when the last close before it was seen since the split, and the
# first close after it goes on where that one was. Where the ratio is too small to tell, the former.
_UNWORKED = """
with
splits as (
    select
        security_id,
        split_date,
        arg_max(ratio, observed_at)::double as ratio,
    from raw_splits
    group by security_id, split_date
    having min(observed_at) > $at - to_days($watched) and split_date <= $today
),
around as (
    select
        series.number,
        splits.split_date,
        splits.ratio,
        closes.price_date,
        arg_max(closes.close, (closes.observed_at, closes.landing_id))::double as close,
        max(closes.observed_at) as observed_at,
    from splits
    inner join series using (security_id)
    inner join raw_closes as closes
        on series.security_id = closes.security_id
        and series.source = closes.source
        and closes.price_date between splits.split_date - 10 and splits.split_date + 10
    where closes.basis = 'split_adjusted' and closes.close > 0
    group by all
),
judged as (
    select
        number,
        split_date,
        max(observed_at) filter (where price_date < split_date) as seen_at,
        arg_max(close, price_date) filter (where price_date < split_date) as close_before,
        arg_min(close, price_date) filter (where price_date >= split_date) as close_after,
        any_value(ratio) as ratio,
    from around
    group by number, split_date
),
unworked as (
    select number, split_date
    from judged
    where timezone($timezone, seen_at)::date < split_date
        or (
            (ratio >= 1.3 or ratio <= 0.77)
            and abs(ln(close_after / close_before) / ln(ratio)) between 0.6 and 1.4
        )
),
asked_today as (
    select source, security_id, symbol, first_date, last_date
    from raw_market_requests
    where status = 'ok' and timezone($timezone, requested_at)::date >= $today
)
select distinct series.source, series.security_id
from unworked
inner join series using (number)
anti join asked_today
    on series.source = asked_today.source
    and series.security_id = asked_today.security_id
    and series.symbol = asked_today.symbol
    and asked_today.first_date <= series.whole_first
    and asked_today.last_date >= unworked.split_date
"""

# The latest closes that were both landed and come again, and those of them that are others now.
_COMPARED = """
with
landed as (
    select source, security_id, price_date, close, currency, observed_at
    from raw_closes
    semi join incoming_closes using (source, security_id, price_date)
    where basis = 'split_adjusted'
    qualify row_number() over (
        partition by source, security_id, price_date order by observed_at desc, landing_id desc
    ) = 1
),
pairs as (
    select
        source,
        security_id,
        price_date,
        landed.observed_at,
        landed.close::double / incoming_closes.close::double as ratio,
        abs(ratio - 1) > 0.01 as is_other,
        max(price_date) filter (where is_other) over (partition by source, security_id)
            as last_other_date,
    from landed
    inner join incoming_closes using (source, security_id, price_date, currency)
    where landed.close > 0 and incoming_closes.close > 0
    qualify row_number() over (partition by source, security_id order by price_date desc) <= 10
)
select
    source,
    security_id,
    median(ratio) filter (where is_other) as ratio,
    count(*) filter (where is_other) as other_count,
    min(price_date) filter (where is_other) as first_other_date,
    timezone($timezone, max(observed_at) filter (where is_other))::date as seen_date,
from pairs
group by source, security_id
having count(*) filter (where is_other) > 0
    and count(*) filter (where not is_other and price_date < last_other_date) = 0
    and max(ratio) filter (where is_other) < 1.01 * min(ratio) filter (where is_other)
"""

_KNOWN = """
select security_id, split_date, ratio::double
from (
    select security_id, split_date, ratio
    from raw_splits
    semi join incoming_closes using (security_id)
    union all
    select security_id, split_date, ratio from incoming_splits
)
group by all
"""

_LATE = """
select distinct source, security_id
from incoming_splits as splits
anti join raw_splits using (security_id, split_date)
semi join raw_closes as closes
    on splits.security_id = closes.security_id
    and splits.source = closes.source
    and splits.split_date <= closes.price_date
"""

_USUAL = tuple(
    Decimal(new) / old
    for new, old in [
        *((count, 1) for count in (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 40, 50, 100)),
        *((3, 2), (4, 3), (5, 2), (5, 3), (5, 4), (6, 5), (7, 2), (8, 5)),
    ]
)


@dataclass(frozen=True)
class Restated:
    """A series of which the latest landed closes came back divided by one ratio.

    is_explained: splits that the source has told make up that ratio.
    """

    ratio: float
    is_explained: bool


def unworked_splits(connection: Connection, days: Days, at: datetime) -> set[Key]:
    """The series with a recent split that is not worked into their earlier closes.

    Those that were asked for whole today are left out. connection: has the table `series`, and
    reads splits, closes and market_requests.
    """
    parameters = {
        "at": at,
        "today": days.day_of(at),
        "timezone": days.timezone,
        "watched": WATCHED_DAYS,
    }
    return set(connection.execute(_UNWORKED, parameters).fetchall())


def restated_series(connection: Connection, days: Days, at: datetime) -> dict[Key, Restated]:
    """Of the incoming closes the series that came back restated, as after a split.

    Two closes or more by a ratio that splits have, or any by one that a known split makes up. One
    close alone, or another ratio, is a correction. connection: has incoming_closes and
    incoming_splits, and reads closes and splits.
    """
    known: dict[str, list[tuple[date, float]]] = {}
    for security_id, split_date, ratio in connection.execute(_KNOWN).fetchall():
        known.setdefault(security_id, []).append((split_date, ratio))
    found = {}
    compared = connection.execute(_COMPARED, {"timezone": days.timezone}).fetchall()
    for source, security_id, ratio, count, first_date, seen_date in compared:
        splits = [
            one for one in known.get(security_id, ()) if first_date < one[0] <= days.day_of(at)
        ]
        single = [one for _, one in splits]
        since = prod(one for split_date, one in splits if split_date > seen_date)
        is_explained = _is_near(ratio, [*single, since])
        is_usual = _is_near(ratio, _USUAL) or _is_near(1 / ratio, _USUAL)
        if is_explained or (count > 1 and is_usual):
            found[source, security_id] = Restated(ratio, is_explained)
    return found


def late_splits(connection: Connection) -> set[Key]:
    """The series with an incoming split that is new, and lies inside the days already landed."""
    return set(connection.execute(_LATE).fetchall())


def _is_near(ratio: float, splits: Iterable[float | Decimal]) -> bool:
    return any(abs(ratio / float(split) - 1) < 0.01 for split in splits)
