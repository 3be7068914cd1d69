"""What the notebooks cost: each question behind a chart, and the page in a real browser.

The floor: `select` opens the published file for one row. In the browser, `first chart` is from the
request to the first painted chart, of a server just started and of one that has served before;
`redrawn` from a click on a control to another picture of the chart. Without Playwright and Chromium
only the questions are measured. `python -m tenet.bench.notebooks HOME TURNS` asks them.
"""

from __future__ import annotations

import json
import shutil
import sys
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

from tenet.bench.homes import PYTHON, prepare, tenet_command
from tenet.bench.households import HOUSEHOLDS, LAST_DAY
from tenet.bench.measure import run
from tenet.bench.report import heading, origin
from tenet.errors import TenetError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from playwright.sync_api import Page

NOTEBOOK = "net_worth"
_CONTROLS = {"range": "all", "shorter range": "month"}
_CHART = ".vega-embed canvas"
_PICTURE = "one => one.toDataURL()"
_PATIENCE = 120_000
"""Milliseconds until a page counts as dead."""


def contest(size: str, place: Path, repeat: int, note: Callable[[str], None]) -> dict[str, Any]:
    """Seconds of every question and of the page, `repeat` turns, on a household of `size`.

    note: told what happens. Raises TenetError when a process fails.
    """
    prepare(size, place, note)
    home = place / "home"
    run(tenet_command(home, "build", "--today", str(LAST_DAY)))
    note(f"{size}: {repeat} turns of each question")
    asked = run([PYTHON, "-m", "tenet.bench.notebooks", str(home), str(repeat)])
    seconds: dict[str, list[float]] = json.loads(asked.output)
    if chromium := shutil.which("chromium") or shutil.which("chromium-browser"):
        note(f"{size}: {repeat} turns in a browser")
        seconds |= _browsed(home, chromium, repeat)
    else:
        note("no Chromium on the PATH: the page itself is not measured")
    return {"daily_values": HOUSEHOLDS[size].daily_values, "seconds": seconds}


def measured(home: Path, turns: int) -> dict[str, list[float]]:
    """Seconds of each question of the notebooks net_worth and gaps, in this process."""
    import tenet
    from tenet import reports
    from tenet.pages import allocated, doubts, held, opening, worth

    workspace = tenet.open(home, refresh_local=False)
    build = opening.opened(workspace)
    if build is None:
        raise TenetError("the household has no values")
    first, last = build.first_day, build.day
    (row,) = held.holdings(workspace).head(1).to_dicts()
    one = (row["account_id"], row["security_id"])
    questions: dict[str, Callable[[], object]] = {
        "select": lambda: workspace.sql("select through_date from build_info"),
        "freshness": lambda: opening.freshness(workspace, build),
        "net worth": lambda: reports.net_worth(workspace, build.day),
        "changes": lambda: worth.changes(workspace, build),
        "history": lambda: worth.history(workspace, first, last),
        "marks": lambda: worth.marks(workspace, first, last),
        "bridge": lambda: worth.parts_between(workspace, first, last),
        **{
            f"by {dimension}": partial(worth.amounts_by, workspace, dimension, first, last)
            for dimension in worth.DIMENSIONS
        },
        "allocation": lambda: allocated.classes(workspace, last, as_then=False),
        "accounts": lambda: held.accounts(workspace, last),
        "holdings": lambda: held.holdings(workspace),
        "one account": lambda: held.history(workspace, one[0], None, first, last),
        "one holding": lambda: held.history(workspace, *one, first, last),
        "why": lambda: held.why(workspace, last, *one),
        "stakes": lambda: doubts.stakes(workspace, only_open=False),
        "calendar": lambda: doubts.calendar(workspace, first, last),
        "gaps": lambda: doubts.gaps(workspace),
        "checks": lambda: doubts.checks(workspace),
        "restated": lambda: doubts.restated(workspace, build),
    }
    seconds: dict[str, list[float]] = {name: [] for name in questions}
    for _ in range(turns):
        for name, ask in questions.items():
            started = perf_counter()
            ask()
            seconds[name].append(perf_counter() - started)
    return seconds


def report(contests: dict[str, dict[str, Any]], at: datetime) -> dict[str, Any]:
    """All of it, ready for JSON. contests: what `contest` returned, by size. at: now."""
    return origin(at) | {"sizes": contests}


def table(found: dict[str, Any]) -> str:
    """The report for people, as text."""
    lines = heading(found)
    for size, part in found["sizes"].items():
        lines += ["", f"{size}: {part['daily_values']:,} daily values"]
        lines.append(f"  {'milliseconds':24}{'least':>9}{'median':>9}")
        for name, walls in part["seconds"].items():
            lines.append(f"  {name:24}{min(walls) * 1e3:9.0f}{median(walls) * 1e3:9.0f}")
    return "\n".join(lines)


def _browsed(home: Path, chromium: str, turns: int) -> dict[str, list[float]]:
    """Seconds of the page, a server started anew in each turn; empty without Playwright."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return {}
    from tenet import notebooks
    from tenet.notebooks.serving import serving

    path = notebooks.shipped(NOTEBOOK)
    seconds: dict[str, list[float]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for _ in range(turns):
            with serving(home, path, port=None, is_edited=False, has_token=True) as served:
                for name in ("first chart, cold", "first chart"):
                    page = browser.new_context().new_page()
                    started = perf_counter()
                    page.goto(served.address)
                    page.locator(_CHART).first.wait_for(timeout=_PATIENCE)
                    seconds.setdefault(name, []).append(perf_counter() - started)
                    if name == "first chart":
                        for control, taken in _redrawn(page).items():
                            seconds.setdefault(f"redrawn, {control}", []).append(taken)
                    page.context.close()
        browser.close()
    return seconds


def _redrawn(page: Page) -> dict[str, float]:
    """Seconds from a click on each control to another picture."""
    page.wait_for_timeout(3000)  # until the rest of the page has run
    chart, taken = page.locator(_CHART).first, {}
    for name, span in _CONTROLS.items():
        before = chart.evaluate(_PICTURE)
        started = perf_counter()
        page.get_by_role("radio", name=span, exact=True).click()
        while chart.evaluate(_PICTURE) == before:
            page.wait_for_timeout(5)
        taken[name] = perf_counter() - started
    return taken


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measured(Path(sys.argv[1]), int(sys.argv[2]))))
