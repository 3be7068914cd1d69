"""The notebooks in a real browser, served as people are served."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from browser import THROUGH, VIEWS, notebook_command

from tenet import notebooks

if TYPE_CHECKING:
    from pathlib import Path

    from browser import Serve, Visit

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
    assert user.page.locator(".vega-embed canvas").count() > 0
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


def test_two_users_see_the_same_wherever_they_are_and_a_build_meanwhile_disturbs_neither(
    serve: Serve, visit: Visit, demo_home: Path
) -> None:
    users = [visit(timezone_id="America/Los_Angeles"), visit(timezone_id="Pacific/Auckland")]
    seen = []
    for user in users:
        user.open_notebook(serve("net_worth"))
        before = user.page.locator("#App").inner_text()
        user.page.locator(".vega-embed canvas").first.hover(position={"x": 700, "y": 150})
        tooltip = user.page.locator("#vg-tooltip-element").inner_text()
        assert "day" in tooltip
        seen.append((before, tooltip))
    assert seen[0] == seen[1]
    tomorrow = str(THROUGH + timedelta(1))
    build = [sys.executable, "-m", "tenet", "--home", str(demo_home), "--today", tomorrow, "build"]
    subprocess.run(build, check=True, capture_output=True)
    for user in users:
        assert user.page.locator("#App").get_attribute("data-connection-state") == "OPEN"
    gone, stayed = users
    gone.page.context.close()
    stayed.runs.clear()
    stayed.page.reload()
    stayed.await_run()
    assert stayed.page.locator("#App").inner_text() != before
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
