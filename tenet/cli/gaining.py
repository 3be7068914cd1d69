"""`tenet gains` and `tenet lots`: what was made of what was sold, and what is still held."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tenet.cli.output import csv_option, emit_json, emit_rows, json_option
from tenet.wording import counted, money

if TYPE_CHECKING:
    from decimal import Decimal
    from typing import Any

    from tenet.cli.session import Session
    from tenet.workspace import Workspace

account_option = click.option("--account", help="Of one account: its id or name.")


@click.command()
@click.option("--year", type=click.IntRange(1900, 9999), help="What was sold in this year.")
@account_option
@json_option
@csv_option
@click.pass_obj
def gains(
    session: Session, year: int | None, account: str | None, as_json: bool, as_csv: bool
) -> None:
    """What each sale made of each lot that it took; on a terminal the sums of each year too."""
    from tenet import gains as found_gains

    workspace, account_id, days = _asked(session, account)
    frame = found_gains.gains(workspace, long_term_days=days, year=year, account_id=account_id)
    if as_json:
        sums = found_gains.gains_by_year(
            workspace, long_term_days=days, year=year, account_id=account_id
        )
        emit_json({"years": sums.to_dicts(), "gains": frame.to_dicts()})
        return
    if as_csv or not sys.stdout.isatty():
        emit_rows(frame.columns, frame.to_dicts(), as_json=False, as_csv=True)
        return
    for row in frame.to_dicts():
        known_by = "inferred" if row["is_inferred"] else ""
        click.echo(
            f"{row['sold_date']}  {row['security_name'][:24]:24} {row['term']:5} "
            f"{money(row['gain_base'], signed=True):>14}  {known_by}"
        )
    sums = found_gains.gains_by_year(
        workspace, long_term_days=days, year=year, account_id=account_id
    )
    for row in sums.to_dicts():
        _print_year(row)


@click.command()
@account_option
@click.option("--all", "closed", is_flag=True, help="Lots of which nothing is left too.")
@json_option
@csv_option
@click.pass_obj
def lots(session: Session, account: str | None, closed: bool, as_json: bool, as_csv: bool) -> None:
    """What was bought when and for how much, and what of it is still held."""
    from tenet import gains as found_gains

    workspace, account_id, days = _asked(session, account)
    frame = found_gains.lots(workspace, long_term_days=days, account_id=account_id, closed=closed)
    if sys.stdout.isatty() and not (as_json or as_csv):
        frame = frame.select(
            *("account_name", "security_name", "acquired_date", "term", "quantity"),
            *("cost_base", "market_value_base", "unrealized_gain_base", "is_inferred"),
        )
    emit_rows(frame.columns, frame.to_dicts(), as_json=as_json, as_csv=as_csv)


def _asked(session: Session, account: str | None) -> tuple[Workspace, str | None, int]:
    import tenet
    from tenet import coverage
    from tenet.settings import load

    workspace = tenet.open(session.home)
    account_id = coverage.find_account(workspace, account) if account else None
    return workspace, account_id, load(workspace.home).long_term_days


def _print_year(row: dict[str, Any]) -> None:
    def amount(name: str) -> str:
        found: Decimal | None = row[name]
        return f"{money(found, signed=True):>18}"

    click.echo(f"{row['year']}")
    click.echo(f"  short term {amount('short_term_base')}")
    click.echo(f"  long term  {amount('long_term_base')}")
    click.echo(f"  together   {amount('gain_base')}")
    if row["unknown_count"]:
        click.echo(f"  {counted(row['unknown_count'], 'gain')} not known, not in the sums")
