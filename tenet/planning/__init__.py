"""Where is that heading: scenarios, projections and simulations of a household's future.

Pure: numbers, pydantic models and Polars frames in, frames and arrays out. In reading order:

    scenario     what a household intends (with when, household, flows, markets, withdrawals)
    plan         the scenario as plain arrays, one entry a step
    rules        withdrawal rules, one decision for many paths at once
    draws        what markets do: one growth factor for each step and path
    walk         paths of wealth from a plan and its draws (buckets: the same with taxes)
    simulation   success, fans, goals; projection, paths, solving, comparison, sensitivity, grid
    formulas     closed forms (with lognormal, ruin, backtest)

Money is float64 in the currency of the scenario: a forecast, not a ledger. `_real` is money of the
basis year, `_nominal` money of the day. Rates are fractions per year, effective.
"""
