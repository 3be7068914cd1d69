"""Bad input is refused in a line that says where; nothing lands, and what was there stays."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from conftest import AT, HOUSEHOLD, write_folder
from disks import fill

import tenet
from tenet import lake
from tenet.build import build
from tenet.errors import NoBuild, TenetError
from tenet.imports import import_folder
from tenet.settings import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Run

    Command = Callable[..., Run]

NOON = datetime(2024, 1, 5, 12, tzinfo=UTC)
COUNT = "select count(*) as days, sum(net_worth) as total from net_worth_daily"

CLOSE = {
    "security_id": "AAPL",
    "price_date": date(2024, 1, 4),
    "source": "yahoo",
    "close": Decimal("181.91"),
    "currency": "USD",
    "basis": "as_traded",
    "observed_at": NOON,
}
SPLIT = {
    "security_id": "AAPL",
    "split_date": date(2024, 1, 4),
    "ratio": Decimal(2),
    "observed_at": NOON,
}
HOLDING = {
    "snapshot_id": "s2",
    "security_id": "MSFT",
    "account_id": "broker:1",
    "quantity": Decimal(1),
    "currency": "USD",
}
SNAPSHOT = {"snapshot_id": "s3", "account_id": "bank:1", "observed_at": NOON, "status": "success"}
RATE = {
    "currency": "EUR",
    "quote_currency": "USD",
    "rate_date": date(2024, 1, 4),
    "source": "ecb",
    "rate": Decimal("1.1"),
    "observed_at": NOON,
}
CLOSES = "security_id,price_date,source,close,currency,basis,observed_at\n"
GOOD = "AAPL,2024-01-04,yahoo,181.91,USD,as_traded,2024-01-05T12:00:00Z\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that is landed and built once for this module, since no test may change it."""
    folder = tmp_path_factory.mktemp("bad_input")
    tables = write_folder(folder / "folder", HOUSEHOLD)
    home = folder / "home"
    lake.land(home, "import", {path.stem: path for path in tables.iterdir()}, at=AT)
    build(load(home, timezone="UTC"), through=date(2024, 1, 3), at=AT)
    return home


@pytest.fixture
def untouched(built: Path) -> Iterator[Path]:
    """The home; in the end every file of it, the published build too, is what it was."""
    before = contents(built)
    yield built
    assert contents(built) == before


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    """The home to be changed: a copy."""
    return shutil.copytree(built, tmp_path / "home")


def contents(home: Path) -> dict[str, bytes]:
    """Every file of a home but the lock's own."""
    return {
        str(path.relative_to(home)): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and not path.name.startswith(".lock")
    }


def refusal(home: Path, folder: Path) -> str:
    """What an import says when it refuses, message and hint."""
    with pytest.raises(TenetError) as failure:
        import_folder(home, folder, at=NOON, note=lambda _: None)
    assert failure.value.exit_code == 1
    return f"{failure.value} {failure.value.hint}"


def assert_said_in_short(run: Run, code: int, *words: str) -> None:
    """The exit code, nothing on stdout, and at most three short lines of talk with the words."""
    assert (run.returncode, run.stdout) == (code, "")
    assert "Traceback" not in run.stderr
    assert len(run.stderr.strip().splitlines()) <= 4
    assert len(run.stderr) < 700
    for word in words:
        assert word in run.stderr


# Text: the message names dataset, column, file and line.


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD + GOOD.replace("01-04", "02-30"), "closes.price_date: '2024-02-30' is not a date"),
        (GOOD + GOOD.replace("2024-01-04", "1/5/2024"), "closes.price_date: '1/5/2024'"),
        (GOOD + GOOD.replace("2024-01-04", ""), "closes.price_date: has no value"),
        (GOOD + GOOD.replace("181.91", "181.9l"), "closes.close: '181.9l' is not a number"),
        (GOOD + GOOD.replace("181.91", '"1,181.91"'), "closes.close: '1,181.91' is not a number"),
        (GOOD + GOOD.replace("181.91", "nan"), "closes.close: 'nan' is not a number"),
        (GOOD + GOOD.replace("181.91", "inf"), "closes.close: 'inf' is not a number"),
        (GOOD + GOOD.replace("181.91", "1e18"), "closes.close: '1e18' is not a number"),
        (GOOD + GOOD.replace("181.91", ""), "closes.close: has no value"),
        (GOOD + GOOD.replace("12:00:00Z", "12:00:00"), "closes.observed_at: '2024-01-05T12:00:00'"),
        (GOOD + GOOD.replace("12:00:00Z", "25:00:00Z"), "closes.observed_at: '2024-01-05T25"),
        (GOOD + GOOD.replace("USD", "XYZ"), "closes.currency: 'XYZ' is not an ISO 4217 code"),
        (GOOD + GOOD.replace("USD", "usd"), "closes.currency: 'usd' is not an ISO 4217 code"),
        (GOOD + GOOD.replace("as_traded", "raw"), "closes.basis: 'raw' is not one of"),
        (GOOD + GOOD.replace("AAPL", "  "), "closes.security_id: '  ' is not a symbol"),
        (GOOD + GOOD.replace(",2024-01-05T12:00:00Z", ""), "Found: 6"),
        (GOOD + GOOD.replace("Z\n", "Z,x\n"), "Found: 8"),
        (GOOD + GOOD.replace("AAPL", '"AAPL'), "quote"),
        (GOOD + GOOD.replace("AAPL", "NESTL\u00c9"), "not utf-8"),
    ],
)
def test_a_bad_line_of_a_csv_file_is_named(
    untouched: Path, tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "closes.csv").write_bytes((CLOSES + text).encode("latin-1"))
    found = refusal(untouched, tmp_path)
    assert said in found
    assert "closes.csv" in found
    assert "line 3" in found.lower().replace("line:", "line")
    assert len(found) < 500


@pytest.mark.parametrize(
    "above",
    [
        "\n\n" + GOOD,
        GOOD.replace("yahoo", '"a\nsource\nof mine"'),
        GOOD + "\n" + GOOD.replace("AAPL", "MSFT"),
    ],
    ids=["blank lines", "line breaks in a cell", "a blank line between"],
)
def test_lines_are_counted_as_an_editor_counts_them(
    untouched: Path, tmp_path: Path, above: str
) -> None:
    text = CLOSES + above + GOOD.replace("181.91", "x")
    (tmp_path / "closes.csv").write_text(text)
    line = text.splitlines().index(GOOD.replace("181.91", "x").strip()) + 1
    assert f"'x' is not a number (closes.csv line {line})" in refusal(untouched, tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "closes.csv"),
        ("\n", "closes.csv"),
        (CLOSES.replace("basis,", ""), "closes.basis: the column is missing (closes.csv)"),
        (CLOSES.replace("close,", "clsoe,"), "closes.close: the column is missing (closes.csv) is"),
        (CLOSES.replace("source,", "close,"), "closes"),
        (CLOSES.replace(",", ";"), "closes.security_id: the column is missing (closes.csv)"),
    ],
    ids=["empty", "blank", "missing", "misspelt", "twice", "semicolons"],
)
def test_a_header_that_is_not_one_is_refused(
    untouched: Path, tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "closes.csv").write_text(text)
    assert said in refusal(untouched, tmp_path)


def test_a_csv_file_with_only_its_header_lands_no_rows(home: Path, tmp_path: Path) -> None:
    folder = write_folder(
        tmp_path / "more", {"closes": CLOSES, "splits": "security_id,split_date,ratio,observed_at"}
    )
    _, rows = import_folder(home, folder, at=NOON, note=lambda _: None)
    assert rows == {"closes": 0, "splits": 0}


# Parquet and frames: the message names dataset, column and row.


@pytest.mark.parametrize(
    ("dataset", "row", "changes", "said"),
    [
        (
            "closes",
            CLOSE,
            {"close": "181.91"},
            "closes.close: has the type VARCHAR, wanted a number",
        ),
        ("closes", CLOSE, {"close": True}, "closes.close: has the type BOOLEAN, wanted a number"),
        ("closes", CLOSE, {"close": float("nan")}, "closes.close: 'nan' is not a number"),
        ("closes", CLOSE, {"close": float("inf")}, "closes.close: 'inf' is not a number"),
        ("closes", CLOSE, {"close": 1e18}, "closes.close: '1e+18' is not a number"),
        ("closes", CLOSE, {"close": Decimal(10**18)}, "closes.close: '1000000000000000000"),
        ("closes", CLOSE, {"close": None}, "closes.close: has no value"),
        ("closes", CLOSE, {"price_date": "2024-01-04"}, "closes.price_date: has the type VARCHAR"),
        ("closes", CLOSE, {"price_date": NOON}, "closes.price_date: has the type TIMESTAMP"),
        ("closes", CLOSE, {"observed_at": NOON.replace(tzinfo=None)}, "has the type TIMESTAMP"),
        ("closes", CLOSE, {"security_id": 5}, "closes.security_id: has the type BIGINT"),
        ("closes", CLOSE, {"currency": "XYZ"}, "closes.currency: 'XYZ' is not an ISO 4217 code"),
        ("closes", CLOSE, {"clsoe": 1.0}, ""),
        ("holdings", HOLDING, {"snapshot_prise": 1.0}, "holdings.snapshot_prise: unknown column"),
        ("holdings", HOLDING, {"quantity": None}, "holdings.quantity: has no value"),
        ("holdings", HOLDING, {"currency": None}, "holdings.currency: has no value"),
        (
            "holdings",
            HOLDING,
            {"asset_type": "stonk"},
            "holdings.asset_type: 'stonk' is not one of",
        ),
        ("holdings", HOLDING, {"snapshot_id": "s9"}, "'s9' is not among the snapshots"),
        ("holdings", HOLDING, {"account_id": "bank:9"}, "'bank:9' is not among the accounts"),
        ("snapshots", SNAPSHOT, {"account_id": "bank:9"}, "'bank:9' is not among the accounts"),
        ("snapshots", SNAPSHOT, {"status": "ok"}, "snapshots.status: 'ok' is not one of"),
        ("splits", SPLIT, {"ratio": Decimal(0)}, "splits.ratio: '0' is not a number above zero"),
        ("splits", SPLIT, {"ratio": Decimal(-2)}, "splits.ratio: '-2' is not a number above zero"),
        ("splits", SPLIT, {"ratio": 1e-11}, "splits.ratio: '1e-11' is not a number above zero"),
        ("fx_rates", RATE, {"rate": Decimal(0)}, "fx_rates.rate: '0' is not a number above zero"),
        ("fx_rates", RATE, {"currency": "EURO"}, "fx_rates.currency: 'EURO' is not an ISO 4217"),
    ],
)
def test_a_bad_row_of_a_frame_or_a_parquet_file_is_named(
    untouched: Path,
    tmp_path: Path,
    dataset: str,
    row: dict[str, Any],
    changes: dict[str, Any],
    said: str,
) -> None:
    if "clsoe" in changes:
        row = {name: value for name, value in row.items() if name != "close"}
        said = "closes.close: the column is missing (closes.parquet) is it the column clsoe?"
    frame = pl.DataFrame([row | changes])
    frame.write_parquet(tmp_path / f"{dataset}.parquet")
    found = refusal(untouched, tmp_path)
    assert said in found
    assert f"{dataset}.parquet" in found
    with pytest.raises(TenetError) as failure:
        lake.land(untouched, "import", {dataset: frame}, at=NOON)
    assert said.split(" (")[0] in str(failure.value)


def test_one_symbol_in_two_spellings_is_a_duplicate_key(untouched: Path, tmp_path: Path) -> None:
    (tmp_path / "closes.csv").write_text(CLOSES + GOOD + "\n" + GOOD.replace("AAPL", "aapl"))
    assert (
        "closes: two rows have the key AAPL, 2024-01-04, yahoo (closes.csv lines 2 and 4)"
        in refusal(untouched, tmp_path)
    )
    frame = pl.DataFrame([HOLDING | {"security_id": name} for name in ("brk.b", "BRK.B")])
    with pytest.raises(TenetError, match=r"two rows have the key s2, BRK.B \(rows 1 and 2\)"):
        lake.land(untouched, "import", {"holdings": frame}, at=NOON)


@pytest.mark.parametrize("kept", [0, 3, 40, 400, -1, -9], ids=lambda kept: f"kept {kept}")
def test_a_truncated_parquet_file_is_refused(untouched: Path, tmp_path: Path, kept: int) -> None:
    path = tmp_path / "closes.parquet"
    pl.DataFrame([CLOSE]).write_parquet(path)
    path.write_bytes(path.read_bytes()[:kept])
    assert "cannot read closes.parquet" in refusal(untouched, tmp_path)


def test_one_bad_file_keeps_the_good_ones_out_too(untouched: Path, tmp_path: Path) -> None:
    pl.DataFrame([SPLIT]).write_parquet(tmp_path / "splits.parquet")
    (tmp_path / "closes.parquet").write_bytes(b"PAR1")
    assert "cannot read closes.parquet" in refusal(untouched, tmp_path)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([], "nothing to import"),
        (["notes.txt"], "nothing to import"),
        (["close.csv"], "unknown dataset close did you mean closes?"),
        (["holding.parquet"], "unknown dataset holding did you mean holdings?"),
        (["closes.csv", "closes.parquet"], "closes.csv holds the same dataset"),
    ],
)
def test_a_folder_without_datasets_or_with_a_misspelt_one_is_refused(
    untouched: Path, tmp_path: Path, files: list[str], said: str
) -> None:
    for name in files:
        (tmp_path / name).write_text(CLOSES + GOOD)
    assert said in refusal(untouched, tmp_path)


def test_what_tenet_does_not_know_is_noted_and_left_out(home: Path, tmp_path: Path) -> None:
    pl.DataFrame([CLOSE | {"mood": "sunny"}]).write_parquet(tmp_path / "closes.parquet")
    (tmp_path / "weather.csv").write_text("day\n")
    notes: list[str] = []
    landing, _ = import_folder(home, tmp_path, at=NOON, note=notes.append)
    assert notes == [
        "weather.csv is not named like a dataset and was left out",
        "closes: column mood is not known to tenet and was left out",
    ]
    assert landing is not None


# Numbers at the edge of what a column holds may make a value unknown, never a build fail.

MOST = Decimal("999999999999999999.9999999999")
LEAST = Decimal("0.0000000001")
ABSURD = {
    "closes": [
        CLOSE | {"close": MOST},
        CLOSE | {"close": LEAST, "price_date": date(2024, 1, 5), "currency": "GBp"},
    ],
    "holdings": [
        HOLDING | {"quantity": -MOST, "multiplier": MOST, "snapshot_price": MOST},
        HOLDING | {"security_id": "CAD", "quantity": MOST, "multiplier": None},
    ],
    "splits": [
        SPLIT | {"security_id": name, "split_date": date(2024, 1, day), "ratio": ratio}
        for name, ratio in (("AAPL", MOST), ("MSFT", LEAST), ("X", Decimal(10_000_000)))
        for day in (2, 3)
    ],
    "price_marks": [
        {"security_id": "MSFT", "price_date": date(2024, 1, 2), "edited_at": NOON, "price": -MOST}
        | {"currency": "GBP"}
    ],
    "fx_rates": [
        RATE | {"currency": one, "quote_currency": other, "rate": rate}
        for one, other, rate in (("GBP", "EUR", MOST), ("EUR", "USD", MOST), ("CAD", "EUR", LEAST))
    ],
}


def test_absurd_numbers_never_stop_a_build(home: Path) -> None:
    for minute, (dataset, rows) in enumerate(ABSURD.items()):
        frame = pl.DataFrame(rows, infer_schema_length=None)
        lake.land(home, "import", {dataset: frame}, at=NOON + timedelta(minutes=minute))
    build(load(home, timezone="UTC"), through=date(2024, 1, 5), at=NOON)
    values = tenet.open(home).read("daily_holding_values")
    assert values["valuation_date"].max() == date(2024, 1, 5)


# The command line: codes and short errors.


def test_a_refused_import_exits_1_in_two_lines(
    tenet_command: Command, untouched: Path, tmp_path: Path
) -> None:
    folder = write_folder(tmp_path / "bad", {"closes": CLOSES + GOOD.replace("181.91", "x")})
    run = tenet_command("--home", untouched, "import", folder)
    assert_said_in_short(run, 1, "closes.close", "(closes.csv line 2)")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["import", "nowhere"], 2, "does not exist"),
        (["import", "a file"], 2, "is a file"),
        (["import", "empty"], 1, "nothing to import"),
        (["build", "--today", "2024-02-30"], 2, "2024-02-30"),
        (["build", "--yesterday"], 2, "--yesterday"),
        (["sql", "selec 1"], 1, 'syntax error at or near "selec"'),
        (["sql", "select nope from net_worth_daily"], 1, '"nope" not found'),
        (["sql", "drop table net_worth_daily"], 1, "read-only"),
        (["sql", ""], 1, "tenet: "),
        (["--today", "1999-01-01", "networth"], 2, "no values on 1999-01-01"),
        (["export", "a file"], 2, "is a file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_command_is_answered_in_short(
    tenet_command: Command,
    untouched: Path,
    tmp_path: Path,
    arguments: list[str],
    code: int,
    said: str,
) -> None:
    (tmp_path / "a file").write_text("")
    (tmp_path / "empty").mkdir()
    assert_said_in_short(tenet_command("--home", untouched, *arguments), code, said)


@pytest.mark.parametrize("command", [["build"], ["status"], ["sql", "select 1"]])
def test_without_a_home_a_command_exits_2(
    tenet_command: Command, tmp_path: Path, command: list[str]
) -> None:
    run = tenet_command("--home", tmp_path / "nowhere", *command)
    assert_said_in_short(run, 2, "no tenet home at", "tenet init")
    assert not (tmp_path / "nowhere").exists()


def test_reading_before_the_first_build_says_what_to_run(
    tenet_command: Command, tmp_path: Path
) -> None:
    lake.land(tmp_path, "import", {"splits": pl.DataFrame([SPLIT])}, at=NOON)
    run = tenet_command("--home", tmp_path, "sql", "select 1")
    assert_said_in_short(run, 1, "nothing is built", "tenet build")
    with pytest.raises(NoBuild):
        tenet.open(tmp_path).read("net_worth_daily")


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("tenet.toml", b'base_curency = "EUR"', "base_curency"),
        ("tenet.toml", b"stale_price_days = -1", "stale_price_days"),
        ("tenet.toml", b'base_currency = "EUR', "tenet.toml"),
        ("tenet.toml", b"\xff\xfe\x00", "tenet.toml"),
        (".env", b"TENET_TIME_ZONE=UTC", "TENET_TIME_ZONE"),
        (".env", b"\xff\xfe\x00", ".env"),
    ],
)
def test_a_wrong_setting_exits_2_and_is_named(
    tenet_command: Command, home: Path, file: str, content: bytes, said: str
) -> None:
    (home / file).write_bytes(content)
    before = contents(home)
    assert_said_in_short(tenet_command("--home", home, "build"), 2, said)
    assert contents(home) == before


def test_a_folder_in_the_place_of_the_settings_exits_2(tenet_command: Command, home: Path) -> None:
    (home / "tenet.toml").mkdir()
    assert_said_in_short(tenet_command("--home", home, "build"), 2, "tenet.toml")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("TENET_TIMEZON", "UTC", "TENET_TIMEZON: is not a setting"),
        ("TENET_TIMEZONE", "Mars/Olympus", "timezone: 'Mars/Olympus' is not"),
        ("TENET_BASE_CURRENCY", "", "base_currency: '' is not"),
    ],
)
def test_a_wrong_variable_exits_2_and_nothing_lands(
    tenet_command: Command, untouched: Path, tmp_path: Path, variable: str, value: str, said: str
) -> None:
    folder = write_folder(tmp_path / "good", {"closes": CLOSES + GOOD})
    run = tenet_command("--home", untouched, "import", folder, **{variable: value})
    assert_said_in_short(run, 2, said)


def test_a_damaged_landing_stops_the_build_and_is_named(tenet_command: Command, home: Path) -> None:
    (path,) = home.glob("raw/*/*/*/closes.parquet")
    path.write_bytes(path.read_bytes()[:-9])
    before = contents(home)
    run = tenet_command("--home", home, "build", "--today", "2024-01-04")
    assert_said_in_short(run, 1, "cannot read", str(path.name))
    assert contents(home) == before


# Places that cannot be written to.


def without_rights(home: Path, *arguments: object) -> Run:
    """The command, held to the permissions of files, which root may otherwise ignore."""
    if os.name != "posix":
        pytest.skip("permissions of this kind are posix only")
    give_up = []
    if os.geteuid() == 0:
        rights = "-dac_override,-dac_read_search"
        give_up = ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}"]
        if not shutil.which("setpriv"):
            pytest.skip("root ignores permissions, and setpriv is not here to give that up")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TENET_")}
    return subprocess.run(
        [*give_up, sys.executable, "-m", "tenet", "--home", str(home), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=clean | {"TENET_TIMEZONE": "UTC"},
    )


@pytest.mark.parametrize("command", ["import", "build", "init"])
def test_a_home_without_write_permission_is_named(home: Path, tmp_path: Path, command: str) -> None:
    (tmp_path / "closes.csv").write_text(CLOSES + GOOD)
    before = contents(home)
    folders = [path for path in (home, *home.rglob("*")) if path.is_dir()]
    for path in folders:
        path.chmod(0o500)
    arguments = {"import": [tmp_path], "build": ["--today", "2024-01-04"], "init": []}
    run = without_rights(home, command, *arguments[command])
    for path in folders:
        path.chmod(0o700)
    assert_said_in_short(run, 1, f"cannot write to {home}", "ermission")
    assert contents(home) == before
    assert tenet.open(home).sql(COUNT).row(0) == (3, Decimal("8255.30"))


@pytest.mark.parametrize("locked", ["raw/import", ".lock"])
def test_a_part_of_the_home_without_write_permission_is_named(
    home: Path, tmp_path: Path, locked: str
) -> None:
    (tmp_path / "closes.csv").write_text(CLOSES + GOOD.replace("2024-01", "2024-02"))
    (home / ".lock").touch()
    before = contents(home)
    (home / locked).chmod(0o400 if locked == ".lock" else 0o500)
    run = without_rights(home, "import", tmp_path)
    (home / locked).chmod(0o700)
    assert_said_in_short(run, 1, f"cannot write to {home}", "ermission")
    assert contents(home) == before


def test_a_home_that_cannot_even_be_made_is_named(tmp_path: Path, folder: Path) -> None:
    tmp_path.chmod(0o500)
    run = without_rights(tmp_path / "new", "import", folder)
    tmp_path.chmod(0o700)
    assert_said_in_short(run, 1, f"cannot write to {tmp_path / 'new'}", "ermission")


def test_files_to_import_that_may_not_be_read_are_named(untouched: Path, tmp_path: Path) -> None:
    for name in ("closes.csv", "splits.parquet"):
        (tmp_path / name).write_text(CLOSES + GOOD)
        (tmp_path / name).chmod(0)
        run = without_rights(untouched, "import", tmp_path)
        (tmp_path / name).unlink()
        assert_said_in_short(run, 1, f"cannot read {name}", "ermission")


@pytest.mark.parametrize("left", [0, 20_000])
def test_a_full_disk_stops_an_import_and_loses_nothing(
    tenet_command: Command, small_disk: Path, tmp_path: Path, built: Path, left: int
) -> None:
    home = shutil.copytree(built, small_disk / "home")
    more = tmp_path / "more"
    more.mkdir()
    many_closes(20_000).write_parquet(more / "closes.parquet")
    before = contents(home)
    fill(small_disk, left)
    run = tenet_command("--home", home, "import", more)
    (small_disk / "filler").unlink()
    assert_said_in_short(run, 1, f"cannot write to {home}", "pace")
    assert contents(home) == before
    assert tenet_command("--home", home, "import", more).returncode == 0


@pytest.mark.parametrize("left", [0, 1_000_000])
def test_a_full_disk_stops_a_build_and_the_published_one_stays(
    tenet_command: Command, small_disk: Path, built: Path, left: int
) -> None:
    home = shutil.copytree(built, small_disk / "home")
    before = contents(home)
    fill(small_disk, left)
    run = tenet_command("--home", home, "build", "--today", "2224-01-04")
    (small_disk / "filler").unlink()
    assert_said_in_short(run, 1, f"cannot write to {home}", "pace")
    assert contents(home) == before
    assert tenet.open(home).sql(COUNT).row(0) == (3, Decimal("8255.30"))
    assert tenet_command("--home", home, "build", "--today", "2024-01-04").returncode == 0


def many_closes(count: int) -> pl.DataFrame:
    """Closes of as many securities, no two alike."""
    numbers = pl.Series("number", range(count))
    return pl.DataFrame(
        {
            "security_id": "X" + numbers.hash(1).cast(pl.String),
            "close": (numbers.hash(2) % 10**9).cast(pl.Float64),
        }
    ).with_columns(
        *(
            pl.lit(CLOSE[name]).alias(name)
            for name in ("price_date", "source", "currency", "basis")
        ),
        pl.lit(NOON).alias("observed_at"),
    )
