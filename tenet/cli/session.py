"""What every command is given: the home, the clock, and how much to say."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import click

from tenet.home import locate

if TYPE_CHECKING:
    from pathlib import Path

    from tenet.settings import Settings


@dataclass(frozen=True)
class Session:
    """One run of the command line. The only reader of the clock."""

    home: Path
    is_default_home: bool
    today: date | None
    verbosity: int

    @classmethod
    def of(cls, home: Path | None, today: Any, *, quiet: bool, verbosity: int) -> Session:
        """A session from the global options."""
        return cls(
            home=locate(home),
            is_default_home=not home and "TENET_HOME" not in os.environ,
            today=today.date() if today else None,
            verbosity=-1 if quiet else verbosity,
        )

    def say(self, text: str, *, verbosity: int = 0) -> None:
        """Talk, on stderr, unless there is to be quiet."""
        if verbosity <= self.verbosity:
            click.echo(text, err=True)

    def now(self) -> datetime:
        """This moment."""
        return datetime.now(UTC)

    def day(self, settings: Settings) -> date:
        """The last valuation date: --today, else the day it is in the home's time zone."""
        from zoneinfo import ZoneInfo

        return self.today or self.now().astimezone(ZoneInfo(settings.timezone)).date()
