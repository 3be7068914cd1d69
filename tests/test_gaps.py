"""The marts of gaps and coverage: one fault each, and exactly the rows that it must give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tables import answer, same

if TYPE_CHECKING:
    from pathlib import Path

GAPS = (
    "select kind, account_id as account, coalesce(security_id, currency) as of, "
    "first_date as first, last_date as last, days, value_at_stake as stake, is_open as open "
    "from gaps"
)
COVERAGE = (
    "select account_id as account, expected_start as first, expected_end as last, "
    "expected_days as days, actual_days as actual, missing_days as missing, "
    "partial_days as partial, stale_price_count as stale from account_coverage"
)
NO_GAPS = "kind account of first last days stake open"

WEEKLY = """
    snapshot_id  account_id  observed_at
    s1           broker:1    2024-03-01T20:00Z
    s2           broker:1    2024-03-08T20:00Z
    s3           broker:1    2024-03-15T20:00Z
"""
WEEKLY_CASH = """
    snapshot_id  security_id  account_id  quantity
    s1           USD          broker:1    100
    s2           USD          broker:1    200
    s3           USD          broker:1    300
"""


def test_a_household_in_order_has_no_gaps(tmp_path: Path) -> None:
    found = answer(tmp_path, GAPS, through="2024-03-20", snapshots=WEEKLY, holdings=WEEKLY_CASH)
    assert found == NO_GAPS


def test_coverage_ends_yesterday_and_counts_every_day(tmp_path: Path) -> None:
    found = answer(tmp_path, COVERAGE, through="2024-03-20", snapshots=WEEKLY, holdings=WEEKLY_CASH)
    same(
        found,
        """
        account   first       last        days  actual  missing  partial  stale
        broker:1  2024-03-01  2024-03-19  19    19      0        0        0
        """,
    )


def test_a_closed_account_is_expected_until_its_last_snapshot(tmp_path: Path) -> None:
    household = {
        "through": "2024-04-20",
        "snapshots": WEEKLY,
        "holdings": WEEKLY_CASH,
        "account_edits": """
            account_id  active
            broker:1    false
        """,
    }
    same(
        answer(tmp_path, COVERAGE, **household),
        """
        account   first       last        days  actual  missing  partial  stale
        broker:1  2024-03-01  2024-03-15  15    15      0        0        0
        """,
    )
    assert answer(tmp_path, GAPS, **household) == NO_GAPS


def test_an_account_of_today_is_expected_on_no_day_and_one_without_snapshots_is_listed(
    tmp_path: Path,
) -> None:
    found = answer(
        tmp_path,
        COVERAGE,
        through="2024-03-01",
        accounts="account_id\nbroker:1\nbroker:2",
        snapshots="""
            snapshot_id  account_id  observed_at
            s1           broker:1    2024-03-01T20:00Z
        """,
    )
    same(
        found,
        """
        account   first       last        days  actual  missing  partial  stale
        broker:1  2024-03-01  2024-02-29  0     0       0        0        0
        broker:2  -           -           0     0       0        0        0
        """,
    )


def test_a_missed_month_is_told_with_what_was_carried_through_it(tmp_path: Path) -> None:
    """Weekly, then nothing for five weeks: more than twice the usual interval."""
    household = {
        "through": "2024-04-22",
        "snapshots": WEEKLY + "    s4  broker:1  2024-04-19T20:00Z\n",
        "holdings": WEEKLY_CASH + "    s4  USD  broker:1  400\n",
    }
    same(
        answer(tmp_path, GAPS, **household),
        """
        kind           account   of  first       last        days  stake  open
        account_stale  broker:1  -   2024-03-16  2024-04-18  34    300    False
        """,
    )
    carried = "select usual_days, longest_carried_days as longest, longest_carried_from as since, "
    same(
        answer(tmp_path, carried + "silent_days as silent from account_coverage", **household),
        """
        usual_days  longest  since       silent
        7           34       2024-03-15  34
        """,
    )


def test_one_missed_week_is_within_the_rhythm(tmp_path: Path) -> None:
    household = {
        "through": "2024-03-31",
        "snapshots": WEEKLY + "    s4  broker:1  2024-03-29T20:00Z\n",
        "holdings": WEEKLY_CASH + "    s4  USD  broker:1  400\n",
    }
    assert answer(tmp_path, GAPS, **household) == NO_GAPS


@pytest.mark.parametrize(("through", "is_stale"), [("2024-03-22", False), ("2024-03-23", True)])
def test_a_silent_account_is_stale_after_the_setting(
    tmp_path: Path, through: str, is_stale: bool
) -> None:
    found = answer(tmp_path, GAPS, through=through, snapshots=WEEKLY, holdings=WEEKLY_CASH)
    stale = f"account_stale broker:1 - 2024-03-16 {through} 8 300 True"
    assert found == "\n".join([NO_GAPS, stale] if is_stale else [NO_GAPS])


def test_what_is_kept_by_hand_is_never_silent(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        GAPS,
        through="2024-12-31",
        snapshots="""
            snapshot_id  account_id    observed_at
            s1           manual:house  2024-01-01T20:00Z
        """,
        holdings="""
            snapshot_id  security_id        account_id    quantity  snapshot_price
            s1           _MAN:0123456789ab  manual:house  1         450000
        """,
    )
    assert found == NO_GAPS


SYNCS = """
    session_id  started_at
    friday      2024-03-15T20:00Z
    saturday    2024-03-16T20:00Z
    sunday      2024-03-17T20:00Z
"""
FAILING = """
    session_id  account_id  status   error
    friday      broker:1    success  -
    saturday    broker:1    error    log~in~again
    sunday      broker:1    skipped  not~returned
"""


def test_failing_syncs_are_one_error_since_the_last_good_one(tmp_path: Path) -> None:
    household = {
        "through": "2024-03-18",
        "snapshots": WEEKLY,
        "holdings": WEEKLY_CASH,
        "sync_sessions": SYNCS,
        "account_syncs": FAILING,
    }
    same(
        answer(tmp_path, GAPS, **household),
        """
        kind            account   of  first       last        days  stake  open
        provider_error  broker:1  -   2024-03-16  2024-03-18  3     300    True
        """,
    )
    same(
        answer(tmp_path, "select detail from gaps", **household),
        "detail\nnot~returned~(2~syncs)",
    )


def test_an_error_that_is_over_is_no_gap(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        GAPS,
        through="2024-03-18",
        snapshots=WEEKLY,
        holdings=WEEKLY_CASH,
        sync_sessions=SYNCS,
        account_syncs=FAILING.replace("skipped", "stale  "),
    )
    assert found == NO_GAPS


def test_a_provider_that_fails_without_any_account_is_named(tmp_path: Path) -> None:
    log = """
        session_id  provider  status  errors
        friday      newbank   failed  [{"category":"warning","message":"w"},{"category":"auth","message":"key~refused"}]
    """  # noqa: E501
    found = answer(
        tmp_path,
        "select gap_id, account_id, detail, value_at_stake as stake from gaps",
        through="2024-03-18",
        snapshots=WEEKLY,
        holdings=WEEKLY_CASH,
        sync_sessions=SYNCS,
        sync_log=log,
    )
    same(
        found,
        """
        gap_id                               account_id  detail       stake
        provider_error~newbank~2024-03-15    -           key~refused  -
        """,
    )


def test_an_empty_reply_that_waits_for_a_word_is_told_until_it_is_rejected(tmp_path: Path) -> None:
    """A later landing says the same snapshot again, with the user's word."""
    waiting = WEEKLY.replace("observed_at", "observed_at        status").replace(
        "20:00Z", "20:00Z  success"
    )
    waiting += "    s4  broker:1  2024-03-16T20:00Z  quarantined\n"
    household = {"through": "2024-03-18", "snapshots": waiting, "holdings": WEEKLY_CASH}
    same(
        answer(tmp_path, GAPS, **household),
        """
        kind                  account   of  first       last        days  stake  open
        snapshot_quarantined  broker:1  -   2024-03-16  2024-03-18  3     300    True
        """,
    )
    rejected = household | {"snapshots": waiting.replace("quarantined", "failed")}
    assert answer(tmp_path, GAPS, **rejected) == NO_GAPS


def test_an_empty_reply_accepted_by_mistake_and_rejected_later_leaves_no_gap(
    tmp_path: Path,
) -> None:
    accepted = WEEKLY.replace("account_id", "account_id  status ").replace(
        "broker:1", "broker:1  success"
    )
    emptied = accepted + "    s4  broker:1  success  2024-03-16T20:00Z\n"
    net_worth = "select net_worth from net_worth_daily where valuation_date = '2024-03-17'"
    household = {"through": "2024-03-17", "holdings": WEEKLY_CASH}
    assert answer(tmp_path, net_worth, **household, snapshots=emptied) == "net_worth\n0"
    rejected = emptied.replace("s4  broker:1  success", "s4  broker:1  failed ")
    assert answer(tmp_path, net_worth, **household, snapshots=rejected) == "net_worth\n300"
    assert answer(tmp_path, GAPS, **household, snapshots=rejected) == NO_GAPS


ONE = """
    snapshot_id  account_id  observed_at
    s1           broker:1    2024-03-01T20:00Z
"""
DAILY = """
    snapshot_id  account_id  observed_at
    s1           broker:1    2024-03-01T20:00Z
    s2           broker:1    2024-03-05T20:00Z
"""


def test_without_a_price_the_holding_is_unpriced_and_its_days_are_partial(tmp_path: Path) -> None:
    household = {
        "through": "2024-03-06",
        "snapshots": DAILY,
        "holdings": """
            snapshot_id  security_id  account_id  quantity  snapshot_value
            s1           PRIVATE      broker:1    2         -
            s1           USD          broker:1    5         -
            s2           PRIVATE      broker:1    2         140
            s2           USD          broker:1    5         -
        """,
    }
    same(
        answer(tmp_path, GAPS, **household),
        """
        kind      account   of       first       last        days  stake  open
        partial   broker:1  -        2024-03-01  2024-03-05  5     -      True
        unpriced  broker:1  PRIVATE  2024-03-01  2024-03-06  6     140    True
        """,
    )
    same(
        answer(tmp_path, COVERAGE, **household),
        """
        account   first       last        days  actual  missing  partial  stale
        broker:1  2024-03-01  2024-03-05  5     5       0        5        0
        """,
    )


def test_what_lost_its_price_stands_with_what_it_was_last_worth(tmp_path: Path) -> None:
    household = {
        "through": "2024-03-06",
        "snapshots": DAILY,
        "holdings": """
            snapshot_id  security_id   account_id  quantity  snapshot_price
            s1           _SF:0a1b2c3d  broker:1    2         70
            s2           _SF:0a1b2c3d  broker:1    3         -
        """,
    }
    same(
        answer(tmp_path, GAPS, **household),
        """
        kind      account   of            first       last        days  stake  open
        partial   broker:1  -             2024-03-05  2024-03-05  1     -      True
        unpriced  broker:1  _SF:0a1b2c3d  2024-03-05  2024-03-06  2     140    True
        """,
    )
    coverage = (
        "select valuation_date as day, gross_value as gross, observed_share as observed, "
        "estimated_share as estimated, unpriced_count as unpriced, unpriced_last_value as last "
        "from coverage_daily where valuation_date >= '2024-03-04'"
    )
    same(
        answer(tmp_path, coverage, **household),
        """
        day         gross  observed  estimated  unpriced  last
        2024-03-04  140    0.0       1.0        0         -
        2024-03-05  0      -         -          1         140
        2024-03-06  0      -         -          1         140
        """,
    )


FUNDS = """
    snapshot_id  security_id  account_id  quantity  snapshot_price
    s1           FUND         broker:1    10        -
"""


def test_a_price_is_stale_from_the_eighth_day_until_the_next_close(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        GAPS.replace("from gaps", "from gaps where kind <> 'account_stale'"),
        through="2024-03-25",
        snapshots=ONE,
        holdings=FUNDS,
        closes="""
            security_id  price_date  close
            FUND         2024-03-01  5
            FUND         2024-03-12  6
        """,
    )
    same(
        found,
        """
        kind         account   of    first       last        days  stake  open
        stale_price  broker:1  FUND  2024-03-09  2024-03-11  3     50     False
        stale_price  broker:1  FUND  2024-03-20  2024-03-25  6     60     True
        """,
    )


def test_a_dead_feed_is_told_though_the_providers_own_price_is_fresh(tmp_path: Path) -> None:
    household = {
        "through": "2024-03-16",
        "snapshots": WEEKLY,
        "holdings": """
            snapshot_id  security_id  account_id  quantity  snapshot_price
            s1           FUND         broker:1    10        5
            s2           FUND         broker:1    10        5.1
            s3           FUND         broker:1    10        5.2
        """,
        "closes": """
            security_id  price_date  close
            FUND         2024-03-01  5
        """,
    }
    same(
        answer(tmp_path, GAPS, **household),
        """
        kind         account   of    first       last        days  stake  open
        stale_price  broker:1  FUND  2024-03-09  2024-03-16  8     52     True
        """,
    )
    assert answer(tmp_path, COVERAGE, **household).endswith(" 0"), "no price in use is old"


def test_what_only_its_provider_prices_is_never_stale_and_cash_neither(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        GAPS.replace("from gaps", "from gaps where kind <> 'account_stale'"),
        through="2024-05-01",
        snapshots=ONE,
        holdings="""
            snapshot_id  security_id   account_id  quantity  snapshot_price
            s1           _SF:0a1b2c3d  broker:1    10        5
            s1           SPAXX         broker:1    10        1
        """,
    )
    assert found == NO_GAPS


def test_an_emptied_account_lacks_nothing(tmp_path: Path) -> None:
    """Its sentinel is no holding, and needs no rate."""
    found = answer(
        tmp_path,
        GAPS,
        through="2024-03-05",
        accounts="account_id  currency\nbroker:1  EUR",
        snapshots=ONE,
    )
    assert found == NO_GAPS


EUROS = """
    snapshot_id  security_id  account_id  quantity  currency
    s1           _CASH:EUR    broker:1    100       EUR
"""


def test_without_a_rate_the_currency_is_missing_until_its_first(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        GAPS,
        through="2024-03-05",
        snapshots=ONE,
        holdings=EUROS,
        fx_rates="""
            currency  quote_currency  rate_date   rate
            EUR       USD             2024-03-04  1.1
        """,
    )
    same(
        found,
        """
        kind        account   of   first       last        days  stake  open
        fx_missing  broker:1  EUR  2024-03-01  2024-03-03  3     -      False
        partial     broker:1  -    2024-03-01  2024-03-03  3     -      False
        """,
    )


def test_a_currency_without_rates_for_a_quarter_is_one_gap_of_each_account(tmp_path: Path) -> None:
    """Two holdings in it, one of them for a part of the time: still one row, with both values."""
    found = answer(
        tmp_path,
        GAPS.replace("from gaps", "from gaps where kind <> 'account_stale'"),
        through="2024-07-01",
        snapshots="""
            snapshot_id  account_id  observed_at
            s1           broker:1    2024-03-01T20:00Z
            s2           broker:1    2024-05-01T20:00Z
        """,
        holdings="""
            snapshot_id  security_id   account_id  quantity  currency  snapshot_price
            s1           _CASH:EUR     broker:1    100       EUR       -
            s2           _CASH:EUR     broker:1    100       EUR       -
            s2           _SF:0a1b2c3d  broker:1    2         EUR       50
        """,
        fx_rates="""
            currency  quote_currency  rate_date   rate
            EUR       USD             2024-03-01  1.1
            EUR       USD             2024-07-01  1.2
        """,
    )
    same(
        found,
        """
        kind        account   of   first       last        days  stake  open
        fx_missing  broker:1  EUR  2024-03-09  2024-06-30  114   220    False
        """,
    )


CLOSES = """
    security_id  price_date  close
    FUND         2024-03-01  5
    FUND         2024-03-04  5
    FUND         2024-03-05  {}
    FUND         2024-03-06  5
    FUND         2024-03-07  5
"""


def test_a_wrong_close_is_told_until_it_is_corrected(tmp_path: Path) -> None:
    household = {"through": "2024-03-07", "snapshots": ONE, "holdings": FUNDS}
    wrong = answer(tmp_path, GAPS, **household, closes=CLOSES.format(500))
    same(
        wrong,
        """
        kind               account  of    first       last        days  stake  open
        price_quarantined  -        FUND  2024-03-05  2024-03-05  1     50     False
        """,
    )
    assert answer(tmp_path, GAPS, **household, closes=CLOSES.format(5.1)) == NO_GAPS


def test_a_wrong_close_of_what_was_not_held_changes_nothing(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        GAPS,
        through="2024-03-08",
        snapshots="""
            snapshot_id  account_id  observed_at
            s1           broker:1    2024-03-06T20:00Z
        """,
        holdings=FUNDS,
        closes=CLOSES.format(500),
    )
    assert found == NO_GAPS


def test_the_shares_of_a_day_tell_how_old_its_prices_are(tmp_path: Path) -> None:
    """A hundred in each of cash, a debt, a fund of nine days ago and a house of an earlier day."""
    found = answer(
        tmp_path,
        "select gross_value as gross, observed_share as observed, "
        "carried_8_to_30_share as carried, estimated_share as estimated, "
        "old_holdings_share as old from coverage_daily "
        "where valuation_date = '2024-03-10'",
        through="2024-03-10",
        snapshots=ONE,
        holdings="""
            snapshot_id  security_id   account_id  quantity  snapshot_price
            s1           USD           broker:1    100       -
            s1           _SF:0a1b2c3d  broker:1    -1        100
            s1           FUND          broker:1    20        -
            s1           _SF:11111111  broker:1    1         100
        """,
        closes="""
            security_id  price_date  close
            FUND         2024-03-01  5
        """,
    )
    same(found, "gross observed carried estimated old\n400 0.25 0.25 0.5 1.0")
