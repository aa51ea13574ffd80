"""A parser function of MediaWiki (`{{#if:..}}`, `{{#expr:..}}`) and its values in, its text out.

https://www.mediawiki.org/wiki/Help:Extension:ParserFunctions
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable

from stages.ingest.wikipedia.marks import GONE, NO_NUMBER
from stages.ingest.wikipedia.template_values import Values

PARSER_FUNCTION = re.compile(r"#(if|ifeq|switch|expr|ifexpr):(.*)", re.DOTALL | re.IGNORECASE)
"""Name and first value of those that are computed here."""

_TOKEN = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+|<=|>=|<>|!=|[-+−*/^()<>=]|round\b|mod\b|div\b)", re.IGNORECASE)
_MAX_TOKENS = 64
_Operation = tuple[int, Callable[[float, float], float]]


def _rounded(number: float, digits: float) -> float:
    """Half away from zero, as PHP rounds."""
    scale = 10.0 ** max(min(int(digits), 15), -15)
    return math.copysign(math.floor(abs(number) * scale + 0.5) / scale, number)


_OPERATIONS: dict[str, _Operation] = {
    "=": (1, lambda left, right: float(left == right)),
    "<>": (1, lambda left, right: float(left != right)),
    "!=": (1, lambda left, right: float(left != right)),
    "<": (1, lambda left, right: float(left < right)),
    ">": (1, lambda left, right: float(left > right)),
    "<=": (1, lambda left, right: float(left <= right)),
    ">=": (1, lambda left, right: float(left >= right)),
    "round": (2, _rounded),
    "+": (3, operator.add),
    "-": (3, operator.sub),
    "*": (4, operator.mul),
    "/": (4, operator.truediv),
    "div": (4, operator.truediv),
    "mod": (4, lambda left, right: math.fmod(int(left), int(right))),
    "^": (5, lambda left, right: left**right if abs(right) < 100 else math.nan),
}
"""How tightly each binds, and what it does."""


def calculated(text: str) -> str | None:
    """The value of an expression as MediaWiki writes it, None for what is none, or is too long to be believed."""
    tokens: list[str] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or len(tokens) >= _MAX_TOKENS:
            return None
        tokens.append(found[1].lower().replace("−", "-"))
        at = found.end()
    try:
        value = _operated(tokens, 0)
        if tokens or not isinstance(value, float) or not math.isfinite(value):
            return None
    except (IndexError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return f"{value:.12g}" if abs(value) < 1e12 else None


def _operated(tokens: list[str], least: int) -> float:
    """The value of the tokens up to an operation that binds less than `least`; they are taken from the list."""
    token = tokens.pop(0)
    if token == "(":
        value = _operated(tokens, 0)
        if tokens.pop(0) != ")":
            raise ValueError(token)
    elif token in ("-", "+"):
        value = _operated(tokens, 5)
        value = -value if token == "-" else value
    else:
        value = float(token)
    while tokens and tokens[0] in _OPERATIONS and _OPERATIONS[tokens[0]][0] > least:
        strength, operation = _OPERATIONS[tokens.pop(0)]
        value = operation(value, _operated(tokens, strength))
    return value


def parser_function_text(function: str, argument: str, values: Values) -> str:
    """The text of `{{#function:argument|values}}`."""
    argument = argument.replace(GONE, "").strip()
    if function == "expr":
        value = calculated(argument)
        return NO_NUMBER if value is None and argument else value or ""
    if function == "if":
        return values.get("1" if argument else "2", "")
    if function == "ifeq":
        return values.get("2" if _equal(argument, values.get("1", "")) else "3", "")
    if function == "ifexpr":
        return values.get("1" if calculated(argument) not in (None, "0") else "2", "")
    return _switched(argument, values)


def _equal(left: str, right: str) -> bool:
    right = right.replace(GONE, "").strip()
    numbers = calculated(left), calculated(right)
    return left == right or (numbers[0] is not None and numbers[0] == numbers[1])


def _switched(argument: str, values: Values) -> str:
    """`{{#switch:b|a|b=one|#default=two}}`: cases without a text have that of the next that has one."""
    is_next = False
    default = ""
    for key, value in values.items():
        if key.isdecimal():
            is_next = is_next or _equal(argument, value)
            default = value
        elif is_next or _equal(argument, key):
            return value
        elif key == "#default":
            default = value
    return values.get("#default", default)
