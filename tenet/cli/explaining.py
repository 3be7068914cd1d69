"""`tenet explain`: why a number is what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tenet import home as homes
from tenet.cli.output import emit_json, json_option

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tenet.cli.session import Session


@click.command()
@click.argument("day", metavar="DATE", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--account", help="Of one account: its id or name.")
@click.option("--security", help="Of one security: its id, symbol or name.")
@json_option
@click.pass_obj
def explain(
    session: Session, day: datetime, account: str | None, security: str | None, as_json: bool
) -> None:
    """Why a number is what it is: DATE's net worth, an account's part, or one holding's.

    A total is explained by what it is the sum of, a holding by the landed rows that it was made of.
    """
    import tenet
    from tenet import edits, explained
    from tenet import explain as why

    workspace = tenet.open(homes.require(session.home))
    if account is None and security is None:
        found = why.total(workspace, day.date())
        lines = [*explained.total_told(found), "  --account NAME explains one of them"]
        emit_json(found) if as_json else _print(lines)
        return
    account_id = edits.find_account(session.home, account)["account_id"] if account else None
    held = why.holdings(workspace, day.date(), account_id=account_id, security=security)
    is_emptied = [row["security_id"] for row in held] == ["_ZERO_BALANCE"]
    if security or is_emptied:
        chains = [why.chain(workspace, holding) for holding in held]
        if as_json:
            emit_json(chains)
        for one in [] if as_json else chains:
            _print(explained.chain_told(one))
    elif as_json:
        emit_json(held)
    else:
        hint = ["  --security NAME explains one of them"] if held else []
        _print([*explained.account_told(day.date(), account_id or "", held), *hint])


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)
