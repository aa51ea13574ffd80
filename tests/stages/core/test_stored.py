"""Files of a run with other bytes than were written: one line that names the file and what to do."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages.core.errors import UserError
from stages.core.manifest import Manifest
from stages.core.parquet import read_batches
from stages.core.stored import open_stored, parsed, read_stored_table


def shard(tmp_path: Path) -> Path:
    path = tmp_path / "a.parquet"
    table = pa.table({"id": [f"x{i}" for i in range(2000)], "offset": range(2000)})
    pq.write_table(table, path, write_page_checksum=True, compression="none", use_dictionary=False)
    return path


@pytest.mark.parametrize("kind", ["cut", "footer", "page", "missing"])
def test_a_shard_that_is_not_what_was_written_is_one_line(kind: str, tmp_path: Path) -> None:
    path = shard(tmp_path)
    data = bytearray(path.read_bytes())
    if kind == "cut":
        del data[len(data) // 2 :]
    elif kind == "footer":
        data[-30] ^= 0xFF
        data[-12:-8] = b"\xff" * 4
    elif kind == "page":  # a digit of an id: nothing but the checksum of its page tells
        data[data.index(b"x7")] ^= 1
    path.write_bytes(data)
    if kind == "missing":
        path.unlink()
    for read in (lambda: list(read_batches([str(path)])), lambda: read_stored_table(str(path), ["id"])):
        with pytest.raises(UserError, match="altiplano verify") as caught:
            read()
        assert str(caught.value).startswith(f"{path}: ")


def test_a_disk_s_error_stays_one(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="disk"), open_stored(str(shard(tmp_path))):
        raise OSError(5, "disk")


def test_a_buffer_of_exabytes_is_damage_and_too_little_memory_is_not(tmp_path: Path) -> None:
    path = str(shard(tmp_path))
    with pytest.raises(UserError, match="bytes are in it"), open_stored(path):
        raise pa.ArrowMemoryError("malloc of size 4503599627436032 failed")
    with pytest.raises(MemoryError), open_stored(path):
        raise pa.ArrowMemoryError("malloc of size 1000000 failed")


def test_a_record_that_is_none_is_one_line() -> None:
    with pytest.raises(UserError, match=r"^m\.json: damaged \(.*verify") as caught:
        parsed(Manifest, b'{"node": 1', "m.json")
    assert "\n" not in str(caught.value)
