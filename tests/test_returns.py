"""Returns: worked cases with their answers beside them, and what holds for any household."""

from __future__ import annotations

import json
import math
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from households import build_home, day, households, land_household
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import answer, rows, same

import tenet
from tenet import returns as found_returns
from tenet.analysis.money_weighted import NO_RATE, NO_TIME, ONE_SIGN, rate_of, xirr
from tenet.analysis.performance import daily_returns, linked, performance
from tenet.analysis.periods import period
from tenet.analysis.shadow import shadow
from tenet.errors import (
    DayTooEarly,
    DayTooLate,
    InputOutOfRange,
    NoPrices,
    SchemaMismatch,
    WrongSum,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run
    from households import Household

    Command = Callable[..., Run]


def flows(text: str) -> pl.DataFrame:
    return pl.DataFrame(
        [(date.fromisoformat(str(one["day"])), float(str(one["amount"]))) for one in rows(text)],
        schema={"flow_date": pl.Date, "amount": pl.Float64},
        orient="row",
    )


def days(text: str) -> pl.DataFrame:
    """Lines of day, value and flow; a fourth cell marks the day as incomplete."""
    cells = [line.split() for line in text.strip().splitlines()]
    return pl.DataFrame(
        [(date.fromisoformat(c[0]), float(c[1]), float(c[2]), len(c) > 3) for c in cells],
        schema={
            "valuation_date": pl.Date,
            "value": pl.Float64,
            "flow": pl.Float64,
            "is_incomplete": pl.Boolean,
        },
        orient="row",
    )


def near(expected: float) -> Any:
    return pytest.approx(expected, abs=1e-9)


# The money-weighted return.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(  # the example in the documentation of Excel's XIRR
            """
            day         amount
            2008-01-01  -10000
            2008-03-01  2750
            2008-10-30  4250
            2009-02-15  3250
            2009-04-01  2750
            """,
            0.373362535,
            id="a spreadsheet's example",
        ),
        pytest.param("day amount\n2021-01-01 -100\n2022-01-01 110", 0.10, id="ten percent"),
        pytest.param(
            "day amount\n2021-01-01 -100\n2023-01-01 121", 0.10, id="in each of two years"
        ),
        pytest.param(
            "day amount\n2020-01-01 -100\n2021-01-01 110", 1.1 ** (365 / 366) - 1, id="leap"
        ),
        pytest.param("day amount\n2021-01-01 -100\n2022-01-01 50", -0.5, id="half is lost"),
        pytest.param(  # 100 (1+r)^2 + 100 (1+r) = 231 at r = 0.1
            "day amount\n2021-01-01 -100\n2022-01-01 -100\n2023-01-01 231", 0.10, id="two payments"
        ),
        pytest.param(  # 1.1 and 1.2 both solve it: the nearer to zero
            "day amount\n2021-01-01 -100\n2022-01-01 230\n2023-01-01 -132", 0.10, id="two rates"
        ),
        pytest.param("day amount\n2021-01-01 -100\n2022-01-01 0", -1.0, id="a total loss"),
    ],
)
def test_the_money_weighted_return_is_a_spreadsheets(text: str, expected: float) -> None:
    assert xirr(flows(text)) == pytest.approx(expected, abs=1e-8)  # Excel stops there


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("day amount", ONE_SIGN),
        ("day amount\n2021-01-01 -100", ONE_SIGN),
        ("day amount\n2021-01-01 -100\n2022-01-01 -5", ONE_SIGN),
        ("day amount\n2021-01-01 100\n2022-01-01 5", ONE_SIGN),
        ("day amount\n2021-01-01 -100\n2021-01-01 150", NO_TIME),
        ("day amount\n2021-01-01 -100\n2021-01-01 150\n2022-01-01 5", ONE_SIGN),
        ("day amount\n2021-01-01 -100\n2022-01-01 200\n2023-01-01 -150", NO_RATE),
    ],
)
def test_where_there_is_no_rate_it_says_why(text: str, why: str) -> None:
    assert rate_of(flows(text)) == (None, why)


def test_one_day_alone_has_no_return() -> None:
    assert performance(days("2024-01-01 100 0")).problem == NO_TIME


@pytest.mark.parametrize("closing", [1e-9, 0.5, 99.99, 100, 100.01, 1e6, 1e15])
@pytest.mark.parametrize("span", [1, 30, 365, 20_000])
def test_the_solver_answers_at_any_span_and_growth(closing: float, span: int) -> None:
    ends = pl.DataFrame(
        {"flow_date": [day(0), day(0) + timedelta(days=span)], "amount": [-100.0, closing]}
    )
    found = xirr(ends)
    assert found is not None
    exponent = min(math.log(closing / 100) * 365 / span, 700)
    assert found == pytest.approx(math.expm1(exponent), rel=1e-6, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 900), st.integers(-1000, 1000)), min_size=1, max_size=8),
    st.randoms(use_true_random=False),
)
def test_the_order_of_flows_does_not_matter_and_a_rate_makes_them_worth_nothing(
    drawn: list[tuple[int, int]], random: Any
) -> None:
    schema = {"flow_date": pl.Date, "amount": pl.Float64}
    listed = [(day(number), float(amount)) for number, amount in drawn]
    found = rate_of(pl.DataFrame(listed, schema=schema, orient="row"))
    random.shuffle(listed)
    assert rate_of(pl.DataFrame(listed, schema=schema, orient="row")) == found
    rate, why = found
    assert (rate is None) == bool(why)
    if rate is not None and -1 < rate < 1e6:
        worth = [a * (1 + rate) ** (-(d - day(0)).days / 365) for d, a in listed]
        assert abs(sum(worth)) <= 1e-6 * sum(abs(one) for one in worth)


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (pl.DataFrame({"amount": [1.0]}), "flows.flow_date: there is no such column"),
        (pl.DataFrame({"flow_date": ["2024"], "amount": [1.0]}), "flows.flow_date: is String"),
        (pl.DataFrame({"flow_date": [day(0)], "amount": ["1"]}), "flows.amount: is String"),
    ],
)
def test_flows_of_another_shape_are_refused(frame: pl.DataFrame, why: str) -> None:
    with pytest.raises(SchemaMismatch, match=why):
        xirr(frame)


# The time-weighted return, and the way.


def test_what_is_paid_in_and_out_is_no_return() -> None:
    """1.10 x 0.90 x 1.10 = 1.089, though only 100 and then 310 and 79 were at work."""
    found = performance(
        days("""
            2024-01-01  100  100
            2024-01-02  310  200
            2024-01-03   79 -200
            2024-01-04  86.9   0
        """)
    )
    assert found.time_weighted == near(0.089)
    assert (found.opening, found.closing, found.flow, found.gain) == (
        100,
        near(86.9),
        0,
        near(-13.1),
    )
    assert found.is_complete


def test_a_deposit_on_the_first_day_counts_once() -> None:
    """The 100 of the first day are in its value; 110 is 10 % of them, by both measures."""
    found = performance(days("2024-01-01 100 100\n2024-01-02 110 0"))
    assert (found.flow, found.gain) == (0, 10)
    assert found.time_weighted == near(0.10)
    assert found.money_weighted == near(0.10)


def test_a_day_that_begins_with_nothing_counts_its_deposit_from_the_start() -> None:
    found = performance(days("2024-01-01 50 50\n2024-01-02 0 -50\n2024-01-03 102 100"))
    assert found.time_weighted == near(0.02)


def test_a_total_loss_is_minus_one_by_both_measures_and_stays() -> None:
    lost = performance(days("2023-01-01 100 0\n2023-12-31 2 0\n2024-01-01 0 0\n2024-01-02 0 0"))
    assert (lost.time_weighted, lost.money_weighted) == (-1.0, -1.0)
    assert (lost.time_weighted_annual, lost.drawdown) == (-1.0, -1.0)
    again = performance(days("2023-01-01 100 0\n2023-01-02 0 0\n2023-01-03 50 50\n2023-01-04 60 0"))
    assert again.time_weighted == -1.0


def test_a_return_of_less_than_a_year_is_not_made_a_years() -> None:
    """21 % over two years are 10 % a year; over 364 days they are no year's."""
    two = performance(days("2021-01-01 100 0\n2023-01-01 121 0"))
    assert (two.time_weighted, two.days) == (near(0.21), 730)
    assert two.time_weighted_annual == near(0.10)
    assert two.money_weighted_annual == near(0.10)
    less = performance(days("2021-01-01 100 0\n2021-12-31 121 0"))
    assert (less.time_weighted_annual, less.money_weighted_annual) == (None, None)
    assert less.money_weighted == near(0.21)


def test_a_debt_has_no_time_weighted_return_and_says_so() -> None:
    found = performance(days("2021-01-01 -100 0\n2022-01-01 -110 0"))
    assert (found.time_weighted, found.problem) == (None, "worth less than nothing")
    assert found.money_weighted_annual == near(0.10)


def test_an_unpriced_day_is_counted() -> None:
    found = performance(days("2024-01-01 100 0\n2024-01-02 60 -40 x\n2024-01-03 100 40 x"))
    assert (found.time_weighted, found.incomplete_days, found.is_complete) == (0, 2, False)


def test_a_gain_on_nothing_is_counted_as_a_day_that_is_not_known() -> None:
    found = performance(days("2024-01-01 100 0\n2024-01-02 0 -100\n2024-01-03 5 0"))
    assert (found.time_weighted, found.incomplete_days) == (0, 1)


def test_the_largest_fall_is_told_with_its_days_and_flows_are_no_fall() -> None:
    """Growth 1, 1.2, 0.9, 1.08, 1.2: from the 2nd to the 3rd, made good on the 5th."""
    found = performance(
        days("""
            2024-01-01  100    0
            2024-01-02  120    0
            2024-01-03   45  -45
            2024-01-04   54    0
            2024-01-05   60    0
        """)
    )
    assert found.drawdown == near(-0.25)
    assert (found.drawdown_from, found.drawdown_to) == (date(2024, 1, 2), date(2024, 1, 3))
    assert found.recovered_date == date(2024, 1, 5)
    assert (found.best_day, found.best_date) == (near(0.2), date(2024, 1, 2))
    assert (found.worst_day, found.worst_date) == (near(-0.25), date(2024, 1, 3))


def test_volatility_is_the_spread_of_all_days_times_the_root_of_a_years() -> None:
    """Returns of 1 % and -1 %: their sample deviation is 0.01 x sqrt 2."""
    found = performance(days("2024-01-01 100 0\n2024-01-02 101 0\n2024-01-03 99.99 0"))
    assert found.volatility == near(0.01 * math.sqrt(2) * math.sqrt(365))


def test_what_never_was_there_has_no_return() -> None:
    found = performance(days("2024-01-01 0 0\n2024-01-02 0 0"))
    assert (found.first_date, found.time_weighted, found.problem) == (
        None,
        None,
        "nothing was there",
    )


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 500), st.integers(-200, 200)), min_size=3, max_size=9),
    st.integers(1, 7),
)
def test_two_periods_linked_are_the_whole(drawn: list[tuple[int, int]], cut: int) -> None:
    frame = pl.DataFrame(
        [
            (day(number), float(value), float(flow), False)
            for number, (value, flow) in enumerate(drawn)
        ],
        schema=days("2024-01-01 1 0").schema,
        orient="row",
    )
    cut = min(cut, len(drawn) - 2)
    parts = [performance(frame.head(cut + 1)), performance(frame.slice(cut))]
    whole = performance(frame)
    assert whole.time_weighted == pytest.approx(linked(one.time_weighted or 0 for one in parts))
    assert whole.gain == near(sum(one.gain for one in parts))


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("1D", "2024-03-30", "2024-03-31"),
        ("1M", "2024-02-29", "2024-03-31"),
        ("3M", "2023-12-31", "2024-03-31"),
        ("QTD", "2023-12-31", "2024-03-31"),
        ("YTD", "2023-12-31", "2024-03-31"),
        ("1Y", "2023-03-31", "2024-03-31"),
        ("5Y", "2019-03-31", "2024-03-31"),
        ("LQ", "2023-09-30", "2023-12-31"),
        ("LY", "2022-12-31", "2023-12-31"),
        ("ALL", "2020-01-01", "2024-03-31"),
    ],
)
def test_a_period_runs_from_the_end_of_a_day(name: str, first: str, last: str) -> None:
    found = period(name, date(2024, 3, 31), date(2020, 1, 1))
    assert [str(one) for one in found] == [first, last]


# The marts.

RETURNS = """
select
    valuation_date as day, value, flow, gain, round(daily_return, 6) as returned, incomplete_count,
from returns
"""
BY_ACCOUNT = """
select valuation_date as day, account_id as account, chain_id as chain, value, flow, gain,
from account_returns
where flow <> 0 or gain <> 0
"""

FOUR_DAYS = """
    snapshot_id  account_id  observed_at
    s1           broker:1    2024-01-01T20:00Z
    s2           broker:1    2024-01-02T20:00Z
    s3           broker:1    2024-01-03T20:00Z"""


def test_a_transfer_is_a_flow_of_each_account_and_none_of_the_household(tmp_path: Path) -> None:
    household: dict[str, Any] = {
        "through": "2024-01-02",
        "snapshots": """
            snapshot_id  account_id  observed_at
            s1           broker:1    2024-01-01T20:00Z
            s2           broker:1    2024-01-02T20:00Z
            t1           bank:1      2024-01-01T20:00Z
            t2           bank:1      2024-01-02T20:00Z
        """,
        "holdings": """
            snapshot_id  security_id  account_id  quantity
            s1           AAPL         broker:1    10
            s2           AAPL         broker:1    10
            s2           USD          broker:1    500
            t1           USD          bank:1      900
            t2           USD          bank:1      400
        """,
        "closes": """
            security_id  price_date  close
            AAPL         2024-01-01  100
            AAPL         2024-01-02  119
        """,
    }
    same(
        answer(tmp_path, RETURNS, **household),
        """
        day         value  flow  gain  returned  incomplete_count
        2024-01-01  1900   1900  0     0.0       0
        2024-01-02  2090   0     190   0.1       0
        """,
    )
    same(
        answer(tmp_path, BY_ACCOUNT, **household),
        """
        day         account   chain     value  flow  gain
        2024-01-01  bank:1    bank:1    900    900   0
        2024-01-01  broker:1  broker:1  1000   1000  0
        2024-01-02  bank:1    bank:1    400    -500  0
        2024-01-02  broker:1  broker:1  1690   500   190
        """,
    )


def test_an_account_that_joins_or_leaves_is_a_flow(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        RETURNS,
        through="2024-01-03",
        snapshots="""
            snapshot_id  account_id  observed_at
            s1           old:1       2024-01-01T20:00Z
            s2           new:1       2024-01-02T20:00Z
        """,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           USD          old:1       100
            s2           USD          new:1       700
        """,
        account_edits="account_id  active  deactivated_at\nold:1  false  2024-01-02T20:00Z",
    )
    same(
        found,
        """
        day         value  flow  gain  returned  incomplete_count
        2024-01-01  100    100   0     0.0       0
        2024-01-02  800    700   0     0.0       0
        2024-01-03  700    -100  0     0.0       0
        """,
    )


def test_dividends_fees_rates_and_houses_are_gain_and_a_debt_paid_off_is_a_flow(
    tmp_path: Path,
) -> None:
    """1,000 AAPL: a dividend of 30, a fee of 5. A house of 500 more. 200 of a loan."""
    found = answer(
        tmp_path,
        BY_ACCOUNT,
        through="2024-01-02",
        accounts="""
            account_id   provider  account_type
            broker:1     broker    brokerage
            bank:1       bank      checking
            bank:loan    bank      loan
            manual:home  manual    property
        """,
        snapshots="""
            snapshot_id  account_id   observed_at
            s1           broker:1     2024-01-01T20:00Z
            s2           broker:1     2024-01-02T20:00Z
            t1           bank:1       2024-01-01T20:00Z
            t2           bank:1       2024-01-02T20:00Z
            l1           bank:loan    2024-01-01T20:00Z
            l2           bank:loan    2024-01-02T20:00Z
            m1           manual:home  2024-01-01T20:00Z
            m2           manual:home  2024-01-02T20:00Z
        """,
        holdings="""
            snapshot_id  security_id        account_id   quantity  snapshot_price
            s1           AAPL               broker:1     10        100
            s2           AAPL               broker:1     10        100
            s2           USD                broker:1     25        1
            t1           _CASH:EUR          bank:1       300       1
            t2           _CASH:EUR          bank:1       100       1
            l1           _CASH:EUR          bank:loan    -900      1
            l2           _CASH:EUR          bank:loan    -700      1
            m1           _MAN:0a1b2c3d4e5f  manual:home  1         9000
            m2           _MAN:0a1b2c3d4e5f  manual:home  1         9500
        """,
        activities="""
            account_id  external_id  activity_date  type      security_id  amount
            broker:1    1            2024-01-02     dividend  AAPL         30
            broker:1    2            2024-01-02     fee       -            -5
        """,
        fx_rates="""
            currency  quote_currency  rate_date   rate
            EUR       USD             2024-01-01  1.0
            EUR       USD             2024-01-02  1.1
        """,
    ).splitlines()
    assert [line for line in found if line.startswith("2024-01-02")] == [
        "2024-01-02 bank:1 bank:1 110 -220 30",
        "2024-01-02 bank:loan bank:loan -770 220 -90",
        "2024-01-02 broker:1 broker:1 1025 0 25",
        "2024-01-02 manual:home manual:home 9500 0 500",
    ]


def test_an_unpriced_holding_makes_the_days_around_it_incomplete_and_is_no_gain(
    tmp_path: Path,
) -> None:
    """X has a close on the 2nd only, and is gone on the 3rd: its 50 are a flow, not a gain."""
    found = answer(
        tmp_path,
        RETURNS,
        through="2024-01-03",
        snapshots=FOUR_DAYS,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           USD          broker:1    100
            s1           X            broker:1    10
            s2           USD          broker:1    100
            s2           X            broker:1    10
            s3           USD          broker:1    150
        """,
        closes="security_id  price_date  close\nX  2024-01-02  5",
    )
    same(
        found,
        """
        day         value  flow  gain  returned  incomplete_count
        2024-01-01  100    100   0     0.0       1
        2024-01-02  150    50    0     0.0       1
        2024-01-03  150    0     0     0.0       0
        """,
    )


CHAIN = """
    snapshot_id  account_id  observed_at
    s1           old:1       2024-01-01T20:00Z
    s2           new:1       {}T20:00Z"""


@pytest.mark.parametrize(
    ("joined", "expected"),
    [
        pytest.param(
            "2024-01-02",
            """
            2024-01-01  old:1  new:1  100  100   0   false
            2024-01-02  new:1  new:1  110  100   10  false
            2024-01-02  old:1  new:1  0    -100  0   false
            """,
            id="the next day",
        ),
        pytest.param(
            "2024-01-04",
            """
            2024-01-01  old:1  new:1  100  100   0   false
            2024-01-02  old:1  new:1  100  0     0   true
            2024-01-03  old:1  new:1  100  0     0   true
            2024-01-04  new:1  new:1  110  100   10  false
            2024-01-04  old:1  new:1  0    -100  0   false
            """,
            id="after days that are missing",
        ),
    ],
)
def test_an_account_that_goes_on_as_another_is_one_with_it(
    tmp_path: Path, joined: str, expected: str
) -> None:
    """100 handed over become 110: 10 % of the chain and of the household, no flow at all."""
    household: dict[str, Any] = {
        "through": joined,
        "snapshots": CHAIN.format(joined),
        "holdings": """
            snapshot_id  security_id  account_id  quantity
            s1           USD          old:1       100
            s2           USD          new:1       110
        """,
        "account_edits": "account_id  active  superseded_by\nold:1  false  new:1",
    }
    query = """
        select valuation_date, account_id, chain_id, value, flow, gain, is_incomplete
        from account_returns
    """
    found = answer(tmp_path, query, **household).lower().splitlines()
    assert found[1:] == [" ".join(line.split()) for line in expected.strip().splitlines()]
    last = answer(tmp_path, RETURNS, **household).splitlines()[-1]
    assert last == f"{joined} 110 0 10 0.1 0"


def test_an_account_seen_on_the_first_day_of_its_successor_counts_once(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        RETURNS,
        through="2024-01-03",
        snapshots="""
            snapshot_id  account_id  observed_at
            s1           old:1       2024-01-01T20:00Z
            s2           old:1       2024-01-02T20:00Z
            s3           new:1       2024-01-02T20:00Z
        """,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           USD          old:1       100
            s2           USD          old:1       110
            s3           USD          new:1       110
        """,
        account_edits="account_id  active  superseded_by\nold:1  false  new:1",
    )
    same(
        found,
        """
        day         value  flow  gain  returned  incomplete_count
        2024-01-01  100    100   0     0.0       0
        2024-01-02  110    0     10    0.1       0
        2024-01-03  110    0     0     0.0       0
        """,
    )


def test_accounts_that_go_on_as_each_other_in_a_circle_are_each_their_own(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "select distinct account_id, chain_id from account_returns",
        through="2024-01-02",
        snapshots="""
            snapshot_id  account_id  observed_at
            s1           a:1         2024-01-01T20:00Z
            s2           a:2         2024-01-02T20:00Z
            s3           a:3         2024-01-02T20:00Z
        """,
        account_edits="""
            account_id  superseded_by
            a:1         a:2
            a:2         a:1
            a:3         nobody
        """,
    )
    same(found, "account_id chain_id\na:1 a:1\na:2 a:2\na:3 a:3")


# Over a build.


def published(folder: Path, **household: str) -> tenet.Workspace:
    answer(folder, "select 1", **household)
    (folder / "household.duckdb").rename(folder / "tenet.duckdb")
    return tenet.open(folder)


def one(workspace: tenet.Workspace, **by: str) -> dict[str, dict[str, Any]]:
    """Returns over the whole time, by subject."""
    span = found_returns.span(workspace, None, None)
    dimension = by.get("by", "total")
    found = found_returns.returns(workspace, [span], by=dimension)
    return {row.get(dimension, ""): row for row in found}


TWO_STOCKS = {
    "through": "2024-01-03",
    "snapshots": FOUR_DAYS,
    "holdings": """
        snapshot_id  security_id  account_id  quantity  asset_type
        s1           AAPL         broker:1    10        equity
        s1           USD          broker:1    1000      cash
        s2           AAPL         broker:1    10        equity
        s2           USD          broker:1    1030      cash
        s3           AAPL         broker:1    15        equity
        s3           USD          broker:1    525       cash
    """,
    "closes": """
        security_id  price_date  close
        AAPL         2024-01-01  100
        AAPL         2024-01-02  97
        AAPL         2024-01-03  102
    """,
    "activities": """
        account_id  external_id  activity_date  type      security_id  quantity  price  amount  fee
        broker:1    1            2024-01-02     dividend  AAPL         -         -      30      -
        broker:1    2            2024-01-03     buy       AAPL         5         100    -505    5
    """,
}


def test_a_securitys_income_is_its_return_and_what_was_paid_for_it_is_not(tmp_path: Path) -> None:
    """(970 + 30) / 1000 is 0; then 10 x 102 + 5 x 102 - 500 paid over 970 is 60 / 970."""
    workspace = published(tmp_path, **TWO_STOCKS)
    found = one(workspace, by="security")
    assert list(found) == ["AAPL"]
    assert found["AAPL"]["time_weighted"] == near(60 / 970)
    assert (found["AAPL"]["flow"], found["AAPL"]["gain"]) == (470, 60)
    classes = one(workspace, by="class")
    assert {name: row["gain"] for name, row in classes.items()} == {"Cash": 0, "Stocks": 60}
    # 30 less 30 at first; then 60 less the fee of 5, over 2,000.
    assert one(workspace)[""]["time_weighted"] == near(55 / 2000)


def test_periods_before_the_first_day_begin_with_it(tmp_path: Path) -> None:
    workspace = published(tmp_path, **TWO_STOCKS)
    found = found_returns.returns(workspace, found_returns.spans(workspace))
    told = {row["period"]: row for row in found}
    assert {str(told[name]["first_date"]) for name in ("1M", "5Y", "YTD", "ALL")} == {"2024-01-01"}
    assert told["1D"]["first_date"] == date(2024, 1, 2)
    assert told["LY"]["problem"] == "nothing was there"
    early = found_returns.spans(workspace, ["ALL"], today=date(2024, 1, 2))
    assert early == [("ALL", date(2024, 1, 1), date(2024, 1, 2))]
    with pytest.raises(DayTooEarly):
        found_returns.spans(workspace, today=date(2023, 1, 2))
    with pytest.raises(DayTooEarly):
        found_returns.span(workspace, date(2023, 1, 2), None)
    with pytest.raises(DayTooLate):
        found_returns.span(workspace, None, date(2025, 1, 2))


def test_owners_have_the_returns_of_their_shares(tmp_path: Path) -> None:
    edits = "account_id  owner\nbroker:1  Ann~25%,Ben~75%"
    found = one(published(tmp_path, **TWO_STOCKS, account_edits=edits), by="owner")
    assert {name: row["closing"] for name, row in found.items()} == {"Ann": 513.75, "Ben": 1541.25}
    assert [row["time_weighted"] for row in found.values()] == [near(55 / 2000)] * 2


@settings(max_examples=5, deadline=None)
@given(households())
def test_marts_and_frames_agree_and_accounts_add_up_for_any_household(
    household: Household,
) -> None:
    with TemporaryDirectory() as folder:
        home = Path(folder)
        land_household(home, household)
        build_home(home, household)
        workspace = tenet.open(home)
        if not len(total := workspace.sql("select * from returns order by valuation_date")):
            return
        worth = workspace.sql("select valuation_date, net_worth from net_worth_daily").rows()
        assert dict(total.select("valuation_date", "value").rows()) == dict(worth)
        frame = total.with_columns(is_incomplete=pl.col("incomplete_count") > 0)
        again = daily_returns(frame.drop("gain", "daily_return"))
        assert again["gain"].slice(1).to_list() == pytest.approx(
            total["gain"].slice(1).cast(pl.Float64).to_list(), abs=1e-4, rel=1e-9
        )
        found = [again["daily_return"].slice(1), total["daily_return"].slice(1)]
        for ours, marts in zip(*(one.to_list() for one in found), strict=True):
            assert (ours is None) == (marts is None)
            assert ours is None or ours == pytest.approx(marts, rel=1e-6, abs=1e-6)
        for by in ("account", "owner"):
            parts = one(workspace, by=by).values()
            whole = one(workspace)[""]
            assert sum(
                row["closing"] for row in parts if row["last_date"] == household.through
            ) == (pytest.approx(whole["closing"], abs=0.05, rel=1e-9))


def in_two(household: Household) -> Household:
    """The same household with every account's AAA and cash in an account of their own."""

    def twins(dataset: str) -> list[dict[str, Any]]:
        found = household.raw.get(dataset, [])
        return [*found, *({**row, **twin(row)} for row in found)]

    def twin(row: dict[str, Any]) -> dict[str, Any]:
        return {name: f"{row[name]}-2" for name in ("account_id", "snapshot_id") if row.get(name)}

    moved = ("AAA", "_CASH:EUR", "SPAXX")
    holdings = [
        {**row, **twin(row)} if row["security_id"].upper() in moved else row
        for row in household.raw.get("holdings", [])
    ]
    names = [name for name in ("accounts", "snapshots", "account_edits") if name in household.raw]
    return household.but(holdings=holdings, **{name: twins(name) for name in names})


@settings(max_examples=4, deadline=None)
@given(households())
def test_splitting_accounts_changes_no_figure_of_the_household(household: Household) -> None:
    def found(of: Household) -> list[tuple[Any, ...]]:
        with TemporaryDirectory() as folder:
            home = Path(folder)
            land_household(home, of)
            build_home(home, of)
            query = "select valuation_date, value, flow, gain from returns order by valuation_date"
            return tenet.open(home).sql(query).rows()

    assert found(in_two(household)) == found(household)


def test_the_command_prints_rows_and_a_page(tenet_command: Command, home: Path) -> None:
    found = json.loads(tenet_command("--home", home, "returns", "--json", "--period", "all").stdout)
    # 2,742.50 after 2,756.40: the close fell by 1.39, of 10 units.
    assert [(row["period"], row["gain"], row["days"]) for row in found] == [("ALL", -13.9, 2)]
    assert tenet_command("--home", home, "returns", "--csv").stdout.count("\n") == 12
    by = tenet_command("--home", home, "returns", "--by", "account", "--from", "2024-01-02")
    assert [line.split(",")[3] for line in by.stdout.splitlines()] == [
        "account",
        "bank:1",
        "broker:1",
    ]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--period", "2W"], "'2W' is not one of '1d'"),
        (["--period", "1Y", "--from", "2024-01-02"], "cannot go together"),
        (["--from", "2024-01-03", "--to", "2024-01-02"], "is not before"),
        (["--from", "yesterday"], "does not match the format"),
        (["--from", "1999-01-01"], "values begin on 2024-01-01"),
        (["--to", "2029-01-01"], "values end on 2024-01-03"),
    ],
)
def test_what_cannot_be_answered_is_told(
    tenet_command: Command, home: Path, arguments: list[str], why: str
) -> None:
    refused = tenet_command("--home", home, "returns", *arguments)
    assert refused.returncode == 2
    assert why in refused.stderr


# The same flows elsewhere.


def prices(**of: list[float]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "valuation_date": [
                date(2024, 1, 1) + timedelta(n) for n in range(len(next(iter(of.values()))))
            ]
        }
        | of
    )


def test_the_same_money_elsewhere_buys_units_on_the_same_days() -> None:
    """10 units of 10; 100 more at 20 are 5 units; 15 units at 30, less 60 taken out."""
    real = days("2024-01-01 100 0\n2024-01-02 205 100\n2024-01-03 150 -60")
    there, ran_out = shadow(real, prices(VTI=[10.0, 20.0, 30.0]), {"VTI": 1.0})
    assert there["value"].to_list() == [100, 300, 390]
    assert ran_out is None
    assert performance(there).time_weighted == near(2.0)


def test_a_mix_is_brought_back_to_its_weights_every_day() -> None:
    """Half doubles, half stays: 1.5; then half halves, half doubles: 1.25."""
    there, _ = shadow(
        days("2024-01-01 100 0\n2024-01-02 100 0\n2024-01-03 100 0"),
        prices(A=[1.0, 2.0, 1.0], B=[1.0, 1.0, 2.0]),
        {"A": 0.5, "B": 0.5},
    )
    assert there["value"].to_list() == [100, 150, 187.5]


def test_a_shadow_that_cannot_pay_what_was_taken_out_says_when_it_ran_out() -> None:
    there, ran_out = shadow(
        days("2024-01-01 100 0\n2024-01-02 20 -80\n2024-01-03 30 10"),
        prices(VTI=[10.0, 5.0, 5.0]),
        {"VTI": 1.0},
    )
    assert there["value"].to_list() == [100, 0, 10]
    assert ran_out == date(2024, 1, 2)


def test_the_household_against_a_foreign_security_that_split(tmp_path: Path) -> None:
    """1,000 EUR at 1.00 become 2 x 600 EUR at 1.10: 1.32 times the opening of 2,000."""
    workspace = published(
        tmp_path,
        **TWO_STOCKS
        | {
            "closes": """
                security_id  price_date  close  currency  basis
                AAPL         2024-01-01  100    USD       as_traded
                AAPL         2024-01-02  97     USD       as_traded
                AAPL         2024-01-03  102    USD       as_traded
                ABC.DE       2024-01-01  1000   EUR       as_traded
                ABC.DE       2024-01-03  600    EUR       as_traded
            """,
            "splits": "security_id  split_date  ratio\nABC.DE  2024-01-02  2",
            "fx_rates": """
                currency  quote_currency  rate_date   rate
                EUR       USD             2024-01-01  1.00
                EUR       USD             2024-01-03  1.10
            """,
        },
    )
    span = found_returns.span(workspace, None, None)
    (row,) = found_returns.versus(workspace, [span], found_returns.mix("abc.de"))
    assert row["versus_closing"] == near(2640)
    assert row["versus_time_weighted"] == near(0.32)
    assert row["behind"] == near(2640 - 2055)
    with pytest.raises(NoPrices, match="no price of XYZ on or before 2024-01-01"):
        found_returns.versus(workspace, [span], found_returns.mix("XYZ"))


@pytest.mark.parametrize(
    "text", ["", "=", "VTI=", "VTI=x", "VTI=0.5 VTI=0.5", "VTI=2 BND=-1", "A B"]
)
def test_a_mix_that_does_not_read_as_weights_is_refused(text: str) -> None:
    with pytest.raises(InputOutOfRange):
        found_returns.mix(text)


def test_weights_add_up_to_one() -> None:
    assert sum(found_returns.mix("VTI=0.6, bnd=0.4").values()) == 1
    with pytest.raises(WrongSum, match=r"weights add up to 0.9"):
        found_returns.mix("VTI=0.5 BND=0.4")
