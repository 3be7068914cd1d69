"""Who lives in the household and what it holds, by how the taxman looks at it."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field, model_validator

from tenet.planning.when import Age, Name, Part

Bucket = Literal["cash", "taxable", "deferred", "free"]
LIQUID: tuple[Bucket, ...] = ("cash", "taxable", "deferred", "free")
"""Kinds of accounts that spending is paid from; property and debt only count in net worth."""


class Gompertz(Part):
    """A law of mortality: survival of t years at age x is exp(e^((x-mode)/b) (1 - e^(t/b)))."""

    mode: float = Field(
        default=88.18, ge=40, le=120, description="age in years at which most deaths happen"
    )
    dispersion: float = Field(default=10.5, gt=0, le=40, description="spread b around it, in years")


class Person(Part):
    """Somebody the plan is for, to a fixed end age, or to a random one by a law of mortality."""

    name: Name = Field(description="how others refer to the person")
    born: dt.date = Field(description="date of birth; its month counts")
    end_age: Age = Field(
        default=95, description="age in years at which the plan ends for the person"
    )
    mortality: Gompertz | None = Field(
        default=None,
        description="a law of mortality: death comes at random, at `end_age` at the latest",
    )


class Account(Part):
    """One account, or a house, or a debt."""

    name: Name = Field(description="how others refer to the account")
    kind: Literal["cash", "taxable", "deferred", "free", "property", "debt"] = Field(
        description="how withdrawals are taxed; property and debt only count in net worth"
    )
    balance: float | None = Field(
        default=None, ge=0, description="currency units today; what is owed, for a debt"
    )
    account_id: str | None = Field(
        default=None,
        description="a tenet account whose balance is filled in where `balance` is not given",
    )
    basis: float | None = Field(
        default=None,
        ge=0,
        description="currency units paid for it (taxable only); default: the balance",
    )
    growth: float | None = Field(
        default=None,
        gt=-1,
        le=1,
        description="fraction per year above inflation; default: as the allocation (property: 0)",
    )
    interest: float = Field(
        default=0, ge=0, le=1, description="of a debt: fraction per year, nominal, effective"
    )
    payment: float = Field(
        default=0,
        ge=0,
        description="of a debt: currency units per YEAR, nominal, until it is paid off",
    )

    @model_validator(mode="after")
    def _fitting_its_kind(self) -> Account:
        if self.balance is None and self.account_id is None:
            raise ValueError("balance: given nothing; allowed is a balance or an account_id")
        if self.basis is not None and self.kind != "taxable":
            raise ValueError(f"basis: given for a {self.kind} account; allowed for taxable ones")
        if self.kind != "debt" and (self.interest or self.payment):
            raise ValueError(f"interest, payment: given for {self.kind}; allowed for a debt")
        if self.kind == "debt" and self.growth is not None:
            raise ValueError("growth: given for a debt; allowed there is interest")
        return self


class Taxes(Part):
    """Effective rates on what is withdrawn: a simplification, not a tax return."""

    cash: float = Field(
        default=0, ge=0, lt=1, description="fraction of what is withdrawn from cash"
    )
    taxable: float = Field(
        default=0,
        ge=0,
        lt=1,
        description="fraction of the gain in what is withdrawn from taxable accounts",
    )
    deferred: float = Field(
        default=0, ge=0, lt=1, description="fraction of what is withdrawn from deferred accounts"
    )
    free: float = Field(
        default=0, ge=0, lt=1, description="fraction of what is withdrawn from free ones"
    )
    order: tuple[Bucket, ...] = Field(
        default=LIQUID, description="kinds of accounts in the order in which they are drawn on"
    )

    @model_validator(mode="after")
    def _each_kind_once(self) -> Taxes:
        if sorted(self.order) != sorted(LIQUID):
            raise ValueError(
                f"order: given {', '.join(self.order)}; allowed is each of {', '.join(LIQUID)} once"
            )
        return self
