"""A slice of `make chaos`: each of a run's processes is killed, and the run ends with the same bytes all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos import TARGETS, run_chaos


@pytest.mark.slow
def test_a_run_whose_processes_are_killed_ends_with_the_same_bytes(tmp_path: Path) -> None:
    result = run_chaos(tmp_path, kills=len(TARGETS), seed=1, small=True)
    assert dict(result.kills) == dict.fromkeys(TARGETS, 1)
    assert result.faults == []
    assert result.files >= 14
