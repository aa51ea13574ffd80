"""The document: the one row type that every stage reads and writes, as an Arrow schema (docs/formats.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

SOURCES = ("common_crawl", "c4", "github", "wikipedia", "books", "arxiv", "stackexchange")

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

_SURROGATE = re.compile("[\ud800-\udfff]")


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
    for old, new in (("\r\n", "\n"), ("\r", "\n"), ("\0", "")):
        texts = pc.replace_substring(texts, pattern=old, replacement=new)
    return pc.utf8_normalize(texts, form="NFC")


def to_valid_unicode(text: str) -> str:
    """Join surrogate pairs and turn lone surrogates, which UTF-8 cannot hold, into U+FFFD."""
    if _SURROGATE.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def text_lengths_bytes(texts: pa.Array) -> pa.Array:
    """Length of each text in bytes of UTF-8, int64, shape (rows,)."""
    return pc.binary_length(texts).cast(pa.int64())
