"""Returns over the marts: of the household, its accounts, classes, owners and securities."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from tenet.analysis.performance import performance
from tenet.analysis.periods import PERIODS, period
from tenet.analysis.shadow import shadow
from tenet.errors import DayTooEarly, DayTooLate, InputOutOfRange, NoPrices, WrongSum

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    import polars as pl

    from tenet.workspace import Workspace

Row = dict[str, Any]

_TOTAL = """
select null as subject, valuation_date, value, flow, incomplete_count > 0 as is_incomplete
from returns
where valuation_date between $first and $last
order by valuation_date
"""

_ACCOUNT = """
select
    chain_id as subject,
    valuation_date,
    sum(value) as value,
    sum(flow) as flow,
    bool_or(is_incomplete) as is_incomplete,
from account_returns
where valuation_date between $first and $last
group by all
order by all
"""

_OWNER = """
select
    owner_shares.owner as subject,
    valuation_date,
    sum(value * share) as value,
    sum(flow * share) as flow,
    bool_or(is_incomplete) as is_incomplete,
from account_returns
inner join owner_shares using (account_id)
where valuation_date between $first and $last and owner_shares.last_date is null
group by all
order by all
"""

# Of a security, what was paid for it is its flow, and its income is gain that left it the same day.
# What came with an account that joined was paid in, what went with one that left was paid out.
_LINES = """
with
held as (
    select valuation_date, account_id, security_id, market_value_base, price_source,
    from daily_holding_values
    where valuation_date between $first and $last and security_id <> '_ZERO_BALANCE'
),

first_days as (
    select account_id, min(valuation_date) as first_date from account_values_daily group by all
),

lines as (
    select
        valuation_date,
        account_id,
        security_id,
        coalesce(market_value_base, 0) as value,
        0 as flow,
        market_value_base is null as is_incomplete,
    from held
    union all
    select held.valuation_date, held.account_id, held.security_id, 0, held.market_value_base, false
    from held
    anti join account_values_daily as earlier
        on held.account_id = earlier.account_id
        and held.valuation_date = earlier.valuation_date + 1
    union all
    select
        held.valuation_date + 1,
        held.account_id,
        held.security_id,
        0,
        if(later.account_id is null, -held.market_value_base, 0),
        false,
    from held
    left join account_values_daily as later
        on held.account_id = later.account_id
        and held.valuation_date = later.valuation_date - 1
    where held.valuation_date < $last
    union all
    select
        valuation_date,
        account_id,
        security_id,
        0,
        moved + corrected - trade_gain,
        corrected <> 0,
    from holding_moves
    where valuation_date > $first and valuation_date <= $last
    union all
    select
        income_date,
        account_id,
        coalesce(security_id, '_CASH:' || currency),
        0,
        -amount_base,
        false,
    from income
    inner join first_days using (account_id)
    where
        not is_expected
        and amount_base is not null
        and income_date > first_date
        and income_date > $first
        and income_date <= $last
),

classes as (
    select account_id, security_id, asset_class, weight
    from holding_classes
    where is_current and asset_class <> 'Debt'
)
"""

_CLASS = f"""
{_LINES}
select
    coalesce(asset_class, 'Cash') as subject,
    valuation_date,
    sum(value * coalesce(weight, 1)) as value,
    sum(flow * coalesce(weight, 1)) as flow,
    bool_or(is_incomplete) as is_incomplete,
from lines
left join classes using (account_id, security_id)
where asset_class is not null or security_id like '\\_CASH:%' escape '\\'
group by all
order by all
"""

_SECURITY = f"""
{_LINES}
select
    security_id as subject,
    valuation_date,
    sum(value) as value,
    sum(flow) as flow,
    bool_or(is_incomplete) as is_incomplete,
from lines
semi join classes using (account_id, security_id)
where
    security_id not like '\\_CASH:%' escape '\\'
    and security_id not in (select security_id from held where price_source = 'cash')
group by all
order by all
"""

_SERIES = {
    "total": _TOTAL,
    "account": _ACCOUNT,
    "class": _CLASS,
    "owner": _OWNER,
    "security": _SECURITY,
}
BY = tuple(_SERIES)

_NAMES = {
    "account": "select account_id, name from accounts",
    "security": "select security_id, any_value(coalesce(name, symbol)) from "
    "(select security_id, name, symbol from holdings_current union all by name "
    "select distinct security_id, symbol from daily_holding_values) group by all",
}

_PRICES = """
with days as (
    select valuation_date, security_id
    from returns, unnest($securities::varchar[]) as wanted(security_id)
    where valuation_date between $first and $last
)
select
    days.valuation_date,
    days.security_id,
    prices.close_base::double as close_base,
    days.valuation_date - prices.price_date > (select stale_price_days from build_info) as is_stale,
from days
asof join (select * from security_prices where close_base > 0) as prices
    on days.security_id = prices.security_id and days.valuation_date >= prices.price_date
order by all
"""

_FIRST_PRICE = """
select min(price_date) from security_prices where security_id = $security and close_base > 0
"""

_REACH = """
select min(valuation_date), coalesce(max(valuation_date), any_value(through_date))
from build_info
left join returns on true
"""


def daily(
    workspace: Workspace, first: date, last: date, *, by: str = "total"
) -> dict[str | None, pl.DataFrame]:
    """What each thing of a dimension was worth, and what was paid into it, on each day.

    by: one of BY. Returns the days from first through last by account (the last one of a chain),
    class, owner or security, as tenet.analysis.performance takes them; of total under None.
    Classes and owners are those of now. Debts are no class and no security; a security's returns
    are before fees and taxes.
    Raises NoBuild.
    """
    frame = workspace.sql(_SERIES[by], {"first": first, "last": last})
    return {
        key[0]: days.drop("subject")
        for key, days in frame.partition_by("subject", as_dict=True, maintain_order=True).items()
    }


def returns(
    workspace: Workspace,
    spans: Iterable[tuple[str, date, date]],
    *,
    by: str = "total",
) -> list[Row]:
    """The performance of each thing over each span: a name, its first and its last day.

    by: one of BY. One row per span and thing that was there: period, period_from, period_to, the
    dimension and its name, the fields of tenet.analysis.performance.Performance, is_complete.
    Raises NoBuild.
    """
    import polars as pl

    spans = list(spans)
    if not spans:
        return []
    whole = daily(workspace, min(one[1] for one in spans), max(one[2] for one in spans), by=by)
    names = dict(workspace.sql(_NAMES[by]).rows()) if by in _NAMES else {}
    found = []
    for name, first, last in spans:
        for subject, days in whole.items():
            part = days.filter(pl.col("valuation_date").is_between(first, last))
            told = performance(part)
            if told.first_date is None and subject is not None:
                continue
            row: Row = {"period": name, "period_from": first, "period_to": last}
            if subject is not None:
                row |= {by: subject, "name": names.get(subject) or subject}
            found.append(row | asdict(told) | {"is_complete": told.is_complete})
    return found


def versus(
    workspace: Workspace,
    spans: Iterable[tuple[str, date, date]],
    mix: Mapping[str, Decimal],
    *,
    by: str = "total",
) -> list[Row]:
    """As returns, and beside each what the same flows would have become in another mix.

    mix: weights by security that add up to 1; its closes as they were landed, without dividends.
    Adds versus_closing, versus_time_weighted and versus_money_weighted (and _annual), behind (what
    the closing is less than there; ahead: negative), versus_ran_out (the day on which a withdrawal
    was more than was left there), versus_stale_days (days with an old price).
    Raises NoBuild, WrongSum, NoPrices.
    """
    import polars as pl

    if sum(mix.values()) != 1:
        raise WrongSum("weights", mix, Decimal(1))
    weights = {security: float(weight) for security, weight in mix.items()}
    rows = returns(workspace, spans, by=by)
    told = [row for row in rows if row["first_date"]]
    if not told:
        return rows
    first, last = min(row["first_date"] for row in told), max(row["last_date"] for row in told)
    whole = daily(workspace, first, last, by=by)
    prices, stale = _prices(workspace, list(mix), first, last)
    for row in told:
        is_within = pl.col("valuation_date").is_between(row["first_date"], row["last_date"])
        there, ran_out = shadow(whole[row.get(by)].filter(is_within), prices, weights)
        found = performance(there)
        row |= {
            "versus_closing": found.closing,
            "behind": round(found.closing - row["closing"], 2),
            "versus_time_weighted": found.time_weighted,
            "versus_time_weighted_annual": found.time_weighted_annual,
            "versus_money_weighted": found.money_weighted,
            "versus_money_weighted_annual": found.money_weighted_annual,
            "versus_ran_out": ran_out,
            "versus_stale_days": sum(row["first_date"] <= day <= row["last_date"] for day in stale),
        }
    return told


def mix(text: str) -> dict[str, Decimal]:
    """Weights by security of `VTI`, or of `VTI=0.6 BND=0.4`. Raises InputOutOfRange, WrongSum."""
    words = text.replace(",", " ").upper().split()
    if len(words) == 1 and "=" not in words[0]:
        return {words[0]: Decimal(1)}
    found: dict[str, Decimal] = {}
    for word in words:
        security, _, weight = word.rpartition("=")
        try:
            is_weight = 0 < Decimal(weight) <= 1
        except InvalidOperation:
            is_weight = False
        if not security or security in found or not is_weight:
            found.clear()
            break
        found[security] = Decimal(weight)
    if not found:
        raise InputOutOfRange("--versus", repr(text), "VTI, or weights: VTI=0.6 BND=0.4")
    if sum(found.values()) != 1:
        raise WrongSum("weights", found, Decimal(1))
    return found


def _prices(
    workspace: Workspace, securities: list[str], first: date, last: date
) -> tuple[pl.DataFrame, list[date]]:
    """A column of prices for each security on each day, and the days with an old one."""
    import polars as pl

    asked = {"first": first, "last": last, "securities": securities}
    frame = workspace.sql(_PRICES, asked)
    for security in securities:
        of = frame.filter(pl.col("security_id") == security)
        if of.is_empty() or of["valuation_date"].min() != first:
            begin = workspace.sql(_FIRST_PRICE, {"security": security}).item()
            raise NoPrices(security, first, begin)
    stale = frame.filter("is_stale")["valuation_date"].unique().to_list()
    return frame.pivot("security_id", index="valuation_date", values="close_base"), stale


def spans(
    workspace: Workspace,
    names: Iterable[str] = PERIODS,
    *,
    today: date | None = None,
) -> list[tuple[str, date, date]]:
    """The named periods through a day, else through the last one of the build.

    Raises NoBuild, DayTooEarly.
    """
    begin, end = workspace.sql(_REACH).row(0)
    if begin is None or (today or end) < begin:
        raise DayTooEarly(today or end, begin)
    last = min(today or end, end)
    return [(name, *period(name, last, begin)) for name in names]


def span(workspace: Workspace, first: date | None, last: date | None) -> tuple[str, date, date]:
    """From the end of one day to the end of a later one; else the build's first and last.

    Raises NoBuild, DayTooEarly, DayTooLate.
    """
    begin, end = workspace.sql(_REACH).row(0)
    if begin is None or (first or begin) < begin:
        raise DayTooEarly(first or end, begin)
    if last and last > end:
        raise DayTooLate(last, end)
    return ("", first or begin, last or end)
