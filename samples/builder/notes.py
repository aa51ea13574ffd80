"""Our news pages in, a folder of somebody's own JSON lines out: a note per paragraph, under column names of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator

from builder.dumps import Dumps, Page, Prose, with_words_changed

FILES = ("notes/2023.jsonl", "notes/2024.jsonl")
MIN_NOTE_CHARS = 80


def build(prose: Prose, dumps: Dumps) -> None:
    """Two files: the second also has an exact and a near copy, a note in German, and lines that are no note."""
    pages = prose.pages("c4")
    half = len(pages) // 2
    first, second = list(_notes(pages[:half])), list(_notes(pages[half:]))
    german = prose.pages("c4_foreign")[0]
    near = with_words_changed(" ".join(note["body"] for note in first[40:44]))
    second[10:10] = [
        first[3] | {"uid": "copy-of-3"},
        {
            "uid": "long",
            "body": " ".join(note["body"] for note in first[40:44]),
            "link": None,
            "topic": "long",
        },
        {"uid": "long-again", "body": near, "link": None, "topic": "long"},
        {"uid": "foreign", "body": " ".join(german.paragraphs), "link": german.url, "topic": german.title},
        {"uid": "no-body", "link": "https://notes.example/empty", "topic": "nothing"},
    ]
    dumps.add(FILES[0], b"".join(map(_line, first)))
    dumps.add(
        FILES[1], b"".join(map(_line, second)) + b'{"uid": "half", "body": "This line ends in the mid\n'
    )


def _notes(pages: list[Page]) -> Iterator[dict[str, str | None]]:
    for page in pages:
        for number, paragraph in enumerate(page.paragraphs):
            if len(paragraph) >= MIN_NOTE_CHARS:
                name = page.name.rpartition("/")[2].removesuffix(".txt")
                yield {"uid": f"{name}-{number}", "body": paragraph, "link": page.url, "topic": page.title}


def _line(note: dict[str, str | None]) -> bytes:
    return json.dumps(note, ensure_ascii=False).encode() + b"\n"
