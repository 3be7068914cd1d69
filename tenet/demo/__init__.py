"""An invented household of five years, whose truth is known without any SQL.

facts.py says in tables what there is and what goes wrong; market.py and family.py make of it what
was true on each day; snapshots.py and feeds.py what was sent of that; activities.py what was told
of trades and income; words.py what the family said itself; landing.py brings it into a home. All of
it grows forward from the first day by seeded random numbers: a later last day adds.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from tenet.demo import activities, feeds, snapshots, words
from tenet.demo.family import Family, multiplier
from tenet.frames import frame

_NUMBER = pl.Decimal(28, 10)
_TRUTH = {
    "valuation_date": pl.Date(),
    "account_id": pl.String(),
    "security_id": pl.String(),
    "units": _NUMBER,
    "price": _NUMBER,
    "currency": pl.String(),
    "multiplier": pl.Int64(),
    "dollars": _NUMBER,
}


def first_day(through: date) -> date:
    """The Friday on or before the day five years ago."""
    ago = through - timedelta(days=5 * 365 + 1)
    return ago - timedelta(days=(ago.weekday() - 4) % 7)


def household(through: date, start: date | None = None) -> dict[str, pl.DataFrame]:
    """The raw datasets through a last day, with the columns of tenet/schemas.py.

    start: the first day, a Friday; default: first_day. With the same one, a later last day gives
    all rows of an earlier one again, save for closes that the split has restated since.
    """
    family = Family(start or first_day(through), through)
    snapshot_rows, holding_rows = snapshots.snapshot_rows(family)
    rows = {
        "accounts": snapshots.account_rows(family),
        "sync_sessions": snapshots.session_rows(family),
        "sync_log": snapshots.log_rows(family),
        "account_syncs": snapshots.account_sync_rows(family),
        "snapshots": snapshot_rows,
        "holdings": holding_rows,
        "activities": activities.activity_rows(family),
        "closes": feeds.close_rows(family),
        "splits": feeds.split_rows(family),
        "fx_rates": feeds.rate_rows(family),
        "price_marks": feeds.mark_rows(family),
        "account_edits": words.account_edit_rows(family),
        "security_edits": words.security_edit_rows(family),
        "asset_classes": words.class_rows(family),
        "fund_weights": words.weight_rows(family),
        "tax_rates": words.tax_rate_rows(family),
    }
    return {name: frame(name, of) for name, of in rows.items()}


def true_values(through: date, start: date | None = None) -> pl.DataFrame:
    """What was owned and what it cost, from the generator's own state and not from the datasets.

    One row per day, account and security: units held, price of one as traded, its currency (never
    a minor one), multiplier, and what one unit of the currency was worth in dollars.
    """
    family = Family(start or first_day(through), through)
    rows = []
    for day, held in family.history():
        for (account_id, security_id), position in held.items():
            price, currency = family.price(security_id, day)
            dollars = family.dollars[currency][day]
            of = (account_id, security_id, position.units, price, currency)
            rows.append((day, *of, multiplier(security_id), dollars))
    return pl.DataFrame(rows, schema=_TRUTH, orient="row")
