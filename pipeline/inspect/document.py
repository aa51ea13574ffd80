"""A run and a document's id in, the document as tokens out: the pieces that a model would read, with their ids."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
import pyarrow.dataset as ds

from pipeline.chain import need_token_stages, run_of, stages_at
from stages.core import storage
from stages.core.errors import UserError
from stages.core.manifest import INDEX, MODEL
from stages.core.names import below
from stages.tokenize.pack import PackedShard
from stages.tokenize.shards import TOKEN_DTYPES
from stages.tokenize.tokenizers.ends import Ends
from stages.tokenize.tokenizers.load import load_tokenizer

PIECES_PER_LINE = 16


@dataclass(frozen=True)
class TokenDocument:
    """The tokens of a document, where they lie, and the pieces that they stand for."""

    id: str
    shard: str
    offset: int
    ids: npt.NDArray[np.int64]
    pieces: tuple[str, ...]
    text: str


def token_document(run: str, document: str, model: str | None = None) -> TokenDocument:
    """The packed tokens of a document, in this run or in the one that it was made of.

    `model` is the tokenizer's file where the run that packed them does not hold it.
    """
    manifest = need_token_stages(run).packed
    for uri in manifest.uris(INDEX):
        place = _find(uri, document)
        if place is None:
            continue
        shard = uri.removesuffix(".index.parquet") + ".bin"
        packed = next(p for p in manifest.facts_of(PackedShard) if shard.endswith(f"/{p.shard}"))
        file = tokenizer_file(run_of(manifest) or manifest.folder, packed.tokenizer_sha256, model)
        tokenizer = load_tokenizer(file, Ends(packed.bos, packed.eos))
        ids = _read(shard, packed.dtype, *place)
        pieces = tuple(tokenizer.piece(int(token)) for token in ids)
        return TokenDocument(document, shard, place[0], ids, pieces, tokenizer.decode(ids))
    raise UserError(
        f"{document}: no packed document of this id in {run}; `altiplano explain` tells what became of it"
    )


def document_lines(document: TokenDocument, max_tokens: int) -> Iterator[str]:
    """The document as lines of `id piece` pairs, at most `max_tokens` of them."""
    count = len(document.ids)
    name = document.shard.rsplit("/", 1)[-1]
    yield f"{document.id}: {count:,} tokens in {name} from token {document.offset:,}"
    shown = min(count, max_tokens)
    for start in range(0, shown, PIECES_PER_LINE):
        stop = min(shown, start + PIECES_PER_LINE)
        pairs = zip(document.ids[start:stop], document.pieces[start:stop], strict=True)
        yield "  ".join(f"{token} {piece!r}" for token, piece in pairs)
    if shown < count:
        yield f"... {count - shown:,} more; --max-tokens shows them"


def _find(uri: str, document: str) -> tuple[int, int] | None:
    fs, path = storage.filesystem(uri)
    index = ds.dataset(path, filesystem=fs, format="parquet")
    rows = index.to_table(columns=["offset", "length"], filter=pc.field("id") == document)
    if rows.num_rows == 0:
        return None
    return rows.column("offset")[0].as_py(), rows.column("length")[0].as_py()


def _read(shard: str, dtype: str, offset: int, length: int) -> npt.NDArray[np.int64]:
    kind = TOKEN_DTYPES[dtype]
    with storage.open_input(shard) as stream:
        stream.seek(offset * kind.itemsize)
        return np.frombuffer(stream.read(length * kind.itemsize), kind).astype(np.int64)


def tokenizer_file(run: str, sha256: str, model: str | None, option: str = "--model") -> str:
    """The file of the tokenizer of packed tokens: the one given by an option, or the one that their run trained."""
    if model is not None:
        if storage.sha256_file(model) != sha256:
            raise UserError(f"{model}: another tokenizer than the one of these tokens ({sha256[:12]})")
        return model
    for manifest in stages_at(run):
        for file in manifest.of_kind(MODEL):
            if file.sha256 == sha256:
                return below(manifest.folder, file.name)
    raise UserError(f"{run}: does not hold tokenizer {sha256[:12]}; give its file by {option}")
