"""The addresses of our reference pages in, the ways in which Wikipedia's articles write them out."""

from __future__ import annotations

from collections.abc import Sequence

MARK = "%%CITE%%"


class Citations:
    """Fills citation marks round-robin, so that every page is cited, each round in other spellings."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = urls
        self._count = 0

    def fill(self, wikitext: str) -> str:
        """`wikitext` with an address for every mark."""
        first, *rest = wikitext.split(MARK)
        return first + "".join(self._next() + part for part in rest)

    def require_all(self) -> None:
        """An error when a page is cited nowhere."""
        if self._count < len(self._urls):
            raise ValueError(f"{len(self._urls)} reference pages and only {self._count} citations")

    def _next(self) -> str:
        round_number, place = divmod(self._count, len(self._urls))
        self._count += 1
        return spelled(self._urls[place], place + round_number)


def spelled(url: str, way: int) -> str:
    """One of five spellings of an address that all name the same page."""
    plain = url.removeprefix("https://").removeprefix("www.")
    return (
        url,
        f"http://www.{plain}",
        f"https://web.archive.org/web/20190412083015/{url}",
        f"https://{plain}/",
        f"http://web.archive.org/web/20190630/http://{plain}",
    )[way % 5]
