"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    state: ok, warning (works, and ought to be seen to) or fault. todo: the next step, where one is.
    """

    check: str
    state: str
    found: str
    todo: str = ""


def ok(check: str, found: str) -> Finding:
    """All is well."""
    return Finding(check, "ok", found)


def warning(check: str, found: str, todo: str) -> Finding:
    """It works, and ought to be seen to."""
    return Finding(check, "warning", found, todo)


def fault(check: str, found: str, todo: str) -> Finding:
    """Something is wrong."""
    return Finding(check, "fault", found, todo)


def several(found: list[str], thing: str) -> str:
    """`3 files: a, b and 1 more`."""
    more = f" and {len(found) - 2:,} more" if len(found) > 2 else ""
    plural = thing if len(found) == 1 else f"{thing}s"
    return f"{len(found):,} {plural}: {', '.join(found[:2])}{more}"
