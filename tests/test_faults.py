"""One household and one fault at a time: exactly the rows that it must give, and no others.

Gaps, value checks and restatements are compared whole; the bridge adds up after each; `explain`
names the file that is to blame.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from conftest import write_folder
from tables import rows

import tenet
from tenet import bridge, coverage, edits, explain, lake
from tenet.build import build
from tenet.doctor import examine
from tenet.home import published
from tenet.repair import repair
from tenet.settings import load

if TYPE_CHECKING:
    from pathlib import Path

    from tenet.lake import Kind
    from tenet.landings import Landing
    from tenet.settings import Settings

FIRST, THROUGH = date(2024, 1, 2), date(2024, 4, 30)
AT = datetime(2024, 4, 30, 22, tzinfo=UTC)
LATER = AT + timedelta(hours=1)

ACCOUNTS = """
account_id  name    currency
bank:1      Bank    EUR
broker:1    Broker  USD
"""
DAYS = [FIRST + timedelta(days=number) for number in range((THROUGH - FIRST).days)]
SYNCS = DAYS[::7]
SPECIAL = date(2024, 4, 9)
CLOSES = [day for day in DAYS if day.weekday() < 5]


@dataclass
class World:
    """A home in which the household below is landed day by day and built through THROUGH.

    Every week a snapshot of 1,000 EUR and one of 10 AAA; 100 USD a unit (on SPECIAL
    104), 1.10 USD a euro; every Monday to Friday a close and a rate.
    """

    home: Path
    folder: Path

    @property
    def settings(self) -> Settings:
        off: Any = {"enabled": False}
        return load(self.home, timezone="UTC", yahoo=off, coingecko=off, ecb=off)

    def land(self, kind: Kind, at: datetime, **tables: str) -> Landing:
        """Land text tables as they are."""
        folder = self.folder / f"{at:%Y%m%dT%H%M%S}-{kind}"
        texts = {name: as_csv(text) for name, text in tables.items()}
        files = {path.stem: path for path in write_folder(folder, texts).iterdir()}
        landing, _ = lake.land(self.home, kind, files, at=at)
        assert landing
        return landing

    def build(self, at: datetime = LATER) -> None:
        build(self.settings, through=THROUGH, at=at)

    def told(self, query: str) -> list[tuple[str, ...]]:
        """The rows of a query, as text."""
        found = tenet.open(self.home).sql(query).rows()
        return [tuple("-" if cell is None else str(cell) for cell in row) for row in found]

    def gaps(self) -> list[tuple[str, ...]]:
        """Kind, what it is about, first and last day, money; what was damaged included."""
        workspace = tenet.open(self.home)
        found = coverage.gaps(workspace, coverage.damage_of(workspace))
        return sorted(
            (
                row["kind"],
                row["account_id"] or row["security_id"] or "",
                f"{row['first_date']:%m-%d}",
                f"{row['last_date']:%m-%d}",
                str(row["value_at_stake"]),
            )
            for row in found
        )

    def checks(self) -> list[tuple[str, ...]]:
        """Day, security, ours, the provider's and the likely cause."""
        return self.told(
            "select strftime(valuation_date, '%m-%d'), security_id, market_value::integer, "
            "provider_value::integer, cause from value_checks order by all"
        )

    def restated(self) -> list[tuple[str, ...]]:
        """Security, first and last day, old and new value, cause, and how many days."""
        return self.told(
            "select security_id, strftime(min(valuation_date), '%m-%d'), "
            "strftime(max(valuation_date), '%m-%d'), old_value, new_value, cause, count(*) "
            "from restatements group by security_id, old_value, new_value, cause order by all"
        )

    def explained(self, day: date, security: str) -> dict[str, Any]:
        """The chain of the one holding of that security, once it adds up to the cent."""
        workspace = tenet.open(self.home)
        (held,) = explain.holdings(workspace, day, security=security)
        found = explain.chain(workspace, held)
        value = found["quantity"] * found["close_price"] * found["multiplier"] * found["fx_rate"]
        assert round(value, 2) == found["market_value_base"]
        return found

    def adds_up(self) -> bool:
        """Whether the bridge leaves no cent, on any day of any account and over all of them."""
        workspace = tenet.open(self.home)
        whole = bridge.bridge(workspace, FIRST, THROUGH)
        parts = sum(whole[part] for part in bridge.PARTS)
        return (bridge.residuals(workspace), whole["residual"]) == (0, 0) and (
            whole["change"] == parts == whole["closing"] - whole["opening"]
        )


def as_csv(text: str) -> str:
    return "\n".join(
        [
            ",".join(text.split("\n")[1].split()),
            *(",".join(cell or "" for cell in row.values()) for row in rows(text)),
        ]
    )


def price(day: date) -> str:
    return "104" if day == SPECIAL else "100"


def snapshot(day: date, units: str = "10", status: str = "success") -> dict[str, str]:
    """What a sync of that day lands; without units the broker's answer is empty."""
    seen = f"{day}T20:00Z"
    held = f"broker:1@{day}  AAA  broker:1  {units}  USD  {price(day)}\n" if units else ""
    return {
        "accounts": ACCOUNTS,
        "snapshots": f"""
snapshot_id      account_id  observed_at  status    currency
bank:1@{day}     bank:1      {seen}       success   EUR
broker:1@{day}   broker:1    {seen}       {status}  USD
""",
        "holdings": f"""
snapshot_id      security_id  account_id  quantity  currency  snapshot_price
bank:1@{day}     _CASH:EUR    bank:1      1000      EUR       -
{held}""",
    }


def closes(days: list[date], at: datetime, close: str = "") -> str:
    """Closes as traded: what the day's is, or another."""
    lines = [
        f"AAA  {day}  yahoo  {close or price(day)}  USD  as_traded  {at.isoformat()}"
        for day in days
    ]
    return "\n".join(
        ["", "security_id  price_date  source  close  currency  basis  observed_at", *lines]
    )


def rates(days: list[date], at: datetime) -> str:
    lines = [f"EUR  USD  {day}  ecb  1.10  {at.isoformat()}" for day in days]
    return "\n".join(["", "currency  quote_currency  rate_date  source  rate  observed_at", *lines])


def make(folder: Path, *, syncs: list[date] = SYNCS, rated: list[date] = CLOSES) -> World:
    """The household in order, or with syncs and rates on these days alone."""
    home = folder / "home"
    home.mkdir(mode=0o700, parents=True)
    world = World(home, folder)
    for day in syncs:
        world.land("sync", datetime.combine(day, time(20), UTC), **snapshot(day))
    world.land("prices", AT - timedelta(minutes=2), closes=closes(CLOSES, AT))
    if rated:
        world.land("prices", AT - timedelta(minutes=1), fx_rates=rates(rated, AT))
    world.build(AT)
    return world


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("faults")).home


@pytest.fixture
def world(template: Path, tmp_path: Path) -> World:
    return World(shutil.copytree(template, tmp_path / "home"), tmp_path)


def test_a_household_without_a_fault_has_no_rows(world: World) -> None:
    assert (world.gaps(), world.checks(), world.restated()) == ([], [], [])
    assert world.adds_up()
    faults = [one for one in examine(world.settings, at=AT, offline=True) if one.state == "fault"]
    assert faults == []


def test_a_missed_month_is_one_silence_of_each_account(tmp_path: Path) -> None:
    world = make(tmp_path, syncs=[day for day in SYNCS if day.month != 3])
    assert (world.checks(), world.restated()) == ([], [])
    assert world.gaps() == [
        ("account_stale", "bank:1", "02-28", "04-01", "1100.00"),
        ("account_stale", "broker:1", "02-28", "04-01", "1000.00"),
    ]
    assert world.adds_up()
    file = world.explained(date(2024, 3, 15), "AAA")["snapshot"]["file"]
    assert "/raw/sync/2024-02/20240227T200000" in file


def test_an_empty_reply_accepted_and_rejected_later_leaves_only_what_was_said_meanwhile(
    world: World,
) -> None:
    day = THROUGH - timedelta(days=3)
    answer = world.land("sync", LATER, **snapshot(day, units="", status="quarantined"))
    world.build(LATER + timedelta(minutes=1))
    waits = ("snapshot_quarantined", "broker:1", "04-27", "04-30", "1000.00")
    assert (world.gaps(), world.checks(), world.restated()) == ([waits], [], [])

    edits.settle(world.home, f"broker:1@{day}", accepted=True, at=LATER + timedelta(minutes=2))
    world.build(LATER + timedelta(minutes=3))
    gone = ("AAA", "04-27", "04-29", "1000.00", "-", "snapshot", "3")
    assert (world.gaps(), world.checks(), world.restated()) == ([], [], [gone])
    assert world.adds_up()
    (emptied,) = explain.holdings(tenet.open(world.home), day, account_id="broker:1")
    snapshot_file = explain.chain(tenet.open(world.home), emptied)["snapshot"]["file"]

    edits.settle(world.home, f"broker:1@{day}", accepted=False, at=LATER + timedelta(minutes=4))
    world.build(LATER + timedelta(minutes=5))
    back = ("AAA", "04-27", "04-29", "-", "1000.00", "snapshot", "3")
    assert (world.gaps(), world.checks(), world.restated()) == ([], [], [gone, back])
    assert world.adds_up()
    assert answer.landing_id not in snapshot_file  # the word that was wrong is what counted
    assert "/raw/edit/" in snapshot_file


def test_a_split_landed_late_restates_the_days_since_it(world: World) -> None:
    """Closes of after the split came first; without it half the value seems to be gone."""
    world.land("prices", LATER, closes=closes(CLOSES[-2:], LATER, "50"))
    world.build(LATER + timedelta(minutes=1))
    halved = ("AAA", "04-26", "04-29", "1000.00", "500.00", "price", "4")
    assert (world.gaps(), world.checks(), world.restated()) == ([], [], [halved])
    assert world.adds_up()

    text = f"""
security_id  split_date      ratio  source  observed_at
AAA          {CLOSES[-2]}    2      yahoo   {LATER.isoformat()}
"""
    landing = world.land("prices", LATER + timedelta(minutes=2), splits=text)
    world.build(LATER + timedelta(minutes=3))
    mended = ("AAA", "04-26", "04-29", "500.00", "1000.00", "split", "4")
    assert (world.gaps(), world.checks(), world.restated()) == ([], [], [halved, mended][::-1])
    assert world.adds_up()
    (split,) = world.explained(CLOSES[-1], "AAA")["splits_of_quantity"]
    assert split["file"] == str(landing.path / "splits.parquet")


def test_a_wrong_close_is_doubted_until_it_is_corrected(world: World) -> None:
    """On the day of a sync, so that the provider's own value stands against it."""
    wrong = world.land("prices", LATER, closes=closes([SPECIAL], LATER, "90"))
    world.build(LATER + timedelta(minutes=1))
    lowered = ("AAA", "04-09", "04-09", "1040.00", "900.00", "price", "1")
    assert world.gaps() == [("value_mismatch", "broker:1", "04-09", "04-09", "140.00")]
    assert world.checks() == [("04-09", "AAA", "900", "1040", "unexplained")]
    assert world.restated() == [lowered]
    assert world.adds_up()
    newest = world.explained(SPECIAL, "AAA")["closes"][0]
    assert newest["file"] == str(wrong.path / "closes.parquet")

    again = LATER + timedelta(minutes=2)
    right = world.land("prices", again, closes=closes([SPECIAL], again))
    world.build(again + timedelta(minutes=1))
    raised = ("AAA", "04-09", "04-09", "900.00", "1040.00", "price", "1")
    assert (world.gaps(), world.checks()) == ([], [])
    assert sorted(world.restated()) == sorted([lowered, raised])
    assert world.adds_up()
    files = [row["file"] for row in world.explained(SPECIAL, "AAA")["closes"]][:2]
    assert files == [str(one.path / "closes.parquet") for one in (right, wrong)]


def test_an_absurd_close_is_left_out_and_named(world: World) -> None:
    day = date(2024, 4, 16)
    wrong = world.land("prices", LATER, closes=closes([day], LATER, "1"))
    world.build(LATER + timedelta(minutes=1))
    assert world.gaps() == [("price_quarantined", "AAA", "04-16", "04-16", "1000.00")]
    assert (world.checks(), world.restated()) == ([], [])
    assert world.adds_up()
    (issue,) = world.explained(day, "AAA")["issues"]
    assert issue["file"] == str(wrong.path / "closes.parquet")


def test_a_currency_missing_for_a_quarter_is_one_gap_until_its_rates_come(tmp_path: Path) -> None:
    april = [day for day in CLOSES if day.month == 4]
    world = make(tmp_path, rated=april)
    lacking = [
        ("fx_missing", "bank:1", "01-02", "03-31", "None"),
        ("partial", "bank:1", "01-02", "03-31", "None"),
    ]
    assert (world.gaps(), world.checks(), world.restated()) == (lacking, [], [])
    assert world.adds_up()

    landing = world.land("prices", LATER, fx_rates=rates(CLOSES, LATER))
    world.build(LATER + timedelta(minutes=1))
    known = ("_CASH:EUR", "01-02", "03-31", "-", "1100.00", "rate", "90")
    assert (world.gaps(), world.checks(), world.restated()) == ([], [], [known])
    assert world.adds_up()
    (rate,) = world.explained(date(2024, 2, 1), "_CASH:EUR")["rates"]
    assert rate["file"] == str(landing.path / "fx_rates.parquet")


def test_a_deleted_landing_is_told_before_and_after_the_build_that_goes_without_it(
    world: World,
) -> None:
    landing = world.land("sync", LATER, **snapshot(date(2024, 4, 25), units="12"))
    world.build(LATER + timedelta(minutes=1))
    more = ("AAA", "04-25", "04-29", "1000.00", "1200.00", "snapshot", "5")
    assert (world.gaps(), world.checks(), world.restated()) == ([], [], [more])

    shutil.rmtree(landing.path)
    found = [one.found for one in examine(world.settings, at=LATER, offline=True)]
    assert f"1 landing: {landing.landing_id} of the published build gone" in found
    world.build(LATER + timedelta(minutes=2))
    less = ("AAA", "04-25", "04-29", "1200.00", "1000.00", "landing_lost", "5")
    assert (world.gaps(), world.checks(), world.restated()) == ([], [], [more, less])
    assert world.adds_up()


def test_a_tampered_published_file_is_told_mended_and_remembered(world: World) -> None:
    connection = duckdb.connect(str(published(world.home)))
    connection.execute(
        "update daily_holding_values set quantity = 20, market_value_base = 2000 "
        "where security_id = 'AAA' and valuation_date = '2024-03-05'"
    )
    connection.execute("delete from daily_holding_values where valuation_date = '2024-03-06'")
    connection.close()
    assert world.gaps() == [
        ("damaged", "broker:1", "03-05", "03-05", "1000.00"),
        ("missing", "bank:1", "03-06", "03-06", "1100.00"),
        ("missing", "broker:1", "03-06", "03-06", "1000.00"),
    ]
    done = repair(world.settings, ([], []), through=THROUGH, at=LATER)
    assert (done.is_built, done.exit_code, done.left) == (True, 0, ())
    assert (world.gaps(), world.checks()) == ([], [])
    assert sorted(world.restated()) == [
        ("AAA", "03-05", "03-05", "2000.00", "1000.00", "damage", "1"),
        ("AAA", "03-06", "03-06", "-", "1000.00", "damage", "1"),
        ("_CASH:EUR", "03-06", "03-06", "-", "1100.00", "damage", "1"),
    ]
    assert world.adds_up()
    assert world.explained(date(2024, 3, 5), "AAA")["quantity"] == 10
