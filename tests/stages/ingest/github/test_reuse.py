"""REUSE: a repository whose files each say their licence, or whose REUSE.toml or dep5 says it for them."""

from __future__ import annotations

import pytest
from identify.vendor.licenses import LICENSES

from stages.ingest.github.repository import (
    Repository,
    annotations_in,
    states_license,
    verdicts_beside,
    verdicts_of,
)
from stages.ingest.github.reuse import annotations_of

TEXTS = dict(LICENSES)
MIT = TEXTS["MIT"].replace("[year] [fullname]", "2020 Ada")
BOTH = {"LICENSES/MIT.txt": MIT, "LICENSES/GPL-3.0-only.txt": TEXTS["GPL-3.0"]}
DEP5 = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: x

Files: *
Copyright: 2020 Ada
License: MIT

Files: vendored/* a?.c
 docs/one.md
Copyright: x
License: GPL-3.0-only
 This is free software.
"""
TOML = """version = 1

[[annotations]]
path = "**"
SPDX-License-Identifier = "MIT"

[[annotations]]
path = ["gpl/**", "src/*.c"]
SPDX-License-Identifier = ["GPL-3.0-only", "MIT"]
"""


def allowed(files: dict[str, str], path: str) -> tuple[tuple[str, ...], bool]:
    texts = {name: text for name, text in files.items() if states_license(name)}
    kept = ("MIT", "Apache-2.0")
    found = Repository(
        "r",
        verdicts=verdicts_of(texts, kept, True),
        annotations=annotations_in(texts, kept),
        beside=verdicts_beside(texts, kept),
    )
    verdict = found.verdict(path)
    return verdict.names, verdict.allowed


@pytest.mark.parametrize(
    ("files", "path", "verdict"),
    [
        (BOTH | {".reuse/dep5": DEP5}, "src/a.py", (("MIT",), True)),
        (BOTH | {".reuse/dep5": DEP5}, "vendored/x/a.py", (("GPL-3.0-only",), False)),
        (BOTH | {".reuse/dep5": DEP5}, "ab.c", (("GPL-3.0-only",), False)),
        (BOTH | {".reuse/dep5": DEP5}, "docs/one.md", (("GPL-3.0-only",), False)),
        ({".reuse/dep5": DEP5}, "abc.c", (("MIT",), True)),
        (BOTH | {"REUSE.toml": TOML}, "src/x/a.c", (("MIT",), True)),
        (BOTH | {"REUSE.toml": TOML}, "src/a.c", (("GPL-3.0-only", "MIT"), False)),
        (BOTH | {"REUSE.toml": TOML}, "gpl/x/a.py", (("GPL-3.0-only", "MIT"), False)),
        ({"REUSE.toml": TOML, "gpl/REUSE.toml": TOML}, "gpl/a.py", (("MIT",), True)),
        ({"REUSE.toml": "no [toml"}, "a.py", ((), False)),
        (BOTH | {"a.css.license": "SPDX-License-Identifier: MIT\n"}, "a.css", (("MIT",), True)),
        (
            BOTH | {"REUSE.toml": TOML, "x/a.py.license": "SPDX-License-Identifier: GPL-3.0-only\n"},
            "x/a.py",
            (("GPL-3.0-only",), False),
        ),
        (BOTH | {"REUSE.toml": TOML, "a.py.license": "Ada wrote it.\n"}, "a.py", (("MIT",), True)),
        ({"LICENSE": TEXTS["GPL-3.0"], "REUSE.toml": TOML}, "a.py", (("GPL-3.0",), False)),
        ({"LICENSE": MIT, "lib/COPYING": TEXTS["GPL-3.0"], "REUSE.toml": TOML}, "lib/a.py", (("MIT",), True)),
    ],
)
def test_what_a_file_is_under(
    files: dict[str, str], path: str, verdict: tuple[tuple[str, ...], bool]
) -> None:
    assert allowed(files, path) == verdict


def test_several_licences_in_the_folder_are_told_by_each_file() -> None:
    (verdict,) = verdicts_of(BOTH, ("MIT",), True).values()
    assert (verdict.names, verdict.allowed, verdict.is_per_file) == (("GPL-3.0", "MIT"), False, True)
    (verdict,) = verdicts_of({"LICENSES/MIT.txt": MIT}, ("MIT",), True).values()
    assert (verdict.names, verdict.allowed, verdict.is_per_file) == (("MIT",), True, False)


def test_globs() -> None:
    (one,) = annotations_of(
        {"REUSE.toml": '[[annotations]]\npath = "a/**/b?.\\\\*"\nSPDX-License-Identifier = "MIT"\n'}
    )
    assert [bool(one.paths.fits(path)) for path in ("a/x/y/bc.*", "a/bc.*", "a/x/b/.*", "a/x/bc.c")] == [
        True,
        True,
        False,
        False,
    ]


def test_a_pattern_of_a_page_says_nothing() -> None:
    assert annotations_of({".reuse/dep5": f"Files: {'a' * 501}\nLicense: MIT\n"}) == []


@pytest.mark.parametrize("text", ["a = " + "[" * 5_000, "a = " + "9" * 5_000, "a = [", "annotations = 1"])
def test_a_broken_file_says_nothing(text: str) -> None:
    assert annotations_of({"REUSE.toml": text}) == []
