r"""Expanded LaTeX in, the same with the branches of `\ifmmode` taken out, by whether each stands in a formula."""

from __future__ import annotations

import re
from collections.abc import Sequence

from stages.ingest.arxiv.groups import append_piece, is_conditional

FI = "\\fi\x01"
r"""A `\fi` at the end of what a macro stands for: blanks behind it are text, while TeX passes over those behind another."""

_WORD = "\\ifmmode"
_MATH = (
    "math|displaymath|equation|eqnarray|align|alignat|xalignat|xxalignat|flalign|gather|multline|dmath|dgroup"
    "|IEEEeqnarray|subeqnarray"
)
_MARK = re.compile(
    rf"\\(?P<edge>begin|end)[ \t]*\{{(?:{_MATH})\*?\}}"
    r"|\\(?P<open>[(\[])|\\(?P<close>[)\]])|(?P<dollar>\$\$?)"
    r"|\\(?P<word>if[A-Za-z@]*|else|fi)(?![A-Za-z@])(?:\x01|[ \t]*\n?[ \t]*)"
    r"|\\(?P<text>text(?:rm|sf|tt|bf|it|sl|sc|up|md|normal)?|[mhf]box|emph|intertext|footnote)[ \t]*\{"
    r"|\\(?P<math>ensuremath)[ \t]*\{"
    r"|\\.|(?P<brace>[{}])|(?P<blank>\n[ \t]*\n)",
    re.DOTALL,
)


def decide_math_tests(text: str) -> str:
    r"""`text` with what each `\ifmmode` stands for where it stands; one without a `\fi` stays as written."""
    if _WORD not in text:
        return text
    marks = list(_MARK.finditer(text))
    ends = _ends(marks)
    mode = _Mode()
    pieces: list[str] = []
    position = 0
    go_on: dict[int, int] = {}
    """Of marks that end a branch that is taken, by number, where the text goes on."""
    for number, match in enumerate(marks):
        if match.start() < position:
            continue
        if match["word"] is None:
            mode.pass_over(match)
        elif number in ends:
            append_piece(pieces, text[position : match.start()])
            other, fi = ends[number]
            after = marks[fi].end()
            if mode.is_math:
                position = match.end()
                go_on[fi if other is None else other] = after
            else:
                position = after if other is None else marks[other].end()
                go_on[fi] = after
        elif number in go_on:
            append_piece(pieces, text[position : match.start()])
            position = go_on[number]
    append_piece(pieces, text[position:])
    return "".join(pieces).replace(FI, FI[:-1])


def _ends(marks: Sequence[re.Match[str]]) -> dict[int, tuple[int | None, int]]:
    r"""Of each `\ifmmode` that ends, by number, its `\else`, if it has one, and its `\fi`."""
    ends: dict[int, tuple[int | None, int]] = {}
    waiting: list[tuple[int, int | None]] = []
    for number, match in enumerate(marks):
        word = match["word"]
        if word is None:
            continue
        if word == "else" and waiting:
            waiting[-1] = (waiting[-1][0], number)
        elif word == "fi" and waiting:
            start, other = waiting.pop()
            if marks[start]["word"] == "ifmmode":
                ends[start] = (other, number)
        elif word.startswith("if") and is_conditional(word):
            waiting.append((number, None))
    return ends


class _Mode:
    """Whether the reading is in a formula: by group, for text in formulas ends with its braces."""

    def __init__(self) -> None:
        self._groups = [False]

    @property
    def is_math(self) -> bool:
        """Whether the reading stands in a formula."""
        return self._groups[-1]

    def pass_over(self, match: re.Match[str]) -> None:
        """Read on behind a mark; a blank line ends every formula, for TeX allows none in one."""
        groups = self._groups
        if match["edge"] or match["open"] or match["close"]:
            groups[-1] = match["edge"] == "begin" or match["open"] is not None
        elif match["dollar"]:
            groups[-1] = not groups[-1]
        elif match["text"] or match["math"]:
            groups.append(match["math"] is not None)
        elif match["brace"] == "{":
            groups.append(groups[-1])
        elif match["brace"]:
            if len(groups) > 1:
                groups.pop()
        elif match["blank"]:
            self._groups = [False] * len(groups)
