"""What every site is: options that choose files, and a way from them to a list of remote files."""

from __future__ import annotations

import contextlib
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from stages.core.errors import UserError
from stages.core.manifest import Record
from stages.core.secrets import check_no_secret
from stages.fetch.client import Client
from stages.fetch.remote import ListError, RemoteFile, parse_range


def _checked_base_url(url: str) -> str:
    check_no_secret(url)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise ValueError(f"{url!r} is no http or https address of a folder")
    return url.rstrip("/")


def _checked_range(text: str) -> str:
    parse_range(text)
    return text


BaseUrl = Annotated[str, AfterValidator(_checked_base_url)]
FileRange = Annotated[str, AfterValidator(_checked_range)]


class Site(Record):
    """Options of one site. `default_*` say how gently it is asked unless the user says otherwise."""

    site: ClassVar[str]
    help: ClassVar[str]
    own_hosts: ClassVar[tuple[str, ...]] = ()
    default_connections: ClassVar[int] = 2
    max_connections: ClassVar[int] = 2
    """What the site bears from one reader, by its own word where it has one; mirrors are not held to it."""
    seconds_between: ClassVar[float] = 0.0

    base_url: BaseUrl = Field(description="address that the site's layout lies below")

    @abstractmethod
    def list_files(self, client: Client) -> list[RemoteFile]:
        """The chosen files, in the order of the site's list, by its list."""

    def is_own(self) -> bool:
        """Whether the files come from the site itself and not from a mirror."""
        host = urlsplit(self.base_url).hostname or ""
        return any(host == own or host.endswith("." + own) for own in self.own_hosts)

    def check_connections(self, connections: int) -> None:
        """A UserError when the site would be asked harder than it allows."""
        if self.is_own() and connections > self.max_connections:
            raise UserError(
                f"fetch {self.site}: --connections {connections} is more than the {self.max_connections}"
                " that the site bears from one reader; a mirror (--base-url) may bear more"
            )


@contextlib.contextmanager
def listed_at(place: str) -> Iterator[None]:
    """Say of a list that is none where it came from."""
    try:
        yield
    except ListError as error:
        raise ListError(f"{place}: {error}") from error


def read_list(client: Client, place: str) -> bytes:
    """A list from an address or a local path."""
    check_no_secret(place)
    if place.startswith(("http://", "https://")):
        return client.get_page(place).data
    if "://" in place:
        raise UserError(f"{place}: give a path, or an http or https address")
    path = Path(place)
    if not path.is_file():
        raise UserError(f"{place}: no such file")
    return path.read_bytes()


def starts_like(data: bytes) -> str:
    """How a list starts that is none, for an error's line."""
    return repr(data[:60].decode("utf-8", "replace").split("\n")[0])
