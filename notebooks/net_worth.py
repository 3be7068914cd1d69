import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Net worth")

with app.setup:
    import marimo as mo

    import tenet
    from tenet import charts, reports

    workspace = tenet.open()
    worth = reports.net_worth(workspace)


@app.cell
def _():
    mo.md(f"""
    # What are we worth?
    **{worth["net_worth"]:,.2f} {worth["currency"]}** on {worth["valuation_date"]}
    (build {workspace.revision}). {worth["unpriced_count"]} holdings have no value and are not in
    the sum; {worth["stale_count"]} prices are stale.
    """)
    return


@app.cell
def _():
    history = reports.net_worth_history(workspace)
    worth_chart = charts.net_worth_over_time(history, worth["currency"])
    worth_chart
    return (history,)


@app.cell
def _(history):
    coverage_chart = charts.coverage_over_time(history, worth["currency"])
    coverage_chart
    return


@app.cell
def _():
    mo.ui.table(reports.net_worth_by(workspace, "account"), label="By account")
    return


@app.cell
def _():
    mo.ui.table(
        workspace.sql("from holdings_current order by market_value_base desc"), label="Held"
    )
    return


if __name__ == "__main__":
    app.run()
