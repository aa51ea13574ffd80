"""A URL in, its host and the rest out, each in the one form in which all ways to write it are equal."""

from __future__ import annotations

import re
import socket
import unicodedata
from ipaddress import AddressValueError, IPv6Address
from urllib.parse import unquote

import idna

_PLAIN = re.compile(
    r"https?://([a-z0-9_-][a-z0-9_.-]*\.[a-z][a-z0-9-]*)(?::(?:80|443))?((?:/[^#%\\\s]*)?)(?:#|$)"
)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:(?=[/\\]{2})")
_AUTHORITY_END = re.compile(r"[/?#]")
_NUMBERS = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+)){0,3}")
_IGNORED = str.maketrans("", "", "\t\r\n")


def split_url(url: str) -> tuple[str, str]:
    """(host, path with query) of a URL, in lower case, decoded, without user, port and fragment.

    The host is in ASCII (punycode), an address in its usual form, "" when there is none. A scheme may be missing.
    """
    lowered = url.lower()
    plain = _PLAIN.match(lowered)
    if plain is not None and ".." not in plain[1]:
        return plain[1], plain[2]
    lowered = lowered.translate(_IGNORED).strip().replace("\\", "/")
    if scheme := _SCHEME.match(lowered):
        lowered = lowered[scheme.end() :]
    if lowered.startswith("//"):
        lowered = lowered.lstrip("/")
    found = _AUTHORITY_END.search(lowered)
    end = len(lowered) if found is None else found.start()
    rest = lowered[end:].partition("#")[0]
    return _host(lowered[:end].rpartition("@")[2]), unquote(rest).lower() if "%" in rest else rest


def _host(authority: str) -> str:
    """A host and perhaps its port as the host alone."""
    host = unquote(authority).lower()
    if host.startswith("["):
        try:
            return f"[{IPv6Address(host[1:].partition(']')[0]).compressed}]"
        except AddressValueError:
            return ""
    host = host.partition(":")[0]
    if not host.isascii():
        host = unicodedata.normalize("NFKC", host).replace("。", ".")
        try:
            host = idna.encode(host.strip("."), uts46=True).decode()
        except idna.IDNAError:
            host = host.lower()  # no name that can be looked up: as good as any other
    host = host.strip(".")
    if _NUMBERS.fullmatch(host):
        try:
            return socket.inet_ntoa(socket.inet_aton(host))
        except OSError:
            return host
    return host
