"""The commands of `tenet scenario` that compute. They write nothing, but for `save`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tenet import home as homes
from tenet.cli.editing import PATIENCE
from tenet.cli.output import csv_option, emit_json, emit_rows, json_option
from tenet.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import polars as pl

    from tenet.cli.session import Session
    from tenet.planning.scenario import Scenario
    from tenet.planning.simulation import Simulation
    from tenet.planning.statistics import Chance
    from tenet.plans.balances import Filled
    from tenet.plans.progress import Progress

MEANINGS = {
    "start": "net worth on the first day beyond what the run counted",
    "market": "growth, income, fees, rates, beyond the run's",
    "saving": "paid in, beyond the run's",
    "spending": "taken out (negative: more than the run's)",
    "corrections": "accounts that joined or left, values that became known",
    "other": "the run's median beside its future without chance",
}


def _computed(command: Callable[..., Any]) -> Callable[..., Any]:
    """With the options of everything that is simulated."""
    options = (
        click.option("--paths", type=click.IntRange(min=1), help="Futures; default: as it says."),
        click.option("--seed", type=click.IntRange(min=0, max=2**63 - 1)),
        click.option(
            "--returns",
            "returns_file",
            type=click.Path(dir_okay=False, path_type=Path),
            help="A CSV file of past returns for a history or bootstrap; default: the shipped one.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("name")
@_computed
@click.option("--years", "is_fan", is_flag=True, help="Percentiles by year, instead.")
@click.option("--nominal", is_flag=True, help="Of --years: in money of the day.")
@click.option(
    "--paths-to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write every path, month by month, to a Parquet file.",
)
@json_option
@click.pass_obj
def simulate(
    session: Session,
    /,
    name: str,
    is_fan: bool,
    nominal: bool,
    paths_to: Path | None,
    as_json: bool,
    **how: Any,
) -> None:
    """How probable it is that a scenario holds, and what it may come to. Writes nothing."""
    found, _, _ = _simulated(session, name, **how)
    if paths_to is not None:
        from tenet.plans.pathfiles import write_paths

        session.say(f"{paths_to}: {counted(write_paths(found, paths_to), 'rows')}")
    if is_fan:
        fan = found.fan_nominal if nominal else found.fan
        emit_rows(fan.columns, _rounded(fan), as_json=as_json, as_csv=False)
    elif as_json:
        emit_json(_simulation(found))
    else:
        _print_simulation(found)


@click.command()
@click.argument("name")
@click.option("--nominal", is_flag=True, help="In money of the day; default: of the basis year.")
@click.option(
    "--returns", "returns_file", type=click.Path(dir_okay=False, path_type=Path), hidden=True
)
@json_option
@csv_option
@click.pass_obj
def project(
    session: Session,
    name: str,
    nominal: bool,
    returns_file: Path | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """One future without chance, year by year: every asset grows at its median."""
    from tenet.planning.projection import projection
    from tenet.plans.balances import returns_for

    scenario = _filled(session, name).scenario
    table = projection(scenario, returns_for(scenario, returns_file))
    other = "_real" if nominal else "_nominal"
    table = table.drop(column for column in table.columns if column.endswith(other))
    emit_rows(table.columns, _rounded(table), as_json=as_json, as_csv=as_csv)


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME NAME...")
@_computed
@json_option
@click.pass_obj
def compare(session: Session, /, names: tuple[str, ...], as_json: bool, **how: Any) -> None:
    """Two or more scenarios on the same futures, paired path by path. Writes nothing."""
    from tenet.planning.comparison import compare as compared
    from tenet.plans.balances import returns_for

    scenarios = [_filled(session, name).scenario for name in names]
    path = how.pop("returns_file")
    tables = [table for one in scenarios if (table := returns_for(one, path)) is not None]
    found = compared(scenarios, tables[0] if tables else None, **_given(how))
    if as_json:
        emit_json(
            {
                "scenarios": [_simulation(one) for one in found.simulations],
                "pairs": found.pairs.to_dicts(),
            }
        )
        return
    for one in found.simulations:
        click.echo(f"{one.scenario.name:30} success {_chance(one.success)}")
    for row in found.pairs.to_dicts():
        unit = f"{found.simulations[0].plan.currency} of {row['basis_year']}"
        click.echo(f"{row['second']} less {row['first']}")
        click.echo(
            f"  success        {100 * row['success_delta']:+.1f} points "
            f"({100 * row['success_delta_low']:+.1f} to {100 * row['success_delta_high']:+.1f})"
        )
        click.echo(f"  wealth at end  {row['wealth_delta_p50_real']:+,.0f} {unit}, median")
        click.echo(f"  spending       {row['spending_p10_delta_real']:+,.0f} {unit}, worst tenth")


@click.command()
@click.argument("name")
@click.option(
    "--measure", type=click.Choice(["success", "retirement"]), default="success", show_default=True
)
@click.option("--confidence", type=float, default=0.9, show_default=True, help="Of retirement.")
@_computed
@json_option
@csv_option
@click.pass_obj
def sensitivity(
    session: Session,
    /,
    name: str,
    measure: Any,
    confidence: float,
    as_json: bool,
    as_csv: bool,
    **how: Any,
) -> None:
    """Which input matters most: each moved down and up on the same futures. Writes nothing."""
    from tenet.planning.sensitivity import sensitivity as moved

    scenario, returns = _asked(session, name, how)
    table = moved(scenario, returns, measure=measure, confidence=confidence, **_given(how))
    emit_rows(table.columns, table.to_dicts(), as_json=as_json, as_csv=as_csv)


@click.command()
@click.argument("name")
@click.argument("what", type=click.Choice(["retirement", "spending", "wealth"]))
@click.option("--confidence", type=float, default=0.9, show_default=True, help="A fraction.")
@_computed
@json_option
@click.pass_obj
def solve(
    session: Session, /, name: str, what: str, confidence: float, as_json: bool, **how: Any
) -> None:
    """The earliest retirement, the most spending or the least wealth that still succeeds."""
    from tenet.planning import solving

    scenario, returns = _asked(session, name, how)
    how = _given(how)
    found: dict[str, Any] = {"confidence": confidence}
    if what == "retirement":
        answer = solving.earliest_retirement(scenario, confidence, returns, **how)
        found |= {"date": answer.date}
        told = f"retirement from {answer.date}"
    else:
        solver = solving.sustainable_spending if what == "spending" else solving.needed_wealth
        amount = solver(scenario, confidence, returns, **how)
        answer = amount  # type: ignore[assignment]
        found |= {
            "factor": amount.factor,
            "amount_real": amount.amount_real,
            "currency": scenario.currency,
            "basis_year": scenario.basis_year,
        }
        worth = f"{amount.amount_real or 0:,.0f} {scenario.currency} of {scenario.basis_year}"
        told = f"{what} of {worth}{' a year' if what == 'spending' else ''}"
    is_found = found.get("date", found.get("factor")) is not None
    if as_json:
        success = answer.success.probability if answer.success else None
        emit_json(found | {"success": success, "reason": answer.reason})
    elif is_found and answer.success is not None:
        reason = f"; {answer.reason}" if answer.reason else ""
        click.echo(f"{told}: success {_chance(answer.success)}{reason}")
    else:
        click.echo(f"no answer: {answer.reason}")


@click.command("grid")
@click.argument("name")
@_computed
@json_option
@csv_option
@click.pass_obj
def compute_grid(session: Session, /, name: str, as_json: bool, as_csv: bool, **how: Any) -> None:
    """What every scenario of a grid comes to, a row each. Writes nothing."""
    import tenet
    from tenet.plans.shown import grid_frame

    path, cores = how.pop("returns_file"), os.cpu_count() or 1
    workspace = tenet.open(session.home)
    table = grid_frame(workspace, name, returns_file=path, threads=cores, **_given(how))
    emit_rows(table.columns, table.to_dicts(), as_json=as_json, as_csv=as_csv)


@click.command()
@click.argument("name")
@_computed
@click.pass_obj
def save(session: Session, /, name: str, **how: Any) -> None:
    """Simulate, and keep what came out for good: `progress` holds it against what comes true."""
    from tenet.plans import runs

    found, filled, returns = _simulated(session, name, **how)
    if filled.stored is None or filled.stored.kind == "cartesian":
        raise click.UsageError("a cell of a grid is not saved; `tenet scenario fork` it first")
    home, at = session.home, session.now()
    with homes.writing(home, at, patience=PATIENCE):
        run = runs.save(home, filled, found, returns, at=session.now())
    click.echo(run.run_id)
    session.say(f"saved: {run.scenario_name}, success {_chance(found.success)}")


@click.command("runs")
@click.argument("name", required=False)
@json_option
@csv_option
@click.pass_obj
def list_runs(session: Session, name: str | None, as_json: bool, as_csv: bool) -> None:
    """Saved runs, the newest first; of one scenario, or of all."""
    from tenet.plans import runs, store

    home = homes.require(session.home)
    known = runs.runs(home)
    if name is not None:
        ids = [one.scenario_id for one in known if one.scenario_name.casefold() == name.casefold()]
        of = ids[0] if ids else store.find(home, name).scenario_id
        known = [one for one in known if one.scenario_id == of]
    columns = ["run_id", "scenario_name", "created_at", "base_date", "success", "success_low"]
    columns += ["success_high", "currency", "basis_year", "paths", "seed", "engine_version"]
    columns += ["numpy_version", "input_hash", "version", "revision"]
    rows = [{column: getattr(one, column) for column in columns} for one in known]
    emit_rows(columns, rows, as_json=as_json, as_csv=as_csv)


@click.command()
@click.argument("run")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="Default: the last day.")
@json_option
@click.pass_obj
def progress(session: Session, run: str, day: datetime | None, as_json: bool) -> None:
    """What came true, laid over a saved RUN (its id, or a scenario's name: the newest)."""
    import tenet
    from tenet.plans.progress import progress as came_true
    from tenet.plans.runs import find_run

    workspace = tenet.open(session.home)
    on = day.date() if day else session.today
    found = came_true(workspace, find_run(workspace.home, run), on)
    if as_json:
        emit_json(_progress(found))
    else:
        _print_progress(found)


COMMANDS: tuple[click.Command, ...] = (
    *(project, simulate, compare, save, list_runs, progress, compute_grid, sensitivity, solve),
)


def _filled(session: Session, name: str) -> Filled:
    import tenet
    from tenet.planning.checks import warnings
    from tenet.plans.balances import filled

    found = filled(tenet.open(session.home), name)
    for note in found.notes:
        session.say(note)
    if found.scenario.market.kind not in ("history", "bootstrap"):
        for warning in warnings(found.scenario):
            session.say(f"note: {warning}")
    return found


def _asked(
    session: Session, name: str, how: dict[str, Any]
) -> tuple[Scenario, pl.DataFrame | None]:
    from tenet.plans.balances import returns_for

    scenario = _filled(session, name).scenario
    return scenario, returns_for(scenario, how.pop("returns_file"))


def _simulated(
    session: Session, name: str, returns_file: Path | None, **how: Any
) -> tuple[Simulation, Filled, pl.DataFrame | None]:
    from tenet.planning.simulation import simulate as simulated
    from tenet.plans.balances import returns_for

    filled = _filled(session, name)
    returns = returns_for(filled.scenario, returns_file)
    return simulated(filled.scenario, returns, **_given(how)), filled, returns


def _given(how: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in how.items() if value is not None}


def _simulation(found: Simulation) -> dict[str, Any]:
    plan, ends = found.plan, _ends(found)
    return {
        "scenario": found.scenario.name,
        "currency": plan.currency,
        "basis_year": plan.basis_year,
        "paths": found.outcome.paths,
        "seed": plan.seed,
        "success": vars(found.success),
        "survival": vars(found.survival),
        "wealth_at_end_real": ends,
        "goals": found.goals.to_dicts(),
        "depletion": found.depletion.to_dicts(),
        "fan": _rounded(found.fan),
    }


def _ends(found: Simulation) -> dict[str, float]:
    from tenet.planning.fan import percentiles

    line = percentiles(found.outcome.wealth[-1:], (10, 50, 90))[0]
    return {
        name: round(float(one), 2) for name, one in zip(("p10", "p50", "p90"), line, strict=True)
    }


def _print_simulation(found: Simulation) -> None:
    plan, ends = found.plan, _ends(found)
    unit = f"{plan.currency} of {plan.basis_year}"
    click.echo(f"{found.scenario.name}: {counted(found.outcome.paths, 'paths')}, seed {plan.seed}")
    click.echo(f"  success        {_chance(found.success)}: essential spending always paid")
    click.echo(f"  survival       {_chance(found.survival)}: something left at the end")
    for name, told in (("p10", "worst tenth"), ("p50", "median"), ("p90", "best tenth")):
        click.echo(f"  {told:12}{ends[name]:>18,.0f} {unit}, liquid wealth at the end")
    for row in found.goals.to_dicts():
        is_met = "met" if row["is_met"] else "not met"
        amount = f", {row['amount_real']:,.0f} {unit}" if row["amount_real"] else ""
        click.echo(
            f"  goal {row['goal']}{amount} by {row['due']}: {row['probability']:.1%} "
            f"of {row['wanted']:.0%} wanted, {is_met}"
        )


def _chance(found: Chance) -> str:
    return f"{found.probability:.1%} ({found.low:.1%} to {found.high:.1%})"


def _progress(found: Progress) -> dict[str, Any]:
    run = found.run
    names = [
        *("day", "currency", "basis_year", "actual_nominal", "actual_real", "median_real"),
        *("deviation_real", "deviation_nominal", "percentile", "is_below", "is_above"),
        *("months_ahead", "inflation", "is_edited", "is_deleted", "parts"),
    ]
    facts = {"run_id": run.run_id, "scenario": run.scenario_name, "base_date": run.base_date}
    return facts | {name: getattr(found, name) for name in names}


def _print_progress(found: Progress) -> None:
    run, real = found.run, f"{found.currency} of {found.basis_year}"
    nominal = f"{found.currency} of the day"
    click.echo(f"{run.scenario_name}, run {run.run_id}, from {run.base_date} to {found.day}")
    click.echo(f"  net worth     {found.actual_nominal:>18,.2f} {nominal}")
    click.echo(
        f"                {found.actual_real:>18,.2f} {real}, "
        f"at the run's own inflation of {found.inflation:.1%} a year"
    )
    click.echo(f"  run's median  {found.median_real:>18,.2f} {real}")
    click.echo(f"  deviation     {found.deviation_real:>+18,.2f} {real}")
    if found.percentile is not None:
        click.echo(f"  percentile    {found.percentile:>18.0f} of 100 futures are below")
    else:
        word = "below the 5th" if found.is_below else "above the 95th"
        click.echo(f"  percentile    {word:>18} of 100")
    if found.months_ahead is None:
        click.echo("  the run's median never comes to that")
    else:
        word = "ahead of" if found.months_ahead >= 0 else "behind"
        click.echo(f"  {abs(found.months_ahead):.1f} months {word} the run's median")
    click.echo(f"why it deviates by {found.deviation_nominal:+,.2f} {nominal}")
    for part, amount in found.parts.items():
        click.echo(f"  {part:14}{amount:>+18,.2f}  {MEANINGS[part]}")
    if found.is_deleted:
        click.echo("the scenario was deleted since; the run stays as it was saved")
    elif found.is_edited:
        click.echo("the scenario was edited since; the run stays as it was saved")


def _rounded(table: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows with amounts to the cent."""
    import polars as pl

    money = [name for name in table.columns if name.endswith(("_real", "_nominal"))]
    return table.with_columns(pl.col(money).round(2)).to_dicts()
