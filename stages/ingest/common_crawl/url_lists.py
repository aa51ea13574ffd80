"""Blocklist and word files in the formats in the wild in, hashes of hosts and URL prefixes, and weighted words, out."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stages.core import storage
from stages.core.errors import UserError
from stages.ingest.common_crawl.url_parts import split_url
from stages.kernels.hash.hashing import hash_strings

LIST_NAMES = ("domains", "urls")
"""The files of a category's folder in the UT1 blacklists; `expressions` and `usage` are something else."""

HARD = math.inf
PIECE_BYTES = 4 << 20
HEAD_BYTES = 64 << 10
_PLAIN_HOST = r"^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.[a-z][a-z0-9-]*$"
_HOST = re.compile(r"\[[0-9a-f:.]+\]|[^\s/?#@:\[\]*|^,;=$\"'<>()]+")
_COMMENT = re.compile(r"^\s*[#!;].*|\s#.*")
_WORD = re.compile(r"[^\W_]+")


@dataclass
class Blocked:
    """Hashes of what is blocked, the bytes of the longest URL prefix (0: there is none), lines that say nothing."""

    hashes: list[npt.NDArray[np.uint64]] = field(default_factory=list)
    max_prefix_bytes: int = 0
    lines: int = 0
    ignored_lines: int = 0

    @property
    def size(self) -> int:
        """Hosts and prefixes so far, equal ones counted as often as they are listed."""
        return sum(len(part) for part in self.hashes)


def url_list_files(uri: str) -> list[str]:
    """The file, or the `domains` and `urls` of a folder; a UserError when it cannot be a list."""
    if storage.is_folder(uri):
        names = [name for name in storage.list_names(uri) if name in LIST_NAMES]
        if not names:
            raise UserError(
                f"{uri}: no file named domains or urls in this folder; give one category's folder, or a file"
            )
        return [storage.join(uri, name) for name in names]
    size = storage.size_bytes(uri)
    with storage.open_whole(uri, size) as stream:
        head = stream.read(HEAD_BYTES)
    if size == 0:
        raise UserError(f"{uri}: is empty")
    if b"\0" in head or head.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"PK\x03\x04")):
        raise UserError(f"{uri}: is not a text file; unpack it first")
    return [uri]


def read_blocked(uris: list[str]) -> Blocked:
    """All that the lists block; a UserError when most lines of one say nothing."""
    blocked = Blocked()
    for uri in uris:
        before, ignored, lines = blocked.size, blocked.ignored_lines, blocked.lines
        for piece in _line_pieces(uri):
            _add_lines(blocked, piece)
        ignored, lines = blocked.ignored_lines - ignored, blocked.lines - lines
        if 2 * ignored > lines:
            raise UserError(f"{uri}: {ignored} of its {lines} lines are no host or URL; is it a blocklist?")
        if blocked.size == before:
            raise UserError(f"{uri}: no host or URL in it")
    return blocked


def _line_pieces(uri: str) -> Iterator[list[bytes]]:
    tail = b""
    with storage.open_whole(uri, storage.size_bytes(uri)) as stream:
        while data := stream.read(PIECE_BYTES):
            *lines, tail = (tail + data).replace(b"\r\n", b"\n").split(b"\n")
            yield lines
    if tail:
        yield [tail]


def _add_lines(blocked: Blocked, lines: list[bytes]) -> None:
    column = pa.array(lines, pa.binary())
    plain = pc.match_substring_regex(column, _PLAIN_HOST)  # nearly all lines of the large lists
    blocked.hashes.append(hash_strings(column.filter(plain)))
    blocked.lines += pc.sum(plain).as_py() or 0
    keys: list[str] = []
    for line in column.filter(pc.invert(plain)).to_pylist():
        text = _COMMENT.sub("", line.decode("utf-8", "replace").lstrip("\ufeff")).strip()
        if not text:
            continue
        found = blocked_by(text)
        blocked.lines += 1
        blocked.ignored_lines += not found
        keys += found
    prefixes = [len(key.encode()) for key in keys if "/" in key]
    blocked.max_prefix_bytes = max([blocked.max_prefix_bytes, *prefixes])
    blocked.hashes.append(hash_strings(pa.array(keys, pa.string())))


def blocked_by(line: str) -> list[str]:
    """The hosts (`a.example`) and URL prefixes (`a.example/path`) of one line without comment; none when it has none.

    Understood: `host`, `.host`, `*.host`, `host/path`, `scheme://host/path`, `||host^`, and the hosts file's
    `0.0.0.0 host host`. A name without a dot is blocked only as `.name`: a top-level domain.
    """
    fields = line.split()
    if len(fields) > 1:
        if not _is_address(fields[0]):
            return []
        return [key for name in fields[1:] for key in _blocked(name) if "." in key]
    return _blocked(fields[0])


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _blocked(name: str) -> list[str]:
    bare = name.removeprefix("||").removesuffix("^")
    bare = bare.removeprefix("*")
    below = bare.startswith(".")
    host, rest = split_url(f"[{bare}]" if ":" in bare and _is_address(bare) else bare)
    if (
        _HOST.fullmatch(host) is None
        or not ("." in host or host.startswith("[") or below)
        or host == "0.0.0.0"
    ):
        return []
    rest = rest.rstrip("/?&;")
    return [host.removeprefix("www.") + rest if rest else host]


def read_words(uris: list[str]) -> dict[str, float]:
    r"""Words by weight: a line is `word`, or `word` TAB `hard`, `soft` or a number; `*word*` is found inside words too.

    A plain word is hard. What is not a letter or digit separates words: a word of several is found as they follow
    each other. Keys keep the stars. A UserError tells the line that is none of this.
    """
    words: dict[str, float] = {}
    for uri in uris:
        before = len(words)
        with storage.open_whole(uri, storage.size_bytes(uri)) as stream:
            lines = stream.read().splitlines()
        for number, line in enumerate(lines, 1):
            try:
                text = _COMMENT.sub("", line.decode().lstrip("\ufeff"))
                word, weight = _word(text) if text.strip() else ("", HARD)
            except ValueError as error:
                raise UserError(f"{uri}:{number}: {error}") from error
            if word:
                words[word] = max(weight, words.get(word, 0))
        if len(words) == before:
            raise UserError(f"{uri}: no word in it")
    return words


def _word(line: str) -> tuple[str, float]:
    text, _, mark = (part.strip() for part in line.partition("\t"))
    tokens = _WORD.findall(text.lower())
    if not tokens:
        raise ValueError(f"{text[:80]!r} has no letter or digit")
    is_inside = text.startswith("*") and text.endswith("*")
    if is_inside and len(tokens) > 1:
        raise ValueError(f"{text[:80]!r}: what is found inside words is letters and digits only")
    if not mark and len(tokens) > 1 and re.fullmatch(r".*\s(?:hard|soft|[0-9]*\.[0-9]+)", text.lower()):
        raise ValueError(f"{text[:80]!r}: put a tab before the weight")
    word = f"*{tokens[0]}*" if is_inside else " ".join(tokens)
    return word, _weight(mark)


def _weight(mark: str) -> float:
    if mark in ("", "hard"):
        return HARD
    if mark == "soft":
        return 1.0
    try:
        weight = float(mark)
    except ValueError:
        weight = 0.0
    if not 0 < weight < HARD:
        raise ValueError(f"{mark[:80]!r} is no weight: hard, soft or a number above 0")
    return weight
