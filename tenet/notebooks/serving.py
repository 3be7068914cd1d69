"""A notebook served on loopback, by marimo in a process of its own."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING

from tenet.errors import NotebookStopped, PortTaken
from tenet.home import write_whole
from tenet.notebooks.surroundings import surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"
_QUIET = ["--quiet", "--log-level", "ERROR"]


@dataclass(frozen=True)
class Served:
    """A notebook that is being served. address: with its token, which lets in whoever has it."""

    address: str
    process: subprocess.Popen[bytes]
    folder: Path

    def wait(self) -> None:
        """Return when the server ends by itself. Raises NotebookStopped when it failed."""
        if code := self.process.wait():
            raise NotebookStopped(code)

    def page(self) -> Path:
        """A page, private to this user, that leads to the address.

        For a browser: an address on its command line would show the token to everyone on the
        machine.
        """
        page = self.folder / "open.html"
        text = f'<meta http-equiv="refresh" content="0; url={self.address}">\n'
        write_whole(page, f"<!doctype html>\n<title>tenet</title>\n{text}")
        return page


@contextmanager
def serving(
    home: Path, notebook: Path, *, port: int | None, is_edited: bool, has_token: bool
) -> Iterator[Served]:
    """Serve a notebook on loopback, ready when this yields, ended with all it started after it.

    port: None for any free one. is_edited: in marimo's editor, which writes to the file.
    Raises PortTaken, NotebookStopped.
    """
    port = _free_port(port)
    token = secrets.token_urlsafe(24) if has_token else ""
    with ExitStack() as stack:
        scratch = tempfile.TemporaryDirectory(prefix="tenet-", ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(scratch))
        own = notebook.parent / ".marimo" if is_edited else folder
        process = _started(home, notebook, own, port, token, is_edited=is_edited)
        stack.callback(_end, process)
        _await(process, port)
        query = f"?access_token={token}" if token else ""
        yield Served(f"http://{HOST}:{port}/{query}", process, folder)


def _started(
    home: Path, notebook: Path, own: Path, port: int, token: str, *, is_edited: bool
) -> subprocess.Popen[bytes]:
    told = {
        **surroundings(home, own),
        "MARIMO_ANCESTOR_PID": str(os.getpid()),  # it ends when this process is killed, too
        "PYTHONWARNINGS": "ignore:resource_tracker",  # of an editor's kernel, which is killed
    }
    arguments = ["edit" if is_edited else "run", "--headless", "--no-sandbox", "--host", HOST]
    arguments += ["--port", str(port)]
    arguments += ["--token", "--token-password-file", "-"] if token else ["--no-token"]
    process = subprocess.Popen(
        [sys.executable, "-m", "marimo", *_QUIET, *arguments, str(notebook)],
        cwd=notebook.parent,
        env=os.environ | told,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C reaches this process alone, which then ends that one
    )
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin as stdin:
        stdin.write(token.encode())  # not an argument: those, everyone on the machine may read
    return process


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    while True:
        if (code := process.poll()) is not None:
            raise NotebookStopped(code)
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server and its kernels: asked first, killed when that does not help."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=10)
    if sys.platform != "win32":
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # its session, kernels of an editor included
    process.kill()
    process.wait()


def _free_port(wanted: int | None) -> int:
    """The port itself when it is free; without one, any: neighbours would race for the first."""
    with socket.socket() as probe:
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted or 0))
        except OSError as error:
            raise PortTaken(wanted or 0, error.strerror or str(error)) from error
        port: int = probe.getsockname()[1]
    return port
