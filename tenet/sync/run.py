"""One sync: ask every provider at once, judge every account, land all of it as one landing."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from queue import Empty, Queue
from threading import Thread
from typing import TYPE_CHECKING, Any

from tenet import lake
from tenet.errors import ProviderSyncError
from tenet.frames import frame
from tenet.home import last_syncs, sync_note, write_whole
from tenet.http import make_client
from tenet.providers.result import ProviderSyncResult
from tenet.providers.scrub import scrub
from tenet.sync import rows
from tenet.sync.judge import Verdict, judge
from tenet.sync.known import Known, known_accounts
from tenet.sync.statements import State, current_statements, new_states

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence, Set
    from datetime import datetime
    from pathlib import Path

    from tenet.landings import Landing
    from tenet.providers.provider import Provider
    from tenet.providers.result import SyncWarning


@dataclass(frozen=True)
class ProviderReport:
    """How one provider's part of a sync went.

    seconds: of asking and parsing. login_days_left: None where the log-in does not end by itself.
    """

    provider: str
    result: ProviderSyncResult
    verdicts: tuple[Verdict, ...]
    seconds: float
    login_days_left: float | None = None

    @property
    def is_complete(self) -> bool:
        """No error, and every account synced or stale."""
        states = {verdict.status for verdict in self.verdicts}
        return not self.result.errors and states <= {"success", "stale"}


@dataclass(frozen=True)
class SyncReport:
    """How a sync went. landing: None where nothing came back that could be landed."""

    session_id: str
    providers: tuple[ProviderReport, ...]
    landing: Landing | None

    @property
    def is_complete(self) -> bool:
        """At least one account synced, or was stale without an error."""
        return any(
            verdict.status in ("success", "stale")
            for report in self.providers
            for verdict in report.verdicts
        )

    @property
    def exit_code(self) -> int:
        """0 all well, 3 something failed and the rest landed, 1 nothing could be done."""
        if all(report.is_complete for report in self.providers):
            return 0
        return 3 if self.is_complete else 1


def sync(
    home: Path,
    providers: Sequence[Provider],
    *,
    at: datetime,
    pause: Callable[[float], None] = time.sleep,
    told: Callable[[ProviderReport], None] = lambda _: None,
) -> SyncReport:
    """Ask the providers side by side and land what they say; only for the holder of the lock.

    at: now; it becomes the session's id and the snapshots' time. pause: how to wait between
    attempts. told: called with each provider's report as it comes in.
    A provider that fails, whatever it raises, stops no other and is recorded.
    """
    session_id = at.strftime("%Y%m%dT%H%M%S.%fZ")
    known = known_accounts(home)
    answers: Queue[tuple[Provider, ProviderSyncResult, float]] = Queue()
    for provider in providers:
        # Daemons, so that Ctrl-C need not wait for a provider that hangs: nothing is landed then.
        Thread(target=_ask, args=(provider, at, pause, answers), daemon=True).start()
    reports, tables = [], _Tables(session_id, at)
    for _ in providers:
        provider, result, seconds = _next(answers)
        prefix = f"{provider.name}:"
        own = {name: account for name, account in known.items() if name.startswith(prefix)}
        is_dated = getattr(provider, "is_dated", False)
        if is_dated:
            own = _returned(provider.name, result, own)
        verdicts = judge(provider.name, result, own)
        current = current_statements(home) if is_dated else None
        report = tables.add(provider.name, result, verdicts, seconds, current)
        if ask_days := getattr(provider, "login_days_left", None):
            report = replace(report, login_days_left=ask_days(at))
        reports.append(report)
        told(report)
    ended = SyncReport(session_id, tuple(reports), None)
    ended = replace(ended, landing=tables.land(home, ended))
    _note(home, ended, known, at)
    return ended


def _ask(
    provider: Provider, at: datetime, pause: Callable[[float], None], answers: Queue[Any]
) -> None:
    started = time.perf_counter()
    try:
        with make_client() as client:
            result = provider.parse(provider.fetch(client, at=at, pause=pause))
    except ProviderSyncError as error:
        result = ProviderSyncResult(errors=(error,))
    except Exception as error:  # noqa: BLE001 (one provider's fault must not stop the others; it is recorded)
        text = scrub(f"{type(error).__name__}: {error}", provider.secrets)
        result = ProviderSyncResult(errors=(ProviderSyncError("unknown", text, code="bug"),))
    answers.put((provider, result, time.perf_counter() - started))


def _next(answers: Queue[tuple[Provider, ProviderSyncResult, float]]) -> Any:
    """The next answer. Woken now and then, since a wait without end may miss Ctrl-C."""
    while True:
        try:
            return answers.get(timeout=0.2)
        except Empty:
            continue


class _Tables:
    """The raw rows of one session, gathered provider by provider, account by account."""

    def __init__(self, session_id: str, at: datetime) -> None:
        self.session_id, self.at, self.started = session_id, at, time.perf_counter()
        self.rows: dict[str, list[rows.Row]] = {
            name: []
            for name in (
                *("sync_sessions", "sync_log", "accounts", "account_syncs"),
                *("snapshots", "holdings", "activities"),
            )
        }

    def add(
        self,
        provider: str,
        result: ProviderSyncResult,
        verdicts: list[Verdict],
        seconds: float,
        current: Set[str] | None,
    ) -> ProviderReport:
        """Add one provider's part. current: the statements that count, where it gives such."""
        settled = [self._add_account(provider, verdict, result, current) for verdict in verdicts]
        done = [verdict for verdict, _ in settled]
        told = {(one.code, one.account_external_id, one.symbol) for one in result.warnings}
        warnings = tuple(
            one
            for _, found in settled
            for one in found
            if (one.code, one.account_external_id, one.symbol) not in told
        )
        result = replace(result, warnings=result.warnings + warnings)
        left_alone = {verdict.account_id for verdict in done if verdict.account is None}
        self.rows["activities"] += self._activities(provider, result, left_alone)
        log = rows.sync_log_row(provider, self.session_id, result, done, seconds)
        self.rows["sync_log"].append(log)
        return ProviderReport(provider, result, tuple(done), seconds)

    def _add_account(
        self,
        provider: str,
        verdict: Verdict,
        result: ProviderSyncResult,
        current: Set[str] | None,
    ) -> tuple[Verdict, list[SyncWarning]]:
        warnings: list[SyncWarning] = []
        new: list[tuple[str, rows.Row]] = []
        try:
            states = self._states(verdict, result, current)
            for state in states:
                id_and_verdict = state.snapshot_id, state.verdict
                row = rows.snapshot_row(self.session_id, *id_and_verdict, state.observed_at)
                lines, found = rows.holding_rows(*id_and_verdict)
                warnings += found
                new += [("snapshots", row), *(("holdings", line) for line in lines)]
            if verdict.has_snapshot and not states:
                verdict = replace(verdict, status="stale")
        except Exception as error:  # noqa: BLE001 (one account's fault must not stop the others; it is recorded)
            verdict = replace(verdict, status="failed", error=f"{type(error).__name__}: {error}")
            new = []
        if account := rows.account_row(provider, self.session_id, verdict):
            new.append(("accounts", account))
        new.append(("account_syncs", rows.account_sync_row(self.session_id, verdict)))
        for dataset, row in new:
            self.rows[dataset].append(row)
        return verdict, warnings

    def _states(
        self, verdict: Verdict, result: ProviderSyncResult, current: Set[str] | None
    ) -> list[State]:
        if not verdict.has_snapshot:
            return []
        if current is not None and verdict.status == "success":
            return new_states(verdict, result.history, current, self.at)
        return [State(f"{self.session_id}/{verdict.account_id}", self.at, verdict)]

    def _activities(
        self, provider: str, result: ProviderSyncResult, left_alone: set[str]
    ) -> list[rows.Row]:
        """Each activity once; those of accounts that are not landed are left out."""
        landed = {row["account_id"] for row in self.rows["accounts"]} - left_alone
        found = {}
        for activity in result.activities:
            if activity.pending or activity.activity_date is None:
                continue  # it comes again when it is booked, perhaps under another id
            try:
                row = rows.activity_row(provider, activity)
            except ValueError:
                continue  # a number that fits nowhere; activities are best effort
            if row["account_id"] in landed:
                found[row["account_id"], row["external_id"]] = row
        return list(found.values())

    def land(self, home: Path, report: SyncReport) -> Landing | None:
        self.rows["sync_sessions"].append(
            {
                "session_id": self.session_id,
                "started_at": self.at,
                "finished_at": self.at + timedelta(seconds=time.perf_counter() - self.started),
                "is_complete": report.is_complete,
                "error_message": _first_error(report),
            }
        )
        tables = {name: frame(name, found) for name, found in self.rows.items() if found}
        landing, _ = lake.land(home, "sync", tables, at=self.at, only_new=("activities",))
        return landing


def _note(home: Path, report: SyncReport, known: Mapping[str, Known], at: datetime) -> None:
    """Write down how each account's last sync went, for `tenet status`."""
    rows = {row["account_id"]: row for row in last_syncs(home)}
    for provider in report.providers:
        for verdict in provider.verdicts:
            before = known.get(verdict.account_id) or Known(verdict.account_id)
            data_at = at if verdict.status == "success" else before.observed_at
            name = before.name or (verdict.account.name if verdict.account else None)
            left = provider.login_days_left
            rows[verdict.account_id] = {
                "account_id": verdict.account_id,
                "provider": provider.provider,
                "name": name,
                "status": verdict.status,
                "error": verdict.error,
                "last_attempt_at": at.isoformat(),
                "last_data_at": data_at.isoformat() if data_at else None,
                "login_ends_at": None if left is None else (at + timedelta(left)).isoformat(),
            }
    text = json.dumps([rows[account_id] for account_id in sorted(rows)], indent=1)
    write_whole(sync_note(home), text + "\n")


def _returned(
    provider: str, result: ProviderSyncResult, known: Mapping[str, Known]
) -> dict[str, Known]:
    """The known accounts that dated statements speak of; others are kept by hand.

    A statement may be mended, so that one of the same day is not stale.
    """
    returned = {f"{provider}:{account.external_id}" for account in result.accounts}
    return {
        account_id: replace(account, balance_date=None)
        for account_id, account in known.items()
        if account_id in returned
    }


def _first_error(report: SyncReport) -> str | None:
    errors = [error for provider in report.providers for error in provider.result.errors]
    return str(errors[0]) if errors else None
