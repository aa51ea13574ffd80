"""Names of HTML elements in, what each is to a parser out: flags by the hash of the name, in lower case."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stages.kernels.compiled import kernel

VOID, RAW, FORMATTING, SPECIAL, SCOPE, CLOSES_P, MARKER, FOREIGN, POINT, BREAKOUT, TABLE_PART, CELL = (
    1 << bit for bit in range(12)
)
"""No content; content that is no markup; reopened in the next block; ends the search for an end tag's element, any
or a block's; ends a paragraph; forgets formatting at its end; <svg> and <math>; in them, holds HTML; ends them;
belongs to a table; holds a table's text."""
ITEM, OPTION, ROOT, HEADING, SINGLE, IMPLIED, RUBY, ROWS = (1 << bit for bit in range(12, 20))
"""<li>, <dd>, <dt>; in a <select>; merged into one; <h1> to <h6>; <a>, <nobr>, <button>, of which none stands in
another; ended by what follows; <rt> and its like; <tbody>, <thead>, <tfoot>."""

TABLE_SIZE = 1024
_FNV_START, _FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3

_WORDS = {
    VOID: "area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr",
    RAW: "script style textarea title xmp iframe noembed noframes plaintext",
    FORMATTING: "a b big code em font i nobr s small strike strong tt u",
    SCOPE: "applet caption html marquee object table td template th",
    MARKER: "applet caption marquee object td template th",
    CLOSES_P: "address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer "
    "header hgroup hr main menu nav ol p pre listing search section summary ul h1 h2 h3 h4 h5 h6 form xmp plaintext",
    FOREIGN: "svg math",
    POINT: "foreignobject desc title mi mo mn ms mtext annotation-xml",
    BREAKOUT: "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing "
    "menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var",
    TABLE_PART: "caption colgroup col tbody thead tfoot tr td th",
    CELL: "td th caption",
    ITEM: "li dd dt",
    OPTION: "option optgroup",
    ROOT: "html head body",
    HEADING: "h1 h2 h3 h4 h5 h6",
    SINGLE: "a nobr button",
    IMPLIED: "dd dt li optgroup option p rb rp rt rtc",
    RUBY: "rb rp rt rtc",
    ROWS: "tbody thead tfoot",
    SPECIAL: "address applet area article aside base basefont bgsound blockquote body br button caption center col "
    "colgroup dd details dir div dl dt embed fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 "
    "head header hgroup hr html iframe img input keygen li link listing main marquee menu meta nav noembed noframes "
    "noscript object ol p param plaintext pre script search section select source style summary table tbody td "
    "template textarea tfoot th thead title tr track ul wbr xmp",
}


class ElementKinds(NamedTuple):
    """A table by hash with open addressing: keys (0: free), and the flags of each."""

    keys: npt.NDArray[np.int64]
    flags: npt.NDArray[np.int64]


def name_hash(name: str) -> int:
    """FNV-1a of a name, which the kernel makes of a tag's bytes too."""
    value = _FNV_START
    for byte in name.encode():
        value = ((value ^ byte) * _FNV_PRIME) & 0xFFFFFFFFFFFFFFFF
    return value - (1 << 64) if value >> 63 else value


@cache
def element_kinds() -> ElementKinds:
    """The table of all names that a parser knows."""
    flags: dict[str, int] = {}
    for flag, words in _WORDS.items():
        for name in words.split():
            flags[name] = flags.get(name, 0) | flag
    for name in ("select", "ruby", "noscript", "frameset", "a", "p", "form", "button"):
        flags.setdefault(name, 0)
    return kind_table(flags)


def kind_table(flags: Mapping[str, int]) -> ElementKinds:
    """The table of the flags of names, of which there are far fewer than TABLE_SIZE."""
    kinds = ElementKinds(np.zeros(TABLE_SIZE, np.int64), np.zeros(TABLE_SIZE, np.int64))
    for name in sorted(flags):
        place = name_hash(name) % TABLE_SIZE
        while kinds.keys[place] not in (0, name_hash(name)):
            place = (place + 1) % TABLE_SIZE
        kinds.keys[place], kinds.flags[place] = name_hash(name), flags[name]
    for column in kinds:
        column.flags.writeable = False
    return kinds


@kernel
def element_flags(kinds, name):  # type: ignore[no-untyped-def]
    """(flags, whether the name is known) of a name's hash."""
    mask = len(kinds.keys) - 1
    place = name & mask
    while kinds.keys[place] != 0:
        if kinds.keys[place] == name:
            return kinds.flags[place], True
        place = (place + 1) & mask
    return 0, False
