"""The charts: what they encode, what they refuse, and that they are drawn on light and on dark."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import vl_convert
from tables import rows

from tenet import charts
from tenet.errors import SchemaMismatch, TooManyPoints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import altair as alt

    Draw = Callable[[pl.DataFrame], alt.LayerChart]

TEXTS = {"account_name", "asset_class", "cause", "kind", "name", "part", "price_source", "status"}
DAYS = {"valuation_date", "price_date"}


def frame(text: str) -> pl.DataFrame:
    """A table as a mart has it: dates, texts, and amounts as decimals."""
    table = pl.DataFrame(rows(text), schema=dict.fromkeys(text.split("\n")[1].split(), pl.String))
    typed = {name: pl.col(name).str.to_decimal(scale=4) for name in table.columns}
    typed |= {name: pl.col(name).str.to_date() for name in DAYS & typed.keys()}
    return table.with_columns(**{name: typed[name] for name in typed.keys() - TEXTS})


CASES: dict[str, tuple[Draw, str]] = {
    "net_worth_over_time": (
        lambda table: charts.net_worth_over_time(table, "USD", marks=MARKS),
        """
        valuation_date  net_worth  stale_count
        2024-01-01      1000.10    0
        2024-01-02      -500.25    2
        2024-01-03      -          0
        """,
    ),
    "value_over_time": (
        lambda table: charts.value_over_time(table, "EUR", "Depot", incognito=True),
        """
        valuation_date  market_value_base  quantity  price_source   price_date
        2024-01-01      1000.10            10        market         2024-01-01
        2024-01-02      -                  10        -              -
        2024-01-03      -20.00             -1        carry_forward  2024-01-01
        """,
    ),
    "coverage_over_time": (
        lambda table: charts.coverage_over_time(table, "USD", as_share=True),
        """
        valuation_date  observed_value  carried_value  estimated_value
        2024-01-01      60              30             -10
        2024-01-02      0               0              0
        """,
    ),
    "amounts_over_time": (
        lambda table: charts.amounts_over_time(table, "account_name", "USD"),
        """
        valuation_date  account_name  amount
        2024-01-01      U.S.~[x]      60
        2024-01-01      Loan          -30.5
        2024-01-02      U.S.~[x]      -
        """,
    ),
    "bridge": (
        lambda table: charts.bridge(table, Decimal("100.50"), "USD"),
        """
        part           amount
        contributions  20
        market         -5.25
        fees           0
        income         -
        """,
    ),
    "allocation_drift": (
        lambda table: charts.allocation_drift(table, "USD"),
        """
        asset_class  weight  target_weight  market_value_base
        Stocks       0.9     0.8            90
        Loans        -0.1    -              -10
        """,
    ),
    "money_at_stake": (
        lambda table: charts.money_at_stake(table, "USD"),
        """
        kind         amount
        stale_price  10.5
        unpriced     -
        """,
    ),
    "price_ages": (
        lambda table: charts.price_ages(table, "USD", 7),
        """
        name   price_age_days  price_source
        Fund   30              snapshot
        Stock  0               market
        Shoe   -               -
        """,
    ),
    "days_by_status": (
        charts.days_by_status,
        """
        account_name  valuation_date  status
        Bank          2024-01-01      complete
        Bank          2024-01-02      price_stale
        """,
    ),
    "restatements_over_time": (
        lambda table: charts.restatements_over_time(table, "USD"),
        """
        valuation_date  change  cause
        2024-01-01      -12.5   landing_lost
        2024-01-02      -       price
        """,
    ),
    "fan_over_time": (
        lambda table: charts.fan_over_time(table, "USD", actual=ACTUAL),
        """
        valuation_date  p5   p10  p50  p95
        2024-01-31      -10  0    100  200
        2024-02-29      -30  0    100  300
        """,
    ),
    "distribution": (
        lambda table: charts.distribution(table, "USD", bins=2, marks={"goal": Decimal(3)}),
        """
        amount
        -1
        1
        3
        -
        """,
    ),
    "parameter_grid": (
        lambda table: charts.parameter_grid(table, "spending", "age", "success", title="Plan"),
        """
        spending  age  success
        40000     60   0.9
        50000     60   -
        """,
    ),
}
MARKS = pl.DataFrame(
    {"valuation_date": [date(2024, 1, 2)], "kind": ["account joined"], "what": ["Bank"]}
)
ACTUAL = frame("""
    valuation_date  net_worth
    2024-01-15      120.5
""")
every_chart = pytest.mark.parametrize("name", CASES)


def drawn(name: str, table: pl.DataFrame | None = None) -> dict[str, Any]:
    draw, text = CASES[name]
    spec: dict[str, Any] = draw(frame(text) if table is None else table).to_dict()
    return spec


def inside(node: object, key: str) -> Iterator[Any]:
    """Every value under `key` anywhere in a specification."""
    if isinstance(node, dict):
        if key in node:
            yield node[key]
        for child in node.values():
            yield from inside(child, key)
    elif isinstance(node, list):
        for child in node:
            yield from inside(child, key)


def data(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows that a chart sends, of all its frames."""
    return [row for part in spec["datasets"].values() for row in part]


def png(spec: dict[str, Any], theme: str | None) -> bytes:
    return vl_convert.vegalite_to_png(
        spec | {"width": 300}, theme=theme, scale=0.5, allowed_base_urls=[]
    )


def daily(count: int, **columns: object) -> pl.DataFrame:
    days = [date(2000, 1, 1) + timedelta(number) for number in range(count)]
    return pl.DataFrame({"valuation_date": days}).with_columns(**columns)


@every_chart
def test_a_chart_is_drawn_on_light_and_on_dark(name: str) -> None:
    spec = drawn(name)
    light, dark = png(spec, None), png(spec, "dark")
    assert light != dark
    assert min(len(light), len(dark)) > 2000


@every_chart
def test_text_takes_the_pages_colour_and_the_page_shows_through(name: str) -> None:
    config = drawn(name)["config"]
    assert config["background"] == "transparent"
    named = {key for part in ("axis", "title", "legend") for key in config[part]}
    assert not named & {"labelColor", "titleColor", "color", "subtitleColor"}


@every_chart
def test_the_menu_of_a_chart_sends_nothing_away(name: str) -> None:
    actions = drawn(name)["usermeta"]["embedOptions"]["actions"]
    assert [action for action, offered in actions.items() if offered] == ["export"]


@every_chart
def test_no_row_and_one_row_are_drawn(name: str) -> None:
    table = frame(CASES[name][1])
    for few in (table.clear(), table.head(1)):
        assert png(drawn(name, few), None)


@every_chart
def test_rows_of_unknown_amounts_are_drawn(name: str) -> None:
    table = frame(CASES[name][1])
    numbers = [column for column, kind in table.schema.items() if kind.is_decimal()]
    given = [column for column in numbers if column not in ("spending", "age")]
    assert png(drawn(name, table.with_columns(pl.lit(None).alias(each) for each in given)), None)


@every_chart
def test_what_is_sent_is_plain_json_without_decimals(name: str) -> None:
    sent = data(drawn(name))
    assert sent
    kinds = {type(value) for row in sent for value in row.values()}
    assert kinds <= {str, float, int, bool, type(None)}
    json.dumps(sent, allow_nan=False)


@every_chart
def test_a_column_that_is_missing_or_of_another_kind_is_named(name: str) -> None:
    table = frame(CASES[name][1])
    first, last = table.columns[0], table.columns[1 if len(table.columns) > 1 else 0]
    with pytest.raises(SchemaMismatch, match=f"{name}.*{first}: not in the frame"):
        drawn(name, table.drop(first))
    if last not in TEXTS | {"age"}:
        with pytest.raises(SchemaMismatch, match=last):
            drawn(name, table.with_columns(pl.lit("many").alias(last)))


@every_chart
def test_nothing_that_is_not_finite_is_sent(name: str) -> None:
    table = frame(CASES[name][1])
    numbers = {column for column, kind in table.schema.items() if kind.is_decimal()}
    odd = table.with_columns(
        pl.lit(float("nan")).alias(number) for number in numbers - {"spending", "age"}
    )
    json.dumps(data(drawn(name, odd)), allow_nan=False)


def test_amounts_are_written_with_separators_and_their_currency() -> None:
    spec = drawn("net_worth_over_time")
    assert spec["title"]["text"] == "Net worth (USD)"
    axes = [y["axis"]["format"] for y in inside(spec, "y") if "axis" in y]
    assert set(axes) == {",.0f"}
    (said,) = [said for said in inside(spec, "tooltip") if len(said) == 3 and "net" in str(said)]
    assert [(each["title"], each["format"]) for each in said] == [
        ("day", "%-d %b %Y"),
        ("net worth", ",.2f"),
        ("stale prices", ",.10~f"),
    ]


def test_a_tooltip_says_where_a_price_is_from_and_of_which_day() -> None:
    chart = charts.value_over_time(frame(CASES["value_over_time"][1]), "EUR", "Depot")
    titles = [[each["title"] for each in said] for said in inside(chart.to_dict(), "tooltip")]
    assert titles == [["day", "value", "quantity", "price from", "price of"]]


def test_on_a_log_scale_days_at_or_below_zero_are_left_out_and_counted() -> None:
    table = frame(CASES["net_worth_over_time"][1])
    spec = charts.net_worth_over_time(table, "USD", log=True).to_dict()
    assert {scale["type"] for scale in inside(spec, "scale")} == {"log"}
    assert spec["title"]["subtitle"] == ["1 day is at or below zero, not shown"]
    assert {row["net_worth"] for row in data(spec)} == {1000.1, None}


def test_incognito_no_amount_no_quantity_and_no_currency_is_sent() -> None:
    spec = drawn("value_over_time")
    assert spec["title"]["text"] == "Depot (100 = the largest)"
    assert [row["market_value_base"] for row in data(spec)][:2] == [100.0, None]
    assert all("quantity" not in row for row in data(spec))
    assert not [text for text in ("1000.1", "-20.0", "EUR") if text in json.dumps(spec)]


def test_a_known_day_between_unknown_ones_is_a_point() -> None:
    table = frame("""
        valuation_date  net_worth
        2024-01-01      1
        2024-01-02      -
        2024-01-03      3
    """)
    layers = charts.net_worth_over_time(table, "USD").to_dict()["layer"]
    assert [layer["mark"]["type"] for layer in layers] == ["line", "point", "rule"]


def test_shares_count_what_is_owed_by_its_size_and_a_day_of_nothing_is_empty() -> None:
    spec = drawn("coverage_over_time")
    sent = [row["amount"] for row in data(spec) if "part" in row]
    assert sent == pytest.approx([0.6, None, 0.3, None, 0.1, None])
    assert [y["scale"]["domain"] for y in inside(spec, "y") if "stack" in y] == [[0, 1]]


def test_the_smallest_series_are_drawn_as_one_and_unknown_amounts_are_counted() -> None:
    table = frame("""
        valuation_date  account_name  amount
        2024-01-01      A             -100
        2024-01-01      B             20
        2024-01-01      C             3
        2024-01-01      D             2
        2024-01-02      A             -
    """)
    spec = charts.amounts_over_time(table, "account_name", "USD", most=3).to_dict()
    first = {row["part"]: row["amount"] for row in data(spec) if row.get("part") and row["amount"]}
    assert first == {"A": -100.0, "B": 20.0, "all others": 5.0}
    assert spec["title"]["subtitle"] == ["1 unknown amount is not in it"]


def test_a_bridge_stands_on_its_parts_and_ends_at_their_sum() -> None:
    spec = drawn("bridge")
    steps = [(row["part"], row["since"], row["until"], row["label"]) for row in data(spec)]
    assert steps == [
        ("before", 100.5, 100.5, "100"),
        ("contributions", 100.5, 120.5, "+20"),
        ("market", 120.5, 115.25, "-5"),
        ("after", 115.25, 115.25, "115"),
    ]
    assert spec["title"]["subtitle"] == ["1 unknown part is not in it"]


def test_words_of_the_code_are_written_for_people() -> None:
    assert {row["kind"] for row in data(drawn("money_at_stake"))} == {"stale price", "unpriced"}
    assert {row["cause"] for row in data(drawn("restatements_over_time"))} >= {"landing lost"}


def test_a_status_that_nobody_named_is_shown_last_and_grey() -> None:
    (scale,) = [each for each in inside(drawn("days_by_status"), "scale") if "domain" in each]
    assert scale["domain"] == ["complete", "price stale"]
    assert scale["range"][1] == "#8c8c8c"


@pytest.mark.parametrize(
    ("grain", "until"), [("day", "2024-01-02"), ("week", "2024-01-08"), ("month", "2024-02-01")]
)
def test_a_cell_of_the_calendar_is_as_wide_as_its_period(grain: Any, until: str) -> None:
    chart = charts.days_by_status(frame(CASES["days_by_status"][1]).head(1), grain)
    (row,) = data(chart.to_dict())
    assert row["until"].startswith(until)


def test_the_price_ages_that_are_not_drawn_are_counted() -> None:
    table = pl.DataFrame({"name": list("abcd"), "price_age_days": [3, 9, 1, None]})
    spec = charts.price_ages(table, "USD", 7, most=2).to_dict()
    assert [row["name"] for row in data(spec)] == ["b", "a"]
    assert spec["title"]["subtitle"] == ["1 price is younger", "1 security has no price"]


def test_a_fan_draws_only_whole_pairs_the_widest_first() -> None:
    bands = [row["band"] for row in data(drawn("fan_over_time")) if "band" in row]
    assert set(bands) == {"5 to 95 of 100 paths"}


def test_a_distribution_sends_counts_and_not_paths() -> None:
    outcomes = pl.DataFrame({"amount": [0.0] * 5 + [9.0] * 20_000 + [10.0]})
    spec = charts.distribution(outcomes, "USD", bins=10).to_dict()
    assert [(row["since"], row["until"], row["paths"]) for row in data(spec)] == [
        (0, 1, 5),
        (9, 10, 20_001),
    ]


def test_restated_values_say_when_they_were_restated() -> None:
    at = datetime(2024, 1, 5, 12, tzinfo=UTC)
    table = frame(CASES["restatements_over_time"][1]).with_columns(restated_at=pl.lit(at))
    spec = charts.restatements_over_time(table, "USD").to_dict()
    (said,) = {str(said) for said in inside(spec, "tooltip")}
    assert "restated at" in said
    assert data(spec)[0]["restated_at"].startswith("2024-01-05T12:00")


def test_the_same_day_twice_is_refused() -> None:
    table = frame("""
        valuation_date  net_worth
        2024-01-01      1
        2024-01-01      2
    """)
    with pytest.raises(SchemaMismatch, match="2024-01-01 stands there more than once"):
        charts.net_worth_over_time(table, "USD")


def test_long_times_show_the_last_day_of_each_period_and_say_so() -> None:
    table = daily(charts.POINTS + 1, net_worth=pl.int_range(pl.len()))
    spec = charts.net_worth_over_time(table, "USD").to_dict()
    sent = data(spec)
    assert spec["title"]["subtitle"] == ["the last day of each week"]
    assert len(sent) <= charts.POINTS
    assert sent[0]["valuation_date"].startswith("2000-01-02")  # a Sunday
    assert sent[-1]["net_worth"] == charts.POINTS


def test_more_cells_than_a_screen_has_pixels_are_refused_with_what_to_do() -> None:
    table = daily(charts.POINTS + 1, account_name=pl.lit("Bank"), status=pl.lit("complete"))
    with pytest.raises(TooManyPoints) as refused:
        charts.days_by_status(table)
    assert "resolution" in refused.value.hint


@pytest.mark.parametrize(
    ("days", "series", "grain"),
    [(0, 1, "day"), (4000, 1, "day"), (4001, 1, "week"), (1826, 7, "week"), (20_000, 2, "month")],
)
def test_the_finest_grain_that_fits_is_chosen(days: int, series: int, grain: str) -> None:
    assert charts.resolution(days, series) == grain
