"""StackExchange: the file list of its dump at the Internet Archive in, the posts of the chosen sites out, with SHA-1.

Layout: https://archive.org/details/stackexchange (an archive per site, `<host>.7z`; Stack Overflow's is cut by table);
the list: `<item>_files.xml`, https://archive.org/developers/items.html.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from stages.core.errors import UserError
from stages.fetch.client import Client
from stages.fetch.remote import RemoteFile, checksum_of, close_matches, remote_file, size_of
from stages.fetch.site import BaseUrl, Site, listed_at
from stages.fetch.xml_list import file_elements, text_of

ARCHIVE_SUFFIX = ".7z"
POSTS_SUFFIX = "-Posts"
_TABLES = ("Badges", "Comments", "PostHistory", "PostLinks", "Tags", "Users", "Votes")


def parse_files(data: bytes, base_url: str) -> dict[str, RemoteFile]:
    """The archive with the posts of every site, by the site's host."""
    archives: dict[str, RemoteFile] = {}
    for element in file_elements(data, ("files",)):
        name = element.get("name", "")
        if not name.endswith(ARCHIVE_SUFFIX):
            continue
        host = name.removesuffix(ARCHIVE_SUFFIX)
        if host.endswith(tuple(f"-{table}" for table in _TABLES)):
            continue
        checksum = checksum_of("sha1", text_of(element, "sha1")) or checksum_of(
            "md5", text_of(element, "md5")
        )
        archive = remote_file(base_url, name, size_of(text_of(element, "size")), checksum)
        archives[host.removesuffix(POSTS_SUFFIX)] = archive
    return archives


def is_meta(host: str) -> bool:
    """Whether a site is about another site."""
    return host.startswith("meta.") or ".meta." in host


class StackExchange(Site):
    """Archives of sites."""

    site: ClassVar[str] = "stackexchange"
    help: ClassVar[str] = (
        "Archives of StackExchange sites at the Internet Archive, by name or the largest, with SHA-1."
    )
    own_hosts: ClassVar[tuple[str, ...]] = ("archive.org",)
    max_connections: ClassVar[int] = 4

    base_url: BaseUrl = Field(
        "https://archive.org/download/stackexchange", description="address of the dump's item, or a mirror's"
    )
    sites: tuple[str, ...] = Field(
        (), description="sites by host, such as beer.stackexchange.com, stackoverflow.com"
    )
    largest: int = Field(0, ge=0, description="so many largest sites by size of archive; LLaMA kept 28")
    meta: bool = Field(False, description="count sites about sites (meta) among the largest")

    def list_files(self, client: Client) -> list[RemoteFile]:
        """The archives of the chosen sites: those named, then the largest."""
        if not self.sites and not self.largest:
            raise UserError("fetch stackexchange: choose with --sites HOST or --largest NUMBER")
        item = self.base_url.rpartition("/")[2]
        url = f"{self.base_url}/{item}_files.xml"
        with listed_at(url):
            archives = parse_files(client.get_page(url).data, self.base_url)
        for host in self.sites:
            if host not in archives:
                raise UserError(
                    f"fetch stackexchange: no site {host}; like it: {close_matches(host, archives)}"
                )
        ranked = sorted(
            (host for host in archives if self.meta or not is_meta(host)),
            key=lambda host: (-(archives[host].size or 0), host),
        )
        hosts = dict.fromkeys([*self.sites, *ranked[: self.largest]])
        return [archives[host] for host in hosts]
