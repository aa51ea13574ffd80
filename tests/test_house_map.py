"""The map of the house in docs/design.md shows every module, with what it says of itself."""

from __future__ import annotations

import pytest

from tests.house_map import CLAUSE_CHARS, PACKAGES, PAGE, ROOT, clause, map_lines, with_map


def test_the_map_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_map(page) == page, "docs/design.md: the map of the house is out of date; run `make map`"


def test_the_map_has_a_heading_for_every_room_and_a_line_for_every_module() -> None:
    lines = map_lines()
    modules = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    assert sum(line.startswith("#### ") for line in lines) == len({path.parent for path in modules})
    inits = sum(path.name == "__init__.py" for path in modules)
    assert sum(line.startswith("- `") for line in lines) == len(modules) - inits


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        ("Bytes in,\nthe same out. More of it.", "Bytes in, the same out"),
        ("Texts in, C4's verdicts out (Raffel et al. 2020, 2.2).", "Texts in, C4's verdicts out"),
        ("Grams (Brown et al. 2020) in, `x.json` out.", "Grams (Brown et al. 2020) in, `x.json` out"),
        ("Short: and why.", "Short: and why"),
        (f"Short: {'why ' * CLAUSE_CHARS}.", "Short"),
        ("", ""),
    ],
)
def test_a_line_is_the_first_sentence_or_what_stands_before_its_colon(docstring: str, expected: str) -> None:
    assert clause(docstring) == expected
