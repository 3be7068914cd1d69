"""`tenet returns`: what the money earned, apart from what was paid in and out."""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from tenet.analysis.periods import PERIODS
from tenet.cli.output import csv_option, emit_json, emit_rows, json_option
from tenet.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tenet.cli.session import Session

BY = ["total", "account", "class", "owner", "security"]
_AMOUNTS = ("opening", "closing", "flow", "gain", "versus_closing", "behind")
_DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.option("--by", type=click.Choice(BY), default="total", show_default=True)
@click.option(
    "--period",
    "periods",
    type=click.Choice(PERIODS, case_sensitive=False),
    multiple=True,
    help="One or more; default: all, or with --by the whole time.",
)
@click.option("--from", "first", type=_DAY, help="From the end of this day.")
@click.option("--to", "last", type=_DAY, help="To the end of this day.")
@click.option("--versus", metavar="MIX", help='The same flows in "VTI" or "VTI=0.6 BND=0.4".')
@json_option
@csv_option
@click.pass_obj
def returns(
    session: Session,
    by: str,
    periods: tuple[str, ...],
    first: datetime | None,
    last: datetime | None,
    versus: str | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Time-weighted and money-weighted returns, and how rough the way there was."""
    import tenet
    from tenet import returns as found_returns

    if periods and (first or last):
        raise click.UsageError("--period and --from or --to cannot go together")
    if first and last and first >= last:
        raise click.UsageError(f"--from {first.date()} is not before --to {last.date()}")
    workspace = tenet.open(session.home)
    if first or last:
        ends = first.date() if first else None, last.date() if last else None
        spans = [found_returns.span(workspace, *ends)]
    else:
        names = periods or (PERIODS if by == "total" else ("ALL",))
        spans = found_returns.spans(workspace, names, today=session.today)
    if versus:
        rows = found_returns.versus(workspace, spans, found_returns.mix(versus), by=by)
    else:
        rows = found_returns.returns(workspace, spans, by=by)
    rows = [_to_the_cent(row) for row in rows]
    if as_json:
        emit_json(rows)
    elif as_csv or not sys.stdout.isatty():
        emit_rows(list(rows[0]) if rows else ["period"], rows, as_json=False, as_csv=True)
    else:
        _print(rows)


def _to_the_cent(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its amounts as decimals; returns stay fractions."""
    amounts = {name: Decimal(f"{row[name]:.2f}") for name in _AMOUNTS if row.get(name) is not None}
    return row | amounts


def _print(rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        what = " ".join(filter(None, [row.get("name"), row["period"]]))
        click.echo(f"{what}  from {row['first_date']} to {row['last_date']}".strip())
        for label, name in (
            ("time-weighted", "time_weighted"),
            ("money-weighted", "money_weighted"),
        ):
            a_year = row[f"{name}_annual"]
            yearly = f"  {a_year:+.2%} a year" if a_year is not None else ""
            click.echo(f"  {label:15}{_percent(row[name]):>10}{yearly}")
        if row["drawdown"] is not None and row["volatility"] is not None:
            fall = f"  largest fall {row['drawdown']:.2%}"
            until = f" from {row['drawdown_from']} to {row['drawdown_to']}"
            click.echo(
                f"  {'volatility':15}{row['volatility']:>10.2%}"
                f"{fall}{until if row['drawdown_from'] else ''}"
            )
        if "behind" in row:
            _print_versus(row)
        if row["incomplete_days"]:
            click.echo(f"  incomplete: {counted(row['incomplete_days'], 'day')} not wholly known")
        if row["problem"]:
            click.echo(f"  not known: {row['problem']}")


def _print_versus(row: dict[str, Any]) -> None:
    """The shadow beside the real line; without dividends."""
    for label, name in (("time-weighted", "time_weighted"), ("money-weighted", "money_weighted")):
        click.echo(f"  {'there ' + label:21}{_percent(row[f'versus_{name}']):>10}")
    word = "more" if row["behind"] > 0 else "less"
    click.echo(f"  there it would be {abs(row['behind']):,.2f} {word}, dividends apart")
    if row["versus_ran_out"]:
        click.echo(f"  it would have run out on {row['versus_ran_out']}")


def _percent(number: float | None) -> str:
    return "unknown" if number is None else f"{number:+.2%}"
