"""`tenet classify` and `tenet allocation`: asset classes, their targets, and the way back."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenet import home as homes
from tenet.cli.editing import PATIENCE, Amount
from tenet.cli.output import csv_option, emit_json, emit_rows, json_option
from tenet.wording import counted, money

if TYPE_CHECKING:
    from datetime import date, datetime

    from tenet.cli.session import Session
    from tenet.workspace import Workspace

BY = ["class", "account", "portfolio", "tax-bucket", "liquidity"]


@click.command()
@click.argument("words", nargs=-1, metavar="[SECURITY] [CLASS]")
@click.option("--account", help="All of this account counts as CLASS, whatever it holds.")
@click.option("--clear", is_flag=True, help="Take back what was said of the security or account.")
@click.option("--class", "name", help="Make a class, or change its target or colour.")
@click.option(
    "--target", type=Amount(), help="Of --class: the share that it should be, such as 0.6."
)
@click.option("--colour", help="Of --class: a colour in charts, such as #4c78a8.")
@click.option(
    "--weights",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A CSV file of what funds consist of: security_id, asset_class, weight.",
)
@click.option(
    "--list", "is_list", is_flag=True, help="Each holding, its class, and which rule says so."
)
@click.option(
    "--classes", "is_classes", is_flag=True, help="Every class with its target and colour."
)
@json_option
@csv_option
@click.pass_obj
def classify(
    session: Session,
    words: tuple[str, ...],
    account: str | None,
    clear: bool,
    name: str | None,
    target: Decimal | None,
    colour: str | None,
    weights: Path | None,
    is_list: bool,
    is_classes: bool,
    as_json: bool,
    as_csv: bool,
) -> None:
    r"""Say what counts as which asset class.

    \b
    tenet classify VTI Stocks
    tenet classify --account "Old plan" Bonds
    tenet classify targets Stocks=0.6 Bonds=0.3 Cash=0.1
    tenet classify --class Gold --colour goldenrod
    tenet classify --weights FILE.csv
    """
    is_said = bool(words or account or clear)
    if [is_said, name is not None, weights is not None, is_list, is_classes].count(True) != 1:
        raise click.UsageError("say one thing at a time; `tenet classify --help` lists them")
    if name is None and (target is not None or colour is not None):
        raise click.UsageError("--target and --colour go with --class")
    if is_list:
        _print_rules(session, as_json=as_json, as_csv=as_csv)
    elif is_classes:
        _print_classes(session, as_json=as_json, as_csv=as_csv)
    elif weights is not None:
        _land_weights(session, weights)
    elif name is not None:
        _make_class(session, name, target, colour)
    elif words[:1] == ("targets",) and not account and not clear:
        _set_targets(session, words[1:])
    else:
        _classify(session, words, account, clear=clear)


@click.command()
@click.option("--by", type=click.Choice(BY), default="class", show_default=True)
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="Default: the last day.")
@click.option("--as-then", is_flag=True, help="Classes and targets as they were on that day.")
@click.option(
    "--rebalance",
    "amount",
    type=Amount(),
    help="What to buy and sell with this much new money (0: none; negative: a withdrawal).",
)
@json_option
@csv_option
@click.pass_obj
def allocation(
    session: Session,
    by: str,
    day: datetime | None,
    as_then: bool,
    amount: Decimal | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """What is held of each asset class, how far that is from its target, and the way back.

    Debts and accounts that are excluded do not count.
    """
    import tenet
    from tenet.allocation import allocation as allocation_of

    workspace = tenet.open(session.home)
    on = day.date() if day else session.today
    if amount is None:
        frame = allocation_of(workspace, on, by=by, as_then=as_then)
        emit_rows(frame.columns, frame.to_dicts(), as_json=as_json, as_csv=as_csv)
        _say_left_out(session, workspace, on, as_then=as_then)
        return
    if by != "class":
        raise click.UsageError("--rebalance and --by cannot go together")
    if amount != round(amount, 2):
        raise click.UsageError(f"--rebalance takes whole cents, not {amount}")
    _print_moves(session, workspace, amount, on, as_then=as_then, as_json=as_json, as_csv=as_csv)


def _print_moves(
    session: Session,
    workspace: Workspace,
    amount: Decimal,
    on: date | None,
    *,
    as_then: bool,
    as_json: bool,
    as_csv: bool,
) -> None:
    from tenet.allocation import rebalanced

    moves, classes = rebalanced(workspace, amount, on, as_then=as_then)
    if as_json:
        emit_json({"moves": moves.to_dicts(), "classes": classes.to_dicts()})
        return
    emit_rows(moves.columns, moves.to_dicts(), as_json=False, as_csv=as_csv)
    for row in classes.to_dicts():
        if missing := row["missing_base"]:
            word = "below" if missing > 0 else "above"
            amount_left = money(abs(missing))
            session.say(f"{row['asset_class']} stays {amount_left} {word} its target")
    if moves["is_in_fund"].any():
        session.say("is_in_fund: it lies in funds that hold other classes too, sold with it")
    if moves.is_empty():
        session.say("every class is at its target")


def _say_left_out(
    session: Session, workspace: Workspace, on: date | None, *, as_then: bool
) -> None:
    from tenet.allocation import left_out

    for row in left_out(workspace, on, as_then=as_then).to_dicts():
        text = f"{row['name']}: {row['asset_class']} {money(row['market_value_base'])}"
        unpriced = row["unpriced_count"]
        more = f" and {counted(unpriced, 'holding')} without a value" if unpriced else ""
        session.say(f"left out: {text}{more}")


def _print_rules(session: Session, *, as_json: bool, as_csv: bool) -> None:
    import tenet
    from tenet.allocation import rules

    found = rules(tenet.open(session.home)).to_dicts()
    columns = ["account_name", "name", "asset_class", "rule", "weight", "market_value_base"]
    emit_rows(
        columns,
        found if as_json else [{column: row[column] for column in columns} for row in found],
        as_json=as_json,
        as_csv=as_csv,
    )
    if open_ones := [row for row in found if row["rule"] == "unclassified"]:
        worth = sum((row["market_value_base"] or Decimal(0) for row in open_ones), Decimal(0))
        session.say(f"{counted(len(open_ones), 'holding')} unclassified, worth {money(worth)}")


def _print_classes(session: Session, *, as_json: bool, as_csv: bool) -> None:
    from tenet.classes import classes

    columns = ["asset_class", "target_weight", "colour"]
    found = classes(homes.require(session.home))
    for row in found:
        row["target_weight"] = row["target_weight"] and float(row["target_weight"])
    emit_rows(columns, found, as_json=as_json, as_csv=as_csv)


def _classify(
    session: Session, words: tuple[str, ...], account: str | None, *, clear: bool
) -> None:
    from tenet.classes import classify_account, classify_security
    from tenet.edits import find_account
    from tenet.prices.securities import find_security

    wanted = (0 if account else 1) + (0 if clear else 1)
    if len(words) != wanted:
        raise click.UsageError("give a SECURITY (or --account A) and a CLASS (or --clear)")
    home, asset_class = homes.require(session.home), None if clear else words[-1]
    with homes.writing(home, session.now(), patience=PATIENCE):
        if account:
            account_id = find_account(home, account)["account_id"]
            classify_account(home, account_id, asset_class, at=session.now())
        else:
            security_id = find_security(home, words[0])["security_id"]
            classify_security(home, security_id, asset_class, at=session.now())
    session.say("noted; next: tenet build")


def _make_class(session: Session, name: str, target: Decimal | None, colour: str | None) -> None:
    from tenet.classes import make_class

    home = homes.require(session.home)
    with homes.writing(home, session.now(), patience=PATIENCE):
        make_class(home, name, colour=colour, target=target, at=session.now())
    session.say("noted; next: tenet build")


def _set_targets(session: Session, words: tuple[str, ...]) -> None:
    from tenet.classes import set_targets

    if not words:
        raise click.UsageError("give targets such as Stocks=0.6 Bonds=0.3 Cash=0.1")
    given: dict[str, Decimal] = {}
    for word in words:
        name, sign, number = word.rpartition("=")
        if not sign or not name.strip() or name.strip() in given:
            raise click.UsageError(f"{word!r} is no target of its own such as Stocks=0.6")
        given[name.strip()] = Amount().convert(number, None, None)
    home = homes.require(session.home)
    with homes.writing(home, session.now(), patience=PATIENCE):
        landed = set_targets(home, given, at=session.now())
    for name, target in landed.items():
        session.say(f"{name:20}{target:.2%}")
    session.say("noted; next: tenet build")


def _land_weights(session: Session, path: Path) -> None:
    from tenet.classes import read_weights, set_weights
    from tenet.prices.securities import find_security

    home, found = homes.require(session.home), read_weights(path)
    known = {
        wanted: find_security(home, wanted)["security_id"]
        for wanted in dict.fromkeys(row["security_id"] for row in found)
    }
    named = [row | {"security_id": known[row["security_id"]]} for row in found]
    with homes.writing(home, session.now(), patience=PATIENCE):
        sums = set_weights(home, named, at=session.now())
    for security_id, total in sums.items():
        rest = f"; the other {1 - total:.2%} stays in its own class" if total < 1 else ""
        session.say(f"{security_id:20}{total:.2%}{rest}")
    session.say("noted; next: tenet build")
