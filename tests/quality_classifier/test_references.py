"""The pages that articles cite: from wikitext, and as the stage's table."""

from __future__ import annotations

import bz2
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

import pyarrow.parquet as pq
import pytest

from quality_classifier.cited_pages import reference_totals, write_urls
from quality_classifier.hosts import left_out_hosts
from quality_classifier.references import REFERENCE_SCHEMA, CitedUrls, ReferenceUrls
from quality_classifier.urls import host_of_key, normalize_url
from stages.core.manifest import TABLE, Manifest
from stages.ingest.wikipedia.citations import cited_urls


@pytest.mark.parametrize(
    ("wikitext", "expected"),
    [
        ("a<ref>http://a.example/b.</ref>", ["http://a.example/b"]),
        ("<ref>{{cite web|url=https://a.example/b|title=T}}</ref>", ["https://a.example/b"]),
        ("{{cite|url=https://a.example/b}}", ["https://a.example/b"]),
        ("{{cite|url= //a.example/b }}", ["https://a.example/b"]),
        ("[//a.example/b label] [http://c.example d]", ["https://a.example/b", "http://c.example"]),
        ("[http://a.example/b?x=1&amp;y=2 l]", ["http://a.example/b?x=1&y=2"]),
        (
            "(http://a.example/b_(c)) and (http://a.example/d).",
            ["http://a.example/b_(c)", "http://a.example/d"],
        ),
        ("''http://a.example/b''", ["http://a.example/b"]),
        ("{{cite|url=http://a.example/?a{{=}}b}}", ["http://a.example/?a=b"]),
        ("<!-- http://a.example --><nowiki>http://b.example</nowiki>", []),
        ("no // address at http:// all [[//x]]", []),
        (
            "{{URL|www.a.example/b}} {{c|url= www.c.example|work=www.d.example}}",
            ["https://www.a.example/b", "https://www.c.example"],
        ),
        ("xhttp://a.example //b.example,http://c.example", ["http://c.example"]),
        ("[HTTP://a.example/b www.c.example]", ["HTTP://a.example/b"]),
        (
            "{{c|archive-url=https://web.archive.org/web/2015/http://a.example/b}}",
            ["https://web.archive.org/web/2015/http://a.example/b"],
        ),
    ],
)
def test_cited_addresses(wikitext: str, expected: list[str]) -> None:
    assert cited_urls(wikitext) == expected


def test_one_row_for_each_article_and_page(tmp_path: Path, run_stage: Callable[..., Manifest]) -> None:
    wikitext = (
        "<ref>{{c|url=http://www.a.example/b|archive-url=https://web.archive.org/web/2015/http://a.example/b/}}</ref>"
        "[https://en.wikipedia.org/wiki/X x][http://c.example/?q=1&r=2 y] [https://commons.wikimedia.org/z z]"
    )
    pages = "".join(
        f"<page><title>T{key}</title><ns>{ns}</ns><id>{key}</id><revision><text>{escape(wikitext)}</text></revision></page>"
        for key, ns in ((7, 0), (8, 0), (9, 1))
    )
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "dewiki-x.xml.bz2").write_bytes(bz2.compress(f"<mediawiki>{pages}</mediawiki>".encode()))
    manifest = run_stage(ReferenceUrls(input=(str(folder),)))
    (uri,) = manifest.uris(TABLE)
    table = pq.read_table(uri)
    assert table.schema.equals(REFERENCE_SCHEMA)
    assert table.to_pylist() == [
        {"url": url, "page": page, "host": page[:9], "document": f"wikipedia/dewiki-x.xml.bz2/{key}"}
        | {"page_id": key, "title": f"T{key}", "language": "de", "count": count}
        for key in (7, 8)
        for url, page, count in (
            ("http://www.a.example/b", "a.example/b", 2),
            ("http://c.example/?q=1&r=2", "c.example?q=1&r=2", 1),
        )
    ]
    (facts,) = manifest.facts_of(CitedUrls)
    assert facts == CitedUrls(articles=2, references=4, damaged=0, left_out={"wikimedia": 4}, unread=())
    place = str(tmp_path / "urls.txt")
    assert write_urls([uri], place) == 2
    assert Path(place).read_text() == "http://www.a.example/b\nhttp://c.example/?q=1&r=2\n"


def test_a_list_of_addresses_is_taken_and_a_file_that_is_neither_is_named(
    tmp_path: Path, run_stage: Callable[..., Manifest]
) -> None:
    lines = (
        "# mine\nhttps://a.example/x?utm_source=1\n\nhttps://www.amazon.de/dp/1\nhttp://b.example\nnonsense\n"
    )
    (tmp_path / "list.txt.bz2").write_bytes(bz2.compress(lines.encode()))
    (tmp_path / "note.txt").write_text("hello")
    (tmp_path / "gone.txt").write_text("b.example\n")
    inputs = tuple(str(tmp_path / name) for name in ("list.txt.bz2", "note.txt"))
    manifest = run_stage(ReferenceUrls(input=inputs, leave_out=str(tmp_path / "gone.txt")))
    (row,) = pq.read_table(manifest.uris(TABLE)[0]).to_pylist()
    assert (row["page"], row["document"], row["language"]) == (
        "a.example/x",
        "wikipedia/list.txt.bz2/2",
        None,
    )
    totals = reference_totals(manifest)
    assert totals.left_out == {"named": 1, "shop": 1}
    assert totals.unread == ("note.txt: no <page> in the file: not a dump of pages",)


def test_a_damaged_dump_is_named_and_what_came_before_is_kept(
    tmp_path: Path, run_stage: Callable[..., Manifest]
) -> None:
    page = "<page><title>T</title><ns>0</ns><id>1</id><text>[http://a.example x]</text></page>"
    whole = bz2.compress(f"<mediawiki>{page}".encode())
    (tmp_path / "dewiki-x.xml.bz2").write_bytes(whole + bz2.compress(b"<page>" * 999)[:-20])
    totals = reference_totals(run_stage(ReferenceUrls(input=(str(tmp_path),))))
    assert (totals.rows, totals.damaged) == (1, 1)
    assert [line.partition(": ")[0] for line in totals.unread] == ["dewiki-x.xml.bz2"]


def test_other_languages_give_no_row(tmp_path: Path, run_stage: Callable[..., Manifest]) -> None:
    (tmp_path / "dewiki-x.xml").write_text(
        "<page><title>T</title><ns>0</ns><id>1</id><text>[http://a.example x]</text></page>"
    )
    manifest = run_stage(ReferenceUrls(input=(str(tmp_path / "dewiki-x.xml"),), languages=("bg",)))
    assert [file.rows for file in manifest.of_kind(TABLE)] == [0]


@pytest.mark.real
@pytest.mark.parametrize("language", ["bg", "cs", "es", "pl", "ru", "uk", "ja"])
def test_real_dumps_cite_what_another_tool_found(
    shared_data: Path, run_stage: Callable[..., Manifest], language: str
) -> None:
    pattern = shared_data / "wikipedia" / f"{language}wiki-dbpedia-minidump-pages-articles.xml.bz2"
    manifest = run_stage(ReferenceUrls(input=(str(pattern),)))
    found = [normalize_url(url) for url in pq.read_table(manifest.uris(TABLE)[0]).column("url").to_pylist()]
    listed = (shared_data / "quality" / "wikipedia-ref-urls" / f"{language}.txt").read_text().split()
    # The list cuts addresses at their first `&`, so a beginning is enough; of copies in caches that begins too early.
    keys = {
        key for key in map(normalize_url, listed) if key and left_out_hosts().reason(host_of_key(key)) is None
    }
    assert len(found) == len(set(found))
    assert [key for key in sorted(keys) if not any(url and url.startswith(key) for url in found)] in (
        [],
        ["docs.google.com/viewer?a=v"],
    )
