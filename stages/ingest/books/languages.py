"""The language that a book's header or package names in, its ISO 639 code out."""

from __future__ import annotations

import re

_CODES = (
    "afrikaans:af aleut:ale arabic:ar aramaic:arc basque:eu bulgarian:bg breton:br caló:rmq "
    "catalan:ca cebuano:ceb chinese:zh czech:cs danish:da dutch:nl english:en esperanto:eo "
    "estonian:et farsi:fa persian:fa finnish:fi flemish:nl french:fr frisian:fy friulian:fur "
    "gaelic:gd galician:gl gascon:oc german:de greek:el hebrew:he hungarian:hu icelandic:is iloko:ilo "
    "interlingua:ia inuktitut:iu irish:ga italian:it japanese:ja kashubian:csb korean:ko latin:la "
    "lithuanian:lt maori:mi middle:enm nahuatl:nah napoletano:nap neapolitan:nap navajo:nv "
    "norwegian:no occitan:oc ojibwa:oj ojibwe:oj old:ang polish:pl portuguese:pt romanian:ro "
    "russian:ru sanskrit:sa scots:sco serbian:sr slovak:sk slovenian:sl slovene:sl spanish:es "
    "castilian:es swedish:sv tagalog:tl telugu:te turkish:tr ukrainian:uk croatian:hr welsh:cy "
    "yiddish:yi"
)
CODE_BY_NAME = dict(pair.split(":") for pair in _CODES.split())
_LONG_CODES = (
    "bul:bg cat:ca cze:cs ces:cs dan:da ger:de deu:de eng:en spa:es fre:fr fra:fr hrv:hr hun:hu ita:it dut:nl nld:nl "
    "pol:pl por:pt rum:ro ron:ro rus:ru slv:sl srp:sr swe:sv ukr:uk gre:el ell:el fin:fi nor:no lat:la jpn:ja chi:zh "
    "zho:zh ara:ar heb:he tur:tr"
)
CODE_BY_LONG_CODE = dict(pair.split(":") for pair in _LONG_CODES.split())
_TAG = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9-_]+)?", re.IGNORECASE)
_NO_LANGUAGE = frozenset(("und", "mul", "zxx", "mis"))
_WORD = re.compile(r"[^\W\d_]+")


def language_code(name: str) -> str | None:
    """ISO 639 code of the first language that `name` names, in any case; None when it names none we know.

    `English`, `FRENCH`, `German and English`, `pt`, `Greek, Ancient` and `Middle English` are all understood.
    """
    words = [word.lower() for word in _WORD.findall(name)]
    for word in words:
        if word in CODE_BY_NAME:
            return CODE_BY_NAME[word]
    codes = set(CODE_BY_NAME.values())
    return words[0] if words and words[0] in codes else None


def language_of_tag(tag: str) -> str | None:
    """ISO 639 code of a language tag (`en-US`, `pt_BR`, `ger`), or of a name as `language_code` has it."""
    match = _TAG.fullmatch(tag.strip())
    if match is None:
        return language_code(tag)
    code = match[1].lower()
    return None if code in _NO_LANGUAGE else CODE_BY_LONG_CODE.get(code, code)
