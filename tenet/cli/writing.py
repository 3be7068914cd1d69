"""`tenet init`, `import` and `build`: the commands that write to a home."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tenet import home as homes
from tenet.cli.output import emit_json, json_option
from tenet.cli.scaling import (
    address_option,
    build_on,
    cluster_asked,
    engine_option,
    out_option,
    shards_option,
)
from tenet.wording import counted

if TYPE_CHECKING:
    from datetime import datetime

    from tenet.cli.session import Session
    from tenet.settings import Settings


@click.command()
@click.pass_obj
def init(session: Session) -> None:
    """Make a home with a commented tenet.toml."""
    from tenet.settings import TEMPLATE, machine_timezone

    path = homes.make(session.home) / "tenet.toml"
    if path.exists():
        session.say(f"{path} is there already and was left as it is")
        return
    homes.write_whole(path, TEMPLATE.format(base_currency="USD", timezone=machine_timezone()))
    session.say(f"wrote {path}; next: tenet import DIR")


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@json_option
@click.pass_obj
def import_(session: Session, folder: Path, as_json: bool) -> None:
    """Land the datasets of FOLDER (Parquet or CSV files named like them)."""
    from tenet.imports import import_folder
    from tenet.settings import load

    load(homes.make(session.home))
    with homes.writing(session.home, session.now()):
        now = session.now()
        landing, rows = import_folder(session.home, folder, at=now, note=session.say)
    if landing is None:
        session.say("nothing new: the lake holds exactly these rows already")
    else:
        listed = ", ".join(counted(count, name) for name, count in rows.items())
        session.say(f"landed {listed} as {landing.landing_id}; next: tenet build")
    if as_json:
        emit_json({"landing_id": landing.landing_id if landing else None, "rows": rows})


@click.command()
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The last day to value.")
@click.option(
    "--as-known-on",
    "known_on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Of what was landed by the end of that day, into a file of its own.",
)
@click.option("--full", is_flag=True, help="Every day anew, even where nothing has changed.")
@engine_option
@out_option
@address_option
@shards_option
@json_option
@click.pass_obj
def build(
    session: Session,
    /,
    today: datetime | None,
    known_on: datetime | None,
    full: bool,
    as_json: bool,
    **engine: Any,
) -> None:
    """Compute the values of what is landed, and publish them.

    Days that nothing new can reach are kept of the published build; --full makes them anew too.
    With --engine ray on many machines, into a folder of Parquet files: docs/scale.md.
    """
    from tenet.build import build as run
    from tenet.settings import load

    cluster = cluster_asked(**engine, known_on=known_on, full=full)
    settings = load(homes.require(session.home))
    if known_on:
        _build_as_known(session, settings, known_on, as_json=as_json)
        return
    through = today.date() if today else session.day(settings)
    if cluster:
        build_on(cluster, session, settings, through, as_json=as_json)
        return
    with homes.writing(session.home, session.now()):
        now = session.now()
        info, is_new = run(settings, through=through, at=now, full=full)
    if is_new:
        _say_built(session, info)
    else:
        session.say(
            f"unchanged: revision {info['revision']} through {through} is published already"
        )
    if as_json:
        emit_json(info | {"is_new": is_new})


def _build_as_known(
    session: Session, settings: Settings, known_on: datetime, *, as_json: bool
) -> None:
    from tenet.build import build_as_known

    if known_on.date() > session.day(settings):
        raise click.UsageError(f"{known_on:%Y-%m-%d} is yet to come; nothing is known of it")
    day, path = known_on.date(), session.home / f"as-known-on-{known_on:%Y-%m-%d}.duckdb"
    info = build_as_known(settings, on=day, at=session.now(), into=path)
    _say_built(session, info)
    if as_json:
        emit_json(info | {"file": str(path)})
    else:
        click.echo(path)


def _say_built(session: Session, info: homes.Info) -> None:
    for model, seconds in sorted(info["seconds"].items(), key=lambda item: -item[1]):
        session.say(f"{seconds:8.3f} s  {model}", verbosity=1)
    values = counted(info["row_counts"]["daily_holding_values"], "daily value")
    kept = f", those before {info['made_from']} kept as they were" if info["made_from"] else ""
    session.say(
        f"built {values} through {info['through_date']} in {sum(info['seconds'].values()):.1f} s"
        f"{kept}; revision {info['revision']}"
    )
