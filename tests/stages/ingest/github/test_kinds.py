"""What a raw file of code is, by its first bytes and then by its name."""

from __future__ import annotations

import gzip

import pytest

from stages.ingest.archives import BytesFile
from stages.ingest.github.kinds import raw_kind


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.parquet", b"PAR1....", "parquet"),
        ("a.bin", b"PK\x03\x04....", "archive"),
        ("a.gz", gzip.compress(b'{"path": "a"}\n'), "json"),
        ("a.json", b"", "json"),
        ("a.tar.gz", b"\x1f\x8b damaged", "archive"),
        ("a.bin", b"anything", "unknown"),
    ],
)
def test_kinds_of_raw_files(name: str, data: bytes, kind: str) -> None:
    assert raw_kind(BytesFile("", name, len(data), data)) == kind
