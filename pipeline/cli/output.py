"""Results in, lines on standard output out: what every command prints with."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

from stages.core.printing import printable, printable_text

USER_ERROR_CODE = 2
FAILURE_CODE = 1
EMPTY_CODE = 3
INTERRUPTED_CODE = 130
TABLE_WIDTH = 110


def stop(code: int, message: str) -> NoReturn:
    """End the program with a message, which may have several lines, on standard error."""
    sys.stderr.write(printable_text(message) + "\n")
    raise SystemExit(code)


def say(line: str) -> None:
    """Print a result on standard output."""
    sys.stdout.write(printable(line) + "\n")


def say_json(value: Any) -> None:
    """Print a result as JSON on standard output."""
    sys.stdout.write(as_json_text(value))


def as_json_text(value: Any) -> str:
    """A result as lines of JSON; what is no number is null."""
    import orjson

    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY).decode() + "\n"


def note(line: str) -> None:
    """Tell the user something beside the result, on standard error."""
    sys.stderr.write(f"altiplano: {printable(line)}\n")


def print_table(table: Any, width: int = TABLE_WIDTH) -> None:
    """Print a table that `text_table` made."""
    from rich.console import Console

    Console(width=width).print(table)


def resume_command() -> str:
    """The command line of this process, to be run again."""
    return shlex.join(["altiplano", *sys.argv[1:]])


def fact_lines(facts: Mapping[str, Any], prefix: str = "") -> list[str]:
    """`name: value` lines of nested facts."""
    lines = []
    for key, value in facts.items():
        if isinstance(value, Mapping):
            lines += fact_lines(value, f"{prefix}{key}.")
        else:
            lines.append(f"{prefix}{key}: {value}")
    return lines
