"""Wealthfolio's SQLite file and its PostgreSQL mirror: real files, a real server."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tables import rows
from tape import Json, assert_as_expected, assert_errors, cases

from tenet.errors import ConfigError, ProviderSyncError
from tenet.providers.result import ProviderSyncResult
from tenet.providers.wealthfolio import Wealthfolio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenet.providers.provider import Provider
    from tenet.providers.result import Holding

AT = datetime(2026, 9, 18, 22, tzinfo=UTC)
PASSWORD = "p%40ss word-PROBE"

SMALL = {
    "accounts": """
        id   name        currency  account_type  is_active
        isa  Shares~ISA  GBP       SECURITIES    1
        old  Closed      GBP       SECURITIES    0
    """,
    "daily_account_valuation": """
        account_id  valuation_date  account_currency  total_value  value_status
        isa         2026-09-16      GBP               800.25       COMPLETE
        isa         2026-09-17      GBP               802.5        COMPLETE
        TOTAL       2026-09-17      GBP               1002.5       COMPLETE
        old         2026-09-17      GBP               5            COMPLETE
    """,
    "holdings_snapshots": """
        id  account_id  snapshot_date  positions  cash_balances  source
        s0  isa         2026-08-01     {}         {"GBP":1}      CALCULATED
        s1  isa         2026-09-15     {}         {"GBP":"2.5"}  CALCULATED
        s2  isa         2026-09-16     {}         {"GBP":9}      SYNTHETIC
        s3  isa         2026-09-19     {}         {"GBP":7}      CALCULATED
    """,
    "assets": """
        id    kind        name    quote_ccy  instrument_type  instrument_symbol
        barc  INVESTMENT  Bank    GBp        EQUITY           BARC.L
        opt   INVESTMENT  A~call  GBP        OPTION           BARC261218C3
        car   VEHICLE     Car     GBP        -                -
        loan  LIABILITY   Loan    GBP        -                -
    """,
    "quotes": """
        asset_id  day         close  currency  source
        barc      2026-09-16  999    GBp       MANUAL
        barc      2026-09-17  400    GBp       YAHOO
        barc      2026-09-17  500    GBp       MANUAL
        barc      2026-09-19  1      GBp       MANUAL
        opt       2026-09-11  1.5    GBP       YAHOO
        loan      2026-09-01  250    GBP       MANUAL
    """,
    "lots": """
        account_id  asset_id  remaining_quantity  remaining_cost_basis  split_ratio  is_closed
        isa         barc      30                  48000                 4            0
        isa         barc      100                 50000                 1            0
        isa         barc      7                   7000                  1            1
        isa         opt       -2                  400                   1            0
    """,
    "activities": """
        id  account_id  activity_type  activity_date         asset_id  quantity  unit_price  amount  fee  currency  status
        a1  isa         SELL           2026-09-16T10:00:00Z  barc      10        500         -       100  GBp       POSTED
        a2  isa         SPLIT          2026-09-15            barc      -         -           4       -    GBP       POSTED
        a3  isa         BUY            2026-09-15            barc      1         1           1       -    GBP       DRAFT
        a4  isa         BUY            not-a-day             barc      1         1           1       -    GBP       POSTED
    """,  # noqa: E501
}
"""100 + 30 x 4 shares at 500 pence, two options written at 1.50 a share, 2.50 in cash."""


def made(path: Path, tables: dict[str, str]) -> Path:
    """An SQLite file of text tables, all columns text."""
    with closing(sqlite3.connect(path)) as connection:
        for table, text in tables.items():
            columns = text.split("\n")[1].split()
            connection.execute(f"create table {table} ({', '.join(columns)})")
            connection.executemany(
                f"insert into {table} values ({', '.join('?' * len(columns))})",
                [tuple(row.values()) for row in rows(text)],
            )
        connection.commit()
    return path


def scripted(path: Path, script: Path) -> Path:
    """An SQLite file of an SQL script."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script.read_text())
    return path


def synced(provider: Provider, at: datetime = AT) -> ProviderSyncResult:
    """What a sync gets; an error of the whole as a result, with no secret in it."""
    with httpx.Client() as client:
        try:
            return provider.parse(provider.fetch(client, at=at, pause=time.sleep))
        except ProviderSyncError as error:
            told = f"{error!r} {error} {error.hint} {error.__context__!r} {error.__cause__!r}"
            assert not [secret for secret in provider.secrets if secret in told]
            return ProviderSyncResult(errors=(error,))


def from_file(path: Path) -> ProviderSyncResult:
    """What a sync of an SQLite file gets."""
    return synced(Wealthfolio(path, busy_seconds=0.1))


def lines(result: ProviderSyncResult) -> dict[str, Holding]:
    return {holding.symbol: holding for holding in result.holdings}


def codes(result: ProviderSyncResult) -> list[tuple[str, str | None]]:
    return [(warning.code, warning.symbol) for warning in result.warnings]


def test_lots_are_split_signed_and_priced_in_pounds(tmp_path: Path) -> None:
    found = from_file(made(tmp_path / "app.db", SMALL))
    bank, option, cash = (lines(found)[name] for name in ("BARC.L", "BARC261218C3", "_CASH:GBP"))
    assert (bank.quantity, bank.price, bank.market_value) == (220, 5, 1100)
    assert (bank.cost_basis, round(bank.unit_cost or 0, 4)) == (980, Decimal("4.4545"))
    assert (bank.currency, bank.flags, dict(bank.extra)) == ("GBP", ("minor_units",), {})
    assert (option.quantity, option.multiplier, option.market_value) == (-2, 100, -300)
    assert (option.cost_basis, option.unit_cost, option.flags) == (-400, 2, ("short",))
    assert dict(option.extra) == {"price_date": "2026-09-11"}
    assert (cash.quantity, cash.currency) == (Decimal("2.5"), "GBP")


def test_the_account_has_its_newest_value_and_what_it_was_worth_before(tmp_path: Path) -> None:
    found = from_file(made(tmp_path / "app.db", SMALL))
    account, others = found.accounts
    assert (account.external_id, account.balance_date) == ("isa", date(2026, 9, 17))
    assert (account.name, account.total_value) == ("Shares ISA", Decimal("802.5"))
    assert [str(value.total_value) for value in found.account_values] == ["800.25", "802.5"]
    assert others.external_id == "_alternative_assets"
    assert others.total_value is None  # the car has no quote


def test_a_debt_is_negative_and_what_has_no_quote_has_no_value(tmp_path: Path) -> None:
    found = from_file(made(tmp_path / "app.db", SMALL))
    by_name = {holding.name: holding for holding in found.holdings}
    assert (by_name["Loan"].market_value, by_name["Loan"].asset_type) == (-250, "liability")
    assert (by_name["Car"].price, by_name["Car"].market_value) == (None, None)
    assert codes(found) == [("dropped_row", None), ("missing_price", by_name["Car"].symbol)]


def test_an_activity_is_its_cash_effect_and_a_bad_one_is_a_warning(tmp_path: Path) -> None:
    found = from_file(made(tmp_path / "app.db", SMALL))
    sale, split = found.activities
    assert (sale.quantity, sale.price, sale.amount, sale.fee) == (-10, 5, 49, 1)
    assert (sale.currency, sale.activity_at) == ("GBP", datetime(2026, 9, 16, 10, tzinfo=UTC))
    assert (split.type, split.amount, split.activity_date) == ("split", None, date(2026, 9, 15))


def test_a_file_that_waits_for_a_recalculation_does_not_land_as_empty(tmp_path: Path) -> None:
    emptied = {
        table: text.split("\n        ")[0] + "\n        " + text.split("\n        ")[1]
        if table in ("daily_account_valuation", "holdings_snapshots")
        else text
        for table, text in SMALL.items()
    }
    found = from_file(made(tmp_path / "app.db", emptied))
    assert [account.external_id for account in found.accounts] == ["_alternative_assets"]
    (error,) = found.errors
    assert (error.category, error.code, error.retriable) == ("connection", "recalculating", True)
    assert error.account_external_id == "isa"


def test_a_bad_number_of_long_ago_is_dropped_and_one_of_today_fails_the_account(
    tmp_path: Path,
) -> None:
    path = made(tmp_path / "app.db", SMALL)
    for day, outcome in (("2026-09-16", "ok"), ("2026-09-17", "partial")):
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(
                "update daily_account_valuation set total_value = 'NaN' where valuation_date = ?",
                [day],
            )
            connection.commit()
        found = from_file(path)
        assert found.outcome == outcome
    assert [error.code for error in found.errors] == ["malformed_row"]
    assert "isa" not in [holding.account_external_id for holding in found.holdings]


def test_rows_that_only_the_wal_file_has_are_read(tmp_path: Path) -> None:
    path = made(tmp_path / "app.db", SMALL)
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("pragma journal_mode = wal")
        writer.execute("update quotes set close = '600' where source = 'MANUAL'")
        writer.commit()
        writer.execute("update quotes set close = '0'")  # not committed
        assert lines(from_file(path))["BARC.L"].price == 6
        writer.rollback()
    beside = set(tmp_path.iterdir())
    assert lines(from_file(path))["BARC.L"].price == 6
    assert set(tmp_path.iterdir()) == beside


def test_neither_a_file_nor_a_mirror_is_a_matter_of_settings() -> None:
    with pytest.raises(ConfigError, match="needs a database or a postgres_dsn"):
        synced(Wealthfolio())


# The recorded cases.


@pytest.mark.parametrize("folder", cases("wealthfolio"))
def test_a_recorded_case_lands_as_expected(folder: Path, tmp_path: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text())
    at = datetime.fromisoformat(expected["clock"])
    path = scripted(tmp_path / "app.db", folder / expected["config"]["database"])
    found = synced(Wealthfolio(path), at)
    assert_as_expected(found, expected)
    assert_values(found, expected)
    others = [expected["other_database"]] if "other_database" in expected else []
    for index, other in enumerate([*others, *expected.get("other_files", [])]):
        source, path = folder / other.get("database", other.get("file")), tmp_path / f"{index}.db"
        path = source if source.suffix == ".db" else scripted(path, source)
        found = from_file(path)
        assert found.outcome == other["outcome"]
        assert_errors(found, other.get("errors", []))
        assert [code for code, _ in codes(found)] == [
            warning["code"] for warning in other.get("warnings", [])
        ]


@pytest.mark.parametrize("folder", cases("wealthfolio"))
def test_a_recorded_case_is_read_while_the_app_is_writing(folder: Path, tmp_path: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text())
    with closing(sqlite3.connect(tmp_path / "app.db")) as writer:
        writer.execute("pragma journal_mode = wal")
        writer.executescript((folder / expected["config"]["database"]).read_text())
        writer.execute("begin immediate")
        writer.execute("delete from accounts")
        assert_as_expected(from_file(tmp_path / "app.db"), expected)
        writer.rollback()


def assert_values(found: ProviderSyncResult, expected: Json) -> None:
    """Compare the account values, and the sums of lines by currency."""
    names = ("total_value", "cash", "investments", "net_contribution")
    wanted = [
        (row["account_external_id"], row["date"], row["currency"], [Decimal(row[n]) for n in names])
        for row in expected["account_values"]
    ]
    got = [
        (
            v.account_external_id,
            v.valuation_date.isoformat(),
            v.currency,
            [getattr(v, n) for n in names],
        )
        for v in found.account_values
    ]
    assert sorted(got) == sorted(wanted)
    for account in expected["accounts"]:
        sums: dict[str, Decimal] = {}
        for line in found.holdings:
            if line.account_external_id == account["external_id"] and line.market_value is not None:
                currency = line.currency or ""
                sums[currency] = sums.get(currency, Decimal(0)) + line.market_value
        assert sums == {name: Decimal(value) for name, value in account["holdings_value"].items()}


# What is no file of Wealthfolio's, or cannot be read now.


def test_a_missing_file(tmp_path: Path) -> None:
    assert_fails(from_file(tmp_path / "app.db"), "data", "file_missing")
    assert not list(tmp_path.iterdir())


def test_a_file_that_must_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made(tmp_path / "app.db", SMALL)
    path.chmod(0)
    if os.geteuid() == 0:  # root reads everything

        def refuse(*_: object) -> None:
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(Path, "open", refuse)
    assert_fails(from_file(path), "auth", "permission_denied")


def test_a_file_that_is_locked(tmp_path: Path) -> None:
    path = made(tmp_path / "app.db", SMALL)
    with closing(sqlite3.connect(path)) as other:
        other.execute("begin exclusive")
        assert_fails(from_file(path), "connection", "locked", retriable=True)


def test_a_copy_without_its_wal_file(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "app.db")) as writer:
        writer.execute("pragma journal_mode = wal")
        writer.execute("create table accounts (id, name, currency)")
        writer.commit()
        shutil.copy(tmp_path / "app.db", tmp_path / "copy.db")
        assert_fails(from_file(tmp_path / "copy.db"), "data", "wal_missing")
        assert_fails(from_file(tmp_path / "copy.db"), "data", "wal_missing")


def test_another_applications_accounts(tmp_path: Path) -> None:
    other = {"accounts": "\n guid  name  account_type\n 1     Cash  ASSET"}
    assert_fails(from_file(made(tmp_path / "app.db", other)), "data", "not_wealthfolio")


def test_a_damaged_file(tmp_path: Path) -> None:
    path = made(tmp_path / "app.db", SMALL)
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 60000)
    assert_fails(from_file(path), "data", "malformed")


def assert_fails(
    found: ProviderSyncResult, category: str, code: str, *, retriable: bool = False
) -> None:
    assert found.outcome == "failed"
    assert [(e.category, e.code, e.retriable) for e in found.errors] == [
        (category, code, retriable)
    ]


# The mirror, on a server of the test's own.

MIRROR = """
create table accounts (id text, name text, account_type text, currency text, is_active boolean);
create table daily_account_valuation (account_id text, valuation_date date, account_currency text,
    cash_balance real, investment_market_value numeric, total_value double precision);
create table activities (id text, account_id text, activity_type text, activity_date timestamptz,
    amount numeric, currency text, notes text);
insert into accounts values ('a', 'Depot', 'SECURITIES', 'EUR', true);
insert into accounts values ('b', 'Off', 'CASH', 'EUR', false);
insert into daily_account_valuation values
    ('a', '2026-09-17', 'EUR', -0.1, 100.00000000000001, 99.9),
    ('a', '2026-09-19', 'EUR', 5, 5, 10),
    ('TOTAL', '2026-09-17', 'EUR', 0, 0, 4711);
insert into activities values
    ('x', 'a', 'WITHDRAWAL', '2026-09-17 01:30:00+02', 12.5, 'EUR', 'to p%40ss word-PROBE');
"""


class Server:
    """A PostgreSQL of the test's own: TCP on loopback with passwords, a socket without."""

    def __init__(self, folder: Path, programs: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder, self.programs = folder, programs
        self.owner: dict[str, Any] = {"cwd": folder}
        if os.geteuid() == 0:  # postgres refuses to run as root
            shutil.chown(folder, "nobody")
            self.owner |= {"user": "nobody", "group": None, "extra_groups": []}

    def start(self) -> None:
        self.run("initdb", "-D", "data", "-U", "tenet", "--auth-local=trust", "--no-sync",
                 "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C")  # fmt: skip
        options = f"-F -p {self.port} -c listen_addresses=127.0.0.1 -k {self.folder}"
        self.run("pg_ctl", "-D", "data", "-w", "-l", "log", "-o", options, "start")
        self.sql("postgres", f"create role reader login password '{PASSWORD}'")

    def run(self, program: str, *arguments: str, text: str | None = None) -> None:
        subprocess.run(
            [self.programs / program, *arguments],
            check=True, input=text, stdout=subprocess.DEVNULL, text=True, timeout=60,
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}, **self.owner,
        )  # fmt: skip

    def sql(self, database: str, text: str) -> None:
        where = ("-h", str(self.folder), "-p", str(self.port), "-U", "tenet", "-d", database)
        self.run("psql", "-q", "-v", "ON_ERROR_STOP=1", *where, text=text)

    def mirror(self, name: str, text: str, *, grant: str = "all tables in schema public") -> str:
        """A database of its own; gives the DSN of a role that may read it."""
        self.sql("postgres", f"create database {name}")
        self.sql(name, f"{text}; grant select on {grant} to reader")
        return self.dsn(name)

    def dsn(self, name: str, password: str = PASSWORD) -> str:
        return f"postgresql://reader:{quote(password, safe='')}@127.0.0.1:{self.port}/{name}"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("PostgreSQL's programs are not installed (apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="tenet-pg-"))
    started = Server(folder, found[-1].parent)
    started.start()
    try:
        yield started
    finally:
        started.run("pg_ctl", "-D", "data", "-m", "immediate", "stop")
        shutil.rmtree(folder)


def from_mirror(dsn: str) -> ProviderSyncResult:
    provider = Wealthfolio(postgres_dsn=dsn)
    assert PASSWORD not in repr(provider)
    return synced(provider)


def test_the_mirror_lands_its_account_values(server: Server) -> None:
    found = from_mirror(server.mirror("small", MIRROR))
    assert found.outcome == "ok"
    (account,) = found.accounts
    assert (account.external_id, account.total_value) == ("a", Decimal("99.9"))
    invested, cash = found.holdings
    assert (invested.name, invested.market_value) == ("Depot (investments)", 100)
    assert (cash.market_value, cash.flags) == (
        Decimal("-0.1"),
        ("account_total_only", "margin_loan"),
    )
    (activity,) = found.activities
    assert (activity.activity_date, activity.amount) == (date(2026, 9, 16), Decimal("-12.5"))
    assert PASSWORD not in (activity.description or "")


@pytest.mark.parametrize(
    "folder", [case for case in cases("wealthfolio") if "mirror" in (case.id or "mirror")]
)
def test_a_recorded_mirror_lands_as_expected_from_postgresql(server: Server, folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text())
    script = (folder / expected["config"]["database"]).read_text()
    found = from_mirror(server.mirror(f"case_{folder.name}", script))
    assert_as_expected(found, expected)
    assert_values(found, expected)
    other = expected["other_database"]
    found = from_mirror(
        server.mirror(f"other_{folder.name}", (folder / other["database"]).read_text())
    )
    assert found.outcome == other["outcome"]
    assert_errors(found, other["errors"])


def test_a_mirror_in_the_middle_of_its_reload(server: Server) -> None:
    for name in ("accounts", "daily_account_valuation"):
        dsn = server.mirror(f"reloading_{name}", f"{MIRROR}; truncate {name}")
        assert_fails(from_mirror(dsn), "connection", "mirror_empty", retriable=True)


def test_a_wrong_password(server: Server) -> None:
    assert_fails(from_mirror(server.dsn("postgres", "wrong")), "auth", "pg_auth")


def test_a_table_that_the_role_may_not_read(server: Server) -> None:
    dsn = server.mirror("half", MIRROR, grant="accounts, activities")
    assert_fails(from_mirror(dsn), "auth", "pg_no_select")


def test_a_database_that_is_none_of_the_mirrors(server: Server) -> None:
    assert_fails(from_mirror(server.mirror("bare", "select 1")), "data", "not_wealthfolio")
    assert_fails(from_mirror(server.dsn("nowhere")), "data", "pg_dsn")


def test_a_server_that_is_down() -> None:
    dsn = f"host=127.0.0.1 port=1 user=reader password='{PASSWORD}' dbname=x"
    assert_fails(from_mirror(dsn), "connection", "pg_refused", retriable=True)


def test_a_dsn_with_a_slip_of_the_pen_is_not_repeated() -> None:
    assert_fails(from_mirror("postgresql://reader:sec%zzret@127.0.0.1/x"), "data", "pg_dsn")


def test_without_the_extra_the_message_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql", None)
    with pytest.raises(ConfigError, match=r"tenet\[postgres\]"):
        synced(Wealthfolio(postgres_dsn="postgresql://h/x"))


# Whatever the rows say.

ODD = st.sampled_from(
    [None, "", " ", "NaN", "-Infinity", "1e999", "1e-999", "abc", "12,5", "{", "[]", "null", "{}",
     '{"USD": null}', '{"USD": 1e400}', '{"": 3}', '{"GBp": 5}', '{"\\ud800": {"quantity": "1"}}',
     '{"barc": {"quantity": 3, "averageCost": "x"}}', '{"barc": 3}', '{"barc": {}}',
     '{"barc": {"quantity": 3, "currency": []}}', -1, 3.25, True, b"\xff", "2026-02-30",
     "9999-12-31", "\x00", "<b>", 10**40, "TOTAL", "OPTION", "LIABILITY"]
)  # fmt: skip


@pytest.fixture(scope="module")
def payload(tmp_path_factory: pytest.TempPathFactory) -> Json:
    path = made(tmp_path_factory.mktemp("fuzz") / "app.db", SMALL)
    with httpx.Client() as client:
        found: Json = Wealthfolio(path).fetch(client, at=AT, pause=time.sleep)
    return found


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_odd_rows_give_a_data_error_or_a_result_and_never_a_zero(
    payload: Json, data: st.DataObject
) -> None:
    mutated: Json = {table: [dict(row) for row in found] for table, found in payload.items()}
    for _ in range(data.draw(st.integers(1, 4))):
        table = data.draw(st.sampled_from(sorted(mutated)))
        if isinstance(mutated[table], list) and mutated[table]:
            row = data.draw(st.sampled_from(mutated[table]))
            row[data.draw(st.sampled_from(sorted(row)))] = data.draw(ODD)
        else:
            mutated[table] = data.draw(ODD)
    found = parsed(mutated)
    assert {error.category for error in found.errors if error.code != "recalculating"} <= {"data"}
    for holding in found.holdings:
        assert 0 not in (holding.quantity, holding.price, holding.market_value, holding.cost_basis)
    assert 0 not in [account.total_value for account in found.accounts]


@given(
    st.recursive(
        ODD, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5
    )
)
@settings(max_examples=50)
def test_what_is_no_rows_at_all_is_a_data_error(odd: Any) -> None:
    for wrong in (odd, {"accounts": [], "daily_account_valuation": odd}):
        assert {(e.category, e.code) for e in parsed(wrong).errors} <= {
            ("data", "malformed"),
            ("connection", "mirror_empty"),
        }


def parsed(payload: Any) -> ProviderSyncResult:
    try:
        return Wealthfolio().parse(payload)
    except ProviderSyncError as error:
        return ProviderSyncResult(errors=(error,))
