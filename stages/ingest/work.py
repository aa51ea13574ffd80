"""What making a document of one raw record counted as work in, the record or its ledger row `too_much_work` out.

Every bound counts something of the input (bytes, depth, attributes, expansion steps), never time or memory, so that
the same record gives the same row on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from stages.ingest.raw import Loss

Made = TypeVar("Made")
RULE = "too_much_work"


class TooMuchWorkError(Exception):
    """A record would take more work than its bound; `count` is what was counted when it was met, of `of_what`."""

    def __init__(self, of_what: str, count: int, limit: int) -> None:
        super().__init__(f"{count} {of_what}, at most {limit}")
        self.of_what, self.count, self.limit = of_what, count, limit


def bounded(read: Callable[[], Made], key: str, url: str | None = None, text_bytes: int = 0) -> Made | Loss:
    """What `read` makes of one raw record, or its row when that is too much work."""
    try:
        return read()
    except TooMuchWorkError as error:
        return Loss(key, RULE, error.of_what, error.count, error.limit, url, text_bytes)
    except RecursionError:  # a parser of Python's own; every depth that we know of is bounded before
        return Loss(key, RULE, "nesting that Python's parser refuses", url=url, text_bytes=text_bytes)
