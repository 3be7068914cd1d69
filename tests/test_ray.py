"""Builds on a Ray cluster of two nodes, each a process of its own on this machine."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from disks import fill
from sharded import THROUGH, crossing_home, differences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Run

    Command = Callable[..., Run]

pytest.importorskip("ray", reason="builds on many machines need the extra ray")
pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="it looks into /proc")

TOKEN = "a-token-of-the-tests-that-is-long-enough"


@dataclass(frozen=True)
class Cluster:
    """Two nodes of one processor each. environment: what joins them."""

    address: str
    folder: Path
    environment: dict[str, str]

    def workers(self) -> list[int]:
        """Processes of this cluster that carry out a task."""
        return [pid for pid in self._processes() if _title(pid).startswith("ray::_carry_out")]

    def stop(self) -> None:
        """End every process of this cluster, and no other."""
        for pid in self._processes():
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)

    def _processes(self) -> list[int]:
        pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
        return [pid for pid in pids if pid != os.getpid() and self._has_open(pid)]

    def _has_open(self, pid: int) -> bool:
        with suppress(OSError):
            for handle in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(OSError):
                    if str(handle.readlink()).startswith(str(self.folder)):
                        return True
        return False


def _title(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A cluster that asks for a token."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    folder = Path(tempfile.mkdtemp(prefix="r"))  # short, since its sockets have short names
    environment = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": TOKEN,
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_worker_niceness": "0",
    }
    found = Cluster(address, folder, environment)
    start = [sys.executable, "-m", "ray.scripts.scripts", "start", "--disable-usage-stats"]
    sizes = ["--num-cpus", "1", "--memory", "2000000000", "--object-store-memory", "80000000"]
    head = ["--head", "--port", address.split(":")[1], "--include-dashboard", "false"]
    try:
        for which in ([*head, "--temp-dir", str(folder)], ["--address", address]):
            subprocess.run(
                [*start, *sizes, *which],
                env=os.environ | environment,
                check=True,
                capture_output=True,
            )
        yield found
    finally:
        found.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def crossing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The household with whatever crosses accounts, landed and built."""
    return crossing_home(tmp_path_factory.mktemp("crossing"))


@pytest.fixture
def build_on(cluster: Cluster, crossing: Path, tenet_command: Command) -> Callable[..., Run]:
    """`tenet build --engine ray` on that cluster, in a process of its own."""

    def run(out: Path, *arguments: object, home: Path = crossing, **environment: str) -> Run:
        return tenet_command(
            *("--home", home, "--today", THROUGH, "build", "--engine", "ray"),
            *("--address", cluster.address, "--out", out, *arguments),
            **cluster.environment | environment,
        )

    return run


def tables(out: Path) -> Path:
    """The folder that the manifest names."""
    return out / json.loads((out / "manifest.json").read_text())["folder"]


def kill_workers(cluster: Cluster, out: Path, killed: list[int]) -> None:
    """Kill each process that carries out a shard, once, in the midst of it."""
    deadline = time.monotonic() + 120
    while not killed and time.monotonic() < deadline:
        if [*out.glob(".building-*/*/int_holding_units/shard-*")]:
            for pid in cluster.workers():
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
        time.sleep(0.005)


def test_a_killed_worker_changes_nothing_but_the_time(
    cluster: Cluster, crossing: Path, build_on: Callable[..., Run], tmp_path: Path
) -> None:
    killed: list[int] = []
    out = tmp_path / "out"
    killer = threading.Thread(target=kill_workers, args=(cluster, out, killed))
    killer.start()
    run = build_on(out, "--shards", 7)
    killer.join()
    assert (run.returncode, bool(killed)) == (0, True), run.stderr
    assert differences(crossing, tables(out)) == {}
    assert run.stdout.strip() == str(tables(out))
    assert "no more shards than accounts: not 7" in run.stderr
    assert "shard 5 of 5 done, 133 daily values" in run.stderr
    assert run.stderr.splitlines()[-1].startswith("built 133 daily values through 2024-01-31 in 5")
    assert [path.name for path in out.glob(".building*")] == []


def test_a_full_disk_ends_in_a_clear_error_and_the_output_of_before_stays(
    build_on: Callable[..., Run], crossing: Path, small_disk: Path
) -> None:
    out = small_disk / "out"
    assert build_on(out).returncode == 0
    before = contents(out)
    fill(small_disk, 30_000)
    run = build_on(out)
    (small_disk / "filler").unlink()
    assert run.returncode == 1
    assert f"cannot write to {out}: no space left" in run.stderr.lower()
    assert "Traceback" not in run.stderr
    assert contents(out) == before
    assert differences(crossing, tables(out)) == {}


def contents(out: Path) -> dict[str, bytes]:
    """Every file of an output."""
    return {
        str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize(
    "environment",
    [
        {"RAY_AUTH_TOKEN": "another-token-that-is-as-long-as-it-is"},
        {"RAY_AUTH_TOKEN": ""},
        {"RAY_AUTH_TOKEN": "", "RAY_AUTH_MODE": "disabled"},
    ],
)
def test_without_its_token_the_cluster_says_no(
    build_on: Callable[..., Run], tmp_path: Path, environment: dict[str, str]
) -> None:
    run = build_on(tmp_path / "out", **environment)
    assert run.returncode == 1
    assert "it wants another token" in run.stderr
    assert "RAY_AUTH_TOKEN_PATH" in run.stderr
    assert len(run.stderr.splitlines()) == 2, run.stderr


def test_what_goes_wrong_in_a_task_is_told_as_on_one_machine(
    build_on: Callable[..., Run], crossing: Path, tmp_path: Path
) -> None:
    broken = shutil.copytree(crossing, tmp_path / "broken")
    (file,) = broken.glob("raw/*/*/*/holdings.parquet")
    file.write_bytes(b"this is no parquet at all")
    run = build_on(tmp_path / "out", home=broken)
    assert run.returncode == 1
    assert run.stderr.startswith(f"tenet: cannot read {file}")
    assert len(run.stderr.splitlines()) == 2
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".lock"]
