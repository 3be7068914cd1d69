"""Charts: a frame in, an Altair chart out. Pure: no database, no disk, no network.

Decimals become floats here and nowhere else. Every function says which columns its frame has, in
which units and at which grain, and raises SchemaMismatch or TooManyPoints when it has not. An
unknown amount is a gap, never zero; where amounts are added up, the unknown are counted under the
title. `incognito` puts 100 for the largest amount and every other one in proportion, in the chart
and in the data that travel with it.
"""

from __future__ import annotations

from tenet.charts.bars import allocation_drift, income_by_month, money_at_stake, price_ages
from tenet.charts.days import days_by_status, restatements_over_time
from tenet.charts.drawn import POINTS, resolution
from tenet.charts.intentions import failures_over_time, time_line, tornado
from tenet.charts.outlook import fan_over_time
from tenet.charts.over_time import net_worth_over_time, value_over_time
from tenet.charts.spread import distribution, parameter_grid
from tenet.charts.stacked import amounts_over_time, coverage_over_time
from tenet.charts.waterfall import bridge

__all__ = [
    "POINTS",
    "allocation_drift",
    "amounts_over_time",
    "bridge",
    "coverage_over_time",
    "days_by_status",
    "distribution",
    "failures_over_time",
    "fan_over_time",
    "income_by_month",
    "money_at_stake",
    "net_worth_over_time",
    "parameter_grid",
    "price_ages",
    "resolution",
    "restatements_over_time",
    "time_line",
    "tornado",
    "value_over_time",
]
