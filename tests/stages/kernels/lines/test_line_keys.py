"""CCNet's line key, by the kernel and by plain Python, and lines cut out of texts."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.kernels.hash.hashing import hash_strings
from stages.kernels.lines.lines import cut_lines, hash_lines, normalize_line
from stages.kernels.unicode.code_points import CCNET_PUNCTUATION

REMOVED = set(CCNET_PUNCTUATION) | {chr(c) for c in [*range(32), *range(127, 160)]}
CHARACTERS = st.one_of(
    st.characters(exclude_categories=["Cs"]),
    st.sampled_from("aZ09 \t\n\u3000\u0130\u03a3Σσς'.´１٣…—é\u0301\u00ad"),
)
TEXTS = st.text(CHARACTERS, max_size=60)


def reference_key(line: str) -> str:
    line = line.strip()
    return "".join(c for c in re.sub(r"\d", "0", line.lower()) if c not in REMOVED)


def texts_of(*texts: str) -> pa.Array:
    return pa.array(texts, pa.large_string())


def seeds_of(count: int) -> np.ndarray:
    return np.zeros(count, np.uint64)


@given(TEXTS.map(lambda text: text.replace("\n", " ")))
def test_key_equals_plain_python(line: str) -> None:
    assert normalize_line(line) == reference_key(line)


@given(st.lists(TEXTS, max_size=5))
def test_every_line_is_hashed_by_its_key(texts: list[str]) -> None:
    lines = hash_lines(texts_of(*texts), seeds_of(len(texts)))
    expected = [line for text in texts for line in text.split("\n")]
    assert np.diff(lines.starts).tolist() == [text.count("\n") + 1 for text in texts]
    assert lines.blank.tolist() == [not line.strip() for line in expected]
    keys = pa.array([reference_key(line) for line in expected], pa.large_string())
    assert lines.hashes.tolist() == hash_strings(keys).tolist()


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("Hello, World! (2020)", "hello, world! (0000)"),  # ASCII punctuation stays
        ("“Quoted” – text…", "quoted  text"),  # typographic punctuation goes, the spaces around it stay
        ("« a »", " a "),  # stripped before the punctuation goes, so inner spaces end up outside
        ("a\tb", "ab"),  # a tab is a control character: the words join
        ("１２ ٣", "00 0"),  # digits of every script; the list holds a full-width 1, but digits come first
        ("½ ²", "½ ²"),  # numbers that are no decimal digits
        ("\u3000x\u00a0", "x"),  # Unicode white space is stripped
        ("\u200bx", "\u200bx"),  # a zero-width space is none
        ("ΟΔΟΣ ΣΑΣ", "οδος σας"),  # the final sigma
        ("Σ", "σ"),
        ("İ", "i\u0307"),  # two code points
        ("É e\u0301", "é e\u0301"),  # accents stay, composed or not
        ("…", ""),
        ("", ""),
    ],
)
def test_quirks_of_ccnet(line: str, key: str) -> None:
    assert reference_key(line) == key
    assert normalize_line(line) == key


def test_a_seed_sets_lines_apart() -> None:
    lines = hash_lines(texts_of("a", "a", "a"), np.array([0, 0, 7], np.uint64))
    assert lines.hashes[0] == lines.hashes[1] != lines.hashes[2]


def test_no_texts() -> None:
    assert len(hash_lines(texts_of(), seeds_of(0)).hashes) == 0


def reference_cut(text: str, removed: list[bool]) -> str:
    kept: list[str] = []
    gap = False
    for line, gone in zip(text.split("\n"), removed, strict=True):
        if gone:
            gap = True
        elif line.strip():
            kept.append(line)
            gap = False
        elif not (gap and (not kept or not kept[-1].strip())):
            kept.append(line)
    while gap and kept and not kept[-1].strip():
        kept.pop()
    return "\n".join(kept)


@given(
    st.lists(st.lists(st.sampled_from(["", " ", "é", "ab"]), min_size=1, max_size=9), max_size=4), st.data()
)
def test_cut_equals_plain_python(documents: list[list[str]], data: st.DataObject) -> None:
    texts = ["\n".join(lines) for lines in documents]
    removed = [
        [bool(line.strip()) and data.draw(st.booleans()) for line in text.split("\n")] for text in texts
    ]
    lines = hash_lines(texts_of(*texts), seeds_of(len(texts)))
    flat = np.array([gone for document in removed for gone in document], np.bool_)
    cut = cut_lines(lines, flat)
    cut.validate(full=True)
    assert cut.to_pylist() == [reference_cut(t, r) for t, r in zip(texts, removed, strict=True)]


@pytest.mark.parametrize(
    ("text", "gone", "left"),
    [
        ("a\nb\nc", [1], "a\nc"),
        ("a\n\nb\n\nc", [2], "a\n\nc"),  # one paragraph break and not two
        ("a\n\nc", [0], "c"),
        ("a\n\nc", [2], "a"),
        ("a\n", [], "a\n"),  # nothing removed, nothing changed
        ("a\n\n\n\nb", [], "a\n\n\n\nb"),
        ("a", [0], ""),
    ],
)
def test_cut_leaves_paragraphs(text: str, gone: list[int], left: str) -> None:
    lines = hash_lines(texts_of(text), seeds_of(1))
    removed = np.isin(np.arange(len(lines.hashes)), gone)
    assert cut_lines(lines, removed).to_pylist() == [left]


def test_a_sliced_column() -> None:
    lines = hash_lines(texts_of("skip", "a\nb", "c").slice(1), seeds_of(2))
    assert cut_lines(lines, np.array([True, False, False])).to_pylist() == ["b", "c"]
