"""`tenet notebook` as people call it: served on loopback with a token, edited, exported."""

from __future__ import annotations

import signal
import socket
import subprocess
from time import sleep
from typing import TYPE_CHECKING

import httpx
import polars as pl
import pytest
from browser import notebook_command

from tenet import notebooks
from tenet.errors import NotebookFailed
from tenet.notebooks import pictures

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from browser import Process
    from conftest import Run

    Command = Callable[..., Run]

PNG = b"\x89PNG\r\n\x1a\n"


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def command_lines() -> str:
    run = subprocess.run(["ps", "-eo", "args"], check=True, capture_output=True, text=True)
    return run.stdout


def gone(address: str) -> bool:
    """Whether nobody listens there any more, which may take a moment."""
    port = httpx.URL(address).port
    for _ in range(1200):
        try:
            socket.create_connection(("127.0.0.1", port or 0)).close()
        except OSError:
            return True
        sleep(0.05)
    return False


def ended(process: Process, by: signal.Signals) -> int:
    process.send_signal(by)
    return process.wait()


def test_a_notebook_is_served_to_who_has_the_token_until_ctrl_c(home: Path, tmp_path: Path) -> None:
    shipped = notebooks.shipped("net_worth").parent
    before = files(shipped), files(home)
    folder = tmp_path / "user"
    folder.mkdir()
    with notebook_command(home, folder, "--no-browser") as (address, process):
        root, _, token = address.partition("?access_token=")
        assert httpx.get(address, follow_redirects=True).status_code == 200
        assert httpx.get(root, follow_redirects=True).url.path == "/auth/login"
        assert "marimo" in command_lines()
        assert token not in command_lines()
        assert ended(process, signal.SIGINT) == 0
        assert gone(address)
    assert (files(shipped), files(home)) == before
    assert files(folder) == set()


def test_without_a_token_everyone_is_let_in_and_a_killed_command_takes_its_server_along(
    home: Path, tmp_path: Path
) -> None:
    with notebook_command(home, tmp_path, "--no-browser", "--no-token") as (address, process):
        assert "access_token" not in address
        assert httpx.get(address).url.path == "/"
        ended(process, signal.SIGKILL)
        assert gone(address)


def test_a_browser_is_led_to_the_address_without_showing_the_token(
    home: Path, tmp_path: Path
) -> None:
    browser = tmp_path / "browser"
    browser.write_text('#!/bin/sh\necho "$@" > "$0.told"\ncp "${1#file://}" "$0.page"\n')
    browser.chmod(0o700)
    with notebook_command(home, tmp_path, BROWSER=f"{browser} %s") as (address, _):
        page = tmp_path / "browser.page"
        while not page.exists() or not page.read_text():
            sleep(0.05)
        assert address in page.read_text()
        assert address.split("=")[1] not in (tmp_path / "browser.told").read_text()


def test_a_port_in_use_is_told(home: Path, tenet_command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = tenet_command("--home", home, "notebook", "--no-browser", "--port", port)
    assert (run.returncode, run.stdout) == (2, "")
    assert f"port {port}: Address already in use" in run.stderr


def test_editing_happens_on_a_copy_that_is_kept(home: Path) -> None:
    original = notebooks.shipped("net_worth").read_text()
    copy = notebooks.copied(home, "net_worth")
    assert copy.read_text() == original
    assert copy.is_relative_to(home)
    copy.write_text("# mine\n")
    assert notebooks.copied(home, "net_worth").read_text() == "# mine\n"
    assert notebooks.shipped("net_worth").read_text() == original


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["notebook", "networth"], 2, "net_worth"),
        (["notebook", "--port", "70000"], 2, "65535"),
        (["notebook", "--export", "out", "--edit"], 2, "--export serves nothing"),
        (["--home", "none", "notebook"], 2, "no tenet home"),
    ],
)
def test_what_cannot_be_served_is_told(
    arguments: list[str], code: int, told: str, home: Path, tenet_command: Command
) -> None:
    run = tenet_command(*arguments, TENET_HOME=str(home))
    assert (run.returncode, run.stdout) == (code, "")
    assert told in run.stderr


def test_a_home_without_a_build_is_told_before_anything_starts(
    tmp_path: Path, tenet_command: Command
) -> None:
    run = tenet_command("--home", tmp_path, "notebook")
    assert (run.returncode, "tenet build" in run.stderr) == (1, True)


def test_the_charts_of_a_notebook_are_written_as_pictures_with_their_data(
    home: Path, tmp_path: Path, tenet_command: Command
) -> None:
    out = tmp_path / "out" / "charts"
    run = tenet_command("--home", home, "notebook", "net_worth", "--export", out)
    assert run.returncode == 0, run.stderr
    written = {str(path) for path in out.iterdir()}
    assert set(run.stdout.splitlines()) == written
    stems = {path.stem for path in out.glob("net_worth.*.png")}
    assert stems
    for stem in stems:
        assert (out / f"{stem}.png").read_bytes().startswith(PNG)
        assert (out / f"{stem}.svg").read_text().startswith("<svg")
        assert not pl.read_parquet(out / f"{stem}.parquet").is_empty()
    left = (
        files(tmp_path) - files(home) - {str(path.relative_to(tmp_path)) for path in out.rglob("*")}
    )
    assert not [name for name in left if "marimo" in name or ".cache" in name]


NOTEBOOK = """
import marimo
app = marimo.App()
with app.setup:
    import polars as pl
    import tenet
    from tenet import charts
@app.cell
def _():
    history = tenet.open().sql("from net_worth_daily order by valuation_date")
    worth = charts.net_worth_over_time(history, "USD")
    _unnamed = charts.coverage_over_time(history, "USD")
    {more}
    return (history, worth)
"""


def test_what_is_exported_are_charts_with_a_public_name_and_the_marts_own_numbers(
    home: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(NOTEBOOK.format(more=""))
    written = pictures.export(home, mine, tmp_path / "out")
    assert [path.name for path in written] == [
        "mine.worth.png",
        "mine.worth.svg",
        "mine.worth.parquet",
    ]
    data = pl.read_parquet(tmp_path / "out" / "mine.worth.parquet")
    assert data["net_worth"].to_list() == [2756.4, 2756.4, 2742.5]


def test_a_notebook_that_fails_is_named_and_leaves_no_picture(home: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(NOTEBOOK.format(more="tenet.open().sql('from nowhere')"))
    with pytest.raises(NotebookFailed, match="nowhere"):
        pictures.export(home, mine, tmp_path / "out")
    assert not (tmp_path / "out").exists()
