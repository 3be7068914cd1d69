"""When the last person of a household dies, path by path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tenet.planning.normals import BLOCK, DEATHS, each_block, stream

if TYPE_CHECKING:
    import numpy.typing as npt

    from tenet.planning.plan import Plan


def death_steps(plan: Plan, paths: int) -> npt.NDArray[np.int64]:
    """(N,): the first step that nobody lives to see; T where somebody lives to the end.

    Lives are independent of each other and of markets, by streams of their own.
    """
    last = np.full(paths, 0 if plan.lives else plan.steps)
    if not plan.lives:
        return last

    def work(block: int, columns: slice) -> None:
        uniform = stream(plan.seed, DEATHS, block).random((len(plan.lives), BLOCK))
        for life, drawn in zip(plan.lives, uniform[:, : columns.stop - columns.start], strict=True):
            years = np.full(len(drawn), life.end_age - life.age)
            if life.dispersion > 0:
                hazard = np.exp((life.age - life.mode) / life.dispersion)
                lived = life.dispersion * np.log1p(-np.log1p(-drawn) / hazard)
                years = np.minimum(lived, years)
            steps = np.ceil(years * plan.steps_per_year).astype(np.int64)
            np.maximum(last[columns], steps, out=last[columns])

    each_block(paths, 1, work)
    return np.asarray(np.minimum(last, plan.steps))
