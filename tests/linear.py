"""Work and inputs of two sizes in, an error out where its CPU time grows with more than the size: for tests.

No time is held against a limit. A loaded machine hardly changes the CPU time of a process, and a slow one changes that
of both sizes alike, so that only an implementation can change their ratio: 8 where it is linear, 64 where it is quadratic.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable
from typing import TypeVar

Input = TypeVar("Input")

GROWTH = 8
MAX_RATIO = 4 * GROWTH
_TRIES = 3
_MIN_SECONDS = 0.02


def assert_linear(work: Callable[[Input], object], of_size: Callable[[int], Input], size: int) -> None:
    """Fail where `work` on `of_size(8 * size)` takes more than 32 times the CPU time of `of_size(size)`.

    Choose a size at which the part that might be quadratic is no longer lost beside the rest: a thousand steps of
    Python, a hundred thousand bytes of a kernel.
    """
    small, large = of_size(size), of_size(GROWTH * size)
    work(small)  # kernels compile, tables are built
    small_seconds = large_seconds = math.inf
    for _ in range(_TRIES):
        small_seconds = min(small_seconds, cpu_seconds(work, small))
        large_seconds = min(large_seconds, cpu_seconds(work, large))
        if large_seconds <= MAX_RATIO * small_seconds:
            return
    ratio = large_seconds / small_seconds
    raise AssertionError(
        f"{GROWTH} times the size took {ratio:.0f} times the CPU time ({small_seconds:.4f} s)"
    )


def cpu_seconds(work: Callable[[Input], object], given: Input) -> float:
    """CPU seconds of one run of `work`: the mean of as many as a coarse clock needs, and no garbage collected."""
    collects = gc.isenabled()
    gc.disable()
    try:
        start, runs = time.process_time(), 0
        while (spent := time.process_time() - start) < _MIN_SECONDS:
            work(given)
            runs += 1
    finally:
        if collects:
            gc.enable()
    return spent / runs
