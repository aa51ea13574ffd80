"""An address in, what CommonCrawl's CDX server says of it out: JSON lines, one for each capture (https://index.commoncrawl.org/)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import orjson

from quality_classifier.captures.capture import Capture, IndexRow, capture_of
from quality_classifier.captures.surt import surt_key
from stages.fetch.client import Client
from stages.fetch.remote import FetchError, ListError
from stages.fetch.site import starts_like

NO_CAPTURE_STATUS = 404


def captures_by_cdx(client: Client, index_url: str, dump: str, page: str, url: str) -> list[Capture]:
    """The captures of a page in a dump; asks again by the address as written where that is another key."""
    asked = [page] if surt_key(page) == surt_key(url) else [page, url]
    for address in asked:
        place = f"{index_url}/{dump}-index?url={quote(address, safe='')}&output=json"
        rows = parse_cdx(_answer(client, place), place)
        found = [capture_of(row, dump, {page}) for row in rows]
        if captures := [capture for capture in found if capture is not None]:
            return captures
    return []


def _answer(client: Client, place: str) -> bytes:
    try:
        return client.get_page(place).data
    except FetchError as error:
        if error.status == NO_CAPTURE_STATUS:
            return b""
        raise


def parse_cdx(data: bytes, place: str) -> Iterator[IndexRow]:
    """The captures of an answer's lines; a ListError for what is none."""
    for line in data.splitlines():
        try:
            row = orjson.loads(line)
            if not isinstance(row, dict):
                raise ValueError("no object")
            # {"message": "No Captures found for: ..."} comes with status 404, and from mirrors with 200.
            if "filename" in row or "message" not in row:
                yield _row(row)
        except (ValueError, KeyError) as error:  # orjson's errors are ValueErrors
            raise ListError(f"{place}: no answer of a CDX server; starts with {starts_like(data)}") from error


def _row(row: dict[str, Any]) -> IndexRow:
    mime = row.get("mime-detected") or row.get("mime")
    status = str(row.get("status", ""))
    return IndexRow(
        url=str(row["url"]),
        fetched=str(row["timestamp"]),
        status=int(status) if status.isascii() and status.isdigit() else None,
        mime=None if mime is None else str(mime),
        filename=str(row["filename"]),
        offset=int(row["offset"]),
        length=int(row["length"]),
    )
