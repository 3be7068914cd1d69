"""A saved run beside what came true, as the scenarios notebook shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenet.errors import TenetError
from tenet.wording import money

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

    import polars as pl

    from tenet.plans.progress import Progress
    from tenet.workspace import Workspace


def runs(home: Path) -> dict[str, str]:
    """The ids of saved runs by what people call them, the newest first."""
    from tenet.plans import runs

    return {
        f"{one.scenario_name}, {one.created_at:%Y-%m-%d %H:%M} ({one.success:.0%})": one.run_id
        for one in runs.runs(home)
    }


def of(workspace: Workspace, run_id: str | None) -> tuple[Progress | None, str]:
    """How a saved run has done until the build's last day, or None and why."""
    from tenet.plans import progress, runs

    if run_id is None:
        return None, ""
    try:
        return progress.progress(workspace, runs.find_run(workspace.home, run_id)), ""
    except TenetError as error:
        return None, f"**{error}**  \n{error.hint or ''}"


def fan_and_actual(came: Progress) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The frozen fan and what came true, for charts.fan_over_time; money of the basis year."""
    from tenet.plans.shown import progress_frames

    return progress_frames(came)


def parts(came: Progress) -> tuple[pl.DataFrame, Decimal]:
    """The parts of the deviation for charts.bridge, and the plan's median that they start from."""
    import polars as pl

    rows = {"part": list(came.parts), "amount": list(came.parts.values())}
    return pl.DataFrame(rows), came.actual_nominal - came.deviation_nominal


def told(came: Progress, *, incognito: bool) -> str:
    """Where in its fan, how far ahead or behind, and whether the scenario was edited since."""
    if came.percentile is not None:
        place = f"better than {came.percentile:.0f} of 100 of its futures"
    else:
        place = "below 95 of 100 of its futures" if came.is_below else "above 95 of 100 of them"
    lines = [f"On {came.day} we are {place}."]
    if came.months_ahead is not None:
        side = "ahead of" if came.months_ahead >= 0 else "behind"
        lines.append(f"That is {abs(came.months_ahead):.0f} months {side} its median.")
    if not incognito:
        worth = money(came.actual_nominal, came.currency)
        lines.append(f"Actual: {worth}, {money(came.deviation_nominal, signed=True)} to the plan.")
    lines.append(f"Inflation as the run assumed it: {came.inflation:.1%} a year.")
    if came.is_edited or came.is_deleted:
        verb = "deleted" if came.is_deleted else "edited"
        lines.append(f"The scenario was {verb} since; the run is as it was saved.")
    return "  \n".join(lines)
