"""Reading a Flex statement of Interactive Brokers.

What it holds depends on the query that the user made: Account Information, Open Positions (needed),
Cash Report, Net Asset Value, Trades and Cash Transactions are read. Numbers and days are attributes
of rows, and any may be blank.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from defusedxml import ElementTree

from tenet.errors import ProviderSyncError
from tenet.providers.ids import synthetic, unit_price
from tenet.providers.reading import Draft
from tenet.providers.reconcile import mismatch
from tenet.providers.result import Account, Activity, Holding, SyncWarning, cash_holding
from tenet.sent import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from xml.etree.ElementTree import Element

    from tenet.providers.result import ProviderSyncResult

Row = dict[str, str]

INSTITUTION = "Interactive Brokers"
BASE = "BASE_SUMMARY"

_ASSET_TYPES = {
    "STK": "equity",
    "FUND": "mutual_fund",
    **dict.fromkeys(("BOND", "BILL"), "bond"),
    **dict.fromkeys(("OPT", "FOP", "FSOPT", "FSFOP"), "option"),
    "FUT": "future",
    "CRYPTO": "crypto",
    **dict.fromkeys(("WAR", "IOPT", "CFD", "FXCFD", "CMDTY"), "other"),
}
_SETTLED_DAILY = ("FUT", "FSOPT", "FSFOP")
"""Their value is a notional one: each day's gain is already cash."""
_ACTIVITY_TYPES = {
    **dict.fromkeys(("dividends", "payment in lieu of dividends"), "dividend"),
    **dict.fromkeys(("withholding tax", "871(m) withholding"), "tax"),
    **dict.fromkeys(("broker interest paid", "broker interest received"), "interest"),
    **dict.fromkeys(("bond interest paid", "bond interest received"), "interest"),
    **dict.fromkeys(("other fees", "broker fees", "advisor fees", "commission adjustments"), "fee"),
}
_DATES = ((8, "%Y%m%d"), (10, "%Y-%m-%d"), (9, "%d-%b-%y"))


def xml(body: bytes) -> Element:
    """The root of an XML text. Raises ProviderSyncError (data, malformed); DTDs are refused."""
    try:
        root: Element = ElementTree.fromstring(body, forbid_dtd=True)
    except (ParseError, ValueError, LookupError):
        raise malformed("the answer is not XML, or of a refused kind") from None
    return root


def malformed(message: str) -> ProviderSyncError:
    """The error of an answer that is not what it should be."""
    return ProviderSyncError("data", message, code="malformed", institution=INSTITUTION)


def read_statements(root: Element, secrets: tuple[str, ...]) -> ProviderSyncResult:
    """Accounts with the positions of their latest day and the activities of every day.

    secrets: never repeated in an error. Raises ProviderSyncError (data) for another kind of file.
    """
    if root.tag != "FlexQueryResponse" or root.find("FlexStatements") is None:
        raise malformed("the answer is no Flex statement")
    accounts: dict[str, list[Element]] = {}
    for statement in root.iterfind("FlexStatements/FlexStatement"):
        accounts.setdefault(statement.get("accountId", "").strip(), []).append(statement)
    draft = Draft(INSTITUTION, secrets)
    if not accounts:
        draft.warnings.append(SyncWarning("no_accounts"))
    for account_id, statements in accounts.items():
        try:
            _read_account(account_id, statements, draft)
        except ProviderSyncError as error:
            draft.refuse(error)
    return draft.result()


def _read_account(account_id: str, statements: list[Element], draft: Draft) -> None:
    if not account_id:
        raise malformed("a statement names no account")
    latest = max(statements, key=lambda statement: _day(statement.get("toDate")) or date.min)
    if latest.find("OpenPositions") is None:
        raise ProviderSyncError(
            "data",
            "the Flex query lacks the section Open Positions",
            code="missing_section",
            institution=INSTITUTION,
            account_external_id=account_id,
        )
    account = _account(account_id, latest)
    trades = _rows(statements, "Trades/Trade")
    payments = _rows(statements, "CashTransactions/CashTransaction")
    cash = _cash_rows(latest, account.currency)
    holdings = draft.read(account_id, _positions(latest), partial(_position, account_id))
    holdings += draft.read(account_id, cash, partial(_cash, account_id))
    activities = draft.read(account_id, trades, partial(_trade, account_id))
    activities += draft.read(account_id, payments, partial(_payment, account_id))
    draft.accounts.append(account)
    draft.holdings.extend(holdings)
    draft.activities.extend({(row.external_id, row.type): row for row in activities}.values())
    draft.warnings.extend(_warnings(account, latest, holdings))


def _account(account_id: str, statement: Element) -> Account:
    told = statement.find("AccountInformation")
    named = {} if told is None else told.attrib
    value = _net_asset_value(statement)
    return Account(
        account_id,
        # AccountInformation also has a name: a person's.
        name=named.get("acctAlias", "").strip() or account_id,
        institution=INSTITUTION,
        currency=named.get("currency") or value.get("currency") or None,
        # whenGenerated says when the statement was asked for, not what it is as of.
        balance_date=_day(statement.get("toDate")),
        total_value=number(value.get("total")),
        flags=("crypto_subaccount",) if account_id.endswith("-P") else (),
    )


def _net_asset_value(statement: Element) -> Row:
    found = _rows([statement], "EquitySummaryInBase/EquitySummaryByReportDateInBase")
    return max(found, key=lambda row: _day(row.get("reportDate")) or date.min, default={})


def _positions(statement: Element) -> list[list[Row]]:
    """Each position as one row, or as its lots where the query gives lots alone."""
    found: dict[str, list[Row]] = {}
    for row in _rows([statement], "OpenPositions/OpenPosition"):
        found.setdefault(row.get("conid") or row.get("symbol") or "", []).append(row)
    positions: list[list[Row]] = []
    for rows in found.values():
        summaries = [[row] for row in rows if row.get("levelOfDetail") != "LOT"]
        positions.extend(summaries or [rows])
    return positions


def _position(account_id: str, rows: list[Row]) -> Iterator[Holding | SyncWarning]:
    row, category = rows[0], rows[0].get("assetCategory", "")
    symbol, quantity = _symbol(row), _sum(rows, "position")
    if quantity is None and all(lot.get("position", "").strip() for lot in rows):
        raise ValueError(f"the position of {symbol}")
    if not quantity:
        yield SyncWarning("dropped_row", account_id, symbol)
        return
    multiplier = _multiplier(row)
    price, value = number(row.get("markPrice")), _sum(rows, "positionValue")
    price_derived = price is None and value is not None
    if price is not None and value is None:
        value = quantity * price * multiplier
    elif price is None and value is not None:
        price = unit_price(value, quantity * multiplier)
    cost_basis = _sum(rows, "costBasisMoney")
    unit_cost = number(row.get("costBasisPrice"))
    if len(rows) > 1:
        unit_cost = None if cost_basis is None else unit_price(cost_basis, quantity * multiplier)
    flags = ["percent_of_par"] * (multiplier == Decimal("0.01")) + ["short"] * (quantity < 0)
    extra = _extra(rows)
    if category in _SETTLED_DAILY:
        flags.append("notional_excluded")
        extra["notional"], value, cost_basis = value, Decimal(0), None
    if value is None:
        yield SyncWarning("missing_price", account_id, symbol)
    yield Holding(
        account_id,
        symbol,
        quantity,
        name=row.get("description") or None,
        price=price,
        market_value=value,
        currency=row.get("currency") or None,
        asset_type="etf"
        if row.get("subCategory") == "ETF"
        else _ASSET_TYPES.get(category, "unknown"),
        multiplier=multiplier,
        unit_cost=unit_cost,
        cost_basis=cost_basis,
        price_derived=price_derived,
        flags=tuple(flags),
        extra=extra,
        raw=row if len(rows) == 1 else {"lots": rows},
    )


def _extra(rows: list[Row]) -> dict[str, Decimal | None]:
    rate, accrued = number(rows[0].get("fxRateToBase")), _sum(rows, "accruedInt")
    extra: dict[str, Decimal | None] = {}
    if rate not in (None, 1):
        extra["fx_rate_to_base"] = rate
    if accrued:
        extra["accrued_interest"] = accrued
    return extra


def _multiplier(row: Row) -> Decimal:
    category, given = row.get("assetCategory"), number(row.get("multiplier"))
    if category in ("BOND", "BILL"):
        return Decimal("0.01")  # quoted in percent of par, while the attribute says 1
    return given or Decimal(100 if category == "OPT" else 1)


def _symbol(row: Row) -> str:
    """The ticker; a coin's name; what identifies a line without a ticker."""
    symbol, category = row.get("symbol", "").strip(), row.get("assetCategory")
    if category == "CRYPTO":
        symbol = re.split(r"[.-]", symbol)[0]  # BTC.USD-PAXOS
    if category == "CASH":
        symbol = f"_CASH:{symbol[:3]}"  # EUR.USD
    if category in ("BOND", "BILL") and " " in symbol:
        symbol = ""  # T 3 7/8 08/15/33
    named = symbol or row.get("cusip") or row.get("isin")
    stable = row.get("conid") or row.get("description")
    if named:
        return named
    if stable:
        return synthetic("IB", stable)
    raise ValueError("a line that names nothing")


def _cash_rows(statement: Element, base: str | None) -> list[Row]:
    """A row for each currency; the summary in the base currency only where it stands alone."""
    rows = [dict(row.attrib) for row in statement.iterfind("CashReport/CashReportCurrency")]
    summaries = [row for row in rows if row.get("currency") == BASE]
    alone = [row | {"currency": base or ""} for row in summaries[-1:]]
    return [row for row in rows if row.get("currency") != BASE] or alone


def _cash(account_id: str, row: Row) -> Iterator[Holding | SyncWarning]:
    currency, amount = row.get("currency", "").strip(), number(row.get("endingCash"))
    if not currency or (amount is None and row.get("endingCash", "").strip()):
        raise ValueError(f"the cash in {currency or 'a currency that is not named'}")
    if amount is None:
        yield SyncWarning("dropped_row", account_id, f"_CASH:{currency}")
    elif amount:
        yield cash_holding(account_id, currency, amount, ("margin_loan",) * (amount < 0), row)


def _warnings(
    account: Account, statement: Element, holdings: list[Holding]
) -> Iterator[SyncWarning]:
    if statement.find("CashReport") is None:
        detail = {"section": "Cash Report"}
        yield SyncWarning("missing_section", account.external_id, detail=detail)
    if account.balance_date is None:
        yield SyncWarning("bad_timestamp", account.external_id)
    if found := mismatch(account, holdings, _rates(statement)):
        value = _net_asset_value(statement)
        accrued = [number(value.get(f"{kind}Accruals")) or 0 for kind in ("interest", "dividend")]
        if abs(found.detail["difference"] - sum(accrued)) < Decimal("0.02"):
            reason = "accrued interest is inside the account total and in no position"
            found = replace(found, detail={**found.detail, "reason": reason})
        yield found


def _rates(statement: Element) -> dict[str, Decimal]:
    """What the statement says that a unit of a currency is worth in the base currency."""
    rows = _rows([statement], "OpenPositions/OpenPosition")
    found = {row.get("currency", ""): number(row.get("fxRateToBase")) for row in rows}
    return {currency: rate for currency, rate in found.items() if rate}


def _trade(account_id: str, row: Row) -> Iterator[Activity]:
    if row.get("levelOfDetail", "EXECUTION") not in ("EXECUTION", ""):
        return
    symbol, traded = _symbol(row), _day(row.get("tradeDate")) or _day(row.get("dateTime"))
    external_id = row.get("tradeID") or row.get("transactionID")
    quantity, side = number(row.get("quantity")), row.get("buySell", "").upper()
    if traded is None or quantity is None or not external_id:
        raise ValueError(f"a trade of {symbol}")
    commission = number(row.get("ibCommission"))
    yield Activity(
        account_id,
        external_id,
        "cancel" if "CA." in side else "sell" if quantity < 0 else "buy",
        traded,
        settlement_date=_day(row.get("settleDateTarget")),
        symbol=symbol,
        quantity=quantity,
        price=number(row.get("tradePrice")),
        amount=number(row.get("netCash")),
        fee=None if commission is None else -commission,
        currency=row.get("currency") or None,
        description=row.get("description") or None,
        raw=row,
    )


def _payment(account_id: str, row: Row) -> Iterator[Activity | SyncWarning]:
    """A cash transaction; the copies that sum others up have no id."""
    external_id = row.get("transactionID", "").strip()
    if row.get("accountId") == "-" or not external_id or row.get("levelOfDetail") == "SUMMARY":
        return
    paid = _day(row.get("dateTime")) or _day(row.get("settleDate")) or _day(row.get("reportDate"))
    amount, named = number(row.get("amount")), row.get("type", "")
    if paid is None or amount is None:
        raise ValueError(f"a cash transaction, {named}")
    kind = _ACTIVITY_TYPES.get(named.lower(), "other")
    if re.fullmatch("deposits( &|/) ?withdrawals", named.lower()):
        kind = "withdrawal" if amount < 0 else "deposit"
    if kind == "other":
        yield SyncWarning("unknown_activity_type", account_id, detail={"raw": named})
    yield Activity(
        account_id,
        external_id,
        kind,
        paid,
        settlement_date=_day(row.get("settleDate")),
        symbol=_symbol(row) if row.get("symbol", "").strip() else None,
        amount=amount,
        currency=row.get("currency") or None,
        description=row.get("description") or None,
        raw=row,
    )


def _rows(statements: Iterable[Element], path: str) -> list[Row]:
    return [dict(row.attrib) for statement in statements for row in statement.iterfind(path)]


def _sum(rows: list[Row], name: str) -> Decimal | None:
    numbers = [found for row in rows if (found := number(row.get(name))) is not None]
    return sum(numbers, Decimal(0)) if len(numbers) == len(rows) else None


def _day(text: str | None) -> date | None:
    """The day of `20260918`, `20260918;182233`, `2026-09-18, 18:22:33` or `18-Sep-26`.

    Slashes are not read: nothing tells months from days.
    """
    day = re.split("[;, ]", (text or "").strip())[0]
    for length, form in _DATES:
        if len(day) == length:
            try:
                return datetime.strptime(day, form).date()  # noqa: DTZ007 (a day, no time)
            except ValueError:
                continue
    return None
