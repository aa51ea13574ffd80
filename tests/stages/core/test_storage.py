"""Storage: patterns give names that do not depend on where the data lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages.core import storage
from stages.core.errors import UserError


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


def test_files_that_are_being_written_are_not_found(tmp_path: Path) -> None:
    for name in ("a", "b.tmp-notes.txt", f"c{storage.TEMPORARY_MARK}0123456789ab"):
        (tmp_path / name).write_bytes(b"")
    assert [file.name for file in storage.find_files(str(tmp_path))] == ["a", "b.tmp-notes.txt"]


def test_a_file_whose_name_holds_a_wildcard_is_found(tmp_path: Path) -> None:
    (tmp_path / "b[1].txt").write_bytes(b"x")
    assert [file.name for file in storage.find_files(f"{tmp_path}/b[1].txt")] == ["b[1].txt"]
