"""A Wikipedia dump in, its articles out with language and address; any other page is a Loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from stages.ingest.raw import Loss, RawFile
from stages.ingest.wikipedia.cutting import MAX_PAGE_BYTES, BrokenPage, PageCutter
from stages.ingest.wikipedia.dump import WikiPage, read_header, read_pages
from stages.ingest.wikipedia.names import REDIRECT, Namespaces
from stages.ingest.wikipedia.streams import DumpReader, StreamDamage, is_index
from stages.ingest.wikipedia.unicode_forms import as_utf8
from stages.ingest.wikipedia.wikis import (
    address_before_title,
    host_of,
    language_of_wiki,
    wanted_code,
    wiki_code,
)

WIKITEXT_MODEL = "wikitext"
_TITLE_SAFE = "/:@!$*(),;'"


@dataclass(frozen=True)
class Wiki:
    """The wiki of a dump: its code (None when nothing tells it), namespaces, and where it is no known wiki what
    its addresses begin with."""

    code: str | None
    namespaces: Namespaces
    address: str | None = None

    @property
    def language(self) -> str | None:
        """Language of its texts."""
        return language_of_wiki(self.code)

    def url(self, title: str) -> str | None:
        """Address of the page with this title."""
        host = host_of(self.code)
        address = self.address or (None if host is None else f"https://{host}/wiki/")
        return None if address is None else address + quote(title.replace(" ", "_"), safe=_TITLE_SAFE)


@dataclass(frozen=True)
class Article:
    """A page of namespace 0 that is no redirect and has wikitext."""

    wiki: Wiki
    page_id: int
    title: str
    timestamp: str | None
    wikitext: str

    @property
    def key(self) -> str:
        """Its stable name inside the dump."""
        return str(self.page_id)

    @property
    def url(self) -> str | None:
        """Its address."""
        return self.wiki.url(self.title)


def read_articles(
    raw: RawFile, languages: Sequence[str] = (), max_page_bytes: int = MAX_PAGE_BYTES
) -> Iterator[Article | Loss]:
    """All articles that begin in a dump's range, in file order; with `languages`, a dump of another wiki is one Loss.

    What concerns the whole file is told by the reader of its first range alone. Of pages of one id the first is read.
    """
    first = raw.start == 0
    if is_index(raw.name):
        if first:
            yield Loss("", "index_file", "the index of a multistream dump", text_bytes=raw.size)
        return
    named, wanted = wiki_code(raw.name, None), {wanted_code(language) for language in languages}
    if not wanted or named is None or named in wanted:
        header = read_header(as_utf8(DumpReader(replace(raw, start=0, stop=None)).pieces()))
        code = wiki_code(raw.name, header.dbname, header.base, header.lang)
        is_told = wiki_code(raw.name, header.dbname, header.base) is not None
        address = None if is_told else address_before_title(header.base)
        wiki = Wiki(code, Namespaces.of(header.namespaces), address)
        named = wiki.code
    if wanted and named not in wanted:
        if first:
            yield Loss("", "language_not_wanted", f"the dump's wiki is {named}", text_bytes=raw.size)
        return
    reader, cutter, damaged = DumpReader(raw), PageCutter(max_page_bytes), False
    seen: set[int] = set()
    for entry in read_pages(as_utf8(reader.pieces()), cutter, reader.is_behind):
        if isinstance(entry, BrokenPage):
            yield Loss(reader.place(entry.offset), entry.rule, entry.reason, text_bytes=entry.num_bytes)
        elif isinstance(entry, StreamDamage):
            damaged = True
            yield Loss(f"@{entry.offset}", "damaged", entry.reason, text_bytes=entry.num_bytes)
        else:
            # Ids of documents are unique: a second one would end the stages that look documents up by them.
            is_new = entry.page_id not in seen
            seen.add(entry.page_id)
            yield _article(entry, wiki) if is_new else _loss(entry, wiki, "duplicate_id")
    if first and not cutter.seen_page and not damaged:
        yield Loss("", "no_pages", "no <page> in the file: not a dump of pages", text_bytes=raw.size)


def _article(page: WikiPage, wiki: Wiki) -> Article | Loss:
    ns = wiki.namespaces.id_of_title(page.title) if page.ns is None else page.ns
    if ns != 0:
        return _loss(page, wiki, "namespace", value=float(ns))
    if page.model not in (None, WIKITEXT_MODEL):
        return _loss(page, wiki, "content_model", detail=page.model)
    if page.redirect:
        return _loss(page, wiki, "redirect")
    if page.text is None:
        return _loss(page, wiki, "no_text")
    if page.text.lstrip().startswith("#") and REDIRECT.match(page.text) is not None:
        return _loss(page, wiki, "redirect")
    return Article(wiki, page.page_id, page.title, page.timestamp, page.text)


def _loss(
    page: WikiPage, wiki: Wiki, rule: str, *, value: float | None = None, detail: str | None = None
) -> Loss:
    num_bytes = len((page.text or "").encode("utf-8", "surrogatepass"))
    return Loss(
        str(page.page_id), rule, detail or page.title, value, url=wiki.url(page.title), text_bytes=num_bytes
    )
