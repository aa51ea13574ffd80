"""Storage: files appear whole or not at all; patterns give names that do not depend on where the data lies."""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from stages.core import storage
from stages.core.errors import UserError


def test_a_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "out.bin"
    with storage.atomic_output(str(target)) as output:
        output.write(b"abc")
        assert not target.exists()
    assert target.read_bytes() == b"abc"
    assert (output.num_bytes, output.sha256) == (3, hashlib.sha256(b"abc").hexdigest())


def test_an_error_while_writing_keeps_the_old_file_and_leaves_no_other(tmp_path: Path) -> None:
    target = tmp_path / "out.bin"
    target.write_bytes(b"old")
    with pytest.raises(RuntimeError), storage.atomic_output(str(target)) as output:
        output.write(b"half")
        raise RuntimeError
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("out.bin", b"old")]


def test_patterns_folders_and_files_give_relative_sorted_names(tmp_path: Path) -> None:
    for name in ("b/2.txt", "a/1.txt", "a/deep/3.txt", "a/4.bin"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    names = {
        pattern: [file.name for file in storage.find_files(f"{tmp_path}/{pattern}")]
        for pattern in ("**/*.txt", "a", "a/*.txt", "b/2.txt")
    }
    assert names == {
        "**/*.txt": ["a/1.txt", "a/deep/3.txt", "b/2.txt"],
        "a": ["1.txt", "4.bin", "deep/3.txt"],
        "a/*.txt": ["1.txt"],
        "b/2.txt": ["2.txt"],
    }


def test_nothing_there_is_a_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no file matches"):
        storage.find_files(f"{tmp_path}/*.gz")
    with pytest.raises(UserError, match="no such file or folder"):
        storage.find_files(f"{tmp_path}/nothing.gz")


def test_the_probe_sees_size_beginning_and_end(tmp_path: Path) -> None:
    data = bytearray(200_000)
    path = tmp_path / "raw"
    seen = set()
    for change in (None, 0, 199_999):
        changed = bytearray(data)
        if change is not None:
            changed[change] = 1
        path.write_bytes(changed)
        seen.add(storage.probe(str(path), len(changed)))
    path.write_bytes(data + b"\0")
    seen.add(storage.probe(str(path), 200_001))
    assert len(seen) == 4


def test_leftovers_of_killed_attempts_are_deleted(tmp_path: Path) -> None:
    (tmp_path / f"00000-00000.parquet{storage.TEMPORARY_MARK}0123456789ab").write_bytes(b"")
    (tmp_path / "00000-00000.parquet").write_bytes(b"")
    (tmp_path / "draft.tmp-notes.txt").write_bytes(b"")
    storage.delete_leftovers(str(tmp_path))
    kept = ["00000-00000.parquet", "draft.tmp-notes.txt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == kept
    assert [file.name for file in storage.find_files(str(tmp_path))] == kept


def test_a_file_whose_name_holds_a_wildcard_is_found(tmp_path: Path) -> None:
    (tmp_path / "b[1].txt").write_bytes(b"x")
    assert [file.name for file in storage.find_files(f"{tmp_path}/b[1].txt")] == ["b[1].txt"]


class Failing:
    """A stream of which one method fails, once or always."""

    def __init__(self, inner: BinaryIO, method: str, error: Exception) -> None:
        self._inner, self._method, self._error = inner, method, error

    def __getattr__(self, name: str) -> Any:
        if name != self._method:
            return getattr(self._inner, name)

        def fail(*_: Any) -> None:
            raise self._error

        return fail


@pytest.mark.parametrize("method", ["write", "flush", "fileno", "close"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), ValueError("closed")])
def test_no_temporary_file_stays_whatever_fails(tmp_path: Path, method: str, error: Exception) -> None:
    output = storage.AtomicFile(str(tmp_path / "x"))
    output._raw = Failing(output._raw, method, error)
    with pytest.raises(type(error)) as raised:
        try:
            output.write(b"x")
            output.commit()
        except BaseException:
            output.discard()
            raise
    assert raised.value is error
    assert list(tmp_path.iterdir()) == []
