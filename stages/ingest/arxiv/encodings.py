r"""The main file of a paper in, the label of the encoding that it declares for all its files out."""

from __future__ import annotations

import re

_COMMENT = re.compile(rb"(?<!\\)((?:\\\\)*+)%[^\r\n]*")
_PACKAGE = re.compile(
    rb"\\(?:usepackage|RequirePackage(?:WithOptions)?)\s*+(?:\[([^\]]{0,5000}+)\]\s*+)?\{\s*+([^{}]*+)\}"
    rb"|\\(inputencoding)\s*+\{\s*+([\w-]++)\s*+\}"
)
_CLASS_OPTIONS = re.compile(rb"\\document(?:class|style)\s*+\[([^\]]{0,5000}+)\]")
_CJK = re.compile(rb"\\begin\s*+\{CJK\*?\}\s*+(?:\[[^\]]{0,100}+\]\s*+)?\{(\w++)\}")
_PACKAGES = frozenset({"inputenc", "inputenx"})
_WORDS = (b"inputen", b"CJK")
"""One of these is in every source that declares an encoding."""

_LABELS = {
    "latin1": "iso-8859-1",
    "latin2": "iso-8859-2",
    "latin3": "iso-8859-3",
    "latin4": "iso-8859-4",
    "latin5": "iso-8859-9",
    "latin9": "iso-8859-15",
    "latin10": "iso-8859-16",
    "ansinew": "windows-1252",
    "applemac": "macintosh",
    "macce": "mac-centraleurope",
    "maccyr": "x-mac-cyrillic",
    "macukr": "x-mac-ukrainian",
    "koi8-r": "koi8-r",
    "koi8-u": "koi8-u",
    "koi8-ru": "koi8-u",
    "utf8": "utf-8",
    "utf8x": "utf-8",
    "cp437de": "cp437",
    "cp866av": "cp866",
    "iso88595": "iso-8859-5",
    "iso-8859-5": "iso-8859-5",
    "iso-8859-7": "iso-8859-7",
} | {
    f"cp{n}": f"cp{n}"
    for n in (437, 850, 852, 855, 858, 865, 866, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257)
}
"""inputenc's own names (its manual, section 2, and those of Cyrillic, T2) and the web's."""
_CJK_LABELS = {
    "bg5": "big5",
    "big5": "big5",
    "gb": "gb2312",
    "gbk": "gbk",
    "jis": "euc-jp",
    "sjis": "shift_jis",
    "ks": "euc-kr",
    "utf8": "utf-8",
}
"""Encodings that the package CJK names in its environment."""


def declared_encoding(main: bytes) -> str | None:
    """The label of the last inputenc that a main file loads outside of comments, else of its CJK environment.

    Options are a list, whose last encoding counts; without any, those of the document's class hold.
    """
    if not any(word in main for word in _WORDS):
        return None
    source = _COMMENT.sub(rb"\1", main)
    label: str | None = None
    for match in _PACKAGE.finditer(source.partition(b"\\begin{document}")[0]):
        if match[3]:
            label = _label(match[4]) or label
        elif _PACKAGES.intersection(name.strip().decode("latin-1") for name in match[2].split(b",")):
            options = match[1]
            if options is None and (of_class := _CLASS_OPTIONS.search(source)):
                options = of_class[1]
            label = _label(options or b"") or label
    if label is None and (cjk := _CJK.search(source)):
        label = _CJK_LABELS.get(cjk[1].decode("latin-1").lower())
    return label


def _label(options: bytes) -> str | None:
    """The label of the last option that names an encoding."""
    found = [_LABELS.get(option.strip().decode("latin-1").lower()) for option in options.split(b",")]
    return next((label for label in reversed(found) if label), None)
