"""Random numbers that never depend on how many are asked for: blocks of 1,000 paths, by year.

A block has a stream of its own, SeedSequence(seed, spawn_key=(purpose, block)), and is drawn year
by year. So more paths, a longer horizon or more threads change nothing that was there before.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

BLOCK = 1_000
"""Paths in a block; even, so that normals come in pairs."""
RETURNS, TAILS, BLOCKS, DEATHS = range(4)
"""Purposes, each with streams of its own: one kind of draw never shifts another."""


def stream(seed: int, purpose: int, block: int) -> np.random.Generator:
    """The stream of one block of paths for one purpose."""
    sequence = np.random.SeedSequence(seed, spawn_key=(purpose, block))
    return np.random.Generator(np.random.SFC64(sequence))


class Normals:
    """Independent standard normals in float32, by Box and Muller, of 24 bits (5.77 at most).

    Two uniforms make two normals with operations that NumPy runs on several numbers at once; it is
    several times as fast as its own normals. The bits are the generator's own, so no other version
    of NumPy's distributions changes a path. The array of each call is the next call's as well.
    """

    def __init__(self, rows: int) -> None:
        self._half = rows * BLOCK // 2
        self._rows = rows
        self._uniform = np.empty((2, self._half), np.float32)
        self._normal = np.empty((2, self._half), np.float32)
        self._radius = np.empty(self._half, np.float32)

    def next(self, generator: np.random.Generator) -> npt.NDArray[np.float32]:
        """The next (rows, 1000) normals of a stream."""
        uniform, normal, radius = self._uniform, self._normal, self._radius
        bits = generator.bit_generator.random_raw(self._half).view(np.uint32)
        np.right_shift(bits, 8, out=bits)
        uniform.reshape(-1)[:] = bits.view(np.int32)
        uniform *= np.float32(2**-24)
        np.subtract(np.float32(1), uniform[0], out=radius)
        np.log(radius, out=radius)
        np.multiply(radius, np.float32(-2), out=radius)
        np.sqrt(radius, out=radius)
        angle = uniform[1]
        np.multiply(angle, np.float32(2 * np.pi), out=angle)
        np.cos(angle, out=normal[0])
        np.sin(angle, out=normal[1])
        normal *= radius
        return normal.reshape(self._rows, BLOCK)


def each_block(paths: int, threads: int, work: Callable[[int, slice], None]) -> None:
    """Call work(block, columns) for every block of the paths; in any order, on so many threads."""
    blocks = [
        (number, slice(first, min(first + BLOCK, paths)))
        for number, first in enumerate(range(0, paths, BLOCK))
    ]
    if threads <= 1 or len(blocks) == 1:
        for number, columns in blocks:
            work(number, columns)
        return
    with ThreadPoolExecutor(threads) as pool:
        for future in [pool.submit(work, *one) for one in blocks]:
            future.result()
