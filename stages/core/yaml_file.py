"""A YAML file in, plain values of bounded size out: what aliases, tags, depth or variables blow up is one line instead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from stages.core.errors import UserError
from stages.core.mistakes import KeyPath, Mistakes

MAX_FILE_BYTES = 256 << 10
"""Recipes have a few KB; YAML is read at about 100 KB a second."""

MAX_DEPTH = 40
MAX_VALUES = 20_000
"""Values of a recipe, each counted as often as its aliases repeat it."""

MAX_NUMBER = 2**63

MAX_TEXT_CHARS = 64 << 10
MAX_ALL_CHARS = 4 << 20
"""What variables may make of one text, and of all of a recipe."""

_MERGE = "tag:yaml.org,2002:merge"

_VARIABLE = re.compile(r"\$\{(\w+)\}")


class _Loader(yaml.SafeLoader):
    """YAML whose mappings may not name a key twice (the first would be lost silently), and that does not nest deeply."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._depth = self._merged = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """A node; the place where it lies too deep."""
        if self._depth > MAX_DEPTH:
            place = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.YAMLError(f"more than {MAX_DEPTH} levels deep{place}")
        self._depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """A mapping, or the place of the repeated key."""
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            name = _key_of(key)
            if name is not None and name in seen:
                raise yaml.YAMLError(f"key {name[1][:80]!r} is there twice{key.start_mark}")
            seen.add(name)
        return node

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Take in what `<<` names: each key once, so that no merge of merges grows; keys of the mapping's own win."""
        merged, own = [], []
        for key, value in node.value:
            if key.tag != _MERGE:
                own.append((key, value))
                continue
            many = isinstance(value, yaml.SequenceNode)
            for part in value.value if many else [value]:
                if not isinstance(part, yaml.MappingNode):
                    raise yaml.YAMLError(f"<< takes a mapping (*name), or a list of some{key.start_mark}")
                merged.append(part)
        node.value = own
        if not merged:
            return
        found: dict[tuple[str, str] | yaml.Node, tuple[yaml.Node, yaml.Node]] = {}
        for part in reversed(merged):  # the first of a list wins
            if part is not node:
                self.flatten_mapping(part)
            self._merged += len(part.value)
            if self._merged > MAX_VALUES:
                raise yaml.YAMLError(f"<< takes in more than {MAX_VALUES:,} values{part.start_mark}")
            found |= {_key_of(key) or key: (key, value) for key, value in part.value}
        found |= {_key_of(key) or key: (key, value) for key, value in own}
        node.value = list(found.values())


def _key_of(key: yaml.Node) -> tuple[str, str] | None:
    """What a key is, where it is no list or mapping."""
    return (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else None


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


def yaml_lines(data: bytes) -> dict[KeyPath, int]:
    """The line (from 1) on which each value of a YAML file that `parse_yaml` takes is named, by its place."""
    loader = _Loader(data.decode("utf-8"))
    try:
        root = loader.get_single_node()
        lines: dict[KeyPath, int] = {}
        waiting: list[tuple[KeyPath, int, yaml.Node]] = [] if root is None else [((), 1, root)]
        while waiting and len(lines) < MAX_VALUES:
            place, line, node = waiting.pop()
            lines.setdefault(place, line)
            if isinstance(node, yaml.MappingNode):
                loader.flatten_mapping(node)
            waiting += [((*place, key), at, inner) for key, at, inner in _inside(node)]
        return lines
    finally:
        loader.dispose()


def _inside(node: yaml.Node) -> Iterator[tuple[str | int, int, yaml.Node]]:
    """Key or number, line, and node of what a mapping or a list holds."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                yield key.value, key.start_mark.line + 1, value
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield number, value.start_mark.line + 1, value


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

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)
        self._left = MAX_ALL_CHARS

    def set(self, name: str, value: str) -> None:
        """Give a variable its value, in which those before it are replaced."""
        self._values[name] = self._text(value)

    def replace(self, value: Any, mistakes: Mistakes) -> Any:
        """Replace `${name}` in every string of a nested value; one that is not set is a mistake at its place."""
        if isinstance(value, dict):
            return dict(self._replaced(value.items(), mistakes))
        if isinstance(value, list):
            return [inner for _, inner in self._replaced(enumerate(value), mistakes)]
        return self._text(value) if isinstance(value, str) else value

    def _replaced(self, values: Iterable[tuple[Any, Any]], mistakes: Mistakes) -> list[tuple[Any, Any]]:
        found = []
        for key, value in values:
            made = value
            with mistakes.below(key):
                made = self.replace(value, mistakes)
            found.append((key, made))
        return found

    def _text(self, value: str) -> str:
        chars = 0

        def replacement(match: re.Match[str]) -> str:
            nonlocal chars
            if match[1] not in self._values:
                raise UserError(f"${{{match[1][:80]}}} is not set; add it under `variables`")
            found = self._values[match[1]]
            chars += len(found)
            self._left -= len(found)
            if chars > MAX_TEXT_CHARS or self._left < 0:
                raise UserError(
                    f"${{{match[1][:80]}}} makes a text of more than {MAX_TEXT_CHARS:,} characters, "
                    f"or all texts more than {MAX_ALL_CHARS:,}; variables are for paths and numbers"
                )
            return found

        return _VARIABLE.sub(replacement, value)
