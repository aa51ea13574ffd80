"""Manifests: the licence that each kind states, and what states none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.ingest.github.manifests import is_manifest, join_manifests, stated_in_manifest

PATHS = (
    "package.json",
    "composer.json",
    "Cargo.toml",
    "pyproject.toml",
    "setup.cfg",
    "setup.py",
    "a.gemspec",
)


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("package.json", '{"license": "MIT"}', "MIT"),
        ("package.json", '{"license": {"type": "MIT", "url": "x"}}', "MIT"),
        ("package.json", '{"licenses": [{"type": "MIT"}, {"type": "GPL-2.0"}]}', "MIT OR GPL-2.0"),
        ("package.json", '{"license": "UNLICENSED"}', "UNLICENSED"),
        ("package.json", '{"license": 3}', ""),
        ("package.json", "[]", ""),
        ("package.json", "{", ""),
        ("composer.json", '{"license": ["MIT", "BSD-3-Clause"]}', "MIT OR BSD-3-Clause"),
        ("Cargo.toml", '[package]\nlicense = "MIT/Apache-2.0"\n', "MIT OR Apache-2.0"),
        ("Cargo.toml", "[package", ""),
        ("pyproject.toml", '[project]\nlicense = "BSD-3-Clause"\n', "BSD-3-Clause"),
        ("pyproject.toml", '[project]\nlicense = {text = "MIT License"}\n', "MIT"),
        ("pyproject.toml", '[project]\nlicense = {file = "LICENSE"}\n', ""),
        ("pyproject.toml", '[project]\nclassifiers = ["License :: OSI Approved :: MIT License"]\n', "MIT"),
        ("pyproject.toml", '[project]\nclassifiers = ["License :: OSI Approved :: BSD License"]\n', ""),
        ("setup.cfg", "[metadata]\nlicense = Apache License 2.0\n", "Apache-2.0"),
        ("setup.cfg", "[metadata]\nclassifiers =\n    License :: OSI Approved :: MIT License\n", "MIT"),
        ("setup.cfg", "no section", ""),
        ("setup.py", 'setup(\n    name="a",\n    license="MIT",\n)\n', "MIT"),
        ("setup.py", "setup(name='a')\n", ""),
        ("a.gemspec", "  s.license = 'MIT'\n", "MIT"),
    ],
)
def test_what_each_manifest_states(path: str, text: str, expected: str) -> None:
    assert stated_in_manifest(path, text) == expected


def test_only_manifests_at_the_root_count() -> None:
    assert all(is_manifest(path) for path in PATHS)
    assert not any(is_manifest(f"sub/{path}") for path in PATHS)


def test_several_manifests_hold_together() -> None:
    texts = {
        "package.json": '{"license": "MIT"}',
        "Cargo.toml": '[package]\nlicense = "ISC"\n',
        "setup.py": "",
    }
    assert join_manifests(texts) == ("(ISC) AND (MIT)", ("Cargo.toml", "package.json"))


@given(st.sampled_from(PATHS), st.text(max_size=200))
def test_no_manifest_breaks_the_reader(path: str, text: str) -> None:
    assert isinstance(stated_in_manifest(path, text), str)
