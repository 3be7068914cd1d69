"""Which answer is given: by what has moved since the last one, never by how long ago that was."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tenet import __version__
from tenet.errors import HomeNotWritable
from tenet.home import write_whole
from tenet.landings import fingerprint, landings
from tenet.summary.answer import Summary, from_text, to_text
from tenet.summary.background import BackgroundBuild
from tenet.summary.watermarks import Touched, Watermarks, touched, watermarks

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tenet.summary.answer import Row, Status


@dataclass(frozen=True)
class Kept:
    """An answer, with what it was made from.

    seen: the fingerprint of the landings that it knows. is_behind: something landed that touches
    its values, and the published build lacks it.
    timezone: whose days the build's days are.
    """

    marks: Watermarks
    seen: str
    is_behind: bool
    timezone: str
    summary: Summary


class Summaries:
    """The summaries of one home. Threads may share it; processes share the file that it keeps."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lock = Lock()
        self._kept: Kept | None = None
        self._background = BackgroundBuild(home)

    def answer(self, *, at: datetime, force: bool = False) -> Summary:
        """The summary, with the status that says how it came about.

        at: now; only a build in the background wants it, for its last day.
        Raises NoBuild, QueryFailed, LakeCorrupt.
        """
        with self._lock:
            marks = watermarks(self._home)  # first, so that whatever moves from here on is seen
            kept = None if force else self._kept_of(marks)
            if kept is None:
                return self._given(self._computed(marks), "miss")
            status: Status = "hit-revision"
            if kept.marks != marks:
                kept, status = self._moved(kept, marks)
            if kept.is_behind:
                day = at.astimezone(ZoneInfo(kept.timezone)).date()
                self._background.start(marks.landings, day)
                status = "stale"
            return self._given(kept, status)

    def _kept_of(self, marks: Watermarks) -> Kept | None:
        """The answer that was kept of the published build, here or in the file."""
        if self._kept is None or self._kept.marks.build != marks.build:
            self._kept = read_kept(self._home)
        if self._kept is None or self._kept.marks.build != marks.build:
            return None
        return self._kept

    def _computed(self, marks: Watermarks) -> Kept:
        from tenet.summary.sections import summary_of  # DuckDB, which other answers do without

        landed = landings(self._home)
        summary, build = summary_of(self._home)
        is_behind = touched(landed, build["lake"]) is Touched.VALUES
        kept = Kept(marks, fingerprint(landed), is_behind, build["timezone"], summary)
        return self._keep(kept)

    def _moved(self, kept: Kept, marks: Watermarks) -> tuple[Kept, Status]:
        """The answer after something landed, and how it came about unless it is behind now."""
        landed = landings(self._home)
        moved = touched(landed, kept.seen)
        is_behind = kept.is_behind or moved is Touched.VALUES
        kept = replace(kept, marks=marks, seen=fingerprint(landed), is_behind=is_behind)
        if is_behind or moved is Touched.NOTHING:
            return self._keep(kept), "hit-revision"
        from tenet.summary.sections import progress_of

        summary = replace(kept.summary, progress=progress_of(self._home))
        return self._keep(replace(kept, summary=summary)), "progress-section"

    def _keep(self, kept: Kept) -> Kept:
        self._kept = kept
        with suppress(HomeNotWritable, TypeError):  # else the next process computes it anew
            text = to_text({"tenet": __version__, **asdict(kept)})
            write_whole(summary_note(self._home), text)
        return kept

    def _given(self, kept: Kept, status: Status) -> Summary:
        """The answer as rows of its own, so that nobody changes the kept ones."""
        found = kept.summary
        return replace(
            found,
            status=status,
            net_worth=dict(found.net_worth) if found.net_worth else None,
            accounts=_copied(found.accounts),
            allocation=_copied(found.allocation),
            gaps=dict(found.gaps),
            progress=_copied(found.progress),
            build_error=self._background.error_of(kept.marks.landings) if kept.is_behind else None,
        )


def summary_note(home: Path) -> Path:
    """The small file that keeps the last answer, so that a new process need not open DuckDB."""
    return home / "summary.json"


def read_kept(home: Path) -> Kept | None:
    """The answer that this version of tenet kept; None when there is none that can be read."""
    try:
        found = from_text(summary_note(home).read_text())
        if found.pop("tenet") != __version__:
            return None
        marks = Watermarks(**found.pop("marks"))
        summary = found.pop("summary")
        for section in ("accounts", "allocation", "progress"):
            summary[section] = tuple(summary[section])
        return Kept(marks=marks, summary=Summary(**summary), **found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError):
        return None


def _copied(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    return tuple(dict(row) for row in rows)
