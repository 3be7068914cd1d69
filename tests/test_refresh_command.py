"""`tenet refresh` as people call it: real sources over HTTP on loopback, kills, and two at once."""

from __future__ import annotations

import json
import os
import pty
import random
import re
import signal
import socket
import subprocess
import sys
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import AT, HOUSEHOLD, write_folder
from market_hosts import close_on, market_hosts, rate_on
from tape import playing

import tenet
from tenet import lake
from tenet.home import writing
from tenet.market.registry import price_sources, rate_sources
from tenet.refresh.run import refresh
from tenet.settings import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Run

    Command = Callable[..., Run]

DAY = "2024-02-05"  # a Monday
STATEMENT = """as_of,account,currency,symbol,quantity,price
2024-01-02,depot,USD,AAPL,10,90
2024-01-02,depot,USD,VTI,2,190
2024-01-02,giro,EUR,CASH,100,1
"""
SECRET = "access-password-probe"
CLOSED = "http://127.0.0.1:9"  # nothing listens there


def statements(folder: Path, text: str = STATEMENT) -> dict[str, str]:
    """The settings of a folder of statements."""
    folder.mkdir(exist_ok=True)
    (folder / "statement.csv").write_text(text)
    return {"TENET_MANUAL__FOLDER": str(folder)}


def refreshed(run: Run) -> dict[str, Any]:
    found = json.loads(run.stdout)
    assert isinstance(found, dict)
    return found


def land_household(home: Path, folder: Path) -> None:
    """Land a folder of CSV files."""
    lake.land(home, "import", {path.stem: path for path in folder.iterdir()}, at=AT)


def test_from_nothing_to_net_worth_and_then_again_with_no_request(
    tenet_command: Command, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    command = ("--home", home, "--today", DAY, "refresh")
    with market_hosts(date(2024, 2, 5), AAPL="100") as hosts:
        environment = hosts.environment | statements(tmp_path / "statements")
        run = tenet_command(*command, **environment)
        assert run.returncode == 0, run.stderr
        assert hosts.taken() == ["AAPL", "VTI", "eurofxref-hist.zip"]
        again = tenet_command(*command, "--json", **environment)
        assert (again.returncode, hosts.taken()) == (0, [])
    friday = date(2024, 2, 2)
    # AAPL at its close, VTI unknown to the market at its statement's price, euros at the rate.
    worth = 10 * close_on(friday) + 2 * 190 + 100 * rate_on(friday)
    assert f"{worth:,.2f} USD  on {DAY}" in run.stdout
    assert "no source knows: VTI" in run.stdout
    assert max(map(len, run.stdout.splitlines())) < 80
    for words in ("manual", "yahoo", "ecb", "sync", "new prices", "build"):
        assert re.search(rf"^{words} +\d+\.\d s", run.stderr, re.MULTILINE), run.stderr
    found = refreshed(again)
    assert found["net_worth"]["net_worth"] == float(round(worth, 2))
    assert (found["since"]["change"], found["restated"]["day_count"]) == (0, 0)


def test_after_thirty_days_each_symbol_and_the_rates_are_asked_for_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    household = {name: text for name, text in HOUSEHOLD.items() if name != "closes"}
    land_household(home, write_folder(tmp_path / "folder", household))
    with market_hosts(date(2024, 3, 5), AAPL="100") as hosts:
        urls = {name: {"base_url": hosts.url} for name in ("yahoo", "coingecko", "ecb")}
        settings = load(home, timezone="UTC", **urls)
        for day, asked in [
            (date(2024, 2, 5), ["AAPL", "eurofxref-hist-90d.xml"]),
            (date(2024, 2, 5), []),
            (date(2024, 3, 6), ["AAPL", "eurofxref-hist-90d.xml"]),
        ]:
            hosts.today = day
            at = datetime.combine(day, time(12), UTC)
            sources = price_sources(settings), rate_sources(settings)
            report = refresh(settings, [], *sources, through=day, at=at, pause=lambda _: None)
            assert (report.exit_code, hosts.taken()) == (0, asked)


def test_with_every_source_down_the_old_numbers_stay_and_it_is_said_in_words(
    tenet_command: Command, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    refusal = {
        "request": {"method": "GET", "path": "/simplefin/accounts"},
        "response": {"status": 403, "content": b"Forbidden"},
    }
    known = {"AAPL": "100", "VTI": "200"}
    with market_hosts(date(2024, 2, 5), **known) as hosts, playing([refusal]) as (url, _):
        environment = hosts.environment | statements(tmp_path / "statements")
        first = tenet_command("--home", home, "--today", DAY, "refresh", "--json", **environment)
        assert first.returncode == 0, first.stderr
        hosts.is_down = True
        access = url.replace("http://", f"http://user:{SECRET}@") + "/simplefin"
        environment |= {"TENET_SIMPLEFIN__ACCESS_URL": access}
        later = ("--home", home, "--today", "2024-02-08", "refresh")
        run = tenet_command(*later, **environment)
    assert run.returncode == 3, run.stderr
    worth = refreshed(first)["net_worth"]["net_worth"]
    assert f"{worth:,.2f} USD  on 2024-02-08" in run.stdout
    told = " ".join(run.stdout.split())
    for words in ("failed simplefin:", "failed yahoo AAPL:", "keeps the last value"):
        assert words in told
    assert SECRET not in run.stdout + run.stderr
    assert not [path for path in home.rglob("*.json") if SECRET in path.read_text()]


def test_with_every_source_refusing_at_first_nothing_could_be_done(
    tenet_command: Command, tmp_path: Path
) -> None:
    environment = {
        "TENET_SIMPLEFIN__ACCESS_URL": CLOSED.replace("//", f"//user:{SECRET}@") + "/simplefin",
        "TENET_YAHOO__BASE_URL": CLOSED,
        "TENET_ECB__BASE_URL": CLOSED,
    }
    run = tenet_command("--home", tmp_path / "home", "refresh", **environment)
    assert run.returncode == 1
    assert "net worth    unknown" in run.stdout
    assert "no value is known yet" in run.stdout
    assert SECRET not in run.stdout + run.stderr


def test_without_provider_and_holdings_it_says_how_to_have_some(
    tenet_command: Command, tmp_path: Path
) -> None:
    run = tenet_command("--home", tmp_path / "home", "refresh")
    assert (run.returncode, run.stdout) == (2, "")
    assert "tenet connect" in run.stderr
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--provider", "simplefn"], "did you mean simplefin?"),
        (["--provider", "ibkr"], "is not configured"),
        (["--no-sync", "--provider", "manual"], "cannot go together"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(
    tenet_command: Command, home: Path, options: list[str], words: str
) -> None:
    run = tenet_command("--home", home, "refresh", *options)
    assert (run.returncode, words in run.stderr) == (2, True)


def test_a_setting_that_cannot_be_used_is_an_error_before_anything_is_asked(
    tenet_command: Command, home: Path
) -> None:
    run = tenet_command("--home", home, "refresh", TENET_YAHOO__BASE_URL="http://example.com")
    assert (run.returncode, "yahoo.base_url" in run.stderr) == (2, True)


def test_parts_can_be_left_out(tenet_command: Command, home: Path, tmp_path: Path) -> None:
    with market_hosts(date(2024, 2, 5), AAPL="100") as hosts:
        environment = hosts.environment | statements(tmp_path / "statements")
        command = ("--home", home, "--today", DAY, "refresh", "--json")
        run = tenet_command(*command, "--no-prices", "--no-sync", **environment)
        assert (run.returncode, hosts.taken()) == (0, [])
        assert refreshed(run)["accounts"] is None
        run = tenet_command(*command, "--no-prices", "--provider", "manual", **environment)
        assert (run.returncode, hosts.taken()) == (0, [])
        assert refreshed(run)["accounts"]["counts"] == {"success": 2}


def test_quiet_says_nothing_but_the_report(tenet_command: Command, home: Path) -> None:
    run = tenet_command("-q", "--home", home, "--today", DAY, "refresh", "--no-prices")
    assert (run.returncode, run.stderr) == (0, "")
    assert f"on {DAY}" in run.stdout


def test_a_second_one_stops_at_once_and_names_the_first(tenet_command: Command, home: Path) -> None:
    with writing(home, datetime(2024, 1, 5, 12, 34, 56, tzinfo=UTC)):
        for command in (
            ["refresh", "--no-prices"],
            ["backfill", "--from", "2024-01-02", "--to", "2024-01-03"],
        ):
            run = tenet_command("--home", home, *command)
            assert (run.returncode, run.stdout) == (75, "")
            assert f"pid {os.getpid()}, since 2024-01-05 12:34:56 UTC" in run.stderr
    assert tenet_command("--home", home, "refresh", "--no-prices").returncode == 0


def test_of_two_at_once_one_works_and_one_is_told_to_wait(
    tenet_command: Command, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host = f"127.0.0.1:{listener.getsockname()[1]}"
        environment = {"TENET_SIMPLEFIN__ACCESS_URL": f"http://user:x@{host}/simplefin"}
        command = ["--home", str(tmp_path / "home"), "refresh", "--no-prices"]
        first = subprocess.Popen(
            [sys.executable, "-m", "tenet", *command],
            env=os.environ | environment,
            stderr=subprocess.PIPE,
        )
        asked, _ = listener.accept()
        with asked:  # the first one waits for its answer
            second = tenet_command(*command, **environment)
            assert (second.returncode, f"pid {first.pid}," in second.stderr) == (75, True)
            first.send_signal(signal.SIGINT)
            first.communicate(timeout=20)
    assert first.returncode == 130


def test_a_terminal_sees_what_runs_and_the_lines_of_what_has_ended(
    home: Path, tmp_path: Path
) -> None:
    if not hasattr(pty, "openpty"):
        pytest.skip("pseudo-terminals are posix only")
    environment = {name: value for name, value in os.environ.items() if name[:6] != "TENET_"}
    environment |= statements(tmp_path / "statements") | {"TERM": "xterm", "NO_COLOR": "1"}
    reader, writer = pty.openpty()
    with market_hosts(date(2024, 2, 5), AAPL="100") as hosts:
        process = subprocess.Popen(
            [sys.executable, "-m", "tenet", "--home", home, "--today", DAY, "refresh"],
            env=environment | hosts.environment | {"TENET_TIMEZONE": "UTC"},
            stdout=subprocess.PIPE,
            stderr=writer,
        )
        os.close(writer)
        shown = b""
        while part := _read(reader):
            shown += part
        report, _ = process.communicate()
    os.close(reader)
    text = shown.decode()
    assert process.returncode == 0, text
    assert f"on {DAY}" in report.decode()
    assert re.search(r"manual +\d+\.\d s  2 success\r\n", text)
    assert re.search(r"yahoo +\d+\.\d s  \d ok; [^\r]*new\r\n", text)
    assert re.search(r"  yahoo [^\r]* 1 of \d", text)  # what is drawn meanwhile
    assert re.search(r"build +\d+\.\d s  done\r\n", text)
    assert "\x1b[?25l" in text  # the cursor is hidden while the display is drawn
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", text)  # and nothing is coloured


def _read(reader: int) -> bytes:
    try:
        return os.read(reader, 4096)
    except OSError:  # the other end is closed
        return b""


def test_a_demo_home_asks_no_market(tenet_command: Command, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with market_hosts(date(2024, 2, 5)) as hosts:
        for command in (["demo"], ["refresh"]):
            run = tenet_command("--home", home, *command, **hosts.environment)
            assert run.returncode == 0, run.stderr
        assert hosts.taken() == []


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., int]]:
    """Runs refreshes that are killed or not; see tests/victim.py. Rates come over loopback."""
    environment = {name: value for name, value in os.environ.items() if name[:6] != "TENET_"}
    with market_hosts(date(2024, 2, 5)) as hosts:
        environment |= hosts.environment | statements(tmp_path_factory.mktemp("statements"))
        environment |= {"TENET_TIMEZONE": "UTC", "TENET_YAHOO__ENABLED": "false"}
        with subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("victim.py"))],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:

            def run(home: Path, **kill: float) -> int:
                assert process.stdin
                assert process.stdout
                arguments = ["--home", str(home), "--today", DAY, "refresh"]
                process.stdin.write(json.dumps({"arguments": arguments, **kill}) + "\n")
                process.stdin.flush()
                return int(process.stdout.readline())

            yield run
            assert process.stdin
            process.stdin.close()


AT_REST = {".lock", ".lock.holder", "build.json", "cache", "raw", "refresh.json", "sync.json"} | {
    "tenet.duckdb"
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kill -9 and fork are posix only")
def test_killed_at_any_moment_the_next_refresh_ends_in_the_same_numbers(
    victim: Callable[..., int], tmp_path: Path
) -> None:
    folder = write_folder(tmp_path / "folder", HOUSEHOLD)

    def new_home(name: str) -> Path:
        home = tmp_path / name
        home.mkdir()
        land_household(home, folder)
        return home

    def values(home: Path) -> list[Any]:
        columns = (
            "valuation_date, account_id, security_id, quantity, close_price, market_value_base"
        )
        query = f"select {columns} from daily_holding_values order by all"
        return tenet.open(home).sql(query).rows()

    unharmed = new_home("unharmed")
    assert victim(unharmed) == 0
    expected = values(unharmed)
    assert {row[1] for row in expected} == {"bank:1", "broker:1", "manual:depot", "manual:giro"}
    chance, codes = random.Random(5), []
    moments = [{"step": step} for step in range(1, 78, 11)]
    moments += [{"seconds": chance.uniform(0.1, 1.5)} for _ in range(3)]
    for number, kill in enumerate(moments):
        home = new_home(f"home {number}")
        codes.append(victim(home, **kill))
        if (home / "tenet.duckdb").exists():
            assert values(home) == expected, kill
        assert victim(home) == 0, kill
        assert values(home) == expected, kill
        assert {path.name for path in home.iterdir()} <= AT_REST, kill
    assert codes[0] == -signal.SIGKILL
    assert set(codes) <= {-signal.SIGKILL, 0}


def test_a_closed_stderr_stops_nothing(home: Path) -> None:
    command = f"{sys.executable} -m tenet --home {home} --today {DAY} refresh --no-prices 2>&-"
    run = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (run.returncode, f"on {DAY}" in run.stdout) == (0, True)


@pytest.mark.parametrize("text", ["{}", "[{}]", "5", "[1]", "x"])
def test_notes_that_are_none_stop_nothing(
    tenet_command: Command, home: Path, tmp_path: Path, text: str
) -> None:
    for name in ("sync.json", "build.json", "refresh.json"):
        (home / name).write_text(text)
    assert tenet_command("--home", home, "status").returncode == 0
    environment = statements(tmp_path / "statements")
    command = ("--home", home, "--today", DAY, "refresh", "--no-prices")
    assert tenet_command(*command, **environment).returncode == 0
