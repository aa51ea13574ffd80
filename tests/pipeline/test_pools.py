"""Pools: a run without `--address` has a Ray of its own, whatever clusters there are; with one it works there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline import pools
from pipeline.inspect.verify import verify
from pipeline.pools import SECONDS_BETWEEN_LOOKS, RayPool, TaskResources, open_pool
from stages.core.errors import UserError
from tests.demo import ROOT, TIMEOUT_SECONDS
from tests.namespaces import why_no_network
from tests.ray_cluster import cluster, run_there
from tests.small_run import bytes_of, make_small_run


class GrowingRay:
    """A Ray cluster of which every look sees eight cores more."""

    def __init__(self) -> None:
        self.looks = 0

    def cluster_resources(self) -> dict[str, float]:
        self.looks += 1
        return {"CPU": 8.0 * self.looks}


def test_machines_that_join_are_counted_and_not_at_every_look(monkeypatch: pytest.MonkeyPatch) -> None:
    pool, there, now = RayPool.__new__(RayPool), GrowingRay(), [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    pool._ray, pool._size, pool._counted = there, 1, float("-inf")
    assert [pool.size, pool.size] == [8, 8]
    now[0] += SECONDS_BETWEEN_LOOKS
    assert [pool.size, pool.size] == [16, 16]
    assert there.looks == 2


def small(folder: Path, run: str, *options: str) -> list[str]:
    command = [sys.executable, "-m", "pipeline.cli", "run", str(folder / "small.yaml"), "--quiet"]
    return [*command, "--run", str(folder / run), *options]


@pytest.mark.slow
def test_a_run_leaves_other_clusters_alone_and_one_on_a_cluster_outlives_a_node(tmp_path: Path) -> None:
    make_small_run(tmp_path)
    with cluster(tmp_path / "logs", 2) as there:
        alone = os.environ | {"RAY_ADDRESS": there.address}
        done = subprocess.run(
            small(tmp_path, "beside", "--workers", "2"),
            cwd=ROOT,
            env=alone,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        run_there(small(tmp_path, "there"), there, there.lose_last, tmp_path / "there")
    for run in ("beside", "there"):
        assert bytes_of(tmp_path / run) == bytes_of(tmp_path / "run")
        assert verify(str(tmp_path / run)).faults == ()


@pytest.mark.slow
def test_nodes_with_a_network_each_give_the_same_bytes_also_when_one_is_lost(tmp_path: Path) -> None:
    if (reason := why_no_network()) is not None:
        pytest.skip(f"no network namespaces here: {reason}")
    make_small_run(tmp_path)
    with cluster(tmp_path / "logs", 3, apart=True) as there:
        run_there(small(tmp_path, "apart"), there)
        run_there(small(tmp_path, "lost"), there, there.lose_last, tmp_path / "lost")
    for run in ("apart", "lost"):
        assert bytes_of(tmp_path / run) == bytes_of(tmp_path / "run")
        assert verify(str(tmp_path / run)).faults == ()


@pytest.mark.parametrize(
    ("workers", "address", "message"),
    [
        (0, None, "--dashboard: there is no Ray with --workers 0"),
        (None, "auto", "--dashboard: a cluster has its own"),
        (1, None, r"--dashboard: needs .* pip install 'ray\[default\]'"),
    ],
)
def test_a_dashboard_that_cannot_be_is_a_mistake(
    workers: int | None, address: str | None, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=message):
        open_pool(workers, address, TaskResources(), dashboard=True)
