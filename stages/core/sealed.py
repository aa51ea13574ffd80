"""JSON values in, their bytes with a checksum of their own out, and back: a byte that changed since is noticed.

Run records, manifests and reports are the smallest files of a run, and all else is judged by them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from stages.core.errors import UserError

SEAL = "sha256"
"""The key of the checksum, beside the content's own keys: hex SHA-256 of the content's bytes without it."""

_OPTIONS = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS


def content_sha256(content: Mapping[str, Any]) -> str:
    """Hex SHA-256 of JSON values, whatever the order of their keys."""
    return hashlib.sha256(orjson.dumps(content, option=_OPTIONS)).hexdigest()


def sealed(content: Mapping[str, Any]) -> bytes:
    """The content as JSON with its checksum."""
    return orjson.dumps({**content, SEAL: content_sha256(content)}, option=_OPTIONS) + b"\n"


def unsealed(data: bytes, uri: str) -> dict[str, Any]:
    """The content of what `sealed` wrote; a UserError that says what to delete when it is not that any more."""
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise damaged(uri, f"no JSON: {error}") from error
    if not isinstance(found, dict) or SEAL not in found:
        raise damaged(uri, "it has no checksum")
    content = {key: value for key, value in found.items() if key != SEAL}
    if found[SEAL] != content_sha256(content) or data != sealed(content):
        raise damaged(uri, "it does not have its checksum")
    return content


def damaged(uri: str, reason: str) -> UserError:
    """The mistake of a file of a run that is not as it was written: what is wrong with it, and what to do."""
    return UserError(
        f"{uri}: damaged ({reason}); delete this file and run the run's command again, which makes it anew"
    )
