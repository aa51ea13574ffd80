"""Passwords and keys in addresses: refused where an address is used, hidden wherever text is shown."""

from __future__ import annotations

import pytest

from stages.core import storage
from stages.core.errors import UserError
from stages.core.secrets import without_secrets

HIDDEN = [
    ("s3://AKIA123:sEcReT/with+slash/x@bucket/run", "s3://***@bucket/run"),
    ("s3://AKIA123:sEc@ReT@bucket/run", "s3://***@bucket/run"),
    ("s3://AKIA123@bucket/run", "s3://***@bucket/run"),
    ("abfss://data:key@account.example/x", "abfss://***@account.example/x"),
    ("hdfs://user:pw@host:9000/x", "hdfs://***@host:9000/x"),
    ("https://ghp_token@github.com/a/b", "https://***@github.com/a/b"),
    ("http://user:p%40ss@mirror.example/x.gz", "http://***@mirror.example/x.gz"),
    (
        "s3://bucket/x?access_key=AKIA1&secret_key=abc/d&region=eu",
        "s3://bucket/x?access_key=***&secret_key=***&region=eu",
    ),
    (
        "https://b.example/x.gz?X-Amz-Algorithm=A&X-Amz-Credential=AKIA1&X-Amz-Signature=f00",
        "https://b.example/x.gz?X-Amz-Algorithm=A&X-Amz-Credential=***&X-Amz-Signature=***",
    ),
    ("https://acc.blob.example/x?sv=1&sig=abc%3D", "https://acc.blob.example/x?sv=1&sig=***"),
    ("https://h.example/x?api_key=abc#top", "https://h.example/x?api_key=***#top"),
]

PLAIN = [
    "s3://bucket/a@b/c",
    "hdfs://host:9000/data/a@b",
    "hdfs://ada@host:9000/data",
    "abfss://data@account.example/x",
    "http://localhost:8000/x@2x.png",
    "/data/user:pw@host/x",
    "https://h.example/x?page=2&keyboard=us&design=1",
    "ray://host:10001",
    "mail a@b.example, then see https://h.example/a:b",
]


@pytest.mark.parametrize(("uri", "shown"), HIDDEN)
def test_a_secret_is_hidden_and_its_address_refused(uri: str, shown: str) -> None:
    assert without_secrets(uri) == shown
    assert without_secrets(f"cannot read '{uri}' twice: {uri} .") == f"cannot read '{shown}' twice: {shown} ."
    for use in (storage.exists, storage.find_files, storage.make_folder, storage.size_bytes):
        with pytest.raises(UserError, match="give it in the environment") as error:
            use(uri)
        assert str(error.value).startswith(shown)


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_secret_stays(text: str) -> None:
    assert without_secrets(text) == text
