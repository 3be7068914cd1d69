"""A refresh and a backfill: prices, holdings and a build, each as good as it can be.

run       the story of a refresh; backfill, that of a range of days
steps     one step: its time, and what it raised, told and kept from stopping the next
held      what is held, by which days and accounts
history   net worth by day of a published build, and how two builds differ
note      refresh.json: what the last refresh found
report    how it went
"""
