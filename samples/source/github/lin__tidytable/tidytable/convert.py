# Copyright (c) 2022 Lin Yutong
# Licensed under the MIT License; see LICENSE.
"""Guessing the type of a column from its cells."""

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-"})


def looks_missing(cell):
    """True if the text stands for the absence of a value."""
    return cell.strip().lower() in MISSING


def _to_int(cell):
    text = cell.strip()
    # "007" is more likely to be a code than a number.
    digits = text.lstrip("+-")
    if len(digits) > 1 and digits.startswith("0"):
        raise ValueError(cell)
    if "_" in text:
        raise ValueError(cell)
    return int(text)


def _to_float(cell):
    text = cell.strip()
    if "_" in text:
        raise ValueError(cell)
    value = float(text)
    # A bare "inf" is a word before it is a number.
    if value in (float("inf"), float("-inf")):
        raise ValueError(cell)
    digits = text.lstrip("+-")
    if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
        raise ValueError(cell)
    return value


def convert_column(cells):
    """Converts every cell to int, or else to float, or else leaves text.

    Missing cells become None and have no influence upon the choice.
    """
    for convert in (_to_int, _to_float):
        try:
            return [None if looks_missing(c) else convert(c) for c in cells]
        except ValueError:
            continue
    return [None if looks_missing(c) else c for c in cells]
