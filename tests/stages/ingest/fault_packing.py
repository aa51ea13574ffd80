"""Small contents in, archives and compressed files of them out, damaged ones too."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import random
import tarfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import py7zr
import pyarrow as pa
import pyarrow.parquet as pq

Files = Mapping[str, bytes]
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": lambda data: gzip.compress(data, mtime=0),
    "bz2": bz2.compress,
    "xz": lzma.compress,
}


def prose(seed: int, words: int = 120) -> str:
    """Text that does not compress well."""
    letters = random.Random(seed)
    return " ".join("".join(letters.choices("etaoinshrdlu", k=letters.randint(2, 9))) for _ in range(words))


def tar_of(files: Files, mode: str = "w") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as tar:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def zip_of(files: Files) -> bytes:
    stream = io.BytesIO()
    kinds = (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    with zipfile.ZipFile(stream, "w") as archive:
        for number, (name, content) in enumerate(files.items()):
            archive.writestr(zipfile.ZipInfo(name), content, kinds[number % len(kinds)])
    return stream.getvalue()


def seven_zip_of(files: Files) -> bytes:
    stream = io.BytesIO()
    with py7zr.SevenZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(content, name)
    return stream.getvalue()


def parquet_of(rows: Sequence[Mapping[str, Any]], rows_in_group: int = 4) -> bytes:
    return parquet_of_table(pa.Table.from_pylist(list(rows)), rows_in_group)


def parquet_of_table(table: pa.Table, rows_in_group: int = 4) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream, row_group_size=rows_in_group)
    return stream.getvalue()


def damaged_parquet(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """A file whose second row group does not begin as it must."""
    data = parquet_of(rows)
    column = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(1).column(0)
    return flipped(data, (column.dictionary_page_offset or column.data_page_offset) / len(data))


def fastwarc_packed(writer_type: type, records: Sequence[bytes]) -> bytes:
    stream = io.BytesIO()
    for record in records:
        with writer_type(stream) as writer:
            writer.write(record)
    return stream.getvalue()


def with_damaged_frame(writer_type: type, records: Sequence[bytes]) -> bytes:
    frames = [fastwarc_packed(writer_type, [record]) for record in records]
    return b"".join([*frames[:2], flipped(frames[2], 4.5 / len(frames[2])), *frames[3:]])


def json_lines(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def flipped(data: bytes, at: float) -> bytes:
    """The bytes with sixteen of them wrong, from this part of them on."""
    place = int(len(data) * at)
    return data[:place] + bytes(byte ^ 0xA5 for byte in data[place : place + 16]) + data[place + 16 :]
