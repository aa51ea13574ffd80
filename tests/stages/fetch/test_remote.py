"""Names, ranges and digests that a list gives: kept or refused."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.errors import UserError
from stages.fetch.remote import (
    Checksum,
    ListError,
    RemoteFile,
    checksum_of,
    chosen,
    close_matches,
    join_url,
    parse_range,
    remote_file,
    safe_name,
    size_of,
)


@pytest.mark.parametrize(
    "name",
    ["a", "crawl-data/CC-MAIN-2020-05/x.warc.wet.gz", "..a", "a..b/c", "Ä ö.txt", "-f", "a:b", ".hidden"],
)
def test_names_that_stay_in_the_folder_are_kept(name: str) -> None:
    assert safe_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../../x",
        "a/./b",
        "a//b",
        "a/",
        ".",
        "..",
        "a\\..\\b",
        "a\nb",
        "a\0b",
        "a\x9bb",
        "a\u2028b",
        "a\ud800b",
        "a" * 300,
        "a/" * 600 + "a",
        "x.part",
        "x.part.json",
        "fetched.jsonl",
    ],
)
def test_unsafe_names_are_refused(name: str) -> None:
    with pytest.raises(ListError, match="unsafe file name"):
        remote_file("https://a.example", name)


@given(st.text(st.sampled_from("./\\a\n~\x00"), max_size=12))
def test_a_kept_name_never_leaves_the_folder(name: str) -> None:
    try:
        safe_name(name)
    except ListError:
        return
    root = Path("/nowhere/out")
    assert not PurePosixPath(name).is_absolute()
    assert ".." not in (root / name).parts
    assert (root / name).is_relative_to(root)


def test_addresses_are_percent_encoded() -> None:
    assert join_url("https://a.example/b/", "c d/é?#%.gz") == "https://a.example/b/c%20d/%C3%A9%3F%23%25.gz"


@pytest.mark.parametrize(
    ("text", "picked"), [("0:2", "ab"), ("2:", "cd"), (":1", "a"), (":", "abcd"), ("3:99", "d")]
)
def test_a_range_picks_as_slices_do(text: str, picked: str) -> None:
    files = [RemoteFile(f"https://a.example/{name}", name) for name in "abcd"]
    assert "".join(file.name for file in chosen(files, text, "x")) == picked


@pytest.mark.parametrize("text", ["", "5", "a:b", "-1:", "2:2", "3:1", ":0", "1:2:3", "٣:٤"])
def test_a_range_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="range"):
        parse_range(text)


def test_a_range_behind_the_lists_end_is_named() -> None:
    with pytest.raises(UserError, match="x: --files 5:9 is empty, the list has 1 files"):
        chosen([RemoteFile("https://a.example/a", "a")], "5:9", "x")


def test_digests_and_sizes() -> None:
    assert checksum_of("md5", " ABCDEF0123456789abcdef0123456789\n") == Checksum(
        "md5", "abcdef0123456789abcdef0123456789"
    )
    assert checksum_of("md5", None) is None
    assert (size_of("12"), size_of(7), size_of(None), size_of("")) == (12, 7, None, None)


@pytest.mark.parametrize("digest", ["abc", "g" * 32, "a" * 40])
def test_a_digest_that_is_none_is_refused(digest: str) -> None:
    with pytest.raises(ListError, match="where an md5 digest belongs"):
        checksum_of("md5", digest)


@pytest.mark.parametrize("size", ["-1", "1.5", "12 MB", "²", True])
def test_a_size_that_is_none_is_refused(size: object) -> None:
    with pytest.raises(ListError, match="where a size belongs"):
        size_of(size)


def test_close_matches() -> None:
    assert close_matches("beer.stackexchange", ["beer.stackexchange.com", "math"]) == "beer.stackexchange.com"
    assert close_matches("zzz", ["math"]) == "nothing like it"
