"""Planned draws per source in, an even order of them out: Tijdeman's chairman assignment (1980), in integers.

After any k slots of N, every source has been drawn within one of its exact share n_s * k / N. Tijdeman's
theorem gives each draw a window of slots, [release, deadline]; taking the released draw with the earliest
deadline meets them all. Windows are kept as quotient and remainder and moved on by addition, so nothing
overflows or rounds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from stages.core.arrays import Int64Array
from stages.kernels.compiled import kernel

CHECKPOINT_SLOTS = 1 << 20
"""Slots between the counts that are remembered: what a random access walks through at most."""

MAX_SCALED_TOTAL = 1 << 62


class ChairmanSequence:
    """The order in which `draws[s]` draws of every source s fill sum(draws) slots, with random access.

    Checkpoints are made when a slot behind them is first asked for; they hold one count per source.
    """

    def __init__(self, draws: Sequence[int]) -> None:
        if any(number < 0 for number in draws):
            raise ValueError("draws must not be negative")
        self._draws = [int(number) for number in draws]
        self.total = sum(self._draws)
        self._active = [s for s, number in enumerate(self._draws) if number > 0]
        if 2 * len(self._active) * self.total >= MAX_SCALED_TOTAL:
            raise ValueError(f"{self.total} draws of {len(self._active)} sources pass 64-bit arithmetic")
        self._checkpoints: list[Int64Array] = [np.zeros(len(self._active), np.int64)]

    def slots(self, start: int, stop: int) -> tuple[Int64Array, Int64Array]:
        """For slots start..stop: the source's number, and which draw of that source it is (from 0)."""
        if not 0 <= start <= stop <= self.total:
            raise IndexError(f"slots {start} to {stop} of {self.total}")
        sources, draws = np.empty(stop - start, np.int64), np.empty(stop - start, np.int64)
        if start == stop:
            return sources, draws
        counts = self._counts_at(start)
        self._walk(counts, start, stop, sources, draws)
        return np.asarray(self._active, np.int64)[sources], draws

    def counts_before(self, slot: int) -> Int64Array:
        """How often each source was drawn in the slots before `slot`."""
        if not 0 <= slot <= self.total:
            raise IndexError(f"slot {slot} of {self.total}")
        counts = np.zeros(len(self._draws), np.int64)
        counts[self._active] = self._counts_at(slot)
        return counts

    def _counts_at(self, slot: int) -> Int64Array:
        nothing = np.empty(0, np.int64)
        index = slot // CHECKPOINT_SLOTS
        while len(self._checkpoints) <= index:
            counts = self._checkpoints[-1].copy()
            start = (len(self._checkpoints) - 1) * CHECKPOINT_SLOTS
            self._walk(counts, start, start + CHECKPOINT_SLOTS, nothing, nothing)
            self._checkpoints.append(counts)
        counts = self._checkpoints[index].copy()
        self._walk(counts, index * CHECKPOINT_SLOTS, slot, nothing, nothing)
        return counts

    def _walk(
        self, counts: Int64Array, start: int, stop: int, sources: Int64Array, draws: Int64Array
    ) -> None:
        """Move `counts` from slot `start` to `stop`; fill `sources` and `draws` unless they are empty."""
        if start == stop or not self._active:
            return
        _assign(start, stop, counts, self._windows(counts), sources, draws)

    def _windows(self, counts: Int64Array) -> Int64Array:
        """Release and deadline of each source's next draw, remainders, and by how much a draw moves them.

        Draw x of source s may fill slot k (from 1) once n*k - N*x >= N/c, and at the latest one slot after
        n*k - N*x passes N*(c-1)/c, with c = 2*sources - 2. Python's integers, so any size is exact.
        """
        scale, total = max(2 * len(self._active) - 2, 1), self.total
        rows = []
        for source, count in zip(self._active, counts.tolist(), strict=True):
            divisor = scale * self._draws[source]
            base = scale * total * count
            first = total if len(self._active) > 1 else scale
            release = divmod(base + first + divisor - 1, divisor)
            deadline = divmod(base + total * (scale - 1), divisor)
            step = divmod(scale * total, divisor)
            rows.append((*release, deadline[0] + 1, deadline[1], *step, divisor))
        return np.array(rows, np.int64).T.copy()


class PhasedSequence:
    """Orders of draws one after another, as one: a source's draws are counted on from phase to phase."""

    def __init__(self, phases: Sequence[Sequence[int]]) -> None:
        self._orders = [ChairmanSequence(draws) for draws in phases]
        self._starts = [0, *accumulate(order.total for order in self._orders)]
        self._drawn = np.cumsum(np.array([[0] * len(phases[0]), *phases], np.int64), axis=0)
        self.total = self._starts[-1]

    def slots(self, start: int, stop: int) -> tuple[Int64Array, Int64Array]:
        """As of one order: for slots start..stop the source's number, and which draw of that source it is."""
        if not 0 <= start <= stop <= self.total:
            raise IndexError(f"slots {start} to {stop} of {self.total}")
        parts = []
        for number, order in enumerate(self._orders):
            first, last = (min(max(s - self._starts[number], 0), order.total) for s in (start, stop))
            if first < last or number == 0:
                sources, draws = order.slots(first, last)
                parts.append((sources, draws + self._drawn[number][sources]))
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

    def counts_before(self, slot: int) -> Int64Array:
        """How often each source was drawn in the slots before `slot`."""
        if not 0 <= slot <= self.total:
            raise IndexError(f"slot {slot} of {self.total}")
        number = min(bisect_right(self._starts, slot) - 1, len(self._orders) - 1)
        counts: Int64Array = self._drawn[number] + self._orders[number].counts_before(
            slot - self._starts[number]
        )
        return counts


@kernel
def _assign(start, stop, counts, windows, sources, draws):  # type: ignore[no-untyped-def]
    release, release_rest, deadline, deadline_rest, step, step_rest, divisor = windows
    fill = len(sources) > 0
    for slot in range(start, stop):
        best = -1
        best_deadline = np.int64(9223372036854775807)
        for s in range(len(counts)):
            if release[s] <= slot + 1 and deadline[s] < best_deadline:
                best_deadline = deadline[s]
                best = s
        if fill:
            sources[slot - start] = best
            draws[slot - start] = counts[best]
        counts[best] += 1
        release[best] += step[best]
        release_rest[best] += step_rest[best]
        if release_rest[best] >= divisor[best]:
            release_rest[best] -= divisor[best]
            release[best] += 1
        deadline[best] += step[best]
        deadline_rest[best] += step_rest[best]
        if deadline_rest[best] >= divisor[best]:
            deadline_rest[best] -= divisor[best]
            deadline[best] += 1
