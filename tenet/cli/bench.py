"""`tenet bench`: what tenet costs on invented households, as ratios."""

from __future__ import annotations

import json
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from tenet.bench.homes import require_room
from tenet.bench.households import HOUSEHOLDS
from tenet.cli.output import emit_json, json_option
from tenet.errors import HomeNotWritable

if TYPE_CHECKING:
    from tenet.cli.session import Session

WHATS = ("build", "growth", "freshness", "notebooks", "planning", "regressions")


def _in_a_folder(_: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    """Refuse a file that could not be written, before hours are spent on what goes into it."""
    if path and not path.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {path.parent}", param=option)
    return path


File = click.Path(dir_okay=False, writable=True, path_type=Path)


@click.command()
@click.argument("what", type=click.Choice(WHATS), default="build")
@click.option(
    "--size",
    "sizes",
    type=click.Choice(list(HOUSEHOLDS)),
    multiple=True,
    default=("small", "family"),
    show_default=True,
    help="Of build, freshness and notebooks; may be given again.",
)
@click.option(
    "--repeat", type=click.IntRange(min=1), default=3, show_default=True, help="Turns of each."
)
@click.option(
    "--keep", type=click.Path(file_okay=False, path_type=Path), help="Leave the homes here."
)
@click.option("--out", type=File, callback=_in_a_folder, help="Write JSON here too.")
@click.option(
    "--chart", type=File, callback=_in_a_folder, help="Of build and growth: draw an SVG file."
)
@click.option("--markdown", "as_markdown", is_flag=True, help="Of build and growth: print tables.")
@click.option("--renew", is_flag=True, help="Of regressions: keep these ratios as the baseline.")
@json_option
@click.pass_obj
def bench(
    session: Session,
    what: str,
    sizes: tuple[str, ...],
    repeat: int,
    keep: Path | None,
    out: Path | None,
    chart: Path | None,
    as_markdown: bool,
    renew: bool,
    as_json: bool,
) -> None:
    """Time and memory of a build, a summary, the notebooks or a plan, beside a floor.

    growth is a build's cost against rows, years and landings; regressions fails when the small
    household costs half as much again as it did.
    """
    if (chart or as_markdown) and what not in ("build", "growth"):
        raise click.UsageError("--chart and --markdown are of build and growth")
    if renew and what != "regressions":
        raise click.UsageError("--renew is of regressions")
    module = import_module(f"tenet.bench.{what if what != 'build' else 'suite'}")
    told = import_module("tenet.bench.report") if what == "build" else module
    if what in ("planning", "growth", "regressions"):
        sizes = ("small",)  # they have sizes of their own

    with nullcontext(str(keep)) if keep else TemporaryDirectory(prefix="tenet-bench-") as folder:
        try:
            for size in sizes:
                require_room(size, Path(folder))
            contests = {
                size: module.contest(size, Path(folder) / f"bench-{size}", repeat, session.say)
                for size in dict.fromkeys(sizes)
            }
        except OSError as error:
            raise HomeNotWritable(Path(folder), error.strerror or str(error)) from error
    found = told.report(contests, session.now())
    if out:
        out.write_text(json.dumps(found, indent=1) + "\n")
    if chart:
        from tenet.bench import drawn

        drawn.write_svg(drawn.CHARTS[what](found), chart)
    if as_json:
        emit_json(found)
    elif as_markdown:
        from tenet.bench import markdown

        click.echo(markdown.section(found) if what == "build" else told.markdown(found))
    else:
        click.echo(told.table(found))
    if what == "regressions":
        told.judge(found, renew=renew)
