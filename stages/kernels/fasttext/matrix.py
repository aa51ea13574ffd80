"""Rows of a fastText matrix, dense or product-quantised (Joulin et al. 2016, FastText.zip), added to vectors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stages.kernels.compiled import kernel

CENTROIDS = 256
"""Of each part of a vector, so that a code is a byte."""


class Matrix(NamedTuple):
    """`dense` has shape (rows, dim), or (0, dim) where the matrix is quantised.

    Then row i is, part by part of `part_size` numbers (the last has `last_size`), the centroid that codes[i, part] names,
    times norms[norm_codes[i]] where there are `norm_codes`. Centroids of a part lie one after another.
    """

    dense: npt.NDArray[np.float32]
    codes: npt.NDArray[np.uint8]
    centroids: npt.NDArray[np.float32]
    part_size: int
    last_size: int
    norm_codes: npt.NDArray[np.uint8]
    norms: npt.NDArray[np.float32]


@kernel
def add_row(matrix, row, into):  # type: ignore[no-untyped-def]
    """Add a row to `into`, float32, shape (dim,)."""
    if len(matrix.dense):
        for k in range(len(into)):
            into[k] += matrix.dense[row, k]
        return
    norm = matrix.norms[matrix.norm_codes[row]] if len(matrix.norm_codes) else np.float32(1)
    parts = matrix.codes.shape[1]
    for part in range(parts):
        size = matrix.part_size if part < parts - 1 else matrix.last_size
        first = part * matrix.part_size
        centroid = first * CENTROIDS + np.int64(matrix.codes[row, part]) * size
        for k in range(size):
            into[first + k] += norm * matrix.centroids[centroid + k]


@kernel
def add_dense_rows(dense, rows, count, into):  # type: ignore[no-untyped-def]
    """Add dense[rows[i]] for i < count to `into`, float32, shape (dim,): eight columns at a time, in registers."""
    dim = len(into)
    if dim == 2:  # a quality model's: two labels
        left, right = into[0], into[1]
        for i in range(count):
            left, right = left + dense[rows[i], 0], right + dense[rows[i], 1]
        into[0], into[1] = left, right
        return
    tiles = dim - dim % 8
    for k in range(0, tiles, 8):
        a, b, c, d = into[k], into[k + 1], into[k + 2], into[k + 3]
        e, f, g, h = into[k + 4], into[k + 5], into[k + 6], into[k + 7]
        for i in range(count):
            row = rows[i]
            a, b, c, d = (
                a + dense[row, k],
                b + dense[row, k + 1],
                c + dense[row, k + 2],
                d + dense[row, k + 3],
            )
            e, f, g, h = (
                e + dense[row, k + 4],
                f + dense[row, k + 5],
                g + dense[row, k + 6],
                h + dense[row, k + 7],
            )
        into[k], into[k + 1], into[k + 2], into[k + 3] = a, b, c, d
        into[k + 4], into[k + 5], into[k + 6], into[k + 7] = e, f, g, h
    for k in range(tiles, dim):
        total = into[k]
        for i in range(count):
            total += dense[rows[i], k]
        into[k] = total


@kernel
def add_rows(matrix, rows, count, into):  # type: ignore[no-untyped-def]
    """Add the rows that rows[:count] name to `into`, float32, shape (dim,)."""
    if len(matrix.dense):
        add_dense_rows(matrix.dense, rows, count, into)
    else:
        for i in range(count):
            add_row(matrix, rows[i], into)


def dense_matrix(rows: npt.NDArray[np.float32]) -> Matrix:
    """A matrix that is not quantised."""
    nothing, none = np.empty(0, np.float32), np.empty(0, np.uint8)
    return Matrix(rows, np.empty((0, 0), np.uint8), nothing, 0, 0, none, nothing)


_ROWS_AT_ONCE = 1 << 14


def projected(matrix: Matrix, rows: int, weights: npt.NDArray[np.float32]) -> Matrix:
    """Its `rows` rows times `weights`, float32, shape (dim, columns): a product of a sum is the sum of products."""
    dim, columns = weights.shape
    out = np.empty((rows, columns), np.float32)
    wide = weights.astype(np.float64)
    for start in range(0, rows, _ROWS_AT_ONCE):
        part = np.zeros((min(_ROWS_AT_ONCE, rows - start), dim), np.float32)
        _write_dense(matrix, start, part)
        with np.errstate(over="ignore"):  # whoever asks looks for infinities
            out[start : start + len(part)] = part.astype(np.float64) @ wide
    return dense_matrix(out)


def as_dense(matrix: Matrix, rows: int, dim: int) -> Matrix:
    """The same numbers, not quantised."""
    if len(matrix.dense):
        return matrix
    out = np.zeros((rows, dim), np.float32)
    _write_dense(matrix, 0, out)
    return dense_matrix(out)


@kernel
def _write_dense(matrix, first, out):  # type: ignore[no-untyped-def]
    for i in range(len(out)):
        add_row(matrix, first + i, out[i])
