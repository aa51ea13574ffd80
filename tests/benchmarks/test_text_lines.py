"""The text of a page as WET has it, and a model fitted to a few pages of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.page_types import TypedPage
from benchmarks.text_lines import fit_text_model, text_page_of, wet_text
from stages.ingest.common_crawl.boilerplate.text_lines import main_lines
from stages.ingest.common_crawl.html import decode_page
from stages.ingest.common_crawl.http import decoded_body, parse_response
from stages.ingest.common_crawl.members import read_members
from stages.ingest.common_crawl.records import ArchiveRecord, read_records
from stages.ingest.raw import RawFile

SENTENCE = "The ferry to the northern islands leaves at dawn, and it takes the mail, two cars and cow {0}."


def typed(number: int) -> TypedPage:
    story = [SENTENCE.format(number + n) for n in range(6)]
    frame = "".join(f"<li>Section {n}</li>" for n in range(8))
    html = f"<title>T</title><ul>{frame}</ul>{''.join(f'<p>{line}</p>' for line in story)}<ul>{frame}</ul>"
    return TypedPage(f"https://site{number}.example/", html, "\n".join(story), "article", "develop", 0)


def test_wet_has_the_title_and_a_line_for_each_block_with_cells_beside_each_other() -> None:
    html = "<title>My \n page</title><ul><li>One<li><a href=/>two</a></ul><table><tr><td>a<td>b</table><p>c <b>d</b><br>e"
    assert wet_text(html) == "My page\nOne\ntwo\na b\nc d\ne"


def test_the_shape_of_lines_is_learned() -> None:
    model = fit_text_model([text_page_of(typed(number)) for number in range(6)])
    other = typed(99)
    assert main_lines(wet_text(other.html), model).text == other.gold


@pytest.mark.real
def test_the_lines_are_those_of_common_crawls_own_wet(shared_data: Path) -> None:
    """Of the one page of which there are both."""
    blocks = {}
    for name, kind in (("warc/{}.warc.gz", "response"), ("wet/{}.warc.wet.gz", "conversion")):
        path = shared_data / "common_crawl" / name.format("whirlwind-python__whirlwind")
        members = read_members(RawFile(str(path), path.name, path.stat().st_size))
        records = read_records(members, plain=False, max_record_bytes=1 << 25)
        (blocks[kind],) = [r.block for r in records if isinstance(r, ArchiveRecord) and r.kind == kind]
    response = parse_response(blocks["response"])
    assert response is not None
    ours = wet_text(decode_page(decoded_body(response, 1 << 25), response.charset).text).split("\n")
    theirs = blocks["conversion"].decode().rstrip("\n").split("\n")
    assert ours[0] == theirs[0]
    assert len(set(theirs) - set(ours)) <= 8
    assert len(set(ours) - set(theirs)) <= 8
