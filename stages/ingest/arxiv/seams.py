r"""What an expansion is put beside in, what must stand between the two, or go, out: braces, blanks, lines."""

from __future__ import annotations

import re

from stages.ingest.arxiv.definition_parts import skip_spaces

_MAX_LINE_CHARS = 1_000
_TAKES_ONE_TOKEN = re.compile(
    r"(?:\\(?:math(?:bf|rm|cal|bb|it|sf|tt|frak|scr|ring)|boldsymbol|bm|pmb"
    r"|text(?:bf|it|rm|sf|tt|sc)?|emph|operatorname"
    r"|(?:wide)?(?:hat|tilde)|bar|vec|dot|ddot|acute|grave|check|breve|overline|underline"
    r"|sqrt|[dt]?frac)|[_^])[ \t]*\Z"
)
_SPACED = re.compile(r"\\xspace(?![A-Za-z])")
_NO_SPACE_BEFORE = frozenset(".,;:!?'/)]}~-\\ \t\n\"&$%_^")


def takes_one_token(pieces: list[str], expanded: str) -> bool:
    """Whether the command before takes what follows as its argument, so that it needs braces."""
    if not pieces or "\\begin" in expanded or "\\end" in expanded or "&" in expanded:
        return False
    return _TAKES_ONE_TOKEN.search("".join(pieces[-3:])[-64:]) is not None


def after_definition(source: str, start: int, end: int) -> int:
    """Where the text goes on: a line that held only the definition goes as a whole."""
    earliest = max(0, start - _MAX_LINE_CHARS)
    line_start = source.rfind("\n", earliest, start) + 1 or earliest
    rest = skip_spaces(source, end, newlines=False)
    if not source[line_start:start].strip() and source.startswith("\n", rest):
        return rest + 1
    return end


def spaced(text: str, source: str, end: int) -> str:
    r"""What a use became, a blank in place of `\\xspace` where text goes on behind the use."""
    if not _SPACED.search(text):
        return text
    blank = source[end : end + 1] not in _NO_SPACE_BEFORE and end < len(source)
    return _SPACED.sub("", text) + (" " if blank else "")
