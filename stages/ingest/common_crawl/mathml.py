"""A formula of presentation MathML in, one line of plain text out: `<mfrac>` as a/b, `<msup>` as x², `<msqrt>` as √(x).

For formulas that carry no TeX; without it their text has neither bars nor raised digits: 1/2 would be 12.
"""

from __future__ import annotations

from typing import Any

from stages.ingest.raised import as_script

MAX_DEPTH = 100
"""Of elements in a formula; what lies deeper is its bare text."""

STRUCTURES = "mfrac, msup, msub, msubsup, munder, mover, munderover, msqrt, mroot, mtable, mfenced"
"""A formula without any of these is its text as it stands."""

_NO_TEXT = ("annotation", "annotation-xml", "mphantom")


def math_text(element: Any, depth: int = 0) -> str:
    """The text of an element of MathML and of those in it."""
    tag = element.tag
    if tag in _NO_TEXT:
        return ""
    child = element.first_element_child
    if child is None or depth >= MAX_DEPTH:
        return " ".join((element.text or "").split())
    parts = []
    while child is not None:
        parts.append(math_text(child, depth + 1))
        child = child.next_element_sibling
    return _written(tag, parts)


def _written(tag: str, parts: list[str]) -> str:
    """The text of an element of whose children these are the texts; one that lacks children is these in a row."""
    first, second, third = [*parts, "", "", ""][:3]
    if tag == "mfrac" and len(parts) == 2:
        return f"{_whole(first)}/{_whole(second)}"
    if tag in ("msup", "msub") and len(parts) == 2:
        return first + _script(second, tag[1:])
    if tag == "msubsup" and len(parts) == 3:
        return first + _script(second, "sub") + _script(third, "sup")
    if tag == "munder" and len(parts) == 2:
        return first + _script(second, "sub")
    if tag == "munderover" and len(parts) == 3:
        return first + _script(second, "sub") + _script(third, "sup")
    if tag == "msqrt":
        return f"√{_whole(''.join(parts))}"
    if tag == "mroot" and len(parts) == 2:
        return f"{as_script(second, 'sup') or second}√{_whole(first)}"
    if tag == "mtable":
        return f"[{'; '.join(parts)}]"
    if tag == "mtr":
        return ", ".join(parts)
    if tag == "mfenced":
        return f"({', '.join(parts)})"
    return "".join(parts)


def _whole(text: str) -> str:
    return text if text.isalnum() or not text else f"({text})"


def _script(text: str, tag: str) -> str:
    """What is raised or lowered: in Unicode's characters, or behind a sign."""
    if not text:
        return ""
    written = as_script(text, tag)
    if written is not None:
        return written
    return ("^" if tag == "sup" else "_") + (text if len(text) == 1 else f"({text})")
