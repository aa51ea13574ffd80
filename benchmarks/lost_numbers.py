"""`python -m benchmarks.lost_numbers --data FOLDER`: numbers of Wikipedia's wikitext that are nowhere in our text.

Places are told by mwparserfromhell, which knows nothing of our rules: numbers of a note, of a table, of a template that
stands alone (infobox), of a template, a link's or the text's own inside a sentence. A number counts as kept where its
digits, whatever parts them, stand anywhere in the article's text, as raised or lowered digits too. Codes
are what no reader sees: how a ship's name is shown, what a sum of today's money is computed from, units of the second
measure of `{{convert}}`.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import mwparserfromhell
from cyclopts import App
from mwparserfromhell.nodes import Comment, ExternalLink, Tag, Template, Text, Wikilink
from mwparserfromhell.wikicode import Wikicode

from benchmarks.wikitext import _articles
from stages.ingest.raw import RawDocument
from stages.ingest.wikipedia.articles import Article
from stages.ingest.wikipedia.links import DROPPED, target_kind
from stages.ingest.wikipedia.names import Namespaces
from stages.ingest.wikipedia.stage import article_document
from stages.ingest.wikipedia.tags import DROPPED_TAGS

SENTENCE, INFOBOX, TABLE, REFERENCE, FILE, CODE = "sentence", "infobox", "table", "reference", "file", "code"
PLACES = (SENTENCE, INFOBOX, TABLE, REFERENCE, FILE, CODE)
_NUMBER = re.compile(r"\d[\d.,\u00a0\u202f\u2009' ]*\d|\d")
_DIGITS = re.compile(r"\d+")
_NOTE = re.compile(
    r"sfn|harv|efn|refn|\bref\b|cit[eoa]|^\s*rp\b|^\s*r\b|note|ISBN|ISSN|doi|OCLC|PMID|webarchive|dead.?link|anchor|"
    r"citation|needed|IMDb|нет аи|DNB|arxiv|DEFAULTSORT|литература|книга|статья|literatur|ouvrage|lien web|internetquelle",
    re.IGNORECASE,
)
_CODES = re.compile(
    r"^\s*(?:inflation\b|sclass|HM[A-Z]*S\s*$|FLdez|metadaten|population|statistiek)", re.IGNORECASE
)
"""Templates in sentences whose numbers the wiki computes with, or that say how a name is shown."""

_UNIT_NAME = re.compile(r"\s*convert|cvt", re.IGNORECASE)
_TABLE_LINE = re.compile(r"^\s*(?:\||!|\{\|)")
_EXAMPLES = 12

app = App(name="lost_numbers", help="Numbers of the wikitext that our text lost, by place.")


@app.default
def main(*, data: Path, examples: int = _EXAMPLES) -> None:
    """Print a table by dump and place, then examples of those lost inside sentences.

    Parameters
    ----------
    data
        folder of Wikipedia dumps
    examples
        of numbers lost in sentences, by dump
    """
    print("| dump | " + " | ".join(f"{place}: lost of" for place in PLACES) + " |")
    print("|---" * (len(PLACES) + 1) + "|")
    shown: dict[str, list[str]] = {}
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    for path in sorted(data.glob("*.xml*")):
        there: Counter[str] = Counter()
        lost: Counter[str] = Counter()
        name = path.name.split("-pages")[0].removesuffix("-dbpedia-minidump").split(".")[0]
        for article in _articles(path):
            kept = _kept_numbers(article)
            for place, number, around in _numbers(article):
                there[place] += 1
                if number not in kept:
                    lost[place] += 1
                    if place == SENTENCE and len(shown.setdefault(name, [])) < examples:
                        shown[name].append(f"{article.title}: {number} in {around}")
        totals["there"].update(there)
        totals["lost"].update(lost)
        print(f"| {name} | " + " | ".join(f"{lost[place]:,} of {there[place]:,}" for place in PLACES) + " |")
    cells = (f"{totals['lost'][place]:,} of {totals['there'][place]:,}" for place in PLACES)
    print("| all | " + " | ".join(cells) + " |\n")
    for name, lines in shown.items():
        for line in lines:
            print(f"{name}: {line}")


def _kept_numbers(article: Article) -> frozenset[str]:
    document = article_document(article)
    text = document.text if isinstance(document, RawDocument) else ""
    plain = unicodedata.normalize("NFKC", re.sub(r"(?<=\d)(?=[⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉])", " ", text))
    return frozenset(_of_text(plain))


def _of_text(text: str) -> Iterator[str]:
    """Numbers as their digits alone, and their parts: `1 234,5` is 12345, 1234 and 5 as well as 1 and 234."""
    for found in _NUMBER.finditer(text):
        parts = _DIGITS.findall(found[0])
        for first in range(len(parts)):
            for last in range(first, min(len(parts), first + 6)):
                yield "".join(parts[first : last + 1]).lstrip("0")


def _numbers(article: Article) -> Iterator[tuple[str, str, str]]:
    """Place, digits and surroundings of each number of an article's wikitext."""
    code = mwparserfromhell.parse(article.wikitext)
    for place, text, around in _texts(code, SENTENCE, article.wiki.namespaces, ""):
        for found in _DIGITS.finditer(text):
            number = unicodedata.normalize("NFKC", found[0]).lstrip("0")
            if number:
                yield (
                    place,
                    number,
                    " ".join((around or text[max(found.start() - 40, 0) : found.end() + 30]).split()),
                )


def _texts(
    code: Wikicode | None, place: str, namespaces: Namespaces, around: str
) -> Iterator[tuple[str, str, str]]:
    """Every text that a reader could see, with its place."""
    if code is None:
        return
    nodes = list(code.nodes)
    for at, node in enumerate(nodes):
        if isinstance(node, Text):
            for line in str(node).split("\n"):
                # A table that its parser does not see closed is text to it.
                yield (TABLE if place == SENTENCE and _TABLE_LINE.match(line) else place), line, around
        elif isinstance(node, Template):
            inner = _place_of(node, place, nodes, at)
            for param in node.params:
                # What a named value of a template in a sentence says is mostly how it should look.
                named = inner == SENTENCE and param.showkey and not str(param.name).strip().isdigit()
                # Codes of units, and behind them to how many places the other measure is rounded.
                is_code = _UNIT_NAME.match(str(node.name)) and re.fullmatch(
                    r"\D.*|\d", str(param.value).strip()
                )
                where = INFOBOX if named else CODE if is_code and param is not node.params[0] else inner
                yield from _texts(param.value, where, namespaces, around or str(node)[:120])
        elif isinstance(node, Tag):
            name = str(node.tag).strip().lower()
            inner = TABLE if name == "table" else REFERENCE if name in DROPPED_TAGS else place
            inner = inner if place == SENTENCE else place
            yield from _texts(node.contents, inner, namespaces, around)
        elif isinstance(node, Wikilink):
            is_file = target_kind(str(node.title), namespaces) == DROPPED
            shown = node.title if node.text is None or not str(node.text).strip() else node.text
            if not str(node.title).lstrip().startswith((":",)) or is_file:
                yield from _texts(shown, FILE if is_file and place == SENTENCE else place, namespaces, around)
        elif isinstance(node, ExternalLink):
            yield from _texts(node.title, place, namespaces, around)
        elif not isinstance(node, Comment):
            contents = getattr(node, "title", None)  # a heading
            if isinstance(contents, Wikicode):
                yield from _texts(contents, place, namespaces, around)


def _place_of(node: Template, place: str, nodes: list[object], at: int) -> str:
    """Where the values of a template stand: in the sentence that it stands in, unless it is a note."""
    if place != SENTENCE:
        return place
    if _NOTE.search(str(node.name)) is not None:
        return REFERENCE
    if _CODES.search(str(node.name)) is not None:
        return CODE
    return SENTENCE if _in_sentence(nodes, at) else INFOBOX


def _in_sentence(nodes: list[object], at: int) -> bool:
    """Whether text stands on both sides of a node in its line."""
    before = "".join(str(node) for node in nodes[max(at - 6, 0) : at] if not isinstance(node, Template))
    behind = "".join(str(node) for node in nodes[at + 1 : at + 7] if not isinstance(node, Template))
    left, right = before.rsplit("\n", 1)[-1], behind.split("\n", 1)[0]
    return re.search(r"\w", left) is not None and re.search(r"\w", right) is not None


if __name__ == "__main__":
    app()
