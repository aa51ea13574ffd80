"""Repository archives in, source and prose files under an allowed licence out (LLaMA, section 2.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote

from pydantic import Field
from resiliparse.parse.encoding import detect_encoding

from stages.core.errors import DamagedInputError
from stages.ingest.archives import Member, archive_members
from stages.ingest.base import IngestStage, Loss, RawDocument, RawFile, RawRecord
from stages.ingest.github.headers import remove_license_header
from stages.ingest.github.heuristics import (
    generated_marker,
    generated_name,
    measure,
    vendored_folder,
)
from stages.ingest.github.languages import CommentStyle, extension_of, language_of
from stages.ingest.github.licenses import (
    MAX_LICENSE_BYTES,
    all_required,
    is_allowed,
    is_license_path,
    licenses_of,
    spdx_ids,
)

_FILE_NAME = re.compile(r"(?P<owner>[A-Za-z0-9-]+)__(?P<name>[\w.-]+?)-(?P<sha>[0-9a-f]{7,40})(?:\.\w+){1,2}")
_TOP_FOLDER = re.compile(r"(?P<name>.+)-(?P<sha>[0-9a-f]{40})")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_BOMS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


@dataclass(frozen=True)
class Repository:
    """What an archive says of its repository: its name, commit, top folder inside the archive, licences."""

    name: str
    owner: str | None
    commit: str | None
    top: str
    licenses: tuple[str, ...]
    allowed: bool

    def path(self, member: str) -> str:
        """The path of a member relative to the repository's root."""
        return member[len(self.top) :] if self.top and member.startswith(self.top) else member

    def url(self, path: str) -> str | None:
        """Where GitHub shows the file; None when the owner is not known."""
        if self.owner is None:
            return None
        return f"https://github.com/{self.owner}/{self.name}/blob/{self.commit or 'HEAD'}/{quote(path)}"

    @property
    def full_name(self) -> str:
        """`owner/name`, or the name alone."""
        return f"{self.owner}/{self.name}" if self.owner else self.name


class GithubIngest(IngestStage):
    """Files of repository archives (`.tar`, `.tar.gz`, `.tar.bz2`, `.tar.xz`, `.zip`) to documents.

    The measures are taken on the text after its licence header is removed: they judge what is kept.
    Rules: license, vendored, extension, generated, too_large, binary, empty_text, max_line_length,
    mean_line_length, alphanumeric_share, letters_per_token; and those of the archive: unsafe_path,
    not_a_file, repeated_name, encrypted, damaged.
    """

    stage_name: ClassVar[str] = "ingest_github"
    source: ClassVar[str] = "github"

    licenses: tuple[str, ...] = Field(
        ("Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MIT"),
        description="SPDX ids of the licences that are kept",
    )
    max_file_bytes: int = Field(1_000_000, gt=0, description="largest file that is kept")
    max_line_length: int = Field(1000, gt=0, description="longest line that is kept, characters")
    max_mean_line_length: float = Field(
        100.0, gt=0, description="greatest mean length of the lines, characters"
    )
    min_alphanumeric_share: float = Field(0.25, ge=0, le=1, description="least share of letters and digits")
    min_letters_per_token: float = Field(1.5, ge=0, description="fewest letters per token")
    extensions: tuple[str, ...] = Field(
        (), description="extensions that are kept; empty: all of the built-in table"
    )
    remove_headers: bool = Field(True, description="remove licence headers")
    remove_leading_comments: bool = Field(True, description="remove leading comment lines of any content too")
    drop_vendored: bool = Field(True, description="drop files in folders of vendored or built code")
    drop_generated: bool = Field(True, description="drop files that say that a tool wrote them")

    def read(self, raw: RawFile) -> Iterator[RawRecord]:
        """All files of one repository; the archive is read twice: the licence may come after other files."""
        repository = self._repository(raw)

        def wanted(member: str) -> bool:
            return repository.allowed and self._refused_by_name(repository.path(member)) is None

        for member in archive_members(raw, self.max_file_bytes, wanted):
            yield member if isinstance(member, Loss) else self._record(repository, member)

    def _repository(self, raw: RawFile) -> Repository:
        tops: set[str] = set()
        texts: list[tuple[str, str]] = []

        def wanted(name: str) -> bool:
            return is_license_path(name) or is_license_path(name.partition("/")[2])

        try:
            for member in archive_members(raw, MAX_LICENSE_BYTES, wanted):
                if isinstance(member, Loss):
                    continue
                first, slash, _ = member.name.partition("/")
                tops.add(first + slash if slash else "")
                if member.data is not None:
                    texts.append((member.name, member.data.decode("utf-8", "replace")))
        except DamagedInputError:
            pass  # the second pass meets the same damage and enters it in the ledger
        top = next(iter(tops)) if len(tops) == 1 else ""
        stated = [text for name, text in texts if is_license_path(name[len(top) :] if top else name)]
        found = licenses_of(stated)
        every = len(stated) == 1 and all_required(stated[0])
        named, folder = (
            _FILE_NAME.fullmatch(raw.name.rsplit("/", 1)[-1]),
            _TOP_FOLDER.fullmatch(top.rstrip("/")),
        )
        name = named["name"] if named else folder["name"] if folder else top.rstrip("/")
        return Repository(
            name=name or re.sub(r"\.(?:tar(?:\.\w+)?|tgz|zip)$", "", raw.name.rsplit("/", 1)[-1]),
            owner=named["owner"] if named else None,
            commit=folder["sha"] if folder else named["sha"] if named else None,
            top=top,
            licenses=tuple(found),
            allowed=is_allowed(found, self.licenses, every),
        )

    def _refused_by_name(self, path: str) -> tuple[str, str] | None:
        """Rule and detail by which the path alone drops a file."""
        if self.drop_vendored and (folder := vendored_folder(path)):
            return "vendored", folder
        if self.drop_generated and (name := generated_name(path)):
            return "generated", name
        if language_of(path) is None or (self.extensions and extension_of(path) not in self.extensions):
            return "extension", extension_of(path)
        return None

    def _record(self, repository: Repository, member: Member) -> RawRecord:
        path = repository.path(member.name)
        url = repository.url(path)

        def loss(
            rule: str, detail: str | None = None, value: float | None = None, threshold: float | None = None
        ) -> Loss:
            return Loss(member.name, rule, detail, value, threshold, url, member.size)

        if not repository.allowed:
            return loss("license", " ".join(repository.licenses) or "none")
        if refused := self._refused_by_name(path):
            return loss(*refused)
        data = member.data or b""
        decoded = decode(data)
        if decoded is None:
            return loss("binary")
        text, encoding = decoded
        if (own := spdx_ids(text)) and not is_allowed(own, self.licenses, all_required(text)):
            return loss("license", " ".join(own))
        if self.drop_generated and (marker := generated_marker(text)):
            return loss("generated", marker)
        found = language_of(path)
        language, style = found if found else ("", CommentStyle())
        body = (
            remove_license_header(text, style, self.remove_leading_comments) if self.remove_headers else text
        )
        if not body.strip():
            return loss("empty_text")
        if failed := self._failed_measure(body):
            return loss(failed[0], None, failed[1], failed[2])
        metadata = {
            "repository": repository.full_name,
            "path": path,
            "license": own or list(repository.licenses),
            "language": language,
            "header_chars": len(text) - len(body),
        }
        if repository.commit:
            metadata["commit"] = repository.commit
        if encoding != "utf-8":
            metadata["encoding"] = encoding
        return RawDocument(member.name, body, url, metadata=metadata)

    def _failed_measure(self, text: str) -> tuple[str, float, float] | None:
        """Rule, value and threshold of the first heuristic that drops the text."""
        found = measure(text)
        if found.max_line_length > self.max_line_length:
            return "max_line_length", found.max_line_length, self.max_line_length
        if found.mean_line_length > self.max_mean_line_length:
            return "mean_line_length", found.mean_line_length, self.max_mean_line_length
        if found.alphanumeric_share < self.min_alphanumeric_share:
            return "alphanumeric_share", found.alphanumeric_share, self.min_alphanumeric_share
        if found.letters_per_token < self.min_letters_per_token:
            return "letters_per_token", found.letters_per_token, self.min_letters_per_token
        return None


def decode(data: bytes) -> tuple[str, str] | None:
    """Text and encoding of a source file; None when it is binary.

    What a byte-order mark says, else UTF-8, else what a detector finds and what decodes every byte.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            try:
                return data.decode(encoding), encoding
            except UnicodeDecodeError:
                return None
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        pass
    encoding = detect_encoding(data, html5_compatible=False) or "cp1252"
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None
    return None if _CONTROL.search(text) else (text, encoding)
