"""Sources in, calls out that may run what a file says: pickle and its kin, `eval`, YAML's and torch's open loaders."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

MODULES = frozenset("pickle _pickle cPickle cloudpickle dill joblib marshal shelve jsonpickle runpy".split())
"""Modules that nothing of ours imports: their readers run code of the file."""
BUILTINS = frozenset(("eval", "exec", "compile", "__import__"))
YAML = frozenset(
    "load load_all full_load full_load_all unsafe_load unsafe_load_all Loader FullLoader UnsafeLoader".split()
)
ALWAYS = frozenset(("read_pickle", "load_pickle", "unsafe_load"))

OURS = (
    "altiplano.py",
    "pipeline",
    "stages",
    "quality_classifier",
    "supply",
    "benchmarks",
    "samples/builder",
    "samples/build.py",
)


def sources(root: Path) -> Iterator[Path]:
    """Python files of ours but the tests, which make such files on purpose."""
    for name in OURS:
        path = root / name
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def findings(source: str) -> Iterator[tuple[int, str]]:
    """Line and what stands there."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((node.lineno, f"import {name}") for name in _imported(node))
        elif isinstance(node, ast.Attribute) and _of(node) == "yaml" and node.attr in YAML:
            yield node.lineno, f"yaml.{node.attr}"
        elif isinstance(node, ast.Call) and (said := _call(node)):
            yield node.lineno, said


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [one.name for one in node.names if one.name.split(".")[0] in MODULES]
    module = node.module or ""
    hidden = {"yaml": YAML, "torch": {"load"}, "numpy": {"load"}, "sklearn.externals": {"joblib"}}.get(
        module, set()
    )
    names = [f"{module}.{one.name}" for one in node.names if one.name in hidden]
    return [*names, *([module] if not node.level and module.split(".")[0] in MODULES else [])]


def _of(node: ast.Attribute) -> str:
    """The last name before the attribute."""
    if isinstance(node.value, ast.Attribute):
        return node.value.attr
    return node.value.id if isinstance(node.value, ast.Name) else ""


def _call(node: ast.Call) -> str:
    """What is wrong with a call, or nothing."""
    given = {one.arg: one.value for one in node.keywords}
    if isinstance(node.func, ast.Name):
        return node.func.id if node.func.id in BUILTINS else ""
    if not isinstance(node.func, ast.Attribute):
        return ""
    if node.func.attr in ALWAYS:
        return node.func.attr
    if "allow_pickle" in given and not _is(given["allow_pickle"], False):
        return "allow_pickle"
    is_torch = _of(node.func) in {"torch", "jit", "serialization"} and node.func.attr == "load"
    return (
        "torch.load without weights_only=True"
        if is_torch and not _is(given.get("weights_only"), True)
        else ""
    )


def _is(node: ast.expr | None, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def all_findings(root: Path, paths: Iterable[Path] | None = None) -> list[str]:
    """A line for each, `file:line: what`."""
    return [
        f"{path.relative_to(root)}:{line}: {said}"
        for path in (sources(root) if paths is None else paths)
        for line, said in findings(path.read_text(encoding="utf-8"))
    ]
