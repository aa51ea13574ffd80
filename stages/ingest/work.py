"""What making a document of one raw record counted as work in, the record or its ledger row `too_much_work` out.

Every bound counts something of the input (bytes, depth, attributes, expansion steps), never time or memory, so that
the same record gives the same row on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from stages.ingest.raw import Loss, RawFile
from stages.ingest.watch import POISON

Made = TypeVar("Made")
RULE = "too_much_work"


class TooMuchWorkError(Exception):
    """A record would take more work than its bound; `count` is what was counted when it was met, of `of_what`."""

    def __init__(self, of_what: str, count: int, limit: int) -> None:
        super().__init__(f"{count} {of_what}, at most {limit}")
        self.of_what, self.count, self.limit = of_what, count, limit


def bounded(
    raw: RawFile, read: Callable[[], Made], key: str, url: str | None = None, text_bytes: int = 0
) -> Made | Loss:
    """What `read` makes of one raw record of a file, or its row when that is too much work, or was given up."""
    if raw.watch.is_poisoned(raw.name, key):
        return Loss(key, POISON, "given up after several attempts", url=url, text_bytes=text_bytes)
    raw.watch.begin(raw.name, key)
    try:
        made = read()
    except TooMuchWorkError as error:
        raw.watch.end()
        return Loss(key, RULE, error.of_what, error.count, error.limit, url, text_bytes)
    except RecursionError:  # a parser of Python's own; every depth that we know of is bounded before
        raw.watch.end()
        return Loss(key, RULE, "nesting that Python's parser refuses", url=url, text_bytes=text_bytes)
    raw.watch.end()  # not after an error that goes on: whoever tells of it asks which record it was
    return made
