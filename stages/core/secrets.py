"""Text that holds addresses in, the same without passwords and keys out; credentials come from the environment."""

from __future__ import annotations

import re

from stages.core.errors import UserError

HIDDEN = "***"

_USER = re.compile(
    r"(?<=://)[^\s/@:'\"]*:(?![0-9]+/)[^\s'\"]*@"
    r"|(?:(?<=http://)|(?<=https://)|(?<=s3://)|(?<=gs://)|(?<=hf://))[^\s/@'\"]+@"
)
"""`user:password@`, whose password may hold a slash or an at sign, but not the port of `host:9000/a@b`; and `token@` where a
token may stand, but not the user of `hdfs://ada@host` and the container of `abfs://data@account`."""

_VALUE = re.compile(
    r"([?&](?:[^=&#\s'\"]*(?:secret|secret_?key|token|passwo?r?d|pwd|signature|credential|access_?key(?:_?id)?|api_?key)"
    r"|(?:[^=&#\s'\"]*[-_.])?(?:auth|authorization|sig|key))=)[^&#\s'\"]+",
    re.IGNORECASE,
)
"""A query's value whose name says that it is one: `?secret_key=...`, `&X-Amz-Signature=...`."""


def without_secrets(text: str) -> str:
    """The text with `***` in place of every password and key of an address in it."""
    return _VALUE.sub(rf"\1{HIDDEN}", _USER.sub(f"{HIDDEN}@", text))


def check_no_secret(uri: str) -> None:
    """A UserError when an address holds a password or key: it would land in logs, in ids and in a run's record."""
    shown = without_secrets(uri)
    if shown != uri:
        raise UserError(
            f"{shown}: an address with a password or key in it; leave it out and give it in the environment,"
            " as docs/operations.md says"
        )
