r"""`python -m benchmarks.losses SOURCE --data FOLDER`: what ingest loses of papers, books, code and posts, and leaves.

Losses are numbers of the raw text that are nowhere in the document, by the place where they stand: numbers, since a
wrong or lost one makes a falsehood, and since they are found in raw text without a parser. Leftovers are markup and
words of archives that no document should hold. Raw text is split into places by plain searches, not by the readers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

from cyclopts import App

from stages.ingest.archives import Member, archive_members
from stages.ingest.arxiv.stage import ArxivIngest
from stages.ingest.base import RawStage
from stages.ingest.books.stage import BooksIngest
from stages.ingest.github.stage import GithubIngest
from stages.ingest.raw import RawDocument, RawFile
from stages.ingest.stackexchange.html_text import html_to_text
from stages.ingest.stackexchange.rows import Post, parse_row, read_post_rows

MAX_EXAMPLES = 3
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_RAISED = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉]+")
_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", "01234567890123456789")

Places = dict[str, str]
"""Raw text by the place where it stands."""


@dataclass
class Count:
    """What one source lost and left: numbers by place, how many of them are lost, leftovers by kind, with examples."""

    documents: int = 0
    numbers: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    leftovers: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, places: Places, text: str, leftovers: dict[str, re.Pattern[str]]) -> None:
        """Count one document."""
        self.documents += 1
        there = set(_NUMBER.findall(_RAISED.sub(lambda match: f" {match[0].translate(_DIGITS)} ", text)))
        for place, raw in places.items():
            for match in _NUMBER.finditer(raw):
                self.numbers[place] += 1
                if match[0] not in there:
                    self.lost[place] += 1
                    self._example(place, name, raw, match)
        for kind, pattern in leftovers.items():
            for match in pattern.finditer(text):
                self.leftovers[kind] += 1
                self._example(kind, name, text, match)

    def _example(self, kind: str, name: str, text: str, match: re.Match[str]) -> None:
        found = self.examples.setdefault(kind, [])
        if len(found) < MAX_EXAMPLES:
            around = text[max(0, match.start() - 40) : match.end() + 40]
            found.append(f"{name}: ...{' '.join(around.split())}...")


Documents = Iterator[tuple[str, Places, str]]


def _raw_files(stage: RawStage[object], ending: str) -> Iterator[RawFile]:
    for file in stage.raw_files():
        if file.name.endswith(ending):
            yield RawFile(file.uri, file.name, file.size)


_BOOK = re.compile(
    r"\*{3} ?START[^\n]*\n(.*?)(?=\n[^\n]*\*{3} ?END |\Z)|\*END\*?[^\n]*SMALL PRINT[^\n]*\n(.*)", re.DOTALL
)


def _books(folder: Path) -> Documents:
    stage = BooksIngest(input=(str(folder),))
    for raw in _raw_files(stage, ".txt"):
        text = _text_of(Path(raw.uri).read_bytes())
        found = _BOOK.search(text)
        body = text if found is None else found[1] or found[2] or ""
        for record in stage.read(raw):
            if isinstance(record, RawDocument):
                yield raw.name, {"book": body}, record.text


def _text_of(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


_COMMENT = re.compile(r"(?<!\\)%[^\n]*")
_BODY = re.compile(r"\\begin\{document\}(.*)", re.DOTALL)
_FIRST = re.compile(r"\\(?:section|chapter)\b")
_LAST = re.compile(
    r"\\bibliography\s*\{|\\begin\{thebibliography\}|\\printbibliography|\\appendix\b|\\end\{document\}"
)
_TABLES = re.compile(r"\\begin\{(tabular\*?|deluxetable\*?|longtable|array)\}.*?\\end\{\1\}", re.DOTALL)
_DISPLAYS = re.compile(
    r"\\begin\{(equation|align|eqnarray|gather|multline)(\*?)\}.*?\\end\{\1\2\}|\$\$.*?\$\$|\\\[.*?\\\]",
    re.DOTALL,
)
_LAYOUT = re.compile(
    r"\\(?:includegraphics|vspace|hspace|setlength|resizebox|scalebox)\*?(?:\[[^\]]*\])?(?:\{[^{}]*\}){0,2}"
)


def _papers(folder: Path) -> Documents:
    stage = ArxivIngest(input=(str(folder),))
    for raw in _raw_files(stage, ".gz"):
        members = archive_members(raw, stage.max_file_bytes, lambda name: name.endswith(".tex"))
        sources = {
            m.name: _COMMENT.sub("", _text_of(m.data)) for m in members if isinstance(m, Member) and m.data
        }
        for record in stage.read(raw):
            if isinstance(record, RawDocument):
                read = [sources[name] for name in record.metadata["files"] if name in sources]
                yield raw.name, _places_of_paper("\n".join(read)), record.text


def _places_of_paper(source: str) -> Places:
    begin = _BODY.search(source)
    body = begin[1] if begin else source
    first, last = _FIRST.search(body), _LAST.search(body)
    start, end = first.start() if first else 0, last.start() if last else len(body)
    places = {"front matter": body[:start], "behind bibliography or appendix": body[end:]}
    text = _LAYOUT.sub("", body[start:end])
    for place, pattern in (("table", _TABLES), ("display formula", _DISPLAYS)):
        places[place] = "\n".join(match[0] for match in pattern.finditer(text))
        text = pattern.sub(" ", text)
    return {"sentence": text} | places


_TAG = re.compile(r"""<[/a-zA-Z!](?:[^<>"']|"[^"]*"|'[^']*')*>""")


def _posts(folder: Path) -> Documents:
    for path in sorted(folder.glob("*/Posts.xml")):
        size = path.stat().st_size
        for chunk in read_post_rows(RawFile(str(path), path.name, size), 0, size):
            post = parse_row(chunk.data) if chunk.is_row else None
            if isinstance(post, Post) and post.body:
                code = "\n".join(re.findall(r"<pre[^>]*>(.*?)</pre>", post.body, re.DOTALL))
                rest = re.sub(r"<pre[^>]*>.*?</pre>", " ", post.body, flags=re.DOTALL)
                places = {"sentence": unescape(_TAG.sub(" ", rest)), "code": unescape(_TAG.sub("", code))}
                yield f"{path.parent.name}/{post.post_id}", places, html_to_text(post.body)


def _code(folder: Path) -> Documents:
    stage = GithubIngest(input=(str(folder),))
    for raw in _raw_files(stage, ".gz"):
        sources = {
            m.name: m.data for m in archive_members(raw, 1_000_000) if isinstance(m, Member) and m.data
        }
        for record in stage.read(raw):
            if isinstance(record, RawDocument) and record.key in sources:
                text = _text_of(sources[record.key])
                header = int(record.metadata["header_chars"])
                yield (
                    f"{raw.name}/{record.key}",
                    {"header": text[:header], "code": text[header:]},
                    record.text,
                )


_WORDS_OF_ARCHIVES = {
    "Gutenberg": re.compile(r"gutenberg", re.IGNORECASE),
    "transcriber": re.compile(r"transcriber['’]?s?['’]? notes?", re.IGNORECASE),
    "mark of a part": re.compile(r"^\*{3}[^\n]*(?:START|END)\b[^\n]*$|^\.\. \w+::", re.MULTILINE),
}
_MARKUP = {
    "tag": re.compile(r"</?(?:a|p|b|i|em|strong|sup|sub|div|span|br|img|li|ul|ol|code|pre)\b[^<>\n]*>"),
    "entity": re.compile(r"&(?:amp|lt|gt|quot|nbsp|#\d+);"),
    "attribute": re.compile(r"\b(?:href|title|rel|alt|src)=\"[^\"\n]*\">"),
}
_TEX = {
    "input": re.compile(r"\\(?:input|include|subfile)\s*\{"),
    "definition": re.compile(r"\\(?:re)?newcommand\b|\\def\s*\\"),
    "known condition": re.compile(r"\\if(?:true|false|0)|\\newif"),
    "comment": re.compile(r"(?<!\\)%(?=[^\n]*[a-z]{3})"),
    "bibliography": re.compile(r"\\bibitem|\\bibliography\s*\{"),
    "settings at the end": re.compile(
        r"\\(?:newpage|clearpage|pagebreak|setcounter|phantomsection|vfill)[^\n]*\s*\Z"
    ),
}
_LICENSES = {
    "licence in the first lines": re.compile(
        r"\A(?:[^\n]*\n){0,5}?[^\n]*(?:Licensed under|Permission is hereby granted|All rights reserved)",
        re.IGNORECASE,
    ),
    "region": re.compile(r"\A\s*#region", re.IGNORECASE),
}
SOURCES: dict[str, tuple[Callable[[Path], Documents], dict[str, re.Pattern[str]]]] = {
    "arxiv": (_papers, _TEX),
    "books": (_books, _WORDS_OF_ARCHIVES | _MARKUP),
    "github": (_code, _LICENSES),
    "stackexchange": (_posts, _MARKUP),
}
app = App(name="losses", help="What ingest loses and leaves: numbers lost by place, leftovers by kind.")


@app.default
def main(*sources: str, data: Path, examples: bool = False) -> None:
    """Print a Markdown table.

    Parameters
    ----------
    sources
        arxiv, books, github, stackexchange (default: all)
    data
        folder of raw dumps, a folder per source
    examples
        print some of each kind as well
    """
    print("| source | documents | place or kind | numbers | lost | leftovers |\n|---|---|---|---|---|---|")
    for source in sources or tuple(SOURCES):
        read, leftovers = SOURCES[source]
        count = Count()
        for name, places, text in read(data / source):
            count.add(name, places, text, leftovers)
        for place in count.numbers:
            print(
                f"| {source} | {count.documents:,} | {place} | {count.numbers[place]:,} | {count.lost[place]:,} | |"
            )
        for kind in leftovers:
            print(f"| {source} | {count.documents:,} | {kind} | | | {count.leftovers[kind]:,} |")
        for kind, found in count.examples.items() if examples else ():
            print("", *(f"- {kind}: {example}" for example in found), sep="\n")


if __name__ == "__main__":
    app()
