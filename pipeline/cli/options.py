"""What a user typed in, the one form in which cyclopts reads it out; and in messages, options as they are typed.

A list is `a,b`, or the option repeated; a dictionary is `NAME=VALUE,NAME=VALUE`, or `--option.NAME VALUE`; `\\,` is a comma
of a value. Positional inputs are taken as they are.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_origin

from stages.core.errors import UserError
from stages.core.mistakes import KeyPath, Mistake, MistakesError, nearest, place_text, shown_value, suggest

if TYPE_CHECKING:
    from cyclopts import App
    from cyclopts.argument import Argument, ArgumentCollection

WHOLE = "whole"
"""Marks a dictionary of a user's own texts: an entry for each time that the option is given, and commas are the value's."""

_COMMA = re.compile(r"(?<!\\),")
_NAMED = re.compile(r"([^=,\s]+)=(.*)", re.DOTALL)
_LISTS = (list, tuple, set, frozenset)
_REST = "--"


class OptionMistakesError(MistakesError):
    """Mistakes in the values of a command's options: their places are fields of the options' class."""


def command_names(app: App) -> list[str]:
    """The commands of a group, without the flags that it has."""
    return [name for name in app if not name.startswith("-")]


class Typed:
    """A command line: which command it names, its tokens in one form, and what its options are called."""

    def __init__(self) -> None:
        self._arguments: ArgumentCollection | None = None
        self._tokens: Sequence[str] = ()

    def read(self, app: App, tokens: Sequence[str]) -> list[str]:
        """The tokens in the form in which cyclopts reads them; a UserError for a command that there is not."""
        self._tokens = tokens
        found, leaf = list(tokens), app
        for place, token in enumerate(tokens):
            names = command_names(leaf)
            if not names:
                break
            if token.startswith("-"):
                if token not in leaf and token != _REST:
                    raise UserError(_unknown(token, [flag for flag in leaf if flag.startswith("--")]))
                break
            found[place] = _as_called(token, names, found[:place])
            leaf = leaf[found[place]]
        if command_names(leaf):
            return found
        self._arguments = leaf.assemble_argument_collection()
        flags = [name for name in leaf if name.startswith("-")]
        typed = itertools.takewhile(lambda token: token != _REST, found)
        for token in (one for one in typed if one.startswith("--") and one not in flags):
            if not self._has(token.partition("=")[0]):
                names = [argument.name for argument in self._known() if argument.name.startswith("-")]
                raise UserError(_unknown(token, [*names, "--help"]))
        return _spread(self._arguments, found)

    def _has(self, name: str) -> bool:
        try:
            return self._arguments is not None and bool(self._arguments.match(name))
        except ValueError:
            return False

    def name(self, place: KeyPath) -> str:
        """A place in the values of the options as it is typed: `--per-source.c4.keep`."""
        keys = tuple(part for part in place if isinstance(part, str))
        for length in range(len(keys), 0, -1):
            for argument in self._known():
                if argument.keys == keys[:length]:
                    return ".".join([argument.name, *_typed_keys(argument.hint, keys[length:])])
        return place_text(place)

    def line(self, mistake: Mistake) -> str:
        """A mistake in the value of an option."""
        message = self.text(mistake.message, tuple(part for part in mistake.place if isinstance(part, str)))
        if not mistake.place:
            return message
        given = "" if mistake.given is None else f"={mistake.given}"
        return f"option {self.name(mistake.place)}{given}: {message}"

    def text(self, message: str, below: tuple[str, ...] = ()) -> str:
        """A message about what lies below a place, with options as they are typed.

        Fields are told by where they stand: at the beginning, in backticks, or, if no word of English, anywhere. What
        the user typed himself, as the name of a folder, is no field.
        """
        for argument in self._known():
            *outer, field = argument.keys or ("",)
            if not field or tuple(outer) != below or field in self._tokens:
                continue
            message = re.sub(rf"^{field}(?=[=: ])|`{field}`", argument.name, message)
            if "_" in field:
                message = re.sub(rf"(?<![\w./'-]){field}(?![\w/'-]|\.\w)", argument.name, message)
        return message

    def _known(self) -> Iterator[Argument]:
        return (argument for argument in self._arguments or () if argument.parse)


def _unknown(token: str, names: Sequence[str]) -> str:
    name = token.partition("=")[0]
    close = nearest(name, names)
    return f"no option {name}; " + ("--help lists them" if close is None else f"did you mean {close}?")


def _as_called(token: str, names: Sequence[str], group: Sequence[str]) -> str:
    """The name of a command, of which hyphens and underscores are one."""
    same = [name for name in names if name.replace("-", "_") == token.replace("-", "_")]
    if not same:
        raise UserError(f"no command {shown_value(' '.join([*group, token]))}; {suggest(token, names)}")
    return same[0]


class _Entry(NamedTuple):
    """One value of an entry of a dictionary, and the keys that lead to it."""

    keys: tuple[str, ...]
    values: list[str]


def _spread(arguments: ArgumentCollection, tokens: Sequence[str]) -> list[str]:
    """Tokens with one for each value of a list, and one of JSON for each dictionary."""
    found: list[str] = []
    entries: dict[int, tuple[Argument, list[_Entry]]] = {}
    place = 0
    while place < len(tokens):
        token, place = tokens[place], place + 1
        argument, keys = _argument(arguments, token)
        if token == _REST:
            found += tokens[place - 1 :]
            break
        name, equals, value = token.partition("=")
        if argument is None or not (equals or place < len(tokens)):
            found.append(token)
            continue
        if not equals:
            value, place = tokens[place], place + 1
        hint = argument.resolved_hint
        if value.lstrip()[:1] in ("{", "["):  # JSON, which cyclopts reads
            found += [name, value]
        elif get_origin(hint) is dict:
            entries.setdefault(id(argument), (argument, []))[1].extend(_entries(argument, keys, value))
        elif _is_list(hint):
            found += [part for one in _values(value) for part in (name, one)]
        else:
            found += [name, *_values(value)]
    made = [part for argument, given in entries.values() for part in _as_json(argument, given)]
    end = found.index(_REST) if _REST in found else len(found)
    return [*found[:end], *made, *found[end:]]


def _argument(arguments: ArgumentCollection, token: str) -> tuple[Argument | None, tuple[str, ...]]:
    """The argument whose values a token begins, where they are a list, a dictionary or several; and keys inside it."""
    from cyclopts.utils import UNSET

    if not token.startswith("--") or token == _REST:
        return None, ()
    try:
        argument, keys, implicit = arguments.match(token.partition("=")[0])
    except ValueError:
        return None, ()
    hint = argument.resolved_hint
    if implicit is not UNSET or not _takes_several(hint):
        return None, ()
    return argument, keys


def _entries(argument: Argument, keys: tuple[str, ...], typed: str) -> Iterator[_Entry]:
    """The entries of a dictionary in a value: one where its option names the keys, else those that NAME= begins."""
    hint = argument.resolved_hint
    if keys:
        yield _Entry(keys, _values(typed) if _takes_several(_type_at(hint, keys)) else [_plain(typed)])
        return
    is_whole = WHOLE in getattr(argument.field_info.annotation, "__metadata__", ())
    named: list[tuple[str, list[str]]] = []
    for part in [typed] if is_whole else _COMMA.split(typed):
        if (match := _NAMED.fullmatch(part.strip())) is not None:
            named.append((match[1], [match[2]]))
        elif named:
            named[-1][1].append(part.strip())
        else:
            form = f"write {argument.name} NAME=VALUE, or {argument.name}.NAME VALUE"
            raise UserError(f"option {argument.name}={typed!r}: {form}")
    for name, values in named:
        own = (name,) if is_whole else _fields(hint, name.split("."))
        several = _takes_several(_type_at(hint, own))
        yield _Entry(own, [_plain(one) for one in values] if several else [_plain(",".join(values))])


def _as_json(argument: Argument, entries: Sequence[_Entry]) -> list[str]:
    """A dictionary as one value; a UserError when an entry that takes one value is given twice."""
    gathered: dict[tuple[str, ...], list[str]] = {}
    for keys, values in entries:
        if keys in gathered and not _takes_several(_type_at(argument.resolved_hint, keys)):
            raise UserError(f"option {'.'.join([argument.name, *keys])}: is given twice; give it once")
        gathered.setdefault(keys, []).extend(values)
    made: dict[str, Any] = {}
    for keys, values in gathered.items():
        hint = _type_at(argument.resolved_hint, keys)
        inner = made
        for key in keys[:-1]:
            inner = inner.setdefault(key, {})
            if not isinstance(inner, dict):
                raise UserError(f"option {'.'.join([argument.name, *keys])}: {key} has a value already")
        inner[keys[-1]] = _held(hint, values) if _takes_several(hint) else values[0]
    return [argument.name, json.dumps(made, ensure_ascii=False)]


def _held(hint: Any, values: Sequence[str]) -> Any:
    """Several values of one entry: a list, or a dictionary where each of them is NAME=VALUE."""
    named = [_NAMED.fullmatch(value) for value in values]
    if get_origin(hint) is dict and all(named):
        return {match[1]: match[2] for match in named if match is not None}
    return list(values)


def _fields(hint: Any, keys: Iterable[str]) -> tuple[str, ...]:
    """Keys with fields as Python calls them; names of a dictionary's entries stay as they are."""
    found: tuple[str, ...] = ()
    for key in keys:
        is_entry = get_origin(_type_at(hint, found)) is dict
        found = (*found, key if is_entry else key.replace("-", "_"))
    return found


def _typed_keys(hint: Any, keys: Sequence[str]) -> list[str]:
    """Keys with fields as they are typed, the other way."""
    entry = [get_origin(_type_at(hint, keys[:place])) is dict for place in range(len(keys))]
    return [key if is_entry else key.replace("_", "-") for key, is_entry in zip(keys, entry, strict=True)]


def _type_at(hint: Any, keys: Iterable[str]) -> Any:
    """The type of the value that keys lead to inside a value of type `hint`; None where that is not known."""
    from cyclopts.annotations import resolve

    hint = resolve(hint)
    for key in keys:
        if get_origin(hint) is dict:
            hint = resolve(get_args(hint)[1])
        elif (field := getattr(hint, "model_fields", {}).get(key)) is not None:
            hint = resolve(field.annotation)
        else:
            return None
    return hint


def _takes_several(hint: Any) -> bool:
    return (get_origin(hint) or hint) in (*_LISTS, dict)


def _is_list(hint: Any) -> bool:
    """Whether any number of values can be given; a pair is none."""
    return get_origin(hint) is not tuple or Ellipsis in get_args(hint)


def _values(typed: str) -> list[str]:
    """The values of a list; none of them is empty, unless there is nothing else."""
    values = [_plain(part.strip()) for part in _COMMA.split(typed)]
    return [value for value in values if value] or [typed]


def _plain(value: str) -> str:
    return value.replace("\\,", ",")
