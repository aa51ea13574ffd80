"""One source file of a repository in, a document or the rule that drops it out (LLaMA, section 2.1, GitHub)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any, Literal

from pydantic import Field

from stages.core.documents import CONTENT_HASH_KEY
from stages.ingest.base import IngestStage
from stages.ingest.decode import Decoded, bad_bytes, bad_bytes_change, decode_text, is_binary
from stages.ingest.github.generated import generated_marker, generated_name, vendored_place
from stages.ingest.github.headers import remove_license_header
from stages.ingest.github.heuristics import measure_code
from stages.ingest.github.languages import CommentStyle, extension_of, language_of_file, told_by_content
from stages.ingest.github.licenses import LicenseVerdict, judge, spdx_expression
from stages.ingest.raw import Loss, RawDocument, RawRecord


class SourceFileRules(IngestStage):
    """The options and rules by which one file of a repository is kept.

    The measures are taken on the text after its licence header is removed: they judge what is kept. Rules, in
    order: license, vendored, generated (name), extension, too_large, binary, license (the file's own SPDX line),
    generated (marker), empty_text, max_line_length or long_line_share, mean_line_length, alphanumeric_share,
    letters_per_token.
    """

    licenses: tuple[str, ...] = Field(
        ("Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MIT"),
        description="SPDX ids of the licences that are kept",
    )
    read_manifests: bool = Field(
        True, description="take the licence from a package manifest where a repository has no licence file"
    )
    max_file_bytes: int = Field(1_000_000, gt=0, description="largest file that is kept")
    max_line_length: int = Field(1000, gt=0, description="longest line that is kept, characters")
    long_lines: Literal["longest", "share"] = Field(
        "longest",
        description="what drops a file for lines above max_line_length: the longest, as LLaMA's; or their share",
    )
    max_long_line_share: float = Field(
        0.02,
        ge=0,
        le=1,
        description="greatest share of lines that are longer, where `long_lines` is `share`; the mean is of the others",
    )
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

    def refused_by_name(self, path: str) -> tuple[str, str] | None:
        """Rule and detail by which the path alone drops a file."""
        if self.drop_vendored and (folder := vendored_place(path)):
            return "vendored", folder
        if self.drop_generated and (name := generated_name(path)):
            return "generated", name
        if language_of_file(path) is None or (self.extensions and extension_of(path) not in self.extensions):
            return "extension", extension_of(path)
        return None

    def refused_unread(self, path: str, size: int, verdict: LicenseVerdict) -> Loss | None:
        """The row of a file that its licence, its path or its size drops; its key and URL are not filled in."""
        if not verdict.allowed and not verdict.is_per_file:
            return Loss("", "license", verdict.detail, text_bytes=size)
        if refused := self.refused_by_name(path):
            return Loss("", *refused, text_bytes=size)
        if size > self.max_file_bytes:
            return Loss("", "too_large", None, size, self.max_file_bytes, text_bytes=size)
        return None

    def judge_file(
        self,
        key: str,
        path: str,
        content: bytes | str,
        verdict: LicenseVerdict,
        url: str | None,
        facts: dict[str, Any],
    ) -> RawRecord:
        """The document or the ledger row of a file that `refused_unread` does not drop."""
        raw = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
        size = len(raw)

        def loss(
            rule: str, detail: str | None = None, value: float | None = None, threshold: float | None = None
        ) -> Loss:
            return Loss(key, rule, detail, value, threshold, url, size)

        decoded = decode_code(content) if isinstance(content, bytes) else checked(content)
        if decoded is None:
            return loss("binary")
        (text, encoding), bad = decoded
        own = judge(spdx_expression(text), self.licenses)
        if own.names and not own.allowed:
            return loss("license", own.detail)
        if not own.names and not verdict.allowed:
            return loss("license", verdict.detail)
        if self.drop_generated and (marker := generated_marker(text)):
            return loss("generated", marker)
        language, style = language_of_file(path) or ("", CommentStyle())
        body = text
        if self.remove_headers:
            body = remove_license_header(text, style, self.remove_leading_comments)
        if not body.strip():
            return loss("empty_text")
        if failed := self._failed_measure(body):
            return loss(failed[0], None, failed[1], failed[2])
        metadata = facts | {
            "path": path,
            "license": list(own.names or verdict.names),
            "language": told_by_content(language, body),
            "header_chars": len(text) - len(body),
            CONTENT_HASH_KEY: hashlib.blake2b(raw, digest_size=16).hexdigest(),
        }
        if encoding != "utf-8":
            metadata["encoding"] = encoding
        return RawDocument(key, body, url, metadata=metadata, changes=bad_bytes_change(bad, encoding))

    def _failed_measure(self, text: str) -> tuple[str, float, float] | None:
        """Rule, value and threshold of the first heuristic that drops the text."""
        found = measure_code(text, self.max_line_length)
        if self.long_lines == "share":
            if found.long_line_share > self.max_long_line_share:
                return "long_line_share", found.long_line_share, self.max_long_line_share
            found = replace(found, mean_line_length=found.mean_of_others)
        elif found.max_line_length > self.max_line_length:
            return "max_line_length", found.max_line_length, self.max_line_length
        if found.mean_line_length > self.max_mean_line_length:
            return "mean_line_length", found.mean_line_length, self.max_mean_line_length
        if found.alphanumeric_share < self.min_alphanumeric_share:
            return "alphanumeric_share", found.alphanumeric_share, self.min_alphanumeric_share
        if found.letters_per_token < self.min_letters_per_token:
            return "letters_per_token", found.letters_per_token, self.min_letters_per_token
        return None


def decode_code(data: bytes) -> tuple[Decoded, int] | None:
    """Text and encoding of a source file, and how many bytes of it are bad; None when it is binary."""
    read = decode_text(data)
    bad = bad_bytes(data, read)
    return None if is_binary(read, bad) else (read, bad)


def checked(text: str) -> tuple[Decoded, int] | None:
    """A text that was decoded before it came to us; None when it is binary."""
    return None if "\0" in text else (Decoded(text.removeprefix("\ufeff"), "utf-8"), 0)
