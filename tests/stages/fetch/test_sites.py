"""Every site's list, in the layout that it has, gives the chosen files; what is no such list is named."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.registry import sites
from stages.core.errors import UserError
from stages.fetch.client import Client
from stages.fetch.remote import Checksum, FetchError, ListError, RemoteFile
from stages.ingest.arxiv.fetch import Arxiv, parse_manifest
from stages.ingest.books.fetch import Gutenberg, parse_catalogue
from stages.ingest.c4.fetch import C4
from stages.ingest.common_crawl.fetch import CommonCrawl, parse_collinfo, parse_paths
from stages.ingest.stackexchange.fetch import StackExchange, is_meta, parse_files
from stages.ingest.wikipedia.fetch import Wikipedia, parse_dates, parse_jobs

HTML = b"<!DOCTYPE html>\n<html><body>We are down for maintenance</body></html>"
MD5, SHA1, SHA256 = "ab" * 16, "cd" * 20, "ef" * 32
DUMP = "CC-MAIN-2020-05"
SEGMENT = f"crawl-data/{DUMP}/segments/1579250589560.16/wet"


def wet(number: int) -> str:
    return f"{SEGMENT}/CC-MAIN-20200117123339-20200117151339-{number:05d}.warc.wet.gz"


def names(files: list[RemoteFile]) -> list[str]:
    return [file.name for file in files]


# Common Crawl


@pytest.fixture
def crawl(server: Any) -> Any:
    lines = "".join(f"{wet(number)}\n" for number in range(5))
    server.put(f"/crawl-data/{DUMP}/wet.paths.gz", gzip.compress(lines.encode()))
    dumps = [{"id": "CC-MAIN-2020-10", "name": "x"}, {"id": DUMP}, {"id": "CC-MAIN-2008-2009"}]
    server.put("/collinfo.json", json.dumps(dumps).encode())
    return server


def common_crawl(server: Any, **options: Any) -> CommonCrawl:
    given = {"dump": DUMP, "files": ":", "collinfo_url": f"{server.url}/collinfo.json"} | options
    return CommonCrawl(base_url=server.url, **given)


def test_common_crawl_gives_the_range_of_a_dumps_list(crawl: Any, client: Client) -> None:
    files = common_crawl(crawl, files="1:3").list_files(client)
    assert files == [RemoteFile(f"{crawl.url}/{wet(n)}", wet(n)) for n in (1, 2)]


@pytest.mark.parametrize("status", [403, 404])
def test_common_crawl_names_dumps_like_one_that_is_not(crawl: Any, client: Client, status: int) -> None:
    crawl.then("/crawl-data/CC-MAIN-2020-06/wet.paths.gz", crawl.status(status))
    with pytest.raises(UserError, match="no dump CC-MAIN-2020-06; like it: CC-MAIN-2020-"):
        common_crawl(crawl, dump="CC-MAIN-2020-06").list_files(client)


def test_common_crawl_says_when_a_dump_has_no_list_of_a_kind(crawl: Any, client: Client) -> None:
    with pytest.raises(UserError, match="CC-MAIN-2008-2009 is known, but has no list of wet files"):
        common_crawl(crawl, dump="CC-MAIN-2008-2009").list_files(client)


def test_common_crawl_says_where_it_looked_when_no_one_knows_the_dumps(crawl: Any, client: Client) -> None:
    with pytest.raises(FetchError, match=r"CC-MAIN-2030-01/wet\.paths\.gz: HTTP 404"):
        common_crawl(crawl, dump="CC-MAIN-2030-01", collinfo_url=f"{crawl.url}/absent").list_files(client)


@pytest.mark.parametrize(
    "data",
    [
        HTML,
        b"",
        gzip.compress(b"a" * 99, mtime=0)[:-9],
        gzip.compress(HTML, mtime=0),
        gzip.compress(b"crawl-data/../x.gz y", mtime=0),
    ],
)
def test_what_is_no_list_of_paths_is_refused(crawl: Any, client: Client, data: bytes) -> None:
    crawl.put(f"/crawl-data/{DUMP}/wet.paths.gz", data)
    with pytest.raises(UserError, match=r"wet\.paths\.gz|is empty, the list has 0 files"):
        common_crawl(crawl).list_files(client)


def test_a_path_that_climbs_out_of_the_folder_is_refused(crawl: Any, client: Client) -> None:
    crawl.put(f"/crawl-data/{DUMP}/wet.paths.gz", gzip.compress(b"crawl-data/../../x.gz\n", mtime=0))
    with pytest.raises(ListError, match=r"wet\.paths\.gz: the list has an unsafe file name"):
        common_crawl(crawl).list_files(client)


@pytest.mark.parametrize("data", [HTML, b"{}x", b'{"a": 1}', b"[1]", b'[{"name": 1}]'])
def test_what_is_no_list_of_dumps_is_refused(data: bytes) -> None:
    with pytest.raises(ListError, match="no list of dumps"):
        parse_collinfo(data)


def test_paths_keep_the_lists_order() -> None:
    assert parse_paths(gzip.compress(f"{wet(2)}\n{wet(1)}\n".encode())) == [wet(2), wet(1)]


@pytest.mark.parametrize("dump", ["2020-05", "CC-MAIN-2020-05/..", "CC-MAIN-20", "CC-MAIN-2020-05\n"])
def test_a_dumps_name_is_checked(dump: str) -> None:
    with pytest.raises(ValidationError, match="dump"):
        CommonCrawl(dump=dump, files=":")


# C4

TREE = "/api/datasets/allenai/c4/tree/main"


def entry(path: str, size: int = 10, lfs: bool = True) -> dict[str, Any]:
    plain = {"type": "file", "oid": "0" * 40, "size": size, "path": path}
    return plain | ({"lfs": {"oid": SHA256, "size": size, "pointerSize": 134}} if lfs else {})


def shard(number: int, split: str = "train", variant: str = "en") -> str:
    return f"{variant}/c4-{split}.{number:05d}-of-01024.json.gz"


def test_c4_gives_shards_with_size_and_sha256(server: Any, client: Client) -> None:
    listing = [
        entry(shard(1)),
        entry(shard(0)),
        entry(shard(0, "validation")),
        entry("en/README.md", lfs=False),
    ]
    server.put(f"{TREE}/en", json.dumps([{"type": "directory", "path": "en/x"}, *listing]).encode())
    files = C4(base_url=server.url).list_files(client)
    where = f"{server.url}/datasets/allenai/c4/resolve/main"
    assert files == [
        RemoteFile(f"{where}/{shard(n)}", shard(n), 10, Checksum("sha256", SHA256)) for n in (0, 1)
    ]
    assert names(C4(base_url=server.url, split="validation").list_files(client)) == [shard(0, "validation")]


def test_c4_reads_every_page_of_the_listing(server: Any, client: Client) -> None:
    # The Hub gives 1,000 entries at a time: whoever reads one page misses the last shards of 1,024.
    upstream = f"https://huggingface.co{TREE}/en?limit=1000&cursor=ZXlK%3D"
    server.put(
        f"{TREE}/en",
        json.dumps([entry(shard(n)) for n in range(1000)]).encode(),
        link=f'<{upstream}>; rel="next"',
    )
    server.put(
        f"{TREE}/en?limit=1000&cursor=ZXlK=",
        json.dumps([entry(shard(n)) for n in range(1000, 1024)]).encode(),
    )
    assert names(C4(base_url=server.url, files="1000:").list_files(client)) == [
        shard(n) for n in range(1000, 1024)
    ]


def test_c4_notices_pages_without_end(server: Any, client: Client) -> None:
    server.put(f"{TREE}/en", b"[]", link=f"<{server.url}{TREE}/en?cursor=1>; rel=next")
    server.put(f"{TREE}/en?cursor=1", b"[]", link=f"<{server.url}{TREE}/en?cursor=1>; rel=next")
    with pytest.raises(ListError, match="do not end"):
        C4(base_url=server.url).list_files(client)


def test_c4_keeps_the_chosen_languages_of_the_multilingual_variant(server: Any, client: Client) -> None:
    paths = [
        "multilingual/c4-de.tfrecord-00000-of-02048.json.gz",
        "multilingual/c4-de-validation.tfrecord-00000-of-00016.json.gz",
        "multilingual/c4-el-Latn.tfrecord-00000-of-00016.json.gz",
        "multilingual/c4-el.tfrecord-00000-of-00016.json.gz",
    ]
    server.put(f"{TREE}/multilingual", json.dumps([entry(path) for path in paths]).encode())

    def of(split: Any, *languages: str) -> list[str]:
        site = C4(base_url=server.url, variant="multilingual", languages=languages, split=split)
        return names(site.list_files(client))

    assert of("train", "de") == paths[:1]
    assert of("validation", "de") == paths[1:2]
    assert of("train", "el", "el-Latn") == paths[2:]
    with pytest.raises(UserError, match="no language el-Lat; like it: el-Latn"):
        of("train", "el-Lat")
    with pytest.raises(UserError, match="--languages go with --variant multilingual"):
        of("train")


@pytest.mark.parametrize("data", [HTML, b"{}", b'{"error": "not found"}', b"[1]", b'[{"type": "file"}]'])
def test_what_is_no_listing_of_the_hub_is_refused(server: Any, client: Client, data: bytes) -> None:
    server.put(f"{TREE}/en", data)
    with pytest.raises(UserError, match="no folder listing of the Hub|is empty, the list has 0 files"):
        C4(base_url=server.url).list_files(client)


# Wikipedia


def status(jobs: dict[str, Any]) -> bytes:
    return json.dumps({"version": "0.8", "jobs": jobs}).encode()


def dump_files(wiki: str, date: str, *tails: str, digests: bool = True) -> dict[str, Any]:
    extra = {"md5": MD5, "sha1": SHA1} if digests else {}
    files = [f"{wiki}-{date}-pages-articles-multistream{tail}" for tail in tails]
    return {name: {"size": 7, "url": f"/{wiki}/{date}/{name}"} | extra for name in files}


@pytest.fixture
def wikis(server: Any) -> Any:
    small = dump_files("simplewiki", "20240501", ".xml.bz2", "-index.txt.bz2")
    big = dump_files(
        "enwiki", "20240501", "1.xml-p1p41242.bz2", "-index1.txt-p1p41242.bz2", "2.xml-p41243p151573.bz2"
    )
    done = {
        "articlesmultistreamdump": {"status": "done", "files": small},
        "xmlstubsdump": {"status": "waiting"},
    }
    server.put("/simplewiki/20240501/dumpstatus.json", status(done))
    server.put(
        "/enwiki/20240501/dumpstatus.json",
        status({"articlesmultistreamdump": {"status": "done", "files": big}}),
    )
    late = {"articlesmultistreamdump": {"status": "in-progress"}}
    server.put("/simplewiki/20240520/dumpstatus.json", status(late))
    links = "".join(
        f'<a href="{date}/">{date}/</a>\n' for date in ("20240501", "20240520", "20240601", "latest")
    )
    server.put("/simplewiki/", b'<html><a href="../">../</a>' + links.encode(), content_type="text/html")
    return server


def test_wikipedia_gives_all_part_files_of_several_languages(wikis: Any, client: Client) -> None:
    site = Wikipedia(base_url=wikis.url, languages=("en", "simple"), date="20240501")
    files = site.list_files(client)
    assert names(files) == [
        "enwiki/20240501/enwiki-20240501-pages-articles-multistream-index1.txt-p1p41242.bz2",
        "enwiki/20240501/enwiki-20240501-pages-articles-multistream1.xml-p1p41242.bz2",
        "enwiki/20240501/enwiki-20240501-pages-articles-multistream2.xml-p41243p151573.bz2",
        "simplewiki/20240501/simplewiki-20240501-pages-articles-multistream-index.txt.bz2",
        "simplewiki/20240501/simplewiki-20240501-pages-articles-multistream.xml.bz2",
    ]
    assert files[1] == RemoteFile(f"{wikis.url}/{files[1].name}", files[1].name, 7, Checksum("sha1", SHA1))
    bare = site.model_copy(update={"index": False})
    assert [name for name in names(bare.list_files(client)) if "index" in name] == []


def test_the_latest_dump_is_the_newest_whose_job_is_done(wikis: Any, client: Client) -> None:
    # 20240601 has no dumpstatus.json yet, 20240520 is still being made.
    files = Wikipedia(base_url=wikis.url, languages=("simple",), index=False).list_files(client)
    assert names(files) == ["simplewiki/20240501/simplewiki-20240501-pages-articles-multistream.xml.bz2"]


def test_a_dump_that_is_not_done_is_named(wikis: Any, client: Client) -> None:
    with pytest.raises(
        UserError, match="simplewiki/20240520: the job articlesmultistreamdump is 'in-progress'"
    ):
        Wikipedia(base_url=wikis.url, languages=("simple",), date="20240520").list_files(client)
    wikis.put("/simplewiki/", b"<html>")
    with pytest.raises(UserError, match="simplewiki: no dump at"):
        Wikipedia(base_url=wikis.url, languages=("simple",)).list_files(client)


def test_a_job_that_is_not_is_named(wikis: Any, client: Client) -> None:
    with pytest.raises(UserError, match="no job articlesmultistream; like it: articlesmultistreamdump"):
        Wikipedia(
            base_url=wikis.url, languages=("simple",), date="20240501", job="articlesmultistream"
        ).list_files(client)


def test_a_mirror_below_a_folder_and_without_digests_serves_as_well(server: Any, client: Client) -> None:
    files = dump_files("be_x_oldwiki", "20240501", ".xml.bz2", digests=False)
    jobs = {"articlesmultistreamdump": {"status": "done", "files": files}}
    server.put("/mirror/dumps/be_x_oldwiki/20240501/dumpstatus.json", status(jobs))
    site = Wikipedia(base_url=f"{server.url}/mirror/dumps/", languages=("be-x-old",), date="20240501")
    (name,) = files
    path = f"be_x_oldwiki/20240501/{name}"
    assert site.list_files(client) == [RemoteFile(f"{server.url}/mirror/dumps/{path}", path, 7)]


def test_a_dumps_file_with_an_unsafe_name_is_refused(server: Any, client: Client) -> None:
    jobs = {"articlesmultistreamdump": {"status": "done", "files": {"a\n.bz2": {"size": 1}}}}
    server.put("/enwiki/20240501/dumpstatus.json", status(jobs))
    with pytest.raises(ListError, match="unsafe file name"):
        Wikipedia(base_url=server.url, languages=("en",), date="20240501").list_files(client)


def test_wikimedia_is_not_asked_without_a_contact(client: Client) -> None:
    with pytest.raises(UserError, match="needs --contact"):
        Wikipedia(languages=("en",)).list_files(client)


@pytest.mark.parametrize("language", ["EN", "e", "en/..", "en wiki"])
def test_a_language_code_is_checked(language: str) -> None:
    with pytest.raises(ValidationError, match="languages"):
        Wikipedia(languages=(language,))


@pytest.mark.parametrize("data", [HTML, b"[]", b"{}", b'{"jobs": 1}', b'{"jobs": {"a": 1}}'])
def test_what_is_no_dumpstatus_is_refused(data: bytes) -> None:
    with pytest.raises(ListError, match=r"no dumpstatus\.json"):
        parse_jobs(data)


def test_dates_of_dumps() -> None:
    page = (
        b'<a href="20240501/">x</a><a href="/enwiki/20240601/">y</a><a href="latest/">z</a><a href="2024/">'
    )
    assert parse_dates(page) == ["20240601", "20240501"]


# Project Gutenberg

CATALOGUE = (
    b"Text#,Type,Issued,Title,Language,Authors,Subjects,LoCC,Bookshelves\n"
    b'84,Text,1993-10-01,"Frankenstein;\nor, the Modern Prometheus",en,"Shelley, Mary",x,PR,y\n'
    b"2000,Text,1999-12-01,Don Quijote,es,Cervantes,x,PQ,y\n"
    b"9999,Sound,2010-01-01,An Audiobook,en,Reader,x,PQ,y\n"
    b"10,Text,1999-12-01,Both,en; la,Anonymous,x,PQ,y\n"
)


@pytest.mark.parametrize("data", [CATALOGUE, gzip.compress(CATALOGUE, mtime=0), b"\xef\xbb\xbf" + CATALOGUE])
def test_gutenberg_gives_plain_texts_by_language_and_number(
    tmp_path: Path, client: Client, data: bytes
) -> None:
    catalogue = tmp_path / "pg_catalog.csv"
    catalogue.write_bytes(data)

    def of(**options: Any) -> list[str]:
        site = Gutenberg(base_url="https://mirror.example/pub/", catalogue=str(catalogue), **options)
        return [
            file.url.removeprefix("https://mirror.example/pub/cache/epub/")
            for file in site.list_files(client)
        ]

    assert of() == ["10/pg10.txt", "84/pg84.txt", "2000/pg2000.txt"]
    assert of(languages=("en",)) == ["10/pg10.txt", "84/pg84.txt"]
    assert of(languages=("la", "es")) == ["10/pg10.txt", "2000/pg2000.txt"]
    assert of(ids="84:2000") == ["84/pg84.txt"]
    with pytest.raises(UserError, match="no text of the catalogue"):
        of(languages=("de",))


def test_gutenberg_reads_the_catalogue_from_an_address(server: Any, client: Client) -> None:
    server.put("/cache/epub/feeds/pg_catalog.csv", CATALOGUE)
    place = f"{server.url}/cache/epub/feeds/pg_catalog.csv"
    site = Gutenberg(base_url=server.url, catalogue=place, ids="84:85")
    assert names(site.list_files(client)) == ["cache/epub/84/pg84.txt"]


@pytest.mark.parametrize("host", ["https://www.gutenberg.org", "http://gutenberg.org/"])
def test_gutenbergs_website_is_for_people(client: Client, host: str) -> None:
    with pytest.raises(UserError, match=r"blocks robots; give a mirror.*robot_access\.html"):
        Gutenberg(base_url=host).list_files(client)


def test_gutenbergs_mirrors_are_asked_one_by_one_and_slowly() -> None:
    site = Gutenberg(base_url="https://aleph.gutenberg.org")
    assert (site.default_connections, site.seconds_between) == (1, 2.0)
    with pytest.raises(UserError, match="--connections 2 is more than the 1"):
        site.check_connections(2)


@pytest.mark.parametrize(
    "data", [HTML, b"", b"a,b\n1,2\n", b"Text#,Type,Language\nx,Text,en\n", b"\x1f\x8bx"]
)
def test_what_is_no_catalogue_is_refused(data: bytes) -> None:
    with pytest.raises(ListError, match="catalogue"):
        parse_catalogue(data)


# arXiv


def manifest(*files: tuple[str, str], root: str = "arXivSRC") -> bytes:
    items = "".join(
        f"<file><content_md5sum>{'0' * 32}</content_md5sum><filename>{name}</filename><md5sum>{MD5}</md5sum>"
        f"<num_items>1751</num_items><seq_num>1</seq_num><size>526080000</size>"
        f"<timestamp>2009-12-23 14:41:24</timestamp><yymm>{month}</yymm></file>"
        for name, month in files
    )
    return (
        f"<?xml version='1.0' standalone='yes'?>\n<{root}>{items}<timestamp>x</timestamp></{root}>".encode()
    )


TARS = [
    ("src/arXiv_src_0001_001.tar", "0001"),
    ("src/arXiv_src_0001_002.tar", "0001"),
    ("src/arXiv_src_9108_001.tar", "9108"),
]


def test_arxiv_gives_the_manifests_tars_with_size_and_md5(
    tmp_path: Path, server: Any, client: Client
) -> None:
    (tmp_path / "m.xml").write_bytes(manifest(*TARS))
    server.put("/src/arXiv_src_manifest.xml", manifest(*TARS))
    for place in (str(tmp_path / "m.xml"), f"{server.url}/src/arXiv_src_manifest.xml"):
        site = Arxiv(base_url=server.url, manifest=place, months=("0001",), files="1:")
        name = TARS[1][0]
        assert site.list_files(client) == [
            RemoteFile(f"{server.url}/{name}", name, 526080000, Checksum("md5", MD5))
        ]
    assert parse_manifest(manifest(*TARS))[0].num_items == 1751


def test_arxiv_says_that_its_bucket_is_requester_pays() -> None:
    for options in (
        {"base_url": "s3://arxiv"},
        {"base_url": "https://a.example", "manifest": "s3://arxiv/m.xml"},
    ):
        with pytest.raises(ValidationError, match="requester-pays: copy what you need with your own account"):
            Arxiv(**({"manifest": "m.xml"} | options))
    assert "requester-pays" in Arxiv.help


def test_arxiv_names_a_choice_of_nothing_and_a_manifest_that_is_not_there(
    tmp_path: Path, client: Client
) -> None:
    (tmp_path / "m.xml").write_bytes(manifest(*TARS))
    with pytest.raises(UserError, match="none of the manifest's 3 tars"):
        Arxiv(base_url="https://a.example", manifest=str(tmp_path / "m.xml"), months=("2401",)).list_files(
            client
        )
    with pytest.raises(UserError, match="absent: no such file"):
        Arxiv(base_url="https://a.example", manifest=str(tmp_path / "absent")).list_files(client)


ENTITY = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><arXivSRC><file><filename>&e;</filename></file></arXivSRC>'


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (HTML, "no XML list"),
        (ENTITY, "no XML list"),
        ("<arXivSRC/>".encode("utf-16"), "no XML list"),
        (b"<arXivSRC><file>", "no XML list"),
        (manifest(root="Error"), "this one with <Error>"),
        (manifest(("../../x.tar", "0001")), "unsafe file name"),
        (manifest(("", "0001")), "a file without a filename"),
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path: Path, client: Client, data: bytes, message: str) -> None:
    (tmp_path / "m.xml").write_bytes(data)
    with pytest.raises(ListError, match=message) as caught:
        Arxiv(base_url="https://a.example", manifest=str(tmp_path / "m.xml")).list_files(client)
    assert str(tmp_path / "m.xml") in str(caught.value)


# StackExchange


def archive_list(*files: tuple[str, int]) -> bytes:
    items = "".join(
        f'  <file name="{name}" source="original">\n    <format>7z</format><mtime>1</mtime><size>{size}</size>'
        f"<md5>{MD5}</md5><crc32>0</crc32><sha1>{SHA1}</sha1>\n  </file>\n"
        for name, size in files
    )
    own = '  <file name="stackexchange_files.xml" source="original"><format>Metadata</format></file>\n'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<files>\n{items}{own}</files>\n'.encode()


ARCHIVES = [
    ("beer.stackexchange.com.7z", 10),
    ("math.stackexchange.com.7z", 30),
    ("meta.stackexchange.com.7z", 40),
    ("beer.meta.stackexchange.com.7z", 1),
    ("stackoverflow.com-Posts.7z", 50),
    ("stackoverflow.com-Comments.7z", 90),
    ("stackoverflow.com-PostHistory.7z", 95),
    ("readme.txt", 1),
]


@pytest.fixture
def archive(server: Any) -> str:
    server.put("/download/stackexchange/stackexchange_files.xml", archive_list(*ARCHIVES))
    return f"{server.url}/download/stackexchange"


def test_stackexchange_gives_sites_by_name_with_stack_overflows_posts_alone(
    archive: str, client: Client
) -> None:
    site = StackExchange(base_url=archive, sites=("stackoverflow.com", "beer.meta.stackexchange.com"))
    files = site.list_files(client)
    assert names(files) == ["stackoverflow.com-Posts.7z", "beer.meta.stackexchange.com.7z"]
    name = files[0].name
    assert files[0] == RemoteFile(f"{archive}/{name}", name, 50, Checksum("sha1", SHA1))


def test_stackexchange_gives_the_largest_sites_without_meta(archive: str, client: Client) -> None:
    def of(**options: Any) -> list[str]:
        return names(StackExchange(base_url=archive, **options).list_files(client))

    assert of(largest=2) == ["stackoverflow.com-Posts.7z", "math.stackexchange.com.7z"]
    assert of(largest=2, meta=True) == ["stackoverflow.com-Posts.7z", "meta.stackexchange.com.7z"]
    assert of(largest=1, sites=("stackoverflow.com",)) == ["stackoverflow.com-Posts.7z"]
    assert is_meta("meta.stackoverflow.com")
    assert not is_meta("metaphysics.stackexchange.com")


def test_stackexchange_asks_for_a_choice_and_names_sites_like_one_that_is_not(
    archive: str, client: Client
) -> None:
    with pytest.raises(UserError, match="choose with --sites HOST or --largest NUMBER"):
        StackExchange(base_url=archive).list_files(client)
    with pytest.raises(UserError, match="no site beers.stackexchange.com; like it: beer.stackexchange.com"):
        StackExchange(base_url=archive, sites=("beers.stackexchange.com",)).list_files(client)


def test_a_dump_under_another_item_has_its_own_list(server: Any, client: Client) -> None:
    server.put("/download/stackexchange_20251231/stackexchange_20251231_files.xml", archive_list(*ARCHIVES))
    site = StackExchange(base_url=f"{server.url}/download/stackexchange_20251231", largest=1)
    assert names(site.list_files(client)) == ["stackoverflow.com-Posts.7z"]


@pytest.mark.parametrize(
    "data", [HTML, b"", b"<file/>", archive_list(("/etc/x.7z", 1)), archive_list(("../x.7z", 1))]
)
def test_what_is_no_list_of_the_archive_is_refused(data: bytes) -> None:
    with pytest.raises(ListError, match="XML list|unsafe file name"):
        parse_files(data, "https://a.example")


# All


@pytest.mark.parametrize(
    "url", ["ftp://a.example", "https://", "a.example", "https://a.example/?x=1", "file:///x"]
)
def test_a_base_address_is_checked(url: str) -> None:
    with pytest.raises(ValidationError, match="no http or https address"):
        StackExchange(base_url=url)


def test_no_site_is_asked_harder_than_it_bears_but_a_mirror_may_be() -> None:
    with pytest.raises(UserError, match="--connections 9 is more than the 3"):
        Wikipedia(languages=("en",)).check_connections(9)
    Wikipedia(languages=("en",), base_url="https://mirror.example/dumps").check_connections(9)
    assert all(site.default_connections <= 2 for site in sites().values())
