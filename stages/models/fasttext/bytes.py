"""The bytes of a model file in, its numbers and arrays out; never more than the file has, whatever it says of itself."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import numpy.typing as npt

_FINITE_CHECK_SIZE = 1 << 22
"""Numbers that are checked at a time."""


class EndsEarlyError(Exception):
    """The file has fewer bytes than it says."""


class ContradictsError(Exception):
    """Two things that the file says of itself cannot both be, or one cannot be at all."""


def agree(holds: bool, what: str) -> None:
    """A ContradictsError about `what` unless it holds."""
    if not holds:
        raise ContradictsError(what)


class ModelBytes:
    """A place in the bytes of a model file; every step checks that the file reaches that far."""

    def __init__(self, data: npt.NDArray[np.uint8]) -> None:
        self._data = data
        self._at = 0

    def skip(self, num_bytes: int) -> npt.NDArray[np.uint8]:
        """The next bytes, as a view."""
        start = self._at
        if num_bytes < 0 or start + num_bytes > len(self._data):
            raise EndsEarlyError
        self._at += num_bytes
        return self._data[start : self._at]

    def numbers(self, layout: str) -> tuple[Any, ...]:
        """The next numbers, little-endian, as `struct` names them."""
        return struct.unpack("<" + layout, self.skip(struct.calcsize("<" + layout)).tobytes())

    def codes(self, rows: int, columns: int) -> npt.NDArray[np.uint8]:
        """The next bytes, shape (rows, columns)."""
        return self.skip(rows * columns).copy().reshape(rows, columns)

    def integers(self, count: int) -> npt.NDArray[np.int32]:
        """The next 32-bit integers."""
        return np.frombuffer(self.skip(4 * count).tobytes(), "<i4").astype(np.int32, copy=False)

    def floats(self, rows: int, columns: int) -> npt.NDArray[np.float32]:
        """The next single-precision numbers, shape (rows, columns); a ContradictsError when one is not finite."""
        values = np.empty(rows * columns, "<f4")
        values.view(np.uint8)[:] = self.skip(4 * rows * columns)
        for start in range(0, len(values), _FINITE_CHECK_SIZE):
            agree(
                bool(np.isfinite(values[start : start + _FINITE_CHECK_SIZE]).all()), "numbers that are none"
            )
        return values.astype(np.float32, copy=False).reshape(rows, columns)

    @property
    def rest(self) -> npt.NDArray[np.uint8]:
        """The bytes from this place on, as a view."""
        return self._data[self._at :]
