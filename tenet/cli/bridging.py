"""`tenet bridge`: why net worth is more, or less, than it was."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from tenet.cli.output import csv_option, emit_json, emit_rows, json_option
from tenet.wording import counted, money

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl

    from tenet.cli.session import Session

MEANINGS = {
    "contributions": "paid in",
    "withdrawals": "paid out",
    "market": "prices of what was held and traded",
    "currency_effect": "exchange rates",
    "income": "dividends, interest, distributions",
    "fees": "fees and taxes",
    "debt_principal": "owed less (or more)",
    "revaluation": "new prices of manual assets",
    "accounts_joined": "accounts that joined",
    "accounts_left": "accounts that left",
    "corrections": "values that became known or unknown",
}


@click.command()
@click.argument("first", metavar="FROM", type=click.DateTime(["%Y-%m-%d"]))
@click.argument("last", metavar="TO", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--by", type=click.Choice(["account", "owner", "day", "month"]), help="Split it up.")
@click.option("--account", help="Of one account: its id or name.")
@json_option
@csv_option
@click.pass_obj
def bridge(
    session: Session,
    first: datetime,
    last: datetime,
    by: str | None,
    account: str | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Why net worth changed from the end of FROM to the end of TO, in parts that add up."""
    import tenet
    from tenet import bridge as bridges
    from tenet import edits

    if first > last:
        raise click.UsageError(f"FROM {first.date()} is after TO {last.date()}")
    workspace = tenet.open(session.home)
    account_id = edits.find_account(workspace.home, account)["account_id"] if account else None
    days = (first.date(), last.date())
    if by:
        frame = bridges.bridge_by(workspace, by, *days, account_id=account_id)
        if sys.stdout.isatty() and not (as_json or as_csv):
            frame = _without_zeros(frame)
        emit_rows(frame.columns, frame.to_dicts(), as_json=as_json, as_csv=as_csv)
        return
    found = bridges.bridge(workspace, *days, account_id=account_id)
    if as_json:
        emit_json(found)
    elif as_csv:
        emit_rows(list(found), [found], as_json=False, as_csv=True)
    else:
        _print(found, account)


def _print(found: dict[str, Any], account: str | None) -> None:
    worth = account or "net worth"
    click.echo(
        f"{worth[:18]:18}{money(found['opening'], found['currency']):>22}  on {found['first_date']}"
    )
    for part, meaning in MEANINGS.items():
        if found[part]:
            name = part.replace("_", " ")
            click.echo(f"  {name:16}{money(found[part], signed=True):>18}  {meaning}")
    click.echo(
        f"{worth[:18]:18}{money(found['closing'], found['currency']):>22}  on {found['last_date']}"
    )
    change = money(found["change"], signed=True)
    if found["residual"]:
        missing = money(found["residual"], signed=True)
        click.echo(f"the parts miss {missing} of the change of {change}; run `tenet doctor`")
    else:
        click.echo(f"the parts add up to the change of {change}")
    if found["unpriced_day_count"]:
        days = counted(found["unpriced_day_count"], "day")
        click.echo(f"on {days} some holding had no value; it counts from when it has one")


def _without_zeros(frame: pl.DataFrame) -> pl.DataFrame:
    """For a screen: without the parts that are zero on every line."""
    return frame.drop(part for part in MEANINGS if not (frame[part] != 0).any())
