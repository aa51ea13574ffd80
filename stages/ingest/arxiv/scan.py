"""LaTeX source in, the same without comments out, verbatim text masked so that no later pass touches it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain

from stages.ingest.arxiv.groups import Branches
from stages.ingest.arxiv.verbatim import NO_VERBATIM, Verbatim

MASK = "\0"
"""A masked stretch is NUL, its number, NUL: a source that holds NULs is no LaTeX."""

_VERBATIM = (
    "verbatim|Verbatim|BVerbatim|LVerbatim|SaveVerbatim|lstlisting|minted|alltt|filecontents|pyconsole|pycode"
    "|tcblisting|CodeInput|CodeOutput|Sinput|Soutput|Scode"
)
_TOKEN = (
    r"\\begin[ \t]*\{(?P<environment>(?:%s)\*?|comment)\}%s"
    r"|\\(?:verb|lstinline|mintinline[ \t]*\{\w+\})\*?(?:\[[^\]\n]{0,1000}+\])?(?P<mark>[^\sA-Za-z*\[\]{}])"
    r"[^\n]{0,5000}?(?:(?P=mark)|(?=\n))"
    r"|\\(?:lstinline|mintinline[ \t]*\{\w+\})(?:\[[^\]\n]{0,1000}+\])?\{[^{}\n]*+\}"
    r"|\\(?:%s)[ \t]*+\{[^{}\n]*+\}"
    r"|\\iffalse(?![A-Za-z])"
    r"|\\[^A-Za-z]"
    r"|(?P<comment>%%[^\n]*(?:\n[ \t]*|\Z))"
)
_PARAMETER = re.compile(r"#[1-9]")
_DEFINER = re.compile(
    r"\\(?:[gex]?def|\w*(?:newcommand|providecommand|robustcmd|Command))(?![A-Za-z])\*?\s*(?:\{\s*\\\w+\s*\})?"
)
_MAX_DEFINITION_CHARS = 1_000
_COMMENT_ENVIRONMENT = "comment"
_MAX_NAMING_CHARS = 80
_NAMED = re.compile(
    r"\\(?:let[ \t]*\\[A-Za-z@]+[ \t]*=?|(?:def[ \t]*|(?:re)?newcommand\*?[ \t]*\{?)\\[A-Za-z@]+\}?[ \t]*\{)[ \t]*\Z"
)
"""Before an `\\iffalse` that is not begun here, but gets another name."""
_CONTROL_WORD_END = re.compile(r"\\[A-Za-z@]+\*?\Z")
_STYLE_COMMENT = re.compile(r"(?<!\\)%[^\n]*+(?:\n[ \t]*+)?")
_COMMENT_NAMES = re.compile(r"\\(exclude|include)comment[ \t]*\{([A-Za-z]+)\}")
_MAX_COMMENT_NAMES = 100
_MASKED = re.compile(MASK + r"(\d+)" + MASK)


class Masks:
    """The verbatim stretches of one paper by number."""

    def __init__(self) -> None:
        self._stretches: list[str] = []

    def mask(self, stretch: str) -> str:
        """The stand-in of a stretch."""
        self._stretches.append(stretch)
        return f"{MASK}{len(self._stretches) - 1}{MASK}"

    def restore(self, text: str) -> str:
        """`text` with every stand-in replaced by its stretch."""
        return _MASKED.sub(lambda match: self._stretches[int(match[1])], text)


def remove_comments(source: str, masks: Masks, verbatim: Verbatim = NO_VERBATIM) -> str:
    r"""`source` without `%` comments, `comment` environments, `\iffalse` branches; verbatim text masked.

    As in TeX a comment takes its line end and the next line's indent with it, never the character before it.
    A line that only holds a comment goes as a whole. Line ends are `\n`.
    """
    start = verbatim.short_from(source)
    pieces = _pieces(source[start:], masks, _token(verbatim))
    if start:
        pieces = chain(_pieces(source[:start], masks, _token(verbatim._replace(marks=""))), pieces)
    return "".join(pieces)


def without_excluded(source: str) -> str:
    r"""`source` without the environments that `\excludecomment` names, and without the marks of `\includecomment`'s."""
    for found in list(_COMMENT_NAMES.finditer(source))[:_MAX_COMMENT_NAMES]:
        opening, closing = (
            re.compile(rf"\\{word}[ \t]*\{{{found[2]}\}}[ \t]*\n?") for word in ("begin", "end")
        )
        pieces, position = [], 0
        while begin := opening.search(source, position):
            end = closing.search(source, begin.end())
            if end is None:
                break
            pieces.append(source[position : begin.start()])
            pieces.append(source[begin.end() : end.start()] if found[1] == "include" else "")
            position = end.end()
        source = "".join([*pieces, source[position:]])
    return source


def without_comments(style: str) -> str:
    """A style without `%` comments: TeX's code, where nothing is verbatim."""
    return _STYLE_COMMENT.sub("", style)


@lru_cache(maxsize=64)
def _token(verbatim: Verbatim) -> re.Pattern[str]:
    """What is looked at in a source whose author made further environments, and characters, verbatim."""
    names = "|".join([_VERBATIM, *map(re.escape, verbatim.environments)])
    marks = map(re.escape, verbatim.marks)
    shorts = "".join(rf"|{mark}[^\n#{mark}]{{0,1000}}{mark}" for mark in marks)
    return re.compile(_TOKEN % (names, shorts, "|".join([*verbatim.links, "(?!)"])), re.DOTALL)


def _pieces(source: str, masks: Masks, tokens: re.Pattern[str]) -> Iterator[str]:
    position = 0
    branches, environments = Branches(source), _Environments(source)
    while match := tokens.search(source, position):
        before, token = source[position : match.start()], match[0]
        position = match.end()
        if match["comment"] is not None:
            yield from _comment(source, match.start(), before, token)
            continue
        yield before
        if (name := match["environment"]) is not None:
            end = environments.end(name, position)
            if end < 0:  # it never ends, so its beginning is a command like others
                position = match.start() + 2
                yield token[:2]
            elif name == _COMMENT_ENVIRONMENT:
                position = end
            else:
                yield masks.mask(source[match.start() : end])
                position = end
        elif token == "\\iffalse":
            if _NAMED.search(source, max(0, match.start() - _MAX_NAMING_CHARS), match.start()):
                yield token
                continue
            position, rest = branches.skip(position)
            yield rest
        else:
            is_text = len(token) < 3 or (
                _PARAMETER.search(token) and _is_in_definition(source, match.start())
            )
            yield token if is_text else masks.mask(token)
    yield source[position:]


def _is_in_definition(source: str, place: int) -> bool:
    """Whether a place is in what a macro stands for, where `#1` is an argument."""
    before = source[max(0, place - _MAX_DEFINITION_CHARS) : place]
    definers = list(_DEFINER.finditer(before))
    if not definers:
        return False
    inside = before[definers[-1].end() :]
    return inside.count("{") > inside.count("}")


class _Environments:
    """Where verbatim environments of one source end; those that never end are searched once."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._unended: set[str] = set()

    def end(self, name: str, start: int) -> int:
        """Behind the first end of the environment `name` from `start` on; -1 without one."""
        if name in self._unended:
            return -1
        more = r"[ \t]*+\n?" if name == _COMMENT_ENVIRONMENT else ""
        found = re.compile(rf"\\end[ \t]*+\{{{re.escape(name)}\}}{more}").search(self._source, start)
        if found is None:
            self._unended.add(name)
            return -1
        return found.end()


def _comment(source: str, start: int, before: str, token: str) -> Iterator[str]:
    """What stays of the text `before` a comment and of the comment's own line end and next indent."""
    line = source[source.rfind("\n", 0, start) + 1 : start]
    _, line_end, indent = token.partition("\n")
    if not line.strip():
        yield before.removesuffix(line)
        yield indent
        return
    end = start + len(token)
    paragraph_ends = source[end : end + 1] in ("", "\n")
    glued = not line[-1].isspace() and not _CONTROL_WORD_END.search(line[-64:])
    if line_end and glued and not paragraph_ends:
        yield before
        return
    yield before.rstrip(" \t")
    yield line_end + indent
