"""A small file of each format that a source reads, whole and damaged, by its name."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from functools import cache
from typing import Any

import pyarrow as pa
from fastwarc.stream_io import BrotliWriter, Lz4Writer, ZstdWriter
from identify.vendor.licenses import LICENSES

from tests.stages.ingest.fault_packing import (
    PACKERS,
    Files,
    damaged_parquet,
    fastwarc_packed,
    flipped,
    json_lines,
    parquet_of,
    prose,
    seven_zip_of,
    tar_of,
    with_damaged_frame,
    zip_of,
)
from tests.stages.ingest.fault_tables import table_files

SHA = "0123456789abcdef0123456789abcdef01234567"
MIT = dict(LICENSES)["MIT"].encode()


def warc(kind: str, block: bytes, content_type: str, url: str) -> bytes:
    head = f"WARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nContent-Type: {content_type}\r\n"
    return f"WARC/1.0\r\n{head}Content-Length: {len(block)}\r\n\r\n".encode() + block + b"\r\n\r\n"


def wet_records() -> list[bytes]:
    return [warc("conversion", prose(i).encode(), "text/plain", f"http://a.example/{i}") for i in range(6)]


def pages() -> list[bytes]:
    """WARC records of HTML, plain and in the content codings that are decoded in memory."""
    found = []
    for number in range(4):
        html = f"<html><body><main><p>{prose(number)}</p></main></body></html>".encode()
        packed = io.BytesIO()
        if number == 1:
            with BrotliWriter(packed) as writer:
                writer.write(html)
        body = (html, packed.getvalue(), gzip.compress(html, mtime=0), html)[number]
        coding = ("identity", "br", "gzip", "identity")[number]
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: {coding}\r\n\r\n".encode()
        found.append(warc("response", head + body, "application/http", f"http://a.example/{number}"))
    return found


def arc() -> list[bytes]:
    found = [b"filedesc://x.arc 0.0.0.0 20140216050221 text/plain 5\n1 0 x\n"]
    for number in range(3):
        html = f"<html><body><p>{prose(number)}</p></body></html>"
        block = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{html}".encode()
        found.append(
            f"http://a.example/{number} 1.2.3.4 20140216050221 text/html {len(block)}\n".encode()
            + block
            + b"\n"
        )
    return found


def wikipedia_parts() -> list[bytes]:
    head = '<mediawiki><siteinfo><dbname>srwiki</dbname><namespace key="6">File</namespace></siteinfo>\n'
    cited = "<ref>http://cited.example/{0}</ref>"
    page = "<page><title>T{0}</title><id>{0}</id><revision><text>{1} " + cited.replace("<", "&lt;").replace(
        ">", "&gt;"
    )
    page += "</text></revision></page>\n"
    return [head.encode(), *(page.format(i, prose(i)).encode() for i in range(1, 9)), b"</mediawiki>\n"]


def posts_xml() -> bytes:
    rows = []
    for number in range(1, 12):
        what = 'PostTypeId="1"' if number < 5 else f'PostTypeId="2" ParentId="{number % 4 + 1}"'
        rows.append(f'  <row Id="{number}" {what} Score="1" Body="&lt;p&gt;{prose(number)}&lt;/p&gt;" />\r\n')
    return ('<?xml version="1.0"?>\r\n<posts>\r\n' + "".join(rows) + "</posts>").encode()


def tex(seed: int) -> bytes:
    text = prose(seed, 200)
    return (
        f"\\documentclass{{article}}\\begin{{document}}\\section{{A}}\n{text}\n\\end{{document}}\n".encode()
    )


def epub() -> bytes:
    kind = "application/xhtml+xml"
    names = [f"c{number}" for number in range(4)]
    items = "".join(f'<item id="{name}" href="{name}.xhtml" media-type="{kind}"/>' for name in names)
    spine = "".join(f'<itemref idref="{name}"/>' for name in names)
    package = f"<package><metadata/><manifest>{items}</manifest><spine>{spine}</spine></package>"
    container = '<container><rootfiles><rootfile full-path="a.opf"/></rootfiles></container>'
    files = {"META-INF/container.xml": container.encode(), "a.opf": package.encode()}
    for number, name in enumerate(names):
        files[f"{name}.xhtml"] = f"<html><body><p>{prose(number)}</p></body></html>".encode()
    return zip_of(files)


def checkouts() -> Files:
    files: dict[str, bytes] = {}
    for number, head in enumerate((SHA, "ref: refs/heads/main", "ref: refs/heads/loose")):
        top = f"r/repo{number}"
        files |= {f"{top}/{name}": content for name, content in source_files(number).items()}
        origin = f'[remote "origin"]\n\turl = https://github.com/ada/repo{number}.git\n'
        files |= {f"{top}/.git/HEAD": head.encode(), f"{top}/.git/config": origin.encode()}
    files["r/repo1/.git/packed-refs"] = f"{SHA} refs/heads/main\n".encode()
    files["r/repo2/.git/refs/heads/loose"] = SHA.encode()
    return files


def code_of(seed: int) -> str:
    return "".join(f"{word} = {number}\n" for number, word in enumerate(prose(seed).split()))


def source_files(seed: int) -> Files:
    code = {f"src/a{i}.py": code_of(10 * seed + i).encode() for i in range(3)}
    return {"LICENSE": MIT, **code, "pyproject.toml": b'[project]\nlicense = "MIT"\n'}


def archived(seed: int = 0) -> Files:
    return {f"top-{SHA}/{name}": content for name, content in source_files(seed).items()}


def export_rows() -> list[dict[str, Any]]:
    return [
        {"repo_name": "ada/x", "path": f"a{i}.py", "content": code_of(i), "license": "mit"} for i in range(10)
    ]


def c4_rows() -> list[dict[str, Any]]:
    return [
        {"text": prose(i), "timestamp": "2019-04-25T12:57:54Z", "url": f"http://a.example/{i}"}
        for i in range(12)
    ]


def c4_files() -> Files:
    lines = json_lines(c4_rows())
    whole = {f"c4/a.json.{kind}": pack(lines) for kind, pack in PACKERS.items()}
    return whole | {
        "c4/a.json": lines,
        "c4/a.json.7z": seven_zip_of({"a.json": lines}),
        "c4/a.parquet": parquet_of(c4_rows()),
        "c4/damaged.parquet": damaged_parquet(c4_rows()),
        "c4/cut.parquet": parquet_of(c4_rows())[:-20],
        "c4/cut.json.gz": PACKERS["gz"](lines)[:-900],
        "c4/damaged.json.bz2": flipped(bz2.compress(lines), 0.6),
        "c4/damaged.json.7z": flipped(seven_zip_of({"a.json": lines}), 0.5),
    }


def crawl_files() -> Files:
    wet = wet_records()
    members = b"".join(map(PACKERS["gz"], wet))
    return {
        "crawl/a.wet": b"".join(wet),
        "crawl/a.wet.gz": members,
        "crawl/damaged.wet.gz": flipped(members, 0.4),
        "crawl/headless.wet.gz": b"\x00\xff" * 100 + members,
        "crawl/a.wet.bz2": bz2.compress(b"".join(wet)),
        "crawl/a.wet.xz": lzma.compress(b"".join(wet)),
        "crawl/a.wet.zst": fastwarc_packed(ZstdWriter, wet),
        "crawl/a.wet.lz4": fastwarc_packed(Lz4Writer, wet),
        "crawl/damaged.wet.zst": with_damaged_frame(ZstdWriter, wet),
        "crawl/damaged.wet.lz4": with_damaged_frame(Lz4Writer, wet),
        "crawl/a.warc.gz": b"".join(map(PACKERS["gz"], pages())),
        "crawl/a.arc.gz": b"".join(map(PACKERS["gz"], arc())),
        "crawl/a.arc": b"".join(arc()),
        "lists/domains": b"".join(f"blocked{i}.example\n".encode() for i in range(200)) + b"a.example/3",
        "lists/words": b"etaoin\thard\nshrdlu\tsoft\n",
    }


def code_files() -> Files:
    tars = {f"code/{kind}.tar.{kind}": tar_of(archived(), f"w:{kind}") for kind in PACKERS}
    return tars | {
        "code/plain.tar": tar_of(archived()),
        "code/cut.tar.gz": tar_of(archived(), "w:gz")[:-600],
        "code/ada__x-0123456.zip": zip_of(archived()),
        "code/damaged.zip": flipped(zip_of(archived()), 0.4),
        "code/000000000000.json": json_lines(export_rows()),
        "code/rows.json.gz": PACKERS["gz"](json_lines(export_rows())),
        "code/a.parquet": parquet_of(export_rows()),
        "code/damaged.parquet": damaged_parquet(export_rows()),
    }


def wikipedia_files() -> Files:
    xml = b"".join(wikipedia_parts())
    streams = [bz2.compress(part) for part in wikipedia_parts()]
    return {
        "wiki/srwiki-a.xml": xml,
        "wiki/srwiki-streams.xml.bz2": b"".join(streams),
        "wiki/srwiki-damaged.xml.bz2": b"".join([*streams[:4], flipped(streams[4], 0.5), *streams[5:]]),
        "wiki/srwiki-one.xml.bz2": bz2.compress(xml),
        "wiki/srwiki-a.xml.gz": PACKERS["gz"](xml),
        "wiki/srwiki-a.xml.7z": seven_zip_of({"a.xml": xml}),
    }


def stackexchange_files() -> Files:
    posts = posts_xml()
    return {
        "posts/beer.stackexchange.com/Posts.xml": posts,
        "packed/beer.stackexchange.com/Posts.xml.gz": PACKERS["gz"](posts),
        "archives/beer.stackexchange.com.7z": seven_zip_of({"Tags.xml": b"<tags/>", "Posts.xml": posts}),
    }


def arxiv_files() -> Files:
    bulk = {
        "2001/2001.00001.gz": tar_of({"ms.tex": tex(4)}, "w:gz"),
        "2001/2001.00002.gz": PACKERS["gz"](tex(5)),
    }
    return {
        "papers/2001.00001.tar.gz": tar_of({"ms.tex": tex(1), "a.sty": b"% x"}, "w:gz"),
        "papers/2001.00002.gz": PACKERS["gz"](tex(2)),
        "papers/2001.00003.zip": zip_of({"ms.tex": tex(3)}),
        "bulk/arXiv_src_2001_001.tar": tar_of(bulk),
    }


def book_files() -> Files:
    text = prose(7, 900).encode()
    packed = {f"books/a.txt.{kind}": pack(text) for kind, pack in PACKERS.items()}
    return packed | {
        "books/a.txt": text,
        "books/a.epub": epub(),
        "books/damaged.epub": flipped(epub(), 0.5),
    }


def benchmark_files() -> Files:
    lines = json_lines(c4_rows())
    return {
        "bench/a.jsonl": lines,
        "bench/a.jsonl.gz": PACKERS["gz"](lines),
        "bench/a.jsonl.zst": pa.compress(lines, codec="zstd", asbytes=True),
        "bench/a.parquet": parquet_of(c4_rows()),
    }


@cache
def archives() -> Files:
    """Files by name of every format, the damaged ones too."""
    rooms = (
        c4_files,
        crawl_files,
        code_files,
        wikipedia_files,
        stackexchange_files,
        arxiv_files,
        book_files,
        benchmark_files,
        table_files,
    )
    return {name: data for room in rooms for name, data in room().items()}
