"""`tenet demo`: an invented household, landed, built and shown like a real one."""

from __future__ import annotations

import shlex
import shutil
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenet import home as homes
from tenet.cli.output import print_net_worth
from tenet.wording import money

if TYPE_CHECKING:
    from tenet.cli.session import Session
    from tenet.workspace import Workspace

QUERY = (
    "select account_name, name, quantity, market_value_base, price_source, price_date "
    "from holdings_current order by market_value_base desc"
)

_SOURCES_OFF = """
# These securities are invented: no source of real prices is asked for them.
yahoo.enabled = false
coingecko.enabled = false
ecb.enabled = false
"""


@click.command()
@click.pass_obj
def demo(session: Session) -> None:
    """Land an invented household of five years, and show its net worth.

    For a home of its own: without --home or TENET_HOME it is `tenet-demo` beside the usual one; a
    home that holds other accounts is refused.
    """
    import tenet

    if session.is_default_home:
        session = replace(session, home=session.home.with_name("tenet-demo"))
    session.say("These people and figures are invented.")
    _land_and_build(session)
    _print_family(tenet.open(session.home))
    _say_what_to_try(session)


def _land_and_build(session: Session) -> None:
    import tenet
    from tenet.build import build
    from tenet.demo.landing import land, refuse_other_households
    from tenet.demo.plan import land_plan
    from tenet.settings import load

    with homes.writing(homes.make(session.home), session.now()):
        now = session.now()
        refuse_other_households(session.home)
        _write_settings(session.home)
        settings = load(session.home)
        through = session.day(settings) - timedelta(days=1)
        landing = land(session.home, through=through, at=now)
        _, is_new = build(settings, through=through, at=now)
        land_plan(tenet.open(session.home, refresh_local=False), through=through, at=now)
    if landing is None and not is_new:
        session.say(f"nothing new: the demo through {through} is landed and built already")


def _write_settings(home: Path) -> None:
    """The dollars, the days and the prices of the demo's own story, unless there are settings."""
    from tenet.demo.facts import BASE_CURRENCY, TIMEZONE
    from tenet.settings import TEMPLATE

    if not (path := home / "tenet.toml").exists():
        text = TEMPLATE.format(base_currency=BASE_CURRENCY, timezone=TIMEZONE)
        homes.write_whole(path, text + _SOURCES_OFF)


def _print_family(workspace: Workspace) -> None:
    from tenet import reports

    print_net_worth(reports.net_worth(workspace))
    click.echo("by account")
    for row in reports.net_worth_by(workspace, "account").to_dicts():
        click.echo(f"  {row['account_name']:26}{money(row['market_value_base']):>18}")


def _say_what_to_try(session: Session) -> None:
    from tenet.demo.plan import NAME

    home = shlex.quote(_shown(session.home))
    session.say("what to try next")
    for line in (
        f"{_program('tenet')} --home {home} networth --history",
        f'{_program("tenet")} --home {home} sql "{QUERY}"',
        f'{_program("tenet")} --home {home} scenario simulate "{NAME}"',
        f'{_program("tenet")} --home {home} scenario progress "{NAME}"',
        f"{_program('tenet')} --home {home} notebook net_worth",
    ):
        session.say(f"  {line}")


def _program(name: str) -> str:
    """How to call a program of this installation: by its name, or off the PATH by its Python."""
    return name if shutil.which(name) else f"{shlex.quote(_shown(Path(sys.executable)))} -m {name}"


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
