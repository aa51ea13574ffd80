"""`python -m benchmarks.wikitext --data FOLDER`: our plain text of Wikipedia's articles beside mwparserfromhell's.

Agreement is counted in five-word shingles: the share of its shingles that ours has too, and the other way round. Its
`strip_code` drops every template and keeps tables, galleries' captions and category links, which we do not.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import mwparserfromhell
from cyclopts import App

from stages.ingest.raw import RawFile
from stages.ingest.wikipedia.articles import Article, read_articles
from stages.ingest.wikipedia.wikitext import plain_text

SHINGLE_WORDS = 5
_WORDS = re.compile(r"\w+").findall

app = App(name="wikitext", help="Wikitext to plain text, beside mwparserfromhell.")


@app.default
def main(*, data: Path) -> None:
    """Print speed and agreement over all articles of the dumps.

    Parameters
    ----------
    data
        folder of Wikipedia dumps
    """
    articles = [article for path in sorted(data.glob("*.xml*")) for article in _articles(path)]
    megabytes = sum(len(article.wikitext.encode("utf-8", "replace")) for article in articles) / 1e6
    ours, our_seconds = _timed(lambda a: plain_text(a.wikitext, a.wiki.namespaces), articles)
    theirs, their_seconds = _timed(lambda a: str(mwparserfromhell.parse(a.wikitext).strip_code()), articles)
    common = our_total = their_total = 0
    for mine, other in zip(ours, theirs, strict=True):
        left, right = _shingles(mine), _shingles(other)
        common += sum((left & right).values())
        our_total += sum(left.values())
        their_total += sum(right.values())
    print(f"{len(articles)} articles, {megabytes:.1f} MB of wikitext, one core\n")
    print("| | MB/s of wikitext | shingles | of these, the other has |")
    print("|---|---|---|---|")
    print(f"| ours | {megabytes / our_seconds:.1f} | {our_total:,} | {common / our_total:.1%} |")
    print(
        f"| mwparserfromhell | {megabytes / their_seconds:.1f} | {their_total:,} | {common / their_total:.1%} |"
    )


def _articles(path: Path) -> list[Article]:
    found = read_articles(RawFile(str(path), path.name, path.stat().st_size), ())
    return [article for article in found if isinstance(article, Article)]


def _timed(convert: Callable[[Article], str], articles: Sequence[Article]) -> tuple[list[str], float]:
    convert(articles[0])
    start = time.process_time()
    texts = [convert(article) for article in articles]
    return texts, time.process_time() - start


def _shingles(text: str) -> Counter[tuple[str, ...]]:
    words = _WORDS(text)
    return Counter(tuple(words[i : i + SHINGLE_WORDS]) for i in range(len(words) - SHINGLE_WORDS + 1))


if __name__ == "__main__":
    app()
