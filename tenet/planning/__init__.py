"""Where is that heading: scenarios, projections and simulations of a household's future.

Pure: numbers, pydantic models and Polars frames in, frames and arrays out. In reading order:

    scenario     what a household intends (when, household, flows, markets, withdrawals; checks)
    compiling    from it to a plan: plain arrays, one entry a step (plan, flowing, buckets)
    rules        withdrawal rules, one decision for many paths at once (retired: along a walk)
    draws        what markets do: one growth factor for each step and path (lognormal, history)
    walk         paths of wealth from a plan and its draws (buckets_walk: the same with taxes)
    simulation   success, fans, goals, depletion; projection is the one without chance
    solving      comparison, sensitivity, grid, paths: choices on the same futures
    formulas     closed forms (moments, lifetimes); backtest and ruin: rules on given returns

How it counts: docs/planning.md.
Money is float64 in the currency of the scenario: a forecast, not a ledger. `_real` is money of the
basis year, `_nominal` money of the day. Rates are fractions per year, effective.
"""
