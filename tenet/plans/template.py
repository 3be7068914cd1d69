"""A first scenario from the household's own accounts, so that two answers make one that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from tenet.plans.documents import Document
    from tenet.workspace import Workspace

_ACCOUNTS = """
select accounts.account_id, accounts.name, accounts.tax_bucket,
    daily.assets_base, daily.liabilities_base, daily.market_value_base
from account_values_daily as daily
inner join accounts using (account_id) -- both are made of the same snapshots
where valuation_date = (select max(valuation_date) from account_values_daily)
order by accounts.name, accounts.account_id
"""
_CLASSES = """
select
    coalesce(sum(worth) filter (where asset_class = 'Bonds'), 0) as bonds,
    coalesce(sum(worth) filter (where asset_class = 'Cash'), 0) as bills,
    coalesce(sum(worth) filter (where asset_class not in ('Bonds', 'Cash')), 0) as stocks,
from (select *, market_value_base as worth from account_allocation_daily)
inner join accounts using (account_id) -- every account that has values is one
where valuation_date = (select max(valuation_date) from account_values_daily)
    and asset_class <> 'Debt'
    and worth > 0
    and accounts.tax_bucket in ('cash', 'taxable', 'deferred', 'free')
"""
MARKET = {
    "kind": "lognormal",
    "log_mean": {"stocks": 0.05, "bonds": 0.014, "bills": 0.003},
    "log_sd": {"stocks": 0.17, "bonds": 0.07, "bills": 0.02},
    "correlation": [[1, 0.1, 0], [0.1, 1, 0.3], [0, 0.3, 1]],
    "basis": "real",
}
"""An assumption to be changed, as that of tenet.planning.example: stocks below their past."""


def template(
    workspace: Workspace,
    name: str,
    *,
    born: date,
    spending: float,
    income: float | None = None,
    retire_at: float = 65,
) -> Document:
    """A scenario of one person with the accounts of the published build, by their tax buckets.

    spending: currency units per YEAR, of today. income: after tax, until retirement; default: as
    much as is spent, so that until then nothing is saved and nothing drawn. Who is older than
    `retire_at` is retired from the start. Liquid assets are held as they are: bonds, cash as bills,
    and everything else as stocks. Raises NoBuild.
    """
    with workspace.connection() as connection:
        from tenet.database import rows

        (build,) = rows(connection, "select base_currency, through_date from build_info")
        held = rows(connection, _ACCOUNTS)
        (classes,) = rows(connection, _CLASSES)
    start: date = build["through_date"].replace(day=1)
    age = (start.year - born.year) + (start.month - born.month) / 12
    is_retired = age >= retire_at
    streams: list[Document] = [{"name": "Living", "kind": "spending", "amount": spending}]
    if not is_retired:
        earned = spending if income is None else income
        until = {"milestone": "retirement"}
        streams.append({"name": "Pay", "kind": "income", "amount": earned, "end": until})
    return {
        "name": name,
        "currency": build["base_currency"],
        "start": start.isoformat(),
        "basis_year": start.year,
        "people": [{"name": "Me", "born": born.isoformat(), "end_age": min(max(95, age + 5), 130)}],
        "retirement": {"milestone": "start"} if is_retired else {"age": retire_at},
        "accounts": _named_once([one for row in held for one in _accounts(row)]),
        "streams": streams,
        "allocation": [{"weights": _weights(classes)}],
        "market": MARKET,
    }


def _accounts(row: dict[str, Any]) -> list[Document]:
    """An account; a house with its mortgage is two."""
    account_id, name, bucket = row["account_id"], row["name"], row["tax_bucket"]
    owns, owes = row["assets_base"] > 0, row["liabilities_base"] > 0
    if bucket == "property" and owns and owes:
        return [
            {"name": name, "kind": "property", "account_id": account_id},
            {"name": f"{name}, owed", "kind": "debt", "account_id": account_id},
        ]
    if not (owns or owes):
        return []
    kind = "debt" if row["market_value_base"] < 0 else bucket
    if kind == "debt" and row["market_value_base"] > 0:
        kind = "cash"
    return [{"name": name, "kind": kind, "account_id": account_id}]


def _named_once(accounts: list[Document]) -> list[Document]:
    names = [one["name"] for one in accounts]
    return [
        one | {"name": f"{one['name']} ({one['account_id']})"}
        if names.count(one["name"]) > 1
        else one
        for one in accounts
    ]


def _weights(classes: dict[str, Decimal]) -> dict[str, float]:
    total = sum(classes.values())
    if not total:
        return {"stocks": 0.6, "bonds": 0.3, "bills": 0.1}
    stocks, bonds = (round(float(classes[name] / total), 4) for name in ("stocks", "bonds"))
    return {"stocks": stocks, "bonds": bonds, "bills": round(1 - stocks - bonds, 4)}
