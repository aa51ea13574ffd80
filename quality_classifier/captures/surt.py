"""An address in, the key out by which CommonCrawl's indexes sort it: SURT, as webarchive-commons makes it."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote_to_bytes

from quality_classifier.urls import normalize_url

MAX_UNQUOTED = 8
_SAFE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in "#%")
_AUTHORITY = re.compile(r"^(?:https?:)?/{2}", re.IGNORECASE)
_WWW = re.compile(r"^www\d*\.")
_PORT = re.compile(r"^(.*?)(?::(\d*))?$")
_SESSION_PATH = re.compile(r";jsessionid=[0-9a-z]{32}$|(?<=/)(?:\([a-z]\([0-9a-z]{24}\)\)|\([0-9a-z]{24}\))/")
_SESSION_QUERY = re.compile(
    r"(?:^|(?<=&))(?:(?:jsessionid|phpsessid|sid)=[0-9a-z]{32}|aspsessionid[a-z]{8}=[a-z]{24}|cfid=[^&]+&cftoken=[^&]+)(?:&|$)"
)


def surt_key(url: str) -> str | None:
    """`com,example)/a?b=1`: host reversed, `www.` and scheme gone, lower case, parameters sorted; None for no web address.

    The scheme may be missing, as in the normal form of an address.
    """
    if normalize_url(url) is None:
        return None
    rest = _AUTHORITY.sub("", "".join(url.split()), count=1).partition("#")[0]
    end = next((at for at, char in enumerate(rest) if char in "/?"), len(rest))
    found = _PORT.match(rest[:end].rpartition("@")[2])
    host, port = (found[1], found[2] or "") if found is not None else (rest[:end], "")
    host = _WWW.sub("", _ascii_host(host.lower().rstrip(".")))
    shown = ",".join(reversed(host.split("."))) + ("" if port in ("", "80", "443") else f":{port}")
    path, _, query = rest[end:].partition("?")
    query = _SESSION_QUERY.sub("", _escaped(query).lower())
    return f"{shown}){_path(path)}" + (f"?{_sorted_by_name(query)}" if query else "")


def surt_keys(page: str, url: str) -> list[str]:
    """The keys under which a page may lie: that of its normal form, and of the address as it was written."""
    return sorted({key for key in (surt_key(page), surt_key(url)) if key is not None})


def _sorted_by_name(query: str) -> str:
    """The parameters by name, then value; `codepays=` comes before `codepays2=`, and empty ones come first."""
    return "&".join(sorted(query.split("&"), key=lambda part: part.partition("=")))


def _ascii_host(host: str) -> str:
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:  # a name that may not exist is found nowhere
        return quote(host)


def _escaped(text: str) -> str:
    """Percent-encodings undone as often as there are some, then made again of what is no printable ASCII."""
    data = text.encode("utf-8", "surrogatepass")
    for _ in range(MAX_UNQUOTED):
        if (plain := unquote_to_bytes(data)) == data:
            break
        data = plain
    return quote(data, safe=_SAFE)


def _path(path: str) -> str:
    steps: list[str] = []
    pieces = _SESSION_PATH.sub("", _escaped(path).lower()).split("/")
    for piece in pieces:
        if piece == "..":
            del steps[-1:]
        elif piece not in ("", "."):
            steps.append(piece)
    return "/" + "/".join(steps)
