"""An address in, the form in which two addresses of one page are equal out (LLaMA, section 2.1)."""

from __future__ import annotations

import re

MAX_URL_CHARS = 4096

_ARCHIVE = re.compile(
    r"(?:https?:)?//(?:web|www)?\.?archive\.(?:org|is|today|ph|li|fo|vn)/(?:web/)?\d{4,14}[a-z_*]{0,5}/"
    r"(?=(?:https?:/{1,2}|www\.))",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"(https?):/{1,2}(?=[^/])", re.IGNORECASE)
_HOST = re.compile(r"[^\s/?#:@\[\]\\%]+\.[^\s/?#:@\[\]\\%.]{2,}")
_ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")
_TRACKING = re.compile(r"utm_[a-z_]+(?:=|$)", re.IGNORECASE)
_DEFAULT_PORTS = {"http": "80", "https": "443", "": "80"}


def unwrap_archive(url: str) -> str:
    """The page that a copy in a web archive was made of; any other address is returned as it is."""
    for _ in range(3):  # copies of copies
        found = _ARCHIVE.match(url)
        if found is None:
            break
        url = url[found.end() :]
    return url


def normalize_url(url: str) -> str | None:
    """The key of an address: equal for the ways in which one page is written; None when it is no web address.

    Dropped: scheme, `www.`, user, default port, fragment, `utm_*` parameters, slashes at the end. The host is
    in lower case (international names as they are), percent-encodings in upper case, archived copies stand
    for their page.
    """
    url = unwrap_archive("".join(url.split()))  # white space is in no address, but in many citations
    if len(url) > MAX_URL_CHARS:
        return None
    found = _SCHEME.match(url)
    scheme = found[1].lower() if found is not None else ""
    if found is not None:
        url = url[found.end() :]
    elif url.startswith("//"):
        url = url[2:]
    url = url.partition("#")[0]
    end = next((at for at, char in enumerate(url) if char in "/?"), len(url))
    authority, rest = url[:end], url[end:]
    host, _, port = authority.rpartition("@")[2].partition(":")
    if found is None and (":" in authority and not port.isdigit()):
        return None
    host = host.lower().removeprefix("www.").rstrip(".")
    if _HOST.fullmatch(host) is None or (port and not port.isdigit()):
        return None
    if port and port != _DEFAULT_PORTS[scheme]:
        host = f"{host}:{port}"
    path, mark, query = rest.partition("?")
    if mark:
        kept = [part for part in query.split("&") if part and _TRACKING.match(part) is None]
        query = "&".join(kept)
    path = _ESCAPE.sub(lambda escape: escape[0].upper(), path).rstrip("/")
    query = _ESCAPE.sub(lambda escape: escape[0].upper(), query)
    return host + path + (f"?{query}" if query else "")


def host_of_url(url: str) -> str | None:
    """Host name of an address, without `www.`, user and port."""
    key = normalize_url(url)
    return None if key is None else re.split(r"[/?:]", key, maxsplit=1)[0]
