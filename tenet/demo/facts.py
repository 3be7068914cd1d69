"""The demo family's facts, all of them invented: what it holds, when it trades, what goes wrong.

Months count from the first day; the standing orders of a month run on its second Tuesday.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import Literal

D = Decimal
SEED = "the demo family"
TIMEZONE = "America/New_York"
BASE_CURRENCY = "USD"


@dataclass(frozen=True)
class Account:
    """An account as its provider describes it."""

    account_id: str
    name: str
    institution: str
    account_type: str
    currency: str


@dataclass(frozen=True)
class Security:
    """Something held, whose price walks at random from `price` in `currency` (GBp is pence).

    growth: of the price in a year; swing: the largest chance move of one step; both fractions.
    steps: when the price moves. Closes are sent for what trades on weekdays or on all days.
    """

    security_id: str
    name: str
    asset_type: str
    currency: str
    price: Decimal
    growth: float
    swing: float
    steps: Literal["weekdays", "days", "quarters", "years", "payments"] = "weekdays"
    places: int = 2
    multiplier: int = 1


@dataclass(frozen=True)
class Order:
    """Units bought (sold: negative) in each of `months`; of cash, an amount paid in or out."""

    months: range
    account_id: str
    security_id: str
    units: Decimal


def _manual_id(description: str, account_id: str) -> str:
    """What tenet calls a manual holding without ticker."""
    text = f"{description}:{account_id.removeprefix('manual:')}"
    return f"_MAN:{sha256(text.encode()).hexdigest()[:12]}"


def _every(months: int, *, first: int = 1) -> range:
    return range(first, 12_000, months)


US, GERMAN, COINS = "demo:us-broker", "demo:german-broker", "demo:coin-exchange"
BANK, OLD_PLAN = "demo:bank", "demo:old-plan"
HOUSE, FUND = "manual:demo-house", "manual:demo-fund"

_ACCOUNTS = (
    Account(US, "Demo US brokerage", "Demo Brokers Inc. (invented)", "brokerage", "USD"),
    Account(GERMAN, "Demo German depot", "Demo Bank AG (invented)", "brokerage", "EUR"),
    Account(COINS, "Demo coin exchange", "Demo Coins Ltd. (invented)", "crypto", "USD"),
    Account(BANK, "Demo bank accounts", "Demo Savings Bank (invented)", "checking", "USD"),
    Account(OLD_PLAN, "Demo old plan", "Demo Employer Inc. (invented)", "retirement", "USD"),
    Account(HOUSE, "Demo house and mortgage", "Manual (invented)", "property", "USD"),
    Account(FUND, "Demo private fund", "Manual (invented)", "private_fund", "USD"),
)
ACCOUNTS = {account.account_id: account for account in _ACCOUNTS}

INDEX, TECH, PHARMA, CALL, BOND = "DEMOINDEX", "DEMOTECH", "DEMOPHARMA", "DEMOTECH-CALL", "DEMOBOND"
EUROPE, SHIPS = "DEMOEUROPE.DE", "DEMOSHIPS.L"
BTC, ETH, PUPS = "DEMOBTC", "DEMOETH", "DEMOPUPS"
DWELLING, MORTGAGE = _manual_id("Demo house", HOUSE), _manual_id("Demo mortgage", HOUSE)
PARTNERSHIP = _manual_id("Demo Growth Fund LP", FUND)

_SECURITIES = (
    Security(INDEX, "Demo Index ETF", "etf", "USD", D("84.20"), 0.085, 0.017),
    Security(TECH, "Demo Robotics Inc.", "equity", "USD", D("236.40"), 0.20, 0.03),
    Security(PHARMA, "Demo Pharma Inc.", "equity", "USD", D("47.15"), 0.05, 0.022),
    Security(CALL, "Demo Robotics call", "option", "USD", D("9.40"), 0.1, 0.05, multiplier=100),
    Security(BOND, "Demo Bond Fund", "mutual_fund", "USD", D("10.20"), 0.025, 0.004),
    Security(EUROPE, "Demo Europe ETF", "etf", "EUR", D("61.55"), 0.07, 0.016),
    Security(SHIPS, "Demo Shipping plc", "equity", "GBp", D("1840.5"), 0.06, 0.024, places=1),
    Security(BTC, "Demo Bitcoin", "crypto", "USD", D("38250.00"), 0.25, 0.05, "days"),
    Security(ETH, "Demo Ether", "crypto", "USD", D("2410.00"), 0.15, 0.055, "days"),
    Security(PUPS, "Demo Puppy Token", "crypto", "USD", D("0.0000081200"), 0.05, 0.07, "days", 10),
    Security(DWELLING, "Demo house", "real_asset", "USD", D(485000), 0.035, 0.02, "years", -3),
    Security(MORTGAGE, "Demo mortgage", "liability", "USD", D(312000), 0.036, 0.0, "payments"),
    Security(PARTNERSHIP, "Demo Growth Fund LP", "other", "USD", D(100), 0.11, 0.03, "quarters"),
)
SECURITIES = {security.security_id: security for security in _SECURITIES}

DOLLARS, EUROS, MONEY_MARKET = "_CASH:USD", "_CASH:EUR", "SPAXX"
CASH = {DOLLARS: "USD", EUROS: "EUR", MONEY_MARKET: "USD"}

OPENING = (
    (US, MONEY_MARKET, D("9400.00")),
    (US, INDEX, D("310.5")),
    (US, TECH, D(60)),
    (US, PHARMA, D(220)),
    (GERMAN, EUROS, D("2150.00")),
    (GERMAN, EUROPE, D(240)),
    (GERMAN, SHIPS, D(300)),
    (COINS, DOLLARS, D("640.00")),
    (COINS, BTC, D("0.35128804")),
    (COINS, ETH, D("4.2")),
    (COINS, PUPS, D(41250000)),
    (BANK, DOLLARS, D("38200.00")),
    (BANK, EUROS, D("6100.00")),
    (OLD_PLAN, MONEY_MARKET, D("812.37")),
    (OLD_PLAN, INDEX, D("120.25")),
    (OLD_PLAN, BOND, D("1450.125")),
    (HOUSE, DWELLING, D(1)),
    (HOUSE, MORTGAGE, D(-1)),
    (FUND, PARTNERSHIP, D(250)),
)

ORDERS = (
    Order(_every(1), BANK, DOLLARS, D("2900.00")),  # salaries less what is spent
    Order(_every(12, first=8), BANK, DOLLARS, D("-5200.00")),  # holidays
    Order(_every(12, first=7), BANK, EUROS, D("-850.00")),
    Order(_every(6), BANK, EUROS, D("600.00")),
    Order(_every(1), US, MONEY_MARKET, D("2000.00")),
    Order(_every(1), US, INDEX, D("12.5")),
    Order(range(33, 34), US, CALL, D(3)),
    Order(range(44, 45), US, TECH, D(-60)),
    Order(_every(1), GERMAN, EUROS, D("500.00")),
    Order(_every(1), GERMAN, EUROPE, D(6)),
    Order(range(10, 11), GERMAN, SHIPS, D(60)),
    Order(_every(3), COINS, DOLLARS, D("400.00")),
    Order(_every(6), COINS, BTC, D("0.0085")),
    Order(range(24, 25), FUND, PARTNERSHIP, D(100)),
)
MORTGAGE_PAYMENT = D("1890.00")  # a month, interest included, out of the bank's dollars

PAYMENTS = (
    (US, INDEX, _every(3), D("0.34")),
    (US, PHARMA, _every(6), D("0.55")),
    (GERMAN, EUROPE, _every(12, first=5), D("1.15")),
    (BANK, DOLLARS, _every(1), D("0.0009")),
    (US, MONEY_MARKET, _every(1), D("0.0021")),
)
"""Paid for each unit held: dividends in cash, and interest; a part of what ORDERS bring."""
FEES = ((US, MONEY_MARKET, _every(12, first=6), D("24.00")),)
SALE_FEE = D("4.95")

UNLISTED = {CALL}
"""Securities that trade and have no public price."""

OWNERS = {
    US: "Ada",
    GERMAN: "Ben",
    COINS: "Ben",
    BANK: "Ada 50%, Ben 50%",
    OLD_PLAN: "Ada",
    HOUSE: "Ada 50%, Ben 50%",
    FUND: "Ada 70%, Ben 30%",
}
JOINT, JOINT_MONTH = GERMAN, 30  # from then on half of it is Ada's

TAX_BUCKETS = {
    US: "taxable",
    GERMAN: "taxable",
    COINS: "taxable",
    BANK: "cash",
    OLD_PLAN: "deferred",
    HOUSE: "property",
    FUND: "taxable",
}
TAX_RATES = {"taxable": D("0.20"), "deferred": D("0.25")}
ILLIQUID, LIVED_IN = FUND, HOUSE  # what one lives in is no part of the allocation

CLASSES = {
    INDEX: "Stocks",
    CALL: "Stocks",
    BOND: "Bonds",
    EUROPE: "Stocks",
    PARTNERSHIP: "Private equity",
}
LOOK_THROUGH = {EUROPE: {"Stocks": D("0.92"), "Real assets": D("0.05"), "Cash": D("0.03")}}
LOOK_THROUGH_MONTH = 20  # when the family read what the fund consists of
TARGETS = {
    "Stocks": (D("0.55"), "#4c78a8"),
    "Bonds": (D("0.10"), "#72b7b2"),
    "Cash": (D("0.15"), "#bab0ac"),
    "Crypto": (D("0.10"), "#f58518"),
    "Private equity": (D("0.10"), "#b279a2"),
}

PAID_WITH = {
    US: (US, MONEY_MARKET),
    GERMAN: (GERMAN, EUROS),
    COINS: (COINS, DOLLARS),
    BANK: (BANK, DOLLARS),
    OLD_PLAN: (US, MONEY_MARKET),
    FUND: (BANK, DOLLARS),
}
"""Whose cash pays for what an account buys, and is paid for what it sells."""

ENTRIES = {HOUSE: _every(1), FUND: range(24, 25)}
"""Months in which a manual account is written down anew."""

MARKS = {PARTNERSHIP: _every(3, first=3)}
"""Months in which the family marks a price itself."""

SPLIT, SPLIT_RATIO, SPLIT_MONTH = TECH, D(4), 30  # eight days after the orders
LIQUIDATED, LIQUIDATED_MONTH = OLD_PLAN, 36  # all is sold with the orders
WILD, WILD_MONTH = SHIPS, 40  # nine days after the orders: pounds sent as if they were pence
MISSED_MONTH = 47  # no provider is asked
DEAD_FEED, DEAD_FEED_MONTH = PHARMA, 54  # no closes from the day of the orders on
