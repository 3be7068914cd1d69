"""A refresh: each step as good as it can be, whatever becomes of the others."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from markets import Bank, Market, add, noon

import tenet
from tenet.build import build
from tenet.errors import ProviderSyncError
from tenet.providers.result import Account, Holding, ProviderSyncResult
from tenet.refresh.note import last_refresh, refresh_note
from tenet.refresh.run import refresh
from tenet.refresh.steps import Started
from tenet.reports import refreshed
from tenet.settings import Settings, load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

    from tenet.refresh.report import RefreshReport

DOWN = ProviderSyncError("connection", "no answer: ConnectError", retriable=True)


@dataclass
class Broker:
    """A provider that says what it is told to say, and may fail even after it has said it."""

    says: ProviderSyncResult | Exception
    name: str = "broker"
    secrets: tuple[str, ...] = ("hunter2",)
    raises: Exception | None = None
    asked: list[datetime] = field(default_factory=list)

    def fetch(self, client: httpx.Client, *, at: datetime, pause: Callable[[float], None]) -> Any:  # noqa: ARG002
        self.asked.append(at)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says

    def parse(self, payload: ProviderSyncResult) -> ProviderSyncResult:
        return payload

    def login_days_left(self, at: datetime) -> float | None:  # noqa: ARG002
        if self.raises:
            raise self.raises
        return None


def holds(**units: int) -> ProviderSyncResult:
    """One account with so many units of each security (`_CASH_EUR` is euros)."""
    lines = (
        Holding("1", name.replace("_CASH_", "_CASH:"), Decimal(count), currency=name[-3:])
        if name.startswith("_CASH_")
        else Holding("1", name, Decimal(count), price=Decimal(90), currency="USD")
        for name, count in units.items()
    )
    return ProviderSyncResult((Account("1", "Depot"),), tuple(lines))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with nothing in it."""
    home = tmp_path / "home"
    home.mkdir()
    return load(home, timezone="UTC")


def run(settings: Settings, day: str, *sources: Any, **options: Any) -> RefreshReport:
    """A refresh at noon of a day."""
    return refresh(
        settings,
        [source for source in sources if isinstance(source, Broker)],
        [source for source in sources if isinstance(source, Market)],
        [source for source in sources if isinstance(source, Bank)],
        through=date.fromisoformat(day),
        at=noon(day),
        pause=lambda _: None,
        **options,
    )


def net_worth(settings: Settings) -> Decimal:
    worth = tenet.open(settings.home).sql(
        "select net_worth from net_worth_daily order by valuation_date desc limit 1"
    )
    return Decimal(worth.item())


def whole(settings: Settings) -> list[Any]:
    """All values of the published build."""
    columns = "valuation_date, account_id, security_id, quantity, close_price, market_value_base"
    return (
        tenet.open(settings.home)
        .sql(f"select {columns} from daily_holding_values order by all")
        .rows()
    )


def test_holdings_come_first_then_their_prices_and_rates_and_then_the_build(
    settings: Settings,
) -> None:
    market, bank = Market(), Bank()
    heard: list[object] = []
    broker = Broker(holds(AAPL=10, _CASH_EUR=100))
    report = run(settings, "2026-03-04", broker, market, bank, told=heard.append)
    assert (report.exit_code, report.is_built, report.failures) == (0, True, ())
    steps = [event.step for event in heard if isinstance(event, Started)]
    assert steps == ["sync", "new prices", "build"]
    assert market.new_asks() == [("AAPL", "2026-02-25", "2026-03-03")]
    # On the day itself the provider's own price counts until there is a close: 900 and 110.
    assert net_worth(settings) == 1010


def test_a_second_refresh_of_a_day_asks_no_market_and_builds_nothing_new(
    settings: Settings,
) -> None:
    sources = Broker(holds(AAPL=10, _CASH_EUR=100)), Market(), Bank()
    run(settings, "2026-03-04", *sources)
    first = (settings.home / "tenet.duckdb").stat().st_mtime_ns
    _, market, bank = sources
    market.new_asks(), bank.new_asks()
    again = run(settings, "2026-03-04", market, bank)
    assert (market.new_asks(), bank.new_asks(), again.exit_code) == ([], [], 0)
    assert (settings.home / "tenet.duckdb").stat().st_mtime_ns == first


def test_a_refresh_after_a_month_asks_each_source_once_for_what_it_lacks(
    settings: Settings,
) -> None:
    broker, market, bank = Broker(holds(AAPL=10, _CASH_EUR=100)), Market(), Bank()
    run(settings, "2026-03-04", broker, market, bank)
    market.new_asks(), bank.new_asks()
    report = run(settings, "2026-04-03", broker, market, bank)
    (asked,) = market.new_asks()
    assert (asked[0], asked[2], len(bank.new_asks())) == ("AAPL", "2026-04-02", 1)
    assert report.exit_code == 0


def test_only_what_the_sync_newly_brought_is_asked_for_after_it(settings: Settings) -> None:
    broker, market, bank = Broker(holds(AAPL=10, GONE=1)), Market(), Bank()
    market.said["GONE"] = {"status": "failed", "closes": (), "through": None, "message": "no"}
    run(settings, "2026-03-04", broker, market, bank)
    market.new_asks()
    broker.says = holds(AAPL=11, GONE=1, MSFT=1)
    report = run(settings, "2026-03-05", broker, market, bank)
    assert [security for security, *_ in market.new_asks()] == ["AAPL", "GONE", "MSFT"]
    assert [failure.what for failure in report.failures] == ["yahoo GONE"]
    assert report.exit_code == 3


def test_a_source_that_stopped_is_not_asked_again_for_what_the_sync_brought(
    settings: Settings,
) -> None:
    broker, market = Broker(holds(AAPL=10)), Market()
    run(settings, "2026-03-04", broker, market)
    market.new_asks()
    market.broken, broker.says = (1, DOWN), holds(AAPL=10, MSFT=1)
    heard: list[object] = []
    report = run(settings, "2026-03-05", broker, market, told=heard.append)
    steps = [event.step for event in heard if isinstance(event, Started)]
    assert steps == ["prices", "sync", "build"]
    assert report.exit_code == 3
    # MSFT came without a close: its provider's price counts.
    assert net_worth(settings) == 10 * 90 + 90


def test_with_every_source_down_the_numbers_stay_and_it_is_told(settings: Settings) -> None:
    broker, market, bank = Broker(holds(AAPL=10, _CASH_EUR=100)), Market(), Bank()
    run(settings, "2026-03-04", broker, market, bank)
    run(settings, "2026-03-05", broker, market, bank)
    worth = net_worth(settings)
    broker.says, market.broken, bank.broken = DOWN, (1, DOWN), DOWN
    report = run(settings, "2026-03-09", broker, market, bank)
    assert (report.exit_code, report.is_built) == (3, True)
    assert {failure.what for failure in report.failures} == {"broker", "yahoo", "ecb"}
    assert net_worth(settings) == worth + 100  # the close of the 4th, 100, in place of 90
    found = refreshed(tenet.open(settings.home), report)
    assert found["net_worth"]["valuation_date"] == date(2026, 3, 9)
    assert found["accounts"]["counts"] == {"error": 1}


def test_with_every_source_down_at_first_nothing_could_be_done(settings: Settings) -> None:
    report = run(settings, "2026-03-04", Broker(DOWN), Market(broken=(1, DOWN)))
    assert report.exit_code == 1
    found = refreshed(tenet.open(settings.home), report)
    assert (found["net_worth"], found["stale_accounts"]) == (None, [])


def test_what_a_step_raises_is_told_without_secrets_and_the_next_steps_run(
    settings: Settings,
) -> None:
    run(settings, "2026-03-04", Broker(holds(AAPL=10)), Market())
    fault = RuntimeError("a bug at https://u:p@host/x that knows hunter2")
    broker = Broker(holds(AAPL=12), raises=fault)
    report = run(settings, "2026-03-05", broker, Market())
    (failure,) = report.failures
    assert failure.what == "sync"
    assert failure.message == "RuntimeError: a bug at https://host/x that knows ***"
    assert (report.exit_code, report.is_built) == (3, True)
    assert net_worth(settings) == 1000
    assert json.loads(refresh_note(settings.home).read_text())["failures"] == [
        "sync: RuntimeError: a bug at https://host/x that knows ***"
    ]


def test_a_build_that_fails_leaves_the_published_one_and_keeps_what_was_landed(
    settings: Settings,
) -> None:
    broker, market = Broker(holds(AAPL=10)), Market()
    run(settings, "2026-03-04", broker, market)
    published = (settings.home / "tenet.duckdb").read_bytes()
    add(settings.home, at=noon("2026-03-04"), price_marks=(
        "security_id,price_date,edited_at,price,currency\nX,2026-03-01,2026-03-01T00:00:00Z,1,USD"
    ))  # fmt: skip
    (broken,) = settings.home.glob("raw/import/*/*/price_marks.parquet")
    kept = broken.read_bytes()
    broken.write_bytes(b"no parquet")
    broker.says = holds(AAPL=20)
    report = run(settings, "2026-03-05", broker, market)
    assert (report.exit_code, report.is_built) == (3, False)
    assert ["price_marks.parquet" in failure.message for failure in report.failures] == [True]
    assert (settings.home / "tenet.duckdb").read_bytes() == published
    found = refreshed(tenet.open(settings.home), report)
    assert found["net_worth"]["net_worth"] == 900

    nothing_new = run(settings, "2026-03-05", market)
    assert (nothing_new.exit_code, nothing_new.is_built) == (1, False)

    broken.write_bytes(kept)
    assert run(settings, "2026-03-05", market).exit_code == 0
    assert net_worth(settings) == 20 * 90


def test_a_note_that_cannot_be_written_is_told_and_loses_nothing(settings: Settings) -> None:
    refresh_note(settings.home).mkdir()
    (refresh_note(settings.home) / "x").touch()
    report = run(settings, "2026-03-04", Broker(holds(AAPL=10)), Market())
    assert [failure.what for failure in report.failures] == ["note"]
    assert (report.exit_code, net_worth(settings)) == (3, 900)


def test_ctrl_c_is_no_fault_of_a_step(settings: Settings) -> None:
    def interrupt(event: object) -> None:
        if event == Started("build"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(settings, "2026-03-04", Broker(holds(AAPL=10)), Market(), told=interrupt)
    assert not (settings.home / "tenet.duckdb").exists()
    assert run(settings, "2026-03-04", Market()).exit_code == 0
    assert net_worth(settings) == 900


def test_the_change_is_told_against_the_refresh_before_even_after_a_build_in_between(
    settings: Settings,
) -> None:
    market = Market(closes=lambda _, day, __: Decimal(100) + day.day)
    first = run(settings, "2026-03-04", Broker(holds(AAPL=10)), market)
    assert refreshed(tenet.open(settings.home), first)["since"] is None
    build(settings, through=date(2026, 3, 5), at=noon("2026-03-05"))
    second = run(settings, "2026-03-06", market)
    since = refreshed(tenet.open(settings.home), second)["since"]
    assert (since["refreshed_at"], since["net_worth"]) == (noon("2026-03-04"), 900)
    assert (since["valuation_date"], since["change"]) == (date(2026, 3, 4), 1050 - 900)
    earlier = run(settings, "2026-03-05", market)
    assert refreshed(tenet.open(settings.home), earlier)["since"] is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"refreshed_at": 5}', '{"net_worth": "x"}']
)
def test_a_note_that_cannot_be_read_counts_as_none(settings: Settings, text: str) -> None:
    refresh_note(settings.home).write_text(text)
    assert last_refresh(settings.home) is None
    assert run(settings, "2026-03-04", Broker(holds(AAPL=10)), Market()).exit_code == 0


def test_in_another_currency_nothing_is_compared(settings: Settings) -> None:
    broker, bank = Broker(holds(_CASH_EUR=100)), Bank()
    run(settings, "2026-03-04", broker, bank)
    euros = settings.model_copy(update={"base_currency": "EUR"})
    report = run(euros, "2026-03-05", broker, bank)
    found = refreshed(tenet.open(settings.home), report)
    assert found["net_worth"]["net_worth"] == 100
    assert (found["since"]["change"], found["restated"]) == (None, None)


def test_past_days_that_changed_are_counted_with_the_largest_change_and_why(
    settings: Settings,
) -> None:
    broker, market = Broker(holds(AAPL=10)), Market()
    run(settings, "2026-03-02", broker, market)
    run(settings, "2026-03-06", market)
    add(settings.home, at=noon("2026-03-06"), price_marks=(
        "security_id,price_date,edited_at,price,currency\n"
        "AAPL,2026-03-04,2026-03-06T12:00:00Z,150,USD\nAAPL,2026-03-05,2026-03-06T12:00:00Z,80,USD"
    ))  # fmt: skip
    report = run(settings, "2026-03-07", market)
    found = refreshed(tenet.open(settings.home), report)["restated"]
    assert found == {
        "day_count": 2,
        "largest_change": 500,
        "largest_date": date(2026, 3, 4),
        "causes": {"mark": 2},
    }


def test_what_is_refreshed_in_pieces_is_worth_what_it_is_in_one(
    settings: Settings, tmp_path: Path
) -> None:
    market, bank = Market(closes=lambda _, day, __: Decimal(100) + day.day), Bank()
    says = holds(AAPL=10, MSFT=2, _CASH_EUR=100)
    run(settings, "2026-03-02", Broker(says))
    for day in ("2026-03-03", "2026-03-05"):
        run(settings, day, Market(broken=(2, DOWN)), Bank(broken=DOWN))
    run(settings, "2026-03-09", market, bank)
    other = load(tmp_path / "other", timezone="UTC")
    other.home.mkdir()
    run(other, "2026-03-02", Broker(says))
    run(other, "2026-03-09", market, bank)
    assert whole(settings) == whole(other)
