"""Every export format is read back by its own layout, and holds every document's tokens, in order, once."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages.core.errors import UserError
from stages.tokenize import exports
from stages.tokenize.export import documents, huggingface, mds
from stages.tokenize.exports import export_tokens
from tests.packed import write_packed

DOCUMENTS = {
    "books": [("books/a", [1, 5, 2]), ("books/b", [1, 2])],
    "c4": [("c4/é/0", [1, 7, 8, 9, 2]), ("c4/é/1", [1, 300, 2]), ("c4/é/2", [1, 6, 6, 2])],
}


def write_shards(folder: Path, dtype: str) -> str:
    """Two shards of c4 and one of books, as the pack stage writes them."""
    plan = [("books", DOCUMENTS["books"]), ("c4", DOCUMENTS["c4"][:2]), ("c4", DOCUMENTS["c4"][2:])]
    write_packed(folder, plan, dtype, vocab_size=400)
    return str(folder)


@pytest.fixture(params=["uint16", "uint32"])
def packed(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    folder = tmp_path / "pack"
    folder.mkdir()
    return write_shards(folder, request.param)


def test_nanogpt(packed: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert export_tokens(packed, str(out), "nanogpt") == ["books.bin", "c4.bin", "dataset.json"]
    about = orjson.loads((out / "dataset.json").read_bytes())
    for source, rows in DOCUMENTS.items():
        found = np.memmap(out / f"{source}.bin", dtype=about["dtype"], mode="r")
        assert found.tolist() == [token for _, ids in rows for token in ids]
    assert about["sources"] == {
        "books": {"documents": 2, "tokens": 5, "files": ["books.bin"]},
        "c4": {"documents": 3, "tokens": 12, "files": ["c4.bin"]},
    }
    assert (about["bos"], about["eos"], about["vocab_size"], about["format"]) == (1, 2, 400, "nanogpt")


def read_megatron(prefix: Path) -> tuple[list[list[int]], list[int]]:
    """Documents as Megatron's IndexedDataset reads them."""
    index = prefix.with_suffix(".idx").read_bytes()
    assert index[:9] == b"MMIDIDX\x00\x00"
    version, code, num_sequences, num_documents = struct.unpack_from("<QBQQ", index, 9)
    assert version == 1
    at = 9 + struct.calcsize("<QBQQ")
    sizes = np.frombuffer(index, "<i4", num_sequences, at)
    pointers = np.frombuffer(index, "<i8", num_sequences, at + sizes.nbytes)
    ends = np.frombuffer(index, "<i8", num_documents, at + sizes.nbytes + pointers.nbytes)
    assert at + sizes.nbytes + pointers.nbytes + ends.nbytes == len(index)
    dtype = {4: "<i4", 8: "<u2"}[code]
    data = prefix.with_suffix(".bin").read_bytes()
    pairs = zip(pointers.tolist(), sizes.tolist(), strict=True)
    return [np.frombuffer(data, dtype, size, pointer).tolist() for pointer, size in pairs], ends.tolist()


def test_megatron(packed: str, tmp_path: Path) -> None:
    export_tokens(packed, str(tmp_path / "out"), "megatron")
    for source, rows in DOCUMENTS.items():
        found, ends = read_megatron(tmp_path / "out" / source)
        assert found == [ids for _, ids in rows]
        assert ends == list(range(len(rows) + 1))


def test_hugging_face(packed: str, tmp_path: Path) -> None:
    names = export_tokens(packed, str(tmp_path / "out"), "huggingface")
    assert names == ["books-00000.parquet", "c4-00000.parquet", "dataset.json"]
    for source, rows in DOCUMENTS.items():
        table = pq.read_table(tmp_path / "out" / f"{source}-00000.parquet")
        assert list(zip(*table.to_pydict().values(), strict=True)) == rows


def test_hugging_face_rolls_files(packed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface, "SHARD_TOKENS", 5)
    names = export_tokens(packed, str(tmp_path / "out"), "huggingface")
    assert names[1:3] == ["c4-00000.parquet", "c4-00001.parquet"]
    tables = [pq.read_table(tmp_path / "out" / name) for name in names[1:3]]
    assert pa.concat_tables(tables).column("id").to_pylist() == [name for name, _ in DOCUMENTS["c4"]]


def read_mds(folder: Path, dtype: str) -> list[tuple[str, list[int]]]:
    """Samples as MosaicML's MDSReader reads them."""
    index = orjson.loads((folder / "index.json").read_bytes())
    assert index["version"] == 2
    found = []
    for shard in index["shards"]:
        data = (folder / shard["raw_data"]["basename"]).read_bytes()
        assert len(data) == shard["raw_data"]["bytes"]
        assert shard["column_names"] == ["id", "tokens"]
        assert shard["column_encodings"] == ["str", "bytes"]
        (count,) = struct.unpack_from("<I", data)
        assert count == shard["samples"]
        offsets = np.frombuffer(data, "<u4", count + 1, 4)
        header = orjson.loads(data[4 + offsets.nbytes : offsets[0]])
        assert header == {key: shard[key] for key in header}
        for start, stop in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
            sample = data[start:stop]
            name_bytes, token_bytes = struct.unpack_from("<II", sample)
            assert 8 + name_bytes + token_bytes == len(sample)
            name = sample[8 : 8 + name_bytes].decode()
            found.append((name, np.frombuffer(sample[8 + name_bytes :], dtype).tolist()))
    return found


@pytest.mark.parametrize("shard_bytes", [1, 60, 1 << 20])
def test_mds(packed: str, tmp_path: Path, shard_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mds, "SHARD_BYTES", shard_bytes)
    export_tokens(packed, str(tmp_path / "out"), "mds")
    about = orjson.loads((tmp_path / "out" / "dataset.json").read_bytes())
    for source, rows in DOCUMENTS.items():
        assert read_mds(tmp_path / "out" / source, about["dtype"]) == rows
    shards = list((tmp_path / "out" / "c4").glob("*.mds"))
    assert len(shards) == {1: 3, 60: 2, 1 << 20: 1}[shard_bytes]


@pytest.mark.parametrize("batch_tokens", [1, 3, 100])
def test_batches_hold_whole_documents(packed: str, batch_tokens: int) -> None:
    shard = exports.token_shards(packed)[0][1]
    found = [
        (name, batch.tokens[batch.offsets[i] : batch.offsets[i + 1]].tolist())
        for batch in documents.token_batches(shard, batch_tokens)
        for i, name in enumerate(batch.ids)
    ]
    assert found == DOCUMENTS["c4"][:2]


def test_a_short_shard_is_refused(packed: str, tmp_path: Path) -> None:
    shard = Path(packed) / "tokens" / "tokens-00001.bin"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"tokens-00001\.bin: token shard has the wrong size"):
        export_tokens(packed, str(tmp_path / "out"), "megatron")


@pytest.mark.parametrize("format_name", ["huggingface", "litdata", "mds", "megatron", "nanogpt"])
@pytest.mark.parametrize(
    "source", ["../../x", "/tmp/x", "a/../../../x", "..", "a\x1b[2Jb", "c4:../x", "c4:", "c4:de:at"]
)
def test_a_source_whose_name_leaves_the_folder_is_refused(
    tmp_path: Path, format_name: str, source: str
) -> None:
    """A folder of tokens may come from anywhere: `../../x` once overwrote a file outside `--out`."""
    folder, out = tmp_path / "pack", tmp_path / "a" / "b" / "out"
    folder.mkdir()
    write_packed(folder, [(source, [("x/0", [1, 2])])], "uint16", vocab_size=400)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UserError, match="no name of a file below"):
        export_tokens(str(folder), str(out), format_name)
    out_folders = {out, out.parent, out.parent.parent}
    assert set(tmp_path.rglob("*")) - set(before) - out_folders == set()
