"""Lists of ids, URLs and hosts in, which documents they ask for out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from stages.core import storage
from stages.core.errors import UserError
from stages.core.location import Location
from stages.core.manifest import Record

MAX_LABELS = 32
"""Of a host's name that are looked at: `a.b.example.org` is below `example.org`. DNS allows 127, and nobody has them."""

_HOST = r"^(?:(?:[A-Za-z][A-Za-z0-9+.-]*:)?//)?(?:[^/?#@]*@)?(?P<host>\[[^\]/?#]*\]|[^/?#:]+)"
_DEFAULT_PORTS = {"http": "80", "https": "443"}


class RequestLists(Record):
    """Files with what must go, one a line; empty lines and those that begin with `#` count for nothing."""

    ids: tuple[Location, ...] = Field((), description="files with ids of documents, as `explain` takes them")
    urls: tuple[Location, ...] = Field(
        (),
        description="files with URLs; scheme, `www.`, default port, fragment and slashes at the end do not count",
    )
    hosts: tuple[Location, ...] = Field(
        (), description="files with host names; what lies below a host goes with it"
    )

    def contents(self) -> list[str]:
        """Lines that name what the lists hold, for fingerprints."""
        named = (("ids", self.ids), ("urls", self.urls), ("hosts", self.hosts))
        return [f"{kind} {storage.sha256_file(file)}" for kind, files in named for file in files]

    def read(self) -> Requests:
        """What the lists ask for; a UserError for lists that ask for nothing, and for lines that are none of their kind."""
        return _read(self, tuple(storage.stamp(file) for file in (*self.ids, *self.urls, *self.hosts)))


def read_any_requests(file: str) -> Requests:
    """What a list asks for whose lines are ids, URLs and hosts; one that could be several of them is each of them."""
    ids, urls, hosts = [], [], []
    lines = {line for _, line in _lines(file)}
    for line in sorted(lines):
        if "://" not in line:
            ids.append(line)
        if "/" not in line and "." in line:
            hosts.append(host_key(line))
        elif (key := url_key(line)) is not None and "." in _host_of_key(key):
            urls.append(key)
    if not ids and not urls and not hosts:
        raise UserError(f"{file}: names nothing; give ids, URLs or hosts, one a line")
    return Requests(ids, urls, hosts, len(lines))


class Requests:
    """What must go: ids, URLs in the form of `url_key`, hosts; `num_lines` that ask for it, where a list mixes them."""

    def __init__(
        self, ids: Sequence[str], urls: Sequence[str], hosts: Sequence[str], num_lines: int | None = None
    ) -> None:
        self.ids = tuple(dict.fromkeys(ids))
        self.urls = tuple(dict.fromkeys(urls))
        self.hosts = tuple(dict.fromkeys(hosts))
        self.num_lines = len(self.ids) + len(self.urls) + len(self.hosts) if num_lines is None else num_lines
        self._ids = pa.array(self.ids, pa.string())
        self._hosts = pa.array([form for host in self.hosts for form in _forms(host)], pa.string())
        self._host_of_form = {form: host for host in self.hosts for form in _forms(host)}
        self._urls = frozenset(self.urls)
        of_urls = {form for url in self.urls for form in _forms(_host_of_key(url))}
        self._url_hosts = pa.array(sorted(of_urls), pa.string())

    @property
    def names(self) -> list[str]:
        """Every request, as `reasons` names it."""
        return [
            *(f"id {one}" for one in self.ids),
            *(f"url {one}" for one in self.urls),
            *(f"host {one}" for one in self.hosts),
        ]

    def reasons(self, ids: pa.Array, urls: pa.Array) -> dict[int, str]:
        """The request that asks for each document, by its row; rows that none asks for are left out.

        `ids` and `urls` (null where there is none) have shape (rows,). An id goes before a URL, a URL before a host.
        """
        found: dict[int, str] = {}
        hosts = _hosts_of(urls) if self.hosts or self.urls else None
        if hosts is not None and self.hosts:
            found |= {row: f"host {self._host_of_form[form]}" for row, form in self._by_host(hosts)}
        if hosts is not None and self.urls:
            candidates = _true_rows(pc.is_in(hosts, value_set=self._url_hosts))
            for row, url in zip(
                candidates, urls.take(pa.array(candidates, pa.int64())).to_pylist(), strict=True
            ):
                if (key := url_key(url)) in self._urls:
                    found[row] = f"url {key}"
        if self.ids:
            there = _true_rows(pc.is_in(ids.cast(pa.string()), value_set=self._ids))
            names = ids.take(pa.array(there, pa.int64())).to_pylist()
            found |= {row: f"id {name}" for row, name in zip(there, names, strict=True)}
        return dict(sorted(found.items()))

    def _by_host(self, hosts: pa.Array) -> Iterator[tuple[int, str]]:
        """Rows whose host is asked for, or lies below one that is, with that host."""
        rest = hosts
        for _ in range(MAX_LABELS):
            rows = _true_rows(pc.is_in(rest, value_set=self._hosts))
            yield from zip(rows, rest.take(pa.array(rows, pa.int64())).to_pylist(), strict=True)
            rest = pc.if_else(pc.match_substring(rest, "."), rest, pa.scalar(None, rest.type))
            if rest.null_count == len(rest):
                return
            rest = pc.replace_substring_regex(rest, pattern=r"^[^.]*\.", replacement="")


def url_key(url: str) -> str | None:
    """An address without scheme, user, `www.`, default port, fragment and slashes at the end, its host in lower case and
    ASCII, percent-encodings decoded; None when it has no host."""
    url = "".join(url.split()).partition("#")[0]
    scheme, mark, rest = url.partition("://")
    if not mark or not scheme.replace("+", "").replace("-", "").replace(".", "").isalnum():
        scheme, rest = "", url.removeprefix("//")
    end = next((at for at, char in enumerate(rest) if char in "/?"), len(rest))
    authority, path = rest[:end].rpartition("@")[2], rest[end:]
    host, colon, port = authority.rpartition(":")
    if not colon or not port.isdigit():
        host, port = authority.removesuffix(":"), ""
    host = host_key(host)
    if not host:
        return None
    if port and port != _DEFAULT_PORTS.get(scheme.lower(), "80"):
        host = f"{host}:{port}"
    return host + unquote(path).rstrip("/")


def host_key(host: str) -> str:
    """A host's name in lower case and ASCII, without `www.` and a dot at the end."""
    host = host.lower().rstrip(".").removeprefix("www.")
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode()
    except UnicodeError:  # no name that DNS could hold; it is compared as it is written
        return host


def _host_of_key(key: str) -> str:
    """The host of an address in the form of `url_key`."""
    host = key.partition("/")[0].partition("?")[0]
    return host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() and ":" in host else host


def _forms(host: str) -> tuple[str, ...]:
    """How a host is written in addresses: in ASCII, and as it reads."""
    if "xn--" not in host:
        return (host,)
    try:
        return (host, host.encode().decode("idna"))
    except UnicodeError:
        return (host,)


def _hosts_of(urls: pa.Array) -> pa.Array:
    """The host of each address, in lower case and without `www.`; null where it has none."""
    found = pc.struct_field(pc.extract_regex(urls.cast(pa.large_string()), pattern=_HOST), "host")
    return pc.replace_substring_regex(
        pc.utf8_lower(found.cast(pa.string())), pattern=r"^www\.|\.$", replacement=""
    )


def _true_rows(mask: pa.Array) -> list[int]:
    rows: list[int] = np.flatnonzero(pc.fill_null(mask, False).to_numpy(zero_copy_only=False)).tolist()
    return rows


@lru_cache(maxsize=2)
def _read(lists: RequestLists, stamps: tuple[tuple[int, int], ...]) -> Requests:
    """Kept by a worker process for the tasks that it runs."""
    ids = [line for file in lists.ids for _, line in _lines(file)]
    urls, hosts = [], []
    for file in lists.urls:
        for number, line in _lines(file):
            if (key := url_key(line)) is None or "." not in _host_of_key(key):
                raise UserError(f"{file}: line {number}: {line[:200]!r} is no address of a page")
            urls.append(key)
    for file in lists.hosts:
        for number, line in _lines(file):
            if any(mark in line for mark in "/:@?") or "." not in line.strip("."):
                raise UserError(f"{file}: line {number}: {line[:200]!r} is no host, such as example.org")
            hosts.append(host_key(line))
    if not ids and not urls and not hosts:
        raise UserError(
            f"{', '.join((*lists.ids, *lists.urls, *lists.hosts)) or 'takedown'}: asks for nothing; "
            "give ids, URLs or hosts, one a line"
        )
    return Requests(ids, urls, hosts)


def _lines(file: str) -> Iterator[tuple[int, str]]:
    """The lines of a list that ask for something, with their numbers."""
    try:
        text = storage.read_bytes(file).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{file}: is not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8"
        ) from error
    for number, line in enumerate(text.split("\n"), 1):
        if (line := line.strip()) and not line.startswith("#"):
            yield number, line
