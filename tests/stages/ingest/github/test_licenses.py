"""Licence texts and files: which count, and which licence each states."""

from __future__ import annotations

import pytest
from identify.vendor.licenses import LICENSES

from stages.ingest.github.licenses import all_required, is_allowed, is_license_path, licenses_of, recognise

TEXTS = dict(LICENSES)


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_every_licence_is_recognised_with_a_holder_and_rewrapped(name: str) -> None:
    text = TEXTS[name].replace("[year] [fullname]", "2011-2024 Ada Lovelace and others")
    rewrapped = " ".join(text.split(" ")).replace("\n", "\n  ")
    assert recognise(rewrapped) == [name]


@pytest.mark.parametrize(
    "path",
    ["LICENSE", "LICENSE.md", "licence.txt", "COPYING", "COPYING.LESSER", "LICENSE-MIT", "LICENSE-APACHE",
     "UNLICENSE", "MIT-LICENSE.txt", "LICENSE.rst", "LICENSES/MIT.txt", "License-2.0.txt"],
)  # fmt: skip
def test_files_that_state_the_licence(path: str) -> None:
    assert is_license_path(path)


@pytest.mark.parametrize(
    "path",
    [
        "src/LICENSE",
        "LICENSE.py",
        "THIRD-PARTY-LICENSES",
        "licenses.json",
        "docs/licenses/MIT.txt",
        "COPYING.py",
    ],
)
def test_files_that_do_not(path: str) -> None:
    assert not is_license_path(path)


def test_trap_conditions_that_make_a_permissive_text_another_licence() -> None:
    assert recognise(TEXTS["MIT"] + "\nThe Software shall be used for Good, not Evil.") == ["JSON"]
    assert recognise('"Commons Clause" License Condition v1.0\n' + TEXTS["MIT"]) == ["Commons-Clause"]


def test_a_choice_of_licences_and_a_notice_beside_them() -> None:
    texts = [
        TEXTS["MIT"],
        TEXTS["Unlicense"],
        "This project is dual-licensed under the Unlicense and MIT licenses.",
    ]
    assert licenses_of(texts) == ["MIT", "Unlicense"]
    assert is_allowed(["MIT", "Unlicense"], ("MIT",))
    assert not is_allowed(["MIT", "GPL-2.0"], ("MIT",), every=True)
    assert not is_allowed([], ("MIT",))
    assert licenses_of(["All your base are belong to us"]) == ["unknown"]


def test_spdx_lines() -> None:
    assert recognise("// SPDX-License-Identifier: MIT OR Apache-2.0\n") == ["MIT", "Apache-2.0"]
    assert all_required("# SPDX-License-Identifier: MIT AND GPL-2.0-only\n")
    assert not all_required("# SPDX-License-Identifier: (MIT OR GPL-2.0-only)\n")
