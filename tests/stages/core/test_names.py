"""Names from data: what stays below a folder is joined with it, all else is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.errors import UserError
from stages.core.exchange_writer import ExchangeWriter
from stages.core.ledger import LEDGER_SCHEMA
from stages.core.manifest import DOCUMENTS, MODEL, FileInfo, Manifest
from stages.core.names import below, file_stem, is_safe_name, name_of_number, source_fault, without_number
from stages.core.parquet import ParquetWriter
from stages.core.stage import Task
from stages.core.writer import TaskWriter

LEAVING = [
    "../x",
    "a/../../x",
    "/etc/passwd",
    "..",
    ".",
    "",
    "a//b",
    "a/",
    "a/./b",
    "a\\..\\b",
    "a\nb",
    "a\0b",
]


@pytest.mark.parametrize(
    "name", ["a", "documents/00000-00000.parquet", "..a", "a..b/c", "Ä ö.txt", "a:b", ".x"]
)
def test_names_below_a_folder_are_joined(name: str) -> None:
    assert below("/run", name) == f"/run/{name}"
    assert below("s3://bucket/run/", name) == f"s3://bucket/run/{name}"


@pytest.mark.parametrize("name", LEAVING)
def test_names_that_leave_a_folder_are_refused(name: str) -> None:
    with pytest.raises(UserError, match="no name of a file below"):
        below("/run", name)


@given(st.text(max_size=40))
def test_no_name_leaves_its_folder(name: str) -> None:
    if is_safe_name(name):
        assert os.path.normpath(below("/a/b", name)) == f"/a/b/{name}"


@given(st.lists(st.sampled_from(["..", ".", "", "a", "b c", "...", "~", "\\", "\t"]), max_size=6))
def test_no_path_leaves_its_folder(parts: list[str]) -> None:
    name = "/".join(parts)
    if is_safe_name(name):
        assert os.path.normpath(below("/a/b", name)) == f"/a/b/{name}"


@pytest.mark.parametrize("name", ["c4", "cc_2019-30", "a.b", "0", "x" * 100])
def test_names_of_sources_are_kept(name: str) -> None:
    assert source_fault(name) is None


@pytest.mark.parametrize("name", [*LEAVING, ".hidden", "-f", "a b", "a:b", "é", "x" * 101, "a\x1b[2J", "a\n"])
def test_other_names_are_no_sources(name: str) -> None:
    assert source_fault(name) is not None


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("wikipedia", "wikipedia"),
        ("wikipedia:de", "wikipedia.de"),
        ("c4.en", "c4._en"),
        ("c4._en", "c4.__en"),
        ("c4.en:zh-TW", "c4._en.zh-TW"),
        ("a.:b.c", "a._.b._c"),
    ],
)
def test_sources_and_languages_begin_the_names_of_files(name: str, stem: str) -> None:
    assert file_stem(name) == stem


@pytest.mark.parametrize("name", [*LEAVING, "a:", ":a", "a:b:c", "a:../b", "é", "a b"])
def test_no_file_begins_with_another_name(name: str) -> None:
    with pytest.raises(UserError, match="is no name of a source"):
        file_stem(name)


SOURCE_NAMES = st.from_regex(r"[ab0][ab0_.-]{0,4}(:[ab0][ab0_.-]{0,4})?", fullmatch=True)


@given(SOURCE_NAMES, SOURCE_NAMES)
def test_no_two_sources_have_files_of_one_name(one: str, other: str) -> None:
    stems = file_stem(one), file_stem(other)
    assert (stems[0] == stems[1]) == (one == other)
    unescaped = stems[0].replace("._", "\0").replace(".", ":").replace("\0", ".")
    assert unescaped == one, "docs/formats.md says how a name is read back"


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x"])
def test_every_writer_refuses_to_leave_its_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "a" / "stage"
    folder.mkdir(parents=True)
    writers = [
        lambda: ParquetWriter(str(folder), name, LEDGER_SCHEMA, DOCUMENTS),
        lambda: TaskWriter(Task("00000", (), None, str(folder)), "toy").file(f"../{name}", MODEL),
        lambda: ExchangeWriter(str(folder), f"../{name}", LEDGER_SCHEMA, 1).finish(),
    ]
    for write in writers:
        with pytest.raises(UserError, match="no name of a file below"):
            write()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_manifest_names_no_file_outside_its_folder() -> None:
    file = FileInfo(name="../../secret", kind=DOCUMENTS, rows=0, bytes=0, sha256="")
    counts = dict.fromkeys(("documents_in", "created", "documents_out", "merged", "bytes_in", "bytes_out"), 0)
    manifest = Manifest(
        node="n", stage="s", version=1, fingerprint="f", config={}, inputs=(), files=(file,), **counts,
        dropped={}, edited={}, sources={}, folder="/run/00-n-f",
    )  # fmt: skip
    with pytest.raises(UserError, match="no name of a file below"):
        manifest.uris(DOCUMENTS)


def test_numbers_in_names() -> None:
    numbers = [0, 7, 99_999, 100_000, 999_999, 1_000_000]
    names = ["00000", "00007", "99999", "a100000", "a999999", "b1000000"]
    assert [name_of_number(number) for number in numbers] == names


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_names_sort_as_their_numbers(first: int, second: int) -> None:
    assert (name_of_number(first) < name_of_number(second)) == (first < second)


@given(st.sampled_from(["", "from-", "from-handing-", "merge-"]), st.integers(0, 10**9))
def test_a_number_is_taken_from_the_end_of_a_name(before: str, number: int) -> None:
    assert without_number(before + name_of_number(number)) == before
