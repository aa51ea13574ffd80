"""Captures in, a server with CommonCrawl's layouts on this machine out: WARC files, the columnar index, the CDX server."""

from __future__ import annotations

import gzip
import io
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from quality_classifier.captures.surt import surt_key
from tests.web_server import Answer, Request, ranged

DUMP, NEWER_DUMP = "CC-MAIN-2020-05", "CC-MAIN-2020-10"

Due = Callable[[Request], Answer | None]


@dataclass(frozen=True)
class Captured:
    """One record: the page, when it was fetched (YYYYMMDDhhmmss), what its server answered."""

    url: str
    fetched: str = "20200117123339"
    status: int = 200
    mime: str = "text/html"
    dump: str = DUMP
    target: str | None = None


def warc_record(captured: Captured) -> bytes:
    """A response record as one gzip member."""
    words = " ".join(f"sentence {i} of {captured.url} says something of it." for i in range(20))
    body = f"<html><body><article><h1>{captured.url}</h1><p>{words}</p></article></body></html>".encode()
    http = b"HTTP/1.1 %d OK\r\nContent-Type: %s\r\n\r\n" % (captured.status, captured.mime.encode()) + body
    header = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {captured.target or captured.url}\r\n"
        f"WARC-Date: 2020-01-17T12:33:39Z\r\nContent-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(http)}\r\n\r\n"
    )
    return gzip.compress(header.encode() + http + b"\r\n\r\n", mtime=0)


@dataclass
class CrawlServer:
    """What the server has, what it was asked, and answers of another kind that are due, by path."""

    captures: list[Captured]
    files: dict[str, bytes] = field(default_factory=dict)
    rows: list[dict[str, object]] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    due: dict[str, list[Answer]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        for number, captured in enumerate(self.captures):
            path = f"crawl-data/{captured.dump}/segments/1.1/warc/{captured.dump}-{number // 3:05d}.warc.gz"
            before, record = self.files.get(f"/{path}", b""), warc_record(captured)
            self.files[f"/{path}"] = before + record
            self.rows.append(
                {
                    "url_surtkey": surt_key(captured.url),
                    "url": captured.url,
                    "url_host_registered_domain": "example",
                    "fetch_time": datetime.strptime(captured.fetched, "%Y%m%d%H%M%S"),
                    "fetch_status": captured.status,
                    "content_mime_detected": captured.mime,
                    "warc_filename": path,
                    "warc_record_offset": len(before),
                    "warc_record_length": len(record),
                    "dump": captured.dump,
                }
            )
        for dump in {captured.dump for captured in self.captures}:
            self._add_index(dump)
        dumps = sorted({captured.dump for captured in self.captures})
        self.files["/collinfo.json"] = orjson.dumps([{"id": dump} for dump in dumps])

    def _add_index(self, dump: str) -> None:
        """Two parts, sorted by key over both, with two rows in a row group."""
        rows = sorted(
            (row for row in self.rows if row["dump"] == dump), key=lambda row: str(row["url_surtkey"])
        )
        paths = []
        half = (len(rows) + 1) // 2
        for number, part in enumerate((rows[:half], rows[half:])):
            path = f"cc-index/table/cc-main/warc/crawl={dump}/subset=warc/part-{number:05d}.c000.gz.parquet"
            table = pa.Table.from_pylist(part, _INDEX_SCHEMA)
            sink = io.BytesIO()
            pq.write_table(
                table, sink, row_group_size=2, compression="gzip", use_deprecated_int96_timestamps=True
            )
            self.files[f"/{path}"] = sink.getvalue()
            paths.append(path)
        other = f"cc-index/table/cc-main/warc/crawl={dump}/subset=robotstxt/part-00000.c000.gz.parquet"
        self.files[f"/crawl-data/{dump}/cc-index-table.paths.gz"] = gzip.compress(
            "\n".join([*paths, other]).encode()
        )

    def answer(self, request: Request) -> Answer:
        """What the real one would say."""
        path = urlsplit(request.path).path.replace("%3D", "=")
        with self.lock:
            self.asked.append(request)
            due = self.due.get(path)
            if due:
                return due.pop(0)
        if path.endswith("-index"):
            return self._cdx(path.removeprefix("/").removesuffix("-index"), request.path)
        data = self.files.get(path)
        return Answer(404, b"no such key") if data is None else ranged(data, request.range)

    def _cdx(self, dump: str, path: str) -> Answer:
        (url,) = parse_qs(urlsplit(path).query)["url"]
        found = [row for row in self.rows if row["dump"] == dump and row["url_surtkey"] == surt_key(url)]
        if not found:
            return Answer(404, orjson.dumps({"message": f"No Captures found for: {url}"}))
        lines = [
            {
                "urlkey": row["url_surtkey"],
                "timestamp": row["fetch_time"].strftime("%Y%m%d%H%M%S"),  # type: ignore[attr-defined]
                "url": row["url"],
                "mime": row["content_mime_detected"],
                "mime-detected": row["content_mime_detected"],
                "status": str(row["fetch_status"]),
                "length": str(row["warc_record_length"]),
                "offset": str(row["warc_record_offset"]),
                "filename": row["warc_filename"],
            }
            for row in found
        ]
        return Answer(200, b"".join(orjson.dumps(line) + b"\n" for line in lines))

    def reads(self) -> list[tuple[str, str | None]]:
        """The ranges of WARC files that were asked for."""
        return [(one.path, one.range) for one in self.asked if one.path.endswith(".warc.gz")]


_INDEX_SCHEMA = pa.schema(
    [
        ("url_surtkey", pa.string()),
        ("url", pa.string()),
        ("url_host_registered_domain", pa.string()),
        ("fetch_time", pa.timestamp("ms")),
        ("fetch_status", pa.int16()),
        ("content_mime_detected", pa.string()),
        ("warc_filename", pa.string()),
        ("warc_record_offset", pa.int32()),
        ("warc_record_length", pa.int32()),
    ]
)
