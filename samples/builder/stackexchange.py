"""Our questions and answers in, StackExchange's Posts.xml out, in both tag styles, with rows that no thread has."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any

from builder.dumps import Dumps, Prose

BOM = b"\xef\xbb\xbf"
QUESTION, ANSWER, TAG_WIKI = 1, 2, 5
TINY_QUESTION = {
    "title": "Can a kite be flown from a moving rowing boat?",
    "tags": ["rowing", "kites"],
    "score": 4,
    "body": "<p>We cross the same bay every Sunday and my daughter would like to fly her kite from the stern. "
    "There is seldom any wind, but the boat makes three knots. Is that enough for a small delta?</p>",
    "answers": [
        {
            "score": 6,
            "body": "<p>Three knots lifts a light delta, but only while you row into what wind there is. "
            "Keep the line short, and let somebody other than the rower hold it.</p>",
        }
    ],
}


@dataclass(frozen=True)
class Style:
    """How a site's dump is written."""

    line_end: str
    bom: bool
    tags: str


def build(prose: Prose, dumps: Dumps) -> None:
    """Add two sites from our prose and a tiny one that breaks off."""
    gardening: list[dict[str, Any]] = json.loads(prose.text("stackexchange/gardening.example.json"))
    printing: list[dict[str, Any]] = json.loads(prose.text("stackexchange/printing.example.json"))
    _site("gardening.example", gardening, Style("\r\n", True, "<{}>"), dumps)
    _site("printing.example", printing, Style("\n", False, "|{}|"), dumps)
    _truncated_site(dumps)


def _site(site: str, threads: list[dict[str, Any]], style: Style, dumps: Dumps) -> None:
    path = f"stackexchange/{site}/Posts.xml"
    rows = _thread_rows(threads, style, random.Random(site))
    wiki = {"Id": 9001, "PostTypeId": TAG_WIKI, "Score": 0, "Body": "<p>What this tag is for.</p>"}
    orphan = {
        "Id": 9002,
        "PostTypeId": ANSWER,
        "ParentId": 8999,
        "Score": 3,
        "Body": "<p>The question of this answer was deleted, and the answer stayed behind.</p>",
    }
    rows.insert(len(rows) // 3, _row(wiki))
    rows.insert(len(rows) // 2, _row(orphan))
    bad = '  <row Id="9003" PostTypeId="1" Score="2" Title="A row with a quotation mark too few Body="&lt;p&gt;" />'
    rows.insert(2 * len(rows) // 3, bad)
    opening = f'<?xml version="1.0" encoding="utf-8"?>{style.line_end}<posts>{style.line_end}'
    before = sum(len((row + style.line_end).encode()) for row in rows[: rows.index(bad)])
    offset = len(BOM) * style.bom + len(opening) + before + bad.index("<row")
    text = opening + "".join(row + style.line_end for row in rows) + "</posts>"
    dumps.add(path, BOM * style.bom + text.encode())
    dumps.fault(path, "9001", "tag_wiki", "post_type")
    dumps.fault(path, "9002", "orphan_answer", "orphan_answer", stage="stackexchange_threads")
    dumps.fault(path, f"@{offset}", "broken_row", "bad_row")


def _thread_rows(threads: list[dict[str, Any]], style: Style, chance: random.Random) -> list[str]:
    """All posts in a random order with ids to match, so that answers stand before and far from their questions."""
    posts = [(number, None) for number in range(len(threads))]
    answers = [(number, i) for number, thread in enumerate(threads) for i in range(len(thread["answers"]))]
    order: list[tuple[int, int | None]] = [*posts, *answers]
    chance.shuffle(order)
    ids = {post: 10 + 3 * place for place, post in enumerate(order)}
    rows = []
    for post in order:
        number, answer = post
        thread = threads[number]
        fields = _question(thread, style) if answer is None else dict(thread["answers"][answer])
        row: dict[str, Any] = {"Id": ids[post], "PostTypeId": QUESTION if answer is None else ANSWER}
        if answer is not None:
            row["ParentId"] = ids[number, None]
            fields = {"Score": fields["score"], "Body": fields["body"]}
        rows.append(_row(row | fields))
    chance.shuffle(rows)
    return rows


def _question(thread: dict[str, Any], style: Style) -> dict[str, Any]:
    tags = "".join(style.tags.format(tag) for tag in thread["tags"])
    if style.tags == "|{}|":
        tags = f"|{'|'.join(thread['tags'])}|"
    count = len(thread["answers"])
    return {
        "Score": thread["score"],
        "Body": thread["body"],
        "Title": thread["title"],
        "Tags": tags,
        "AnswerCount": count,
    }


def _row(fields: dict[str, Any]) -> str:
    post_id = fields["Id"]
    given = {
        "Id": post_id,
        "PostTypeId": fields["PostTypeId"],
        **{name: fields[name] for name in ("ParentId",) if name in fields},
        "CreationDate": f"2019-{post_id % 12 + 1:02d}-{post_id % 28 + 1:02d}T08:{post_id % 60:02d}:00.000",
        **{name: value for name, value in fields.items() if name not in ("Id", "PostTypeId", "ParentId")},
        "ContentLicense": "CC BY-SA 4.0",
    }
    written = " ".join(f'{name}="{_escaped(str(value))}"' for name, value in given.items())
    return f"  <row {written} />"


def _escaped(value: str) -> str:
    for character, reference in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        (">", "&gt;"),
        ('"', "&quot;"),
        ("\n", "&#xA;"),
    ):
        value = value.replace(character, reference)
    return value


def _truncated_site(dumps: Dumps) -> None:
    """A question that is whole, and an answer in whose middle the file ends."""
    path = "stackexchange/rowing.example/Posts.xml"
    style = Style("\n", False, "<{}>")
    question = _row({"Id": 1, "PostTypeId": QUESTION} | _question(TINY_QUESTION, style))
    answers: Any = TINY_QUESTION["answers"]
    given = {"Id": 2, "PostTypeId": ANSWER, "ParentId": 1, "Score": 6, "Body": answers[0]["body"]}
    before = f'<?xml version="1.0" encoding="utf-8"?>\n<posts>\n{question}\n'
    answer = _row(given)
    dumps.add(path, (before + answer[: len(answer) // 2]).encode())
    dumps.fault(path, f"@{len(before.encode()) + answer.index('<row')}", "truncated_xml", "damaged")
