r"""A number of characters in, a hostile record of about that size out: what the tests and `benchmarks.bombs` read.

Each is the smallest of its kind that once took more than linear time or memory: things inside each other, things that
are never closed, lists that are compared with themselves, texts that are replaced by larger ones.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable

Hostile = Callable[[int], str]


def repeated(unit: str, before: str = "", behind: str = "") -> Hostile:
    """`unit` over and over."""
    return lambda chars: before + unit * (chars // len(unit)) + behind


def numbered(unit: str, before: str = "", behind: str = "") -> Hostile:
    """`unit` over and over with its number for `#`."""

    def make(chars: int) -> str:
        count = chars // (len(unit) + 3)
        return before + "".join(unit.replace("#", str(number)) for number in range(count)) + behind

    return make


def halves(first: str, second: str, between: str = "x") -> Hostile:
    """`first` over and over, then `second` as often."""

    def make(chars: int) -> str:
        count = chars // (len(first) + len(second))
        return first * count + between + second * count

    return make


PAGES: dict[str, Hostile] = {
    "nested div": halves("<div>", "</div>"),
    "nested article": repeated("<article>"),
    "nested div that is skipped": repeated('<div class="comment">'),
    "nested form": repeated("<form><div>"),
    "nested font": numbered("<font color=#>"),
    "nested lists": repeated("<ol><li>x"),
    "nested tables": repeated("<table><tr><td>"),
    "nested svg": repeated("<svg><g>"),
    "nested figures": repeated("<figure>"),
    "nested sup": repeated("<sup>2"),
    "nested pre": repeated("<pre><div>"),
    "nested formulas": repeated("<math><mrow>"),
    "nested template": repeated("<template>"),
    "nested select in svg": repeated("<svg><foreignObject><select>"),
    "half closed b over div": halves("<b><div>", "</b>"),
    "b, div, closed b": repeated("<b><div></b>"),
    "a over div": repeated("<a><div>"),
    "div in a table": repeated("<div>x", "<table>"),
    "formatting reopened": numbered("<p><b id=#><font size=#>x"),
    "formatting with attributes reopened": lambda chars: (
        "<b " + " ".join(f"a{n}" for n in range(900)) + ">" + "<p>x" * (chars // 4)
    ),
    "paragraphs deep inside": lambda chars: "<div>" * 400 + "<p>x</p>" * (chars // 8),
    "items deep inside": lambda chars: "<ul>" * 200 + "<li>x" * (chars // 5),
    "attributes of one tag": numbered("a#=1 ", "<div ", ">x"),
    "attributes of many body tags": numbered("<body a#=1>"),
    "names of elements": numbered("<x#></x#>"),
    "names of attributes": numbered("<i a#>x</i>"),
    "options": repeated("<option>a", "<select>"),
    "lines": repeated("<p>x"),
    "title and lines": lambda chars: (
        "<title>" + "ab cd " * (chars // 12) + "</title>" + "<p>abcdef ghijk" * (chars // 30)
    ),
}
"""Each takes its parser, or what follows it, more than linear time or memory, or a kilobyte for each line."""

SLOW_TRAFILATURA_PAGES: dict[str, Hostile] = {
    "paragraphs and texts": repeated("<div><p>word word</p>x</div>"),
    "short items": repeated("<li>x"),
    "items behind a text": lambda chars: (
        "<p>" + "Some words of prose, with a stop. " * 20 + "<li>x" * (chars // 5)
    ),
}
"""Linear for resiliparse; justext compared each with all others."""

HARMLESS_PAGES: dict[str, Hostile] = {
    "comments": repeated("<!-- x -->"),
    "unclosed comments": repeated("<!-- <p>"),
    "CDATA": repeated("<![CDATA[x]]>"),
    "entities": repeated("&amp;&"),
    "a script that never ends": repeated("x<a>", "<script>"),
    "a long title": repeated("a ", "<title>"),
    "one text": repeated("word "),
    "empty elements": repeated("<i></i>"),
    "unclosed paragraphs": lambda chars: ("<p>" + "word " * 40) * (chars // 203),
    "end tags": repeated("</div></p></b>"),
    "NULs": repeated("\0"),
    "less-than signs": repeated("<"),
    "figures": repeated("<figure><p>x</p></figure>"),
    "raised digits": repeated("x<sup>2</sup>"),
    "buttons": repeated("x<button>y</button>"),
    "divs in one pre": repeated("<div>x</div>", "<pre>"),
    "formulas": repeated('<math><annotation encoding="application/x-tex">x</annotation></math>'),
    "formulas twice": repeated("<i class=katex-html>x</i>"),
    "lone characters": repeated("<b>\u4e2d</b>"),
    "lone characters of no end": repeated("\u4e2d ", ">"),
    "spaces before a tag's end": repeated("> "),
    "lists near the body": repeated("<ul><li>x</ul>", "<main>"),
    "linked data": repeated('{"text":', '<script type="application/ld+json">'),
    "linked data in a list": repeated("[[],", '<script type="application/ld+json">'),
}
"""Linear, and below every bound at a megabyte."""

_PAPER = ("\\documentclass{a}\n", "\\begin{document}\\section{A}\n", "\n\\end{document}")


def paper(body: Hostile, preamble: str = "") -> Hostile:
    """A hostile body in a whole paper."""
    return lambda chars: _PAPER[0] + preamble + _PAPER[1] + body(chars) + _PAPER[2]


_ONE = "\\newcommand{\\foo}[1]{#1}\n"
_DOUBLING = "".join(f"\\def\\a{chr(97 + n)}{{\\a{chr(98 + n)}\\a{chr(98 + n)}}}" for n in range(25))
PAPERS: dict[str, Hostile] = {
    "iffalse": paper(repeated("\\iffalse ")),
    "iffalse over if": paper(repeated("\\iffalse\\if ")),
    "verbatim": paper(repeated("\\begin{verbatim} x ")),
    "comment environment": paper(repeated("\\begin{comment}")),
    "lstlisting option": paper(repeated("\\lstinline[")),
    "unclosed argument": paper(repeated("\\foo{x"), _ONE),
    "unclosed optional argument": paper(repeated("\\foo["), "\\newcommand{\\foo}[2][d]{#1#2}\n"),
    "unclosed option in a group": paper(repeated("\\foo[{"), "\\newcommand{\\foo}[2][d]{#1#2}\n"),
    "unclosed newcommand": paper(repeated("\\newcommand{\\a}{")),
    "unclosed def": paper(repeated("\\def\\a#1{")),
    "unclosed document command": paper(repeated("\\NewDocumentCommand\\a{m}{")),
    "prefixes": paper(repeated("\\long ")),
    "spaces": paper(repeated(" ")),
    "indented comments": paper(repeated(" %\n")),
    "spaces of a section": paper(repeated(" ", "\\section")),
    "spaces of an input": paper(repeated(" ", "\\input{")),
    "spaces of a class": repeated(" ", "\\begin{document}\\documentclass{"),
    "unclosed package options": lambda chars: (
        _PAPER[0] + "\\usepackage[" * (chars // 12) + _PAPER[1] + "x" + _PAPER[2]
    ),
    "definitions in one line": paper(repeated("\\newcommand ")),
    "arguments inside each other": paper(halves("\\foo{", "}"), _ONE),
    "doubling macros": paper(repeated("\\aa "), _DOUBLING + "\\def\\az{}\n"),
    "many parameters": lambda chars: (
        _PAPER[0]
        + "\\NewDocumentCommand{\\a}{"
        + "o" * (chars // 4)
        + "}{x}"
        + _PAPER[1]
        + "\\a[ " * (chars // 8)
        + _PAPER[2]
    ),
    "groups": paper(repeated("{")),
    "dollars": paper(repeated("$")),
    "else and fi": paper(repeated("\\else\\fi")),
}
"""Each took quadratic time, or is a likely neighbour of one that did."""


def diamond(levels: int) -> dict[str, str]:
    """Files that each input the next one twice."""
    last = {f"a{levels}.tex": "x"}
    first = {"m.tex": _PAPER[0] + _PAPER[1] + "\\input{a0}" + _PAPER[2]}
    return first | last | {f"a{n}.tex": f"\\input{{a{n + 1}}}" * 2 for n in range(levels)}


_HEADER_CHARS = 190_000
"""A header of Gutenberg's is looked for in the first 200,000 characters."""


def header(unit: str) -> Hostile:
    """A book of which all is header, `unit` over and over."""
    make = repeated(unit, behind="\n*** START OF THE PROJECT GUTENBERG EBOOK X ***\nx")
    return lambda chars: make(min(chars, _HEADER_CHARS))


BOOKS: dict[str, Hostile] = {
    "blank lines in a header": header("\n"),
    "asterisks in a header": header("\n*"),
    "one line on Gutenberg": repeated("gutenberg", "*** START OF THE PROJECT GUTENBERG EBOOK X ***\n"),
    "a start that goes on": lambda chars: (
        "*** START OF THE PROJECT GUTENBERG EBOOK X\n" + ("a" * (min(chars, 150_000) // 3) + "\n") * 3
    ),
    "a long old title": lambda chars: "Project Gutenberg Etext of x" + header(" *")(chars) + "\nx",
}
LICENSES: dict[str, Hostile] = {
    "comments": repeated("<!--", "<html>"),
    "scripts": repeated("<script", "<html>"),
    "styles": repeated("<style>", "<html>"),
}
MANIFESTS: dict[str, tuple[str, Hostile]] = {
    "keys": ("Cargo.toml", repeated("a.", behind="a=1")),
    "values inside each other": ("Cargo.toml", repeated("[", "a=")),
    "lines without a value": ("setup.cfg", repeated(">\n", "[metadata]\n")),
    "JSON inside each other": ("package.json", repeated("[")),
}
SOURCE_FILES: dict[str, Hostile] = {"blank lines": repeated("\n"), "lines of a space": repeated(" \r\n")}


def warc(page: str) -> bytes:
    """A WARC file of one page."""
    body = page.encode()
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + body
    head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://x.org/\r\nContent-Length: {len(http)}\r\n\r\n"
    return head.encode() + http + b"\r\n\r\n"


def paper_archive(files: dict[str, str]) -> bytes:
    """A paper's archive as arXiv has them."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return gzip.compress(raw.getvalue(), mtime=0)
