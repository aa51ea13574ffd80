"""What a page says a second time, and what says the same anew."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from resiliparse.parse.html import HTMLTree

from stages.ingest.common_crawl.boilerplate.copies import MIN_COPY_BYTES, copied_lines
from stages.kernels.page.columns import START, STOP, Page
from stages.kernels.page.read import read_page

FERRY = "The ferry to the northern islands leaves at dawn, and it takes the mail and a cow."
CLIFFS = "The cliffs of the last island are white with birds, and nobody has climbed them yet."
SLIDE = f"<div><p>{FERRY}</p><p>{CLIFFS}</p></div>"
FACTS = "<div><p>Light: bright</p><p>Soil: rich, well-draining</p></div>"


def page_of_body(body: str) -> Page:
    return read_page(HTMLTree.parse(f"<body>{body}</body>").document.html)


def copies(body: str, cut: tuple[int, ...] = ()) -> list[int]:
    """The lines of a page that are copies when all but those of `cut` are kept."""
    page = page_of_body(body)
    keep = np.ones(len(page.lines), np.bool_)
    keep[list(cut)] = False
    return np.flatnonzero(copied_lines(page, keep)).tolist()


def test_a_stretch_that_stood_before_is_a_copy() -> None:
    assert copies(f"{SLIDE}<p>and</p>{SLIDE}") == [3, 4]


def test_of_a_stretch_of_which_one_line_was_cut_the_other_is_a_copy() -> None:
    assert copies(f"{SLIDE}{SLIDE}", cut=(1,)) == [2]


def test_all_copies_of_a_stretch_go_but_the_first() -> None:
    assert copies(SLIDE * 3) == [2, 3, 4, 5]


def test_the_controls_that_each_card_of_a_list_repeats_are_copies() -> None:
    controls = "<i>Rate this book</i>".join(["<div>", "</div>"]) + f"<div>{FERRY}</div><div>{CLIFFS}</div>"
    assert copies(f"<div>one{controls}</div><div>two{controls}</div>") == [5, 6, 7]


@pytest.mark.parametrize(
    "body",
    [
        f"<div><p>Fern</p>{FACTS}</div><div><p>Palm</p>{FACTS}</div>",
        f"<div><p>{FERRY}</p><p>one</p></div><div><p>{FERRY}</p><p>two</p></div>",
        f"<p>{FERRY}</p><p>{CLIFFS}</p><p>two</p><p>{FERRY}</p><p>{CLIFFS}</p>",
        f"<p>one<br>{FERRY}<br>{CLIFFS}</p><div><p>two<br>{FERRY}<br>{CLIFFS}</p></div>",
        f"<div><pre>{FERRY}\n{CLIFFS}</pre></div><section><pre>{FERRY}\n{CLIFFS}</pre></section>",
        f"<div><p>{FERRY}</p></div>" * 4,
        "",
        "<p>one</p>",
    ],
    ids=["facts", "one line", "one parent", "verses", "code", "one line again and again", "empty", "alone"],
)
def test_what_says_the_same_anew_is_none(body: str) -> None:
    assert copies(body) == []


def test_a_hidden_line_is_a_copy_of_a_visible_one_before_or_after_it() -> None:
    assert copies("<p hidden>one</p><p>one</p><p hidden>one</p><p hidden>two</p><p hidden>two</p>") == [0, 2]
    assert copies("<p hidden>one</p><p>one</p>", cut=(1,)) == []


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.sampled_from([SLIDE, FACTS, f"<p>{FERRY}</p>", "<p hidden>one</p>", "<p>one</p>"]), max_size=8
    )
)
def test_the_text_of_each_copy_stays_once_and_short_pages_have_none(parts: list[str]) -> None:
    page = page_of_body("".join(parts))
    keep = np.ones(len(page.lines), np.bool_)
    copied = copied_lines(page, keep)
    data = page.text.tobytes()
    texts = [data[start:stop] for start, stop in page.lines[:, (START, STOP)].tolist()]
    left = {text for text, copy in zip(texts, copied, strict=True) if not copy}
    assert left == set(texts)
    if len(page.text) < 2 * MIN_COPY_BYTES and "<p hidden>one</p>" not in parts:
        assert not copied.any()
