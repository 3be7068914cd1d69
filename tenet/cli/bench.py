"""`tenet bench`: what tenet costs on invented households, as ratios."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from tenet.bench.households import HOUSEHOLDS
from tenet.cli.output import emit_json, json_option

if TYPE_CHECKING:
    from tenet.cli.session import Session


@click.command()
@click.argument(
    "what", type=click.Choice(["build", "freshness", "notebooks", "planning"]), default="build"
)
@click.option(
    "--size",
    "sizes",
    type=click.Choice(list(HOUSEHOLDS)),
    multiple=True,
    default=("small", "family"),
    show_default=True,
    help="How much to value; may be given again.",
)
@click.option(
    "--repeat", type=click.IntRange(min=1), default=3, show_default=True, help="Turns of each."
)
@click.option(
    "--keep", type=click.Path(file_okay=False, path_type=Path), help="Leave the homes here."
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write JSON here too.")
@json_option
@click.pass_obj
def bench(
    session: Session,
    what: str,
    sizes: tuple[str, ...],
    repeat: int,
    keep: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Time and memory of a build, a summary, the notebooks or a plan, beside a floor."""
    if what == "freshness":
        from tenet.bench.freshness import contest, report, table
    elif what == "notebooks":
        from tenet.bench.notebooks import contest, report, table
    elif what == "planning":
        from tenet.bench.planning import contest, report, table

        sizes = sizes[:1]  # a plan has none
    else:
        from tenet.bench.report import report, table
        from tenet.bench.suite import contest

    with nullcontext(str(keep)) if keep else TemporaryDirectory(prefix="tenet-bench-") as folder:
        contests = {
            size: contest(size, Path(folder) / f"bench-{size}", repeat, session.say)
            for size in dict.fromkeys(sizes)
        }
    found = report(contests, session.now())
    if out:
        out.write_text(json.dumps(found, indent=1) + "\n")
    if as_json:
        emit_json(found)
    else:
        click.echo(table(found))
