"""The folder of a finished pack stage in, its tokens in another trainer's file format out.

A format is a subclass in a file of its own below `stages/tokenize/export`; the file is all that it takes to add one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import orjson

from stages.core import storage
from stages.core.atomic import write_bytes
from stages.core.discover import classes_in
from stages.core.errors import UserError
from stages.core.names import below
from stages.core.verb import suggest
from stages.tokenize.read import TOKEN_DTYPES, TokenShard, token_shards

FORMATS_ROOM = "stages.tokenize.export"


class ExportFormat(ABC):
    """A file format of tokens. The index is written last: where it is, the data is whole."""

    name: ClassVar[str]

    def dtype(self, packed: str) -> str:
        """Numpy's name of the type in which ids are written that are packed as uint16 or uint32."""
        return TOKEN_DTYPES[packed].str

    @abstractmethod
    def write(self, shards: Sequence[TokenShard], folder: str, source: str) -> list[str]:
        """Write the shards of one source; the names of the files below `folder`."""


def export_formats() -> dict[str, ExportFormat]:
    """Every format by its name, sorted."""
    found = {kind.name: kind() for kind in classes_in(FORMATS_ROOM, ExportFormat)}
    return dict(sorted(found.items()))


def export_tokens(folder: str, out: str, format_name: str) -> list[str]:
    """Write the packed tokens of a pack stage's folder in a format; the names of the files, by source.

    `dataset.json`, written last, says what the ids mean: dtype, vocabulary size, <s>, </s>, tokenizer's SHA-256, and
    tokens and documents by source.
    """
    formats = export_formats()
    if format_name not in formats:
        raise UserError(f"no format {format_name!r}; {suggest(format_name, formats)}")
    chosen = formats[format_name]
    shards, means = token_shards(folder)
    by_name = sorted({shard.source for shard in shards})
    for source in by_name:
        below(out, source)  # refused before anything is written: the tokens may come from anywhere
    storage.make_folder(out)
    names: list[str] = []
    sources = {}
    for source in by_name:
        own = [shard for shard in shards if shard.source == source]
        names += chosen.write(own, out, source)
        sources[source] = {
            "documents": sum(shard.documents for shard in own),
            "tokens": sum(shard.tokens for shard in own),
        }
    about = {
        **means.model_dump(include={"bos", "eos", "tokenizer_sha256", "vocab_size"}),
        "dtype": chosen.dtype(means.dtype),
        "format": format_name,
        "sources": sources,
    }
    options = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2
    write_bytes(storage.join(out, "dataset.json"), orjson.dumps(about, option=options) + b"\n")
    return [*names, "dataset.json"]
