"""Accounts from Wealthfolio's rows, each with its lines, activities and warnings."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from tenet.errors import ProviderSyncError
from tenet.providers.ids import synthetic
from tenet.providers.reconcile import lines_total, mismatch
from tenet.providers.result import (
    Account,
    AccountValue,
    Holding,
    ProviderSyncResult,
    SyncWarning,
)
from tenet.providers.wealthfolio import lines, rows
from tenet.providers.wealthfolio.activities import activities
from tenet.providers.wealthfolio.positions import positions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tenet.providers.wealthfolio.book import Book
    from tenet.providers.wealthfolio.rows import Row

ALTERNATIVE_ASSETS = "_alternative_assets"
_OURS = "Wealthfolio"


def account_part(row: Row, book: Book) -> ProviderSyncResult:
    """One account whole. Raises ProviderSyncError (malformed, malformed_row, recalculating)."""
    account_id, (currency, _) = str(row.get("id")), rows.major(rows.text(row, "currency"))
    if currency is None or rows.text(row, "id") is None:
        raise rows.malformed("accounts")
    written = book.values.get(account_id, [])
    values, dropped = _values(account_id, written, book.places)
    status = (rows.text(written[-1], "value_status") or "COMPLETE") if written else "COMPLETE"
    others = rows.text(row, "provider")
    account = Account(
        external_id=account_id,
        name=rows.text(row, "name"),
        institution=_institution(row, book),
        currency=currency,
        balance_date=values[-1].valuation_date if values else None,
        total_value=values[-1].total_value if values and status != "UNAVAILABLE" else None,
        kind="deposit" if rows.text(row, "account_type") == "CASH" else "investment",
        flags=(
            *((f"also_synced_by:{others}",) if others else ()),
            *((status.lower(),) if status != "COMPLETE" else ()),
        ),
    )
    account, holdings = (_mirrored if book.is_mirror else _held_by)(account, values, book)
    found, unread = activities(book.activities.get(account_id, []), book.assets, places=book.places)
    warnings = [*dropped, *_unpriced(holdings), *unread]
    if others:
        warnings.append(
            SyncWarning("also_synced_elsewhere", account_id, detail={"provider": others})
        )
    if not values:
        warnings.append(SyncWarning("no_valuation", account_id))
    if difference := mismatch(account, holdings):
        warnings.append(difference)
    return ProviderSyncResult(
        accounts=(account,),
        holdings=tuple(holdings),
        activities=tuple(found),
        warnings=tuple(warnings),
        account_values=tuple(values),
    )


def alternatives_part(book: Book, held: set[str]) -> ProviderSyncResult:
    """The assets of no account under one made-up account; nothing where there are none."""
    found = [
        lines.alternative(ALTERNATIVE_ASSETS, asset, book.quotes.get(asset_id))
        for asset_id, asset in book.assets.items()
        if str(asset.get("kind")).upper() in lines.ALTERNATIVE
        and rows.is_true(asset, "is_active", otherwise=True)
        and asset_id not in held
    ]
    if not found:
        return ProviderSyncResult()
    account = Account(
        external_id=ALTERNATIVE_ASSETS,
        name="Property and other assets",
        institution=_OURS,
        currency=rows.major(book.base_currency)[0] or found[0].currency,
        balance_date=max(
            (rows.day(dict(line.extra), "price_date") for line in found if line.extra), default=None
        ),
        kind="real_asset",
    )
    return ProviderSyncResult(
        accounts=(replace(account, total_value=lines_total(account, found)),),
        holdings=tuple(found),
        warnings=tuple(_unpriced(found)),
    )


def _institution(account: Row, book: Book) -> str:
    platform = book.platforms.get(str(account.get("platform_id")), [{}])[0]
    return rows.text(platform, "name") or rows.text(platform, "external_id") or _OURS


def _values(
    account_id: str, written: list[Row], places: int | None
) -> tuple[list[AccountValue], list[SyncWarning]]:
    """Account values, oldest first. A bad one is dropped, but the newest is the account's own."""
    found: list[AccountValue] = []
    warnings: list[SyncWarning] = []
    for row in written:
        try:
            found.append(_value(account_id, row, places))
        except ProviderSyncError as error:
            if row is written[-1]:
                raise
            warnings.append(SyncWarning("dropped_row", account_id, detail={"reason": str(error)}))
    return found, warnings


def _value(account_id: str, row: Row, places: int | None) -> AccountValue:
    currency, divisor = rows.major(rows.text(row, "account_currency"))
    total, cash, investments, contribution = (
        rows.divided(rows.number(row, column, places), divisor)
        for column in ("total_value", "cash_balance", "investment_market_value", "net_contribution")
    )
    return AccountValue(
        account_external_id=account_id,
        valuation_date=rows.day(row, "valuation_date"),
        total_value=total,
        cash=cash,
        investments=investments,
        net_contribution=contribution,
        currency=currency,
    )


def _held_by(
    account: Account, values: list[AccountValue], book: Book
) -> tuple[Account, list[Holding]]:
    """The account and its lines by its newest snapshot."""
    account_id = account.external_id
    snapshot, stored = book.newest(account_id)
    if not values and snapshot is None and account_id in {**book.lots, **book.activities}:
        # An update of Wealthfolio empties both tables until it has counted anew.
        raise ProviderSyncError(
            "connection", "Wealthfolio has yet to recalculate", code="recalculating", retriable=True
        )
    if not values and snapshot is not None:
        account = replace(account, balance_date=rows.day(snapshot, "snapshot_date"))
    found = [
        lines.holding(
            account_id,
            position,
            book.assets.get(position.asset_id),
            book.quotes.get(position.asset_id),
            as_of=account.balance_date,
        )
        for position in positions(snapshot, stored, book.lots.get(account_id, []))
    ]
    return account, [*found, *(lines.cash(account_id, snapshot) if snapshot else ())]


def _mirrored(
    account: Account, values: list[AccountValue], book: Book
) -> tuple[Account, list[Holding]]:
    """The account and two lines: what is invested, in one, and the cash."""
    if not values:
        return account, []
    newest, account_id = values[-1], account.external_id
    currency = newest.currency or account.currency or ""
    flags = ("account_total_only",)
    raw = {"daily_account_valuation": book.values[account_id][-1]}
    found: list[Holding] = []
    if newest.investments != 0:
        found.append(
            Holding(
                account_external_id=account_id,
                symbol=synthetic("WF", f"{account_id}:total"),
                name=f"{account.name or account_id} (investments)",
                quantity=Decimal(1),
                price=newest.investments,
                market_value=newest.investments,
                currency=currency,
                asset_type="other",
                multiplier=Decimal(1),
                flags=flags,
                raw=raw,
            )
        )
    if newest.cash:
        found.append(lines.cash_line(account_id, currency, newest.cash, raw=raw, flags=flags))
    return account, found


def _unpriced(holdings: Iterable[Holding]) -> list[SyncWarning]:
    return [
        SyncWarning(code, line.account_external_id, line.symbol)
        for line in holdings
        if (code := _lack(line))
    ]


def _lack(line: Holding) -> str | None:
    if "position" in line.raw and line.raw["asset"] is None:
        return "missing_asset"
    return "missing_price" if line.price is None else None
