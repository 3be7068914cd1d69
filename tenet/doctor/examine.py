"""Every check, one after the other; one that cannot be made is a finding of its own."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from tenet.doctor import asked, built, landed, machine
from tenet.doctor.finding import Finding, fault
from tenet.errors import TenetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from tenet.settings import Settings


def examine(
    settings: Settings,
    *,
    at: datetime,
    offline: bool = False,
    rebuild: bool = False,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[Finding]:
    """What every check finds, in a fixed order.

    at: now. offline: no provider is asked. rebuild: compare with a fresh build even where the last
    one took long. pause: how to wait between attempts at a provider.
    """
    checks: list[tuple[str, Callable[[], Iterable[Finding]]]] = [
        ("settings", partial(machine.settings, settings)),
        ("permissions", partial(machine.permissions, settings)),
        ("clock", partial(machine.clock, settings, at)),
        ("disk", partial(machine.disk, settings)),
        ("leftovers", partial(machine.leftovers, settings)),
        ("landings", partial(landed.checksums, settings)),
        ("landings", partial(landed.lost, settings)),
        ("landings", partial(landed.folders, settings, at)),
        ("build", partial(built.currency, settings)),
        ("build", partial(built.integrity, settings)),
        ("build", partial(built.equality, settings, at, rebuild=rebuild)),
        ("providers", partial(asked.providers, settings, at, offline=offline, pause=pause)),
        ("prices", partial(asked.market, settings)),
    ]
    for name, check in checks:
        try:
            yield from check()
        except TenetError as error:
            yield fault(name, str(error), error.hint)
        except OSError as error:
            yield fault(name, str(error), "mend it, then run `tenet doctor` again")
