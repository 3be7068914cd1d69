"""`tenet prices` and `tenet security`: closes and rates, and the user's own words about them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from tenet import home as homes
from tenet.cli.editing import PATIENCE, Amount
from tenet.cli.output import emit_json, emit_rows, json_option
from tenet.wording import counted

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

    from tenet.cli.session import Session
    from tenet.prices.report import Problem, Progress, SourceReport
    from tenet.settings import Settings

DAY = click.DateTime(["%Y-%m-%d"])


@click.group(invoke_without_command=True)
@click.option("--symbol", "symbols", multiple=True, help="Only this security; may be repeated.")
@click.option("--from", "first", type=DAY, help="From this day on, whatever is held then.")
@click.option("--to", "last", type=DAY, help="Through this day.")
@json_option
@click.pass_context
def prices(
    ctx: click.Context,
    symbols: tuple[str, ...],
    first: datetime | None,
    last: datetime | None,
    as_json: bool,
) -> None:
    """Ask for the closes and exchange rates that are missing, through yesterday, and land them."""
    if ctx.invoked_subcommand:
        return
    from tenet.market.registry import price_sources, rate_sources
    from tenet.prices.report import SourceReport
    from tenet.prices.run import update
    from tenet.prices.securities import find_security
    from tenet.settings import load

    session: Session = ctx.obj
    settings = load(homes.require(session.home))
    through = session.day(settings)
    since, until = _span(first, last, through)
    only = [find_security(session.home, symbol)["security_id"] for symbol in symbols]
    sources = price_sources(settings), rate_sources(settings)
    if not any(sources):
        raise click.UsageError("every source of prices is switched off in the settings")

    def told(event: SourceReport | Progress) -> None:
        with suppress(OSError):  # stderr may be closed
            if isinstance(event, SourceReport):
                say_source(session, event)
            else:
                _say_progress(session, event)

    with homes.writing(session.home, session.now()):
        report = update(
            settings,
            *sources,
            at=session.now(),
            through=through,
            only=only,
            first=since,
            last=until,
            told=told,
        )
    for security_id in report.without_source:
        session.say(f"{security_id}: no source in use prices it", verbosity=0 if only else 1)
    if not report.sources:
        session.say("nothing is missing")
    elif report.landings:
        session.say("next: tenet build")
    if as_json:
        emit_json(
            {
                "sources": [_as_json(source) for source in report.sources],
                "landings": [landing.landing_id for landing in report.landings],
                "without_source": report.without_source,
            }
        )
    ctx.exit(report.exit_code)


def say_source(session: Session, report: SourceReport) -> None:
    """One line for a source, then a line for each thing that is not well."""
    counts = {
        "ok": report.ok,
        "empty": len(report.empty),
        "unknown": len(report.unknown),
        "failed": len(report.failed),
        "not answered": report.left,
    }
    listed = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    new = ", ".join(f"{count:,} {name}" for name, count in report.landed.items())
    session.say(f"{report.source:12}{report.seconds:6.1f} s  {listed}; new: {new or 'nothing'}")
    if report.stopped:
        session.say(f"  {report.stopped.category}: {report.stopped}")
    for verbosity, status, problems in (
        (0, "failed", report.failed),
        (0, "unknown", report.unknown),
        (1, "empty", report.empty),
    ):
        for one in problems:
            session.say(f"  {_problem(status, one)}", verbosity=verbosity)
    if report.unknown:
        session.say("  `tenet security set SYMBOL --price-symbol ...` says what a source calls it")


def _problem(status: str, problem: Problem) -> str:
    if problem.message:
        return f"{problem.security_id} {status}: {problem.message}"
    return f"{problem.security_id} {status}"


def _say_progress(session: Session, event: Progress) -> None:
    text = f"{event.source:12}{event.done}/{event.asked} {event.security_id} {event.status}"
    session.say(text, verbosity=1)


def _span(
    first: datetime | None, last: datetime | None, through: date
) -> tuple[date | None, date | None]:
    """The days asked for. Raises UsageError for a range without a day that is over."""
    since, until = first and first.date(), last and last.date()
    if since and until and since > until:
        raise click.UsageError(f"--from {since} is after --to {until}")
    if since and since >= through:
        raise click.UsageError(f"--from {since}: there are closes through the day before {through}")
    return since, until


def _as_json(report: SourceReport) -> dict[str, Any]:
    def listed(problems: tuple[Problem, ...]) -> list[dict[str, str | None]]:
        return [{"security_id": one.security_id, "message": one.message} for one in problems]

    stopped = report.stopped
    return {
        "source": report.source,
        "asked": report.asked,
        "ok": report.ok,
        "empty": listed(report.empty),
        "unknown": listed(report.unknown),
        "failed": listed(report.failed),
        "left": report.left,
        "landed": dict(report.landed),
        "stopped": {"category": stopped.category, "message": str(stopped)} if stopped else None,
        "seconds": round(report.seconds, 3),
    }


@prices.command("set")
@click.argument("symbol")
@click.argument("day", type=DAY, metavar="DATE")
@click.argument("price", type=Amount())
@click.option("--currency", default=None, help="ISO 4217 code (default: the holding's).")
@click.pass_obj
def set_(
    session: Session, symbol: str, day: datetime, price: Decimal, currency: str | None
) -> None:
    """Give SYMBOL (or a name) a price of your own on a day; it wins over every source."""
    if price <= 0:
        raise click.UsageError(f"a price is above zero, not {price}")
    _mark(session, symbol, day, price, currency)


@prices.command()
@click.argument("symbol")
@click.argument("day", type=DAY, metavar="DATE")
@click.pass_obj
def unset(session: Session, symbol: str, day: datetime) -> None:
    """Take back the price that you gave SYMBOL on a day."""
    _mark(session, symbol, day, None, None)


def _mark(
    session: Session, symbol: str, day: datetime, price: Decimal | None, currency: str | None
) -> None:
    from tenet.prices.securities import set_mark

    today = session.day(_settings(session))
    if day.date() > today:
        raise click.UsageError(f"{day.date()} is after {today}; a price is of a day that has come")
    with homes.writing(session.home, session.now(), patience=PATIENCE):
        now = session.now()
        set_mark(session.home, symbol, day.date(), price, currency=currency, at=now)
    session.say("noted; next: tenet build")


@click.group()
def security() -> None:
    """Securities: their names and classes, and where their prices come from."""


@security.command("list")
@json_option
@click.pass_obj
def list_(session: Session, as_json: bool) -> None:
    """Every security that was ever held or priced."""
    from tenet.prices.securities import securities

    columns = ["symbol", "name", "currency", "asset_class", "is_held"]
    columns += ["price_source", "price_symbol", "last_close_date"]
    found = securities(homes.require(session.home))
    chosen = [{name: row[name] for name in columns} for row in found]
    emit_rows(columns, chosen, as_json=as_json, as_csv=False)


@security.command("set")
@click.argument("symbol")
@click.option("--price-symbol", help="What its source of prices calls it.")
@click.option("--price-source", type=click.Choice(["yahoo", "coingecko"]))
@click.option("--name", help="What you call it.")
@click.option("--asset-class", help="The class that it counts as, such as Crypto.")
@click.pass_obj
def change(
    session: Session,
    symbol: str,
    price_symbol: str | None,
    price_source: str | None,
    name: str | None,
    asset_class: str | None,
) -> None:
    """Say what SYMBOL (or a name) is, or where its prices come from."""
    from tenet.prices.securities import edit_security

    changes = {
        "price_symbol": price_symbol,
        "price_source": price_source,
        "name": name,
        "asset_class": asset_class,
    }
    given = {column: text.strip() for column, text in changes.items() if text is not None}
    if not given:
        raise click.UsageError("say what to change; `tenet security set --help` lists it")
    if blank := [column for column, text in given.items() if not text]:
        raise click.UsageError(f"--{blank[0].replace('_', '-')} is blank")
    with homes.writing(homes.require(session.home), session.now(), patience=PATIENCE):
        now = session.now()
        edit_security(session.home, symbol, at=now, **given)
    is_route = "price_symbol" in given or "price_source" in given
    session.say(f"noted; next: {'tenet prices, then ' if is_route else ''}tenet build")


@security.command()
@click.argument("symbol")
@json_option
@click.pass_obj
def show(session: Session, symbol: str, as_json: bool) -> None:
    """What is known of SYMBOL (or a name): its source, closes, last request, splits, marks."""
    from tenet.prices.securities import described, label

    found = described(homes.require(session.home), symbol)
    if as_json:
        emit_json(found)
        return
    click.echo(f"{label(found)}  {found['name'] or ''}".rstrip())
    for name, text in _lines(found):
        click.echo(f"  {name:8}{text}")


def _lines(found: dict[str, Any]) -> list[tuple[str, str]]:
    route = found["route"]
    where = f"{route['source']} {route['symbol'] or '(to be found)'}" if route else "none"
    lines = [("route", where)]
    for row in found["closes"]:
        days = f"{row['first_date']} to {row['last_date']}, {counted(row['days'], 'day')}"
        price = f"{_plain(row['close'])} {row['currency']}"
        lines.append(("closes", f"{row['source']} {days}; last {price}"))
    for row in found["requests"]:
        days = f"{row['first_date']} to {row['last_date']}"
        asked = f"{row['source']} {row['symbol']} {row['requested_at']:%Y-%m-%d %H:%M} UTC"
        why = f" ({row['message']})" if row["message"] else ""
        lines.append(("asked", f"{asked}: {row['status']}, {days}{why}"))
    lines += [
        ("split", f"{row['split_date']} {_plain(row['ratio'])} for 1") for row in found["splits"]
    ]
    for row in found["marks"]:
        price = f"{_plain(row['price'])} {row['currency'] or found['currency'] or ''}".rstrip()
        lines.append(("mark", f"{row['price_date']} {price}"))
    return lines


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _settings(session: Session) -> Settings:
    from tenet.settings import load

    return load(homes.require(session.home))
