"""Packed tokens in, Megatron's `IndexedDataset` out (megatron/core/datasets/indexed_dataset.py), and its blend file."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from stages.core import storage
from stages.core.atomic import atomic_output
from stages.core.errors import UserError
from stages.core.names import below
from stages.tokenize.export.documents import document_batches
from stages.tokenize.exports import BlendPart, ExportFormat
from stages.tokenize.shards import TokenShard

MAGIC = b"MMIDIDX\x00\x00"
VERSION = 1
DTYPES = {"uint16": (8, "<u2"), "uint32": (4, "<i4")}
"""Megatron's code, and the type that it stands for; it has no uint32, and ids need no more than int32."""


class Megatron(ExportFormat):
    """`<source>.bin` and `<source>.idx`: a document is a sequence and a document of its own; `blend.txt`."""

    name: ClassVar[str] = "megatron"

    def dtype(self, packed: str) -> str:
        """Signed where the ids need 32 bits."""
        return DTYPES[packed][1]

    def write(self, shards: Sequence[TokenShard], folder: str, stem: str) -> list[str]:
        """Both files; the index last."""
        code, stored = DTYPES[shards[0].dtype]
        names = [f"{stem}.bin", f"{stem}.idx"]
        lengths: list[np.ndarray] = []
        with atomic_output(below(folder, names[0])) as out:
            for batch in document_batches(shards):
                out.write(np.ascontiguousarray(batch.tokens.astype(stored, copy=False)).data)
                lengths.append(batch.lengths)
        sizes = np.concatenate(lengths)
        pointers = (np.cumsum(sizes) - sizes) * np.dtype(stored).itemsize
        with atomic_output(below(folder, names[1])) as out:
            out.write(MAGIC + struct.pack("<QBQQ", VERSION, code, len(sizes), len(sizes) + 1))
            out.write(sizes.astype("<i4").tobytes())
            out.write(pointers.astype("<i8").tobytes())
            out.write(np.arange(len(sizes) + 1, dtype="<i8").tobytes())
        return names

    def blend(self, parts: Sequence[BlendPart], folder: str) -> dict[str, bytes]:
        """Weight and path prefix by turns, as `--data-args-path blend.txt` takes them; Megatron splits at any space."""
        place = storage.absolute(folder)
        if parts and place.split() != [place]:
            raise UserError(
                f"{place}: Megatron splits its list of paths at spaces; give an --out without any"
            )
        lines = [f"{part.share.weight!r} {storage.join(place, part.stem)}\n" for part in parts]
        return {"blend.txt": "".join(lines).encode()}
