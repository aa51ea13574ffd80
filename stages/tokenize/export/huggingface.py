"""Packed tokens in, Parquet files for `datasets.load_dataset("parquet", ...)` out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pyarrow as pa

from stages.core.manifest import DOCUMENTS
from stages.core.parquet import ParquetWriter
from stages.tokenize.export.documents import document_batches
from stages.tokenize.exports import ExportFormat
from stages.tokenize.shards import TokenShard

SHARD_TOKENS = 128 << 20


class HuggingFace(ExportFormat):
    """`<source>-<n>.parquet` with `id` and `input_ids`."""

    name: ClassVar[str] = "huggingface"

    def write(self, shards: Sequence[TokenShard], folder: str, stem: str) -> list[str]:
        """Files of about SHARD_TOKENS tokens, named when all of them are whole."""
        token = pa.uint16() if shards[0].dtype == "uint16" else pa.uint32()
        schema = pa.schema([("id", pa.string()), ("input_ids", pa.large_list(token))])
        writers: list[ParquetWriter] = []
        filled = SHARD_TOKENS
        try:
            for batch in document_batches(shards):
                if filled >= SHARD_TOKENS:
                    name = f"{stem}-{len(writers):05d}.parquet"
                    writers.append(ParquetWriter(folder, name, schema, DOCUMENTS))
                    filled = 0
                lists = pa.LargeListArray.from_arrays(pa.array(batch.offsets), pa.array(batch.tokens, token))
                ids = pa.array(batch.ids, pa.string())
                writers[-1].write(pa.table({"id": ids, "input_ids": lists}, schema=schema))
                filled += len(batch.tokens)
                if filled >= SHARD_TOKENS:
                    writers[-1].finish()
            return [writer.commit().name for writer in writers]
        except BaseException:
            for writer in writers:
                writer.discard()
            raise
