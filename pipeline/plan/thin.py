"""A raw file in, a smaller one of the same format out: records drawn by a hash of what they are, so copies come together.

Of a page that hash is of its address, of a question and its answers of the question's number, of an article of its title,
of a line of C4 of its text. What is read of a file ends at MAX_SCANNED_BYTES, since a sample is to cost little.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import orjson

MAX_SCANNED_BYTES = 4 << 30
"""Of unpacked content (of a WARC file: of packed members) that is looked at to draw a sample."""

READ_BYTES = 1 << 20
HEADER_BYTES = 4096
"""Of an unpacked WARC record; its address stands in its first lines."""

_ID = re.compile(rb'\sId="(-?\d+)"')
_PARENT = re.compile(rb'\sParentId="(-?\d+)"')
_TITLE = re.compile(rb"<title>(.*?)</title>", re.DOTALL)
_ADDRESS = re.compile(rb"^WARC-Target-URI:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_WARC = (".warc.gz", ".wet.gz", ".wat.gz", ".arc.gz")

Drawn = Iterator[tuple[bytes, bytes | None]]
"""Stretches of a file, each with what it is drawn by; None: it is always kept."""


@dataclass(frozen=True)
class Thinned:
    """Records that were seen and kept, and the bytes of both (unpacked, or of packed members); and whether all was seen."""

    records: int
    kept: int
    record_bytes: int
    kept_bytes: int
    seen_share: float

    @property
    def share(self) -> float:
        """The share of the file's content that was kept."""
        return self.kept_bytes / self.record_bytes * self.seen_share if self.record_bytes else 0.0


def draw(seed: int, key: bytes) -> float:
    """A number in [0, 1) that depends on the seed and the key alone."""
    digest = hashlib.blake2b(key, digest_size=8, salt=seed.to_bytes(8, "little", signed=True)).digest()
    return int.from_bytes(digest, "little") / 2.0**64


def can_thin(kind: str, name: str) -> bool:
    """Whether records can be drawn of a file of this kind and name."""
    if kind == "common_crawl":
        return name.endswith(_WARC)
    if kind == "stackexchange":
        return name.endswith(".xml")
    if kind == "wikipedia":
        return name.endswith((".xml", ".xml.bz2", ".xml.gz"))
    return kind == "c4" and name.endswith((".json", ".jsonl", ".json.gz", ".jsonl.gz"))


def thin(source: BinaryIO, size: int, target: Path, kind: str, share: float, seed: int) -> Thinned | None:
    """Write the records drawn of a file of `size` bytes; None when it is damaged or packed in another way."""
    magic = source.read(3)
    source.seek(0)
    make: Callable[[Path, str], Any] = Path.open
    if kind == "common_crawl":
        stretches = _members(source)
    else:
        records = {"stackexchange": _rows, "wikipedia": _pages}.get(kind, _json_lines)
        opened, make = _formats(source, magic)
        stretches = records(_lines(opened))
    kept = seen = kept_bytes = seen_bytes = 0
    is_whole = True
    try:
        with make(target, "wb") as output:
            for stretch, key in stretches:
                if key is None:
                    output.write(stretch)
                    continue
                seen, seen_bytes = seen + 1, seen_bytes + len(stretch)
                if draw(seed, key) < share:
                    kept, kept_bytes = kept + 1, kept_bytes + len(stretch)
                    output.write(stretch)
                if seen_bytes > MAX_SCANNED_BYTES:
                    is_whole = False
                    break
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return None
    except OSError as error:
        if error.errno is not None:  # what bz2 says of wrong bytes has no number
            raise
        return None
    seen_share = 1.0 if is_whole else min(1.0, source.tell() / max(1, size))
    return Thinned(seen, kept, seen_bytes, kept_bytes, seen_share)


def _formats(source: BinaryIO, magic: bytes) -> tuple[Any, Callable[[Path, str], Any]]:
    """A stream of the unpacked bytes, and what packs others the same way."""
    if magic[:2] == b"\x1f\x8b":
        return gzip.open(source), partial(_packed, gzip)
    if magic == b"BZh":
        return bz2.open(source), partial(_packed, bz2)
    return source, Path.open


def _packed(module: Any, target: Path, mode: str) -> Any:
    return module.open(target, mode)


def _lines(stream: Any) -> Iterator[bytes]:
    """The lines of a stream, each with its end."""
    rest = b""
    while data := stream.read(READ_BYTES):
        *whole, rest = (rest + data).split(b"\n")
        for line in whole:
            yield line + b"\n"
    if rest:
        yield rest


def _json_lines(lines: Iterator[bytes]) -> Drawn:
    for line in lines:
        try:
            text = orjson.loads(line)["text"].encode()
        except (ValueError, TypeError, KeyError, AttributeError):
            text = line
        yield line, text


def _rows(lines: Iterator[bytes]) -> Drawn:
    """Rows of a Posts.xml, an answer with its question."""
    for line in lines:
        start = line[:HEADER_BYTES]
        found = (_PARENT.search(line) or _ID.search(line)) if start.lstrip().startswith(b"<row") else None
        yield line, None if found is None else found[1]


def _pages(lines: Iterator[bytes]) -> Drawn:
    """Pages of a Wikipedia dump, whose marks stand on lines of their own; what is around them is kept."""
    page: list[bytes] = []
    for line in lines:
        mark = line.strip()
        if not page and mark != b"<page>":
            yield line, None
            continue
        page.append(line)
        if mark == b"</page>":
            whole = b"".join(page)
            page.clear()
            found = _TITLE.search(whole)
            yield whole, whole if found is None else found[1]
    if page:
        yield b"".join(page), None


def _members(source: BinaryIO) -> Drawn:
    """Records of a WARC file, each a gzip member of its own; a zlib.error where they are not."""
    data, unpacked, packed = b"", bytearray(), bytearray()
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
    while data := data or source.read(READ_BYTES):
        if (room := HEADER_BYTES - len(unpacked)) > 0:
            unpacked += decoder.decompress(data, room)
            rest = decoder.unconsumed_tail or decoder.unused_data
        else:
            decoder.decompress(data)
            rest = decoder.unused_data
        packed += data[: len(data) - len(rest)]
        if decoder.eof:
            yield bytes(packed), _address(bytes(unpacked))
            decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
            unpacked.clear()
            packed.clear()
        data = rest
    if packed:
        raise EOFError("the last member ends before its end")


def _address(header: bytes) -> bytes | None:
    """What a WARC or ARC record is drawn by; None for those that speak of the file."""
    first = header.partition(b"\n")[0]
    if first.startswith(b"WARC/"):
        found = _ADDRESS.search(header.partition(b"\r\n\r\n")[0])
        return None if found is None else found[1].strip(b"<>")
    return None if first.startswith((b"filedesc:", b"dns:")) else first.partition(b" ")[0]
