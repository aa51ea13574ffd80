"""C4 on the Hugging Face Hub: a variant's folder listing in, the chosen shards out, with size and SHA-256.

Layout: https://huggingface.co/datasets/allenai/c4 (file names), and the Hub's API for listings
(https://huggingface.co/docs/hub/api: `tree`, pages linked by a `Link` header, SHA-256 as the LFS `oid`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

import orjson
from pydantic import Field

from stages.core.errors import UserError
from stages.fetch.client import Client
from stages.fetch.remote import (
    ListError,
    RemoteFile,
    checksum_of,
    chosen,
    close_matches,
    remote_file,
    size_of,
)
from stages.fetch.site import BaseUrl, FileRange, Site, listed_at, starts_like

REPOSITORY = "allenai/c4"
MAX_PAGES = 1000
Variant = Literal["en", "en.noblocklist", "en.noclean", "realnewslike", "multilingual"]


def parse_tree(data: bytes) -> list[dict[str, Any]]:
    """The files of one page of a folder listing."""
    try:
        entries = orjson.loads(data)
        return [entry for entry in entries if entry["type"] == "file" and isinstance(entry["path"], str)]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise ListError(f"no folder listing of the Hub; starts with {starts_like(data)}") from error


class C4(Site):
    """Shards of one variant of C4."""

    site: ClassVar[str] = "c4"
    help: ClassVar[str] = "Shards of C4 (allenai/c4 on the Hugging Face Hub), by variant, split and range."
    own_hosts: ClassVar[tuple[str, ...]] = ("huggingface.co",)
    max_connections: ClassVar[int] = 8

    base_url: BaseUrl = Field("https://huggingface.co", description="address of the Hub, or a mirror's")
    variant: Variant = Field("en", description="folder of the data set")
    split: Literal["train", "validation"] = Field("train", description="part of the variant")
    languages: tuple[str, ...] = Field((), description="languages of the variant multilingual, such as de")
    files: FileRange = Field(
        ":", description="range of the shards in order of name, such as 0:10; END is left out"
    )
    revision: str = Field(
        "main",
        pattern=r"^[A-Za-z0-9._-]+$",
        description="branch or commit of the data set; a commit never changes",
    )

    def list_files(self, client: Client) -> list[RemoteFile]:
        """The chosen shards, in order of name."""
        if bool(self.languages) != (self.variant == "multilingual"):
            raise UserError("fetch c4: --languages go with --variant multilingual, and with it alone")
        base = f"{self.base_url}/datasets/{REPOSITORY}/resolve/{self.revision}"
        found: list[tuple[str, RemoteFile]] = []
        for entry in self._tree(client):
            language = self._language(entry["path"])
            if language is not None:
                found.append((language, _shard(base, entry)))
        self._check_languages([language for language, _ in found])
        shards = [shard for language, shard in found if not self.languages or language in self.languages]
        shards.sort(key=lambda shard: shard.name)
        return chosen(shards, self.files, f"{self.variant} {self.split}")

    def _tree(self, client: Client) -> list[dict[str, Any]]:
        """All entries of the variant's folder: the Hub gives 1,000 at a time, C4's en has 1,032."""
        root = f"{self.base_url}/api/datasets/{REPOSITORY}/tree/{self.revision}/{self.variant}"
        entries: list[dict[str, Any]] = []
        asked: set[str] = set()
        url: str | None = root
        while url is not None:
            if url in asked or len(asked) >= MAX_PAGES:
                raise ListError(f"{root}: the pages of the listing do not end")
            asked.add(url)
            page = client.get_page(url)
            with listed_at(url):
                entries += parse_tree(page.data)
            # A mirror may pass on the Hub's own address: only the query says where to go on.
            url = None if page.next_url is None else f"{root}?{urlsplit(page.next_url).query}"
        return entries

    def _language(self, path: str) -> str | None:
        """The language of a shard of this variant and split ("" where the variant has none); None of other files."""
        folder, _, name = path.rpartition("/")
        if folder != self.variant:
            return None
        if self.variant != "multilingual":
            plain = rf"c4-{self.split}\.[0-9]{{5}}-of-[0-9]{{5}}\.json\.gz"
            return "" if re.fullmatch(plain, name) else None
        mark = "-validation" if self.split == "validation" else ""
        match = re.fullmatch(
            rf"c4-(?P<language>[A-Za-z]+(?:-[A-Z][A-Za-z]+)?){mark}\.tfrecord-[0-9]{{5}}-of-[0-9]{{5}}\.json\.gz",
            name,
        )
        return match["language"] if match else None

    def _check_languages(self, known: Sequence[str]) -> None:
        for language in self.languages:
            if language not in known:
                raise UserError(
                    f"fetch c4: no language {language}; like it: {close_matches(language, known)}"
                )


def _shard(base: str, entry: dict[str, Any]) -> RemoteFile:
    lfs = entry.get("lfs") or {}
    # Without LFS the oid is git's own hash, of more than the content.
    return remote_file(
        base,
        entry["path"],
        size_of(lfs.get("size", entry.get("size"))),
        checksum_of("sha256", lfs.get("oid")),
    )
