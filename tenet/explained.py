"""What tenet.explain found, told in lines of text."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tenet.wording import counted, money, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

Row = dict[str, Any]

SOURCES = {
    "cash": "cash is worth itself",
    "market": "that day's close",
    "mark": "your own price of that day",
    "carry_forward": "the latest earlier close or mark",
    "snapshot": "the provider's own price",
    None: "no price is known",
}


def total_told(found: Row) -> Iterator[str]:
    """A day's net worth, of tenet.explain.total: a line for it and one for each account."""
    worth = money(found["net_worth"], found["base_currency"])
    yield f"net worth on {found['valuation_date']}: {worth}  (revision {found['revision']})"
    for account in found["accounts"]:
        note = f"snapshot of {account['snapshot_date']}"
        if account["unpriced_count"]:
            note += f", {counted(account['unpriced_count'], 'holding')} without a value"
        name = account["name"] or account["account_id"]
        yield f"  {name[:32]:34}{money(account['market_value_base']):>18}  {note}"


def account_told(day: date, account_id: str, held: Sequence[Row]) -> Iterator[str]:
    """An account's part of it, of tenet.explain.holdings, with a line for each holding."""
    if not held:
        yield f"{account_id} has no value on {day}"
        return
    known = [row["market_value_base"] for row in held if row["market_value_base"] is not None]
    name = held[0]["account_name"] or account_id
    yield f"{name} on {day}: {money(sum(known, Decimal(0)), held[0]['base_currency'])}"
    for row in held:
        yield f"  {name_of(row)[:24]:26}{_arithmetic(row)}"


def chain_told(found: Row) -> Iterator[str]:
    """One holding down to the landed rows that it was made of, of tenet.explain.chain."""
    name = found["account_name"] or found["account_id"]
    value = money(found["market_value_base"], found["base_currency"])
    yield f"{name_of(found)} in {name} on {found['valuation_date']}: {value}"
    yield f"  {_arithmetic(found)}"
    yield f"  quantity {plain(found['quantity'])}: snapshot of {found['snapshot_date']}"
    if found["snapshot"]:
        yield f"    {found['snapshot_id']}, seen at {found['snapshot']['observed_at']}"
        yield f"    {found['snapshot']['file']}"
    if line := found["line"]:
        yield f"    said: {plain(line['quantity'])} at {plain(line['snapshot_price'])}"
        yield f"    {line['file']}"
        if line["raw"]:
            yield f"    the provider's line: {line['raw']}"
    yield from _splits_told(found["splits_of_quantity"])
    yield from _price_told(found)
    yield from _rate_told(found)
    for issue in found["issues"]:
        close = "" if issue["close"] is None else f": {plain(issue['close'])}"
        yield f"  noticed: {issue['kind']} on {issue['price_date']} ({issue['source']}){close}"
        if issue["file"]:
            yield f"    {issue['file']}"


def _price_told(found: Row) -> Iterator[str]:
    meaning = SOURCES[found["price_source"]]
    if found["is_provisional"]:
        meaning = "the provider's own price of today, until there is a close"
    age = found["price_age_days"]
    dated = f" of {found['price_date']}, {counted(age, 'day')} old" if age else ""
    yield f"  price {plain(found['close_price'])} {found['currency'] or ''}: {meaning}{dated}"
    rows = found["closes"] if found["price_source"] in ("market", "carry_forward") else []
    for row in [*(found["marks"] if found["price_source"] != "snapshot" else []), *rows]:
        sent = row.get("close", row.get("price"))
        told = f"{row['source']}, {row['basis']}, " if "source" in row else "your mark, "
        seen = row.get("observed_at") or row.get("edited_at")
        yield f"    {plain(sent)} {row['currency'] or ''}: {told}seen at {seen}"
        yield f"    {row['file']}"
    yield from _splits_told(found["splits_of_price"])


def _splits_told(splits: Sequence[Row]) -> Iterator[str]:
    for split in splits:
        yield f"    split {plain(split['ratio'])} for 1 on {split['split_date']}"
        yield f"    {split['file']}"


def _rate_told(found: Row) -> Iterator[str]:
    base = found["base_currency"]
    if found["currency"] == base:
        return
    if found["fx_rate"] is None:
        yield f"  rate: none is known from {found['currency']} to {base}"
        return
    yield (
        f"  rate {plain(found['fx_rate'])} {base} for 1 {found['currency']}, of {found['fx_date']}"
    )
    for row in found["rates"]:
        yield (
            f"    1 {row['currency']} = {plain(row['rate'])} {row['quote_currency']}: "
            f"{row['source']} of {row['rate_date']}"
        )
        yield f"    {row['file']}"


def name_of(row: Row) -> str:
    """The security's name; ids made up for what has no symbol are not for people."""
    if row["security_id"] == "_ZERO_BALANCE":
        return "emptied account"
    is_cash = row["security_id"].startswith("_CASH:")
    return f"Cash ({row['security_id'][6:]})" if is_cash else str(row["name"])


def _arithmetic(row: Row) -> str:
    """`12.5 x 331.20 = 4,140.00 USD x 0.92 = 3,808.80 EUR`."""
    if row["market_value"] is None:
        return f"{plain(row['quantity'])} x unknown = unknown"
    parts = [plain(row["quantity"]), plain(row["close_price"])]
    if row["multiplier"] != 1:
        parts.append(plain(row["multiplier"]))
    text = f"{' x '.join(parts)} = {money(row['market_value'], row['currency'] or '')}"
    if row["is_provisional"]:
        text += " (the provider's own value)"
    if row["currency"] == row["base_currency"]:
        return text
    value = money(row["market_value_base"], row["base_currency"])
    return f"{text} x {plain(row['fx_rate'])} = {value}"
