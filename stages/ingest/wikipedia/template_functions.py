"""A parser function of MediaWiki (`{{#if:..}}`, `{{#expr:..}}`) and its values in, its text out.

https://www.mediawiki.org/wiki/Help:Extension:ParserFunctions
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable

from stages.ingest.wikipedia.marks import GONE, NO_NUMBER
from stages.ingest.wikipedia.tags import tag_text
from stages.ingest.wikipedia.template_values import Values

PARSER_FUNCTION = re.compile(
    r"#(if|ifeq|ifexist|switch|expr|ifexpr|iferror|titleparts|tag):(.*)", re.DOTALL | re.IGNORECASE
)
"""Name and first value of those that are computed here."""

_TOKEN = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+|<=|>=|<>|!=|[-+−*/^()<>=]|[a-z]+)", re.IGNORECASE)
_NUMERIC = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_MAX_TOKENS = 64
_PHP_DIGITS = 14
_Operation = tuple[int, Callable[[float, float], float]]


def _rounded(number: float, digits: float) -> float:
    """Half away from zero, as PHP rounds."""
    scale = 10.0 ** max(min(int(digits), 15), -15)
    return math.copysign(math.floor(abs(number) * scale + 0.5) / scale, number)


_OPERATIONS: dict[str, _Operation] = {
    "or": (1, lambda left, right: float(bool(left) or bool(right))),
    "and": (2, lambda left, right: float(bool(left) and bool(right))),
    "=": (3, lambda left, right: float(left == right)),
    "<>": (3, lambda left, right: float(left != right)),
    "!=": (3, lambda left, right: float(left != right)),
    "<": (3, lambda left, right: float(left < right)),
    ">": (3, lambda left, right: float(left > right)),
    "<=": (3, lambda left, right: float(left <= right)),
    ">=": (3, lambda left, right: float(left >= right)),
    "round": (4, _rounded),
    "+": (5, operator.add),
    "-": (5, operator.sub),
    "*": (6, operator.mul),
    "/": (6, operator.truediv),
    "div": (6, operator.truediv),
    "mod": (6, lambda left, right: math.fmod(int(left), int(right))),
    "fmod": (6, math.fmod),
    "^": (7, lambda left, right: math.pow(left, right) if abs(right) < 100 else math.nan),
    "e": (9, lambda left, right: left * 10**right if abs(right) < 100 else math.nan),
}
"""How tightly each binds, and what it does."""

_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "not": lambda value: float(not value),
    "abs": abs,
    "floor": lambda value: float(math.floor(value)),
    "ceil": lambda value: float(math.ceil(value)),
    "trunc": lambda value: float(math.trunc(value)),
    "sqrt": math.sqrt,
    "exp": math.exp,
    "ln": math.log,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
}
_FUNCTION_BINDS, _SIGN_BINDS = 8, 9
_CONSTANTS = {"pi": math.pi, "e": math.e}


def calculated(text: str) -> str | None:
    """The value of an expression as MediaWiki writes it, None for what is none."""
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
    return _as_php(value)


def _as_php(value: float) -> str:
    """A number with fourteen digits at most; 1.0E+15 for what is longer."""
    digits, exponent, power = f"{value:.{_PHP_DIGITS}g}".partition("e")
    if not exponent:
        return "0" if digits == "-0" else digits
    return f"{digits if '.' in digits else digits + '.0'}E{power[0]}{power[1:].lstrip('0')}"


def _operated(tokens: list[str], least: int) -> float:
    """The value of the tokens up to an operation that binds less than `least`; they are taken from the list."""
    token = tokens.pop(0)
    if token == "(":
        value = _operated(tokens, 0)
        if tokens.pop(0) != ")":
            raise ValueError(token)
    elif token in ("-", "+"):
        value = _operated(tokens, _SIGN_BINDS)
        value = -value if token == "-" else value
    elif token in _FUNCTIONS:
        value = _FUNCTIONS[token](_operated(tokens, _FUNCTION_BINDS))
    else:
        value = (
            _CONSTANTS[token]
            if token in _CONSTANTS
            else float(token)
            if token[0] in "0123456789."
            else math.nan
        )
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
    if function == "iferror":
        return values.get("1", "") if NO_NUMBER in argument else values.get("2", argument)
    if function == "ifexist":
        return values.get("1") or values.get("2", "")  # no dump tells; both mostly show the same words
    if function == "tag":
        return tag_text(argument.lower(), values.get("1", ""))
    if function == "titleparts":
        return _title_parts(argument, values)
    if function == "ifexpr":
        return values.get("1" if calculated(argument) not in (None, "0") else "2", "")
    return _switched(argument, values)


def _equal(left: str, right: str) -> bool:
    right = right.replace(GONE, "").strip()
    if _NUMERIC.fullmatch(left) is None or _NUMERIC.fullmatch(right) is None:
        return left == right
    return float(left) == float(right)


def _switched(argument: str, values: Values) -> str:
    """`{{#switch:b|a|b=one|#default=two}}`: cases without a text have that of the next that has one."""
    is_next = is_default = False
    default = last = equals = ""
    for part in values.values():
        case, equals, text = (one.strip() for one in part.partition("="))
        is_next = is_next or _equal(argument, case)
        is_default = is_default or case == "#default"
        if equals and is_next:
            return text
        if equals and is_default:
            default, is_default = text, False
        if not equals:
            last = case
    return last if values and not equals else default


def _title_parts(title: str, values: Values) -> str:
    """`{{#titleparts:A/B/C|2}}` is A/B: so many parts, from the first or from that which is named."""
    parts = title.split("/")
    count, first = (
        int(values[key]) if values.get(key, "").removeprefix("-").isdecimal() else 0 for key in ("1", "2")
    )
    parts = parts[first - 1 if first > 0 else first :] if first else parts
    return "/".join(parts[:count] if count else parts)
