"""A fastText model file in, what is wrong with it out: fastText itself loops for ever on one that ends early."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

from stages.core.errors import UserError

_MAGIC = 793_712_314
_MAX_VERSION = 12
_SUPERVISED = 3
_CENTROIDS = 256
_ENTRY_TAIL_BYTES = 9
"""Count (int64) and kind (int8) after the text of a dictionary's entry."""


class _EndsEarlyError(Exception):
    """The file has fewer bytes than it says."""


class _Reader:
    """A place in the bytes of a model file; every step checks that the file reaches that far."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = 0

    def skip(self, num_bytes: int) -> None:
        """Pass over bytes."""
        if num_bytes < 0 or self._at + num_bytes > len(self._data):
            raise _EndsEarlyError
        self._at += num_bytes

    def numbers(self, layout: str) -> tuple[int, ...]:
        """The next numbers, little-endian, as `struct` names them."""
        start = self._at
        self.skip(struct.calcsize("<" + layout))
        return struct.unpack_from("<" + layout, self._data, start)

    def skip_entry(self) -> None:
        """Pass over an entry of the dictionary: text up to a NUL, count, kind."""
        end = self._data.find(b"\0", self._at)
        if end < 0:
            raise _EndsEarlyError
        self._at = end + 1
        self.skip(_ENTRY_TAIL_BYTES)


def check_model_file(path: str) -> None:
    """A UserError in one line unless `path` is a whole supervised fastText model."""
    if Path(path).stat().st_size == 0:
        raise UserError(f"{path}: not a fastText model (the file is empty)")
    with Path(path).open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            _check(_Reader(data), path)
        except _EndsEarlyError:
            raise UserError(
                f"{path}: not a whole fastText model (it ends early, at {len(data):,} bytes); fetch or train it again"
            ) from None


def _check(reader: _Reader, path: str) -> None:
    magic, version = reader.numbers("ii") if Path(path).stat().st_size >= 8 else (0, 0)
    if magic != _MAGIC or not 0 < version <= _MAX_VERSION:
        raise UserError(f"{path}: not a fastText model (its first bytes are others)")
    kind = reader.numbers("12id")[7]
    if kind != _SUPERVISED:
        raise UserError(f"{path}: a fastText model of word vectors, not one that gives labels")
    entries, _words, _labels, _tokens, pruned = reader.numbers("iiiqq")
    for _ in range(entries):
        reader.skip_entry()
    reader.skip(8 * max(0, pruned))
    (quantized,) = reader.numbers("?")
    _skip_matrix(reader, bool(quantized))
    (output_quantized,) = reader.numbers("?")
    _skip_matrix(reader, bool(quantized and output_quantized))


def _skip_matrix(reader: _Reader, quantized: bool) -> None:
    if not quantized:
        rows, columns = reader.numbers("qq")
        reader.skip(4 * rows * columns)
        return
    has_norms, rows, _columns, num_codes = reader.numbers("?qqi")
    reader.skip(num_codes)
    _skip_quantizer(reader)
    if has_norms:
        reader.skip(rows)
        _skip_quantizer(reader)


def _skip_quantizer(reader: _Reader) -> None:
    dim, *_ = reader.numbers("4i")
    reader.skip(4 * dim * _CENTROIDS)
