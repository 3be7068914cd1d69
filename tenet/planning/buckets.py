"""Liquid accounts put together where nothing tells them apart: taxes, growth, order of use."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tenet.errors import ScenarioInvalid
from tenet.planning.household import LIQUID
from tenet.planning.plan import Buckets

if TYPE_CHECKING:
    from tenet.planning.household import Account
    from tenet.planning.scenario import Scenario


def bucketed(
    scenario: Scenario, per_year: int, price_start: float, keeps_kinds: bool = False
) -> tuple[Buckets, dict[str, int]]:
    """The buckets of a scenario, and the index of the bucket of each liquid account.

    Neighbours in the order of withdrawal become one bucket when tax and growth are equal, so no
    household pays for differences it does not have; keeps_kinds: only when of one kind, too.
    Balances are divided by price_start.
    """
    _check_filled(scenario)
    order = scenario.taxes.order
    liquid = [one for one in scenario.accounts if one.kind in LIQUID]
    liquid.sort(key=lambda one: order.index(one.kind))
    groups: list[tuple[tuple[float | None, float, bool], list[Account]]] = []
    for account in liquid:
        key = _key(scenario, account)
        is_other = keeps_kinds and bool(groups) and groups[-1][1][0].kind != account.kind
        if not groups or groups[-1][0] != key or is_other:
            groups.append((key, []))
        groups[-1][1].append(account)
    places = {one.name: place for place, (_, group) in enumerate(groups) for one in group}
    buckets = Buckets(
        names=_named([group for _, group in groups]),
        balance=np.array([_total(group, "balance") for _, group in groups]) / price_start,
        basis=np.array([_total(group, "basis") for _, group in groups]) / price_start,
        growth=np.array(
            [math.nan if key[0] is None else (1 + key[0]) ** (1 / per_year) for key, _ in groups]
        ),
        tax=np.array([key[1] for key, _ in groups]),
        gain_only=np.array([key[2] for key, _ in groups]),
        surplus=places[scenario.surplus_account or _surplus(liquid)],
    )
    return buckets, places


def _named(groups: list[list[Account]]) -> tuple[str, ...]:
    """By the kinds in it; numbered from the second bucket of the same kinds on."""
    names: list[str] = []
    for group in groups:
        kinds = "+".join(dict.fromkeys(one.kind for one in group))
        count = sum(name.split(" ")[0] == kinds for name in names)
        names.append(f"{kinds} {count + 1}" if count else kinds)
    return tuple(names)


def _check_filled(scenario: Scenario) -> None:
    missing = [
        f"accounts[{number}].balance: given nothing yet for {one.account_id}; "
        "allowed is the balance of that account, filled in before"
        for number, one in enumerate(scenario.accounts)
        if one.balance is None
    ]
    if missing:
        raise ScenarioInvalid(missing)


def _key(scenario: Scenario, account: Account) -> tuple[float | None, float, bool]:
    rate = float(getattr(scenario.taxes, account.kind))
    return account.growth, rate, rate > 0 and account.kind == "taxable"


def _total(accounts: list[Account], field: str) -> float:
    return sum(
        float((one.balance if getattr(one, field) is None else getattr(one, field)) or 0)
        for one in accounts
    )


def _surplus(liquid: list[Account]) -> str:
    return min(liquid, key=lambda one: LIQUID.index(one.kind)).name
