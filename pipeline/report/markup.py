"""Values in, HTML out: all text is escaped here, and nowhere else is markup made of data."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from stages.core.printing import printable, printable_text


def escaped(text: object) -> str:
    """Text for HTML, in elements and attributes, on one line; characters that act are shown as escapes."""
    return html.escape(printable(str(text)))


def field_value(text: str) -> str:
    """What a field of a form holds, as it is: it comes back when the form is sent."""
    return html.escape(text)


def escaped_text(text: str) -> str:
    """Text of several lines for a `pre`."""
    return html.escape(printable_text(text))


def marked_lines(lines: Iterable[str]) -> str:
    """Lines of a diff (`pipeline.look.lines`) for a `pre`, each in the colour of what became of it."""
    marks = {"-": "gone", "+": "came", "~": "other"}
    shown = []
    for line in lines:
        text, mark = escaped_text(line), marks.get(line[:1])
        shown.append(text if mark is None else f'<span class="{mark}">{text}</span>')
    return "\n".join(shown)


def script_json(value: Any) -> str:
    r"""JSON that may stand in a script element: no `<`, `>` or `&` is left to end it."""
    line = orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()
    for character in "<>&":
        line = line.replace(character, f"\\u{ord(character):04x}")
    return line.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def html_table(heads: Sequence[str], rows: Iterable[Sequence[object]], caption: str, numbers: int = 0) -> str:
    """A table that scrolls by itself on a narrow screen and by keyboard; the last `numbers` columns stand to the right."""
    first = len(heads) - numbers
    parts = [f'<div class="scroll" tabindex="0" role="region" aria-label="{escaped(caption)}"><table>']
    parts.append(f"<caption>{escaped(caption)}</caption><thead><tr>")
    parts += [
        f'<th scope="col"{_side(place, first)}>{escaped(head)}</th>' for place, head in enumerate(heads)
    ]
    parts.append("</tr></thead><tbody>")
    for row in rows:
        parts.append("<tr>")
        parts += [f"<td{_side(place, first)}>{escaped(cell)}</td>" for place, cell in enumerate(row)]
        parts.append("</tr>")
    parts.append("</tbody></table></div>")
    return "".join(parts)


def _side(place: int, first: int) -> str:
    return ' class="number"' if place >= first else ""


def folded(summary: str, body: str, is_open: bool = False) -> str:
    """HTML that opens under a line of text."""
    return f"<details{' open' if is_open else ''}><summary>{escaped(summary)}</summary>{body}</details>"
