"""Addresses in, HTTP responses out: urllib3 with our User-Agent, pace, redirects and retries (its `Retry` is the policy)."""

from __future__ import annotations

import contextlib
import importlib.metadata
import re
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.exceptions import (
    HTTPError,
    InvalidHeader,
    LocationValueError,
    MaxRetryError,
    SSLError,
)
from urllib3.util import Retry, Timeout

from stages.core.errors import UserError
from stages.fetch.pace import MAX_WAIT_SECONDS, Pacer
from stages.fetch.remote import FetchError, ListError

READ_BYTES = 1 << 20
MAX_LIST_BYTES = 256 << 20
MAX_REDIRECTS = 8
MAX_LENGTH_DIGITS = 18
MAX_CONNECTIONS = 32
PROGRESS_BYTES = 1 << 20
"""An attempt that brought this much starts the count of failed attempts anew: a long file may be cut many times."""

RETRY_STATUS = frozenset({408, 425, 429, *range(500, 600)} - {501, 505})
_CUT = re.compile(r"IncompleteRead\([0-9]+ bytes read, ([0-9]+) more expected\)")
_RATE_LIMIT = re.compile(r";\s*t=([0-9]{1,9})")
_CONTACT = re.compile(r"[\x20-\x7e]{3,200}")


class AttemptError(HTTPError):
    """An attempt failed in a way that another one may mend."""


class StatusError(AttemptError):
    """The server answered with a status that asks for another attempt, perhaps after a wait."""

    def __init__(self, response: urllib3.BaseHTTPResponse) -> None:
        super().__init__(f"HTTP {response.status} {response.reason or ''}".strip())
        self.response = response


@dataclass(frozen=True)
class ListPage:
    """A list as it came: its bytes, and the address of its next page where the server names one (Link: rel="next")."""

    data: bytes
    next_url: str | None = None


@dataclass
class Client:
    """Where all requests of a fetch go through."""

    pacer: Pacer = field(default_factory=Pacer)
    contact: str | None = None
    timeout_seconds: float = 60.0
    retries: int = 8
    backoff_seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.contact is not None and _CONTACT.fullmatch(self.contact) is None:
            raise UserError("--contact: give an e-mail address or the address of a page, in ASCII")
        timeout = Timeout(connect=self.timeout_seconds, read=self.timeout_seconds)
        self._direct = urllib3.PoolManager(timeout=timeout, maxsize=MAX_CONNECTIONS)
        self._proxied = {
            scheme: urllib3.ProxyManager(proxy, timeout=timeout, maxsize=MAX_CONNECTIONS)
            for scheme, proxy in urllib.request.getproxies().items()
            if scheme in ("http", "https") and proxy.startswith("http")
        }

    @property
    def user_agent(self) -> str:
        """Who asks: Wikimedia and others block a robot that does not say it."""
        try:
            version = importlib.metadata.version("altiplano")
        except importlib.metadata.PackageNotFoundError:
            version = "0"
        contact = f" ({self.contact})" if self.contact else ""
        return f"altiplano/{version}{contact} urllib3/{importlib.metadata.version('urllib3')}"

    @contextlib.contextmanager
    def get(
        self, url: str, headers: Mapping[str, str] | None = None, method: str = "GET"
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """One attempt: the response to a request, redirects followed, with status 200, 206 or 416.

        Raises an HTTPError where another attempt may help, a FetchError where it will not.
        """
        response = self._follow(method, url, {"Accept-Encoding": "identity", **(headers or {})})
        try:
            if response.status in RETRY_STATUS:
                raise StatusError(response)
            if response.status not in (200, 206, 416):
                raise FetchError(
                    f"{url}: HTTP {response.status} {response.reason or ''}".rstrip(), response.status
                )
            yield response
        finally:
            # What was not read to its end cannot be used for another request.
            response.close()

    def _follow(self, method: str, url: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        place = url
        for _ in range(MAX_REDIRECTS):
            self.pacer.wait_turn()
            self.pacer.check()
            response = self._request(method, place, headers)
            location = response.get_redirect_location()
            if not location:
                return response
            response.close()
            try:
                target = urljoin(place, location)
            except ValueError as error:
                raise FetchError(f"{url}: the server redirects to {location[:200]!r}, no address") from error
            if urlsplit(place).scheme == "https" and urlsplit(target).scheme != "https":
                raise FetchError(f"{url}: the server redirects from https to {target[:200]!r}; refused")
            if urlsplit(target).scheme not in ("http", "https"):
                raise FetchError(f"{url}: the server redirects to {target[:200]!r}; refused")
            place = target
        raise FetchError(f"{url}: more than {MAX_REDIRECTS} redirects")

    def _request(self, method: str, url: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        parts = urlsplit(url)
        pool: urllib3.PoolManager = self._proxied.get(parts.scheme, self._direct)
        if urllib.request.proxy_bypass(parts.netloc):
            pool = self._direct
        merged = {"User-Agent": self.user_agent, **headers}
        try:
            return pool.request(
                method, url, headers=merged, retries=False, redirect=False, preload_content=False
            )
        except (LocationValueError, SSLError, ValueError) as error:  # a header may be no number to Python
            raise FetchError(f"{url}: {' '.join(str(error).split())[:200]}") from error

    def attempts(self, url: str) -> Attempts:
        """A count of failed attempts on one address."""
        return Attempts(self, url)

    def get_page(self, url: str) -> ListPage:
        """A list, whole, with retries; a FetchError when it cannot be had."""
        attempts = self.attempts(url)
        while True:
            try:
                with self.get(url) as response:
                    if response.status != 200:
                        raise FetchError(f"{url}: HTTP {response.status} for the whole list", response.status)
                    return ListPage(self._whole(url, response), _next_url(response))
            except HTTPError as error:
                attempts.failed(error)

    def _whole(self, url: str, response: urllib3.BaseHTTPResponse) -> bytes:
        pieces = bytearray()
        for piece in self.pieces(response):
            pieces += piece
            if len(pieces) > MAX_LIST_BYTES:
                raise ListError(f"{url}: longer than {MAX_LIST_BYTES >> 20} MiB; no list of files is")
        check_ended(response, len(pieces))
        return bytes(pieces)

    def pieces(self, response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        """The raw bytes of a response as they come; ends early, without an error, where the connection does."""
        # read1 gives what there is: read would lose what came before a cut or a stall.
        while piece := response.read1(READ_BYTES, decode_content=False):
            self.pacer.check()
            yield piece

    def remote_size(self, url: str) -> int | None:
        """The size in bytes that the server says, if it does, and if it knows HEAD at all."""
        attempts = self.attempts(url)
        while True:
            try:
                with self.get(url, method="HEAD") as response:
                    return content_length(response)
            except HTTPError as error:
                attempts.failed(error)
            except FetchError as error:
                if error.status in (405, 501):
                    return None
                raise


class Attempts:
    """Counts the failed attempts on one address and waits after each; a FetchError once there were enough."""

    def __init__(self, client: Client, url: str) -> None:
        self._client, self._url = client, url
        self._fresh = Retry(
            total=client.retries,
            backoff_factor=client.backoff_seconds / 2,
            status_forcelist=RETRY_STATUS,
            backoff_max=MAX_WAIT_SECONDS / 4,
            retry_after_max=10**9,  # a wait that is too long ends the attempts, and is not cut short
        )
        self._retry = self._fresh

    def failed(self, error: HTTPError, progress_bytes: int = 0) -> None:
        """Wait as the server asks, else ever longer; raise when the attempts are used up."""
        if progress_bytes >= PROGRESS_BYTES:
            self._retry = self._fresh
        response = error.response if isinstance(error, StatusError) else None
        status = response.status if response is not None else None
        cause = None if response is not None else error
        try:
            self._retry = self._retry.increment("GET", self._url, response, cause)
        except MaxRetryError as exhausted:
            tries = self._client.retries + 1
            times = f"{tries} attempt{'s' if tries > 1 else ''}"
            raise FetchError(f"{self._url}: {brief(error)} ({times})", status) from exhausted
        asked = self._asked_wait(response)
        if asked > MAX_WAIT_SECONDS:
            raise FetchError(
                f"{self._url}: {brief(error)}; the server asks to wait {asked:,.0f} s: run again later",
                status,
            )
        if asked > 0:
            self._client.pacer.hold(asked)
        else:
            # urllib3 waits only from the second failure in a row on; a cut connection deserves a pause at once.
            self._client.pacer.sleep(self._retry.get_backoff_time() or self._client.backoff_seconds / 2)

    def _asked_wait(self, response: urllib3.BaseHTTPResponse | None) -> float:
        if response is None:
            return 0.0
        # The Hugging Face Hub tells the wait in a RateLimit header: "resolvers";r=0;t=55.
        if response.status == 429 and (limit := _RATE_LIMIT.search(response.headers.get("RateLimit", ""))):
            return float(limit[1])
        try:
            return self._retry.get_retry_after(response) or 0.0
        except InvalidHeader:
            return 0.0


def brief(error: Exception) -> str:
    """An error of urllib3 in a few words, without the repr of its connection."""
    text = str(error)
    if cut := _CUT.search(text):
        return f"the connection ended {int(cut[1]):,} bytes early"
    text = re.sub(r"^(?:HTTPS?Connection(?:Pool)?\([^)]*\)|<[^>]*>): ", "", text)
    return " ".join(text.split()) or type(error).__name__


def content_length(response: urllib3.BaseHTTPResponse) -> int | None:
    """The length in bytes that the response's header says, if it does."""
    value = response.headers.get("Content-Length", "")
    if len(value) > MAX_LENGTH_DIGITS:
        raise AttemptError(f"the server says a length of {len(value):,} digits")
    return int(value) if value.isascii() and value.isdigit() else None


def check_ended(response: urllib3.BaseHTTPResponse, num_bytes: int) -> None:
    """Raise an AttemptError unless all bytes came that the header promised."""
    promised = content_length(response)
    if promised is not None and num_bytes != promised:
        raise AttemptError(f"the connection ended after {num_bytes:,} of {promised:,} bytes")


def _next_url(response: urllib3.BaseHTTPResponse) -> str | None:
    for match in re.finditer(r"<([^>]*)>\s*;\s*rel=\"?next\b", response.headers.get("Link", "")):
        return match[1]
    return None
