"""Arrow string arrays to and from the NumPy buffers that kernels work on: offsets and bytes."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_Scalar = TypeVar("_Scalar", bound=np.generic)
Offsets = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


def string_buffers(strings: pa.Array) -> tuple[Offsets, Bytes]:
    """Offsets (rows + 1, int64) and bytes (uint8) of a (large_)string or (large_)binary array, or a slice.

    The bytes are a read-only view of the Arrow buffer: value i is data[offsets[i]:offsets[i + 1]], and
    offsets[0] need not be 0. A null is an empty value. Offsets of 32 bits are widened, so that every kernel
    is compiled once.
    """
    if isinstance(strings, pa.ChunkedArray):
        strings = strings.combine_chunks()
    large = pa.types.is_large_string(strings.type) or pa.types.is_large_binary(strings.type)
    if not (large or pa.types.is_string(strings.type) or pa.types.is_binary(strings.type)):
        raise TypeError(f"not an array of strings: {strings.type}")
    if strings.null_count:
        strings = strings.fill_null(b"" if pa.types.is_binary(strings.type) else "")
    _, offsets_buffer, data_buffer = strings.buffers()
    if len(strings) == 0 or offsets_buffer is None:
        return _frozen(np.zeros(len(strings) + 1, np.int64)), _frozen(np.empty(0, np.uint8))
    width = np.dtype(np.int64 if large else np.int32)
    offsets = np.frombuffer(
        offsets_buffer, dtype=width, count=len(strings) + 1, offset=strings.offset * width.itemsize
    )
    data = np.empty(0, np.uint8) if data_buffer is None else np.frombuffer(data_buffer, dtype=np.uint8)
    return _frozen(offsets.astype(np.int64, copy=False)), _frozen(data)


def large_strings(offsets: Offsets, data: Bytes) -> pa.Array:
    """The large_string array over `offsets` (rows + 1) and valid UTF-8 `data`; shares their memory."""
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.LargeStringArray.from_buffers(len(offsets) - 1, buffers[1], buffers[2])


def _frozen(array: npt.NDArray[_Scalar]) -> npt.NDArray[_Scalar]:
    """A read-only view: Arrow memory is never written, and numba compiles writable arrays apart."""
    view = array.view()
    view.flags.writeable = False
    return view
