"""What the builders share: prose read from samples/source, raw files and planted faults gathered for samples/dumps."""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "source"
STORED_BLOCK_BYTES = 0xFFFF


@dataclass(frozen=True)
class Fault:
    """An expected ledger row: where the fault lies, and which stage finds it by which rule.

    `partner` is the kept document of a duplicate. `note` is `soft` where a trained model decides.
    """

    id: str
    source: str
    fault: str
    stage: str
    action: str
    rule: str
    partner: str = ""
    note: str = ""


@dataclass(frozen=True)
class Page:
    """A file of prose with `url:` and `title:` lines: its name, address, title and paragraphs."""

    name: str
    url: str
    title: str
    paragraphs: tuple[str, ...]

    @property
    def host(self) -> str:
        """Host name of the address."""
        return self.url.split("/")[2]


class Prose:
    """The files below samples/source; remembers which were read."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._used: set[str] = set()

    def names(self, folder: str) -> list[str]:
        """Files below a folder, as paths relative to the root, sorted."""
        found = (path for path in (self._root / folder).rglob("*") if path.is_file())
        return sorted(path.relative_to(self._root).as_posix() for path in found)

    def bytes(self, name: str) -> bytes:
        """Content of a file."""
        self._used.add(name)
        return (self._root / name).read_bytes()

    def text(self, name: str) -> str:
        """Text of a file."""
        return self.bytes(name).decode()

    def pages(self, folder: str) -> list[Page]:
        """The web pages below a folder."""
        return [_page(name, self.text(name)) for name in self.names(folder)]

    def unused(self) -> list[str]:
        """Files that nobody read."""
        return [name for name in self.names(".") if name not in self._used]


def _page(name: str, text: str) -> Page:
    head, _, body = text.partition("\n\n")
    given = dict(line.split(": ", 1) for line in head.splitlines())
    paragraphs = [" ".join(part.split("\n")) for part in body.strip().split("\n\n")]
    return Page(name, given["url"], given["title"], tuple(paragraphs))


class Dumps:
    """Raw files by path below samples/dumps, and the ledger rows that they must give."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.faults: list[Fault] = []

    def add(self, path: str, data: bytes) -> None:
        """Add a raw file."""
        if path in self.files:
            raise ValueError(f"{path} is there already")
        self.files[path] = data

    def fault(
        self, path: str, key: str, fault: str, rule: str, *, stage: str = "", action: str = "drop",
        partner: str = "", note: str = "",
    ) -> None:  # fmt: skip
        """Note a fault of the record `key` of the raw file `path`; without stage, the source's ingest finds it."""
        source = path.partition("/")[0]
        name = f"{path}/{key}" if key else path
        self.faults.append(
            Fault(name, source, fault, stage or f"ingest_{source}", action, rule, partner, note)
        )

    def write(self, out: Path) -> None:
        """Write all raw files and faults.tsv below `out`."""
        for path, data in self.files.items():
            target = out / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        (out / "faults.tsv").write_bytes(self.table().encode())

    def table(self) -> str:
        """faults.tsv: a header and a row per fault, sorted."""
        names = [field.name for field in fields(Fault)]
        rows = sorted([getattr(fault, name) for name in names] for fault in self.faults)
        for row in rows:
            if any("\t" in cell or "\n" in cell for cell in row):
                raise ValueError(f"a cell of {row} breaks the table")
        return "".join("\t".join(row) + "\n" for row in [names, *rows])


def gzip_member(data: bytes) -> bytes:
    """A gzip member of stored blocks: any zlib reads it, and its bytes do not depend on which zlib is here."""
    blocks = [data[i : i + STORED_BLOCK_BYTES] for i in range(0, len(data), STORED_BLOCK_BYTES)] or [b""]
    parts = [b"\x1f\x8b\x08\0\0\0\0\0\0\xff"]
    for number, block in enumerate(blocks):
        size = len(block)
        last = number == len(blocks) - 1
        parts += [bytes([last]), size.to_bytes(2, "little"), (size ^ 0xFFFF).to_bytes(2, "little"), block]
    parts += [zlib.crc32(data).to_bytes(4, "little"), len(data).to_bytes(4, "little")]
    return b"".join(parts)


def corrupt_gzip_member(data: bytes) -> bytes:
    """A member that no decoder gets into: the length of its first block contradicts its check."""
    member = bytearray(gzip_member(data))
    member[13] ^= 0xFF
    return bytes(member)


def tar(members: Iterable[tuple[str, bytes]], *, modified: int = 1_579_219_200) -> bytes:
    """A ustar archive of files in the order given; owner, mode and time are fixed."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = len(data), modified, 0o644
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def with_words_changed(text: str, changes: int = 2) -> str:
    """A near copy: a few long words spread over `text` lose their last letter."""
    words = text.split(" ")
    for number in range(changes):
        place = len(words) * (number + 1) // (changes + 1)
        while len(words[place]) < 6 or not words[place].isalpha():
            place += 1
        words[place] = words[place][:-1]
    return " ".join(words)
