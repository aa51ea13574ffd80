"""The installed PyTorch in, exit code 0 out where it needs nothing of `pins/cuda.txt`, else 1."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.metadata import requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def needed(requirements: Iterable[str], environment: dict[str, str] | None = None) -> set[str]:
    """Names that are asked for here, extras left out."""
    asked = [Requirement(line) for line in requirements]
    here = {**(environment or {}), "extra": ""}
    return {canonicalize_name(one.name) for one in asked if one.marker is None or one.marker.evaluate(here)}


def main() -> None:
    """Look, and say it by the exit code."""
    names = needed(requires("torch") or [])
    sys.exit(int(any(name.startswith(("nvidia-", "cuda-", "triton")) for name in names)))


if __name__ == "__main__":
    main()
