"""Which wiki a dump is of, by its name and its header; and where that wiki's pages lie."""

from __future__ import annotations

import pytest

from stages.ingest.wikipedia.wikis import (
    address_before_title,
    host_of,
    language_of_wiki,
    wanted_code,
    wiki_code,
)


@pytest.mark.parametrize(
    ("name", "dbname", "code", "language", "host"),
    [
        ("bgwiki-20220601-pages-articles.xml.bz2", "enwiki", "bg", "bg", "bg.wikipedia.org"),
        ("dumps/simplewiki.xml.bz2", None, "simple", "en", "simple.wikipedia.org"),
        ("extract.xml", "srwiki", "sr", "sr", "sr.wikipedia.org"),
        ("zh_yuewiki-latest-pages-articles.xml", None, "zh-yue", "yue", "zh-yue.wikipedia.org"),
        ("extract.xml", None, None, None, None),
        ("mywikidump.xml", "enwiki", "en", "en", "en.wikipedia.org"),
        ("smallwiki.xml.bz2", "bgwiki", "bg", "bg", "bg.wikipedia.org"),
        ("testwiki-20220601.xml", None, "testwiki", "en", "test.wikipedia.org"),
        ("enwiktionary-20240101-pages-articles.xml.bz2", None, "enwiktionary", "en", "en.wiktionary.org"),
        ("extract.xml", "dewikisource", "dewikisource", "de", "de.wikisource.org"),
        ("frwikiquote-latest.xml", "enwiki", "frwikiquote", "fr", "fr.wikiquote.org"),
        ("simplewiktionary.xml", None, "simplewiktionary", "en", "simple.wiktionary.org"),
        ("zh_min_nanwiktionary.xml", None, "zh_min_nanwiktionary", "nan", "zh-min-nan.wiktionary.org"),
        ("commonswiki-20240101-pages-articles.xml.bz2", None, "commonswiki", None, "commons.wikimedia.org"),
        ("wikidatawiki-20240101.xml", None, "wikidatawiki", None, "www.wikidata.org"),
        ("x.xml", "metawiki", "metawiki", None, "meta.wikimedia.org"),
        ("mediawikiwiki.xml", None, "mediawikiwiki", None, "www.mediawiki.org"),
        ("zh_yuewiki.xml", None, "zh-yue", "yue", "zh-yue.wikipedia.org"),
        ("x.xml", "zh_yue", "zh-yue", "yue", "zh-yue.wikipedia.org"),
        ("be_x_oldwiki-20240101.xml", None, "be-x-old", "be", "be-tarask.wikipedia.org"),
        ("bgwiki20240101.xml", "enwiki", "bg", "bg", "bg.wikipedia.org"),
        ("bg.wikipedia.xml", "enwiki", "bg", "bg", "bg.wikipedia.org"),
        ("bg.wiktionary.org-2024.xml", "enwiki", "bgwiktionary", "bg", "bg.wiktionary.org"),
        ("bg_wiki.xml", "enwiki", "bg", "bg", "bg.wikipedia.org"),
        (
            "2024/bgwiki-20240101-pages-articles-multistream1.xml-p1p500.bz2",
            "enwiki",
            "bg",
            "bg",
            "bg.wikipedia.org",
        ),
        ("itemwikibooks.xml", None, None, None, None),
        ("x.xml", "it", None, None, None),
    ],
)
def test_trap_the_language_comes_from_the_name_and_not_from_the_header(
    name: str, dbname: str | None, code: str | None, language: str | None, host: str | None
) -> None:
    assert wiki_code(name, dbname) == code
    assert language_of_wiki(code) == language
    assert host_of(code) == host


@pytest.mark.parametrize(
    ("name", "dbname", "base", "lang", "code"),
    [
        ("smallwiki.xml", "bgwiki", "https://de.wikipedia.org/wiki/X", "fr", "bg"),
        ("smallwiki.xml", "mydb", "https://de.wikipedia.org/wiki/X", "fr", "de"),
        ("small.xml", None, "//zh-yue.m.wikipedia.org/", "fr", "zh-yue"),
        ("small.xml", "mydb", "http://localhost/wiki", "fr", "fr"),
        ("small.xml", None, None, "en-GB", "en-gb"),
        ("small.xml", None, None, "zh_yue", "zh-yue"),
        ("x.xml", None, "https://en.wiktionary.org/wiki/Main_Page", "en", "enwiktionary"),
        ("x.xml", None, "https://www.wikidata.org/wiki/X", "en", "wikidatawiki"),
        ("x.xml", None, "https://commons.m.wikimedia.org/wiki/X", "en", "commonswiki"),
        ("x.xml", None, "https://notwikipedia.org/wiki/X", "en", "en"),
        ("itwiki.xml", "bgwiki", "https://de.wikipedia.org/wiki/X", "fr", "it"),
    ],
)
def test_a_known_wiki_s_code_of_name_database_address_language_in_this_order(
    name: str, dbname: str | None, base: str | None, lang: str | None, code: str
) -> None:
    assert wiki_code(name, dbname, base, lang) == code


def test_codes_as_a_person_writes_them() -> None:
    assert [wanted_code(name) for name in ("bg", "zh_yue", "bgwiki", "EnWiktionary", "testwiki")] == [
        "bg",
        "zh-yue",
        "bg",
        "enwiktionary",
        "testwiki",
    ]


@pytest.mark.parametrize(
    ("base", "address"),
    [
        ("https://starwars.fandom.com/wiki/Main_Page", "https://starwars.fandom.com/wiki/"),
        ("http://wiki.example.org:8080/Main", "http://wiki.example.org:8080/"),
        ("https://x.example.org/index.php?title=Main_Page", None),
        ("http://localhost/wiki/X", None),
        ("https://be.wikimedia.org/wiki/Hoofdpagina", "https://be.wikimedia.org/wiki/"),
        (None, None),
    ],
)
def test_what_an_address_begins_with(base: str | None, address: str | None) -> None:
    assert address_before_title(base) == address


def test_a_language_that_no_wikipedia_has_names_no_host() -> None:
    assert [host_of(code) for code in ("en-gb", "xx", "bg")] == [None, None, "bg.wikipedia.org"]
