"""A YAML file in, plain values of bounded size out: what aliases, tags, depth or variables blow up is one line instead."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml

from stages.core.errors import UserError

MAX_FILE_BYTES = 256 << 10
"""Recipes have a few KB; YAML is read at about 100 KB a second."""

MAX_DEPTH = 40
MAX_VALUES = 20_000
"""Values of a recipe, each counted as often as its aliases repeat it."""

MAX_NUMBER = 2**63

MAX_TEXT_CHARS = 64 << 10
MAX_ALL_CHARS = 4 << 20
"""What variables may make of one text, and of all of a recipe."""

_VARIABLE = re.compile(r"\$\{(\w+)\}")


class _Loader(yaml.SafeLoader):
    """YAML whose mappings may not name a key twice (the first would be lost silently), and that does not nest deeply."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """A node; the place where it lies too deep."""
        if self._depth > MAX_DEPTH:
            place = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.YAMLError(f"more than {MAX_DEPTH} levels deep{place}")
        self._depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping, or the place of the repeated key."""
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.YAMLError(f"key {str(key)[:80]!r} is there twice{node.start_mark}")
            if isinstance(key, str):
                seen.add(key)
        return super().construct_mapping(node, deep=deep)


def read_yaml(path: str) -> Any:
    """The values in a YAML file; a UserError in one line when it cannot be read or is no YAML of a recipe's size."""
    try:
        with Path(path).open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except IsADirectoryError as error:
        raise UserError(f"{path}: is a folder; give a recipe file such as configs/demo.yaml") from error
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot read the recipe ({error})") from error
    return parse_yaml(data, path)


def parse_yaml(data: bytes, path: str) -> Any:
    """The values in the bytes of a YAML file at `path`."""
    if len(data) > MAX_FILE_BYTES:
        raise UserError(f"{path}: longer than {MAX_FILE_BYTES >> 10} KiB; no recipe is: is it another file?")
    try:
        value = _load(data.decode("utf-8"))
        _check_size(value)
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: cannot read the recipe ({error})") from error
    # constructors of dates and numbers raise what Python does
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: not YAML ({' '.join(str(error).split())[:400]})") from error
    return value


def _load(text: str) -> Any:
    loader = _Loader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _check_size(value: Any) -> None:
    """A ValueError when aliases make more of the values than anyone wrote, or endlessly many."""
    seen = 0
    waiting = [(value, 0)]
    while waiting:
        inner, depth = waiting.pop()
        seen += 1
        if seen > MAX_VALUES or depth > 2 * MAX_DEPTH:
            raise ValueError(
                f"more than {MAX_VALUES:,} values with what its aliases (*name) repeat; write fewer"
            )
        if isinstance(inner, dict):
            waiting += [(part, depth + 1) for pair in inner.items() for part in pair]
        elif isinstance(inner, list | tuple | set):
            waiting += [(part, depth + 1) for part in inner]
        elif isinstance(inner, int) and abs(inner) >= MAX_NUMBER:
            raise ValueError(f"a number of {inner.bit_length()} bits; 63 are enough for anything")
        elif isinstance(inner, str) and "\0" in inner:
            raise ValueError(f"the text {inner[:40]!r} holds a NUL character; remove it")


class Variables:
    """Values by name, put in place of `${name}`; what they make of a recipe is bounded."""

    def __init__(self, values: Mapping[str, str], where: str) -> None:
        self._values = dict(values)
        self._where = where
        self._left = MAX_ALL_CHARS

    def set(self, name: str, value: str) -> None:
        """Give a variable its value, in which those before it are replaced."""
        self._values[name] = self._text(value)

    def replace(self, value: Any) -> Any:
        """Replace `${name}` in every string of a nested value."""
        if isinstance(value, dict):
            return {key: self.replace(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.replace(inner) for inner in value]
        return self._text(value) if isinstance(value, str) else value

    def _text(self, value: str) -> str:
        chars = 0

        def replacement(match: re.Match[str]) -> str:
            nonlocal chars
            if match[1] not in self._values:
                raise UserError(f"{self._where}: ${{{match[1][:80]}}} is not set; add it under `variables`")
            found = self._values[match[1]]
            chars += len(found)
            self._left -= len(found)
            if chars > MAX_TEXT_CHARS or self._left < 0:
                raise UserError(
                    f"{self._where}: ${{{match[1][:80]}}} makes a text of more than {MAX_TEXT_CHARS:,} characters, "
                    f"or all texts more than {MAX_ALL_CHARS:,}; variables are for paths and numbers"
                )
            return found

        return _VARIABLE.sub(replacement, value)
