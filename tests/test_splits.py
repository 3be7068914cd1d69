"""Splits that brokers and price sources learn of at different times, and closes sent anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tables import answer, same

if TYPE_CHECKING:
    from pathlib import Path

VALUES = (
    "select valuation_date as day, quantity as units, close_price as price, market_value as value "
    "from daily_holding_values where price_source <> 'cash'"
)
ISSUES = "select kind, price_date as day, source from price_issues"

FOUR_FOR_ONE = """
    security_id  split_date  ratio
    NVDA         2024-06-10  4
"""
SNAPSHOTS = """
    snapshot_id  account_id  observed_at
    friday       broker:1    2024-06-07T20:00Z
    monday       broker:1    2024-06-10T20:00Z
    tuesday      broker:1    2024-06-11T20:00Z
"""
RESTATED = """
    security_id  price_date  close  observed_at
    NVDA         2024-06-07  100    2024-06-12T12:00Z
    NVDA         2024-06-10  101    2024-06-12T12:00Z
    NVDA         2024-06-11  102    2024-06-12T12:00Z
"""
TRUE_VALUES = """
    day         units  price  value
    2024-06-07  10     400    4000
    2024-06-08  10     400    4000
    2024-06-09  10     400    4000
    2024-06-10  40     101    4040
    2024-06-11  40     102    4080
"""


@pytest.mark.parametrize(
    ("monday", "tuesday", "issues"),
    [
        ("40 100", "40 100", ""),
        ("10 400", "40 100", "split_count_late 2024-06-10 monday"),
        ("10 101", "40 102", "split_count_late 2024-06-10 monday"),
        ("10 -", "40 -", "split_count_late 2024-06-10 monday"),
        (
            "10 404",
            "10 102",
            "split_count_late 2024-06-10 monday\nsplit_count_late 2024-06-11 tuesday",
        ),
        ("40 404", "40 102", "split_price_late 2024-06-10 monday"),
    ],
    ids=["in step", "a day late", "fresh price", "no price", "told by price", "price late"],
)
def test_a_brokers_late_count_is_told_by_its_jump_or_its_price(
    tmp_path: Path, monday: str, tuesday: str, issues: str
) -> None:
    household = {
        "through": "2024-06-11",
        "snapshots": SNAPSHOTS,
        "splits": FOUR_FOR_ONE,
        "closes": RESTATED,
        "holdings": f"""
            snapshot_id  security_id  account_id  quantity  snapshot_price
            friday       NVDA         broker:1    10  400
            monday       NVDA         broker:1    {monday}
            tuesday      NVDA         broker:1    {tuesday}
        """,
    }
    same(answer(tmp_path, VALUES, **household), TRUE_VALUES)
    same(answer(tmp_path, ISSUES, **household), f"kind day source\n{issues}")


@pytest.mark.parametrize("units", [10, 12, 7])
def test_a_count_that_nothing_explains_is_used_as_sent_and_listed(
    tmp_path: Path, units: int
) -> None:
    household = {
        "through": "2024-06-10",
        "snapshots": SNAPSHOTS,
        "splits": FOUR_FOR_ONE,
        "closes": RESTATED,
        "holdings": f"""
            snapshot_id  security_id  account_id  quantity
            friday       NVDA         broker:1    10
            monday       NVDA         broker:1    {units}
        """,
    }
    same(
        answer(tmp_path, f"{VALUES} and valuation_date = '2024-06-10'", **household),
        f"day units price value\n2024-06-10 {units} 101 {101 * units}",
    )
    same(
        answer(tmp_path, ISSUES, **household),
        "kind day source\nsplit_count_unclear 2024-06-10 monday",
    )


def test_a_count_near_what_the_split_makes_of_it_is_not_listed(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        ISSUES,
        through="2024-06-10",
        snapshots=SNAPSHOTS,
        splits=FOUR_FOR_ONE,
        closes=RESTATED,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            friday       NVDA         broker:1    10
            monday       NVDA         broker:1    25
        """,
    )
    same(found, "kind day source")


def test_a_count_that_doubles_by_a_purchase_is_no_late_split(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        f"{VALUES} and valuation_date >= '2024-06-10'",
        through="2024-06-11",
        snapshots=SNAPSHOTS,
        splits="security_id split_date ratio\nNVDA 2024-06-10 2",
        closes=RESTATED,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            friday       NVDA         broker:1    7
            monday       NVDA         broker:1    20
            tuesday      NVDA         broker:1    40
        """,
        activities="""
            account_id  external_id  activity_date  type  security_id  quantity
            broker:1    a1           2024-06-11     buy   NVDA         20
        """,
    )
    same(found, "day units price value\n2024-06-10 20 101 2020\n2024-06-11 40 102 4080")


@pytest.mark.parametrize(
    ("monday", "tuesday", "day"),
    [("10", "45", "2024-06-11"), ("12", "48", "2024-06-10")],
    ids=["bought with the jump", "bought before it"],
)
def test_a_late_count_is_told_by_a_jump_beside_a_trade_that_was_told(
    tmp_path: Path, monday: str, tuesday: str, day: str
) -> None:
    bought = {"10": "5", "12": "8"}[monday]
    found = answer(
        tmp_path,
        f"{VALUES} and valuation_date = '2024-06-10'",
        through="2024-06-11",
        snapshots=SNAPSHOTS,
        splits=FOUR_FOR_ONE,
        closes=RESTATED,
        holdings=f"""
            snapshot_id  security_id  account_id  quantity
            friday       NVDA         broker:1    10
            monday       NVDA         broker:1    {monday}
            tuesday      NVDA         broker:1    {tuesday}
        """,
        activities=f"""
            account_id  external_id  activity_date  type  security_id  quantity
            broker:1    a1           {day}     buy   NVDA         {bought}
        """,
    )
    units = 4 * int(monday)
    same(found, f"day units price value\n2024-06-10 {units} 101 {101 * units}")


@pytest.mark.parametrize(
    ("friday", "issues"),
    [
        ("200", ""),
        ("400", "split_not_restated 2024-06-08 yahoo\nsplit_not_restated 2024-06-10 yahoo"),
        ("100", "split_applied_twice 2024-06-08 yahoo\nsplit_applied_twice 2024-06-10 yahoo"),
    ],
)
def test_two_splits_of_one_weekend_were_worked_into_a_series_together(
    tmp_path: Path, friday: str, issues: str
) -> None:
    household = {
        "through": "2024-06-11",
        "snapshots": SNAPSHOTS,
        "splits": """
            security_id  split_date  ratio
            NVDA         2024-06-08  20
            NVDA         2024-06-10  0.1
        """,
        "closes": RESTATED.replace("2024-06-07  100", f"2024-06-07  {friday}")
        .replace("101", "201")
        .replace("102", "202"),
        "holdings": """
            snapshot_id  security_id  account_id  quantity
            friday       NVDA         broker:1    10
            monday       NVDA         broker:1    20
            tuesday      NVDA         broker:1    20
        """,
    }
    same(
        answer(tmp_path, VALUES, **household),
        """
        day         units  price  value
        2024-06-07  10     400    4000
        2024-06-08  200    20     4000
        2024-06-09  200    20     4000
        2024-06-10  20     201    4020
        2024-06-11  20     202    4040
        """,
    )
    same(answer(tmp_path, ISSUES, **household), f"kind day source\n{issues}")


def test_a_broker_that_splits_the_evening_before_is_told_by_the_early_jump(tmp_path: Path) -> None:
    household = {
        "through": "2024-06-10",
        "snapshots": """
            snapshot_id  account_id  observed_at
            thursday     broker:1    2024-06-06T20:00Z
            friday       broker:1    2024-06-07T20:00Z
        """,
        "splits": FOUR_FOR_ONE,
        "closes": RESTATED,
        "holdings": """
            snapshot_id  security_id  account_id  quantity
            thursday     NVDA         broker:1    10
            friday       NVDA         broker:1    40
        """,
    }
    same(
        answer(tmp_path, f"{VALUES} and valuation_date >= '2024-06-07'", **household),
        "\n".join(TRUE_VALUES.strip().splitlines()[:-1]),
    )
    same(
        answer(tmp_path, ISSUES, **household),
        "kind day source\nsplit_count_early 2024-06-07 friday",
    )


@pytest.mark.parametrize(
    ("friday", "issue"),
    [
        ("100", ""),
        ("400", "split_not_restated 2024-06-10 yahoo"),
        ("25", "split_applied_twice 2024-06-10 yahoo"),
    ],
)
def test_a_series_that_a_split_was_not_or_twice_worked_into_is_valued_as_traded(
    tmp_path: Path, friday: str, issue: str
) -> None:
    household = {
        "through": "2024-06-11",
        "snapshots": SNAPSHOTS,
        "splits": FOUR_FOR_ONE,
        "closes": RESTATED.replace("2024-06-07  100", f"2024-06-07  {friday}"),
        "holdings": """
            snapshot_id  security_id  account_id  quantity
            friday       NVDA         broker:1    10
            monday       NVDA         broker:1    40
            tuesday      NVDA         broker:1    40
        """,
    }
    same(answer(tmp_path, VALUES, **household), TRUE_VALUES)
    same(answer(tmp_path, ISSUES, **household), f"kind day source\n{issue}")


def test_a_reverse_split_may_pay_out_what_is_left_of_a_unit(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "select valuation_date as day, quantity as units, market_value as value "
        "from daily_holding_values",
        through="2024-06-11",
        snapshots=SNAPSHOTS,
        splits="security_id split_date ratio\nGE 2024-06-10 0.125",
        closes="""
            security_id  price_date  close  observed_at
            GE           2024-06-07  12.50  2024-06-07T21:00Z
            GE           2024-06-10  101    2024-06-10T21:00Z
            GE           2024-06-11  102    2024-06-11T21:00Z
        """,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            friday       GE           broker:1    84
            monday       GE           broker:1    84
            tuesday      GE           broker:1    10
        """,
    )
    same(
        found,
        """
        day         units  value
        2024-06-07  84     1050
        2024-06-08  84     1050
        2024-06-09  84     1050
        2024-06-10  10.5   1060.5
        2024-06-11  10     1020
        """,
    )


def test_a_small_split_whose_new_fraction_was_paid_out_is_in_step(tmp_path: Path) -> None:
    household = {
        "through": "2024-06-10",
        "snapshots": SNAPSHOTS,
        "splits": "security_id split_date ratio\nNVDA 2024-06-10 1.05",
        "closes": RESTATED,
        "holdings": """
            snapshot_id  security_id  account_id  quantity  snapshot_price
            friday       NVDA         broker:1    10        105
            monday       NVDA         broker:1    10        106
        """,
    }
    found = answer(tmp_path, f"{VALUES} and valuation_date = '2024-06-10'", **household)
    same(found, "day units price value\n2024-06-10 10 101 1010")
    assert "count" not in answer(tmp_path, ISSUES, **household)


def test_a_close_that_dividends_have_lowered_since_keeps_its_first_number(tmp_path: Path) -> None:
    household = {
        "through": "2024-06-10",
        "snapshots": SNAPSHOTS,
        "dividends": """
            security_id  ex_date     amount
            KO           2024-06-10  2
        """,
        "closes": """
            security_id  price_date  close  observed_at
            KO           2024-06-06  101    2024-06-07T12:00Z
            KO           2024-06-07  100    2024-06-08T12:00Z
            KO           2024-06-07  98     2024-06-11T12:00Z
            KO           2024-06-10  97     2024-06-11T12:00Z
        """,
        "holdings": """
            snapshot_id  security_id  account_id  quantity
            friday       KO           broker:1    10
            monday       KO           broker:1    10
        """,
    }
    same(
        answer(tmp_path, VALUES, **household),
        """
        day         units  price  value
        2024-06-07  10     100    1000
        2024-06-08  10     100    1000
        2024-06-09  10     100    1000
        2024-06-10  10     97     970
        """,
    )
    same(
        answer(tmp_path, ISSUES, **household), "kind day source\ndividend_adjusted 2024-06-07 yahoo"
    )


def test_a_corrected_close_is_no_dividend_and_counts(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        f"{VALUES} and valuation_date = '2024-06-07'",
        through="2024-06-10",
        snapshots=SNAPSHOTS,
        dividends="security_id ex_date amount\nKO 2024-06-10 2",
        closes="""
            security_id  price_date  close  observed_at
            KO           2024-06-07  100    2024-06-08T12:00Z
            KO           2024-06-07  99.5   2024-06-11T12:00Z
            KO           2024-06-10  97     2024-06-11T12:00Z
        """,
        holdings="snapshot_id security_id account_id quantity\nfriday KO broker:1 10",
    )
    same(found, "day units price value\n2024-06-07 10 99.5 995")


def test_a_label_that_changes_from_pence_to_pounds_without_the_number_is_mended(
    tmp_path: Path,
) -> None:
    household = {
        "through": "2024-06-10",
        "base_currency": "GBP",
        "snapshots": SNAPSHOTS,
        "closes": """
            security_id  price_date  close  currency
            HSBA.L       2024-06-07  650    GBp
            HSBA.L       2024-06-10  655    GBP
        """,
        "holdings": """
            snapshot_id  security_id  account_id  quantity  currency
            friday       HSBA.L       broker:1    10        GBP
            monday       HSBA.L       broker:1    10        GBP
        """,
    }
    same(
        answer(
            tmp_path, f"{VALUES} and valuation_date in ('2024-06-07', '2024-06-10')", **household
        ),
        "day units price value\n2024-06-07 10 6.5 65\n2024-06-10 10 6.55 65.5",
    )
    same(
        answer(tmp_path, ISSUES, **household), "kind day source\nmislabelled_unit 2024-06-10 yahoo"
    )


def test_a_true_change_of_unit_or_currency_is_used_as_labelled_and_a_currency_is_listed(
    tmp_path: Path,
) -> None:
    household = {
        "through": "2024-06-11",
        "base_currency": "GBP",
        "snapshots": "snapshot_id account_id observed_at\nfriday broker:1 2024-06-07T20:00Z",
        "closes": """
            security_id  price_date  close  currency
            HSBA.L       2024-06-07  650    GBp
            HSBA.L       2024-06-10  6.55   GBP
            HSBA.L       2024-06-11  8.30   USD
        """,
        "holdings": """
            snapshot_id  security_id  account_id  quantity  currency
            friday       HSBA.L       broker:1    10        GBP
        """,
    }
    same(
        answer(
            tmp_path,
            "select valuation_date as day, currency, market_value as value "
            "from daily_holding_values where price_source = 'market'",
            **household,
        ),
        "day currency value\n2024-06-07 GBP 65\n2024-06-10 GBP 65.5\n2024-06-11 USD 83",
    )
    same(
        answer(tmp_path, ISSUES, **household), "kind day source\ncurrency_changed 2024-06-11 yahoo"
    )
