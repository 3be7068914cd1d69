"""`kill -9` for tests: commands in processes of their own, and what holds once they are dead."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tenet import lake, verification
from tenet.landings import landings

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    Victim = Callable[..., int]

KILLED = -signal.SIGKILL if hasattr(signal, "SIGKILL") else None
# What may lie in a home that is at rest.
AT_REST = {
    ".lock",
    ".lock.holder",
    "build.json",
    "raw",
    "refresh.json",
    "sync.json",
    "tenet.duckdb",
}

no_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="kill -9 and fork are posix only")


@pytest.fixture(scope="session")
def victim() -> Iterator[Victim]:
    """Runs a command in a process of its own, to be killed or not; see tests/victim.py."""
    environment = {name: value for name, value in os.environ.items() if name[:6] != "TENET_"}
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("victim.py"))],
        env=environment | {"TENET_TIMEZONE": "UTC"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def run(*arguments: object, **order: Any) -> int:
            assert process.stdin
            assert process.stdout
            told = [one if isinstance(one, int) else str(one) for one in arguments]
            process.stdin.write(json.dumps({"arguments": told, **order}) + "\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        yield run
        assert process.stdin
        process.stdin.close()


def moment(chance: random.Random, steps: int, seconds: float) -> dict[str, float]:
    """A moment to be killed at: mostly one of the first steps, else a time."""
    if chance.random() < 2 / 3:
        return {"step": chance.randint(1, steps)}
    return {"seconds": chance.uniform(0, seconds)}


def killed_at_every_step(run: Callable[[int], int]) -> int:
    """Run with step 1, 2 and so on until a step is not reached; how many were."""
    for step in count(1):
        if (code := run(step)) != KILLED:
            assert code == 0, step
            return step - 1
    raise AssertionError


class Watch:
    """A home whose writers are killed: nothing that it had may be gone or unreadable."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.landed = contents(home)
        self.published = (home / "tenet.duckdb").read_bytes()

    def look(self, why: object) -> None:
        """Assert that all which was landed still is, and that what is published is whole."""
        landed, published = contents(self.home), (self.home / "tenet.duckdb").read_bytes()
        assert self.landed <= landed, why
        assert published == self.published or not damaged(self.home), why
        assert not (self.home / "tenet.duckdb.wal").exists(), why
        self.landed, self.published = landed, published

    def look_at_rest(self, why: object) -> None:
        """The same after a run to the end, which has taken away what the dead left lying."""
        self.look(why)
        assert {path.name for path in self.home.iterdir()} <= AT_REST, why
        assert not [*self.home.glob("raw/.incoming/*")], why


def contents(home: Path) -> set[tuple[str, str]]:
    """Landing and dataset of all that is landed, in files proved to be as they were landed."""
    found = landings(home)
    for folder in {landing.path for landing in found}:
        assert lake.require_as_landed(folder)
    return {(landing.landing_id, name) for landing in found for name in landing.datasets}


def damaged(home: Path) -> list[verification.Damage]:
    """What of the published file is not as it was built."""
    return verification.damage(home / "tenet.duckdb")
