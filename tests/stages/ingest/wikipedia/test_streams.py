"""One dump shared by many tasks: any split gives the same records; damage costs one stream; what may be split."""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import lzma
from collections.abc import Callable, Sequence
from pathlib import Path

import py7zr
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.core.manifest import DOCUMENTS, LEDGER, Manifest
from stages.core.storage import FoundFile
from stages.ingest.archives import BytesFile
from stages.ingest.base import byte_ranges
from stages.ingest.wikipedia.articles import Article, read_articles
from stages.ingest.wikipedia.stage import WikipediaIngest
from stages.ingest.wikipedia.streams import is_index, split_dump

HEADER = '<mediawiki><siteinfo><dbname>srwiki</dbname><namespace key="6">Датотека</namespace></siteinfo>\n'
FOOTER = "</mediawiki>\n"


def page_xml(page_id: int, text: str) -> str:
    return (
        f"<page><title>T{page_id}</title><id>{page_id}</id><revision><text>{text}</text></revision></page>\n"
    )


def xml_of(*texts: str) -> str:
    return HEADER + "".join(page_xml(number, text) for number, text in enumerate(texts, 1)) + FOOTER


def packed(parts: Sequence[str | bytes]) -> bytes:
    """A bz2 stream of each part; bytes go in as they are."""
    return b"".join(bz2.compress(part.encode()) if isinstance(part, str) else part for part in parts)


def cut(xml: str, size: int) -> list[str]:
    return [xml[at : at + size] for at in range(0, len(xml), size)]


def read(
    data: bytes, start: int = 0, stop: int | None = None, name: str = "srwiki-x.xml.bz2", **options: int
) -> list[tuple[str, str]]:
    """(key, wikitext) of articles and (key, rule and bytes) of losses, in order."""
    raw = BytesFile("", name, len(data), data, start=start, stop=stop)
    found: list[tuple[str, str]] = []
    for record in read_articles(raw, **options):
        if isinstance(record, Article):
            assert record.wiki.code == "sr" and "датотека" in record.wiki.namespaces.files
            found.append((record.key, record.wikitext))
        else:
            found.append((record.key, f"{record.rule} {record.text_bytes} {record.detail}"))
    return found


def damaged(stream: bytes) -> bytes:
    """The stream with a bad byte in its first block."""
    return stream[:30] + bytes([stream[30] ^ 0xFF]) + stream[31:]


XML = xml_of("one", "два", "три " * 9, "four", "five")
PAGES = [page_xml(number, text) for number, text in enumerate(["one", "два", "три " * 9, "four"], 1)]
LOST = bz2.compress(page_xml(7, "lost").encode())
DUMPS: dict[str, bytes] = {
    "plain": XML.encode(),
    "plain, damaged": (
        HEADER + PAGES[0] + "<page><title>x" + PAGES[1] + "tail</page>" + PAGES[2] + "<page>"
    ).encode(),
    "plain, without pages": (HEADER + FOOTER).encode(),
    "multistream": packed([HEADER, PAGES[0] + PAGES[1], PAGES[2], PAGES[3], FOOTER]),
    "pages cut at stream ends": packed(cut(XML, 70)),
    "marks cut at stream ends": packed(cut(xml_of("one", "два"), 5)),
    "a damaged stream": packed([HEADER, PAGES[0], damaged(LOST), PAGES[1], PAGES[2], FOOTER]),
    "a damaged stream that held a page's middle": packed(
        [HEADER + PAGES[0] + PAGES[1][:40], damaged(LOST), PAGES[1][40:] + PAGES[2], PAGES[3], FOOTER]
    ),
    "two damaged streams and a truncated one": packed(
        [HEADER, PAGES[0], damaged(LOST), damaged(LOST), PAGES[1], bz2.compress(PAGES[2].encode())[:-9]]
    ),
    "a damaged first stream": packed(
        [damaged(bz2.compress(HEADER.encode())), HEADER[:9], PAGES[0], PAGES[1]]
    ),
    "junk and zeros between streams": packed(
        [
            HEADER,
            PAGES[0],
            b"junk",
            PAGES[1],
            b"\0" * 9,
            PAGES[2][:30],
            b"BZh9",
            PAGES[2][30:],
            PAGES[3],
            b"\0\0",
        ]
    ),
    "empty streams": packed(["", HEADER, "", PAGES[0][:20], "", PAGES[0][20:], "", "", PAGES[1], FOOTER, ""]),
    "a page too large": packed([HEADER, PAGES[0], *cut(page_xml(9, "x" * 400), 90), PAGES[1], FOOTER]),
    "without pages": packed([HEADER, FOOTER]),
    "without its beginning": packed([HEADER, PAGES[0], "tail of a page</page>\n", PAGES[1], FOOTER]),
    "a single stream": bz2.compress(XML.encode()),
}
NAMES = pytest.mark.parametrize("name", DUMPS)


@NAMES
def test_a_split_at_any_byte_gives_the_same_records(name: str) -> None:
    data = DUMPS[name]
    whole = read(data, max_page_bytes=300)
    for at in range(1, len(data)):
        first = read(data, 0, at, max_page_bytes=300)
        assert first + read(data, at, None, max_page_bytes=300) == whole, at


@settings(max_examples=150)
@given(st.sampled_from(sorted(DUMPS)), st.lists(st.integers(0, 900), max_size=8))
def test_any_number_of_ranges_gives_the_same_records(name: str, cuts: list[int]) -> None:
    data = DUMPS[name]
    borders = [0, *sorted(at % len(data) for at in cuts), len(data)]
    found = [
        record
        for start, stop in itertools.pairwise(borders)
        if start < stop
        for record in read(data, start, stop, max_page_bytes=300)
    ]
    assert found == read(data, max_page_bytes=300)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain, damaged", "1:one @181:damaged_page 2:два @275:damaged_page 3:три @425:damaged_page"),
        ("multistream", "1:one 2:два 3:три 4:four"),
        ("marks cut at stream ends", "1:one 2:два"),
        ("a damaged stream", "1:one @216:damaged 2:два 3:три"),
        (
            "a damaged stream that held a page's middle",
            "1:one @0+181:damaged_page @177:damaged 3:три 4:four",
        ),
        (
            "two damaged streams and a truncated one",
            "1:one @216:damaged @310:damaged 2:два 3:три @504:damaged",
        ),
        ("a damaged first stream", "@0:damaged 1:one 2:два"),
        (
            "junk and zeros between streams",
            "1:one @216:damaged 2:два @329+0:damaged_page @393:damaged 4:four",
        ),
        ("a page too large", "1:one @216+0:too_large 2:два"),
        ("without its beginning", "1:one @123+77:damaged_page 2:два"),
        ("without pages", ":no_pages"),
        ("plain, without pages", ":no_pages"),
    ],
)
def test_damage_costs_its_stream_alone_and_is_told(name: str, expected: str) -> None:
    found = read(DUMPS[name], max_page_bytes=300)
    assert " ".join(f"{key}:{text.split()[0]}" for key, text in found) == expected


def test_the_bytes_lost_are_those_of_the_stream() -> None:
    stream = damaged(LOST)
    found = read(packed([HEADER, PAGES[0], stream, PAGES[1]]))
    assert found[1] == ("@216", f"damaged {len(stream)} bz2 is corrupt (Invalid data stream)")


def test_blocks_before_the_damaged_one_are_kept() -> None:
    # Three blocks of 100 kB in one stream; the last is damaged.
    pages = "".join(page_xml(number, str(number) * 700) for number in range(1, 400))
    stream = bytearray(bz2.compress(pages.encode(), 1))
    stream[-20] ^= 0xFF
    found = read(bz2.compress(HEADER.encode()) + bytes(stream) + bz2.compress(PAGES[0].encode()))
    kept, (_, broken), (key, rule), (last, _) = found[:-3], found[-3], found[-2], found[-1]
    assert 200 < len(kept) < 399 and [key for key, _ in kept] == [str(n) for n in range(1, len(kept) + 1)]
    assert broken.startswith("damaged_page") and rule.startswith("damaged ")
    assert (key, last) == ("@123", "1")


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress], ids=["gzip", "xz"])
def test_what_has_no_parts_is_read_by_its_first_range(pack: Callable[[bytes], bytes]) -> None:
    data = pack(XML.encode())
    assert [key for key, _ in read(data, 0, 20)] == ["1", "2", "3", "4", "5"]
    assert read(data, 20, None) == []


def seven_zip(data: bytes) -> bytes:
    stream = io.BytesIO()
    with py7zr.SevenZipFile(stream, "w") as archive:
        archive.writestr(data, "srwiki-x.xml")
    return stream.getvalue()


def test_a_dump_in_a_7z_archive_is_read_by_its_first_range() -> None:
    data = seven_zip(XML.encode())
    assert read(data, name="srwiki-x.xml.7z") == read(XML.encode(), name="srwiki-x.xml")
    assert read(data, 30, None, name="srwiki-x.xml.7z") == []
    broken = seven_zip(DUMPS["plain, damaged"])
    assert [key for key, _ in read(broken)] == ["1", "@0+181", "2", "@0+275", "3", "@0+425"]


@pytest.mark.parametrize(
    ("name", "data", "is_split"),
    [
        ("x.xml", XML.encode(), True),
        ("x.xml.bz2", packed(cut(XML, 70)), True),
        ("x.xml.bz2", bz2.compress(XML.encode()), False),
        ("x.xml.gz", gzip.compress(XML.encode()), False),
        ("x.xml.xz", lzma.compress(XML.encode()), False),
        ("x.xml.7z", b"7z\xbc\xaf\x27\x1c" + bytes(500), False),
        ("x-multistream-index.txt.bz2", packed(cut(XML, 70)), False),
    ],
)
def test_only_what_can_be_read_from_the_middle_is_split(
    tmp_path: Path, name: str, data: bytes, is_split: bool
) -> None:
    (tmp_path / name).write_bytes(data)
    file = FoundFile(str(tmp_path / name), name, len(data))
    assert split_dump(file, 60) == (byte_ranges(len(data), 60) if is_split else [(0, len(data))])
    assert split_dump(file, len(data)) == [(0, len(data))]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("enwiki-20220601-pages-articles-multistream-index.txt.bz2", True),
        ("a/dewiki-20220601-pages-articles-multistream-index3.txt-p297013p1262093.bz2", True),
        ("enwiki-20220601-pages-articles-multistream-index.txt", True),
        ("enwiki-20220601-pages-articles-multistream.xml.bz2", False),
        ("enwiki-20220601-pages-articles1.xml-p1p41242.bz2", False),
    ],
)
def test_index_files_by_name(name: str, expected: bool) -> None:
    assert is_index(name) is expected


def test_trap_an_index_beside_its_dump_is_no_damaged_dump() -> None:
    name = "srwiki-20220601-pages-articles-multistream-index.txt.bz2"
    data = bz2.compress(b"600:10:A\n")
    assert read(data, name=name) == [("", f"index_file {len(data)} the index of a multistream dump")]


def rows(manifest: Manifest, kind: str) -> list[dict[str, object]]:
    return [row for uri in manifest.uris(kind) for row in pq.read_table(uri).to_pylist()]


@pytest.mark.parametrize("task_bytes", [1, 37, 200, 1000])
def test_documents_and_ledger_do_not_depend_on_task_bytes(
    tmp_path: Path, run_stage: Callable[..., Manifest], task_bytes: int
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number, name in enumerate(("multistream", "plain, damaged", "a damaged stream", "without pages")):
        (folder / f"srwiki-{number}.xml").write_bytes(DUMPS[name])
    (folder / "dewiki-x.xml.bz2").write_bytes(DUMPS["marks cut at stream ends"])
    (folder / "empty.xml").write_bytes(b"")
    options = {"input": (str(folder),), "languages": ("sr",)}
    whole = run_stage(WikipediaIngest(**options))
    split = run_stage(WikipediaIngest(**options, task_bytes=task_bytes))
    assert rows(split, DOCUMENTS) == rows(whole, DOCUMENTS)
    assert rows(split, LEDGER) == rows(whole, LEDGER)
    assert (split.bytes_in, split.created) == (whole.bytes_in, whole.created)


@pytest.mark.real
def test_real_dumps_split_as_wikimedia_and_pbzip2_pack_them(
    shared_data: Path, tmp_path: Path, run_stage: Callable[..., Manifest]
) -> None:
    """The largest English dump as multistream (pages apart) and as pbzip2 cuts it (anywhere), in small tasks."""
    source = shared_data / "wikipedia" / "enwiki-tiny_dump.xml.bz2"
    xml = bz2.decompress(source.read_bytes())
    folder = tmp_path / "in"
    folder.mkdir()
    header, *pages = xml.split(b"  <page>")
    (folder / "enwiki-a.xml.bz2").write_bytes(
        b"".join(bz2.compress(part) for part in [header, *(b"  <page>" + page for page in pages)])
    )
    (folder / "enwiki-b.xml.bz2").write_bytes(
        b"".join(bz2.compress(xml[at : at + 30_000]) for at in range(0, len(xml), 30_000))
    )
    (folder / "enwiki-c.xml").write_bytes(xml)
    manifest = run_stage(WikipediaIngest(input=(str(folder),), task_bytes=20_000))
    texts: dict[str, list[object]] = {"a": [], "b": [], "c": []}
    for row in rows(manifest, DOCUMENTS):
        texts[str(row["id"])[17]].append(row["text"])
    expected = rows(run_stage(WikipediaIngest(input=(str(source),))), DOCUMENTS)
    assert texts["a"] == texts["b"] == texts["c"] == [row["text"] for row in expected]
    assert "damaged" not in manifest.dropped
