"""File names in, languages and their comment styles out: the table of files that are source or prose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property


@dataclass(frozen=True)
class CommentStyle:
    """How a language writes comments: what opens a comment to the line's end, and pairs around a block.

    `docs` are pairs around documentation, `doc_lines` what opens a line of it; lines before `documented` are such, too.
    """

    line: tuple[str, ...] = ()
    block: tuple[tuple[str, str], ...] = ()
    docs: tuple[tuple[str, str], ...] = ()
    doc_lines: tuple[str, ...] = ()
    documented: str = ""

    @cached_property
    def doc_openings(self) -> tuple[str, ...]:
        """All that documentation may begin with."""
        lines = self.line if self.documented else ()
        return (*(opening for opening, _ in self.docs), *self.doc_lines, *lines)


C_BLOCK, C_DOC = ("/*", "*/"), ("/**", "*/")
SLASH_DOCS = ("///", "//!")
STYLES = {
    "c": CommentStyle(("//",), (C_BLOCK,), (C_DOC,), SLASH_DOCS),
    "go": CommentStyle(("//",), (C_BLOCK,), (C_DOC,), ("///",), documented="package "),
    "rust": CommentStyle(("//",), (C_BLOCK,), (C_DOC, ("/*!", "*/")), SLASH_DOCS),
    "python": CommentStyle(
        ("#",), (), tuple((f"{r}{quotes}", quotes) for r in ("", "r", "u", "R") for quotes in ('"""', "'''"))
    ),
    "css": CommentStyle((), (C_BLOCK,)),
    "php": CommentStyle(("//", "#"), (C_BLOCK,), (C_DOC,), ("///",)),
    "d": CommentStyle(("//",), (C_BLOCK, ("/+", "+/")), (), ("///",)),
    "hash": CommentStyle(("#",)),
    "hcl": CommentStyle(("#", "//"), (C_BLOCK,), (), ("///",)),
    "julia": CommentStyle(("#",), (("#=", "=#"),)),
    "nim": CommentStyle(("#",), (("#[", "]#"),)),
    "coffee": CommentStyle(("#",), (("###", "###"),)),
    "powershell": CommentStyle(("#",), (("<#", "#>"),)),
    "ruby": CommentStyle(("#",), (("=begin", "=end"),)),
    "perl": CommentStyle(("#",), (("=pod", "=cut"), ("=head1 COPYRIGHT", "=cut"), ("=head1 LICEN", "=cut"))),
    "sql": CommentStyle(("--",), (C_BLOCK,)),
    "dash": CommentStyle(("--",)),
    "lua": CommentStyle(
        ("--",), (("--[[", "]]"), *((f"--[{'=' * n}[", f"]{'=' * n}]") for n in range(1, 6)))
    ),
    "haskell": CommentStyle(("--",), (("{-", "-}"),)),
    "applescript": CommentStyle(("--", "#"), (("(*", "*)"),)),
    "lisp": CommentStyle((";",), (("#|", "|#"),)),
    "semicolon": CommentStyle((";",)),
    "ini": CommentStyle((";", "#")),
    "asm": CommentStyle((";", "#", "//", "@"), (C_BLOCK,), (), ("///",)),
    "percent": CommentStyle(("%",)),
    "matlab": CommentStyle(("%", "//"), (("%{", "%}"), C_BLOCK), (), ("///",)),
    "prolog": CommentStyle(("%",), (C_BLOCK,)),
    "verilog": CommentStyle(("//",), (C_BLOCK, ("(*", "*)")), (), ("///",)),
    "ml": CommentStyle((), (("(*", "*)"),)),
    "fsharp": CommentStyle(("//",), (("(*", "*)"),), (), ("///",)),
    "pascal": CommentStyle(("//",), (("(*", "*)"), ("{", "}")), (), ("///",)),
    "fortran": CommentStyle(("!", "C ", "c ", "* ")),
    "fortran90": CommentStyle(("!",)),
    "basic": CommentStyle(("'", "REM ")),
    "batch": CommentStyle(("REM ", "rem ", "Rem ", "::", "@REM ", "@rem ")),
    "vim": CommentStyle(('"',)),
    "xml": CommentStyle((), (("<!--", "-->"),)),
    "vue": CommentStyle((), (("<!--", "-->"), C_BLOCK)),
    "handlebars": CommentStyle((), (("<!--", "-->"), ("{{!--", "--}}"))),
    "jinja": CommentStyle((), (("<!--", "-->"), ("{#", "#}"))),
    "erb": CommentStyle((), (("<%#", "%>"), ("<!--", "-->"))),
    "jsp": CommentStyle((), (("<%--", "--%>"), ("<!--", "-->"))),
    "mathematica": CommentStyle((), (("(*", "*)"),)),
    "apl": CommentStyle(("⍝",)),
    "forth": CommentStyle(("\\ ",)),
    "smalltalk": CommentStyle((), (('"', '"'),)),
    "none": CommentStyle(),
}

# language: comment style: extensions (lowercase, without the dot)
_TABLE = """
Ada: dash: adb ads
Agda: haskell: agda
ANTLR: c: g4
APL: apl: apl
AppleScript: applescript: applescript
Arduino: c: ino
AsciiDoc: none: adoc asciidoc
Astro: vue: astro
Assembly: asm: asm s nasm
Awk: hash: awk
Batch: batch: bat cmd
Bicep: c: bicep
C: c: c h
C#: c: cs csx
C++: c: cc cpp cxx c++ hpp hh hxx h++ inl ipp
CMake: hash: cmake
Clojure: lisp: clj cljs cljc edn
CoffeeScript: coffee: coffee
Common Lisp: lisp: lisp cl lsp
Crystal: hash: cr
CSS: css: css
CUDA: c: cu cuh
Cython: python: pyx pxd pxi
D: d: d
Dart: c: dart
Dockerfile: hash: dockerfile
EJS: erb: ejs
Elixir: hash: ex exs
Elm: haskell: elm
Emacs Lisp: lisp: el
ERB: erb: erb
Erlang: percent: erl hrl
F#: fsharp: fs fsi fsx
Fennel: lisp: fnl
Forth: forth: fth 4th
Fortran: fortran90: f90 f95 f03 f08
Fortran 77: fortran: f f77 for
Gherkin: hash: feature
Gleam: c: gleam
GDScript: hash: gd
GLSL: c: glsl vert frag geom
Go: go: go
GraphQL: hash: graphql gql
Groovy: c: groovy gradle
Haml: none: haml
Handlebars: handlebars: hbs handlebars
Haskell: haskell: hs lhs
Haxe: c: hx
HCL: hcl: tf hcl tfvars
HLSL: c: hlsl fx
HTML: xml: html htm xhtml
Idris: haskell: idr
INI: ini: ini cfg conf properties
Java: c: java
JavaScript: c: js mjs cjs jsx
Jinja: jinja: jinja jinja2 j2
JSP: jsp: jsp
JSON: none: json json5 jsonc
Julia: julia: jl
Kotlin: c: kt kts
Less: c: less
Liquid: jinja: liquid
Lua: lua: lua
Makefile: hash: mk mak make
Markdown: xml: md markdown mdx
MATLAB: matlab: m
Mathematica: mathematica: wl nb
Meson: hash: build
Metal: c: metal
Move: c: move
Mustache: handlebars: mustache
Nim: nim: nim nims
Nix: hash: nix
Objective-C++: c: mm
OCaml: ml: ml mli mll mly
Odin: c: odin
Org: none: org
Pascal: pascal: pas pp lpr dpr
Perl: perl: pl pm t
PHP: php: php phtml
PowerShell: powershell: ps1 psm1 psd1
Prolog: prolog: pro
Protocol Buffers: c: proto
Pug: c: pug
Puppet: hash: epp
PureScript: haskell: purs
Python: python: py pyi pyw
QML: c: qml
R: hash: r rmd
Racket: lisp: rkt
Raku: hash: raku rakumod
RDoc: none: rdoc
Reason: c: re rei
Rego: hash: rego
ReScript: c: res resi
reStructuredText: none: rst
Ruby: ruby: rb rake gemspec ru
Rust: rust: rs
Sass: c: sass scss
Scala: c: scala sbt sc
Scheme: lisp: scm ss
Shell: hash: sh bash zsh ksh fish bats
Slim: none: slim
Smalltalk: smalltalk: st
Solidity: c: sol
SQL: sql: sql
Stan: c: stan
Starlark: hash: bzl star bazel
Stylus: c: styl
Svelte: vue: svelte
Swift: c: swift
SystemVerilog: c: sv svh
Tcl: hash: tcl
TeX: percent: tex sty cls
Text: none: txt
Textile: none: textile
Thrift: c: thrift
TOML: hash: toml
Twig: jinja: twig
TypeScript: c: ts tsx mts cts
Vala: c: vala
Verilog: verilog: v vh
VHDL: dash: vhd vhdl
Vim script: vim: vim
Visual Basic: basic: vb bas vbs
Vue: vue: vue
WGSL: c: wgsl
WebAssembly: lisp: wat
XML: xml: xml xsd xsl xslt
YAML: hash: yml yaml
Zig: c: zig
"""

# language: comment style: whole file names (lowercase)
_NAMES = """
CMake: hash: cmakelists.txt
Dockerfile: hash: dockerfile containerfile
Go module: c: go.mod go.work
Makefile: hash: makefile gnumakefile makefile.am makefile.in
Meson: hash: meson.build meson_options.txt
Ruby: ruby: rakefile gemfile vagrantfile brewfile podfile guardfile
Shell: hash: configure.ac .bashrc .bash_profile .zshrc .profile
Starlark: hash: build workspace
Jenkins: c: jenkinsfile
Just: hash: justfile
Procfile: hash: procfile
Text: none: readme changelog changes news authors contributing todo install history
"""


_TOLD_BY_CONTENT = {
    "MATLAB": (
        "Objective-C",
        re.compile(r"^[^\S\n]*+(?:#import|#include|@(?:interface|implementation|class|protocol)\b)", re.M),
    ),
    "Verilog": (
        "Coq",
        re.compile(
            r"^[^\S\n]*+(?:Require|From \w+ Require|Theorem|Lemma|Definition|Inductive|Module)\b", re.M
        ),
    ),
    "Perl": ("Prolog", re.compile(r"^:-\s*\w", re.M)),
}
"""Of two languages with one extension: what the text of the other one shows."""


@cache
def _table(text: str) -> dict[str, tuple[str, CommentStyle]]:
    entries: dict[str, tuple[str, CommentStyle]] = {}
    for line in text.strip().splitlines():
        language, style, names = (part.strip() for part in line.rsplit(":", 2))
        for name in names.split():
            entries[name] = (language, STYLES[style])
    return entries


def extension_of(path: str) -> str:
    """The extension of a path in lowercase without the dot; the whole name in lowercase where it has none."""
    name = path.rsplit("/", 1)[-1].lower()
    stem, dot, extension = name.rpartition(".")
    return extension if dot and stem else name


def language_of_file(path: str) -> tuple[str, CommentStyle] | None:
    """Language and comment style of a file by its name; None when it is no source and no prose."""
    name = path.rsplit("/", 1)[-1].lower()
    return _table(_NAMES).get(name) or _table(_TABLE).get(extension_of(path))


def told_by_content(language: str, text: str) -> str:
    """The language by name, or another one that shares its extension when the text shows that."""
    other = _TOLD_BY_CONTENT.get(language)
    return other[0] if other and other[1].search(text) else language
