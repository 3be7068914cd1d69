import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Explore")

with app.setup:
    import marimo as mo

    import tenet
    from tenet.pages import catalogue, opening, tables

    workspace = tenet.open()


@app.cell
def _():
    again = mo.ui.button(value=0, on_click=lambda count: count + 1, label="Run again")
    return (again,)


@app.cell
def _(again):
    again.value  # each click asks everything below anew
    build = opening.opened(workspace)
    mo.stop(build is None, mo.callout(mo.md(opening.NOTHING), kind="warn"))
    return (build,)


@app.cell
def _(again, build):
    question = mo.md("_What else would you ask of your own data?_\n# Explore")
    mo.vstack([question, mo.md(opening.freshness(workspace, build)), again])
    return


@app.cell
def _(build):
    build
    listed = tables.table(
        catalogue.tables(workspace),
        "## Tables; choose one to see its columns",
        selection="single",
        wrapped_columns=["meaning"],
        column_widths={"meaning": 600},
        page_size=8,
    )
    listed
    return (listed,)


@app.cell
def _(listed):
    mo.stop(listed.value.is_empty())
    table = listed.value["table"][0]
    tables.table(
        catalogue.columns(workspace, table),
        f"### {table}",
        wrapped_columns=["meaning"],
        column_widths={"meaning": 600},
        page_size=30,
    )
    return


@app.cell
def _(build):
    build
    begin = mo.ui.dropdown(
        catalogue.QUESTIONS,
        value=next(iter(catalogue.QUESTIONS)),
        label="begin with",
        full_width=True,
    )
    mo.vstack([mo.md("## Ask"), begin])
    return (begin,)


@app.cell
def _(begin):
    text = mo.ui.code_editor(begin.value.strip(), language="sql", label="DuckDB SQL")
    query = text.form(submit_button_label="Ask", bordered=False)
    query
    return (query,)


@app.cell
def _(begin, build, query):
    build
    found, said = catalogue.answer(workspace, query.value or begin.value)
    mo.stop(found is None, mo.callout(mo.md(said), kind="danger"))
    mo.ui.table(found, selection=None, page_size=15, show_column_summaries=False, label=said)
    return


@app.cell
def _(build):
    build
    mo.md(
        """
        ## Take it elsewhere
        The table above saves what it shows (Export). All tables, with their checksums:
        `tenet export DIR --format parquet`. Any DuckDB client opens `tenet.duckdb` read-only.
        In a script: `tenet.open().sql("...")` gives a Polars frame.
        """
    )
    return


if __name__ == "__main__":
    app.run()
