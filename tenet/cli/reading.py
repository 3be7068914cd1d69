"""`tenet status`, `networth`, `sql` and `export`: the commands that only read."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from tenet.cli.output import (
    csv_option,
    emit_json,
    emit_rows,
    json_option,
    print_net_worth,
    print_stale_accounts,
)
from tenet.wording import counted

if TYPE_CHECKING:
    from tenet.cli.session import Session


BY = ["account", "owner", "class", "portfolio", "currency", "tax-bucket", "liquidity"]


@click.command()
@json_option
@click.pass_obj
def status(session: Session, as_json: bool) -> None:
    """What is landed and what is published."""
    from tenet.status import stale_by_files
    from tenet.status import status as status_of

    found = status_of(session.home)
    found["stale_accounts"] = stale_by_files(found, session.today or session.now())
    if as_json:
        emit_json(found)
        return
    _print_build(found)
    for row in found["accounts"]:
        name, data = row["name"] or row["account_id"], (row["last_data_at"] or "never")[:10]
        why = f"  {row['error']}" if row["error"] else ""
        if row["login_ends_at"]:
            left = (datetime.fromisoformat(row["login_ends_at"]) - session.now()).total_seconds()
            why += f"  log in again within {max(0.0, left / 86400):.1f} days"
        click.echo(f"{row['provider']:10} {name:28.28} {row['status']:12} data of {data}{why}")
    print_stale_accounts(found["stale_accounts"])


@click.command()
@click.option("--history", is_flag=True, help="Every day.")
@click.option("--by", type=click.Choice(BY), help="Split it up.")
@click.option("--statement", "year", type=int, help="What each owner had on 31 December of a YEAR.")
@click.option("--as-then", is_flag=True, help="Owners and classes as they were on that day.")
@json_option
@csv_option
@click.pass_obj
def networth(
    session: Session,
    history: bool,
    by: str | None,
    year: int | None,
    as_then: bool,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Net worth, its changes, and how well it is known."""
    import tenet
    from tenet import allocation, reports

    if sum(1 for given in (history, by, year) if given) > 1:
        raise click.UsageError("--history, --by and --statement cannot go together")
    if as_then and by not in ("owner", "class") and not year:
        raise click.UsageError("--as-then goes with --by owner, --by class or --statement")
    if year is not None and not 1900 <= year <= 9999:
        raise click.UsageError(f"--statement is of a year such as 2025, not {year}")
    workspace = tenet.open(session.home)
    if year:
        frame = allocation.statement(workspace, year, as_then=as_then)
        emit_rows(frame.columns, frame.to_dicts(), as_json=as_json, as_csv=as_csv)
        return
    if history:
        frame = reports.net_worth_history(workspace, session.today)
        emit_rows(frame.columns, frame.to_dicts(), as_json=as_json, as_csv=as_csv)
    elif by:
        frame = reports.net_worth_by(workspace, by, session.today, as_then=as_then)
        emit_rows(frame.columns, frame.to_dicts(), as_json=as_json, as_csv=as_csv)
    else:
        found = reports.net_worth(workspace, session.today)
        stale = reports.stale_accounts(workspace, session.today)
        if as_json:
            emit_json([found | {"stale_accounts": stale}])
        elif as_csv:
            emit_rows(list(found), [found], as_json=False, as_csv=True)
        else:
            print_net_worth(found)
            print_stale_accounts(stale)


@click.command()
@click.argument("query")
@json_option
@csv_option
@click.pass_obj
def sql(session: Session, query: str, as_json: bool, as_csv: bool) -> None:
    """Ask the published build: a table on a terminal, CSV in a pipe."""
    import tenet

    frame = tenet.open(session.home).sql(query)
    emit_rows(frame.columns, frame.to_dicts(), as_json=as_json, as_csv=as_csv)


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--format", "kind", type=click.Choice(["parquet", "csv"]), default="parquet", show_default=True
)
@json_option
@click.pass_obj
def export(session: Session, folder: Path, kind: Literal["parquet", "csv"], as_json: bool) -> None:
    """Write every mart to FOLDER, with a manifest of names, rows, sha256 and revision."""
    import tenet
    from tenet.exports import export as write

    tables = write(tenet.open(session.home), folder, kind)
    rows = sum(table["rows"] for table in tables)
    session.say(f"wrote {counted(len(tables), 'table')} with {counted(rows, 'row')} to {folder}")
    if as_json:
        emit_json(tables)


def _print_build(found: dict[str, Any]) -> None:
    build = found["build"]
    click.echo(f"home       {found['home']}")
    click.echo(f"landings   {found['landing_count']:,}, last {found['last_landing'] or 'none'}")
    if build is None:
        click.echo("build      none yet; run `tenet build`")
        return
    values = counted(build["row_counts"]["daily_holding_values"], "daily value")
    click.echo(f"build      {build['revision']} of {build['built_at'][:19]} UTC")
    click.echo(f"           {values} through {build['through_date']} in {build['base_currency']}")
    if not found["is_current"]:
        click.echo("           older than the newest landing; run `tenet build`")
