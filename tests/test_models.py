"""The models are documented, ordered and proved; a failing one says where."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from tables import answer, raw_query

from tenet import models, resources, warehouse
from tenet.database import connect
from tenet.errors import KeyViolated, ModelFailed
from tenet.schemas import DATASETS

if TYPE_CHECKING:
    from pathlib import Path

SQL = resources.folder("sql")
SETTINGS = {
    "through_date": "2024-01-01",
    "timezone": "UTC",
    "base_currency": "USD",
    "stale_price_days": 7,
}


def test_every_table_and_column_is_explained_in_the_published_file(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "select table_name, column_name from duckdb_columns() "
        "where database_name = 'tenet' and coalesce(comment, '') = ''",
        through="2024-01-01",
    )
    assert found == "table_name column_name"


def test_every_model_runs_after_what_it_reads() -> None:
    found = models.read_models(connect(), SQL)
    place = {model.name: number for number, model in enumerate(found)}
    for model in found:
        assert all(place[read] < place[model.name] for read in model.reads if read in place)


def test_layers_read_only_downwards() -> None:
    depth = {"staging": 0, "intermediate": 1, "marts": 2}
    found = {model.name: model for model in models.read_models(connect(), SQL)}
    for model in found.values():
        for read in model.reads:
            if read in found:
                above, below = model.path.parent.name, found[read].path.parent.name
                assert depth[below] <= depth[above], f"{model.name} reads {read}"
                assert above != "staging", f"{model.name} reads {read}"


def test_every_raw_dataset_that_is_read_exists() -> None:
    read = {name for model in models.read_models(connect(), SQL) for name in model.reads}
    assert {name[4:] for name in read if name.startswith("raw_")} <= set(DATASETS)


def build_with(folder: Path, model: str, query: str) -> None:
    sql = folder / "sql"
    shutil.copytree(SQL, sql)
    (sql / "marts" / f"{model}.sql").write_text(query)
    raw = {name: raw_query(name, "landing_id") for name in DATASETS}
    warehouse.build_file(folder / "x.duckdb", raw, SETTINGS, SETTINGS, sql)


HEADER = "-- What is wrong.\n-- grain: one row\n-- keys: id\n"


def test_a_failing_model_names_the_file_the_line_and_what_duckdb_said(tmp_path: Path) -> None:
    query = HEADER + "select\n    1 as id,\n    no_such_column\nfrom build_settings\n"
    with pytest.raises(ModelFailed, match="no_such_column") as failure:
        build_with(tmp_path, "wrong", query)
    assert (failure.value.model, failure.value.line) == ("sql/marts/wrong.sql", 6)


def test_a_model_that_does_not_parse_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(ModelFailed, match="syntax error") as failure:
        build_with(tmp_path, "wrong", HEADER + "select\n    1 as id\nfrom from\n")
    assert (failure.value.model, failure.value.line) == ("sql/marts/wrong.sql", 6)


@pytest.mark.parametrize(
    "query", ["select unnest([1, 2, 2]) as id", "select unnest([1, null]) as id"]
)
def test_keys_that_repeat_or_are_null_stop_the_build(tmp_path: Path, query: str) -> None:
    with pytest.raises(KeyViolated, match=r"sql/marts/wrong\.sql: keys \(id\)"):
        build_with(tmp_path, "wrong", HEADER + query)


@pytest.mark.parametrize("missing", ["grain", "keys"])
def test_a_header_without_grain_or_keys_is_refused(tmp_path: Path, missing: str) -> None:
    header = "\n".join(line for line in HEADER.splitlines() if missing not in line)
    with pytest.raises(ModelFailed, match=missing):
        build_with(tmp_path, "wrong", f"{header}\nselect 1 as id")
