"""Distributions with entry points for tests: names and files in, folders that importing finds out, forgotten afterwards."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from stages.core.plugins import GROUP
from tests.page_files import lay_out

RULE = '''
from typing import Literal
from stages.filter.rule import TextRule
from stages.filter.verdict import at_most
class {name}(TextRule):
    """Drop nothing."""
    rule: Literal["{rule}"] = "{rule}"
    def verdicts(self, texts):
        import numpy as np
        return [at_most("{rule}", np.zeros(len(texts)), 1.0)]
'''


def rule(name: str, called: str) -> str:
    """The source of a rule that drops nothing."""
    return RULE.format(name=name, rule=called)


@contextmanager
def forgotten_afterwards(folder: Path) -> Iterator[None]:
    """What is imported from below `folder` in this context is no module any more afterwards."""
    before = set(sys.modules)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        for name in set(sys.modules) - before:
            if str(folder) in (getattr(sys.modules[name], "__file__", None) or ""):
                del sys.modules[name]


class Installed:
    """Puts distributions, version 1.0, with entry points and files on the path."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self._monkeypatch, self._folder = monkeypatch, folder

    def __call__(self, name: str, points: Mapping[str, str], files: Mapping[str, str]) -> None:
        place = self._folder / name
        lines = "\n".join(f"{key} = {value}" for key, value in points.items())
        metadata = {
            "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
            "entry_points.txt": f"[{GROUP}]\n{lines}\n",
        }
        lay_out({f"{name}-1.0.dist-info/{key}": text for key, text in metadata.items()}, place)
        lay_out(files, place)
        self._monkeypatch.syspath_prepend(str(place))


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Installed]:
    """Installs distributions for one test."""
    with forgotten_afterwards(tmp_path):
        yield Installed(monkeypatch, tmp_path)
