"""Our news and foreign pages in, C4's JSON lines in gzip out, with copies, damage and lines that are no document."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass

from builder.dumps import Dumps, Page, Prose, gzip_member, with_words_changed

FILES = ("c4/c4-train.00000-of-00002.json.gz", "c4/c4-train.00001-of-00002.json.gz")
ADDED_SENTENCE = "This article was corrected on Thursday to make clear that the figures were provisional."


@dataclass(frozen=True)
class Line:
    """A line of a raw file; `name` is what the plan calls it, `fault` and `rule` are empty for a good one."""

    name: str
    data: bytes
    fault: str = ""
    rule: str = ""


def build(prose: Prose, dumps: Dumps) -> None:
    """Add two raw files: the first whole, the second cut inside its last line."""
    pages = prose.pages("c4")
    foreign = prose.pages("c4_foreign")
    lines = [Line(page.name, _line(page, number)) for number, page in enumerate(pages)]
    lines += [
        Line(page.name, _line(page, 50 + i), "wrong_language", "language") for i, page in enumerate(foreign)
    ]
    lines += _copies(pages) + _no_documents(pages)
    random.Random(4).shuffle(lines)
    half = len(lines) // 2
    places: dict[str, tuple[str, int]] = {}
    for path, part in zip(FILES, (lines[:half], lines[half:]), strict=True):
        data = b"".join(line.data for line in part)
        places.update({line.name: (path, number) for number, line in enumerate(part)})
        if path == FILES[1]:
            cut = gzip_member(data + _line(_mirror(pages[0], "lost"), 90))[:-600]
            dumps.add(path, cut)
            dumps.fault(path, f"@{len(cut)}", "truncated_gzip", "damaged")
        else:
            dumps.add(path, gzip_member(data))
        for number, line in enumerate(part):
            if line.fault:
                stage = "filter" if line.rule == "language" else ""
                dumps.fault(path, str(number), line.fault, line.rule, stage=stage)
    _duplicates(pages, places, dumps)


def _line(page: Page, number: int) -> bytes:
    record = {
        "text": "\n".join(page.paragraphs),
        "timestamp": f"2019-04-{number % 28 + 1:02d}T{number % 24:02d}:{number * 7 % 60:02d}:00Z",
        "url": page.url,
    }
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _mirror(page: Page, kind: str, paragraphs: tuple[str, ...] | None = None) -> Page:
    url = page.url.replace("https://", f"http://{kind}.")
    return Page(f"{page.name} {kind}", url, page.title, paragraphs or page.paragraphs)


def _copies(pages: list[Page]) -> list[Line]:
    """Exact copies of pages 2 and 9; page 5 with words changed; page 14 with a sentence added."""
    changed = with_words_changed("\n".join(pages[5].paragraphs)).split("\n")
    copies = [
        _mirror(pages[2], "mirror"),
        _mirror(pages[9], "mirror"),
        _mirror(pages[5], "changed", tuple(changed)),
        _mirror(pages[14], "longer", (*pages[14].paragraphs, ADDED_SENTENCE)),
    ]
    return [Line(page.name, _line(page, 60 + number)) for number, page in enumerate(copies)]


def _no_documents(pages: list[Page]) -> list[Line]:
    cut = _line(_mirror(pages[20], "cut"), 71)
    empty = {"text": "", "timestamp": "2019-04-02T00:00:00Z", "url": "https://empty.example/"}
    textless = {"timestamp": "2019-04-03T00:00:00Z", "url": "https://textless.example/page"}
    null = {"text": None, "timestamp": "2019-04-04T00:00:00Z", "url": "https://null.example/page"}
    return [
        Line("cut", cut[: len(cut) // 2] + b"\n", "half_a_line", "bad_json"),
        Line("list", b'["not", "an object"]\n', "not_an_object", "bad_json"),
        Line("empty", json.dumps(empty).encode() + b"\n", "empty_text", "empty_text"),
        Line("textless", json.dumps(textless).encode() + b"\n", "no_text", "missing_text"),
        Line("null", json.dumps(null).encode() + b"\n", "null_text", "missing_text"),
    ]


def _duplicates(pages: list[Page], places: dict[str, tuple[str, int]], dumps: Dumps) -> None:
    """Of equal texts the smallest id is kept, of similar ones the longest."""

    def identifier(name: str) -> str:
        path, number = places[name]
        return f"{path}/{number}"

    for number in (2, 9):
        kept, copy = sorted((pages[number].name, f"{pages[number].name} mirror"), key=identifier)
        path, line = places[copy]
        dumps.fault(
            path, str(line), "exact_copy", "exact_duplicate", stage="remove", partner=identifier(kept)
        )
    for kept, copy, fault in (
        (pages[5].name, f"{pages[5].name} changed", "words_changed"),
        (f"{pages[14].name} longer", pages[14].name, "sentence_added"),
    ):
        path, line = places[copy]
        dumps.fault(path, str(line), fault, "near_duplicate", stage="remove", partner=identifier(kept))
