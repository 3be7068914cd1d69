import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Scenarios")

with app.setup:
    from datetime import date

    import marimo as mo

    import tenet
    from tenet import charts
    from tenet.pages import opening, progress, scenario, tables
    from tenet.workspace import utc_now

    workspace = tenet.open()
    kept = {}  # draws, from one slider to the next


@app.cell
def _():
    again = mo.ui.button(value=0, on_click=lambda count: count + 1, label="Run again")
    incognito = mo.ui.switch(label="hide amounts")
    nominal = mo.ui.switch(label="in money of the day")
    return again, incognito, nominal


@app.cell
def _(again):
    again.value  # each click asks everything below anew
    build = opening.opened(workspace)
    mo.stop(build is None, mo.callout(mo.md(opening.NOTHING), kind="warn"))
    return (build,)


@app.cell
def _(again, build, incognito, nominal):
    question = mo.md("_Where is that heading, and what would change it?_\n# Scenarios")
    switches = mo.hstack([incognito, nominal, again], justify="start", wrap=True)
    mo.vstack([question, mo.md(opening.freshness(workspace, build)), switches])
    return


@app.cell
def _(build):
    build
    names = scenario.choices(workspace.home)
    choice = mo.ui.dropdown(names, value=names[0], label="scenario")
    born = mo.ui.date(value=date(1985, 1, 1), label="born (of a new one)")
    spending = mo.ui.number(
        start=0, value=40_000, step=1_000, label="spending a year (of a new one)"
    )
    mo.hstack([choice, born, spending], justify="start", wrap=True)
    return born, choice, names, spending


@app.cell
def _(born, choice, spending):
    found, about = scenario.chosen(
        workspace, choice.value, born=born.value, spending=spending.value or 0
    )
    mo.stop(found is None, mo.callout(mo.md(about), kind="danger"))
    mo.md(about)
    return (found,)


@app.cell
def _(found):
    found  # sliders start anew with each scenario
    later = mo.ui.slider(-15, 15, value=0, label="retire later by (years)", show_value=True)
    factor = mo.ui.slider(50, 150, value=100, label="spending, % of planned", show_value=True)
    more = mo.ui.slider(-3, 3, 0.25, value=0, label="returns, % a year more", show_value=True)
    rule = mo.ui.dropdown(scenario.RULES, value="as the scenario says", label="withdrawals")
    mo.hstack([later, factor, more, rule], justify="start", wrap=True)
    return factor, later, more, rule


@app.cell
def _(found):
    rows = mo.ui.data_editor(scenario.events(found.scenario))
    label = "Life events (amounts: positive comes in, negative goes out; rows can be added)"
    mo.accordion({label: rows})
    return (rows,)


@app.cell
def _(factor, found, later, more, rows, rule):
    eventful, wrong = scenario.with_events(found.scenario, rows.value)
    bent = scenario.adjusted(
        eventful,
        later=later.value,
        spending=factor.value / 100,
        more_return=more.value / 100,
        rule=rule.selected_key,
    )
    mo.md(wrong)
    return (bent,)


@app.cell
def _(incognito, simulation):
    told = scenario.headline(simulation, incognito=incognito.value)
    mo.hstack([mo.stat(**one, bordered=True) for one in told], widths="equal", wrap=True)
    return


@app.cell
def _(bent, incognito, nominal):
    def drawn(paths):
        run = scenario.simulated(bent, paths, kept)
        fan = scenario.fan(run, "net_worth", is_nominal=nominal.value)
        unit = scenario.money_of(bent, is_nominal=nominal.value)
        return run, charts.fan_over_time(fan, unit, incognito=incognito.value)

    mo.output.replace(drawn(scenario.PREVIEW)[1])
    simulation, outlook = drawn(scenario.FULL)
    outlook
    return outlook, simulation


@app.cell
def _(incognito, nominal, simulation):
    spent = charts.fan_over_time(
        scenario.fan(simulation, "spending", is_nominal=nominal.value),
        scenario.money_of(simulation.scenario, is_nominal=nominal.value),
        title="Spending in a year",
        incognito=incognito.value,
    )
    spent
    return


@app.cell
def _(simulation):
    failing = charts.failures_over_time(scenario.failures(simulation))
    failing
    return


@app.cell
def _(incognito, simulation):
    plan = simulation.scenario
    unit = scenario.money_of(plan, is_nominal=False)
    intended = charts.time_line(scenario.time_line(plan), unit, incognito=incognito.value)
    intended
    return


@app.cell
def _(incognito, simulation):
    goals = simulation.goals
    mo.stop(goals.is_empty())
    tables.table(goals, "## Goals", is_hidden=incognito.value)
    return


@app.cell
def _(simulation):
    tables.table(
        scenario.traits(simulation),
        "## Why paths fail (medians; the first ten years of retirement)",
    )
    return


@app.cell
def _(bent):
    levers = charts.tornado(scenario.levers(bent), title="What moves the chance of success")
    levers
    return


@app.cell
def _(bent):
    cells = scenario.heat(bent)
    mo.stop(cells.is_empty())
    title = "Success by retirement and spending"
    heat = charts.parameter_grid(cells, "spending", "retire_later", "success", title=title)
    heat
    return


@app.cell
def _(bent, incognito, nominal):
    mo.stop(incognito.value)
    table = scenario.years(bent, is_nominal=nominal.value)
    unit_of_table = scenario.money_of(bent, is_nominal=nominal.value)
    tables.table(
        table,
        f"## Year by year, without chance ({unit_of_table})",
        page_size=15,
    )
    return


@app.cell
def _(names):
    comparable = [name for name in names if name not in (scenario.FROM_BALANCES, scenario.INVENTED)]
    beside = mo.ui.multiselect(comparable, max_selections=3, label="## Compare two or three")
    beside if len(comparable) > 1 else mo.md("Two kept scenarios can be compared here.")
    return (beside,)


@app.cell
def _(beside, incognito, nominal):
    mo.stop(len(beside.value) < 2)
    runs, pairs = scenario.compared(workspace, beside.value)
    fans = [
        charts.fan_over_time(
            scenario.fan(one, "net_worth", is_nominal=nominal.value),
            scenario.money_of(one.scenario, is_nominal=nominal.value),
            title=one.scenario.name,
            incognito=incognito.value,
        )
        for one in runs
    ]
    mo.vstack([mo.hstack(fans, widths="equal"), tables.table(pairs, "Beside each other")])
    return


@app.cell
def _(bent, found):
    name = mo.ui.text(value=f"{bent.name} (changed)", label="save as")
    save = mo.ui.run_button(label="Save this run")
    found  # the button starts anew with each scenario
    mo.vstack([mo.md("## Keep"), mo.hstack([name, save], justify="start")])
    return name, save


@app.cell
def _(found, name, save, simulation):
    mo.stop(not save.value)
    mo.md(scenario.saved(workspace, found, simulation, name.value, utc_now()))
    return


@app.cell
def _(build):
    build
    saved_runs = progress.runs(workspace.home)
    run = mo.ui.dropdown(saved_runs, value=next(iter(saved_runs), None), label="a saved run")
    text = "## The plan and what came true"
    mo.vstack([mo.md(text), run if saved_runs else mo.md("No run has been saved yet.")])
    return (run,)


@app.cell
def _(build, run):
    build
    came, problem = progress.of(workspace, run.value)
    mo.md(problem)
    return (came,)


@app.cell
def _(came, incognito):
    mo.stop(came is None)
    frozen, actual = progress.fan_and_actual(came)
    true = charts.fan_over_time(
        frozen,
        f"{came.currency} of {came.basis_year}",
        title=f"{came.run.scenario_name}, as saved on {came.run.base_date}",
        actual=actual,
        incognito=incognito.value,
    )
    mo.vstack([true, mo.md(progress.told(came, incognito=incognito.value))])
    return


@app.cell
def _(came, incognito):
    mo.stop(came is None)
    steps, planned = progress.parts(came)
    deviation = charts.bridge(
        steps,
        planned,
        f"{came.currency} of the day",
        title="From the plan's median to what came true",
        opened="planned",
        closed="actual",
        incognito=incognito.value,
    )
    deviation
    return


if __name__ == "__main__":
    app.run()
