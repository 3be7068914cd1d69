"""The periods that returns are told for: from the end of one day to the end of a later one."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

PERIODS = ("1D", "1M", "3M", "QTD", "YTD", "1Y", "3Y", "5Y", "LQ", "LY", "ALL")

_DAY = timedelta(days=1)
_MONTHS = {"1M": 1, "3M": 3, "1Y": 12, "3Y": 36, "5Y": 60}


def period(name: str, today: date, begin: date) -> tuple[date, date]:
    """The first and the last day of a period of PERIODS; what happens on the first is before it.

    today: its last day, save for LQ and LY, the last whole quarter and year. begin: the first day
    of ALL. A month before the 31st is the last day of a shorter month.
    """
    quarter = today.replace(month=today.month - (today.month - 1) % 3, day=1) - _DAY
    year = today.replace(month=1, day=1) - _DAY
    ends = {
        "1D": (today - _DAY, today),
        "QTD": (quarter, today),
        "YTD": (year, today),
        "LQ": (_before(quarter + _DAY, 3) - _DAY, quarter),
        "LY": (_before(year + _DAY, 12) - _DAY, year),
        "ALL": (begin, today),
    }
    return ends[name] if name in ends else (_before(today, _MONTHS[name]), today)


def _before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
