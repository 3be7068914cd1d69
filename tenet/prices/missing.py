"""The days of each series that are neither landed nor were answered for.

A series is a security at its source, under its symbol there, or a currency's rate. Covered are the
days that `market_requests` says were answered (ok or empty) under that symbol, and the days from
the first to the last row that came by no request of tenet's own: an imported history is not asked
for again, only what is before and after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from tenet.database import rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from tenet.database import Connection
    from tenet.prices.needed import Days

READS = ("closes", "fx_rates", "market_requests")
"""The datasets that these queries read."""

_ROUTES = {
    "number": pl.Int64(),
    "source": pl.String(),
    "security_id": pl.String(),
    "symbol": pl.String(),
    "currency": pl.String(),
    "is_source_chosen": pl.Boolean(),
    "first_date": pl.Date(),
    "last_date": pl.Date(),
}

# A symbol that the source once found for a security is kept. Under another symbol than the last one
# a series is a new one, and its closes are not compared with those of the old one.
_SERIES = """
create temp table landed_days as
select distinct security_id, source, price_date
from raw_closes
semi join routes using (security_id);

create temp table series as
with
known as (
    select source, security_id, arg_max(symbol, requested_at) as symbol
    from raw_market_requests
    where status in ('ok', 'empty') and security_id is not null
    group by all
),
landed as (
    select source, security_id, min(price_date) as first_date, max(price_date) as last_date
    from landed_days
    group by all
)
select
    routes.* replace (coalesce(routes.symbol, known.symbol) as symbol),
    coalesce(routes.symbol = known.symbol, true) as is_continued,
    least(routes.first_date, landed.first_date) as whole_first,
    greatest(routes.last_date, landed.last_date) as whole_last,
from routes
left join known using (source, security_id)
left join landed using (source, security_id);

create temp table spans as
with
answered as (
    select source, security_id, symbol, first_date, last_date
    from raw_market_requests
    where status in ('ok', 'empty') and first_date <= last_date
),
stepped as (
    select
        *,
        max(last_date) over (
            partition by source, security_id, symbol order by first_date, last_date
            rows between unbounded preceding and 1 preceding
        ) as reached,
    from answered
),
numbered as (
    select
        *,
        count(*) filter (where first_date > coalesce(reached, '-infinity'::date) + 1) over (
            partition by source, security_id, symbol order by first_date, last_date
            rows unbounded preceding
        ) as span_number,
    from stepped
)
select source, security_id, symbol, min(first_date) as first_date, max(last_date) as last_date
from numbered
group by source, security_id, symbol, span_number;
"""

# A rate is worth asking for at a source of prices where the sources of rates have none within a
# fortnight, into the currency or into the base; a rate of the euro is 1 there.
_MISSING = """
with
imported as (
    select series.number, min(price_date) as first_date, max(price_date) as last_date
    from series
    inner join landed_days using (security_id)
    anti join spans
        on landed_days.security_id = spans.security_id
        and landed_days.source = spans.source
        and landed_days.price_date between spans.first_date and spans.last_date
    where landed_days.source = series.source or not series.is_source_chosen
    group by series.number
),
rate_days as (
    select
        source,
        unnest([currency, quote_currency]) as currency,
        concat(currency, quote_currency, '=X') as symbol,
        rate_date,
    from raw_fx_rates
),
own_rates_left_out as (
    select rate_days.*
    from rate_days
    anti join spans
        on rate_days.source = spans.source
        and rate_days.symbol = spans.symbol
        and rate_days.rate_date between spans.first_date and spans.last_date
),
imported_rates as (
    select own_rates_left_out.currency, min(rate_date) as first_date, max(rate_date) as last_date
    from own_rates_left_out
    anti join spans
        on own_rates_left_out.source = spans.source
        and spans.symbol = 'EUR'
        and own_rates_left_out.rate_date between spans.first_date and spans.last_date
    group by own_rates_left_out.currency
),
reach as (
    select currency, min(rate_date) - 14 as first_date, max(rate_date) + 14 as last_date
    from own_rates_left_out
    where currency <> 'EUR'
    group by currency
    union all
    select 'EUR', '1900-01-01'::date, '2999-12-31'::date
),
covered as (
    select series.number, spans.first_date, spans.last_date
    from series
    inner join spans
        on series.source = spans.source
        and series.symbol = spans.symbol
        and series.security_id is not distinct from spans.security_id
    union all
    from imported
    union all
    select series.number, imported_rates.first_date, imported_rates.last_date
    from series
    inner join imported_rates using (currency)
    where series.symbol = 'EUR'
    union all
    select
        series.number,
        greatest(reach.first_date, base_reach.first_date),
        least(reach.last_date, base_reach.last_date),
    from series
    inner join reach using (currency)
    inner join reach as base_reach on base_reach.currency = $base
    where series.symbol <> 'EUR'
),
bounded as (
    from covered where first_date <= last_date
    union all
    select number, first_date - 1, first_date - 1 from series
    union all
    select number, last_date + 1, last_date + 1 from series
),
stepped as (
    select
        number,
        first_date,
        max(last_date) over (
            partition by number order by first_date, last_date
            rows between unbounded preceding and 1 preceding
        ) as reached,
    from bounded
),
gaps as (
    select
        stepped.number,
        stepped.reached + 1 as gap_first,
        stepped.first_date - 1 as gap_last,
    from stepped
    inner join series using (number)
    where stepped.first_date > stepped.reached + 1
        and stepped.reached + 1 >= series.first_date
        and stepped.first_date - 1 <= series.last_date
),
repeated as (
    select gaps.number, gaps.gap_first, list_min(max(price_date, $overlap)) as overlap_first
    from gaps
    inner join series using (number)
    inner join landed_days
        on series.source = landed_days.source
        and series.security_id = landed_days.security_id
        and landed_days.price_date between gaps.gap_first - 60 and gaps.gap_first - 1
    group by gaps.number, gaps.gap_first
),
requests as (
    select
        series.number,
        requested_at,
        timezone($timezone, requested_at)::date as requested_date,
        status,
        requests.first_date,
        max(requested_at) filter (where status in ('ok', 'empty')) over (
            partition by series.number
        ) as answered_at,
    from series
    inner join raw_market_requests as requests
        on series.source = requests.source
        and series.security_id is not distinct from requests.security_id
        and (series.symbol = requests.symbol or (series.symbol is null and series.currency is null))
),
since_answered as (
    select
        number,
        count(distinct requested_date) filter (where status = 'unknown') as unknown_count,
        max(requested_date) filter (where status = 'unknown') as unknown_date,
        min(requested_at) filter (where status = 'failed') as failing_since,
    from requests
    where requested_at > coalesce(answered_at, '-infinity'::timestamptz)
    group by number
),
just_asked as (
    select number, min(first_date) as asked_first
    from requests
    where status = 'ok' and requested_at > $at - interval 1 hour
    group by number
)
select
    series.number,
    series.source,
    series.security_id,
    series.symbol,
    series.currency,
    series.is_continued,
    series.first_date,
    series.whole_first,
    series.whole_last,
    gap_first,
    gap_last,
    coalesce(overlap_first, gap_first) as ask_first,
    asked_first,
    failing_since,
from series
left join gaps using (number)
left join repeated using (number, gap_first)
left join since_answered using (number)
left join just_asked using (number)
where $is_named
    or coalesce(unknown_count, 0) = 0
    or $today - unknown_date >= least(2 ** (unknown_count - 1), $longest_pause)
order by series.number, gap_first
"""

OVERLAP = 5
"""Landed closes that are asked for again, to see whether they were restated."""
LONGEST_PAUSE = 30
"""Days until a symbol that a source does not know is asked again, at most; 1, 2, 4, ... before."""


def lay_out(connection: Connection, routes: Iterable[Mapping[str, Any]]) -> None:
    """Make the temporary tables `series`, `landed_days` and `spans` for the routes of a home.

    routes: number, source, security_id (null for a rate), symbol (null where the source is to find
    it), currency (of a rate), is_source_chosen (by the user), first_date and last_date that are
    needed. connection: reads the datasets of READS.
    """
    connection.register("routes", pl.DataFrame(list(routes), schema=_ROUTES))
    connection.execute(_SERIES)


def missing(connection: Connection, days: Days, *, at: datetime, base: str) -> list[dict[str, Any]]:
    """Each series that may be asked for, with each of its gaps, in their order.

    number, source, security_id, symbol, currency, first_date as in the routes. gap_first, gap_last:
    null where nothing is missing. ask_first: the day from which to ask, so that OVERLAP landed
    closes come again. whole_first, whole_last: the days of the whole series. is_continued: the
    closes landed so far came under this symbol. asked_first: the first day of what was asked within
    the last hour. failing_since: since when it was only failed.
    A series that its source did not know lately is left out, unless `days` names securities.
    """
    parameters = {
        "at": at,
        "today": days.day_of(at),
        "timezone": days.timezone,
        "base": base,
        "is_named": bool(days.only),
        "overlap": OVERLAP,
        "longest_pause": LONGEST_PAUSE,
    }
    return rows(connection, _MISSING, parameters)
