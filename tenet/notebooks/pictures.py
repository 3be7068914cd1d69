"""`tenet notebook --export`: a notebook's charts as pictures, with the data behind them.

A notebook declares a chart to be exported by giving it a public name: `worth = charts. ...`.
Nothing is fetched: vl-convert draws with what it carries.
"""

from __future__ import annotations

import json
import os
import runpy
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tenet.errors import HomeNotWritable, NotebookFailed
from tenet.notebooks.surroundings import surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator

    import altair as alt
    import polars as pl

_WIDTH = 900
_SCALE = 2.0


def export(home: Path, notebook: Path, folder: Path) -> list[Path]:
    """Run a notebook on a home, and write each chart that it names.

    For a chart `worth` of the notebook net_worth: net_worth.worth.png, .svg and .parquet (further
    frames of one chart: .2.parquet). On white, whatever the screen. Files are replaced whole.
    Returns what was written. Raises NotebookFailed, HomeNotWritable.
    """
    written: list[Path] = []
    for name, chart in charts_of(home, notebook).items():
        stem = f"{notebook.stem}.{name}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for suffix, content in drawn(chart).items():
                written.append(_replaced(folder / f"{stem}.{suffix}", content))
            for number, frame in enumerate(_frames(chart), start=1):
                part = f"{stem}.{number}" if number > 1 else stem
                written.append(_replaced(folder / f"{part}.parquet", _parquet(frame)))
        except OSError as error:
            raise HomeNotWritable(folder, error.strerror or str(error)) from error
    return written


def charts_of(home: Path, notebook: Path) -> dict[str, alt.TopLevelMixin]:
    """The charts to which a notebook gives public names, by name. Raises NotebookFailed."""
    import altair as alt

    with _surrounded(home):
        try:
            _, found = runpy.run_path(str(notebook))["app"].run()
        except Exception as error:
            raise NotebookFailed(notebook.stem, str(error)) from error
    is_chart = {name: isinstance(value, alt.TopLevelMixin) for name, value in found.items()}
    return {name: found[name] for name in sorted(found) if is_chart[name] and name[0] != "_"}


def drawn(chart: alt.TopLevelMixin) -> dict[str, bytes]:
    """A chart as PNG and as SVG, by suffix, on white."""
    import altair as alt
    import vl_convert

    with alt.data_transformers.enable("default", max_rows=None):
        spec: dict[str, Any] = chart.to_dict()
    if spec.get("width") == "container":
        spec["width"] = _WIDTH
    if "layer" in spec:
        spec["layer"] = [layer for layer in spec["layer"] if not _is_for_pointers(layer)]
    spec["background"] = "white"
    text = json.dumps(spec)
    offline: list[str] = []
    return {
        "png": vl_convert.vegalite_to_png(text, scale=_SCALE, allowed_base_urls=offline),
        "svg": vl_convert.vegalite_to_svg(text, allowed_base_urls=offline).encode(),
    }


def _is_for_pointers(layer: dict[str, Any]) -> bool:
    """Whether a layer only shows under a pointer: a mark for each day, unseen, and slow to draw."""
    opacity = layer.get("encoding", {}).get("opacity", {})
    return opacity.get("value") == 0 and "condition" in opacity


def _frames(chart: alt.TopLevelMixin) -> list[pl.DataFrame]:
    """The frames behind a chart, each once, in the order in which they are drawn."""
    import polars as pl

    parts = [chart, *getattr(chart, "layer", [])]
    frames: list[pl.DataFrame] = []
    for part in parts:
        frame = getattr(part, "data", None)
        if isinstance(frame, pl.DataFrame) and not any(frame is other for other in frames):
            frames.append(frame)
    return frames


def _parquet(frame: pl.DataFrame) -> bytes:
    content = BytesIO()
    frame.write_parquet(content)
    return content.getvalue()


def _replaced(path: Path, content: bytes) -> Path:
    aside = path.with_name(f"{path.name}.writing")
    aside.write_bytes(content)
    return aside.replace(path)


@contextmanager
def _surrounded(home: Path) -> Iterator[None]:
    """With the surroundings of a notebook, in this process."""
    before = dict(os.environ)
    os.environ.update(surroundings(home, Path(_scratch().name)))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@cache
def _scratch() -> TemporaryDirectory[str]:
    """One folder for the whole process, since marimo remembers where it found its settings."""
    return TemporaryDirectory(prefix="tenet-", ignore_cleanup_errors=True)
