"""Asset classes, targets, and the owners' shares, on households that a person can check by eye."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from households import Household, Row, households, moments, valued
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tables import answer, same

import tenet

HELD = {
    "snapshots": "snapshot_id account_id observed_at\ns1 bank:1 2024-01-01~12:00+00",
    "through": "2024-01-03",
}
FUND_AND_CASH = """
    snapshot_id  security_id  account_id  quantity  snapshot_price  asset_type
    s1           FUND         bank:1      1         100.01          etf
    s1           _CASH:USD    bank:1      50        1               -
"""
CLASSES = (
    "select security_id, asset_class, rule, weight from holding_classes where is_current "
    "and account_id = 'bank:1'"
)


def test_the_asset_type_tells_the_class_where_it_tells_what_is_in_it(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        CLASSES,
        **HELD,
        holdings="""
        snapshot_id  security_id  account_id  quantity  asset_type
        s1           AAPL         bank:1      1         equity
        s1           BTC          bank:1      1         crypto
        s1           SPAXX        bank:1      1         -
        s1           VTI          bank:1      1         etf
        s1           _PL:0000001a  bank:1      -1        liability
        """,
    )
    expected = """
    security_id   asset_class   rule          weight
    AAPL          Stocks        detected      1
    BTC           Crypto        detected      1
    SPAXX         Cash          detected      1
    VTI           unclassified  unclassified  1
    _PL:0000001a  Debt          debt          1
    """
    same(found, expected)


def test_the_users_class_of_an_account_wins_over_his_class_of_a_security(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "select account_id, security_id, asset_class, rule from holding_classes where is_current",
        through="2024-01-03",
        snapshots="""
        snapshot_id  account_id  observed_at
        s1           bank:1      2024-01-01~12:00+00
        s2           bank:2      2024-01-01~12:00+00
        """,
        holdings="""
        snapshot_id  security_id  account_id  quantity  asset_type
        s1           VTI          bank:1      1         etf
        s2           VTI          bank:2      1         etf
        """,
        security_edits="security_id  asset_class\nVTI  Stocks",
        account_edits="account_id  asset_class\nbank:2  Play~money",
    )
    expected = """
    account_id  security_id  asset_class  rule
    bank:1      VTI          Stocks       security
    bank:2      VTI          Play~money   account
    """
    same(found, expected)


def test_a_class_that_is_taken_back_falls_to_the_next_rule(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        CLASSES,
        **HELD,
        holdings="snapshot_id security_id account_id quantity asset_type\ns1 AAPL bank:1 1 equity",
        security_edits="""
        security_id  asset_class  edited_at
        AAPL         Tech         2024-01-02~12:00+00
        AAPL         ~            2024-01-03~12:00+00
        """,
    )
    same(found, "security_id asset_class rule weight\nAAPL Stocks detected 1")


def test_a_fund_is_split_by_its_weights_and_the_rest_stays_in_its_own_class(tmp_path: Path) -> None:
    # 100.01 x 0.5 = 50.005, rounded up to 50.01; through 0.9 are 90.01, through 1 all.
    found = answer(
        tmp_path,
        "select asset_class, market_value_base, round(weight, 4) as weight from allocation_daily "
        "where valuation_date = '2024-01-03'",
        **HELD,
        holdings=FUND_AND_CASH,
        fund_weights="""
        security_id  asset_class  weight
        FUND         Bonds        0.5
        FUND         Cash         0.4
        """,
    )
    expected = """
    asset_class   market_value_base  weight
    Bonds         50.01              0.3334
    Cash          90                 0.6
    unclassified  10                 0.0667
    """
    same(found, expected)


def test_weights_of_more_than_one_fund_are_scaled_to_it(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "select asset_class, market_value_base from allocation_daily "
        "where valuation_date = '2024-01-03' and asset_class <> 'Cash'",
        **HELD,
        holdings=FUND_AND_CASH,
        fund_weights="""
        security_id  asset_class  weight  edited_at
        FUND         Bonds        1       2023-12-01~12:00+00
        FUND         Stocks       1       2023-12-01~12:00+00
        """,
    )
    same(found, "asset_class market_value_base\nBonds 50.01\nStocks 50")


def test_history_uses_the_classes_of_now_or_those_of_then(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "select valuation_date, asset_class, market_value_base as now, "
        "market_value_base_then as then, target_weight as target, "
        "target_weight_then as target_then, round(drift, 4) as drift, "
        "round(drift_then, 4) as drift_then from allocation_daily where asset_class <> 'Cash'",
        **HELD,
        holdings=FUND_AND_CASH,
        security_edits="""
        security_id  asset_class  edited_at
        FUND         Stocks       2024-01-02~12:00+00
        FUND         Bonds        2024-01-03~12:00+00
        """,
        asset_classes="""
        asset_class  target_weight  edited_at
        Bonds        0.5            2024-01-02~12:00+00
        """,
    )
    # 100.01 of 150.01 is 0.6667.
    expected = """
    valuation_date  asset_class   now     then    target  target_then  drift   drift_then
    2024-01-01      Bonds         100.01  0       0.5     -            0.1667  -
    2024-01-01      unclassified  0       100.01  -       -            -       -
    2024-01-02      Bonds         100.01  0       0.5     0.5          0.1667  -0.5
    2024-01-02      Stocks        0       100.01  -       -            -       -
    2024-01-03      Bonds         100.01  100.01  0.5     0.5          0.1667  0.1667
    """
    same(found, expected)


def test_an_edit_of_the_evening_is_of_that_local_day(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "select first_date, asset_class from holding_classes where security_id = 'FUND'",
        **HELD,
        timezone="America/New_York",
        holdings=FUND_AND_CASH,
        security_edits="security_id asset_class edited_at\nFUND Stocks 2024-01-02~02:00+00",
    )
    same(found, "first_date asset_class\n1900-01-01 unclassified\n2024-01-01 Stocks")


def test_debts_and_excluded_accounts_are_left_out_and_stand_beside(tmp_path: Path) -> None:
    household = {
        "through": "2024-01-01",
        "snapshots": """
        snapshot_id  account_id  observed_at
        s1           bank:1      2024-01-01~12:00+00
        s2           home:1      2024-01-01~12:00+00
        """,
        "holdings": """
        snapshot_id  security_id   account_id  quantity  snapshot_price  asset_type
        s1           AAPL          bank:1      1         300             equity
        s1           _CASH:USD     bank:1      -100      1               cash
        s1           _PL:0000001a  bank:1      -1        50              liability
        s2           _PL:0000001b  home:1      1         9000            real_asset
        """,
        "account_edits": "account_id include_in_allocation\nhome:1 false",
    }
    query = "select asset_class, market_value_base, weight from allocation_daily"
    expected = """
    asset_class  market_value_base  weight
    Cash         -100               -0.5
    Stocks       300                1.5
    """
    same(answer(tmp_path, query, **household), expected)
    query = (
        "select account_id, asset_class, market_value_base from account_allocation_daily "
        "where not is_allocated"
    )
    expected = """
    account_id  asset_class  market_value_base
    bank:1      Debt         -50
    home:1      Real~assets  9000
    """
    same(answer(tmp_path, query, **household), expected)


def test_what_has_no_value_is_counted_in_its_class(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "select asset_class, market_value_base, weight, unpriced_count from allocation_daily",
        through="2024-01-01",
        snapshots=HELD["snapshots"],
        holdings="snapshot_id security_id account_id quantity asset_type\ns1 AAPL bank:1 1 equity",
    )
    same(found, "asset_class market_value_base weight unpriced_count\nStocks 0 - 1")


def test_a_class_with_a_target_that_is_not_held_is_under_it(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "select asset_class, market_value_base, weight, drift from allocation_daily",
        through="2024-01-01",
        snapshots=HELD["snapshots"],
        holdings="snapshot_id security_id account_id quantity\ns1 _CASH:USD bank:1 10",
        asset_classes="asset_class target_weight\nBonds 0.25\nGold 0",
    )
    same(found, "asset_class market_value_base weight drift\nBonds 0 0.0 -0.25\nCash 10 1.0 -")


JOINT = {
    "snapshots": """
    snapshot_id  account_id  observed_at
    s1           home:1      2024-12-30~12:00+00
    s2           bank:1      2024-12-30~12:00+00
    """,
    "holdings": """
    snapshot_id  security_id   account_id  quantity  snapshot_price  asset_type
    s1           _PL:0000001b  home:1      1         100.01          real_asset
    s1           _PL:0000001a  home:1      -1        40.01           liability
    s2           _CASH:USD     bank:1      10        1               cash
    """,
    "through": "2024-12-31",
}


def test_a_joint_house_is_split_to_the_cent(tmp_path: Path) -> None:
    # Half of 100.01 is 50.005: the first owner has 50.01; likewise of the debt, 20.01 and 20.00.
    found = answer(
        tmp_path,
        "select owner, net_worth, assets, liabilities, account_count as accounts "
        "from owner_values_daily where valuation_date = '2024-12-31'",
        **JOINT,
        account_edits="account_id owner\nhome:1 Ann~50%,~Ben~50%\nbank:1 Ben",
    )
    expected = """
    owner  net_worth  assets  liabilities  accounts
    Ann    30         50.01   20.01        1
    Ben    40         60      20           2
    """
    same(found, expected)


def test_history_uses_the_owners_of_now_or_those_of_then(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "select valuation_date, owner, net_worth as now, net_worth_then as then "
        "from owner_values_daily",
        **JOINT,
        account_edits="""
        account_id  owner            edited_at
        home:1      Ann~50%,~Ben~50%  2024-12-31~12:00+00
        bank:1      Ben               2024-12-01~12:00+00
        """,
    )
    expected = """
    valuation_date  owner      now  then
    2024-12-30      Ann        30   0
    2024-12-30      Ben        40   10
    2024-12-30      household  0    60
    2024-12-31      Ann        30   30
    2024-12-31      Ben        40   40
    """
    same(found, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ann~Lee~60%,~Ben~40%", ["Ann~Lee 0.6", "Ben 0.4"]),
        (
            "Ann~33.3333%,Ben~33.3333%,Cem~33.3334%",
            ["Ann 0.333333", "Ben 0.333333", "Cem 0.333334"],
        ),
        ("Ann~and~Ben", ["Ann~and~Ben 1"]),
        ("Ann~50%,~Ben~40%", ["Ann~50%,~Ben~40% 1"]),
        ("Ann~50%,~Ann~50%", ["Ann~50%,~Ann~50% 1"]),
        ("Ann~50%,~Ben", ["Ann~50%,~Ben 1"]),
        ("Ann~1000%,~Ben~100%", ["Ann~1000%,~Ben~100% 1"]),
        ("Ann~1.2.3%,~Ben~100%", ["Ann~1.2.3%,~Ben~100% 1"]),
        ("~", ["household 1"]),
    ],
)
def test_a_text_that_is_no_shares_is_one_name(
    tmp_path: Path, text: str, expected: list[str]
) -> None:
    found = answer(
        tmp_path,
        "select owner, share from owner_statements where account_id = 'home:1'",
        **JOINT,
        account_edits=f"account_id owner\nhome:1 {text}",
    )
    assert found.splitlines() == ["owner share", *expected]


def test_a_statement_tells_what_is_left_after_the_assumed_taxes(tmp_path: Path) -> None:
    # Deferred: 0.25 of 1,000. Taxable: 0.1 of the gain 300 less the loss 100. Halves: 990.
    found = answer(
        tmp_path,
        "select account_id, owner, tax_bucket as bucket, market_value_base as value, "
        "assumed_tax_base as tax, after_tax_base as after, unknown_tax_count as unknown "
        "from owner_statements",
        through="2024-12-31",
        snapshots="""
        snapshot_id  account_id  observed_at
        s1           plan:1      2024-12-31~12:00+00
        s2           depot:1     2024-12-31~12:00+00
        s3           bank:1      2024-12-31~12:00+00
        """,
        holdings="""
        snapshot_id  security_id  account_id  quantity  snapshot_price  cost_basis
        s1           VTI          plan:1      10        100             -
        s2           WIN          depot:1     1         1300            1000
        s2           LOSS         depot:1     1         700             800
        s2           GIFT         depot:1     1         2               -
        s3           _CASH:USD    bank:1      500       1               -
        """,
        accounts="account_id account_type\nplan:1 401k\ndepot:1 brokerage\nbank:1 checking",
        account_edits="account_id owner\ndepot:1 Ann~50%,~Ben~50%",
        tax_rates="tax_bucket rate\ndeferred 0.25\ntaxable 0.1",
    )
    expected = """
    account_id  owner      bucket    value  tax  after  unknown
    bank:1      household  cash      500    0    500    0
    depot:1     Ann        taxable   1001   10   991    1
    depot:1     Ben        taxable   1001   10   991    1
    plan:1      household  deferred  1000   250  750    0
    """
    same(found, expected)


def test_without_a_rate_the_tax_is_not_known_and_counted(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "select after_tax_base as after, unknown_tax_count as unknown from owner_statements",
        through="2024-12-31",
        snapshots="snapshot_id account_id observed_at\ns1 plan:1 2024-12-31~12:00+00",
        holdings="snapshot_id security_id account_id quantity snapshot_price\ns1 VTI plan:1 10 100",
        account_edits="account_id tax_bucket\nplan:1 deferred",
    )
    same(found, "after unknown\n1000 1")


def test_splitting_an_account_changes_no_figure_of_the_household(tmp_path: Path) -> None:
    said = {
        "through": "2024-12-31",
        "security_edits": "security_id asset_class\nVTI Stocks",
        "asset_classes": "asset_class target_weight\nStocks 0.5\nCash 0.5",
    }
    one = {
        "snapshots": "snapshot_id account_id observed_at\ns1 bank:1 2024-12-31~12:00+00",
        "holdings": """
        snapshot_id  security_id  account_id  quantity  snapshot_price
        s1           VTI          bank:1      3         33.33
        s1           _CASH:USD    bank:1      50.01     1
        """,
        "account_edits": "account_id owner\nbank:1 Ann",
    }
    two = {
        "snapshots": """
        snapshot_id  account_id  observed_at
        s1           bank:1      2024-12-31~12:00+00
        s2           bank:2      2024-12-31~12:00+00
        """,
        "holdings": one["holdings"].replace("s1           VTI          bank:1", "s2 VTI bank:2"),
        "account_edits": "account_id owner\nbank:1 Ann\nbank:2 Ann",
    }
    for query in (
        "select * from allocation_daily",
        "select * exclude (account_count, account_count_then) from owner_values_daily",
        "select owner, sum(after_tax_base) as after_tax from owner_statements group by owner",
    ):
        found = answer(tmp_path, query, **said, **one)
        assert answer(tmp_path, query, **said, **two) == found
        assert len(found.splitlines()) > 1


ADDS_UP = """
select 'owners' as what, valuation_date
from net_worth_daily as household
left join (
    select valuation_date, columns(* exclude (valuation_date, owner))::decimal(38, 2)
    from (
        select
            valuation_date,
            any_value(owner) as owner,
            sum(net_worth) as net_worth,
            sum(assets) as assets,
            sum(liabilities) as liabilities,
            sum(net_worth_then) as net_worth_then,
            sum(assets_then) as assets_then,
            sum(liabilities_then) as liabilities_then,
        from owner_values_daily
        group by valuation_date
    )
) as owned using (valuation_date)
where
    household.net_worth <> coalesce(owned.net_worth, 0)
    or household.assets <> coalesce(owned.assets, 0)
    or household.liabilities <> coalesce(owned.liabilities, 0)
    or household.net_worth <> coalesce(owned.net_worth_then, 0)
    or household.assets <> coalesce(owned.assets_then, 0)
    or household.liabilities <> coalesce(owned.liabilities_then, 0)
union all
select 'classes', valuation_date
from account_values_daily as account
left join (
    select
        valuation_date,
        account_id,
        sum(market_value_base) as worth,
        sum(market_value_base_then) as worth_then,
        sum(unpriced_count) as unpriced,
        sum(unpriced_count_then) as unpriced_then,
    from account_allocation_daily
    group by all
) as classed using (valuation_date, account_id)
where
    account.market_value_base <> coalesce(classed.worth, 0)
    or account.market_value_base <> coalesce(classed.worth_then, 0)
    or account.unpriced_count > coalesce(classed.unpriced, 0)
    or account.unpriced_count > coalesce(classed.unpriced_then, 0)
union all
select 'weights', valuation_date
from allocation_daily
group by valuation_date
having
    abs(sum(weight) - 1) > 1e-6 * sum(abs(weight))
    or abs(sum(weight_then) - 1) > 1e-6 * sum(abs(weight_then))
union all
select 'statements', valuation_date
from (
    select
        valuation_date,
        account_id,
        sum(market_value_base) as worth,
        sum(market_value_base_then) as worth_then,
        sum(share) as shares,
        sum(share_then) as shares_then,
        bool_and(after_tax_base = market_value_base - assumed_tax_base) as is_after_tax,
    from owner_statements
    group by all
)
inner join account_values_daily as account using (valuation_date, account_id)
where
    account.market_value_base <> worth
    or account.market_value_base <> worth_then
    or shares <> 1
    or shares_then <> 1
    or not is_after_tax
"""

NAMES = st.sampled_from(["Ann", "Ben", "Ann 50%, Ben 50%", "Ann 33.3%, Cem 33.3%, Ben 33.4%", ""])
CLASSES_SAID = st.sampled_from(["Stocks", "Bonds", ""])


@st.composite
def said(draw: st.DrawFn, household: Household) -> dict[str, list[Row]]:
    """What the user says of a household's accounts and securities, at odd times."""

    def of(key: str, ids: list[str], **columns: st.SearchStrategy[Any]) -> list[Row]:
        drawn = [
            {key: draw(st.sampled_from(ids)), "edited_at": draw(moments()), "landing_id": "0"}
            | {name: draw(column) for name, column in columns.items()}
            for _ in range(draw(st.integers(1, 4)))
        ]
        return list({(row[key], row["edited_at"]): row for row in drawn}.values())

    accounts = sorted({row["account_id"] for row in household.raw["accounts"]})
    held = sorted({row["security_id"] for row in household.raw.get("holdings", [])}) or ["AAA"]
    held = [name for name in held if not name.startswith("_")] or ["AAA"]
    weights = of("security_id", held)
    return {
        "account_edits": of("account_id", accounts, owner=NAMES, asset_class=CLASSES_SAID),
        "security_edits": of("security_id", held, asset_class=CLASSES_SAID),
        "fund_weights": [
            row | {"asset_class": name, "weight": Decimal(weight)}
            for row in weights
            for name, weight in (("Bonds", "0.333"), ("Gold", draw(st.sampled_from(["0.4", "1"]))))
        ],
        "tax_rates": [
            {
                "tax_bucket": "taxable",
                "edited_at": draw(moments()),
                "rate": Decimal("0.2"),
                "landing_id": "0",
            }
        ],
    }


@settings(max_examples=8, deadline=None, derandomize=True, phases=[Phase.generate])
@given(st.data(), households())
def test_owners_and_classes_add_up_to_the_cent(data: st.DataObject, household: Household) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        valued(home, household.but(**data.draw(said(household))))
        assert tenet.open(home).sql(ADDS_UP).rows() == []
