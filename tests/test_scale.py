"""A build in shards of accounts: its stages, balance and folder, and that its rows are the same."""

from __future__ import annotations

import os
import pickle
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import AT
from sharded import THROUGH, crossing_home, differences

from tenet import models, resources
from tenet.build import build, ingredients
from tenet.database import connect
from tenet.errors import HomeNotWritable, KeyViolated, OtherRules, RefreshRunning
from tenet.landings import landings
from tenet.scale import output
from tenet.scale.balance import accounts_of_shards, balanced
from tenet.scale.files import Job
from tenet.scale.private import Power, private_database
from tenet.scale.stages import Stages, staged
from tenet.scale.work import carry_out
from tenet.settings import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

    from tenet.scale.files import Written

    Command = Callable[..., Run]

POWER = Power(threads=1, memory=500_000_000)


@pytest.fixture(scope="module")
def crossing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The household with whatever crosses accounts, landed and built."""
    return crossing_home(tmp_path_factory.mktemp("crossing"))


def job(home: Path, out: Path, shards: int) -> Job:
    settings = load(home, timezone="UTC")
    made_of = ingredients(settings, landings(home), through=THROUGH, at=AT)
    return Job(made_of, out, out / ".building-here", shards)


def in_stages(work: Job) -> list[Written]:
    """The three stages of a build, one after the other in this process."""
    written = carry_out(work, "before", POWER)
    count = len(accounts_of_shards(work))
    for shard in range(count):
        written += carry_out(work, "shards", POWER, shard=shard, of=count)
    return written + carry_out(work, "after", POWER, of=count)


def test_a_build_in_shards_has_the_rows_of_a_build_at_once(crossing: Path, tmp_path: Path) -> None:
    work = job(crossing, tmp_path / "out", 3)
    written = in_stages(work)
    assert differences(crossing, work.tables) == {}
    values = [one.rows for one in written if one.table == "daily_holding_values"]
    assert (len(values), sum(values)) == (3, 133)
    output.publish(work.folder, work.tables, {})
    assert as_the_guide_says(work.folder) == [31, 1]


def as_the_guide_says(out: Path) -> list[int]:
    """How many rows each question of docs/scale.md gives."""
    guide = (Path(__file__).resolve().parents[1] / "docs" / "scale.md").read_text(encoding="utf-8")
    (asked,) = re.findall(r"```sql\n(.*?)```", guide, re.DOTALL)
    setting, *questions = asked.replace("/shared/values", str(out)).strip().split(";\n")
    connection = connect()
    connection.execute(setting)
    return [len(connection.execute(question).fetchall()) for question in questions]


def test_an_empty_home_gives_empty_tables(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    build(load(home, timezone="UTC"), through=THROUGH, at=AT)
    work = job(home, tmp_path / "out", 4)
    assert {one.rows for one in in_stages(work)} == {0}
    assert differences(home, work.tables) == {}


@pytest.fixture(scope="module")
def stages() -> Stages:
    return staged(models.read_models(connect(), resources.folder("sql")))


def test_each_model_runs_in_one_stage_after_what_it_reads(stages: Stages) -> None:
    order = [*stages.before.models, *stages.shards.models, *stages.after.models]
    names = [model.name for model in order]
    assert sorted(names) == sorted(path.stem for path in resources.folder("sql").glob("*/*.sql"))
    for number, model in enumerate(order):
        assert {name for name in model.reads if name in names} <= {*names[:number]}, model.name


def test_what_a_stage_reads_of_earlier_ones_was_kept_by_them(stages: Stages) -> None:
    assert stages.before.given == frozenset()
    assert stages.shards.given <= stages.before.kept
    assert stages.after.given <= stages.before.kept | stages.shards.kept


def test_daily_values_are_made_in_the_shards_and_what_crosses_accounts_is_not(
    stages: Stages,
) -> None:
    shards, after = ({model.name for model in one.models} for one in (stages.shards, stages.after))
    assert {"daily_holding_values", "account_values_daily", "int_lot_events"} <= shards
    assert {"net_worth_daily", "int_lot_transfers", "value_checks", "gaps"} <= after


def test_shards_read_nothing_that_was_landed(stages: Stages) -> None:
    assert not [name for name in stages.shards.reads if name.startswith("raw_")]


def test_the_greatest_account_goes_first_each_into_the_lightest_shard() -> None:
    rows = {"a": 1, "b": 9, "c": 5, "d": 4, "e": 1}
    assert balanced(rows, 2) == [["a", "b"], ["c", "d", "e"]]


def test_an_account_is_never_split_and_no_shard_is_without_one() -> None:
    assert balanced({"a": 7, "b": 0}, 5) == [["a"], ["b"]]
    assert balanced({}, 5) == [[]]


def test_the_order_of_accounts_does_not_matter_to_the_shards() -> None:
    rows = {f"a:{number}": number % 3 for number in range(20)}
    assert balanced(rows, 4) == balanced(dict(reversed(rows.items())), 4)


def test_a_stage_begun_again_writes_the_same(crossing: Path, tmp_path: Path) -> None:
    work = job(crossing, tmp_path / "out", 2)
    assert carry_out(work, "before", POWER) == carry_out(work, "before", POWER)
    assert not [*work.place.rglob(".*.writing")]


def test_a_machine_with_other_models_is_told_so(crossing: Path, tmp_path: Path) -> None:
    work = job(crossing, tmp_path / "out", 2)
    facts = work.ingredients.facts | {"rules": "0123456789abcdef"}
    with pytest.raises(OtherRules, match="other models"):
        carry_out(
            replace(work, ingredients=replace(work.ingredients, facts=facts)), "before", POWER
        )


def test_what_a_killed_process_left_is_removed_and_what_a_live_one_has_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "tenet-stage-dead").mkdir()
    (tmp_path / "tenet-stage-dead.lock").touch()
    with private_database(POWER):
        (alive,) = [path for path in tmp_path.iterdir() if path.is_dir()]
        assert alive.name != "tenet-stage-dead"
        with private_database(POWER):
            assert alive.is_dir()
    assert [*tmp_path.iterdir()] == []


def test_an_error_is_whole_after_it_has_crossed_to_another_process() -> None:
    for error in (HomeNotWritable(Path("/x"), "full"), KeyViolated("sql/x.sql", "a, b", 2, "1, 2")):
        other = pickle.loads(pickle.dumps(error))
        assert type(other) is type(error)
        assert (str(other), other.hint, other.__dict__) == (str(error), error.hint, error.__dict__)


def test_a_reader_finds_the_old_build_until_the_new_one_is_complete(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = published(out, "one")
    with output.replacing(out, AT) as place:
        (place / "tables").mkdir()
    assert output.manifest(out) == first
    second = published(out, "two")
    assert (out / first["folder"] / "x.parquet").read_text() == "one"
    third = published(out, "three")
    assert output.manifest(out) == third
    assert not (out / first["folder"]).exists()
    assert {path.name for path in out.iterdir()} == {
        *(second["folder"], third["folder"], ".lock", "manifest.json")
    }


def test_a_manifest_that_cannot_be_written_leaves_the_old_build_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    first = published(out, "one")

    def full(path: Path, _: str) -> None:
        raise HomeNotWritable(path.parent, "no space left on the disk")

    monkeypatch.setattr("tenet.scale.output.write_whole", full)
    with pytest.raises(HomeNotWritable):
        published(out, "two")
    assert output.manifest(out) == first
    assert [path.name for path in out.glob("build-*")] == [first["folder"]]


def test_a_build_killed_before_it_was_named_is_removed_by_the_next_one(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = published(out, "one")
    (out / "build-99990101T000000Z-00000000").mkdir()
    second = published(out, "two")
    assert {path.name for path in out.glob("build-*")} == {first["folder"], second["folder"]}


def published(out: Path, text: str) -> dict[str, object]:
    with output.replacing(out, AT) as place:
        (place / "tables").mkdir()
        (place / "tables" / "x.parquet").write_text(text)
        return output.publish(out, place / "tables", {"revision": text})


def test_two_builds_into_one_folder_never_meet(tmp_path: Path) -> None:
    with (
        output.replacing(tmp_path / "out", AT),
        pytest.raises(RefreshRunning, match="another tenet"),
        output.replacing(tmp_path / "out", AT),
    ):
        pass


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--engine", "ray"], "needs --out DIR"),
        (["--engine", "ray", "--out", "x", "--full"], "makes every day always"),
        (["--out", "x"], "--out goes with --engine ray"),
        (["--shards", "2"], "--shards goes with --engine ray"),
        (["--address", "x:1"], "--address goes with --engine ray"),
        (["--engine", "ray", "--out", "x", "--as-known-on", "2024-01-02"], "on one machine"),
        (["--engine", "ray", "--out", "x", "--shards", "0"], "0 is not in the range"),
        (["--engine", "spark"], "'spark' is not one of"),
    ],
)
def test_options_that_make_no_sense_together_are_refused(
    tenet_command: Command, home: Path, options: list[str], said: str
) -> None:
    run = tenet_command("--home", home, "build", *options)
    assert run.returncode == 2
    assert said in run.stderr


def test_a_folder_that_holds_anything_else_is_left_alone(
    tenet_command: Command, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("dear")
    for out, why in (("letters", "something else in it: dear.txt"), ("letters/dear.txt", "a file")):
        run = tenet_command("--home", home, "build", "--engine", "ray", "--out", out)
        assert run.returncode == 2
        assert why in run.stderr
    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["dear.txt"]


@pytest.mark.parametrize(("address", "why"), [("here", "no HOST:PORT"), ("127.0.0.1:1", "refused")])
def test_where_there_is_no_cluster_one_is_told_how_to_start_it(
    tenet_command: Command, home: Path, address: str, why: str
) -> None:
    options = ("--engine", "ray", "--out", "out", "--address", address)
    run = tenet_command("--home", home, "build", *options)
    assert run.returncode == 1
    assert f"no Ray cluster at {address}: " in run.stderr
    assert why in run.stderr


def test_without_ray_one_is_told_what_to_install(
    tenet_command: Command, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "ray.py").write_text("raise ImportError('there is no ray here')")
    python_path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    run = tenet_command(
        *("--home", home, "build", "--engine", "ray", "--out", "out"), PYTHONPATH=python_path
    )
    assert run.returncode == 2
    assert "pip install 'tenet[ray]'" in run.stderr
