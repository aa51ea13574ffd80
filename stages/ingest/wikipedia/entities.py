"""HTML entities of wikitext in, their characters out, each decoded exactly once."""

from __future__ import annotations

import re
from html.entities import html5

_ENTITY = re.compile(r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z][a-zA-Z0-9]{1,31}));")


def decode_entities(text: str) -> str:
    """Decode `&name;` and `&#number;` once: `&amp;lt;` becomes `&lt;`. `AT&T` is text."""
    return _ENTITY.sub(_character, text) if "&" in text else text


def _character(found: re.Match[str]) -> str:
    decimal, hexadecimal, name = found.groups()
    if name is not None:
        return html5.get(name + ";", found[0])
    code = int(decimal) if decimal else int(hexadecimal, 16)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF or (code < 32 and code not in (9, 10)):
        return ""
    return chr(code)
