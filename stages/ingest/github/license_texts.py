"""A licence file's text in, the SPDX expression that it states out, told by its wording.

The texts of 35 licences come from `identify` (choosealicense.com's collection). A text holds a licence when 90% of
the licence's word pairs are in it; whatever else the text says must set no condition of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import unescape
from itertools import pairwise

from identify.vendor.licenses import LICENSES

UNKNOWN = "unknown"
MIN_CONTAINED = 0.90
MAX_LICENSE_BYTES = 256 << 10
MAX_NOTICE_WORDS = 150
"""A notice names a licence without its text (`Released under the MIT license.`)."""

PERMISSIVE = frozenset({"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"})

_COPYRIGHT_LINE = re.compile(
    r"^.{0,120}(?:copyright[ \t]+(?:\(c\)|©|\d{4}|\[|<)|\(c\)[ \t]*\d{4}|©|all rights reserved).{0,200}$",
    re.I | re.M,
)
_ADDRESS = re.compile(r"https?://[^\s<>()]+|\bwww\.[^\s<>()]+|[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+")
_LIST_NUMBER = re.compile(r"^[ \t>*#/;-]*\(?(?:\d{1,2}|[a-z])[.)][ \t]", re.I | re.M)
_TAG = re.compile(r"(?P<comment><!--)|(?P<hidden><(?:style|script)\b)|</?[a-z][^<>]*+>", re.I)
_COMMENT_END = re.compile("-->")
_HIDDEN_END = re.compile("</(?:style|script)>", re.I)
_ONE_TAG = re.compile(r"<[a-z][^<>]*+>", re.I)
_LOOKS_LIKE_HTML = re.compile(r"<(?:!doctype html|html|body|p|br|div|pre)\b", re.I)
_WORD = re.compile(r"[^\W_]+")
_TERMS_END = "end of terms and conditions"
_RIDERS = (
    ("shall be used for good not evil", "JSON"),
    ("commons clause", "Commons-Clause"),
    ("advertising materials mentioning", "BSD-4-Clause"),
    ("except as contained in this notice the name", "X11"),
    ("llvm exceptions to the apache 2 0 license", "Apache-2.0 WITH LLVM-exception"),
)
"""Short conditions that turn a permissive text, all but word for word, into another licence."""

_CONDITION = re.compile(
    r"\b(?:may not|must(?! appear in all)|shall not|cannot|not be|not permitted|not allowed|prohibited|forbidden"
    r"|restrict\w*|commercially|commercial use|military|gnu|[al]?gpl\w*|copyleft|creative commons|proprietary)\b"
)
_MORE_CONDITIONS = re.compile(
    r"\b(?:not?|but|only|except|unless|provided|ha(?:s|ve) to|needs?|requires?|required|requirement|buy|pays?|paid|payment"
    r"|fees?|pric(?:e|es|ing)|costs?|money|dollars?|euros?|customers?"
    r"|purchas\w*|subscri\w*|consent|approval|prior|compan(?:y|ies)|corporations?|organi[sz]ations? (?:with|of)"
    r"|employees|staff|revenue|turnover|profits?|training|trained?|machine learning|artificial|ai|llms?|datasets?|weapons?"
    r"|government\w*|ethic\w*|harm\w*|evil|compet\w+|hosted|saas|exclu\w+|revoked?|terminat\w+|expires?|ask(?:ed)?|however"
    r"|(?:personal|private|educational|academic|internal|research|evaluation|production) (?:use|purposes?)"
    r"|additional(?:ly)?|condition\w*|agree\w*)\b"
)
_HARMLESS = re.compile(
    r"\b(?:see|contributors?|authors?|maintainers?|bundl\w+|includ\w+|contains?|based on|derived? from|ports? of|portions"
    r"|parts of|third party|licensed (?:as|under (?:the )?(?:terms of )?(?:the )?(?:following|same|its|their|mit|bsd"
    r"|isc|apache|expat|zlib|boost|\d clause|new|simplified))\b"
    r"|follow(?:s|ing)|more information|for details|opensource org|spdx|fonts?"
    r"|icons?|documentation)\b"
)
"""What is said beside a licence without a condition: who wrote it, what else is there, where more is told."""
_HARMLESS_CLAUSE = re.compile(
    r"\b(?:neither )?(?:the )?names? of (?:\w+ ){1,20}?(?:may|must|shall|can) not be used to endorse or promote products"
    r" derived from this software without (?:specific )?prior written permission"
    r"(?: of \w+(?: \w+)? (?:author|holder|owner|company)s?)?\b"
    r"|\b(?:unless|except)(?: as| when| where)? otherwise (?:noted|stated|indicated|specified|mentioned)\b"
    r"|\bwithout (?:any )?fee\b"
)
"""Older wordings of BSD's third clause, and what leaves a licence as it is."""
_SENTENCE = re.compile(
    r"\b(?:is|are|be|can|will|would|may|us|owes?|stars?|voids?|disallow\w*|mandatory|obligatory|charged?|contact|free|others"
    r"|everybody|everyone|anyone|anybody|attribution|credits?|links? back|deploy\w*|individuals?|students?|commercial\w*"
    r"|darf|dürfen|nicht|nur|ohne|kein\w*|verboten|interdit\w*|sans|pas|uniquement|prohibid\w*|solo|sólo|sin|não|apenas"
    r"|proibid\w*|vietat\w*|non|nie|tylko|zabronion\w*|niet|alleen|verboden|только|запрещ\w*|нельзя|без|не)\b"
)
"""Words of sentences in front of a licence or behind it: names and titles have none."""
_STATES_THE_LICENCE = re.compile(
    r"\b(?:[a-z0-9]+ ){0,7}(?:is|are|was|has been) (?:(?:primarily|all|also) )?"
    r"(?:under (?:the )?(?:mit|isc|bsd|apache|expat)\b|(?:mit|isc|bsd|apache) licen[cs]ed\b"
    r"|(?:(?:free|open source) software )?(?:re)?(?:leased|licen[cs]ed|distributed|provided|made available"
    r"|covered|published)(?:$| (?:to you )?(?:under|by|with)\b)"
    r"(?: (?:the )?(?:terms of )?(?:the )?(?:following )?(?:open source )?"
    r"(?:mit|isc|bsd|apache|expat|\d+ clause|new|simplified)\b)?)"
)
_OTHER_SCRIPTS = re.compile(r"[^\W\d_a-zà-öø-ÿā-žѐ-ӿ]{8}")
"""A run of letters in a script without spaces, which is long enough to say something."""
_MAX_OTHER_LETTERS = 24
_OTHER_LETTER = re.compile(r"[Ͱ-῿⸀-\U0010ffff]")
_MAX_BEFORE, _MAX_WITHIN, _MAX_AFTER = 40, 15, 6
"""Words of a title or of names before a licence, of a holder's name within, of anything behind, that state nothing."""
_TERMS = re.compile(
    r"\b(?:licen[cs]\w*|copyright\w*|rights?|permi\w+|[al]?gpl\w*|gnu|public domain|proprietary|terms|redistribut\w*"
    r"|may not)\b"
)
_MAX_POINTER_WORDS = 40
_POINTER = re.compile(
    r"\b(?:see|refer to|read|found in|consult)\b.*\b(?:root|top|parent|main|repository|project|licen[cs]e\w*|copying)\b"
    r"|\bsame (?:licen[cs]e|terms)\b|^(?:licen[cs]e|copying|unlicense)(?: (?:md|txt))?$"
)
_NON_COMMERCIAL = re.compile(r"\bnon ?commercial")
_CHOICE = re.compile(r"\b(?:dual|either|at your option|your choice|one of the following|triple)\b")
_NOTICES = (
    ("Apache-2.0", re.compile(r"\bapache (?:software )?(?:licen[cs]e )?(?:version )?v?2(?: 0)?\b")),
    ("BSD-2-Clause", re.compile(r"\b(?:bsd 2 clause|2 clause bsd|simplified bsd|freebsd licen[cs]e)\b")),
    ("BSD-3-Clause", re.compile(r"\b(?:bsd 3 clause|3 clause bsd|(?:new|revised|modified) bsd)\b")),
    ("MIT", re.compile(r"\bmit\b(?! 0\b)")),
)


@dataclass(frozen=True, eq=False)
class Reference:
    """A known licence: its word pairs, and those of its terms without the advice on how to apply them."""

    name: str
    pairs: frozenset[tuple[str, str]]
    terms: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Beside:
    """Words of a text that follow one another in no known licence; `own` are those that stand in no pair of one."""

    words: list[str]
    own: list[str]

    @property
    def text(self) -> str:
        """The words, none where there is but one of a licence."""
        return " ".join(self.words) if self.own or len(self.words) > 1 else ""


def expression_of_text(text: str) -> str:
    """The SPDX expression that one licence file's wording states; `unknown` when it is no known licence."""
    words = license_words(text)
    held = _held(frozenset(pairwise(words)))
    if not held:
        return _notice(_WORD.findall(text[:MAX_LICENSE_BYTES].lower()))
    names = [reference.name for reference in held]
    plain = " ".join(words)
    if PERMISSIVE.intersection(names):
        if riders := [name for phrase, name in _RIDERS if phrase in plain]:
            return riders[0]
        rest = _rest(words, held)
        beside = " | ".join(stretch.text for stretch in rest)
        if _NON_COMMERCIAL.search(beside):
            names.append("non-commercial")
        elif names[0] in PERMISSIVE and _may_set_conditions(rest):
            names.append(UNKNOWN)
        elif _CHOICE.search(beside):
            return " OR ".join(sorted(names))
    return " AND ".join(sorted(names))


def license_words(text: str) -> list[str]:
    """The words of a licence, in lowercase: no mark-up, no copyright lines, no numbers of list items."""
    body = text[:MAX_LICENSE_BYTES]
    if _LOOKS_LIKE_HTML.search(body, 0, 4096):
        body = unescape(_without_tags(body))
    body = _LIST_NUMBER.sub(" ", _ADDRESS.sub(" ", _COPYRIGHT_LINE.sub("", body)))
    return _WORD.findall(_HARMLESS_CLAUSE.sub(" ", " ".join(_WORD.findall(body.lower()))))


def _without_tags(html: str) -> str:
    """A line end for each tag, comment, style and script; what never ends is looked for once."""
    pieces: list[str] = []
    position = at = 0
    ends: dict[re.Pattern[str], bool] = {}
    while (match := _TAG.search(html, at)) is not None:
        at = match.end()
        closing = _COMMENT_END if match["comment"] else _HIDDEN_END if match["hidden"] else None
        if closing is not None:
            found = closing.search(html, at) if ends.get(closing, True) else None
            ends[closing] = found is not None
            if found is None:
                found = _ONE_TAG.match(html, match.start())
            if found is None:
                continue
            at = found.end()
        pieces += [html[position : match.start()], "\n"]
        position = at
    return "".join([*pieces, html[position:]])


def states_a_choice(text: str) -> bool:
    """Whether a text says that one may choose among licences."""
    return _CHOICE.search(" ".join(license_words(text))) is not None


def is_short_notice(text: str) -> bool:
    """Whether a text is too short to be a licence and sets no condition: a remark beside the licence."""
    words = license_words(text)
    return len(words) <= MAX_NOTICE_WORDS and not re.search(r"\b(?:may not|must|shall)\b", " ".join(words))


def states_terms(text: str) -> bool:
    """Whether a text speaks of rights, and says more than where the licence is told."""
    words = _WORD.findall(text[:MAX_LICENSE_BYTES].lower())
    plain = " ".join(words)
    if len(words) <= _MAX_POINTER_WORDS and _POINTER.search(plain):
        return False
    return _TERMS.search(plain) is not None


def _held(pairs: frozenset[tuple[str, str]]) -> list[Reference]:
    """The licences whose terms the text holds, the closest (by Dice) first; none that only repeats a larger one's words."""
    shared = {r: len(pairs & r.terms) for r in references()}
    close = [r for r, number in shared.items() if number >= MIN_CONTAINED * len(r.terms)]
    close.sort(key=lambda r: (-shared[r] / (len(pairs) + len(r.terms)), r.name))
    held: list[Reference] = []
    seen: frozenset[tuple[str, str]] = frozenset()
    for reference in close:
        own = reference.terms - seen
        if len(own) >= len(reference.terms) / 2 and len(pairs & own) >= MIN_CONTAINED * len(own):
            held.append(reference)
            seen |= reference.pairs
    return held


def _rest(words: Sequence[str], held: Sequence[Reference]) -> list[Beside]:
    """What the text says beside the licences that it holds: runs of words in which no pair is theirs."""
    known = frozenset[tuple[str, str]]().union(*(reference.pairs for reference in held))
    joints = [False, *(pair in known for pair in pairwise(words)), False]
    rest: list[Beside] = [Beside([], [])]
    for at, word in enumerate(words):
        is_theirs = joints[at] or joints[at + 1]
        if joints[at]:
            rest.append(Beside([word], []))
            continue
        rest[-1].words.append(word)
        if not is_theirs:
            rest[-1].own.append(word)
    return rest


def _may_set_conditions(rest: Sequence[Beside]) -> bool:
    """Whether what a text says beside its licences may change them: what is not known to be harmless does."""
    for place, words in enumerate(rest):
        own, stretch = " ".join(words.own), words.text
        if _CONDITION.search(own) or _MORE_CONDITIONS.search(own) or _in_another_script(own):
            return True
        is_apart = place in (0, len(rest) - 1) or len(words.words) > _MAX_AFTER
        if (
            is_apart
            and not _HARMLESS.search(stretch)
            and _SENTENCE.search(_STATES_THE_LICENCE.sub(" ", stretch))
        ):
            return True
        most = _MAX_BEFORE if place == 0 else _MAX_AFTER if place == len(rest) - 1 else _MAX_WITHIN
        if len(words.words) > most and not _HARMLESS.search(stretch):
            return True
    return False


def _in_another_script(stretch: str) -> bool:
    """Whether it says something in letters that no list of words here is written in: a condition, for all one knows."""
    if _OTHER_SCRIPTS.search(stretch) is not None:
        return True
    return len(_OTHER_LETTER.findall(stretch)) > _MAX_OTHER_LETTERS


def _notice(words: Sequence[str]) -> str:
    """The licence that a few words name; `unknown` when they name another one too, or set conditions."""
    plain = " ".join(words)
    if len(words) > MAX_NOTICE_WORDS or re.search(r"\b(?:gnu|[al]?gpl\w*|mpl|mozilla|commercial)\b", plain):
        return UNKNOWN
    names = [name for name, pattern in _NOTICES if pattern.search(plain)]
    if len(names) > 1 and not _CHOICE.search(plain) and " or " not in plain:
        return " AND ".join(names)
    return " OR ".join(names) or UNKNOWN


@cache
def references() -> tuple[Reference, ...]:
    """The known licences."""
    found = []
    for name, text in LICENSES:
        words = license_words(text)
        plain = " ".join(words)
        terms = plain.partition(_TERMS_END)[0].split() if _TERMS_END in plain else words
        found.append(Reference(name, frozenset(pairwise(words)), frozenset(pairwise(terms))))
    return tuple(found)
