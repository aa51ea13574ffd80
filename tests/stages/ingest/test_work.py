"""A record that is too much work is a row of its own, whoever found out."""

import pytest

from stages.ingest.raw import Loss, RawDocument, RawFile
from stages.ingest.work import TooMuchWorkError, bounded

RAW = RawFile("x", "x", 5)


def test_a_record_within_its_bounds_is_what_its_reader_made() -> None:
    document = RawDocument("1", "text")
    assert bounded(RAW, lambda: document, "1") is document


def test_what_was_counted_its_bound_and_what_it_was_are_in_the_row() -> None:
    def read() -> RawDocument:
        raise TooMuchWorkError("elements", 11, 10)

    assert bounded(RAW, read, "1", "http://x", 5) == Loss(
        "1", "too_much_work", "elements", 11, 10, "http://x", 5
    )


def test_nesting_that_pythons_parsers_refuse_is_a_row() -> None:
    def read() -> RawDocument:
        return read()

    row = Loss("1", "too_much_work", "nesting that Python's parser refuses", text_bytes=5)
    assert bounded(RAW, read, "1", text_bytes=5) == row


@pytest.mark.parametrize("error", [MemoryError, OSError, ValueError])
def test_other_errors_go_on(error: type[Exception]) -> None:
    def read() -> RawDocument:
        raise error

    with pytest.raises(error):
        bounded(RAW, read, "1")
