"""The environment in, one in which OpenMP's threads sleep while they wait for each other out.

By default they spin, which on a machine that others use too burns the cores that they wait for: on two busy cores the
small model's training made 1,800 tokens a second, and 5,000 to 6,300 with sleeping threads, of the same bytes.
"""

from __future__ import annotations

import os

SLEEPING = {"OMP_WAIT_POLICY": "passive", "KMP_BLOCKTIME": "0"}
"""For GNU's OpenMP (torch's wheels) and for Intel's; read when the library is loaded."""


def let_threads_sleep() -> None:
    """Set it for this process and those that it starts, unless the user has said otherwise; before torch is imported."""
    for name, value in SLEEPING.items():
        os.environ.setdefault(name, value)
