"""The European Central Bank: reference rates of the euro, one a working day since 1999.

Ninety days are one XML file; everything is a zipped CSV file and, slower to read, another XML file.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar
from xml.etree.ElementTree import ParseError

from defusedxml import ElementTree

from tenet.errors import ProviderSyncError
from tenet.http import LARGEST, Line, category_of, checked_base_url, make_client
from tenet.market.places import kept
from tenet.market.series import Rate
from tenet.resources import codes
from tenet.sent import number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

    Days = Iterator[tuple[str, list[tuple[str, str]]]]
    """A day and its rates by currency code, all as sent."""

HOME = "https://www.ecb.europa.eu"
FOLDER = "/stats/eurofxref/"
RECENT, HISTORY = "eurofxref-hist-90d.xml", "eurofxref-hist.zip"
FILES = (RECENT, HISTORY, "eurofxref-hist.xml")
"""In the order in which they are asked for, the first only for recent days."""
RECENT_DAYS = 89


@dataclass(frozen=True)
class Ecb:
    """The bank's host. client: makes the HTTP client."""

    base_url: str = HOME
    client: Callable[[], httpx.Client] = make_client
    name: ClassVar[str] = "ecb"

    def fetch(self, first: date, *, at: datetime, pause: Callable[[float], None]) -> list[Rate]:
        """Units of each currency for one euro from `first` on, by day and currency.

        Currencies that are none any more (those that the euro replaced) are left out, and so is a
        day or a rate that cannot be read. Raises ProviderSyncError, of category data where nothing
        of a file can be.
        """
        today = at.astimezone(UTC).date()
        is_recent = first >= today - timedelta(days=RECENT_DAYS)
        with self.client() as client:
            line = Line(client, checked_base_url("ecb.base_url", self.base_url), pause=pause)
            file, body = _asked(line, FILES if is_recent else FILES[1:])
        days = _of_zip(body) if file == HISTORY else _of_xml(body)
        try:
            rates = [rate for rate in _rates(days) if rate.rate_date <= today]
        except _UNREADABLE as error:
            raise _malformed(file, f"cannot be read ({type(error).__name__})") from error
        if not rates:
            raise _malformed(file, "holds no rates")
        by_key = {(rate.rate_date, rate.quote_currency): rate for rate in rates}
        return [by_key[key] for key in sorted(by_key) if key[0] >= first]


_UNREADABLE = (
    ParseError,
    zipfile.BadZipFile,
    zlib.error,
    csv.Error,
    EOFError,
    OSError,
    ValueError,  # XML that declares entities, too
    LookupError,  # XML in an encoding that is none
    RuntimeError,  # a zip with a password, or of a kind that Python does not know
)
"""What the readers of XML, zip and CSV raise for a body that is not what it should be."""


def _asked(line: Line, files: tuple[str, ...]) -> tuple[str, bytes]:
    """The first of some files that is there, and its name."""
    for file in files:
        answer = line.ask("GET", FOLDER + file)
        if answer.is_ok:
            return file, answer.body
        if answer.status != 404:
            break
    category, retriable = category_of(answer.status)
    if category == "auth":  # there is nothing to log in to: a gateway refuses
        category, retriable = "connection", True
    raise ProviderSyncError(
        category,
        f"{file}: HTTP {answer.status}",
        retriable=retriable,
        retry_after=answer.retry_after,
    )


def _rates(days: Days) -> Iterator[Rate]:
    known = codes("currencies") - {"EUR"}
    for day, cells in days:
        try:
            rate_date = date.fromisoformat(day.strip())
        except ValueError:
            continue
        for code, cell in cells:
            sent = number(cell) if code in known else None
            rate = kept(sent) if sent is not None else None
            if rate is not None and rate > 0:
                yield Rate("EUR", code, rate_date, rate)


def _of_xml(body: bytes) -> Days:
    """<Cube time="2026-09-17"><Cube currency="USD" rate="1.1753"/>...</Cube>, in any namespace."""
    cells: list[tuple[str, str]] = []
    for _, element in ElementTree.iterparse(io.BytesIO(body), forbid_dtd=True):
        told = element.attrib
        if "currency" in told and "rate" in told:
            cells.append((told["currency"], told["rate"]))
        elif "time" in told:
            yield told["time"], cells
            cells = []
            element.clear()


def _of_zip(body: bytes) -> Days:
    """One CSV file: `Date,USD,JPY,...,` and a line a day, with N/A where there is no rate."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        inside = [info for info in archive.infolist() if info.filename.endswith(".csv")]
        if not inside or inside[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise zipfile.BadZipFile
        with archive.open(inside[0]) as file:
            unpacked = file.read(LARGEST + 1)
    if len(unpacked) > LARGEST:
        raise zipfile.BadZipFile
    lines = csv.reader(io.StringIO(unpacked.decode("utf-8-sig", "replace")))
    header = [name.strip() for name in next(lines, [])]
    for line in lines:
        if line:
            yield line[0], list(zip(header[1:], line[1:], strict=False))


def _malformed(file: str, problem: str) -> ProviderSyncError:
    return ProviderSyncError("data", f"{file} {problem}", code="malformed")
