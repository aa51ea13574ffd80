"""UTF-8 in, how many control characters it holds that no text does out: all but NUL, white space and escape."""

from __future__ import annotations

import numpy as np

from stages.kernels.compiled import kernel

_LAST, _TAB, _RETURN, _ESCAPE = 31, 9, 13, 27


def count_controls(data: bytes) -> int:
    """The number of such characters."""
    return int(_count(np.frombuffer(data, np.uint8)))


@kernel
def _count(data):  # type: ignore[no-untyped-def]
    found = 0
    for byte in data:
        # without a branch, so that it is done for many bytes at once
        found += (byte != 0) & (byte <= _LAST) & ((byte < _TAB) | (byte > _RETURN)) & (byte != _ESCAPE)
    return found
