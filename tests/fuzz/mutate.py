"""Bytes and a source of chance in, the same bytes with a few things wrong out."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import zlib
from collections.abc import Callable, Sequence
from random import Random

MAX_BYTES = 1 << 20
"""Nothing grows past this: the inputs are small so that thousands of them run in a minute."""

NUMBERS = (
    0,
    1,
    2,
    7,
    127,
    128,
    255,
    256,
    32767,
    65535,
    65536,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**63 - 1,
    2**64 - 1,
)
WRITTEN = (*map(str, NUMBERS), "-1", "1e999", "NaN", "0x7f", "1" * 400, "0.0", "")
TOKENS: tuple[bytes, ...] = (
    *(
        b"<",
        b">",
        b"</",
        b"<!--",
        b"-->",
        b"<![CDATA[",
        b"]]>",
        b"&",
        b"&#0;",
        b"&#x110000;",
        b"&lt;ref&gt;",
        b"&amp;lt;",
    ),
    *(
        b"<table>",
        b"<pre>",
        b"<div>",
        b"</p>",
        b"<ref>",
        b"</ref>",
        b"<math>",
        b"<nowiki>",
        b"<page>",
        b"</page>",
        b"<text>",
    ),
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b"{{",
        b"}}",
        b"[[",
        b"]]",
        b"{|",
        b"|}",
        b"|",
        b"==",
        b"''",
        b"*#:;",
        b"{{!}}",
        b"-{",
        b"}-",
    ),
    *(
        b"\\",
        b"\\begin{",
        b"\\end{",
        b"\\input{",
        b"\\def\\a{\\a\\a}",
        b"\\newcommand{\\b}[9]{#1}",
        b"\\a",
        b"$",
        b"$$",
        b"%",
    ),
    *(
        b"\0",
        b"\xff",
        b"\xfe\xff",
        b"\xef\xbb\xbf",
        b"\xed\xa0\x80",
        b"\xc3",
        b"\xf4\x90\x80\x80",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\t",
    ),
    *(
        b'"',
        b"'",
        b"\\u0000",
        b"\\ud800",
        b":",
        b",",
        b"null",
        b"true",
        b"&a ",
        b"*a",
        b"${name}",
        b"!!python/object:x",
        b"? ",
    ),
    *(
        b"WARC/1.0\r\n",
        b"Content-Length: ",
        b"HTTP/1.1 200 OK\r\n",
        b"PK\x03\x04",
        b"\x1f\x8b\x08",
        b"BZh9",
        b"7z\xbc\xaf'\x1c",
        b"PAR1",
    ),
    *("\u2028".encode(), "\u0301".encode() * 50, "\U0001f600".encode(), "\u202e".encode(), "\u0130".encode()),
)

Change = Callable[[bytearray, Random], None]


def mutated(data: bytes, other: bytes, chance: Random) -> bytes:
    """`data` with one to five changes, inside of its compression in half of the cases; `other` is what is spliced in."""
    unpacked = _unpacked(data) if chance.random() < 0.5 else None
    if unpacked is not None:
        inner, pack = unpacked
        return pack(_changed(inner, _unpacked_or(other), chance))
    return _changed(data, other, chance)


def _changed(data: bytes, other: bytes, chance: Random) -> bytes:
    changes = _TEXT_CHANGES if _is_text(data) else _BYTE_CHANGES
    out = bytearray(data)
    for _ in range(1 + min(4, int(chance.expovariate(1.2)))):
        if chance.random() < 0.08:
            _splice(out, other, chance)
        else:
            chance.choice(changes)(out, chance)
        del out[MAX_BYTES:]
    return bytes(out)


def _is_text(data: bytes) -> bool:
    return b"\0" not in data[:4096] and sum(byte > 126 for byte in data[:1024]) < 200


def _unpacked_or(data: bytes) -> bytes:
    found = _unpacked(data)
    return data if found is None else found[0]


def _unpacked(data: bytes) -> tuple[bytes, Callable[[bytes], bytes]] | None:
    """What compressed bytes hold, and what compresses it again; None of others."""
    try:
        if data.startswith(b"\x1f\x8b"):
            return gzip.decompress(data), lambda inner: gzip.compress(inner, 1, mtime=0)
        if data.startswith(b"BZh"):
            return bz2.decompress(data), bz2.compress
        if data.startswith(b"\xfd7zXZ"):
            return lzma.decompress(data), lambda inner: lzma.compress(inner, preset=0)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError):
        return None
    return None


def _span(data: Sequence[int], chance: Random) -> tuple[int, int]:
    """A stretch: mostly a short one."""
    start = chance.randrange(len(data) + 1)
    length = chance.choice((1, 2, 4, 16, 64, 256, 4096))
    return start, min(len(data), start + chance.randint(1, length))


def _splice(data: bytearray, other: bytes, chance: Random) -> None:
    """The beginning of one, and the end of the other."""
    data[chance.randrange(len(data) + 1) :] = other[chance.randrange(len(other) + 1) :]


def _flip(data: bytearray, chance: Random) -> None:
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _set(data: bytearray, chance: Random) -> None:
    if data:
        data[chance.randrange(len(data))] = chance.choice((0, 1, 127, 128, 255, chance.randrange(256)))


def _cut(data: bytearray, chance: Random) -> None:
    del data[chance.randrange(len(data) + 1) :]


def _delete(data: bytearray, chance: Random) -> None:
    start, stop = _span(data, chance)
    del data[start:stop]


def _insert(data: bytearray, chance: Random) -> None:
    at = chance.randrange(len(data) + 1)
    data[at:at] = chance.randbytes(chance.choice((1, 2, 8, 64)))


def _repeat(data: bytearray, chance: Random) -> None:
    start, stop = _span(data, chance)
    data[stop:stop] = data[start:stop] * chance.choice((1, 1, 2, 20))


def _move(data: bytearray, chance: Random) -> None:
    start, stop = _span(data, chance)
    taken = bytes(data[start:stop])
    del data[start:stop]
    at = chance.randrange(len(data) + 1)
    data[at:at] = taken


def _number(data: bytearray, chance: Random) -> None:
    """A field of a length, in either order of bytes."""
    size = chance.choice((1, 2, 4, 8))
    if len(data) < size:
        return
    at = chance.randrange(len(data) - size + 1)
    order = chance.choice(("little", "big"))
    old = int.from_bytes(data[at : at + size], order)  # type: ignore[arg-type]
    new = chance.choice((*NUMBERS, old + 1, old - 1, old * 2)) % (1 << (8 * size))
    data[at : at + size] = new.to_bytes(size, order)  # type: ignore[arg-type]


def _token(data: bytearray, chance: Random) -> None:
    at = chance.randrange(len(data) + 1)
    data[at:at] = chance.choice(TOKENS) * chance.choice((1, 1, 1, 2, 50, 1500))


def _written_number(data: bytearray, chance: Random) -> None:
    found = list(re.finditer(rb"\d+", bytes(data)))
    if found:
        place = chance.choice(found)
        data[place.start() : place.end()] = chance.choice(WRITTEN).encode()


def _words(data: bytearray, chance: Random) -> None:
    """Two words change their places."""
    found = list(re.finditer(rb"[^\s<>\"{}\[\],:=]+", bytes(data)))
    if len(found) > 1:
        first, second = sorted(chance.sample(found, 2), key=lambda place: place.start())
        data[second.start() : second.end()] = first[0]
        data[first.start() : first.end()] = second[0]


def _line(data: bytearray, chance: Random) -> None:
    lines = bytes(data).split(b"\n")
    at = chance.randrange(len(lines))
    way = chance.randrange(3)
    if way == 0:
        del lines[at]
    elif way == 1:
        lines.insert(chance.randrange(len(lines) + 1), lines[at])
    else:
        lines[at] = lines[at] * chance.choice((2, 200))
    data[:] = b"\n".join(lines)


_BYTE_CHANGES: tuple[Change, ...] = (
    _flip,
    _flip,
    _set,
    _cut,
    _delete,
    _insert,
    _repeat,
    _move,
    _number,
    _number,
    _token,
)
_TEXT_CHANGES: tuple[Change, ...] = (
    *(_flip, _cut, _delete, _insert, _repeat, _move),
    *(_token, _token, _token, _written_number, _written_number, _words, _line, _line),
)
