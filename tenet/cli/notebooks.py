"""`tenet notebook`: a notebook in the browser, or its charts as pictures."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tenet import notebooks
from tenet.wording import counted

if TYPE_CHECKING:
    from tenet.cli.session import Session
    from tenet.notebooks.serving import Served

_ENDS = ("SIGINT", "SIGTERM", "SIGHUP")
"""Signals that end it; the last one, of a closed terminal, not on every system."""


@click.command()
@click.argument("name", type=click.Choice(notebooks.names()), required=False)
@click.option("--edit", is_flag=True, help="Edit the home's own copy, made when there is none.")
@click.option("--port", type=click.IntRange(1, 65535), help="Else any free one.")
@click.option("--no-token", is_flag=True, help="Let in every program and user of this machine.")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.option(
    "--export",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Instead, write its charts there: PNG, SVG, and their data as Parquet.",
)
@click.pass_obj
def notebook(
    session: Session,
    name: str | None,
    edit: bool,
    port: int | None,
    no_token: bool,
    no_browser: bool,
    folder: Path | None,
) -> None:
    """Serve a notebook on this machine until Ctrl-C, and print its address.

    NAME: net_worth when left out; with --export, every notebook.
    """
    import tenet

    workspace = tenet.open(session.home, refresh_local=False)
    revision = workspace.revision  # a home without a build is told before anything starts
    if folder is not None:
        if edit or port or no_token:
            raise click.UsageError("--export serves nothing: no --edit, --port or --no-token")
        _export(session, [name] if name else notebooks.names(), folder)
        return
    name = name or "net_worth"
    path = notebooks.copied(session.home, name) if edit else notebooks.shipped(name)
    session.say(f"{name} over build {revision}")
    if edit:
        session.say(f"editing {path}; the one that ships stays as it is")
    _serve(session, path, port, is_edited=edit, has_token=not no_token, shows=not no_browser)


def _export(session: Session, names: list[str], folder: Path) -> None:
    from tenet.notebooks.pictures import export

    for name in names:
        written = export(session.home, notebooks.shipped(name), folder)
        session.say(f"{name}: wrote {counted(len(written), 'files')} to {folder}")
        for path in written:
            click.echo(path)


def _serve(session: Session, path: Path, port: int | None, *, shows: bool, **how: bool) -> None:
    from tenet.notebooks.serving import serving

    for name in _ENDS:
        if number := getattr(signal, name, None):
            signal.signal(number, _stop)
    try:
        with serving(session.home, path, port=port, **how) as served:
            click.echo(served.address)
            session.say("Ctrl-C ends it")
            if shows and _has_display():
                _show(served)
            served.wait()
    except KeyboardInterrupt:
        session.say("ended")


def _stop(*_: Any) -> None:
    raise KeyboardInterrupt


def _has_display() -> bool:
    named = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
    return named or sys.platform in ("darwin", "win32")


def _show(served: Served) -> None:
    import webbrowser

    webbrowser.open(served.page().as_uri())
