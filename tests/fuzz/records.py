"""Targets that make text of one raw record: pages, wikitext, TeX and posts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from stages.core.documents import to_valid_unicode
from stages.ingest.arxiv.paper import paper_of
from stages.ingest.common_crawl.boilerplate.extract import main_text
from stages.ingest.common_crawl.boilerplate.model import fitted_model
from stages.ingest.common_crawl.html import decode_page, page_title, parse_web_page
from stages.ingest.stackexchange.html_text import html_to_text
from stages.ingest.wikipedia.names import Namespaces
from stages.ingest.wikipedia.wikitext import plain_text
from tests.fuzz.target import Seed, Target
from tests.stages.ingest.fault_files import tex
from tests.stages.ingest.fault_packing import prose

MAX_SEED_BYTES = 12_000
SOURCE = Path(__file__).resolve().parents[2] / "samples" / "source"
WIKI = """{{Infobox|a=b|{{c|d}}}}
'''Bold''' and ''slanted'' with a [[Link|label]] and [http://a.example a label].<ref name="x">Cited {{cite|url=http://b}}</ref>
== Heading ==
* item
# other ''item''
{| class="wikitable"
|-
! a !! b
|-
| c || d
|}
<math>x^2 < 3</math> <nowiki>[[raw]]</nowiki> <!-- gone --> &nbsp;&amp;lt; <gallery>
File:A.jpg|x
</gallery> -{zh-hans:a;zh-hant:b}- __TOC__
[[File:A.jpg|thumb|A [[link]] in it]] {{#if:a|b|c}} {{convert|5|km}}
[[Category:Things]]
"""
PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"><title>T</title></head><body><nav><a href="/">home</a></nav>
<main><h1>T</h1><p>{0}</p><pre>x = 1</pre><table><tr><td>a<td>b</table><ul><li>one<li>two</ul><form><input></form></main>
</body></html>"""
POST = """<p>Why &lt;b&gt; &amp; "c"?</p>
<pre><code>int a = 1;
</code></pre><ol><li>a<ul><li>b</li></ul></li></ol><!-- x --><img alt="y">"""
TEX = r"""\documentclass{article}\newcommand{\a}[2][x]{#1 and #2}\def\b#1{(#1)}
\begin{document}\title{T}\begin{abstract}A\end{abstract}\section{S}\label{s} Text \a{y} \b{z} $x^2$ \[ y \]
\begin{figure}\caption{C}\end{figure} \input{other} % comment
\begin{verbatim}\section{\end{verbatim} \cite{k}~\ref{s} \footnote{F}
\begin{thebibliography}{9}\bibitem{k} K\end{thebibliography}\end{document}"""


def targets() -> Iterator[Target]:
    """One for each kind of record."""
    yield Target("page", lambda: _seeds("page"), _page)
    yield Target("wikitext", lambda: _seeds("wikitext"), _wikitext)
    yield Target("tex", lambda: _seeds("tex"), _tex)
    yield Target("post", lambda: _seeds("post"), _post)


@cache
def _seeds(kind: str) -> Sequence[Seed]:
    own: dict[str, list[str]] = {
        "page": [
            PAGE.format(prose(1)),
            PAGE.format(prose(2) + "</p><p>".join(prose(i, 30) for i in range(9))),
        ],
        "wikitext": [WIKI, WIKI * 3, prose(3)],
        "tex": [TEX, tex(1).decode()],
        "post": [POST, POST * 5, f"<p>{prose(4)}</p>"],
    }
    room, endings = {
        "page": ("web", (".html", ".htm")),
        "wikitext": ("wikipedia", ()),
        "tex": ("arxiv", (".tex",)),
        "post": ("", ()),
    }[kind]
    found = [text.encode() for text in own[kind]]
    if room:
        paths = sorted(path for path in (SOURCE / room).rglob("*") if path.is_file())
        read = (path.read_bytes()[:MAX_SEED_BYTES] for path in paths if not endings or path.suffix in endings)
        found += list(read)[:20]
    return [Seed(f"record-{number}", data) for number, data in enumerate(found)]


def _page(folder: Path, seed: Seed) -> None:
    decoded = decode_page((folder / seed.name).read_bytes(), None)
    tree = parse_web_page(decoded.text)
    page_title(tree)
    main_text(tree, None, fitted_model()).text.encode("utf-8", "surrogatepass")


def _wikitext(folder: Path, seed: Seed) -> None:
    text = plain_text(
        (folder / seed.name).read_bytes().decode("utf-8", "replace"),
        Namespaces.of({6: "File", 14: "Category"}),
    )
    to_valid_unicode(text)


def _tex(folder: Path, seed: Seed) -> None:
    paper_of(
        "k", {"ms.tex": (folder / seed.name).read_bytes(), "other.tex": b"more \\a{b}"}, None, True, True
    )


def _post(folder: Path, seed: Seed) -> None:
    html_to_text((folder / seed.name).read_bytes().decode("utf-8", "replace"))
