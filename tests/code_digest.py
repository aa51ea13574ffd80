"""A module of the program in, a digest of all code behind it out: its import closure, without comments and docstrings."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

PACKAGES = ("pipeline", "quality_classifier", "stages")


def code_digest(root: Path, module: str) -> str:
    """Hex SHA-256 of the code of a module and of every module of the program that it imports, however far."""
    digest = hashlib.sha256()
    for name in sorted(closure(root, module)):
        digest.update(f"{name} {_code(_path(root, name))}\n".encode())
    return digest.hexdigest()[:16]


def closure(root: Path, module: str) -> set[str]:
    """Names of the modules of the program that a module reaches by imports, itself included."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        waiting += imported(root, name)
    return found


@lru_cache(maxsize=4096)
def imported(root: Path, module: str) -> set[str]:
    """The modules of the program that one module imports, at its top or in its functions, and their packages."""
    names: set[str] = set()
    for node in ast.walk(_tree(_path(root, module))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names |= set(_modules_of_room(root, node.value))
    own = {name for name in names if name.split(".")[0] in PACKAGES and _path(root, name).is_file()}
    return own - {module}


def _modules_of_room(root: Path, name: str) -> Iterator[str]:
    """The modules of a package that code names in a text: a room whose classes it looks for."""
    if name.split(".")[0] in PACKAGES and "." in name and root.joinpath(*name.split(".")).is_dir():
        yield from (f"{name}.{path.stem}" for path in root.joinpath(*name.split(".")).glob("*.py"))


@lru_cache(maxsize=4096)
def imports_library(root: Path, module: str, library: str) -> bool:
    """Whether a module imports a library itself."""
    return any(
        library in {alias.name for alias in node.names}
        for node in ast.walk(_tree(_path(root, module)))
        if isinstance(node, ast.Import)
    )


def _path(root: Path, module: str) -> Path:
    path = root.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@lru_cache(maxsize=1024)
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@lru_cache(maxsize=1024)
def _code(path: Path) -> str:
    """Digest of what a file does: its syntax tree without positions, comments and docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = list(_without_texts(body)) or [ast.Pass()]  # type: ignore[attr-defined]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def _without_texts(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if not is_text:
            yield statement
