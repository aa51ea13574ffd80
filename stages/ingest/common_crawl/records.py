"""Decompressed archive bytes in, WARC and ARC records out: framed by header names, past any damage."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from stages.ingest.common_crawl.members import MemberEvent
from stages.ingest.common_crawl.window import Window
from stages.ingest.raw import Loss

MAX_HEADER_BYTES = 1 << 16
FIRST_BYTES = 2048
MAX_LINE_BYTES = 1 << 14
ARC_KIND = "arc"

WARC_LINE = re.compile(rb"WARC/\d+\.\d+[ \t]*\r?\n")
_WARC_START = rb"WARC/\d+\.\d+[ \t]*\r?\n[A-Za-z][A-Za-z-]*[ \t]*:"
WARC_MARK = re.compile(rb"(?<=\n)" + _WARC_START)
WARC_MARK_AFTER_DAMAGE = re.compile(_WARC_START)
"""Between records the line end before a mark may be part of what is damaged."""

ARC_LINE = re.compile(
    rb"(?P<url>[a-z][a-z0-9+.-]{1,20}:[^\r\n]*?) (?P<ip>[0-9A-Fa-f.:]{1,45}|-) (?P<date>\d{8,18}|null|-)"
    rb" (?P<type>[^ \r\n]+)(?P<rest>(?: [^ \r\n]+){0,5}) (?P<length>[^ \r\n]+)\r?\n"
)
_ARC_MARK = (
    rb"(?<=\n)[a-z][a-z0-9+.-]{1,20}:[^\r\n]{0,4096} (?:[0-9A-Fa-f.:]{1,45}|-) (?:\d{8,18}|null)"
    rb" [^\r\n]{1,4096} -?\w+\r?\n"
)
ARC_MARK = re.compile(_ARC_MARK)
ANY_MARK = re.compile(b"(?:" + WARC_MARK.pattern + b"|" + _ARC_MARK + b")")
_ARC_URL = re.compile(rb"[a-z][a-z0-9+.-]{1,20}:[^\r\n]+")
_END_OF_HEADER = re.compile(rb"\r?\n\r?\n")
_BLANK = b"\r\n\t \0"

MAX_DIGITS = 300
"""Of a content length: what is longer is no float, or no number to Python."""


@dataclass(frozen=True)
class ArchiveRecord:
    """One record: `kind` is its WARC-Type (`arc` for an ARC record), header names are in lower case."""

    key: str
    kind: str
    headers: dict[str, str] = field(default_factory=dict)
    block: bytes = b""

    @property
    def url(self) -> str | None:
        """The target URI without the brackets that some writers put around it."""
        return self.headers.get("warc-target-uri", "").strip("<>") or None


def read_records(
    events: Iterator[MemberEvent],
    *,
    plain: bool,
    max_record_bytes: int,
    end: Callable[[], int | None] = lambda: None,
) -> Iterator[ArchiveRecord | Loss]:
    """All records of the events of `read_members`, in order.

    Every record header gives exactly one ArchiveRecord or Loss; bytes that belong to no record give a Loss
    whose key is `@<offset>`. A record's key is its byte offset in the raw file, and where a member holds
    several, `<offset of the member>.<offset inside it>`. `plain`: the raw file is not compressed. `end`, once it is known, is
    the offset of a member: what begins there or later is left out.
    """
    window = Window(events, WARC_LINE)
    reader = _Reader(window, plain, max_record_bytes, end)
    while True:
        held: ArchiveRecord | Loss | None = None
        for record in reader.records():
            if held is not None:
                yield held
            held = record
        damage = window.damage
        if isinstance(held, ArchiveRecord) and damage is not None and _is_member(held.key, damage.offset):
            # it ends where its member turns out to be corrupt, and only the checksum may have told
            yield Loss(held.key, "corrupt_member", damage.reason, url=held.url, text_bytes=len(held.block))
        elif held is not None:
            yield held
        if damage is None or reader.is_behind:
            return
        yield Loss(f"@{damage.offset}", "damaged", damage.reason, text_bytes=damage.length_bytes)
        window.resume()


def _is_member(key: str, offset: int) -> bool:
    return key.partition(".")[0] == str(offset)


class _Reader:
    """Frames the records of one raw file."""

    def __init__(
        self, window: Window, plain: bool, max_record_bytes: int, end: Callable[[], int | None]
    ) -> None:
        self._window, self._plain, self._max_record_bytes, self._end = window, plain, max_record_bytes, end
        self._mark: re.Pattern[bytes] | None = None

    def records(self) -> Iterator[ArchiveRecord | Loss]:
        """Records up to the next damaged stretch or the end."""
        window = self._window
        while self._skip_blank() and not self.is_behind:
            head = window.peek(FIRST_BYTES)
            key = window.key(plain=self._plain)
            if WARC_LINE.match(head):
                self._mark = WARC_MARK
                yield self._warc(key)
            elif (b"\n" in head or len(head) == FIRST_BYTES) and (line := self._arc_line()):
                self._mark = ARC_MARK
                yield self._arc(key, line)
            else:
                yield self._garbage(key)

    @property
    def is_behind(self) -> bool:
        """Whether what begins at the window's position is left out."""
        end = self._end()
        return end is not None and self._window.member_offset >= end

    def _skip_blank(self) -> bool:
        """Move over blank bytes; whether anything follows."""
        while head := self._window.peek(FIRST_BYTES):
            rest = head.lstrip(_BLANK)
            self._window.skip(len(head) - len(rest))
            if rest:
                return True
        return False

    def _arc_line(self) -> re.Match[bytes] | None:
        return ARC_LINE.match(self._window.peek(MAX_LINE_BYTES))

    def _garbage(self, key: str) -> Loss:
        first = self._mark is None
        mark = WARC_MARK_AFTER_DAMAGE if self._mark is WARC_MARK else self._mark or ANY_MARK
        passed = self._window.skip_to(mark, MAX_LINE_BYTES)
        if first and not self._window.peek(1) and self._window.damage is None:
            return Loss("", "unrecognised_file", "neither WARC nor ARC", text_bytes=passed)
        place = (
            key if self._plain or "." in key else f"{key}.0"
        )  # `@<member>` is the damage of its compression
        return Loss(f"@{place}", "damaged", "bytes that belong to no record", text_bytes=passed)

    def _to_next(
        self,
        key: str,
        rule: str,
        detail: str,
        url: str | None = None,
        *,
        value: float | None = None,
        threshold: float | None = None,
    ) -> Loss:
        """Give up the record at the window's position and move to the next one."""
        passed = self._window.skip_to(self._mark or ANY_MARK, MAX_LINE_BYTES)
        return Loss(key, rule, detail, value, threshold, url, passed)

    def _warc(self, key: str) -> ArchiveRecord | Loss:
        window = self._window
        head = window.peek(FIRST_BYTES)
        end = _END_OF_HEADER.search(head)
        if end is None:
            head = window.peek(MAX_HEADER_BYTES)
            end = _END_OF_HEADER.search(head)
        length = len(head) if end is None else end.end()
        if WARC_MARK.search(head, 0, length) or window.record_member(length) is not None:
            return self._to_next(key, "bad_header", "another record begins inside the header")
        if end is None:
            rule = "truncated_record" if len(head) < MAX_HEADER_BYTES else "bad_header"
            return self._to_next(key, rule, "the header does not end")
        headers = parse_headers(head[: end.start()].partition(b"\n")[2])
        return self._block(
            key, headers.get("warc-type", "").lower(), headers, end.end(), headers.get("content-length")
        )

    def _arc(self, key: str, line: re.Match[bytes]) -> ArchiveRecord | Loss:
        url, ip, date, content_type, length = (
            line[name].decode("utf-8", "replace") for name in ("url", "ip", "date", "type", "length")
        )
        headers = {"warc-target-uri": url, "content-type": content_type, "warc-ip-address": ip}
        if iso := _iso_date(date):
            headers["warc-date"] = iso
        kind = "filedesc" if url.startswith("filedesc:") else ARC_KIND
        return self._block(key, kind, headers, line.end(), length)

    def _block(
        self, key: str, kind: str, headers: dict[str, str], header_bytes: int, length: str | None
    ) -> ArchiveRecord | Loss:
        record = ArchiveRecord(key, kind, headers)
        if length is None or not length.isascii() or not length.isdigit():
            return self._to_next(key, "bad_header", f"content length {length!r}", record.url)
        digits = length.lstrip("0") or "0"
        size = int(digits) if len(digits) <= MAX_DIGITS else 10**MAX_DIGITS
        if size > self._max_record_bytes:
            limits = {"value": float(size), "threshold": float(self._max_record_bytes)}
            return self._to_next(key, "too_large", "bytes", record.url, **limits)
        self._window.skip(header_bytes)
        block = self._window.take(size)
        if len(block) < size or not self._record_ends():
            block = self._cut(block)
        if len(block) < size:
            return Loss(
                key,
                "truncated_record",
                "bytes present, against its content length",
                value=len(block),
                threshold=size,
                url=record.url,
                text_bytes=len(block),
            )
        return ArchiveRecord(key, kind, headers, block)

    def _record_ends(self) -> bool:
        """Whether what follows a block is the next record or the end."""
        after = self._window.peek(FIRST_BYTES)
        rest = after.lstrip(_BLANK)
        if not rest:
            return True
        return bool(WARC_LINE.match(rest)) if self._mark is WARC_MARK else bool(_ARC_URL.match(rest))

    def _cut(self, block: bytes) -> bytes:
        """A content length that is too large swallows the records that follow: give them back."""
        seam = self._window.peek(MAX_LINE_BYTES)  # a mark may begin in the block and end behind it
        found = self._mark.search(block + seam) if self._mark is not None else None
        if found is None or found.start() >= len(block):
            return block
        self._window.push_back(block[found.start() :])
        return block[: found.start()]


def parse_headers(data: bytes) -> dict[str, str]:
    """Header fields by lower-case name, the first of equal names; folded lines are joined."""
    headers: dict[str, str] = {}
    folded: dict[str, list[str]] = {}
    name = ""
    for line in data.decode("utf-8", "replace").replace("\r\n", "\n").split("\n"):
        if line[:1] in (" ", "\t") and name:
            folded.setdefault(name, [headers[name]]).append(line.strip())
            continue
        field_name, colon, value = line.partition(":")
        name = field_name.strip().lower()
        if colon and name and name not in headers:
            headers[name] = value.strip()
        else:
            name = ""
    return headers | {key: " ".join(filter(None, lines)) for key, lines in folded.items()}


def _iso_date(digits: str) -> str | None:
    """`20140216050221` as `2014-02-16T05:02:21Z`; None when it is no such date."""
    if len(digits) < 14 or not digits.isdigit():
        return None
    d = digits
    return f"{d[:4]}-{d[4:6]}-{d[6:8]}T{d[8:10]}:{d[10:12]}:{d[12:14]}Z"
