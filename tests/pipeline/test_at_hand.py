"""What a process has: the cores that affinity and the quotas of cgroups leave, never fewer than one; memory likewise."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline import at_hand


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of eight cores and 16 GB whose cgroups lie in a folder of the test's."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    pages = {"SC_PAGE_SIZE": 1000, "SC_PHYS_PAGES": 16_000_000}
    monkeypatch.setattr(os, "sysconf", pages.__getitem__)
    monkeypatch.setattr(at_hand, "PROC_CGROUP", tmp_path / "cgroup")
    monkeypatch.setattr(at_hand, "CGROUP_ROOT", tmp_path / "fs")
    (tmp_path / "fs").mkdir()
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_without_a_quota_it_is_the_cores_of_the_affinity(machine: Path) -> None:
    assert at_hand.cores_at_hand() == 8
    write(machine / "cgroup", "0::/user/session\n")
    write(machine / "fs" / "user" / "session" / "cpu.max", "max 100000\n")
    assert at_hand.cores_at_hand() == 8


@pytest.mark.parametrize(
    ("quota", "count"), [("50000 100000", 1), ("150000 100000", 2), ("9900000 100000", 8)]
)
def test_a_quota_of_this_cgroup_or_of_one_around_it_counts(machine: Path, quota: str, count: int) -> None:
    write(machine / "cgroup", "0::/user/session\n")
    write(machine / "fs" / "user" / "session" / "cpu.max", "max 100000\n")
    write(machine / "fs" / "user" / "cpu.max", quota)
    assert at_hand.cores_at_hand() == count


def test_a_container_sees_its_own_quota_at_the_root(machine: Path) -> None:
    write(machine / "cgroup", "0::/docker/4f2a\n")
    write(machine / "fs" / "cpu.max", "300000 100000\n")
    assert at_hand.cores_at_hand() == 3


def test_the_first_version_of_cgroups_is_read_too(machine: Path) -> None:
    write(machine / "cgroup", "7:memory:/a\n4:cpu,cpuacct:/a\n")
    write(machine / "fs" / "cpu" / "a" / "cpu.cfs_quota_us", "200000\n")
    write(machine / "fs" / "cpu" / "a" / "cpu.cfs_period_us", "100000\n")
    write(machine / "fs" / "cpu" / "cpu.cfs_quota_us", "-1\n")
    write(machine / "fs" / "cpu" / "cpu.cfs_period_us", "100000\n")
    assert at_hand.cores_at_hand() == 2


def test_without_a_limit_memory_is_the_machines(machine: Path) -> None:
    assert at_hand.memory_at_hand() == 16_000_000_000
    write(machine / "cgroup", "0::/user\n")
    write(machine / "fs" / "user" / "memory.max", "max\n")
    assert at_hand.memory_at_hand() == 16_000_000_000


def test_the_least_limit_of_this_cgroup_and_those_around_it_counts(machine: Path) -> None:
    write(machine / "cgroup", "0::/user/session\n")
    write(machine / "fs" / "user" / "session" / "memory.max", "9000000000\n")
    write(machine / "fs" / "user" / "memory.max", "4000000000\n")
    assert at_hand.memory_at_hand() == 4_000_000_000


def test_a_limit_of_the_first_version_of_cgroups(machine: Path) -> None:
    write(machine / "cgroup", "4:cpu,cpuacct:/a\n7:memory:/a\n")
    write(machine / "fs" / "memory" / "a" / "memory.limit_in_bytes", "2000000000\n")
    write(machine / "fs" / "memory" / "memory.limit_in_bytes", "9223372036854771712\n")
    assert at_hand.memory_at_hand() == 2_000_000_000
