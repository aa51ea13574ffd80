r"""LaTeX sources of papers in, a document of running text for each out (LLaMA, section 2.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from pydantic import Field

from stages.core.errors import DamagedInputError
from stages.core.storage import FoundFile
from stages.ingest import contents
from stages.ingest.archives import (
    EMPTY_ZIP_MAGIC,
    ZIP_MAGIC,
    BytesFile,
    Member,
    archive_members,
    is_plain_tar,
    is_tar_block,
)
from stages.ingest.arxiv.paper import abstract_url, arxiv_id, kind_of, paper_of
from stages.ingest.base import IngestStage, Range, byte_ranges, whole_file
from stages.ingest.compressed import PieceReader, decompressed
from stages.ingest.raw import Loss, RawFile, RawRecord
from stages.ingest.work import bounded

_BULK_MEMBER = re.compile(r"(?:.*/)?(?:\d{4}\.\d{4,5}|[a-z-]+\d{7})(?:v\d+)?\.(?:gz|pdf|tar\.gz|tgz)")
_SOURCE = re.compile(
    r".*\.(?:tex|ltx|latex|sty|cls|tikz|pgf|pgf_tex|pdf_tex|inc|txt|bbl)|(?:.*/)?(?:00README[^/]*|[^./]+)",
    re.I,
)
_OTHER = re.compile(r".*\.(?:pdf|ps|html?|dvi|docx?)", re.I)
SNIFF_BYTES = 1024

MOST_RANGES = 32
"""Of a tar: a task goes through what is in front of its range, at ten or more times the speed at which papers are read."""


class ArxivIngest(IngestStage):
    """Papers' sources to documents: a paper's archive, a single file (`.tex`, `.gz`), arXiv's bulk tar of those.

    Rules: no_main_file, not_latex, encoding, damaged, empty_text, too_large, too_much_work, and the archive's unsafe_path,
    not_a_file, repeated_name, encrypted. A file that an archive refuses is a ledger row of its own.
    """

    stage_name: ClassVar[str] = "ingest_arxiv"
    version: ClassVar[int] = 9
    follows_unicode: ClassVar[bool] = True
    kind: ClassVar[str] = "arxiv"
    reads: ClassVar[frozenset[str]] = frozenset({contents.TAR, contents.ZIP})

    max_file_bytes: int = Field(20_000_000, gt=0, description="largest source file of a paper")
    max_paper_bytes: int = Field(100_000_000, gt=0, description="largest sum of a paper's source files")
    keep_appendix: bool = Field(
        False, description="keep what follows the bibliography or the appendix marker"
    )
    keep_abstract: bool = Field(
        False, description="put the abstract, which stands before the first section, first"
    )

    def ranges(self, file: FoundFile) -> Sequence[Range]:
        """Those of a large tar, by its name: what it is shows when it is read."""
        if file.size <= self.task_bytes or not file.name.endswith(".tar"):
            return whole_file(file)
        return byte_ranges(file.size, max(self.task_bytes, -(-file.size // MOST_RANGES)))

    def read(self, raw: RawFile) -> Iterator[RawRecord]:
        """The paper of a raw file, or all papers of a bulk archive; of one that is split, those that begin in the range."""
        if raw.start and not is_plain_tar(raw):  # whatever its name, the range that starts at 0 has it all
            return
        head = _head(raw)
        if head.startswith((ZIP_MAGIC, EMPTY_ZIP_MAGIC)) or is_tar_block(head):
            yield from self._read_archive(raw)
        else:
            yield self._read_single("", raw)

    def _read_archive(self, raw: RawFile) -> Iterator[RawRecord]:
        def wanted(name: str) -> bool:
            return not name.endswith(".pdf") and bool(_SOURCE.fullmatch(name) or _is_bulk_member(name))

        whole = replace(raw, start=0, stop=None)
        first = next(archive_members(whole, self.max_paper_bytes, _nothing), None)
        if first is not None and _is_bulk_member(first.name if isinstance(first, Member) else first.key):
            yield from self._read_bulk(raw, archive_members(raw, self.max_paper_bytes, wanted))
        elif raw.start:  # a paper's own tar: the range that starts at 0 has it all
            return
        elif first is None:
            yield Loss("", "no_main_file", "the archive is empty")
        else:
            yield from self._read_paper(
                raw, "", raw.name, archive_members(whole, self.max_paper_bytes, wanted)
            )

    def _read_bulk(self, raw: RawFile, members: Iterator[Member | Loss]) -> Iterator[RawRecord]:
        """The papers of arXiv's bulk archive, each unpacked in memory; damage in one costs that one alone."""
        for member in members:
            if isinstance(member, Loss):
                yield replace(member, url=abstract_url(member.key))
                continue
            name, url = member.name, abstract_url(member.name)
            if member.data is None:
                kind = name.rsplit(".", 1)[-1].lower() if "." in name else "no source file"
                yield Loss(name, "not_latex", kind, url=url, text_bytes=member.size)
                continue
            try:
                yield from self._read_bulk_member(
                    BytesFile("", name, member.size, member.data, watch=raw.watch)
                )
            except DamagedInputError as error:
                key = f"{name}@{error.offset}"
                yield Loss(key, "damaged", error.reason, url=url, text_bytes=member.size)

    def _read_bulk_member(self, inner: BytesFile) -> Iterator[RawRecord]:
        if kind_of(inner.data):
            yield self._paper(inner, inner.name, inner.name, {inner.name: inner.data})
            return
        head = _head(inner)
        if is_tar_block(head) or head.startswith(ZIP_MAGIC):
            parts = archive_members(inner, self.max_paper_bytes, _is_source)
            yield from self._read_paper(inner, inner.name, inner.name, parts)
        else:
            yield self._read_single(inner.name, inner)

    def _read_single(self, key: str, raw: RawFile) -> RawRecord:
        data = PieceReader(decompressed(raw)).read(self.max_file_bytes + 1)
        if len(data) > self.max_file_bytes:
            url = abstract_url(raw.name)
            return Loss(key, "too_large", None, len(data), self.max_file_bytes, url, text_bytes=raw.size)
        return self._paper(raw, key, raw.name, {raw.name.rsplit("/", 1)[-1]: data})

    def _read_paper(
        self, raw: RawFile, key: str, name: str, members: Iterator[Member | Loss]
    ) -> Iterator[RawRecord]:
        """The paper of an archive; refused files are rows, and damage comes after what could be read."""
        files: dict[str, bytes] = {}
        others: list[str] = []
        total = 0
        damage: DamagedInputError | None = None
        try:
            for member in members:
                if isinstance(member, Loss):
                    yield Loss(
                        f"{key}/{member.key}".lstrip("/"),
                        member.rule,
                        member.detail,
                        member.value,
                        member.threshold,
                        text_bytes=member.text_bytes,
                    )
                    continue
                if member.data is None:
                    others.append(member.name)
                    continue
                total += member.size
                if total > self.max_paper_bytes or member.size > self.max_file_bytes:
                    yield Loss(
                        f"{key}/{member.name}".lstrip("/"),
                        "too_large",
                        None,
                        member.size,
                        self.max_file_bytes,
                        text_bytes=member.size,
                    )
                    continue
                files[member.name.removeprefix("./")] = member.data
        except DamagedInputError as error:
            damage = error
        yield self._paper(raw, key, name, files, others)
        if damage is not None:
            raise damage

    def _paper(
        self,
        raw: RawFile,
        key: str,
        name: str,
        files: dict[str, bytes],
        others: list[str] | None = None,
    ) -> RawRecord:
        if not files and others:
            kinds = sorted({other.rsplit(".", 1)[-1].lower() for other in others if _OTHER.fullmatch(other)})
            return Loss(key, "not_latex", " ".join(kinds) or "no source file", url=abstract_url(name))
        read = partial(paper_of, key, files, arxiv_id(name), self.keep_appendix, self.keep_abstract)
        size = sum(len(data) for data in files.values())
        return bounded(raw, read, key, abstract_url(name), size)


def _is_bulk_member(name: str) -> bool:
    return _BULK_MEMBER.fullmatch(name) is not None and arxiv_id(name) is not None


def _nothing(name: str) -> bool:
    return False


def _is_source(name: str) -> bool:
    return _SOURCE.fullmatch(name) is not None


def _head(raw: RawFile) -> bytes:
    try:
        return PieceReader(decompressed(raw)).read(SNIFF_BYTES)
    except DamagedInputError:
        piece = next(decompressed(raw), b"") if raw.size else b""
        return piece[:SNIFF_BYTES]
