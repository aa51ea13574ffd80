"""A licence header goes and the code stays, shown for each of more than thirty languages with its own kind of comment."""

from __future__ import annotations

import pytest

from stages.ingest.github.headers import remove_license_header
from stages.ingest.github.languages import language_of_file, told_by_content

NOTICE = "Copyright 2020 Ada"

# language, path, the file, what stays of it
CASES = [
    ("C", "a.c", f"/*\n * {NOTICE}\n * All rights reserved.\n */\n\nint x;\n", "int x;\n"),
    ("C", "b.c", f"// {NOTICE}\n#include <a.h>\n", "#include <a.h>\n"),
    ("C++", "a.hpp", f"// {NOTICE}\n//\n// BSD licence.\n#pragma once\n", "#pragma once\n"),
    ("C#", "a.cs", f"// {NOTICE}\nusing System;\n", "using System;\n"),
    ("Objective-C++", "a.mm", f"//  {NOTICE}\n#import <A.h>\n", "#import <A.h>\n"),
    ("Java", "A.java", f"/* {NOTICE} */\npackage a;\n", "package a;\n"),
    ("Kotlin", "a.kt", f"/*\n * {NOTICE}\n */\npackage a\n", "package a\n"),
    ("Scala", "a.scala", f"/* {NOTICE} */\nobject A\n", "object A\n"),
    ("Groovy", "a.gradle", f"/* {NOTICE} */\nplugins {{}}\n", "plugins {}\n"),
    ("Swift", "a.swift", f"//\n//  a.swift\n//  {NOTICE}\n//\nimport A\n", "import A\n"),
    ("Go", "a.go", f"// {NOTICE}\n\n//go:build linux\n\npackage a\n", "//go:build linux\n\npackage a\n"),
    ("Rust", "a.rs", f"// {NOTICE}\n\n//! What it does.\nfn a() {{}}\n", "//! What it does.\nfn a() {}\n"),
    ("Zig", "a.zig", f"// {NOTICE}\nconst a = 1;\n", "const a = 1;\n"),
    ("Dart", "a.dart", f"// {NOTICE}\nimport 'a';\n", "import 'a';\n"),
    ("D", "a.d", f"/+ {NOTICE} +/\nmodule a;\n", "module a;\n"),
    ("JavaScript", "a.js", f"/*!\n * {NOTICE}\n */\n'use strict'\n", "'use strict'\n"),
    ("JavaScript", "b.js", f"#!/usr/bin/env node\n// {NOTICE}\nrun()\n", "#!/usr/bin/env node\nrun()\n"),
    ("TypeScript", "a.ts", f"/** {NOTICE} */\nlet a = 1\n", "let a = 1\n"),
    ("CSS", "a.css", f"/* {NOTICE} */\na {{}}\n", "a {}\n"),
    ("Sass", "a.scss", f"// {NOTICE}\n$a: 1;\n", "$a: 1;\n"),
    ("Vue", "a.vue", f"<!-- {NOTICE} -->\n<template/>\n", "<template/>\n"),
    ("PHP", "a.php", f"<?php\n\n/**\n * {NOTICE}\n */\nf();\n", "<?php\n\nf();\n"),
    ("PHP", "b.php", f"<?php // {NOTICE}\nf();\n", "<?php f();\n"),
    ("Python", "a.py", f"# {NOTICE}\n#\n# More.\nimport a\n", "import a\n"),
    (
        "Python",
        "b.py",
        f"#!/usr/bin/python\n# -*- coding: latin-1 -*-\n# {NOTICE}\nimport a\n",
        "#!/usr/bin/python\n# -*- coding: latin-1 -*-\nimport a\n",
    ),
    ("Python", "c.py", f'# {NOTICE}\n"""What it does."""\n', '"""What it does."""\n'),
    ("Ruby", "a.rb", f"=begin\n{NOTICE}\n=end\nrequire 'a'\n", "require 'a'\n"),
    ("Perl", "a.pl", f"#!/usr/bin/perl\n# {NOTICE}\nuse strict;\n", "#!/usr/bin/perl\nuse strict;\n"),
    ("Perl", "A.pm", f"=head1 COPYRIGHT\n\n{NOTICE}\n\n=cut\n\npackage A;\n", "package A;\n"),
    ("Shell", "a.sh", f"#!/bin/sh\n#\n# {NOTICE}\n\nrun\n", "#!/bin/sh\nrun\n"),
    ("R", "a.R", f"# {NOTICE}\nx <- 1\n", "x <- 1\n"),
    ("Julia", "a.jl", f"#=\n{NOTICE}\n=#\nusing A\n", "using A\n"),
    ("Nim", "a.nim", f"#[ {NOTICE} ]#\nimport a\n", "import a\n"),
    ("Elixir", "a.ex", f"# {NOTICE}\ndefmodule A do\n", "defmodule A do\n"),
    ("CoffeeScript", "a.coffee", f"###\n{NOTICE}\n###\na = 1\n", "a = 1\n"),
    ("PowerShell", "a.ps1", f"<#\n{NOTICE}\n#>\nparam()\n", "param()\n"),
    ("CMake", "CMakeLists.txt", f"# {NOTICE}\nproject(a)\n", "project(a)\n"),
    ("Makefile", "Makefile", f"# {NOTICE}\nall:\n\trun\n", "all:\n\trun\n"),
    ("Dockerfile", "Dockerfile", f"# syntax=a/b:1\n# {NOTICE}\nFROM a\n", "# syntax=a/b:1\nFROM a\n"),
    ("YAML", "a.yml", f"# {NOTICE}\na: 1\n", "a: 1\n"),
    ("TOML", "a.toml", f"# {NOTICE}\n[a]\n", "[a]\n"),
    ("INI", "a.ini", f"; {NOTICE}\n[a]\n", "[a]\n"),
    ("HCL", "a.tf", f"# {NOTICE}\nvariable a {{}}\n", "variable a {}\n"),
    ("SQL", "a.sql", f"-- {NOTICE}\nselect 1;\n", "select 1;\n"),
    ("Lua", "a.lua", f"--[[\n{NOTICE}\n]]\nlocal a\n", "local a\n"),
    ("Lua", "b.lua", f"--[==[\n{NOTICE} ]] more\n]==]\nlocal a\n", "local a\n"),
    ("Haskell", "a.hs", f"{{-\n{NOTICE}\n-}}\nmodule A where\n", "module A where\n"),
    (
        "Haskell",
        "b.hs",
        f"{{-# LANGUAGE GADTs #-}}\n-- {NOTICE}\nmodule B where\n",
        "{-# LANGUAGE GADTs #-}\nmodule B where\n",
    ),
    ("Elm", "a.elm", f"-- {NOTICE}\nmodule A exposing (..)\n", "module A exposing (..)\n"),
    ("Ada", "a.adb", f"-- {NOTICE}\nprocedure A is\n", "procedure A is\n"),
    ("VHDL", "a.vhd", f"-- {NOTICE}\nlibrary ieee;\n", "library ieee;\n"),
    ("OCaml", "a.ml", f"(* {NOTICE} *)\nlet a = 1\n", "let a = 1\n"),
    ("OCaml", "b.ml", f"(* {NOTICE}\n   (* in it *) more *)\nlet a = 1\n", "let a = 1\n"),
    ("Verilog", "a.v", f"(* {NOTICE} *)\nTheorem a.\n", "Theorem a.\n"),
    ("Verilog", "b.v", f"// {NOTICE}\nmodule a;\n", "module a;\n"),
    ("F#", "a.fs", f"(* {NOTICE} *)\nmodule A\n", "module A\n"),
    ("Pascal", "a.pas", f"{{ {NOTICE} }}\nunit A;\n", "unit A;\n"),
    ("Pascal", "b.pas", f"{{$MODE OBJFPC}}\n// {NOTICE}\nunit B;\n", "{$MODE OBJFPC}\nunit B;\n"),
    ("Clojure", "a.clj", f";; {NOTICE}\n(ns a)\n", "(ns a)\n"),
    ("Emacs Lisp", "a.el", f";;; {NOTICE}\n(require 'a)\n", "(require 'a)\n"),
    ("Scheme", "a.scm", f"#| {NOTICE} |#\n(define a 1)\n", "(define a 1)\n"),
    ("Racket", "a.rkt", f"#lang racket\n; {NOTICE}\n(f)\n", "#lang racket\n(f)\n"),
    ("Assembly", "a.asm", f"; {NOTICE}\nmov ax, 1\n", "mov ax, 1\n"),
    ("Erlang", "a.erl", f"%% {NOTICE}\n-module(a).\n", "-module(a).\n"),
    ("Prolog", "a.pro", f"/* {NOTICE} */\na(1).\n", "a(1).\n"),
    ("MATLAB", "a.m", f"% {NOTICE}\nx = 1;\n", "x = 1;\n"),
    ("MATLAB", "b.m", f"// {NOTICE}\n#import <A.h>\n", "#import <A.h>\n"),
    ("TeX", "a.tex", f"% {NOTICE}\n\\section{{A}}\n", "\\section{A}\n"),
    ("Fortran", "a.f90", f"! {NOTICE}\nprogram a\n", "program a\n"),
    ("Fortran 77", "a.f", f"C {NOTICE}\n      PROGRAM A\n", "      PROGRAM A\n"),
    ("Visual Basic", "a.vb", f"' {NOTICE}\nImports A\n", "Imports A\n"),
    ("Batch", "a.bat", f"@echo off\nREM {NOTICE}\nrun\n", "@echo off\nrun\n"),
    ("Batch", "b.cmd", f":: {NOTICE}\nrun\n", "run\n"),
    ("Vim script", "a.vim", f'" {NOTICE}\nset a\n', "set a\n"),
    ("HTML", "a.html", f"<!DOCTYPE html>\n<!-- {NOTICE} -->\n<html>\n", "<!DOCTYPE html>\n<html>\n"),
    ("XML", "a.xml", f'<?xml version="1.0"?>\n<!-- {NOTICE} -->\n<a/>\n', '<?xml version="1.0"?>\n<a/>\n'),
    ("Markdown", "a.md", f"<!-- {NOTICE} -->\n# A\n", "# A\n"),
    ("Jinja", "a.j2", f"{{# {NOTICE} #}}\n{{{{ a }}}}\n", "{{ a }}\n"),
    ("Handlebars", "a.hbs", f"{{{{!-- {NOTICE} --}}}}\n<a/>\n", "<a/>\n"),
    ("ERB", "a.erb", f"<%# {NOTICE} %>\n<a/>\n", "<a/>\n"),
    ("JSP", "a.jsp", f"<%-- {NOTICE} --%>\n<a/>\n", "<a/>\n"),
    ("Smalltalk", "a.st", f'"{NOTICE}"\nObject new\n', "Object new\n"),
    ("Forth", "a.fth", f"\\ {NOTICE}\n: a ;\n", ": a ;\n"),
    ("Solidity", "a.sol", f"// SPDX-License-Identifier: MIT\n// {NOTICE}\npragma solidity ^0.8;\n",
     "pragma solidity ^0.8;\n"),
    ("Protocol Buffers", "a.proto", f"// {NOTICE}\nsyntax = 'proto3';\n", "syntax = 'proto3';\n"),
    ("Verilog", "a.vh", f"// {NOTICE}\n`define A\n", "`define A\n"),
    ("CUDA", "a.cu", f"/* {NOTICE} */\n__global__ void a();\n", "__global__ void a();\n"),
    ("Tcl", "a.tcl", f"# {NOTICE}\nset a 1\n", "set a 1\n"),
    ("Starlark", "BUILD.bazel", f"# {NOTICE}\nload('a')\n", "load('a')\n"),
    ("GraphQL", "a.graphql", f"# {NOTICE}\ntype A {{}}\n", "type A {}\n"),
    ("AppleScript", "a.applescript", f"(* {NOTICE} *)\ntell app\n", "tell app\n"),
    ("Mathematica", "a.wl", f"(* {NOTICE} *)\nf[x]\n", "f[x]\n"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "path", "text", "kept"), CASES, ids=[case[1] for case in CASES])
def test_a_licence_header_goes_and_the_code_stays(language: str, path: str, text: str, kept: str) -> None:
    found = language_of_file(path)
    assert found is not None
    assert found[0] == language
    assert remove_license_header(text, found[1]) == kept


def test_that_is_far_more_than_thirty_languages() -> None:
    assert len({case[0] for case in CASES}) >= 60


def test_languages_that_share_an_extension_are_told_by_their_text() -> None:
    assert told_by_content("MATLAB", "x = 1;\n") == "MATLAB"
    assert told_by_content("MATLAB", "#import <A.h>\n@implementation A\n") == "Objective-C"
    assert told_by_content("Verilog", "module a;\nendmodule\n") == "Verilog"
    assert told_by_content("Verilog", "Require Import Arith.\nLemma a : True.\n") == "Coq"
    assert told_by_content("Perl", ":- module(a, [b/1]).\n") == "Prolog"
    assert told_by_content("Python", "Lemma a\n") == "Python"
