"""This process's limits in, how many cores it may use out: its affinity, and the quota of the cgroups that it is in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

PROC_CGROUP = Path("/proc/self/cgroup")
CGROUP_ROOT = Path("/sys/fs/cgroup")


def cores_at_hand() -> int:
    """Cores that this process may run on, at least one; a quota of 1.5 cores is two."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = list(_quotas())
    return max(1, min(cores, *quotas)) if quotas else cores


def _quotas() -> Iterator[int]:
    """The quotas of this process's cgroup and of those around it, in whole cores."""
    try:
        lines = PROC_CGROUP.read_text().splitlines()
    except OSError:  # no Linux
        return
    for line in lines:
        number, controllers, place = line.split(":", 2)
        if number == "0":
            folder = CGROUP_ROOT / place.lstrip("/")
        elif "cpu" in controllers.split(","):
            folder = CGROUP_ROOT / "cpu" / place.lstrip("/")
        else:
            continue
        # in a container the folder of the host's name is not there, and the root is the container's own
        around = (one for one in (folder, *folder.parents) if one.is_relative_to(CGROUP_ROOT))
        for one in around:
            if (quota := _quota(one)) is not None:
                yield quota


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
