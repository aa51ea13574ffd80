"""A finished file is taken over as a link or as a checked copy, whole or not at all."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from stages.core.errors import UserError
from stages.core.manifest import FileInfo
from stages.core.reused import ReusedFile

DATA = b"tokens"


def info(name: str = "tokens/t.bin", data: bytes = DATA) -> FileInfo:
    digest = hashlib.sha256(data).hexdigest()
    return FileInfo(name=name, kind="tokens", rows=3, bytes=len(data), sha256=digest)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "old.bin").write_bytes(DATA)
    return tmp_path / "old.bin"


def no_links(*_: Any) -> None:
    raise OSError("another disk")


@pytest.mark.parametrize("has_links", [True, False])
def test_it_appears_at_commit_and_twice_does_no_harm(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    if not has_links:
        monkeypatch.setattr(os, "link", no_links)
    target = tmp_path / "new" / "tokens" / "t.bin"
    for _ in range(2):
        reused = ReusedFile(str(source), str(tmp_path / "new"), info())
        reused.finish()
        assert reused.commit() == info()
        assert target.read_bytes() == DATA
        assert target.samefile(source) is has_links
        assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("has_links", [True, False])
def test_nothing_stays_of_what_is_discarded(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    if not has_links:
        monkeypatch.setattr(os, "link", no_links)
    ReusedFile(str(source), str(tmp_path / "new"), info()).discard()
    assert list((tmp_path / "new" / "tokens").iterdir()) == []


def test_a_file_that_is_gone_or_cut_is_refused(source: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"old\.bin: has 6 bytes; it was written with 7"):
        ReusedFile(str(source), str(tmp_path / "new"), info(data=DATA + b"."))
    source.unlink()
    with pytest.raises(UserError, match=r"old\.bin: is missing"):
        ReusedFile(str(source), str(tmp_path / "new"), info())


def test_a_copy_of_changed_bytes_is_refused(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", no_links)
    with pytest.raises(UserError, match="its bytes changed"):
        ReusedFile(str(source), str(tmp_path / "new"), info(data=b"TOKENS"))
    assert list((tmp_path / "new" / "tokens").iterdir()) == []
