"""What the price and rate sources sent, faults included, and what the family marked itself."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tenet.demo import facts, market
from tenet.demo.snapshots import evening

if TYPE_CHECKING:
    from datetime import date

    from tenet.demo.family import Family

    Row = dict[str, Any]


def wild_day(start: date) -> date:
    """The day of the one close that is a hundredth of the price."""
    return market.order_day(start, facts.WILD_MONTH) + timedelta(days=9)


def close_rows(family: Family) -> list[Row]:
    """`closes` of trading days."""
    return [
        _close(family, security_id, day)
        for security_id, security in facts.SECURITIES.items()
        if security.steps in ("weekdays", "days") and security_id not in facts.UNLISTED
        for day in family.prices[security_id]
        if market.is_open(security.steps, day) and not _is_dead(family, security_id, day)
    ]


def split_rows(family: Family) -> list[Row]:
    """`splits`, once they have happened."""
    day = market.split_date(family.start)
    row = {
        "security_id": facts.SPLIT,
        "split_date": day,
        "ratio": facts.SPLIT_RATIO,
        "source": "demo",
        "observed_at": evening(day),
    }
    return [row] if day <= family.through else []


def rate_rows(family: Family) -> list[Row]:
    """`fx_rates` of weekdays, for one euro as the ECB has them."""
    return [
        {
            "currency": "EUR",
            "quote_currency": currency,
            "rate_date": day,
            "source": "ecb",
            "rate": rate,
            "observed_at": evening(day),
        }
        for currency, series in market.euro_rates(family.start, family.through).items()
        for day, rate in series.items()
        if market.is_open("weekdays", day)
    ]


def mark_rows(family: Family) -> list[Row]:
    """`price_marks`."""
    return [
        {
            "security_id": security_id,
            "price_date": day,
            "edited_at": evening(day),
            "price": family.prices[security_id][day],
            "currency": facts.SECURITIES[security_id].currency,
        }
        for security_id, months in facts.MARKS.items()
        for day, month in family.order_months.items()
        if month in months
    ]


def _close(family: Family, security_id: str, day: date) -> Row:
    """A close, in today's units: the past of a split is sent anew on the split's day."""
    split_on = market.split_date(family.start)
    is_restated = security_id == facts.SPLIT and day < split_on <= family.through
    is_wild = security_id == facts.WILD and day == wild_day(family.start)
    divisor = facts.SPLIT_RATIO if is_restated else Decimal(100 if is_wild else 1)
    return {
        "security_id": security_id,
        "price_date": day,
        "source": "demo",
        "close": family.prices[security_id][day] / divisor,
        "currency": facts.SECURITIES[security_id].currency,
        "basis": "split_adjusted",
        "observed_at": evening(split_on if is_restated else day),
    }


def _is_dead(family: Family, security_id: str, day: date) -> bool:
    ends = market.order_day(family.start, facts.DEAD_FEED_MONTH)
    return security_id == facts.DEAD_FEED and day >= ends
