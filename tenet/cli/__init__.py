"""The command line: `tenet` = `python -m tenet`. Data on stdout, talk on stderr.

Each command lives in a module of its own and is imported when it is asked for, so that `tenet
status` need not wait for what only `tenet sql` uses.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import click

from tenet import __version__
from tenet.cli.session import Session
from tenet.errors import TenetError

COMMANDS = {
    "init": "tenet.cli.writing",
    "import": "tenet.cli.writing",
    "build": "tenet.cli.writing",
    "refresh": "tenet.cli.refreshing",
    "backfill": "tenet.cli.refreshing",
    "sync": "tenet.cli.syncing",
    "quarantine": "tenet.cli.syncing",
    "prices": "tenet.cli.pricing",
    "security": "tenet.cli.pricing",
    "connect": "tenet.cli.connecting",
    "doctor": "tenet.cli.doctoring",
    "account": "tenet.cli.editing",
    "manual": "tenet.cli.editing",
    "demo": "tenet.cli.demo",
    "status": "tenet.cli.reading",
    "networth": "tenet.cli.reading",
    "sql": "tenet.cli.reading",
    "export": "tenet.cli.reading",
    "classify": "tenet.cli.allocating",
    "allocation": "tenet.cli.allocating",
    "gaps": "tenet.cli.gaps",
    "restatements": "tenet.cli.auditing",
    "explain": "tenet.cli.explaining",
    "bridge": "tenet.cli.bridging",
    "returns": "tenet.cli.returning",
    "gains": "tenet.cli.gaining",
    "lots": "tenet.cli.gaining",
    "income": "tenet.cli.earning",
    "scenario": "tenet.cli.scenarios",
    "notebook": "tenet.cli.notebooks",
    "schedule": "tenet.cli.scheduling",
    "compact": "tenet.cli.keeping",
    "backup": "tenet.cli.keeping",
    "restore": "tenet.cli.keeping",
    "bench": "tenet.cli.bench",
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        name = "import_" if cmd_name == "import" else cmd_name
        command: click.Command = getattr(import_module(COMMANDS[cmd_name]), name)
        return command


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--home", type=click.Path(path_type=Path), help="The home folder (else TENET_HOME).")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="Report as if it were this day.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
@click.option("-v", "--verbose", count=True, help="Say more.")
@click.version_option(__version__, prog_name="tenet")
@click.pass_context
def cli(
    ctx: click.Context, home: Path | None, today: click.DateTime | None, quiet: bool, verbose: int
) -> None:
    """What a household owned and was worth on any day, from its own data."""
    ctx.obj = Session.of(home, today, quiet=quiet, verbosity=verbose)


def main() -> None:
    """Run the command line and exit: 0 done, 1 failed, 2 usage or setting, 3 partly, 75 busy."""
    try:
        code = cli.main(standalone_mode=False)
    except TenetError as error:
        click.echo(f"tenet: {error}", err=True)
        if error.hint:
            click.echo(f"  {error.hint}", err=True)
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("tenet: stopped", err=True)
        code = 130
    except BrokenPipeError:
        sys.stderr.close()
        code = 0
    sys.exit(code if isinstance(code, int) else 0)
