import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Net worth")

with app.setup:
    import marimo as mo

    import tenet
    from tenet import charts, reports, returns
    from tenet.pages import allocated, earned, held, opening, tables, worth

    workspace = tenet.open()


@app.cell
def _():
    again = mo.ui.button(value=0, on_click=lambda count: count + 1, label="Run again")
    incognito = mo.ui.switch(label="hide amounts")
    look = mo.ui.refresh(default_interval="10s", label="look for a newer build")
    return again, incognito, look


@app.cell
def _(again):
    again.value  # each click asks everything below anew
    build = opening.opened(workspace)
    mo.stop(build is None, mo.callout(mo.md(opening.NOTHING), kind="warn"))
    return (build,)


@app.cell
def _(build, incognito):
    now = reports.net_worth(workspace, build.day)
    total = opening.worth_told(now, incognito=incognito.value)
    about = opening.freshness(workspace, build)
    mo.vstack(
        [mo.md("_What are we worth, and how well do we know it?_"), mo.md(total), mo.md(about)]
    )
    return


@app.cell
def _(again, build, incognito, look):
    look.value
    newer = mo.hstack([mo.md(opening.NEWER), again], justify="start")
    note = mo.callout(newer, kind="warn") if opening.is_outdated(workspace, build) else again
    mo.hstack([incognito, look, note], justify="start", align="center", wrap=True)
    return


@app.cell
def _(build, incognito):
    changes = worth.changes(workspace, build)
    told = worth.changes_told(changes, build.currency, incognito=incognito.value)
    mo.hstack([mo.stat(**one, bordered=True) for one in told], widths="equal", wrap=True)
    return (changes,)


@app.cell
def _(build, changes):
    spans = changes["span"].to_list() or ["all"]
    usual = "year" if "year" in spans else spans[-1]
    span = mo.ui.radio(spans, value=usual, inline=True, label="over the last")
    as_real = mo.ui.switch(label=f"in money of {build.day}")
    rate = mo.ui.number(-5, 50, value=2.5, step=0.1, label="inflation where unknown, % a year")
    log = mo.ui.switch(label="log scale")
    return as_real, log, rate, span


@app.cell
def _(build, span):
    reach = worth.range_of(build, span.value)
    days = mo.ui.date_range(build.first_day, build.day, value=reach, label="or these days")
    return (days,)


@app.cell
def _(as_real, days, log, rate, span):
    mo.hstack([span, days, log, as_real, rate], justify="start", wrap=True)
    return


@app.cell
def _(as_real, build, days, rate):
    nominal = worth.history(workspace, *days.value)
    history = worth.in_money_of(build, nominal, rate.value / 100) if as_real.value else nominal
    unit = f"{build.currency} of {build.day}" if as_real.value else build.currency
    return history, unit


@app.cell
def _(days, history, incognito, log, unit):
    over_time = charts.net_worth_over_time(
        history,
        unit,
        marks=worth.marks(workspace, *days.value),
        log=log.value,
        incognito=incognito.value,
    )
    over_time
    return


@app.cell
def _(history, incognito, unit):
    coverage = charts.coverage_over_time(history, unit, as_share=True, incognito=incognito.value)
    coverage
    return


@app.cell
def _(build, days, incognito):
    mo.stop(not worth.is_span(days.value))
    parts, opened = worth.parts_between(workspace, *days.value)
    names = {"opened": f"on {days.value[0]}", "closed": f"on {days.value[1]}"}
    change = charts.bridge(parts, opened, build.currency, **names, incognito=incognito.value)
    change
    return


@app.cell
def _():
    by = mo.ui.dropdown(worth.DIMENSIONS, value="account", label="divided by")
    as_share = mo.ui.switch(label="as share")
    as_then = mo.ui.switch(label="classes and owners as they were then")
    mo.hstack([by, as_share, as_then], justify="start", wrap=True)
    return as_share, as_then, by


@app.cell
def _(as_share, as_then, build, by, days, incognito):
    divided = charts.amounts_over_time(
        worth.amounts_by(workspace, by.value, *days.value, as_then=as_then.value),
        by.value,
        build.currency,
        as_share=as_share.value,
        incognito=incognito.value,
    )
    divided
    return


@app.cell
def _():
    earner = mo.ui.dropdown(returns.BY, value="total", label="## What did it earn?  of")
    earner
    return (earner,)


@app.cell
def _(build, earner, incognito):
    build
    performance = earned.returns(workspace, earner.value)
    label = f"### Returns ({build.currency})"
    tables.table(performance, label, is_hidden=incognito.value, page_size=7)
    return


@app.cell
def _(build, incognito):
    paid = earned.income(workspace)
    income = mo.md("No dividends or interest are told.")
    if len(paid):
        income = charts.income_by_month(paid, build.currency, incognito=incognito.value)
    income
    return


@app.cell
def _(build, incognito):
    sold = earned.gains(workspace)
    gains = f"### Gains of sales ({build.currency})"
    tables.table(sold, gains, is_hidden=incognito.value) if len(sold) else mo.md(
        "Nothing was sold."
    )
    return


@app.cell
def _(as_then, build, incognito):
    classes = allocated.classes(workspace, build.day, as_then=as_then.value)
    drift = charts.allocation_drift(classes, build.currency, incognito=incognito.value)
    mo.vstack([drift, mo.md(allocated.left_out(workspace, build.day))])
    return


@app.cell
def _():
    new_money = mo.ui.number(
        value=0, step=1000, label="new money to invest (to be taken out: below 0)"
    )
    new_money
    return (new_money,)


@app.cell
def _(build, incognito, new_money):
    moves, problem = allocated.moves(workspace, new_money.value or 0)
    mo.stop(moves is None, mo.md(problem))
    tables.table(
        moves,
        f"### To the targets ({build.currency})",
        is_hidden=incognito.value,
    )
    return


@app.cell
def _(build, incognito):
    table = held.accounts(workspace, build.day)
    accounts = tables.table(
        table,
        f"## Accounts ({build.currency})",
        is_hidden=incognito.value,
        selection="single",
        initial_selection=[0],
    )
    accounts
    return (accounts,)


@app.cell
def _(build, incognito):
    lines = held.holdings(workspace)
    holdings = tables.table(
        lines,
        f"## Holdings (value in {build.currency}; choose one, or an account, to see more)",
        is_hidden=incognito.value,
        selection="single",
        page_size=20,
    )
    holdings
    return (holdings,)


@app.cell
def _(accounts, holdings):
    chosen = held.chosen(holdings.value, accounts.value)
    return (chosen,)


@app.cell
def _(build, chosen, days, incognito):
    mo.stop(chosen is None)
    one = charts.value_over_time(
        held.history(workspace, chosen.account_id, chosen.security_id, *days.value),
        build.currency,
        chosen.name,
        incognito=incognito.value,
    )
    one
    return


@app.cell
def _(build, chosen, incognito):
    mo.stop(incognito.value or chosen is None)
    why = held.why(workspace, build.day, chosen.account_id, chosen.security_id)
    mo.accordion({f"Why {chosen.name} is worth that": mo.plain_text(why)})
    return


if __name__ == "__main__":
    app.run()
