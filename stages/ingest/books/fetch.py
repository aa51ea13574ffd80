"""Project Gutenberg: its catalogue (`pg_catalog.csv`) in, the plain texts of the chosen books on a mirror out.

Layout: https://www.gutenberg.org/ebooks/offline_catalogs.html (the catalogue), `cache/epub/<id>/pg<id>.txt` on mirrors
(https://www.gutenberg.org/MIRRORS.ALL); who may ask and how: https://www.gutenberg.org/policy/robot_access.html.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import Field

from stages.core.errors import UserError
from stages.fetch.client import MAX_LIST_BYTES, Client
from stages.fetch.remote import ListError, RemoteFile, parse_range, remote_file
from stages.fetch.site import BaseUrl, FileRange, Site, listed_at, read_list, starts_like

CATALOGUE_URL = "https://www.gutenberg.org/cache/epub/feeds/pg_catalog.csv.gz"
WEBSITE_HOSTS = ("gutenberg.org", "www.gutenberg.org")
_COLUMNS = ("Text#", "Type", "Language")


@dataclass(frozen=True)
class ListedBook:
    """A row of the catalogue: number, type (Text, Sound, ...), languages."""

    number: int
    kind: str
    languages: tuple[str, ...]


def parse_catalogue(data: bytes) -> list[ListedBook]:
    """All rows of a `pg_catalog.csv`, gzipped or not."""
    try:
        plain = (
            gzip.GzipFile(fileobj=io.BytesIO(data)).read(MAX_LIST_BYTES) if data[:2] == b"\x1f\x8b" else data
        )
    except (OSError, EOFError, zlib.error) as error:
        raise ListError("the catalogue's gzip is damaged") from error
    rows = csv.DictReader(io.StringIO(plain.decode("utf-8-sig", "replace"), newline=""))
    if not set(_COLUMNS) <= set(rows.fieldnames or ()):
        raise ListError(f"no catalogue of Project Gutenberg; starts with {starts_like(plain)}")
    books = []
    for row in rows:
        number = (row["Text#"] or "").strip()
        if not (number.isascii() and number.isdigit()):
            raise ListError(f"the catalogue has {number[:80]!r} where a book's number belongs")
        languages = tuple(part.strip() for part in (row["Language"] or "").replace(",", ";").split(";"))
        books.append(ListedBook(int(number), (row["Type"] or "").strip(), languages))
    return books


class Gutenberg(Site):
    """Plain texts of books."""

    site: ClassVar[str] = "gutenberg"
    help: ClassVar[str] = (
        "Plain texts of Project Gutenberg from a mirror, by language and number. Its website is for people only:"
        " robots are blocked there and use a mirror, with two seconds between requests"
        " (https://www.gutenberg.org/policy/robot_access.html)."
    )
    own_hosts: ClassVar[tuple[str, ...]] = ("gutenberg.org", "pglaf.org")
    default_connections: ClassVar[int] = 1
    max_connections: ClassVar[int] = 1
    seconds_between: ClassVar[float] = 2.0

    base_url: BaseUrl = Field(
        description="a mirror's address, such as https://aleph.gutenberg.org; see MIRRORS.ALL"
    )
    languages: tuple[str, ...] = Field((), description="languages to keep, such as en, de; none: all")
    ids: FileRange = Field(":", description="numbers of books, such as 1:1000; END is left out")
    catalogue: str = Field(CATALOGUE_URL, description="path or address of pg_catalog.csv, gzipped or not")

    def list_files(self, client: Client) -> list[RemoteFile]:
        """The plain texts of the chosen books, in order of number; a book without one fails when it is asked for."""
        if urlsplit(self.base_url).hostname in WEBSITE_HOSTS:
            raise UserError(
                f"fetch gutenberg: {self.base_url} is for people, and blocks robots; give a mirror as --base-url"
                " (https://www.gutenberg.org/policy/robot_access.html)"
            )
        wanted = parse_range(self.ids)
        with listed_at(self.catalogue):
            books = parse_catalogue(read_list(client, self.catalogue))
        numbers = sorted(
            {
                book.number
                for book in books
                if book.kind == "Text"
                and (wanted.start or 0) <= book.number
                and (wanted.stop is None or book.number < wanted.stop)
                and (not self.languages or set(self.languages) & set(book.languages))
            }
        )
        if not numbers:
            raise UserError("fetch gutenberg: no text of the catalogue is of these languages and numbers")
        return [remote_file(self.base_url, f"cache/epub/{number}/pg{number}.txt") for number in numbers]
