"""The demo family: the marts against its truth, which is known without any SQL."""

from __future__ import annotations

import shlex
import subprocess
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest
from naive import daily_holding_values

import tenet
from tenet import demo
from tenet.bridge import residuals
from tenet.build import build
from tenet.demo import facts, feeds, market
from tenet.demo.landing import land
from tenet.errors import DayTooEarly, NotADemoHome
from tenet.settings import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = subprocess.CompletedProcess[str]

THROUGH = date(2026, 11, 20)
START = demo.first_day(THROUGH)
AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
KEY = ["valuation_date", "account_id", "security_id"]
CENT = Decimal("0.01")
DAY, WEEK = timedelta(days=1), timedelta(days=7)

SPLIT_DATE = market.split_date(START)
SOLD = market.order_day(START, facts.LIQUIDATED_MONTH)
FEED_ENDS = market.order_day(START, facts.DEAD_FEED_MONTH)
MISSED = market.order_day(START, facts.MISSED_MONTH)


def built(home: Path, through: date) -> tenet.Workspace:
    settings = load(home, timezone=facts.TIMEZONE, base_currency=facts.BASE_CURRENCY)
    build(settings, through=through, at=AT)
    return tenet.open(home)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> tenet.Workspace:
    home = tmp_path_factory.mktemp("home")
    land(home, through=THROUGH, at=AT)
    return built(home, THROUGH)


@pytest.fixture(scope="module")
def raw() -> dict[str, pl.DataFrame]:
    return demo.household(THROUGH)


@pytest.fixture(scope="module")
def values(workspace: tenet.Workspace) -> pl.DataFrame:
    """daily_holding_values without the rows of emptied accounts."""
    return workspace.read("daily_holding_values").filter(pl.col("security_id") != "_ZERO_BALANCE")


@pytest.fixture(scope="module")
def truth() -> pl.DataFrame:
    """What was owned on each day, with its value in dollars, worked out here."""
    true = demo.true_values(THROUGH)
    return true.with_columns(
        pl.Series("value", [dollars(row) for row in true.to_dicts()], pl.Decimal(18, 2))
    )


def dollars(row: dict[str, Decimal]) -> Decimal:
    value = (row["units"] * row["price"] * row["multiplier"]).quantize(CENT, ROUND_HALF_UP)
    return (value * row["dollars"]).quantize(CENT, ROUND_HALF_UP)


def friday_after(day: date) -> date:
    return day + timedelta(days=(4 - day.weekday()) % 7)


def known_days() -> set[date]:
    """Days with a sync on which each price is of the day or the broker's own of the day."""
    fridays = {START + count * WEEK for count in range((THROUGH - START).days // 7 + 1)}
    missed = {day for day in fridays if (day.year, day.month) == (MISSED.year, MISSED.month)}
    # The last close of the dead feed is carried for seven days.
    return fridays - missed - {friday_after(FEED_ENDS)}


def between(first: date, last: date) -> pl.Expr:
    return pl.col("valuation_date").is_between(first, last)


def test_the_family_ends_on_the_last_day_and_began_five_years_before() -> None:
    days = demo.true_values(THROUGH)["valuation_date"]
    assert (days.min(), days.max()) == (date(2021, 11, 19), THROUGH)
    assert START.weekday() == 4


def test_net_worth_is_the_truth_to_the_cent_on_every_day_on_which_all_is_known(
    workspace: tenet.Workspace, truth: pl.DataFrame
) -> None:
    found = dict(workspace.sql("select valuation_date, net_worth from net_worth_daily").rows())
    expected = dict(truth.group_by("valuation_date").agg(pl.col("value").sum()).rows())
    known = known_days()
    assert len(known) == 256
    assert {day: found[day] for day in known} == {day: expected[day] for day in known}


def test_each_holding_is_true_on_the_days_on_which_all_is_known(
    values: pl.DataFrame, truth: pl.DataFrame
) -> None:
    on_known_days = pl.col("valuation_date").is_in(list(known_days()))
    found = values.select(*KEY, "quantity", "close_price", "currency", value="market_value_base")
    true = truth.select(
        *KEY, quantity="units", close_price="price", currency="currency", value="value"
    )
    assert found.filter(on_known_days).sort(KEY).equals(true.filter(on_known_days).sort(KEY))


def test_between_syncs_the_market_prices_stay_true(
    values: pl.DataFrame, truth: pl.DataFrame
) -> None:
    wild = feeds.wild_day(START)
    both = values.join(truth, on=KEY).filter(
        ~pl.col("security_id").is_in([facts.CALL, facts.DEAD_FEED]),
        ~((pl.col("security_id") == facts.WILD) & (pl.col("valuation_date") == wild)),
    )
    assert both.height > 25_000
    assert both.filter(pl.col("close_price") != pl.col("price")).is_empty()


def test_nothing_jumps_through_the_split(values: pl.DataFrame, truth: pl.DataFrame) -> None:
    around = (between(SPLIT_DATE - WEEK, SPLIT_DATE + WEEK), pl.col("security_id") == facts.SPLIT)
    found = values.filter(*around).sort(KEY)
    units = dict(found.select("valuation_date", "quantity").rows())
    assert units[SPLIT_DATE - DAY] == 60
    assert units[SPLIT_DATE] == 240
    assert friday_after(SPLIT_DATE) > SPLIT_DATE, "the split falls between two syncs"
    expected = truth.filter(*around).sort(KEY)["value"]
    assert found["market_value_base"].to_list() == expected.to_list()
    assert found["market_value_base"].cast(pl.Float64).pct_change().abs().max() < 0.05


def test_closes_come_as_a_source_sends_them_today(
    raw: dict[str, pl.DataFrame], truth: pl.DataFrame
) -> None:
    closes = raw["closes"].filter(pl.col("security_id") == facts.SPLIT)
    sent = dict(closes.select("price_date", "close").rows())
    traded = truth.filter(pl.col("security_id") == facts.SPLIT)
    true = dict(traded.select("valuation_date", "price").rows())
    assert sent[START] * 4 == true[START]
    assert sent[SPLIT_DATE] == true[SPLIT_DATE]


def test_the_liquidated_account_is_zero_from_its_day_on_and_does_not_vanish(
    workspace: tenet.Workspace,
) -> None:
    rows = workspace.sql(
        "select valuation_date, market_value_base, holding_count from account_values_daily "
        "where account_id = $account order by valuation_date",
        {"account": facts.LIQUIDATED},
    )
    emptied = friday_after(SOLD)
    before, after = (
        rows.filter(between(START, emptied - DAY)),
        rows.filter(between(emptied, THROUGH)),
    )
    assert before["market_value_base"].min() > 0
    assert after.height == (THROUGH - emptied).days + 1
    assert after["market_value_base"].unique().to_list() == [0]
    assert after["holding_count"].unique().to_list() == [0]


def test_where_the_feed_is_dead_the_brokers_own_price_is_never_older_than_a_week(
    values: pl.DataFrame, truth: pl.DataFrame
) -> None:
    rows = values.filter(pl.col("security_id") == facts.DEAD_FEED, between(FEED_ENDS, THROUGH))
    last_close = FEED_ENDS - DAY
    carried = rows.filter(between(FEED_ENDS, last_close + WEEK))
    assert carried["price_source"].unique().to_list() == ["carry_forward"]
    assert carried["price_date"].unique().to_list() == [last_close]

    own = rows.filter(between(last_close + WEEK + DAY, THROUGH))
    assert own.height > 150
    assert own["price_source"].unique().to_list() == ["snapshot"]
    assert own["price_date"].equals(own["snapshot_date"])
    assert (own["valuation_date"] - own["price_date"]).max() < WEEK
    priced = own.join(
        truth.select("security_id", "price", price_date="valuation_date"),
        on=["security_id", "price_date"],
    )
    assert priced["close_price"].equals(priced["price"])


def test_what_has_only_the_brokers_price_is_counted_as_estimated_between_syncs(
    workspace: tenet.Workspace, values: pl.DataFrame
) -> None:
    estimated = workspace.sql(
        "select valuation_date, estimated_base from account_values_daily where account_id = $us",
        {"us": facts.US},
    )
    day = THROUGH - DAY
    held = values.filter(
        pl.col("valuation_date") == day,
        pl.col("security_id").is_in([facts.DEAD_FEED, facts.CALL]),
    )
    found = dict(estimated.rows())
    assert held.height == 2
    assert found[day] == held["market_value_base"].sum() > 0
    assert found[THROUGH] == 0, "a sync on the last day"


def test_the_missed_month_is_carried_with_the_old_units(
    values: pl.DataFrame, truth: pl.DataFrame
) -> None:
    first = MISSED.replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - DAY
    synced = pl.col("account_id").str.starts_with("demo:")
    month = values.filter(between(first, last), synced)
    last_sync = friday_after(first) - WEEK
    assert month["snapshot_date"].unique().to_list() == [last_sync]

    before = values.filter(pl.col("valuation_date") == last_sync, synced)
    unit_counts = month.group_by("account_id", "security_id").agg(pl.col("quantity").unique())
    old = dict(before.select(pl.concat_str("account_id", "security_id"), "quantity").rows())
    found = dict(unit_counts.select(pl.concat_str("account_id", "security_id"), "quantity").rows())
    assert found == {key: [quantity] for key, quantity in old.items()}

    both = month.join(truth, on=KEY)
    assert not both.filter(pl.col("quantity") != pl.col("units")).is_empty(), "orders went on"


def test_the_wild_close_is_an_issue_and_changes_no_value(
    workspace: tenet.Workspace, values: pl.DataFrame, truth: pl.DataFrame
) -> None:
    wild = feeds.wild_day(START)
    issues = workspace.sql("select kind, security_id, price_date, close from price_issues").rows()
    assert [row[:3] for row in issues] == [("price_out_of_range", facts.WILD, wild)]
    row = values.filter(pl.col("valuation_date") == wild, pl.col("security_id") == facts.WILD)
    true = truth.filter(pl.col("valuation_date") == wild - DAY, pl.col("security_id") == facts.WILD)
    assert row["price_source"].item() == "carry_forward"
    assert row["close_price"].item() == true["price"].item()
    assert issues[0][3] < row["close_price"].item() / 50


def test_pence_and_euros_come_out_in_dollars_at_the_days_rate(values: pl.DataFrame) -> None:
    rows = values.filter(pl.col("valuation_date") == THROUGH, pl.col("account_id") == facts.GERMAN)
    euro = {pair: series[THROUGH] for pair, series in market.euro_rates(START, THROUGH).items()}
    by_security = {row["security_id"]: row for row in rows.to_dicts()}

    ships, fund = by_security[facts.SHIPS], by_security[facts.EUROPE]
    pence = market.prices(START, THROUGH)[facts.SHIPS][THROUGH]
    assert (ships["currency"], ships["close_price"]) == ("GBP", pence / 100)
    assert ships["quantity"] == 360
    assert abs(ships["market_value_base"] - 360 * pence / 100 * euro["USD"] / euro["GBP"]) < CENT
    assert (fund["currency"], fund["fx_rate"], fund["fx_date"]) == ("EUR", euro["USD"], THROUGH)


def test_the_smallest_price_is_not_cut_to_cents(values: pl.DataFrame) -> None:
    prices = values.filter(pl.col("security_id") == facts.PUPS)["close_price"]
    assert 0 < prices.min() < Decimal("0.00001")


def test_everything_is_valued_and_every_name_says_that_it_is_invented(
    workspace: tenet.Workspace,
) -> None:
    assert workspace.sql("select sum(unpriced_count) from net_worth_daily").item() == 0
    for name, institution in workspace.sql("select name, institution from accounts").rows():
        assert name.startswith("Demo ")
        assert "(invented)" in institution


def test_the_day_by_day_oracle_gives_the_same_rows(
    workspace: tenet.Workspace, raw: dict[str, pl.DataFrame]
) -> None:
    rows = {name: frame.to_dicts() for name, frame in raw.items()}
    expected = daily_holding_values(
        rows, through=THROUGH, timezone=facts.TIMEZONE, base_currency=facts.BASE_CURRENCY
    )
    found = workspace.read("daily_holding_values").sort(KEY).to_dicts()
    assert [{name: row[name] for name in expected[0]} for row in found] == expected


def test_activities_tell_of_all_that_was_bought_sold_and_paid(workspace: tenet.Workspace) -> None:
    """Nothing is left to infer but what was held on the first day; and the bridge adds up."""
    assert workspace.sql("select count(*) from gaps where kind = 'lot_mismatch'").item() == 0
    inferred = workspace.sql("select distinct opened_on from lots where is_inferred").rows()
    assert inferred == [(START,)]
    assert residuals(workspace) == 0
    told = workspace.sql("select type, count(*) from activities group by all").rows()
    assert set(dict(told)) == {
        *("buy", "sell", "dividend", "interest", "fee", "deposit", "withdrawal"),
    }


def test_the_family_gained_what_it_sold_for_more_than_it_paid(
    workspace: tenet.Workspace, truth: pl.DataFrame
) -> None:
    """Sixty of the 240 that sixty became by the split: a quarter of what they cost at first."""
    day = market.order_day(START, 44)
    price = truth.filter(pl.col("valuation_date") == day, pl.col("security_id") == facts.TECH)
    cost = 60 * market.prices(START, THROUGH)[facts.TECH][START] / 4
    found = workspace.sql(
        "select cost, proceeds, gain from realized_gains where security_id = $of",
        {"of": facts.TECH},
    ).row(0)
    assert found == (cost, 60 * price["price"].item(), 60 * price["price"].item() - cost)


def test_two_runs_of_the_generator_give_equal_rows(raw: dict[str, pl.DataFrame]) -> None:
    again = demo.household(THROUGH)
    assert all(again[name].equals(frame) for name, frame in raw.items())


def test_a_later_demo_in_the_same_home_gives_what_a_new_home_would(
    tmp_path: Path, workspace: tenet.Workspace
) -> None:
    """The first demo ends before the split, whose closes the second one sends anew."""
    early = SPLIT_DATE - 3 * DAY
    home = tmp_path / "home"
    tables = demo.household(early, START)
    assert tables["splits"].is_empty()
    tenet.lake.land(home, "import", tables, at=AT - DAY)
    land(home, through=THROUGH, at=AT)
    found = built(home, THROUGH).read("daily_holding_values").sort(KEY)
    assert found.equals(workspace.read("daily_holding_values").sort(KEY))
    assert land(home, through=THROUGH, at=AT + DAY) is None
    with pytest.raises(DayTooEarly):
        land(home, through=START - DAY, at=AT + DAY)


def test_a_later_demo_leaves_the_earlier_days_as_they_were() -> None:
    early = demo.true_values(THROUGH - 400 * DAY, START)
    late = demo.true_values(THROUGH + 400 * DAY, START)
    assert late.filter(between(START, THROUGH - 400 * DAY)).equals(early)


def test_the_demo_stays_out_of_a_home_with_other_accounts(home: Path) -> None:
    before = sorted(home.rglob("*"))
    with pytest.raises(NotADemoHome, match="bank:1, broker:1"):
        land(home, through=THROUGH, at=AT)
    assert sorted(home.rglob("*")) == before


def test_the_command_shows_the_family_and_the_same_again_changes_nothing(
    tmp_path: Path, tenet_command: Callable[..., Run]
) -> None:
    home = tmp_path / "de mo"
    zone = {"TENET_TIMEZONE": facts.TIMEZONE}
    first = tenet_command("--home", home, "--today", THROUGH + DAY, "demo", **zone)
    assert first.returncode == 0, first.stderr
    assert "These people and figures are invented." in first.stderr
    assert f"on {THROUGH}" in first.stdout
    for account in facts.ACCOUNTS.values():
        assert account.name in first.stdout

    files = sorted(path for path in home.rglob("*") if path.is_file())
    second = tenet_command("--home", home, "--today", THROUGH + DAY, "demo", **zone)
    assert "nothing new" in second.stderr
    assert second.stdout == first.stdout
    assert sorted(path for path in home.rglob("*") if path.is_file()) == files

    later = tenet_command("--home", home, "--today", THROUGH + 3 * DAY, "demo", **zone)
    assert f"on {THROUGH + 2 * DAY}" in later.stdout
    began = tenet_command("--home", home, "sql", "select min(valuation_date) from net_worth_daily")
    assert began.stdout.split()[-1] == str(START)


def test_what_to_try_next_can_be_tried(tmp_path: Path, tenet_command: Callable[..., Run]) -> None:
    shown = tenet_command("--home", tmp_path / "de mo", "--today", THROUGH, "demo").stderr
    lines = shown.split("what to try next\n")[1].splitlines()
    *run, notebook = (line.strip() for line in lines)
    assert len(run) == 4
    for line in run:
        done = subprocess.run(
            shlex.split(line), capture_output=True, text=True, cwd=tmp_path, check=True
        )
        assert len(done.stdout.splitlines()) > 7
    assert notebook.endswith("notebook net_worth")


def test_the_command_refuses_a_home_with_other_accounts(
    home: Path, tenet_command: Callable[..., Run]
) -> None:
    refused = tenet_command("--home", home, "demo")
    assert refused.returncode == 2
    assert "accounts that are not of the demo: bank:1, broker:1" in refused.stderr
    assert not (home / "tenet.toml").exists()


def test_the_demo_has_a_plan_and_a_run_of_a_year_ago(workspace: tenet.Workspace) -> None:
    from tenet.demo.plan import NAME, land_plan
    from tenet.plans import runs, store
    from tenet.plans.balances import filled
    from tenet.plans.progress import progress

    before = workspace.revision
    assert land_plan(workspace, through=THROUGH, at=AT)
    assert not land_plan(workspace, through=THROUGH + WEEK, at=AT + DAY)
    found = filled(workspace, NAME)
    worth = sum(
        (one.balance or 0) * (-1 if one.kind == "debt" else 1) for one in found.scenario.accounts
    )
    net_worth = workspace.sql("select last(net_worth order by valuation_date) from net_worth_daily")
    assert worth == pytest.approx(float(net_worth.item()))
    assert (found.left_out, found.notes) == ((facts.OLD_PLAN,), ())
    (run,) = runs.runs(workspace.home)
    assert (run.base_date, run.paths) == (date(2025, 10, 31), 2_000)
    came = progress(workspace, run)
    assert came.parts["start"] == 0
    assert sum(came.parts.values()) == came.deviation_nominal
    assert came.is_edited
    assert store.find(workspace.home, NAME).document["start"] == "2026-11-01"
    assert workspace.revision == before
