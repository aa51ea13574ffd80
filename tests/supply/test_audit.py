"""The audit: each of its looks finds what is wrong, and silence of the advisory database is never good news."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

import pytest

from supply import advisories
from supply.audit import NOT_ASKED, WRONG, report_advisories
from supply.installed import changed_files, unpinned
from supply.licences import is_allowed, refused

Make = Callable[..., Distribution]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes an installed package with one file."""

    def made(name: str, *lines: str, version: str = "1.0") -> Distribution:
        folder = tmp_path / f"{name}-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("\n".join([f"Name: {name}", f"Version: {version}", *lines, ""]))
        (tmp_path / "code.py").write_bytes(b"")
        digest = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"  # of no bytes
        (folder / "RECORD").write_text(f"code.py,sha256={digest},0\n{folder.name}/RECORD,,\n")
        return PathDistribution(folder)

    return made


def test_a_file_that_changed_or_is_gone_after_it_was_installed_is_named(make: Make, tmp_path: Path) -> None:
    one = make("one")
    assert list(changed_files(one)) == []
    (tmp_path / "code.py").write_bytes(b"import os")
    assert list(changed_files(one)) == ["one: code.py is not as it was installed"]
    (tmp_path / "code.py").unlink()
    assert list(changed_files(one)) == ["one: code.py is gone"]


def test_what_is_not_the_pinned_version_is_named(make: Make) -> None:
    versions = {"one": "1.0", "two": "2.0", "torch": "3.0"}
    installed = [make("One"), make("two"), make("three"), make("torch", version="3.0+cpu"), make("altiplano")]
    assert list(unpinned(installed, versions)) == [
        "two 1.0: the pin is 2.0",
        "three 1.0: the pin is missing",
    ]


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("Apache-2.0 WITH LLVM-exception AND BSD-2-Clause", True),
        ("MPL-1.1 OR GPL-2.0-only OR LGPL-2.1-or-later", True),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("GPL-3.0-only", False),
        ("MIT AND AGPL-3.0-or-later", False),
        ("GPL-3.0-only WITH GCC-exception-3.1", False),
        ("do what you like", False),
        ("", False),
    ],
)
def test_a_licence_is_allowed_when_the_list_is_enough_to_keep_it(expression: str, allowed: bool) -> None:
    assert is_allowed(expression) == allowed


def test_packages_are_asked_for_their_expression_then_for_their_classifiers(make: Make) -> None:
    lgpl = "License :: OSI Approved :: GNU Lesser General Public License v2 or later (LGPLv2+)"
    gpl = "License :: OSI Approved :: GNU General Public License v3 (GPLv3)"
    packages = [
        make("a", "License-Expression: MIT", f"Classifier: {gpl}"),
        make("b", f"Classifier: {lgpl}", "Classifier: License :: OSI Approved"),
        make("c", f"Classifier: {lgpl}", f"Classifier: {gpl}"),
        make("d"),
        make("e", "License: BSD-3-Clause"),
        make("kenlm"),
    ]
    assert [line.split(":")[0] for line in refused(packages)] == ["b", "c", "d"]


def test_a_vulnerable_version_is_named_with_its_cure(capsys: pytest.CaptureFixture[str]) -> None:
    bad = {"id": "PYSEC-1", "fix_versions": ["2.1"]}
    found = {
        "dependencies": [
            {"name": "a", "version": "2.0", "vulns": [bad]},
            {"name": "b", "version": "1", "vulns": []},
        ]
    }
    answer = advisories.read_answer(json.dumps(found))
    assert (answer.known, answer.vulnerable) == (2, ("a 2.0: PYSEC-1, mended in 2.1",))
    assert report_advisories(answer) == WRONG
    assert "PYSEC-1" in capsys.readouterr().out


@pytest.mark.parametrize(
    "printed",
    ["", json.dumps({"dependencies": [{"name": "a", "skip_reason": "not found on PyPI"}]})],
    ids=["no answer", "an answer that knows nothing"],
)
def test_a_database_that_cannot_be_reached_is_said_and_is_no_success(
    printed: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, printed, "Traceback\nConnectionError: no route\n")

    monkeypatch.setattr(advisories.subprocess, "run", run)
    assert report_advisories(advisories.ask(tmp_path)) == NOT_ASKED
    assert "were NOT checked: the advisory database cannot be reached" in capsys.readouterr().out


def test_a_version_that_the_database_does_not_know_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert report_advisories(advisories.Answer(3, ("odd",), ())) == 0
    assert "does not know odd" in capsys.readouterr().out
