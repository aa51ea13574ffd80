"""Comments of LaTeX: what TeX does not read goes, and not a character more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.ingest.arxiv.groups import balanced
from stages.ingest.arxiv.scan import Masks, remove_comments


def clean(source: str) -> str:
    masks = Masks()
    return masks.restore(remove_comments(source, masks))


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("one % two\nthree\n", "one\nthree\n"),
        ("% two\nthree\n", "three\n"),
        ("  % two\n  three\n", "  three\n"),
        ("one%two\nthree\n", "onethree\n"),
        ("one%\n\nthree\n", "one\n\nthree\n"),
        ("\\alpha% two\nthree\n", "\\alpha\nthree\n"),
        ("50\\% of it\n", "50\\% of it\n"),
        ("a\\\\% two\nb\n", "a\\\\b\n"),
        ("one % two", "one"),
        ("%", ""),
        ("one\n%two\n%three\nfour\n", "one\nfour\n"),
        ("\\url{http://a/%20b} % two\n", "\\url{http://a/%20b}\n"),
        ("\\href{http://a/%20b}{c} d\n", "\\href{http://a/%20b}{c} d\n"),
        ("\\verb|50%| of it % two\nx", "\\verb|50%| of it\nx"),
        ("\\lstinline{a % b} c\n", "\\lstinline{a % b} c\n"),
        ("\\begin{verbatim}\n% kept\n\\end{verbatim}\n", "\\begin{verbatim}\n% kept\n\\end{verbatim}\n"),
        (
            "\\begin{lstlisting}[a=b]\nx % y\n\\end{lstlisting}",
            "\\begin{lstlisting}[a=b]\nx % y\n\\end{lstlisting}",
        ),
        ("a\n\\begin{comment}\nb\n\\end{comment}\nc\n", "a\nc\n"),
        ("a\\iffalse b \\ifx x \\fi c \\fi d", "a d"),
        ("a\\iffalse b % \\fi\n c \\fi d", "a d"),
        ("%\\begin{verbatim}\na % b\n", "a\n"),
    ],
)
def test_comments(source: str, text: str) -> None:
    assert clean(source) == text


def test_trap_the_character_before_an_inline_comment_stays() -> None:
    assert clean("The end.% a remark\nNext.\n") == "The end.Next.\n"
    assert clean("The end. % a remark\nNext.\n") == "The end.\nNext.\n"


def test_groups() -> None:
    assert balanced("{a{b}\\}c}d", 0) == 9
    assert balanced("[a{]}b]c", 0) == 7
    assert balanced("{a", 0) == -1
    assert balanced("[a}", 0) == -1


@given(st.text(alphabet="ab \n{}[]$&\\", max_size=80))
def test_a_source_without_percent_signs_is_unchanged(source: str) -> None:
    assert clean(source) == source


@given(st.text(alphabet="ab %\n\\", max_size=60))
def test_no_comment_is_left(source: str) -> None:
    masks = Masks()
    left = remove_comments(source, masks)
    assert "%" not in left.replace("\\\\", "").replace("\\%", "")
