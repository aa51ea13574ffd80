"""A template that no rule knows in, what of it reads as text or numbers out; and whether it stands inside a sentence.

A template alone in its line is a box or a notice and goes. Inside a sentence its values without names are words of it
far more often than not: `{{foo|12|km}}` stays as 12 km.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from stages.ingest.wikipedia.marks import GONE, INDENT, RAW_CLOSE, RAW_OPEN
from stages.ingest.wikipedia.template_values import parted

_MAX_SHOWN_VALUES = 6
"""A template with more is a list, a chart or a family tree."""

_MAX_VALUE_CHARS = 300
_LOOK_BEHIND_CHARS = 300
_LOOK_BACK_PIECES = 12
_WORD = re.compile(r"[^\W_]")
_RAW_MARK = re.compile(f"{RAW_OPEN}\\d+{RAW_CLOSE}")
_NOTE_PLACE = frozenset(f".,;:!?»”“\"'…。、)）]{GONE}")
"""What a note stands behind without a space."""

_OPENING = frozenset("([„«–—-/")
"""What italics open behind, beside a space."""

_ELIDED = re.compile(r"(?<![\w'])[^\W\d_]{1,6}'\Z")
"""`l'`, `dell'`, `qu'`."""

_WORDS_BEHIND = re.compile(
    r"(?:<ref[^<>]{0,200}/>|<ref[^<>]{0,200}>[^<]{0,200}</ref>|</?[a-z][^<>]{0,100}>|\{\{[^{}\n]{0,200}\}\}"
    r"|[^\w\n<{|}])*+[^\W_]"
)
_SENTENCE_END = re.compile(r"[.,;:!?)）。、»”]")
_BOX_NAME = re.compile(
    r"box|icon|flag|vlag|bandera|bandeira|bandiera|drapeau|drapel|застав|прапор|флаг|знаме|знамеикона|zastav|vlajk|lippu"
    r"|note\b|refn?\b|\bref\b|cite|cita\b|fußnote|примеч|бележк|napom|harv|sfn|ISBN|issn|doi\b|audio|sound|ipa\b|commons"
    r"|portal|stub|navigation|sort|anchor|cn\b|fact\b|citation|source|quelle|image|picture|file\b|bild\b|coord|map\b"
    r"|dead|webarchive|archive|update|clarif|\bwho\b|\bwhen\b|\bwhich\b|verif|dubious|inline|disputed|chart|legend|\bclear",
    re.IGNORECASE,
)
"""Names of what shows no words of a sentence: pictures, notes, notices, lists of sources."""

_NO_TEXT = re.compile(
    r"[^\W\d_]|#[0-9a-f]{3,8}|[pq]\d+|\d+px|left|right|center|centre|none|yes|no|on|off|ja|oui|si|sì|sí|да|так|ano|tak|sim|nee|ne"
    r"|.*(?://|www\.|\.(?:jpe?g|png|svg|gif|ogg|oga|ogv|webm|wav|mp3|pdf|html?)\b|[{}<>\[\]\n]).*",
    re.IGNORECASE | re.DOTALL,
)
"""A value that is no text: a lone letter, a colour, a number of Wikidata, a choice of layout, an address, a file."""

_LANGUAGES = frozenset(
    "af ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gl grc he hi hr hu hy id is it ja ka kk ko ku la lb lt"
    " lv mk mn ms mul nb nl nn no oc pl pt ro ru sa sh sk sl sq sr sv sw ta te th tr uk ur uz vi yi zh ger eng fra deu ita"
    " spa rus pol lat".split()
)

_UNITS = frozenset(
    "km m cm mm kg mg ha nm hp mi ft in lb oz yd mph kn gal rpm dm hl ml cl kw mw gw kj mj ev mev gev hz khz mhz ghz pa kpa"
    " kv ma ah kcal min mio mld bn mil tis md usd eur gbp chf sek dkk nok pln czk huf rub uah kč zł kr ft ad bc am pm".split()
)


def shape_text(inner: str) -> str:
    """What stays of `{{inner}}` inside a sentence: its values without names that read as text or numbers."""
    name, values = parted(inner)
    if _BOX_NAME.search(name) or name.startswith("#") or ":" in name:
        return ""
    texts = [value for key, value in values.items() if key.isdigit() and value.strip(GONE)]
    if len(texts) > _MAX_SHOWN_VALUES:
        return ""
    has_number = any(text[:1].isdigit() for text in texts)
    shown: list[str] = []
    for text in texts:
        if _reads_as_text(text, has_number) and text not in shown:
            shown.append(text)
    return " ".join(shown)


def _reads_as_text(value: str, beside_number: bool) -> bool:
    bare = _RAW_MARK.sub("x", value).strip(f"{GONE}{INDENT} '")
    if len(bare) > _MAX_VALUE_CHARS or _WORD.search(bare) is None:
        return False
    if beside_number and (bare.lower() in _UNITS or len(bare) == 1):
        return True
    return bare not in _LANGUAGES and _NO_TEXT.fullmatch(bare) is None


def apart_from_digits(text: str, out: Sequence[str], behind: str) -> str:
    """`text` with a space where its digits would grow together with those of the text before or behind it.

    What joins them is not known: `2{{times|5}}` is not 25.
    """
    before = out[-1][-1:] if out else ""
    text = f" {text}" if before.isdigit() and text[:1].isdigit() else text
    return f"{text} " if behind.isdigit() and text[-1:].isdigit() else text


def _opens_words(before: str) -> bool:
    """Whether the `'` at the end of a text stands before words: marks of italics that open, an elided article (`l'`)."""
    bare = before.rstrip("'")
    if len(before) - len(bare) > 1:
        return bare[-1:].isspace() or bare[-1:] in _OPENING
    return _ELIDED.search(before) is not None


def has_words_before(out: Sequence[str]) -> bool:
    """Whether words stand in the line before what comes next, and not as before a note, in the pieces of a text."""
    last = out[-1] if out else ""
    if not last or last[-1] == "\n":
        return False
    if last[-1] in _NOTE_PLACE and not (
        last[-1] == "'" and _opens_words("".join(out[-_LOOK_BACK_PIECES:])[-_LOOK_BEHIND_CHARS:])
    ):
        return False
    for piece in reversed(out[-_LOOK_BACK_PIECES:]):
        line = piece[-_LOOK_BEHIND_CHARS:]
        at = line.rfind("\n")
        if _WORD.search(line, at + 1) is not None:
            return True
        if at >= 0:
            return False
    return False


def has_words_behind(wikitext: str, end: int) -> bool:
    """Whether a sentence goes on behind `end`: words in the line, or the sign that ends it."""
    if _WORDS_BEHIND.match(wikitext, end, end + _LOOK_BEHIND_CHARS) is not None:
        return True
    return _SENTENCE_END.match(wikitext, end) is not None
