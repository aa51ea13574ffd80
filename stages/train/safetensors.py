"""Tensors in, a file of the safetensors format out, and back: the one form of weights here, in checkpoints and exports.

8 bytes of header length, a JSON header of names, types, shapes and offsets, then the data, row by row. Tensors are written
and read one at a time, and of one only the rows that are asked for: memory holds no second copy of a model.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import torch
from torch import Tensor

from stages.core import storage
from stages.core.atomic import AtomicFile, atomic_output
from stages.core.errors import UserError

DTYPES: dict[str, tuple[torch.dtype, str]] = {
    "float32": (torch.float32, "F32"),
    "bfloat16": (torch.bfloat16, "BF16"),
    "float16": (torch.float16, "F16"),
}
KINDS = {code: kind for kind, code in DTYPES.values()}


@dataclass(frozen=True)
class StoredTensor:
    """A tensor in a file: where its bytes begin, its type and shape."""

    uri: str
    offset: int
    dtype: torch.dtype
    shape: tuple[int, ...]

    @property
    def num_weights(self) -> int:
        """Numbers in it."""
        return math.prod(self.shape)

    def read(self, start: int = 0, stop: int | None = None) -> Tensor:
        """Rows start..stop of its first axis, all of them unless said, in its own type."""
        if not self.shape:
            return self._bytes(0, 1).reshape(())
        stop = self.shape[0] if stop is None else stop
        width = math.prod(self.shape[1:])
        return self._bytes(start * width, stop * width).reshape(stop - start, *self.shape[1:])

    def _bytes(self, start: int, stop: int) -> Tensor:
        wanted = (stop - start) * self.dtype.itemsize
        if not wanted:
            return torch.empty(0, dtype=self.dtype)
        with storage.open_whole(self.uri, storage.size_bytes(self.uri)) as stream:
            stream.seek(self.offset + start * self.dtype.itemsize)
            data = bytearray(stream.read(wanted))
        return torch.frombuffer(data, dtype=self.dtype)


def write_safetensors(
    uri: str, shapes: Sequence[tuple[str, Sequence[int]]], values: Iterator[Tensor], dtype: str
) -> AtomicFile:
    """Write tensors of these names and shapes, cast to `dtype`, as one file, atomically; the file that was written."""
    kind, code = DTYPES[dtype]
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, shape in shapes:
        end = offset + math.prod(shape) * kind.itemsize
        header[name] = {"dtype": code, "shape": list(shape), "data_offsets": [offset, end]}
        offset = end
    encoded = orjson.dumps(header)
    encoded += b" " * (-len(encoded) % 8)
    with atomic_output(uri) as output:
        output.write(struct.pack("<Q", len(encoded)))
        output.write(encoded)
        for _, value in zip(shapes, values, strict=True):
            flat = value.detach().to("cpu", kind).contiguous().view(-1)
            output.write(flat.view(torch.uint8).numpy())
    return output


def read_safetensors(uri: str) -> dict[str, StoredTensor]:
    """The tensors of a file by name; a UserError when it is none of these files, or not all of one."""
    size = storage.size_bytes(uri)
    with storage.open_whole(uri, min(size, 8)) as stream:
        first = stream.read(8)
        length = struct.unpack("<Q", first)[0] if len(first) == 8 else size
        encoded = stream.read(length) if length <= size - 8 else b""
    try:
        header = orjson.loads(encoded)
        header.pop("__metadata__", None)
        return {name: _stored(uri, entry, 8 + length, size) for name, entry in header.items()}
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{uri}: no safetensors file, or not all of one") from error


def _stored(uri: str, entry: dict[str, Any], begin: int, size: int) -> StoredTensor:
    kind = KINDS.get(entry["dtype"])
    if kind is None:
        raise UserError(f"{uri}: weights of type {entry['dtype']}; known are {', '.join(KINDS)}")
    (start, stop), shape = entry["data_offsets"], tuple(map(int, entry["shape"]))
    if stop - start != math.prod(shape) * kind.itemsize or start < 0 or min(shape, default=0) < 0:
        raise ValueError(f"{stop - start} bytes for {shape}")
    if begin + stop > size:
        raise UserError(f"{uri}: cut short; {size} bytes are there, {begin + stop} expected")
    return StoredTensor(uri, begin + start, kind, shape)
