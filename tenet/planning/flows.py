"""What comes in and goes out: streams, life events and goals. Amounts of streams are per YEAR."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from tenet.planning.when import Name, Part, When

Growth = Annotated[float, Field(gt=-1, le=1)]
Basis = Literal["real", "nominal"]
_BASIS = "real: in money of the basis year, rising with prices; nominal: in money of the day"


class Stream(Part):
    """Money that flows every month: a twelfth of the amount per year."""

    name: Name = Field(description="how it is called in tables")
    kind: Literal["income", "spending", "contribution"] = Field(
        description="income; spending; contribution: money from outside the plan into an account"
    )
    amount: float = Field(ge=0, description="currency units per YEAR, when it begins")
    start: When | None = Field(default=None, description="first month; default: the plan's start")
    end: When | None = Field(
        default=None, description="first month without it; default: the plan's end"
    )
    growth: Growth = Field(
        default=0,
        description="fraction per year, on top of inflation when real; "
        "raised on each anniversary of its first month in the plan",
    )
    basis: Basis = Field(default="real", description=_BASIS)
    need: Literal["essential", "discretionary"] = Field(
        default="essential", description="of spending: whether the plan fails without it"
    )
    tax: float = Field(default=0, ge=0, lt=1, description="of income: fraction paid as tax at once")
    account: Name | None = Field(
        default=None,
        description="of a contribution: the account it goes to; default: the surplus account",
    )
    enabled: bool = Field(default=True, description="false: as if it were not there")

    @model_validator(mode="after")
    def _fitting_its_kind(self) -> Stream:
        if self.tax and self.kind != "income":
            raise ValueError(f"tax: given for {self.kind}; allowed for income")
        if self.account is not None and self.kind != "contribution":
            raise ValueError(f"account: given for {self.kind}; allowed for a contribution")
        return self


class Event(Part):
    """Something that happens: money at once, money per year for some years, or both."""

    name: Name = Field(description="how it is called in tables")
    at: When = Field(description="the month of the one-off amount and of the first yearly one")
    one_off: float = Field(
        default=0, description="currency units; positive comes in, negative goes out"
    )
    yearly: float = Field(
        default=0, description="currency units per YEAR, in twelfths; positive in, negative out"
    )
    years: int = Field(
        default=0, ge=0, le=100, description="years for which the yearly amount flows"
    )
    growth: Growth = Field(
        default=0, description="fraction per year by which the yearly amount rises"
    )
    basis: Basis = Field(default="real", description=_BASIS)
    need: Literal["essential", "discretionary", "not_spending"] = Field(
        default="not_spending",
        description="of money that goes out: spending of that need, or not_spending (a purchase)",
    )
    enabled: bool = Field(default=True, description="false: as if it were not there")

    @model_validator(mode="after")
    def _something_happens(self) -> Event:
        if self.one_off == 0 and self.yearly == 0:
            raise ValueError("one_off, yearly: given 0; allowed is one of them different from 0")
        if (self.yearly == 0) != (self.years == 0):
            raise ValueError(
                f"years: given {self.years} with yearly {self.yearly:g}; allowed together only"
            )
        return self


class Goal(Part):
    """Something to be reached with a wanted probability.

    retire: retired by then, and never short of essential spending. net_worth: at least the amount
    by then. legacy: net worth of the amount at the end. spending_floor: at least the amount spent
    in every year from then (default: retirement) to the end. purchase: the amount is paid then.
    """

    name: Name = Field(description="how it is called in tables")
    kind: Literal["retire", "net_worth", "legacy", "spending_floor", "purchase"]
    amount: float | None = Field(
        default=None,
        gt=0,
        description="currency units in money of the basis year; per YEAR for a spending_floor",
    )
    by: When | None = Field(
        default=None, description="when; needed for retire, net_worth and purchase"
    )
    wanted: float = Field(default=0.9, gt=0, lt=1, description="wanted probability, a fraction")
    priority: int = Field(default=1, ge=1, le=99, description="1 is the most important")

    @model_validator(mode="after")
    def _fitting_its_kind(self) -> Goal:
        if (self.amount is None) != (self.kind == "retire"):
            raise ValueError(
                f"amount: given {self.amount} for {self.kind}; "
                "allowed is none for retire and one for every other kind"
            )
        if self.by is None and self.kind in ("retire", "net_worth", "purchase"):
            raise ValueError(f"by: given nothing; {self.kind} needs a time")
        if self.by is not None and self.kind == "legacy":
            raise ValueError("by: given for a legacy; allowed is none, it is due at the end")
        return self
