"""What a screen asks of a published build, in one process, as a workspace answers it.

Each answer opens the file anew, as every screen does. `python -m tenet.bench.queries HOME`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter

from tenet.bench.households import LAST_DAY
from tenet.errors import TenetError

TIMES = 20
QUESTIONS = {
    "net-worth series": (
        "select valuation_date, net_worth, assets, liabilities from net_worth_daily order by all"
    ),
    "one day's holdings": (
        "select account_id, security_id, quantity, close_price, market_value_base "
        f"from daily_holding_values where valuation_date = '{LAST_DAY.replace(month=6, day=30)}' "
        "order by market_value_base desc"
    ),
    "one account's history": (
        "select valuation_date, market_value_base from account_values_daily "
        "where account_id = 'bench:01' order by valuation_date"
    ),
    "one holding's history": (
        "select valuation_date, quantity, market_value_base from daily_holding_values "
        "where account_id = 'bench:01' and security_id = '_CASH:USD' order by valuation_date"
    ),
}


def measured(home: Path, times: int = TIMES) -> dict[str, list[float]]:
    """Seconds of each question, `times` of them, after one that does not count."""
    import tenet

    workspace = tenet.open(home, refresh_local=False)
    seconds: dict[str, list[float]] = {name: [] for name in QUESTIONS}
    for turn in range(times + 1):
        for name, query in QUESTIONS.items():
            started = perf_counter()
            found = workspace.sql(query)
            taken = perf_counter() - started
            if found.is_empty():
                raise TenetError(f"{name}: the household has no rows for it")
            if turn:
                seconds[name].append(taken)
    return seconds


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measured(Path(sys.argv[1]))))
