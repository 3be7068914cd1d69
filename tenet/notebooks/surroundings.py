"""What marimo finds around it when tenet runs it: the home, and a folder for what it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenet.home import make_private_folder, write_whole

if TYPE_CHECKING:
    from pathlib import Path

_SETTINGS = """\
# What marimo is told when tenet starts it.
[display]
theme = "system" # dark where the browser is

[runtime]
auto_instantiate = true # the editor runs the cells when it opens
"""


def surroundings(home: Path, folder: Path) -> dict[str, str]:
    """The environment variables under which marimo reads `home` and writes only to `folder`.

    folder: for its settings, made when there are none, its logs and caches. Not beside the
    notebook, which may lie in a read-only installation, nor among the user's own settings.
    """
    settings = folder / "marimo" / "marimo.toml"
    make_private_folder(settings.parent)
    if not settings.exists():
        write_whole(settings, _SETTINGS)
    places = ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")
    asks_nobody = {"MARIMO_SKIP_UPDATE_CHECK": "1"}
    return {"TENET_HOME": str(home), **dict.fromkeys(places, str(folder)), **asks_nobody}
