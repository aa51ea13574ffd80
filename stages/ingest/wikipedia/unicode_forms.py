"""Pieces of a dump in, the same in UTF-8 out: a dump may be UTF-16, with a byte-order mark or without one."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator

from stages.ingest.wikipedia.streams import StreamDamage, utf16_codec

_BYTE_ORDER_MARK = "\ufeff"


def as_utf8(pieces: Iterable[bytes | StreamDamage]) -> Iterator[bytes | StreamDamage]:
    """The pieces in UTF-8; what is no UTF-16 becomes U+FFFD. Positions then count bytes of UTF-8."""
    decoder: codecs.IncrementalDecoder | None = None
    start: bytes | None = b""
    """What came before the first two bytes were there to tell."""
    for piece in pieces:
        if isinstance(piece, StreamDamage):
            if decoder is not None:
                decoder.reset()
            yield piece
            continue
        is_first = start is not None
        if start is not None:
            piece = start + piece
            start = piece if len(piece) < 2 else None
            if start is not None:
                continue
            codec = utf16_codec(piece[:2])
            decoder = None if codec is None else codecs.getincrementaldecoder(codec)("replace")
        if decoder is None:
            yield piece
        else:
            text = decoder.decode(piece)
            yield (text.removeprefix(_BYTE_ORDER_MARK) if is_first else text).encode("utf-8", "replace")
    if start:
        yield start
