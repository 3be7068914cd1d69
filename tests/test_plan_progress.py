"""What came true, laid over a saved run, in a home whose truth is written out here."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from conftest import write_folder

import tenet
from tenet import lake
from tenet.build import build
from tenet.errors import DayTooEarly, DayTooLate, InputOutOfRange
from tenet.planning.simulation import simulate
from tenet.plans import balances, runs, shown, store
from tenet.plans.progress import PARTS, progress
from tenet.settings import load

if TYPE_CHECKING:
    from pathlib import Path

    from tenet.plans.progress import Progress
    from tenet.plans.runs import Run

D = Decimal
AT = datetime(2024, 5, 1, 12, tzinfo=UTC)
BASE = date(2024, 1, 31)

# The bank is paid 300 in February, pays 400 in March and moves 200 to the broker in April. Shares
# rise from 100 to 110 in February and fall to 105 in April. In March an account joins with 500.
TRUTH = {
    "accounts": """
account_id,name,currency
bank:1,Bank,USD
broker:1,Broker,USD
late:1,Late,USD
""",
    "snapshots": """
snapshot_id,account_id,observed_at,status
b0,bank:1,2024-01-31T12:00:00Z,success
b1,bank:1,2024-02-12T12:00:00Z,success
b2,bank:1,2024-03-12T12:00:00Z,success
b3,bank:1,2024-04-12T12:00:00Z,success
s0,broker:1,2024-01-31T12:00:00Z,success
s1,broker:1,2024-04-12T12:00:00Z,success
l0,late:1,2024-03-05T12:00:00Z,success
""",
    "holdings": """
snapshot_id,security_id,account_id,quantity,currency,snapshot_price
b0,_CASH:USD,bank:1,9000,USD,
b1,_CASH:USD,bank:1,9300,USD,
b2,_CASH:USD,bank:1,8900,USD,
b3,_CASH:USD,bank:1,8700,USD,
s0,FUND,broker:1,10,USD,100
s1,FUND,broker:1,10,USD,105
s1,_CASH:USD,broker:1,200,USD,
l0,_CASH:USD,late:1,500,USD,
""",
    "closes": """
security_id,price_date,source,close,currency,basis,observed_at
FUND,2024-01-31,yahoo,100,USD,split_adjusted,2024-05-01T12:00:00Z
FUND,2024-02-15,yahoo,110,USD,split_adjusted,2024-05-01T12:00:00Z
FUND,2024-04-15,yahoo,105,USD,split_adjusted,2024-05-01T12:00:00Z
""",
}


def plan(**fields: Any) -> dict[str, Any]:
    """Nothing grows, prices rise by a tenth a year, 100 of the day are saved each month."""
    return {
        "name": "Plan",
        "currency": "USD",
        "start": "2024-02-01",
        "basis_year": 2024,
        "people": [{"name": "Kim", "born": "1984-01-01", "end_age": 60}],
        "accounts": [
            {"name": "Bank", "kind": "cash", "account_id": "bank:1"},
            {"name": "Broker", "kind": "taxable", "account_id": "broker:1"},
        ],
        "streams": [{"name": "Pay", "kind": "income", "amount": 1200, "basis": "nominal"}],
        "allocation": [{"weights": {"cash": 1}}],
        "market": {"kind": "fixed", "returns": {"cash": 0}, "basis": "nominal"},
        "inflation": {"rate": 0.1},
    } | fields


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_folder(tmp_path_factory.mktemp("folder"), TRUTH)
    home = tmp_path_factory.mktemp("progress") / "home"
    lake.land(home, "import", {path.stem: path for path in folder.iterdir()}, at=AT)
    build(load(home, timezone="UTC"), through=date(2024, 4, 30), at=AT)
    store.create(home, plan(), at=AT)
    return home


def saved(home: Path, name: str = "Plan") -> Run:
    found = balances.filled(tenet.open(home), name, on=BASE)
    return runs.save(home, found, simulate(found.scenario), at=AT)


@pytest.fixture(scope="module")
def run(built: Path) -> Run:
    return saved(built)


def parts(found: Progress) -> dict[str, Decimal]:
    assert sum(found.parts.values()) == found.deviation_nominal
    return {name: amount for name, amount in found.parts.items() if amount}


def test_on_the_base_date_nothing_deviates(built: Path, run: Run) -> None:
    found = progress(tenet.open(built), run, BASE)
    assert (run.base_date, found.actual_nominal) == (BASE, D(10000))
    assert (parts(found), found.percentile, found.months_ahead) == ({}, 50, 0)
    assert list(found.parts) == list(PARTS)


@pytest.mark.parametrize(
    ("day", "worth", "expected"),
    [
        # A month of the plan is over on the 29th of February: 100 are saved.
        (date(2024, 2, 29), 10400, {"market": 100, "saving": 200}),
        # Two months on the 31st of March. What went is not saved, and 400 more were spent.
        (
            date(2024, 3, 31),
            10500,
            {"market": 100, "saving": 100, "spending": -400, "corrections": 500},
        ),
        # Three months on the 30th of April. The transfer between two own accounts is nothing.
        (
            date(2024, 4, 30),
            10450,
            {"market": 50, "saving": 0, "spending": -400, "corrections": 500},
        ),
    ],
)
def test_the_deviation_is_told_to_the_cent(
    built: Path, run: Run, day: date, worth: int, expected: dict[str, int]
) -> None:
    found = progress(tenet.open(built), run, day)
    assert found.actual_nominal == worth
    assert parts(found) == {name: D(amount) for name, amount in expected.items() if amount}
    passed = round((day - BASE).days / 30.3)
    assert found.deviation_nominal == worth - (10000 + 100 * passed)


def test_what_came_true_is_in_money_of_the_basis_year(built: Path, run: Run) -> None:
    found = progress(tenet.open(built), run, date(2024, 4, 30))
    level = 1.1 ** (3 / 12)
    assert (found.basis_year, found.currency) == (2024, "USD")
    assert found.actual_real == pytest.approx(10450 / level, abs=0.01)
    assert found.median_real == pytest.approx(10300 / level, abs=0.01)
    assert found.inflation == pytest.approx(0.1, abs=0.003)
    last = found.actual.row(-1, named=True)
    assert (last["valuation_date"], last["net_worth_nominal"]) == (date(2024, 4, 30), D(10450))
    assert last["price_level"] == pytest.approx(level)
    assert found.is_above
    assert found.percentile is None


def test_an_account_that_the_plan_left_out_is_left_out(built: Path) -> None:
    alone = plan(name="Alone", accounts=plan()["accounts"][:1])
    store.create(built, alone, at=AT)
    run = saved(built, "Alone")
    assert run.left_out == ("broker:1",)
    found = progress(tenet.open(built), run, date(2024, 2, 29))
    assert (found.actual_nominal, parts(found)) == (D(9300), {"saving": D(200)})


def test_what_a_typed_plan_did_not_count_is_the_start(built: Path) -> None:
    typed = plan(name="Typed", accounts=[{"name": "All", "kind": "cash", "balance": 9990}])
    store.create(built, typed, at=AT)
    run = saved(built, "Typed")
    assert (run.revision, run.base_date) == (None, BASE)
    found = progress(tenet.open(built), run, date(2024, 2, 29))
    assert parts(found) == {"start": D(10), "market": D(100), "saving": D(200)}


def table(text: str) -> dict[str, list[Any]]:
    header, *lines = (line.split() for line in text.strip().splitlines())
    columns = {name: [line[n] for line in lines] for n, name in enumerate(header)}
    return {
        name: [float(one) for one in of] if name[0] == "p" else of for name, of in columns.items()
    }


FAN = table("""
series    date       p5_real p10_real p25_real p50_real p75_real p90_real p95_real basis_year
net_worth 2024-02-01 10000   10000    10000    10000    10000    10000    10000    2024
net_worth 2024-03-01 9000    9500     9900     10300    10500    11000    12000    2024
net_worth 2024-04-01 8000    9000     10100    10500    11000    12000    13000    2024
net_worth 2024-05-01 7000    9000     10000    10200    11000    12000    13000    2024
""")


def with_fan(run: Run) -> Run:
    """The run with a fan that can be checked by eye, and prices that do not rise."""
    fan = FAN | {"basis_year": [2024] * 4}
    flat = run._expected | {"price_level": [1.0] * len(run._expected["price_level"])}
    return replace(run, _fan=fan, _expected=flat)


def test_the_percentile_lies_between_the_lines_of_the_fan(built: Path, run: Run) -> None:
    """10,400 on the 29th of February: half way from the 50th line to the 75th."""
    found = progress(tenet.open(built), with_fan(run), date(2024, 2, 29))
    assert found.percentile == pytest.approx(62.5)
    assert (found.median_real, found.deviation_real) == (10300, pytest.approx(100))
    # The median comes to 10,400 half way through the 31 days of March.
    assert found.months_ahead == pytest.approx(15.5 / (365.25 / 12))


def test_where_the_median_falls_more_is_ahead_all_the_same(built: Path, run: Run) -> None:
    """10,450 on the 30th of April, the median at 10,200: it was that five days after March."""
    found = progress(tenet.open(built), with_fan(run), date(2024, 4, 30))
    assert found.months_ahead == pytest.approx(25 / (365.25 / 12))
    assert found.percentile == pytest.approx(50 + 25 * 250 / 800)


def test_an_edited_scenario_leaves_the_run_as_it_was(built: Path, run: Run) -> None:
    day = date(2024, 2, 29)
    before = progress(tenet.open(built), run, day)
    assert not before.is_edited
    store.replace(built, "Plan", plan(fee=0.01), made_on=None, at=AT + timedelta(hours=1))
    after = progress(tenet.open(built), runs.find_run(built, run.run_id), day)
    assert after.is_edited
    assert (after.deviation_nominal, after.parts) == (before.deviation_nominal, before.parts)
    store.delete(built, "Plan", made_on=None, at=AT + timedelta(hours=2))
    gone = progress(tenet.open(built), run, day)
    assert (gone.is_deleted, gone.is_edited) == (True, False)
    store.create(built, plan(), at=AT + timedelta(hours=3))


def test_a_restated_past_moves_what_came_true_and_not_the_fan(
    built: Path, run: Run, tmp_path: Path
) -> None:
    home, day = shutil.copytree(built, tmp_path / "home"), date(2024, 2, 29)
    before = progress(tenet.open(home), run, day)
    close = """
security_id,price_date,source,close,currency,basis,observed_at
FUND,2024-02-15,yahoo,120,USD,split_adjusted,2024-05-02T12:00:00Z
"""
    folder = write_folder(tmp_path / "later", {"closes": close})
    lake.land(home, "import", {"closes": folder / "closes.csv"}, at=AT + timedelta(hours=9))
    build(load(home, timezone="UTC"), through=date(2024, 4, 30), at=AT + timedelta(hours=9))
    after = progress(tenet.open(home), runs.find_run(home, run.run_id), day)
    assert after.actual_nominal == before.actual_nominal + 100
    assert parts(after) == {"market": D(200), "saving": D(200)}
    assert after.fan.equals(before.fan)


def test_a_build_in_another_currency_is_no_measure(built: Path, run: Run) -> None:
    with pytest.raises(InputOutOfRange, match="given EUR; allowed is the build's USD"):
        progress(tenet.open(built), replace(run, currency="EUR"))


def test_days_without_values_are_refused(built: Path, run: Run) -> None:
    workspace = tenet.open(built)
    with pytest.raises(DayTooEarly):
        progress(workspace, run, BASE - timedelta(days=1))
    with pytest.raises(DayTooLate):
        progress(workspace, run, date(2024, 5, 1))


def test_the_frames_of_a_chart_begin_on_the_base_date(built: Path, run: Run) -> None:
    from tenet.charts.outlook import fan_over_time

    fan, actual = shown.progress_frames(progress(tenet.open(built), run))
    assert fan.columns[:2] == ["valuation_date", "p5"]
    assert fan["valuation_date"][0] == BASE
    assert actual.height == 4
    assert actual["valuation_date"].is_sorted()
    assert fan_over_time(fan, "USD", actual=actual) is not None
