"""`tenet doctor`: whether a home is well, and what to do where it is not."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from tenet import home as homes
from tenet.cli.output import emit_rows, json_option

if TYPE_CHECKING:
    from tenet.cli.session import Session


@click.command()
@click.option("--offline", is_flag=True, help="Ask no provider.")
@click.option("--rebuild", is_flag=True, help="Compare with a fresh build, however long it takes.")
@json_option
@click.pass_context
def doctor(ctx: click.Context, offline: bool, rebuild: bool, as_json: bool) -> None:
    """Look for what is wrong, and say what to do; nothing is changed.

    Landed files against their checksums, the published build against a fresh one, permissions,
    clock, disk, and every configured provider. Exit code 1 where something is wrong.
    """
    from tenet.doctor import examine
    from tenet.settings import load

    session: Session = ctx.obj
    settings = load(homes.require(session.home))
    found = list(examine(settings, at=session.now(), offline=offline, rebuild=rebuild))
    rows = [asdict(one) for one in found]
    emit_rows(["check", "state", "found", "todo"], rows, as_json=as_json, as_csv=False)
    ctx.exit(int(any(one.state == "fault" for one in found)))
