"""`tenet build --engine ray`: a build on many machines, and how it is followed on stderr."""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenet.cli.output import emit_json
from tenet.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date, datetime

    from tenet.cli.session import Session
    from tenet.scale.run import Progress
    from tenet.settings import Settings


engine_option = click.option(
    "--engine",
    type=click.Choice(["duckdb", "ray"]),
    default="duckdb",
    help="ray: on the machines of a Ray cluster, into --out.",
)
out_option = click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="With ray: the folder for the Parquet files, shared by all nodes.",
)
address_option = click.option(
    "--address",
    metavar="HOST:PORT",
    help="With ray: the head of the cluster; without, one is started here.",
)
shards_option = click.option(
    "--shards",
    type=click.IntRange(1, 9999),
    help="With ray: how many; without, one for each processor.",
)


@dataclass(frozen=True)
class Cluster:
    """What was asked for with --engine ray."""

    out: Path
    address: str | None
    shards: int | None


def cluster_asked(
    *,
    engine: str,
    out: Path | None,
    address: str | None,
    shards: int | None,
    known_on: datetime | None,
    full: bool,
) -> Cluster | None:
    """The cluster to build on; None for a build in DuckDB. Raises UsageError."""
    if engine == "ray":
        if known_on:
            raise click.UsageError("--as-known-on is built on one machine, without --engine ray")
        if full:
            raise click.UsageError("--engine ray makes every day always, so leave --full out")
        if out is None:
            raise click.UsageError("--engine ray needs --out DIR, which all nodes share")
        return Cluster(out.absolute(), address, shards)
    for option, value in (("--out", out), ("--address", address), ("--shards", shards)):
        if value is not None:
            raise click.UsageError(f"{option} goes with --engine ray")
    return None


def build_on(
    cluster: Cluster, session: Session, settings: Settings, through: date, *, as_json: bool
) -> None:
    """Build on a cluster, and say how far it is."""
    from tenet.scale.run import build_on_ray

    with _showing(session) as told:
        manifest = build_on_ray(
            settings,
            through=through,
            at=session.now(),
            out=cluster.out,
            address=cluster.address,
            shards=cluster.shards,
            told=told,
        )
    values = sum(shard["rows"] for shard in manifest["shards"])
    if len(manifest["shards"]) < (cluster.shards or 0):
        session.say(f"no more shards than accounts: not {cluster.shards}")
    session.say(
        f"built {counted(values, 'daily value')} through {through} in "
        f"{counted(len(manifest['shards']), 'shard')}; revision {manifest['revision']}"
    )
    if as_json:
        emit_json(manifest)
    else:
        click.echo(cluster.out / manifest["folder"])


@contextmanager
def _showing(session: Session) -> Iterator[Callable[[Progress], None]]:
    """What a build tells its progress to: a bar on a terminal, else a line for each shard."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    has_terminal = sys.stderr is not None and sys.stderr.isatty() and console.is_interactive
    bar = Bar(console=console, transient=True, disable=not has_terminal or session.verbosity < 0)
    task = bar.add_task("what all accounts share", total=None)

    def told(progress: Progress) -> None:
        if progress.done and bar.disable:
            with suppress(OSError):  # stderr may be closed
                session.say(_line(progress))
        words = _line(progress) if progress.done < progress.of else "the household"
        bar.update(task, description=words, completed=progress.done, total=progress.of)

    with bar:
        yield told


def _line(progress: Progress) -> str:
    values = counted(progress.rows, "daily value")
    return f"shard {progress.done} of {progress.of} done, {values}"
