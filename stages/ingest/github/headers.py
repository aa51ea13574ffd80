"""Source text in, the same text without its licence header out (docs/recipe.md, as RedPajama).

Comment blocks at the top that speak of copyright go, and so do the comment lines that lead the file. What a
tool reads stays: the interpreter line, encodings, `<?php`, build constraints, pragmas; so do doc comments (`///`).
"""

from __future__ import annotations

import re
from functools import cache

from stages.ingest.github.doc_comments import has_legal_part, without_license
from stages.ingest.github.languages import CommentStyle

MAX_HEADER_CHARS = 20_000
MAX_COMMENTS = 8
MIN_DOC_WORDS = 4
"""What `/** */` must say beside a licence to be documentation: it is also the frame of licences."""

_NESTING = frozenset({"(*", "{-", "/+", "#|", "#=", "#["})
"""Block comments that may hold others of their kind."""

_PROLOGUE = re.compile(
    r"(?:\ufeff|#![^\n\[]*(?:\n|\Z)|[ \t]*<\?(?:php|=)?(?:\s|$)|[ \t]*<\?xml[^>]{0,200}\?>"
    r"|[ \t]*<!doctype[^>]{0,300}>|\{-#[^#]{0,500}#-\}|\{\$(?!(?:end)?region)[^}]{0,200}\}"
    r"|[ \t]*#[ \t]*(?:pragma|nullable)\b(?![ \t]*region)[^\n]*(?:\n|\Z)|#!\[[^\n\]]*\][ \t]*\n"
    r"|[ \t]*#[ \t]*ifndef[ \t]+(?P<guard>\w+)[ \t]*\n[ \t]*#[ \t]*define[ \t]+(?P=guard)\b[^\n]*\n"
    r"|[ \t]*declare[ \t]*\([ \t]*strict_types[ \t]*=[ \t]*1[ \t]*\)[ \t]*;|[ \t]*[\"']use strict[\"'];?[ \t]*\n"
    r"|Option[ \t]+(?:Explicit|Strict|Infer|Compare)\b[^\n]*\n|Attribute VB_[^\n]*\n|@file:[^\n]*\n"
    r"|`(?:timescale|default_nettype)\b[^\n]*\n"
    r"|@charset[ \t]+[\"'][\w.-]{1,40}[\"'];|#lang[^\n]*\n|@?echo off[^\n]*\n|[ \t]*\n)*",
    re.IGNORECASE,
)
_COPYRIGHT = re.compile(
    r"copyright|\(c\)\s*\d{4}|©|licen[sc]ed? under|spdx-license|all rights reserved"
    r"|permission is hereby granted"
    r"|@licen[sc]e|released under the|terms of the [\w ]{0,40}licen[sc]e|public domain",
    re.IGNORECASE,
)
_STATED_RIGHTS = re.compile(
    r"\bcopyright\b[^\n]{0,80}\b(?:19|20)\d\d\b|\bthe copyright\s[\s*/#]*notice and\b|\bcopying and distribution of this\b"
    r"|\bwithout royalty\b|\b(?:released|placed|put|donated) (?:in)?to (?:the )?public domain\b",
    re.IGNORECASE,
)
_IMPORT = (
    r"(?:from[ \t]+[\w.]+[ \t]+import[ \t]+[^\n(]++|import[ \t]+(?:static[ \t]+)?[\w.*{][^\n(]*+|package[ \t]+[\w.]+[ \t]*;?"
    r"|using[ \t]+(?:static[ \t]+)?[\w.]+[ \t]*;)[ \t]*(?:\n|\Z)|[ \t]*\n"
)
_IMPORTS = re.compile(f"(?:{_IMPORT}){{1,60}}")
_C_DIRECTIVES = re.compile(
    rf"(?:{_IMPORT}|[ \t]*#[ \t]*(?:if|ifdef|ifndef|elif|else|endif|define|undef|include|import|nullable"
    r"|pragma(?![ \t]*(?:end)?region))\b(?:[^\n\\]|\\[^\n]|\\\n)*(?:\n|\Z)"
    r"|Object\.defineProperty\(exports, [\"']__esModule[\"'], \{ value: true \}\);\n|exports\.\w[^\n;]* = (?:void 0|\w+);\n"
    r"|[ \t]*extern[ \t]+\"C\"[ \t]*\{?[ \t]*\n){1,60}"
)
_REGION_MARK = r"[ \t]*(?:<!--|/\*|\(\*|\{-|--+\[*|//+|[#;%']|\{)?[ \t]*(?:[#$][ \t]*)?(?:pragma[ \t]+)?"
_REGION = re.compile(rf"{_REGION_MARK}(?:region|<?editor-fold)\b[^\n]*(?:\n|\Z)", re.IGNORECASE)
_END_OF_REGION = re.compile(
    rf"{_REGION_MARK}(?:end[ \t_-]*region|</editor-fold)\b[^\n]*(?:\n|\Z)", re.IGNORECASE
)
"""Lines by which editors fold what stands between them: `#region`, `#Region "..."`, `{$REGION}`, `<!-- #region -->`."""
_LICENSE_TITLE = re.compile(r"licen[cs]e|copyright|legal|header|disclaimer", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]")
_NEXT_LINE = re.compile(r"[ \t]*\r?\n[ \t]*")
_DIRECTIVE = re.compile(
    r"\s*(?://\s?go:|//\s?\+build|#\s*-\*-|#.*coding[:=]|[#/;%\"!-]+\s*(?:vim?|ex):|#\s*frozen_string_literal|#\s*typed:"
    r"|#\s*(?:pylint|mypy|flake8|ruff|rubocop|shellcheck|cython|distutils|type|syntax|escape|requires|yaml-language-server)\b"
    r"|//\s*(?:@(?:flow|ts-|jsx|dart)|eslint|jshint|tslint|prettier|swift-tools-version|NOLINT|clang-format)|//\s*#|///\s*<"
    r"|#(?:lang|Requires)\b|;.*-\*-|%\s*!TEX)",
)


def remove_license_header(text: str, style: CommentStyle, all_leading_lines: bool = True) -> str:
    """`text` without the licence header at its top; unchanged when there is none.

    With `all_leading_lines` a leading run of comment lines goes even when it does not speak of copyright.
    """
    prologue = _PROLOGUE.match(text)
    start = position = prologue.end() if prologue else 0
    saved: list[str] = []
    removed = False
    for _ in range(MAX_COMMENTS):
        if (directives := _directives(text, position, style)).strip():
            saved.append(directives)
            position += len(directives)
            all_leading_lines = False  # behind these only a licence is a header
        end, kept = _region_end(text, position, style), ""
        is_doc = end == position and text.startswith(style.doc_openings, position)
        if is_doc and (end := _end_of_documentation(text, position, style)) > position:
            kept = _kept_documentation(text[position:end], style)
        elif end == position:
            is_doc = False
            end, kept = _comment(text, position, style, all_leading_lines)
        if end == position:
            break
        behind = end
        while behind < len(text) and text[behind] in " \t\r\n":
            behind += 1
        # keep the indent of the first line that stays
        behind = text.rfind("\n", end - 1, behind) + 1 or behind
        whole = kept == text[position:end]
        saved.append(kept + text[end:behind] if whole or (is_doc and kept) else kept)
        removed |= not whole
        # what describes the code comes behind a description, and is no header
        is_description = bool(kept) if is_doc else whole and text.startswith(_block_openings(style), position)
        all_leading_lines &= not is_description
        position = behind
    if not removed:
        return text
    return text[:start] + "".join(saved) + text[position:]


def _end_of_documentation(text: str, start: int, style: CommentStyle) -> int:
    """Behind the documentation that begins at `start`; `start` where there is none."""
    for opening, closing in style.docs:
        # boxes are drawn of stars
        if text.startswith(opening, start) and not (opening == "/**" and text[start + 3 : start + 4] in "*/"):
            return max(start, _block_end(text, start, opening, closing))
    for marks, following in (
        (style.doc_lines, ""),
        (style.line if style.documented else (), style.documented),
    ):
        run = _line_run(marks).match(text, start, start + MAX_HEADER_CHARS) if marks else None
        if run and run[0].endswith("\n") and text.startswith(following, run.end()):
            return run.end()
    return start


def _kept_documentation(comment: str, style: CommentStyle) -> str:
    """What stays of a documentation comment."""
    if not has_legal_part(comment):
        return comment
    for opening, closing in style.docs:
        if comment.startswith(opening):
            return without_license(comment, opening, closing, MIN_DOC_WORDS if opening == "/**" else 1)
    return without_license(comment, "", "")


def _block_openings(style: CommentStyle) -> tuple[str, ...]:
    return tuple(opening for opening, _ in style.block)


def _directives(text: str, start: int, style: CommentStyle) -> str:
    """The lines at `start` that name packages and what is imported, and in C and its kin what its preprocessor reads,
    `extern "C"`, and what TypeScript writes first."""
    is_c = "//" in style.line and "#" not in style.line
    if text[start : start + 1] not in ("# \t\nfipueO" if is_c else "\nfip"):
        return ""
    found = (_C_DIRECTIVES if is_c else _IMPORTS).match(text, start)
    if found is None or not text.startswith((*style.line, *_block_openings(style)), found.end()):
        return ""
    return found[0]


def _is_legal(comment: str) -> bool:
    """Whether a comment that may as well describe the code speaks of a licence."""
    return has_legal_part(comment) or _STATED_RIGHTS.search(comment) is not None


def _region_end(text: str, start: int, style: CommentStyle) -> int:
    """Behind the region at `start`, if it holds nothing but comments that, or its name, speak of a licence; else `start`."""
    opening = _REGION.match(text, start)
    if opening is None:
        return start
    position, stop = opening.end(), start + MAX_HEADER_CHARS
    while position < min(stop, len(text)):
        if text[position].isspace():
            position += 1
            continue
        if end := _END_OF_REGION.match(text, position):
            is_license = _LICENSE_TITLE.search(opening[0]) or _COPYRIGHT.search(text, start, end.end())
            return end.end() if is_license else start
        block = next((pair for pair in style.block if text.startswith(pair[0], position)), None)
        if block is not None:
            position = _block_end(text, position, *block)
            if position < 0:
                return start
        elif text.startswith(style.line or ("\0",), position):
            position = text.find("\n", position) + 1 or len(text)
        else:
            return start
    return start


def _comment(text: str, start: int, style: CommentStyle, all_leading_lines: bool) -> tuple[int, str]:
    """End of the comment at `start` (`start` when there is none) and what of it stays."""
    for opening, closing in style.block:
        if text.startswith(opening, start):
            end = _end_of_box(text, start, opening, closing)
            if end < 0:
                return start, ""
            comment = text[start:end]
            is_legal = _COPYRIGHT.search(comment) if all_leading_lines else _is_legal(comment)
            return end, "" if is_legal else comment
    if not style.line:
        return start, ""
    run = _line_run(style.line).match(text, start, start + MAX_HEADER_CHARS)
    if run is None:
        return start, ""
    end = run.end()
    if end < len(text) and text[end - 1] != "\n":  # a run longer than a header: whole lines only
        end = text.rfind("\n", start, end) + 1 or start
    directives = "".join(line for line in run[0].splitlines(keepends=True) if _DIRECTIVE.match(line))
    if directives.strip() == run[0].strip():
        return end, text[start:end]
    if not all_leading_lines and not _is_legal(run[0]):
        return end, text[start:end]
    return end, directives


def _end_of_box(text: str, start: int, opening: str, closing: str) -> int:
    """Behind a block comment, or behind a box drawn of several: from one without words to the next without."""
    first = position = _block_end(text, start, opening, closing)
    if first < 0 or _WORD.search(text, start, first):
        return first
    while position < start + MAX_HEADER_CHARS:
        following = _NEXT_LINE.match(text, position)
        if following is None or not text.startswith(opening, following.end()):
            break
        position = _block_end(text, following.end(), opening, closing)
        if position < 0:
            break
        if not _WORD.search(text, following.end(), position):
            return position
    return first


def _block_end(text: str, start: int, opening: str, closing: str) -> int:
    """Behind the end of the block comment that begins at `start`; -1 when it does not end within a header's length."""
    stop = start + MAX_HEADER_CHARS
    if opening not in _NESTING:
        end = text.find(closing, start + len(opening), stop)
        return end if end < 0 else end + len(closing)
    depth = 0
    for mark in _either(opening, closing).finditer(text, start, stop):
        depth += 1 if mark[0] == opening else -1
        if depth == 0:
            return mark.end()
    return -1


@cache
def _either(opening: str, closing: str) -> re.Pattern[str]:
    return re.compile(f"{re.escape(opening)}|{re.escape(closing)}")


@cache
def _line_run(openings: tuple[str, ...]) -> re.Pattern[str]:
    marks = []
    for mark in openings:
        pattern = re.escape(mark.rstrip()) + (r"(?!\S)" if mark.endswith(" ") else "")
        if mark == "//!":
            pattern += r"(?!!)"
        elif mark == "//":
            pattern += r"(?!/(?!/)|!|\*)"
        elif mark == "///":
            pattern += r"(?!/)"  # more are a ruler, or an old way to stand out
        elif mark == "#":
            pattern += r"(?!'|\[|include|define|if|pragma|import|undef|else|endif)"
        elif mark == "--":
            pattern += r"(?!\s*\||\[=*\[)"
        marks.append(pattern)
    return re.compile(rf"(?:[ \t]*(?:{'|'.join(marks)})[^\n]*(?:\n|\Z))+")
