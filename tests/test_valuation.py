"""The rules of valuation, one behaviour each, on tables that can be checked by eye."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tables import answer, same

if TYPE_CHECKING:
    from pathlib import Path

VALUES = (
    "select valuation_date as day, security_id as id, quantity as units, close_price as price, "
    "price_date, price_source as source, market_value as value from daily_holding_values"
)


def test_a_weekend_takes_fridays_close(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        VALUES,
        through="2024-03-03",
        snapshots="""
            snapshot_id  account_id  observed_at
            s1           broker:1    2024-03-01T20:00Z
        """,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           AAPL         broker:1    10
        """,
        closes="""
            security_id  price_date  close
            AAPL         2024-03-01  179.66
        """,
    )
    same(
        found,
        """
        day         id    units  price   price_date  source         value
        2024-03-01  AAPL  10     179.66  2024-03-01  market         1796.6
        2024-03-02  AAPL  10     179.66  2024-03-01  carry_forward  1796.6
        2024-03-03  AAPL  10     179.66  2024-03-01  carry_forward  1796.6
        """,
    )


def test_a_sync_at_one_in_the_morning_utc_belongs_to_the_evening_before_in_los_angeles(
    tmp_path: Path,
) -> None:
    found = answer(
        tmp_path,
        "select valuation_date as day, snapshot_date from daily_holding_values",
        through="2024-01-10",
        timezone="America/Los_Angeles",
        snapshots="""
            snapshot_id  account_id  observed_at
            s1           bank:1      2024-01-11T01:00Z
        """,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           USD          bank:1      5
        """,
    )
    same(found, "day snapshot_date\n2024-01-10 2024-01-10")


def test_the_last_sync_of_a_day_counts_whole(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "select valuation_date as day, security_id as id, quantity as units "
        "from daily_holding_values",
        through="2024-01-10",
        snapshots="""
            snapshot_id  account_id  observed_at
            morning      broker:1    2024-01-10T08:00Z
            evening      broker:1    2024-01-10T20:00Z
        """,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            morning      AAPL         broker:1    10
            morning      MSFT         broker:1    10
            evening      AAPL         broker:1    7
        """,
    )
    same(found, "day id units\n2024-01-10 AAPL 7")


def test_an_emptied_account_shows_zero_and_does_not_vanish(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        VALUES,
        through="2024-01-03",
        snapshots="""
            snapshot_id  account_id  observed_at
            s1           broker:1    2024-01-01T20:00Z
            s2           broker:1    2024-01-02T20:00Z
        """,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           USD          broker:1    100
        """,
    )
    same(
        found,
        """
        day         id             units  price  price_date  source  value
        2024-01-01  USD            100    1      2024-01-01  cash    100
        2024-01-02  _ZERO_BALANCE  0      0      2024-01-02  cash    0
        2024-01-03  _ZERO_BALANCE  0      0      2024-01-03  cash    0
        """,
    )


def test_a_failed_or_quarantined_snapshot_governs_no_day(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "select valuation_date as day, snapshot_id from daily_holding_values",
        through="2024-01-03",
        snapshots="""
            snapshot_id  account_id  observed_at        status
            good         broker:1    2024-01-01T20:00Z  success
            down         broker:1    2024-01-02T20:00Z  failed
            lying        broker:1    2024-01-03T20:00Z  quarantined
        """,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            good         USD          broker:1    100
        """,
    )
    same(found, "day snapshot_id\n2024-01-01 good\n2024-01-02 good\n2024-01-03 good")


def test_value_does_not_jump_on_the_split_day_though_the_next_sync_comes_later(
    tmp_path: Path,
) -> None:
    """The source has restated its history after the split, as Yahoo does."""
    found = answer(
        tmp_path,
        VALUES,
        through="2024-06-11",
        snapshots="""
            snapshot_id  account_id  observed_at
            s1           broker:1    2024-06-07T20:00Z
        """,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           NVDA         broker:1    3
        """,
        closes="""
            security_id  price_date  close    observed_at
            NVDA         2024-06-07  120.888  2024-06-12T00:00Z
            NVDA         2024-06-10  121.79   2024-06-12T00:00Z
        """,
        splits="""
            security_id  split_date  ratio
            NVDA         2024-06-10  10
        """,
    )
    same(
        found,
        """
        day         id    units  price    price_date  source         value
        2024-06-07  NVDA  3      1208.88  2024-06-07  market         3626.64
        2024-06-08  NVDA  3      1208.88  2024-06-07  carry_forward  3626.64
        2024-06-09  NVDA  3      1208.88  2024-06-07  carry_forward  3626.64
        2024-06-10  NVDA  30     121.79   2024-06-10  market         3653.7
        2024-06-11  NVDA  30     121.79   2024-06-10  carry_forward  3653.7
        """,
    )


def test_a_carried_price_is_divided_by_the_splits_since(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        VALUES,
        through="2024-06-10",
        snapshots="""
            snapshot_id  account_id  observed_at
            s1           broker:1    2024-06-09T20:00Z
        """,
        holdings="""
            snapshot_id  security_id  account_id  quantity  snapshot_price
            s1           CLOSED       broker:1    3         -
            s1           PRIVATE      broker:1    3         70
        """,
        closes="""
            security_id  price_date  close  basis
            CLOSED       2024-06-07  100    as_traded
        """,
        splits="""
            security_id  split_date  ratio
            CLOSED       2024-06-10  3
            PRIVATE      2024-06-10  3
        """,
    )
    same(
        found,
        """
        day         id       units  price          price_date  source         value
        2024-06-09  CLOSED   3      100            2024-06-07  carry_forward  300
        2024-06-09  PRIVATE  3      70             2024-06-09  snapshot       210
        2024-06-10  CLOSED   9      33.3333333333  2024-06-07  carry_forward  300
        2024-06-10  PRIVATE  9      23.3333333333  2024-06-09  snapshot       210
        """,
    )


def test_pence_become_pounds_and_pounds_become_dollars(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "select currency, close_price as price, market_value as value, fx_rate, "
        "market_value_base as base from daily_holding_values",
        through="2024-01-02",
        snapshots="""
            snapshot_id  account_id  observed_at
            s1           broker:1    2024-01-02T20:00Z
        """,
        holdings="""
            snapshot_id  security_id  account_id  quantity  currency
            s1           VOD          broker:1    200       GBp
        """,
        closes="""
            security_id  price_date  close  currency
            VOD          2024-01-02  68.25  GBp
        """,
        fx_rates="""
            currency  quote_currency  rate_date   rate
            GBP       USD             2024-01-01  1.2731
        """,
    )
    same(found, "currency price value fx_rate base\nGBP 0.6825 136.5 1.2731 173.78")


def test_a_rate_by_way_of_the_euro_is_as_old_as_its_older_leg(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "select currency, fx_rate, fx_date, market_value_base as base from daily_holding_values",
        through="2024-01-04",
        base_currency="CHF",
        snapshots="""
            snapshot_id  account_id  observed_at
            s1           bank:1      2024-01-04T20:00Z
        """,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           _CASH:JPY    bank:1      100000
        """,
        fx_rates="""
            currency  quote_currency  rate_date   rate
            EUR       JPY             2024-01-02  157.5
            EUR       CHF             2024-01-03  0.93
        """,
    )
    same(found, "currency fx_rate fx_date base\nJPY 0.0059047619 2024-01-02 590.48")


def test_without_a_rate_a_value_is_unknown_and_counted(tmp_path: Path) -> None:
    household = {
        "snapshots": """
            snapshot_id  account_id  observed_at
            s1           bank:1      2024-01-01T20:00Z
        """,
        "holdings": """
            snapshot_id  security_id  account_id  quantity
            s1           _CASH:EUR    bank:1      100
            s1           _CASH:USD    bank:1      50
        """,
    }
    found = answer(
        tmp_path,
        "select net_worth, unpriced_count from net_worth_daily",
        through="2024-01-01",
        **household,
    )
    same(found, "net_worth unpriced_count\n50 1")


def test_a_wild_close_waits_for_the_next_one_and_a_new_level_is_kept(tmp_path: Path) -> None:
    household = {
        "snapshots": """
            snapshot_id  account_id  observed_at
            s1           broker:1    2024-01-01T20:00Z
        """,
        "holdings": """
            snapshot_id  security_id  account_id  quantity
            s1           WILD         broker:1    1
        """,
        "closes": """
            security_id  price_date  close
            WILD         2024-01-01  10
            WILD         2024-01-02  10
            WILD         2024-01-03  10
            WILD         2024-01-04  201
            WILD         2024-01-05  199
        """,
    }
    query = "select valuation_date as day, close_price as price from daily_holding_values"
    waiting = answer(tmp_path, query, through="2024-01-04", **household)
    confirmed = answer(tmp_path, query, through="2024-01-05", **household)
    before = "2024-01-01 10\n2024-01-02 10\n2024-01-03 10"
    same(waiting, f"day price\n{before}\n2024-01-04 10")
    same(confirmed, f"day price\n{before}\n2024-01-04 201\n2024-01-05 199")


def test_exactly_twenty_times_the_median_is_kept_and_a_hair_more_is_not(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "select kind, security_id as id, close, median_before as before, median_after as after "
        "from price_issues",
        through="2024-01-05",
        closes="""
            security_id  price_date  close
            EDGE         2024-01-01  0.07
            EDGE         2024-01-02  0.1
            EDGE         2024-01-03  1.7
            EDGE         2024-01-04  0.085
            OVER         2024-01-01  0.07
            OVER         2024-01-02  0.1
            OVER         2024-01-03  1.7000000001
            OVER         2024-01-04  0.085
        """,
    )
    same(
        found,
        """
        kind                id    close         before  after
        price_out_of_range  OVER  1.7000000001  0.085   0.085
        """,
    )


def test_a_mark_wins_over_every_source_and_is_carried_like_a_close(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        VALUES,
        through="2024-01-03",
        snapshots="""
            snapshot_id  account_id  observed_at
            s1           broker:1    2024-01-01T20:00Z
        """,
        holdings="""
            snapshot_id  security_id        account_id  quantity  snapshot_price
            s1           AAPL               broker:1    1         -
            s1           _MAN:00112233aabb  broker:1    1         400000
        """,
        closes="""
            security_id  price_date  close
            AAPL         2024-01-02  185
        """,
        price_marks="""
            security_id        price_date  price
            AAPL               2024-01-02  9999
            _MAN:00112233aabb  2024-01-02  425000
        """,
    )
    same(
        found,
        """
        day         id                 units  price   price_date  source         value
        2024-01-01  AAPL               1      -       -           -              -
        2024-01-01  _MAN:00112233aabb  1      400000  2024-01-01  snapshot       400000
        2024-01-02  AAPL               1      9999    2024-01-02  mark           9999
        2024-01-02  _MAN:00112233aabb  1      425000  2024-01-02  mark           425000
        2024-01-03  AAPL               1      9999    2024-01-02  carry_forward  9999
        2024-01-03  _MAN:00112233aabb  1      425000  2024-01-02  carry_forward  425000
        """,
    )


def test_todays_provider_price_stands_until_todays_close(tmp_path: Path) -> None:
    household = {
        "snapshots": """
            snapshot_id  account_id  observed_at
            s1           broker:1    2024-01-03T20:00Z
        """,
        "holdings": """
            snapshot_id  security_id  account_id  quantity  snapshot_price  snapshot_value
            s1           AAPL         broker:1    3         184.251         552.76
        """,
    }
    query = (
        "select close_price as price, price_source as source, market_value as value, "
        "is_provisional from daily_holding_values"
    )
    yesterday = "security_id price_date close\nAAPL 2024-01-02 185.64"
    found = answer(tmp_path, query, through="2024-01-03", closes=yesterday, **household)
    same(found, "price source value is_provisional\n184.251 snapshot 552.76 True")
    found = answer(
        tmp_path,
        query,
        through="2024-01-03",
        closes=f"{yesterday}\nAAPL 2024-01-03 184.25",
        **household,
    )
    same(found, "price source value is_provisional\n184.25 market 552.75 False")


def test_a_price_older_than_a_week_gives_way_to_a_newer_snapshot_price(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "select valuation_date as day, close_price as price, price_date, price_source as source "
        "from daily_holding_values",
        through="2024-01-10",
        snapshots="""
            snapshot_id  account_id  observed_at
            s1           broker:1    2024-01-08T20:00Z
        """,
        holdings="""
            snapshot_id  security_id  account_id  quantity  snapshot_price
            s1           DEAD         broker:1    1         80
        """,
        closes="""
            security_id  price_date  close
            DEAD         2024-01-01  100
        """,
    )
    same(
        found,
        """
        day         price  price_date  source
        2024-01-08  100    2024-01-01  carry_forward
        2024-01-09  80     2024-01-08  snapshot
        2024-01-10  80     2024-01-08  snapshot
        """,
    )


def test_an_inactive_account_ends_on_the_day_it_was_closed(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "select valuation_date as day, account_id as account from daily_holding_values",
        through="2024-01-05",
        snapshots="""
            snapshot_id  account_id  observed_at
            s1           bank:dated  2024-01-01T20:00Z
            s2           bank:plain  2024-01-01T20:00Z
        """,
        holdings="""
            snapshot_id  security_id  account_id  quantity
            s1           USD          bank:dated  1
            s2           USD          bank:plain  1
        """,
        account_edits="""
            account_id  active  deactivated_at
            bank:dated  false   2024-01-03T09:00Z
            bank:plain  false   -
        """,
    )
    same(
        found,
        """
        day         account
        2024-01-01  bank:dated
        2024-01-01  bank:plain
        2024-01-02  bank:dated
        2024-01-03  bank:dated
        """,
    )


def test_half_cents_round_away_from_zero_and_multipliers_count(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "select security_id as id, market_value as value from daily_holding_values",
        through="2024-01-01",
        snapshots="""
            snapshot_id  account_id  observed_at
            s1           broker:1    2024-01-01T20:00Z
        """,
        holdings="""
            snapshot_id  security_id  account_id  quantity     snapshot_price    multiplier
            s1           LONG         broker:1    0.5          2.01              1
            s1           SHORT        broker:1    -0.5         2.01              1
            s1           OPTION       broker:1    2            1.23456           100
            s1           BOND         broker:1    10000        99.8755           0.01
            s1           SHIB         broker:1    4000000.12   0.00000812        1
            s1           HUGE         broker:1    98765432109  98765.4321098765  1
            s1           ABSURD       broker:1    1e17         1e17              1
        """,
    )
    same(
        found,
        """
        id      value
        ABSURD  -
        BOND    9987.55
        HUGE    9754610579764056.09
        LONG    1.01
        OPTION  246.91
        SHIB    32.48
        SHORT   -1.01
        """,
    )


def test_cash_counted_in_pence_is_worth_pence(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "select currency, close_price as price, market_value as value from daily_holding_values",
        through="2024-01-01",
        snapshots="""
            snapshot_id  account_id  observed_at
            s1           broker:1    2024-01-01T20:00Z
        """,
        holdings="""
            snapshot_id  security_id  account_id  quantity  currency
            s1           CASH         broker:1    15000     GBp
        """,
    )
    same(found, "currency price value\nGBP 0.01 150")


def test_a_mark_without_a_currency_is_in_the_holdings_own(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "select currency, close_price as price, price_source as source from daily_holding_values",
        through="2024-01-01",
        snapshots="""
            snapshot_id  account_id  observed_at
            s1           broker:1    2024-01-01T20:00Z
        """,
        holdings="""
            snapshot_id  security_id        account_id  quantity  currency
            s1           _MAN:00112233aabb  broker:1    1         EUR
        """,
        price_marks="""
            security_id        price_date  price   currency
            _MAN:00112233aabb  2024-01-01  425000  -
        """,
    )
    same(found, "currency price source\nEUR 425000 mark")
