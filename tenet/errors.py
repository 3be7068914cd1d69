"""Every exception of tenet.

    TenetError                  exit 1: the run failed
    ├── ConfigError             exit 2: a setting is unknown or wrong
    ├── HomeMissing             exit 2: there is no home folder there
    ├── RefreshRunning          exit 75: another writer is at work
    ├── HomeNotWritable         the home cannot be written to (permission, full disk)
    ├── InputRefused            rows to land are not what they should be
    │   ├── UnknownDataset
    │   ├── SchemaMismatch
    │   ├── DuplicateKey
    │   └── UnknownReference
    ├── NothingToImport         an import folder without any dataset
    ├── NotADemoHome            exit 2: the demo is kept out of a real household's home
    ├── LakeCorrupt             a landed file cannot be read
    ├── BackupRefused           an archive is no whole backup, or its place is not free
    ├── ModelFailed             a model of sql/ does not parse or run
    ├── KeyViolated             a model's keys are null or not unique
    ├── NoRay                   exit 2: the extra for builds on many machines is not installed
    ├── ClusterRefused          a cluster cannot be joined, or does not accept the token
    ├── ClusterFailed           a cluster lost its nodes, or a task more often than it is retried
    ├── OtherRules              a node of a cluster has other models than the one that asks
    ├── OutputRefused           exit 2: a folder cannot take the tables of a build
    ├── NoBuild                 nothing is published yet
    ├── NothingKnown            exit 2: nothing was landed by the day that is asked for
    ├── NotFound                exit 2: no account, holding or snapshot of that name
    ├── UnknownClass            exit 2: no asset class of that name
    ├── ReservedName            exit 2: an asset class cannot be called that
    ├── WrongSum                exit 2: shares, targets or weights do not add up
    ├── NotEnough               exit 2: more is to be withdrawn than can be moved
    ├── NothingToRebalance      exit 2: no class has a target, or nothing is held of any
    ├── QueryFailed             an ad-hoc query is wrong
    ├── TooManyPoints           a chart was given more rows than it may send
    ├── NotebookFailed          a notebook raised an error while it ran
    ├── NotebookStopped         the server of a notebook ended by itself
    ├── PortTaken               exit 2: a notebook cannot be served on that port
    ├── NotScheduled            the system's scheduler cannot be told
    ├── ScenarioInvalid         exit 2: a scenario of the planner contradicts itself
    ├── ScenarioChanged         somebody else has edited the scenario meanwhile
    ├── ScenarioExists          exit 2: a scenario of that name is there already
    ├── ScenarioReadOnly        exit 2: a grid is not edited, and its parent not deleted
    ├── InputOutOfRange         exit 2: a number given to the planner is not allowed
    ├── ReturnsRefused          exit 2: a table of returns is missing, short or has wrong columns
    ├── DayTooEarly             exit 2: a report was asked for a day before the first
    ├── NoPrices                exit 2: a benchmark has no price on a day that needs one
    ├── BenchTooLarge           exit 2: disk or memory do not allow a household of that size
    ├── BenchRegressed          something costs half as much again as it did
    └── DayTooLate              exit 2: a report was asked for a day after the last

Each takes facts, keeps them as attributes and writes its own message and hint.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from decimal import Decimal
    from pathlib import Path


class TenetError(Exception):
    """Base of all: a message that says what and where, a hint that says what to do next."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        """Whole, as it crosses to another process: its class is not made from its message."""
        return _as_it_was, (type(self), self.args, self.__dict__)


class ConfigError(TenetError):
    """A setting is unknown or has a value that cannot be used."""

    exit_code = 2

    def __init__(self, setting: str, problem: str, *, known: Iterable[str] = ()) -> None:
        self.setting, self.problem = setting, problem
        super().__init__(f"setting {setting}: {problem}", hint=_did_you_mean(setting, known))


class HomeMissing(TenetError):
    """There is no home folder at the place asked for."""

    exit_code = 2

    def __init__(self, home: Path) -> None:
        self.home = home
        super().__init__(
            f"no tenet home at {home}",
            hint="make one with `tenet init` or `tenet import DIR`, or name one with --home DIR",
        )


class HomeNotWritable(TenetError):
    """The home cannot be written to: permission, a full disk, a read-only file system."""

    def __init__(self, home: Path, reason: str) -> None:
        self.home, self.reason = home, reason
        super().__init__(
            f"cannot write to {home}: {reason}",
            hint="free space or mend the permissions, then run the same command again; "
            "what was landed and published before is untouched",
        )


class RefreshRunning(TenetError):
    """Another process is writing to this home."""

    exit_code = 75

    def __init__(self, home: Path, holder: str) -> None:
        self.home, self.holder = home, holder
        super().__init__(
            f"another tenet is writing to {home} ({holder})",
            hint="wait for it, then run this again",
        )


class InputRefused(TenetError):
    """Rows that were to be landed are not what they should be. Nothing was landed."""


class UnknownDataset(InputRefused):
    """A name that is no dataset of tenet/schemas.py."""

    def __init__(self, dataset: str, known: Iterable[str]) -> None:
        self.dataset = dataset
        names = sorted(known)
        super().__init__(
            f"unknown dataset {dataset}",
            hint=_did_you_mean(dataset, names) or f"datasets are {', '.join(names)}",
        )


class SchemaMismatch(InputRefused):
    """A column is missing, has the wrong type, or holds a value that it must not hold."""

    def __init__(
        self,
        dataset: str,
        column: str,
        problem: str,
        *,
        source: str = "",
        row: int | None = None,
        hint: str = "",
    ) -> None:
        self.dataset, self.column, self.problem = dataset, column, problem
        self.source, self.row = source, row
        where = f" ({_place(source, row)})" if source or row is not None else ""
        super().__init__(f"{dataset}.{column}: {problem}{where}", hint=hint)


class DuplicateKey(InputRefused):
    """Two rows of one landing have the same key."""

    def __init__(self, dataset: str, key: str, *, source: str, rows: tuple[int, int]) -> None:
        self.dataset, self.key, self.source, self.rows = dataset, key, source, rows
        super().__init__(
            f"{dataset}: two rows have the key {key} "
            f"({_place(source, f'{rows[0]} and {rows[1]}')})",
            hint="keep one of them; a correction is a landing of its own",
        )


class UnknownReference(InputRefused):
    """A row names a thing that is neither in this landing nor in the lake."""

    def __init__(
        self, dataset: str, column: str, value: str, refers_to: str, *, source: str, row: int
    ) -> None:
        self.dataset, self.column, self.value, self.row = dataset, column, value, row
        super().__init__(
            f"{dataset}.{column}: {value!r} is not among the {refers_to} ({_place(source, row)})",
            hint=f"land the row of {refers_to} with it or before it",
        )


class NothingToImport(TenetError):
    """The folder to import holds no dataset."""

    def __init__(self, folder: Path, known: Iterable[str]) -> None:
        self.folder = folder
        super().__init__(
            f"nothing to import in {folder}",
            hint=f"expected files such as holdings.parquet or closes.csv; datasets are "
            f"{', '.join(sorted(known))}",
        )


class NotADemoHome(TenetError):
    """The home holds accounts that are not of the demo. Real and invented are never mixed."""

    exit_code = 2

    def __init__(self, home: Path, accounts: list[str]) -> None:
        self.home, self.accounts = home, accounts
        others = f" and {len(accounts) - 3} more" if len(accounts) > 3 else ""
        super().__init__(
            f"{home} holds accounts that are not of the demo: {', '.join(accounts[:3])}{others}",
            hint="give the demo a home of its own: tenet --home DIR demo",
        )


class LakeCorrupt(TenetError):
    """A file of the lake, or one to be landed, cannot be read."""

    def __init__(self, path: Path | str, reason: str, *, hint: str = "") -> None:
        self.path, self.reason = path, reason
        super().__init__(
            f"cannot read {path}: {reason}",
            hint=hint or "replace the file from its source or a backup",
        )


class BackupRefused(TenetError):
    """An archive is no whole backup of tenet, or its place is not free. Nothing was changed."""

    def __init__(self, path: Path, reason: str, *, hint: str = "") -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path}: {reason}", hint=hint)


class ModelFailed(TenetError):
    """A model does not parse or does not run. The published build stays as it was."""

    def __init__(self, model: str, line: int, reason: str) -> None:
        self.model, self.line, self.reason = model, line, reason
        super().__init__(f"{model}:{line}: {reason}", hint="the published build is unchanged")


class KeyViolated(TenetError):
    """The rows of a model do not have the keys that its header promises."""

    def __init__(self, model: str, keys: str, count: int, example: str) -> None:
        self.model, self.keys, self.count, self.example = model, keys, count, example
        super().__init__(
            f"{model}: keys ({keys}) are null or repeated in {count} places, first {example}",
            hint="the published build is unchanged",
        )


class NoRay(TenetError):
    """Ray is not installed."""

    exit_code = 2

    def __init__(self) -> None:
        super().__init__(
            "--engine ray needs the extra ray", hint="install it: pip install 'tenet[ray]'"
        )


class ClusterRefused(TenetError):
    """A cluster cannot be joined."""

    def __init__(self, address: str, reason: str, *, hint: str = "") -> None:
        self.address, self.reason = address, reason
        super().__init__(f"no Ray cluster at {address}: {reason}", hint=hint)


class ClusterFailed(TenetError):
    """A cluster could not carry out its work. What was published before is untouched."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"the cluster failed: {reason}",
            hint="the output of before is untouched; `ray status` tells of the nodes, "
            "and more shards need less memory each",
        )


class OtherRules(TenetError):
    """A node would value by other models than the process that asked it to."""

    def __init__(self, here: str, wanted: str) -> None:
        self.here, self.wanted = here, wanted
        super().__init__(
            f"a node of the cluster has other models ({here}, not {wanted})",
            hint="install the same tenet on every node, then run the same command again",
        )


class OutputRefused(TenetError):
    """A folder cannot take the tables of a build. Nothing was written to it."""

    exit_code = 2

    def __init__(self, folder: Path, reason: str) -> None:
        self.folder, self.reason = folder, reason
        super().__init__(f"{folder}: {reason}", hint="give --out a new folder, or an empty one")


class NoBuild(TenetError):
    """There is no published build to read."""

    def __init__(self, home: Path) -> None:
        self.home = home
        super().__init__(f"nothing is built in {home} yet", hint="run `tenet build`")


class NothingKnown(TenetError):
    """Nothing had been landed by a day."""

    exit_code = 2

    def __init__(self, day: date) -> None:
        self.day = day
        super().__init__(
            f"nothing was landed by the end of {day}",
            hint="`tenet status` says when the landings begin",
        )


class QueryFailed(TenetError):
    """DuckDB refused a query."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason, hint='`tenet sql "show tables"` lists what can be asked')


class TooManyPoints(TenetError):
    """A chart was given more rows than a screen has pixels for. Nothing was drawn."""

    def __init__(self, chart: str, rows: int, most: int) -> None:
        self.chart, self.rows, self.most = chart, rows, most
        super().__init__(
            f"{chart}: {rows:,} rows, and a chart sends {most:,} at most",
            hint="take the last day of each week or month in the query, as "
            "tenet.charts.resolution tells, or fewer series",
        )


class NotebookFailed(TenetError):
    """A notebook raised an error while it ran."""

    def __init__(self, notebook: str, reason: str) -> None:
        self.notebook, self.reason = notebook, reason
        super().__init__(
            f"notebook {notebook}: {reason}", hint=f"`tenet notebook {notebook}` shows where"
        )


class NotebookStopped(TenetError):
    """The server of a notebook ended by itself, or could not start."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(
            f"the notebook's server ended with code {code}", hint="what it said stands above"
        )


class PortTaken(TenetError):
    """Another program listens on the port, or it is not open to this user."""

    exit_code = 2

    def __init__(self, port: int, reason: str) -> None:
        self.port, self.reason = port, reason
        super().__init__(
            f"port {port}: {reason}",
            hint="name another with --port; without it a free one is found",
        )


class NotScheduled(TenetError):
    """The system's scheduler cannot be told. What it had before is as it was."""

    def __init__(self, thing: str, reason: str, *, hint: str) -> None:
        self.thing, self.reason = thing, reason
        super().__init__(f"{thing}: {reason}", hint=hint)


class DayTooEarly(TenetError):
    """A report was asked for a day that the build does not reach."""

    exit_code = 2

    def __init__(self, day: date, first: date | None) -> None:
        self.day, self.first = day, first
        super().__init__(f"no values on {day}", hint=f"values begin on {first}" if first else "")


class BenchTooLarge(TenetError):
    """There is not the disk, or not the memory, to measure a household of that size."""

    exit_code = 2

    def __init__(self, size: str, what: str, needed: int, there: int) -> None:
        self.size, self.what, self.needed, self.there = size, what, needed, there
        super().__init__(
            f"the size {size} needs {needed / 1e9:.0f} GB of {what}, and there are "
            f"{there / 1e9:.0f} GB",
            hint="name a folder on a larger disk with --keep, or another --size"
            if what == "disk"
            else "name another --size",
        )


class BenchRegressed(TenetError):
    """Ratios of costs are worse by half than the committed ones."""

    def __init__(self, worse: Mapping[str, tuple[float, float]]) -> None:
        self.worse = worse
        told = "; ".join(f"{name}: {now:.2f}, was {was:.2f}" for name, (now, was) in worse.items())
        super().__init__(
            f"slower by half than the baseline: {told}",
            hint="find the cause with `tenet bench --size small`, or, if it is meant, renew "
            "the baseline with `tenet bench regressions --renew` and say why",
        )


class DayTooLate(TenetError):
    """A report was asked for a day that the build does not reach yet."""

    exit_code = 2

    def __init__(self, day: date, last: date) -> None:
        self.day, self.last = day, last
        super().__init__(
            f"no values on {day} yet", hint=f"values end on {last}; `tenet build` renews them"
        )


class NoPrices(TenetError):
    """A security that is compared with has no price on or before a day."""

    exit_code = 2

    def __init__(self, security_id: str, day: date, first: date | None) -> None:
        self.security_id, self.day, self.first = security_id, day, first
        super().__init__(
            f"no price of {security_id} on or before {day}",
            hint=f"its prices begin on {first}; ask with --from {first}"
            if first
            else "land its closes: `tenet import DIR` with closes.csv, then `tenet build`",
        )


class ScenarioInvalid(TenetError):
    """A scenario is not what it should be: each problem with its field, the given, the allowed."""

    exit_code = 2

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("the scenario cannot be used:\n" + "\n".join(problems))


class ScenarioChanged(TenetError):
    """A scenario is no longer what an edit was made on. Nothing was written."""

    def __init__(self, name: str, made_on: str, now: str) -> None:
        self.name, self.made_on, self.now = name, made_on, now
        super().__init__(
            f"scenario {name!r} was edited meanwhile: the edit was made on version {made_on}, "
            f"it is at {now}",
            hint=f"nothing was written; look at `tenet scenario show {name!r}`, then edit that",
        )


class ScenarioExists(TenetError):
    """A scenario of that name is there already. Nothing was written."""

    exit_code = 2

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"there is a scenario {name!r} already",
            hint="give another name, or change it with `tenet scenario edit`",
        )


class ScenarioReadOnly(TenetError):
    """A grid, or one of its scenarios, was to be edited, or what a grid is made of deleted."""

    exit_code = 2

    def __init__(self, name: str, reason: str, *, hint: str) -> None:
        self.name, self.reason = name, reason
        super().__init__(f"scenario {name!r}: {reason}; nothing was written", hint=hint)


class InputOutOfRange(TenetError):
    """An argument of a planning function is outside of what is allowed."""

    exit_code = 2

    def __init__(self, name: str, given: object, allowed: str) -> None:
        self.name, self.given, self.allowed = name, given, allowed
        super().__init__(f"{name}: given {given}; allowed is {allowed}")


class ReturnsRefused(TenetError):
    """A table of past returns cannot be used."""

    exit_code = 2

    def __init__(self, problem: str, *, hint: str = "") -> None:
        self.problem = problem
        super().__init__(f"table of returns: {problem}", hint=hint)


class NotFound(TenetError):
    """No thing of that name, or several."""

    exit_code = 2

    def __init__(self, thing: str, name: str, known: Iterable[str]) -> None:
        self.thing, self.name = thing, name
        names = sorted(known)
        listed = f"known: {', '.join(names[:10])}" if names else "there is none yet"
        super().__init__(f"no one {thing} {name!r}", hint=_did_you_mean(name, names) or listed)


class UnknownClass(TenetError):
    """No asset class has that name."""

    exit_code = 2

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        names = sorted(known)
        found = _did_you_mean(name, names) or f"there are {', '.join(names)}"
        super().__init__(
            f"no asset class {name!r}", hint=f"{found}; `tenet classify --class NAME` makes one"
        )


class ReservedName(TenetError):
    """An asset class cannot be called that."""

    exit_code = 2

    def __init__(self, name: str, reserved: Iterable[str]) -> None:
        self.name = name
        super().__init__(
            f"an asset class cannot be called {name!r}",
            hint=f"blank, {' and '.join(reserved)} have a meaning of their own",
        )


class WrongSum(TenetError):
    """Shares, targets or weights do not add up to what they must. Nothing was written."""

    exit_code = 2

    def __init__(self, what: str, parts: Mapping[str, Decimal], wanted: Decimal) -> None:
        self.what, self.parts, self.wanted = what, parts, wanted
        total = sum(parts.values())
        listed = ", ".join(f"{name} {_plain(part)}" for name, part in parts.items())
        super().__init__(
            f"{what} add up to {_plain(total)}, not {_plain(wanted)}: {listed or 'none'}",
            hint="give them all in one command; nothing was written",
        )


class NotEnough(TenetError):
    """More is to be withdrawn than can be moved."""

    exit_code = 2

    def __init__(self, wanted: Decimal, there: Decimal) -> None:
        self.wanted, self.there = wanted, there
        super().__init__(
            f"{wanted:,.2f} cannot be withdrawn",
            hint=f"{there:,.2f} can be moved; houses, illiquid accounts and classes without a "
            "target are left alone",
        )


class NothingToRebalance(TenetError):
    """No class has a target, or nothing is held of any that has."""

    exit_code = 2

    def __init__(self) -> None:
        super().__init__(
            "there is nothing to rebalance: no class has a target, or none of them is held",
            hint="`tenet classify targets Stocks=0.6 Bonds=0.3 Cash=0.1` sets targets",
        )


class ProviderSyncError(TenetError):
    """A provider, an institution or an account could not be read.

    category: auth, connection, rate_limit, data or unknown. code: the provider's own.
    The message is for people and holds no secret: whoever makes one scrubs the provider's text.
    """

    def __init__(
        self,
        category: str,
        message: str,
        *,
        retriable: bool = False,
        code: str | None = None,
        institution: str | None = None,
        account_external_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.category, self.retriable, self.code = category, retriable, code
        self.institution, self.account_external_id = institution, account_external_id
        self.retry_after = retry_after
        super().__init__(message, hint=_PROVIDER_HINTS.get(category, ""))


_PROVIDER_HINTS = {
    "auth": "log in again at the provider, then `tenet connect`",
    "connection": "try again later",
    "rate_limit": "wait before the next sync",
}


def _as_it_was(
    kind: type[TenetError], args: tuple[object, ...], state: dict[str, object]
) -> TenetError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


def _place(source: str, row: int | str | None) -> str:
    word = "line" if source.endswith(".csv") else "row"
    word += "s" if isinstance(row, str) else ""
    return " ".join(filter(None, [source, f"{word} {row}" if row is not None else ""]))


def _plain(number: Decimal | int) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f"did you mean {close[0]}?" if close else ""
