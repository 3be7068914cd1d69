"""`tenet backup` and `tenet restore`: what was landed and the settings, in one archive.

A zip of raw/, tenet.toml, sync.json and a manifest.json that says the size and SHA-256 of each. All
are stored as they are, Parquet being compressed already: nothing in it unfolds to more than it is.
Secrets are in none of these files, and no other file is taken.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import struct
import tomllib
import zipfile
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tenet import __version__, lake
from tenet.database import Error, connect_reading
from tenet.errors import BackupRefused, HomeNotWritable
from tenet.home import last_build, make_private_folder, published, sync_note, writing
from tenet.landings import fingerprint, landings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tenet.landings import Landing
    from tenet.settings import Settings

FORMAT = 1
PATIENCE = 60.0

_MANIFEST = "manifest.json"
_NAME = re.compile(
    r"tenet\.toml|sync\.json|raw/[a-z]+/\d{4}-\d{2}/\w[\w.-]*/(manifest\.json|\w+\.parquet)",
    re.ASCII,
)
_VALUES = ("base_currency", "timezone", "stale_price_days")
_CHECK = """
select build_info.revision, build_info.base_currency, build_info.through_date, net_worth
from build_info
left join net_worth_daily on valuation_date = through_date
"""


class Archived(BaseModel):
    """One file of an archive."""

    name: str
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Check(BaseModel):
    """What the published build said: a build of the restored landings has to say the same.

    revision: of landings, models and settings; another one may say otherwise.
    """

    revision: str
    currency: str
    valuation_date: date
    net_worth: Decimal | None


class Manifest(BaseModel):
    """What an archive holds. check: None where no build of just these landings was published."""

    model_config = ConfigDict(extra="ignore")

    format: int
    tenet: str
    made_at: datetime
    landings: int
    settings: dict[str, str | int]
    check: Check | None
    files: list[Archived]

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(file.bytes for file in self.files)


def backup(settings: Settings, into: Path, *, at: datetime, patience: float = PATIENCE) -> Manifest:
    """Write all that is landed and the settings to the archive `into`, whole or not at all.

    An archive that is there is replaced, unless it holds more landings than the home: landings
    only ever grow, so that it may be the last place of some. at: now. patience: seconds to wait
    for another writer.
    Raises BackupRefused, LakeCorrupt when a landed file is not what was landed, RefreshRunning
    when another writer does not end in time, HomeNotWritable.
    """
    if into.exists() and not _is_backup(into):
        raise BackupRefused(into, "it is there, and is no backup of tenet", hint="name another")
    aside = into.with_name(f".{into.name}.{os.getpid()}.writing")
    try:
        while True:
            # Landings never change, so they are read without the lock: only a compaction takes
            # them away, and then all is read anew.
            with writing(settings.home, at, patience=patience):
                landed = landings(settings.home)
            _require_no_fuller(into, landed)
            try:
                manifest = _write(aside, settings, landed, at)
                break
            except FileNotFoundError:
                if all(landing.path.exists() for landing in landed):
                    raise
        aside.replace(into)
        lake.make_durable(into.parent)
    except OSError as error:
        raise HomeNotWritable(into.parent, error.strerror or str(error)) from error
    finally:
        aside.unlink(missing_ok=True)
    return manifest


def restore(archive: Path, folder: Path) -> Manifest:
    """Make `folder`, which is missing or empty, the home that was backed up, whole or not at all.

    Nothing is built: the next command is `tenet build`.
    Raises BackupRefused for an archive that is not exactly what its manifest says, HomeNotWritable.
    """
    folder = folder.resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BackupRefused(folder, "it is not empty", hint="name a folder that is, or a new one")
    aside = folder.with_name(f"{folder.name}.restoring")
    if aside.exists():
        raise BackupRefused(aside, "another restore is at work, or was killed", hint="remove it")
    try:
        with _opened(archive) as opened:
            manifest = _checked(archive, opened)
            make_private_folder(aside)
            if shutil.disk_usage(aside).free < manifest.bytes:
                raise BackupRefused(archive, f"{manifest.bytes:,} bytes do not fit on the disk")
            for file in manifest.files:
                _extract(archive, opened, file, aside)
        getattr(os, "sync", lambda: None)()
        if folder.exists():
            folder.rmdir()
        aside.rename(folder)
        lake.make_durable(folder.parent)
    except OSError as error:
        raise HomeNotWritable(folder, error.strerror or str(error)) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return manifest


def other_settings(manifest: Manifest, settings: Settings) -> dict[str, str | int]:
    """The settings that values depend on and that are not now what they were at the backup."""
    return {
        name: value
        for name, value in manifest.settings.items()
        if name in _VALUES and getattr(settings, name) != value
    }


def _write(aside: Path, settings: Settings, landed: list[Landing], at: datetime) -> Manifest:
    files = []
    with aside.open("wb") as file:
        aside.chmod(0o600)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, content in _files(settings, landed):
                if not _NAME.fullmatch(name):
                    raise BackupRefused(settings.home / name, "a name that no landing has")
                digest = hashlib.sha256(content).hexdigest()
                files.append(Archived(name=name, bytes=len(content), sha256=digest))
                archive.writestr(_entry(name), content)
            manifest = Manifest(
                format=FORMAT,
                tenet=__version__,
                made_at=at,
                landings=len(landed),
                settings={name: getattr(settings, name) for name in _VALUES},
                check=_check(settings.home, landed),
                files=files,
            )
            archive.writestr(_entry(_MANIFEST), manifest.model_dump_json(indent=1))
        file.flush()
        os.fsync(file.fileno())
    return manifest


def _files(settings: Settings, landed: list[Landing]) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file to keep; one at a time is held in memory."""
    home = settings.home
    yield "tenet.toml", _settings_text(settings).encode()
    if sync_note(home).exists():
        yield "sync.json", sync_note(home).read_bytes()
    for folder in dict.fromkeys(landing.path for landing in landed):
        lake.require_as_landed(folder)
        for path in sorted(folder.iterdir()):
            if not path.name.startswith("."):
                yield path.relative_to(home).as_posix(), path.read_bytes()


def _settings_text(settings: Settings) -> str:
    """tenet.toml, and the settings that values depend on where something else said them."""
    path = settings.home / "tenet.toml"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    said = tomllib.loads(text)
    lines = [f"{name} = {getattr(settings, name)!r}" for name in _VALUES if name not in said]
    return "\n".join([*lines, text])


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFREG | 0o600) << 16
    return entry


def _check(home: Path, landed: list[Landing]) -> Check | None:
    last = last_build(home)
    if not last or last["lake"] != fingerprint(landed):
        return None
    try:
        connection = connect_reading(published(home))
        try:
            ((revision, currency, day, worth),) = connection.execute(_CHECK).fetchall()
        finally:
            connection.close()
    except (Error, ValueError):
        return None
    return Check(revision=revision, currency=currency, valuation_date=day, net_worth=worth)


def _require_no_fuller(into: Path, landed: list[Landing]) -> None:
    if not into.exists():
        return
    with _opened(into) as opened:
        kept = _manifest(into, opened).landings
    if kept > len(landed):
        reason = f"it holds {kept:,} landings, and the home only {len(landed):,}"
        raise BackupRefused(into, reason, hint="name another file; `tenet doctor` says what went")


def _is_backup(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.getinfo(_MANIFEST).file_size > 0
    except (OSError, zipfile.BadZipFile, KeyError):
        return False


@contextmanager
def _opened(archive: Path) -> Iterator[zipfile.ZipFile]:
    try:
        file = archive.open("rb")
    except OSError as error:
        raise BackupRefused(archive, f"it cannot be read: {error.strerror}") from error
    try:
        with file, zipfile.ZipFile(file) as opened:
            yield opened
    except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError, struct.error) as error:
        reason = f"it is damaged, cut off, or no backup of tenet: {error}"
        raise BackupRefused(archive, reason, hint="name another backup") from error


def _checked(archive: Path, opened: zipfile.ZipFile) -> Manifest:
    """The manifest of an archive whose entries are plain files, and just those it names."""
    entries = opened.infolist()
    for entry in entries:
        if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
            raise BackupRefused(archive, f"{entry.filename!r} is compressed; backups never are")
        if entry.flag_bits & 1 or stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
            raise BackupRefused(archive, f"{entry.filename!r} is no plain file")
    if sum(entry.file_size for entry in entries) > archive.stat().st_size:
        raise BackupRefused(archive, "its entries are larger than it is")
    manifest = _manifest(archive, opened)
    names = [file.name for file in manifest.files]
    for name in names:
        if not _NAME.fullmatch(name):
            raise BackupRefused(archive, f"it holds {name!r}, which is no file of a home")
    found = sorted(entry.orig_filename for entry in entries)
    if found != sorted([*names, _MANIFEST]) or len({name.lower() for name in found}) < len(found):
        raise BackupRefused(archive, "it does not hold exactly the files that its manifest names")
    return manifest


def _manifest(archive: Path, opened: zipfile.ZipFile) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(opened.read(_MANIFEST))
    except KeyError as error:
        raise BackupRefused(archive, "it is no backup of tenet: it has no manifest") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BackupRefused(archive, f"its manifest is damaged: {place} {first['msg']}") from error
    if manifest.format > FORMAT:
        hint = f"install tenet {manifest.tenet} or newer"
        raise BackupRefused(archive, "a newer tenet made it", hint=hint)
    return manifest


def _extract(archive: Path, opened: zipfile.ZipFile, file: Archived, folder: Path) -> None:
    content = opened.read(file.name)
    if len(content) != file.bytes or hashlib.sha256(content).hexdigest() != file.sha256:
        raise BackupRefused(archive, f"{file.name} is not what was backed up: checksum differs")
    path = folder / file.name
    make_private_folder(path.parent)
    path.write_bytes(content)
    path.chmod(0o600)
