"""Archives: every member is a file or a ledger row, damage keeps what came before it, nothing touches the disk."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from stages.core.errors import DamagedInputError
from stages.ingest import archives
from stages.ingest.archives import BytesFile, Member, archive_members, is_tar_block, open_zip
from stages.ingest.raw import Loss, RawFile
from stages.ingest.work import TooMuchWorkError


def tar_of(*members: tuple[str, bytes | tarfile.TarInfo], mode: str = "w") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as tar:  # type: ignore[call-overload]
        for name, content in members:
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def zip_of(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


def read(data: bytes, max_bytes: int = 1000) -> list[Member | Loss]:
    return list(archive_members(BytesFile("", "a", len(data), data), max_bytes))


def special(name: str, kind: bytes) -> tuple[str, tarfile.TarInfo]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "target"
    return name, info


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_files_of_a_tar_in_order_and_folders_passed_over(mode: str) -> None:
    data = tar_of(("a/b.txt", b"one"), special("a/d", tarfile.DIRTYPE), ("a/c.txt", b""), mode=mode)
    assert read(data) == [Member("a/b.txt", 3, b"one"), Member("a/c.txt", 0, b"")]


def test_files_of_a_zip() -> None:
    assert read(zip_of(("a/b.txt", b"one"), ("a/", b""), ("c", b"x" * 2000))) == [
        Member("a/b.txt", 3, b"one"),
        Loss("c", "too_large", value=2000, threshold=1000, text_bytes=2000),
    ]


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/passwd", "C:\\x", "a\\..\\x"])
def test_unsafe_names_are_refused(name: str) -> None:
    assert read(tar_of((name, b"evil"), ("ok", b"fine"))) == [
        Loss(name, "unsafe_path", text_bytes=4),
        Member("ok", 4, b"fine"),
    ]


@pytest.mark.parametrize(
    ("kind", "detail"),
    [
        (tarfile.SYMTYPE, "symbolic link"),
        (tarfile.LNKTYPE, "hard link"),
        (tarfile.CHRTYPE, "character device"),
        (tarfile.FIFOTYPE, "fifo"),
    ],
)
def test_links_and_devices_are_no_files(kind: bytes, detail: str) -> None:
    assert read(tar_of(special("l", kind), ("ok", b"1"))) == [
        Loss("l", "not_a_file", detail),
        Member("ok", 1, b"1"),
    ]


def test_a_file_without_a_name_in_a_zip_is_refused() -> None:
    data = zip_of(("x", b"1"), ("b", b"2")).replace(b"x", b"\0")
    assert read(data) == [Loss("(no name)", "unsafe_path", text_bytes=1), Member("b", 1, b"2")]


def test_a_link_in_a_zip_is_no_file() -> None:
    link = zipfile.ZipInfo("l")
    link.external_attr = 0o120777 << 16
    assert read(zip_of((link, b"/etc/passwd"))) == [Loss("l", "not_a_file", "symbolic link")]


def test_too_large_and_repeated_and_unwanted() -> None:
    data = tar_of(("big", b"x" * 1001), ("fits", b"x" * 1000), ("a", b"1"), ("a", b"2"))
    assert read(data) == [
        Loss("big", "too_large", value=1001, threshold=1000, text_bytes=1001),
        Member("fits", 1000, b"x" * 1000),
        Member("a", 1, b"1"),
        Loss("a", "repeated_name", text_bytes=1),
    ]
    names = archive_members(BytesFile("", "a", len(data), data), 1000, lambda name: name == "fits")
    assert [(m.name, m.data is None) for m in names if isinstance(m, Member)] == [
        ("big", True),
        ("fits", False),
        ("a", True),
    ]


def noise(num_bytes: int) -> bytes:
    return b"".join(i.to_bytes(4, "big") for i in range(0, num_bytes * 977, 3907))[:num_bytes]


def test_truncated_gzip_keeps_what_came_before() -> None:
    data = gzip.compress(tar_of(("a", b"first"), ("b", noise(50_000))))[:-3000]
    found: list[Member | Loss] = []
    with pytest.raises(DamagedInputError) as raised:
        found.extend(archive_members(BytesFile("", "a", len(data), data), 10**6))
    assert found[0] == Member("a", 5, b"first")
    assert isinstance(found[1], Loss)
    assert (found[1].key, found[1].rule) == ("b", "damaged")
    assert raised.value.offset <= len(data)


def test_trap_a_corrupt_header_is_not_the_end_of_the_archive() -> None:
    data = bytearray(tar_of(("a", b"first"), ("b", b"second"), ("c", b"third")))
    data[1024 + 10 : 1024 + 30] = b"\xff" * 20  # inside the header of b
    found = read(bytes(data))
    assert found[0] == Member("a", 5, b"first")
    assert [(loss.rule, loss.key) for loss in found[1:] if isinstance(loss, Loss)] == [("damaged", "@0")]


def test_a_tar_that_breaks_off_keeps_what_came_before() -> None:
    data = tar_of(("a", b"first"), ("b", b"x" * 900))[: 1024 + 512 + 100]
    found = read(data)
    assert found[0] == Member("a", 5, b"first")
    assert isinstance(found[1], Loss)
    assert (found[1].key, found[1].rule) == ("b", "damaged")


def test_a_header_that_claims_gigabytes_is_damage() -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 8 << 30
    found = read(info.tobuf(format=tarfile.GNU_FORMAT) + b"\0" * 2048)
    assert [loss.rule for loss in found if isinstance(loss, Loss)] == ["damaged"]


def test_a_corrupt_member_of_a_zip_leaves_the_others() -> None:
    data = bytearray(zip_of(("a", b"first" * 50), ("b", b"second")))
    data[35:40] = b"\xff" * 5
    found = read(bytes(data))
    assert isinstance(found[0], Loss)
    assert (found[0].key, found[0].rule) == ("a", "damaged")
    assert found[1] == Member("b", 6, b"second")


def test_a_zip_without_directory_is_damaged() -> None:
    with pytest.raises(DamagedInputError):
        read(zip_of(("a", b"first"))[:40])


def test_tar_blocks_are_told_by_their_checksum() -> None:
    assert is_tar_block(tar_of(("a", b"1")))
    assert not is_tar_block(b"\\documentclass{article}" + b" " * 600)
    assert not is_tar_block(b"")


def directory_of(num_entries: int, claimed: int) -> bytes:
    """A zip archive that is nothing but a directory of empty files `a`."""
    entry = b"PK\1\2" + bytes(24) + (1).to_bytes(2, "little") + bytes(16) + b"a"
    size = (num_entries * len(entry)).to_bytes(4, "little")
    counts = claimed.to_bytes(2, "little") * 2
    return entry * num_entries + b"PK\5\6" + bytes(4) + counts + size + bytes(6)


def test_a_directory_of_a_zip_of_too_many_bytes_is_a_row_whatever_number_it_claims(tmp_path: Path) -> None:
    data = directory_of(1_000_000, claimed=1)
    of_what = "bytes of a zip's directory"
    with pytest.raises(TooMuchWorkError, match=f"47000000 {of_what}, at most 33554432"):
        open_zip(io.BytesIO(data))
    (tmp_path / "a.zip").write_bytes(zip_of(("a", b"1"))[:4] + data)
    raw = RawFile(str(tmp_path / "a.zip"), "a.zip", len(data) + 4)
    assert list(archive_members(raw, 1000)) == [
        Loss("@0", "too_much_work", of_what, 47_000_000, 33_554_432, text_bytes=len(data) + 4)
    ]


def test_a_directory_of_as_many_bytes_as_the_bound_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_DIRECTORY_BYTES", 100 * 47)
    assert len(open_zip(io.BytesIO(directory_of(100, claimed=100))).infolist()) == 100
    with pytest.raises(TooMuchWorkError, match="4747 bytes of a zip's directory, at most 4700"):
        open_zip(io.BytesIO(directory_of(101, claimed=101)))


def test_a_directory_that_claims_more_bytes_than_there_are_is_damaged() -> None:
    data = bytearray(directory_of(1, claimed=1))
    data[-10:-6] = b"\xff\xff\xff\x7f"
    with pytest.raises(DamagedInputError, match="zip without a readable directory"):
        open_zip(io.BytesIO(bytes(data)))
