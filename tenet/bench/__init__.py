"""Time and memory of tenet, as ratios to what the same work must cost at least.

`households` invents the input, `measure` runs a process, `floors` is what tenet is compared with,
`suite` lets them all take turns, `report` turns the runs into ratios, a table and JSON.
"""
