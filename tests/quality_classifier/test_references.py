"""The pages that articles cite: from wikitext, and as the stage's table."""

from __future__ import annotations

import bz2
import re
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

import pyarrow.parquet as pq
import pytest

from quality_classifier.references import REFERENCE_SCHEMA, ReferenceUrls
from quality_classifier.urls import normalize_url
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
        {"url": url, "document": f"wikipedia/dewiki-x.xml.bz2/{key}", "page_id": key, "language": "de"}
        for key in (7, 8)
        for url in ("http://www.a.example/b", "http://c.example/?q=1&r=2")
    ]
    assert manifest.facts == ({"articles": 2, "references": 4, "damaged": 0},)


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
    # The list cuts addresses at their first `&`, so a beginning is enough.
    keys = {key for key in map(normalize_url, listed) if key and not re.search("wiki|toolforge", key)}
    assert len(found) == len(set(found))
    assert [key for key in sorted(keys) if not any(url and url.startswith(key) for url in found)] == []
