"""Reading: what a script or a notebook holds. Read-only, per question, never holding the file."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tenet.database import Connection, Error, complaint, connect_reading, identifier
from tenet.errors import NoBuild, QueryFailed
from tenet.home import published, require

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Any

    import polars as pl


class Workspace:
    """The published build of one home.

    Each question opens the file as it is now and closes it again, so a newer build is seen by the
    next question, and neither ever waits for the other.
    """

    def __init__(self, home: Path) -> None:
        self.home = require(home)

    def sql(self, query: str, parameters: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """The answer to a query over the marts (`$name` takes a parameter).

        Decimals stay decimals. Raises NoBuild, QueryFailed.
        """
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
        return self.sql(f"select * from {identifier(table)}")

    @property
    def revision(self) -> str:
        """Which build the next question would be answered from."""
        return str(self.sql("select revision from build_info").item())

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A DuckDB connection on the build published at this moment, closed at the end.

        Several questions on one connection are answered from one build. Raises NoBuild.
        """
        path = published(self.home)
        if not path.is_file():
            raise NoBuild(self.home)
        connection = connect_reading(path)
        try:
            yield connection
        finally:
            connection.close()
