r"""A command of etoolbox's or ifthen's switches in LaTeX source in, what it does to a switch, or the branches it has, out."""

from __future__ import annotations

import re
from typing import NamedTuple

from stages.ingest.arxiv.definition_parts import skip_spaces
from stages.ingest.arxiv.groups import balanced

SETTERS = r"(?:new|set|provide)(?:toggle|bool(?:ean)?)|(?:toggle|bool)(?:true|false)"
TESTS = r"(?:if|not)(?:toggle|bool)|ifthenelse"
_SETTER = re.compile(SETTERS)
_TEST = re.compile(TESTS)
_NAME = re.compile(r"\s*+\{\s*+([A-Za-z0-9@:_.-]+)\s*+\}")
_VALUE = re.compile(r"\s*+\{\s*+(true|false)\s*+\}")
_BOOLEAN = re.compile(r"\s*+\{\s*+((?:\\(?:NOT|not)\s*)?)\\boolean\s*+\{\s*+([A-Za-z0-9@]+)\s*+\}\s*+\}")


class Setting(NamedTuple):
    """A switch that is made or set: its key (`toggle x`, or `x` as of `\\newif\\ifx`), its value, None where not known."""

    key: str
    value: bool | None
    end: int
    is_new: bool


class SwitchTest(NamedTuple):
    """A test of a switch: its key, whether it is turned round, where the insides of its two branches begin and end."""

    key: str
    is_turned: bool
    branches: tuple[tuple[int, int], tuple[int, int]]
    end: int


def is_setter(word: str) -> bool:
    """Whether a control word makes or sets a switch."""
    return _SETTER.fullmatch(word) is not None


def is_test(word: str) -> bool:
    """Whether a control word asks for a switch, with branches as its arguments."""
    return _TEST.fullmatch(word) is not None


def setting_at(source: str, word: str, position: int) -> Setting | None:
    """What the command `word` that ends at `position` sets; None when it names no switch."""
    name = _NAME.match(source, position)
    if name is None:
        return None
    key = f"toggle {name[1]}" if "toggle" in word else name[1]
    if word.startswith(("new", "provide")):
        return Setting(key, False, name.end(), True)
    if word.startswith("set"):
        value = _VALUE.match(source, name.end())
        return (
            Setting(key, None, name.end(), False)
            if value is None
            else Setting(key, value[1] == "true", value.end(), False)
        )
    return Setting(key, word.endswith("true"), name.end(), False)


def choice_at(source: str, word: str, position: int) -> SwitchTest | None:
    """The branches of the test `word` that ends at `position`; None when it is another kind of test, or not whole."""
    if word == "ifthenelse":
        boolean = _BOOLEAN.match(source, position)
        if boolean is None:
            return None
        key, is_turned, place = boolean[2], bool(boolean[1]), boolean.end()
    else:
        name = _NAME.match(source, position)
        if name is None:
            return None
        key = f"toggle {name[1]}" if "toggle" in word else name[1]
        is_turned, place = word.startswith("not"), name.end()
    branches: list[tuple[int, int]] = []
    for _ in range(2):
        start = skip_spaces(source, place)
        place = balanced(source, start) if source.startswith("{", start) else -1
        if place < 0:
            return None
        branches.append((start + 1, place - 1))
    return SwitchTest(key, is_turned, (branches[0], branches[1]), place)
