r"""The classes and styles that a paper brings in, the macros of theirs that stand for text, and that it uses, out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from stages.ingest.arxiv.groups import Source
from stages.ingest.arxiv.macro_arguments import CONTROL
from stages.ingest.arxiv.macros import Expander
from stages.ingest.arxiv.scan import without_comments

STYLE_MACRO_CHARS = (400, 5_000)
"""How much of a style is read for one definition, and how much where that was too little."""
_MAX_LINE_CHARS = 1_000
_WORDS = re.compile(r"\\([A-Za-z]+)")
_NAMED_DEFINER = re.compile(
    r"\\((?:re)?newcommand|[gex]?def|let|providecommand|Declare(?:RobustCommand|MathOperator)"
    r"|(?:New|Renew|Provide|Declare)DocumentCommand|(?:re)?newrobustcmd|DeclarePairedDelimiter(?:XPP|X)?)(?=\*?\s*+(?:\{\s*+\\([A-Za-z]+)\s*+\}|\\([A-Za-z]+)(?![A-Za-z@])))"
)
"""A definition in a style, without its prefixes (`\\long`), and the name, which no `@` hides from users."""


def collect_styles(expander: Expander, styles: Sequence[str], text: str) -> None:
    """Take the definitions of styles that stand for text, those that `text` uses."""
    source = "\n".join(styles)
    places: dict[str, list[re.Match[str]]] = {}
    for match in _NAMED_DEFINER.finditer(source):
        places.setdefault(match[2] or match[3], []).append(match)
    used = places.keys() & set(_WORDS.findall(text)) if places else set[str]()
    waiting, seen = sorted(used), set(used)
    while waiting:
        name = waiting.pop()
        _define_of_style(expander, source, places[name])
        if (macro := expander.macros.get(name)) is not None:
            more = (places.keys() & set(_WORDS.findall(macro.body))) - seen
            seen |= more
            waiting += sorted(more)
    _refuse_users(expander, seen)


def _define_of_style(expander: Expander, source: str, places: Sequence[re.Match[str]]) -> None:
    """Take the last definition of a name in a style, or its default where there is no other."""
    for place in sorted(
        places, key=lambda m: (not m[1].lower().startswith("provide"), m.start()), reverse=True
    ):
        expander.step()
        line = source.rfind("\n", max(0, place.start() - _MAX_LINE_CHARS), place.start()) + 1
        if "%" in source[line : place.start()]:  # hardly ever text: a comment
            continue
        for size in STYLE_MACRO_CHARS:
            piece = Source(without_comments(source[place.start() : place.start() + size]))
            match = CONTROL.match(piece)
            if match is not None and expander.define(piece, match, simple_only=True) > match.end():
                return
        return


def _refuse_users(expander: Expander, names: set[str]) -> None:
    """Forget those of a style's macros whose text holds others that stay as written, however deep."""
    users: dict[str, list[str]] = {}
    for name in sorted(names & expander.macros.keys()):
        for word in _WORDS.findall(expander.macros[name].body):
            users.setdefault(word, []).append(name)
    waiting = sorted(names - expander.macros.keys())
    while waiting:
        for name in users.pop(waiting.pop(), []):
            if expander.macros.pop(name, None) is not None:
                waiting.append(name)
