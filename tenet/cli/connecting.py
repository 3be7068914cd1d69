"""`tenet connect`: a provider set up, tried, and kept."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from tenet import home as homes
from tenet.cli.output import emit_rows, json_option
from tenet.wording import counted

if TYPE_CHECKING:
    from tenet.cli.session import Session
    from tenet.sources import Source


@click.command()
@click.argument("provider", required=False)
@click.option("--list", "listed", is_flag=True, help="Which providers are configured.")
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="What it needs.")
@click.option("--setup-token", help="SimpleFIN: the token to claim (once).")
@click.option("--redirect-uri", default="https://127.0.0.1", help="Schwab: the app's callback.")
@json_option
@click.pass_obj
def connect(
    session: Session,
    provider: str | None,
    listed: bool,
    given: tuple[str, ...],
    setup_token: str | None,
    redirect_uri: str,
    as_json: bool,
) -> None:
    """Set up PROVIDER: ask for what it needs, try it, and keep it.

    Secrets go into the OS keyring where there is one (extra `keyring`); otherwise the lines to put
    into `.env` are printed.
    """
    from tenet import connect as connecting
    from tenet.settings import load

    settings = load(homes.make(session.home))
    if listed or not provider:
        rows = connecting.states(settings, session.now())
        emit_rows(list(rows[0]), rows, as_json=as_json, as_csv=False)
        return
    section = connecting.section_of(settings, provider)
    new = dict(_pair(text) for text in given)
    if setup_token and provider == "simplefin":
        new["access_url"] = connecting.claim_simplefin(setup_token)
    section = connecting.completed(provider, section, new)
    new |= _asked(provider, connecting.missing(section))
    section = connecting.completed(provider, section, new)
    try:
        _try(session, provider, section, redirect_uri)
    finally:
        # A claimed access URL cannot be had again: it is kept even where the trial failed.
        kept = connecting.kept_in_keyring(provider, section, new)
        for name in kept:
            session.say(f"kept {provider}.{name} in the keyring")
        lines = connecting.lines_to_set(provider, new, kept)
        if lines:
            session.say(f"put these lines into {session.home / '.env'}:")
        for line in lines:
            click.echo(line)


def _try(session: Session, provider: str, section: Source, redirect_uri: str) -> None:
    from tenet import connect as connecting

    if provider == "schwab" and sys.stdin.isatty():
        connecting.log_in_to_schwab(
            section,
            redirect_uri=redirect_uri,
            ask=lambda url: click.prompt(
                f"Open {url}\nlog in, and paste where it led to", err=True
            ),
            at=session.now(),
        )
    result = connecting.tried(provider, section, at=session.now(), pause=time.sleep)
    found = counted(len(result.accounts), "account")
    session.say(f"{provider} answers: {found}, {counted(len(result.holdings), 'holding')}")


def _asked(provider: str, missing: dict[str, bool]) -> dict[str, str]:
    if missing and not sys.stdin.isatty():
        options = " ".join(f"--set {name}=..." for name in missing)
        raise click.UsageError(f"{provider} needs {options}")
    return {
        name: click.prompt(f"{provider}.{name}", hide_input=is_secret, err=True)
        for name, is_secret in missing.items()
    }


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"--set takes NAME=VALUE, not {text!r}")
    return name, value
