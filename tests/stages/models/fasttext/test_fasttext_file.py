"""fastText model files that are damaged or lie: one line each, and no more memory than the file has."""

from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path

import fasttext
import numpy as np
import pytest

from stages.core.errors import UserError
from stages.models.fasttext import file
from stages.models.fasttext.file import read_parts

HEAD = struct.Struct("<ii12id")
COUNTS = struct.Struct("<iiiqq")
DIM = 4


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("fasttext-file")
    (folder / "lines").write_text("__label__aa one two\n__label__bb two three\n" * 5)
    options = {"dim": DIM, "wordNgrams": 2, "bucket": 11, "minCount": 1, "thread": 1, "verbose": 0}
    fasttext.train_supervised(str(folder / "lines"), loss="hs", **options).save_model(
        str(folder / "model.bin")
    )
    return (folder / "model.bin").read_bytes()


def said(data: bytes, folder: Path) -> str:
    """What is wrong with a model file of these bytes."""
    path = folder / "model.bin"
    path.write_bytes(data)
    with pytest.raises(UserError) as caught:
        read_parts(str(path))
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{path}: ")


def test_a_model_cut_at_any_byte_is_one_line(whole: bytes, tmp_path: Path) -> None:
    for size in range(0, len(whole), 3):
        assert said(whole[:size], tmp_path).startswith(("not a fastText model", "not a whole fastText model"))
    assert said(whole + b"x", tmp_path).startswith("a damaged fastText model (1 bytes too many)")


@pytest.mark.parametrize("data", [b"", b"\0" * 40, b"word 0.1 0.2\n" * 20, b"\x1f\x8b" + b"x" * 50])
def test_files_of_another_kind_are_one_line(data: bytes, tmp_path: Path) -> None:
    assert said(data, tmp_path).startswith("not a fastText model (")


def test_word_vectors_are_no_model_that_gives_labels(tmp_path: Path) -> None:
    (tmp_path / "lines").write_text("one two three four\n" * 50)
    fasttext.train_unsupervised(
        str(tmp_path / "lines"), dim=2, minCount=1, epoch=1, thread=1, bucket=5, verbose=0
    ).save_model(str(tmp_path / "vectors.bin"))
    assert "word vectors" in said((tmp_path / "vectors.bin").read_bytes(), tmp_path)


def test_a_label_that_is_there_twice_is_refused(whole: bytes, tmp_path: Path) -> None:
    assert "the label 'aa' is there twice" in said(whole.replace(b"__label__bb", b"__label__aa"), tmp_path)


def test_a_label_that_is_no_text_is_refused(whole: bytes, tmp_path: Path) -> None:
    assert "a label that is no text" in said(whole.replace(b"__label__bb", b"__label__\xff\xfe"), tmp_path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_refused(value: float, whole: bytes, tmp_path: Path) -> None:
    for place in (-4, -8 * DIM - 4 - 17 - 8):  # of the output matrix, of the input matrix
        data = bytearray(whole)
        place += len(data)
        data[place : place + 4] = np.float32(value).tobytes()
        assert "numbers that are none" in said(bytes(data), tmp_path)


def test_numbers_whose_products_overflow_are_refused(whole: bytes, tmp_path: Path) -> None:
    data = bytearray(whole)
    data[-8 * DIM :] = np.full(2 * DIM, 3e38, np.float32).tobytes()
    rows = len(data) - 8 * DIM - 17
    data[rows - 4 * DIM : rows] = np.full(DIM, 3e38, np.float32).tobytes()
    assert "overflow" in said(bytes(data), tmp_path)


@pytest.mark.parametrize("field", [0, 5, 6, 8, 10], ids=["dim", "words", "loss", "bucket", "maxn"])
@pytest.mark.parametrize("value", [2**31 - 1, -1, 0x01000000])
def test_options_that_cannot_be_take_no_memory(field: int, value: int, whole: bytes, tmp_path: Path) -> None:
    data = bytearray(whole)
    struct.pack_into("<i", data, 8 + 4 * field, value)
    tracemalloc.start()
    if field in (5, 10) and value < 0:  # no n-grams of words, or of characters, as other models have none
        (tmp_path / "model.bin").write_bytes(data)
        read_parts(str(tmp_path / "model.bin"))
    else:
        assert said(bytes(data), tmp_path).startswith(("a damaged", "not a whole"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


@pytest.mark.parametrize("field", range(5))
def test_counts_that_cannot_be_take_no_memory(field: int, whole: bytes, tmp_path: Path) -> None:
    counts = list(COUNTS.unpack_from(whole, HEAD.size))
    counts[field] = 2**31 - 1
    if field in (1, 2):
        counts[0] = min(2**31 - 1, counts[1] + counts[2])
    data = whole[: HEAD.size] + COUNTS.pack(*counts) + whole[HEAD.size + COUNTS.size :]
    if field == 3:  # how many words it was trained on
        (tmp_path / "model.bin").write_bytes(data)
        read_parts(str(tmp_path / "model.bin"))
        return
    tracemalloc.start()
    assert said(data, tmp_path).startswith(("a damaged", "not a whole"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


def test_counts_of_labels_that_no_tree_can_have_are_refused(whole: bytes, tmp_path: Path) -> None:
    place = whole.index(b"__label__aa\0") + len(b"__label__aa\0")
    for count in (-1, 10**15, 2**63 - 1):
        data = whole[:place] + struct.pack("<q", count) + whole[place + 8 :]
        assert "the counts of its labels" in said(data, tmp_path)


def quantised_output(labels: int, dim: int) -> bytes:
    """A model whose quantised output matrix takes `labels` bytes, and many more as it was."""
    head = HEAD.pack(793_712_314, 12, dim, 5, 1, 1, 5, 1, 3, 3, 0, 0, 0, 100, 1e-4)
    entries = b"".join(b"__label__%d\0" % i + struct.pack("<qb", 1, 1) for i in range(labels))
    quantiser = struct.pack("<4i", dim, 1, dim, dim) + bytes(4 * dim * 256)
    empty = struct.pack("<?qqi", False, 0, dim, 0) + quantiser
    output = struct.pack("<?qqi", False, labels, dim, labels) + bytes(labels) + quantiser
    return head + COUNTS.pack(labels, 0, labels, 1, -1) + entries + b"\1" + empty + b"\1" + output


def test_an_output_matrix_that_would_take_gigabytes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = quantised_output(labels=3_000, dim=200)
    monkeypatch.setattr(file, "MAX_OUTPUT_BYTES", 4 * 3_000 * 200 - 1)
    assert "3,000 labels of 200 numbers" in said(data, tmp_path)
    monkeypatch.setattr(file, "MAX_OUTPUT_BYTES", 4 * 3_000 * 200)
    assert read_parts(str(tmp_path / "model.bin")).dim == 200
