"""A file of JSON lines and a reader's marks in, the same file with them out: a line for each document, as labels are read.

`quality evaluate --labels` takes it, by `text`, `label` (`good` or `bad`) and `url`; `id`, `source`, `node` say whence.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import orjson

from stages.core import storage
from stages.core.atomic import write_bytes
from stages.core.errors import UserError

GOOD, BAD = "good", "bad"
FIELDS = ("id", "label", "text", "url", "language", "source", "node")


class Marks:
    """The marks of a file, which is there whole at every moment; marks of other runs and other people's lines stay in it.

    A UserError where the file holds something else than JSON lines.
    """

    def __init__(self, place: str) -> None:
        self.place = place
        self._lock = threading.Lock()
        self._lines: dict[str, bytes] = {}
        self._labels: dict[str, str] = {}
        if storage.exists(place):
            for number, line in enumerate(storage.read_bytes(place).splitlines(), 1):
                if line.strip():
                    self._take_up(number, line)

    def _take_up(self, number: int, line: bytes) -> None:
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise UserError(
                f"{self.place}, line {number}: no JSON ({error}); give another --labels"
            ) from error
        if not isinstance(row, dict):
            raise UserError(f"{self.place}, line {number}: no JSON object; give another --labels")
        name = row.get("id")
        self._lines[name if isinstance(name, str) else f"line {number}"] = line
        if isinstance(name, str) and row.get("label") in (GOOD, BAD):
            self._labels[name] = row["label"]

    def __len__(self) -> int:
        return len(self._labels)

    def label_of(self, document: str) -> str | None:
        """`good` or `bad`, None where the document has no mark."""
        return self._labels.get(document)

    def put(self, row: Mapping[str, Any]) -> None:
        """Mark a document (`FIELDS`), in place of the mark that it has."""
        made = orjson.dumps({name: row.get(name) for name in FIELDS})
        with self._lock:
            self._write(self._lines | {row["id"]: made})
            self._labels[row["id"]] = row["label"]

    def take(self, document: str) -> None:
        """Take the mark of a document away, where it has one."""
        with self._lock:
            if document in self._labels:
                self._write({name: line for name, line in self._lines.items() if name != document})
                del self._labels[document]

    def _write(self, lines: dict[str, bytes]) -> None:
        write_bytes(self.place, b"".join(line + b"\n" for line in lines.values()))
        self._lines = lines
