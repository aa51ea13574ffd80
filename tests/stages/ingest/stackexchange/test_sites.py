"""Which raw files belong to which site, and which sites are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import py7zr
import pytest

from stages.core.errors import UserError
from stages.core.storage import FoundFile
from stages.ingest.raw import Loss
from stages.ingest.stackexchange.sites import (
    Choice,
    PostsArchive,
    QuestionSite,
    choose_sites,
    holds_posts,
    look_into,
    parse_site,
    site_of,
    xml_bytes,
)


def found(name: str, size: int = 1) -> FoundFile:
    return FoundFile(f"/dumps/{name}", name, size)


@pytest.mark.parametrize(
    ("folder", "site"),
    [
        ("beer.stackexchange.com", QuestionSite("beer.stackexchange.com", "beer.stackexchange.com", None)),
        (
            "beer.stackexchange.com-2017",
            QuestionSite("beer.stackexchange.com-2017", "beer.stackexchange.com", "2017"),
        ),
        (
            "mathoverflow.net_2024-04-02",
            QuestionSite("mathoverflow.net_2024-04-02", "mathoverflow.net", "2024-04-02"),
        ),
        ("AskUbuntu.com", QuestionSite("AskUbuntu.com", "askubuntu.com", None)),
        ("dump", QuestionSite("dump", None, None)),
        ("beer.stackexchange.com copy", QuestionSite("beer.stackexchange.com copy", None, None)),
    ],
)
def test_the_suffix_of_a_folder_is_no_part_of_the_host(folder: str, site: QuestionSite) -> None:
    assert parse_site(folder) == site


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("beer.stackexchange.com/Posts.xml", "beer.stackexchange.com"),
        ("old/beer.stackexchange.com-2017/Posts.xml.gz", "beer.stackexchange.com-2017"),
        ("Posts.xml", "dumps"),
        ("stackoverflow.com-Posts.7z", "stackoverflow.com"),
        ("all/beer.stackexchange.com.7z", "beer.stackexchange.com"),
        ("beer.stackexchange.com.Posts.xml.bz2", "beer.stackexchange.com"),
    ],
)
def test_site_of_a_raw_file(name: str, folder: str) -> None:
    assert site_of(found(name)).folder == folder


def test_other_tables_of_a_dump_hold_no_posts() -> None:
    names = ["a/Posts.xml", "a/Posts.xml.gz", "beer.xml", "so.com.7z", "so.com-Posts.7z"]
    assert [name for name in names if not holds_posts(name)] == []
    others = [
        "a/Users.xml",
        "a/Tags.xml.gz",
        "PostHistory.xml",
        "so.com-Votes.7z",
        "a/readme.txt",
        "LICENSE",
        "a/Comments.xml",
    ]
    assert [name for name in others if holds_posts(name)] == []


def test_compressed_files_count_by_the_xml_that_they_hold() -> None:
    assert [xml_bytes(found(f"Posts.xml{end}", 10)) for end in ("", ".gz", ".bz2", ".xz")] == [10, 40, 50, 60]


def write_7z(
    path: Path, files: dict[str, bytes], filters: Any = None, password: str | None = None
) -> FoundFile:
    with py7zr.SevenZipFile(path, "w", filters=filters, password=password) as archive:
        for name, data in files.items():
            archive.writestr(data, name)
    return FoundFile(str(path), path.name, path.stat().st_size)


SITE = {"Badges.xml": b"<badges/>", "Posts.xml": b"<posts/>" * 50, "Users.xml": b"<users/>"}


def test_an_archive_is_measured_by_the_posts_that_its_directory_tells_of(tmp_path: Path) -> None:
    file = write_7z(tmp_path / "beer.stackexchange.com.7z", SITE)
    archive, unread = look_into(file)
    assert archive == PostsArchive(file.uri, file.name, file.size, 400)
    assert xml_bytes(archive) == 400
    assert unread == [
        Loss("Badges.xml", "not_posts", text_bytes=9),
        Loss("Users.xml", "not_posts", text_bytes=8),
    ]


AES = [{"id": py7zr.FILTER_LZMA2, "preset": 1}, {"id": py7zr.FILTER_CRYPTO_AES256_SHA256}]


@pytest.mark.parametrize(
    ("files", "filters", "password", "found"),
    [
        ({"a/Posts.xml": b"1", "b/posts.xml": b"23"}, None, None, [("", "no_posts")]),
        ({"Users.xml": b"1"}, None, None, [("Users.xml", "not_posts"), ("", "no_posts")]),
        ({"Posts.xml": b"1"}, AES, "x", [("", "encrypted")]),
    ],
)
def test_archives_whose_posts_cannot_be_read(
    tmp_path: Path, files: dict[str, bytes], filters: Any, password: str | None, found: list[tuple[str, str]]
) -> None:
    archive, unread = look_into(write_7z(tmp_path / "a.7z", files, filters, password))
    assert archive is None
    assert [(loss.key, loss.rule) for loss in unread] == found


def test_an_archive_with_a_damaged_directory(tmp_path: Path) -> None:
    file = write_7z(tmp_path / "a.7z", SITE)
    Path(file.uri).write_bytes(Path(file.uri).read_bytes()[:-5])
    archive, [loss] = look_into(FoundFile(file.uri, file.name, file.size - 5))
    assert (archive, loss.rule, loss.text_bytes) == (None, "damaged", file.size - 5)


FILES = [
    found("a.stackexchange.com/Posts.xml", 30),
    found("b.stackexchange.com-2017/Posts.xml", 50),
    found("b.stackexchange.com/Posts.xml", 20),
    found("c.stackexchange.com/Posts.xml", 50),
    found("d.stackexchange.com/Posts.xml", 9),
]


def test_the_largest_sites_are_read_with_all_their_dumps() -> None:
    a, b17, b, c, d = FILES
    assert choose_sites(FILES, (), 2) == Choice((b17, b, c), (a, d), 50)
    assert choose_sites(FILES, (), 1) == Choice((b17, b), (a, c, d), 50)
    assert choose_sites(FILES, (), 28) == Choice(tuple(FILES), (), 9)


def test_given_sites_are_read_whatever_their_size() -> None:
    a, b17, b, c, d = FILES
    assert choose_sites(FILES, ("b.stackexchange.com", "d.stackexchange.com"), 1) == Choice(
        (b17, b, d), (a, c), 0
    )
    assert choose_sites(FILES, ("b.stackexchange.com-2017",), 28) == Choice((b17,), (a, b, c, d), 0)


def test_a_site_that_is_not_there_is_the_users_mistake() -> None:
    with pytest.raises(UserError, match=r"no raw file of x.com; there are a.stackexchange.com, b.stack"):
        choose_sites(FILES, ("x.com",), 28)
