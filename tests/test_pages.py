"""What the notebooks ask: on small homes, against numbers that can be worked out by eye."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest
from conftest import AT, HOUSEHOLD, write_folder

import tenet
from tenet import charts, edits, lake
from tenet.analysis.inflation import in_money_of
from tenet.build import build
from tenet.home import writing
from tenet.pages import catalogue, doubts, earned, held, mending, opening, tables, worth
from tenet.settings import load

if TYPE_CHECKING:
    from pathlib import Path

    from tenet.pages.opening import Build
    from tenet.workspace import Workspace

DAY = date(2024, 1, 3)
LATER = AT + timedelta(days=1)


@pytest.fixture
def workspace(home: Path) -> Workspace:
    return tenet.open(home, refresh_local=False)


@pytest.fixture
def page(workspace: Workspace) -> Build:
    page = opening.opened(workspace)
    assert page
    return page


def land(home: Path, folder: Path, tables: dict[str, str], *, through: date = DAY) -> None:
    """More rows, landed and built a day later."""
    files = {path.stem: path for path in write_folder(folder, tables).iterdir()}
    lake.land(home, "import", files, at=LATER)
    build(load(home, timezone="UTC"), through=through, at=LATER)


def test_a_home_without_a_build_or_without_values_has_no_page(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    assert opening.opened(tenet.open(home)) is None
    build(load(home, timezone="UTC"), through=DAY, at=AT)
    assert opening.opened(tenet.open(home)) is None


def test_a_page_knows_when_another_build_is_published(
    home: Path, workspace: Workspace, page: Build, tmp_path: Path
) -> None:
    assert not opening.is_outdated(workspace, page)
    build(load(home, timezone="UTC"), through=DAY + timedelta(days=1), at=LATER)
    assert opening.is_outdated(workspace, page)
    page = opening.opened(workspace) or page
    assert not opening.is_outdated(workspace, page)
    land(home, tmp_path / "more", {"closes": CORRECTED})
    assert opening.is_outdated(workspace, page)


def test_the_changes_of_each_span_are_the_sums_of_their_parts(
    workspace: Workspace, page: Build
) -> None:
    changes = worth.changes(workspace, page)
    assert changes.select("span", "first_date", "opening", "change", "market").rows() == [
        ("day", date(2024, 1, 2), Decimal("2756.40"), Decimal("-13.90"), Decimal("-13.90")),
        ("all", date(2024, 1, 1), Decimal("2756.40"), Decimal("-13.90"), Decimal("-13.90")),
    ]
    parts, opened = worth.parts_between(workspace, date(2024, 1, 1), DAY)
    assert opened + parts["amount"].sum() == Decimal("2742.50")


def test_changes_are_told_in_money_or_as_shares_alone(workspace: Workspace, page: Build) -> None:
    changes = worth.changes(workspace, page)
    plain, _ = worth.changes_told(changes, "USD", incognito=False)
    hidden, _ = worth.changes_told(changes, "USD", incognito=True)
    assert (plain["value"], plain["caption"]) == ("-14 USD", "-0.5% mostly market")
    assert (hidden["value"], hidden["caption"]) == ("-0.5%", "mostly market")


@pytest.mark.parametrize("dimension", worth.DIMENSIONS)
def test_every_division_adds_up_to_net_worth(dimension: str, workspace: Workspace) -> None:
    amounts = worth.amounts_by(workspace, dimension, date(2024, 1, 1), DAY)
    sums = amounts.group_by("valuation_date").agg(pl.col("amount").sum()).sort("valuation_date")
    history = worth.history(workspace, date(2024, 1, 1), DAY)
    assert sums["amount"].to_list() == history["net_worth"].to_list()


def test_a_long_history_comes_at_the_grain_of_a_chart(tmp_path: Path) -> None:
    home = tmp_path / "home"
    folder = write_folder(tmp_path / "folder", HOUSEHOLD)
    lake.land(home, "import", {path.stem: path for path in folder.iterdir()}, at=AT)
    last = date(2036, 1, 3)
    build(load(home, timezone="UTC"), through=last, at=datetime(2036, 1, 4, tzinfo=UTC))
    history = worth.history(tenet.open(home), date(2024, 1, 1), last)
    assert 600 < history.height < 700
    assert history["valuation_date"][-1] == last


def test_an_account_that_joins_and_one_that_is_closed_are_pointed_out(
    home: Path, tmp_path: Path, workspace: Workspace
) -> None:
    joins = {
        "accounts": "account_id,name,currency\nbank:2,Savings,USD\n",
        "snapshots": "snapshot_id,account_id,observed_at,status\n"
        "s3,bank:2,2024-01-02T20:00:00Z,success\n",
        "holdings": "snapshot_id,security_id,account_id,quantity,currency\n"
        "s3,_CASH:USD,bank:2,50,USD\n",
        "account_edits": "account_id,edited_at,active\nbank:1,2024-01-03T09:00:00Z,false\n",
    }
    land(home, tmp_path / "more", joins)
    assert worth.marks(workspace, date(2024, 1, 1), DAY).rows() == [
        (date(2024, 1, 2), "account joined", "Savings"),
        (date(2024, 1, 2), "account left", "Current account"),
        (date(2024, 1, 2), "restated later", "by edit, snapshot"),
    ]


def test_amounts_of_other_years_are_in_the_money_of_one_day() -> None:
    amounts = pl.DataFrame(
        {
            "valuation_date": [date(2021, 12, 31), date(2022, 12, 31), date(2023, 12, 31)],
            "net_worth": [Decimal(100), Decimal(100), Decimal(100)],
        }
    )
    found = in_money_of(date(2023, 12, 31), amounts, ["net_worth"], {2022: 0.10}, otherwise=0.05)
    assert found["net_worth"].to_list() == pytest.approx([100 * 1.10 * 1.05, 105, 100])


def test_money_of_today_uses_the_consumer_prices_that_ship_for_dollars(
    workspace: Workspace, page: Build
) -> None:
    history = worth.history(workspace, date(2024, 1, 1), DAY)
    real = worth.in_money_of(page, history, otherwise=9.0)
    first, last = real["net_worth"][0], real["net_worth"][-1]
    assert last == pytest.approx(2742.50)
    assert first == pytest.approx(2756.40 * (1 + 0.0289) ** (2 / 366))


def test_the_table_of_holdings_has_what_the_mart_has_and_hides_amounts(
    workspace: Workspace,
) -> None:
    table = held.holdings(workspace)
    shown = table.select("name", "account", "value", "gain", "symbol")
    assert shown.rows() == [
        ("AAPL", "Brokerage", Decimal("1842.50"), Decimal("342.50"), "AAPL"),
        ("Cash (EUR)", "Current account", Decimal("1100.00"), None, ""),
        ("Cash (USD)", "Brokerage", Decimal("-200.00"), None, ""),
    ]
    hidden = tables.hidden(table)
    for column in ("value", "gain", "cost", "quantity"):
        assert set(hidden[column]) == {tables.HIDDEN}
    assert hidden["weight"].to_list() == table["weight"].to_list()


def test_what_is_chosen_in_the_tables_is_a_holding_before_an_account(workspace: Workspace) -> None:
    lines, accounts = held.holdings(workspace), held.accounts(workspace, DAY)
    assert held.chosen(lines.clear(), accounts.clear()) is None
    one = held.chosen(lines.head(1), accounts.head(1))
    assert one == held.Chosen("AAPL in Brokerage", "broker:1", "AAPL")
    whole = held.chosen(lines.clear(), accounts.head(1))
    assert whole == held.Chosen("Brokerage", "broker:1", None)


def test_a_holding_and_an_account_have_a_history_and_reasons(workspace: Workspace) -> None:
    first = date(2024, 1, 1)
    account = held.history(workspace, "broker:1", None, first, DAY)
    holding = held.history(workspace, "broker:1", "AAPL", first, DAY)
    assert account["market_value_base"].to_list() == [
        Decimal("1656.40"),
        Decimal("1656.40"),
        Decimal("1642.50"),
    ]
    assert holding["market_value_base"][-1] == Decimal("1842.50")
    assert holding["price_source"].to_list() == ["snapshot", "market", "market"]
    assert "10 x 184.25 = 1,842.50 USD" in held.why(workspace, DAY, "broker:1", "AAPL")
    assert "Brokerage on 2024-01-03: 1,642.50 USD" in held.why(workspace, DAY, "broker:1", None)


CORRECTED = """
security_id,price_date,source,close,currency,basis,observed_at
AAPL,2024-01-02,yahoo,190.00,USD,split_adjusted,2024-01-06T12:00:00Z
"""


def test_a_corrected_close_stands_on_the_time_line_of_what_changed(
    home: Path, tmp_path: Path, workspace: Workspace
) -> None:
    land(home, tmp_path / "more", {"closes": CORRECTED})
    page = opening.opened(workspace)
    assert page
    changes = doubts.restated(workspace, page)
    assert changes.select("valuation_date", "cause", "change").rows() == [
        (date(2024, 1, 2), "price", Decimal("43.60"))
    ]
    assert worth.marks(workspace, date(2024, 1, 1), DAY).rows() == [
        (date(2024, 1, 2), "restated later", "by price")
    ]


def test_the_calendar_gives_each_account_and_day_its_worst_status(
    home: Path, tmp_path: Path, workspace: Workspace
) -> None:
    """The rate is old from the ninth, AAPL's price from the eleventh; Club holds what has none."""
    joins = {
        "accounts": "account_id,name,currency\nbank:2,Club,USD\n",
        "snapshots": "snapshot_id,account_id,observed_at,status\n"
        "s3,bank:2,2024-01-11T20:00:00Z,success\n",
        "holdings": "snapshot_id,security_id,account_id,quantity,currency\n"
        "s3,SHARE,bank:2,50,USD\n",
    }
    land(home, tmp_path / "more", joins, through=date(2024, 1, 13))
    calendar, grain = doubts.calendar(workspace, date(2024, 1, 9), date(2024, 1, 13))
    assert grain == "day"
    found = calendar.group_by("account_name", maintain_order=True).agg("status")
    assert dict(found.rows()) == {
        "Brokerage": ["carried", "carried", "stale", "stale"],
        "Club": ["partial", "partial"],
        "Current account": ["stale", "stale", "stale", "stale"],
    }


def test_money_at_stake_is_counted_by_kind(
    home: Path, tmp_path: Path, workspace: Workspace
) -> None:
    land(home, tmp_path / "more", {"closes": CORRECTED}, through=date(2024, 1, 15))
    everything = doubts.stakes(workspace, only_open=False)
    assert set(everything["kind"]) == {"stale_price", "fx_missing", "account_stale"}
    assert everything["gap_count"].sum() == doubts.gaps(workspace).height
    ages = doubts.price_ages(workspace)
    assert ages.select("name", "price_age_days").rows() == [("AAPL", 12)]
    assert doubts.account_ages(workspace)["days_without_data"].to_list() == [14, 14]


def quarantine(home: Path, folder: Path) -> None:
    """An answer that says half of what the brokerage holds, waiting for a word."""
    answer = {
        "snapshots": "snapshot_id,account_id,observed_at,status,currency\n"
        "q1,broker:1,2024-01-03T21:00:00Z,quarantined,USD\n",
        "holdings": "snapshot_id,security_id,account_id,quantity,currency\n"
        "q1,AAPL,broker:1,5,USD\n",
    }
    land(home, folder, answer)


def test_a_quarantined_answer_is_accepted_and_valued_from_the_notebook(
    home: Path, tmp_path: Path, workspace: Workspace, page: Build
) -> None:
    quarantine(home, tmp_path / "more")
    waiting = mending.quarantined(home)
    assert waiting.select("account", "snapshot_id").rows() == [("Brokerage", "q1")]
    said = mending.settled(home, page, "q1", LATER + timedelta(hours=1), accepted=True)
    assert said.startswith("**accepted**")
    assert edits.quarantined(home) == []
    worths = worth.history(workspace, DAY, DAY)["net_worth"].to_list()
    assert worths == [Decimal(1100) + Decimal("921.25")]


def test_while_another_writer_is_at_work_the_notebook_says_so_and_changes_nothing(
    home: Path, tmp_path: Path, page: Build
) -> None:
    quarantine(home, tmp_path / "more")
    with writing(home, LATER):
        said = mending.settled(home, page, "q1", LATER, accepted=False)
    assert "pid" in said
    assert len(edits.quarantined(home)) == 1


def test_the_repair_plan_is_told_and_changes_nothing(home: Path, page: Build) -> None:
    before = (home / "tenet.duckdb").read_bytes()
    said = mending.planned(home, page, LATER)
    assert "**To build anew:** nothing" in said
    assert (home / "tenet.duckdb").read_bytes() == before


def test_every_published_table_and_column_is_told_in_words(workspace: Workspace) -> None:
    tables = catalogue.tables(workspace)
    assert tables.filter(pl.col("meaning") == "")["table"].to_list() == []
    worths = catalogue.columns(workspace, "net_worth_daily")
    assert worths["column"].to_list()[:2] == ["valuation_date", "net_worth"]


@pytest.mark.parametrize("question", list(catalogue.QUESTIONS))
def test_every_question_to_begin_with_has_an_answer(question: str, workspace: Workspace) -> None:
    found, said = catalogue.answer(workspace, catalogue.QUESTIONS[question])
    assert found is not None, said


def test_a_query_that_fails_is_told(workspace: Workspace) -> None:
    found, said = catalogue.answer(workspace, "select nothing from nowhere")
    assert found is None
    assert "nowhere" in said


def test_what_was_earned_is_told_by_span_month_and_year(demo_home: Path) -> None:
    workspace = tenet.open(demo_home, refresh_local=False)
    total = earned.returns(workspace, "total")
    assert total["span"].to_list() == list(earned.SPANS)
    assert set(total["of"]) == {"all we have"}
    accounts = earned.returns(workspace, "account").filter(pl.col("span") == "ALL")
    everything = total.filter(pl.col("span") == "ALL")["gain"].item()
    assert accounts["gain"].sum() == pytest.approx(everything, abs=0.05)
    paid = earned.income(workspace)
    told = workspace.sql("select sum(amount_base) from income where not is_expected").item()
    assert paid["amount"].sum() == told
    sold = earned.gains(workspace)
    gain = workspace.sql("select sum(gain_base) from realized_gains where is_sale").item()
    assert sold["gain"].sum() == gain
    assert charts.income_by_month(paid, "USD").to_dict()["layer"]
