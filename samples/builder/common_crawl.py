"""Our web pages in, CommonCrawl's WET and WARC files out, with copies, other languages, spam, and damage."""

from __future__ import annotations

import random
from dataclasses import replace

from builder import warc
from builder.dumps import Dumps, Page, Prose, with_words_changed
from builder.warc import RawArchive, conversion, response
from builder.web_page import bare_text, html, plain_text, theme_of

SEGMENT = f"common_crawl/{warc.CRAWL}/segments/0"
WET_FILES = tuple(f"{SEGMENT}/wet/CC-MAIN-20200117-{number:05d}.warc.wet.gz" for number in range(2))
WARC_FILE = f"{SEGMENT}/warc/CC-MAIN-20200117-00000.warc.gz"
KINDS = ("reference", "ordinary", "spam", "foreign")
LANGUAGES = {
    "ar": "ara",
    "el": "ell",
    "et": "est",
    "fi": "fin",
    "id": "ind",
    "ja": "jpn",
    "lt": "lit",
    "sw": "swa",
}
LANGUAGES |= {"tr": "tur", "vi": "vie"}
COPIED, COPIED_BARE, CHANGED, LENGTHENED = (
    "web/ordinary/05-lemon-drizzle.txt",
    "web/ordinary/26-charity-shop-haul.txt",
    "web/ordinary/15-bike-commute.txt",
    "web/ordinary/42-knee-surgery-blog.txt",
)
IN_WET = (COPIED, COPIED_BARE, CHANGED, LENGTHENED)
UNSURE = ("web/foreign/sw-bustani-ya-shule.txt",)
"""Pages whose language lid.176 names with a score below 0.5."""
ADDED_SENTENCE = "Thank you all for the kind comments, I have read every one of them with a cup of tea."
SHORT = ("Closed for the winter", "We are closed until the first of March.")
ALMOST_SHORT = (
    "Opening hours of the model railway",
    "The layout runs on Saturdays and Sundays from ten until four, and on bank holidays when it does not rain.",
)
PDF = (
    b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
)


def build(prose: Prose, dumps: Dumps) -> None:
    """Add two WET files and a WARC file; each third page is in the WARC file."""
    pages = {kind: prose.pages(f"web/{kind}") for kind in KINDS}
    wet: list[Page] = []
    html_pages: list[Page] = []
    for kind in KINDS:
        for number, page in enumerate(pages[kind]):
            in_warc = number % 3 == 2 and page.name not in IN_WET
            (html_pages if in_warc else wet).append(page)
    chance = random.Random(2020)
    by_name = {page.name: page for page in wet}
    wet += _copies(by_name)
    chance.shuffle(wet)
    chance.shuffle(html_pages)
    _build_wet(wet, by_name, dumps)
    _build_warc(html_pages, by_name[COPIED], dumps)


def _copies(pages: dict[str, Page]) -> list[Page]:
    """Pages under other addresses: two equal, one with words changed, one with a sentence more."""
    changed = with_words_changed("\n".join(pages[CHANGED].paragraphs)).split("\n")
    longer = (*pages[LENGTHENED].paragraphs, ADDED_SENTENCE)
    return [
        _copy(pages[COPIED], "equal"),
        _copy(pages[COPIED_BARE], "equal"),
        replace(_copy(pages[CHANGED], "changed"), paragraphs=tuple(changed)),
        replace(_copy(pages[LENGTHENED], "longer"), paragraphs=longer),
    ]


def _copy(page: Page, kind: str) -> Page:
    """The same page, on the same host, under a second address that its server also answers to."""
    return replace(page, name=f"{page.name} {kind}", url=f"{page.url}?view=print")


def _build_wet(pages: list[Page], by_name: dict[str, Page], dumps: Dumps) -> None:
    places: dict[str, tuple[str, str]] = {}
    half = len(pages) // 2
    for path, part in zip(WET_FILES, (pages[:half], pages[half:]), strict=True):
        raw = RawArchive(path)
        _not_a_page(raw, raw.add(warc.warcinfo(path.rsplit("/", 1)[-1])), dumps)
        for number, page in enumerate(part):
            if number == len(part) // 2:
                _wet_faults(raw, by_name, dumps, first=path == WET_FILES[0])
            record = conversion(page.url, wet_text(page).encode(), number, _identified(page, number))
            places[page.name] = (path, raw.add(record))
        dumps.add(path, raw.data)
    _duplicates(places, dumps)
    dropped = {fault.id for fault in dumps.faults}
    for page in pages:
        path, key = places[page.name]
        if f"{path}/{key}" in dropped:
            continue
        if not page.name.startswith(COPIED_BARE):
            dumps.fault(path, key, "boilerplate", "duplicate_lines", stage="lines_remove", action="edit")
        _judged(page, path, key, dumps)


def wet_text(page: Page) -> str:
    """The text of a page's WET record; a copy carries the very lines of its original."""
    original = replace(page, url=page.url.removesuffix("?view=print"))
    return bare_text(original) if page.name.startswith(COPIED_BARE) else plain_text(original)


def _identified(page: Page, number: int) -> str | None:
    """What CLD2 found, which only newer dumps tell; here every second record does, as if two dumps were joined."""
    if number % 2:
        return None
    name = page.name.rsplit("/", 1)[-1]
    return LANGUAGES[name[:2]] if "/foreign/" in page.name else "eng"


def _judged(page: Page, path: str, key: str, dumps: Dumps) -> None:
    """Rows of the pages that only a filter finds."""
    if "/foreign/" in page.name:
        rule = "language_score" if page.name in UNSURE else "language"
        dumps.fault(path, key, "wrong_language", rule, stage="filter")
    if "/spam/" in page.name:
        dumps.fault(path, key, "spam", "reference", stage="filter", note="soft")


def _duplicates(places: dict[str, tuple[str, str]], dumps: Dumps) -> None:
    """Of equal texts the smallest id is kept, of similar ones the longest."""

    def identifier(name: str) -> str:
        return "/".join(places[name])

    for name in (COPIED, COPIED_BARE):
        kept, copy = sorted((name, f"{name} equal"), key=identifier)
        path, key = places[copy]
        dumps.fault(path, key, "exact_copy", "exact_duplicate", stage="remove", partner=identifier(kept))
    for kept, copy, fault in (
        (CHANGED, f"{CHANGED} changed", "words_changed"),
        (f"{LENGTHENED} longer", LENGTHENED, "sentence_added"),
    ):
        path, key = places[copy]
        dumps.fault(path, key, fault, "near_duplicate", stage="remove", partner=identifier(kept))


def _wet_faults(raw: RawArchive, by_name: dict[str, Page], dumps: Dumps, *, first: bool) -> None:
    """The first file: a short page, and a corrupt member; the second: undecodable text, a page of boilerplate."""
    if first:
        short = conversion("https://wintergarden.example/", "\n".join(SHORT).encode(), 700, "eng")
        dumps.fault(raw.path, raw.add(short), "short_page", "too_short")
        lost = conversion("https://lost.example/", plain_text(by_name[COPIED]).encode(), 701, "eng")
        dumps.fault(raw.path, raw.add_corrupt(lost), "corrupt_gzip_member", "damaged")
        return
    noise = random.Random(7).randbytes(900)
    undecodable = conversion("https://noise.example/feed", noise, 702, None)
    dumps.fault(raw.path, raw.add(undecodable), "invalid_utf8", "encoding")
    title, *paragraphs = ALMOST_SHORT
    page = Page("almost short", _host_with_long_theme(), title, tuple(paragraphs))
    key = raw.add(conversion(page.url, plain_text(page).encode(), 703, "eng"))
    dumps.fault(raw.path, key, "mostly_boilerplate", "short_after_line_dedup", stage="lines_remove")


def _host_with_long_theme() -> str:
    """An address whose site's boilerplate is the longest, so that a short page passes for a long one."""
    urls = [f"https://model-railway-{number}.example/hours" for number in range(20)]
    return max(
        urls,
        key=lambda url: sum(map(len, theme_of(url.split("/")[2]).above + theme_of(url.split("/")[2]).below)),
    )


def _build_warc(pages: list[Page], spare: Page, dumps: Dumps) -> None:
    raw = RawArchive(WARC_FILE)
    _not_a_page(raw, raw.add(warc.warcinfo(WARC_FILE.rsplit("/", 1)[-1])), dumps)
    for number, page in enumerate(pages):
        if number % 10 == 0:
            _not_a_page(raw, raw.add(warc.request(page.url, number)), dumps)
        if number == len(pages) // 2:
            _warc_faults(raw, spare, dumps)
        language = page.name.rsplit("/", 1)[-1][:2] if "/foreign/" in page.name else "en"
        key = raw.add(response(page.url, html(page, language), number))
        _judged(page, raw.path, key, dumps)
    key = raw.add_truncated(response("https://cut.example/", html(spare, "en"), 804))
    dumps.fault(raw.path, key, "truncated_record", "truncated_record")
    dumps.fault(raw.path, f"@{key}", "truncated_gzip_member", "damaged")
    dumps.add(raw.path, raw.data)


def _warc_faults(raw: RawArchive, spare: Page, dumps: Dumps) -> None:
    """Responses that are no page of text: an error, a PDF, noise, an empty shell."""
    missing = response("https://gone.example/", html(spare, "en"), 800, status="404 Not Found")
    dumps.fault(raw.path, raw.add(missing), "not_found", "http_status")
    document = response("https://paper.example/a.pdf", PDF, 801, content_type="application/pdf")
    dumps.fault(raw.path, raw.add(document), "pdf", "content_type")
    noise = response("https://binary.example/", random.Random(8).randbytes(3000), 802)
    dumps.fault(raw.path, raw.add(noise), "binary_as_html", "encoding")
    shell = replace(spare, title=SHORT[0], paragraphs=SHORT[1:])
    key = raw.add(response("https://shell.example/", html(shell, "en"), 803))
    dumps.fault(raw.path, key, "short_page", "too_short")


def _not_a_page(raw: RawArchive, key: str, dumps: Dumps) -> None:
    dumps.fault(raw.path, key, "not_a_page", "record_type")
