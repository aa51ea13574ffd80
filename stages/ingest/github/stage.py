"""Repositories (archives, checked-out folders, BigQuery exports) in, source and prose files under an allowed licence out."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote

from stages.core import storage
from stages.core.errors import DamagedInputError, ReadFaultError
from stages.core.reading import is_of_input
from stages.core.storage import FoundFile
from stages.ingest import contents
from stages.ingest.archives import Member, archive_members
from stages.ingest.base import list_raw_files
from stages.ingest.github import folders, git_folder
from stages.ingest.github.exports import export_json_rows, export_parquet_rows
from stages.ingest.github.kinds import raw_kind
from stages.ingest.github.license_texts import MAX_LICENSE_BYTES
from stages.ingest.github.licenses import NO_LICENSE, LicenseVerdict, judge
from stages.ingest.github.repository import (
    FILE_NAME,
    Repository,
    annotations_in,
    archived_repository,
    license_text,
    states_license,
    verdicts_beside,
    verdicts_of,
)
from stages.ingest.github.rules import SourceFileRules
from stages.ingest.json_lines import FieldsRow
from stages.ingest.raw import Loss, RawFile, RawRecord
from stages.ingest.work import bounded

MAX_HELD_BYTES = 64 << 20
"""An archive whose files to judge are no larger is read once: they wait in memory for the licence."""

HELD_MEMBER_BYTES = 500
"""What a file without content takes in memory, about."""


LINE_BYTES_PER_BYTE = 6
"""JSON writes a control character in six bytes."""


class GithubIngest(SourceFileRules):
    """Archives (tar, compressed or not, and zip), checked-out folders and BigQuery exports to documents.

    Rules beside those of SourceFileRules: git_internals, not_a_file, unreadable (folders); missing_path,
    missing_repo_name, missing_content, bad_json (exports); unsafe_path, not_a_file, repeated_name, encrypted
    (archives); damaged; unknown_format.
    """

    stage_name: ClassVar[str] = "ingest_github"
    kind: ClassVar[str] = "github"
    reads: ClassVar[frozenset[str]] = frozenset({contents.TAR, contents.ZIP, contents.JSON, contents.PARQUET})
    version: ClassVar[int] = 9
    follows_unicode: ClassVar[bool] = True

    def raw_files(self) -> list[FoundFile]:
        """Archives, exports, and repositories that lie in folders, each repository a raw file of its own."""
        return list_raw_files(self.input, folders.find_raw_files)

    def dependencies(self) -> list[str]:
        """Name, size and content of every raw file: a probe, or for a repository a digest over its files' probes."""
        return [f"{file.name} {file.size} {self._probe(file)}" for file in self.raw_files()]

    def _probe(self, file: FoundFile) -> str:
        if not file.uri.endswith("/"):
            return storage.probe(file.uri, file.size)
        root = file.uri.rstrip("/")
        place = git_folder.owner_and_name_of(root)
        digest = hashlib.sha256(f"{place} {git_folder.commit_of(root)}\n".encode())
        for entry in folders.walk_repository(root, _is_loose(file.name)):
            probe = ""
            if entry.kind == folders.FILE and self._is_read(entry.path, entry.size):
                try:
                    probe = storage.probe(storage.join(root, entry.path), entry.size)
                except ReadFaultError as error:
                    if not is_of_input(error):
                        raise
                    probe = folders.UNREADABLE
            line = f"{entry.path} {entry.kind} {entry.size} {probe}\n"
            digest.update(line.encode("utf-8", "surrogateescape"))
        return digest.hexdigest()

    def _is_read(self, path: str, size: int) -> bool:
        """Whether the content of a file can matter, whatever the licence."""
        if states_license(path):
            return True
        return size <= self.max_file_bytes and self.refused_by_name(path) is None

    def read(self, raw: RawFile) -> Iterator[RawRecord]:
        """All files of one archive or repository, or all rows of one export."""
        if raw.uri.endswith("/"):
            return self._read_folder(raw)
        kind = raw_kind(raw)
        if kind == "parquet":
            return self._read_rows(raw, export_parquet_rows(raw))
        if kind == "json":
            max_line_bytes = LINE_BYTES_PER_BYTE * self.max_file_bytes + (1 << 16)
            return self._read_rows(raw, export_json_rows(raw, max_line_bytes))
        if kind == "unknown":
            return iter([Loss("", "unknown_format", "no archive and no export", text_bytes=raw.size)])
        return self._read_archive(raw)

    def _read_archive(self, raw: RawFile) -> Iterator[RawRecord]:
        """All files of an archive, which is read twice when too much of it must wait for the licence."""
        held: list[Member | Loss] | None = []
        held_bytes = 0
        tops: set[str] = set()
        texts: dict[str, str] = {}
        damage: DamagedInputError | None = None

        def wanted(name: str) -> bool:
            below = name.partition("/")[2]
            if states_license(name) or states_license(below):
                return True
            return held is not None and (
                self.refused_by_name(name) is None or self.refused_by_name(below) is None
            )

        try:
            for member in archive_members(raw, max(self.max_file_bytes, MAX_LICENSE_BYTES), wanted):
                if isinstance(member, Member):
                    first, slash, below = member.name.partition("/")
                    tops.add(first + slash if slash else "")
                    if member.data is not None and (states_license(member.name) or states_license(below)):
                        texts[member.name] = license_text(member.data)
                if held is not None:
                    held.append(member)
                    held_bytes += HELD_MEMBER_BYTES
                    held_bytes += len(member.data or b"") if isinstance(member, Member) else 0
                    if held_bytes > MAX_HELD_BYTES:
                        held = None
        except DamagedInputError as error:
            damage = error
        repository = archived_repository(raw.name, tops, texts, self.licenses, self.read_manifests)
        if held is not None:
            for member in held:
                yield self._archived(raw, repository, member)
            if damage is not None:
                raise damage
            return

        def kept(name: str) -> bool:
            path = repository.path(name)
            verdict = repository.verdict(path)
            return (verdict.allowed or verdict.is_per_file) and self.refused_by_name(path) is None

        for member in archive_members(raw, self.max_file_bytes, kept):
            yield self._archived(raw, repository, member)

    def _archived(self, raw: RawFile, repository: Repository, member: Member | Loss) -> RawRecord:
        if isinstance(member, Loss):
            if member.rule != "too_large":
                return member
            member = Member(member.key, member.text_bytes, None)
        path = repository.path(member.name)
        read = partial(self._repository_file, repository, member.name, path, member.size, member.data)
        return bounded(raw, read, member.name, repository.url(path), member.size)

    def _repository_file(
        self, repository: Repository, key: str, path: str, size: int, data: bytes | None
    ) -> RawRecord:
        verdict, url = repository.verdict(path), repository.url(path)
        if refused := self.refused_unread(path, size, verdict):
            return dataclasses.replace(refused, key=key, url=url)
        facts = {"repository": repository.full_name, "license_from": list(verdict.stated_in)}
        if repository.commit:
            facts["commit"] = repository.commit
        return self.judge_file(key, path, data or b"", verdict, url, facts)

    def _read_folder(self, raw: RawFile) -> Iterator[RawRecord]:
        """All files of a checked-out repository; `.git` is one ledger row and is not read."""
        root = raw.uri.rstrip("/")
        entries = list(folders.walk_repository(root, _is_loose(raw.name)))
        repository = self._checkout(raw, entries)
        for entry in entries:
            yield self._entry(repository, raw, entry)

    def _checkout(self, raw: RawFile, entries: Sequence[folders.Entry]) -> Repository:
        texts: dict[str, str] = {}
        root = raw.uri.rstrip("/")
        for entry in entries:
            if entry.kind == folders.FILE and states_license(entry.path):
                try:
                    texts[entry.path] = license_text(
                        raw.read_below(entry.path, entry.size, MAX_LICENSE_BYTES)
                    )
                except ReadFaultError as error:
                    if not is_of_input(error):
                        raise
                    continue  # `_entry` meets the same error and tells it
        place, base = git_folder.owner_and_name_of(root), root.rsplit("/", 1)[-1]
        named = FILE_NAME.fullmatch(base)
        return Repository(
            name=place[1] if place else named["name"] if named else base,
            owner=place[0] if place else named["owner"] if named else None,
            commit=git_folder.commit_of(root) or (named["sha"] if named else None),
            verdicts=verdicts_of(texts, self.licenses, self.read_manifests),
            annotations=annotations_in(texts, self.licenses),
            beside=verdicts_beside(texts, self.licenses),
        )

    def _entry(self, repository: Repository, raw: RawFile, entry: folders.Entry) -> RawRecord:
        path, url = entry.path, repository.url(entry.path)
        if entry.kind == folders.GIT:
            return Loss(path, "git_internals", "the repository's history; not read")
        if entry.kind == folders.UNREADABLE:
            return Loss(path, "unreadable", "folder", url=url)
        if entry.kind != folders.FILE:
            kind = "symbolic link" if entry.kind == folders.LINK else "special file"
            return Loss(path, "not_a_file", kind, url=url)
        if refused := self.refused_unread(path, entry.size, repository.verdict(path)):
            return dataclasses.replace(refused, key=path, url=url)
        try:
            data = raw.read_below(path, entry.size, self.max_file_bytes + 1)
        except ReadFaultError as error:
            if not is_of_input(error):
                raise
            reason = getattr(error.__cause__, "strerror", None)
            return Loss(path, "unreadable", reason, url=url, text_bytes=entry.size)
        read = partial(self._repository_file, repository, path, path, max(entry.size, len(data)), data)
        return bounded(raw, read, path, url, entry.size)

    def _read_rows(self, raw: RawFile, rows: Iterator[FieldsRow | Loss]) -> Iterator[RawRecord]:
        for row in rows:
            if isinstance(row, Loss):
                yield row
            else:
                yield bounded(raw, partial(self._row, row), str(row.number), text_bytes=row.num_bytes)

    def _row(self, row: FieldsRow) -> RawRecord:
        """The document or the ledger row of an export's row; its key is its number, for paths may repeat."""
        key, fields = str(row.number), row.fields
        name, path, content = fields["repo_name"], fields["path"], fields["content"]
        branch = str(fields["ref"] or "HEAD").removeprefix("refs/heads/")
        url = None
        for field, value in (("path", path), ("repo_name", name)):
            if not isinstance(value, str) or not value.strip():
                return Loss(key, f"missing_{field}", type(value).__name__, text_bytes=row.num_bytes)
        if name.count("/") == 1:
            url = f"https://github.com/{quote(name)}/blob/{quote(branch)}/{quote(path.lstrip('/'))}"
        has_content = isinstance(content, str | bytes)
        size = _size_of(content) if has_content else fields["size"]
        size = size if isinstance(size, int) else row.num_bytes
        verdict = _row_verdict(fields["license"], self.licenses)
        if refused := self.refused_unread(path, size, verdict):
            return dataclasses.replace(refused, key=key, url=url)
        if str(fields["binary"]).lower() == "true":
            return Loss(key, "binary", url=url, text_bytes=size)
        if not has_content:
            return Loss(key, "missing_content", type(content).__name__, url=url, text_bytes=size)
        facts: dict[str, Any] = {"repository": name, "license_from": ["license"]}
        facts |= {
            ours: fields[theirs]
            for theirs, ours in (("ref", "ref"), ("id", "blob"), ("copies", "copies"))
            if fields[theirs] is not None
        }
        return self.judge_file(key, path, content, verdict, url, facts)


def _row_verdict(stated: Any, allowed: tuple[str, ...]) -> LicenseVerdict:
    """The verdict of a row: BigQuery's licence key, an SPDX expression, or several that all hold."""
    names = stated if isinstance(stated, list) else [stated]
    if not names or not all(isinstance(name, str) and name.strip() for name in names):
        return NO_LICENSE
    return judge(" AND ".join(f"({name})" for name in names) if len(names) > 1 else names[0], allowed)


def _size_of(content: str | bytes) -> int:
    return len(content) if isinstance(content, bytes) else len(content.encode("utf-8", "replace"))


def _is_loose(name: str) -> bool:
    return name.rsplit("/", 1)[-1] == folders.LOOSE
