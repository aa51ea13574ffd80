r"""The sources of a paper in, the environments and characters that its author made verbatim out.

`\\lstnewenvironment{code}`, `\\DefineVerbatimEnvironment`, `\\newminted`, `\\newtcblisting`; `\\MakeShortVerb{\\|}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

_MAY_DECLARE = re.compile(
    r"\\(?:lst|newminted|newtcb|renewtcb|NewTCB|RenewTCB|ProvideTCB|DeclareTCB"
    r"|DefineVerb|RecustomVerb|DefineShort|MakeShort)"
)
_OPTIONS = r"\s*+(?:\[[^\[\]\n]{0,500}\]\s*+)?"
_ENVIRONMENT = re.compile(
    r"\\(?:lstnewenvironment|(?:Define|Recustom)VerbatimEnvironment|(?:re)?newtcblisting"
    rf"|(?:New|Renew|Provide|Declare)TCBListing){_OPTIONS}\{{\s*+(?P<name>[A-Za-z0-9*:_-]++)\s*+\}}"
    r"|\\newminted\s*+\[(?P<given>[A-Za-z]++)\]|\\newminted\s*+\{(?P<language>[A-Za-z]++)\}"
)
_SHORT = re.compile(
    rf"\\(?:(?:Make|Define)ShortVerb\*?{_OPTIONS}(?:\{{\s*\\(.)\s*\}}|\\(.))"
    rf"|lstMakeShortInline{_OPTIONS}(?:\{{\s*\\?(.)\s*\}}|\\?([^\s{{\\])))"
)
_NO_SHORT = frozenset("\\{}%#&$^_~ ")
_BEGIN = re.compile(r"\\begin\s*+\{document\}")
_MAX_NAMES = 100
_MAX_LINE_CHARS = 1_000


LINKS = ("url", "href", "path", "nolinkurl")
"""Commands whose first argument is verbatim, unless the author defines them."""
_LINK = re.compile(rf"\\({'|'.join(LINKS)})(?![A-Za-z@])")
_DEFINER = re.compile(r"\\(?:[gex]?def|(?:re)?newcommand\*?|DeclareRobustCommand\*?)\s*+\{?\s*+\Z")
_END_OF_DEFINER = "fd*{"
"""What a definer, or the brace behind it, ends with."""
_MAX_DEFINER_CHARS = 100


class Verbatim(NamedTuple):
    """What an author made verbatim: environments by name, characters that begin and end text; `links` still are."""

    environments: tuple[str, ...] = ()
    marks: str = ""
    links: tuple[str, ...] = LINKS

    def short_from(self, source: str) -> int:
        """From where on in a source the characters are verbatim: behind the preamble, where there is one."""
        if not self.marks:
            return 0
        begin = _BEGIN.search(source)
        declared = [match.end() for match in _SHORT.finditer(source)]
        return max([begin.end() if begin else 0, *declared])


NO_VERBATIM = Verbatim()


def verbatim_of(sources: Iterable[str]) -> Verbatim:
    """What the sources of a paper, its styles among them, make verbatim; a character that is given back is none."""
    names: set[str] = set()
    marks: set[str] = set()
    own: set[str] = set()
    for source in sources:
        own |= {match[1] for match in _LINK.finditer(source) if _is_defined(source, match.start())}
        if not _MAY_DECLARE.search(source):
            continue
        for match in _ENVIRONMENT.finditer(source):
            if not _is_comment(source, match.start()):
                names.add(match["name"] or match["given"] or f"{match['language']}code")
        if "\\DeleteShortVerb" not in source and "\\lstDeleteShortInline" not in source:
            found = (match for match in _SHORT.finditer(source) if not _is_comment(source, match.start()))
            marks |= {next(filter(None, match.groups())) for match in found}
    links = tuple(link for link in LINKS if link not in own)
    return Verbatim(
        tuple(sorted(names - {"comment"})[:_MAX_NAMES]), "".join(sorted(marks - _NO_SHORT)), links
    )


def _is_defined(source: str, place: int) -> bool:
    """Whether the command at a place is what an author defines there."""
    before = source[place - 1 : place]
    if before not in _END_OF_DEFINER and not before.isspace():
        return False
    start = max(0, place - _MAX_DEFINER_CHARS)
    definer = _DEFINER.search(source[start:place])
    return definer is not None and not _is_comment(source, start + definer.start())


def _is_comment(source: str, place: int) -> bool:
    start = source.rfind("\n", max(0, place - _MAX_LINE_CHARS), place) + 1
    return "%" in source[start:place].replace("\\%", "")
