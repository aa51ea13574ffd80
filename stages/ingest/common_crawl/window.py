"""A forward window over decompressed archive bytes that knows where in the raw file each byte came from."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from stages.ingest.common_crawl.members import MemberDamage, MemberEvent, MemberStart

KEEP_MEMBERS = 64
LINE_BYTES = 64
"""Of a member's beginning, that tell whether it begins a record."""


class Window:
    """Bytes from the current position on; ends at a damaged stretch and goes on behind it after `resume`.

    `position` counts decompressed bytes; memory is what was asked for plus one piece.
    """

    def __init__(self, events: Iterator[MemberEvent], record_line: re.Pattern[bytes]) -> None:
        self._events = events
        self._record_line = record_line
        self._data = b""
        self._start = 0
        self._ended = False
        self._member_positions: list[int] = []
        self._member_offsets: list[int] = []
        self.position = 0
        self.damage: MemberDamage | None = None

    def _fill(self, wanted: int) -> int:
        """Bytes at hand after reading until `wanted` are there or the stretch ends."""
        available = len(self._data) - self._start
        if available >= wanted or self._ended:
            return available
        parts = [self._data[self._start :]]
        while available < wanted and not self._ended:
            event = next(self._events, None)
            if isinstance(event, bytes):
                parts.append(event)
                available += len(event)
            elif isinstance(event, MemberStart):
                self._add_member(self.position + available, event.offset)
            else:
                self._ended, self.damage = True, event
        self._data, self._start = b"".join(parts), 0
        return available

    def _add_member(self, position: int, offset: int) -> None:
        if len(self._member_positions) >= 2 * KEEP_MEMBERS:
            passed = max(0, bisect_right(self._member_positions, self.position) - 1)
            del self._member_positions[:passed], self._member_offsets[:passed]
        self._member_positions.append(position)
        self._member_offsets.append(offset)

    def resume(self) -> None:
        """Go on behind the damage."""
        self._ended, self.damage = False, None

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, fewer at the end, without moving."""
        self._fill(size)
        return self._data[self._start : self._start + size]

    def skip(self, size: int) -> None:
        """Move over `size` bytes that were peeked."""
        self._start += size
        self.position += size

    def push_back(self, data: bytes) -> None:
        """Undo having taken `data`."""
        self._data, self._start = data + self._data[self._start :], 0
        self.position -= len(data)

    def take(self, size: int) -> bytes:
        """The next `size` bytes; fewer when the stretch ends or a member that starts a record comes first."""
        boundary = self._fill_to_boundary(size)
        block = self._data[self._start : self._start + boundary]
        self.skip(len(block))
        return block

    def _fill_to_boundary(self, size: int) -> int:
        wanted = min(size, len(self._data) - self._start)
        while True:
            available = self._fill(wanted + LINE_BYTES)
            boundary = self.record_member(min(size, available))
            if boundary is not None:
                return boundary
            if available >= size or available < wanted or self._ended:
                return min(size, available)
            wanted = min(size, 2 * available + 4096)

    def record_member(self, limit: int) -> int | None:
        """Distance to the first member start before `limit`, and behind the current position, that begins a record."""
        first = bisect_right(self._member_positions, self.position)
        for position in self._member_positions[first:]:
            distance = position - self.position
            if distance >= limit:
                return None
            if self._record_line.match(self._data, self._start + distance):
                return distance
        return None

    def skip_to(self, mark: re.Pattern[bytes], mark_bytes: int) -> int:
        """Move to the next match of `mark`, member with a record, or the end; the bytes passed over.

        Moves by one byte at least; `mark_bytes` bounds what a match needs.
        """
        origin = self.position
        self._fill(1)
        step = min(1, len(self._data) - self._start)
        while True:
            available = self._fill(max(mark_bytes * 2, 1 << 18))
            found = mark.search(self._data, self._start + step)
            boundary = self.record_member(available)
            distances = [] if found is None else [found.start() - self._start]
            distances += [] if boundary is None else [boundary]
            if distances:
                self.skip(min(distances))
                return self.position - origin
            if self._ended:
                self.skip(available)
                return self.position - origin
            self.skip(available - mark_bytes)
            step = 0

    @property
    def member_offset(self) -> int:
        """Where in the raw file the member of the current position begins; 0 before the first."""
        index = bisect_right(self._member_positions, self.position) - 1
        return self._member_offsets[index] if index >= 0 else 0

    def key(self, *, plain: bool) -> str:
        """Name of the current position: offset in the raw file, or `<member>.<offset inside>`."""
        if plain:
            return str(self.position)
        index = bisect_right(self._member_positions, self.position) - 1
        if index < 0:
            return f"0.{self.position}"
        inside = self.position - self._member_positions[index]
        member = self._member_offsets[index]
        return f"{member}.{inside}" if inside else str(member)
