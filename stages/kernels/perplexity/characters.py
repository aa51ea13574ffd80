"""SentencePiece's table of characters in, whether one of the texts that it replaces holds a space out.

The table is a double array (Yata's darts-clone): a unit of 32 bits a node, its label in the lowest byte, where its
children lie in the upper bits; a node's child by a byte is the unit at (node ^ offset ^ byte) if that has the byte as label.
"""

from __future__ import annotations

import numpy as np

from stages.kernels.compiled import kernel

_SPACE = np.int64(0x20)
_LABEL = np.int64((1 << 31) | 0xFF)
"""A unit with the highest bit set is a value, which no byte leads to."""


@kernel
def replaces_a_space(units):  # type: ignore[no-untyped-def]
    """Whether a way from the root of `units` (int64, checked to stay inside) has a step by a space, NULs left out."""
    seen = np.zeros(len(units), np.bool_)
    waiting = np.empty(len(units), np.int64)
    waiting[0], count = 0, 1
    seen[0] = True
    while count:
        count -= 1
        node = waiting[count]
        unit = units[node]
        base = node ^ ((unit >> 10) << ((unit & 512) >> 6))
        for byte in range(1, 256):
            child = base ^ byte
            if units[child] & _LABEL == byte and not seen[child]:
                if byte == _SPACE:
                    return True
                seen[child] = True
                waiting[count] = child
                count += 1
    return False
