"""litdata's chunks by their documented layout, and beside litdata's own writer and readers where it is installed."""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from stages.tokenize.export import litdata as format_file
from stages.tokenize.exports import ExportMixture, MixtureShare, export_tokens
from tests.packed import write_packed

C4 = [[1, 7, 8, 9, 2], [1, 300, 2], [1, 6, 6, 2]]
BOOKS = [[1, 5, 2], [1, 2]]
DOCUMENTS = {"books:en": BOOKS, "c4": C4}
STEMS = {"books:en": "books.en", "c4": "c4"}


@pytest.fixture(params=["uint16", "uint32"])
def packed(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Two shards of c4 and one of books."""
    rows = {
        source: [(f"{source}/{i}", ids) for i, ids in enumerate(own)] for source, own in DOCUMENTS.items()
    }
    plan = [("books:en", rows["books:en"]), ("c4", rows["c4"][:2]), ("c4", rows["c4"][2:])]
    folder = tmp_path / "pack"
    folder.mkdir()
    write_packed(folder, plan, request.param, vocab_size=400)
    return str(folder)


def read_chunks(folder: Path) -> list[list[int]]:
    """The items of a folder, as litdata's `writer.py::_create_chunk` describes them."""
    index = orjson.loads((folder / "index.json").read_bytes())
    dtype = {"no_header_tensor:20": "<u2", "no_header_tensor:16": "<i4"}[index["config"]["data_format"][0]]
    items = []
    for chunk in index["chunks"]:
        data = (folder / chunk["filename"]).read_bytes()
        assert len(data) == chunk["chunk_bytes"]
        (count,) = struct.unpack_from("<I", data)
        offsets = np.frombuffer(data, "<u4", count + 1, 4).tolist()
        assert (count, offsets[0], offsets[-1]) == (chunk["chunk_size"], 4 * (count + 2), len(data))
        own = [np.frombuffer(data[start:stop], dtype).tolist() for start, stop in pairwise(offsets)]
        assert chunk["dim"] == sum(map(len, own))
        items += own
    return items


@pytest.mark.parametrize(("chunk_bytes", "chunks"), [(1, 2), (64 << 20, 1)])
def test_every_document_is_an_item(
    packed: str, tmp_path: Path, chunk_bytes: int, chunks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(format_file, "CHUNK_BYTES", chunk_bytes)
    names = export_tokens(packed, str(tmp_path / "out"), "litdata")
    assert names == [
        *("books.en/chunk-0-0.bin", "books.en/index.json"),
        *(f"c4/chunk-0-{number}.bin" for number in range(chunks)),
        *("c4/index.json", "dataset.json"),
    ]
    for source, documents in DOCUMENTS.items():
        assert read_chunks(tmp_path / "out" / STEMS[source]) == documents
    again = export_tokens(packed, str(tmp_path / "again"), "litdata")
    assert [(tmp_path / "out" / name).read_bytes() for name in names] == [
        (tmp_path / "again" / name).read_bytes() for name in again
    ]


def test_the_mixture_is_a_list_of_folders_and_of_weights(packed: str, tmp_path: Path) -> None:
    export_tokens(packed, str(tmp_path / "out"), "litdata", mixture())
    assert orjson.loads((tmp_path / "out" / "combined.json").read_bytes()) == {
        "input_dirs": [f"{tmp_path}/out/books.en", f"{tmp_path}/out/c4"],
        "weights": [0.75, 0.25],
    }


def mixture() -> ExportMixture:
    shares = {
        "books:en": MixtureShare(weight=0.75, epochs=6.0, tokens=24, tokens_available=5),
        "c4": MixtureShare(weight=0.25, epochs=1.0, tokens=8, tokens_available=12),
    }
    return ExportMixture(packing="stream", sequence_length=2, total_tokens=32, sources=shares)


def library() -> Any:
    return pytest.importorskip("litdata", reason="litdata is not installed", exc_type=ImportError)


def test_files_are_those_of_litdatas_own_writer(packed: str, tmp_path: Path) -> None:
    library()
    torch = pytest.importorskip("torch")
    from litdata.streaming.item_loader import TokensLoader
    from litdata.streaming.writer import BinaryWriter

    export_tokens(packed, str(tmp_path / "out"), "litdata")
    dtype = {"<u2": torch.uint16, "<i4": torch.int32}[
        orjson.loads((tmp_path / "out" / "dataset.json").read_bytes())["dtype"]
    ]
    writer = BinaryWriter(str(tmp_path / "own"), chunk_bytes=64 << 20, item_loader=TokensLoader())
    for number, ids in enumerate(C4):
        writer[number] = torch.tensor(ids, dtype=dtype)
    writer.done()
    writer.merge(1)
    ours, theirs = (
        orjson.loads((folder / "index.json").read_bytes())
        for folder in (tmp_path / "out" / "c4", tmp_path / "own")
    )
    assert ours | {"updated_at": None} == theirs | {"updated_at": None}
    chunks = [folder / "chunk-0-0.bin" for folder in (tmp_path / "out" / "c4", tmp_path / "own")]
    assert chunks[0].read_bytes() == chunks[1].read_bytes()


def test_litdata_streams_the_mixture(packed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    streaming = library().streaming
    monkeypatch.setenv("DATA_OPTIMIZER_CACHE_FOLDER", str(tmp_path / "cache"))
    export_tokens(packed, str(tmp_path / "out"), "litdata", mixture())
    given = orjson.loads((tmp_path / "out" / "combined.json").read_bytes())
    parts = [
        streaming.StreamingDataset(folder, item_loader=streaming.TokensLoader(block_size=2))
        for folder in given["input_dirs"]
    ]
    blocks = [[block.tolist() for block in part] for part in parts]
    assert blocks == [
        [flat[i : i + 2] for i in range(0, len(flat) - 1, 2)]
        for flat in ([token for ids in own for token in ids] for own in (BOOKS, C4))
    ]
    mixed = streaming.CombinedStreamingDataset(
        parts, weights=given["weights"], iterate_over_all=False, seed=1
    )
    drawn = [block.tolist() for block in mixed]
    assert drawn
    assert all(block in blocks[0] + blocks[1] for block in drawn)
