"""Reading Coinbase's portfolios: breakdowns with values, or bare wallets."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from tenet.providers.ids import unit_price
from tenet.providers.reconcile import mismatch
from tenet.providers.result import Account, Holding, SyncWarning, cash_holding
from tenet.sent import fields, json_body, number, rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tenet.http import Answer
    from tenet.providers.reading import Draft

Json = dict[str, Any]

INSTITUTION = "Coinbase"
CURRENCY = "USD"
_CODES = (
    "AED AUD BRL CAD CHF CZK DKK EUR GBP HKD HUF IDR ILS INR JPY KRW MXN MYR NOK NZD PHP PLN RON "
    "SEK SGD THB TRY UAH USD VND ZAR"
)
FIAT = frozenset(_CODES.split())
"""Currencies that can lie in a wallet; is_cash is true of stablecoins too."""
_ONE = Decimal(1)


def page_rows(answer: Answer, name: str) -> list[Any]:
    """The rows of a page. Raises ProviderSyncError (data, malformed)."""
    return rows(fields(json_body(answer.body)).get(name))


def read_portfolio(row: Any) -> Iterator[Json]:
    """A row of the list of portfolios, unless it is deleted (asking for it gives 404)."""
    if not isinstance(row, dict) or not isinstance(row.get("uuid"), str) or not row["uuid"]:
        raise ValueError("a portfolio without an id")
    if not row.get("deleted"):
        yield row


def read_breakdown(portfolio: Json, answer: Answer, draft: Draft) -> None:
    """One portfolio with its lines. Raises ProviderSyncError (data, malformed)."""
    account_id = portfolio["uuid"]
    told = fields(fields(json_body(answer.body, account=account_id)).get("breakdown"))
    spot = rows(told.get("spot_positions"), account=account_id)
    balance = fields(fields(told.get("portfolio_balances")).get("total_balance"))
    account = Account(
        account_id,
        name=_text(portfolio, "name") or INSTITUTION,
        institution=INSTITUTION,
        currency=_text(balance, "currency") or CURRENCY,
        total_value=number(balance.get("value")),
    )
    holdings = draft.read(account_id, spot, partial(_spot, account))
    for section, reader in _SECTIONS.items():
        found = rows(told.get(section) or [], account=account_id)
        holdings += draft.read(account_id, found, partial(reader, account))
    draft.accounts.append(account)
    draft.holdings.extend(holdings)
    if found_mismatch := mismatch(account, holdings):
        draft.warnings.append(found_mismatch)


def read_wallets(pages: Iterable[Answer], draft: Draft) -> None:
    """Wallets by portfolio, without prices. Raises ProviderSyncError where a page is unreadable.

    No total is given: wallets of a page that is missing would look sold.
    """
    wallets = [row for page in pages for row in page_rows(page, "accounts")]
    found: dict[str, list[Json]] = {}
    for portfolio_id, row in draft.read(None, wallets, _wallet_portfolio):
        found.setdefault(portfolio_id, []).append(row)
    for portfolio_id, of_portfolio in found.items():
        account = Account(portfolio_id, INSTITUTION, INSTITUTION, CURRENCY)
        draft.accounts.append(account)
        draft.holdings.extend(draft.read(portfolio_id, of_portfolio, partial(_wallet, account)))


def _spot(account: Account, row: Any) -> Iterator[Holding | SyncWarning]:
    asset = _name(row, "asset")
    if row.get("total_balance_crypto") is None:
        yield SyncWarning("dropped_row", account.external_id, asset)
        return
    quantity = _number(row.get("total_balance_crypto"), asset)
    if quantity and asset in FIAT:
        # The value of a foreign currency is given in the portfolio's: the quantity is the money.
        yield _cash(account, asset, quantity, row)
    elif quantity:
        value = number(row.get("total_balance_fiat"))
        yield from _asset(account, asset, quantity, value, row, "crypto")


def _equity(account: Account, row: Any) -> Iterator[Holding | SyncWarning]:
    asset = _name(row, "cbrn")
    quantity = _number(fields(row.get("total_balance_equity")).get("value"), asset)
    if quantity:
        value = _money(row.get("total_balance_fiat"), account.currency)
        yield from _asset(account, asset, quantity, value, row, "equity")


def _asset(
    account: Account,
    asset: str,
    quantity: Decimal,
    value: Decimal | None,
    row: Json,
    asset_type: str,
) -> Iterator[Holding | SyncWarning]:
    # Zero beside a quantity is no price, and a cost of zero no cost.
    if not value:
        value = None
        yield SyncWarning("missing_price", account.external_id, asset)
    price = (unit_price(value, quantity) or None) if value else None
    yield Holding(
        account.external_id,
        asset,
        quantity,
        name=asset,
        price=price,
        market_value=value,
        currency=account.currency,
        asset_type=asset_type,
        multiplier=_ONE,
        unit_cost=_money(row.get("average_entry_price"), account.currency) or None,
        cost_basis=_money(row.get("cost_basis"), account.currency) or None,
        price_derived=price is not None,
        flags=("short",) if quantity < 0 else (),
        raw=row,
    )


def _perpetual(account: Account, row: Any) -> Iterator[Holding | SyncWarning]:
    product = _name(row, "product_id")
    yield from _contract(
        account,
        product,
        row,
        quantity=_number(row.get("net_size"), product),
        side=_text(row, "position_side"),
        price=_money(row.get("mark_price"), account.currency),
        unit_cost=_money(row.get("vwap"), account.currency),
        notional=_money(row.get("position_notional"), account.currency),
    )


def _future(account: Account, row: Any) -> Iterator[Holding | SyncWarning]:
    product = _name(row, "product_id")
    yield from _contract(
        account,
        product,
        row,
        quantity=_number(row.get("amount"), product),
        side=_text(row, "side"),
        price=number(row.get("current_price")),
        unit_cost=number(row.get("avg_entry_price")),
        notional=_money(row.get("notional_value"), account.currency),
        multiplier=number(row.get("contract_size")) or _ONE,
    )


def _contract(
    account: Account,
    product: str,
    row: Json,
    *,
    quantity: Decimal,
    side: str,
    price: Decimal | None,
    unit_cost: Decimal | None,
    notional: Decimal | None,
    multiplier: Decimal = _ONE,
) -> Iterator[Holding | SyncWarning]:
    """A contract adds its unrealised gain to the account, not its notional value."""
    is_short = quantity < 0 or side.endswith("SHORT")
    value = _money(row.get("unrealized_pnl"), account.currency)
    if not quantity:
        return
    if value is None:
        yield SyncWarning("missing_price", account.external_id, product)
    if notional is None and price is not None:
        notional = abs(quantity) * price * multiplier
    yield Holding(
        account.external_id,
        product,
        -abs(quantity) if is_short else quantity,
        name=_text(row, "product_name") or _text(row, "symbol") or product,
        price=price or None,
        market_value=value,
        currency=account.currency,
        asset_type="future",
        multiplier=multiplier,
        unit_cost=unit_cost or None,
        flags=("notional_excluded", "short") if is_short else ("notional_excluded",),
        extra={} if notional is None else {"notional": notional},
        raw=row,
    )


_SECTIONS = {
    "perp_positions": _perpetual,
    "futures_positions": _future,
    "equity_positions": _equity,
}


def _wallet_portfolio(row: Any) -> Iterator[tuple[str, Json]]:
    _name(row, "currency")
    yield _name(row, "retail_portfolio_id"), row


def _wallet(account: Account, row: Json) -> Iterator[Holding | SyncWarning]:
    asset = row["currency"]
    available = fields(row.get("available_balance")).get("value")
    held = fields(row.get("hold")).get("value")
    if available is None:
        yield SyncWarning("dropped_row", account.external_id, asset)
        return
    quantity = _number(available, asset) + (_number(held, asset) if held is not None else 0)
    if quantity and asset in FIAT:
        yield _cash(account, asset, quantity, row)
    elif quantity:
        yield from _asset(account, asset, quantity, None, row, "crypto")


def _cash(account: Account, currency: str, amount: Decimal, row: Json) -> Holding:
    flags = ("margin_loan",) if amount < 0 else ()
    return cash_holding(account.external_id, currency, amount, flags, row)


def _name(row: Any, field: str) -> str:
    name = _text(fields(row), field)
    if not name:
        raise ValueError(f"a line without {field}")
    return name


def _number(value: Any, asset: str) -> Decimal:
    found = number(value)
    if found is None:
        raise ValueError(f"the quantity of {asset}")
    return found


def _text(row: Json, field: str) -> str:
    value = row.get(field)
    return value.strip() if isinstance(value, str) else ""


def _money(value: Any, currency: str | None) -> Decimal | None:
    """An amount in a currency: a number, {value, currency}, or such pairs inside."""
    if not isinstance(value, dict):
        return number(value)
    for told in map(fields, (value.get("userNativeCurrency"), value, value.get("rawCurrency"))):
        if told.get("currency") in (currency, None) and told.get("value") is not None:
            return number(told["value"])
    return None
