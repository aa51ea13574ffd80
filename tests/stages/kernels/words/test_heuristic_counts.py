"""The counts of the heuristic rules are those of plain Python, on text of any script."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.kernels.lines.c4_lines import C4_COUNTS, LineTests, c4_lines
from stages.kernels.lines.line_shape import LINE_COUNTS, line_counts
from stages.kernels.unicode.code_points import SINGLE, word_character
from stages.kernels.unicode.text_flags import CLOSERS, TERMINALS, WIDE_TERMINALS
from stages.kernels.words.gopher import QUALITY_COUNTS, quality_counts
from stages.kernels.words.repetition import REPETITION_COUNTS, repetition_counts
from stages.kernels.words.spaced_words import WORDS_AT_ONCE
from tests.linear import assert_linear

STOP_WORDS = ("the", "be", "of", "été", "и")
BULLETS = "•-"
ENDINGS = ".!?\"'。"
NOTICES = ("javascript", "use cookies", "terms of use")


def is_alone(c: str) -> bool:
    return word_character(c, False)[0] == SINGLE


def is_solid(c: str) -> bool:
    apostrophe_or_format = c in "'’ʼ‘`´＇" or unicodedata.category(c) == "Cf"
    return unicodedata.category(c)[0] in "LMN" and not apostrophe_or_format


def split_words(text: str) -> list[str]:
    words = []
    for run in text.split():
        spaced = "".join(f"\0{c}\0" if is_alone(c) else c for c in run.replace("\0", "\1"))
        words += [word for word in spaced.split("\0") if word]
    return words


def core(word: str) -> str:
    solid = [i for i, c in enumerate(word) if is_solid(c)]
    return word[solid[0] : solid[-1] + 1] if solid else ""


def split_lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def plain_quality(text: str) -> list[int]:
    words, lines = split_words(text), split_lines(text)
    cores = [core(word) for word in words if core(word)]
    found = {w for w in STOP_WORDS for c in cores if c in (w, w.capitalize(), w.upper())}
    return [
        len(words),
        len(cores),
        sum(map(len, cores)),
        sum(any(unicodedata.category(c)[0] in "LM" for c in word) for word in words),
        text.count("#"),
        text.count("...") + text.count("…"),
        len(lines),
        sum(line[0] in BULLETS for line in lines),
        sum(line.endswith(("...", "…")) for line in lines),
        len(found),
    ]


def plain_unspaced_quality(text: str, stop_words: Sequence[str]) -> tuple[int, int]:
    """Words, without symbols beside a character of a script without spaces; and distinct stop words, found anywhere."""
    spans = [m.span() for m in re.finditer(r"\S+", text)]
    attached = 0
    for start, end in spans:
        run = text[start:end]
        words = split_words(run)
        symbols = [word for word in words if not core(word)]
        attached += len(symbols) if any(is_alone(c) for c in run) else 0
    found = {
        w
        for w in stop_words
        if (all(map(is_alone, w)) and w in text) or w in {core(word) for word in split_words(text)}
    }
    return len(split_words(text)) - attached, len(found)


def repeats(items: list[str]) -> list[int]:
    later = [item for i, item in enumerate(items) if item in items[:i]]
    return [len(items), len(later), sum(map(len, later))]


def join(words: list[str]) -> str:
    text = ""
    for i, word in enumerate(words):
        gap = i > 0 and not is_alone(word[0]) and not is_alone(words[i - 1][0])
        text += " " * gap + word
    return text


def plain_repetition(text: str, step: int = 1) -> list[int]:
    words = split_words(text)
    parts = re.split(r"\n\s*\n", text)
    paragraphs = ["\n".join(split_lines(part)) for part in parts if part.strip()]
    counts = [len(text), len(text), *repeats(split_lines(text)), *repeats(paragraphs)]
    for n in (2 * step, 3 * step, 4 * step):
        grams = [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]
        top = Counter(grams).most_common(1)
        counts.append(len(join(list(top[0][0]))) * top[0][1] if top else 0)
    for n in range(5 * step, 11 * step, step):
        seen: set[tuple[str, ...]] = set()
        total = at = 0
        while at < len(words) - n + 1:
            gram = tuple(words[at : at + n])
            total += sum(map(len, gram)) * (gram in seen)
            at += n if gram in seen else 1
            seen.add(gram)
        counts.append(total)
    return counts


def plain_lines(text: str) -> list[int]:
    lines = split_lines(text)
    return [
        len(lines),
        sum(line[-1] in ENDINGS for line in lines),
        sum(len(line) <= 8 for line in lines),
        repeats(lines)[2],
        len(text.replace("\n", "")),
        text.count("\n"),
        len(split_words(text)),
    ]


def plain_sentences(line: str) -> int:
    marks = re.escape(TERMINALS + WIDE_TERMINALS)
    ends = re.finditer(rf"[{marks}](?:[{marks}{re.escape(CLOSERS)}]|\s)*", line)
    breaks = 0
    for end in ends:
        following = line[end.end() : end.end() + 1]
        parted = any(c.isspace() or c in WIDE_TERMINALS for c in end[0])
        breaks += bool(following) and parted and unicodedata.category(following) != "Ll"
    return breaks + any(not c.isspace() for c in line.strip(CLOSERS + " ") or line)


def melts(text: str, at: int) -> bool:
    """Whether the character at `at` may melt into what stands before it."""
    if at >= len(text):
        return False
    jamo = "\u1161" <= text[at] < "\u1176" or "\u11a8" <= text[at] < "\u11c3"
    return jamo or unicodedata.category(text[at])[0] == "M"


def strip_citations(line: str) -> str:
    pattern = re.compile(r"\[[0-9]*]|\[edit]|\[citation needed]")
    return pattern.sub(lambda m: m[0] if melts(line, m.end()) else "", line).strip()


def plain_c4(text: str) -> tuple[str, list[int]]:
    kept = []
    removed = phrases = 0
    for line in split_lines(text):
        shown = strip_citations(line)
        lowered = "".join(c.lower() if c.isascii() else c for c in shown)
        well = shown and shown[-1] in ENDINGS and not shown.endswith("...")
        long = max(map(len, split_words(line))) > 12
        if long or not well or len(split_words(shown)) < 3:
            removed += 1
            continue
        phrases += sum(lowered.startswith("lorem ipsum", i) for i in range(len(lowered)))
        if any(notice in lowered for notice in NOTICES):
            removed += 1
            continue
        kept.append(shown)
    curly = sum(line.count("{") for line in kept)
    return "\n".join(kept), [removed, phrases, curly, sum(map(plain_sentences, kept))]


TESTS = LineTests(np.array([ord(c) for c in ENDINGS]), 3, 12, True)


def rows(counts: dict[str, np.ndarray], names: tuple[str, ...]) -> list[list[int]]:
    return np.array([counts[name] for name in names]).T.tolist()


def column(texts: list[str]) -> pa.Array:
    return pa.array(texts, pa.large_string())


def ngrams(texts: list[str], max_words: int = 1_000_000, step: int = 1) -> list[list[int]]:
    return rows(repetition_counts(column(texts), max_words, step), REPETITION_COUNTS)


PIECES = st.sampled_from(
    [
        *"the The THE be of, (of) и été Été the- a b . ... …… .. # ## • - -- 中 文字 。 ไทย กา 漢字kana かな 12 ३ ٣".split(),
        *"' ’s — { [1] [edit] [] [x] é Ω ! ? \" ” «ja» JavaScript use cookies Terms terms of use lorem ipsum".split(),
        *"LOREM Ipsum x.\u2003Y z.y 😀 a-longish-word-here".split(" "),
        *("[12]e\u0301", "\u0301", "\u1161", "\u200b", "\x00", "\x01", "\x1c", "\x85", "e\u0301", "\ufffd"),
        *("\n", "\n", "\n\n", " ", "  ", "\t", "\u3000", "\n \n", "citation needed", "[citation needed]"),
        *(". A", ".” And", "Lorem ipsum", "use cookies", " the of the of the of"),
    ]
)
TEXTS = st.one_of(
    st.lists(PIECES, max_size=60).map(" ".join),
    st.lists(PIECES, max_size=60).map("".join),
    st.lists(st.sampled_from("ab.\n 中"), max_size=80).map("".join),
    st.lists(st.sampled_from(["a ", "b ", "c. ", "\n"]), max_size=120).map("".join),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
)


@settings(max_examples=300)
@given(st.lists(TEXTS, max_size=4))
def test_quality_counts_are_those_of_plain_python(texts: list[str]) -> None:
    counts = rows(quality_counts(column(texts), STOP_WORDS, BULLETS), QUALITY_COUNTS)
    assert counts == [plain_quality(text) for text in texts]


@settings(max_examples=300)
@given(st.lists(TEXTS, max_size=4))
def test_repetition_counts_are_those_of_plain_python(texts: list[str]) -> None:
    assert ngrams(texts) == [plain_repetition(text) for text in texts]


@given(st.lists(TEXTS, max_size=4), st.integers(2, 5))
def test_repetition_of_characters_counts_longer_ngrams(texts: list[str], step: int) -> None:
    texts = [*texts, "船上的人们。" * 30, "船上" * 4 + "กขค" * 40]
    assert ngrams(texts, step=step) == [plain_repetition(text, step) for text in texts]


@settings(max_examples=40)
@given(st.lists(TEXTS, max_size=4))
def test_stop_words_of_a_script_without_spaces_stand_anywhere(texts: list[str]) -> None:
    stop_words = ("中", "字文", "ไท", "of", "การ")
    texts = [*texts, "中文字文。ไทย การ", "。中", "A中B", "กา ร", "文 。字", "字文" * WORDS_AT_ONCE]
    counts = quality_counts(column(texts), stop_words, "", spaced=False)
    found = list(zip(counts["words"].tolist(), counts["stop_words"].tolist(), strict=True))
    assert found == [plain_unspaced_quality(text, stop_words) for text in texts]


@pytest.mark.parametrize(
    ("line", "sentences"),
    [("สวัสดี", 1), ("สวัสดี ครับ", 2), (" สวัสดี  ครับ ผม ", 3), ("สวัสดี. ครับ", 2), ("สวัสดี abc", 1)],
)
def test_spaces_end_sentences_where_no_mark_does(line: str, sentences: int) -> None:
    tests = LineTests(np.array([], np.int64), 1, 99, True, True)
    assert c4_lines(column([line]), tests, (), ())[1]["sentences"].tolist() == [sentences]


@settings(max_examples=300)
@given(st.lists(TEXTS, max_size=4))
def test_line_counts_are_those_of_plain_python(texts: list[str]) -> None:
    counts = rows(line_counts(column(texts), ENDINGS, 8), LINE_COUNTS)
    assert counts == [plain_lines(text) for text in texts]


@settings(max_examples=300)
@given(st.lists(TEXTS, max_size=4))
def test_c4_lines_are_those_of_plain_python(texts: list[str]) -> None:
    kept, counts = c4_lines(column(texts), TESTS, ("lorem ipsum",), NOTICES)
    expected = [plain_c4(text) for text in texts]
    assert kept.to_pylist() == [text for text, _ in expected]
    assert rows(counts, C4_COUNTS) == [values for _, values in expected]


@given(TEXTS)
def test_c4_lines_of_nfc_text_are_nfc(text: str) -> None:
    kept, _ = c4_lines(column([unicodedata.normalize("NFC", text)]), TESTS, ("lorem ipsum",), NOTICES)
    assert unicodedata.is_normalized("NFC", kept[0].as_py())


def test_words_of_a_text_longer_than_one_filling() -> None:
    words = [f"w{i % 700}" if i % 3 else "文" for i in range(3 * WORDS_AT_ONCE + 5)]
    texts = [" ".join(words), " ".join(words[:WORDS_AT_ONCE]), "文" * (2 * WORDS_AT_ONCE) + "a b"]
    assert ngrams(texts) == [plain_repetition(text) for text in texts]
    counts = rows(quality_counts(column(texts), STOP_WORDS, BULLETS), QUALITY_COUNTS)
    assert counts == [plain_quality(text) for text in texts]


def test_ngrams_are_those_of_the_first_words() -> None:
    head = "one two three four five six " * 2
    long, short = ngrams([head + "x y z " * 500, head.strip()], max_words=12)
    assert long[1:2] + long[8:] == short[1:2] + short[8:]


def test_a_slice_of_a_column_is_read_from_its_own_start() -> None:
    texts = column(["the of #", "b c d e f\nb c d e f", "é…"])
    assert rows(line_counts(texts.slice(1, 2), ENDINGS, 8), LINE_COUNTS) == [
        plain_lines(text) for text in texts.to_pylist()[1:]
    ]
    assert rows(repetition_counts(texts.slice(1, 1), 99), REPETITION_COUNTS) == [
        plain_repetition("b c d e f\nb c d e f")
    ]
    assert c4_lines(texts.slice(2), TESTS, (), ())[0].to_pylist() == [""]


@pytest.mark.parametrize(
    "unit",
    ["a", "a ", "\n", "ab cd\n", "中", "["],
    ids=["word", "words", "newlines", "lines", "han", "brackets"],
)
def test_no_text_takes_quadratic_time(unit: str) -> None:
    def count(texts: pa.Array) -> None:
        quality_counts(texts, STOP_WORDS, BULLETS)
        repetition_counts(texts, 1_000_000)
        line_counts(texts, ENDINGS, 30)
        c4_lines(texts, TESTS, ("lorem ipsum",), NOTICES)

    assert_linear(count, lambda chars: column([unit * (chars // len(unit))]), 60_000)
