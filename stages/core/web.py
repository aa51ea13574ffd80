"""An http address in, what its server says of the file out; refusals, loops and answers without a length are one line."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from stages.core.errors import ReadFaultError, UserError
from stages.core.secrets import without_secrets

ATTEMPTS = 3
PAUSE_SECONDS = 1.0
GONE = (404, 410)
AGAIN = frozenset({408, 425, 429, *range(500, 600)} - {501, 505})
"""What another attempt may mend."""

RANGELESS_BYTES = 5 << 20
"""A file up to this size comes whole in the first answer, with ranges or without."""

MAX_LENGTH_DIGITS = 18
_RANGE_TOTAL = re.compile(r"bytes [0-9]+-[0-9]+/([0-9]{1,18})")
_FETCH_IT = "download it (`curl -LO`, or `altiplano fetch` for a site's dumps) and give the file"


class RefusedRedirectError(Exception):
    """A server sends us where nobody may be sent."""


def guard_redirects(fs: Any) -> None:
    """Let the session of an fsspec HTTP filesystem follow redirects to http(s) only, and from https to https only."""
    import aiohttp

    known = getattr(fs, "client_kwargs", None)
    if known is None or "trace_configs" in known:
        return
    config = aiohttp.TraceConfig()

    async def check(session: Any, context: Any, params: Any) -> None:
        target = urljoin(str(params.url), params.response.headers.get("Location", ""))
        schemes = urlsplit(str(params.url)).scheme, urlsplit(target).scheme
        if schemes[1] not in ("http", "https") or schemes == ("https", "http"):
            raise RefusedRedirectError(
                f"the server redirects from {schemes[0]} to {without_secrets(target)[:200]!r}; refused"
            )

    config.on_request_redirect.append(check)
    known["trace_configs"] = [config]


def file_size(fs: Any, url: str) -> int | None:
    """Size of the file at `url` in bytes, None where there is none.

    A UserError where the server refuses or cannot serve it to readers of ranges; a ReadFaultError where it failed
    several times and may do better later.
    """
    from fsspec.asyn import sync

    reason = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(PAUSE_SECONDS * attempt)
        try:
            status, headers = sync(fs.loop, _ask, fs, url)
        except Exception as error:  # noqa: BLE001 - `_failure` raises what is no failure of the net
            reason = _failure(url, error)
            continue
        if status in GONE:
            return None
        if status not in AGAIN:
            return _size(url, status, headers)
        reason = f"HTTP {status}"
    raise ReadFaultError(f"{without_secrets(url)}: {reason} ({ATTEMPTS} attempts); try again later")


def _failure(url: str, error: Exception) -> str:
    """Why a request failed; a UserError when it always will."""
    import aiohttp

    text = " ".join(str(error).split())[:200] or type(error).__name__
    if isinstance(error, RefusedRedirectError):
        raise UserError(f"{without_secrets(url)}: {text}") from error
    if isinstance(error, aiohttp.TooManyRedirects):
        raise UserError(
            f"{without_secrets(url)}: redirects without an end; give the address where the file lies"
        ) from error
    if isinstance(error, aiohttp.NonHttpUrlRedirectClientError | aiohttp.InvalidURL):
        raise UserError(
            f"{without_secrets(url)}: the server redirects to what is no web address; refused"
        ) from error
    if isinstance(error, aiohttp.ClientError | TimeoutError | asyncio.TimeoutError | OSError):
        return f"cannot be reached ({type(error).__name__})"
    raise UserError(f"{without_secrets(url)}: cannot be read ({type(error).__name__}: {text})") from error


async def _ask(fs: Any, url: str) -> tuple[int, dict[str, str]]:
    """Status and headers of HEAD, or of a GET of the first byte where HEAD does not tell all."""
    session = await fs.set_session()
    options = {name: value for name, value in fs.kwargs.items() if name != "headers"}
    common = {"Accept-Encoding": "identity", **fs.kwargs.get("headers", {})}
    address = fs.encode_url(url)
    async with session.head(address, allow_redirects=True, headers=common, **options) as answer:
        headers = dict(answer.headers)
        if answer.status == 200 and _length(headers) is not None and headers.get("Accept-Ranges") == "bytes":
            return answer.status, headers
    async with session.get(address, headers={**common, "Range": "bytes=0-0"}, **options) as answer:
        return answer.status, dict(answer.headers)


def _length(headers: Mapping[str, str]) -> int | None:
    value = headers.get("Content-Length", "")
    encoded = headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity")
    is_number = value.isascii() and value.isdigit() and len(value) <= MAX_LENGTH_DIGITS
    return int(value) if is_number and not encoded else None


def _size(url: str, status: int, headers: Mapping[str, str]) -> int:
    if (
        status == 416 and headers.get("Content-Range") == "bytes */0"
    ):  # of an empty file there is no first byte
        return 0
    if status not in (200, 206):
        hint = "; check the address, and your right to read it" if status in (401, 403, 407) else ""
        raise UserError(f"{without_secrets(url)}: HTTP {status}{hint}")
    total = _RANGE_TOTAL.fullmatch(headers.get("Content-Range", "")) if status == 206 else None
    if total is not None:
        return int(total[1])
    length = _length(headers) if status == 200 else None
    if length is None:
        raise UserError(f"{without_secrets(url)}: the server does not say how many bytes it has; {_FETCH_IT}")
    if length > RANGELESS_BYTES and headers.get("Accept-Ranges") != "bytes":
        raise UserError(
            f"{without_secrets(url)}: the server gives no ranges of its {length:,} bytes; {_FETCH_IT}"
        )
    return length
