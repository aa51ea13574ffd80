"""Documentation that speaks of a licence: the licence goes, what describes the code stays."""

from __future__ import annotations

import pytest

from stages.ingest.github.headers import remove_license_header
from stages.ingest.github.languages import language_of_file
from tests.linear import assert_linear

NOTICE = "Copyright (c) 2020 Ada Lovelace. All rights reserved."
MIT = """Permission is hereby granted, free of charge, to any person obtaining a copy
of this software, to deal in the Software.

The above copyright notice shall be included in all copies.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND."""


def clean(path: str, text: str) -> str:
    found = language_of_file(path)
    assert found is not None
    return remove_license_header(text, found[1])


@pytest.mark.parametrize(
    ("path", "text", "kept"),
    [
        ("a.py", f'"""{NOTICE}\n\n{MIT}\n"""\nx = 1\n', "x = 1\n"),
        (
            "a.py",
            f"#!/usr/bin/env python\n'''\n{NOTICE}\n'''\nimport x\n",
            "#!/usr/bin/env python\nimport x\n",
        ),
        (
            "a.py",
            f'"""What it does.\n\n{NOTICE}\nLicensed under MIT.\n"""\nx\n',
            '"""What it does.\n"""\nx\n',
        ),
        (
            "a.py",
            f'"""What it does.\n\n{NOTICE}\n{MIT}\n\nUsage: run.\n"""\nx\n',
            '"""What it does.\n\nUsage: run.\n"""\nx\n',
        ),
        ("a.py", f'r"""{NOTICE}\n\nWhat it does."""\n\nx\n', 'r"""What it does."""\n\nx\n'),
        (
            "a.py",
            '"""\n    a.b\n    ~~~\n\n    Does it.\n\n    :copyright: 2020 Ada\n    :license: BSD, see LICENSE.\n"""\nx\n',
            '"""\n    a.b\n    ~~~\n\n    Does it.\n"""\nx\n',
        ),
        ("a.py", f'# {NOTICE}\n"""Docs."""\nx\n', '"""Docs."""\nx\n'),
        ("a.py", f'"""Docs."""\n\n# {NOTICE}\n\nx\n', '"""Docs."""\n\nx\n'),
        ("a.rs", f"//! {NOTICE}\n//! Licensed under the MIT License.\n\nfn main() {{}}\n", "fn main() {}\n"),
        (
            "a.rs",
            f"//! The crate.\n//!\n//! {NOTICE}\n//!\n//! Usage.\nfn main() {{}}\n",
            "//! The crate.\n//!\n//! Usage.\nfn main() {}\n",
        ),
        ("a.rs", f"/*! {NOTICE}\n{MIT} */\nfn main() {{}}\n", "fn main() {}\n"),
        ("a.rs", f"/*! The crate.\n\n{NOTICE}\n*/\nfn main() {{}}\n", "/*! The crate.\n*/\nfn main() {}\n"),
        (
            "a.java",
            "/**\n * Parses all things well.\n *\n * @author Ada\n * @copyright Ada\n * @license MIT\n */\nclass A {}\n",
            "/**\n * Parses all things well.\n *\n * @author Ada\n */\nclass A {}\n",
        ),
        (
            "a.java",
            f"/**\n * {NOTICE}\n *\n * Licensed under MIT.\n *\n * This class parses things.\n */\nclass A {{}}\n",
            "/**\n * This class parses things.\n */\nclass A {}\n",
        ),
        (
            "a.php",
            "<?php\n/**\n * This file is part of Lib.\n *\n * For more view the LICENSE.\n *\n * @package Lib\n */\nf();\n",
            "<?php\nf();\n",
        ),
        ("a.js", f"/**\n * lib 1.0\n * {NOTICE}\n */\nf()\n", "f()\n"),
        ("a.c", f"/*****\n * {NOTICE}\n *****/\nint x;\n", "int x;\n"),
        (
            "a.go",
            f"// {NOTICE}\n// Use is governed by a BSD licence.\n\n// Package x does.\npackage x\n",
            "// Package x does.\npackage x\n",
        ),
        ("a.go", f"// {NOTICE}\n//\n// Package x does.\npackage x\n", "// Package x does.\npackage x\n"),
        ("a.go", f"// {NOTICE}\npackage x\n", "package x\n"),
    ],
)
def test_the_licence_goes(path: str, text: str, kept: str) -> None:
    assert clean(path, text) == kept


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", '"""Tools for the copyright page of books.\n\nMore.\n"""\nx\n'),
        ("a.py", '"""Parses licences.\n\n:param license: the text\n"""\nx\n'),
        ("a.rs", "//! Reads `Cargo.toml` and its licence field.\nfn main() {}\n"),
        ("a.java", "/** Finds the copyright holder's pages. */\nclass A {}\n"),
        ("a.go", "// Package x does things.\n// More.\npackage x\n"),
        ("a.go", "/*\nPackage x does.\n*/\npackage x\n"),
        ("a.jl", f'"""\n    f(x)\n\n{NOTICE}\n"""\nf(x) = 1\n'),
        ("a.py", f'"""Never ended. {NOTICE}\nx\n'),
    ],
)
def test_documentation_stays(path: str, text: str) -> None:
    assert clean(path, text) == text


@pytest.mark.parametrize("piece", [f"{NOTICE}\n\n", "\n", "@license x\n", "Words here.\n"])
def test_documentation_is_read_in_linear_time(piece: str) -> None:
    assert_linear(lambda text: clean("a.py", text), lambda size: f'"""{piece * size}"""\nx\n', 100)
