"""A fastText model file in (`.bin` or `.ftz`), its parts for the kernels out, or what is wrong with it in one line.

fastText itself loops for ever on a file that ends early, and believes what a file says of its own sizes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stages.core.errors import UserError
from stages.kernels.fasttext.grams import MAX_GRAM, GramRows, gram_table
from stages.kernels.fasttext.matrix import CENTROIDS, Matrix, as_dense, dense_matrix, projected
from stages.kernels.fasttext.outputs import MAX_COUNT, LossKind, Outputs, label_tree
from stages.kernels.fasttext.vocabulary import (
    END_OF_TEXT,
    ENTRY_TAIL_BYTES,
    Vocabulary,
    entry_of,
    make_vocabulary,
    read_entries,
    word_hash,
)
from stages.kernels.fasttext.word_sums import Reader
from stages.models.fasttext.bytes import ContradictsError, EndsEarlyError, ModelBytes, agree

_MAGIC = 793_712_314
_MAX_VERSION = 12
_NO_CHAR_GRAMS_VERSION = 11
"""Supervised models of this version have no n-grams of characters, whatever they say."""

_SUPERVISED = 3
MAX_OUTPUT_BYTES = 1 << 30
"""A quantised output matrix is used as it was before it was quantised, which may take so much; more is refused."""

MAX_INPUT_BYTES = 64 << 20
"""An input matrix too, when that takes no more; else as it is in the file."""


@dataclass(frozen=True)
class ModelParts:
    """What a model file holds: its labels without `__label__`, and what the kernels need."""

    labels: tuple[str, ...]
    reader: Reader
    outputs: Outputs
    dim: int


@dataclass(frozen=True)
class _Options:
    dim: int
    max_words: int
    loss: int
    buckets: int
    min_chars: int
    max_chars: int


@dataclass(frozen=True)
class _Dictionary:
    vocabulary: Vocabulary
    labels: tuple[str, ...]
    label_counts: npt.NDArray[np.int64]
    kept_grams: npt.NDArray[np.int32] | None


def read_parts(path: str) -> ModelParts:
    """The parts of the model file at a local `path`; a UserError in one line unless it is a whole supervised model."""
    size = Path(path).stat().st_size
    if size == 0:
        raise UserError(f"{path}: not a fastText model (the file is empty)")
    data = np.memmap(path, np.uint8, "r").view(np.ndarray)
    try:
        return _read(ModelBytes(data), path)
    except ContradictsError as error:
        raise UserError(f"{path}: a damaged fastText model ({error}); fetch or train it again") from None
    except EndsEarlyError:
        raise UserError(
            f"{path}: not a whole fastText model (it ends early, at {size:,} bytes); fetch or train it again"
        ) from None


def _read(source: ModelBytes, path: str) -> ModelParts:
    options = _read_options(source, path)
    dictionary = _read_dictionary(source, options)
    num_words, kept = dictionary.vocabulary.num_words, dictionary.kept_grams
    (quantised,) = source.numbers("B")
    agree(quantised or kept is None, "pruned n-grams in a matrix that is not quantised")
    rows = num_words + (options.buckets if kept is None else len(kept))
    matrix = _read_matrix(source, bool(quantised), rows, options.dim)
    (output_quantised,) = source.numbers("B")
    weights = _read_matrix(source, bool(quantised and output_quantised), len(dictionary.labels), options.dim)
    agree(len(source.rest) == 0, f"{len(source.rest):,} bytes too many")
    outputs = _outputs(options.loss, dictionary.label_counts, weights, options.dim)
    dim, units = outputs.weights.shape
    if units <= dim:
        matrix = projected(matrix, rows, outputs.weights)
        agree(bool(np.isfinite(matrix.dense).all()), "products of its numbers overflow")
        outputs = outputs._replace(weights=np.eye(units, dtype=np.float32))
    elif 4 * rows * dim <= MAX_INPUT_BYTES:
        matrix = as_dense(matrix, rows, dim)
    reader = Reader(
        dictionary.vocabulary, _grams(options, num_words, kept), matrix, *_end_of_text(dictionary.vocabulary)
    )
    return ModelParts(dictionary.labels, reader, outputs, min(dim, units))


def _read_options(source: ModelBytes, path: str) -> _Options:
    magic, version = source.numbers("ii") if len(source.rest) >= 8 else (0, 0)
    if magic != _MAGIC or not 0 < version <= _MAX_VERSION:
        raise UserError(f"{path}: not a fastText model (its first bytes are others)")
    dim, _window, _epoch, _count, _negative, max_words, loss, kind, buckets, min_chars, max_chars, _, _ = (
        source.numbers("12id")
    )
    if kind != _SUPERVISED:
        raise UserError(f"{path}: a fastText model of word vectors, not one that gives labels")
    if version <= _NO_CHAR_GRAMS_VERSION:
        max_chars = 0
    agree(dim > 0 and loss in list(LossKind) and buckets >= 0, "its options are none")
    agree(max(max_words, max_chars) <= MAX_GRAM, "its options are none")
    agree(buckets > 0 or (max_words < 2 and max_chars < 1), "n-grams without a place for them")
    return _Options(dim, max_words, loss, buckets, min_chars, max_chars)


def _read_dictionary(source: ModelBytes, options: _Options) -> _Dictionary:
    entries, words, labels, _tokens, pruned = source.numbers("iiiqq")
    agree(words >= 0 and labels > 0 and entries == words + labels, "the numbers of its words and labels")
    if entries * (1 + ENTRY_TAIL_BYTES) > len(source.rest):
        raise EndsEarlyError
    starts, lengths = np.empty(entries, np.int64), np.empty(entries, np.int64)
    kinds, counts = np.empty(entries, np.uint8), np.empty(entries, np.int64)
    size = int(read_entries(source.rest, starts, lengths, kinds, counts))
    if size < 0:
        raise EndsEarlyError
    agree(bool((kinds[:words] == 0).all() and (kinds[words:] == 1).all()), "words and labels out of order")
    data = source.skip(size).copy()
    vocabulary, twice = make_vocabulary(data, starts, lengths, words)
    names = [_name(data, starts[i], lengths[i]) for i in range(words, entries)]
    if twice >= 0:
        raise ContradictsError(f"the label {names[twice - words][:80]!r} is there twice")
    agree(bool((counts[words:] >= 0).all()), "the counts of its labels")
    agree(sum(counts[words:].tolist()) < MAX_COUNT, "the counts of its labels")
    kept = None
    if pruned >= 0:
        kept = source.integers(2 * pruned).reshape(pruned, 2)
        agree(bool(((kept >= 0) & (kept[:, 1:] < pruned)).all()), "pruned n-grams")
    return _Dictionary(vocabulary, tuple(names), counts[words:].copy(), kept)


def _name(data: npt.NDArray[np.uint8], start: int, length: int) -> str:
    text = data[start : start + length].tobytes()
    try:
        return text.decode().removeprefix("__label__")
    except UnicodeDecodeError:
        raise ContradictsError("a label that is no text") from None


def _read_matrix(source: ModelBytes, quantised: bool, expected_rows: int, dim: int) -> Matrix:
    if not quantised:
        rows, columns = source.numbers("qq")
        agree(rows == expected_rows and columns == dim, "the size of a matrix")
        return dense_matrix(source.floats(rows, columns))
    has_norms, rows, columns, num_codes = source.numbers("Bqqi")
    agree(rows == expected_rows and columns == dim, "the size of a matrix")
    codes = source.skip(num_codes)
    parts, part_size, last_size, centroids = _read_quantiser(source, dim)
    agree(num_codes == rows * parts, "the codes of a matrix")
    norm_codes, norms = np.empty(0, np.uint8), np.empty(0, np.float32)
    if has_norms:
        norm_codes = source.codes(1, rows)[0]
        *_, norms = _read_quantiser(source, 1)
    dense = np.empty((0, dim), np.float32)
    return Matrix(
        dense, codes.reshape(rows, parts).copy(), centroids, part_size, last_size, norm_codes, norms
    )


def _read_quantiser(source: ModelBytes, expected_dim: int) -> tuple[int, int, int, npt.NDArray[np.float32]]:
    """(parts of a vector, numbers of a part, of the last part, centroids)."""
    dim, parts, part_size, last_size = source.numbers("4i")
    agree(dim == expected_dim and part_size > 0 and 0 < last_size <= part_size, "a quantizer")
    agree(parts > 0 and (parts - 1) * part_size + last_size == dim, "a quantizer")
    return parts, part_size, last_size, source.floats(1, dim * CENTROIDS)[0]


def _grams(options: _Options, num_words: int, kept: npt.NDArray[np.int32] | None) -> GramRows:
    has_grams = kept is None or len(kept) > 0
    table, bits = gram_table(kept)
    return GramRows(
        buckets=options.buckets if has_grams else 0,
        min_chars=options.min_chars,
        max_chars=options.max_chars,
        max_words=options.max_words,
        num_words=num_words,
        pruned=kept is not None,
        table=table,
        filter=bits,
    )


def _outputs(loss: int, counts: npt.NDArray[np.int64], weights: Matrix, dim: int) -> Outputs:
    labels = len(counts)
    fits = len(weights.dense) > 0 or 4 * labels * dim <= MAX_OUTPUT_BYTES
    agree(fits, f"{labels:,} labels of {dim:,} numbers")
    dense = as_dense(weights, labels, dim).dense
    none = np.empty(0, np.int64)
    tree = label_tree(counts) if loss == LossKind.TREE else (none, none, none)
    return Outputs(int(loss), np.ascontiguousarray(dense.T), *tree)


def _end_of_text(vocabulary: Vocabulary) -> tuple[int, int]:
    """The row of END_OF_TEXT, or -1, and its hash."""
    word = np.frombuffer(END_OF_TEXT, np.uint8)
    hashed = word_hash(word, 0, len(word))
    index = int(entry_of(vocabulary, word, 0, len(word), hashed))
    return (index if index < vocabulary.num_words else -1), int(np.uint32(hashed).view(np.int32))
