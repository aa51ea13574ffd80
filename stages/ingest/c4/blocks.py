"""A stream of decompressed pieces in, blocks of whole lines out, which do not depend on how the stream was cut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from stages.core.errors import DamagedInputError

BLOCK_BYTES = 2 << 20


@dataclass(frozen=True)
class LineBlock:
    """Whole lines: the number of the first one, where it begins in the decompressed stream, their bytes.

    A line longer than a block is a block of its own. Of one that is too long only the beginning is there.
    """

    number: int
    offset: int
    data: bytes

    def halves(self) -> tuple[LineBlock, LineBlock] | None:
        """The same lines in two blocks; None for a single line."""
        middle = len(self.data) // 2
        cut = self.data.rfind(b"\n", 0, middle) + 1 or self.data.find(b"\n", middle) + 1
        if cut in (0, len(self.data)):
            return None
        second = self.number + self.data.count(b"\n", 0, cut)
        return (
            LineBlock(self.number, self.offset, self.data[:cut]),
            LineBlock(second, self.offset + cut, self.data[cut:]),
        )


def line_blocks(
    pieces: Iterator[bytes], max_line_bytes: int, block_bytes: int = BLOCK_BYTES
) -> Iterator[LineBlock]:
    """All lines of a stream in blocks of at most `block_bytes`; memory is a block, or one line of `max_line_bytes`.

    The half line where a damaged stream breaks off belongs to the damage, which is raised after all lines.
    """
    block_bytes = min(block_bytes, max_line_bytes)
    number = offset = passed_over = 0
    held = bytearray()
    damage: DamagedInputError | None = None
    while True:
        try:
            piece = next(pieces, b"")
        except DamagedInputError as error:
            damage = error
            break
        if not piece:
            break
        held += piece
        while len(held) > block_bytes:
            end = held.rfind(b"\n", 0, block_bytes) + 1 or held.find(b"\n", block_bytes) + 1
            if end == 0:
                excess = max(0, len(held) - max_line_bytes - 1)
                passed_over += excess
                del held[len(held) - excess :]
                break
            yield LineBlock(number, offset, bytes(held[:end]))
            number += held.count(b"\n", 0, end)
            offset += end + passed_over
            passed_over = 0
            del held[:end]
    if damage is not None:
        last = held.rfind(b"\n") + 1
        if not _is_whole(bytes(held[last : last + max_line_bytes + 1])):
            del held[last:]
    if held:
        yield LineBlock(number, offset, bytes(held))
    if damage is not None:
        raise damage


def _is_whole(line: bytes) -> bool:
    """Whether a last line before damage lost only its line end: half an object is never a whole one."""
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False
