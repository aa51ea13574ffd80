"""A fastText model file in, what is wrong with it out: fastText itself loops for ever on one that ends early.

It believes what a file says of its own sizes, too: a wrong one sends it anywhere in memory.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stages.core.errors import UserError

_MAGIC = 793_712_314
_MAX_VERSION = 12
_SUPERVISED = 3
_CENTROIDS = 256
_LOSSES = range(1, 5)
_ENTRY_TAIL_BYTES = 9
"""Count (int64) and kind (int8) after the text of a dictionary's entry."""


class _EndsEarlyError(Exception):
    """The file has fewer bytes than it says."""


class _ContradictsError(Exception):
    """Two things that the file says of itself cannot both be."""


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

    def entry_kind(self) -> int:
        """Pass over an entry of the dictionary: text up to a NUL, count, kind. Its kind."""
        end = self._data.find(b"\0", self._at)
        if end < 0:
            raise _EndsEarlyError
        self._at = end + 1
        self.skip(_ENTRY_TAIL_BYTES)
        return self._data[self._at - 1]

    def pairs(self, count: int) -> npt.NDArray[np.int32]:
        """The next pairs of numbers, shape (count, 2)."""
        start = self._at
        self.skip(8 * count)
        return np.frombuffer(self._data[start : self._at], "<i4").reshape(count, 2)

    @property
    def left(self) -> int:
        """Bytes behind this place."""
        return len(self._data) - self._at


def check_model_file(path: str) -> None:
    """A UserError in one line unless `path` is a whole supervised fastText model."""
    if Path(path).stat().st_size == 0:
        raise UserError(f"{path}: not a fastText model (the file is empty)")
    with Path(path).open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            _check(_Reader(data), path)
        except _ContradictsError as error:
            raise UserError(f"{path}: a damaged fastText model ({error}); fetch or train it again") from None
        except _EndsEarlyError:
            raise UserError(
                f"{path}: not a whole fastText model (it ends early, at {len(data):,} bytes); fetch or train it again"
            ) from None


def _check(reader: _Reader, path: str) -> None:
    magic, version = reader.numbers("ii") if Path(path).stat().st_size >= 8 else (0, 0)
    if magic != _MAGIC or not 0 < version <= _MAX_VERSION:
        raise UserError(f"{path}: not a fastText model (its first bytes are others)")
    dim, _window, _epoch, _count, _negative, word_grams, loss, kind, bucket, _min_chars, max_chars, _, _ = (
        reader.numbers("12id")
    )
    if kind != _SUPERVISED:
        raise UserError(f"{path}: a fastText model of word vectors, not one that gives labels")
    _agree(dim > 0 and loss in _LOSSES and bucket >= 0, "its options are none")
    _agree(bucket > 0 or (word_grams < 2 and max_chars < 1), "n-grams without a place for them")
    entries, words, labels, _tokens, pruned = reader.numbers("iiiqq")
    _agree(words >= 0 and labels > 0 and entries == words + labels, "the numbers of its words and labels")
    for number in range(entries):
        _agree(reader.entry_kind() == (number >= words), "words and labels out of order")
    kept = reader.pairs(pruned) if pruned > 0 else None
    (quantized,) = reader.numbers("?")
    grams = bucket if kept is None else len(kept)
    _agree(
        kept is None or bool(((kept >= 0) & (kept < [[2**31 - 1, max(1, grams)]])).all()), "pruned n-grams"
    )
    _check_matrix(reader, bool(quantized), words + grams if pruned else words, dim)
    (output_quantized,) = reader.numbers("?")
    _check_matrix(reader, bool(quantized and output_quantized), labels, dim)
    _agree(reader.left == 0, f"{reader.left:,} bytes too many")


def _agree(holds: bool, what: str) -> None:
    if not holds:
        raise _ContradictsError(what)


def _check_matrix(reader: _Reader, quantized: bool, expected_rows: int, dim: int) -> None:
    if not quantized:
        rows, columns = reader.numbers("qq")
        _agree(rows == expected_rows and columns == dim, "the size of a matrix")
        reader.skip(4 * rows * columns)
        return
    has_norms, rows, columns, num_codes = reader.numbers("?qqi")
    _agree(rows == expected_rows and columns == dim, "the size of a matrix")
    reader.skip(num_codes)
    parts = _check_quantizer(reader, dim)
    _agree(num_codes == rows * parts, "the codes of a matrix")
    if has_norms:
        reader.skip(rows)
        _check_quantizer(reader, 1)


def _check_quantizer(reader: _Reader, expected_dim: int) -> int:
    """Pass over a quantizer; the number of its parts."""
    dim, parts, part, last = reader.numbers("4i")
    _agree(dim == expected_dim and part > 0 and 0 < last <= part, "a quantizer")
    _agree(parts > 0 and (parts - 1) * part + last == dim, "a quantizer")
    reader.skip(4 * dim * _CENTROIDS)
    return int(parts)
