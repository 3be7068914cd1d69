"""`tenet restatements`: what later builds have said otherwise about the past, and why."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from tenet import home as homes
from tenet.cli.output import csv_option, emit_rows, json_option

if TYPE_CHECKING:
    from tenet.cli.session import Session


@click.command()
@click.option("--since", metavar="REV|DATE", help="Of builds after that one, or from that day on.")
@click.option("--by-day", is_flag=True, help="A row for each day, not for each run of days.")
@json_option
@csv_option
@click.pass_obj
def restatements(
    session: Session, since: str | None, by_day: bool, as_json: bool, as_csv: bool
) -> None:
    """Past values that a later build changed: old, new, and the cause."""
    import tenet
    from tenet import audit

    workspace = tenet.open(homes.require(session.home))
    day = _day(since)
    after = since if day is None else None
    found = audit.restatements(workspace, since=day, after=after, by_day=by_day)
    if found.is_empty() and not (as_json or as_csv):
        session.say("no past value was changed")
        return
    emit_rows(found.columns, found.to_dicts(), as_json=as_json, as_csv=as_csv)


def _day(text: str | None) -> date | None:
    """The day that a text is; None for a revision."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
