"""Sentences of texts by line, mark and script; their keys; and what is left where some are cut out."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.kernels.lines.cut_sentences import cut_sentences
from stages.kernels.lines.sentences import find_sentences, sentence_keys


def sentences(*texts: str) -> list[list[str]]:
    found = find_sentences(pa.array(texts, pa.large_string()))
    cut = [found.data[b:e].tobytes().decode() for b, e in zip(found.begins, found.ends, strict=True)]
    return [cut[a:b] for a, b in zip(found.starts, found.starts[1:], strict=False)]


def cut(text: str, *spans: tuple[int, int]) -> str:
    firsts, stops = (np.array([s[i] for s in spans], np.uint32) for i in (0, 1))
    done = cut_sentences(pa.array([text], pa.large_string()), np.array([0, len(spans)]), firsts, stops)
    done.texts.validate(full=True)
    return str(done.texts[0].as_py())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("One", ["One"]),
        ("This is the first one. And this the second!", ["This is the first one.", "And this the second!"]),
        ("This is the first one. and it goes on.", ["This is the first one. and it goes on."]),
        ("Version 1.2 of this has no end.Nor here", ["Version 1.2 of this has no end.Nor here"]),
        ("We know it all from Mr. Smith.", ["We know it all from Mr.", "Smith."]),  # no list of abbreviations
        ("Mr. Smith. He came. Then he went.", ["Mr. Smith. He came. Then he went."]),
        ("It was by the great J. R. R. Tolkien then.", ["It was by the great J. R. R. Tolkien then."]),
        ("1/2 tsp. Salt\n\u2022 1 tbsp. Butter", ["1/2 tsp. Salt", "\u2022 1 tbsp. Butter"]),
        ("She can do what she can't. They don't.", ["She can do what she can't.", "They don't."]),
        ("one line\n\n  and another  \r\n\tthird", ["one line", "and another", "third"]),
        ("- Listed here\n---\n * * *\n! More", ["- Listed here", "! More"]),
        ("A line that ends in more. !!! ...", ["A line that ends in more. !!! ..."]),
        ("I said that this is so. -- Then he went.", ["I said that this is so.", "-- Then he went."]),
        (
            'He said "it is all right." "Is it not?" (It was so then.) And',
            ['He said "it is all right."', '"Is it not?" (It was so then.)', "And"],
        ),
        ("Das ist nun wirklich so. \u201eJa.\u201c Gut", ["Das ist nun wirklich so.", "\u201eJa.\u201c Gut"]),
        (
            "\u00ab Bonjour \u00e0 tout le monde ! \u00bb Il a dit cela hier. \u00ab Oui \u00bb",
            ["\u00ab Bonjour \u00e0 tout le monde ! \u00bb", "Il a dit cela hier.", "\u00ab Oui \u00bb"],
        ),
        (
            "床前明月光，疑是地上霜。“举头望明月。”低头思故乡！",
            ["床前明月光，疑是地上霜。", "“举头望明月。”", "低头思故乡！"],
        ),
        ("他说好。他去了北京。", ["他说好。他去了北京。"]),
        (
            "यह एक छोटा वाक्य है। दूसरा वाक्य यहाँ है।",
            ["यह एक छोटा वाक्य है।", "दूसरा वाक्य यहाँ है।"],
        ),
        (
            "هل هذا صحيح يا أخي؟ نعم هذا صحيح.",
            ["هل هذا صحيح يا أخي؟", "نعم هذا صحيح."],
        ),
        ("สวัสดีครับ ผมชื่อ", ["สวัสดีครับ ผมชื่อ"]),
    ],
)
def test_sentences(text: str, found: list[str]) -> None:
    assert sentences(text) == [found]


def test_texts_of_a_batch_have_their_own() -> None:
    assert sentences("a\nb", "", "c") == [["a", "b"], [], ["c"]]


@given(st.lists(st.text("aB1.!。 \n\"»«“)\u00a0-語'", max_size=30), max_size=4))
def test_sentences_hold_every_word_once_and_in_order(texts: list[str]) -> None:
    for text, found in zip(texts, sentences(*texts), strict=True):
        rest = text
        for one in found:
            gap, one_again, rest = rest.partition(one)
            assert one == one.strip() == one_again and "\n" not in one
            assert not any(c.isalnum() for c in gap) and any(c.isalnum() for c in one)
        assert not any(c.isalnum() for c in rest)
        assert len(found) >= len([line for line in text.split("\n") if any(c.isalnum() for c in line)])


def test_keys_are_of_words_case_folded_with_their_numbers() -> None:
    texts = [
        "Room 5 is  the best, they say.",
        "room 5 IS the “best” they say",
        "Room 6 is the best, they say.",
    ]
    keys, words = sentence_keys(find_sentences(pa.array(texts, pa.large_string())))
    assert keys[0] == keys[1] != keys[2]
    assert words.tolist() == [7, 7, 7]


A, B, C = "This is what is one.", "This is what is two!", "This is what is three."


@pytest.mark.parametrize(
    ("text", "spans", "left"),
    [
        (f"{A} {B} {C}", [(1, 2)], f"{A} {C}"),
        (f"{A} {B} {C}", [(0, 2)], C),
        (f"{A} {B} {C}", [(1, 3)], A),
        (f"{A} {B} {C}", [(0, 3)], ""),
        (f"{A} {B} {C}", [(0, 1), (2, 3)], B),
        (f"{A}  {B}\n{C}", [(1, 2)], f"{A}\n{C}"),
        (f"{A}\n\n{B} {C}", [(1, 2)], f"{A}\n\n{C}"),
        (f"{A} {B}\n\n{B} {C}", [(1, 3)], f"{A}\n\n{C}"),
        (f"{A}\n\n\n\n{B}\n  {C}", [(1, 2)], f"{A}\n\n\n\n  {C}"),
        (f"  {A}\n  {B}\n", [(1, 2)], f"  {A}"),
        (f"\n  {A}\n  {B}\n", [(0, 1)], f"  {B}\n"),
        (f"{A}\n---\n{B}\n{C}", [(1, 2)], f"{A}\n---\n{C}"),
        (f"- {A}\n- {B}\n- {C}", [(1, 2)], f"- {A}\n- {C}"),
        (f'"{A}" "{B}" "{C}"', [(1, 2)], f'"{A}" "{C}"'),
        ("床前明月光。疑是地上霜。举头望明月。", [(1, 2)], "床前明月光。举头望明月。"),
        (
            "　　床前明月光。\n　　疑是地上霜。\n　　举头望明月。",
            [(1, 2)],
            "　　床前明月光。\n　　举头望明月。",
        ),
    ],
)
def test_cut(text: str, spans: list[tuple[int, int]], left: str) -> None:
    assert cut(text, *spans) == left


def test_cut_counts_sentences_of_each_text() -> None:
    texts = pa.array([f"{A} {B}", f"{A}\n{B}\n{C}"], pa.large_string())
    done = cut_sentences(texts, np.array([0, 1, 2]), np.array([0, 1], np.uint32), np.array([1, 3], np.uint32))
    assert done.texts.to_pylist() == [B, A]
    assert (done.units_before.tolist(), done.units_after.tolist()) == ([2, 3], [1, 1])


@given(st.text("aB1.!。 \n\"»«“)\u00a0-語'", max_size=60), st.data())
def test_a_cut_leaves_the_other_words(text: str, data: st.DataObject) -> None:
    (found,) = sentences(text)
    if not found:
        return
    first = data.draw(st.integers(0, len(found) - 1))
    stop = data.draw(st.integers(first + 1, len(found)))
    words = [c for one in found[:first] + found[stop:] for c in one if c.isalnum()]
    assert [c for c in cut(text, (first, stop)) if c.isalnum()] == words
