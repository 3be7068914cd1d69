"""The raw datasets: what may be landed, and what each column may hold.

The table below is the whole contract (docs/glossary.md explains the words). In it, `*` marks a
key column, `!` one that must have a value, and the word after the name is one of KINDS.
`session_id` may be left out everywhere: such a row belongs to the session `import`.
"""

from __future__ import annotations

from dataclasses import dataclass

NO_SESSION = "import"


@dataclass(frozen=True)
class Kind:
    """What a column holds: the type it is stored as, and a test in SQL with `{}` for the value."""

    type: str
    test: str = ""
    wanted: str = ""


@dataclass(frozen=True)
class Column:
    """One column; a key column is always required."""

    name: str
    kind: Kind
    is_required: bool


@dataclass(frozen=True)
class Dataset:
    """One raw table. `references` says which of its columns name rows of another dataset."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    references: tuple[tuple[str, str], ...]


def _one_of(*words: str) -> Kind:
    listed = ", ".join(f"'{word}'" for word in words)
    return Kind("VARCHAR", f"{{}} in ({listed})", f"one of {', '.join(words)}")


NUMBER = "DECIMAL(28, 10)"
# The shares of `Ann 50%, Ben 50%`.
_SHARES = (
    "list_transform(regexp_extract_all({0}, '[^,%]\\s+([0-9]+(?:\\.[0-9]+)?)\\s*%', 1), "
    "lambda share: try_cast(share as decimal(13, 10)))"
)
KINDS = {
    "text": Kind("VARCHAR", wanted="text"),
    "json": Kind("VARCHAR", wanted="JSON text"),
    "object": Kind(
        "VARCHAR", "{0} is null or coalesce(try(json_type({0})), '') = 'OBJECT'", "a JSON object"
    ),
    "security": Kind("VARCHAR", "trim({}) <> ''", "a symbol or a synthetic id"),
    "currency": Kind(
        "VARCHAR",
        "list_contains(getvariable('currencies'), {})",
        "an ISO 4217 code, or a minor unit such as GBp",
    ),
    "number": Kind(NUMBER, wanted="a number"),
    "positive": Kind(NUMBER, "{} > 0", "a number above zero"),
    "count": Kind("BIGINT", wanted="a whole number"),
    "day": Kind("DATE", wanted="a date such as 2026-11-21"),
    "time": Kind("TIMESTAMPTZ", wanted="a time with its offset, such as 2026-11-21T07:56:12Z"),
    "flag": Kind("BOOLEAN", wanted="true or false"),
    "snapshot_status": _one_of("success", "failed", "quarantined"),
    "provider_status": _one_of("success", "partial", "failed"),
    "account_status": _one_of("success", "stale", "skipped", "error", "failed", "quarantined"),
    "request_status": _one_of("ok", "empty", "unknown", "failed"),
    "basis": _one_of("split_adjusted", "as_traded"),
    "asset_type": _one_of(
        *("cash", "equity", "etf", "mutual_fund", "money_market", "bond", "option", "crypto"),
        *("future", "real_asset", "liability", "other", "unknown"),
    ),
    "tax_bucket": _one_of("cash", "taxable", "deferred", "free", "property", "debt"),
    "liquidity": _one_of("liquid", "restricted", "illiquid"),
    "scenario_kind": _one_of("user", "cartesian"),
    "lot_method": _one_of("fifo", "hifo"),
    "fraction": Kind(NUMBER, "{} between 0 and 1", "a fraction from 0 to 1"),
    "owners": Kind(
        "VARCHAR",
        f"not contains({{0}}, '%') or list_sum({_SHARES}) = 100 "
        f"and list_count({_SHARES}) = len(string_split({{0}}, ','))",
        "a name, or names with shares that add up to 100%, such as Ann 50%, Ben 50%",
    ),
    "activity_type": _one_of(
        *("buy", "sell", "dividend", "reinvest", "stock_dividend", "interest", "fee", "tax"),
        *("split", "contribution", "deposit", "withdrawal", "distribution", "transfer_in"),
        *("transfer_out", "adjustment", "cancel", "other"),
    ),
}

_TABLE = """
sync_sessions   session_id* text, started_at! time, finished_at time, is_complete flag,
                error_message text
sync_log        session_id* text, provider* text, status! provider_status, errors json,
                accounts_synced count, accounts_stale count, accounts_error count, seconds number
accounts        account_id* text, session_id* text, provider text, external_id text, name text,
                institution text, account_type text, currency currency
account_syncs   session_id* text, account_id* text, status! account_status, error text,
                balance_date time
snapshots       snapshot_id* text, account_id! text, session_id! text, observed_at! time,
                balance_date time, total_value number, currency currency, status! snapshot_status
holdings        snapshot_id* text, security_id* security, account_id! text, symbol text, name text,
                quantity! number, snapshot_price number, snapshot_value number, currency! currency,
                multiplier number, cost_basis number, asset_type asset_type, raw json
activities      account_id* text, external_id* text, activity_at time, activity_date! day,
                settlement_date day, type! activity_type, symbol text, security_id security,
                quantity number, price number, amount number, fee number, currency currency,
                description text, raw json
closes          security_id* security, price_date* day, source* text, close! number,
                currency! currency, basis! basis, observed_at! time
splits          security_id* security, split_date* day, ratio! positive, source text,
                observed_at! time
dividends       security_id* security, ex_date* day, amount! number, currency! currency,
                source text, observed_at! time
fx_rates        currency* currency, quote_currency* currency, rate_date* day, source* text,
                rate! positive, observed_at! time
account_edits   account_id* text, edited_at* time, name text, institution text, active flag,
                deactivated_at time, superseded_by text, include_in_allocation flag, owner owners,
                portfolio text, tax_bucket tax_bucket, liquidity liquidity, asset_class text,
                lot_method lot_method
security_edits  security_id* security, edited_at* time, price_symbol text, price_source text,
                name text, asset_class text
asset_classes   asset_class* text, edited_at* time, colour text, target_weight fraction
fund_weights    security_id* security, asset_class* text, edited_at* time, weight! fraction
lot_choices     account_id* text, external_id* text, lot_id* text, edited_at* time, quantity number
tax_rates       tax_bucket* tax_bucket, edited_at* time, rate! fraction
price_marks     security_id* security, price_date* day, edited_at* time, price number,
                currency currency
scenarios       scenario_id* text, edited_at* time, name! text, kind! scenario_kind,
                parent_id text, axes object, document object, is_deleted! flag
life_events     scenario_id* text, name* text, edited_at* time, place! count, document! object,
                is_deleted! flag
goals           scenario_id* text, name* text, edited_at* time, place! count, document! object,
                is_deleted! flag
plan_runs       run_id* text, edited_at* time, scenario_id! text, scenario_name! text,
                version! text, inputs! object, input_hash! text, returns_hash text, seed! count,
                paths! count, engine_version! text, numpy_version! text, base_date! day,
                revision text, through_date day, left_out json, currency! currency,
                basis_year! count, success! fraction, success_low! fraction,
                success_high! fraction, goals json, fan! object, expected! object
market_requests source* text, symbol* text, requested_at* time, security_id security,
                first_date! day, last_date! day, status! request_status, message text
restatements    revision* text, valuation_date* day, account_id* text, security_id* security,
                old_value number, new_value number, cause! text
"""

_REFERENCES = {
    "snapshots": (("account_id", "accounts"),),
    "holdings": (("snapshot_id", "snapshots"), ("account_id", "accounts")),
    "activities": (("account_id", "accounts"),),
    "account_edits": (("account_id", "accounts"),),
    "lot_choices": (("account_id", "accounts"),),
}


def _datasets() -> dict[str, Dataset]:
    found = {}
    for block in _TABLE.strip().replace("\n    ", " ").splitlines():
        name, _, text = block.partition(" ")
        words = [part.split() for part in text.split(",")]
        found[name] = Dataset(
            name=name,
            key=tuple(word[:-1] for word, _ in words if word.endswith("*")),
            columns=tuple(
                Column(word.rstrip("*!"), KINDS[kind], word[-1] in "*!") for word, kind in words
            ),
            references=_REFERENCES.get(name, ()),
        )
    return found


DATASETS = _datasets()
"""Every raw dataset by name."""
