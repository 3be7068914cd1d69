"""`tenet refresh` and `tenet backfill`: everything up to date, or the prices of a range of days."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from tenet import home as homes
from tenet.cli.output import age, emit_json, json_option, print_net_worth, print_wrapped
from tenet.wording import counted, money

if TYPE_CHECKING:
    from datetime import date

    from tenet.cli.session import Session
    from tenet.refresh.report import RefreshReport

_ROWS = {"closes": "close", "splits": "split", "dividends": "dividend", "fx_rates": "rate"}
_DAY = click.DateTime(["%Y-%m-%d"])
_LISTED = 8
_OUTCOMES = {
    (True, True): "all else is done; what failed keeps the last value that is known of it",
    (True, False): "no value is known yet",
    (False, True): "the numbers are those of the build before, which is untouched",
    (False, False): "nothing is built, so no value is known yet",
}
"""What a failure means for the numbers: by whether there is a build of all, and any value."""


@click.command()
@click.option("--no-sync", is_flag=True, help="Ask no provider for holdings.")
@click.option("--no-prices", is_flag=True, help="Ask no market source for prices and rates.")
@click.option("--provider", "names", multiple=True, metavar="NAME", help="Sync only this provider.")
@json_option
@click.pass_context
def refresh(
    ctx: click.Context, no_sync: bool, no_prices: bool, names: tuple[str, ...], as_json: bool
) -> None:
    """Bring everything up to date: prices, holdings, and a build of both.

    What fails stops nothing else; it is told, and the exit code is 3.
    """
    from tenet.cli.progress import showing
    from tenet.market import registry as market
    from tenet.providers.registry import enabled_providers
    from tenet.refresh.run import has_holdings
    from tenet.refresh.run import refresh as run
    from tenet.settings import load

    session: Session = ctx.obj
    if no_sync and names:
        raise click.UsageError("--no-sync and --provider cannot go together")
    settings = load(session.home)
    providers = [] if no_sync else enabled_providers(settings, names)
    prices = [] if no_prices else market.price_sources(settings)
    rates = [] if no_prices else market.rate_sources(settings)
    if not providers and not has_holdings(session.home):
        raise click.UsageError(
            "nothing to refresh: no provider to ask, and nothing is held yet. `tenet connect` sets "
            "a provider up, `tenet import DIR` lands files, `tenet manual` takes what is in neither"
        )
    with homes.writing(homes.make(session.home), session.now()), showing(session) as told:
        at, through = session.now(), session.day(settings)
        report = run(settings, providers, prices, rates, through=through, at=at, told=told)
    _emit(session, report, as_json=as_json)
    ctx.exit(report.exit_code)


@click.command()
@click.option("--from", "first", type=_DAY, required=True, help="The first day.")
@click.option("--to", "last", type=_DAY, required=True, help="The last day.")
@click.option("--account", metavar="ACCOUNT", help="Only what this account held (id or name).")
@click.option("--portfolio", metavar="LABEL", help="Only what the accounts of this label held.")
@json_option
@click.pass_context
def backfill(
    ctx: click.Context,
    first: datetime,
    last: datetime,
    account: str | None,
    portfolio: str | None,
    as_json: bool,
) -> None:
    """Ask for the prices and rates of a range of days, for what was held in it, and build.

    A day that stays without a price has the latest one before it, and says so.
    """
    from tenet.cli.progress import showing
    from tenet.market import registry as market
    from tenet.refresh.held import accounts_of
    from tenet.refresh.run import backfill as run
    from tenet.settings import load

    session: Session = ctx.obj
    if account and portfolio:
        raise click.UsageError("--account and --portfolio cannot go together")
    settings = load(homes.require(session.home))
    through = session.day(settings)
    days = first.date(), last.date()
    _require_past(*days, through)
    sources = market.price_sources(settings), market.rate_sources(settings)
    accounts = accounts_of(session.home, account, portfolio)
    with homes.writing(session.home, session.now()), showing(session) as told:
        at = session.now()
        report = run(settings, *sources, days, accounts, through=through, at=at, told=told)
    if report.is_built and not report.held:
        session.say("nothing was held in that range")
    _emit(session, report, as_json=as_json)
    ctx.exit(report.exit_code)


def _require_past(first: date, last: date, through: date) -> None:
    if first > last:
        raise click.UsageError(f"--from {first} is after --to {last}")
    if last >= through:
        yesterday = through - timedelta(days=1)
        raise click.UsageError(
            f"--to {last} is not over yet; the last day with a close is {yesterday}"
        )


def _emit(session: Session, report: RefreshReport, *, as_json: bool) -> None:
    import tenet
    from tenet import reports

    workspace = tenet.open(session.home, refresh_local=False)
    found = reports.refreshed(workspace, report)
    if as_json:
        emit_json(found)
        return
    if found["net_worth"]:
        print_net_worth(found["net_worth"], found["since"])
    else:
        click.echo("net worth    unknown: no value yet")
    _print_accounts(found)
    _print_prices(found["prices"])
    _print_restated(found["restated"])
    _print_failures(found)


def _print_accounts(found: dict[str, Any]) -> None:
    """How many accounts are how, then each that is not well; not in words that follow below."""
    accounts, stale = found["accounts"], {one["account_id"]: one for one in found["stale_accounts"]}
    failing = {one["account_id"]: one for one in accounts["failing"]} if accounts else {}
    if accounts:
        listed = [f"{count} {status}" for status, count in accounts["counts"].items()]
        print_wrapped(f"{'accounts':12}", ", ".join(listed) or "none")
    elif stale:
        print_wrapped(f"{'accounts':12}", "not synced")
    told = {failure["message"] for failure in found["failures"]} | {None}
    for account_id in [*failing, *(name for name in stale if name not in failing)]:
        of = stale.get(account_id, {}) | failing.get(account_id, {})
        parts = [of["status"]] if "status" in of else []
        parts += [age(of)] if "days" in of else []
        words = "" if of["error"] in told else f": {of['error']}"
        print_wrapped(f"  {of['name']:26.26}", f"{', '.join(parts)}{words}")


def _print_prices(found: dict[str, Any]) -> None:
    landed = found["landed"]
    new = [counted(landed[name], word) for name, word in _ROWS.items() if name in landed]
    lines = [f"{', '.join(new) or 'nothing'} new"] if found["asked"] or new else []
    for name, words in (
        ("unknown", "no source knows"),
        ("empty", "nothing for these days"),
        ("without_source", "no source for"),
    ):
        if listed := found[name]:
            more = f" and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
            lines.append(f"{words}: {', '.join(listed[:_LISTED])}{more}")
    for head, line in zip(["prices", *[""] * len(lines)], lines, strict=False):
        print_wrapped(f"{head:12}", line)


def _print_restated(found: dict[str, Any] | None) -> None:
    if found and found["day_count"]:
        causes = ", ".join(found["causes"])
        largest = f"{money(found['largest_change'], signed=True)} on {found['largest_date']}"
        text = f"{counted(found['day_count'], 'past day')} ({causes}), at most {largest}"
        print_wrapped(f"{'restated':12}", text)


def _print_failures(found: dict[str, Any]) -> None:
    failures = found["failures"]
    for failure in failures[:_LISTED]:
        hint = f" ({failure['hint']})" if failure["hint"] else ""
        print_wrapped(f"{'failed':12}", f"{failure['what']}: {failure['message']}{hint}")
    if len(failures) > _LISTED:
        click.echo(f"{'':13}and {len(failures) - _LISTED} more, all of them with --json")
    if failures:
        print_wrapped(f"{'':12}", _OUTCOMES[found["is_built"], found["net_worth"] is not None])
