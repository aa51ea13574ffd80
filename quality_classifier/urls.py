"""An address in, the form in which two addresses of one page are equal out (LLaMA, section 2.1)."""

from __future__ import annotations

import re

from quality_classifier.wrappers import unwrap_url

MAX_URL_CHARS = 4096

_SCHEME = re.compile(r"(https?):/{1,2}(?=[^/])", re.IGNORECASE)
_HOST = re.compile(r"[^\s/?#:@\[\]\\%]+\.[^\s/?#:@\[\]\\%.]{2,}")
_ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")
_TRACKING = re.compile(
    r"(?:utm_\w+|_x_tr_\w+|at_(?:medium|campaign|custom\d+)|fbclid|gclid|gclsrc|dclid|[gw]braid|msclkid|yclid|ysclid|twclid|ttclid"
    r"|mc_[ce]id|igshid?|_ga|_gl|_hs(?:enc|mi)|mkt_tok|ref_(?:src|url)|wt[._](?:mc|z?mc)(?:_\w+)?|xtor|s_cid|ncid|cmpid|ocid|spm|vero_id"
    r"|oly_(?:enc|anon)_id|guccounter|guce_referrer(?:_sig)?|smid|smtyp|__twitter_impression|sfnsn"
    r"|jsessionid|phpsessid|aspsessionid\w*|cfid|cftoken|sess(?:ion)?_?id|zenid|oscsid)(?:=|$)"
    r"|(?:s|sid)=[0-9a-f]{32}$",
    re.IGNORECASE,
)
"""Parameters that say who came, from where or in which visit; `sid` and `s` number pages too, so only hashes of forums go."""

_SESSION = re.compile(
    r";(?:jsessionid|phpsessid|sid)=[^/;]*|/\((?:[A-Z]\([\w-]{20,40}\))+\)(?=/|$)", re.IGNORECASE
)
"""Sessions in a path: Java's, and ASP.NET's."""

_DEFAULT_PORTS = {"http": "80", "https": "443", "": "80"}


def normalize_url(url: str) -> str | None:
    """The key of an address: equal for the ways in which one page is written; None when it is no web address.

    Dropped: scheme, `www.`, user, default port, fragment, parameters of tracking and sessions, slashes at the end. The host
    is in lower case (international names as they are), percent-encodings in upper case, copies in archives and caches,
    translations and redirections stand for their page.
    """
    url = unwrap_url("".join(url.split()))  # white space is in no address, but in many citations
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
    path = _SESSION.sub("", path) if ";" in path or "(" in path else path
    path = _ESCAPE.sub(lambda escape: escape[0].upper(), path).rstrip("/")
    query = _ESCAPE.sub(lambda escape: escape[0].upper(), query)
    return host + path + (f"?{query}" if query else "")


def host_of_url(url: str) -> str | None:
    """Host name of an address, without `www.`, user and port."""
    key = normalize_url(url)
    return None if key is None else host_of_key(key)


def host_of_key(key: str) -> str:
    """Host name in the normal form of an address."""
    return re.split(r"[/?:]", key, maxsplit=1)[0]
