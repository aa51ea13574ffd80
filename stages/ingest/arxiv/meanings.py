r"""LaTeX without comments in, what the macros that its conditions ask for (`\ifx`, `\ifcase`) mean at each place out.

Only definitions outside groups and outside conditions that stay open count; a name that packages may know is unknown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from stages.ingest.arxiv.definitions import parse_definition
from stages.ingest.arxiv.groups import Source
from stages.ingest.arxiv.macro_arguments import CONTROL

NAME = r"\\([A-Za-z@]+)"
_ASKED = re.compile(
    rf"\\ifx[ \t]*(?:{NAME})?[ \t]*(?:{NAME})?|\\(?:ifdefined|ifcase|ifodd)[ \t]*{NAME}"
    rf"|\\ifnum[ \t]*(?:{NAME}|[-+\d]+)[ \t]*[<=>][ \t]*(?:{NAME})?"
)
_DEFINITION = re.compile(
    r"\\((?:long|global|protected)[ \t]*\\)?((?:re|provide)?(?:new)?command|[gex]?def|let)(?![A-Za-z@])(\*?)"
    rf"\s*+\{{?\s*+{NAME}"
)
_OTHER_DEFINITION = re.compile(
    rf"\\(?:Declare\w+|(?:New|Renew|Provide)\w+|new(?:count|counter|dimen|skip|toks|box|length|savebox|if)|font|chardef|mathchardef)\*?"
    rf"\s*+\{{?\s*+{NAME}"
)
_COUNT = re.compile(rf"\\newcount\s*+{NAME}")
_CHANGED = re.compile(rf"\\(?:advance|multiply|divide)\s*+{NAME}")
_BEFORE_NUMBER = re.compile(r"(?:\\(?:newcount|if(?:num|odd|case)|number|the|romannumeral)|[<=>])[ \t]*\Z")
"""Behind which a count register is read, and not set."""
_MAX_BEFORE_CHARS = 30
_LET = re.compile(rf"\\let\s*+\\[A-Za-z@]+\s*+=?\s*+{NAME}")
_WORD = re.compile(NAME)
_TEST = re.compile(rf"\\(?:ifx|ifdefined)[ \t]*(?:\\(?:@?undefined|relax)[ \t]*)?{NAME}")
_INTEGER = re.compile(r"[-+]?\d{1,9}")
_ENGINE = re.compile(
    r"pdf|XeTeX|luatex|LuaTeX|directlua|eTeX|U[a-z]|ptex|uptex|HCode|shell|tex|latex|[A-Z]", re.ASCII
)
"""Names that the engine, or LaTeX, may know though a paper does nothing but ask for them."""


class Meaning(NamedTuple):
    """What a control word is: a macro with its parameters and text, or another's command; `\\long` counts for `\\ifx`."""

    is_macro: bool
    text: str
    num_parameters: int = 0
    is_long: bool = False


UNDEFINED = Meaning(False, "")
_KNOWN = {
    "undefined": UNDEFINED,
    "@undefined": UNDEFINED,
    "relax": Meaning(False, "relax"),
    "empty": Meaning(True, ""),
    "@empty": Meaning(True, ""),
}


class GivenMeaning(NamedTuple):
    """A definition of a name that is asked for: where it begins and ends; `meaning` is None where it is not known."""

    start: int
    end: int
    name: str
    meaning: Meaning | None
    target: str | None
    """The other name of a `\\let`."""
    only_when_new: bool


class Meanings:
    """The meanings of control words, as definitions are fed in reading order."""

    def __init__(self, source: str, styles: Sequence[str]) -> None:
        self._source = Source(source)
        self._styles = styles
        self._style_words: frozenset[str] | None = None
        self.asked = {name for found in _ASKED.finditer(source) for name in found.groups() if name}
        if self.asked:
            self.asked |= set(_LET.findall(source))
        self._now: dict[str, Meaning | None] = {}
        self._later: dict[str, list[int]] = {}
        self._only_asked: frozenset[str] | None = None

    def definitions(self) -> Iterator[GivenMeaning]:
        """All definitions of names that conditions ask for, in order."""
        if not self.asked:
            return
        found = [*self._assignments()]
        for match in (*_DEFINITION.finditer(self._source), *_OTHER_DEFINITION.finditer(self._source)):
            name = match[match.lastindex or 1]
            if name not in self.asked:
                continue
            is_other = match.re is _OTHER_DEFINITION
            found.append(
                GivenMeaning(match.start(), match.end(), name, None, None, False)
                if is_other
                else self._given(match)
            )
        for given in sorted(found, key=lambda one: one.start):
            self._later.setdefault(given.name, []).append(given.start)
            yield given

    def _assignments(self) -> Iterator[GivenMeaning]:
        """Where count registers are set that conditions ask for, to a number or to what is not known; none that count."""
        counts = self.asked.intersection(_COUNT.findall(self._source))
        names = sorted(counts.difference(_CHANGED.findall(self._source))) if counts else []
        if not names:
            return
        use = re.compile(rf"\\({'|'.join(names)})(?![A-Za-z@])[ \t]*(=?)[ \t]*([-+]?\d{{1,9}}(?![\d.]))?")
        for match in use.finditer(self._source):
            before = self._source[max(0, match.start() - _MAX_BEFORE_CHARS) : match.start()]
            if (match[2] or match[3]) and _BEFORE_NUMBER.search(before) is None:
                meaning = Meaning(True, match[3]) if match[3] else None
                yield GivenMeaning(match.start(), match.end(), match[1], meaning, None, False)

    def _given(self, match: re.Match[str]) -> GivenMeaning:
        prefix, word, star, name = match[1] or "", match[2], match[3], match[4]
        control = CONTROL.match(self._source, match.start(2) - 1)
        found = None if control is None else parse_definition(self._source, control, {}, word)
        place = match.start(), match.end() if found is None else found.end
        if found is None or word in ("edef", "xdef") or "protected" in prefix:
            return GivenMeaning(*place, name, None, None, False)
        if word == "let":
            target = _LET.match(self._source, match.start(2) - 1)
            return GivenMeaning(*place, name, None, None if target is None else target[1], False)
        is_long = prefix.startswith("long") or (word.endswith("command") and not star)
        macro = found.macro
        meaning = Meaning(True, macro.body, len(macro.parameters), is_long)
        return GivenMeaning(*place, name, meaning, None, found.only_when_new)

    def take(self, given: GivenMeaning, is_sure: bool) -> None:
        """A definition is reached; `is_sure` where it counts from here on."""
        meaning = self.of(given.target) if given.target is not None else given.meaning
        if given.only_when_new and self.of(given.name) not in (None, UNDEFINED):
            return
        if given.only_when_new and given.name not in self._now and self._in_styles(given.name):
            meaning = None
        self._now[given.name] = meaning if is_sure else None

    def of(self, name: str) -> Meaning | None:
        """What a name means where the reading stands; None when that is not known."""
        if name in self._now:
            return self._now[name]
        if name in _KNOWN:
            return _KNOWN[name]
        return UNDEFINED if self._is_only_asked(name) else None

    def changes_after(self, name: str, place: int) -> bool:
        """Whether a name is defined behind a place: what stands in a definition is read later than it is written."""
        return self._later.get(name, [-1])[-1] > place

    def number(self, token: str) -> int | None:
        """The number that a token is, or that its macro is."""
        if token.startswith("\\"):
            meaning = self.of(token[1:])
            token = meaning.text.strip() if meaning is not None and meaning.is_macro else ""
        return int(token) if _INTEGER.fullmatch(token) else None

    def _is_only_asked(self, name: str) -> bool:
        """Whether a paper does nothing with a name but ask whether it is there."""
        if self._only_asked is None:
            words = Counter(_WORD.findall(self._source))
            tests = Counter(_TEST.findall(self._source))
            self._only_asked = frozenset(
                word
                for word, count in tests.items()
                if count == words[word] and "@" not in word and not _ENGINE.match(word)
            )
        return name in self._only_asked and not self._in_styles(name)

    def _in_styles(self, name: str) -> bool:
        if self._style_words is None:
            self._style_words = frozenset(word for style in self._styles for word in _WORD.findall(style))
        return name in self._style_words
