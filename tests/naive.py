"""DESIGN section 4 restated day by day in plain Python, as an oracle for the SQL models.

Slow and literal on purpose: hold it beside the design text, rule by rule. It shares no code with
the package. Exact arithmetic is done in Fraction and rounded where the design rounds: once per
rule that divides or multiplies (minor units, closes as traded, splits until the day, values).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import prod
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from naive_splits import Close, Report, times_worked_in, traded_factor, unit_days

Row = dict[str, Any]
Raw = Mapping[str, list[Row]]
Window = tuple[Row, date, date]  # a snapshot, its first day and its last
Splits = dict[str, dict[date, Fraction]]  # per security and day
Prices = dict[str, dict[date, "Price"]]  # per security and day
Rates = dict[tuple[str, str], dict[date, Decimal]]  # per pair and day

MINOR_UNITS = {"GBp": "GBP", "GBX": "GBP", "ILA": "ILS", "ZAc": "ZAR", "ZAC": "ZAR"}  # all 1/100
CASH_TICKERS = {"$", "$$", "USD", "CASH", "CAD", "SPAXX", "FDRXX", "SWVXX", "VMFXX", "FZFXX"}
SYNTHETIC = ("_SF:", "_ST:", "_IB:", "_SW:", "_WF:", "_PL:", "_MAN:")
ZERO_BALANCE = "_ZERO_BALANCE"
# No symbol was sent for it, so it has none.
SENTINEL: Row = {"security_id": ZERO_BALANCE, "quantity": Decimal(0), "multiplier": Decimal(1)}


@dataclass(frozen=True)
class Price:
    """What one unit cost on `day`, as traded then, in `currency`."""

    amount: Decimal
    day: date
    source: str
    currency: str | None
    is_provisional: bool = False


@dataclass(frozen=True)
class Household:
    """What every account shares."""

    through: date
    base_currency: str
    stale_price_days: int
    splits: Splits
    prices: Prices  # closes that are kept, and marks over them
    rates: Rates
    units: dict[tuple[str, str], tuple[date, date]]  # per snapshot and security: of count and price


def daily_holding_values(
    raw: Mapping[str, list[dict[str, Any]]],
    *,
    through: date,
    timezone: str,
    base_currency: str,
    stale_price_days: int = 7,
) -> list[dict[str, Any]]:
    """Rows of `daily_holding_values`, sorted by valuation_date, account_id, security_id.

    raw: dataset name to rows with the columns of DESIGN section 3; a dataset, a column that may be
    null, and landing_id may be absent. Numbers are Decimal, times are timezone-aware.
    """
    zone = ZoneInfo(timezone)
    windows = windows_by_account(raw, through, zone)
    holdings = holdings_by_snapshot(raw, windows)
    splits = splits_by_day(raw)
    prices = prices_by_day(raw, holdings, splits, through, zone)
    units = units_by_holding(raw, windows, holdings, splits, prices)
    rates = rates_by_day(raw)
    household = Household(through, base_currency, stale_price_days, splits, prices, rates, units)
    rows = [
        row_on(day, snapshot, first, holding, household)
        for of_account in windows.values()
        for snapshot, first, last in of_account
        for day in days(first, last)
        for holding in holdings[snapshot["snapshot_id"]]
    ]
    return sorted(rows, key=lambda r: (r["valuation_date"], r["account_id"], r["security_id"]))


# Rule 1: windows (and rule 8: a snapshot after through does not count)


def windows_by_account(raw: Raw, through: date, zone: ZoneInfo) -> dict[str, list[Window]]:
    last_of_day: dict[str, dict[date, Row]] = {}
    snapshots = newest(raw, "snapshots", ["snapshot_id"], time="observed_at")
    for snapshot in sorted(snapshots, key=lambda s: (s["observed_at"], s["snapshot_id"])):
        day = local_day(snapshot["observed_at"], zone)
        if snapshot["status"] == "success" and day <= through:
            last_of_day.setdefault(snapshot["account_id"], {})[day] = snapshot

    edits = patched(raw, "account_edits", "account_id")
    windows: dict[str, list[Window]] = {}
    for account_id, by_day in last_of_day.items():
        first_days = sorted(by_day)
        for first, following in zip(first_days, [*first_days[1:], None], strict=True):
            edit = edits.get(account_id, {})
            if following is not None:
                last = following - timedelta(days=1)
            elif edit.get("active") is not False:
                last = through
            elif edit.get("deactivated_at") is None:
                last = first
            else:
                last = min(max(first, local_day(edit["deactivated_at"], zone)), through)
            windows.setdefault(account_id, []).append((by_day[first], first, last))
    return windows


# Rule 2: the sentinel, and the holdings of each snapshot as staged


def holdings_by_snapshot(raw: Raw, windows: dict[str, list[Window]]) -> dict[str, list[Row]]:
    """In major currency; a negative snapshot price is unknown, a null multiplier 1."""
    held: dict[str, list[Row]] = {}
    for row in newest(raw, "holdings", ["snapshot_id", "security_id"]):
        if row["security_id"] == ZERO_BALANCE:  # the sentinel is computed, never read
            continue
        staged = row | {"currency": major(row.get("currency"))}
        staged["multiplier"] = Decimal(1) if row.get("multiplier") is None else row["multiplier"]
        for column in ("snapshot_price", "snapshot_value"):
            staged[column] = in_major(row.get(column), row.get("currency"))
        staged["own_cash_price"] = in_major(Decimal(1), row.get("currency"))
        if staged["snapshot_price"] is not None and staged["snapshot_price"] < 0:
            staged["snapshot_price"] = None
        held.setdefault(row["snapshot_id"], []).append(staged)

    # The accounts' rows carry no time, so the latest landing is the newest.
    accounts = {row["account_id"]: row for row in newest(raw, "accounts", ["account_id"])}
    holdings: dict[str, list[Row]] = {}
    for account_id, of_account in windows.items():
        for snapshot, _, _ in of_account:
            own = snapshot.get("currency") or accounts.get(account_id, {}).get("currency")
            sentinel = SENTINEL | {"currency": major(own)}
            holdings[snapshot["snapshot_id"]] = held.get(snapshot["snapshot_id"]) or [sentinel]
    return holdings


# Rule 3: quantity


def quantity_on(day: date, holding: Row, snapshot_day: date, household: Household) -> Decimal:
    counted, _ = units_of(holding, snapshot_day, household)
    ratio = split_ratio(household.splits, holding["security_id"], counted, day)
    ahead = split_ratio(household.splits, holding["security_id"], day, counted)
    return rounded(Fraction(holding["quantity"]) * ratio / ahead, 10)


def units_of(holding: Row, snapshot_day: date, household: Household) -> tuple[date, date]:
    """The days whose units its count and its price are in."""
    own = (snapshot_day, snapshot_day)
    return household.units.get((holding.get("snapshot_id", ""), holding["security_id"]), own)


def units_by_holding(
    raw: Raw,
    windows: dict[str, list[Window]],
    holdings: dict[str, list[Row]],
    splits: Splits,
    prices: Prices,
) -> dict[tuple[str, str], tuple[date, date]]:
    """Where a broker is out of step with a split; see tests/naive_splits.py."""
    units = {}
    activities = newest(raw, "activities", ["account_id", "external_id"])
    for account_id, of_account in windows.items():
        for security_id, ratios in splits.items():
            found = [
                (holding, report_on(day, holding, prices))
                for snapshot, day, _ in of_account
                for holding in holdings[snapshot["snapshot_id"]]
                if holding["security_id"] == security_id and holding["quantity"] != 0
            ]
            own = [
                row
                for row in activities
                if (row["account_id"], row.get("security_id")) == (account_id, security_id)
            ]
            days_of = unit_days([report for _, report in found], ratios, own)
            for holding, report in found:
                units[holding["snapshot_id"], security_id] = days_of[report.day]
    return units


def report_on(day: date, holding: Row, prices: Prices) -> Report:
    """What a snapshot says of a security, beside the latest price in its currency."""
    known = prices.get(holding["security_id"], {})
    latest = max((price_date for price_date in known if price_date <= day), default=None)
    close = None
    if latest is not None and known[latest].currency in (None, holding["currency"]):
        close = (known[latest].amount, latest)
    return Report(day, holding["quantity"], holding["snapshot_price"], close)


# Rule 4: price


def price_on(day: date, holding: Row, snapshot_day: date, household: Household) -> Price | None:
    security_id, currency = holding["security_id"], holding["currency"]
    own = holding.get("snapshot_price")
    known = household.prices.get(security_id, {})
    earlier = [price_date for price_date in known if price_date < day]

    def carried(
        amount: Decimal,
        since: date,
        source: str,
        in_currency: str | None,
        unit_day: date | None = None,
    ) -> Price:
        ratio = split_ratio(household.splits, security_id, unit_day or since, day)
        ahead = split_ratio(household.splits, security_id, day, unit_day or since)
        return Price(rounded(Fraction(amount) / ratio * ahead, 10), since, source, in_currency)

    def provided() -> Price:
        _, unit_day = units_of(holding, snapshot_day, household)
        return carried(own, snapshot_day, "snapshot", currency, unit_day)

    if security_id == ZERO_BALANCE:
        return Price(Decimal(0), day, "cash", currency)
    if security_id in CASH_TICKERS or security_id.startswith("_CASH:"):  # a
        own_cash = cash_currency(security_id) is None  # its unit is the holding's, pence included
        price = holding["own_cash_price"] if own_cash else Decimal(1)
        return Price(price, day, "cash", cash_currency(security_id) or currency)
    if day in known:  # b; a mark without a currency is in the holding's
        return Price(known[day].amount, day, known[day].source, known[day].currency or currency)
    marked_since = any(price_date >= snapshot_day for price_date in earlier)
    if security_id.startswith(SYNTHETIC) and own is not None and not marked_since:  # c
        return provided()
    if day == household.through == snapshot_day and own is not None:  # d
        return replace(provided(), is_provisional=True)
    if earlier:  # e
        latest = known[max(earlier)]
        is_stale = (day - latest.day).days > household.stale_price_days
        if not (is_stale and snapshot_day > latest.day and own is not None):
            return carried(latest.amount, latest.day, "carry_forward", latest.currency or currency)
    if own is not None:  # f
        return provided()
    return None  # g


def cash_currency(security_id: str) -> str | None:
    if security_id in ("CAD", "USD"):
        return security_id
    if security_id.startswith("_CASH:"):
        return major(security_id.removeprefix("_CASH:"))
    return None


# Rules 4b (which close or mark), 5 (closes as traded) and 8 (none after through)


def prices_by_day(
    raw: Raw, holdings: dict[str, list[Row]], splits: Splits, through: date, zone: ZoneInfo
) -> Prices:
    edits = patched(raw, "security_edits", "security_id")
    offered: dict[str, dict[date, list[Row]]] = {}
    key = ["security_id", "price_date", "source"]
    for close in newest(raw, "closes", key, time="observed_at"):
        if close["price_date"] <= through and not close["security_id"].startswith(SYNTHETIC):
            of_security = offered.setdefault(close["security_id"], {})
            of_security.setdefault(close["price_date"], []).append(close)

    prices: Prices = {}
    for security_id, by_day in offered.items():
        preferred = edits.get(security_id, {}).get("price_source", "yahoo")
        chosen: list[Close] = []
        for day in sorted(by_day):
            close = first_by_source(by_day[day], [preferred, "yahoo", "coingecko"])
            amount = Fraction(in_major(close["close"], close["currency"]) or 0)
            unit_day = max(day, local_day(close["observed_at"], zone))
            series = (close["source"], close["observed_at"])
            currency = major(close["currency"])
            chosen.append(Close(day, amount, currency, close["basis"], unit_day, series))
        ratios = splits.get(security_id, {})
        worked_in = times_worked_in(chosen, ratios)
        traded: dict[date, Price] = {}
        without_splits: dict[date, Fraction] = {}
        for one in chosen:
            exact = one.amount * traded_factor(one, ratios, worked_in)
            traded[one.day] = Price(rounded(exact, 10), one.day, "market", one.currency)
            without_splits[one.day] = exact / split_ratio(splits, security_id, one.day, date.max)
        # A quarantined close is not replaced by another source's.
        kept = kept_by_guard(without_splits, is_crypto(security_id, edits, holdings))
        prices[security_id] = {day: traded[day] for day in kept}

    for mark in newest(raw, "price_marks", ["security_id", "price_date"], time="edited_at"):
        day, amount = mark["price_date"], in_major(mark.get("price"), mark.get("currency"))
        if amount is not None and day <= through:
            price = Price(amount, day, "mark", major(mark.get("currency")))
            prices.setdefault(mark["security_id"], {})[day] = price
    return prices


# Rule 6: the price guard


def kept_by_guard(series: Mapping[date, Fraction], is_crypto: bool) -> list[date]:
    low, high = (Fraction("0.01"), 100) if is_crypto else (Fraction("0.05"), 20)
    positive = [day for day in sorted(series) if series[day] > 0]
    kept = []
    for i, day in enumerate(positive):
        before = [series[other] for other in positive[max(i - 5, 0) : i]]
        after = [series[other] for other in positive[i + 1 : i + 6]]
        medians = [median(side) for side in (before, after) if side]
        acquitted = [low * middle <= series[day] <= high * middle for middle in medians]
        if any(acquitted) or not medians:
            kept.append(day)
    return kept


def is_crypto(security_id: str, edits: dict[str, Row], holdings: dict[str, list[Row]]) -> bool:
    """By edit, else by any holding of a snapshot that counts."""
    if "asset_class" in edits.get(security_id, {}):
        return bool(edits[security_id]["asset_class"] == "Crypto")
    rows = [row for held in holdings.values() for row in held if row["security_id"] == security_id]
    return any(row.get("asset_type") == "crypto" for row in rows)


# Rule 7: value


def row_on(day: date, snapshot: Row, snapshot_day: date, holding: Row, household: Household) -> Row:
    quantity = quantity_on(day, holding, snapshot_day, household)
    price = price_on(day, holding, snapshot_day, household)
    currency = price.currency if price else holding["currency"]
    fx_rate, fx_date = rate_on(day, currency, household) or (None, None)
    market_value = market_value_base = None
    counted, priced = units_of(holding, snapshot_day, household)
    is_whole = counted == priced and holding.get("snapshot_value") is not None
    if price and price.is_provisional and is_whole:
        market_value = rounded(Fraction(holding["snapshot_value"]), 2)
    elif price:
        exact = Fraction(quantity) * Fraction(price.amount) * Fraction(holding["multiplier"])
        market_value = rounded(exact, 2)
    if holding["security_id"] == ZERO_BALANCE:  # whatever the rates
        market_value_base = Decimal(0)
    elif market_value is not None and fx_rate is not None:
        market_value_base = rounded(Fraction(market_value) * Fraction(fx_rate), 2)
    return {
        "valuation_date": day,
        "account_id": snapshot["account_id"],
        "security_id": holding["security_id"],
        "snapshot_id": snapshot["snapshot_id"],
        "snapshot_date": snapshot_day,
        "symbol": holding.get("symbol"),
        "quantity": quantity,
        "close_price": price.amount if price else None,
        "price_date": price.day if price else None,
        "price_source": price.source if price else None,
        "currency": currency,
        "multiplier": holding["multiplier"],
        "fx_rate": fx_rate,
        "fx_date": fx_date,
        "market_value": market_value,
        "market_value_base": market_value_base,
        "is_provisional": price.is_provisional if price else False,
    }


def rate_on(day: date, currency: str | None, household: Household) -> tuple[Decimal, date] | None:
    """How many base units one unit of the currency was worth, and the day of that rate."""
    base = household.base_currency
    if currency is None:
        return None
    if currency == base:
        return Decimal(1), day
    pair = pair_rate_on(day, currency, base, household.rates)
    to_euro = pair_rate_on(day, currency, "EUR", household.rates)
    from_euro = pair_rate_on(day, "EUR", base, household.rates)
    if pair is None and to_euro is not None and from_euro is not None:
        rate = rounded(Fraction(to_euro[0]) * Fraction(from_euro[0]), 10)
        return rate, min(to_euro[1], from_euro[1])
    return pair


def pair_rate_on(
    day: date, currency: str, quote_currency: str, rates: Rates
) -> tuple[Decimal, date] | None:
    """Latest direct rate however old; only where there is none, the latest inverse."""
    direct, inverse = (currency, quote_currency), (quote_currency, currency)
    for pair in (direct, inverse):
        past = [rate_date for rate_date in rates.get(pair, {}) if rate_date <= day]
        if past:
            rate = rates[pair][max(past)]
            return (rate if pair == direct else rounded(1 / Fraction(rate), 10)), max(past)
    return None


def rates_by_day(raw: Raw) -> Rates:
    """Within a day the sources' order chooses; between days the later wins, whatever its source."""
    offered: dict[tuple[str, str], dict[date, list[Row]]] = {}
    key = ["currency", "quote_currency", "rate_date", "source"]
    for row in newest(raw, "fx_rates", key, time="observed_at"):
        by_day = offered.setdefault((row["currency"], row["quote_currency"]), {})
        by_day.setdefault(row["rate_date"], []).append(row)
    return {
        pair: {day: first_by_source(by_day[day], ["ecb", "yahoo"])["rate"] for day in by_day}
        for pair, by_day in offered.items()
    }


# Staging (sections 2 and 3)


def oldest_first(raw: Raw, dataset: str, time: str | None) -> list[Row]:
    """By time, then landing, then place in the list; symbols upper-cased."""
    rows = [dict(row) for row in raw.get(dataset, [])]
    for row in rows:
        security_id = row.get("security_id") or "_"
        if not security_id.startswith("_") or security_id.startswith("_CASH:"):
            row["security_id"] = security_id.upper()
    return sorted(rows, key=lambda row: (row[time] if time else 0, row.get("landing_id") or ""))


def newest(raw: Raw, dataset: str, key: list[str], time: str | None = None) -> list[Row]:
    rows = oldest_first(raw, dataset, time)
    return list({tuple(row[column] for column in key): row for row in rows}.values())


def patched(raw: Raw, dataset: str, key: str) -> dict[str, Row]:
    """Per id, each column's newest value that is not null."""
    merged: dict[str, Row] = {}
    for row in oldest_first(raw, dataset, "edited_at"):
        given = {column: value for column, value in row.items() if value is not None}
        merged[row[key]] = merged.get(row[key], {}) | given
    return merged


def first_by_source(rows: list[Row], order: list[str]) -> Row:
    """Row of the source named first in the order, else of the first by name."""
    order = order + sorted(row["source"] for row in rows)
    return min(rows, key=lambda row: order.index(row["source"]))


def splits_by_day(raw: Raw) -> Splits:
    splits: Splits = {}
    for row in newest(raw, "splits", ["security_id", "split_date"], time="observed_at"):
        splits.setdefault(row["security_id"], {})[row["split_date"]] = Fraction(row["ratio"])
    return splits


def split_ratio(splits: Splits, security_id: str, after: date, until: date) -> Fraction:
    """Product of the ratios of splits with after < split_date <= until."""
    ratios = splits.get(security_id, {})
    return prod((ratios[day] for day in ratios if after < day <= until), start=Fraction(1))


def major(currency: str | None) -> str | None:
    return MINOR_UNITS.get(currency, currency) if currency else currency


def in_major(amount: Decimal | None, currency: str | None) -> Decimal | None:
    if amount is None or currency not in MINOR_UNITS:
        return amount
    return rounded(Fraction(amount) / 100, 10)


def rounded(value: Fraction, places: int) -> Decimal:
    """Half away from zero, exactly."""
    units = int(abs(value) * 10**places + Fraction(1, 2))
    return Decimal(f"{units if value >= 0 else -units}E-{places}")


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def days(first: date, last: date) -> Iterator[date]:
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)
