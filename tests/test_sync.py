"""The sync rules, over sessions, with providers that fail, lie, hang and change their minds."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest

import tenet
from tenet import edits, manual
from tenet.build import build
from tenet.errors import NotFound, ProviderSyncError
from tenet.providers.manual_files import ManualFiles
from tenet.providers.result import Account, Activity, Holding, ProviderSyncResult
from tenet.settings import load
from tenet.sync.judge import NOT_RETURNED
from tenet.sync.run import SyncReport, sync

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

START = datetime(2026, 1, 5, 20, tzinfo=UTC)


@dataclass(frozen=True)
class Fake:
    """A provider that says what it is told to say."""

    name: str
    says: ProviderSyncResult | Exception
    waits: Barrier | None = None
    secrets: tuple[str, ...] = field(default=("hunter2",))

    def fetch(self, client: httpx.Client, *, at: datetime, pause: Callable[[float], None]) -> Any:  # noqa: ARG002
        if self.waits:
            self.waits.wait()
        return self.says

    def parse(self, payload: Any) -> ProviderSyncResult:
        if isinstance(payload, Exception):
            raise payload
        assert isinstance(payload, ProviderSyncResult)
        return payload


def account(name: str, total: str | None = None, **more: Any) -> Account:
    value = None if total is None else Decimal(total)
    return Account(name, name.title(), "Example Bank", "USD", total_value=value, **more)


def line(account: str, symbol: str, quantity: str = "1", price: str = "100") -> Holding:
    units, each = Decimal(quantity), Decimal(price)
    return Holding(account, symbol, units, price=each, market_value=units * each, currency="USD")


def lines(account: str, count: int) -> tuple[Holding, ...]:
    return tuple(line(account, f"S{number}") for number in range(count))


def says(*accounts: Account, holdings: tuple[Holding, ...] = (), **more: Any) -> ProviderSyncResult:
    return ProviderSyncResult(accounts, holdings, **more)


def run(home: Path, day: int, **providers: ProviderSyncResult | Exception) -> SyncReport:
    """One sync on the given day; each keyword is a provider and what it says."""
    fakes = [Fake(name, answer) for name, answer in providers.items()]
    return sync(home, fakes, at=START + timedelta(days=day))


def statuses(report: SyncReport) -> dict[str, str]:
    return {v.account_id: v.status for one in report.providers for v in one.verdicts}


def net_worth(home: Path, day: int) -> Decimal:
    through = (START + timedelta(days=day)).date()
    build(load(home, timezone="UTC"), through=through, at=START)
    worth = tenet.open(home).sql(
        "select net_worth from net_worth_daily order by valuation_date desc limit 1"
    )
    value = worth.item()
    assert isinstance(value, Decimal)
    return value


GOOD = says(account("a", "300"), holdings=lines("a", 3))


def test_what_a_provider_says_is_landed_with_its_own_lines(tmp_path: Path) -> None:
    holding = Holding(
        "a",
        "shib",
        Decimal("4000000.12"),
        price=Decimal("0.00000812"),
        currency="USD",
        raw={"units": "4000000.12"},
    )
    activity = Activity("a", "t1", "buy", date(2026, 1, 2), symbol="shib", amount=Decimal("-32.48"))
    run(tmp_path, 0, x=says(account("a"), holdings=(holding,), activities=(activity,)))
    assert net_worth(tmp_path, 0) == Decimal("32.48")
    held = tenet.open(tmp_path).read("holdings_current").to_dicts()[0]
    assert (held["account_id"], held["security_id"], held["symbol"]) == ("x:a", "SHIB", "shib")
    done = tenet.open(tmp_path).read("activities").to_dicts()[0]
    assert (done["account_id"], done["type"], done["amount"]) == ("x:a", "buy", Decimal("-32.48"))


def test_one_down_one_lying_one_raising_and_one_well_each_have_their_story(tmp_path: Path) -> None:
    run(tmp_path, 0, well=GOOD, down=GOOD, lying=GOOD, raising=GOOD)
    assert net_worth(tmp_path, 0) == 1200
    report = run(
        tmp_path,
        1,
        well=says(account("a", "400"), holdings=lines("a", 4)),
        down=ProviderSyncError("connection", "no answer", retriable=True),
        lying=says(account("a", "300"), holdings=lines("a", 1)),
        raising=RuntimeError("a bug that knows hunter2"),
    )
    assert statuses(report) == {
        "well:a": "success",
        "down:a": "error",
        "lying:a": "quarantined",
        "raising:a": "error",
    }
    assert report.exit_code == 3
    assert net_worth(tmp_path, 1) == 1300
    stories = tenet.open(tmp_path).sql(
        "select account_id, status, error from sync_status order by 1"
    )
    assert stories.rows() == [
        ("down:a", "error", "no answer"),
        ("lying:a", "quarantined", "1 holdings instead of 3, yet a total of 300.00"),
        ("raising:a", "error", "RuntimeError: a bug that knows ***"),
        ("well:a", "success", None),
    ]


def test_an_empty_reply_for_known_accounts_is_quarantined_and_nothing_is_zeroed(
    tmp_path: Path,
) -> None:
    run(tmp_path, 0, x=GOOD)
    report = run(tmp_path, 1, x=says())
    assert statuses(report) == {"x:a": "quarantined"}
    assert net_worth(tmp_path, 1) == 300


def test_no_holdings_though_the_balance_says_otherwise_is_quarantined_until_a_word(
    tmp_path: Path,
) -> None:
    run(tmp_path, 0, x=GOOD)
    run(tmp_path, 1, x=says(account("a", "300")))
    assert net_worth(tmp_path, 1) == 300
    (waiting,) = edits.quarantined(tmp_path)
    assert waiting["error"] == "No holdings, though the provider's own total is 300.00"
    edits.settle(tmp_path, waiting["snapshot_id"], accepted=True, at=START + timedelta(days=2))
    assert edits.quarantined(tmp_path) == []
    assert net_worth(tmp_path, 1) == 0


def test_a_rejected_snapshot_is_never_valued(tmp_path: Path) -> None:
    run(tmp_path, 0, x=GOOD)
    run(tmp_path, 1, x=says(account("a", "300")))
    (waiting,) = edits.quarantined(tmp_path)
    edits.settle(tmp_path, waiting["snapshot_id"], accepted=False, at=START + timedelta(days=2))
    assert edits.quarantined(tmp_path) == []
    assert net_worth(tmp_path, 1) == 300


def test_a_word_is_taken_back_and_the_last_one_holds(tmp_path: Path) -> None:
    run(tmp_path, 0, x=GOOD)
    run(tmp_path, 1, x=says(account("a", "300")))
    (waiting,) = edits.quarantined(tmp_path)
    for day, accepted, worth in ((2, True, 0), (3, False, 300), (4, True, 0)):
        moment = START + timedelta(days=day)
        edits.settle(tmp_path, waiting["snapshot_id"], accepted=accepted, at=moment)
        assert net_worth(tmp_path, 1) == worth
        with pytest.raises(NotFound, match=waiting["snapshot_id"]):  # it is said already
            edits.settle(tmp_path, waiting["snapshot_id"], accepted=accepted, at=moment)


def test_a_sale_of_most_positions_with_a_fitting_total_is_no_contradiction(tmp_path: Path) -> None:
    run(tmp_path, 0, x=says(account("a", "2000"), holdings=lines("a", 20)))
    report = run(tmp_path, 1, x=says(account("a", "100"), holdings=lines("a", 1)))
    assert statuses(report) == {"x:a": "success"}
    assert net_worth(tmp_path, 1) == 100


def test_an_empty_account_without_contradiction_is_a_liquidation(tmp_path: Path) -> None:
    run(tmp_path, 0, x=GOOD)
    assert statuses(run(tmp_path, 1, x=says(account("a", "0")))) == {"x:a": "success"}
    assert net_worth(tmp_path, 1) == 0


def test_an_account_that_is_not_returned_is_skipped_and_keeps_its_value(tmp_path: Path) -> None:
    run(tmp_path, 0, x=says(account("a"), account("b"), holdings=lines("a", 1) + lines("b", 2)))
    report = run(tmp_path, 1, x=says(account("a"), holdings=lines("a", 1)))
    assert statuses(report) == {"x:a": "success", "x:b": "skipped"}
    (skipped,) = [v for v in report.providers[0].verdicts if v.status == "skipped"]
    assert skipped.error == NOT_RETURNED
    assert net_worth(tmp_path, 1) == 300


@pytest.mark.parametrize("named", [{"account_external_id": "a"}, {"institution": "EXAMPLE BANK"}])
def test_an_account_without_data_and_with_an_error_is_an_error(
    tmp_path: Path, named: dict[str, str]
) -> None:
    run(tmp_path, 0, x=GOOD)
    error = ProviderSyncError("auth", "log in again", **named)  # type: ignore[arg-type]
    report = run(tmp_path, 1, x=says(account("a", "0"), errors=(error,)))
    assert statuses(report) == {"x:a": "error"}
    assert net_worth(tmp_path, 1) == 300


def test_data_that_are_not_newer_are_stale_and_land_no_snapshot(tmp_path: Path) -> None:
    dated = account("a", "300", balance_date=datetime(2026, 1, 4, tzinfo=UTC))
    run(tmp_path, 0, x=says(dated, holdings=lines("a", 3)))
    report = run(tmp_path, 1, x=says(dated, holdings=lines("a", 5)))
    assert statuses(report) == {"x:a": "stale"}
    assert report.exit_code == 0
    assert net_worth(tmp_path, 1) == 300


def test_a_provider_without_dates_is_never_stale(tmp_path: Path) -> None:
    run(tmp_path, 0, x=GOOD)
    assert statuses(run(tmp_path, 1, x=GOOD)) == {"x:a": "success"}


def test_lines_with_one_symbol_are_added_up_with_a_warning(tmp_path: Path) -> None:
    two = (line("a", "VTI", "1", "100"), line("a", "vti", "3", "200"))
    report = run(tmp_path, 0, x=says(account("a"), holdings=two))
    assert [warning.code for warning in report.providers[0].result.warnings] == ["duplicate_symbol"]
    net_worth(tmp_path, 0)
    (held,) = tenet.open(tmp_path).read("holdings_current").to_dicts()
    assert (held["quantity"], held["close_price"], held["market_value"]) == (4, 175, 700)


def test_an_account_that_cannot_be_mapped_fails_alone(tmp_path: Path) -> None:
    run(tmp_path, 0, x=says(account("a"), account("b"), holdings=lines("a", 1) + lines("b", 1)))
    huge = line("a", "S0", "1e30")
    report = run(tmp_path, 1, x=says(account("a"), account("b"), holdings=(huge, *lines("b", 2))))
    assert statuses(report) == {"x:a": "failed", "x:b": "success"}
    assert net_worth(tmp_path, 1) == 300


def test_an_inactive_account_gets_no_snapshot_and_a_users_name_stays(tmp_path: Path) -> None:
    run(tmp_path, 0, x=says(account("a"), account("b"), holdings=lines("a", 1) + lines("b", 2)))
    edits.edit_account(tmp_path, "x:a", at=START, active=False)
    edits.edit_account(tmp_path, "x:b", at=START, name="Savings")
    report = run(
        tmp_path, 1, x=says(account("a"), account("b"), holdings=lines("a", 5) + lines("b", 2))
    )
    assert statuses(report) == {"x:b": "success"}
    assert net_worth(tmp_path, 1) == 200
    assert (
        tenet.open(tmp_path).sql("select name from accounts where account_id = 'x:b'").item()
        == "Savings"
    )


def test_activities_are_landed_once(tmp_path: Path) -> None:
    activity = Activity("a", "t1", "deposit", date(2026, 1, 2), amount=Decimal(5))
    for day in range(3):
        run(tmp_path, day, x=says(account("a"), holdings=lines("a", 1), activities=(activity,)))
    assert len(list(tmp_path.glob("raw/sync/*/*/activities.parquet"))) == 1


def test_all_providers_are_asked_at_once(tmp_path: Path) -> None:
    """Each waits until the others are being asked too; one after the other would time out."""
    together = Barrier(5, timeout=30)
    report = sync(tmp_path, [Fake(name, GOOD, together) for name in "abcde"], at=START)
    assert report.exit_code == 0


def test_when_nothing_can_be_done_the_exit_code_says_so_and_it_is_recorded(tmp_path: Path) -> None:
    report = run(tmp_path, 0, x=ProviderSyncError("auth", "log in again"))
    assert report.exit_code == 1
    assert report.landing is not None
    net_worth_rows = build(load(tmp_path, timezone="UTC"), through=START.date(), at=START)
    assert net_worth_rows[0]["row_counts"]["daily_holding_values"] == 0


def test_a_mortgage_at_a_negative_price_is_a_debt(tmp_path: Path) -> None:
    debt = Holding("a", "_MAN:001122334455", Decimal(1), price=Decimal(-250000), currency="USD",
                   market_value=Decimal(-250000))  # fmt: skip
    run(tmp_path, 0, x=says(account("a"), holdings=(debt,)))
    assert net_worth(tmp_path, 0) == -250000


def test_a_currency_that_is_none_is_landed_and_not_valued(tmp_path: Path) -> None:
    points = Holding(
        "a", "POINTS", Decimal(10), price=Decimal(2), currency="https://example/points"
    )
    run(tmp_path, 0, x=says(account("a"), holdings=(points,)))
    assert net_worth(tmp_path, 0) == 0
    assert tenet.open(tmp_path).sql("select max(unpriced_count) from net_worth_daily").item() == 1


def test_no_secret_reaches_the_lake(tmp_path: Path) -> None:
    run(tmp_path, 0, x=RuntimeError("GET https://user:hunter2@host/path?token=hunter2 failed"))
    (log,) = tmp_path.glob("raw/sync/*/*/sync_log.parquet")
    assert b"hunter2" not in log.read_bytes()
    import polars as pl

    errors = json.loads(pl.read_parquet(log)["errors"].item())
    assert errors[0]["message"] == "RuntimeError: GET https://host/path failed"


STATEMENT = """account,as_of,description,value,currency
Fund,2026-01-01,Private fund,1000,USD
Fund,2026-01-03,Private fund,1200,USD
"""


def test_statements_are_snapshots_of_their_own_days_and_a_mended_one_counts(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "statements"
    folder.mkdir()
    provider = ManualFiles(folder)
    values = "select market_value from daily_holding_values order by valuation_date"

    def valued(text: str, day: int) -> tuple[str, list[int]]:
        (folder / "fund.csv").write_text(text)
        report = sync(home, [provider], at=START + timedelta(days=day))
        net_worth(home, 0)
        return statuses(report)["manual:Fund"], tenet.open(home).sql(values).to_series().to_list()

    assert valued(STATEMENT, 0) == ("success", [1000, 1000, 1200, 1200, 1200])
    assert valued(STATEMENT, 1) == ("stale", [1000, 1000, 1200, 1200, 1200])
    mended = STATEMENT.replace("1000", "1100")
    assert valued(mended, 2) == ("success", [1100, 1100, 1200, 1200, 1200])
    assert valued(STATEMENT, 3) == ("success", [1000, 1000, 1200, 1200, 1200])


def test_a_folder_of_statements_leaves_other_manual_accounts_alone(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "statements"
    folder.mkdir()
    house = manual.add_account(home, "House", currency="USD", at=START)
    manual.add(home, house, "House", price=Decimal(450000), at=START)
    report = sync(home, [ManualFiles(folder)], at=START + timedelta(days=1))
    assert statuses(report) == {}
    assert net_worth(home, 1) == 450000
