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
_DUMP = r"^CC-MAIN-[0-9]{4}(-[0-9]{2,4})?$"
_PATH = re.compile(r"crawl-data/\S+\.gz")
_ABSENT_STATUS = (403, 404)
"""Where a bucket may not be listed, S3 says 403 of what is not there."""


def parse_paths(data: bytes) -> list[str]:
    """The paths of a `<kind>.paths.gz`, in the list's order."""
    try:
        # One byte more than is allowed tells a list that would not end.
        text = gzip.GzipFile(fileobj=io.BytesIO(data)).read(MAX_LIST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ListError(f"no gzipped list of paths; starts with {starts_like(data)}") from error
    if len(text) > MAX_LIST_BYTES:
        raise ListError(f"the list of paths is longer than {MAX_LIST_BYTES >> 20} MiB")
    paths = text.decode("utf-8", "replace").split()
    for path in paths:
        if _PATH.fullmatch(path) is None:
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
    dump: str = Field(pattern=_DUMP, description="name of the dump, such as CC-MAIN-2020-05")
    kind: Literal["wet", "warc"] = Field("wet", description="extracted text (wet) or raw pages (warc)")
    files: FileRange = Field(
        description="range of the dump's list of files, such as 0:100; END is left out; : is all"
    )
    collinfo_url: str = Field(COLLINFO_URL, description="list of all dumps, asked only for an unknown name")

    def list_files(self, client: Client) -> list[RemoteFile]:
        """The chosen files of the dump's list."""
        url = f"{self.base_url}/crawl-data/{self.dump}/{self.kind}.paths.gz"
        try:
            data = client.get_page(url).data
        except FetchError as error:
            if error.status in _ABSENT_STATUS:
                self._explain(client, error)
            raise
        with listed_at(url):
            files = [remote_file(self.base_url, path) for path in parse_paths(data)]
        return chosen(files, self.files, self.dump)

    def _explain(self, client: Client, absent: FetchError) -> None:
        """Raise a UserError with the names of dumps like this one, when there is no such dump."""
        try:
            known = parse_collinfo(client.get_page(self.collinfo_url).data)
        except FetchError:
            return
        if self.dump not in known:
            raise UserError(f"no dump {self.dump}; like it: {close_matches(self.dump, known)}") from absent
        raise UserError(
            f"{absent}: the dump {self.dump} is known, but has no list of {self.kind} files, or the site refuses you"
        ) from absent
