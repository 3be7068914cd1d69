"""What the family itself said: owners, taxes, classes, and what a fund consists of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenet.demo import facts, market
from tenet.demo.snapshots import evening

if TYPE_CHECKING:
    from datetime import date

    from tenet.demo.family import Family

    Row = dict[str, Any]


def account_edit_rows(family: Family) -> list[Row]:
    """`account_edits`."""
    rows = [
        {
            "account_id": account_id,
            "edited_at": evening(family.start),
            "owner": owner,
            "tax_bucket": facts.TAX_BUCKETS[account_id],
            "liquidity": "illiquid" if account_id == facts.ILLIQUID else None,
            "include_in_allocation": account_id != facts.LIVED_IN,
        }
        for account_id, owner in facts.OWNERS.items()
    ]
    if _is_reached(family, joint := market.order_day(family.start, facts.JOINT_MONTH)):
        owner = facts.OWNERS[facts.HOUSE]
        rows.append({"account_id": facts.JOINT, "edited_at": evening(joint), "owner": owner})
    return rows


def security_edit_rows(family: Family) -> list[Row]:
    """`security_edits`."""
    at = evening(family.start)
    return [
        {"security_id": security_id, "edited_at": at, "asset_class": name}
        for security_id, name in facts.CLASSES.items()
    ]


def class_rows(family: Family) -> list[Row]:
    """`asset_classes`."""
    at = evening(family.start)
    return [
        {"asset_class": name, "edited_at": at, "target_weight": target, "colour": colour}
        for name, (target, colour) in facts.TARGETS.items()
    ]


def weight_rows(family: Family) -> list[Row]:
    """`fund_weights`."""
    day = market.order_day(family.start, facts.LOOK_THROUGH_MONTH)
    if not _is_reached(family, day):
        return []
    return [
        {"security_id": fund, "asset_class": name, "edited_at": evening(day), "weight": weight}
        for fund, weights in facts.LOOK_THROUGH.items()
        for name, weight in weights.items()
    ]


def tax_rate_rows(family: Family) -> list[Row]:
    """`tax_rates`."""
    at = evening(family.start)
    return [
        {"tax_bucket": bucket, "edited_at": at, "rate": rate}
        for bucket, rate in facts.TAX_RATES.items()
    ]


def _is_reached(family: Family, day: date) -> bool:
    return day <= family.through
