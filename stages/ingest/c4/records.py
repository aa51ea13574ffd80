"""One line of JSON in, one raw record out: the path that tells exactly what is wrong with a line."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from stages.ingest.c4.blocks import LineBlock
from stages.ingest.compressed import lines
from stages.ingest.raw import Loss, RawDocument, RawRecord


def read_lines(block: LineBlock, max_line_bytes: int) -> Iterator[RawRecord]:
    """A record per line that is not blank; its key is the number of the line in its file.

    Rules: `too_large`, `bad_json`, `missing_text`.
    """
    for index, (start, line) in enumerate(lines(iter((block.data,)), max_line_bytes)):
        number = block.number + index
        if number == 0:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if line.strip():
            yield _read_line(str(number), block.offset + start, line, max_line_bytes)


def _read_line(key: str, offset: int, line: bytes, max_line_bytes: int) -> RawRecord:
    if len(line) > max_line_bytes:
        size = len(line)
        return Loss(key, "too_large", "bytes, at least", size, max_line_bytes, text_bytes=size)
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
