"""An address in, the address of the page that it shows a copy, a translation or a redirection of out."""

from __future__ import annotations

import re
from urllib.parse import unquote

MAX_DEPTH = 4
"""Copies of copies are unwrapped so often."""

_BEGINS = r"https?(?::|%3a)(?:/|%2f){1,2}(?=[^/])"

_ARCHIVES = (
    r"archive\.(?:org|is|today|ph|li|fo|vn|md)|archive-it\.org|waybackmachine\.org|webarchive\.org\.uk"
    r"|nationalarchives\.gov\.uk|webarchive\.loc\.gov|webarchive\.parliament\.uk|bac-lac\.gc\.ca|arquivo\.pt"
    r"|vefsafn\.is|mementoweb\.org|wayback\.nli\.org\.il|webarchive\.proni\.gov\.uk|perma-archives\.org"
    r"|webrecorder\.io|conifer\.rhizome\.org|ghostarchive\.org|swap\.stanford\.edu|webarchiv\.cz|haw\.nsk\.hr"
)
_ARCHIVED = re.compile(
    rf"(?:https?:)?/{{1,2}}(?:[\w-]+\.)*(?:{_ARCHIVES})(?::\d+)?"
    rf"(?:/(?:[\w.*:-]{{1,40}}/){{0,4}}?(?={_BEGINS})|/(?:web/)?\d{{4,14}}[a-z_*]{{0,5}}/(?=www\.))",
    re.IGNORECASE,
)
"""Web archives put the address of the page behind a time, a collection, a word, or nothing."""

_ASKED = re.compile(
    rf"(?:https?:)?//(?P<host>[^/?#]+)[^?#]*\?(?:[^#]*&(?:amp;)?)?(?P<name>u|url|q|a|trurl|su)="
    rf"(?P<cache>cache(?::|%3a)(?:[\w-]{{8,16}}(?::|%3a))?)?(?P<page>(?:{_BEGINS}|www\.)[^&\#]+|(?<=[:aA])[^&\#]+)",
    re.IGNORECASE,
)
"""Services that take the address of the page as a value."""

_SERVICES = re.compile(
    r"(?:[\w-]+\.)*(?:google(?:usercontent)?\.(?:com?\.)?[a-z]{2,3}|webcitation\.org|wikiwix\.com|facebook\.com|instagram\.com"
    r"|steamcommunity\.com|microsofttranslator\.com|bing\.com|bingj\.com|babelfish\.[\w.]+|translate\.[\w.]+|youtube\.com"
    r"|altavista\.com|safelinks\.protection\.outlook\.com|[\w.-]*proxy[\w.-]*)",
    re.IGNORECASE,
)
_AMP = re.compile(
    r"(?:https?:)?//(?:www\.)?google\.(?:com?\.)?[a-z]{2,3}/amp/(?:s/)?(?=[^/?#]+\.)", re.IGNORECASE
)
_TRANSLATED_HOST = re.compile(r"((?:https?:)?//)([a-z0-9-]+)\.translate\.goog(?=[/?#]|$)", re.IGNORECASE)


def unwrap_url(url: str) -> str:
    """The page that is shown by a web archive, a search engine's cache, a translator or a redirection.

    Any other address, and a copy that does not say of which page, is returned as it is.
    """
    for _ in range(MAX_DEPTH):
        inner = _inner(url)
        if inner is None:
            break
        url = inner
    return url


def _inner(url: str) -> str | None:
    if (found := _ARCHIVED.match(url)) is not None:
        return _decoded(url[found.end() :])
    if "?" in url and (found := _ASKED.match(url)) is not None and _SERVICES.fullmatch(found["host"]):
        page = found["page"]
        if found["cache"] is not None:  # the words that were searched for follow it
            page = re.split(r"\+|%20|%2b", page, maxsplit=1, flags=re.IGNORECASE)[0]
        return _with_scheme(unquote(page))
    if (found := _AMP.match(url)) is not None:
        return "https://" + url[found.end() :]
    if (found := _TRANSLATED_HOST.match(url)) is not None:
        host = found[2].replace("--", "\0").replace("-", ".").replace("\0", "-")
        return found[1] + host + url[found.end() :]
    return None


def _decoded(page: str) -> str:
    """An address behind an archive's, of which the beginning may be percent-encoded; then all of it is."""
    return unquote(page) if re.match("https?%3a", page, re.IGNORECASE) else page


def _with_scheme(page: str) -> str:
    return page if "://" in page[:9] or page.startswith("//") else "http://" + page
