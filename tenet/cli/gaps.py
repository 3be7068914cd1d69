"""`tenet gaps`: what is missing, old or in doubt, what would mend it, and mending it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import click

from tenet import home as homes
from tenet.cli.output import emit_json, json_option, print_wrapped
from tenet.coverage import KINDS
from tenet.wording import counted, money

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenet.cli.session import Session
    from tenet.market.series import PriceSource, RateSource
    from tenet.repair import Plan
    from tenet.settings import Settings

Row = dict[str, Any]

_SHOWN, _LISTED = 20, 5


@click.command()
@click.option("--account", metavar="ACCOUNT", help="Only of this account (id or name).")
@click.option("--kind", type=click.Choice(KINDS), help="Only of this kind.")
@click.option("--plan", "is_plan", is_flag=True, help="Say what would mend them; change nothing.")
@click.option("--repair", "is_repair", is_flag=True, help="Fetch prices and build anew.")
@json_option
@click.pass_context
def gaps(
    ctx: click.Context,
    account: str | None,
    kind: str | None,
    is_plan: bool,
    is_repair: bool,
    as_json: bool,
) -> None:
    """What is missing, old or in doubt, and how much money hangs on it.

    Looks at the published file too: what was deleted or altered there since it was built is found.
    """
    session: Session = ctx.obj
    if (is_plan or is_repair) and (account or kind or is_plan is is_repair):
        raise click.UsageError("--plan and --repair are of everything, and do not go together")
    homes.require(session.home)
    if is_plan:
        _plan(session, as_json=as_json)
    elif is_repair:
        ctx.exit(_repair(session, as_json=as_json))
    else:
        _show(session, account, kind, as_json=as_json)


def _show(session: Session, wanted: str | None, kind: str | None, *, as_json: bool) -> None:
    import tenet
    from tenet import coverage
    from tenet.errors import QueryFailed

    workspace = tenet.open(session.home)
    damage = coverage.damage_of(workspace)
    accounts: list[Row] = []
    found = [coverage.damaged(one) for one in damage]
    if not any(one.kind == "unreadable" for one in damage):
        try:
            account_id = coverage.find_account(workspace, wanted) if wanted else None
            accounts = coverage.coverage(workspace, account_id)
            found = coverage.gaps(workspace, damage, account_id=account_id, kind=kind)
        except QueryFailed:
            if not damage:
                raise
    if as_json:
        emit_json({"accounts": accounts, "gaps": found})
        return
    for row in accounts:
        _print_account(row)
    _print_gaps(found)


def _print_account(row: Row) -> None:
    if row["expected_start"] is None:
        print_wrapped(f"{row['name']:28.28}", "no snapshot yet")
        return
    days = f"{row['actual_days']:,} of {counted(row['expected_days'], 'day')}"
    print_wrapped(
        f"{row['name']:28.28}", f"{days}, {row['expected_start']} to {row['expected_end']}"
    )
    for name in ("missing", "partial"):
        if count := row[f"{name}_days"]:
            listed = ", ".join(str(day) for day in row[f"{name}_dates"][:_LISTED])
            more = f" and {count - _LISTED:,} more" if count > _LISTED else ""
            _print_below(f"{name}: {counted(count, 'day')}: {listed}{more}")
    if row["silent_days"]:
        longest = f"{row['longest_carried_days']} days from {row['longest_carried_from']}"
        silent = f"no data on {counted(row['silent_days'], 'day')} when it was due"
        _print_below(f"{silent}; one snapshot was carried for {longest}")
    for price in row["stale_prices"]:
        _print_below(f"old price: {price['security_id']} of {price['price_date']}")
    if row["mismatch_count"]:
        checked = counted(row["checked_count"], "holding")
        _print_below(f"{row['mismatch_count']:,} of {checked} differ from the provider's own value")


def _print_gaps(found: Sequence[Row]) -> None:
    if not found:
        click.echo("no gaps")
        return
    click.echo(f"{counted(len(found), 'gap')}, by the money at stake")
    for row in found[:_SHOWN]:
        click.echo(f"{money(row['value_at_stake']):>18}  {row['kind']:20} {_subject(row)}")
        _print_below(f"{_days(row)}: {row['detail']}")
    if len(found) > _SHOWN:
        click.echo(f"... and {len(found) - _SHOWN:,} more; --json prints them all")


def _subject(row: Row) -> str:
    whole = "whole account" if row["security_id"] == "_TOTAL" else None
    parts = (row["account_name"], whole or row["security_name"], row["currency"])
    return ", ".join(part for part in parts if part)


def _days(row: Row) -> str:
    if row["first_date"] is None:
        return "at all times"
    until = "" if row["first_date"] == row["last_date"] else f" to {row['last_date']}"
    return f"{row['first_date']}{until}, {counted(row['days'], 'day')}"


def _print_below(text: str) -> None:
    print_wrapped(" " * 19, text)


def _plan(session: Session, *, as_json: bool) -> None:
    from tenet.repair import plan
    from tenet.settings import load

    settings = load(session.home)
    through = _through(session, settings)
    found = plan(settings, _sources(settings), through=through, at=session.now())
    if as_json:
        emit_json(
            {
                "fetch": found.fetch,
                "damage": [str(one) for one in found.damage],
                "is_outdated": found.is_outdated,
                "changes": found.changes,
                "left": found.left,
            }
        )
        return
    _print_fetch(found)
    _print_rebuild(found)
    _print_left(found.left)


def _print_fetch(found: Plan) -> None:
    click.echo(f"to fetch: {counted(len(found.fetch), 'series') if found.fetch else 'nothing'}")
    for row in found.fetch[:_SHOWN]:
        until = f" to {row['last_date']}" if row["last_date"] else " on"
        click.echo(f"  {row['source']:12}{row['security_id']:24} {row['first_date']}{until}")
    if len(found.fetch) > _SHOWN:
        click.echo(f"  ... and {len(found.fetch) - _SHOWN:,} more; --json prints them all")


def _print_rebuild(found: Plan) -> None:
    if not found.is_rebuilt:
        click.echo("to build anew: nothing; the published file is as it was built")
        return
    click.echo("to build anew: the published file")
    for one in found.damage[:_SHOWN]:
        print_wrapped(" ", str(one))
    if found.is_outdated:
        click.echo("  it is not made of just what is landed now")
    for row in found.changes[:_SHOWN]:
        now, after = money(row["value_now"]), money(row["value_after"])
        print_wrapped(f"  {row['account_id']:26}", f"{_days(row)}: {now} -> {after}")
    if len(found.changes) > _SHOWN:
        click.echo(f"  ... and {len(found.changes) - _SHOWN:,} more; --json prints them all")


def _print_left(left: Sequence[Row]) -> None:
    click.echo(f"left: {counted(len(left), 'gap') if left else 'nothing'}")
    for row in left[:_SHOWN]:
        click.echo(f"{money(row['value_at_stake']):>18}  {row['gap_id']}")
        _print_below(row["why"])
    if len(left) > _SHOWN:
        click.echo(f"... and {len(left) - _SHOWN:,} more; --json prints them all")


def _repair(session: Session, *, as_json: bool) -> int:
    from tenet.cli.pricing import say_source
    from tenet.prices.report import SourceReport
    from tenet.repair import repair
    from tenet.settings import load

    settings = load(session.home)
    through, sources = _through(session, settings), _sources(settings)

    def told(event: object) -> None:
        if isinstance(event, SourceReport):
            say_source(session, event)

    with homes.writing(session.home, session.now()):
        done = repair(settings, sources, through=through, at=session.now(), told=told)
    for one in done.damage:
        session.say(f"mended: {one}")
    session.say("built anew" if done.is_built else "nothing was to be built")
    if as_json:
        emit_json(
            {
                "damage": [str(one) for one in done.damage],
                "is_built": done.is_built,
                "left": done.left,
            }
        )
    else:
        _print_left(done.left)
    return done.exit_code


def _through(session: Session, settings: Settings) -> date:
    """The last day to value: --today, else the published build's, so that nothing else changes."""
    last = homes.last_build(session.home)
    if session.today or last is None:
        return session.day(settings)
    return date.fromisoformat(last["through_date"])


def _sources(settings: Settings) -> tuple[list[PriceSource], list[RateSource]]:
    from tenet.market.registry import price_sources, rate_sources

    return price_sources(settings), rate_sources(settings)
