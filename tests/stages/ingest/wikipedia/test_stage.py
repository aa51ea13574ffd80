"""The whole stage: documents, ledger, languages; and all real dumps."""

from __future__ import annotations

import bz2
import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from stages.core.errors import UserError
from stages.core.manifest import DOCUMENTS, LEDGER, Manifest
from stages.ingest.wikipedia.names import CATEGORY_NAMES, FILE_NAMES
from stages.ingest.wikipedia.stage import WikipediaIngest

HEADER = "<mediawiki><siteinfo><dbname>enwiki</dbname></siteinfo>"


def page_xml(
    page_id: int, title: str, body: str, ns: int = 0, extra: str = "", model: str = "wikitext"
) -> str:
    return (
        f"<page><title>{title}</title><ns>{ns}</ns><id>{page_id}</id>{extra}<revision>"
        f"<timestamp>2020-01-02T03:04:05Z</timestamp><model>{model}</model>{body}</revision></page>\n"
    )


def ingest(
    run_stage: Callable[..., Manifest], folder: Path, **options: object
) -> tuple[Manifest, list, list]:
    manifest = run_stage(WikipediaIngest(input=(str(folder),), **options))
    documents = [row for uri in manifest.uris(DOCUMENTS) for row in pq.read_table(uri).to_pylist()]
    ledger = [row for uri in manifest.uris(LEDGER) for row in pq.read_table(uri).to_pylist()]
    return manifest, documents, ledger


def test_every_page_is_a_document_or_a_ledger_row(tmp_path: Path, run_stage: Callable[..., Manifest]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    xml = HEADER + "".join(
        [
            page_xml(1, "Été &amp; co", "<text>A [[mill]].</text>"),
            page_xml(2, "B", "<text>#REDIRECT [[A]]</text>", extra='<redirect title="A" />'),
            page_xml(3, "C", "<text>#ПЕРЕНАПРАВЛЕНИЕ [[A]]</text>"),
            page_xml(4, "Talk:D", "<text>x</text>", ns=1),
            page_xml(5, "E", "<text>{{x}}</text>"),
            page_xml(6, "F", '<text deleted="deleted" />'),
            page_xml(7, "G", "<text>a {</text>", model="javascript"),
            page_xml(8, "H", "<text>a <b</text>"),
        ]
    )
    (folder / "frwiki-20220601-pages-articles.xml.bz2").write_bytes(bz2.compress(xml.encode()))
    manifest, documents, ledger = ingest(run_stage, folder)
    (document,) = documents
    assert document["id"] == "wikipedia/frwiki-20220601-pages-articles.xml.bz2/1"
    assert document["text"] == "Été & co\n\nA mill."
    assert document["url"] == "https://fr.wikipedia.org/wiki/%C3%89t%C3%A9_%26_co"
    assert (document["language"], document["language_score"]) == ("fr", None)
    assert json.loads(document["metadata"]) == {
        "page_id": 1,
        "timestamp": "2020-01-02T03:04:05Z",
        "title": "Été & co",
        "wiki": "fr",
    }
    assert [(row["id"].rpartition("/")[2], row["rule"], row["value"]) for row in ledger[:6]] == [
        ("2", "redirect", None),
        ("3", "redirect", None),
        ("4", "namespace", 1.0),
        ("5", "empty_text", None),
        ("6", "no_text", None),
        ("7", "content_model", None),
    ]
    assert ledger[6]["rule"] == "damaged_page"
    assert ledger[6]["id"].rpartition("/")[2].startswith("@")
    assert manifest.created == 8


def test_the_second_page_of_an_id_is_a_ledger_row(tmp_path: Path, run_stage: Callable[..., Manifest]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    pages = [page_xml(7, "A", "<text>one</text>"), page_xml(8, "B", "<text>two</text>")]
    xml = HEADER + "".join(
        [*pages, page_xml(7, "C", "<text>three</text>"), page_xml(7, "D", "<text>x</text>")]
    )
    (folder / "enwiki-x.xml").write_text(xml)
    _, documents, ledger = ingest(run_stage, folder)
    assert [row["text"] for row in documents] == ["A\n\none", "B\n\ntwo"]
    assert [(row["id"], row["rule"], row["value"]) for row in ledger] == [
        ("wikipedia/enwiki-x.xml/7", "duplicate_id", None),
        ("wikipedia/enwiki-x.xml/7", "duplicate_id", None),
    ]


def test_a_dump_in_utf16_is_read_whole(tmp_path: Path, run_stage: Callable[..., Manifest]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    xml = HEADER + "".join(page_xml(i, "Жук", f"<text>текст {i} 😀</text>") for i in range(1, 20))
    (folder / "bgwiki-a.xml").write_bytes(xml.encode("utf-16"))
    (folder / "bgwiki-b.xml.bz2").write_bytes(bz2.compress(xml.encode("utf-16")))
    _, documents, ledger = ingest(run_stage, folder, task_bytes=500)
    texts = [f"Жук\n\nтекст {i} 😀" for i in range(1, 20)]
    assert [row["text"] for row in documents] == texts * 2
    assert ledger == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("enwiki-NS0-20220701-ENTERPRISE-HTML.json.tar.gz", "an Enterprise dump"),
        ("enwiki-20220701-cirrussearch-content.json.gz", "a Cirrus dump"),
    ],
)
def test_dumps_of_other_kinds_are_refused_in_one_line(tmp_path: Path, name: str, kind: str) -> None:
    (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(UserError, match=kind) as refused:
        WikipediaIngest(input=(str(tmp_path),)).plan(())
    assert "\n" not in str(refused.value)


def test_sister_projects_and_other_wikis_have_their_own_addresses(
    tmp_path: Path, run_stage: Callable[..., Manifest]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    pages = page_xml(1, "A b", "<text>Some words.</text>")
    lang = '<mediawiki xml:lang="en"><siteinfo>'
    (folder / "enwiktionary-20240101.xml").write_text(HEADER + pages)
    (folder / "extract.xml").write_text(
        f"{lang}<dbname>star</dbname><base>https://star.fandom.com/wiki/Main_Page</base></siteinfo>{pages}"
    )
    (folder / "x.xml").write_text(
        f"{lang}<dbname>metawiki</dbname><base>https://meta.wikimedia.org/wiki/M</base></siteinfo>{pages}"
    )
    _, documents, ledger = ingest(run_stage, folder)
    assert [(row["url"], row["language"], json.loads(row["metadata"])["wiki"]) for row in documents] == [
        ("https://en.wiktionary.org/wiki/A_b", "en", "enwiktionary"),
        ("https://star.fandom.com/wiki/A_b", "en", "en"),
        ("https://meta.wikimedia.org/wiki/A_b", None, "metawiki"),
    ]
    assert ledger == []


def test_a_dump_of_a_sister_project_is_no_wikipedia(
    tmp_path: Path, run_stage: Callable[..., Manifest]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    xml = HEADER + page_xml(1, "A", "<text>Some words.</text>")
    for name in ("enwiki-x.xml", "enwiktionary-x.xml", "zh_yuewiki-x.xml"):
        (folder / name).write_text(xml)
    _, documents, ledger = ingest(run_stage, folder, languages=("en", "zh_yue"))
    assert [row["id"] for row in documents] == ["wikipedia/enwiki-x.xml/1", "wikipedia/zh_yuewiki-x.xml/1"]
    assert [(row["id"], row["rule"], row["detail"]) for row in ledger] == [
        ("wikipedia/enwiktionary-x.xml", "language_not_wanted", "the dump's wiki is enwiktionary")
    ]


def test_truncated_bz2_keeps_what_came_before(tmp_path: Path, run_stage: Callable[..., Manifest]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    streams = [bz2.compress(page_xml(i, "T", f"<text>text {i}</text>").encode()) for i in (1, 2, 3)]
    data = b"".join([bz2.compress(HEADER.encode()), *streams])
    (folder / "enwiki-x.xml.bz2").write_bytes(data[:-20])
    _, documents, ledger = ingest(run_stage, folder)
    assert [row["text"] for row in documents] == ["T\n\ntext 1", "T\n\ntext 2"]
    assert "damaged" in [row["rule"] for row in ledger]


def test_languages_keep_only_their_dumps(tmp_path: Path, run_stage: Callable[..., Manifest]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    xml = (HEADER + page_xml(1, "T", "<text>text</text>")).encode()
    (folder / "bgwiki-x.xml.gz").write_bytes(gzip.compress(xml, mtime=0))
    (folder / "dewiki-x.xml").write_bytes(xml)
    (folder / "other.xml").write_bytes(xml)
    _, documents, ledger = ingest(run_stage, folder, languages=("bg", "en"))
    assert [(row["id"], row["language"]) for row in documents] == [
        ("wikipedia/bgwiki-x.xml.gz/1", "bg"),
        ("wikipedia/other.xml/1", "en"),
    ]
    assert [(row["id"], row["rule"]) for row in ledger] == [("wikipedia/dewiki-x.xml", "language_not_wanted")]


def test_a_file_without_pages_is_in_the_ledger(tmp_path: Path, run_stage: Callable[..., Manifest]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "enwiki-index.txt").write_text("600:10:Anarchism\n")
    _, documents, ledger = ingest(run_stage, folder)
    assert documents == []
    assert [(row["id"], row["rule"]) for row in ledger] == [("wikipedia/enwiki-index.txt", "no_pages")]


_FILES = "|".join(sorted(re.escape(name.replace("_", " ")) for name in FILE_NAMES))
_CATEGORIES = "|".join(sorted(re.escape(name.replace("_", " ")) for name in CATEGORY_NAMES))
LEFTOVERS = {
    "braces": r"\{\{|\}\}",
    "links": r"\[\[|\]\]",
    "notes": r"</?ref\b|<references",
    "rows": r"^\|[-+}|]|^!|\|\||\{\||\|\}",
    "entities": r"&(?:nbsp|#\d+|#x[\da-f]+|[a-z]\w{1,20});",
    "files": rf"(?<!\w)(?:{_FILES}):\S",
    "categories": rf"(?<!\w)(?:{_CATEGORIES}):\S",
    "quotes": r"''",
    "tags": r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>",
    "comments": r"<!--|-->",
    "magic words": r"__[^\W\d_]+__",
    "external links": r"\[(?:https?:)?//",
    "empty brackets": r"\(\s*[,;:.\s–-]*\s*\)|（[、\s]*）|\(\s*[,;]|[,;]\s*\)",
    "list marks": r"^[*#:;]",
    "heading marks": r"^=+.*=+$",
    "options": r"\b(?:thumb|mini|miniatur|vignette|upright|\d*px)\|",
    "attributes": r"(?:style|class|align|colspan|rowspan|bgcolor|valign)\s*=\s*\"?\w",
    "doubled commas": r"[,、]\s*[,、]",
}
"""Markup that a pass may leave behind, by category, as a pattern of a line."""


EMPTY_SECTIONS = frozenset(
    """references|notes|see also|external links|einzelnachweise|weblinks|références|notes et références|liens externes
    |referencias|enlaces externos|note|collegamenti esterni|referências|ligações externas|przypisy|linki zewnętrzne
    |примечания|ссылки|примітки|посилання|бележки|външни препратки|referencer|eksterne henvisninger|referenser|externa länkar
    |voetnoten|externe links|reference|externí odkazy|jegyzetek|források|референце|спољашње везе|izvori|vanjske poveznice
    |sklici|zunanje povezave|referències|enllaços externs|legături externe|脚注|外部リンク""".replace(
        "\n    ", ""
    ).split("|")
)


@pytest.mark.real
def test_real_dumps_leave_no_markup(shared_data: Path, run_stage: Callable[..., Manifest]) -> None:
    manifest, documents, ledger = ingest(run_stage, shared_data / "wikipedia")
    lines = [line for row in documents for line in row["text"].split("\n")]
    assert len(lines) > 10_000
    left = {
        category: [line for line in lines if re.search(pattern, line, re.IGNORECASE)]
        for category, pattern in LEFTOVERS.items()
    }
    counts = ", ".join(f"{category} {len(found)}" for category, found in left.items())
    print(f"{len(lines)} lines; left in: {counts}")  # noqa: T201 - the counts, for whoever runs it with -s
    assert {category: found[:5] for category, found in left.items() if len(found) > len(lines) // 1000} == {}
    ends = [row["text"].rsplit("\n", 1)[-1].strip().casefold() for row in documents]
    assert [end for end in ends if end in EMPTY_SECTIONS] == []
    assert len({row["id"] for row in documents}) == len(documents) == 134
    assert manifest.created == len(documents) + len(ledger)
    assert manifest.dropped == {"namespace": 45, "redirect": 151}
    languages = {row["language"] for row in documents}
    recipe = "bg ca cs da de en es fr hr hu it nl pl pt ro ru sl sr sv uk"
    assert set(recipe.split()) <= languages
