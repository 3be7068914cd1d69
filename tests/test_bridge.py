"""Why net worth changed: each part on a household of a few lines, and that the parts always add up.

Only parts that are not zero are shown, so each table also says that there is nothing else.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from households import DAYS, build_home, day, households, land_household, numbers, rows
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import answer, same

import tenet
from tenet.bridge import PARTS, bridge, bridge_by, residuals
from tenet.database import connect, literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Run
    from households import Household

    from tenet.workspace import Workspace

    Command = Callable[..., Run]

NOT_ZERO = f"""
select valuation_date as day, account_id as account, part, amount
from (unpivot net_worth_bridge on {", ".join(PARTS)} into name part value amount)
where amount <> 0
"""

TWO_DAYS = """
    snapshot_id  account_id  observed_at
    s1           broker:1    2024-01-01T20:00Z
    s2           broker:1    2024-01-02T20:00Z"""


def parts(folder: Path, *, through: str = "2024-01-02", **household: str) -> str:
    """The parts that are not zero, of a household in which all parts add up."""
    found = answer(folder, NOT_ZERO, through=through, **household)
    (folder / "household.duckdb").rename(folder / "tenet.duckdb")
    assert residuals(tenet.open(folder)) == 0
    return found


# Paid in and out.


def test_a_deposit_is_a_contribution_and_a_payment_a_withdrawal(tmp_path: Path) -> None:
    found = parts(
        tmp_path,
        through="2024-01-04",
        snapshots=f"{TWO_DAYS}\n    s3  broker:1  2024-01-04T20:00Z",
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           USD          broker:1    100
            s2           USD          broker:1    150
            s3           USD          broker:1    120
        """,
    )
    same(
        found,
        """
        day         account   part           amount
        2024-01-02  broker:1  contributions  50
        2024-01-04  broker:1  withdrawals    -30
        """,
    )


def test_a_transfer_within_the_household_adds_up_to_nothing(tmp_path: Path) -> None:
    found = parts(
        tmp_path,
        snapshots=f"""{TWO_DAYS}
            t1           bank:1      2024-01-01T20:00Z
            t2           bank:1      2024-01-02T20:00Z
        """,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           USD          broker:1    100
            s2           USD          broker:1    600
            t1           USD          bank:1      900
            t2           USD          bank:1      400
        """,
    )
    same(
        found,
        """
        day         account   part           amount
        2024-01-02  bank:1    withdrawals    -500
        2024-01-02  broker:1  contributions  500
        """,
    )


def test_what_is_bought_at_the_close_moves_nothing(tmp_path: Path) -> None:
    found = parts(
        tmp_path,
        snapshots=TWO_DAYS,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           USD          broker:1    1000
            s2           AAPL         broker:1    10
        """,
        closes="security_id  price_date  close\nAAPL  2024-01-02  100",
    )
    same(found, "day account part amount")


def test_units_that_come_and_go_are_taken_at_the_days_price(tmp_path: Path) -> None:
    """5 more AAPL at 110; 3 MSFT that nobody holds any more at their close of 50, not at 40."""
    found = parts(
        tmp_path,
        snapshots=TWO_DAYS,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           AAPL         broker:1    10
            s1           MSFT         broker:1    3
            s2           AAPL         broker:1    15
        """,
        closes="""
            security_id  price_date  close
            AAPL         2024-01-01  100
            AAPL         2024-01-02  110
            MSFT         2024-01-01  40
            MSFT         2024-01-02  50
        """,
    )
    same(
        found,
        """
        day         account   part           amount
        2024-01-02  broker:1  contributions  400
        2024-01-02  broker:1  market         130
        """,
    )


def test_what_has_no_close_on_the_day_it_goes_goes_at_yesterdays_price(tmp_path: Path) -> None:
    found = parts(
        tmp_path,
        snapshots=TWO_DAYS,
        holdings="snapshot_id  security_id  account_id  quantity\ns1  MSFT  broker:1  3",
        closes="security_id  price_date  close\nMSFT  2024-01-01  40",
    )
    same(found, "day account part amount\n2024-01-02 broker:1 withdrawals -120")


# What activities tell.


def test_a_trade_gains_what_the_close_differs_from_what_was_paid_and_costs_its_fee(
    tmp_path: Path,
) -> None:
    """10 held rise by 2; 10 bought at 100 and a fee of 5 are worth 102 each."""
    found = parts(
        tmp_path,
        snapshots=TWO_DAYS,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           AAPL         broker:1    10
            s1           USD          broker:1    2000
            s2           AAPL         broker:1    20
            s2           USD          broker:1    995
        """,
        closes="""
            security_id  price_date  close
            AAPL         2024-01-01  100
            AAPL         2024-01-02  102
        """,
        activities="""
            account_id  external_id  activity_date  type  security_id  quantity  price  amount  fee
            broker:1    1            2024-01-02     buy   AAPL         10        100    -1005   5
        """,
    )
    same(
        found,
        """
        day         account   part    amount
        2024-01-02  broker:1  fees    -5
        2024-01-02  broker:1  market  40
        """,
    )


@pytest.mark.parametrize("amount", ["1049", "-"])
def test_a_sale_of_everything_gains_what_was_paid_over_yesterdays_close(
    tmp_path: Path, amount: str
) -> None:
    """Sold 10 of 100 at 105 less a fee of 1; without an amount, price and fee tell it."""
    found = parts(
        tmp_path,
        snapshots=TWO_DAYS,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           AAPL         broker:1    10
            s2           USD          broker:1    1049
        """,
        closes="""
            security_id  price_date  close
            AAPL         2024-01-01  100
            AAPL         2024-01-02  107
        """,
        activities=f"""
            account_id  external_id  activity_date  type  security_id  quantity  price  fee  amount
            broker:1    1            2024-01-02     sell  AAPL         -10       105    1  {amount}
        """,
    )
    same(
        found,
        """
        day         account   part    amount
        2024-01-02  broker:1  fees    -1
        2024-01-02  broker:1  market  50
        """,
    )


def test_dividends_interest_fees_and_taxes_stand_apart_from_what_was_paid_in(
    tmp_path: Path,
) -> None:
    """Of 540 more, 30 and 2 are income, 12 fees and taxes, and the price fell by 3."""
    found = parts(
        tmp_path,
        snapshots=TWO_DAYS,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           AAPL         broker:1    10
            s1           USD          broker:1    100
            s2           AAPL         broker:1    10
            s2           USD          broker:1    620
        """,
        closes="""
            security_id  price_date  close
            AAPL         2024-01-01  100
            AAPL         2024-01-02  97
        """,
        activities="""
            account_id  external_id  activity_date  type      security_id  amount  fee
            broker:1    1            2024-01-02     dividend  AAPL         30      -
            broker:1    2            2024-01-02     interest  -            2       0
            broker:1    3            2024-01-02     tax       AAPL         -4      -
            broker:1    4            2024-01-02     fee       -            -       8
            broker:1    5            2024-01-02     deposit   -            500     -
        """,
    )
    same(
        found,
        """
        day         account   part           amount
        2024-01-02  broker:1  contributions  500
        2024-01-02  broker:1  fees           -12
        2024-01-02  broker:1  income         32
        2024-01-02  broker:1  market         -30
        """,
    )


def test_a_reinvested_dividend_is_income_and_neither_paid_in_nor_out(tmp_path: Path) -> None:
    found = parts(
        tmp_path,
        snapshots=TWO_DAYS,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           FUND         broker:1    10
            s2           FUND         broker:1    10.5
        """,
        closes="security_id  price_date  close\nFUND  2024-01-01  100\nFUND  2024-01-02  100",
        activities="""
            account_id  external_id  activity_date  type      security_id  quantity  price  amount
            broker:1    1            2024-01-02     dividend  FUND         -         -      50
            broker:1    2            2024-01-02     reinvest  FUND         0.5       100    -50
        """,
    )
    same(found, "day account part amount\n2024-01-02 broker:1 income 50")


def test_an_activity_belongs_to_the_first_snapshot_that_can_show_it(tmp_path: Path) -> None:
    """The one of the first snapshot's day is in it already; the last one no snapshot shows yet."""
    found = parts(
        tmp_path,
        through="2024-01-09",
        snapshots="""
            snapshot_id  account_id  observed_at
            s1           bank:1      2024-01-01T20:00Z
            s2           bank:1      2024-01-08T20:00Z
        """,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           USD          bank:1      100
            s2           USD          bank:1      107
        """,
        activities="""
            account_id  external_id  activity_date  type      amount
            bank:1      1            2024-01-01     interest  1
            bank:1      2            2024-01-03     interest  2
            bank:1      3            2024-01-08     interest  4
            bank:1      4            2024-01-09     interest  8
        """,
    )
    same(
        found,
        """
        day         account  part           amount
        2024-01-08  bank:1   contributions  1
        2024-01-08  bank:1   income         6
        """,
    )


def test_units_bought_before_a_split_are_told_in_the_units_of_before(tmp_path: Path) -> None:
    """1 bought at 400 on the 2nd is 4 on the 4th, at 101: a gain of 4; the 4 of before gain too."""
    found = parts(
        tmp_path,
        through="2024-01-04",
        snapshots="""
            snapshot_id  account_id  observed_at
            s1           broker:1    2024-01-01T20:00Z
            s2           broker:1    2024-01-04T20:00Z
        """,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           NVDA         broker:1    1
            s1           USD          broker:1    400
            s2           NVDA         broker:1    8
        """,
        closes="""
            security_id  price_date  close  basis
            NVDA         2024-01-01  400    as_traded
            NVDA         2024-01-03  100    as_traded
            NVDA         2024-01-04  101    as_traded
        """,
        splits="security_id  split_date  ratio\nNVDA  2024-01-03  4",
        activities="""
            account_id  external_id  activity_date  type  security_id  quantity  price  amount
            broker:1    1            2024-01-02     buy   NVDA         1         400    -400
        """,
    )
    same(found, "day account part amount\n2024-01-04 broker:1 market 8")


def test_bought_and_sold_between_two_snapshots_gains_what_it_brought(tmp_path: Path) -> None:
    found = parts(
        tmp_path,
        snapshots=TWO_DAYS,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           USD          broker:1    1000
            s2           USD          broker:1    1070
        """,
        activities="""
            account_id  external_id  activity_date  type  security_id  quantity  price  amount
            broker:1    1            2024-01-02     buy   AAPL         10        100    -1000
            broker:1    2            2024-01-02     sell  AAPL         -10       107    1070
        """,
    )
    same(found, "day account part amount\n2024-01-02 broker:1 market 70")


def test_a_trade_whose_units_do_not_show_yet_gains_nothing(tmp_path: Path) -> None:
    found = parts(
        tmp_path,
        snapshots=TWO_DAYS,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           AAPL         broker:1    10
            s2           AAPL         broker:1    10
        """,
        closes="security_id  price_date  close\nAAPL  2024-01-01  100",
        activities="""
            account_id  external_id  activity_date  type  security_id  quantity  price  amount
            broker:1    1            2024-01-02     buy   AAPL         10        90     -900
        """,
    )
    same(found, "day account part amount")


# Prices and rates.


def test_a_euro_holding_is_parted_into_price_and_rate(tmp_path: Path) -> None:
    """100 EUR at 1.10 become 110 EUR at 1.20: 10 is the rate's, on the old 100; 12 the price's."""
    found = parts(
        tmp_path,
        snapshots="snapshot_id  account_id  observed_at\ns1  broker:1  2024-01-01T20:00Z",
        holdings="""
            snapshot_id  security_id  account_id  quantity  currency
            s1           X            broker:1    10        EUR
            s1           _CASH:EUR    broker:1    33.33     EUR
        """,
        closes="""
            security_id  price_date  close  currency
            X            2024-01-01  10     EUR
            X            2024-01-02  11     EUR
        """,
        fx_rates="""
            currency  quote_currency  rate_date   rate
            EUR       USD             2024-01-01  1.10
            EUR       USD             2024-01-02  1.20
        """,
    )
    same(
        found,
        """
        day         account   part             amount
        2024-01-02  broker:1  currency_effect  13.34
        2024-01-02  broker:1  market           12
        """,
    )


def test_euros_paid_in_and_the_move_of_the_rate_leave_no_cent_to_the_market(
    tmp_path: Path,
) -> None:
    """33.33 at 1.10 is 36.66, at 1.205 it is 40.16; 50.01 at 1.205 is 60.26."""
    found = parts(
        tmp_path,
        snapshots=TWO_DAYS,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           _CASH:EUR    broker:1    33.33
            s2           _CASH:EUR    broker:1    50.01
        """,
        fx_rates="""
            currency  quote_currency  rate_date   rate
            EUR       USD             2024-01-01  1.10
            EUR       USD             2024-01-02  1.205
        """,
    )
    same(
        found,
        """
        day         account   part             amount
        2024-01-02  broker:1  contributions    20.1
        2024-01-02  broker:1  currency_effect  3.5
        """,
    )


def test_a_close_in_another_currency_than_yesterdays_is_no_gain(tmp_path: Path) -> None:
    """10 EUR at 1.10, the day after 12 USD: the rate's move to 1.20 explains it all."""
    found = parts(
        tmp_path,
        snapshots="snapshot_id  account_id  observed_at\ns1  broker:1  2024-01-01T20:00Z",
        holdings="snapshot_id  security_id  account_id  quantity\ns1  X  broker:1  1",
        closes="""
            security_id  price_date  close  currency
            X            2024-01-01  10     EUR
            X            2024-01-02  12     USD
        """,
        fx_rates="""
            currency  quote_currency  rate_date   rate
            EUR       USD             2024-01-01  1.10
            EUR       USD             2024-01-02  1.20
        """,
    )
    same(found, "day account part amount\n2024-01-02 broker:1 currency_effect 1")


def test_a_split_day_moves_nothing_though_its_sync_counts_the_new_units(tmp_path: Path) -> None:
    found = parts(
        tmp_path,
        snapshots=TWO_DAYS,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           NVDA         broker:1    3
            s2           NVDA         broker:1    30
        """,
        closes="""
            security_id  price_date  close  basis
            NVDA         2024-01-01  1200   as_traded
            NVDA         2024-01-02  120    as_traded
        """,
        splits="security_id  split_date  ratio\nNVDA  2024-01-02  10",
    )
    same(found, "day account part amount")


def test_a_short_position_loses_when_the_price_rises(tmp_path: Path) -> None:
    """10 short at 100; at 110, 4 of them are bought back for 440."""
    found = parts(
        tmp_path,
        snapshots=TWO_DAYS,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           AAPL         broker:1    -10
            s1           USD          broker:1    3000
            s2           AAPL         broker:1    -6
            s2           USD          broker:1    2560
        """,
        closes="""
            security_id  price_date  close
            AAPL         2024-01-01  100
            AAPL         2024-01-02  110
        """,
    )
    same(found, "day account part amount\n2024-01-02 broker:1 market -100")


def test_pence_are_told_in_pounds(tmp_path: Path) -> None:
    """100 units rise from 500 to 550 pence; 10 more bought at 545, with a fee of 200 pence."""
    found = parts(
        tmp_path,
        base_currency="GBP",
        snapshots=TWO_DAYS,
        holdings="""
            snapshot_id  security_id  account_id  quantity  currency
            s1           SHIP.L       broker:1    100       GBp
            s1           _CASH:GBP    broker:1    56.5      GBP
            s2           SHIP.L       broker:1    110       GBp
        """,
        closes="""
            security_id  price_date  close  currency
            SHIP.L       2024-01-01  500    GBp
            SHIP.L       2024-01-02  550    GBp
        """,
        activities="""
            account_id external_id activity_date type security_id quantity amount fee currency
            broker:1 1 2024-01-02 buy SHIP.L 10 -5650 200 GBp
        """,
    )
    same(
        found,
        """
        day         account   part    amount
        2024-01-02  broker:1  fees    -2
        2024-01-02  broker:1  market  50.5
        """,
    )


# Debts, and what its owner prices.


def test_a_mortgage_payment_is_a_withdrawal_and_a_smaller_debt(tmp_path: Path) -> None:
    """1,500 paid, of which 1,000 reduce the debt; 500 are what it cost."""
    found = parts(
        tmp_path,
        snapshots="""
            snapshot_id  account_id  observed_at
            b1           bank:1      2024-01-01T20:00Z
            b2           bank:1      2024-01-02T20:00Z
            m1           manual:home 2024-01-01T20:00Z
            m2           manual:home 2024-01-02T20:00Z
        """,
        holdings="""
            snapshot_id  security_id        account_id   quantity  snapshot_price  asset_type
            b1           USD                bank:1       5000      -               cash
            b2           USD                bank:1       3500      -               cash
            m1           _MAN:aaaaaaaaaaaa  manual:home  -1        200000          liability
            m2           _MAN:aaaaaaaaaaaa  manual:home  -1        199000          liability
        """,
    )
    same(
        found,
        """
        day         account      part            amount
        2024-01-02  bank:1       withdrawals     -1500
        2024-01-02  manual:home  debt_principal  1000
        """,
    )


def test_the_interest_of_a_loan_account_is_income_below_zero(tmp_path: Path) -> None:
    """The euro debt of 1,000 becomes 920: 100 paid and 20 of interest; its rate rises too."""
    found = parts(
        tmp_path,
        accounts="account_id  account_type  currency\nbank:loan  liability  EUR",
        snapshots="""
            snapshot_id  account_id  observed_at
            s1           bank:loan   2024-01-01T20:00Z
            s2           bank:loan   2024-01-02T20:00Z
        """,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           _CASH:EUR    bank:loan   -1000
            s2           _CASH:EUR    bank:loan   -920
        """,
        activities="""
            account_id  external_id  activity_date  type      amount  currency
            bank:loan   1            2024-01-02     interest  -20     EUR
        """,
        fx_rates="""
            currency  quote_currency  rate_date   rate
            EUR       USD             2024-01-01  1.10
            EUR       USD             2024-01-02  1.20
        """,
    )
    same(
        found,
        """
        day         account    part             amount
        2024-01-02  bank:loan  currency_effect  -100
        2024-01-02  bank:loan  debt_principal   120
        2024-01-02  bank:loan  income           -24
        """,
    )


def test_a_loan_that_is_paid_off_has_nothing_paid_in(tmp_path: Path) -> None:
    found = parts(
        tmp_path,
        accounts="account_id  account_type\nbank:loan  loan",
        snapshots="""
            snapshot_id  account_id  observed_at
            s1           bank:loan   2024-01-01T20:00Z
            s2           bank:loan   2024-01-02T20:00Z
        """,
        holdings="snapshot_id  security_id  account_id  quantity\ns1  USD  bank:loan  -1000",
        activities="""
            account_id  external_id  activity_date  type      amount
            bank:loan   1            2024-01-02     interest  -5
        """,
    )
    same(
        found,
        """
        day         account    part            amount
        2024-01-02  bank:loan  debt_principal  1005
        2024-01-02  bank:loan  income          -5
        """,
    )


def test_a_brokers_margin_loan_is_cash_paid_out(tmp_path: Path) -> None:
    found = parts(
        tmp_path,
        snapshots=TWO_DAYS,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           USD          broker:1    100
            s2           USD          broker:1    -100
        """,
    )
    same(found, "day account part amount\n2024-01-02 broker:1 withdrawals -200")


def test_a_house_is_revalued_and_a_fund_without_ticker_has_a_market(tmp_path: Path) -> None:
    found = parts(
        tmp_path,
        through="2024-01-03",
        snapshots=f"""{TWO_DAYS}
            h1           manual:home 2024-01-01T20:00Z
            h2           manual:home 2024-01-02T20:00Z
        """,
        holdings="""
            snapshot_id  security_id        account_id   quantity  snapshot_price  asset_type
            h1           _MAN:aaaaaaaaaaaa  manual:home  1         500000          real_asset
            h2           _MAN:aaaaaaaaaaaa  manual:home  1         520000          real_asset
            s1           _SF:0a1b2c3d       broker:1     10        20              mutual_fund
            s2           _SF:0a1b2c3d       broker:1     10        21              mutual_fund
        """,
        price_marks="security_id  price_date  price\n_MAN:aaaaaaaaaaaa  2024-01-03  515000",
    )
    same(
        found,
        """
        day         account      part         amount
        2024-01-02  broker:1     market       10
        2024-01-02  manual:home  revaluation  20000
        2024-01-03  manual:home  revaluation  -5000
        """,
    )


def test_units_of_a_private_fund_are_paid_in_and_its_new_price_revalues_the_old_ones(
    tmp_path: Path,
) -> None:
    found = parts(
        tmp_path,
        snapshots="""
            snapshot_id  account_id   observed_at
            s1           manual:fund  2024-01-01T20:00Z
            s2           manual:fund  2024-01-02T20:00Z
        """,
        holdings="""
            snapshot_id  security_id        account_id   quantity  snapshot_price  asset_type
            s1           _MAN:aaaaaaaaaaaa  manual:fund  100       10              other
            s2           _MAN:aaaaaaaaaaaa  manual:fund  150       11              other
        """,
    )
    same(
        found,
        """
        day         account      part           amount
        2024-01-02  manual:fund  contributions  550
        2024-01-02  manual:fund  revaluation    100
        """,
    )


# Accounts that come and go, and values that become known.


def test_an_account_joins_on_its_first_day_and_leaves_on_the_day_after_its_last(
    tmp_path: Path,
) -> None:
    """The household's own first day has no day before it."""
    found = parts(
        tmp_path,
        through="2024-01-05",
        snapshots="""
            snapshot_id  account_id  observed_at
            s1           old:1       2024-01-01T20:00Z
            s2           new:1       2024-01-04T20:00Z
        """,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           USD          old:1       100
            s2           USD          new:1       107
        """,
        account_edits="""
            account_id  active  deactivated_at      superseded_by
            old:1       false   2024-01-03T20:00Z   new:1
        """,
    )
    same(
        found,
        """
        day         account  part             amount
        2024-01-04  new:1    accounts_joined  107
        2024-01-04  old:1    accounts_left    -100
        """,
    )


def test_an_emptied_account_is_paid_out_and_has_not_left(tmp_path: Path) -> None:
    found = parts(
        tmp_path,
        snapshots=TWO_DAYS,
        holdings="snapshot_id  security_id  account_id  quantity\ns1  USD  broker:1  100",
    )
    same(found, "day account part amount\n2024-01-02 broker:1 withdrawals -100")


def test_a_value_that_becomes_known_or_unknown_is_a_correction(tmp_path: Path) -> None:
    """A first close on the 2nd, a first rate on the 3rd, a price that is gone on the 4th."""
    found = parts(
        tmp_path,
        through="2024-01-04",
        snapshots="""
            snapshot_id  account_id  observed_at
            s1           broker:1    2024-01-01T20:00Z
            s2           broker:1    2024-01-04T20:00Z
        """,
        holdings="""
            snapshot_id  security_id   account_id  quantity  snapshot_price
            s1           X             broker:1    10        -
            s1           _CASH:JPY     broker:1    1000      -
            s1           _SF:0a1b2c3d  broker:1    1         70
            s2           X             broker:1    10        -
            s2           _CASH:JPY     broker:1    1000      -
            s2           _SF:0a1b2c3d  broker:1    1         -
        """,
        closes="security_id  price_date  close\nX  2024-01-02  5",
        fx_rates="currency  quote_currency  rate_date  rate\nJPY  USD  2024-01-03  0.007",
    )
    same(
        found,
        """
        day         account   part         amount
        2024-01-02  broker:1  corrections  50
        2024-01-03  broker:1  corrections  7
        2024-01-04  broker:1  corrections  -70
        """,
    )


def test_what_came_without_a_value_and_got_one_later_is_a_correction_then(tmp_path: Path) -> None:
    found = parts(
        tmp_path,
        through="2024-01-03",
        snapshots=TWO_DAYS,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           USD          broker:1    100
            s2           X            broker:1    1
            s2           USD          broker:1    100
        """,
        closes="security_id  price_date  close\nX  2024-01-03  5",
    )
    same(found, "day account part amount\n2024-01-03 broker:1 corrections 5")


def test_another_multiplier_on_the_same_units_is_a_correction(tmp_path: Path) -> None:
    found = parts(
        tmp_path,
        snapshots=TWO_DAYS,
        holdings="""
            snapshot_id  security_id  account_id  quantity  multiplier
            s1           CALL         broker:1    2         1
            s2           CALL         broker:1    2         100
        """,
        closes="security_id  price_date  close\nCALL  2024-01-01  3\nCALL  2024-01-02  4",
    )
    same(
        found,
        """
        day         account   part         amount
        2024-01-02  broker:1  corrections  792
        2024-01-02  broker:1  market       2
        """,
    )


def test_what_moved_and_what_trades_gained_can_be_seen_by_holding(tmp_path: Path) -> None:
    """5 bought at 100; MSFT sold at 45 and gone, on a day on which its close was 44."""
    found = answer(
        tmp_path,
        "select security_id as id, units_moved as units, price, moved, trade_gain as gain "
        "from holding_moves",
        through="2024-01-02",
        snapshots=TWO_DAYS,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           AAPL         broker:1    10
            s1           MSFT         broker:1    20
            s2           AAPL         broker:1    15
            s2           USD          broker:1    400
        """,
        closes="""
            security_id  price_date  close
            AAPL         2024-01-01  98
            AAPL         2024-01-02  102
            MSFT         2024-01-01  40
            MSFT         2024-01-02  44
        """,
        activities="""
            account_id  external_id  activity_date  type  security_id  quantity  amount
            broker:1    1            2024-01-02     buy   AAPL         5         -500
            broker:1    2            2024-01-02     sell  MSFT         -20       900
        """,
    )
    same(
        found,
        """
        id    units  price  moved  gain
        AAPL  5      102    510    10
        MSFT  -20    44     -880   20
        USD   400    1      400    0
        """,
    )


def test_a_fund_bought_for_less_than_it_is_said_to_be_worth_is_revalued(tmp_path: Path) -> None:
    found = parts(
        tmp_path,
        snapshots="""
            snapshot_id  account_id   observed_at
            s1           manual:fund  2024-01-01T20:00Z
            s2           manual:fund  2024-01-02T20:00Z
        """,
        holdings="""
            snapshot_id  security_id        account_id   quantity  snapshot_price  asset_type
            s1           USD                manual:fund  500       -               cash
            s2           _MAN:aaaaaaaaaaaa  manual:fund  50        11              other
        """,
        activities="""
            account_id   external_id  activity_date  type  security_id        quantity  amount
            manual:fund  1            2024-01-02     buy   _MAN:aaaaaaaaaaaa  50        -500
        """,
    )
    same(found, "day account part amount\n2024-01-02 manual:fund revaluation 50")


def test_an_account_has_an_owner_or_is_the_households(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "select account_id, owner, change, unpriced_count as unpriced from net_worth_bridge",
        through="2024-01-02",
        snapshots=f"{TWO_DAYS}\n    t1  bank:1  2024-01-01T20:00Z",
        holdings="snapshot_id  security_id  account_id  quantity\ns1  X  broker:1  1",
        account_edits="account_id  owner\nbank:1  Ada",
    )
    same(
        found,
        """
        account_id  owner      change  unpriced
        bank:1      Ada        0       0
        broker:1    household  0       0
        """,
    )


# Always.

quick = settings(max_examples=4, deadline=None, derandomize=True)

ACTIVITIES = rows(
    0,
    12,
    "account_id external_id",
    account_id=st.sampled_from(["bank:1", "broker:1", "broker:2"]),
    external_id=st.sampled_from("abcdefgh"),
    activity_date=DAYS,
    type=st.sampled_from(
        [
            "buy",
            "sell",
            "reinvest",
            "stock_dividend",
            "dividend",
            "interest",
            "fee",
            "tax",
            "deposit",
        ]
    ),
    security_id=st.none() | st.sampled_from(["AAA", "BRK.B", "COIN", "_CASH:EUR", "NEVERHELD"]),
    quantity=st.none() | numbers("1 -1 10 -3 0 0.0000000001 999999999999"),
    price=st.none() | numbers("10 0.01 3.3333333333 123456.789"),
    amount=st.none() | numbers("100 -100 0 7.005 -0.0000000001 99999999999999999"),
    fee=st.none() | numbers("0 1 0.005"),
    currency=st.none() | st.sampled_from(["USD", "EUR", "GBp", "JPY"]),
)
ACCOUNT_TYPES = st.sampled_from(
    [{}, {"bank:1": "liability"}, {"bank:1": "loan", "broker:1": "brokerage"}]
)


@contextmanager
def built(household: Household) -> Iterator[Workspace]:
    with TemporaryDirectory() as folder:
        land_household(Path(folder), household)
        build_home(Path(folder), household)
        yield tenet.open(Path(folder))


def with_types(household: Household, types: dict[str, str]) -> Household:
    accounts = [
        row | {"account_type": types.get(row["account_id"])} for row in household.raw["accounts"]
    ]
    return household.but(accounts=accounts)


@settings(quick, max_examples=8)
@given(households(), ACTIVITIES, ACCOUNT_TYPES)
def test_the_parts_add_up_on_every_day_and_account_always(
    household: Household, activities: list[dict[str, Any]], types: dict[str, str]
) -> None:
    with built(with_types(household, types).but(activities=activities)) as workspace:
        assert residuals(workspace) == 0
        days = workspace.sql("""
            select
                net_worth - lag(net_worth) over (order by valuation_date) as change,
                coalesce(parts.change, 0) as parts,
            from net_worth_daily
            left join (
                select valuation_date, sum(change) as change from net_worth_bridge group by all
            ) as parts using (valuation_date)
            qualify change is not null
        """)
        assert days["change"].to_list() == days["parts"].to_list()


@quick
@given(households())
def test_without_a_new_snapshot_nothing_is_paid_and_without_foreign_money_no_rate_counts(
    household: Household,
) -> None:
    with built(household) as workspace:
        paid = workspace.sql("""
            select net_worth_bridge.*
            from net_worth_bridge
            inner join account_values_daily using (valuation_date, account_id)
            where snapshot_date <> valuation_date
                and (contributions <> 0 or withdrawals <> 0 or income <> 0 or fees <> 0)
        """)
        assert paid.is_empty()
        rated = workspace.sql("""
            select net_worth_bridge.*
            from net_worth_bridge
            anti join (
                from daily_holding_values where fx_rate is distinct from 1
            ) as foreign_values
                on net_worth_bridge.account_id = foreign_values.account_id
                and net_worth_bridge.valuation_date = foreign_values.valuation_date + 1
            where currency_effect <> 0
        """)
        assert rated.is_empty()


@quick
@given(households(), st.integers(0, 24), st.integers(0, 24))
def test_two_walks_one_after_the_other_are_the_walk_over_both(
    household: Household, one: int, other: int
) -> None:
    with built(household) as workspace:
        reach = workspace.sql(
            "select min(valuation_date) as a, max(valuation_date) as b from net_worth_daily"
        )
        first, last = reach.row(0)
        if first is None:
            return
        middle = sorted([first, last, day(min(one, other))])[1]
        whole, before, after = (
            bridge(workspace, *span) for span in ((first, last), (first, middle), (middle, last))
        )
        assert all(whole[part] == before[part] + after[part] for part in (*PARTS, "change"))
        assert whole["residual"] == before["residual"] == after["residual"] == 0
        for dimension in ("account", "owner", "day", "month"):
            frame = bridge_by(workspace, dimension, first, last)
            assert all(sum(frame[part].to_list(), Decimal(0)) == whole[part] for part in PARTS)


def test_a_sum_that_misses_a_cent_is_counted(home: Path) -> None:
    """On one account's day the market has a cent too much: so it is wrong, and so is the day."""
    assert residuals(tenet.open(home)) == 0
    connection = connect()
    connection.execute(f"attach {literal(home / 'tenet.duckdb')} as built")
    connection.execute("""
        update built.net_worth_bridge set market = market + 0.01
        where valuation_date = '2024-01-03' and account_id = 'broker:1'
    """)
    connection.close()
    assert residuals(tenet.open(home)) == 2


def test_days_without_a_row_are_counted(home: Path) -> None:
    connection = connect()
    connection.execute(f"attach {literal(home / 'tenet.duckdb')} as built")
    connection.execute("delete from built.net_worth_bridge where account_id = 'broker:1'")
    connection.close()
    assert residuals(tenet.open(home)) == 3  # two days of the account, one on which it changed


# The command.


def test_the_walk_names_its_parts_and_says_that_they_add_up(
    tenet_command: Command, home: Path
) -> None:
    """10 AAPL fall from 185.64 to 184.25; nothing else happens."""
    shown = tenet_command("--home", home, "bridge", "2024-01-01", "2024-01-03")
    assert shown.stdout.splitlines() == [
        "net worth                   2,756.40 USD  on 2024-01-01",
        "  market                      -13.90  prices of what was held and traded",
        "net worth                   2,742.50 USD  on 2024-01-03",
        "the parts add up to the change of -13.90",
    ]


def test_the_walk_of_one_account_as_json(tenet_command: Command, home: Path) -> None:
    asked = ("bridge", "2024-01-01", "2024-01-03", "--account", "Brokerage", "--json")
    found = json.loads(tenet_command("--home", home, *asked).stdout, parse_float=Decimal)
    assert (found["opening"], found["closing"]) == (Decimal("1656.40"), Decimal("1642.50"))
    assert (found["market"], found["residual"]) == (Decimal("-13.90"), 0)


@pytest.mark.parametrize(
    ("by", "lines"),
    [
        ("account", ["bank:1,Current account,0.00,", "broker:1,Brokerage,-13.90,"]),
        ("owner", ["household,-13.90,"]),
        ("day", ["2024-01-02,0.00,", "2024-01-03,-13.90,"]),
        ("month", ["2024-01,-13.90,"]),
    ],
)
def test_the_walk_is_split_up(
    tenet_command: Command, home: Path, by: str, lines: list[str]
) -> None:
    asked = ("bridge", "2024-01-01", "2024-01-03", "--by", by, "--csv")
    header, *rows = tenet_command("--home", home, *asked).stdout.splitlines()
    assert header.endswith(",".join(PARTS))
    assert [row.startswith(line) for row, line in zip(rows, lines, strict=True)] == [True] * len(
        rows
    )


@pytest.mark.parametrize(
    ("days", "complaint"),
    [
        (("2024-01-03", "2024-01-01"), "FROM 2024-01-03 is after TO 2024-01-01"),
        (("2023-12-31", "2024-01-03"), "no values on 2023-12-31"),
        (("2024-01-01", "2024-01-04"), "no values on 2024-01-04 yet"),
        (("yesterday", "2024-01-04"), "'yesterday' does not match"),
        (("2024-01-01", "2024-01-03", "--account", "bunk:1"), "no one account 'bunk:1'"),
    ],
)
def test_days_and_accounts_that_are_not_there_are_refused(
    tenet_command: Command, home: Path, days: tuple[str, ...], complaint: str
) -> None:
    refused = tenet_command("--home", home, "bridge", *days)
    assert (refused.returncode, complaint in refused.stderr, refused.stdout) == (2, True, "")


def test_from_a_day_to_itself_nothing_changes(tenet_command: Command, home: Path) -> None:
    shown = tenet_command("--home", home, "bridge", "2024-01-03", "2024-01-03")
    assert "the parts add up to the change of +0.00" in shown.stdout
