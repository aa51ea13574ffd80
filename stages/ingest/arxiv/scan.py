"""LaTeX source in, the same without comments out, verbatim text masked so that no later pass touches it."""

from __future__ import annotations

import re
from collections.abc import Iterator

MASK = "\0"
"""A masked stretch is NUL, its number, NUL: a source that holds NULs is no LaTeX."""

_VERBATIM = (
    "verbatim|Verbatim|BVerbatim|LVerbatim|SaveVerbatim|lstlisting|minted|alltt|filecontents|pyconsole|pycode"
)
_TOKEN = re.compile(
    r"\\begin[ \t]*\{(?P<environment>(?:" + _VERBATIM + r")\*?)\}.*?\\end[ \t]*\{(?P=environment)\}"
    r"|\\(?:verb|lstinline|mintinline[ \t]*\{\w+\})\*?(?:\[[^\]\n]*\])?(?P<mark>[^\sA-Za-z*\[\]{}])"
    r"[^\n]*?(?:(?P=mark)|(?=\n))"
    r"|\\(?:lstinline|mintinline[ \t]*\{\w+\})(?:\[[^\]\n]*\])?\{[^{}\n]*\}"
    r"|\\(?:url|href|path|nolinkurl)[ \t]*\{[^{}\n]*\}"
    r"|(?P<dropped>\\begin[ \t]*\{comment\}.*?\\end[ \t]*\{comment\}[ \t]*\n?)"
    r"|\\iffalse(?![A-Za-z])"
    r"|\\."
    r"|(?P<comment>%[^\n]*(?:\n[ \t]*|\Z))",
    re.DOTALL,
)
_CONDITIONAL = re.compile(r"\\\\|\\%|%[^\n]*|\\(if(?!f[A-Z])[A-Za-z@]*|else|fi)(?![A-Za-z@])")
_CONTROL_WORD_END = re.compile(r"\\[A-Za-z@]+\*?\Z")
_NOT_A_CONDITIONAL = frozenset(
    {"ifthenelse", "ifdefined", "iff", "ifodd@", "ifstrequal", "ifstrempty", "ifblank"}
)
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


def remove_comments(source: str, masks: Masks) -> str:
    r"""`source` without `%` comments, `comment` environments, `\iffalse` branches; verbatim text masked.

    As in TeX a comment takes its line end and the next line's indent with it, never the character before it.
    A line that only holds a comment goes as a whole. Line ends are `\n`.
    """
    return "".join(_pieces(source, masks))


def _pieces(source: str, masks: Masks) -> Iterator[str]:
    position = 0
    while match := _TOKEN.search(source, position):
        before, token = source[position : match.start()], match[0]
        position = match.end()
        if match["comment"] is not None:
            yield from _comment(source, match.start(), before, token)
            continue
        yield before
        if token == "\\iffalse":
            position, rest = _skip_branch(source, position)
            yield rest
        elif match["dropped"] is None:
            yield masks.mask(token) if len(token) > 2 else token
    yield source[position:]


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


def _skip_branch(source: str, start: int) -> tuple[int, str]:
    r"""The end of the `\iffalse` at `start` and what stands for it; an `\else` branch follows as text."""
    depth = 0
    for match in _CONDITIONAL.finditer(source, start):
        word = match[1]
        if word is None or word in _NOT_A_CONDITIONAL:
            continue
        if word == "fi":
            if depth == 0:
                return match.end(), ""
            depth -= 1
        elif word == "else":
            if depth == 0:
                return match.end(), "\\iftrue "
        else:
            depth += 1
    return start, "\\iffalse"


def balanced(source: str, start: int, max_chars: int = 200_000) -> int:
    """The end (after its closing mark) of the `{}` or `[]` group at `start`; -1 when it does not close."""
    in_brackets = source.startswith("[", start)
    depth = 0
    for match in _GROUP.finditer(source, start, start + max_chars):
        mark = match[0]
        if mark == "{":
            depth += 1
        elif mark == "}":
            depth -= 1
            if depth == 0 and not in_brackets:
                return match.end()
            if depth < 0:
                return -1
        elif mark == "]" and in_brackets and depth == 0:
            return match.end()
    return -1


_GROUP = re.compile(r"\\.|[{}\]]", re.DOTALL)
