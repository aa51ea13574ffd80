"""`python -m benchmarks.quality_substitute OUT`: a substitute for cited and random pages, from real text that is at hand.

It is NOT what LLaMA's classifier learns from: its positives are pieces of Wikipedia's articles (of dumps and WikiText-2), of
books and papers, and of crawled articles of hosts that the dumps cite; its negatives are pieces of crawled articles of all
other hosts. It shows whether the machinery works and its figures hold, not how good a model of 300,000 cited pages is. Rows
apart are no prose of a crawl: navigation of its pages, shuffled and machine-made text.

OUT holds `pages.parquet` (documents), `cited.txt` (a list of references that cites every work), and labels for rows apart,
for `altiplano quality evaluate --labels`. The options name runs of `altiplano ingest` on the same dumps.
"""

from __future__ import annotations

import json
import random
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from cyclopts import App
from fastwarc.warc import ArchiveIterator, WarcRecordType
from resiliparse.parse.html import HTMLTree

from altiplano import read_documents
from quality_classifier.urls import host_of_url
from stages.core.documents import DOCUMENT_SCHEMA

SHORTEST, LONGEST = 300, 3_000
PIECES_OF_A_WORK = 20
_HEADING = re.compile(r" = ([^=]+) = ")
_EDITION = re.compile(r"_\d+$")
_WORD = re.compile(r"\S+")

app = App(help=__doc__)


@dataclass(frozen=True)
class Work:
    """A book, an article, a paper or a page: its name, its host, its text."""

    name: str
    host: str
    text: str


def _length(draw: random.Random) -> int:
    """Characters of a piece, half of them below 950: short articles are works too."""
    return round(SHORTEST * (LONGEST / SHORTEST) ** draw.random())


def pieces_of(work: Work, seed: int) -> Iterator[str]:
    """Up to PIECES_OF_A_WORK pieces of whole paragraphs, of SHORTEST to LONGEST characters, drawn over the work."""
    draw = random.Random(zlib.crc32(f"{seed} {work.name}".encode()))
    found, piece, wanted = [], "", _length(draw)
    for paragraph in re.split(r"\n\s*\n|\n(?=[A-Z])", work.text):
        piece = f"{piece}\n{' '.join(paragraph.split())}".strip()
        if len(piece) >= wanted:
            found.append(piece[:LONGEST])
            piece, wanted = "", _length(draw)
    if len(piece) >= SHORTEST:
        found.append(piece[:LONGEST])
    yield from draw.sample(found, min(len(found), PIECES_OF_A_WORK))


def works_of(run: Path, kind: str) -> Iterator[Work]:
    """The English documents of a run, each a work; editions of one book are one."""
    for batch in read_documents(run, ["id", "text", "language"]):
        for row in batch.to_pylist():
            name = row["id"].split("/")[-2] if kind == "books" else row["id"]
            name = _EDITION.sub("", name) if kind == "books" else name
            if row["language"] in (None, "en", "simple"):
                host = f"{kind}-{zlib.crc32(name.encode()):08x}.example"
                yield Work(row["id"], host, row["text"])


def crawled_articles(run: Path, data: Path) -> Iterator[Work]:
    """Pages of the crawl that people called articles, by their hosts."""
    import gzip

    with gzip.open(data / "common_crawl" / "wcxb" / "gold.jsonl.gz", "rt", encoding="utf-8") as lines:
        articles = {row["url"] for row in map(json.loads, lines) if row["page_type"] == "article"}
    for batch in read_documents(run, ["id", "text", "url"]):
        for row in batch.to_pylist():
            host = host_of_url(row["url"] or "")
            if host is not None and row["url"] in articles:
                yield Work(row["id"], host, row["text"])


def plain_articles(data: Path) -> Iterator[Work]:
    """Articles of WikiText-2 (Merity et al. 2016) as people write: spaces taken back, and no sentence with a lost word."""
    for path in sorted((data / "text" / "wikitext-2").iterdir()):
        title, paragraphs = "", list[str]()
        for line in [*path.read_text(encoding="utf-8").splitlines(), " = the end = "]:
            if (heading := _HEADING.fullmatch(line)) is not None:
                if paragraphs:
                    host = f"wikitext-{zlib.crc32(title.encode()):08x}.example"
                    yield Work(f"wikitext/{path.name}/{title}", host, "\n\n".join(paragraphs))
                title, paragraphs = heading[1], []
            elif line.strip() and not line.startswith(" = "):
                sentences = [one for one in re.split(r"(?<= \.) ", line) if "<unk>" not in one]
                paragraphs.append(as_written(" ".join(sentences)))


def as_written(line: str) -> str:
    """A line of WikiText with its spaces around marks taken back, as the LM Evaluation Harness does."""
    for mark in ",.-":
        line = line.replace(f" @{mark}@ ", mark)
    line = re.sub(r" ([,.;:!?)\]])", r"\1", re.sub(r"([(\[]) ", r"\1", line))
    line = re.sub(r'" ([^"]*) "', r'"\1"', line)
    return re.sub(r" '(s|re|ve|ll|d|m|t)\b", r"'\1", line).strip()


def navigation_of(data: Path) -> Iterator[Work]:
    """What the crawled pages have in their menus, headers and footers, a line for each link or label."""
    for path in sorted((data / "common_crawl" / "wcxb").glob("*.warc.gz")):
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=True):
                url = record.headers.get("WARC-Target-URI") or ""
                host, page = host_of_url(url), HTMLTree.parse_from_bytes(record.reader.read())
                if host is None or page.body is None:
                    continue
                blocks = page.body.query_selector_all("nav, header, footer")
                lines = dict.fromkeys(
                    " ".join(line.split())
                    for block in blocks
                    for line in block.text.splitlines()
                    if line.strip()
                )
                yield Work(url, host, "\n".join(lines))


def machine_made(texts: Sequence[str], count: int, draw: random.Random) -> Iterator[str]:
    """Texts of a Markov chain of two words over texts of people: each three words are theirs, and the whole says nothing."""
    following: dict[tuple[str, str], list[str]] = {}
    starts = []
    for text in texts:
        words = _WORD.findall(text)
        starts.append((words[0], words[1]))
        for one, two, three in zip(words, words[1:], words[2:], strict=False):
            following.setdefault((one, two), []).append(three)
    for _ in range(count):
        wanted = _length(draw)
        made = list(draw.choice(starts))
        while sum(map(len, made)) + len(made) < wanted:
            nexts = following.get((made[-2], made[-1]))
            made += [draw.choice(nexts)] if nexts else draw.choice(starts)
        yield " ".join(made)[:LONGEST]


def shuffled(text: str, draw: random.Random) -> str:
    """The words of a text in another order."""
    words = _WORD.findall(text)
    draw.shuffle(words)
    return " ".join(words)


def cited_hosts(data: Path) -> set[str]:
    """Hosts that the Wikipedia dumps cite, as another tool listed them."""
    lists = sorted((data / "quality" / "wikipedia-ref-urls").glob("*.txt"))
    urls = (url for path in lists for url in path.read_text(encoding="utf-8").split())
    return {host for host in map(host_of_url, urls) if host is not None}


@app.default
def build(out: Path, /, *, runs: Path, data: Path = Path("../shared/data"), seed: int = 1) -> None:
    """Write the set; `runs` holds the ingest runs `crawl`, `wikipedia`, `books`, `arxiv` and `c4`."""
    works = [work for kind in ("wikipedia", "books", "arxiv") for work in works_of(runs / kind, kind)]
    works += plain_articles(data)
    crawled = list(crawled_articles(runs / "crawl", data))
    cited = cited_hosts(data)
    works = [work for work in works if next(pieces_of(work, seed), None) is not None]
    hosts = {work.host for work in works} | {work.host for work in crawled if work.host in cited}
    rows = [
        {
            "id": f"{work.name}#{number}",
            "text": piece,
            "url": f"https://{work.host}/{number}",
            "language": "en",
        }
        | {"source": "substitute"}
        for work in [*works, *crawled]
        for number, piece in enumerate(pieces_of(work, seed))
    ]
    out.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist(rows, pa.schema([DOCUMENT_SCHEMA.field(name) for name in rows[0]]))
    pq.write_table(table, out / "pages.parquet")
    (out / "cited.txt").write_text("".join(f"https://{host}/\n" for host in sorted(hosts)), encoding="utf-8")
    positives = sum(host_of_url(row["url"]) in hosts for row in rows)
    others = {host_of_url(row["url"]) for row in rows} - hosts
    print(f"{positives:,} pieces of {len(hosts):,} works and cited hosts")
    print(f"{len(rows) - positives:,} pieces of {len(others):,} other hosts")
    _write_labels(out, runs, data, rows, hosts, seed)


def _write_labels(
    out: Path, runs: Path, data: Path, rows: list[dict[str, str]], hosts: set[str], seed: int
) -> None:
    """Positives against texts that are no prose of a crawl or have no host, and pages of cited hosts alone: rows apart."""
    draw = random.Random(seed)
    good = [row for row in rows if host_of_url(row["url"]) in hosts]
    tails = [
        Work(row["id"], row["id"], row["text"])
        for batch in read_documents(runs / "c4", ["id", "text"])
        for row in batch.to_pylist()
    ]
    kinds = {
        "shuffled": [(row["url"], shuffled(row["text"], draw)) for row in good],
        "c4": [
            (f"https://c4-{i}.example/", piece)
            for i, work in enumerate(tails)
            for piece in pieces_of(work, seed)
        ],
    }
    crawled = [row for row in good if not row["url"].split("/")[2].endswith(".example")]
    random_pages = [(row["url"], row["text"]) for row in rows if host_of_url(row["url"]) not in hosts]
    kinds["cited"] = random_pages
    kinds["navigation"] = [
        (f"https://{work.host}/{number}", piece)
        for work in navigation_of(data)
        if work.host not in hosts
        for number, piece in enumerate(pieces_of(work, seed))
    ]
    for kind, texts in {
        "machine": [text for _, text in random_pages],
        "machine-good": [row["text"] for row in good],
    }.items():
        made = machine_made(texts, len(good), draw)
        kinds[kind] = [(f"https://{kind}-{i}.example/", text) for i, text in enumerate(made)]
    for kind, others in kinds.items():
        positives = crawled if kind == "cited" else good
        lines = [{"text": row["text"], "label": 1, "url": row["url"], "language": "en"} for row in positives]
        lines += [{"text": text, "label": 0, "url": url, "language": "en"} for url, text in others]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (out / f"labels-{kind}.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    app()
