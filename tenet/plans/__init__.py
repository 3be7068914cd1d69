"""Scenarios that are kept: stored, edited, simulated, saved and held against what came true.

    documents    the text of a scenario: files, pointers into it, its hash
    store        scenarios with their life events and goals; every edit is kept
    balances     what the accounts of a scenario hold, from the published build
    template     a first scenario from the household's own accounts
    grids        a parent and axes, expanded read-only
    runs         what a scenario said on a day, kept for good
    progress     what came true, laid over a saved run
    shown        all of that as a notebook draws it

The arithmetic is that of tenet.planning. Whoever writes holds the home's lock (tenet.home.writing).
"""
