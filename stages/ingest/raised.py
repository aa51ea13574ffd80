"""The text of a <sup> or <sub> in, the same as plain text out: `10<sup>6</sup>` is 10⁶, `x<sup>k</sup>` is x^k."""

from __future__ import annotations

import re

MAX_SCRIPT_CHARS = 12
"""A longer <sup> or <sub> is small print."""

_RAISED = str.maketrans("0123456789+-−=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ")
_LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_RAISED_WHOLE = re.compile(r"[0-9+\-−=()ni]+").fullmatch
_LOWERED_WHOLE = re.compile(r"[0-9+\-−=()]+").fullmatch
_EXPRESSION = re.compile(r"[^\W_]*\d[\w+\-−*/.,]*|[A-Zb-dfj-mpqt-z]|[A-Za-z][+\-−*/][\w+\-−*/]+").fullmatch
"""An expression that Unicode cannot raise. Words (`th`, `TM`) and the letters of ordinals (1er, 1a, nº) are none."""


def as_script(text: str, tag: str) -> str | None:
    """A raised (`sup`) or lowered (`sub`) text as plain text; None for notes, ordinals and words, which stay as they are."""
    if len(text) > MAX_SCRIPT_CHARS or text in ("(", ")", "()"):  # a part of more
        return None
    if tag == "sup" and _RAISED_WHOLE(text):
        return text.translate(_RAISED)
    if tag == "sub" and _LOWERED_WHOLE(text):
        return text.translate(_LOWERED)
    if _EXPRESSION(text):
        return ("^" if tag == "sup" else "_") + (text if len(text) == 1 else f"({text})")
    return None
