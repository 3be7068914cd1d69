"""Lots and gains: worked cases with their answers beside them, and what holds for any household."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from households import (
    DAYS,
    PRICES,
    QUANTITIES,
    build_home,
    households,
    land_household,
    maybe,
    moments,
    numbers,
    rows,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import answer, same

import tenet
from tenet.gains import gains, gains_by_year, lots

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run
    from households import Household, Row

    Command = Callable[..., Run]

LOTS = """
select lot_id as lot, acquired_date as acquired, opened_quantity as opened, quantity, cost,
    market_value as worth, unrealized_gain as gain, is_inferred as inferred,
from lots
"""
GAINS = """
select event_id as sale, lot_id as lot, sold_date as sold, days_held as days, quantity, cost,
    proceeds, gain,
from realized_gains
"""
MISMATCHES = """
select account_id, security_id, first_date, value_at_stake, detail
from gaps
where kind = 'lot_mismatch'
"""

TRADES = "account_id external_id activity_date type security_id quantity price amount fee"


def snapshots(*accounts: str) -> str:
    """An account and the days of its snapshots: `broker:1 01-01 01-02`, ids `broker:1@01-01`."""
    lines = ["snapshot_id account_id observed_at"]
    for text in accounts:
        account, *days = text.split()
        lines += [f"{account}@{day} {account} 2024-{day}T20:00Z" for day in days]
    return "\n".join(lines)


def built(folder: Path, query: str, *, holdings: str, **datasets: str) -> str:
    """The answer over a household whose holdings name day and account: `@` between the two."""
    lines = [line.split() for line in holdings.strip().splitlines()]
    head = [["snapshot_id", "account_id", "security_id", "quantity", *lines[0]]]
    body = [[cells[0], cells[0].split("@")[0], *cells[1:]] for cells in lines[1:]]
    text = "\n".join(" ".join(cells) for cells in head + body)
    return answer(folder, query, holdings=text, **datasets)


FIRST_DAYS = {
    "through": "2024-01-04",
    "snapshots": snapshots("broker:1 01-01 01-02 01-03 01-04"),
    "closes": """
        security_id  price_date  close
        X            2024-01-01  100
        X            2024-01-02  110
        X            2024-01-03  120
        X            2024-01-04  130
    """,
}
BOUGHT_AND_SOLD: dict[str, Any] = FIRST_DAYS | {
    "holdings": """
        cost_basis
        broker:1@01-02  X  10  -
        broker:1@01-03  X  20  -
        broker:1@01-04  X  5   -
    """,
    "activities": f"""
        {TRADES}
        broker:1  b1  2024-01-02  buy   X  10   110  -1101  1
        broker:1  b2  2024-01-03  buy   X  10   120  -1202  2
        broker:1  s1  2024-01-04  sell  X  -15  130  1947   3
    """,
}


def test_the_oldest_lots_are_sold_first_with_their_fees(tmp_path: Path) -> None:
    """1,947 for 15: 1,298 for the first ten, 649 for five that cost half of 1,202."""
    same(
        built(tmp_path, GAINS, **BOUGHT_AND_SOLD),
        """
        sale  lot  sold        days  quantity  cost  proceeds  gain
        s1    b1   2024-01-04  2     10        1101  1298      197
        s1    b2   2024-01-04  1     5         601   649       48
        """,
    )
    same(
        built(tmp_path, LOTS, **BOUGHT_AND_SOLD),
        """
        lot  acquired    opened  quantity  cost  worth  gain  inferred
        b1   2024-01-02  10      0         0     -      -     False
        b2   2024-01-03  10      5         601   650    49    False
        """,
    )
    same(
        built(tmp_path, MISMATCHES, **BOUGHT_AND_SOLD),
        "account_id security_id first_date value_at_stake detail",
    )


def test_an_account_may_sell_its_dearest_lots_first(tmp_path: Path) -> None:
    edits = "account_id  lot_method\nbroker:1  hifo"
    same(
        built(tmp_path, GAINS, **BOUGHT_AND_SOLD, account_edits=edits),
        """
        sale  lot  sold        days  quantity  cost   proceeds  gain
        s1    b1   2024-01-04  2     5         550.5  649       98.5
        s1    b2   2024-01-04  1     10        1202   1298      96
        """,
    )


def test_chosen_lots_are_sold_before_all_others(tmp_path: Path) -> None:
    """8 of b2 as chosen, the other 7 from the oldest."""
    choices = "account_id external_id lot_id quantity\nbroker:1 s1 b2 8"
    same(
        built(tmp_path, GAINS, **BOUGHT_AND_SOLD, lot_choices=choices),
        """
        sale  lot  sold        days  quantity  cost   proceeds  gain
        s1    b1   2024-01-04  2     7         770.7  908.6     137.9
        s1    b2   2024-01-04  1     8         961.6  1038.4    76.8
        """,
    )


def test_without_activities_lots_are_inferred_from_snapshots(tmp_path: Path) -> None:
    """The first at its cost basis; five more at the close of 110; twelve sold at 120."""
    household: dict[str, Any] = FIRST_DAYS | {
        "holdings": """
            cost_basis
            broker:1@01-01  X  10  900
            broker:1@01-02  X  15  -
            broker:1@01-03  X  3   -
            broker:1@01-04  X  3   -
        """,
    }
    same(
        built(tmp_path, LOTS, **household),
        """
        lot              acquired    opened  quantity  cost  worth  gain  inferred
        seen:2024-01-01  2024-01-01  10      0         0     -      -     True
        seen:2024-01-02  2024-01-02  5       3         330   390    60    True
        """,
    )
    same(
        built(tmp_path, GAINS, **household),
        """
        sale             lot              sold        days  quantity  cost  proceeds  gain
        seen:2024-01-03  seen:2024-01-01  2024-01-03  2     10        900   1200      300
        seen:2024-01-03  seen:2024-01-02  2024-01-03  1     2         220   240       20
        """,
    )
    assert len(built(tmp_path, MISMATCHES, **household).splitlines()) == 1


def test_a_provider_that_tells_a_new_cost_basis_tells_what_more_units_cost(tmp_path: Path) -> None:
    found = built(
        tmp_path,
        LOTS,
        **FIRST_DAYS,
        holdings="""
            cost_basis
            broker:1@01-01  X  10  900
            broker:1@01-02  X  15  1433
            broker:1@01-03  X  15  1433
            broker:1@01-04  X  15  1433
        """,
    )
    same(
        found,
        """
        lot              acquired    opened  quantity  cost  worth  gain  inferred
        seen:2024-01-01  2024-01-01  10      10        900   1300   400   True
        seen:2024-01-02  2024-01-02  5       5         533   650    117   True
        """,
    )


def test_trades_before_the_first_snapshot_are_its_lots(tmp_path: Path) -> None:
    """Of 10 held, 6 and 6 less 4 are told: 2 are older, at a fifth of its cost, sold first."""
    household: dict[str, Any] = FIRST_DAYS | {
        "snapshots": snapshots("broker:1 01-04"),
        "holdings": "cost_basis\nbroker:1@01-04  X  10  900",
        "activities": f"""
            {TRADES}
            broker:1  b1  2022-01-04  buy   X  6   50  -300  -
            broker:1  b2  2023-01-04  buy   X  6   70  -420  -
            broker:1  s1  2023-06-04  sell  X  -4  80  320   -
        """,
    }
    same(
        built(tmp_path, LOTS, **household),
        """
        lot              acquired    opened  quantity  cost  worth  gain  inferred
        b1               2022-01-04  6       4         200   520    320   False
        b2               2023-01-04  6       6         420   780    360   False
        seen:2024-01-04  2022-01-04  2       0         0     -      -     True
        """,
    )


def test_units_that_no_activity_tells_of_are_a_gap(tmp_path: Path) -> None:
    """Ten told, twelve held: two more at 110; then one is gone without a word."""
    household: dict[str, Any] = FIRST_DAYS | {
        "holdings": """
            cost_basis
            broker:1@01-02  X  12  -
            broker:1@01-03  X  12  -
            broker:1@01-04  X  11  -
        """,
        "activities": f"{TRADES}\nbroker:1  b1  2024-01-02  buy  X  10  110  -1100  -",
    }
    same(
        built(tmp_path, MISMATCHES, **household),
        """
        account_id  security_id  first_date  value_at_stake  detail
        broker:1    X            2024-01-02  220             2~units~more~than~activities~tell
        broker:1    X            2024-01-04  130             1~units~fewer~than~activities~tell
        """,
    )


SPLIT: dict[str, Any] = FIRST_DAYS | {
    "holdings": """
        cost_basis
        broker:1@01-01  X  10  -
        broker:1@01-02  X  10  -
        broker:1@01-03  X  {}  -
        broker:1@01-04  X  {}  -
    """,
    "closes": """
        security_id  price_date  close  basis
        X            2024-01-01  100    as_traded
        X            2024-01-02  110    as_traded
        X            2024-01-03  {}     as_traded
        X            2024-01-04  {}     as_traded
    """,
    "activities": TRADES
    + """
        broker:1  b1  2024-01-01  buy   X  10  100  -1000  -
        broker:1  s1  2024-01-04  sell  X  {}  130  520    -
    """,
}


def test_a_split_changes_no_gain(tmp_path: Path) -> None:
    def household(*, ratio: int) -> dict[str, str]:
        units, sold = 10 * ratio, 4 * ratio
        return SPLIT | {
            "holdings": SPLIT["holdings"].format(units, units - sold),
            "closes": SPLIT["closes"].format(120 / ratio, 130 / ratio),
            "activities": SPLIT["activities"].format(-sold),
        }

    query = "select cost, proceeds, gain, gain_base from realized_gains"
    lots = "select cost, market_value, unrealized_gain from lots"
    splits = "security_id split_date ratio\nX 2024-01-03 4"
    for asked in (query, lots):
        plain = built(tmp_path, asked, **household(ratio=1))
        assert built(tmp_path, asked, **household(ratio=4), splits=splits) == plain
    same(
        built(tmp_path, query, **household(ratio=1)),
        "cost proceeds gain gain_base\n400 520 120 120",
    )
    quantities = "select opened_quantity, quantity from lots"
    same(
        built(tmp_path, quantities, **household(ratio=4), splits=splits),
        "opened_quantity quantity\n40 24",
    )


def test_a_reinvested_dividend_is_a_lot_of_its_own(tmp_path: Path) -> None:
    """0.25 units of 120, told without an amount or with none of cash."""
    for amount in ("-30", "0", "-"):
        found = built(
            tmp_path,
            LOTS,
            **FIRST_DAYS,
            holdings="""
                cost_basis
                broker:1@01-01  X  10     900
                broker:1@01-02  X  10     900
                broker:1@01-03  X  10.25  930
                broker:1@01-04  X  10.25  930
            """,
            activities=f"{TRADES}\nbroker:1  r1  2024-01-03  reinvest  X  0.25  120  {amount}  -",
        )
        assert found.splitlines()[1] == "r1 2024-01-03 0.25 0.25 30 32.5 2.5 False"


def test_cash_that_is_bought_has_no_lot_though_no_snapshot_shows_it(tmp_path: Path) -> None:
    """Nor does it matter whether another account holds that cash."""
    for other in ("SPAXX", "Y"):
        household: dict[str, Any] = FIRST_DAYS | {
            "snapshots": snapshots("broker:1 01-01 01-02", "broker:2 01-01"),
            "holdings": f"""
                cost_basis
                broker:1@01-01  X         10  900
                broker:1@01-02  X         10  900
                broker:2@01-01  {other}   5   -
            """,
            "activities": f"{TRADES}\nbroker:1  b1  2024-01-02  buy  SPAXX  50  1  -50  -",
        }
        query = "select account_id, security_id from lots where account_id = 'broker:1'"
        same(built(tmp_path, query, **household), "account_id security_id\nbroker:1 X")


@pytest.mark.parametrize("arrival", ["told", "seen"])
def test_a_transfer_in_kind_carries_its_basis_and_its_days(tmp_path: Path, arrival: str) -> None:
    """Ten of 900 move to another broker, who sells four of them two days later."""
    told = "\nbroker:2  t1  2024-01-03  transfer_in   X  10  -  -  -" if arrival == "told" else ""
    household: dict[str, Any] = FIRST_DAYS | {
        "snapshots": snapshots("broker:1 01-01 01-02", "broker:2 01-01 01-03 01-04"),
        "holdings": """
            cost_basis
            broker:1@01-01  X  10  900
            broker:2@01-03  X  10  -
            broker:2@01-04  X  6   -
        """,
        "activities": f"""{TRADES}
            broker:1  t1  2024-01-02  transfer_out  X  -10  -    -    -
            broker:2  s1  2024-01-04  sell          X  -4   130  520  -{told}
        """,
    }
    same(
        built(tmp_path, GAINS, **household),
        """
        sale  lot                 sold        days  quantity  cost  proceeds  gain
        s1    seen:2024-01-01>t1  2024-01-04  3     4         360   520       160
        t1    seen:2024-01-01     2024-01-02  1     10        900   -         -
        """,
    )


def test_an_account_that_goes_on_as_another_hands_its_lots_over(tmp_path: Path) -> None:
    found = built(
        tmp_path,
        LOTS,
        **FIRST_DAYS | {"snapshots": snapshots("old:1 01-01", "new:1 01-03")},
        holdings="cost_basis\nold:1@01-01  X  10  900\nnew:1@01-03  X  10  -",
        account_edits="account_id  active  superseded_by\nold:1  false  new:1",
    )
    same(
        found,
        """
        lot                              acquired    opened  quantity  cost  worth  gain  inferred
        seen:2024-01-01                  2024-01-01  10      0         0     -      -     True
        seen:2024-01-01>left:2024-01-02  2024-01-01  10      10        900   1300   400   True
        """,
    )


def test_an_options_price_is_of_one_unit_of_a_hundred(tmp_path: Path) -> None:
    """Two calls written at 3.10 with a fee of 1.30, one bought back at 1.20: 309.35 less 120."""
    household: dict[str, Any] = FIRST_DAYS | {
        "holdings": """
            multiplier  asset_type
            broker:1@01-02  X-CALL  -2  100  option
            broker:1@01-03  X-CALL  -1  100  option
            broker:1@01-04  X-CALL  -1  100  option
        """,
        "closes": "security_id  price_date  close\nX-CALL  2024-01-02  2",
        "activities": f"""
            {TRADES}
            broker:1  s1  2024-01-02  sell  X-CALL  -2  3.10  -     1.30
            broker:1  b1  2024-01-03  buy   X-CALL  1   1.20  -120  -
        """,
    }
    same(
        built(tmp_path, GAINS, **household),
        """
        sale  lot  sold        days  quantity  cost  proceeds  gain
        b1    s1   2024-01-03  1     -1        120   309.35    189.35
        """,
    )
    same(
        built(tmp_path, LOTS, **household),
        """
        lot  acquired    opened  quantity  cost     worth  gain    inferred
        s1   2024-01-02  -2      -1        -309.35  -200   109.35  False
        """,
    )


def test_a_sale_of_more_than_is_held_closes_it_and_opens_a_short(tmp_path: Path) -> None:
    found = built(
        tmp_path,
        LOTS,
        **FIRST_DAYS,
        holdings="""
            cost_basis
            broker:1@01-01  X  10  1000
            broker:1@01-02  X  10  -
            broker:1@01-03  X  -5  -
            broker:1@01-04  X  -5  -
        """,
        activities=f"{TRADES}\nbroker:1  s1  2024-01-03  sell  X  -15  120  1800  -",
    )
    same(
        found,
        """
        lot              acquired    opened  quantity  cost  worth  gain  inferred
        s1               2024-01-03  -5      -5        -600  -650   -50   False
        seen:2024-01-01  2024-01-01  10      0         0     -      -     True
        """,
    )


def test_coins_keep_all_their_places(tmp_path: Path) -> None:
    found = built(
        tmp_path,
        LOTS,
        **FIRST_DAYS,
        holdings="""
            cost_basis
            broker:1@01-01  X  0.00000001  -
            broker:1@01-02  X  0.35128804  -
            broker:1@01-03  X  0.35128804  -
            broker:1@01-04  X  0.35128804  -
        """,
        activities=f"{TRADES}\nbroker:1  b1  2024-01-02  buy  X  0.35128803  110  -38.65  0.01",
    )
    assert found.splitlines()[1].startswith("b1 2024-01-02 0.35128803 0.35128803 38.65")


def test_gains_in_another_currency_are_taken_at_the_rates_of_both_days(tmp_path: Path) -> None:
    """1,000 EUR at 1.10 against 1,300 EUR at 1.00."""
    found = built(
        tmp_path,
        "select cost, proceeds, gain, cost_base, proceeds_base, gain_base from realized_gains",
        **FIRST_DAYS,
        holdings="currency\nbroker:1@01-01  X  10  EUR\nbroker:1@01-02  X  10  EUR",
        activities="""
            account_id external_id activity_date type security_id quantity amount currency
            broker:1   b1          2024-01-01    buy  X           10       -1000  EUR
            broker:1   s1          2024-01-03    sell X           -10      1300   EUR
        """,
        fx_rates="""
            currency quote_currency rate_date  rate
            EUR      USD            2024-01-01 1.10
            EUR      USD            2024-01-03 1.00
        """,
    )
    same(
        found,
        """
        cost  proceeds  gain  cost_base  proceeds_base  gain_base
        1000  1300      300   1100       1300           200
        """,
    )


def test_the_order_of_one_days_trades_does_not_matter(tmp_path: Path) -> None:
    def gained(*ids: str) -> str:
        first, second, third = ids
        return built(
            tmp_path,
            "select sum(cost), sum(proceeds), sum(gain) from realized_gains",
            **FIRST_DAYS,
            holdings="cost_basis\nbroker:1@01-02  X  11  -\nbroker:1@01-03  X  11  -",
            activities=f"""
                {TRADES}
                broker:1  {first}   2024-01-02  buy   X  10  110  -1100  -
                broker:1  {second}  2024-01-02  buy   X  5   90   -450   -
                broker:1  {third}   2024-01-02  sell  X  -4  115  460    -
            """,
        )

    assert len({gained("a", "b", "c"), gained("c", "b", "a"), gained("b", "c", "a")}) == 1


def test_what_was_paid_for_and_what_is_not_known_is_not_made_up(tmp_path: Path) -> None:
    """No price, no cost basis: the gain is null, and the lot is there."""
    found = built(
        tmp_path,
        LOTS,
        **FIRST_DAYS | {"closes": "security_id price_date close"},
        holdings="cost_basis\nbroker:1@01-01  X  10  -",
    )
    assert found.splitlines()[1] == "seen:2024-01-01 2024-01-01 10 0 - - - True"


ON_EVERY_DAY = """
with
factors as (
    select
        valuation_date,
        held.account_id,
        held.security_id,
        held.quantity,
    from daily_holding_values as held
    where price_source is distinct from 'cash'
),

opened as (
    select account_id, security_id, opened_on as day, opened_quantity as units from lots
    union all
    select account_id, security_id, closed_on, -quantity from realized_gains
),

days as (select distinct valuation_date from net_worth_daily)

select
    days.valuation_date,
    opened.account_id,
    opened.security_id,
    sum(opened.units) filter (where opened.day <= days.valuation_date) as units,
    any_value(factors.quantity) as quantity,
from opened
cross join days
full join factors using (valuation_date, account_id, security_id)
group by all
"""


ACTIVITIES = rows(
    0,
    12,
    "account_id external_id",
    account_id=st.sampled_from(["bank:1", "broker:1", "broker:2"]),
    external_id=st.sampled_from("abcdefgh"),
    activity_date=DAYS,
    type=st.sampled_from(
        ["buy", "sell", "reinvest", "stock_dividend", "transfer_in", "transfer_out"]
    ),
    security_id=st.sampled_from(["AAA", "BRK.B", "COIN", "SPAXX"]),
    quantity=maybe(QUANTITIES),
    price=maybe(PRICES),
    amount=maybe(numbers("-100 100 0 33.33")),
    fee=maybe(numbers("0 1.5")),
    currency=maybe(st.sampled_from(["USD", "EUR", "GBp"])),
)
METHODS = rows(
    0,
    2,
    "account_id edited_at",
    account_id=st.sampled_from(["bank:1", "broker:1", "broker:2"]),
    edited_at=moments(),
    lot_method=st.sampled_from(["fifo", "hifo"]),
    superseded_by=maybe(st.sampled_from(["broker:1", "broker:2"])),
    active=maybe(st.booleans()),
)


@settings(max_examples=15, deadline=None)
@given(households(), ACTIVITIES, METHODS)
def test_lots_add_up_to_holdings_on_every_day_whatever_activities_tell(
    household: Household, activities: list[Row], methods: list[Row]
) -> None:
    """Without splits, so that the units of all days are the same."""
    with TemporaryDirectory() as folder:
        home = Path(folder)
        plain = household.but(splits=[], activities=activities, account_edits=methods)
        land_household(home, plain)
        build_home(home, plain)
        wrong = [
            row
            for row in tenet.open(home).sql(ON_EVERY_DAY).to_dicts()
            if (row["units"] or 0) != (row["quantity"] or 0)
            and row["security_id"] != "_ZERO_BALANCE"
        ]
        assert wrong == []


@settings(max_examples=8, deadline=None)
@given(households())
def test_with_splits_the_lots_of_the_last_day_are_what_is_held(household: Household) -> None:
    with TemporaryDirectory() as folder:
        home = Path(folder)
        land_household(home, household)
        build_home(home, household)
        query = """
            select account_id, security_id, units, quantity
            from (select account_id, security_id, sum(quantity) as units from lots group by all)
            full join (
                select account_id, security_id, quantity
                from daily_holding_values
                where price_source is distinct from 'cash' and security_id <> '_ZERO_BALANCE'
                    and valuation_date = (select through_date from build_info)
            ) using (account_id, security_id)
        """
        for account, security, units, quantity in tenet.open(home).sql(query).rows():
            size = max(abs(units or 0), abs(quantity or 0), 1)
            assert abs((units or 0) - (quantity or 0)) <= size / 10**8, (account, security)


# The commands.


def test_gains_are_told_by_year_and_term(tmp_path: Path) -> None:
    """Sold on the day after 365 days, and on the 365th: the one is long term, the other short."""
    built(
        tmp_path,
        "select 1",
        **FIRST_DAYS
        | {
            "snapshots": snapshots("broker:1 01-01"),
            "holdings": "cost_basis\nbroker:1@01-01  X  5  -",
            "activities": f"""
                {TRADES}
                broker:1  b1  2021-01-01  buy   X  5   100  -500  -
                broker:1  b2  2022-01-01  buy   X  10  100  -1000 -
                broker:1  s1  2022-01-02  sell  X  -5  120  600   -
                broker:1  s2  2023-01-01  sell  X  -5  110  550   -
            """,
        },
    )
    (tmp_path / "household.duckdb").rename(tmp_path / "tenet.duckdb")
    workspace = tenet.open(tmp_path)
    found = gains_by_year(workspace, long_term_days=365)
    columns = ["year", "short_term_base", "long_term_base", "gain_base", "unknown_count"]
    assert found.select(columns).rows() == [(2022, 0, 100, 100, 0), (2023, 50, 0, 50, 0)]
    assert gains(workspace, long_term_days=364, year=2023)["term"].to_list() == ["long"]
    assert lots(workspace, long_term_days=365)["quantity"].to_list() == [5]
    assert len(lots(workspace, long_term_days=365, closed=True)) == 2


def test_the_commands_print_rows(tenet_command: Command, home: Path) -> None:
    """Ten AAPL at their cost basis of 1,500 are worth 1,842.50."""
    (lot,) = json.loads(tenet_command("--home", home, "lots", "--json").stdout)
    assert (lot["cost"], lot["market_value"], lot["unrealized_gain"]) == (1500, 1842.5, 342.5)
    assert lot["is_inferred"]
    found = tenet_command("--home", home, "gains", "--year", "2024", "--json")
    assert json.loads(found.stdout) == {"years": [], "gains": []}
    assert tenet_command("--home", home, "gains", "--csv").stdout.startswith("sold_date,account_id")
    assert tenet_command("--home", home, "gains", "--year", "12").returncode == 2
    refused = tenet_command("--home", home, "lots", "--account", "nobody")
    assert (refused.returncode, "nobody" in refused.stderr) == (2, True)
    said = tenet_command("--home", home, "account", "lot-method", "broker:1", "hifo")
    assert said.returncode == 0, said.stderr
    assert tenet_command("--home", home, "build").returncode == 0
    assert (
        tenet_command("--home", home, "account", "lot-method", "broker:1", "lifo").returncode == 2
    )


def test_the_lots_of_a_holding_are_worth_what_it_is_worth(demo_home: Path) -> None:
    workspace = tenet.open(demo_home, refresh_local=False)
    apart = workspace.sql("""
        with summed as (
            select
                account_id,
                security_id,
                sum(market_value_base) as value,
                count(*) as lot_count,
            from lots
            where quantity <> 0
            group by all
        )
        select security_id, value, market_value_base, lot_count
        from summed
        left join holdings_current using (account_id, security_id)
        where abs(value - market_value_base) > 0.005 * lot_count or market_value_base is null
    """)
    assert apart.rows() == []
