# Copyright (c) 2022 Lin Yutong
# Licensed under the MIT License; see LICENSE.
"""Printing a table in aligned columns."""

import unicodedata


def _width(text):
    """The number of terminal cells that the text takes."""
    total = 0
    for ch in text:
        if unicodedata.combining(ch):
            continue
        total += 2 if unicodedata.east_asian_width(ch) in "WF" else 1
    return total


def _format(value, places):
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.{places}f}"
    return str(value)


def render(table, places=2, gap=2):
    """Returns the table as text. Numbers are set flush right."""
    cells = [[_format(v, places) for v in row] for row in table.rows]
    numeric = []
    widths = []
    for i, name in enumerate(table.names):
        column = [row[i] for row in table.rows if row[i] is not None]
        numeric.append(bool(column) and all(isinstance(v, (int, float)) for v in column))
        widths.append(max([_width(name)] + [_width(row[i]) for row in cells]))

    def line(texts):
        parts = []
        for text, width, right in zip(texts, widths, numeric):
            pad = " " * (width - _width(text))
            parts.append(pad + text if right else text + pad)
        return (" " * gap).join(parts).rstrip()

    rule = (" " * gap).join("-" * w for w in widths)
    return "\n".join([line(table.names), rule] + [line(row) for row in cells])
