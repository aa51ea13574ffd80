"""The code of the program in, its public names of meaning out: which modules define each at their top level."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

PACKAGES = ("pipeline", "quality_classifier", "stages")


def public_names(root: Path) -> Mapping[str, list[str]]:
    """Modules by public class, function or type alias that they define."""
    found: dict[str, list[str]] = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            module = ".".join(path.relative_to(root).with_suffix("").parts)
            for name in _defined(ast.parse(path.read_text(encoding="utf-8"))):
                found.setdefault(name, []).append(module)
    return found


def _defined(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        name = None
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            name = node.name
        elif (
            isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
        ):
            name = node.targets[0].id
        if name is not None and not name.startswith("_") and not name.isupper():
            yield name
