"""Words cut out of texts: what goes with them, and what stands at the seam."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.documents import normalize_text
from stages.kernels.words.cut_words import cut_words


def cut(text: str, *spans: tuple[int, int]) -> str:
    firsts, stops = (np.array([s[i] for s in spans], np.uint32) for i in (0, 1))
    done = cut_words(pa.array([text], pa.large_string()), np.array([0, len(spans)]), firsts, stops)
    done.texts.validate(full=True)
    return str(done.texts[0].as_py())


@pytest.mark.parametrize(
    ("text", "span", "left"),
    [
        ("a b c d", (1, 3), "a d"),
        ("a b c d", (0, 2), "c d"),
        ("a b c d", (2, 4), "a b"),
        ("a b", (0, 2), ""),
        ("A one. Two three. Four.", (2, 4), "A one. Four."),
        ("He said (one two), then (so) on.", (2, 4), "He said then (so) on."),
        ("Keep.\n\nGo away.\n\nKeep.", (1, 3), "Keep.\n\nKeep."),
        ("Keep.\n\nGo away.", (1, 3), "Keep."),
        ("Go away.\n\nKeep.", (0, 2), "Keep."),
        ("Keep\nGo\n\n\nKeep", (1, 2), "Keep\n\n\nKeep"),
        ("Keep this.\nGo away. And this", (2, 4), "Keep this.\nAnd this"),
        ("- keep\n- go away!\n- keep", (1, 3), "- keep\n- keep"),
        ("Keep this go\n\n\n\naway and go on", (2, 4), "Keep this\n\nand go on"),
        ("# Go\n\n## Keep", (0, 1), "## Keep"),
        ("def f():\n    go = away\n    return x\n", (2, 4), "def f():\n    return x\n"),
        ("f() {\n  go()\n}\n\ng()", (1, 2), "f() {\n}\n\ng()"),
        ("Keep\n-----\nGo.\n-----\nKeep", (1, 2), "Keep\n-----\n-----\nKeep"),
        ("keep-go away-keep", (1, 3), "keep- keep"),
        ("dogs' go away 'dogs", (1, 3), "dogs' 'dogs"),
        ("留下。走开，走。留下", (2, 5), "留下。 留下"),
    ],
)
def test_seams(text: str, span: tuple[int, int], left: str) -> None:
    assert cut(text, span) == left


def test_several_spans_of_one_text() -> None:
    assert cut("a b c.\n\nd e f.\n\ng h", (0, 1), (2, 4), (5, 7)) == "b\n\ne\n\nh"


def test_a_text_of_a_batch_that_is_not_cut() -> None:
    texts = pa.array(["x", "a b c", " y ", "d e"], pa.large_string()).slice(1)
    spans = np.array([0, 2], np.uint32), np.array([1, 3], np.uint32)
    done = cut_words(texts, np.array([0, 1, 1, 1]), spans[0][:1], spans[1][:1])
    assert done.texts.to_pylist() == ["b c", " y ", "d e"]
    assert done.units_before.tolist() == [3, 1, 2]
    assert done.units_after.tolist() == [2, 1, 2]


def test_a_mark_does_not_melt_into_the_word_before_the_span() -> None:
    """Where characters are words a span may end before a combining mark; joined to an `a` it would be another text."""
    left = cut("a กข\u0e31ค", (1, 3))
    assert left == "a \u0e31ค"
    assert normalize_text(pa.array([left], pa.large_string()))[0].as_py() == left


@given(st.text(st.sampled_from("abcé漢字' .\n\t(-"), max_size=40), st.data())
def test_the_words_that_stay_are_all_words_but_those(text: str, data: st.DataObject) -> None:
    words = re.findall("[漢字]|[abcé]+(?:'+[abcé]+)*", text)
    marks = data.draw(st.lists(st.booleans(), min_size=len(words), max_size=len(words)))
    spans = [m.span() for m in re.finditer("1+", "".join("01"[mark] for mark in marks))]
    left = cut(text, *spans)
    kept = [w for w, mark in zip(words, marks, strict=True) if not mark]
    assert re.findall("[漢字]|[abcé]+(?:'+[abcé]+)*", left) == kept
    assert len(left) <= len(text) + len(spans)
    if not spans:
        assert left == text
