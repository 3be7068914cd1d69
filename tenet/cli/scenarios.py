"""`tenet scenario`: what a household intends, kept, edited and computed."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tenet import home as homes
from tenet.cli import planning
from tenet.cli.editing import PATIENCE
from tenet.cli.output import emit_json, emit_rows, json_option, print_wrapped
from tenet.cli.whens import WHEN
from tenet.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tenet.cli.session import Session
    from tenet.plans.store import Stored

File = click.Path(dir_okay=False, path_type=Path)
version_option = click.option(
    "--version", "made_on", metavar="V", help="The version that the change was made on."
)


@click.group()
def scenario() -> None:
    """What the household intends, and where that may lead.

    simulate, project, compare, sensitivity, solve and grid only compute; save keeps a run for good.
    Amounts are real (money of the scenario's basis year) unless they say that they are nominal.
    """


@scenario.command("list")
@json_option
@click.pass_obj
def list_scenarios(session: Session, as_json: bool) -> None:
    """Every scenario and grid; --json with all that they say."""
    from tenet.plans.store import scenarios

    found = scenarios(homes.require(session.home))
    if as_json:
        emit_json([_told(one) for one in found])
        return
    rows = [
        {
            "name": one.name,
            "scenario_id": one.scenario_id,
            "kind": one.kind,
            "currency": one.document.get("currency"),
            "basis_year": one.document.get("basis_year"),
            "events": len(one.document.get("events", ())),
            "goals": len(one.document.get("goals", ())),
            "version": one.version,
            "edited_at": one.edited_at.isoformat(timespec="seconds"),
        }
        for one in found
    ]
    names = ("name", "scenario_id", "kind", "currency", "basis_year", "events", "goals")
    emit_rows([*names, "version", "edited_at"], rows, as_json=False, as_csv=False)


@scenario.command()
@click.argument("name")
@click.option("--history", "is_history", is_flag=True, help="Every edit, the oldest first.")
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]),
    help="As it was at that time (UTC).",
)
@json_option
@click.pass_obj
def show(
    session: Session, name: str, is_history: bool, as_of: datetime | None, as_json: bool
) -> None:
    """What a scenario says, and its version."""
    from datetime import UTC

    from tenet.plans import store

    home = homes.require(session.home)
    moment = as_of.replace(tzinfo=UTC) if as_of else None
    if is_history:
        known = store.find(home, name) if moment is None else store.find(home, name, as_of=moment)
        found = store.history(home, known.scenario_id)
        columns = ["edited_at", "part", "name", "is_deleted"]
        listed = found if as_json else [{key: row[key] for key in columns} for row in found]
        emit_rows(columns, listed, as_json=as_json, as_csv=False)
        return
    stored = store.find(home, name, as_of=moment)
    if as_json:
        emit_json(_told(stored))
        return
    click.echo(f"{stored.name}  {stored.kind}, version {stored.version}, id {stored.scenario_id}")
    if stored.kind == "cartesian":
        click.echo(f"  of {stored.parent_id}")
        for pointer, values in stored.axes.items():
            click.echo(f"  {pointer}: {', '.join(map(str, values))}")
        return
    for key, value in stored.document.items():
        if isinstance(value, list):
            click.echo(key)
            for one in value:
                print_wrapped(" ", _line(one))
        else:
            print_wrapped(f"{key:17}", _line(value))


@scenario.command()
@click.argument("name")
@click.option("--from", "path", type=File, help="A TOML or JSON file with the whole scenario.")
@click.option("--template", is_flag=True, help="From the household's own accounts.")
@click.option("--born", type=click.DateTime(["%Y-%m-%d"]), help="Of --template: date of birth.")
@click.option("--spending", type=float, help="Of --template: currency units per YEAR, today's.")
@click.option("--income", type=float, help="Of --template: after tax, per YEAR, until retirement.")
@click.option("--retire-at", type=float, default=65, show_default=True, help="Of --template: age.")
@click.option("--grid", "parent", metavar="PARENT", help="A read-only grid around that scenario.")
@click.option(
    "--vary",
    multiple=True,
    metavar="/FIELD=V,V,...",
    help="Of --grid: a JSON pointer, such as /streams/Living/amount, and its values.",
)
@click.pass_obj
def create(
    session: Session,
    name: str,
    path: Path | None,
    template: bool,
    born: datetime | None,
    spending: float | None,
    income: float | None,
    retire_at: float,
    parent: str | None,
    vary: tuple[str, ...],
) -> None:
    r"""Make a scenario.

    \b
    tenet scenario create Plan --template --born 1986-01-15 --spending 48000
    tenet scenario create Plan --from FILE.toml
    tenet scenario create "By spending" --grid Plan --vary /streams/Living/amount=40000,48000
    """
    from tenet.plans import documents, store

    if [path is not None, template, parent is not None].count(True) != 1:
        raise click.UsageError("give one of --template, --from FILE and --grid PARENT")
    if parent is not None:
        axes = dict(_axis(text) for text in vary)
        with _writing(session) as (home, at):
            made = store.create_grid(home, name, parent, axes, at=at)
    else:
        if path is not None:
            document = documents.read_file(path)
            document = documents.scenario_of(document) | {"name": name}
        else:
            document = _template(session, name, born, spending, income, retire_at)
        with _writing(session) as (home, at):
            made = store.create(home, document, at=at)
    _say_noted(session, made)


@scenario.command()
@click.argument("name")
@click.argument("path", required=False, metavar="[FILE]", type=File)
@click.option(
    "--set",
    "values",
    multiple=True,
    metavar="/FIELD=VALUE",
    help="Change one field (JSON pointer).",
)
@version_option
@click.pass_obj
def edit(
    session: Session,
    name: str,
    path: Path | None,
    values: tuple[str, ...],
    made_on: str | None,
) -> None:
    r"""Change a scenario: by the file that `export` wrote, edited; or field by field.

    A file says which version it was made of; when somebody has edited the scenario since, nothing
    is written.

    \b
    tenet scenario edit Plan --set /streams/Living/amount=50000 --set /fee=0.002
    tenet scenario export Plan plan.json; ...; tenet scenario edit Plan plan.json
    """
    from tenet.plans import documents, store

    if (path is None) is not bool(values):
        raise click.UsageError("give a FILE, or --set /FIELD=VALUE")
    if path is not None:
        whole = documents.read_file(path)
        document = documents.scenario_of(whole)
        made_on = made_on or (whole.get("version") if document is not whole else None)
        if made_on is None:
            raise click.UsageError(
                f"{path} does not say which version it was made of; give --version "
                f"(tenet scenario show {name!r} says it)"
            )
    with _writing(session) as (home, at):
        if path is None:
            document = store.find(home, name).document
            for text in values:
                document = documents.with_value(document, *_assignment(text))
        made = store.replace(home, name, document, made_on=made_on, at=at)
    _say_noted(session, made)


@scenario.command()
@click.argument("name")
@version_option
@click.pass_obj
def delete(session: Session, name: str, made_on: str | None) -> None:
    """Delete a scenario or a grid; its history and its saved runs stay."""
    from tenet.plans import store

    with _writing(session) as (home, at):
        gone = store.delete(home, name, made_on=made_on, at=at)
    session.say(f"{gone.name} is deleted; its history and its saved runs stay")


@scenario.command()
@click.argument("name")
@click.argument("new_name")
@click.pass_obj
def fork(session: Session, name: str, new_name: str) -> None:
    """Make a scenario that can be edited out of another one, or of a cell GRID/ID."""
    from tenet.plans import store
    from tenet.plans.balances import document_of

    with _writing(session) as (home, at):
        _, document = document_of(home, name)
        made = store.create(home, document | {"name": new_name}, at=at)
    _say_noted(session, made)


@scenario.command()
@click.argument("name")
@click.argument("path", required=False, metavar="[FILE]", type=File)
@click.pass_obj
def export(session: Session, name: str, path: Path | None) -> None:
    """Write a scenario as JSON, with its version: to stdout, or to a FILE that is replaced."""
    from tenet.plans import store

    stored = store.find(homes.require(session.home), name)
    text = json.dumps(_exported(stored), indent=1, default=str) + "\n"
    if path is None:
        click.echo(text, nl=False)
    else:
        homes.write_whole(path, text)
        session.say(f"{path}: {stored.name}, version {stored.version}")


@scenario.command("import")
@click.argument("path", metavar="FILE", type=File)
@click.option("--name", help="Call it so; default: as the file says.")
@click.pass_obj
def import_scenario(session: Session, path: Path, name: str | None) -> None:
    """Make a scenario or grid of a TOML or JSON file, such as `export` writes."""
    from tenet.plans import documents, store

    whole = documents.read_file(path)
    document = documents.scenario_of(whole)
    with _writing(session) as (home, at):
        if isinstance(grid := whole.get("grid"), dict):
            called = str(name or grid.get("name", ""))
            axes = grid.get("axes", {})
            made = store.create_grid(home, called, str(grid.get("parent", "")), axes, at=at)
        else:
            made = store.create(home, document | ({"name": name} if name else {}), at=at)
    _say_noted(session, made)


@scenario.group()
def event() -> None:
    """Life events of a scenario: money at once, per year for some years, or both."""


@event.command("list")
@click.argument("name", metavar="SCENARIO")
@json_option
@click.pass_obj
def list_events(session: Session, name: str, as_json: bool) -> None:
    """The life events of a scenario."""
    _list_parts(session, name, "events", as_json=as_json)


@event.command("set")
@click.argument("name", metavar="SCENARIO")
@click.argument("part", metavar="EVENT")
@click.option("--at", type=WHEN, help="When: 2033-05-01, age:60, age:60:Robin, retirement+12.")
@click.option("--one-off", type=float, help="Currency units; positive comes in, negative goes out.")
@click.option("--yearly", type=float, help="Currency units per YEAR; positive in, negative out.")
@click.option("--years", type=int, help="For how many years the yearly amount flows.")
@click.option("--growth", type=float, help="Fraction per year by which the yearly amount rises.")
@click.option("--basis", type=click.Choice(["real", "nominal"]))
@click.option("--need", type=click.Choice(["essential", "discretionary", "not_spending"]))
@click.option("--enabled/--disabled", default=None)
@version_option
@click.pass_obj
def set_event(
    session: Session, /, name: str, part: str, made_on: str | None, **fields: Any
) -> None:
    """Add a life event, or change the fields given of the one of that name."""
    _set_part(session, name, "events", part, fields, made_on)


@event.command("delete")
@click.argument("name", metavar="SCENARIO")
@click.argument("part", metavar="EVENT")
@version_option
@click.pass_obj
def delete_event(session: Session, name: str, part: str, made_on: str | None) -> None:
    """Delete a life event; its history stays."""
    _set_part(session, name, "events", part, None, made_on)


@scenario.group()
def goal() -> None:
    """Goals of a scenario: what is to be reached, with which probability."""


@goal.command("list")
@click.argument("name", metavar="SCENARIO")
@json_option
@click.pass_obj
def list_goals(session: Session, name: str, as_json: bool) -> None:
    """The goals of a scenario."""
    _list_parts(session, name, "goals", as_json=as_json)


@goal.command("set")
@click.argument("name", metavar="SCENARIO")
@click.argument("part", metavar="GOAL")
@click.option(
    "--kind", type=click.Choice(["retire", "net_worth", "legacy", "spending_floor", "purchase"])
)
@click.option("--amount", type=float, help="In money of the basis year; of a floor per YEAR.")
@click.option("--by", type=WHEN, help="When: 2033-05-01, age:60, age:60:Robin, retirement+12.")
@click.option("--wanted", type=float, help="Wanted probability, a fraction.")
@click.option("--priority", type=int, help="1 is the most important.")
@version_option
@click.pass_obj
def set_goal(session: Session, /, name: str, part: str, made_on: str | None, **fields: Any) -> None:
    """Add a goal, or change the fields given of the one of that name."""
    _set_part(session, name, "goals", part, fields, made_on)


@goal.command("delete")
@click.argument("name", metavar="SCENARIO")
@click.argument("part", metavar="GOAL")
@version_option
@click.pass_obj
def delete_goal(session: Session, name: str, part: str, made_on: str | None) -> None:
    """Delete a goal; its history stays."""
    _set_part(session, name, "goals", part, None, made_on)


for command in planning.COMMANDS:
    scenario.add_command(command)


@contextmanager
def _writing(session: Session) -> Iterator[tuple[Path, datetime]]:
    """The home, held alone, and the time of the edit."""
    home, at = homes.require(session.home), session.now()
    with homes.writing(home, at, patience=PATIENCE):
        yield home, session.now()


def _list_parts(session: Session, name: str, kind: str, *, as_json: bool) -> None:
    from tenet.plans.store import find

    listed = find(homes.require(session.home), name).document.get(kind, [])
    columns = list(dict.fromkeys(key for one in listed for key in one)) or ["name"]
    rows = [
        {key: _line(value) if isinstance(value := one.get(key), dict) else value for key in columns}
        for one in listed
    ]
    emit_rows(columns, listed if as_json else rows, as_json=as_json, as_csv=False)


def _set_part(
    session: Session,
    name: str,
    kind: Any,
    part: str,
    fields: dict[str, Any] | None,
    made_on: str | None,
) -> None:
    from tenet.plans import store

    with _writing(session) as (home, at):
        changed = None
        if fields is not None:
            listed = store.find(home, name).document.get(kind, [])
            before = next((one for one in listed if one["name"] == part), {"name": part})
            changed = before | {key: of for key, of in fields.items() if of is not None}
        made = store.set_part(home, name, kind, part, changed, made_on=made_on, at=at)
    _say_noted(session, made)


def _template(
    session: Session,
    name: str,
    born: datetime | None,
    spending: float | None,
    income: float | None,
    retire_at: float,
) -> dict[str, Any]:
    import sys

    import tenet
    from tenet.plans.template import template

    if born is None or spending is None:
        if not sys.stdin.isatty():
            raise click.UsageError("--template needs --born YYYY-MM-DD and --spending per YEAR")
        born = born or click.prompt("Date of birth", type=click.DateTime(["%Y-%m-%d"]))
        spending = spending or click.prompt("Spending per year, in today's money", type=float)
    if income is None:
        session.say("no --income: until retirement as much is earned as is spent")
    workspace = tenet.open(session.home)
    born_on = born.date()
    return template(
        workspace, name, born=born_on, spending=spending, income=income, retire_at=retire_at
    )


def _assignment(text: str) -> tuple[str, Any]:
    """The pointer and the value of `/fee=0.002`; what is no JSON is text."""
    pointer, sign, value = text.partition("=")
    if not sign or not pointer.startswith("/"):
        raise click.UsageError(f"{text!r} is no change such as /fee=0.002")
    try:
        return pointer, json.loads(value)
    except ValueError:
        return pointer, value


def _axis(text: str) -> tuple[str, list[Any]]:
    """The pointer and the values of `/fee=0.001,0.002`."""
    pointer, sign, value = text.partition("=")
    if not sign or not pointer.startswith("/") or not value:
        raise click.UsageError(f"{text!r} is no axis such as /fee=0.001,0.002")
    try:
        return pointer, list(json.loads(f"[{value}]"))
    except ValueError:
        return pointer, value.split(",")


def _told(stored: Stored) -> dict[str, Any]:
    facts = {"scenario_id": stored.scenario_id, "name": stored.name, "kind": stored.kind}
    return facts | {"edited_at": stored.edited_at.isoformat()} | _exported(stored)


def _exported(stored: Stored) -> dict[str, Any]:
    if stored.kind == "cartesian":
        grid = {"name": stored.name, "parent": stored.parent_id, "axes": stored.axes}
        return {"version": stored.version, "grid": grid}
    return {"version": stored.version, "scenario": stored.document}


def _line(part: Any) -> str:
    if not isinstance(part, dict):
        return str(part)
    return ", ".join(str(of) if key == "name" else f"{key} {_line(of)}" for key, of in part.items())


def _say_noted(session: Session, made: Stored) -> None:
    if made.kind == "cartesian":
        count = 1
        for values in made.axes.values():
            count *= len(values)
        session.say(f"noted: {made.name}, {counted(count, 'scenario')}, version {made.version}")
    else:
        session.say(f"noted: {made.name}, version {made.version}")
