"""What a parser would hold is counted as the parser itself does: its own tree is the oracle."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from resiliparse.parse.html import HTMLTree

from stages.ingest.common_crawl.stage import CommonCrawlIngest
from stages.ingest.raw import Loss, RawFile
from stages.ingest.work import RULE
from stages.kernels.markup.html_work import HtmlWork, html_work

BOUNDS = HtmlWork(2_000, 20_000_000, 1_000_000, 1_000, 1 << 28, 20_000)
AROUND = 3
"""<html> and <body> around everything, and an element without content inside."""


def tree_size(html: str) -> tuple[int, int]:
    """Depth and number of the elements of resiliparse's tree."""
    depth = count = 0
    waiting = [(node, 1) for node in HTMLTree.parse(html).document.child_nodes]
    while waiting:
        node, level = waiting.pop()
        if node.type == 1:
            count, depth = count + 1, max(depth, level)
            waiting += [(child, level + 1) for child in node.child_nodes]
    return depth, count


@pytest.mark.parametrize(
    ("html", "depth"),
    [
        ("<p>a<p>b<p>c", 1),
        ("<ul><li>a<li>b<ul><li>c</ul><li>d</ul>", 4),
        ("<div><b><p>a</b>b</p>c</div>", 3),
        ("<table><td>a<td>b<tr><td>c</table>d", 4),
        ("<b><i>a</b>b</i>c", 2),
        ("<p><b><i>a<p>b<p>c", 3),
        ("<select><option>a<option>b<div><div></select><div>c", 2),
        ("<svg><path/><g/><g><path></g></svg><div/>a", 3),
        ("<script><div><div></script><p>a", 1),
        ("<a>a<a>b<a>c", 1),
        ("<dl><dt>a<dd>b<dt>c</dl>", 2),
        ("<!-- <div> --><p title='<div>'>a", 1),
        ("<div a=x/><div b='/'/>a", 2),
        ("<form><div></form><form></form></div>", 2),
    ],
)
def test_depth_is_that_of_the_parsers_open_elements(html: str, depth: int) -> None:
    assert html_work(html.encode(), BOUNDS).depth == depth


NAMES = (
    "a b i font div p span ul li dl dd table tr td caption form button svg g h1 ruby rt br img marquee section u"
).split()
TAGS = st.sampled_from(
    [f"<{name}{end}>" for name in NAMES for end in ("", " id=1", "/")]
    + [f"</{name}>" for name in NAMES] * 2
    + ["x"]
)


@settings(max_examples=200, deadline=None)
@given(tags=st.lists(TAGS, max_size=60), standard=st.booleans())
def test_no_soup_of_tags_makes_a_tree_much_larger_than_was_counted(tags: list[str], standard: bool) -> None:
    html = ("<!doctype html>" if standard else "") + "<body>" + "".join(tags)
    depth, count = tree_size(html)
    found = html_work(html.encode(), BOUNDS)
    assert depth <= 2 * found.depth + AROUND
    assert count <= 2 * found.elements + AROUND


def test_counting_ends_at_the_first_bound() -> None:
    found = html_work(b"<div>" * 5_000, BOUNDS)
    assert found.depth == BOUNDS.depth + 1
    assert found.elements == BOUNDS.depth + 1


def test_attributes_of_all_body_tags_are_of_one_element() -> None:
    assert html_work(b"<body a=1><p b=1 c=2><body d=1 e='<' f>", BOUNDS).attributes == 4


def test_no_real_page_comes_near_a_bound(shared_data: Path) -> None:
    for path in sorted((shared_data / "common_crawl").glob("**/*.warc.gz")):
        raw = RawFile(str(path), path.name, path.stat().st_size)
        records = list(CommonCrawlIngest(input=(str(path),)).read(raw))
        assert records
        assert not [record for record in records if isinstance(record, Loss) and record.rule == RULE]
