"""The folder of a finished pack stage in, its token shards out: where each is, its place in its source's stream, its size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from stages.core import storage
from stages.core.errors import UserError
from stages.core.manifest import MANIFEST_NAME, TOKENS, Manifest, read_manifest
from stages.core.names import below
from stages.tokenize.encode import TokenFormat
from stages.tokenize.pack import PackedShard

TOKEN_DTYPES: dict[str, np.dtype[Any]] = {"uint16": np.dtype("<u2"), "uint32": np.dtype("<u4")}


@dataclass(frozen=True)
class TokenShard:
    """One token shard: where it is, and its place in its source's stream. `start` in tokens."""

    uri: str
    source: str
    start: int
    tokens: int
    documents: int
    dtype: str
    text_bytes: int
    sha256: str

    @property
    def stop(self) -> int:
        """The stream position after its last token."""
        return self.start + self.tokens

    @property
    def index_uri(self) -> str:
        """Where the index of its documents is."""
        return self.uri.removesuffix(".bin") + ".index.parquet"

    @property
    def bytes(self) -> int:
        """The size that the file must have."""
        return self.tokens * TOKEN_DTYPES[self.dtype].itemsize


def token_shards(folder: str) -> tuple[list[TokenShard], TokenFormat]:
    """The shards of a pack stage's folder, each with the size that it must have, and what the ids of all of them mean.

    A UserError names a missing or short shard, and its bytes.
    """
    if not storage.exists(storage.join(folder, MANIFEST_NAME)):
        raise UserError(f"{folder}: no {MANIFEST_NAME}; the pack stage has not finished there")
    manifest = read_manifest(folder)
    shards = _shards_of(manifest)
    for shard in shards:
        _check_size(shard)
    if not shards:
        raise UserError(f"{folder}: the pack stage made no tokens")
    return shards, manifest.facts_of(PackedShard)[0]


def _shards_of(manifest: Manifest) -> list[TokenShard]:
    shards: list[TokenShard] = []
    ends: dict[str, int] = {}
    packed = manifest.facts_of(PackedShard)
    hashes = {file.name: file.sha256 for file in manifest.of_kind(TOKENS)}
    for found in packed:
        if found.tokens == 0:
            continue
        start = ends.get(found.source, 0)
        if found.dtype not in TOKEN_DTYPES:
            raise UserError(f"{found.shard}: dtype {found.dtype!r} is none of {', '.join(TOKEN_DTYPES)}")
        if found.tokenizer_sha256 != packed[0].tokenizer_sha256:
            raise UserError(f"{found.shard}: made by another tokenizer than {packed[0].shard}")
        uri = below(manifest.folder, found.shard)
        shards.append(
            TokenShard(
                uri,
                found.source,
                start,
                found.tokens,
                found.documents,
                found.dtype,
                found.text_bytes,
                hashes[found.shard],
            )
        )
        ends[found.source] = start + found.tokens
    return shards


def _check_size(shard: TokenShard) -> None:
    if not storage.exists(shard.uri):
        raise UserError(f"{shard.uri}: token shard is missing; expected {shard.bytes} bytes, found none")
    found = storage.size_bytes(shard.uri)
    if found != shard.bytes:
        raise UserError(
            f"{shard.uri}: token shard has the wrong size; expected {shard.bytes} bytes, found {found}"
        )
