"""How data leaves the command line: JSON, CSV, or a table on a terminal."""

from __future__ import annotations

import csv
import sys
import textwrap
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from tenet.wording import counted, money

if TYPE_CHECKING:
    from collections.abc import Sequence

SHOWN_ROWS = 200

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
csv_option = click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")


def emit_json(value: Any) -> None:
    """Print `value` as JSON; decimals as exact numbers, dates and times as ISO text."""
    import simplejson

    click.echo(simplejson.dumps(value, use_decimal=True, default=str, indent=1))


def emit_rows(
    columns: Sequence[str], rows: list[dict[str, Any]], *, as_json: bool, as_csv: bool
) -> None:
    """Print rows: as JSON or CSV when asked, as a table on a terminal, else as CSV."""
    if as_json:
        emit_json(rows)
    elif as_csv or not sys.stdout.isatty():
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([row[column] for column in columns] for row in rows)
    else:
        _print_table(columns, rows)


def print_net_worth(found: dict[str, Any], since: dict[str, Any] | None = None) -> None:
    """Print what reports.net_worth found: the sum, its changes, and how well it is known.

    since: the change since the last refresh, of reports.refreshed.
    """
    currency, worth = found["currency"], found["net_worth"]
    click.echo(f"{'net worth':13}{money(worth, currency):>22}  on {found['valuation_date']}")
    for name in ("assets", "liabilities", "cash"):
        click.echo(f"  {name:11}{money(found[name]):>18}")
    spans = [(f"over a {span}", found[f"change_{span}"], "") for span in ("day", "month", "year")]
    if since:
        spans.insert(0, ("last refresh", since["change"], f"  of {since['valuation_date']}"))
    for name, change, of in spans:
        if change is not None:
            share = f" ({change / (worth - change):+.1%})" if worth - change > 0 else ""
            click.echo(f"{name:13}{money(change, signed=True):>18}{share}{of}")
            if joined := found.get(name.replace("over a ", "joined_")):
                words = "joined with new accounts" if joined > 0 else "left with closed accounts"
                click.echo(f"{'':13}{money(abs(joined)):>18} of it {words}")
    click.echo("how it is known")
    for name, meaning in (
        ("observed", "priced that day"),
        ("carried", "at an earlier close or mark"),
        ("estimated", "at a provider's price of an earlier day"),
    ):
        click.echo(f"  {name:11}{money(found[f'{name}_value']):>18}  {meaning}")
    if found["stale_count"]:
        click.echo(
            f"  {counted(found['stale_count'], 'price')} older than the setting stale_price_days"
        )
    if found["unpriced_count"]:
        click.echo(
            f"  {counted(found['unpriced_count'], 'holding')} without a value, not in the sum"
        )


def age(stale: dict[str, Any]) -> str:
    """How old the data of one of the stale accounts are (tenet.status)."""
    if stale["days"] is None:
        return "no data yet"
    return f"no data for {stale['days']} days, since {stale['last_snapshot_date']}"


def print_stale_accounts(rows: Sequence[dict[str, Any]]) -> None:
    """Print the accounts without fresh data, each with its days and why; nothing without any."""
    if rows:
        click.echo("accounts without fresh data")
    for row in rows:
        why = f": {row['error']}" if row["error"] else ""
        print_wrapped(f"  {row['name']:26.26}", f"{age(row)}{why}")


def print_wrapped(head: str, text: str) -> None:
    """Print `head` and `text` within 80 columns; the text's lines stand under each other."""
    for line in textwrap.wrap(text, 79 - len(head)) or [""]:
        click.echo(f"{head} {line}".rstrip())
        head = " " * len(head)


def _print_table(columns: Sequence[str], rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(header_style="bold", box=None, pad_edge=False)
    for column in columns:
        is_number = any(isinstance(row[column], int | float | Decimal) for row in rows[:SHOWN_ROWS])
        table.add_column(column, justify="right" if is_number else "left")
    for row in rows[:SHOWN_ROWS]:
        table.add_row(*("" if row[column] is None else str(row[column]) for column in columns))
    Console().print(table)
    if len(rows) > SHOWN_ROWS:
        click.echo(f"... and {len(rows) - SHOWN_ROWS:,} more rows; --csv prints them all", err=True)
