"""A real browser before real notebooks: `tenet notebook` in a process, Chromium without a network.

SCREENSHOTS names a folder that keeps the screenshots; without it they go with pytest's own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tenet.build import build
from tenet.demo import facts
from tenet.demo.landing import land
from tenet.settings import TEMPLATE, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import (
        Browser,
        ConsoleMessage,
        Page,
        Request,
        Response,
        Route,
    )

    Process = subprocess.Popen[str]
    Serve = Callable[[str], str]
    Visit = Callable[..., "Visitor"]

THROUGH = date(2026, 11, 20)
CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser"])), None)
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 180_000
"""Milliseconds until a page counts as dead: many times what it needs, for machines are shared."""
VIEWS = [("light", 1280), ("dark", 1280), ("light", 400), ("dark", 400)]
_IS_QUIET = """() => {
    const app = document.querySelector('#App')
    const shown = app && `${app.innerHTML.length} ${app.scrollHeight}`
    const loading = document.querySelectorAll('[data-testid*=loading], .animate-spin').length
    window.quiet = shown && shown === window.shown && !loading ? (window.quiet || 0) + 1 : 0
    window.shown = shown
    return window.quiet > 3
}"""


@dataclass
class Visitor:
    """One user's page.

    trouble: what went wrong in it. outside: what it asked of other hosts, and did not get.
    runs: how each run of its cells ended.
    """

    page: Page
    trouble: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE)
        self.page.context.route("**/*", self._pass_on)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)
        self.page.on("websocket", lambda socket: socket.on("framereceived", self._told))

    def open_notebook(self, address: str) -> None:
        """Go to a notebook and wait until its cells have run and its page is quiet."""
        self.runs.clear()
        self.page.goto(address)
        self.await_run()

    def await_run(self) -> None:
        """Wait until the cells have run, and for what that changes on the page."""
        for _ in range(PATIENCE // 50):
            if self.runs:
                break
            self.page.wait_for_timeout(50)
        assert self.runs, f"no cell has run; {self.trouble}"
        self.settle()

    def settle(self) -> None:
        """Wait until nothing on the page changes any more."""
        self.page.wait_for_function(_IS_QUIET, polling=100)

    def shoot(self, folder: Path, name: str) -> list[Path]:
        """Pictures of the whole page, light and dark, wide and narrow."""
        shots = []
        for theme, width in VIEWS:
            self.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            self._resize(width, 900)
            self._resize(width, self.page.evaluate("document.querySelector('#App').scrollHeight"))
            shots.append(folder / f"{name}-{theme}-{width}.png")
            self.page.screenshot(path=shots[-1])
        return shots

    def _resize(self, width: int, height: int) -> None:
        self.page.set_viewport_size({"width": width, "height": height})
        self.settle()

    def _pass_on(self, route: Route) -> None:
        if urlsplit(route.request.url).hostname == "127.0.0.1":
            route.continue_()
        else:
            self.outside.append(route.request.url)
            route.abort()

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.trouble.append(f"console: {message.text}")

    def _failed(self, request: Request) -> None:
        if request.url not in self.outside:
            self.trouble.append(f"failed: {request.url} {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.trouble.append(f"{response.status}: {response.url}")

    def _told(self, frame: str | bytes) -> None:
        """Learn from what the server tells the page how its cells fare."""
        told: dict[str, Any] = json.loads(frame)["data"]
        if told.get("op") == "completed-run":
            self.runs.append(told["outcome"])
        output = told.get("output") or {}
        if "error" in output.get("mimetype", ""):
            self.trouble.append(f"cell {told['cell_id']}: {output['data']}")


@contextmanager
def notebook_command(
    home: Path, folder: Path, *arguments: str, **environment: str
) -> Iterator[tuple[str, Process]]:
    """`tenet notebook` with these arguments as people start it, from a folder that is its HOME.

    The address that it prints, and the process, which is ended after it.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TENET_")}
    command = [sys.executable, "-m", "tenet", "--home", str(home), "notebook", *arguments]
    told = clean | {"HOME": str(folder)} | environment
    process = subprocess.Popen(command, cwd=folder, env=told, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as stdout:
        try:
            yield stdout.readline().strip(), process
        finally:
            process.terminate()
            process.wait()


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's five years through THROUGH, landed and built once."""
    home, at = tmp_path_factory.mktemp("demo") / "home", datetime(2026, 11, 21, 12, tzinfo=UTC)
    told = TEMPLATE.format(base_currency=facts.BASE_CURRENCY, timezone=facts.TIMEZONE)
    land(home, through=THROUGH, at=at)
    (home / "tenet.toml").write_text(told)
    build(load(home), through=THROUGH, at=at)
    return home


@pytest.fixture(scope="module")
def serve(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """The address at which a notebook is served on the demo's home: one server a notebook."""
    with ExitStack() as stack:
        served: dict[str, str] = {}

        def address(name: str) -> str:
            if name not in served:
                folder = tmp_path_factory.mktemp("served")
                command = notebook_command(demo_home, folder, name, "--no-browser")
                served[name], _ = stack.enter_context(command)
            return served[name]

        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium. Where there is none, tests that need it are skipped, but never in CI."""
    if CHROMIUM is None:
        reason = "no Chromium here; on Debian: apt-get install chromium"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Visit]:
    """A user with a page and cookies of their own; options as of Playwright's new_context."""
    with ExitStack() as stack:

        def visitor(**options: Any) -> Visitor:
            context = chromium.new_context(viewport={"width": 1280, "height": 900}, **options)
            stack.callback(context.close)
            return Visitor(context.new_page())

        yield visitor


@pytest.fixture
def screenshots(tmp_path: Path) -> Path:
    """Where screenshots go."""
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
