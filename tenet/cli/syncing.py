"""`tenet sync` and `tenet quarantine`: holdings from providers, and the answers that wait."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from tenet import home as homes
from tenet.cli.output import emit_json, emit_rows, json_option
from tenet.wording import counted, money

if TYPE_CHECKING:
    from tenet.cli.session import Session
    from tenet.sync.run import ProviderReport


@click.command()
@click.argument("providers", nargs=-1, metavar="[PROVIDER]...")
@json_option
@click.pass_context
def sync(ctx: click.Context, providers: tuple[str, ...], as_json: bool) -> None:
    """Ask every configured provider (or those named) and land what they say."""
    from tenet.providers.registry import enabled_providers
    from tenet.settings import load
    from tenet.sync.run import sync as run

    session: Session = ctx.obj
    settings = load(homes.make(session.home))
    enabled = enabled_providers(settings, providers)
    if not enabled:
        raise click.UsageError(
            "no provider is configured; `tenet init` shows how, README lists them"
        )
    with homes.writing(session.home, session.now()):
        now = session.now()
        report = run(session.home, enabled, at=now, told=lambda one: say_provider(session, one))
    if as_json:
        emit_json(
            {
                "session_id": report.session_id,
                "is_complete": report.is_complete,
                "providers": [_as_json(one) for one in report.providers],
            }
        )
    ctx.exit(report.exit_code)


def say_provider(session: Session, report: ProviderReport) -> None:
    """One line a provider as it comes in, then a line for each account that is not well."""
    counts = Counter(verdict.status for verdict in report.verdicts)
    listed = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    session.say(f"{report.provider:12}{report.seconds:6.1f} s  {listed or 'no accounts'}")
    for error in report.result.errors:
        about = error.institution or error.account_external_id
        session.say(f"  {error.category}{f' ({about})' if about else ''}: {error}")
    for verdict in report.verdicts:
        if verdict.error and verdict.status != "error":
            session.say(f"  {verdict.account_id} {verdict.status}: {verdict.error}")
    for warning in report.result.warnings:
        about = warning.symbol or warning.account_external_id or ""
        session.say(f"  warning {warning.code} {about}", verbosity=1)


def _as_json(report: ProviderReport) -> dict[str, object]:
    return {
        "provider": report.provider,
        "status": report.result.outcome,
        "seconds": round(report.seconds, 3),
        "accounts": [
            {"account_id": one.account_id, "status": one.status, "error": one.error}
            for one in report.verdicts
        ],
        "errors": [
            {"category": error.category, "message": str(error), "code": error.code}
            for error in report.result.errors
        ],
        "warnings": [
            {"code": one.code, "account": one.account_external_id, "symbol": one.symbol}
            for one in report.result.warnings
        ],
    }


@click.group()
def quarantine() -> None:
    """Answers of providers that contradict themselves: kept, shown, not valued."""


@quarantine.command("list")
@json_option
@click.pass_obj
def list_(session: Session, as_json: bool) -> None:
    """The snapshots that wait for a word."""
    from tenet import edits

    found = edits.quarantined(homes.require(session.home))
    if as_json or found:
        columns = ["snapshot_id", "account_id", "observed_at", "total_value", "currency", "error"]
        rows = [{name: row[name] for name in columns} for row in found]
        emit_rows(columns, rows, as_json=as_json, as_csv=False)
    else:
        session.say("nothing is quarantined")


@quarantine.command()
@click.argument("snapshot_id")
@click.pass_obj
def show(session: Session, snapshot_id: str) -> None:
    """The lines of one quarantined snapshot."""
    from tenet import edits

    lines = edits.quarantined_lines(homes.require(session.home), snapshot_id)
    for line in lines:
        value = money(line["snapshot_value"], line["currency"])
        click.echo(f"{line['symbol']!s:24}{line['quantity']:>20f}{value:>24}  {line['name'] or ''}")
    session.say(counted(len(lines), "line"))


@quarantine.command()
@click.argument("snapshot_id")
@click.pass_obj
def accept(session: Session, snapshot_id: str) -> None:
    """Take a snapshot that waits, or was rejected, as true; the next build values it."""
    _settle(session, snapshot_id, accepted=True)


@quarantine.command()
@click.argument("snapshot_id")
@click.pass_obj
def reject(session: Session, snapshot_id: str) -> None:
    """Leave a snapshot out for good: one that waits, or one that counts by mistake."""
    _settle(session, snapshot_id, accepted=False)


def _settle(session: Session, snapshot_id: str, *, accepted: bool) -> None:
    from tenet import edits

    with homes.writing(homes.require(session.home), session.now()):
        now = session.now()
        edits.settle(session.home, snapshot_id, accepted=accepted, at=now)
    session.say(f"{'accepted' if accepted else 'rejected'} {snapshot_id}; next: tenet build")
