"""Our wikitext in, Wikipedia's XML dumps of 20 languages in bz2 out: other pages among the articles, and damage."""

from __future__ import annotations

import bz2
from dataclasses import dataclass
from urllib.parse import quote
from xml.sax.saxutils import escape

from builder.citations import Citations
from builder.dumps import Dumps, Prose
from builder.wikis import WIKIS, Wiki

BROKEN_WIKI, MULTISTREAM_WIKI, SPLIT_WIKI = "fr", "en", "sl"
MULTISTREAM_PAGES = 3
CLOSE = b"</mediawiki>\n"


@dataclass(frozen=True)
class Entry:
    """A page of a dump; with `rule`, the ledger says why it is no document."""

    page_id: int
    ns: int
    title: str
    wikitext: str
    redirect: str = ""
    rule: str = ""


def build(prose: Prose, dumps: Dumps) -> None:
    """Add a dump per language; that of `sl` comes in two raw files, the second one truncated."""
    citations = Citations([page.url for page in prose.pages("web/reference")])
    for wiki in WIKIS:
        entries = _entries(wiki, prose, citations)
        path = f"wikipedia/{wiki.code}wiki-20220701-pages-articles.xml.bz2"
        if wiki.code == SPLIT_WIKI:
            last = next(entry for entry in reversed(entries) if entry.ns == 0 and not entry.redirect)
            entries.remove(last)
            _truncated(wiki, last, dumps)
        for entry in entries:
            if entry.rule:
                fault = "redirect" if entry.redirect else f"namespace_{entry.ns}"
                dumps.fault(path, str(entry.page_id), fault, entry.rule)
        head, pages = header(wiki), [page_xml(entry) for entry in entries]
        if wiki.code == BROKEN_WIKI:
            pages.insert(1, _broken_page(entries[0]))
            offset = len(head) + len(pages[0]) + pages[1].index(b"<page>")
            dumps.fault(path, f"@0+{offset}", "page_without_end", "damaged_page")
        if wiki.code == MULTISTREAM_WIKI:
            dumps.add(path, _multistream(head, pages))
        else:
            dumps.add(path, bz2.compress(head + b"".join(pages) + CLOSE))
    citations.require_all()


def _entries(wiki: Wiki, prose: Prose, citations: Citations) -> list[Entry]:
    """The articles, with a redirect after the first, then a talk page, a template and a category."""
    entries: list[Entry] = []
    for number, name in enumerate(prose.names(f"wikipedia/{wiki.code}"), 1):
        head, _, wikitext = prose.text(name).partition("\n\n")
        title = head.removeprefix("title: ").strip()
        entries.append(Entry(100 * number + 11, 0, title, citations.fill(wikitext.strip("\n"))))
    first = entries[0]
    lower = first.title[:1].lower() + first.title[1:]
    redirect = f"#{wiki.redirect} [[{first.title}]]"
    entries.insert(1, Entry(150, 0, lower, redirect, redirect=first.title, rule="redirect"))
    others = [
        Entry(151, 1, f"{wiki.namespaces[1]}:{first.title}", "== ? ==\n? --~~~~", rule="namespace"),
        Entry(
            152, 10, f"{wiki.namespaces[10]}:Stub", "<noinclude>[[x]]</noinclude>{{{1|}}}", rule="namespace"
        ),
        Entry(153, 14, f"{wiki.namespaces[14]}:{first.title}", "__HIDDENCAT__", rule="namespace"),
    ]
    return [*entries[:2], *others, *entries[2:]]


def header(wiki: Wiki) -> bytes:
    """The opening of a dump up to its first page."""
    names = {-2: "Media", -1: "Special", 0: "", **wiki.namespaces}
    lines = [
        '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.10/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:schemaLocation="http://www.mediawiki.org/xml/export-0.10/ '
        f'http://www.mediawiki.org/xml/export-0.10.xsd" version="0.10" xml:lang="{wiki.code}">',
        "  <siteinfo>",
        f"    <sitename>{wiki.namespaces[4]}</sitename>",
        f"    <dbname>{wiki.code}wiki</dbname>",
        f"    <base>https://{wiki.code}.wikipedia.org/wiki/{quote(wiki.main_page.replace(' ', '_'))}</base>",
        "    <generator>MediaWiki 1.39.0-wmf.17</generator>",
        "    <case>first-letter</case>",
        "    <namespaces>",
    ]
    for key, name in sorted(names.items()):
        tag = f'      <namespace key="{key}" case="first-letter"'
        lines.append(f"{tag}>{escape(name)}</namespace>" if name else f"{tag} />")
    lines += ["    </namespaces>", "  </siteinfo>", ""]
    return "\n".join(lines).encode()


def page_xml(entry: Entry) -> bytes:
    """The XML of a page."""
    text = escape(entry.wikitext, {'"': "&quot;"})
    title = escape(entry.title, {'"': "&quot;"})
    redirect = (
        f'    <redirect title="{escape(entry.redirect, {chr(34): "&quot;"})}" />\n' if entry.redirect else ""
    )
    return (
        f"  <page>\n    <title>{title}</title>\n    <ns>{entry.ns}</ns>\n    <id>{entry.page_id}</id>\n{redirect}"
        f"    <revision>\n      <id>{entry.page_id * 7919}</id>\n      <parentid>{entry.page_id * 7907}</parentid>\n"
        f"      <timestamp>2022-06-{entry.page_id % 28 + 1:02d}T12:00:00Z</timestamp>\n"
        "      <contributor>\n        <username>Sampler</username>\n        <id>1</id>\n      </contributor>\n"
        "      <model>wikitext</model>\n      <format>text/x-wiki</format>\n"
        f'      <text bytes="{len(entry.wikitext.encode())}" xml:space="preserve">{text}</text>\n'
        "      <sha1>0</sha1>\n    </revision>\n  </page>\n"
    ).encode()


def _broken_page(entry: Entry) -> bytes:
    """A copy of a page under another id that ends in the middle of its text."""
    whole = page_xml(Entry(199, 0, f"{entry.title} (2)", entry.wikitext))
    text = whole.decode()
    return text[: len(text) // 2].encode() + b"\n"


def _multistream(head: bytes, pages: list[bytes]) -> bytes:
    """As the multistream dumps are made: header, then a few pages to a stream, then the closing tag."""
    groups = [b"".join(pages[i : i + MULTISTREAM_PAGES]) for i in range(0, len(pages), MULTISTREAM_PAGES)]
    return b"".join(bz2.compress(part) for part in (head, *groups, CLOSE))


def _truncated(wiki: Wiki, entry: Entry, dumps: Dumps) -> None:
    """A second raw file: header and one page in a whole stream, another page in a stream that breaks off."""
    path = f"wikipedia/{wiki.code}wiki-20220701-pages-articles2.xml.bz2"
    whole = bz2.compress(header(wiki) + page_xml(entry))
    lost = bz2.compress(page_xml(Entry(299, 0, f"{entry.title} (2)", entry.wikitext)) + CLOSE)
    dumps.add(path, whole + lost[: len(lost) // 2])
    dumps.fault(path, f"@{len(whole)}", "truncated_bz2", "damaged")
