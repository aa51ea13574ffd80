"""The C4 ingest stage: JSON lines with text, timestamp and url in, documents out (LLaMA section 2.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import orjson
from pydantic import Field

from stages.core.errors import DamagedInputError
from stages.ingest.base import IngestStage, Loss, RawDocument, RawFile, RawRecord
from stages.ingest.compressed import decompressed, lines


class _UpToDamage:
    """Pieces of a stream, kept from raising: `damage` says afterwards where and why it ended early."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.damage: DamagedInputError | None = None
        self.ends_a_line = False

    def __iter__(self) -> Iterator[bytes]:
        try:
            for piece in self._pieces:
                self.ends_a_line = piece.endswith(b"\n")
                yield piece
        except DamagedInputError as error:
            self.damage = error


class C4Ingest(IngestStage):
    """C4's `{"text", "timestamp", "url"}` lines, compressed in any way or not; a line is a document."""

    stage_name: ClassVar[str] = "ingest_c4"
    source: ClassVar[str] = "c4"

    max_line_bytes: int = Field(32 << 20, gt=0, description="longer lines are dropped unread")

    def read(self, raw: RawFile) -> Iterator[RawRecord]:
        """A record per line that is not blank; its key is the number of the line from 0.

        The half line where a damaged file breaks off belongs to the damage.
        """
        pieces = _UpToDamage(decompressed(raw))
        held: tuple[int, int, bytes] | None = None  # the last line is whole only when the stream ends well
        for number, (offset, line) in enumerate(lines(iter(pieces), self.max_line_bytes)):
            if held is not None:
                yield from self._read_line(*held)
            held = (number, offset, line)
        if pieces.damage is not None:
            if held is not None and (pieces.ends_a_line or self._is_whole(held[2])):
                yield from self._read_line(*held)
            raise pieces.damage
        if held is not None:
            yield from self._read_line(*held)

    @staticmethod
    def _is_whole(line: bytes) -> bool:
        """Whether a last line before damage lost only its line end: half an object is never a whole one."""
        try:
            return isinstance(orjson.loads(line), dict)
        except orjson.JSONDecodeError:
            return False

    def _read_line(self, number: int, offset: int, line: bytes) -> Iterator[RawRecord]:
        if number == 0:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if line.strip():
            yield self._read_record(str(number), offset, line)

    def _read_record(self, key: str, offset: int, line: bytes) -> RawRecord:
        if len(line) > self.max_line_bytes:
            size = len(line)
            return Loss(key, "too_large", "bytes, at least", size, self.max_line_bytes, text_bytes=size)
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            detail = f"{error} (line begins at byte {offset} of the decompressed file)"
            return Loss(key, "bad_json", detail, text_bytes=len(line))
        if not isinstance(record, dict):
            return Loss(key, "bad_json", f"not an object (byte {offset})", text_bytes=len(line))
        text, url, timestamp = record.get("text"), record.get("url"), record.get("timestamp")
        if not isinstance(url, str):
            url = None
        if not isinstance(text, str):
            return Loss(key, "missing_text", type(text).__name__, url=url, text_bytes=len(line))
        metadata = {} if timestamp is None else {"timestamp": str(timestamp)}
        return RawDocument(key, text, url=url, metadata=metadata)
