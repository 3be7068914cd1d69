"""The doctor finds what is wrong, says what to do, and changes nothing."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest
from conftest import AT, HOUSEHOLD, write_folder
from tape import playing

from tenet import database, lake
from tenet.build import build
from tenet.compaction import compact
from tenet.doctor import Finding, examine
from tenet.home import writing
from tenet.landings import MANIFEST, landings
from tenet.settings import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from conftest import Run

DAY = date(2024, 1, 3)
NOW = datetime(2024, 1, 6, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The household, landed and built, with its time zone set."""
    home = tmp_path_factory.mktemp("well") / "home"
    tables = write_folder(home.parent / "tables", HOUSEHOLD).iterdir()
    lake.land(home, "import", {path.stem: path for path in tables}, at=AT)
    (home / "tenet.toml").write_text('timezone = "UTC"\n')
    (home / "tenet.toml").chmod(0o600)
    build(load(home), through=DAY, at=AT)
    return home


@pytest.fixture
def home(template: Path, tmp_path: Path) -> Path:
    return shutil.copytree(template, tmp_path / "home")


def found(home: Path, *, at: datetime = NOW, **options: bool) -> list[Finding]:
    """What is not ok."""
    options = {"offline": True, **options}
    told = list(examine(load(home), at=at, pause=lambda _: None, **options))
    assert {one.state for one in told} <= {"ok", "warning", "fault"}
    wrong = [one for one in told if one.state != "ok"]
    assert all(one.todo and one.found for one in wrong)
    return wrong


def only(home: Path, **options: Any) -> Finding:
    (one,) = found(home, **options)
    return one


def close_file(home: Path) -> Path:
    return landings(home)[0].path / "closes.parquet"


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_home_that_is_well_has_nothing_to_tell_and_is_left_as_it_is(home: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*")}
    assert found(home) == []
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*")} == before
    told = {one.check for one in examine(load(home), at=NOW, offline=True)}
    assert {"settings", "permissions", "clock", "disk", "leftovers", "landings", "build"} <= told


def test_a_landed_file_that_was_altered_is_a_fault(home: Path) -> None:
    flip(close_file(home))
    told = {(one.check, one.state, "checksum differs" in one.found) for one in found(home)}
    assert ("landings", "fault", True) in told


def test_a_landed_file_that_went_is_a_fault(home: Path) -> None:
    close_file(home).unlink()
    assert ("landings", "fault") in {(one.check, one.state) for one in found(home)}


def test_a_file_that_is_none_of_a_landing_is_a_fault_unless_it_is_hidden(home: Path) -> None:
    (landings(home)[0].path / ".DS_Store").write_text("")
    (landings(home)[0].path / ".DS_Store").chmod(0o600)
    assert found(home) == []
    (landings(home)[0].path / "notes.txt").write_text("")
    told = [one for one in found(home) if one.check == "landings"]
    assert [(one.state, one.todo) for one in told] == [("fault", "move it away")]


@pytest.mark.parametrize("damage", ["none", "cut", "emptied", "without its key"])
def test_a_landing_of_before_checksums_is_read_in_full(home: Path, damage: str) -> None:
    (landings(home)[0].path / MANIFEST).unlink()
    path = close_file(home)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-20])
    elif damage == "emptied":
        path.write_bytes(b"")
    elif damage == "without its key":
        pl.read_parquet(path).drop("landing_id").write_parquet(path)
        path.chmod(0o600)
    told = [one for one in found(home) if one.check == "landings"]
    assert [one.state for one in told] == ([] if damage == "none" else ["fault"])
    if damage == "none":
        whole = next(one for one in examine(load(home), at=NOW) if one.check == "landings")
        assert "1 of them from before checksums" in whole.found


def test_a_landing_that_went_is_a_fault_that_names_it(home: Path, tmp_path: Path) -> None:
    text = "security_id,price_date,source,close,currency,basis,observed_at\n"
    text += "X,2024-01-02,yahoo,1,USD,as_traded,2024-01-05T12:00:00Z\n"
    tables = write_folder(tmp_path / "later", {"closes": text})
    landing, _ = lake.land(home, "prices", {"closes": tables / "closes.csv"}, at=AT)
    build(load(home), through=DAY, at=AT)
    assert landing
    shutil.rmtree(landing.path)
    told = {one.state: one.found for one in found(home)}
    assert landing.landing_id in told["fault"]
    assert "does not hold just what is landed" in told["warning"]


def test_a_merge_that_was_killed_and_one_that_is_due_are_told(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "security_id,price_date,source,close,currency,basis,observed_at\n"
    text += "X,2024-01-02,yahoo,1,USD,as_traded,2024-01-05T12:00:00Z\n"
    tables = write_folder(tmp_path / "later", {"closes": text})
    lake.land(home, "import", {"closes": tables / "closes.csv"}, at=AT)
    build(load(home), through=DAY, at=AT)
    monkeypatch.setattr("tenet.doctor.landed.MANY", 1)
    assert found(home) == []
    later = NOW + timedelta(days=40)
    assert only(home, at=later).todo.startswith("tenet compact")
    shutil.copytree(home / "raw", tmp_path / "before")
    compact(home, through="2024-01")
    assert found(home, at=later) == []
    shutil.copytree(tmp_path / "before", home / "raw", dirs_exist_ok=True)
    assert only(home, at=later).found.startswith("2 folders: ")


def test_a_build_that_lacks_a_landing_or_was_never_made_is_a_warning(home: Path) -> None:
    row = {"security_id": "AAPL", "edited_at": AT, "name": "Apple"}
    lake.land(home, "edit", {"security_edits": pl.DataFrame([row])}, at=AT)
    assert (only(home).state, only(home).todo) == ("warning", "tenet build")
    (home / "tenet.duckdb").unlink()
    assert (only(home).found, only(home).todo) == ("nothing is published", "tenet build")


def test_published_rows_that_went_are_a_fault(home: Path) -> None:
    connection = database.connect()
    connection.execute(f"attach {database.literal(home / 'tenet.duckdb')} as damaged")
    connection.execute("delete from damaged.daily_holding_values where account_id = 'broker:1'")
    connection.close()
    assert any("broker:1" in one.found and one.state == "fault" for one in found(home))


def test_a_published_file_that_cannot_be_read_is_a_fault(home: Path) -> None:
    (home / "tenet.duckdb").write_bytes(b"no database")
    assert any("cannot be read" in one.found for one in found(home))


def test_a_build_unlike_a_fresh_one_is_a_fault(home: Path) -> None:
    path, manifest = close_file(home), landings(home)[0].path / MANIFEST
    pl.read_parquet(path).with_columns(close=pl.col("close") * 2).write_parquet(path)
    facts = json.loads(manifest.read_text())
    facts["files"]["closes.parquet"] |= lake.checksum(path)
    manifest.write_text(json.dumps(facts))
    assert only(home).found.endswith("unlike a fresh one")
    build(load(home), through=DAY, at=NOW, full=True)
    assert found(home) == []


def test_a_long_build_is_made_again_only_when_that_is_asked_for(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenet.doctor.built.LONG", 0.0)
    told = [one.found for one in examine(load(home), at=NOW, offline=True)]
    assert any("not compared with a fresh one" in text for text in told)
    told = [one.found for one in examine(load(home), at=NOW, offline=True, rebuild=True)]
    assert "a fresh one has the same rows" in told


@pytest.mark.skipif(os.name != "posix", reason="permissions are posix only")
def test_what_others_can_read_is_told_secrets_and_the_home_itself_as_faults(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "tenet.toml").chmod(0o644)
    assert (only(home).state, only(home).todo) == ("warning", f"chmod -R go= {home}")
    (home / "tenet.toml").chmod(0o600)
    home.chmod(0o755)
    assert (only(home).state, only(home).todo) == ("fault", f"chmod go= {home}")
    home.chmod(0o700)
    token = tmp_path / "token.json"
    token.write_text("{}")
    token.chmod(0o640)
    monkeypatch.setenv("TENET_SCHWAB__TOKEN_FILE", str(token))
    told = {one.found for one in found(home) if one.state == "fault"}
    assert told == {f"others can read {token} (640)"}


def test_days_that_depend_on_the_machine_are_a_warning(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TENET_TIMEZONE", raising=False)
    settings = load(home)
    (home / "tenet.toml").write_text("")
    told = [one for one in examine(load(home), at=NOW, offline=True) if one.check == "settings"]
    assert (told[0].state, "no time zone is set" in told[0].found) == ("warning", True)
    assert settings.timezone == "UTC"


def test_a_clock_that_cannot_be_right_is_a_fault(home: Path) -> None:
    assert only(home, at=datetime(1970, 1, 1, tzinfo=UTC)).check == "clock"
    assert "landed after now" in only(home, at=AT - timedelta(days=1)).found
    assert found(home, at=AT - timedelta(minutes=5)) == []


def test_what_a_killed_writer_left_is_told_but_not_while_one_is_at_work(home: Path) -> None:
    (home / "raw" / ".incoming" / "x").mkdir(parents=True, mode=0o700)
    (home / "raw" / ".incoming").chmod(0o700)
    (home / "tenet.duckdb.99.building").touch(0o600)
    assert only(home).check == "leftovers"
    with writing(home, NOW):
        (home / "tenet.duckdb.99.building").touch(0o600)
        assert found(home) == []
    assert not (home / "tenet.duckdb.99.building").exists() or only(home)


def test_a_full_disk_is_told_before_it_is_met(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = (home / "tenet.duckdb").stat().st_size
    for free, state in ((size // 2, "fault"), (size * 2, "warning")):
        usage = shutil.disk_usage(home)._replace(free=free)
        monkeypatch.setattr("shutil.disk_usage", lambda _, usage=usage: usage)
        assert (only(home).check, only(home).state) == ("disk", state)


def test_half_a_provider_is_a_warning(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENET_IBKR__QUERY_ID", "1")
    assert only(home).found == "not used: token not set"
    monkeypatch.setenv("TENET_IBKR__ENABLED", "false")
    assert found(home) == []


def test_no_source_of_prices_is_a_warning(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("YAHOO", "COINGECKO", "ECB"):
        monkeypatch.setenv(f"TENET_{name}__ENABLED", "false")
    assert only(home).check == "prices"


def test_each_provider_is_asked_and_one_that_fails_is_a_fault_without_its_secret(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = write_folder(tmp_path / "statements", {"giro": "date,name,balance\n2024-01-02,G,1\n"})
    monkeypatch.setenv("TENET_MANUAL__FOLDER", str(folder))
    refusal = {"status": 403, "headers": {}, "content": b"no"}
    entries = [{"request": {"method": "GET", "path": "/simplefin/accounts"}, "response": refusal}]
    with playing(entries) as (url, asked):
        access = url.replace("http://", "http://user:hunter2@") + "/simplefin"
        monkeypatch.setenv("TENET_SIMPLEFIN__ACCESS_URL", access)
        assert "simplefin" not in {one.check for one in found(home)}
        assert asked == []
        told = [one for one in found(home, offline=False) if one.check == "simplefin"]
    assert [one.state for one in told] == ["fault"]
    assert asked
    assert "hunter2" not in str(told)


def test_a_log_in_that_ends_is_told_before_it_does(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    token = tmp_path / "token.json"
    stored = {"creation_timestamp": 0, "token": {"access_token": "a", "refresh_token": "r"}}
    for name, value in (("APP_KEY", "k"), ("APP_SECRET", "s"), ("TOKEN_FILE", str(token))):
        monkeypatch.setenv(f"TENET_SCHWAB__{name}", value)

    def told(days_ago: float) -> tuple[str, str]:
        made = (NOW - timedelta(days=days_ago)).timestamp()
        token.write_text(json.dumps(stored | {"creation_timestamp": made}))
        token.chmod(0o600)
        one = only(home)
        return one.state, one.found

    assert told(6.5) == ("warning", "its log-in ends in 0.5 days")
    assert told(8) == ("fault", "its log-in has ended")


def test_the_command_says_what_to_do_and_exits_with_1_where_something_is_wrong(
    home: Path, tenet_command: Callable[..., Run]
) -> None:
    well = tenet_command("--home", home, "doctor", "--offline", "--json")
    assert (well.returncode, {one["state"] for one in json.loads(well.stdout)}) == (0, {"ok"})
    flip(close_file(home))
    ill = tenet_command("--home", home, "doctor", "--offline")
    assert (ill.returncode, "replace the file from its source or a backup" in ill.stdout) == (
        1,
        True,
    )
    assert tenet_command("--home", home / "nowhere", "doctor").returncode == 2
