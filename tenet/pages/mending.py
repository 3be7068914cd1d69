"""What the gaps notebook may change: settle a quarantined answer, and repair what can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenet import edits
from tenet import home as homes
from tenet.errors import TenetError
from tenet.wording import counted, money

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    import polars as pl

    from tenet.pages.opening import Build
    from tenet.repair import Plan

Row = dict[str, Any]

_SHOWN = 10


def quarantined(home: Path) -> pl.DataFrame:
    """The answers that wait for a word: snapshot_id, account, observed_at, total, why."""
    import polars as pl

    names = {row["account_id"]: row["name"] for row in edits.accounts(home)}
    rows = [
        {
            "account": names.get(row["account_id"], row["account_id"]),
            "observed_at": row["observed_at"],
            "total": row["total_value"],
            "currency": row["currency"],
            "why": row["error"],
            "snapshot_id": row["snapshot_id"],
        }
        for row in edits.quarantined(home)
    ]
    return pl.DataFrame(rows)


def settled(home: Path, build: Build, snapshot_id: str, at: datetime, *, accepted: bool) -> str:
    """Accept or reject a quarantined answer and build anew; says how that went, in Markdown."""
    from tenet.build import build as build_anew
    from tenet.settings import load

    try:
        with homes.writing(home, at):
            edits.settle(home, snapshot_id, accepted=accepted, at=at)
            build_anew(load(home), through=build.day, at=at)
    except TenetError as error:
        return _trouble(error)
    verb = "accepted" if accepted else "rejected"
    return f"**{verb}**: {snapshot_id}. A new build is published; run this page again."


def planned(home: Path, build: Build, at: datetime) -> str:
    """What would mend the gaps and what that does to published values; changes nothing."""
    from tenet.market.registry import price_sources, rate_sources
    from tenet.repair import plan
    from tenet.settings import load

    try:
        settings = load(home)
        sources = price_sources(settings), rate_sources(settings)
        return "\n".join(_told(plan(settings, sources, through=build.day, at=at)))
    except TenetError as error:
        return _trouble(error)


def repaired(home: Path, build: Build, at: datetime) -> str:
    """Do it: fetch and build anew; says how that went, in Markdown."""
    from tenet.market.registry import price_sources, rate_sources
    from tenet.repair import repair
    from tenet.settings import load

    try:
        settings = load(home)
        sources = price_sources(settings), rate_sources(settings)
        with homes.writing(home, at):
            done = repair(settings, sources, through=build.day, at=at)
    except TenetError as error:
        return _trouble(error)
    built = "Built anew; run this page again." if done.is_built else "Nothing was to be built."
    failed = " Some source failed." if done.exit_code else ""
    mended = f" Mended: {counted(len(done.damage), 'damage')}." if done.damage else ""
    return f"{built}{mended}{failed} Left: {counted(len(done.left), 'gap')}."


def _trouble(error: TenetError) -> str:
    hint = f"  \n{error.hint}" if error.hint else ""
    return f"**{error}**{hint}"


def _told(plan: Plan) -> Iterator[str]:
    yield f"**To fetch:** {counted(len(plan.fetch), 'series') if plan.fetch else 'nothing'}"
    yield from _listed([f"{row['security_id']} from {row['source']}" for row in plan.fetch])
    yield f"\n**To build anew:** {'the published file' if plan.is_rebuilt else 'nothing'}"
    yield from _listed([str(one) for one in plan.damage])
    yield from _listed([_change(row) for row in plan.changes])
    yield f"\n**Left as they are:** {counted(len(plan.left), 'gap') if plan.left else 'nothing'}"
    yield from _listed([f"{_thing(row)}: {row['why']}" for row in plan.left])


def _listed(lines: list[str]) -> Iterator[str]:
    yield from ("\n- " + line for line in lines[:_SHOWN])
    if len(lines) > _SHOWN:
        yield f"\n- and {len(lines) - _SHOWN:,} more: `tenet gaps --plan --json`"


def _change(row: Row) -> str:
    now, after = money(row["value_now"]), money(row["value_after"])
    return f"{row['account_id']}, {row['first_date']} to {row['last_date']}: {now} becomes {after}"


def _thing(row: Row) -> str:
    about = row["security_id"] or row["currency"] or row["account_id"] or ""
    kind = row["kind"].replace("_", " ")
    return f"{kind} {about} ({row['first_date']} to {row['last_date']})"
