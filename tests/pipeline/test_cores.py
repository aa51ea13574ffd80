"""The default of --workers: the cores that affinity and the quotas of cgroups leave, never fewer than one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline import cores


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of eight cores whose cgroups lie in a folder of the test's."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    monkeypatch.setattr(cores, "PROC_CGROUP", tmp_path / "cgroup")
    monkeypatch.setattr(cores, "CGROUP_ROOT", tmp_path / "fs")
    (tmp_path / "fs").mkdir()
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_without_a_quota_it_is_the_cores_of_the_affinity(machine: Path) -> None:
    assert cores.cores_at_hand() == 8
    write(machine / "cgroup", "0::/user/session\n")
    write(machine / "fs" / "user" / "session" / "cpu.max", "max 100000\n")
    assert cores.cores_at_hand() == 8


@pytest.mark.parametrize(
    ("quota", "count"), [("50000 100000", 1), ("150000 100000", 2), ("9900000 100000", 8)]
)
def test_a_quota_of_this_cgroup_or_of_one_around_it_counts(machine: Path, quota: str, count: int) -> None:
    write(machine / "cgroup", "0::/user/session\n")
    write(machine / "fs" / "user" / "session" / "cpu.max", "max 100000\n")
    write(machine / "fs" / "user" / "cpu.max", quota)
    assert cores.cores_at_hand() == count


def test_a_container_sees_its_own_quota_at_the_root(machine: Path) -> None:
    write(machine / "cgroup", "0::/docker/4f2a\n")
    write(machine / "fs" / "cpu.max", "300000 100000\n")
    assert cores.cores_at_hand() == 3


def test_the_first_version_of_cgroups_is_read_too(machine: Path) -> None:
    write(machine / "cgroup", "7:memory:/a\n4:cpu,cpuacct:/a\n")
    write(machine / "fs" / "cpu" / "a" / "cpu.cfs_quota_us", "200000\n")
    write(machine / "fs" / "cpu" / "a" / "cpu.cfs_period_us", "100000\n")
    write(machine / "fs" / "cpu" / "cpu.cfs_quota_us", "-1\n")
    write(machine / "fs" / "cpu" / "cpu.cfs_period_us", "100000\n")
    assert cores.cores_at_hand() == 2
