"""Requests of a browser of this machine in, pages of a run out; whoever does not know the token gets nothing.

It listens on 127.0.0.1 alone. The token is the first part of every path, so no cookie is set that other pages could send
along; `Host` must be this machine's name for itself, so that no name that is turned to 127.0.0.1 reaches it (DNS rebinding).
"""

from __future__ import annotations

import re
import secrets
import sys
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import urlencode

import orjson

from pipeline.explore.asked import asked_of, parsed_query
from pipeline.explore.browse import find_page
from pipeline.explore.marks import BAD, GOOD, Marks
from pipeline.explore.pages import fault_page, list_page, story_page
from pipeline.explore.run_view import RunView
from stages.core.errors import UserError

HOST = "127.0.0.1"
_OWN_NAME = re.compile(r"(?:127\.0\.0\.1|localhost)(?::[0-9]{1,5})?")
"""What a browser may call this machine; the port may be another one, as through an SSH tunnel."""

MAX_BODY_BYTES = 64 << 10
SECONDS_OF_A_CONNECTION = 60.0
TOKEN_BYTES = 32

HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_HTML, _JSON, _TEXT = "text/html; charset=utf-8", "application/json", "text/plain; charset=utf-8"


def policy(nonce: str) -> str:
    """The content security policy of a page: our own style and script, and nothing else, whatever a document says."""
    return (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; img-src data:; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


class ExploreServer(ThreadingHTTPServer):
    """The server of one run; `address` is where its pages are, token and all. Port 0 is any that is free."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, view: RunView, marks: Marks, port: int = 0) -> None:
        self.view, self.marks = view, marks
        self.token = secrets.token_urlsafe(TOKEN_BYTES)
        super().__init__((HOST, port), _Handler)

    @property
    def address(self) -> str:
        """The URL of the first page."""
        return f"http://{HOST}:{self.server_address[1]}/{self.token}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away is no fault; anything else is, and its traceback is shown."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _RefusedError(Exception):
    """A request that gets no page."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


def _back(given: Mapping[str, str]) -> str:
    """The query of the page that a reader came from, as we would write it."""
    return asked_of(parsed_query(given.get("back", ""))).query()


class _Handler(BaseHTTPRequestHandler):
    server: ExploreServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "altiplano", ""
    timeout: ClassVar[float] = SECONDS_OF_A_CONNECTION

    def do_GET(self) -> None:
        """A page."""
        self._answer()

    def do_POST(self) -> None:
        """A mark."""
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the terminal shows where the pages are, and lines of a log would hold the token."""

    def _answer(self) -> None:
        nonce = secrets.token_urlsafe(16)
        try:
            path, query = self._checked()
            if self.command == "POST":
                self._mark(path, query)
            else:
                self._send(HTTPStatus.OK, self._page(path, query, nonce), _HTML, nonce)
        except _RefusedError as error:
            self.close_connection = True  # a body that nobody read may follow
            self._send(error.status, str(error), _TEXT, nonce)
        except UserError as error:
            self._fail(HTTPStatus.BAD_REQUEST, error, nonce)
        except (ConnectionError, TimeoutError):  # the browser went away
            raise
        except OSError as error:  # a disk that is full or gone, a store that does not answer
            self._fail(HTTPStatus.INTERNAL_SERVER_ERROR, error, nonce)

    def _fail(self, status: HTTPStatus, error: Exception, nonce: str) -> None:
        self.close_connection = True
        self._send(status, fault_page(str(error), nonce), _HTML, nonce)

    def _checked(self) -> tuple[str, str]:
        """The path below the token, and the query, of a request that may be answered."""
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or _OWN_NAME.fullmatch(hosts[0]) is None:
            raise _RefusedError(HTTPStatus.MISDIRECTED_REQUEST, "this is the page of 127.0.0.1 alone\n")
        origin = self.headers.get("Origin")
        if origin is not None and origin != f"http://{hosts[0]}":
            raise _RefusedError(HTTPStatus.FORBIDDEN, "asked for by another page\n")
        target, _, query = self.path.partition("?")
        token, _, path = target.removeprefix("/").partition("/")
        if not secrets.compare_digest(token.encode(), self.server.token.encode()):
            raise _RefusedError(
                HTTPStatus.FORBIDDEN, "the address lacks its token; `altiplano explore` printed it\n"
            )
        return path, query

    def _page(self, path: str, query: str, nonce: str) -> str:
        given = parsed_query(query)
        view, marks = self.server.view, self.server.marks
        if path == "":
            asked = asked_of(given)
            places, choices = view.now()
            return list_page(view.run, asked, choices, find_page(places, asked), marks, nonce)
        if path == "document" and "id" in given:
            full = given.get("full") == "1"
            story = view.story(given["id"], given.get("node", ""), full)
            return story_page(view.run, story, _back(given), full, marks, nonce)
        raise _RefusedError(HTTPStatus.NOT_FOUND, "no such page\n")

    def _mark(self, path: str, query: str) -> None:
        given = parsed_query(query) | parsed_query(self._body())
        name, label = given.get("id", ""), given.get("label", "")
        if path != "mark" or not name or label not in (GOOD, BAD, ""):
            raise _RefusedError(HTTPStatus.NOT_FOUND, "a mark is good, bad or none, of a document\n")
        marks = self.server.marks
        if label:
            row = self.server.view.row_to_mark(name, given.get("node", ""))
            if row is None:
                raise UserError(f"{name}: there is no text of it in this run, so nothing to mark")
            marks.put(row | {"label": label})
        else:
            marks.take(name)
        if "application/json" in self.headers.get("Accept", ""):
            self._send(HTTPStatus.OK, orjson.dumps({"id": name, "label": label}).decode(), _JSON, "")
            return
        there = urlencode({"id": name, "node": given.get("node", ""), "back": _back(given)})
        self.send_response(HTTPStatus.SEE_OTHER)
        self.send_header("Location", f"document?{there}" if given.get("page") else f"./?{_back(given)}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _body(self) -> str:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal()) or int(length) > MAX_BODY_BYTES:
            raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "a mark is a short form\n")
        return self.rfile.read(int(length)).decode("utf-8", "replace")

    def _send(self, status: HTTPStatus, text: str, kind: str, nonce: str) -> None:
        data = text.encode("utf-8", "replace")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Security-Policy", policy(nonce))
        for name, value in HEADERS.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)
