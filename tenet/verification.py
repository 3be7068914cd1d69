"""Whether the published file still holds what was built: sums taken at the end of every build.

`build_checks` has a row for each published table; for a table by account and day, one for each
account and day of it. What was deleted or altered since is found by taking the sums anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenet.database import Error, complaint, connect_reading, identifier, literal, rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from tenet.database import Connection

VALUES = "daily_holding_values"
BY_DAY = ("account_id", "valuation_date")
_COMMENTS = {
    "table_name": "the published table",
    "account_id": "the account whose rows they are; null: of all the table",
    "valuation_date": "the day whose rows they are; null: of all the table",
    "row_count": "its rows",
    "content_hash": "a hash of their content, whatever their order",
    "engine": "the version of DuckDB that took the hash; another one may take it otherwise",
}

# Days that follow each other have one number when their place in the order is taken off.
_DAMAGE = """
with
now as ({now}),
recorded as (from build_checks where table_name = {table}),
differing as (
    select
        coalesce(recorded.account_id, now.account_id) as account_id,
        coalesce(recorded.valuation_date, now.valuation_date) as valuation_date,
        case
            when recorded.account_id is null then 'damaged'
            when coalesce(now.row_count, 0) = 0 then 'missing'
            when now.row_count < recorded.row_count then 'partial'
            else 'damaged'
        end as kind,
    from recorded
    full join now
        on recorded.account_id is not distinct from now.account_id
        and recorded.valuation_date is not distinct from now.valuation_date
    where recorded.row_count is distinct from now.row_count
        or (recorded.content_hash is distinct from now.content_hash and recorded.engine = version())
),
numbered as (
    select
        *,
        valuation_date - (row_number() over (
            partition by kind, account_id order by valuation_date
        ))::integer as run,
    from differing
)
select
    kind,
    account_id,
    min(valuation_date) as first_date,
    max(valuation_date) as last_date,
    count(valuation_date) as days,
from numbered
group by kind, account_id, run
order by account_id, first_date, kind
"""


@dataclass(frozen=True)
class Damage:
    """Something that is not as it was built.

    kind: of the daily values, missing (a day of an account is gone), partial (rows of it are) or
    damaged (its content is another); of any other table damaged; unreadable: the whole file.
    first_date, last_date, days: a run of days; None and 0 where it is not about days.
    """

    kind: str
    table: str
    account_id: str | None = None
    first_date: date | None = None
    last_date: date | None = None
    days: int = 0
    reason: str = ""

    @property
    def what(self) -> str:
        """What is wrong, in words, but for whose days."""
        if self.kind == "unreadable":
            return f"the published file cannot be read: {self.reason}"
        words = {"missing": "rows are gone", "partial": "some rows are gone"}
        return f"{self.table}: {self.reason or words.get(self.kind, 'not as it was built')}"

    def __str__(self) -> str:
        where = f" of {self.account_id}" if self.account_id else ""
        until = "" if self.first_date == self.last_date else f" to {self.last_date}"
        return f"{self.what}{where}" + (f", {self.first_date}{until}" if self.days else "")


def record(
    connection: Connection,
    tables: Mapping[str, Sequence[str]],
    kept_until: Mapping[str, date],
) -> None:
    """Write `build_checks` into the current database.

    tables: the keys of each table. kept_until: of tables of which earlier days were kept as they
    were, with their sums, the first day that was not.
    """
    connection.execute(
        "create table if not exists build_checks (table_name varchar, account_id varchar, "
        "valuation_date date, row_count bigint, content_hash ubigint, engine varchar)"
    )
    kept = [
        f"table_name = {literal(name)} and valuation_date < {literal(first)}"
        for name, first in kept_until.items()
    ]
    connection.execute(f"delete from build_checks where not ({' or '.join(kept) or 'false'})")
    sums = [_sums(connection, name, keys, kept_until.get(name)) for name, keys in tables.items()]
    connection.execute(f"insert into build_checks {' union all '.join(sums)}")
    comment = "Sums of each published table, by which later damage is found."
    connection.execute(f"comment on table build_checks is {literal(comment)}")
    for column, text in _COMMENTS.items():
        connection.execute(f"comment on column build_checks.{column} is {literal(text)}")


def damage(path: Path) -> list[Damage]:
    """Everything in a published file that is not as it was built, the daily values first.

    A build without sums, by an older version, cannot be told from a damaged one.
    """
    try:
        connection = connect_reading(path)
    except Error as error:
        return [Damage("unreadable", "", reason=complaint(error))]
    try:
        names = rows(connection, "select distinct table_name from build_checks")
        tables = sorted(
            (row["table_name"] for row in names), key=lambda name: (name != VALUES, name)
        )
        return [found for table in tables for found in _damage_of(connection, table)]
    except Error as error:
        return [Damage("damaged", "build_checks", reason=complaint(error))]
    finally:
        connection.close()


def _damage_of(connection: Connection, table: str) -> list[Damage]:
    by_day = (
        "select count(valuation_date) > 0 as is_by_day from build_checks where table_name = $table"
    )
    try:
        (row,) = rows(connection, by_day, {"table": table})
        now = _sums(connection, table, BY_DAY if row["is_by_day"] else ())
        found = rows(connection, _DAMAGE.format(now=now, table=literal(table)))
    except Error as error:
        return [Damage("damaged", table, reason=complaint(error))]
    whole = {} if table == VALUES else {"kind": "damaged"}
    return [Damage(**{"table": table, **row, **whole}) for row in found]


def _sums(
    connection: Connection, table: str, keys: Sequence[str], since: date | None = None
) -> str:
    described = connection.execute(f"describe {identifier(table)}").fetchall()
    columns = ", ".join(identifier(name) for name, *_ in described)
    is_by_day = set(BY_DAY) <= set(keys)
    account, day = BY_DAY if is_by_day else ("null", "null")
    where = f" where valuation_date >= {literal(since)}" if since else ""
    return (
        f"select {literal(table)} as table_name, {account}::varchar as account_id, "
        f"{day}::date as valuation_date, count(*) as row_count, "
        f"bit_xor(hash({columns})) as content_hash, version() as engine "
        f"from {identifier(table)}{where}" + (" group by all" if is_by_day else "")
    )
