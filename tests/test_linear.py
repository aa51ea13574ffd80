"""The test of linear time lets linear work pass, in spite of a hiccup, and stops quadratic work."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.linear import assert_linear


def linear(count: int) -> int:
    return sum(1 for _ in range(count))


def sorting(count: int) -> list[int]:
    return sorted(range(count, 0, -1), key=lambda number: number * 7 % count)


def quadratic(count: int) -> int:
    return sum(1 for _ in range(count) for _ in range(count))


@pytest.mark.parametrize("work", [linear, sorting])
def test_work_that_is_linear_or_hardly_more_passes(work: Callable[[int], object]) -> None:
    assert_linear(work, int, 1_000)


def test_quadratic_work_fails() -> None:
    with pytest.raises(AssertionError, match="8 times the size took .* times the CPU time"):
        assert_linear(quadratic, int, 100)


class Clock:
    """A clock that only work moves, so that a test knows the ratio."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 0.0
        monkeypatch.setattr(time, "process_time", lambda: self.seconds)

    def spend(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.mark.parametrize("seconds", [1e-3, 1.0])
def test_32_times_the_time_is_the_most(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    clock = Clock(monkeypatch)
    assert_linear(clock.spend, lambda size: seconds if size == 1 else 31.9 * seconds, 1)
    with pytest.raises(AssertionError, match="took 33 times"):
        assert_linear(clock.spend, lambda size: seconds if size == 1 else 33 * seconds, 1)


def test_a_hiccup_in_one_try_is_forgiven(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    hiccups = iter([0.0, 0.0, 99.0])

    def work(seconds: float) -> None:
        clock.spend(seconds + next(hiccups, 0.0))

    assert_linear(work, float, 1)
