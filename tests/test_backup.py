"""What was backed up is had again, row for row, or not at all; and no secret is in it."""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
import threading
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import AT, HOUSEHOLD, write_folder
from marts import landed_rows, marts

from tenet import lake
from tenet.backups import backup, other_settings, restore
from tenet.build import build
from tenet.compaction import compact
from tenet.errors import BackupRefused, HomeNotWritable, LakeCorrupt, RefreshRunning
from tenet.home import writing
from tenet.landings import landings
from tenet.settings import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

    Change = Callable[[dict[str, bytes], dict[str, Any]], None]

LATER = datetime(2024, 2, 6, 12, tzinfo=UTC)
DAY = date(2024, 1, 3)
SECRET = "hunter2-never-in-an-archive"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a home that is built through DAY, and an archive of it."""
    folder = tmp_path_factory.mktemp("kept")
    tables = write_folder(folder / "tables", HOUSEHOLD).iterdir()
    lake.land(folder / "home", "import", {path.stem: path for path in tables}, at=AT)
    settings = load(folder / "home", timezone="UTC")
    build(settings, through=DAY, at=AT)
    backup(settings, folder / "kept.zip", at=LATER)
    return folder


@pytest.fixture
def home(template: Path, tmp_path: Path) -> Path:
    return shutil.copytree(template / "home", tmp_path / "home")


@pytest.fixture
def archive(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(template / "kept.zip", tmp_path))


def changed(archive: Path, change: Change) -> Path:
    """The archive with other files or another manifest; each file is counted in anew."""
    with zipfile.ZipFile(archive) as opened:
        files = {name: opened.read(name) for name in opened.namelist()}
    manifest = json.loads(files.pop("manifest.json"))
    change(files, manifest)
    with zipfile.ZipFile(archive, "w") as opened:
        for name, content in files.items():
            opened.writestr(zipfile.ZipInfo(name), content)
        if manifest:
            opened.writestr(zipfile.ZipInfo("manifest.json"), json.dumps(manifest))
    return archive


def add(files: dict[str, bytes], manifest: dict[str, Any], name: str) -> None:
    files[name] = b"x"
    digest = hashlib.sha256(b"x").hexdigest()
    manifest["files"].append({"name": name, "bytes": 1, "sha256": digest})


def refused(archive: Path, folder: Path) -> str:
    """Why a restore is refused; nothing of it stays."""
    before = sorted(folder.parent.iterdir())
    with pytest.raises(BackupRefused) as told:
        restore(archive, folder)
    assert sorted(folder.parent.iterdir()) == before
    return str(told.value)


def test_what_is_restored_builds_to_the_same_rows(home: Path, tmp_path: Path) -> None:
    text = "security_id,price_date,source,close,currency,basis,observed_at\n"
    text += "AAPL,2024-01-02,yahoo,186.00,USD,split_adjusted,2024-02-06T12:00:00Z\n"
    tables = write_folder(tmp_path / "later", {"closes": text})
    lake.land(home, "prices", {"closes": tables / "closes.csv"}, at=LATER)
    settings = load(home, timezone="UTC")
    build(settings, through=DAY, at=LATER)
    compact(home, through="2024-01")
    (home / "sync.json").write_text('[{"account_id": "bank:1"}]')
    manifest = backup(settings, tmp_path / "kept.zip", at=LATER)
    assert manifest.check
    assert manifest.check.net_worth == Decimal("2742.50")
    assert restore(tmp_path / "kept.zip", tmp_path / "new" / "home") == manifest

    restored = tmp_path / "new" / "home"
    assert landed_rows(restored) == landed_rows(home)
    assert (restored / "sync.json").read_text() == (home / "sync.json").read_text()
    # Another day, another place; the time zone came with the settings.
    info, _ = build(load(restored), through=DAY, at=LATER + timedelta(days=40))
    assert info["revision"] == manifest.check.revision
    assert marts(restored) == marts(home)


def test_only_the_owner_can_read_an_archive_and_what_is_restored(
    archive: Path, tmp_path: Path
) -> None:
    restore(archive, tmp_path / "home again")
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    for path in [tmp_path / "home again", *(tmp_path / "home again").rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_no_secret_and_no_other_file_is_in_an_archive(home: Path, tmp_path: Path) -> None:
    for name in (".env", "schwab-token.json", "raw/key.json", "raw/import/token.json", "x.zip"):
        (home / name).write_text(SECRET)
    (landings(home)[0].path / ".DS_Store").write_text(SECRET)
    backup(load(home, timezone="UTC"), tmp_path / "kept.zip", at=LATER)
    assert SECRET.encode() not in (tmp_path / "kept.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "kept.zip") as opened:
        names = {name.rpartition("/")[2] for name in opened.namelist()}
    assert names == {"tenet.toml", "manifest.json", *(f"{name}.parquet" for name in HOUSEHOLD)}


def test_settings_that_the_environment_said_are_kept_and_those_of_the_file_stay(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "tenet.toml").write_text('# mine\ntimezone = "Asia/Tokyo"\n[yahoo]\nenabled = false\n')
    monkeypatch.setenv("TENET_BASE_CURRENCY", "EUR")
    manifest = backup(load(home), tmp_path / "kept.zip", at=LATER)
    monkeypatch.delenv("TENET_BASE_CURRENCY")
    restore(tmp_path / "kept.zip", tmp_path / "again")
    settings = load(tmp_path / "again")
    assert (settings.base_currency, settings.timezone) == ("EUR", "Asia/Tokyo")
    assert not settings.yahoo.enabled
    assert other_settings(manifest, settings) == {}
    monkeypatch.setenv("TENET_TIMEZONE", "UTC")
    assert other_settings(manifest, load(tmp_path / "again")) == {"timezone": "Asia/Tokyo"}


def test_an_archive_of_a_home_without_a_current_build_has_nothing_to_compare_with(
    home: Path, tmp_path: Path
) -> None:
    (home / "tenet.duckdb").write_bytes(b"not a database")
    assert backup(load(home, timezone="UTC"), tmp_path / "a.zip", at=LATER).check is None
    (home / "tenet.duckdb").unlink()
    assert backup(load(home, timezone="UTC"), tmp_path / "b.zip", at=LATER).check is None
    shutil.rmtree(home / "raw")
    manifest = backup(load(home, timezone="UTC"), tmp_path / "c.zip", at=LATER)
    assert (manifest.landings, manifest.check) == (0, None)
    restore(tmp_path / "c.zip", tmp_path / "nothing landed")
    assert landings(tmp_path / "nothing landed") == []


def test_an_older_archive_is_replaced_and_any_other_file_is_not(
    home: Path, archive: Path, tmp_path: Path
) -> None:
    settings = load(home, timezone="UTC")
    assert backup(settings, archive, at=LATER + timedelta(days=1)).made_at > LATER
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        other.writestr("letter.txt", "dear")
    (tmp_path / "letter.txt").write_text("dear")
    for name in ("other.zip", "letter.txt", "home"):
        with pytest.raises(BackupRefused, match="no backup of tenet"):
            backup(settings, tmp_path / name, at=LATER)
    with pytest.raises(HomeNotWritable):
        backup(settings, tmp_path / "nowhere" / "kept.zip", at=LATER)


def test_an_archive_that_holds_more_than_the_home_is_not_replaced(
    home: Path, archive: Path
) -> None:
    before = archive.read_bytes()
    shutil.rmtree(landings(home)[0].path)
    with pytest.raises(BackupRefused, match="only 0"):
        backup(load(home, timezone="UTC"), archive, at=LATER)
    assert archive.read_bytes() == before


def test_a_damaged_landing_is_told_and_the_older_archive_stays(home: Path, archive: Path) -> None:
    before = archive.read_bytes()
    path = landings(home)[0].path / "closes.parquet"
    path.write_bytes(path.read_bytes().replace(b"yahoo", b"yahaa"))
    with pytest.raises(LakeCorrupt, match="checksum differs"):
        backup(load(home, timezone="UTC"), archive, at=LATER)
    assert archive.read_bytes() == before
    assert not [*archive.parent.glob(".*")]


def test_a_backup_waits_for_another_writer_only_so_long(home: Path, tmp_path: Path) -> None:
    with writing(home, AT), pytest.raises(RefreshRunning):
        backup(load(home, timezone="UTC"), tmp_path / "kept.zip", at=LATER, patience=0.1)
    assert not (tmp_path / "kept.zip").exists()


def test_a_backup_while_landings_are_merged_holds_all_of_them(home: Path, tmp_path: Path) -> None:
    for day in range(1, 29):
        text = "security_id,price_date,source,close,currency,basis,observed_at\n"
        text += f"X,2024-02-{day:02},yahoo,1,USD,as_traded,2024-02-28T12:00:00Z\n"
        tables = write_folder(tmp_path / f"{day}", {"closes": text})
        at = datetime(2020 + day % 7, 1 + day % 2, day, tzinfo=UTC)
        lake.land(home, "prices", {"closes": tables / "closes.csv"}, at=at)
    rows, settings = landed_rows(home), load(home, timezone="UTC")

    def merge() -> None:
        with writing(home, AT, patience=60):
            compact(home, through="2030-01")

    thread = threading.Thread(target=merge)
    thread.start()
    number = 0
    while thread.is_alive() or number == 0:
        number += 1
        backup(settings, tmp_path / f"{number}.zip", at=LATER)
    thread.join()
    for each in range(1, number + 1):
        restore(tmp_path / f"{each}.zip", tmp_path / f"home {each}")
        assert landed_rows(tmp_path / f"home {each}") == rows


def test_a_folder_that_is_not_empty_is_refused(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    assert "not empty" in refused(archive, tmp_path / "full")
    assert "not empty" in refused(archive, tmp_path / "full" / "letter.txt")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    restore(archive, tmp_path / "link")
    assert landings(tmp_path / "empty")
    (tmp_path / "new.restoring").mkdir()
    assert "another restore" in refused(archive, tmp_path / "new")


@pytest.mark.parametrize(
    "name",
    [
        *("../evil.parquet", "/etc/evil", "raw/../../evil.parquet", "raw\\evil.parquet", "C:evil"),
        *("raw/import/2024-01/../x.parquet", "raw/import/2024-01/x/y/z.parquet", ".env", "raw/"),
        *("tenet.duckdb", "raw/import/2024-01/x/a.parquet\n", "raw/import/2024-01/.x/a.parquet"),
    ],
)
def test_names_that_no_home_has_are_refused(archive: Path, tmp_path: Path, name: str) -> None:
    changed(archive, lambda files, manifest: add(files, manifest, name))
    assert "no file of a home" in refused(archive, tmp_path / "new")
    assert not [*tmp_path.rglob("*evil*")]


def _closes(files: dict[str, bytes]) -> str:
    return next(name for name in files if name.endswith("closes.parquet"))


def _drop(files: dict[str, bytes], _: dict[str, Any]) -> None:
    files.popitem()


def _alter(files: dict[str, bytes], _: dict[str, Any]) -> None:
    files[_closes(files)] = files[_closes(files)].replace(b"yahoo", b"yahaa")


def _grow(files: dict[str, bytes], _: dict[str, Any]) -> None:
    files[_closes(files)] += b"x" * 1000


CHANGES: dict[str, tuple[Change, str]] = {
    "a file more": (lambda files, _: files.update({"tenet.toml ": b""}), "does not hold exactly"),
    "a file less": (_drop, "does not hold exactly"),
    "another content": (_alter, "checksum differs"),
    "a longer file": (_grow, "checksum differs"),
    "no manifest": (lambda _, manifest: manifest.clear(), "it has no manifest"),
    "another manifest": (lambda _, manifest: manifest.update(files=7), "manifest is damaged"),
    "a negative size": (lambda _, m: m["files"][0].update(bytes=-1), "manifest is damaged"),
    "a wrong size": (lambda _, m: m["files"][0].update(bytes=10**18), "do not fit on the disk"),
    "a newer format": (lambda _, manifest: manifest.update(format=2), "a newer tenet"),
    "a name twice": (lambda _, m: m["files"].append(m["files"][0]), "does not hold exactly"),
    "two names but for case": (
        lambda files, m: add(files, m, _closes(files).replace("closes", "CLOSES")),
        "does not hold exactly",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_archive_that_is_not_what_its_manifest_says_is_refused(
    archive: Path, tmp_path: Path, change: str
) -> None:
    alter, reason = CHANGES[change]
    assert reason in refused(changed(archive, alter), tmp_path / "new")


def test_links_packed_files_and_names_that_repeat_are_refused(
    archive: Path, tmp_path: Path
) -> None:
    def refused_with(name: str, mode: int, *, packed: bool = False) -> str:
        copy = shutil.copy(archive, tmp_path / "copy.zip")
        entry = zipfile.ZipInfo(name)
        entry.external_attr = mode << 16
        with zipfile.ZipFile(copy, "a") as opened:
            content = b"0" * 10_000_000 if packed else b"/etc/passwd"
            kind = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
            opened.writestr(entry, content, kind)
        return refused(copy, tmp_path / "new")

    assert "no plain file" in refused_with("sync.json", stat.S_IFLNK | 0o777)
    assert "no plain file" in refused_with("sync.json", stat.S_IFIFO)
    assert "backups never are" in refused_with("sync.json", 0, packed=True)
    with pytest.warns(UserWarning, match="Duplicate name"):
        assert "does not hold exactly" in refused_with("tenet.toml", 0)


def test_entries_that_share_their_bytes_are_refused(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive, "a") as opened:
        (first,) = (entry for entry in opened.infolist() if entry.filename == "tenet.toml")
        for number in range(10_000):
            copy = zipfile.ZipInfo(f"raw/import/2024-01/x{number}/closes.parquet")
            copy.header_offset, copy.CRC = first.header_offset, first.CRC
            copy.file_size = copy.compress_size = 10**6
            opened.filelist.append(copy)
        opened._didModify = True  # the directory of entries is written anew
    assert "larger than it is" in refused(archive, tmp_path / "new")


def test_a_cut_or_altered_archive_is_refused_wherever_that_is(
    archive: Path, tmp_path: Path
) -> None:
    whole = archive.read_bytes()
    for cut in range(0, len(whole), 997):
        archive.write_bytes(whole[:cut])
        refused(archive, tmp_path / "new")
    changes = 0
    for place in range(0, len(whole), 61):
        archive.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            restore(archive, tmp_path / "new")
        except BackupRefused:
            changes += 1
        else:  # a byte that says nothing, such as a date; then all is as it was
            for path in (tmp_path / "new").rglob("*.parquet"):
                assert path.read_bytes() in whole
            shutil.rmtree(tmp_path / "new")
    assert changes > len(whole) / 61 / 2
    assert "cannot be read" in refused(tmp_path / "no.zip", tmp_path / "new")
    assert "cannot be read" in refused(tmp_path, tmp_path / "new")


def test_the_commands_lead_from_one_home_to_the_next(
    home: Path, tmp_path: Path, tenet_command: Callable[..., Run]
) -> None:
    kept = tenet_command("--home", home, "backup", tmp_path / "kept.zip", "--json")
    told = json.loads(kept.stdout)
    assert (told["landings"], told["check"]["valuation_date"]) == (1, "2024-01-03")
    assert "wrote 1 landing" in kept.stderr
    done = tenet_command("restore", tmp_path / "kept.zip", tmp_path / "again")
    assert "next: tenet --home" in done.stderr
    assert "build --today 2024-01-03" in done.stderr
    assert "2,742.50 USD on 2024-01-03" in done.stderr
    again = ("--home", tmp_path / "again")
    assert tenet_command(*again, "build", "--today", "2024-01-03").returncode == 0
    assert "2,742.50 USD" in tenet_command(*again, "networth").stdout
    twice = tenet_command("restore", tmp_path / "kept.zip", tmp_path / "again")
    assert (twice.returncode, "it is not empty" in twice.stderr) == (1, True)
    other = tenet_command(
        "restore", tmp_path / "kept.zip", tmp_path / "x", TENET_TIMEZONE="Asia/Tokyo"
    )
    assert "sets another timezone; the backup was made with UTC" in other.stderr
    (home / "tenet.toml").write_text(f'[ibkr]\ntoken = "{SECRET}"\n')
    refused_ = tenet_command("--home", home, "backup", tmp_path / "kept.zip")
    assert (refused_.returncode, SECRET in refused_.stdout + refused_.stderr) == (2, False)
