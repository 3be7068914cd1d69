"""Reading: what a script or a notebook holds. Read-only, per question, never holding the file."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tenet.errors import NoBuild, QueryFailed
from tenet.home import published, require
from tenet.summary.cache import Summaries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from typing import Any

    import polars as pl

    from tenet.database import Connection
    from tenet.summary.answer import Summary

LOOK_EVERY = timedelta(minutes=5)
"""How often one workspace looks whether a local source has grown old."""


def utc_now() -> datetime:
    """This moment: the clock of a workspace that is given no other."""
    return datetime.now(UTC)


class Workspace:
    """The published build of one home.

    Each question opens the file as it is now and closes it again, so a newer build is seen by the
    next question, and neither ever waits for the other.
    refresh_local: pull a local source first when its data grew old; see tenet.freshness.
    """

    def __init__(
        self, home: Path, *, refresh_local: bool = True, now: Callable[[], datetime] = utc_now
    ) -> None:
        self.home = require(home)
        self.refresh_local = refresh_local
        self._now = now
        self._looked_at: datetime | None = None
        self._summaries = Summaries(self.home)

    def sql(self, query: str, parameters: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """The answer to a query over the marts (`$name` takes a parameter).

        Decimals stay decimals. Raises NoBuild, QueryFailed.
        """
        from tenet.database import Error, complaint

        with self.connection() as connection:
            try:
                answer = connection.sql(query, params=dict(parameters or {}) or None)
                if answer is None:
                    raise QueryFailed("this asks for no rows")
                frame: pl.DataFrame = answer.pl()
            except Error as error:
                raise QueryFailed(complaint(error)) from error
            return frame

    def read(self, table: str) -> pl.DataFrame:
        """A whole mart, in no particular order. Raises NoBuild, QueryFailed."""
        from tenet.database import identifier

        return self.sql(f"select * from {identifier(table)}")

    @property
    def revision(self) -> str:
        """Which build the next question would be answered from."""
        return str(self.sql("select revision from build_info").item())

    def summary(self, *, force: bool = False) -> Summary:
        """Net worth, accounts, allocation, gaps and the last syncs, computed once per build.

        force: compute them anew. Its `status` says how it was answered; see tenet.summary.answer.
        Raises NoBuild.
        """
        self._pull_stale()
        return self._summaries.answer(force=force, at=self._now())

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A DuckDB connection on the build published at this moment, closed at the end.

        Several questions on one connection are answered from one build. Raises NoBuild.
        """
        from tenet.database import connect_reading

        self._pull_stale()
        path = published(self.home)
        if not path.is_file():
            raise NoBuild(self.home)
        connection = connect_reading(path)
        try:
            yield connection
        finally:
            connection.close()

    def _pull_stale(self) -> None:
        if not self.refresh_local:
            return
        at, last = self._now(), self._looked_at
        if last is None or not timedelta(0) <= at - last < LOOK_EVERY:
            self._looked_at = at  # before the pull, so that other threads read on meanwhile
            from tenet.freshness import pull_stale

            pull_stale(self.home, self._now)
