"""A Wikipedia dump in, its articles out with language and address; any other page is a Loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from stages.ingest.base import Loss, RawFile
from stages.ingest.compressed import decompressed
from stages.ingest.wikipedia.cutting import MAX_PAGE_BYTES, BrokenPage
from stages.ingest.wikipedia.dump import Header, Page, read_dump
from stages.ingest.wikipedia.names import REDIRECT, Namespaces, host_of, language_of, wiki_code

WIKITEXT_MODEL = "wikitext"
_TITLE_SAFE = "/:@!$*(),;'"


@dataclass(frozen=True)
class Wiki:
    """The wiki of a dump: code as in its host name (None when nothing tells it), namespaces."""

    code: str | None
    namespaces: Namespaces

    @property
    def language(self) -> str | None:
        """Language of its texts."""
        return language_of(self.code)

    def url(self, title: str) -> str | None:
        """Address of the page with this title."""
        host = host_of(self.code)
        return (
            None
            if host is None
            else f"https://{host}/wiki/{quote(title.replace(' ', '_'), safe=_TITLE_SAFE)}"
        )


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
    """All articles of a dump in file order; with `languages`, a dump of another wiki is one Loss."""
    named = wiki_code(raw.name, None)
    if languages and named is not None and named not in languages:
        yield _not_wanted(raw, named)
        return
    wiki = Wiki(named, Namespaces.of({}))
    num_pages = 0
    for entry in read_dump(decompressed(raw), max_page_bytes):
        if isinstance(entry, Header):
            wiki = Wiki(wiki_code(raw.name, entry.dbname), Namespaces.of(entry.namespaces))
            if languages and wiki.code not in languages:
                yield _not_wanted(raw, wiki.code)
                return
            continue
        num_pages += 1
        if isinstance(entry, BrokenPage):
            yield Loss(f"@{entry.offset}", entry.rule, entry.reason, text_bytes=entry.num_bytes)
        else:
            yield _article(entry, wiki)
    if not num_pages:
        yield Loss("", "no_pages", "no <page> in the file: not a dump of pages", text_bytes=raw.size)


def _not_wanted(raw: RawFile, code: str | None) -> Loss:
    return Loss("", "language_not_wanted", f"the dump's wiki is {code}", text_bytes=raw.size)


def _article(page: Page, wiki: Wiki) -> Article | Loss:
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
    page: Page, wiki: Wiki, rule: str, *, value: float | None = None, detail: str | None = None
) -> Loss:
    num_bytes = len((page.text or "").encode("utf-8", "surrogatepass"))
    return Loss(
        str(page.page_id), rule, detail or page.title, value, url=wiki.url(page.title), text_bytes=num_bytes
    )
