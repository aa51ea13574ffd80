"""A process in, the cores and the memory that it may use out: by affinity, the machine, the cgroups that it is in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

PROC_CGROUP = Path("/proc/self/cgroup")
CGROUP_ROOT = Path("/sys/fs/cgroup")


def cores_at_hand() -> int:
    """Cores that this process may run on, at least one; a quota of 1.5 cores is two."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [quota for folder in _cgroups("cpu") if (quota := _quota(folder)) is not None]
    return max(1, min([cores, *quotas]))


def memory_at_hand() -> int:
    """Bytes of memory that this process and its children may hold: the machine's, or the least limit of its cgroups."""
    limits = [limit for folder in _cgroups("memory") if (limit := _memory_limit(folder)) is not None]
    return min([_machine_memory(), *limits])


def _machine_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _cgroups(controller: str) -> Iterator[Path]:
    """The folders of this process's cgroup and of those around it that hold what a controller limits."""
    try:
        lines = PROC_CGROUP.read_text().splitlines()
    except OSError:  # no Linux
        return
    for line in lines:
        number, controllers, place = line.split(":", 2)
        if number == "0":
            folder = CGROUP_ROOT / place.lstrip("/")
        elif controller in controllers.split(","):
            folder = CGROUP_ROOT / controller / place.lstrip("/")
        else:
            continue
        # in a container the folder of the host's name is not there, and the root is the container's own
        yield from (one for one in (folder, *folder.parents) if one.is_relative_to(CGROUP_ROOT))


def _quota(folder: Path) -> int | None:
    """The quota that a cgroup's folder states, rounded up; None where it states none."""
    try:
        if (second := folder / "cpu.max").exists():
            asked, period = second.read_text().split()
        else:
            asked = (folder / "cpu.cfs_quota_us").read_text().strip()
            period = (folder / "cpu.cfs_period_us").read_text().strip()
        return None if asked in ("max", "-1") else -(-int(asked) // int(period))
    except (OSError, ValueError):
        return None


def _memory_limit(folder: Path) -> int | None:
    """The bytes that a cgroup's folder allows; None where it states no limit."""
    try:
        second = folder / "memory.max"
        file = second if second.exists() else folder / "memory.limit_in_bytes"
        # no limit is "max", and in the first version of cgroups more than any machine has
        return int(file.read_text())
    except (OSError, ValueError):
        return None
