"""Licence texts, files and expressions: which count, which licence each states, and what joins them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from identify.vendor.licenses import LICENSES

from stages.ingest.github.licenses import (
    NO_LICENSE,
    LicenseVerdict,
    is_license_path,
    join_files,
    judge,
    license_folder,
    recognise,
    spdx_expression,
)
from stages.ingest.github.repository import Repository, verdicts_of

TEXTS = {name: text.replace("[year] [fullname]", "2011-2024 Ada Lovelace") for name, text in LICENSES}
ALLOWED = ("Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MIT")
MIT_BODY = TEXTS["MIT"].split("\n", 4)[4]


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_every_licence_is_recognised_rewrapped(name: str) -> None:
    rewrapped = " ".join(TEXTS[name].split(" ")).replace("\n", "\n  ")
    assert recognise(rewrapped) == name


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_every_licence_is_recognised_as_one_line_of_html(name: str) -> None:
    paragraphs = TEXTS[name].replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;").split("\n\n")
    page = (
        "<html><body><h1>Licence</h1>" + "".join(f"<p>{part}</p>" for part in paragraphs) + "</body></html>"
    )
    assert recognise(page.replace("\n", " ")) == name


VARIANTS = {
    "MIT in Markdown": ("# License\n\n" + TEXTS["MIT"].replace('"AS IS"', '**"AS IS"**'), "MIT"),
    "MIT without a title": (MIT_BODY, "MIT"),
    "MIT with a list of authors": (TEXTS["MIT"] + "\n\nSee AUTHORS for the people who wrote it.\n", "MIT"),
    "MIT in one line with a holder": ("MIT © [Ada](https://ada.example)", "MIT"),
    "MIT named": ("Released under the MIT license.\n", "MIT"),
    "MIT with stars before its lines": ("\n".join(" * " + line for line in TEXTS["MIT"].splitlines()), "MIT"),
    "BSD with the holder's name": (
        TEXTS["BSD-3-Clause"].replace("the copyright holder nor", "Redis nor").replace(
            "COPYRIGHT HOLDERS AND", "REGENTS AND"), "BSD-3-Clause"),
    "BSD with stars for numbers": (
        TEXTS["BSD-3-Clause"].replace("1. ", "* ").replace("2. ", "* ").replace("3. ", "* "), "BSD-3-Clause"),
    "Apache without its appendix": (TEXTS["Apache-2.0"].partition("APPENDIX")[0], "Apache-2.0"),
    "Apache without its title": ("\n".join(TEXTS["Apache-2.0"].splitlines()[5:]), "Apache-2.0"),
    "Apache's short notice": (
        'Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in '
        "compliance with the License. You may obtain a copy of the License at http://www.apache.org/licenses/",
        "Apache-2.0"),
    "Apache with LLVM's exceptions": (
        TEXTS["Apache-2.0"] + "\n\n---- LLVM Exceptions to the Apache 2.0 License ----\n\nAs an exception, if, as a "
        "result of your compiling your source code, portions of this Software are embedded into an Object form",
        "Apache-2.0 WITH LLVM-exception"),
    "two permissive texts in one file": (TEXTS["MIT"] + "\n\n" + TEXTS["Apache-2.0"], "Apache-2.0 AND MIT"),
    "MIT with a bundled BSD text": (
        TEXTS["MIT"] + "\n\nIt bundles foo, licensed as follows:\n\n" + TEXTS["BSD-2-Clause"], "BSD-2-Clause AND MIT"),
    "a choice in one file": (
        "This is dual-licensed; choose either.\n\n" + TEXTS["MIT"] + "\n\n" + TEXTS["GPL-2.0"], "GPL-2.0 OR MIT"),
    "MIT and GPL in one file": (TEXTS["MIT"] + "\n\n" + TEXTS["GPL-2.0"], "GPL-2.0 AND MIT"),
    "MIT but for some files": (TEXTS["MIT"] + "\nFiles in gpl/ are under the GNU GPL.\n", "MIT AND unknown"),
    "BSD with a clause of its own": (
        TEXTS["BSD-3-Clause"] + "\n4. It may not be used by the military.\n", "BSD-3-Clause AND unknown"),
    "BSD with a clause in the middle": (
        TEXTS["BSD-3-Clause"].replace("THIS SOFTWARE IS", "4. Copies must not be sold.\n\nTHIS SOFTWARE IS"),
        "BSD-3-Clause AND unknown"),
    "MIT for good, not evil": (TEXTS["MIT"] + "\nThe Software shall be used for Good, not Evil.", "JSON"),
    "MIT with the Commons Clause": ('"Commons Clause" License Condition v1.0\n' + TEXTS["MIT"], "Commons-Clause"),
    "MIT for non-commercial use": (TEXTS["MIT"] + "\nFor non-commercial use.", "MIT AND non-commercial"),
    "BSD with the advertising clause": (
        TEXTS["BSD-3-Clause"].replace("3. ", "3. All advertising materials mentioning features or use of this "
        "software must display the following acknowledgement: Ada's.\n\n4. "), "BSD-4-Clause"),
    "MIT but for large companies": (
        TEXTS["MIT"] + "\nA company with more than a hundred staff has to buy a licence.\n", "MIT AND unknown"),
    "MIT but not as training data": (TEXTS["MIT"] + "\nNot as training data.\n", "MIT AND unknown"),
    "MIT with a condition within": (
        TEXTS["MIT"].replace("without restriction,", "but not as training data, without restriction,"), "MIT AND unknown"),
    "MIT before a condition": ("Governments need our consent.\n\n" + TEXTS["MIT"], "MIT AND unknown"),
    "MIT with an unknown rest": (
        TEXTS["MIT"] + "\nWhoever likes it sends a postcard from the town where one lives.\n", "MIT AND unknown"),
    "MIT with a title and an address": (
        "Frobnicator, a library for frobs\n\n" + TEXTS["MIT"] + "\nhttps://opensource.org/licenses/MIT\n", "MIT"),
    "MIT with what it includes": (
        TEXTS["MIT"] + "\nThis software includes code of the project foo, see vendor/foo.\n", "MIT"),
    "Apache without its appendix, with a notice": (
        TEXTS["Apache-2.0"].partition("APPENDIX")[0] + "\nCopyright 2016 Ada\n\nLicensed under the Apache License, "
        "Version 2.0", "Apache-2.0"),
    "BSD in an older wording": (
        TEXTS["BSD-2-Clause"].replace("THIS SOFTWARE IS", "3. The name of the author may not be used to endorse or promote "
        "products derived from this software without specific prior written permission.\n\nTHIS SOFTWARE IS"),
        "BSD-2-Clause"),
    "BSD in an older wording with more": (
        TEXTS["BSD-2-Clause"].replace("THIS SOFTWARE IS", "3. The name of the author may not be used to endorse or promote "
        "products derived from this software without specific prior written permission, nor may it be sold.\n\nTHIS "
        "SOFTWARE IS"), "BSD-2-Clause AND unknown"),
    "MIT said in a sentence": ("All contributions to it are MIT licensed.\n\n" + TEXTS["MIT"], "MIT"),
    "MIT unless otherwise noted": ("Unless otherwise noted, all code is under the MIT licence.\n\n" + TEXTS["MIT"], "MIT"),
    "MIT with its author's pages": (
        TEXTS["MIT"].replace("Permission is", "Copyright Ada <https://ada.be/>\nand Bob <bob@may.not>\n\nPermission is", 1),
        "MIT"),
    "MIT with a price": (TEXTS["MIT"] + "\nSee the price list.\n", "MIT AND unknown"),
    "MIT but by another licence": (
        TEXTS["MIT"] + "\nThe data in it is licensed under a commercial licence of Ada's.\n", "MIT AND unknown"),
    "a few words of another licence": ("GNU GPL, or MIT for customers", "unknown"),
    "prose": ("All your base are belong to us.", "unknown"),
    "an SPDX line": ("SPDX-License-Identifier: MIT OR Apache-2.0\n", "MIT OR Apache-2.0"),
    "nothing": ("", "unknown"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_trap_variants_of_licence_texts(name: str) -> None:
    text, expected = VARIANTS[name]
    assert recognise(text) == expected


@pytest.mark.parametrize(
    "path",
    ["LICENSE", "LICENSE.md", "licence.txt", "COPYING", "COPYING.LESSER", "LICENSE-MIT", "LICENSE-APACHE",
     "UNLICENSE", "MIT-LICENSE.txt", "LICENSE.rst", "LICENSES/MIT.txt", "License-2.0.txt"],
)  # fmt: skip
def test_files_that_state_the_licence(path: str) -> None:
    assert is_license_path(path)


@pytest.mark.parametrize(
    "path",
    ["src/LICENSE", "LICENSE.py", "THIRD-PARTY-LICENSES", "licenses.json", "docs/licenses/MIT.txt", "COPYING.py",
     "README.md"],
)  # fmt: skip
def test_files_that_do_not(path: str) -> None:
    assert not is_license_path(path)


def test_a_licence_file_below_the_root_states_its_folders_licence() -> None:
    assert license_folder("src/gpl/COPYING") == "src/gpl"
    assert license_folder("src/license.go") is None


JOINED = {
    "two files named apart are a choice": (
        {"LICENSE-MIT": TEXTS["MIT"], "LICENSE-APACHE": TEXTS["Apache-2.0"]}, "(Apache-2.0) OR (MIT)"),
    "a choice with a licence that is not allowed": (
        {"LICENSE-MIT": TEXTS["MIT"], "LICENSE-GPL-2.0": TEXTS["GPL-2.0"]}, "(GPL-2.0) OR (MIT)"),
    "ripgrep: a remark says that one may choose": (
        {"COPYING": "This project is dual-licensed under the Unlicense and MIT licenses.\n",
         "LICENSE": TEXTS["MIT"], "UNLICENSE": TEXTS["Unlicense"]}, "(MIT) OR (Unlicense)"),
    "two files that are no choice hold both": (
        {"COPYING": TEXTS["GPL-3.0"], "LICENSE": TEXTS["MIT"]}, "(GPL-3.0) AND (MIT)"),
    "GPL with its lesser form": (
        {"COPYING": TEXTS["GPL-3.0"], "COPYING.LESSER": TEXTS["LGPL-3.0"]}, "(GPL-3.0) AND (LGPL-3.0)"),
    "one licence twice": ({"LICENSE": TEXTS["MIT"], "LICENSE.md": TEXTS["MIT"]}, "MIT"),
    "a remark states nothing": ({"COPYRIGHT": "Ada and others wrote this.", "LICENSE": TEXTS["MIT"]}, "MIT"),
    "a long text of its own beside a licence": (
        {"COPYING": "You must ask the owner. " * 60, "LICENSE": TEXTS["MIT"]}, "(unknown) AND (MIT)"),
    "REUSE's folder alone": ({"LICENSES/MIT.txt": TEXTS["MIT"]}, "MIT"),
    "REUSE's folder beside a licence file": (
        {"LICENSE": TEXTS["MIT"], "LICENSES/CC0-1.0.txt": TEXTS["CC0-1.0"]}, "MIT"),
    "none": ({}, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(JOINED))
def test_the_licence_files_of_one_folder_together(name: str) -> None:
    texts, expected = JOINED[name]
    assert join_files(texts) == expected


@pytest.mark.parametrize(
    ("expression", "names", "allowed"),
    [
        ("MIT", ("MIT",), True),
        ("mit", ("MIT",), True),
        ("bsd-2-clause", ("BSD-2-Clause",), True),
        ("GPL-2.0-only", ("GPL-2.0-only",), False),
        ("MIT OR GPL-2.0-only", ("GPL-2.0-only", "MIT"), True),
        ("MIT AND GPL-2.0-only", ("GPL-2.0-only", "MIT"), False),
        ("MIT AND Apache-2.0", ("Apache-2.0", "MIT"), True),
        ("GPL-2.0-only OR (MIT AND ISC)", ("GPL-2.0-only", "ISC", "MIT"), False),
        ("Apache-2.0 WITH LLVM-exception", ("Apache-2.0 WITH LLVM-exception",), True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", ("GPL-2.0-only WITH Classpath-exception-2.0",), False),
        ("LicenseRef-mine", ("LicenseRef-mine",), False),
        ("MIT AND", ("MIT AND",), False),
        ("see the file", ("see the file",), False),
    ],
)
def test_expressions(expression: str, names: tuple[str, ...], allowed: bool) -> None:
    assert judge(expression, ALLOWED) == LicenseVerdict(names, allowed)


def test_no_expression_is_no_licence() -> None:
    assert judge("", ALLOWED) == NO_LICENSE
    assert NO_LICENSE.detail == "none"


@given(st.text(max_size=80))
def test_any_expression_gets_a_verdict(expression: str) -> None:
    verdict = judge(expression, ALLOWED)
    assert not verdict.allowed or verdict.names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("// SPDX-License-Identifier: MIT OR Apache-2.0\n", "MIT OR Apache-2.0"),
        ("/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */", "(GPL-2.0-only OR MIT)"),
        ("<!-- SPDX-License-Identifier: MIT -->", "MIT"),
        ("# spdx-license-identifier: Apache-2.0 WITH LLVM-exception\n", "Apache-2.0 WITH LLVM-exception"),
        ("# SPDX-License-Identifier: MIT/Apache-2.0\n", "MIT OR Apache-2.0"),
        ("# SPDX-License-Identifier: MIT License\n", "MIT"),
        (
            "# SPDX-License-Identifier: MIT\n# SPDX-License-Identifier: GPL-2.0-only\n",
            "(MIT) AND (GPL-2.0-only)",
        ),
        ("# SPDX-License-Identifier: MIT\nx = 'SPDX-License-Identifier: MIT'\n", "MIT"),
        ("# nothing of it\n", ""),
        (" " * 5000 + "SPDX-License-Identifier: MIT\n", ""),
    ],
)
def test_spdx_lines(text: str, expected: str) -> None:
    assert spdx_expression(text) == expected


@pytest.mark.parametrize(
    ("path", "text", "allowed"),
    [
        ("lib/COPYING", "This library is released under the GNU GPL.", False),
        ("lib/COPYING", "Copyright 2003 Acme. All rights reserved.", False),
        ("lib/LICENSE.txt", "You must ask the owner for permission. " * 60, False),
        ("lib/COPYING", "Released under the MIT license.", True),
        ("lib/LICENSE", "../LICENSE", True),
        ("lib/LICENSE", "See the LICENSE file in the root of this repository.", True),
        ("lib/license.md", "How the license is chosen.", True),
        ("lib/copyright.rst", "Copyright 2003 Acme. All rights reserved.", True),
        ("lib/LICENSE", "Lorem ipsum.", True),
        ("lib/LICENSE", "", True),
    ],
)
def test_a_notice_counts_for_its_folder(path: str, text: str, allowed: bool) -> None:
    repository = Repository("a", verdicts=verdicts_of({"LICENSE": TEXTS["MIT"], path: text}, ALLOWED, True))
    assert repository.verdict("lib/sub/a.c").allowed == allowed
    assert repository.verdict("src/a.c").allowed


def test_the_nearest_folder_that_states_a_licence_decides() -> None:
    texts = {"LICENSE": TEXTS["MIT"], "gpl/COPYING": TEXTS["GPL-2.0"], "tests/data/LICENSE": "Lorem ipsum."}
    repository = Repository("a", verdicts=verdicts_of(texts, ALLOWED, True))
    assert repository.verdict("src/a.py") == LicenseVerdict(("MIT",), True, ("LICENSE",))
    assert repository.verdict("gpl/sub/a.py") == LicenseVerdict(("GPL-2.0",), False, ("gpl/COPYING",))
    assert repository.verdict("tests/data/a.py").allowed


def test_a_root_that_is_not_allowed_holds_for_all_folders() -> None:
    texts = {"COPYING": TEXTS["GPL-2.0"], "lib/LICENSE": TEXTS["MIT"]}
    repository = Repository("a", verdicts=verdicts_of(texts, ALLOWED, True))
    assert not repository.verdict("lib/a.py").allowed


def test_folders_decide_where_the_root_states_nothing() -> None:
    repository = Repository("a", verdicts=verdicts_of({"lib/LICENSE": TEXTS["MIT"]}, ALLOWED, True))
    assert repository.verdict("lib/a.py").allowed
    assert repository.verdict("a.py") == NO_LICENSE


def test_a_mention_in_the_readme_states_nothing() -> None:
    assert verdicts_of({"COPYING": TEXTS["GPL-2.0"]}, ALLOWED, True)[""].names == ("GPL-2.0",)
    assert license_folder("README.md") is None


def test_a_manifest_states_the_licence_only_where_no_file_does() -> None:
    manifest = {"package.json": '{"license": "MIT"}'}
    assert verdicts_of(manifest, ALLOWED, True)[""] == LicenseVerdict(("MIT",), True, ("package.json",))
    assert verdicts_of(manifest, ALLOWED, False) == {}
    assert not verdicts_of(manifest | {"LICENSE": "Ask me first."}, ALLOWED, True)[""].allowed
    assert not verdicts_of(manifest | {"setup.py": "setup(license='GPL-3.0')"}, ALLOWED, True)[""].allowed


@pytest.mark.parametrize(
    "condition",
    [
        "The software can be used free of charge by individuals; others contact us.",
        "Any use for surveillance voids this license.",
        "Redistribution on app stores is disallowed.",
        "Attribution in the user interface is mandatory.",
        "Anyone who deploys it as a service shares their changes.",
        "Free for students. Everybody else: contact sales@example.org",
        "You owe me a beer.",
        "Das Programm darf nicht kommerziell genutzt werden.",
        "L'utilisation commerciale est interdite.",
        "商用利用は禁止します。",
        "未经许可不得用于商业用途",
        "Использование в коммерческих целях запрещено.",
        "לא לשימוש מסחרי בשום צורה שהיא",
    ],
)
def test_any_sentence_beside_a_licence_refuses_whatever_its_language(condition: str) -> None:
    assert recognise(f"{TEXTS['MIT']}\n\n{condition}\n") == "MIT AND unknown"
    assert recognise(f"{condition}\n\n{TEXTS['MIT']}") == "MIT AND unknown"


@pytest.mark.parametrize(
    "title",
    [
        "This project is licensed under the MIT License.",
        "This software is free software licensed under the MIT licence",
        "All code is distributed under the terms of the following MIT license",
        "Copyright (c) 2012 山田太郎 <a@b.example>",
        "MIT 许可证",
        "José García & François Müller, Universität Zürich",
    ],
)
def test_titles_and_holders_of_any_language_are_no_condition(title: str) -> None:
    assert recognise(f"{title}\n\n{TEXTS['MIT']}") == "MIT"
