"""CommonCrawl ingest: rules, headers by name, encodings, damage, and every real file accounted for."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import re
import zlib
from collections import Counter
from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest
from fastwarc.stream_io import BrotliWriter, Lz4Writer, ZstdWriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.core.errors import UserError
from stages.ingest.common_crawl.stage import CommonCrawlIngest, dump_of
from stages.ingest.raw import Loss, RawDocument, RawFile, RawRecord

STAGE = CommonCrawlIngest(input=("unused",), min_chars=5)
SENTENCE = "The quick brown fox jumps over the lazy dog near the river bank. "


def record(
    kind: str, block: bytes, *, url: str = "http://a.example/", length: int | None = None, **more: str
) -> bytes:
    headers = {"WARC-Type": kind, "WARC-Target-URI": url, "WARC-Date": "2020-01-18T00:00:00Z"}
    headers |= {name.replace("_", "-"): value for name, value in more.items()}
    headers["Content-Length"] = str(len(block) if length is None else length)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"WARC/1.0\r\n{lines}\r\n".encode() + block + b"\r\n\r\n"


def wet(text: str, **more: str) -> bytes:
    return record("conversion", text.encode(), Content_Type="text/plain", **more)


def page(
    body: bytes, headers: str = "Content-Type: text/html; charset=utf-8", status: str = "200 OK"
) -> bytes:
    block = f"HTTP/1.1 {status}\r\n{headers}\r\n\r\n".encode() + body
    return record("response", block, Content_Type="application/http; msgtype=response")


def html(text: str = SENTENCE * 8, head: str = "<title> The   page </title>") -> str:
    return f"<!doctype html><html><head>{head}</head><body><main><p>{text}</p></main></body></html>"


def read(tmp_path: Path, data: bytes, stage: CommonCrawlIngest = STAGE, name: str = "raw") -> list[RawRecord]:
    path = tmp_path / "raw"
    path.write_bytes(data)
    return list(stage.read(RawFile(str(path), name, len(data))))


def rules(records: list[RawRecord]) -> list[str]:
    return [r.rule if isinstance(r, Loss) else "document" for r in records]


def test_wet_document_whole(tmp_path: Path) -> None:
    data = wet("Title \nBody text\n", url="<http://a.example/x>", WARC_Block_Digest="sha1:AB")
    assert read(tmp_path, gzip.compress(data), name="CC-MAIN-2020-05/seg/a.warc.wet.gz") == [
        RawDocument(
            key="0",
            text="Title \nBody text\n",
            url="http://a.example/x",
            metadata={
                "title": "Title",
                "date": "2020-01-18T00:00:00Z",
                "digest": "sha1:AB",
                "dump": "CC-MAIN-2020-05",
                "content_type": "text/plain",
            },
        )
    ]


def test_trap_extra_wet_headers_give_documents_all_the_same(tmp_path: Path) -> None:
    plain = wet("same text\nhere")
    extra = wet("same text\nhere", WARC_Identified_Content_Language="eng,fra", WARC_Refers_To="<urn:uuid:1>")
    first, second = read(tmp_path, plain + extra)
    assert isinstance(first, RawDocument)
    assert isinstance(second, RawDocument)
    assert (first.text, first.url, first.metadata) == (second.text, second.url, second.metadata)


def test_headers_are_found_in_any_case_and_order(tmp_path: Path) -> None:
    data = (
        b"WARC/1.1\r\ncontent-length:9\r\nX: a\r\n folded\r\nwarc-type: conversion\r\n\r\nsome text\r\n\r\n"
    )
    (document,) = read(tmp_path, data)
    assert isinstance(document, RawDocument)
    assert (document.text, document.url) == ("some text", None)


def test_a_page_that_is_too_short_says_how_much_text_it_has(tmp_path: Path) -> None:
    body = f"<html><body><main><p>{SENTENCE}</p></main><nav>{SENTENCE}</nav></body></html>"
    (lost,) = read(tmp_path, page(body.encode()), CommonCrawlIngest(input=("unused",)))
    assert isinstance(lost, Loss)
    chars = len(SENTENCE.strip())
    assert (lost.rule, lost.detail, lost.value, lost.threshold) == (
        "too_short",
        f"characters, of {2 * chars} in the page",
        chars,
        300,
    )


@pytest.mark.parametrize(("chars", "expected"), [(299, "too_short"), (300, "document")])
def test_min_chars_default_is_300(tmp_path: Path, chars: int, expected: str) -> None:
    records = read(tmp_path, wet("é" * chars), CommonCrawlIngest(input=("unused",)))
    assert rules(records) == [expected]
    if isinstance(records[0], Loss):
        assert (records[0].value, records[0].threshold) == (299, 300)


def test_dump_from_name_then_warcinfo_then_folder(tmp_path: Path) -> None:
    info = record("warcinfo", b"isPartOf: CC-MAIN-2016-50\r\n", Content_Type="application/warc-fields")
    _, document = read(tmp_path, info + wet("some text"), name="x/CC-MAIN-20161202170900-00009.warc.wet.gz")
    assert isinstance(document, RawDocument)
    assert document.metadata["dump"] == "CC-MAIN-2016-50"
    assert dump_of("CC-MAIN-2009-2010/a") == "CC-MAIN-2009-2010"
    assert dump_of("folder/a.wet.gz") == "folder"
    assert dump_of("a.wet.gz") == ""


def test_records_that_are_no_documents_are_counted_by_type(tmp_path: Path) -> None:
    kinds = ("warcinfo", "request", "metadata", "revisit", "continuation", "strange")
    records = read(tmp_path, b"".join(record(kind, b"x") for kind in kinds))
    assert [(r.rule, r.detail) for r in records if isinstance(r, Loss)] == [
        ("record_type", kind) for kind in kinds
    ]


def test_html_page_whole(tmp_path: Path) -> None:
    (document,) = read(tmp_path, page(html().encode()))
    assert isinstance(document, RawDocument)
    assert document.text.strip() == (SENTENCE * 8).strip()
    assert document.metadata == {
        "title": "The page",
        "date": "2020-01-18T00:00:00Z",
        "digest": "",
        "dump": "",
        "content_type": "text/html",
        "encoding": "utf-8",
        "boilerplate_chars": 0,
    }


def test_boilerplate_can_stay(tmp_path: Path) -> None:
    teasers = "".join(f'<p><a href="/news/{n}">Other news of day {n}</a></p>' for n in range(9))
    story = "".join(f"<p>{SENTENCE * 2}</p>" for _ in range(8))
    data = page(f"<html><body><main>{story}</main><aside>{teasers}</aside></body></html>".encode())
    (cut,) = read(tmp_path, data)
    (whole,) = read(tmp_path, data, CommonCrawlIngest(input=("unused",), remove_boilerplate=False))
    assert isinstance(cut, RawDocument)
    assert isinstance(whole, RawDocument)
    assert "Other news" not in cut.text
    assert cut.metadata["boilerplate_chars"] == sum(len(f"Other news of day {n}") for n in range(9))
    assert whole.text.startswith(cut.text)
    assert "boilerplate_chars" not in whole.metadata


def test_trafilatura_as_extractor(tmp_path: Path) -> None:
    pytest.importorskip("trafilatura")
    paragraphs = [f"On day {day}, {SENTENCE}{SENTENCE}" for day in range(8)]
    story = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    data = page(f"<html><body><nav>Menu of the site</nav><article>{story}</article></body></html>".encode())
    (document,) = read(tmp_path, data, CommonCrawlIngest(input=("unused",), extractor="trafilatura"))
    assert isinstance(document, RawDocument)
    assert document.text.split() == "".join(paragraphs).split()


def test_an_extractor_that_is_not_installed_is_refused_before_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stages.ingest.common_crawl.stage.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"trafilatura is not installed; pip install"):
        CommonCrawlIngest(input=("unused",), extractor="trafilatura").plan(())


def test_http_rules(tmp_path: Path) -> None:
    resource = record("resource", html().encode(), Content_Type="text/html")
    picture = record("resource", b"GIF", Content_Type="image/gif")
    data = [
        page(b"gone", status="404 Not Found"),
        page(b"odd", status="0 No Content"),
        page(b"{}", "Content-Type: Application/JSON; charset=utf-8"),
        page(html().encode(), "X: no type"),
        page(b"no type, no markup", "X: no type"),
        record("response", b"not http at all", Content_Type="application/http"),
        record("response", b"1.2.3.4", url="dns:a.example", Content_Type="text/dns"),
        resource,
        picture,
    ]
    found = [
        (r.rule, r.detail, r.value) if isinstance(r, Loss) else r.key for r in read(tmp_path, b"".join(data))
    ]
    assert found == [
        ("http_status", None, 404),
        ("http_status", None, 0),
        ("content_type", "application/json", None),
        str(len(b"".join(data[:3]))),
        ("content_type", "none", None),
        ("bad_http", "no status line", None),
        ("content_type", "text/dns", None),
        str(len(b"".join(data[:7]))),
        ("content_type", "image/gif", None),
    ]


class _Kept(io.BytesIO):
    def close(self) -> None:
        """Stay readable when a writer closes it."""


def _compressed(data: bytes, writer_type: type) -> bytes:
    out = _Kept()
    writer = writer_type(out)
    writer.write(data)
    writer.finish()
    writer.close()
    return out.getvalue()


def _raw_deflate(data: bytes) -> bytes:
    encoder = zlib.compressobj(wbits=-15)
    return encoder.compress(data) + encoder.flush()


BODY = html().encode()
CHUNKED = b"%x\r\n%s\r\n%x;ext=1\r\n%s\r\n0\r\n\r\n" % (40, BODY[:40], len(BODY) - 40, BODY[40:])


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ("Content-Encoding: gzip", gzip.compress(BODY)),
        ("Content-Encoding: x-gzip", gzip.compress(BODY)),
        ("Content-Encoding: deflate", zlib.compress(BODY)),
        ("Content-Encoding: deflate", _raw_deflate(BODY)),
        ("Content-Encoding: br", _compressed(BODY, BrotliWriter)),
        ("Transfer-Encoding: chunked", CHUNKED),
        (
            "Transfer-Encoding: chunked\r\nContent-Encoding: gzip",
            b"%x\r\n%s\r\n0\r\n" % (len(z := gzip.compress(BODY)), z),
        ),
        ("Transfer-Encoding: chunked", BODY),
        ("Content-Encoding: gzip", BODY),
        ("Content-Encoding: br", BODY),
        ("Content-Encoding: deflate", BODY),
        ("Content-Encoding: identity", BODY),
        ("Content-Encoding: unheard-of", BODY),
    ],
)
def test_transfer_and_content_codings_and_headers_that_lie(tmp_path: Path, headers: str, body: bytes) -> None:
    (document,) = read(tmp_path, page(body, f"Content-Type: text/html\r\n{headers}"))
    assert isinstance(document, RawDocument)
    assert document.text.strip() == (SENTENCE * 8).strip()


def test_content_coding_that_cannot_be_decoded(tmp_path: Path) -> None:
    broken = gzip.compress(BODY)[:10] + b"\xff" * 40
    (loss,) = read(tmp_path, page(broken, "Content-Type: text/html\r\nContent-Encoding: gzip"))
    assert isinstance(loss, Loss)
    assert loss.rule == "content_coding"


def test_decompression_of_a_body_is_bounded(tmp_path: Path) -> None:
    bomb = gzip.compress(b"<p>" + b"a" * 3_000_000)
    stage = CommonCrawlIngest(input=("unused",), max_record_bytes=1_000_000)
    (loss,) = read(tmp_path, page(bomb, "Content-Type: text/html\r\nContent-Encoding: gzip"), stage)
    assert isinstance(loss, Loss)
    assert (loss.rule, loss.threshold) == ("too_large", 1_000_000)


@pytest.mark.parametrize(
    ("encoding", "charset", "meta", "name"),
    [
        ("utf-8", "utf-8", "", "utf-8"),
        ("utf-8", "iso-8859-1", "", "utf-8"),
        ("utf-8", None, "", "utf-8"),
        ("cp1252", "iso-8859-1", "", "cp1252"),
        ("cp1252", None, '<meta charset="windows-1252">', "cp1252"),
        ("koi8-r", None, '<META http-equiv="Content-Type" content="text/html; charset=koi8-r">', "koi8-r"),
        ("cp1251", "windows-1251", '<meta charset="utf-8">', "cp1251"),
        ("shift_jis", "Shift_JIS", "", "cp932"),
        ("utf-16", None, "", "utf-16-le"),
        ("utf-16-le", None, "", "utf-16-le"),
        ("utf-8-sig", "windows-1252", "", "utf-8"),
        ("euc-kr", None, "", "cp949"),
    ],
)
def test_page_encodings(tmp_path: Path, encoding: str, charset: str | None, meta: str, name: str) -> None:
    words = {
        "shift_jis": "これは日本語の文章です。" * 20,
        "euc-kr": "한국어 문장은 이렇게 씁니다 그리고 더 있습니다 " * 20,
        "koi8-r": "Съешь ещё этих мягких французских булок " * 10,
        "cp1251": "Съешь ещё этих мягких французских булок " * 10,
    }.get(encoding, "Café crème brûlée naïve déjà vu façade " * 10)
    content_type = "Content-Type: text/html" + (f"; charset={charset}" if charset else "")
    (document,) = read(tmp_path, page(html(words, meta).encode(encoding), content_type))
    assert isinstance(document, RawDocument)
    assert document.text.strip() == words.strip()
    assert document.metadata["encoding"] == name


@pytest.mark.parametrize(
    "charset", ["hex", "idna", "undefined", "unicode_escape", "base64", "x-user-defined", "a" * 99]
)
def test_charsets_that_are_no_text_encodings(tmp_path: Path, charset: str) -> None:
    body = html("Café crème brûlée " * 10).encode("latin-1")
    (document,) = read(tmp_path, page(body, f"Content-Type: text/html; charset={charset}"))
    assert isinstance(document, RawDocument)
    assert document.metadata["encoding"] == "cp1252"


def test_undecodable_text_is_kept_below_the_share_and_dropped_above(tmp_path: Path) -> None:
    few = record("conversion", b"a" * 199 + b"\xff", Content_Type="text/plain")
    many = record("conversion", b"a" * 90 + b"\xff" * 10, Content_Type="text/plain")
    kept, dropped = read(tmp_path, few + many)
    assert isinstance(kept, RawDocument)
    assert kept.text == "a" * 199 + "\ufffd"
    assert isinstance(dropped, Loss)
    assert (dropped.rule, dropped.value, dropped.threshold) == ("encoding", 0.1, 0.01)


def test_bad_bytes_in_a_pages_scripts_cost_nothing(tmp_path: Path) -> None:
    script = "<script>'{}'</script>".format("é" * 500).encode() + b"<script>'" + b"\xff" * 50 + b"'</script>"
    body = html().encode().replace(b"</main>", b"</main>" + script)
    (document,) = read(tmp_path, page(body))
    assert isinstance(document, RawDocument)
    assert (document.text.strip(), document.metadata["encoding"]) == ((SENTENCE * 8).strip(), "utf-8")


def test_undecodable_characters_count_in_the_document_and_not_in_its_page(tmp_path: Path) -> None:
    script = "<script>'{}'</script>".format("é" * 50_000).encode()
    text = b"A text of a hundred characters in which a tenth cannot be decoded" + b" b\xffd" * 10 + b" end."
    body = html("TEXT").encode().replace(b"TEXT", text).replace(b"</main>", b"</main>" + script)
    (loss,) = read(tmp_path, page(body))
    assert loss == Loss(
        key="0",
        rule="encoding",
        detail="undecodable as utf-8",
        value=10 / 110,
        threshold=0.01,
        url="http://a.example/",
        text_bytes=len(body) + len("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"),
    )


def test_marks_within_a_page_are_not_in_its_text(tmp_path: Path) -> None:
    (document,) = read(
        tmp_path, page(html(SENTENCE * 4 + "\ufeff" + SENTENCE * 4, "<title>a\ufeff b</title>").encode())
    )
    assert isinstance(document, RawDocument)
    assert (document.text.strip(), document.metadata["title"]) == ((SENTENCE * 8).strip(), "a b")


def test_binary_data_under_a_text_type(tmp_path: Path) -> None:
    (loss,) = read(tmp_path, page(bytes(range(1, 32)) * 40, "Content-Type: text/html; charset=latin-1"))
    assert isinstance(loss, Loss)
    assert (loss.rule, loss.detail) == ("encoding", "control characters")


def test_page_padded_with_nuls_is_kept(tmp_path: Path) -> None:
    (document,) = read(tmp_path, page(BODY + b"\0" * 5000))
    assert isinstance(document, RawDocument)
    assert document.text.strip() == (SENTENCE * 8).strip()


def test_record_too_large_leaves_the_next_one(tmp_path: Path) -> None:
    stage = CommonCrawlIngest(input=("unused",), min_chars=1, max_record_bytes=100)
    lies = record("conversion", b"short", length=10**15, Content_Type="text/plain")
    records = read(tmp_path, wet("a" * 101) + wet("b" * 100) + lies + wet("c" * 9), stage)
    assert rules(records) == ["too_large", "document", "too_large", "document"]
    assert isinstance(records[0], Loss)
    assert (records[0].value, records[0].threshold) == (101, 100)


def test_content_length_too_large_gives_the_swallowed_records_back(tmp_path: Path) -> None:
    for extra in (3, 8, 200):
        lies = record("conversion", b"first text", length=10 + extra, Content_Type="text/plain")
        records = read(tmp_path, lies + wet("second text") + wet("third text") + wet("last one"))
        assert rules(records) == [
            "truncated_record" if extra > 4 else "document",
            "document",
            "document",
            "document",
        ]


def test_content_length_too_small_tells_the_rest_as_damage(tmp_path: Path) -> None:
    lies = record("conversion", b"first text and more", length=10, Content_Type="text/plain")
    first, rest, last = read(tmp_path, lies + wet("second text"))
    assert isinstance(first, RawDocument)
    assert first.text == "first text"
    assert isinstance(rest, Loss)
    assert (rest.rule, rest.text_bytes, rest.key[0]) == ("damaged", len(b"and more\r\n\r\n"), "@")
    assert isinstance(last, RawDocument)


@pytest.mark.parametrize("length", ["abc", "-5", "", "1e3"])
def test_bad_content_length_loses_one_record(tmp_path: Path, length: str) -> None:
    bad = b"WARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: %s\r\n\r\ntext\r\n\r\n" % length.encode()
    assert rules(read(tmp_path, wet("first") + bad + wet("third"))) == ["document", "bad_header", "document"]


def test_header_cut_by_another_record(tmp_path: Path) -> None:
    records = read(tmp_path, b"WARC/1.0\r\nWARC-Type: conversion\r\n" + wet("second"))
    assert rules(records) == ["bad_header", "document"]


def test_two_warcinfo_and_none(tmp_path: Path) -> None:
    info = record("warcinfo", b"isPartOf: x")
    assert rules(read(tmp_path, info + info + wet("a text"))) == ["record_type", "record_type", "document"]
    assert rules(read(tmp_path, wet("a text"))) == ["document"]


def test_text_before_the_first_record(tmp_path: Path) -> None:
    garbage, document = read(tmp_path, b"the end of another record\r\n\r\n" + wet("a text"))
    assert garbage == Loss("@0", "damaged", "bytes that belong to no record", text_bytes=29)
    assert isinstance(document, RawDocument)


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04 not an archive" * 9, b"a" * 600_000, gzip.compress(b"plain text\n" * 99, mtime=0)]
)
def test_unrecognised_file(tmp_path: Path, data: bytes) -> None:
    (loss,) = read(tmp_path, data)
    assert isinstance(loss, Loss)
    assert (loss.key, loss.rule) == ("", "unrecognised_file")


def test_empty_file_gives_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, b"") == []
    assert read(tmp_path, gzip.compress(b"")) == []


TEXTS = [f"text number {i} " * (20 + i) for i in range(6)]


def test_corrupt_gzip_member_loses_only_its_record(tmp_path: Path) -> None:
    members = [gzip.compress(wet(text)) for text in TEXTS]
    broken = bytearray(members[2])
    broken[len(broken) // 2] ^= 0xFF
    start = len(members[0] + members[1])
    records = read(tmp_path, b"".join([*members[:2], bytes(broken), *members[3:]]))
    assert [r.text for r in records if isinstance(r, RawDocument)] == [*TEXTS[:2], *TEXTS[3:]]
    lost, damage = (r for r in records if isinstance(r, Loss))
    assert (lost.key, lost.rule) == (str(start), "corrupt_member")
    assert (damage.key, damage.rule, damage.text_bytes) == (f"@{start}", "damaged", len(broken))


def test_truncated_gzip_keeps_what_is_complete(tmp_path: Path) -> None:
    members = [gzip.compress(wet(text)) for text in TEXTS]
    whole = b"".join(members)
    records = read(tmp_path, whole[:-20])
    assert [r.text for r in records if isinstance(r, RawDocument)] == TEXTS[:-1]
    start = len(whole) - len(members[-1])
    assert [(r.rule, r.key) for r in records if isinstance(r, Loss)] == [
        ("truncated_record", str(start)),
        ("damaged", f"@{start}"),
    ]


def test_one_gzip_member_for_all_keeps_records_up_to_the_corrupt_byte(tmp_path: Path) -> None:
    noise = hashlib.shake_256(b"x").hexdigest(40_000)
    data = bytearray(gzip.compress(wet("first text") + wet(noise) + wet("third text")))
    data[len(data) - 2000] ^= 0xFF
    records = read(tmp_path, bytes(data))
    assert rules(records)[0] == "document"
    assert "damaged" in rules(records)


def test_truncated_plain_file(tmp_path: Path) -> None:
    data = wet("first text") + wet("second text")
    _, loss = read(tmp_path, data[:-9])
    assert isinstance(loss, Loss)
    assert (loss.rule, loss.value, loss.threshold) == ("truncated_record", 6, 11)


@pytest.mark.parametrize("writer_type", [Lz4Writer, ZstdWriter])
def test_lz4_and_zstd_by_content(tmp_path: Path, writer_type: type) -> None:
    data = b"".join(_compressed(wet(text), writer_type) for text in TEXTS)
    records = read(tmp_path, data, name="misnamed.warc.gz")
    assert [r.text for r in records if isinstance(r, RawDocument)] == TEXTS
    assert len({r.key for r in records}) == len(TEXTS)


@pytest.mark.parametrize("writer_type", [Lz4Writer, ZstdWriter])
def test_corrupt_lz4_and_zstd_go_on_at_the_next_frame(tmp_path: Path, writer_type: type) -> None:
    frames = [_compressed(wet(text), writer_type) for text in TEXTS]
    broken = bytes(frames[2][:4]) + b"\xff" * (len(frames[2]) - 4)
    records = read(tmp_path, b"".join([*frames[:2], broken, *frames[3:]]))
    kept = [r.text for r in records if isinstance(r, RawDocument)]
    assert kept[-3:] == TEXTS[3:]
    assert "damaged" in rules(records)


def test_keys_are_offsets_and_unique(tmp_path: Path) -> None:
    first, second, third = (wet(text) for text in TEXTS[:3])
    assert [r.key for r in read(tmp_path, first + second)] == ["0", str(len(first))]
    members = gzip.compress(first) + gzip.compress(second + third)
    offset = len(gzip.compress(first))
    assert [r.key for r in read(tmp_path, members)] == ["0", str(offset), f"{offset}.{len(second)}"]


def test_arc_records(tmp_path: Path) -> None:
    response = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + BODY
    version = b"1 0 Org\nURL IP-address Archive-date Content-type Archive-length\n"
    parts = [
        b"filedesc://x.arc 0.0.0.0 20140216050221 text/plain %d\n" % len(version) + version + b"\n",
        b"http://a.example/?q=with space 1.2.3.4 20140216050221 text/html %d\n" % len(response)
        + response
        + b"\n",
        b"http://a.example/bad 1.2.3.4 20140216050221 text/html abc\n" + response + b"\n",
        b"http://a.example/b 1.2.3.4 20140216050221 text/html 200 - - 99 x.arc %d\n" % len(response)
        + response
        + b"\n",
    ]
    for data in (b"".join(parts), b"".join(gzip.compress(part) for part in parts)):
        records = read(tmp_path, data)
        assert rules(records) == ["record_type", "document", "bad_header", "document"]
        assert [r.url for r in records if isinstance(r, RawDocument)] == [
            "http://a.example/?q=with space",
            "http://a.example/b",
        ]
        assert isinstance(records[1], RawDocument)
        assert records[1].metadata["date"] == "2014-02-16T05:02:21Z"


def _sha1(data: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


def test_digests_are_checked_on_request(tmp_path: Path) -> None:
    good = wet("the text", WARC_Block_Digest=_sha1(b"the text"))
    bad = wet("the text", WARC_Block_Digest=_sha1(b"another text"))
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + BODY
    bad_payload = record("response", block, WARC_Payload_Digest=_sha1(b"other"))
    good_payload = record("response", block, WARC_Payload_Digest=_sha1(BODY))
    data = good + bad + bad_payload + good_payload
    assert rules(read(tmp_path, data)) == ["document"] * 4
    strict = CommonCrawlIngest(input=("unused",), min_chars=5, verify_digests=True)
    records = read(tmp_path, data, strict)
    assert rules(records) == ["document", "digest_mismatch", "digest_mismatch", "document"]
    assert [r.detail for r in records if isinstance(r, Loss)] == ["block", "payload"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(
        st.text(min_size=5, max_size=300).filter(lambda t: len(t.strip()) >= 5), min_size=1, max_size=6
    ),
    compress=st.booleans(),
)
def test_any_texts_come_back_whole(tmp_path: Path, texts: list[str], compress: bool) -> None:
    parts = [wet(text) for text in texts]
    data = b"".join(gzip.compress(part) if compress else part for part in parts)
    stage = CommonCrawlIngest(input=("unused",), min_chars=0, max_replacement_share=1)
    assert [r.text for r in read(tmp_path, data, stage) if isinstance(r, RawDocument)] == texts


def test_damage_that_ends_right_before_a_record_leaves_it(tmp_path: Path) -> None:
    first, second = wet(TEXTS[0]), wet(TEXTS[1])
    data = first[:-10] + b"\x01" * 10 + second
    assert [r.text for r in read(tmp_path, data) if isinstance(r, RawDocument)][-1] == TEXTS[1]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    position=st.integers(0, 10**6),
    length=st.integers(1, 40),
    value=st.integers(0, 255),
    compress=st.booleans(),
)
def test_any_damage_leaves_the_records_around_it(
    tmp_path: Path, position: int, length: int, value: int, compress: bool
) -> None:
    parts = [gzip.compress(wet(text)) if compress else wet(text) for text in TEXTS]
    data = bytearray(b"".join(parts))
    start = position % len(data)
    data[start : start + length] = bytes([value]) * len(data[start : start + length])
    hit, offset = set(), 0
    for index, part in enumerate(parts):
        if offset < start + length and start < offset + len(part):
            hit.add(index)
        offset += len(part)
    records = read(
        tmp_path, bytes(data), CommonCrawlIngest(input=("unused",), min_chars=0, max_replacement_share=1)
    )
    kept = {r.text for r in records if isinstance(r, RawDocument)}
    assert {text for index, text in enumerate(TEXTS) if index not in hit} <= kept
    assert len({r.key for r in records}) == len(records)


def _decompressed(data: bytes) -> bytes:
    """Everything that gzip members hold up to the first damage; an independent reading of the file."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    out = b""
    while data.startswith(b"\x1f\x8b"):
        decoder = zlib.decompressobj(31)
        out += decoder.decompress(data)
        data = decoder.unused_data
    return out


@pytest.mark.real
def test_every_record_of_every_real_file_is_accounted_for(shared_data: Path) -> None:
    folder = shared_data / "common_crawl"
    files = sorted(path for part in ("warc", "wet", "pages") for path in (folder / part).glob("*arc*"))
    files += sorted((folder / "wet").glob("*.wet.gz"))
    assert len(files) >= 60
    total: Counter[str] = Counter()
    for path in sorted(set(files)):
        raw = RawFile(str(path), path.name, path.stat().st_size)
        records = list(CommonCrawlIngest(input=("unused",)).read(raw))
        keys = [record.key for record in records]
        assert len(set(keys)) == len(keys), path.name
        total.update(rules(records))
        if ".arc" in path.name or path.suffix == ".lz4":
            continue
        headers = len(re.findall(rb"^WARC/\d", _decompressed(path.read_bytes()), re.MULTILINE))
        assert sum(not key.startswith("@") for key in keys) == headers, path.name
    assert total["document"] > 590
    assert "unrecognised_file" not in total


@pytest.mark.real
def test_compressions_of_one_real_file_agree(shared_data: Path) -> None:
    stem = shared_data / "common_crawl" / "warc" / "chatnoir-resiliparse__warcfile.warc"
    found = []
    for path in (stem, stem.with_name(stem.name + ".gz"), stem.with_name(stem.name + ".lz4")):
        raw = RawFile(str(path), path.name, path.stat().st_size)
        found.append([(type(r), getattr(r, "text", None), r.url) for r in STAGE.read(raw)])
    assert found[0] == found[1] == found[2]


def test_stage_writes_documents_and_ledger(tmp_path: Path, run_stage: object) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "a.wet.gz").write_bytes(gzip.compress(wet("a text that is kept")) + gzip.compress(wet("no")))
    stage = CommonCrawlIngest(input=(str(source),), min_chars=5)
    manifest = run_stage(stage)  # type: ignore[operator]
    assert (manifest.created, manifest.documents_out, manifest.dropped) == (2, 1, {"too_short": 1})
    (row,) = pq.read_table(manifest.uris("documents")[0]).to_pylist()
    assert (row["id"], row["source"], row["text"]) == (
        "common_crawl/a.wet.gz/0",
        "common_crawl",
        "a text that is kept",
    )
    assert orjson.loads(row["metadata"])["title"] == "a text that is kept"


def test_blocked_urls_are_dropped_before_their_pages_are_read(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("bad.example\n")
    (tmp_path / "words").write_text("casino\n")
    story = b"".join(
        record("conversion", SENTENCE.encode() * 9, url=url, Content_Type="text/plain")
        for url in ("http://good.example/a", "http://www.bad.example/a", "http://good.example/casino")
    )
    story += record("response", b"not http at all", url="http://bad.example/b")
    lists = {"hosts": (str(tmp_path / "hosts"),), "words": (str(tmp_path / "words"),)}
    stage = CommonCrawlIngest.model_validate({"input": ("unused",), "url_filter": lists})
    records = read(tmp_path, story, stage)
    assert rules(records) == ["document", "url_host", "url_word", "url_host"]
    assert [r.detail for r in records if isinstance(r, Loss)] == ["bad.example", "casino", "bad.example"]


def test_the_lists_content_and_not_their_place_is_in_the_fingerprint(tmp_path: Path) -> None:
    def fingerprint(folder: str, content: str) -> str:
        path = tmp_path / folder / "hosts"
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
        raw = tmp_path / "raw.wet"
        raw.write_bytes(b"x")
        given = {"input": (str(raw),), "url_filter": {"hosts": (str(path),)}}
        return CommonCrawlIngest.model_validate(given).fingerprint(())

    assert fingerprint("a", "bad.example\n") == fingerprint("b", "bad.example\n")
    assert fingerprint("a", "bad.example\n") != fingerprint("a", "worse.example\n")


def test_the_lines_of_wet_are_judged_where_that_is_asked_for(tmp_path: Path) -> None:
    story = [
        f"{SENTENCE}Day {n} brought the mail, two cars and a cow to the islands in the north."
        for n in range(6)
    ]
    frame = ["The Gazette", "Home", "News", "Sport", "Log in", "Contact us"]
    data = wet("\n".join([*frame, *story, "Share", "Tweet", "© 2019 The Gazette"]))
    (whole,) = read(tmp_path, data)
    (judged,) = read(tmp_path, data, CommonCrawlIngest(input=("unused",), remove_wet_boilerplate=True))
    assert isinstance(whole, RawDocument) and isinstance(judged, RawDocument)
    assert whole.text.split("\n")[:2] == ["The Gazette", "Home"]
    assert judged.text == "\n".join(line.strip() for line in story)
    assert judged.metadata["title"] == "The Gazette"
    assert judged.metadata["boilerplate_chars"] == len(whole.text) - len(judged.text)
    short = CommonCrawlIngest(input=("unused",), remove_wet_boilerplate=True, min_chars=10_000)
    (loss,) = read(tmp_path, data, short)
    assert isinstance(loss, Loss)
    assert (loss.rule, loss.detail) == ("too_short", f"characters, of {len(whole.text)} in the page")


@pytest.mark.parametrize("media_type", ["application/xhtml+xml", "application/xml", "text/xml"])
def test_xhtml_that_is_served_as_xml_is_read_as_such(tmp_path: Path, media_type: str) -> None:
    body = f'<?xml version="1.0"?><html><head><title/><script src="a"/></head><body><p>{SENTENCE * 8}</p></body></html>'
    (found,) = read(tmp_path, page(body.encode(), f"Content-Type: {media_type}"))
    assert isinstance(found, RawDocument)
    assert found.text == (SENTENCE * 8).strip()


def test_a_feed_is_no_page(tmp_path: Path) -> None:
    body = f'<?xml version="1.0"?><rss><channel><title>{SENTENCE * 8}</title></channel></rss>'.encode()
    assert rules(read(tmp_path, page(body, "Content-Type: text/xml"))) == ["content_type"]


def test_a_page_that_was_encoded_twice_is_read_twice(tmp_path: Path) -> None:
    text = f"{SENTENCE * 4}It’s naïve — quite."
    (found,) = read(tmp_path, page(html(text).encode().decode("latin-1").encode()))
    assert isinstance(found, RawDocument)
    assert found.text == text
