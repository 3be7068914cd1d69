"""`tenet compact`, `backup` and `restore`: what was landed, kept small and kept safe."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tenet import home as homes
from tenet.cli.output import emit_json, json_option
from tenet.wording import counted, money

if TYPE_CHECKING:
    from tenet.backups import Manifest
    from tenet.cli.session import Session

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option("--through", type=click.DateTime(["%Y-%m"]), help="The last month to merge.")
@click.option("--dry-run", is_flag=True, help="Only say what would be merged.")
@json_option
@click.pass_obj
def compact(session: Session, through: datetime | None, dry_run: bool, as_json: bool) -> None:
    """Merge what was landed in each month that is over; no value and no revision changes."""
    from tenet.compaction import compact as run

    home = homes.require(session.home)
    today = min(session.now().date(), session.today or session.now().date())
    over = today.replace(day=1) - timedelta(days=1)
    if through and through.date() > over:
        raise click.UsageError(f"{through:%Y-%m} is not over yet; the last month is {over:%Y-%m}")
    last = f"{through or over:%Y-%m}"
    if dry_run:
        found = run(home, through=last, dry_run=True)
    else:
        with homes.writing(home, session.now()):
            found = run(home, through=last)
    verb = "would merge" if dry_run else "merged"
    for one in found:
        sizes = f"{one.before.files:,} files ({one.before.bytes:,} bytes)"
        if one.after:
            sizes += f" are {one.after.files:,} ({one.after.bytes:,} bytes)"
        landings = counted(one.landings, "landing")
        session.say(f"{verb} {one.kind} {one.month}: {landings}, {sizes}")
    if not found:
        session.say(f"nothing to merge through {last}")
    if as_json:
        from dataclasses import asdict

        emit_json([asdict(one) for one in found])


@click.command()
@click.argument("file", type=_FILE)
@json_option
@click.pass_obj
def backup(session: Session, file: Path, as_json: bool) -> None:
    """Write all that was landed, and the settings without secrets, to the archive FILE."""
    from tenet.backups import backup as run
    from tenet.settings import load

    settings = load(homes.require(session.home))
    manifest = run(settings, file, at=session.now())
    landings = counted(manifest.landings, "landing")
    session.say(f"wrote {landings} ({manifest.bytes:,} bytes) to {file}")
    session.say(
        "secrets are not in it: keep .env, key files and token files apart. "
        f"To use it: tenet restore {file} DIR"
    )
    if as_json:
        emit_json(_as_json(manifest))


@click.command()
@click.argument("file", type=_FILE)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def restore(session: Session, file: Path, folder: Path, as_json: bool) -> None:
    """Make DIR, an empty or a new folder, the home that FILE is a backup of."""
    from tenet.backups import other_settings
    from tenet.backups import restore as run
    from tenet.settings import load

    manifest = run(file, folder)
    check = manifest.check
    through = f" --today {check.valuation_date}" if check else ""
    session.say(
        f"restored {counted(manifest.landings, 'landing')} of {manifest.made_at:%Y-%m-%d %H:%M} "
        f"UTC to {folder}; next: tenet --home {folder} build{through}"
    )
    if check:
        worth = money(check.net_worth, check.currency)
        session.say(f"it should say a net worth of {worth} on {check.valuation_date}")
    for name, value in other_settings(manifest, load(folder.absolute())).items():
        session.say(f"the environment sets another {name}; the backup was made with {value}")
    if as_json:
        emit_json(_as_json(manifest))


def _as_json(manifest: Manifest) -> dict[str, Any]:
    return manifest.model_dump(exclude={"files"}) | {"bytes": manifest.bytes}
