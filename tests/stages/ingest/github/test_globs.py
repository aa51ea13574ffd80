"""Globs of paths beside the regular expressions that they stand for."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.ingest.github.globs import glob_of
from tests.linear import assert_linear

PATTERNS = st.lists(st.sampled_from(["a", "b", "/", "*", "**", "**/", "?", "\\*", "."]), max_size=8).map(
    "".join
)
PATHS = st.text("ab/*.", max_size=10)


def as_expression(pattern: str, crosses: bool) -> str:
    one = "." if crosses else "[^/]"
    words = {"*": f"{one}*", "?": one, "**": ".*", "**/": ".*"}
    return "".join(
        words.get(part, re.escape(part[-1])) for part in re.findall(r"\\.|\*\*/?|\*|\?|.", pattern)
    )


@given(PATTERNS, PATHS, st.booleans())
def test_a_glob_fits_what_its_expression_matches(pattern: str, path: str, crosses: bool) -> None:
    expected = re.compile(as_expression(pattern, crosses), re.DOTALL).fullmatch(path) is not None
    assert glob_of(pattern, crosses=crosses).fits(path) == expected


@pytest.mark.parametrize(
    ("pattern", "folder", "path", "fits"),
    [
        ("*.py", "", "a.py", True),
        ("*.py", "", "b/a.py", False),
        ("**/*.py", "", "b/c/a.py", True),
        ("*.py", "b/", "b/a.py", True),
        ("*.py", "*/", "b/a.py", False),
        ("?", "", "/", False),
        ("", "", "", True),
        ("", "", "a", False),
    ],
)
def test_what_a_glob_fits(pattern: str, folder: str, path: str, fits: bool) -> None:
    assert glob_of(pattern, folder, crosses=False).fits(path) == fits


def test_many_stars_take_linear_time() -> None:
    assert_linear(glob_of("*a" * 200 + "b", crosses=True).fits, lambda size: "a" * size, 2_000)
