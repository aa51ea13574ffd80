"""CommonCrawl: WET, WARC and ARC raw files in, documents out (LLaMA section 2.1, CCNet section 3)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from importlib.util import find_spec
from typing import Any, ClassVar, Literal

from pydantic import Field

from stages.core.errors import UserError
from stages.core.manifest import Manifest
from stages.core.stage import Task
from stages.core.storage import FoundFile
from stages.ingest import contents
from stages.ingest.base import IngestStage, Range, RawParams, byte_ranges, whole_file
from stages.ingest.common_crawl.boilerplate.extract import main_text
from stages.ingest.common_crawl.boilerplate.model import fitted_model, page_model_sha256
from stages.ingest.common_crawl.boilerplate.text_lines import main_lines
from stages.ingest.common_crawl.boilerplate.text_model import fitted_text_model, text_model_sha256
from stages.ingest.common_crawl.digests import wrong_digest
from stages.ingest.common_crawl.html import (
    MAX_CONTROL_SHARE,
    control_share,
    decode_page,
    page_title,
    parse_for_resiliparse,
    parse_html,
    parse_web_page,
    replaced_share,
    resiliparse_text,
    trafilatura_text,
)
from stages.ingest.common_crawl.http import (
    ContentCodingError,
    HttpResponse,
    decoded_body,
    media_type,
    parse_response,
)
from stages.ingest.common_crawl.members import read_members
from stages.ingest.common_crawl.records import ARC_KIND, ArchiveRecord, parse_headers, read_records
from stages.ingest.common_crawl.splits import ArchiveShare
from stages.ingest.common_crawl.url_filter import UrlFilter
from stages.ingest.common_crawl.xhtml import XHTML_START, XML_TYPES, xhtml_as_html
from stages.ingest.decode import without_marks
from stages.ingest.raw import Loss, RawDocument, RawFile, RawRecord
from stages.ingest.work import bounded

XHTML_TYPE = "application/xhtml+xml"
HTML_TYPES = ("text/html", XHTML_TYPE)
PAGE_KINDS = ("response", "resource", ARC_KIND)
TEXT_KINDS = (*PAGE_KINDS, "conversion")
_DUMP = re.compile(r"CC-MAIN-(?:2008-2009|2009-2010|20\d\d-\d\d(?!\d))")
_HTML_START = re.compile(
    rb"\s*(?:<!--.{0,512}?-->\s*)?(?:<!doctype\s+html|<html|<head|<body)", re.IGNORECASE | re.DOTALL
)


class CommonCrawlIngest(IngestStage):
    """CommonCrawl's WET text as it is, or the main text of the HTML pages in WARC and ARC files."""

    stage_name: ClassVar[str] = "ingest_common_crawl"
    version: ClassVar[int] = 10
    follows_unicode: ClassVar[bool] = True
    kind: ClassVar[str] = "common_crawl"
    reads: ClassVar[frozenset[str]] = frozenset({contents.WARC, contents.ARC})

    min_chars: int = Field(300, ge=0, description="shorter documents are dropped (CCNet: 300)")
    extractor: Literal["resiliparse", "trafilatura"] = Field(
        "resiliparse", description="what reads HTML and finds its main text"
    )
    remove_boilerplate: bool = Field(
        True,
        description="keep the lines that the model of a page takes for content, not what resiliparse does",
    )
    remove_wet_boilerplate: bool = Field(
        False,
        description="keep the lines of WET text, too, that a model of plain text takes for content; CCNet keeps all",
    )
    min_content_probability: float | None = Field(
        None,
        ge=0,
        le=1,
        description="keep lines at least that likely to be content; without it those of the greatest expected F1",
    )
    url_filter: UrlFilter | None = Field(
        None, description="drop pages by URL before they are read: blocklists of hosts, lists of words"
    )
    max_record_bytes: int = Field(32 << 20, gt=0, description="larger records are dropped unread")
    max_replacement_share: float = Field(
        0.01, ge=0, le=1, description="undecodable characters a document may have"
    )
    verify_digests: bool = Field(False, description="drop records whose SHA-1 digest is wrong")

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[RawParams]]:
        """Tasks over the raw files, by bytes; a UserError when the extractor is not installed."""
        if self.extractor == "trafilatura" and find_spec("trafilatura") is None:
            raise UserError("extractor: trafilatura is not installed; pip install 'altiplano[trafilatura]'")
        return super().plan(inputs)

    def dependencies(self) -> list[str]:
        """The raw files' probes, the models that judge lines, and the lists of blocked hosts and words."""
        judged = self.extractor == "resiliparse" and self.remove_boilerplate
        lists = [] if self.url_filter is None else self.url_filter.dependencies()
        models = [f"boilerplate {page_model_sha256()}"] if judged else []
        models += [f"boilerplate of text {text_model_sha256()}"] if self.remove_wet_boilerplate else []
        return [*super().dependencies(), *models, *lists]

    def ranges(self, file: FoundFile) -> Sequence[Range]:
        """Tasks share a large file that is gzip by its name; what it is not inside, one of them reads whole."""
        return byte_ranges(file.size, self.task_bytes) if file.name.endswith(".gz") else whole_file(file)

    def read(self, raw: RawFile) -> Iterator[RawRecord]:
        """All records of a WET, WARC or ARC file, or of a task's share of it; see `read_records` for keys and damage."""
        share = ArchiveShare(raw)
        if self.extractor == "resiliparse" and self.remove_boilerplate:
            warm_up()
        if self.remove_wet_boilerplate:
            main_lines("a", fitted_text_model())  # compiled before a record's clock runs, as `warm_up` has it
        dump = self._dump(raw, share.is_plain)
        matcher = None if self.url_filter is None else self.url_filter.matcher()
        records = read_records(
            share.events(),
            plain=share.is_plain,
            max_record_bytes=self.max_record_bytes,
            end=lambda: share.end,
        )
        for record in records:
            if isinstance(record, Loss):
                yield record
                continue
            refused = matcher.check(record.url) if matcher is not None and record.kind in TEXT_KINDS else None
            if refused is not None:
                yield _loss(record, *refused)
                continue
            read = partial(self._read_record, record, dump)
            yield bounded(raw, read, record.key, record.url, len(record.block))

    def _dump(self, raw: RawFile, plain: bool) -> str:
        """The dump of a file: by its name, else by its first record where that is a warcinfo, which every share reads."""
        if _DUMP.search(raw.name) is None:
            with closing(read_members(raw)) as members:
                records = read_records(members, plain=plain, max_record_bytes=self.max_record_bytes)
                first = next(records, None)
            if isinstance(first, ArchiveRecord) and first.kind == "warcinfo":
                return _dump_of_warcinfo(first) or dump_of(raw.name)
        return dump_of(raw.name)

    def _read_record(self, record: ArchiveRecord, dump: str) -> RawRecord:
        if self.verify_digests and (wrong := wrong_digest(record)):
            return _loss(record, "digest_mismatch", wrong)
        if record.kind == "conversion":
            return self._read_text(record, dump)
        if record.kind in PAGE_KINDS:
            return self._read_page(record, dump)
        return _loss(record, "record_type", record.kind or "none")

    def _read_text(self, record: ArchiveRecord, dump: str) -> RawRecord:
        content_type = media_type(record.headers.get("content-type", "text/plain"))
        if content_type != "text/plain":
            return _loss(record, "content_type", content_type)
        text = record.block.decode("utf-8", "replace")
        share = replaced_share(text)
        if share > self.max_replacement_share:
            return self._encoding_loss(record, "utf-8", share)
        first_line = text.lstrip().partition("\n")[0].strip()
        metadata: dict[str, Any] = {"title": first_line, "dump": dump, "content_type": content_type}
        if not self.remove_wet_boilerplate:
            return self._document(record, text, metadata)
        main = main_lines(text, fitted_text_model(), self.min_content_probability)
        metadata["boilerplate_chars"] = main.cut_chars
        return self._document(record, main.text, metadata, main.page_chars)

    def _read_page(self, record: ArchiveRecord, dump: str) -> RawRecord:
        content_type = media_type(record.headers.get("content-type", ""))
        if record.kind == "resource":
            page = HttpResponse(200, {"content-type": record.headers.get("content-type", "")}, record.block)
        elif (response := parse_response(record.block)) is not None:
            page, content_type = response, response.content_type
        elif (
            content_type.startswith("application/http") or record.url is None or record.url.startswith("http")
        ):
            return _loss(record, "bad_http", "no status line")
        else:
            return _loss(record, "content_type", content_type or "none")
        if page.status != 200:
            return _loss(record, "http_status", value=page.status)
        if content_type and content_type not in (*HTML_TYPES, *XML_TYPES):
            return _loss(record, "content_type", content_type)
        try:
            body = decoded_body(page, self.max_record_bytes)
        except ContentCodingError as error:
            return _loss(record, "content_coding", str(error))
        if len(body) > self.max_record_bytes:
            return _loss(record, "too_large", "bytes decoded", len(body), self.max_record_bytes)
        if not content_type and not _HTML_START.match(body):
            return _loss(record, "content_type", "none")
        if content_type in XML_TYPES and not XHTML_START.match(body):  # a feed, a map of a site, data
            return _loss(record, "content_type", content_type)
        return self._read_html(
            record, body, page.charset, {"dump": dump, "content_type": content_type or "text/html"}
        )

    def _read_html(
        self, record: ArchiveRecord, body: bytes, charset: str | None, metadata: dict[str, str]
    ) -> RawRecord:
        decoded = decode_page(body, charset)
        if metadata["content_type"] in (XHTML_TYPE, *XML_TYPES):
            decoded = decoded._replace(text=xhtml_as_html(decoded.text))
        data = decoded.text.encode("utf-8", "replace")
        controls = control_share(data)
        if controls > MAX_CONTROL_SHARE:
            return _loss(record, "encoding", "control characters", controls, MAX_CONTROL_SHARE)
        text, page_chars, found = self._main_text(decoded.text, data, record.url)
        text = without_marks(text)
        share = replaced_share(text)  # of the document, not of the page: scripts and styles do not count
        if share > self.max_replacement_share:
            return self._encoding_loss(record, decoded.encoding, share)
        return self._document(record, text, metadata | found | {"encoding": decoded.encoding}, page_chars)

    def _main_text(self, html: str, data: bytes, url: str | None) -> tuple[str, int | None, dict[str, Any]]:
        """The main text of a page, given as UTF-8 too, characters of the whole page, and title and cuts for metadata."""
        if self.extractor == "trafilatura":
            return trafilatura_text(html), None, {"title": page_title(parse_html(html, data))}
        if not self.remove_boilerplate:
            tree = parse_for_resiliparse(html, data)
            return resiliparse_text(tree), None, {"title": page_title(tree)}
        tree = parse_web_page(html, data)
        main = main_text(tree, url, fitted_model(), self.min_content_probability)
        return main.text, main.page_chars, {"title": page_title(tree), "boilerplate_chars": main.cut_chars}

    def _document(
        self, record: ArchiveRecord, text: str, metadata: dict[str, Any], page_chars: int | None = None
    ) -> RawRecord:
        chars = len(text.strip())
        if chars < self.min_chars:
            of_what = "characters" if page_chars is None else f"characters, of {page_chars} in the page"
            return _loss(record, "too_short", of_what, chars, self.min_chars)
        headers = record.headers
        digest = headers.get("warc-payload-digest") or headers.get("warc-block-digest") or ""
        found = {"date": headers.get("warc-date", ""), "digest": digest}
        return RawDocument(record.key, text, url=record.url, metadata=metadata | found)

    def _encoding_loss(self, record: ArchiveRecord, encoding: str, share: float) -> Loss:
        return _loss(record, "encoding", f"undecodable as {encoding}", share, self.max_replacement_share)


def warm_up() -> None:
    """Have all kernels of the extraction compiled before a record's clock runs: that may take half a minute, once."""
    main_text(parse_web_page("<p>a"), None, fitted_model())


def _loss(
    record: ArchiveRecord,
    rule: str,
    detail: str | None = None,
    value: float | None = None,
    threshold: float | None = None,
) -> Loss:
    return Loss(record.key, rule, detail, value, threshold, record.url, len(record.block))


def dump_of(name: str) -> str:
    """The dump that a raw file's name tells: `CC-MAIN-2020-05` anywhere in it, else its top folder."""
    found = _DUMP.search(name)
    if found:
        return found[0]
    return name.split("/", 1)[0] if "/" in name else ""


def _dump_of_warcinfo(record: ArchiveRecord) -> str | None:
    part = parse_headers(record.block[: 1 << 14]).get("ispartof", "")
    found = _DUMP.search(part)
    return found[0] if found else None
