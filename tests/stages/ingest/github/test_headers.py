"""Licence headers go, in every comment style; code, directives and documentation stay."""

from __future__ import annotations

import pytest

from stages.ingest.github.headers import remove_license_header
from stages.ingest.github.languages import STYLES, language_of_file
from tests.linear import assert_linear

NOTICE = "Copyright (c) 2020 Ada Lovelace. All rights reserved."


def clean(path: str, text: str, all_lines: bool = True) -> str:
    found = language_of_file(path)
    assert found is not None
    return remove_license_header(text, found[1], all_lines)


@pytest.mark.parametrize("name", sorted(set(STYLES) - {"none"}))
def test_every_style_loses_a_header_of_each_of_its_comments(name: str) -> None:
    style = STYLES[name]
    for opening, closing in style.block:
        assert (
            remove_license_header(f"{opening} {NOTICE}\n more {closing}\n\ncode here\n", style)
            == "code here\n"
        )
    for mark in style.line:
        assert remove_license_header(f"{mark} {NOTICE}\n{mark} more\n\ncode here\n", style) == "code here\n"


def test_at_least_thirty_languages_have_a_style_with_comments() -> None:
    names = "a.py a.rb a.js a.ts a.go a.rs a.c a.cpp a.cs a.java a.kt a.scala a.swift a.php a.pl a.lua a.hs a.ml a.fs"
    names += " a.clj a.lisp a.el a.scm a.erl a.ex a.jl a.r a.m a.sql a.sh a.ps1 a.vim a.css a.html a.vue a.tex a.yaml"
    assert all(language_of_file(name) is not None for name in names.split())
    assert language_of_file("a.exe") is None
    assert language_of_file("Makefile") is not None


@pytest.mark.parametrize(
    ("path", "text", "kept"),
    [
        ("a.py", f"#!/usr/bin/env python\n# {NOTICE}\n\nx = 1\n", "#!/usr/bin/env python\nx = 1\n"),
        ("a.py", f"# -*- coding: utf-8 -*-\n# {NOTICE}\nx = 1\n", "# -*- coding: utf-8 -*-\nx = 1\n"),
        ("a.php", f"<?php\n/* {NOTICE} */\nf();\n", "<?php\nf();\n"),
        ("a.css", f'@charset "utf-8";\n/* {NOTICE} */\na {{}}\n', '@charset "utf-8";\na {}\n'),
        ("a.go", f"// {NOTICE}\n\n//go:build linux\n\npackage a\n", "//go:build linux\n\npackage a\n"),
        ("a.rb", "# frozen_string_literal: true\n\nx\n", "# frozen_string_literal: true\n\nx\n"),
        ("a.js", f"/*! {NOTICE} */\n/* eslint-disable */\nf()\n", "/* eslint-disable */\nf()\n"),
        ("a.ts", f'/// <reference path="x"/>\n/* {NOTICE} */\nf()\n', '/// <reference path="x"/>\nf()\n'),
        ("a.cs", f'/// <copyright file="a.cs">\n/// {NOTICE}\n/// </copyright>\nusing X;\n', "using X;\n"),
        (
            "a.cs",
            f"/// <summary>Does many things.</summary>\n/// <copyright>\n/// {NOTICE}\n/// </copyright>\nusing X;\n",
            "/// <summary>Does many things.</summary>\nusing X;\n",
        ),
        ("a.dart", f"/// {NOTICE}\n\n/// Doc of x.\nclass X {{}}\n", "/// Doc of x.\nclass X {}\n"),
        ("a.zig", f"//! {NOTICE}\nconst x\n", "const x\n"),
        ("a.fs", f"/// {NOTICE}\nmodule X\n", "module X\n"),
        ("a.cpp", f"/////////////\n// {NOTICE}\n/////////////\nint x;\n", "int x;\n"),
        ("a.cpp", f"//// {NOTICE}\nint x;\n", "int x;\n"),
        ("a.hpp", f"/// @author {NOTICE}\nint x;\n", "int x;\n"),
        (
            "a.hpp",
            f"#ifndef A_HPP\n#define A_HPP 1\n#if defined(_MSC_VER)\n# pragma once\n#endif\n/////1/////2\n// a.hpp: a\n\n"
            f"// {NOTICE}\n\nint x;\n",
            "#ifndef A_HPP\n#define A_HPP 1\n#if defined(_MSC_VER)\n# pragma once\n#endif\n/////1/////2\n// a.hpp: a\n\n"
            "int x;\n",
        ),
        ("a.c", f"#include <x.h>\n\n/* {NOTICE} */\nint x;\n", "#include <x.h>\n\nint x;\n"),
        (
            "a.h",
            f'#ifdef __cplusplus\nextern "C" {{\n#endif\n/* {NOTICE} */\nint x;\n',
            '#ifdef __cplusplus\nextern "C" {\n#endif\nint x;\n',
        ),
        (
            "a.c",
            "#include <x.h>\n\n/* Reads copyright lines out of files. */\nint x;\n",
            "#include <x.h>\n\n/* Reads copyright lines out of files. */\nint x;\n",
        ),
        ("a.c", "#include <x.h>\n// What it does.\nint x;\n", "#include <x.h>\n// What it does.\nint x;\n"),
        ("a.bat", f"@echo off\nrem\nrem {NOTICE}\nrem\necho\n", "@echo off\necho\n"),
        ("a.bat", f"@REM\n@REM {NOTICE}\nremove x\n", "remove x\n"),
        (
            "a.js",
            f'"use strict";\nObject.defineProperty(exports, "__esModule", {{ value: true }});\nexports.a = void 0;\n'
            f"/*\n{NOTICE}\n*/\nf()\n",
            '"use strict";\nObject.defineProperty(exports, "__esModule", { value: true });\nexports.a = void 0;\nf()\n',
        ),
        (
            "a.py",
            f'"""Reads things."""\n\nfrom __future__ import annotations\n\nimport re\n\n# {NOTICE}\nx = 1\n',
            '"""Reads things."""\n\nfrom __future__ import annotations\n\nimport re\n\nx = 1\n',
        ),
        (
            "a.py",
            "import re\n\n# Finds copyright lines.\nx = 1\n",
            "import re\n\n# Finds copyright lines.\nx = 1\n",
        ),
        ("a.py", "import re\n# What x is.\nx = 1\n", "import re\n# What x is.\nx = 1\n"),
        ("a.java", f"package a.b;\n\n/* {NOTICE} */\nimport c;\n", "package a.b;\n\nimport c;\n"),
        ("a.cs", f"using System;\n// {NOTICE}\nclass X {{}}\n", "using System;\nclass X {}\n"),
        ("a.js", "/* what this file does */\nf()\n", "/* what this file does */\nf()\n"),
        (
            "a.rs",
            "//! The crate's documentation.\nfn main() {}\n",
            "//! The crate's documentation.\nfn main() {}\n",
        ),
        ("a.c", "#include <stdio.h>\nint x;\n", "#include <stdio.h>\nint x;\n"),
        ("a.md", "# Copyright law\n\ntext\n", "# Copyright law\n\ntext\n"),
        ("a.py", f"    # {NOTICE}\n    x = 1\n", "    x = 1\n"),
        ("a.js", "// what this file does\nf()\n", "f()\n"),
        ("a.py", '"""\nWhat this module does.\n"""\nx = 1\n', '"""\nWhat this module does.\n"""\nx = 1\n'),
        ("a.yaml", "---\n# a note\nkey: value\n", "---\n# a note\nkey: value\n"),
        ("a.sh", f"####\n# {NOTICE}\n####\nrun\n", "run\n"),
    ],
)
def test_what_goes_and_what_stays(path: str, text: str, kept: str) -> None:
    assert clean(path, text) == kept


def test_leading_lines_without_copyright_stay_when_asked() -> None:
    assert clean("a.js", "// what this file does\nf()\n", all_lines=False) == "// what this file does\nf()\n"
    assert clean("a.js", f"// {NOTICE}\nf()\n", all_lines=False) == "f()\n"


def test_a_comment_that_never_ends_stays() -> None:
    assert clean("a.c", f"/* {NOTICE}\nint x;\n") == f"/* {NOTICE}\nint x;\n"


def test_a_run_of_comments_longer_than_any_header_is_cut_at_a_line() -> None:
    text = "# a line of a very long comment\n" * 2000
    kept = clean("a.py", text + "x = 1\n")
    assert kept.endswith("comment\nx = 1\n") or kept == "x = 1\n"
    assert all(line in ("# a line of a very long comment", "x = 1") for line in kept.splitlines())


BLOCK = f"{NOTICE}\n   Permission is hereby granted."


@pytest.mark.parametrize("all_lines", [True, False])
@pytest.mark.parametrize(
    ("path", "header"),
    [
        ("a.cs", f"#region License\n/* {BLOCK} */\n#endregion\n"),
        ("a.cs", f"\ufeff#region License\n// {NOTICE}\n//\n// more\n#endregion License\n"),
        ("a.cs", f"#region {NOTICE}\n\n/* more */\n\n/* and more */\n\n#endregion\n"),
        ("a.cs", f"#region Header\n/// <copyright>{NOTICE}</copyright>\n#endregion\n"),
        ("a.cs", f"// -----\n#region License\n/* {BLOCK} */\n#endregion\n// {NOTICE}\n"),
        ("a.vb", f"#Region \"License\"\n' {NOTICE}\n'\n#End Region\n"),
        ("a.pas", f"{{$REGION 'License'}}\n{{ {BLOCK} }}\n{{$ENDREGION}}\n"),
        ("a.pas", f"{{$region 'License'}}\n(* {BLOCK} *)\n// more\n{{$endregion}}\n"),
        ("a.lua", f"--region License\n--[[ {BLOCK} ]]\n--endregion\n"),
        ("a.lua", f"--#region License\n-- {NOTICE}\n--#endregion\n"),
        ("a.lua", f"--[===[ {BLOCK} ]===]\n"),
        ("a.hs", f"-- #region License\n{{- {BLOCK} -}}\n-- #endregion\n"),
        ("a.hs", f"{{- #region License -}}\n{{- {BLOCK} -}}\n{{- #endregion -}}\n"),
        ("a.html", f"<!-- #region License -->\n<!-- {BLOCK} -->\n<!-- #endregion -->\n"),
        ("a.html", f"<!--region-->\n<!--\n{BLOCK}\n-->\n<!--endregion-->\n"),
        ("a.sql", f"-- #region License\n/* {BLOCK} */\n-- #endregion\n"),
        ("a.sql", f"/* #region License */\n-- {NOTICE}\n/* #endregion */\n"),
        ("a.cpp", f"#pragma region License\n// {NOTICE}\n#pragma endregion\n"),
        ("a.java", f'// <editor-fold desc="License">\n/* {BLOCK} */\n// </editor-fold>\n'),
        ("a.ts", f"//#region License\n/* {BLOCK} */\n//#endregion\n"),
        ("a.ps1", f"#region License\n<# {BLOCK} #>\n#endregion\n"),
    ],
)
def test_regions_around_licences_go(path: str, header: str, all_lines: bool) -> None:
    if not all_lines and "-----" in header:
        return
    mark = "\ufeff" if header.startswith("\ufeff") else ""
    assert clean(path, header + "\ncode here\n", all_lines) == mark + "code here\n"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.cs", "#region Fields\nint x;\n#endregion\n"),
        ("a.cs", f"#region License\n/* {BLOCK} */\nint x;\n#endregion\n"),
        ("a.cs", f"#region License\n/* {BLOCK} */\n"),
        ("a.cs", "#region Usings\n// what we use\n#endregion\nusing System;\n"),
        ("a.pas", "{$REGION 'Types'}\n{ what they are }\n{$ENDREGION}\ntype x;\n"),
        ("a.html", "<!-- #region menu -->\n<ul></ul>\n<!-- #endregion -->\n"),
    ],
)
def test_regions_of_code_and_of_other_comments_stay(path: str, text: str) -> None:
    assert clean(path, text) == text


def test_trap_hostile_regions_take_linear_time() -> None:
    style = STYLES["c"]
    assert_linear(lambda text: remove_license_header(text, style), lambda n: "#region License\n" * n, 2_000)
    assert_linear(
        lambda text: remove_license_header(text, style), lambda n: "#region License\n" + "// x\n" * n, 2_000
    )


@pytest.mark.parametrize(
    ("path", "first"),
    [
        ("a.c", "#pragma once\n"),
        ("a.h", "#ifndef A_H\n#define A_H\n"),
        ("a.cs", "#nullable enable\n"),
        ("a.rs", "#![no_std]\n"),
        ("a.js", "'use strict';\n"),
        ("a.js", "// @flow\n"),
        ("a.js", "/* eslint-env node */\n"),
        ("a.c", "/* -*- Mode: C; tab-width: 4 -*- */\n"),
        ("a.php", "<?php\ndeclare(strict_types=1);\n"),
        ("a.kt", '@file:JvmName("A")\n'),
        ("a.v", "`timescale 1ns/1ps\n"),
        ("a.c", "/* what this file does */\n\n"),
    ],
)
def test_a_header_behind_what_a_tool_or_a_reader_reads_goes_alone(path: str, first: str) -> None:
    assert clean(path, f"{first}/* {NOTICE} */\ncode();\n") == f"{first}code();\n"


@pytest.mark.parametrize(
    ("path", "text", "kept"),
    [
        ("a.vb", f"Option Strict On\n' {NOTICE}\nImports A\n", "Option Strict On\nImports A\n"),
        (
            "a.cs",
            f"#pragma warning disable\n#region License\n// {NOTICE}\n#endregion\nx\n",
            "#pragma warning disable\nx\n",
        ),
        (
            "a.ml",
            f"(******)\n(* {NOTICE} *)\n(* more *)\n(******)\n(** Doc. *)\nlet x = 1\n",
            "(** Doc. *)\nlet x = 1\n",
        ),
        (
            "a.ml",
            "(******)\n(* Lists *)\n(******)\nlet x = 1\n",
            "(******)\n(* Lists *)\n(******)\nlet x = 1\n",
        ),
        ("a.js", "/* does this */\n// and that\nf()\n", "/* does this */\n// and that\nf()\n"),
        ("a.r", f"# {NOTICE}\n\n#' Doc\n#' @export\nf <- 1\n", "#' Doc\n#' @export\nf <- 1\n"),
        ("a.rb", f"# encoding: utf-8\n# {NOTICE}\nx = 1\n", "# encoding: utf-8\nx = 1\n"),
        ("a.dart", f"// @dart=2.9\n// {NOTICE}\nf();\n", "// @dart=2.9\nf();\n"),
    ],
)
def test_headers_beside_directives_boxes_and_descriptions(path: str, text: str, kept: str) -> None:
    assert clean(path, text) == kept
