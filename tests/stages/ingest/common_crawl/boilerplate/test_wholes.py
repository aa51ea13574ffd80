"""Which lines of a page are judged as one."""

from __future__ import annotations

import numpy as np
import pytest
from resiliparse.parse.html import HTMLTree

from stages.ingest.common_crawl.boilerplate.extract import judged_page
from stages.ingest.common_crawl.boilerplate.model import fitted_model
from stages.ingest.common_crawl.boilerplate.wholes import judge_whole


def judged(body: str, likely: list[float]) -> list[float]:
    page = judged_page(HTMLTree.parse(f"<html><body>{body}</body></html>"), None, fitted_model())
    found = np.array(likely)
    judge_whole(page.page, page.features, found)
    return found.tolist()  # type: ignore[no-any-return]


def test_lines_of_two_codes_are_judged_apart() -> None:
    found = judged("<pre>a\n\nb</pre><pre><i>c</i></pre>d<pre>e</pre>", [0.2, 0.4, 0.5, 0.6, 0.7])
    assert found == pytest.approx([0.3, 0.3, 0.5, 0.6, 0.7])


@pytest.mark.parametrize(
    ("body", "likely", "expected"),
    [
        (
            "<table><tr><td>a<td>b<tr><td>c<td>d<tr><td>e<td>fgh</table>",
            [0.4, 0.4, 0.7],
            [0.53, 0.53, 0.53],
        ),
        ("<ul><li>a<li>b<li>c</ul>", [0.3, 0.6, 0.9], [0.6, 0.6, 0.6]),
        ("<ul><li>a<li>b</ul>", [0.3, 0.6], [0.3, 0.6]),
        (
            "<ul><li>a<li>b<li>c</ul><ul><li>d<li>e<li>f</ul>",
            [0.3, 0.6, 0.9, 0.1, 0.1, 0.1],
            [0.6] * 3 + [0.1] * 3,
        ),
        ("<ul><li>a<li>b<li>c<p>d</p></ul>", [0.3, 0.7, 0.9, 0.1], [0.5, 0.5, 0.9, 0.1]),
        ("<p>a<p>b<p>c", [0.3, 0.6, 0.9], [0.3, 0.6, 0.9]),
    ],
    ids=["rows", "items", "two-items", "two-lists", "an-item-of-two-lines", "paragraphs"],
)
def test_rows_and_items_of_a_line_each(body: str, likely: list[float], expected: list[float]) -> None:
    assert judged(body, likely) == pytest.approx(expected, abs=0.01)
