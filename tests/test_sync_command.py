"""`tenet sync` as people call it: real providers over HTTP on loopback, and no secret anywhere."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from tape import FIXTURES, playing, recorded

import tenet
from tenet import edits

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

    Command = Callable[..., Run]

SECRETS = ["consumer-key-probe", "user-secret-probe", "ibkr-token-probe", "access-password-probe"]


def without_query(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The exchange, whatever the keys that it was recorded with."""
    return [entry | {"request": entry["request"] | {"query": {}}} for entry in entries]


def test_three_providers_land_what_their_own_totals_say_and_no_secret(
    tenet_command: Command, tmp_path: Path
) -> None:
    if not FIXTURES.is_dir():
        pytest.skip("the provider fixtures lie outside the project and are not here")
    cases = {
        "snaptrade": "02_margin_short_option_bond",
        "ibkr": "01_two_accounts_multi_currency",
        "simplefin": "01_basic_v1",
    }
    home = tmp_path / "home"
    with ExitStack() as stack:
        urls = {}
        for name, case in cases.items():
            entries = without_query(recorded(FIXTURES / name / case))
            urls[name], _ = stack.enter_context(playing(entries))
        host = urls["simplefin"].removeprefix("http://")
        environment = {
            "TENET_SNAPTRADE__BASE_URL": urls["snaptrade"],
            "TENET_SNAPTRADE__CLIENT_ID": "EXAMPLE-CLIENT",
            "TENET_SNAPTRADE__CONSUMER_KEY": SECRETS[0],
            "TENET_SNAPTRADE__USER_ID": "tenet-user",
            "TENET_SNAPTRADE__USER_SECRET": SECRETS[1],
            "TENET_IBKR__BASE_URL": urls["ibkr"],
            "TENET_IBKR__TOKEN": SECRETS[2],
            "TENET_IBKR__QUERY_ID": "123456",
            "TENET_SIMPLEFIN__ACCESS_URL": f"http://user:{SECRETS[3]}@{host}/simplefin",
        }
        run = tenet_command("-vv", "--home", home, "sync", "--json", **environment)
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert {one["provider"]: one["status"] for one in report["providers"]} == dict.fromkeys(
        cases, "ok"
    )
    assert tenet_command("--home", home, "build", "--today", "2026-09-18").returncode == 0
    for name, case in cases.items():
        expected = json.loads((FIXTURES / name / case / "expected.json").read_text())
        ids = {f"{name}:{account['external_id']}" for account in expected["accounts"]}
        accounts = tenet.open(home).read("accounts").filter(provider=name)
        assert set(accounts["account_id"]) == ids
    for path in [*home.rglob("*")]:
        if path.is_file():
            assert not [secret for secret in SECRETS if secret.encode() in path.read_bytes()], path
    assert not [secret for secret in SECRETS if secret in run.stdout + run.stderr]


def test_a_provider_that_refuses_is_told_and_the_exit_code_is_1(
    tenet_command: Command, tmp_path: Path
) -> None:
    refusal = {
        "request": {"method": "GET", "path": "/simplefin/accounts"},
        "response": {"status": 403, "content": b"Forbidden"},
    }
    with playing([refusal]) as (url, _):
        access = url.replace("http://", f"http://user:{SECRETS[3]}@") + "/simplefin"
        run = tenet_command("--home", tmp_path / "home", "sync", TENET_SIMPLEFIN__ACCESS_URL=access)
    assert run.returncode == 1
    assert "simplefin" in run.stderr
    assert "auth" in run.stderr
    assert SECRETS[3] not in run.stderr


def test_without_a_provider_sync_says_how_to_have_one(
    tenet_command: Command, tmp_path: Path
) -> None:
    run = tenet_command("--home", tmp_path / "home", "sync")
    assert (run.returncode, "no provider is configured" in run.stderr) == (2, True)


def test_a_secret_in_the_settings_file_is_refused(tenet_command: Command, home: Path) -> None:
    (home / "tenet.toml").write_text('[ibkr]\ntoken = "t"\nquery_id = "1"\n')
    run = tenet_command("--home", home, "sync")
    assert run.returncode == 2
    assert "TENET_IBKR__TOKEN" in run.stderr


def test_connect_lists_without_a_secret_and_names_what_is_missing(
    tenet_command: Command, tmp_path: Path
) -> None:
    run = tenet_command(
        "--home", tmp_path, "connect", "--list", "--json", TENET_IBKR__TOKEN=SECRETS[2]
    )
    rows = {row["provider"]: row for row in json.loads(run.stdout)}
    assert (rows["ibkr"]["state"], rows["ibkr"]["missing"]) == ("not configured", "query_id")
    assert SECRETS[2] not in run.stdout
    asked = tenet_command("--home", tmp_path, "connect", "ibkr")
    assert (asked.returncode, "--set token=" in asked.stderr) == (2, True)


def test_manual_holdings_of_two_commands_at_once_are_both_kept(
    tenet_command: Command, tmp_path: Path
) -> None:
    from threading import Thread

    home = tmp_path / "home"
    assert tenet_command("--home", home, "manual", "add-account", "Home").stdout == "manual:home\n"
    things = ["House", "Car", "Boat"]
    threads = [
        Thread(
            target=tenet_command,
            args=("--home", home, "manual", "add", "Home", thing, "--value", 1),
        )
        for thing in things
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    listed = json.loads(tenet_command("--home", home, "manual", "list", "--json").stdout)
    assert sorted(row["name"] for row in listed) == sorted(things)


def test_ctrl_c_lands_nothing_and_does_not_wait_for_a_provider_that_hangs(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host = f"127.0.0.1:{listener.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-m", "tenet", "--home", str(home), "sync"],
            stderr=subprocess.PIPE,
            env=os.environ | {"TENET_SIMPLEFIN__ACCESS_URL": f"http://user:x@{host}/simplefin"},
        )
        asked, _ = listener.accept()
        with asked:  # and never answered
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=20)
    assert (process.returncode, b"stopped" in said) == (130, True)
    assert list(home.glob("raw/*/*/*")) == []


KEYRING = """
import json, os, pathlib
from keyring.backend import KeyringBackend

class Vault(KeyringBackend):
    priority = 1
    path = pathlib.Path(os.environ["VAULT"])

    def get_password(self, service, username):
        return json.loads(self.path.read_text()).get(username) if self.path.exists() else None

    def set_password(self, service, username, password):
        self.path.write_text(json.dumps({username: password}))
"""


def test_a_setup_token_is_claimed_tried_kept_in_the_keyring_and_used_by_the_next_sync(
    tenet_command: Command, tmp_path: Path
) -> None:
    answer = {"errors": [], "accounts": [
        {"id": "A1", "name": "Checking", "currency": "USD", "balance": "12.50",
         "balance-date": 1767200000, "org": {"name": "Example Bank"}}
    ]}  # fmt: skip
    claimed = {
        "request": {"method": "POST", "path": "/claim/TOKEN"},
        "response": {"status": 200, "content": b""},
    }
    read = {
        "request": {"method": "GET", "path": "/simplefin/accounts"},
        "response": {"status": 200, "content": json.dumps(answer).encode()},
    }
    (tmp_path / "vault.py").write_text(KEYRING)
    environment = {
        "PYTHONPATH": str(tmp_path),
        "PYTHON_KEYRING_BACKEND": "vault.Vault",
        "VAULT": str(tmp_path / "vault.json"),
    }
    home = tmp_path / "home"
    with playing([claimed, read]) as (url, _):
        access = url.replace("http://", f"http://user:{SECRETS[3]}@") + "/simplefin"
        claimed["response"]["content"] = access.encode()
        token = base64.b64encode(f"{url}/claim/TOKEN".encode()).decode()
        connect = ("--home", home, "connect", "simplefin", "--setup-token", token)
        connected = tenet_command(*connect, **environment)
        assert connected.returncode == 0, connected.stderr
        assert "kept simplefin.access_url in the keyring" in connected.stderr
        assert SECRETS[3] not in connected.stdout + connected.stderr
        synced = tenet_command("--home", home, "sync", **environment)
    assert (synced.returncode, "1 success" in synced.stderr) == (0, True)
    assert [row["account_id"] for row in edits.accounts(home)] == ["simplefin:A1"]


def test_a_third_party_provider_is_found_by_its_entry_point(
    tenet_command: Command, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(
        "from tenet.providers.result import Account, ProviderSyncResult\n"
        "class Mine:\n"
        "    name, secrets = 'mine', ()\n"
        "    def fetch(self, client, *, at, pause): return None\n"
        "    def parse(self, payload): return ProviderSyncResult((Account('1', 'Mine'),))\n"
        "def make(home): return Mine()\n"
    )
    metadata = tmp_path / "mine-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[tenet.providers]\nmine = mine:make\n")
    home = tmp_path / "home"
    run = tenet_command("--home", home, "sync", "mine", PYTHONPATH=str(tmp_path))
    assert run.returncode == 0, run.stderr
    assert [row["account_id"] for row in edits.accounts(home)] == ["mine:1"]
