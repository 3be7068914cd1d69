"""A real HTTP server on loopback that plays recorded exchanges, and the comparison of what landed.

An exchange is a list of {request, response}; an answer is given once, in order, and the last
fitting one repeats. Hosts are not compared: the server stands in for all of them.
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenet.providers.result import Account, Activity, Holding, ProviderSyncResult

FIXTURES = Path(__file__).resolve().parents[2] / "shared" / "fixtures"
Json = dict[str, Any]


def cases(provider: str) -> list[Any]:
    """A pytest parameter for each recorded case of a provider; one skip where there are none."""
    folder = FIXTURES / provider
    found = [path.parent for path in sorted(folder.glob("[0-9]*/expected.json"))]
    if not found:
        reason = "the provider fixtures lie outside the project and are not here"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason))]
    return [pytest.param(path, id=path.name) for path in found]


def error_cases(provider: str) -> list[Any]:
    """A pytest parameter for each recorded HTTP error of a provider; one skip without."""
    path = FIXTURES / provider / "errors" / "cases.json"
    if not path.exists():
        reason = "the provider fixtures lie outside the project and are not here"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason))]
    return [pytest.param(case, id=case["name"]) for case in json.loads(path.read_text())["cases"]]


def recorded(folder: Path) -> list[Json]:
    """The exchange of a case, bodies read from beside it."""
    entries: list[Json] = json.loads((folder / "exchange.json").read_text())
    for entry in entries:
        name = entry["response"].get("body_file")
        entry["response"]["content"] = (folder / name).read_bytes() if name else b""
    return entries


@contextmanager
def playing(entries: list[Json]) -> Iterator[tuple[str, list[str]]]:
    """Serve an exchange; gives the base URL and the list of `METHOD path?query` asked so far."""
    used: list[bool] = [False] * len(entries)
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length)
            asked.append(f"{self.command} {self.path}")
            hits = [
                i for i, entry in enumerate(entries) if _fits(entry, self.command, self.path, body)
            ]
            if not hits:
                self.send_error(501, "no recorded answer")
                return
            chosen = next((i for i in hits if not used[i]), hits[-1])
            used[chosen] = True
            response = entries[chosen]["response"]
            content = response.get("content", b"")
            self.send_response(response["status"])
            for name, value in response.get("headers", {}).items():
                self.send_header(name, str(value))
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer  # noqa: N815 (the names that http.server calls)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def assert_as_expected(result: ProviderSyncResult, expected: Json) -> None:
    """Compare a result with `expected.json`: quantities exactly, money to 0.01 % or 2 cents."""
    assert result.outcome == expected["outcome"]
    accounts = [_account(account) for account in result.accounts]
    wanted = [_only(row, accounts[0]) if accounts else row for row in expected["accounts"]]
    assert _sorted(accounts) == _sorted([_decimals(row, ("total_value",)) for row in wanted])
    _same_rows(
        [_holding(holding) for holding in result.holdings],
        expected["holdings"],
        exact=("quantity", "multiplier"),
        near=("price", "market_value", "unit_cost", "cost_basis"),
    )
    _same_rows(
        [_activity(activity) for activity in result.activities],
        expected["activities"],
        exact=("quantity",),
        near=("price", "amount", "fee"),
    )
    assert_errors(result, expected["errors"])
    warnings = Counter((row.code, row.account_external_id, row.symbol) for row in result.warnings)
    assert warnings == Counter(
        (row["code"], row["account_external_id"], row["symbol"]) for row in expected["warnings"]
    )


def assert_errors(result: ProviderSyncResult, expected: list[Json]) -> None:
    """Compare a result's errors with those expected, and their texts with what they must say."""
    names = ("category", "retriable", "institution", "account_external_id", "code")
    found = sorted(result.errors, key=lambda error: str([getattr(error, name) for name in names]))
    wanted = sorted(expected, key=lambda row: str([row.get(name) for name in names]))
    assert [
        [getattr(error, name) for name in names if name in row]
        for error, row in zip(found, wanted, strict=True)
    ] == [[row[name] for name in names if name in row] for row in wanted]
    for error, row in zip(found, wanted, strict=True):
        if row.get("message_contains"):
            assert row["message_contains"].lower() in str(error).lower()
        for probe in row.get("must_not_contain", []):
            assert probe not in str(error)


@st.composite
def mutated(draw: st.DrawFn, text: str) -> bytes:
    """A JSON text cut short, with bytes changed, or with one of its values replaced by another."""
    kind, at = draw(st.sampled_from(["cut", "bytes", "value"])), draw(st.integers(0, len(text) - 1))
    if kind == "cut":
        return text[:at].encode()
    if kind == "bytes":
        return text[:at].encode() + draw(st.binary(max_size=4)) + text[at + 1 :].encode()
    old = json.dumps(draw(st.sampled_from(_values(json.loads(text)))))
    odd = ["null", "true", "[]", "{}", "[[1]]", '{"code": []}', "0", "-1", "1e25"]
    odd += ["1e999999999999999999999", "NaN", '""', '"x"', '"NaN"', '"\\ud800"']
    odd += ['"9999-12-31T23:59:59-23:59"']
    return text.replace(old, draw(st.sampled_from(odd)), 1).encode()


def _values(part: Any) -> list[Any]:
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return [part, *(value for one in inner for value in _values(one))]


def _fits(entry: Json, method: str, target: str, body: bytes) -> bool:
    want, parts = entry["request"], urlsplit(target)
    if (want["method"], want["path"]) != (method, parts.path):
        return False
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    if any(v != "<unix>" and query.get(k) != v for k, v in want.get("query", {}).items()):
        return False
    if "json" in want:
        sent = json.loads(body or b"{}")
        return all(sent.get(name) == value for name, value in want["json"].items())
    return True


def _account(account: Account) -> Json:
    names = ("external_id", "name", "institution", "currency", "total_value", "kind")
    row: Json = {name: getattr(account, name) for name in names}
    return row | {"balance_date": _when(account.balance_date), "flags": sorted(account.flags)}


def _holding(holding: Holding) -> Json:
    row = dict(vars(holding)) | {"flags": sorted(holding.flags)} | dict(holding.extra)
    return {name: value for name, value in row.items() if name not in ("raw", "extra")}


def _activity(activity: Activity) -> Json:
    row = dict(vars(activity)) | {"flags": sorted(activity.flags)}
    row |= {
        "date": _when(activity.activity_date),
        "settlement_date": _when(activity.settlement_date),
    }
    return {
        name: value
        for name, value in row.items()
        if name not in ("raw", "activity_at", "activity_date")
    }


def _when(value: datetime | date | None) -> str | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if value else None


def _same_rows(
    found: list[Json], wanted: list[Json], *, exact: tuple[str, ...], near: tuple[str, ...]
) -> None:
    assert len(found) == len(wanted)
    rows = _sorted([_decimals(row, exact + near) for row in wanted])
    for got, want in zip(_sorted(found), rows, strict=True):
        for name, value in want.items():
            if name in near and isinstance(value, Decimal) and isinstance(got.get(name), Decimal):
                allowed = max(abs(value) / 10000, Decimal("0.02"))
                assert abs(got[name] - value) <= allowed, (name, got, want)
            else:
                assert _plain(got.get(name)) == _plain(value), (name, got, want)


def _only(row: Json, like: Json) -> Json:
    kept = {name: value for name, value in row.items() if name in like}
    return kept | {"flags": sorted(kept["flags"])}


def _decimals(row: Json, names: tuple[str, ...]) -> Json:
    return {
        name: Decimal(value) if name in names and value is not None else value
        for name, value in row.items()
    }


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return sorted(value)
    return str(value.normalize()) if isinstance(value, Decimal) else value


def _sorted(rows: list[Json]) -> list[Json]:
    names = ("account_external_id", "external_id", "symbol", "quantity", "name")
    return sorted(rows, key=lambda row: [str(_plain(row.get(name))) for name in names])
