"""The document: the one row type that every stage reads and writes, as an Arrow schema (docs/formats.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

SOURCES = ("common_crawl", "c4", "github", "wikipedia", "books", "arxiv", "stackexchange")

CONTENT_HASH_KEY = "content_hash"
"""Metadata of a file of code: BLAKE2b-128 of its raw bytes, in hexadecimal digits."""

DOCUMENT_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("url", pa.string()),
        pa.field("language", pa.string()),
        pa.field("language_score", pa.float32()),
        pa.field("perplexity", pa.float32()),
        pa.field("quality", pa.float32()),
        pa.field("metadata", pa.string(), nullable=False),
    ]
)

LANGUAGE_MARK = ":"
"""Between source and language in the names of packed tokens of a source whose languages are packed apart."""

SETTLED_CHARS = (
    r"\x{1}-\x{C}\x{E}-\x{2FF}"  # Latin, but for NUL and carriage return
    r"\x{386}\x{388}-\x{38A}\x{38C}\x{38E}-\x{3A1}\x{3A3}-\x{482}\x{48A}-\x{52F}"  # Greek, Cyrillic
    r"\x{5D0}-\x{5EA}\x{60C}\x{61B}\x{61F}-\x{64A}\x{660}-\x{66F}\x{671}-\x{6D5}"  # Hebrew, Arabic
    r"\x{E01}-\x{E37}\x{E40}-\x{E47}"  # Thai
    r"\x{2002}-\x{2064}\x{20A0}-\x{20C0}\x{2100}-\x{2125}\x{212C}-\x{218B}\x{2190}-\x{2328}"  # punctuation
    r"\x{232B}-\x{2426}\x{2460}-\x{2ADB}"  # symbols
    r"\x{3000}-\x{3029}\x{3041}-\x{3096}\x{30A0}-\x{30FF}\x{4E00}-\x{9FFF}\x{AC00}-\x{D7A3}"  # Chinese, Japanese, Korean
    r"\x{FF01}-\x{FFBE}\x{FFE0}-\x{FFE6}\x{FFFD}\x{1F300}-\x{1F6D7}\x{1F900}-\x{1FA53}"  # full width, emoji
)
"""A text of these characters alone is in public form: each is its own NFC and none melts into what stands before it."""

UNSETTLED = f"[^{SETTLED_CHARS}]"

_SURROGATE = re.compile("[\ud800-\udfff]")


def source_of(name: str) -> str:
    """The source behind a name of packed tokens: `wikipedia` of `wikipedia:de`."""
    return name.partition(LANGUAGE_MARK)[0]


def document_batch(columns: Mapping[str, Sequence[Any] | pa.Array]) -> pa.RecordBatch:
    """Build a batch of DOCUMENT_SCHEMA from `columns`; a nullable column that is missing becomes null.

    Texts are brought to the public normal form (`normalize_text`).
    """
    num_rows = len(columns["id"])
    arrays = []
    for field in DOCUMENT_SCHEMA:
        values = columns.get(field.name)
        if values is None:
            arrays.append(pa.nulls(num_rows, field.type))
        elif isinstance(values, pa.Array):
            arrays.append(values.cast(field.type))
        else:
            arrays.append(pa.array(values, field.type))
    text = DOCUMENT_SCHEMA.get_field_index("text")
    arrays[text] = normalize_text(arrays[text])
    return pa.RecordBatch.from_arrays(arrays, schema=DOCUMENT_SCHEMA)


def normalize_text(texts: pa.Array) -> pa.Array:
    r"""Bring large_string `texts` to the public form: NFC, `\n` line ends, no NUL."""
    unsettled = pc.match_substring_regex(texts, UNSETTLED)
    if not pc.any(unsettled).as_py():
        return texts
    # ten times as slow as the look before: only for the texts that it may change
    return pc.replace_with_mask(texts, unsettled, _normalized(texts.filter(unsettled)))


def _normalized(texts: pa.Array) -> pa.Array:
    for old, new in (("\r\n", "\n"), ("\r", "\n"), ("\0", "")):
        texts = pc.replace_substring(texts, pattern=old, replacement=new)
    return pc.utf8_normalize(texts, form="NFC")


def to_valid_unicode(text: str) -> str:
    """Join surrogate pairs and turn lone surrogates, which UTF-8 cannot hold, into U+FFFD."""
    if text.isascii() or _SURROGATE.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def text_lengths_bytes(texts: pa.Array) -> pa.Array:
    """Length of each text in bytes of UTF-8, int64, shape (rows,)."""
    return pc.binary_length(texts).cast(pa.int64())
