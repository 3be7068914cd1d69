"""`tenet income`: dividends, interest and distributions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tenet.cli.output import csv_option, emit_rows, json_option

if TYPE_CHECKING:
    from tenet.cli.session import Session


@click.command()
@click.option("--year", type=click.IntRange(1900, 9999), help="What was paid in this year.")
@click.option(
    "--by", type=click.Choice(["security", "account", "month"]), default="month", show_default=True
)
@click.option("--forward", is_flag=True, help="What to expect of the next year, with yields.")
@json_option
@csv_option
@click.pass_obj
def income(
    session: Session, year: int | None, by: str, forward: bool, as_json: bool, as_csv: bool
) -> None:
    """Dividends, interest and distributions: what was paid, or what the next year may bring."""
    import tenet
    from tenet import income as found_income

    if forward and year:
        raise click.UsageError("--forward is of the next year, not of --year")
    workspace = tenet.open(session.home)
    if forward:
        frame = found_income.forward(workspace)
    else:
        frame = found_income.income(workspace, by=by, year=year)
    emit_rows(frame.columns, frame.to_dicts(), as_json=as_json, as_csv=as_csv)
