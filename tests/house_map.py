"""The packages in, the map of their rooms and modules in docs/design.md out: `make map` writes it, a test holds it true."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "design.md"
PACKAGES = ("pipeline", "quality_classifier", "stages")
BEGIN, END = "<!-- map: written by `make map` -->", "<!-- end of map -->"
CLAUSE_CHARS = 120

_SENTENCE_END = re.compile(r"(?<!\bet al)\.(?=\s|$)")
_CITATION = re.compile(r"\s*\([^()]*\)$")


def clause(docstring: str) -> str:
    """The first sentence of a docstring without a citation at its end, or where it is long what stands before its colon."""
    sentence = _CITATION.sub("", _SENTENCE_END.split(" ".join(docstring.split()), maxsplit=1)[0])
    return sentence if len(sentence) <= CLAUSE_CHARS else re.split(r": |; ", sentence, maxsplit=1)[0]


def first_clause(path: Path) -> str:
    """The clause of a module; a ValueError when it has none, or none that fits a line of the map."""
    name = path.relative_to(ROOT)
    if not path.exists():
        raise ValueError(f"{name}: is missing; a room has this file, which says in one sentence what it is")
    found = clause(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")
    if not found:
        raise ValueError(f"{name}: has no docstring; say in one sentence what it is")
    if len(found) > CLAUSE_CHARS:
        raise ValueError(
            f"{name}: its first sentence, or what stands before its colon, exceeds {CLAUSE_CHARS} characters"
        )
    return found


def map_lines() -> list[str]:
    """Every room with what it is, and below it a line for each of its modules."""
    lines: list[str] = []
    for package in PACKAGES:
        for room in sorted({path.parent for path in (ROOT / package).rglob("*.py")}):
            init = room / "__init__.py"
            lines += [f"#### {room.relative_to(ROOT)}", "", f"{first_clause(init)}.", ""]
            modules = [path for path in sorted(room.glob("*.py")) if path.name != init.name]
            lines += [f"- `{path.name}`: {first_clause(path)}" for path in modules]
            lines += [""] if modules else []
    return lines


def with_map(page: str) -> str:
    """The page with the map, as it is now, between the marks."""
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    return "\n".join([f"{before}{BEGIN}", "", *map_lines(), f"{END}{after}"])


if __name__ == "__main__":
    PAGE.write_text(with_map(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
