"""Common Crawl: a dump's list of WET or WARC files in (`<kind>.paths.gz`), the chosen remote files out.

Layout: https://commoncrawl.org/get-started (a path per line, below https://data.commoncrawl.org/); the dumps' names:
https://index.commoncrawl.org/collinfo.json. The list gives neither sizes nor checksums.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from typing import ClassVar, Literal

import orjson
from pydantic import Field

from stages.core.errors import UserError
from stages.fetch.client import MAX_LIST_BYTES, Client
from stages.fetch.remote import FetchError, ListError, RemoteFile, chosen, close_matches, remote_file
from stages.fetch.site import BaseUrl, FileRange, Site, listed_at, starts_like

COLLINFO_URL = "https://index.commoncrawl.org/collinfo.json"
DUMP_NAME = r"^CC-MAIN-[0-9]{4}(-[0-9]{2,4})?$"
_PATH = re.compile(r"crawl-data/\S+\.gz")
INDEX_PATH = re.compile(r"cc-index/table/\S+\.parquet")
_ABSENT_STATUS = (403, 404)
"""Where a bucket may not be listed, S3 says 403 of what is not there."""


def parse_paths(data: bytes, form: re.Pattern[str] = _PATH) -> list[str]:
    """The paths of a `<kind>.paths.gz`, in the list's order; each has the form of such a list's paths."""
    try:
        # One byte more than is allowed tells a list that would not end.
        text = gzip.GzipFile(fileobj=io.BytesIO(data)).read(MAX_LIST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ListError(f"no gzipped list of paths; starts with {starts_like(data)}") from error
    if len(text) > MAX_LIST_BYTES:
        raise ListError(f"the list of paths is longer than {MAX_LIST_BYTES >> 20} MiB")
    paths = text.decode("utf-8", "replace").split()
    for path in paths:
        if form.fullmatch(path) is None:
            raise ListError(f"no list of paths: has the line {path[:80]!r}")
    return paths


def parse_collinfo(data: bytes) -> list[str]:
    """The names of all dumps, newest first, of a `collinfo.json`."""
    try:
        return [str(entry["id"]) for entry in orjson.loads(data)]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise ListError(f"no list of dumps; starts with {starts_like(data)}") from error


class CommonCrawl(Site):
    """Files of one dump (crawl)."""

    site: ClassVar[str] = "common_crawl"
    help: ClassVar[str] = (
        "WET or WARC files of a Common Crawl dump, by the dump's name and a range of its list."
    )
    own_hosts: ClassVar[tuple[str, ...]] = ("commoncrawl.org",)
    # Readers with ten connections and more were answered with 403 for a day (commoncrawl/cc-downloader).
    max_connections: ClassVar[int] = 8

    base_url: BaseUrl = Field(
        "https://data.commoncrawl.org", description="address of the data, or a mirror's"
    )
    dump: str = Field(pattern=DUMP_NAME, description="name of the dump, such as CC-MAIN-2020-05")
    kind: Literal["wet", "warc"] = Field("wet", description="extracted text (wet) or raw pages (warc)")
    files: FileRange = Field(
        description="range of the dump's list of files, such as 0:100; END is left out; : is all"
    )
    collinfo_url: str = Field(COLLINFO_URL, description="list of all dumps, asked only for an unknown name")

    def list_files(self, client: Client) -> list[RemoteFile]:
        """The chosen files of the dump's list."""
        url = f"{self.base_url}/crawl-data/{self.dump}/{self.kind}.paths.gz"
        data = dump_list(client, url, self.dump, self.collinfo_url, f"list of {self.kind} files")
        with listed_at(url):
            files = [remote_file(self.base_url, path) for path in parse_paths(data)]
        return chosen(files, self.files, self.dump)


def dump_list(client: Client, url: str, dump: str, collinfo_url: str, what: str) -> bytes:
    """A list of a dump's files; where there is none, a UserError names the dumps like this one."""
    try:
        return client.get_page(url).data
    except FetchError as absent:
        if absent.status not in _ABSENT_STATUS:
            raise
        try:
            known = parse_collinfo(client.get_page(collinfo_url).data)
        except FetchError:
            raise absent from None
        check_dump(dump, known)
        raise UserError(
            f"{absent}: the dump {dump} is known, but has no {what}, or the site refuses you"
        ) from absent


def check_dump(dump: str, known: list[str]) -> None:
    """A UserError with the names of dumps like this one, when there is no such dump."""
    if dump not in known:
        raise UserError(f"no dump {dump}; like it: {close_matches(dump, known)}")
