"""A function in a process of its own: its result, its error, its end and its limit."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.apart import NoResult, apart

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("function", "argument", "seconds", "found"),
    [
        (math.sqrt, 4.0, 60.0, 2.0),
        (math.sqrt, -4.0, 60.0, NoResult("ValueError: math domain error")),
        (signal.raise_signal, signal.SIGKILL, 60.0, NoResult("ended by SIGKILL")),
        (time.sleep, 60.0, 1.0, NoResult("given up after 1 s")),
    ],
)
def test_it_gives_what_became_of_it(
    function: Callable[..., Any], argument: Any, seconds: float, found: Any
) -> None:
    assert apart(function, (argument,), seconds) == found
