"""`tenet schedule`: when a refresh is due, and what systemd, launchd and cron are told."""

from __future__ import annotations

import configparser
import os
import plistlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tables import rows

from tenet.cli.scheduling import keep_refreshing
from tenet.errors import NotScheduled
from tenet.scheduling import (
    Schedule,
    cron_line,
    crontab_with,
    default_schedule,
    last_run,
    launchd_agent,
    name_of,
    next_run,
    seen_from,
    systemd_service,
    systemd_timer,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

    Command = Callable[..., Run]

posix = pytest.mark.skipif(os.name != "posix", reason="the schedulers are posix programs")

ODD = ("/opt/my py/python3", "-m", "tenet", "--home", '/h/50% "Ann\'s" $HOME `x`', "refresh")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_usual_time_follows_the_us_close_in_the_homes_time_zone() -> None:
    table = """
        timezone             at     days
        America/New_York     16:45  1,2,3,4,5
        America/Los_Angeles  13:45  1,2,3,4,5
        Europe/Berlin        22:45  1,2,3,4,5
        Europe/Istanbul      00:45  2,3,4,5,6
        Asia/Tokyo           06:45  2,3,4,5,6
    """
    for row in rows(table):
        found = default_schedule(row["timezone"], 2026)
        assert f"{found.at:%H:%M}" == row["at"], row
        assert ",".join(map(str, found.days)) == row["days"], row


def test_a_time_of_ones_own_before_the_close_belongs_to_the_day_before() -> None:
    assert default_schedule("Europe/Berlin", 2026, time(22, 30)).days == (1, 2, 3, 4, 5)
    assert default_schedule("Europe/Berlin", 2026, time(7)).days == (2, 3, 4, 5, 6)


def test_every_run_of_a_year_is_after_the_close_and_there_is_one_for_each() -> None:
    close = Schedule(time(16), "America/New_York")
    for timezone in ("Europe/London", "Asia/Kolkata", "Australia/Sydney", "Pacific/Kiritimati"):
        planned = default_schedule(timezone, 2026)
        now = utc("2026-01-01T12:00")
        while now.year == 2026:
            due = next_run(now, planned)
            assert timedelta(minutes=45) <= due - last_run(due, close) < timedelta(hours=3)
            assert last_run(due, close) > last_run(now, close) or now.day == 1
            now = due


def test_the_clocks_of_another_zone_may_move_a_day_either_way() -> None:
    tokyo = Schedule(time(6, 45), "Asia/Tokyo", (2, 3, 4, 5, 6))
    assert seen_from(tokyo, "America/New_York", 2026) == Schedule(time(17, 45), "America/New_York")
    assert seen_from(Schedule(time(23), "UTC", (7,)), "Asia/Tokyo", 2026).days == (1,)
    assert seen_from(tokyo, "Asia/Tokyo", 2026) == tokyo


def test_the_next_run_is_after_now_and_the_last_one_is_not() -> None:
    planned = Schedule(time(22, 45), "Europe/Berlin")
    friday = utc("2026-11-20T21:45")
    assert next_run(utc("2026-11-20T21:44"), planned) == friday
    assert next_run(friday, planned) == utc("2026-11-23T21:45")
    assert last_run(friday, planned) == friday
    assert last_run(utc("2026-11-22T12:00"), planned) == friday


def test_in_spring_a_time_that_is_skipped_comes_an_hour_later() -> None:
    nightly = Schedule(time(2, 30), "Europe/Berlin", (1, 2, 3, 4, 5, 6, 7))
    assert next_run(utc("2026-03-28T12:00"), nightly) == utc("2026-03-29T01:30")  # 03:30 there
    assert next_run(utc("2026-03-29T01:30"), nightly) == utc("2026-03-30T00:30")


def test_in_autumn_a_time_that_comes_twice_counts_once() -> None:
    nightly = Schedule(time(2, 30), "Europe/Berlin", (1, 2, 3, 4, 5, 6, 7))
    assert next_run(utc("2026-10-24T12:00"), nightly) == utc("2026-10-25T00:30")
    assert next_run(utc("2026-10-25T00:30"), nightly) == utc("2026-10-26T01:30")


def words_of(exec_start: str) -> list[str]:
    """The words of an ExecStart as systemd.service(5) reads quotes, escapes and specifiers."""
    assert exec_start.startswith(":")  # no variables
    quoted = re.findall(r'"((?:[^"\\]|\\.)*)"', exec_start)
    return [re.sub(r"\\(.)", r"\1", word).replace("%%", "%") for word in quoted]


def parsed(unit: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(unit)
    return parser


def test_systemd_is_told_every_word_whatever_stands_in_it() -> None:
    service = parsed(systemd_service(ODD))
    assert tuple(words_of(service["Service"]["ExecStart"])) == ODD
    timer = parsed(systemd_timer(Schedule(time(6, 45), "Asia/Tokyo", (2, 6))))["Timer"]
    assert timer["OnCalendar"] == "Tue,Sat *-*-* 06:45:00 Asia/Tokyo"
    assert timer["Persistent"] == "true"


def test_systemd_itself_finds_no_fault(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not here")
    (tmp_path / "bin 100%").mkdir()
    python = tmp_path / "bin 100%" / "python"
    python.symlink_to(sys.executable)
    (tmp_path / "x.service").write_text(systemd_service((str(python), *ODD[1:])))
    (tmp_path / "x.timer").write_text(systemd_timer(default_schedule("Europe/Berlin", 2026)))
    run = subprocess.run(
        ["systemd-analyze", "--user", "verify", "x.service", "x.timer"],
        cwd=tmp_path,
        env=os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")


def test_launchd_is_told_every_word_and_day() -> None:
    planned = Schedule(time(6, 5), "Asia/Tokyo", (2, 6))
    command = (*ODD, "<&>")
    agent = plistlib.loads(launchd_agent("name", command, planned, Path("/log")).encode())
    assert (agent["Label"], tuple(agent["ProgramArguments"])) == ("name", command)
    assert agent["StartCalendarInterval"] == [
        {"Weekday": 2, "Hour": 6, "Minute": 5},
        {"Weekday": 6, "Hour": 6, "Minute": 5},
    ]


def test_cron_and_its_shell_read_back_every_word() -> None:
    line = cron_line("name", ODD, Schedule(time(22, 45), "UTC", (1, 5, 7)))
    *when, command = line.split(" ", 5)
    assert when == ["45", "22", "*", "*", "1,5,0"]
    assert not re.search(r"(?<!\\)%", command)  # cron would end the command there
    assert tuple(shlex.split(command.replace(r"\%", "%"), comments=True)) == ODD


def test_what_no_schedule_can_hold_is_refused() -> None:
    with pytest.raises(NotScheduled, match=r"'/a\\nb'"):
        systemd_service(["/a\nb"])
    with pytest.raises(NotScheduled):
        launchd_agent("x", ["/a\0b"], Schedule(time(1), "UTC"), Path("/log"))
    with pytest.raises(NotScheduled):
        cron_line("x", ["/a\\b"], Schedule(time(1), "UTC"))


def test_only_the_marked_line_of_a_crontab_is_replaced() -> None:
    others = "# mine\r\nMAILTO=me\n\n5 * * * * x # tenet-refresh-other\n0 0 * * * no end of line"
    with_ours = crontab_with(others, "ours", "1 2 * * * a # ours")
    assert with_ours == f"{others}\n1 2 * * * a # ours\n"
    assert crontab_with(with_ours, "ours", "3 4 * * * b # ours") == (
        f"{others}\n3 4 * * * b # ours\n"
    )
    assert crontab_with(with_ours, "ours", None) == f"{others}\n"
    assert crontab_with(others, "ours", None) == others
    assert crontab_with("", "ours", "x # ours") == "x # ours\n"


class Clock:
    """A clock that sleeping moves on; `asleep` says from where the machine sleeps how long."""

    def __init__(self, now: str, asleep: dict[str, timedelta] | None = None) -> None:
        self.time, self.asleep = utc(now), {utc(at): gap for at, gap in (asleep or {}).items()}

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        for at in [at for at in self.asleep if at <= self.time]:
            self.time += self.asleep.pop(at)


def refreshed(clock: Clock, due: str, codes: list[int]) -> list[str]:
    """When `--run` refreshes, until the codes are used up."""
    done: list[str] = []

    def refresh() -> int:
        done.append(f"{clock.now():%a %H:%M}")
        if len(done) == len(codes):
            raise KeyboardInterrupt
        return codes[len(done) - 1]

    with pytest.raises(KeyboardInterrupt):
        keep_refreshing(
            Schedule(time(22), "UTC"),
            utc(due),
            now=clock.now,
            sleep=clock.sleep,
            refresh=refresh,
            say=lambda _: None,
        )
    return done


def test_a_run_in_the_foreground_refreshes_at_each_time() -> None:
    clock = Clock("2026-11-20T21:00")
    found = refreshed(clock, "2026-11-20T22:00", [0, 3, 0])
    assert found == ["Fri 22:00", "Mon 22:00", "Tue 22:00"]


def test_a_machine_that_slept_over_several_times_makes_up_for_them_once() -> None:
    clock = Clock("2026-11-23T21:00", {"2026-11-23T21:30": timedelta(days=2, hours=10)})
    found = refreshed(clock, "2026-11-23T22:00", [0, 0])
    assert found == ["Thu 07:30", "Thu 22:00"]


def test_a_busy_home_is_tried_again_soon() -> None:
    found = refreshed(Clock("2026-11-23T21:00"), "2026-11-23T22:00", [75, 75, 0, 0])
    assert found == ["Mon 22:00", "Mon 22:05", "Mon 22:10", "Tue 22:00"]


FAKE = """#!/bin/sh
echo "{name} $*" >> "{calls}"
{body}
"""


@pytest.fixture
def programs(tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Makes programs that write down how they are called; returns an environment with them."""
    folder, calls = tmp_path / "bin", tmp_path / "calls"
    folder.mkdir()
    calls.touch()

    def make(**bodies: str) -> dict[str, str]:
        for name, body in bodies.items():
            (folder / name).write_text(FAKE.format(name=name, calls=calls, body=body))
            (folder / name).chmod(0o755)
        usual = os.environ["PATH"] if bodies else ""
        return {
            "PATH": f"{folder}{os.pathsep}{usual}",
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
            "TZ": "UTC",
        }

    return make


def called(tmp_path: Path) -> list[str]:
    return (tmp_path / "calls").read_text().splitlines()


@posix
def test_systemd_is_installed_told_and_taken_away_again(
    tenet_command: Command,
    home: Path,
    tmp_path: Path,
    programs: Callable[..., dict[str, str]],
) -> None:
    environment = programs(systemctl="")
    schedule = ("--home", home, "schedule", "--kind", "systemd")
    run = tenet_command(*schedule, "--install", **environment, TENET_IBKR__TOKEN="probe-token")
    assert run.returncode == 0, run.stderr
    name = name_of(home.resolve())
    units = tmp_path / "config" / "systemd" / "user"
    assert called(tmp_path) == [
        "systemctl --user daemon-reload",
        f"systemctl --user enable {name}.timer",
        f"systemctl --user restart {name}.timer",
    ]
    service = parsed((units / f"{name}.service").read_text())
    assert words_of(service["Service"]["ExecStart"]) == [
        *(sys.executable, "-m", "tenet", "--home", str(home.resolve()), "refresh")
    ]
    assert {path.name for path in units.iterdir()} == {f"{name}.service", f"{name}.timer"}
    assert "probe-token" not in "".join(path.read_text() for path in units.iterdir())
    assert "TENET_IBKR__TOKEN" in run.stderr  # named, since it will not be there

    (units / "timers.target.wants").mkdir()
    (units / "timers.target.wants" / f"{name}.timer").symlink_to(units / f"{name}.timer")
    assert tenet_command(*schedule, "--uninstall", **environment).returncode == 0
    assert called(tmp_path)[3:] == [
        f"systemctl --user stop {name}.timer",
        "systemctl --user daemon-reload",
    ]
    assert [path for path in units.rglob("*") if not path.is_dir()] == []
    again = tenet_command(*schedule, "--uninstall", **environment)
    assert (again.returncode, "nothing is installed" in again.stderr) == (0, True)


@posix
@pytest.mark.parametrize("systemctl", ["missing", "echo 'no bus' >&2; exit 1"])
def test_where_systemd_cannot_be_told_the_next_command_is_named(
    tenet_command: Command,
    home: Path,
    tmp_path: Path,
    programs: Callable[..., dict[str, str]],
    systemctl: str,
) -> None:
    environment = programs() if systemctl == "missing" else programs(systemctl=systemctl)
    run = tenet_command("--home", home, "schedule", "--kind", "systemd", "--install", **environment)
    assert run.returncode == 3
    assert len(list((tmp_path / "config" / "systemd" / "user").iterdir())) == 2
    assert "next: systemctl --user daemon-reload" in run.stderr
    assert f"next: systemctl --user restart {name_of(home.resolve())}.timer" in run.stderr


@posix
def test_launchd_is_told_to_load_the_agent_anew(
    tenet_command: Command,
    home: Path,
    tmp_path: Path,
    programs: Callable[..., dict[str, str]],
) -> None:
    environment = programs(launchctl="")
    schedule = ("--home", home, "schedule", "--kind", "launchd", "--at", "23:00")
    assert tenet_command(*schedule, "--install", **environment).returncode == 0
    name, domain = name_of(home.resolve()), f"gui/{os.getuid()}"
    path = tmp_path / "Library" / "LaunchAgents" / f"{name}.plist"
    assert plistlib.loads(path.read_bytes())["StartCalendarInterval"][0]["Hour"] == 23
    assert called(tmp_path) == [
        f"launchctl bootout {domain}/{name}",
        f"launchctl bootstrap {domain} {path}",
    ]
    assert tenet_command(*schedule, "--uninstall", **environment).returncode == 0
    assert not path.exists()


CRONTAB = """
if [ "$1" = -l ]; then
    [ -e "$HOME/tab" ] || { echo "no crontab for me" >&2; exit 1; }
    cat "$HOME/tab"
else
    cat > "$HOME/tab"
fi
"""


@posix
def test_a_crontab_keeps_all_other_lines_to_the_byte(
    tenet_command: Command,
    home: Path,
    tmp_path: Path,
    programs: Callable[..., dict[str, str]],
) -> None:
    environment = programs(crontab=CRONTAB)
    schedule = ("--home", home, "schedule", "--kind", "cron")
    tab, others = tmp_path / "tab", b"# caf\xe9\r\n0 1 * * * backup\n"
    assert tenet_command(*schedule, "--install", **environment).returncode == 0
    assert tab.read_text().count("\n") == 1
    tab.write_bytes(others)
    for at in ("22:30", "23:15"):
        assert tenet_command(*schedule, "--install", "--at", at, **environment).returncode == 0
    assert tab.read_bytes().startswith(others + b"15 23 * * 1,2,3,4,5 ")
    assert tab.read_bytes().count(b"\n") == 3
    assert tenet_command(*schedule, "--uninstall", **environment).returncode == 0
    assert tab.read_bytes() == others


@posix
def test_a_crontab_that_cannot_be_read_is_never_written(
    tenet_command: Command,
    home: Path,
    tmp_path: Path,
    programs: Callable[..., dict[str, str]],
) -> None:
    environment = programs(crontab="echo 'not allowed to use this program' >&2; exit 1")
    run = tenet_command("--home", home, "schedule", "--kind", "cron", "--install", **environment)
    assert (run.returncode, "not allowed" in run.stderr) == (1, True)
    assert called(tmp_path) == ["crontab -l"]


def test_without_a_word_it_prints_and_changes_nothing(
    tenet_command: Command, home: Path, tmp_path: Path
) -> None:
    before = sorted(tmp_path.rglob("*"))
    run = tenet_command("--home", home, "schedule", "--kind", "cron", TZ="UTC")
    assert (run.returncode, run.stdout.count("\n")) == (0, 1)
    assert "does not make up" in run.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_a_missing_home_and_two_wishes_at_once_are_refused(
    tenet_command: Command, home: Path, tmp_path: Path
) -> None:
    assert tenet_command("--home", tmp_path / "nowhere", "schedule").returncode == 2
    assert tenet_command("--home", home, "schedule", "--install", "--run").returncode == 2


@posix
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_run_in_the_foreground_makes_up_for_a_missed_time_and_ends_when_told(
    home: Path, how: signal.Signals
) -> None:
    environment = {name: text for name, text in os.environ.items() if name[:6] != "TENET_"}
    with subprocess.Popen(
        [sys.executable, "-m", "tenet", "--home", str(home), "schedule", "--run"],
        stderr=subprocess.PIPE,
        text=True,
        env=environment | {"TENET_TIMEZONE": "UTC", "TENET_YAHOO__ENABLED": "false",
                           "TENET_COINGECKO__ENABLED": "false", "TENET_ECB__ENABLED": "false"},
    ) as process:  # fmt: skip
        assert process.stderr
        told = 0
        for line in process.stderr:  # the refresh talks as well
            told += line.startswith("next refresh")
            if told == 2:  # the first was at once, since the build is of 2024
                break
        process.send_signal(how)
        assert process.stderr.read().splitlines()[-1] == "tenet: stopped"
    assert process.returncode == 130
