"""Our value beside the provider's own: what differs, by how much, and the likely cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tables import answer, same

if TYPE_CHECKING:
    from pathlib import Path

CHECKS = (
    "select valuation_date as day, account_id as account, security_id as id, market_value as ours, "
    "provider_value as theirs, round(ratio, 4) as ratio, difference_base as base, cause "
    "from value_checks"
)
CAUSES = "select valuation_date as day, cause from value_checks where security_id <> '_TOTAL'"
MISMATCHES = (
    "select security_id as id, first_date as first, last_date as last, days, "
    "value_at_stake as stake, is_open as open, detail from gaps where kind = 'value_mismatch'"
)
NONE = "day account id ours theirs ratio base cause"

ONE = """
    snapshot_id  account_id  observed_at
    s1           broker:1    2024-03-05T20:00Z
"""
CLOSES = """
    security_id  price_date  close  observed_at
    FUND         2024-03-01  98     2024-03-06T00:00Z
    FUND         2024-03-04  99     2024-03-06T00:00Z
    FUND         2024-03-05  102    2024-03-06T00:00Z
"""


def holding(price: str, value: str = "-", asset_type: str = "equity", quantity: str = "10") -> str:
    header = "snapshot_id security_id account_id quantity snapshot_price snapshot_value asset_type"
    return f"{header}\ns1 FUND broker:1 {quantity} {price} {value} {asset_type}"


def checked(tmp_path: Path, holdings: str, query: str = CHECKS, **datasets: str) -> str:
    household = {"snapshots": ONE, "closes": CLOSES} | datasets
    return answer(tmp_path, query, through="2024-03-06", holdings=holdings, **household)


@pytest.mark.parametrize(
    "told",
    [
        holding("102"),
        holding("101.5"),  # less than 1 %
        holding("-", "1020"),
        holding("-"),  # the provider says nothing
        holding("90", quantity="0.05"),  # less than one dollar
        holding("50", "1020"),  # what it says of the line counts before its price
    ],
)
def test_what_agrees_is_not_told(tmp_path: Path, told: str) -> None:
    assert checked(tmp_path, told) == NONE


def test_a_difference_is_told_with_both_sides_and_the_ratio_of_ours_to_theirs(
    tmp_path: Path,
) -> None:
    same(
        checked(tmp_path, holding("68", "680")),
        """
        day         account   id    ours  theirs  ratio  base  cause
        2024-03-05  broker:1  FUND  1020  680     1.5    340   split
        """,
    )


@pytest.mark.parametrize(
    ("price", "cause"),
    [
        ("51", "split"),  # 2
        ("34", "split"),  # 3
        ("25.5", "split"),  # 4
        ("10.2", "split"),  # 10
        ("5100", "split"),  # 1/50
        ("1.02", "pence"),  # 100
        ("10200", "pence"),  # 1/100
        ("99", "stale_mark"),  # the close of the day before
        ("98", "stale_mark"),  # an older one
        ("100.5", "intraday"),  # between the day before's close and the day's
        ("110", "unexplained"),
        ("81.6", "currency"),  # 1.25, a rate of the day
        ("127.5", "currency"),  # 0.8, its inverse
    ],
)
def test_the_ratio_names_the_likely_cause(tmp_path: Path, price: str, cause: str) -> None:
    rates = """
        currency  quote_currency  rate_date   rate
        GBP       USD             2024-03-01  1.25
    """
    same(
        checked(tmp_path, holding(price), CAUSES, fx_rates=rates),
        f"day cause\n2024-03-05 {cause}",
    )


@pytest.mark.parametrize(
    ("asset_type", "cause"),
    [("option", "multiplier"), ("bond", "percent_of_par"), ("equity", "pence")],
)
def test_a_hundred_is_told_by_what_is_held(tmp_path: Path, asset_type: str, cause: str) -> None:
    found = checked(tmp_path, holding("1.02", asset_type=asset_type), CAUSES)
    same(found, f"day cause\n2024-03-05 {cause}")


def test_a_provider_that_contradicts_itself_is_told_without_any_close(tmp_path: Path) -> None:
    """A bond at 98.5 percent of par: a hundred times what the provider's own value is."""
    found = checked(tmp_path, holding("98.5", "985", "bond", "1000"), closes="security_id")
    detail = "percent_of_par:~ours~is~100~times~the~provider's"
    same(
        found.replace("98500", "98500"),
        """
        day         account   id    ours   theirs  ratio  base   cause
        2024-03-05  broker:1  FUND  98500  985     100.0  97515  percent_of_par
        """,
    )
    found = checked(
        tmp_path, holding("98.5", "985", "bond", "1000"), MISMATCHES, closes="security_id"
    )
    same(
        found,
        f"""
        id    first       last        days  stake  open  detail
        FUND  2024-03-05  2024-03-05  1     97515  True  {detail}
        """,
    )


def test_a_split_known_near_the_day_is_named_whatever_its_ratio(tmp_path: Path) -> None:
    found = checked(
        tmp_path,
        holding("78.4615"),
        CAUSES,
        splits="""
            security_id  split_date  ratio
            FUND         2024-04-01  1.3
        """,
    )
    same(found, "day cause\n2024-03-05 split")


def test_twice_the_value_where_another_account_holds_the_same_is_counted_twice(
    tmp_path: Path,
) -> None:
    """The provider gives each of the two accounts half of what it lists in both."""
    found = checked(
        tmp_path,
        """
        snapshot_id  security_id  account_id  quantity  snapshot_value
        s1           FUND         broker:1    10        510
        s2           FUND         broker:2    10        1020
        """,
        snapshots=ONE + "    s2  broker:2  2024-03-05T20:00Z\n",
    )
    same(
        found,
        """
        day         account   id    ours  theirs  ratio  base  cause
        2024-03-05  broker:1  FUND  1020  510     2.0    510   double_count
        """,
    )


def test_the_own_close_of_an_earlier_day_is_no_fault_of_the_provider(tmp_path: Path) -> None:
    found = checked(
        tmp_path,
        holding("107"),
        CAUSES,
        closes="""
            security_id  price_date  close
            FUND         2024-03-04  100
        """,
    )
    same(found, "day cause\n2024-03-05 carried_close")


DRIFT = """
    snapshot_id  security_id  account_id  quantity  snapshot_price
    s1           FUND         broker:1    10        100
    s2           FUND         broker:1    10        100
    s3           FUND         broker:1    10        100
    s4           FUND         broker:1    10        100
"""
QUARTERS = """
    snapshot_id  account_id  observed_at
    s1           broker:1    2024-01-02T20:00Z
    s2           broker:1    2024-04-02T20:00Z
    s3           broker:1    2024-07-02T20:00Z
    s4           broker:1    2024-10-01T20:00Z
"""


def drifting(*closes: str) -> str:
    days = ["2024-01-02", "2024-04-02", "2024-07-02", "2024-10-01"]
    lines = [f"FUND {day} {close}" for day, close in zip(days, closes, strict=True)]
    return "\n".join(["security_id price_date close", *lines])


def test_closes_below_the_provider_that_drift_towards_it_are_lowered_by_dividends(
    tmp_path: Path,
) -> None:
    household = {"through": "2024-10-02", "snapshots": QUARTERS, "holdings": DRIFT}
    closes = drifting("94", "95.5", "97", "98.6")
    same(
        answer(tmp_path, CAUSES, **household, closes=closes),
        """
        day         cause
        2024-01-02  dividend_adjusted
        2024-04-02  dividend_adjusted
        2024-07-02  dividend_adjusted
        2024-10-01  dividend_adjusted
        """,
    )
    detail = "dividend_adjusted:~ours~is~0.986~times~the~provider's"
    same(
        answer(tmp_path, MISMATCHES, **household, closes=closes),
        f"""
        id    first       last        days  stake  open  detail
        FUND  2024-01-02  2024-10-01  4     60     True  {detail}
        """,
    )
    steady = answer(tmp_path, CAUSES, **household, closes=drifting("95", "95", "95", "95"))
    assert steady.count("dividend_adjusted") == 0


def test_mismatches_that_a_good_snapshot_divides_are_two_gaps(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        MISMATCHES.replace(", detail", ""),
        through="2024-10-02",
        snapshots=QUARTERS,
        holdings=DRIFT,
        closes=drifting("200", "100", "200", "100"),
    )
    same(
        found,
        """
        id    first       last        days  stake  open
        FUND  2024-01-02  2024-01-02  1     1000   False
        FUND  2024-07-02  2024-07-02  1     1000   False
        """,
    )


@pytest.mark.parametrize("price", ["99", "100.5"])
def test_the_hour_of_a_price_is_no_gap(tmp_path: Path, price: str) -> None:
    found = checked(tmp_path, holding(price), MISMATCHES)
    assert found == "id first last days stake open detail"


def test_todays_provisional_values_are_the_providers_own(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        CHECKS,
        through="2024-03-05",
        snapshots=ONE,
        holdings=holding("150", "1777"),
        closes="security_id price_date close\nFUND 2024-03-04 99",
    )
    assert found == NONE


def test_two_currencies_are_compared_at_the_days_rate(tmp_path: Path) -> None:
    """The broker reports in euros what trades in dollars: 102 USD are 85 EUR at 1.20."""
    rates = """
        currency  quote_currency  rate_date   rate
        EUR       USD             2024-03-05  1.2
    """
    line = "snapshot_id security_id account_id quantity currency snapshot_price\n"
    assert checked(tmp_path, line + "s1 FUND broker:1 10 EUR 85", fx_rates=rates) == NONE
    same(
        checked(tmp_path, line + "s1 FUND broker:1 10 EUR 68", fx_rates=rates),
        """
        day         account   id    ours  theirs  ratio  base  cause
        2024-03-05  broker:1  FUND  850   680     1.25   204   unexplained
        """,
    )


LINES = """
    snapshot_id  security_id  account_id  quantity  snapshot_value
    s1           FUND         broker:1    10        1020
    s1           USD          broker:1    500       500
"""


@pytest.mark.parametrize(
    ("total", "cause"),
    [
        ("1520", None),
        ("1530", None),  # less than 1 %
        ("2520", "missing_holdings"),
        ("760", "double_count"),  # half of the lines
        ("1020", "double_count"),  # the cash is in the fund's line already
        ("1400", "unexplained"),
        ("-", None),
    ],
)
def test_the_whole_account_is_held_against_the_sum_of_its_lines(
    tmp_path: Path, total: str, cause: str | None
) -> None:
    snapshots = f"""
        snapshot_id  account_id  observed_at        total_value
        s1           broker:1    2024-03-05T20:00Z  {total}
    """
    found = checked(
        tmp_path, LINES, "select security_id as id, cause from value_checks", snapshots=snapshots
    )
    same(found, "id cause" + (f"\n_TOTAL {cause}" if cause else ""))


def test_a_wrong_line_does_not_make_the_whole_wrong_too(tmp_path: Path) -> None:
    """The provider's lines add up to its total, whatever we make of one of them."""
    snapshots = """
        snapshot_id  account_id  observed_at        total_value
        s1           broker:1    2024-03-05T20:00Z  1190
    """
    found = checked(
        tmp_path,
        LINES.replace("1020", "690 "),
        "select security_id as id, cause from value_checks",
        snapshots=snapshots,
    )
    same(found, "id cause\nFUND split")


def test_coverage_counts_what_was_checked_and_what_differs(tmp_path: Path) -> None:
    found = checked(
        tmp_path,
        LINES.replace("1020", "690 ") + "    s1  OTHER  broker:1  1  -\n",
        "select checked_count as checked, mismatch_count as mismatched from account_coverage",
    )
    same(found, "checked mismatched\n2 1")


def test_debts_zeros_and_absurd_numbers_stop_no_build(tmp_path: Path) -> None:
    found = checked(
        tmp_path,
        """
        snapshot_id  security_id  account_id  quantity  snapshot_price     snapshot_value
        s1           FUND         broker:1    -10       102                1020
        s1           NIL          broker:1    0         0                  5
        s1           HUGE         broker:1    1000000   99999999999999999  1
        s1           FREE         broker:1    10        5                  0
        """,
        "select security_id as id, cause from value_checks",
        fx_rates="""
            currency  quote_currency  rate_date   rate
            USD       EUR             2024-03-05  99999999999
        """,
    )
    same(
        found,
        """
        id    cause
        FREE  unexplained
        FUND  unexplained
        NIL   unexplained
        """,
    )
