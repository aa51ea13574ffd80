"""The sample dumps: built again they are the same, hold all of our prose, and their table of faults is sound."""

from __future__ import annotations

import bz2
import csv
import gzip
import html
import io
import json
import re
import subprocess
import sys
import tarfile
import zlib
from collections import Counter
from pathlib import Path

import pytest

from stages.ingest.wikipedia.citations import cited_urls

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
DUMPS, SOURCE = SAMPLES / "dumps", SAMPLES / "source"
MAX_COMMITTED_BYTES = 1_500_000
MIN_PROSE_BYTES = 200_000
SOURCES = {"common_crawl", "c4", "github", "wikipedia", "books", "arxiv", "stackexchange"}
PLANTED = """
    exact_copy words_changed sentence_added wrong_language spam boilerplate mostly_boilerplate short_page not_found pdf
    invalid_utf8 binary_as_html truncated_record truncated_gzip_member corrupt_gzip_member half_a_line not_an_object
    no_text null_text empty_text truncated_gzip gpl minified generated generated_marker built_code vendored
    path_traversal corrupt_gzip copied_file redirect namespace_1 namespace_10 namespace_14 page_without_end
    truncated_bz2 binary inside_omnibus other_encoding not_a_text_file no_documentclass pdf_only tag_wiki
    orphan_answer broken_row truncated_xml
"""
COLUMNS = ["id", "source", "fault", "stage", "action", "rule", "partner", "note"]


def files_below(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def build(out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SAMPLES / "build.py"), "--out", str(out)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def inflated(data: bytes) -> bytes:
    """All that the gzip members of a raw file give; members that are broken give what they can."""
    parts = []
    while data:
        decoder = zlib.decompressobj(wbits=31)
        try:
            parts.append(decoder.decompress(data))
            data = decoder.unused_data
        except zlib.error:
            following = data.find(b"\x1f\x8b\x08\0\0\0\0\0\0\xff", 1)
            data = data[following:] if following > 0 else b""
    return b"".join(parts)


def unpacked(data: bytes) -> bytes:
    """The decompressed bytes of a raw file, up to its damage."""
    if data.startswith(b"\x1f\x8b"):
        return inflated(data)
    parts = []
    while data.startswith(b"BZh"):
        decoder = bz2.BZ2Decompressor()
        parts.append(decoder.decompress(data))
        data = decoder.unused_data
    return b"".join(parts) or data


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("samples") / "dumps"
    done = build(out)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def faults() -> list[dict[str, str]]:
    with (DUMPS / "faults.tsv").open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        assert reader.fieldnames == COLUMNS
        return list(reader)


@pytest.fixture(scope="module")
def unpacked_dumps() -> dict[str, bytes]:
    return {name: unpacked(path.read_bytes()) for name, path in files_below(DUMPS).items()}


def test_building_twice_gives_equal_bytes(rebuilt: Path, tmp_path: Path) -> None:
    assert build(tmp_path / "again").returncode == 0
    one, other = files_below(rebuilt), files_below(tmp_path / "again")
    assert one.keys() == other.keys()
    assert [name for name in one if one[name].read_bytes() != other[name].read_bytes()] == []


def test_the_committed_dumps_are_what_the_build_gives(rebuilt: Path) -> None:
    committed, built = files_below(DUMPS), files_below(rebuilt)
    assert committed.keys() == built.keys()
    differ = [n for n in built if unpacked(committed[n].read_bytes()) != unpacked(built[n].read_bytes())]
    assert differ == []


def test_gzip_files_are_equal_byte_for_byte_whatever_the_zlib(rebuilt: Path) -> None:
    """Record keys of CommonCrawl are offsets in the compressed file: they may not depend on the machine."""
    committed, built = files_below(DUMPS), files_below(rebuilt)
    names = [name for name in built if name.endswith((".gz", ".tsv"))]
    assert [name for name in names if committed[name].read_bytes() != built[name].read_bytes()] == []


def test_the_build_leaves_a_folder_that_is_no_dump_alone(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("keep me")
    assert build(tmp_path).returncode != 0
    assert (tmp_path / "precious.txt").read_text() == "keep me"


def test_the_dumps_are_small() -> None:
    assert sum(path.stat().st_size for path in files_below(DUMPS).values()) < MAX_COMMITTED_BYTES


def test_there_is_enough_prose() -> None:
    assert sum(path.stat().st_size for path in files_below(SOURCE).values()) >= MIN_PROSE_BYTES


def folded(text: str) -> str:
    r"""Letters and digits alone, with XML, HTML and JSON escapes resolved, to find prose inside any format."""
    for _ in range(3):
        text = html.unescape(text)
    return re.sub(r"[\W_]+", "", text.replace("\\n", " ").replace('\\"', " "))


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_every_prose_file_is_in_the_dumps(source: str, unpacked_dumps: dict[str, bytes]) -> None:
    own = [data for name, data in unpacked_dumps.items() if name.startswith(f"{source}/")]
    utf8 = folded("\n".join(data.decode("utf-8", "ignore") for data in own))
    whole = utf8 + (folded("\n".join(data.decode("latin-1") for data in own)) if source == "arxiv" else "")
    folders = {"common_crawl": ["web"], "c4": ["c4", "c4_foreign"]}.get(source, [source])
    missing = []
    for folder in folders:
        for name, path in files_below(SOURCE / folder).items():
            text = path.read_text(encoding="utf-8")
            bodies = (
                _bodies(json.loads(text)) if path.suffix == ".json" and source == "stackexchange" else [text]
            )
            lines = [part for body in bodies for line in body.splitlines() for part in line.split("%%CITE%%")]
            if source in ("c4", "common_crawl", "wikipedia"):  # titles are no text there, or stand apart
                lines = [line for line in lines if not line.startswith(("title: ", "url: "))]
            missing += [(folder, name, line) for line in lines if folded(line) not in whole]
    assert missing == []


def _bodies(threads: list[dict[str, object]]) -> list[str]:
    found = []
    for thread in threads:
        answers = thread["answers"]
        assert isinstance(answers, list)
        found += [str(thread["title"]), str(thread["body"]), *(str(answer["body"]) for answer in answers)]
    return found


def test_every_reference_page_is_cited_in_more_than_one_spelling(unpacked_dumps: dict[str, bytes]) -> None:
    dumps = (data.decode() for name, data in unpacked_dumps.items() if name.startswith("wikipedia/"))
    cited = Counter(url for text in dumps for url in cited_urls(html.unescape(html.unescape(text))))
    spelled = re.compile(r"(?:https?://web\.archive\.org/web/\d+/)?https?://(?:www\.)?(.*?)/?")
    pages: dict[str, set[str]] = {}
    for url in cited:
        found = spelled.fullmatch(url)
        assert found is not None
        pages.setdefault(found[1], set()).add(url)
    for path in (SOURCE / "web" / "reference").iterdir():
        url = path.read_text(encoding="utf-8").split("\n", 1)[0].removeprefix("url: ")
        assert len(pages.get(url.removeprefix("https://").removeprefix("www."), ())) >= 2, url
    ways = [
        any("web.archive.org" in url for url in cited),
        any(url.startswith("http://www.") for url in cited),
        any(url.startswith("https://") and url.endswith("/") and "www." not in url for url in cited),
    ]
    assert ways == [True, True, True]


def test_faults_name_raw_files_that_exist(faults: list[dict[str, str]]) -> None:
    names = sorted(name for name in files_below(DUMPS) if name != "faults.tsv")
    nowhere = [
        name
        for fault in faults
        for name in (fault["id"], fault["partner"])
        if name and not any(name == raw or name.startswith(f"{raw}/") for raw in names)
    ]
    assert nowhere == []


def test_faults_have_sound_columns(faults: list[dict[str, str]]) -> None:
    assert {fault["source"] for fault in faults} == SOURCES
    assert {fault["action"] for fault in faults} == {"drop", "edit"}
    assert {fault["note"] for fault in faults} == {"", "soft"}
    assert all(fault["id"].startswith(f"{fault['source']}/") for fault in faults)
    assert all(fault["fault"] and fault["stage"] and fault["rule"] for fault in faults)
    with_partner = {fault["rule"] for fault in faults if fault["partner"]}
    assert with_partner == {"exact_duplicate", "near_duplicate", "contained_book"}
    rows = [(fault["id"], fault["stage"], fault["action"], fault["rule"]) for fault in faults]
    assert len(set(rows)) == len(rows)


def test_a_kept_partner_is_not_dropped_itself(faults: list[dict[str, str]]) -> None:
    dropped = {fault["id"] for fault in faults if fault["action"] == "drop"}
    assert [fault["partner"] for fault in faults if fault["partner"] in dropped] == []


def test_every_fault_is_planted(faults: list[dict[str, str]]) -> None:
    assert set(PLANTED.split()) - {row["fault"] for row in faults} == set()


def test_raw_files_are_what_their_names_say() -> None:
    """The reference readers of each format agree on the undamaged files."""
    with gzip.open(DUMPS / "c4" / "c4-train.00000-of-00002.json.gz", "rt", encoding="utf-8") as lines:
        assert json.loads(next(lines)).keys() == {"text", "timestamp", "url"}
    (ringbuf,) = (DUMPS / "github").glob("ada__ringbuf-*.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(ringbuf.read_bytes())) as archive:
        tops = {member.name.split("/")[0] for member in archive.getmembers()}
        owners = {(m.mtime, m.uid, m.gid, m.uname, m.mode) for m in archive.getmembers()}
    assert tops == {ringbuf.name.removeprefix("ada__").removesuffix(".tar.gz")}
    assert owners == {(1_579_219_200, 0, 0, "", 0o644)}
    posts = (DUMPS / "stackexchange" / "gardening.example" / "Posts.xml").read_bytes()
    assert posts.startswith(b"\xef\xbb\xbf<?xml") and posts.count(b"\r\n") == posts.count(b"\n")
