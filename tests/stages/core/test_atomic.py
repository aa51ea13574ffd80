"""Atomic files: whole under their name, or nothing there, whatever fails and whoever is killed."""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from stages.core.atomic import AtomicFile, atomic_output, delete_leftovers
from stages.core.storage import TEMPORARY_MARK


def test_a_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "out.bin"
    with atomic_output(str(target)) as output:
        output.write(b"abc")
        assert not target.exists()
    assert target.read_bytes() == b"abc"
    assert (output.num_bytes, output.sha256) == (3, hashlib.sha256(b"abc").hexdigest())


def test_an_error_while_writing_keeps_the_old_file_and_leaves_no_other(tmp_path: Path) -> None:
    target = tmp_path / "out.bin"
    target.write_bytes(b"old")
    with pytest.raises(RuntimeError), atomic_output(str(target)) as output:
        output.write(b"half")
        raise RuntimeError
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("out.bin", b"old")]


def test_leftovers_of_killed_attempts_are_deleted(tmp_path: Path) -> None:
    (tmp_path / f"00000-00000.parquet{TEMPORARY_MARK}0123456789ab").write_bytes(b"")
    (tmp_path / "00000-00000.parquet").write_bytes(b"")
    (tmp_path / "draft.tmp-notes.txt").write_bytes(b"")
    delete_leftovers(str(tmp_path))
    kept = ["00000-00000.parquet", "draft.tmp-notes.txt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == kept


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
    output = AtomicFile(str(tmp_path / "x"))
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
