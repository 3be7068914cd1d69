"""Households around splits whose true values are known, told by brokers and sources out of step.

A world is one security in one account over six weeks: what it was worth and how much was held, day
by day, and then what a broker and a price source made of it. Many worlds make one household.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any

from naive import Row, rounded

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

FIRST, THROUGH = date(2024, 3, 4), date(2024, 4, 12)
DAYS = [FIRST + timedelta(days=number) for number in range((THROUGH - FIRST).days + 1)]
RATIOS = [Fraction(n) for n in (2, 3, 4, 7, 10, 20, 50)] + [Fraction(3, 2)]
RATIOS += [Fraction(1, n) for n in (2, 4, 5, 8, 10, 50)]
LAGS = (0, 0, 0, 1, 2, 3, 5, 8, -1, -1)
SERIES = ("as_traded", "each_evening", "at_once", "in_between", "not_restated", "twice")


@dataclass(frozen=True)
class World:
    """What was true, and how it is told.

    splits: new units for one old. closes: of trading days, as traded. counts: units at the end of
    each day. trades: units by day. count_lag, price_lag: days by which the broker's count and its
    price come late to a split, early below 0; price_lag None: it tells no price.
    seen: days of snapshots. series: one of SERIES. asked: the day on which the source is asked.
    is_told: trades are told; always where the count is late or early, or nothing could be known.
    """

    name: str
    is_crypto: bool
    splits: dict[date, Fraction]
    closes: dict[date, Fraction]
    counts: dict[date, Fraction]
    trades: dict[date, Fraction]
    count_lag: int
    price_lag: int | None
    seen: list[date]
    series: str
    asked: date
    is_told: bool

    def ratio(self, after: date, until: date, lag: int = 0) -> Fraction:
        """What one unit of a day has become on another, by someone so many days late."""
        late = timedelta(days=lag)
        return prod(
            (ratio for day, ratio in self.splits.items() if after < day + late <= until),
            start=Fraction(1),
        )

    def price(self, day: date) -> Fraction:
        """Of one unit of a day: the last close, over the splits since."""
        last = max(traded for traded in self.closes if traded <= day)
        return self.closes[last] / self.ratio(last, day)

    def true_values(self) -> dict[date, Fraction]:
        """Units of the last snapshot, as they have split since, at the last close."""
        values = {}
        for day in DAYS:
            if earlier := [seen for seen in self.seen if seen <= day]:
                units = self.counts[earlier[-1]] * self.ratio(earlier[-1], day)
                values[day] = units * self.price(day)
        return values


def world(name: str, chance: random.Random, *, splits: int, lags: Sequence[int]) -> World:
    """A world drawn by chance. splits: how many. lags: of the broker's count, to choose from."""
    is_crypto = chance.random() < 0.15
    first = chance.randint(8, 20)
    days = [first, first + chance.choice([1, 2, 3, 5, 10])][:splits]
    ratios = {DAYS[number]: chance.choice(RATIOS) for number in days}
    # Known limits: two splits of one ratio, and two that together look like a day's move.
    while len(ratios) > len(set(ratios.values())) or 0.7 < prod(ratios.values()) < 1.4:
        ratios = {day: chance.choice(RATIOS) for day in ratios}
    closes, price = {}, Fraction(chance.randint(50, 2000))
    for day in DAYS:
        price = price * chance.randint(970, 1030) / 1000 / ratios.get(day, 1)
        if is_crypto or day.weekday() < 5:
            closes[day] = Fraction(rounded(price, 6))
    traded = chance.sample(DAYS[1:], chance.choice([0, 0, 1, 2]))
    if chance.random() < 0.2:
        traded.append(DAYS[first])
    counts, trades, units = {}, {}, Fraction(chance.choice([-1, 1, 1]) * chance.randint(200, 9000))
    for day in DAYS:
        units *= ratios.get(day, 1)
        if day in traded:
            trades[day] = (
                Fraction(chance.choice([-307, -193, -101, 107, 211, 401, 607]), 1000) * units
            )
            units += trades[day]
        counts[day] = units
    count_lag = chance.choice(lags)
    share = chance.choice([0.3, 0.7, 1.0])
    return World(
        name,
        is_crypto,
        ratios,
        closes,
        counts,
        trades,
        count_lag,
        chance.choice([None, 0, count_lag, chance.choice(LAGS)]),
        [DAYS[0], *(day for day in DAYS[1:] if chance.random() < share)],
        chance.choice(SERIES),
        DAYS[min(days[-1] + chance.choice([0, 1, 2, 4, 12]), len(DAYS) - 1)],
        count_lag != 0 or chance.random() < 0.8,
    )


def raw(worlds: list[World]) -> dict[str, list[Row]]:
    """What the brokers and sources of these worlds tell, as the oracle and the lake take it."""
    tables: dict[str, list[Row]] = {
        name: [] for name in ("accounts", "snapshots", "holdings", "activities", "closes", "splits")
    }
    for one in worlds:
        account = {"account_id": f"depot:{one.name}"}
        tables["accounts"].append(account)
        for day in one.seen:
            tables["snapshots"].append(account | _snapshot(one, day))
            tables["holdings"].append(account | _holding(one, day))
        for day, units in one.trades.items():
            if one.is_told:
                tables["activities"].append(account | _trade(one, day, units))
        tables["closes"] += _closes(one)
        for day, ratio in one.splits.items():
            told = {"split_date": day, "ratio": rounded(ratio, 10), "source": "yahoo"}
            tables["splits"].append({"security_id": one.name, **told, "observed_at": _evening(day)})
    return {
        name: [row | {"landing_id": "0"} for row in rows] for name, rows in tables.items() if rows
    }


def _evening(day: date) -> datetime:
    return datetime.combine(day, time(22), UTC)


def _snapshot(one: World, day: date) -> dict[str, Any]:
    own = {"snapshot_id": f"{one.name} {day}", "observed_at": _evening(day)}
    return own | {"status": "success", "currency": "USD"}


def _holding(one: World, day: date) -> dict[str, Any]:
    units = one.counts[day] / one.ratio(FIRST, day) * one.ratio(FIRST, day, one.count_lag)
    price = None
    if one.price_lag is not None:
        price = one.price(day) * one.ratio(FIRST, day) / one.ratio(FIRST, day, one.price_lag)
    return {
        "snapshot_id": f"{one.name} {day}",
        "security_id": one.name,
        "quantity": rounded(units, 10),
        "snapshot_price": None if price is None else rounded(price, 6),
        "currency": "USD",
        "asset_type": "crypto" if one.is_crypto else "equity",
    }


def _trade(one: World, day: date, units: Fraction) -> dict[str, Any]:
    return {
        "external_id": f"{one.name} {day}",
        "activity_date": day,
        "type": "buy" if units > 0 else "sell",
        "security_id": one.name,
        "quantity": rounded(units, 10),
        "currency": "USD",
    }


def _closes(one: World) -> list[Row]:
    rows = []
    for day, close in one.closes.items():
        seen = {"each_evening": day, "at_once": THROUGH}.get(one.series, max(day, one.asked))
        later = one.ratio(day, seen)
        told = {"as_traded": Fraction(1), "not_restated": Fraction(1), "twice": later * later}
        rows.append(
            {
                "security_id": one.name,
                "price_date": day,
                "source": "yahoo",
                "close": rounded(close / told.get(one.series, later), 10),
                "currency": "USD",
                "basis": "as_traded" if one.series == "as_traded" else "split_adjusted",
                "observed_at": _evening(seen),
            }
        )
    return rows
