"""The notebooks in a real browser, served as people are served."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import httpx
import pytest
from browser import PATIENCE, THROUGH, VIEWS, notebook_command

import tenet
from tenet import notebooks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from browser import Serve, Visit, Visitor

SECRET = "Demo US brokerage"
"""The name of an account: whoever reads it has been let in."""


@pytest.mark.parametrize("name", notebooks.names())
def test_a_notebook_renders_without_trouble_and_asks_nothing_of_the_world(
    name: str, serve: Serve, visit: Visit, screenshots: Path
) -> None:
    user = visit(timezone_id="America/Los_Angeles")
    user.open_notebook(serve(name))
    shots = user.shoot(screenshots, name)
    assert set(user.runs) == {"succeeded"}
    assert (user.trouble, user.outside) == ([], [])
    drawn = user.page.locator(".vega-embed canvas").count() > 0
    assert drawn is (name != "explore")
    assert len({shot.read_bytes() for shot in shots}) == len(VIEWS)


def test_without_the_right_token_nobody_gets_anything(serve: Serve, visit: Visit) -> None:
    address = serve("net_worth")
    root = address.split("?")[0]
    for path in ("", "?access_token=", "?access_token=wrong", "api/status", "@file/1-1.csv"):
        answer = httpx.get(root + path, follow_redirects=True)
        assert SECRET not in answer.text
        assert answer.status_code == 401 or answer.url.path == "/auth/login", path
    stranger = visit()
    stranger.page.goto(f"{root}?access_token=wrong")
    told = stranger.page.evaluate(
        """() => new Promise(done => {
            const socket = new WebSocket(`ws://${location.host}/ws?session_id=s_123456`)
            socket.onmessage = message => done(message.data)
            socket.onclose = () => done('closed')
        })"""
    )
    assert told == "closed"


def pictures(user: Visitor) -> list[str]:
    """What each chart of the page shows, as it is painted."""
    charts = user.page.locator(".vega-embed canvas")
    found: list[str] = charts.evaluate_all("all => all.map(one => one.toDataURL())")
    return found


def text(user: Visitor) -> str:
    """What stands on the page, within marimo's own elements too."""
    texts: list[str] = user.page.locator("#App *").evaluate_all(
        """all => all.filter(one => one.checkVisibility()).map(
            one => [...one.childNodes].filter(node => node.nodeType === 3).map(node => node.data)
        ).flat()"""
    )
    return "\n".join(texts)


def is_told_of_a_newer_build(user: Visitor) -> bool:
    return "A newer build is published" in text(user)


def wait_until(user: Visitor, is_so: Callable[[], bool]) -> None:
    """Look again until it is so."""
    patience = time.monotonic() + PATIENCE / 1000
    while not is_so():
        assert time.monotonic() < patience, text(user)
        user.page.wait_for_timeout(200)


def test_the_numbers_of_net_worth_are_those_of_the_published_file(
    serve: Serve, visit: Visit, demo_home: Path
) -> None:
    user = visit()
    user.open_notebook(serve("net_worth"))
    workspace = tenet.open(demo_home, refresh_local=False)
    worth = workspace.sql("from net_worth_daily order by valuation_date desc limit 1")
    (row,) = worth.to_dicts()
    assert user.page.locator("h1").inner_text() == f"{row['net_worth']:,.2f} USD"
    assert f"owned {row['assets']:,.2f}, owed {row['liabilities']:,.2f}" in text(user)
    assert workspace.revision in text(user)
    values = "select market_value_base from account_values_daily where valuation_date = $day"
    for (value,) in workspace.sql(values, {"day": row["valuation_date"]}).rows():
        assert f"{value:,.2f}" in text(user)
    for name, value in workspace.sql("select name, market_value_base from holdings_current").rows():
        assert f"{value:,.2f}" in text(user), name


def test_controls_change_the_charts_and_hiding_amounts_leaves_none_on_the_page(
    serve: Serve, visit: Visit, demo_home: Path
) -> None:
    user = visit()
    user.open_notebook(serve("net_worth"))
    before = pictures(user)
    for change in (
        user.page.get_by_role("radio", name="all", exact=True).click,
        user.page.get_by_role("switch", name="log scale").click,
        user.page.get_by_role("switch", name="in money of").click,
        user.page.get_by_role("switch", name="as share").click,
        partial(user.page.get_by_label("divided by").select_option, "currency"),
    ):
        change()
        wait_until(user, lambda before=before: pictures(user) != before)
        user.settle()
        before = pictures(user)
    user.page.get_by_role("switch", name="hide amounts").click()
    workspace = tenet.open(demo_home, refresh_local=False)
    values = workspace.sql("select market_value_base from holdings_current")["market_value_base"]
    amounts = [f"{abs(value):,.2f}" for value in values]
    wait_until(user, lambda: not [one for one in amounts if one in text(user)])
    assert pictures(user) != before
    assert user.trouble == []


def test_a_holding_that_is_chosen_shows_its_history_and_its_reasons(
    serve: Serve, visit: Visit
) -> None:
    user = visit()
    user.open_notebook(serve("net_worth"))
    row = user.page.get_by_role("row").filter(has_text="DEMOSHIPS.L")
    row.get_by_role("checkbox").click()
    why = "Why Demo Shipping plc in Demo German depot is worth that"
    user.page.get_by_role("button", name=why).click()
    wait_until(user, lambda: "360 x 22.402 = 8,064.72 GBP" in text(user))
    assert user.trouble == []


def test_the_explorer_answers_a_question_of_ones_own(serve: Serve, visit: Visit) -> None:
    user = visit()
    user.open_notebook(serve("explore"))
    for query, said in (
        ("select 6 * 7 as answer", "42"),
        ("select it", 'column "it" was not found'),
    ):
        user.page.locator(".cm-content").last.click()
        user.page.keyboard.press("ControlOrMeta+A")
        user.page.keyboard.type(query)
        user.page.get_by_role("button", name="Ask").click()
        wait_until(user, lambda said=said: said in text(user))
    assert user.trouble == []


def test_a_slider_redraws_the_outlook_and_the_chance_of_success(serve: Serve, visit: Visit) -> None:
    user = visit()
    user.open_notebook(serve("scenarios"))
    outlook, chance = pictures(user)[0], success(user)
    slider = user.page.get_by_role("slider").nth(1)
    slider.focus()
    for _ in range(20):
        slider.press("ArrowRight")
    wait_until(user, lambda: success(user) < chance)
    wait_until(user, lambda: pictures(user)[0] != outlook)
    assert user.trouble == []


def success(user: Visitor) -> float:
    """The share of futures in which the plan holds, as the page says it."""
    lines = text(user).split("\n")
    label = lines.index("never short of essential spending")
    return next(float(line[:-1]) for line in lines[label:] if line.endswith("%"))


def test_the_repair_plan_is_shown_and_changes_nothing(
    serve: Serve, visit: Visit, demo_home: Path
) -> None:
    user = visit()
    user.open_notebook(serve("gaps"))
    before = (demo_home / "tenet.duckdb").read_bytes()
    user.page.get_by_role("button", name="What would mend them?").click()
    user.page.get_by_text("To build anew:").wait_for()
    assert (demo_home / "tenet.duckdb").read_bytes() == before
    assert user.trouble == []


def test_two_users_see_the_same_and_a_build_meanwhile_changes_the_note_and_not_the_page(
    serve: Serve, visit: Visit, demo_home: Path
) -> None:
    users = [visit(timezone_id="America/Los_Angeles"), visit(timezone_id="Pacific/Auckland")]
    seen = []
    for user in users:
        user.open_notebook(serve("net_worth"))
        before = text(user)
        user.page.locator(".vega-embed canvas").first.hover(position={"x": 700, "y": 150})
        tooltip = user.page.locator("#vg-tooltip-element").inner_text()
        assert "day" in tooltip
        seen.append((before, tooltip))
    assert seen[0] == seen[1]
    tomorrow = THROUGH + timedelta(1)
    build = ["--home", str(demo_home), "--today", str(tomorrow), "build"]
    subprocess.run([sys.executable, "-m", "tenet", *build], check=True, capture_output=True)
    for user in users:
        wait_until(user, partial(is_told_of_a_newer_build, user))
        assert user.page.locator("#App").get_attribute("data-connection-state") == "OPEN"
        assert str(THROUGH) in text(user)
        assert str(tomorrow) not in text(user).split("\n")
    gone, stayed = users
    gone.page.context.close()
    stayed.page.get_by_role("button", name="Run again").click()
    wait_until(stayed, lambda: str(tomorrow) in text(stayed).split("\n"))
    wait_until(stayed, lambda: not is_told_of_a_newer_build(stayed))
    assert [user.trouble for user in users] == [[], []]


def test_the_editor_works_on_a_copy_and_asks_nothing_of_the_world(
    visit: Visit, demo_home: Path, tmp_path: Path
) -> None:
    with notebook_command(demo_home, tmp_path, "--edit", "--no-browser") as (address, _):
        user = visit()
        user.open_notebook(address)
        assert user.page.locator(".vega-embed canvas").count() > 0
        assert (user.trouble, user.outside) == ([], [])
    assert (demo_home / "notebooks" / "net_worth.py").exists()
