"""A scenario: what a household has, intends and expects. Checked as a whole when it is made."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from tenet.errors import ScenarioInvalid
from tenet.planning.calendar import Calendar
from tenet.planning.checks import problems
from tenet.planning.flows import Event, Goal, Stream
from tenet.planning.household import Account, Person, Taxes
from tenet.planning.markets import Inflation, Market, Point
from tenet.planning.when import Milestone, Name, Part, When
from tenet.planning.withdrawals import Planned, Withdrawal

if TYPE_CHECKING:
    from collections.abc import Mapping


def _currency(code: str) -> str:
    if len(code) != 3 or not (code.isalpha() and code.isupper() and code.isascii()):
        raise ValueError(f"given {code!r}; allowed is an ISO 4217 code such as USD")
    return code


class Scenario(Part):
    """Everything a plan is computed from, but for the table of returns of a history.

    Its last year is always whole: the end is moved to the end of its twelve months.
    """

    name: Name = Field(description="how the scenario is called")
    currency: Annotated[str, AfterValidator(_currency)] = Field(
        description="ISO 4217 code of every amount"
    )
    start: dt.date = Field(description="first month of the plan; its day is not looked at")
    basis_year: int = Field(
        ge=1800, le=2300, description="year of whose money real amounts are; that of the balances"
    )
    people: tuple[Person, ...] = Field(min_length=1, max_length=20)
    milestones: tuple[Milestone, ...] = ()
    retirement: When | None = Field(
        default=None, description="first month in which the withdrawal rule decides; default: never"
    )
    end: When | None = Field(
        default=None,
        description="first month after the plan; default: when the last person reaches end_age",
    )
    accounts: tuple[Account, ...] = Field(min_length=1)
    surplus_account: Name | None = Field(
        default=None,
        description="where income that is not spent goes; default: the first cash account, "
        "else taxable, deferred, free",
    )
    streams: tuple[Stream, ...] = ()
    events: tuple[Event, ...] = ()
    goals: tuple[Goal, ...] = ()
    allocation: tuple[Point, ...] = Field(
        min_length=1, description="what liquid accounts hold, over time; rebalanced every step"
    )
    market: Market
    inflation: Inflation = Inflation()
    extra_return: float = Field(
        default=0, ge=-0.5, le=0.5, description="log return per year added to every asset"
    )
    fee: float = Field(default=0, ge=0, lt=1, description="fraction of liquid balances per year")
    taxes: Taxes = Taxes()
    withdrawal: Withdrawal = Planned()
    timing: Literal["start", "end"] = Field(
        default="start", description="whether money flows at the start or the end of a step"
    )
    step: Literal["month", "year"] = Field(
        default="month", description="length of a step; published back-tests use years"
    )
    seed: int = Field(default=1, ge=0, lt=2**63, description="same seed, same paths")
    paths: int = Field(
        default=10_000, ge=1, le=1_000_000, description="number of simulated futures"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Scenario:
        found = problems(self)
        if found:
            raise ValueError("\n".join(found))
        return self

    @property
    def calendar(self) -> Calendar:
        """Its points in time as months after its start."""
        return Calendar(self)


def parse(document: Mapping[str, Any]) -> Scenario:
    """The scenario of a document such as JSON gives.

    Raises ScenarioInvalid, with every problem: the field, what was given and what is allowed.
    """
    try:
        return Scenario.model_validate(document)
    except ValidationError as error:
        raise ScenarioInvalid(_told(error)) from error


def changed(scenario: Scenario, **fields: Any) -> Scenario:
    """A copy with other fields (models or plain values), checked. Raises ScenarioInvalid."""
    return parse({name: getattr(scenario, name) for name in Scenario.model_fields} | fields)


def with_balances(scenario: Scenario, balances: Mapping[str, float]) -> Scenario:
    """A copy in which accounts that name a tenet account hold that one's balance.

    balances: account_id to currency units; of a debt, what is owed as a positive amount.
    Accounts with a typed balance keep it. Raises ScenarioInvalid when one is not there.
    """
    filled = []
    for number, account in enumerate(scenario.accounts):
        if account.balance is not None:
            filled.append(account)
            continue
        if account.account_id is None or account.account_id not in balances:
            known = ", ".join(sorted(balances)) or "none"
            raise ScenarioInvalid(
                [f"accounts[{number}].account_id: given {account.account_id!r}; allowed is {known}"]
            )
        balance = float(balances[account.account_id])
        filled.append(account.model_copy(update={"balance": balance}))
    return changed(scenario, accounts=[account.model_dump() for account in filled])


def _told(error: ValidationError) -> list[str]:
    lines: list[str] = []
    found = error.errors(include_url=False)
    for one in sorted(found, key=lambda one: one["type"] == "too_short"):
        place = _place(one["loc"]) or ("" if one["type"] == "value_error" else "scenario")
        if one["type"] == "value_error":
            told = str(one["ctx"]["error"]).split("\n")
            lines += [_joined(place, line) for line in told]
        elif one["type"] == "missing":
            lines.append(f"{place}: given nothing; this field is needed")
        elif one["type"] == "extra_forbidden":
            lines.append(f"{place}: given {one['input']!r}; no such field is allowed")
        elif one["type"] != "too_short" or not any(line.startswith(place) for line in lines):
            given = repr(one["input"])
            given = given if len(given) < 80 else given[:77] + "..."
            tags = one.get("ctx", {}).get("expected_tags")
            allowed = f"one of {tags}" if tags else re.sub(r"^Input should be ", "", one["msg"])
            lines.append(f"{place}: given {given}; allowed is {allowed}")
    return lines


def _place(location: tuple[int | str, ...]) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return "".join(parts).lstrip(".")


def _joined(place: str, line: str) -> str:
    names_a_field = re.match(r"[a-z_, ]+: given ", line)
    return f"{place}{'.' if names_a_field else ': '}{line}" if place else line
