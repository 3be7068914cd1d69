import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Gaps")

with app.setup:
    import marimo as mo

    import tenet
    from tenet import charts
    from tenet.pages import doubts, mending, opening, tables, worth
    from tenet.workspace import utc_now

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
def _(build):
    question = mo.md("_What is missing, old or in doubt, and how much money hangs on it?_\n# Gaps")
    mo.vstack([question, mo.md(opening.freshness(workspace, build))])
    return


@app.cell
def _(again, build, incognito, look):
    look.value
    newer = mo.hstack([mo.md(opening.NEWER), again], justify="start")
    note = mo.callout(newer, kind="warn") if opening.is_outdated(workspace, build) else again
    mo.hstack([incognito, look, note], justify="start", align="center", wrap=True)
    return


@app.cell
def _(build):
    only_open = mo.ui.switch(label="only what is still so")
    days = mo.ui.date_range(build.first_day, build.day, value=worth.range_of(build, "year"))
    mo.hstack([only_open, mo.md("days"), days], justify="start", wrap=True)
    return days, only_open


@app.cell
def _(build, incognito, only_open):
    stakes = doubts.stakes(workspace, only_open=only_open.value)
    at_stake = charts.money_at_stake(stakes, build.currency, incognito=incognito.value)
    at_stake if len(stakes) else mo.md("Nothing is missing, old or in doubt.")
    return


@app.cell
def _(build, days):
    build  # anew with each build
    calendar = charts.days_by_status(*doubts.calendar(workspace, *days.value))
    calendar
    return


@app.cell
def _(build, incognito):
    found = doubts.gaps(workspace)
    tables.table(
        found,
        f"## Every gap (money at stake in {build.currency})",
        is_hidden=incognito.value,
        page_size=15,
        wrapped_columns=["about", "detail"],
        column_widths={"about": 180, "detail": 330},
    )
    return


@app.cell
def _(build, incognito):
    prices = doubts.price_ages(workspace)
    ages = charts.price_ages(prices, build.currency, build.stale_days, incognito=incognito.value)
    ages
    return


@app.cell
def _(build):
    build
    tables.table(
        doubts.account_ages(workspace),
        "## Accounts by how long they gave no data",
    )
    return


@app.cell
def _(build, incognito):
    checks = doubts.checks(workspace)
    tables.table(
        checks,
        f"## Our value beside the provider's (difference in {build.currency})",
        is_hidden=incognito.value,
    )
    return


@app.cell
def _(build, incognito):
    changes = doubts.restated(workspace, build)
    restated = charts.restatements_over_time(changes, build.currency, incognito=incognito.value)
    restated if len(changes) else mo.md("No build has changed a past value.")
    return (changes,)


@app.cell
def _(build):
    waiting = mending.quarantined(workspace.home)
    answers = tables.table(
        waiting,
        "## Answers in quarantine",
        selection="single",
    )
    build
    answers if len(waiting) else mo.md("## Answers in quarantine\nNone.")
    return (answers,)


@app.cell
def _(answers):
    accept = mo.ui.run_button(label="Accept as true", disabled=not len(answers.value))
    reject = mo.ui.run_button(label="Reject for good", disabled=not len(answers.value))
    mo.hstack([accept, reject], justify="start")
    return accept, reject


@app.cell
def _(accept, answers, build, reject):
    mo.stop(not (accept.value or reject.value) or not len(answers.value))
    snapshot_id = answers.value["snapshot_id"][0]
    mo.md(mending.settled(workspace.home, build, snapshot_id, utc_now(), accepted=accept.value))
    return


@app.cell
def _():
    plan = mo.ui.run_button(label="What would mend them?")
    repair = mo.ui.run_button(label="Repair now", kind="warn")
    mo.vstack([mo.md("## Repair"), mo.hstack([plan, repair], justify="start")])
    return plan, repair


@app.cell
def _(build, plan, repair):
    mo.stop(not (plan.value or repair.value))
    act = mending.repaired if repair.value else mending.planned
    with mo.status.spinner("asking" if repair.value else "building aside"):
        said = act(workspace.home, build, utc_now())
    mo.md(said)
    return


if __name__ == "__main__":
    app.run()
