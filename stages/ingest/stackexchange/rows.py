"""Bytes of a Posts.xml in, its `<row .../>` elements out as posts, in bounded memory and at C speed.

No XML parser sees the file, so a broken row costs that row alone and no entity is ever fetched or expanded.
`<` cannot stand in an attribute, so `<row` begins a row, on a line of its own (as in all real dumps) or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from stages.core.documents import to_valid_unicode
from stages.core.errors import DamagedInputError
from stages.ingest.charsets import read_with_replacement
from stages.ingest.codecs import READ_BYTES
from stages.ingest.compressed import compression_of, decompressed
from stages.ingest.raw import RawFile
from stages.ingest.stackexchange.sites import is_posts

ROW_MARK = b"<row"
MAX_ROW_BYTES = 8 << 20
"""The sites bound a body to 30,000 characters, about 200 KB of XML; a longer row is damage."""

_ROW = re.compile(r"""(?:\s++[\w:.-]+\s*=\s*(?:"[^"]*+"|'[^']*+'))*+\s*/?>""")
_DOUBLE_QUOTED = re.compile(r'([\w:.-]+)\s*=\s*"([^"]*)"')
_EITHER_QUOTED = re.compile(r"""([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_SINGLE_QUOTE_OPENS = re.compile(r"=\s*'")
_LAST_REFERENCES = re.compile(r"&(?:amp|#([0-9]{1,8})|#[xX]([0-9A-Fa-f]{1,8}));")
_BARE_SPACES = re.compile(r"\r\n?|[\n\t]")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_HIGHEST_CODE_POINT = 0x10FFFF
_MAX_PREFIX_REST = 3


@dataclass(frozen=True)
class RowChunk:
    """What lies between one `<row` and the next; the first chunk of a file lies before its first row.

    `offset` is the place of its `<row` in the decompressed file, `data` what follows; `last`: the file ends here.
    """

    offset: int
    data: bytes
    is_row: bool
    last: bool = False


@dataclass(frozen=True)
class Post:
    """One row: a question (its id and `question_id` are equal), an answer, or a post of another type."""

    post_id: int
    question_id: int
    type_id: int
    score: int
    title: str
    tags: str
    body: str | None
    created: str
    license: str


def read_post_rows(raw: RawFile, start: int, stop: int) -> Iterator[RowChunk]:
    """The chunks of the rows that begin in bytes `start` to `stop` of a raw file, as `row_chunks` gives them.

    A compressed file has no parts: whatever its name promised to the plan, the part that starts at 0 gives it all.
    """
    with raw.open() as stream:
        compressed = compression_of(stream.read(8)) != "none"
    if not compressed:
        yield from row_chunks(_plain_pieces(raw, start), start, stop if stop < raw.size else None)
    elif start == 0:
        yield from row_chunks(decompressed(raw, is_posts))


def _plain_pieces(raw: RawFile, start: int) -> Iterator[bytes]:
    with raw.open() as stream:
        stream.seek(start)
        while piece := stream.read(READ_BYTES):
            yield piece


class _Held:
    """The bytes of the chunk that is being read, no more than the bound plus one."""

    def __init__(self, bound: int) -> None:
        self._bound, self._parts, self.size = bound, list[bytes](), 0

    def add(self, part: bytes) -> None:
        room = self._bound + 1 - self.size
        if part and room > 0:
            self._parts.append(part[:room])
            self.size += len(self._parts[-1])

    def take(self) -> bytes:
        data = b"".join(self._parts)
        self._parts, self.size = [], 0
        return data


def row_chunks(
    pieces: Iterator[bytes], start: int = 0, stop: int | None = None, max_row_bytes: int = MAX_ROW_BYTES
) -> Iterator[RowChunk]:
    """Cut `pieces`, which begin at byte `start`, at every `<row`; none that begins at `stop` or later.

    A row's chunk ends where the next row begins, in the next task's range too. A chunk longer than
    `max_row_bytes` is cut off one byte behind that. Damage that ends the pieces is raised last.
    """
    held = _Held(max_row_bytes)
    position = chunk_start = start
    is_row = False
    rest = b""
    try:
        for piece in pieces:
            *closed, last = (rest + piece).split(ROW_MARK)
            for part in closed:
                held.add(part)
                yield RowChunk(chunk_start, held.take(), is_row)
                chunk_start = position + len(part)
                position = chunk_start + len(ROW_MARK)
                is_row = True
                if stop is not None and chunk_start >= stop:
                    return
            cut = max(0, len(last) - _MAX_PREFIX_REST)  # the start of a `<row` may lie at the end of a piece
            held.add(last[:cut])
            position += cut
            rest = last[cut:]
    except DamagedInputError:
        held.add(rest)
        data = held.take()
        if is_row and _ROW.match(data.decode("utf-8", "replace")):
            yield RowChunk(chunk_start, data, is_row)
        raise
    held.add(rest)
    yield RowChunk(chunk_start, held.take(), is_row, last=True)


def parse_row(data: bytes) -> Post | str:
    """The post of a row's chunk, or why it is none."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = read_with_replacement(data, "utf-8")
    whole = _ROW.match(text)
    if whole is None:
        return "not a well-formed row element"
    given = _attributes(text[: whole.end()])
    post_id = _integer(given.get("Id"))
    type_id = _integer(given.get("PostTypeId"))
    if post_id is None or type_id is None:
        return "no integer in Id" if post_id is None else "no integer in PostTypeId"
    question_id = _integer(given.get("ParentId")) if type_id == 2 else post_id
    if question_id is None:
        return "no integer in an answer's ParentId"
    score = _integer(given.get("Score", "0"))
    if score is None:
        return "no integer in Score"
    body = given.get("Body")
    return Post(
        post_id=post_id,
        question_id=question_id,
        type_id=type_id,
        score=score,
        title=unescape_attribute(given.get("Title", "")),
        tags=unescape_attribute(given.get("Tags", "")),
        body=None if body is None else unescape_attribute(body),
        created=given.get("CreationDate", ""),
        license=given.get("ContentLicense", ""),
    )


def _attributes(text: str) -> dict[str, str]:
    if _SINGLE_QUOTE_OPENS.search(text) is None:
        return dict(_DOUBLE_QUOTED.findall(text))
    return {
        match[1]: match[2] if match[2] is not None else match[3] for match in _EITHER_QUOTED.finditer(text)
    }


def _integer(value: str | None) -> int | None:
    return int(value) if value is not None and _INTEGER.fullmatch(value) else None


def unescape_attribute(value: str) -> str:
    """Resolve XML's predefined entities and character references, once; other entities stay as written.

    Bare white space becomes spaces, as XML says; a reference to a character that XML forbids becomes nothing.
    """
    if "\n" in value or "\t" in value or "\r" in value:
        value = _BARE_SPACES.sub(" ", value)
    if "&" not in value:
        return value
    # None of these makes a new `&`; `&amp;` does, so it comes last and nothing is resolved twice.
    value = value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&#xA;", "\n")
    value = value.replace("&apos;", "'")
    if "&#" in value:
        return to_valid_unicode(_LAST_REFERENCES.sub(_resolve, value))
    return value.replace("&amp;", "&")


def _resolve(match: re.Match[str]) -> str:
    if match[1] is None and match[2] is None:
        return "&"
    code = int(match[1]) if match[1] is not None else int(match[2], 16)
    control = code < 0x20 and code not in (0x9, 0xA, 0xD)
    if control or code in (0xFFFE, 0xFFFF) or code > _HIGHEST_CODE_POINT:
        return ""
    return chr(code)
