"""Results in, lines on standard output out: what every command prints with."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, NoReturn

from cyclopts import Parameter

from stages.core.printing import printable, printable_json, printable_text

USER_ERROR_CODE = 2
FAILURE_CODE = 1
EMPTY_CODE = 3
INTERRUPTED_CODE = 130
TABLE_WIDTH = 110
_WIDE = 1000

AsJson = Annotated[
    bool, Parameter(name="--json", negative="", help="print JSON lines, as docs/looking.md describes them")
]


def stop(code: int, message: str) -> NoReturn:
    """End the program with a message, which may have several lines, on standard error."""
    sys.stderr.write(("\x1b[2K" if sys.stderr.isatty() else "") + printable_text(message) + "\n")
    raise SystemExit(code)


def say(line: str) -> None:
    """Print a result on standard output."""
    sys.stdout.write(printable(line) + "\n")


def say_json(value: Any) -> None:
    """Print a record, a mapping or a list as one line of JSON on standard output; what is no number is null."""
    import orjson

    options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    line = orjson.dumps(value, default=_plain, option=options).decode()
    sys.stdout.write(printable_json(line) + "\n")


def as_json_text(value: Any) -> str:
    """A result as indented lines of JSON, for a file; what is no number is null."""
    import orjson

    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY).decode() + "\n"


def _plain(value: Any) -> Any:
    """What orjson does not know, as it knows it."""
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "tolist"):  # an array that is not contiguous
        return value.tolist()
    return value.model_dump(mode="json")


def say_paged(lines: Iterable[str]) -> None:
    """Print lines: in the user's pager on a terminal, where they are more than fit."""
    if not sys.stdout.isatty():
        for line in lines:
            say(line)
        return
    import pydoc

    shown = [printable(line) for line in lines]
    if len(shown) < shutil.get_terminal_size().lines:
        sys.stdout.write("\n".join(shown) + "\n")
    else:
        pydoc.pager("\n".join(shown) + "\n")


def note(line: str) -> None:
    """Tell the user something beside the result, on standard error."""
    sys.stderr.write(f"altiplano: {printable(line)}\n")


def print_table(table: Any, width: int = TABLE_WIDTH) -> None:
    """Print a table that `text_table` made; on a terminal of fewer columns less lies between its own."""
    from rich.console import Console

    if not sys.stdout.isatty():
        Console(width=width).print(table)
        return
    console = Console(width=min(width, shutil.get_terminal_size().columns))
    if Console(width=_WIDE).measure(table).maximum > console.width:
        table.padding, table.show_edge = 0, False
        for column in table.columns:
            column.overflow = "fold"
    console.print(table)


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
