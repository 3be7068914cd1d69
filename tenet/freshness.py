"""Freshness on read: a local source whose data grew old is pulled before a question is answered.

Local is what answers from this machine, without a log-in: Wealthfolio's file and its mirror. Age is
counted from `last_data_at`, the moment of the last sync that brought an account's data, not from
the provider's own balance date, which every weekend is days old. The oldest account decides: a
live one must not hide a dead one.
"""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tenet.errors import HomeNotWritable, RefreshRunning
from tenet.home import last_build, last_syncs, write_whole, writing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tenet.providers.provider import Provider
    from tenet.settings import Settings
    from tenet.sources import Source

LOCAL = ("wealthfolio",)
"""The providers that are pulled on read."""

LEAST_PAUSE = timedelta(minutes=5)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Age:
    """How fresh a provider's accounts are: the oldest data, and the last try to renew them.

    has_failed: the last pull on read failed, or did not come to its end.
    """

    oldest: datetime
    tried: datetime
    has_failed: bool = False

    def is_due(self, at: datetime, days: int) -> bool:
        """Whether the data are older than `days`, or not built, and were not just now tried.

        After a try, whatever came of it, the next waits a 24th of these days, at least five
        minutes: what failed, or brought nothing newer, would do so again.
        """
        ttl = timedelta(days=days)
        just_tried = timedelta(0) <= at - self.tried < max(LEAST_PAUSE, ttl / 24)
        return (self.has_failed or at - self.oldest > ttl) and not just_tried


def pull_stale(home: Path, now: Callable[[], datetime]) -> None:
    """Sync every local source that is due, and publish a build of what it brought.

    Never raises and never waits for another writer: what fails is noted in pull.json and logged,
    and the reader gets what is published. Without an account of a local source only sync.json is
    looked at; the first sync of a source is the user's.
    """
    for name in LOCAL:
        at = now()
        try:
            age = age_of(home, name)
            if age and age.is_due(at, 0):  # else not with more days either: no settings are read
                _pull(home, name, now)
        except RefreshRunning:
            continue  # what it brings is read as soon as it is published
        except Exception as error:  # noqa: BLE001 (a pull must not make a read fail; it is noted)
            _tell(home, name, at, f"{type(error).__name__}: {error}")


def age_of(home: Path, provider: str) -> Age | None:
    """How fresh a provider's active accounts are; None when it has none.

    An account that never had data is older than any.
    """
    synced = [row for row in last_syncs(home) if row["provider"] == provider]
    closed = _closed_accounts(home) if synced else ()
    active = [row for row in synced if row["account_id"] not in closed]
    if not active:
        return None
    pulled = _last_tries(home).get(provider, {})
    return Age(
        oldest=min(_moment(row.get("last_data_at")) for row in active),
        tried=max(_moment(row.get("last_attempt_at")) for row in (*active, pulled)),
        has_failed=bool(pulled.get("error")),
    )


def pull_note(home: Path) -> Path:
    """The small file that tells when each local source was last pulled on read, and its error."""
    return home / "pull.json"


def _pull(home: Path, name: str, now: Callable[[], datetime]) -> None:
    from tenet.settings import load

    settings = load(home)
    provider = _provider(settings, name)
    if provider is None or not _is_due(home, name, now(), settings):
        return
    with writing(home, now()):
        at = now()
        if not _is_due(home, name, at, settings):
            return  # another reader was quicker
        _note(home, name, at, "did not come to its end")
        if problem := _sync_and_build(settings, provider, at):
            _tell(home, name, at, problem)
        else:
            _note(home, name, at, None)


def _sync_and_build(settings: Settings, provider: Provider, at: datetime) -> str | None:
    """Returns the provider's first error."""
    from zoneinfo import ZoneInfo

    from tenet.build import build
    from tenet.sync.run import sync

    report = sync(settings.home, [provider], at=at)
    build(settings, through=at.astimezone(ZoneInfo(settings.timezone)).date(), at=at)
    errors = report.providers[0].result.errors
    return str(errors[0]) if errors else None


def _provider(settings: Settings, name: str) -> Provider | None:
    from tenet.keyrings import with_keyring
    from tenet.providers.registry import make_provider

    section: Source = getattr(settings, name)
    if not section.is_enabled:
        section = with_keyring(name, section)
    return make_provider(name, section) if section.is_enabled else None


def _is_due(home: Path, name: str, at: datetime, settings: Settings) -> bool:
    age = age_of(home, name)
    return age is not None and age.is_due(at, settings.refresh_ttl_days)


def _closed_accounts(home: Path) -> set[str]:
    accounts = (last_build(home) or {}).get("accounts", ())
    return {row["account_id"] for row in accounts if not row["is_active"]}


def _tell(home: Path, name: str, at: datetime, problem: str) -> None:
    with suppress(HomeNotWritable):
        _note(home, name, at, problem)
    logging.getLogger(__name__).warning("%s could not be pulled: %s", name, problem)


def _note(home: Path, name: str, at: datetime, problem: str | None) -> None:
    tries = _last_tries(home) | {name: {"last_attempt_at": at.isoformat(), "error": problem}}
    write_whole(pull_note(home), json.dumps(tries, indent=1) + "\n")


def _last_tries(home: Path) -> dict[str, dict[str, Any]]:
    try:
        found = json.loads(pull_note(home).read_text())
        return {name: dict(row) for name, row in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _moment(text: object) -> datetime:
    """A time of a note; long ago where there is none that can be read."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return _NEVER
    return found if found.tzinfo else _NEVER
