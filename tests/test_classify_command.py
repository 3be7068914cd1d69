"""`tenet classify`, `tenet allocation`, and what `tenet account` says of owners and taxes."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from conftest import AT

from tenet import classes, edits, lake
from tenet.edits import owners
from tenet.errors import LakeCorrupt, ReservedName, SchemaMismatch, UnknownClass, WrongSum
from tenet.landings import landings
from tenet.prices.securities import securities

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

    Command = Callable[..., Run]

D = Decimal
LATER = AT + timedelta(hours=1)


def rebuilt(tenet_command: Command, home: Path) -> None:
    assert tenet_command("--home", home, "--today", "2024-01-03", "build").returncode == 0


def as_json(tenet_command: Command, home: Path, *words: object) -> Any:
    found = tenet_command("--home", home, *words, "--json")
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout, parse_float=D)


def test_what_is_said_of_classes_shows_in_the_allocation(
    tenet_command: Command, home: Path
) -> None:
    """AAPL is worth 1,842.50, the dollars owed 200 and the euros 1,100: 2,742.50 in all."""
    before = tenet_command("--home", home, "classify", "--list")
    assert "Brokerage,AAPL,unclassified,unclassified,1.0,1842.50" in before.stdout.splitlines()
    assert "1 holding unclassified, worth 1,842.50" in before.stderr
    for words in (
        ("aapl", "stocks"),
        ("targets", "Stocks=0.6", "Bonds=0.3", "cash=0.1"),
        ("--class", "Gold", "--colour", "#ffd700"),
    ):
        assert tenet_command("--home", home, "classify", *words).returncode == 0
    rebuilt(tenet_command, home)

    stocks, cash, bonds = as_json(tenet_command, home, "allocation")
    assert stocks == {
        "asset_class": "Stocks",
        "market_value_base": D("1842.50"),
        "weight": D("0.671832"),
        "target_weight": D("0.6"),
        "drift": D("0.071832"),
        "unpriced_count": 0,
    }
    assert (cash["asset_class"], cash["market_value_base"]) == ("Cash", D(900))
    assert (bonds["asset_class"], bonds["drift"]) == ("Bonds", D("-0.3"))
    (then,) = as_json(tenet_command, home, "allocation", "--as-then", "--date", "2024-01-01")[:1]
    assert (then["asset_class"], then["target_weight"]) == ("unclassified", None)

    # 2,742.50 and 257.50 are 3,000: Stocks 1,800, Bonds 900, Cash 300.
    found = as_json(tenet_command, home, "allocation", "--rebalance", "257.50")
    assert [(row["step"], row["from_class"], row["amount"]) for row in found["moves"]] == [
        ("new_money", None, D("257.50")),
        ("sale", "Cash", D(600)),
        ("sale", "Stocks", D("42.50")),
    ]
    assert {row["missing_base"] for row in found["classes"]} == {0}
    listed = as_json(tenet_command, home, "classify", "--classes")
    assert {row["asset_class"]: row["colour"] for row in listed}["Gold"] == "#ffd700"


def test_owners_and_tax_buckets_show_in_net_worth_and_statement(
    tenet_command: Command, home: Path
) -> None:
    """The bank's 1,100 are joint; the brokerage's 1,642.50 are Ann's."""
    for words in (
        ("own", "bank:1", "Ann 50%", "Ben 50%"),
        ("own", "Brokerage", "Ann"),
        ("tax-bucket", "Brokerage", "deferred", "--liquidity", "illiquid"),
        ("tax-rate", "deferred", "0.1"),
        ("portfolio", "Brokerage", "Old age"),
        ("exclude", "bank:1"),
    ):
        assert tenet_command("--home", home, "account", *words).returncode == 0
    rebuilt(tenet_command, home)

    def worth(by: str, *more: str) -> dict[str, Decimal]:
        rows = as_json(tenet_command, home, "networth", "--by", by, *more)
        return {
            next(iter(row.values())): row.get("net_worth", row.get("market_value_base"))
            for row in rows
        }

    assert worth("owner") == {"Ann": D("2192.50"), "Ben": D(550)}
    assert worth("owner", "--as-then") == {"household": D("2742.50")}
    assert worth("tax-bucket") == {"deferred": D("1642.50"), "taxable": D(1100)}
    assert worth("liquidity") == {"illiquid": D("1642.50"), "liquid": D(1100)}
    assert worth("class") == {"unclassified": D("1842.50"), "Cash": D(900)}
    allocated = tenet_command("--home", home, "allocation", "--by", "account", "--csv")
    assert "bank:1" not in allocated.stdout
    assert "left out: Current account: Cash 1,100.00" in allocated.stderr
    query = (
        "select account_id, owner, after_tax_base from owner_statements "
        "where valuation_date = '2024-01-03' and share > 0 order by all"
    )
    # Of the shares' 1,842.50 a tenth is due: 184.25.
    assert tenet_command("--home", home, "sql", query, "--csv").stdout.splitlines()[1:] == [
        "bank:1,Ann,550.00",
        "bank:1,Ben,550.00",
        "broker:1,Ann,1458.25",
    ]
    listed = as_json(tenet_command, home, "account", "list")
    assert listed[0]["owner"] == "Ann 50%, Ben 50%"


def test_a_statement_is_of_a_day_that_is_built(tenet_command: Command, home: Path) -> None:
    early = tenet_command("--home", home, "networth", "--statement", "2023")
    assert (early.returncode, early.stdout) == (2, "")
    assert "values begin on 2024-01-01" in early.stderr
    late = tenet_command("--home", home, "networth", "--statement", "2024")
    assert (late.returncode, "no values on 2024-12-31 yet" in late.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("targets", "Stocks=0.6", "Cash=0.39"), "targets add up to 0.99, not 1"),
        (("targets", "Stoks=1"), "did you mean Stocks?"),
        (("targets", "Stocks"), "is no target"),
        (("targets", "Stocks=1", "Stocks=0"), "is no target of its own"),
        (("targets", "Stocks=2", "Cash=-1"), "2 of Stocks is not from 0 to 1"),
        (("--class", "Gold", "--target", "0.5"), "targets add up to 0.5, not 1"),
        (("--class", "debt"), "cannot be called"),
        (("--class", "Gold", "--colour", "12"), "no colour"),
        (("AAPL", "Stoks"), "no asset class 'Stoks'"),
        (("NONE", "Stocks"), "no one security 'NONE'"),
        (("--account", "nobody", "Stocks"), "no one account 'nobody'"),
        (("AAPL",), "give a SECURITY"),
        ((), "say one thing at a time"),
        (("AAPL", "Stocks", "--list"), "say one thing at a time"),
        (("AAPL", "Stocks", "--target", "0.5"), "go with --class"),
        (("--weights", "missing.csv"), "cannot read missing.csv"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_landed(
    tenet_command: Command, home: Path, words: tuple[str, ...], message: str
) -> None:
    before = landings(home)
    refused = tenet_command("--home", home, "classify", *words)
    assert (refused.returncode in (1, 2), refused.stdout) == (True, "")
    assert message in refused.stderr
    assert "Traceback" not in refused.stderr
    assert landings(home) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("allocation", "--rebalance", "10"), "there is nothing to rebalance"),
        (("allocation", "--rebalance", "0.001"), "whole cents"),
        (("allocation", "--date", "2023-01-01"), "values begin on 2024-01-01"),
        (("allocation", "--date", "2025-01-01"), "no values on 2025-01-01 yet"),
        (("networth", "--by", "account", "--as-then"), "--as-then goes with"),
        (("account", "own", "bank:1", "Ann 60%", "Ben 50%"), "shares add up to 110, not 100"),
        (("account", "own", "bank:1", "Ann", "Ben 50%"), "no owner with a share"),
        (("account", "tax-rate", "deferred", "25"), "a fraction from 0 to 1"),
        (("account", "tax-bucket", "bank:1", "offshore"), "offshore"),
    ],
)
def test_other_commands_refuse_what_cannot_be(
    tenet_command: Command, home: Path, words: tuple[str, ...], message: str
) -> None:
    refused = tenet_command("--home", home, *words)
    assert (refused.returncode in (1, 2), refused.stdout) == (True, "")
    assert message in refused.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["Ann"], "Ann"),
        (["Ann Lee 50%", "Ben 50 %"], "Ann Lee 50%, Ben 50%"),
        (["Ann 33.3%, Ben 66.7%"], "Ann 33.3%, Ben 66.7%"),
    ],
)
def test_owners_are_a_name_or_names_with_shares(words: list[str], expected: str) -> None:
    assert owners(words) == expected


@pytest.mark.parametrize(
    "words",
    [[""], ["Ann", "Ben"], ["Ann 50%", "Ann 50%"], ["50%", "Ben 50%"], ["Ann 0%", "Ben 100%"]],
)
def test_words_that_are_no_owners_are_refused(words: list[str]) -> None:
    with pytest.raises(SchemaMismatch, match="no owner with a share"):
        owners(words)


@pytest.mark.parametrize(
    "text",
    [
        "Ann 50%, Ben 40%",
        "Ann 1000%, Ben 100%",
        "Ann 1.2.3%, Ben 100%",
        "Ann 100%, Ben",
        "100%",
        "%",
    ],
)
def test_shares_that_an_import_brings_are_held_to_the_same(
    home: Path, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "account_edits.csv"
    path.write_text(f'account_id,edited_at,owner\nbank:1,2024-01-02T12:00:00Z,"{text}"\n')
    with pytest.raises(SchemaMismatch, match=r"shares that add up to 100%.*csv line 2"):
        lake.land(home, "import", {"account_edits": path}, at=AT)


def weights_file(folder: Path, text: str) -> Path:
    path = folder / "weights.csv"
    path.write_text(text)
    return path


def test_a_weights_file_says_what_a_fund_consists_of(
    tenet_command: Command, home: Path, tmp_path: Path
) -> None:
    path = weights_file(
        tmp_path, "security_id, asset_class, weight\naapl,stocks,60%\nAAPL,Bonds,0.3\n"
    )
    landed = tenet_command("--home", home, "classify", "--weights", path)
    assert landed.returncode == 0, landed.stderr
    assert "90.00%; the other 10.00% stays in its own class" in landed.stderr
    rebuilt(tenet_command, home)
    rows = as_json(tenet_command, home, "allocation")
    # Of 1,842.50; the cash of 900 beside it.
    assert {row["asset_class"]: row["market_value_base"] for row in rows} == {
        "Stocks": D("1105.50"),
        "Cash": D(900),
        "Bonds": D("552.75"),
        "unclassified": D("184.25"),
    }


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", SchemaMismatch, "security_id: is missing"),
        ("fund,asset_class,weight\nAAPL,Stocks,1\n", SchemaMismatch, "security_id: is missing"),
        ("security_id,asset_class,weight\n", LakeCorrupt, "it holds no weights"),
        ("security_id,asset_class,weight\nAAPL,Stocks,much\n", SchemaMismatch, "line 2"),
        ("security_id,asset_class,weight\nAAPL,Stocks,1.5\n", SchemaMismatch, "not from 0 to 1"),
        ("security_id,asset_class,weight\nAAPL,Stocks,NaN\n", SchemaMismatch, "not from 0 to 1"),
        ("security_id,asset_class,weight\nAAPL,,1\n", SchemaMismatch, "asset_class: has no value"),
        ("security_id,asset_class,weight\nAAPL\n", SchemaMismatch, "has no value"),
        ("\x00\x00", SchemaMismatch, "is missing"),
    ],
)
def test_a_weights_file_that_is_malformed_says_where(
    tmp_path: Path, text: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        classes.read_weights(weights_file(tmp_path, text))


def test_a_weights_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.csv"
    path.write_bytes(b"security_id,asset_class,weight\n\xff\xfe,Stocks,1\n")
    with pytest.raises(LakeCorrupt, match="it is no CSV"):
        classes.read_weights(path)


def test_weights_of_more_than_the_fund_land_nothing(home: Path) -> None:
    found = [
        {"security_id": "AAPL", "asset_class": name, "weight": D("0.6")}
        for name in ("Stocks", "Bonds")
    ]
    before = landings(home)
    with pytest.raises(WrongSum, match=r"weights of AAPL add up to 1\.2"):
        classes.set_weights(home, found, at=AT)
    assert landings(home) == before


def test_targets_replace_all_that_were_set_before(home: Path) -> None:
    classes.set_targets(home, {"Stocks": D("0.6"), "Bonds": D("0.4")}, at=AT)
    landed = classes.set_targets(home, {"stocks": D("0.7"), "Cash": D("0.3")}, at=LATER)
    assert landed == {"Bonds": 0, "Stocks": D("0.7"), "Cash": D("0.3")}
    targets = {row["asset_class"]: row["target_weight"] for row in classes.classes(home)}
    assert {name: target for name, target in targets.items() if target} == {
        "Stocks": D("0.7"),
        "Cash": D("0.3"),
    }


def test_the_target_of_one_class_must_fit_the_others(home: Path) -> None:
    classes.set_targets(home, {"Stocks": D("0.6"), "Bonds": D("0.4")}, at=AT)
    with pytest.raises(WrongSum, match=r"targets add up to 1\.1"):
        classes.make_class(home, "bonds", colour=None, target=D("0.5"), at=AT)
    classes.make_class(home, "Bonds", colour="teal", target=D("0.4"), at=AT)
    assert classes.find_class(home, " BONDS ") == "Bonds"


def test_thirds_add_up_only_when_they_are_written_so(home: Path) -> None:
    third = D("0.3333333333")
    with pytest.raises(WrongSum, match=r"0\.9999999999"):
        classes.set_targets(home, dict.fromkeys(["Stocks", "Bonds", "Cash"], third), at=AT)
    finest = {"Stocks": D("0.33333333333"), "Bonds": D("0.66666666667")}
    with pytest.raises(SchemaMismatch, match="ten places"):
        classes.set_targets(home, finest, at=AT)


@pytest.mark.parametrize("name", ["", "  ", "Debt", "UNCLASSIFIED"])
def test_some_names_of_classes_have_a_meaning_of_their_own(home: Path, name: str) -> None:
    with pytest.raises(ReservedName):
        classes.make_class(home, name, colour=None, target=None, at=AT)


def test_a_class_that_was_taken_back_is_detected_again(home: Path) -> None:
    classes.classify_security(home, "AAPL", "Bonds", at=AT)
    classes.classify_security(home, "AAPL", None, at=LATER)
    (aapl,) = securities(home)
    assert aapl["asset_class"] is None
    with pytest.raises(UnknownClass):
        classes.classify_account(home, "bank:1", "Nonsense", at=AT)


def test_an_account_keeps_what_was_said_before(home: Path) -> None:
    edits.edit_account(home, "bank:1", at=AT, owner="Ann")
    edits.edit_account(home, "bank:1", at=LATER, tax_bucket="cash")
    (bank, _) = edits.accounts(home)
    assert (bank["owner"], bank["tax_bucket"]) == ("Ann", "cash")
