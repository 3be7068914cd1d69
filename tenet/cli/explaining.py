"""`tenet explain`: why a number is what it is."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from tenet import home as homes
from tenet.cli.output import counted, emit_json, json_option, money

if TYPE_CHECKING:
    from datetime import date, datetime

    from tenet.cli.session import Session

Row = dict[str, Any]

SOURCES = {
    "cash": "cash is worth itself",
    "market": "that day's close",
    "mark": "your own price of that day",
    "carry_forward": "the latest earlier close or mark",
    "snapshot": "the provider's own price",
    None: "no price is known",
}


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
    from tenet import edits
    from tenet import explain as why

    workspace = tenet.open(homes.require(session.home))
    if account is None and security is None:
        found = why.total(workspace, day.date())
        emit_json(found) if as_json else _print_total(found)
        return
    account_id = edits.find_account(session.home, account)["account_id"] if account else None
    held = why.holdings(workspace, day.date(), account_id=account_id, security=security)
    if security:
        chains = [why.chain(workspace, holding) for holding in held]
        if as_json:
            emit_json(chains)
        for one in [] if as_json else chains:
            _print_chain(one)
    elif as_json:
        emit_json(held)
    else:
        _print_account(day.date(), account_id or "", held)


def _print_total(found: Row) -> None:
    currency = found["base_currency"]
    click.echo(
        f"net worth on {found['valuation_date']}: {money(found['net_worth'], currency)}  "
        f"(revision {found['revision']})"
    )
    for account in found["accounts"]:
        note = f"snapshot of {account['snapshot_date']}"
        if account["unpriced_count"]:
            note += f", {counted(account['unpriced_count'], 'holding')} without a value"
        name = account["name"] or account["account_id"]
        click.echo(f"  {name[:32]:34}{money(account['market_value_base']):>18}  {note}")
    click.echo("  --account NAME explains one of them")


def _print_account(day: date, account_id: str, held: list[Row]) -> None:
    if not held:
        click.echo(f"{account_id} has no value on {day}")
        return
    base = held[0]["base_currency"]
    known = [row["market_value_base"] for row in held if row["market_value_base"] is not None]
    name = held[0]["account_name"] or account_id
    click.echo(f"{name} on {day}: {money(sum(known, Decimal(0)), base)}")
    for row in held:
        click.echo(f"  {_name(row)[:24]:26}{_arithmetic(row)}")
    click.echo("  --security NAME explains one of them")


def _print_chain(found: Row) -> None:
    base = found["base_currency"]
    name = found["account_name"] or found["account_id"]
    click.echo(
        f"{_name(found)} in {name} on {found['valuation_date']}: "
        f"{money(found['market_value_base'], base)}"
    )
    click.echo(f"  {_arithmetic(found)}")
    click.echo(f"  quantity {_plain(found['quantity'])}: snapshot of {found['snapshot_date']}")
    if found["snapshot"]:
        click.echo(f"    {found['snapshot_id']}, seen at {found['snapshot']['observed_at']}")
        click.echo(f"    {found['snapshot']['file']}")
    if line := found["line"]:
        click.echo(f"    said: {_plain(line['quantity'])} at {_plain(line['snapshot_price'])}")
        if line["file"] != (found["snapshot"] or {}).get("file"):
            click.echo(f"    corrected in {line['file']}")
        if line["raw"]:
            click.echo(f"    the provider's line: {line['raw']}")
    for split in found["splits_of_quantity"]:
        click.echo(f"    split {_plain(split['ratio'])} for 1 on {split['split_date']}")
    _print_price(found)
    _print_rate(found)
    for issue in found["issues"]:
        click.echo(f"  noticed: {issue['kind']} on {issue['price_date']} ({issue['source']})")


def _print_price(found: Row) -> None:
    meaning = SOURCES[found["price_source"]]
    if found["is_provisional"]:
        meaning = "the provider's own price of today, until there is a close"
    age = found["price_age_days"]
    dated = f" of {found['price_date']}, {counted(age, 'day')} old" if age else ""
    click.echo(
        f"  price {_plain(found['close_price'])} {found['currency'] or ''}: {meaning}{dated}"
    )
    rows = found["closes"] if found["price_source"] in ("market", "carry_forward") else []
    for row in [*(found["marks"] if found["price_source"] != "snapshot" else []), *rows]:
        sent = row.get("close", row.get("price"))
        told = f"{row['source']}, {row['basis']}, " if "source" in row else "your mark, "
        seen = row.get("observed_at") or row.get("edited_at")
        click.echo(f"    {_plain(sent)} {row['currency'] or ''}: {told}seen at {seen}")
        click.echo(f"    {row['file']}")
    for split in found["splits_of_price"]:
        click.echo(f"    split {_plain(split['ratio'])} for 1 on {split['split_date']}")


def _print_rate(found: Row) -> None:
    base = found["base_currency"]
    if found["currency"] == base:
        return
    if found["fx_rate"] is None:
        click.echo(f"  rate: none is known from {found['currency']} to {base}")
        return
    click.echo(
        f"  rate {_plain(found['fx_rate'])} {base} for 1 {found['currency']}, of {found['fx_date']}"
    )
    for row in found["rates"]:
        click.echo(
            f"    1 {row['currency']} = {_plain(row['rate'])} {row['quote_currency']}: "
            f"{row['source']} of {row['rate_date']}"
        )
        click.echo(f"    {row['file']}")


def _name(row: Row) -> str:
    """The security's name; ids made up for what has no symbol are not for people."""
    if row["security_id"] == "_ZERO_BALANCE":
        return "emptied account"
    is_cash = row["security_id"].startswith("_CASH:")
    return f"Cash ({row['security_id'][6:]})" if is_cash else str(row["name"])


def _arithmetic(row: Row) -> str:
    """`12.5 x 331.20 = 4,140.00 USD x 0.92 = 3,808.80 EUR`."""
    if row["market_value"] is None:
        return f"{_plain(row['quantity'])} x unknown = unknown"
    parts = [_plain(row["quantity"]), _plain(row["close_price"])]
    if row["multiplier"] != 1:
        parts.append(_plain(row["multiplier"]))
    text = f"{' x '.join(parts)} = {money(row['market_value'], row['currency'] or '')}"
    if row["is_provisional"]:
        text += " (the provider's own value)"
    if row["currency"] == row["base_currency"]:
        return text
    value = money(row["market_value_base"], row["base_currency"])
    return f"{text} x {_plain(row['fx_rate'])} = {value}"


def _plain(number: Decimal | None) -> str:
    """A number without trailing zeros; `unknown` for none."""
    if number is None:
        return "unknown"
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
