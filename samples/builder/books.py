"""Our books in, text files framed as Project Gutenberg does out: encodings, an omnibus, a file that is no text."""

from __future__ import annotations

import random
from dataclasses import dataclass

from builder.dumps import Dumps, Prose


@dataclass(frozen=True)
class Work:
    """A book of samples/source/books and what its Gutenberg header says."""

    number: int
    name: str
    title: str
    author: str
    language: str
    code: str


WORKS = (
    Work(60001, "lighthouse", "The Lamp at Carrick Sound", "E. M. Tregarthen", "English", "en"),
    Work(60002, "orchard", "Mr. Penhaligon's Orchard", "Harriet Cope", "English", "en"),
    Work(60003, "essays", "Small Matters: Four Essays", "A. B. Ferriby", "English", "en"),
    Work(60004, "moulin", "Le moulin qui comptait les nuages", "Camille Aubry", "French", "fr"),
    Work(60005, "uhrmacher", "Der Uhrmacher von Sankt Veit", "Johann Leitgeb", "German", "de"),
)
OMNIBUS = Work(60010, "omnibus", "Two Tales of the West Country", "Various", "English", "en")

LICENCE = """
Updated editions will replace the previous one--the old editions will
be renamed.

Creating the works from print editions not protected by copyright law
means that no one owns a copyright in these works, so the Foundation
(and you!) can copy and distribute them without permission and without
paying royalties. This page of a sample stands for the full licence,
which fills nineteen thousand characters at the end of a real file.

*** START: FULL LICENSE ***

Section 1.  General Terms of Use and Redistributing electronic works

1.A.  By reading or using any part of this electronic work, you indicate
that you have read, understand, agree to and accept all the terms of
this license and intellectual property (trademark/copyright) agreement.
"""

HEADER = """The Project Gutenberg EBook of {title}, by {author}

This eBook is for the use of anyone anywhere at no cost and with
almost no restrictions whatsoever.  You may copy it, give it away or
re-use it under the terms of the Project Gutenberg License included
with this eBook or online at www.gutenberg.org


Title: {title}

Author: {author}

Release Date: January {day}, 2020 [EBook #{number}]

Language: {language}

Character set encoding: {encoding}

*** START OF THE PROJECT GUTENBERG EBOOK {shouted} ***




Produced by the volunteers of the Altiplano samples




"""

FOOTER = """



End of the Project Gutenberg EBook of {title}, by {author}

*** END OF THE PROJECT GUTENBERG EBOOK {shouted} ***

***** This file should be named {number}{suffix}.txt or {number}{suffix}.zip *****
"""


def build(prose: Prose, dumps: Dumps) -> None:
    """Add every work, a Latin-1 edition, an omnibus of two works, and noise under a book's name."""
    texts = {work.name: prose.text(f"books/{work.name}.txt") for work in WORKS}
    for work in WORKS:
        dumps.add(_path(work, "-0"), _framed(work, texts[work.name], "-0", "utf-8"))
    french = next(work for work in WORKS if work.code == "fr")
    dumps.add(_path(french, "-8"), _framed(french, texts["moulin"].replace("—", "--"), "-8", "latin-1"))
    dumps.fault(
        _path(french, "-8"),
        "",
        "other_encoding",
        "contained_book",
        stage="remove",
        partner=_path(french, "-0"),
    )
    contained = [work for work in WORKS if work.name in ("lighthouse", "orchard")]
    volume = "\n\n\n\n".join(texts[work.name].strip("\n") for work in contained)
    preface = "TWO TALES OF THE WEST COUNTRY\n\nBound together for the use of lending libraries.\n\n\n\n"
    dumps.add(_path(OMNIBUS, "-0"), _framed(OMNIBUS, preface + volume + "\n", "-0", "utf-8"))
    for work in contained:
        dumps.fault(
            _path(work, "-0"), "", "inside_omnibus", "contained_book", stage="remove",
            partner=_path(OMNIBUS, "-0"),
        )  # fmt: skip
    noise = "books/60011-noise/60011-0.txt"
    dumps.add(noise, random.Random(60011).randbytes(6000))
    dumps.fault(noise, "", "binary", "encoding")
    readme = "books/60003-essays/60003-readme.rtf"
    dumps.add(readme, b"<html><body><p>An index page, as lies beside many books.</p></body></html>\n")
    dumps.fault(readme, "", "not_a_text_file", "unrecognised_file")


def _path(work: Work, suffix: str) -> str:
    return f"books/{work.number}-{work.name}/{work.number}{suffix}.txt"


def _framed(work: Work, body: str, suffix: str, encoding: str) -> bytes:
    """The file of a work: header, body, footer, licence; CRLF line ends, and a BOM in UTF-8 as Gutenberg has."""
    words = {
        "title": work.title,
        "author": work.author,
        "day": work.number % 28 + 1,
        "number": work.number,
        "language": work.language,
        "encoding": "UTF-8" if encoding == "utf-8" else "ISO-8859-1",
        "shouted": work.title.upper(),
        "suffix": suffix,
    }
    text = HEADER.format(**words) + body + FOOTER.format(**words) + LICENCE
    return text.replace("\n", "\r\n").encode("utf-8-sig" if encoding == "utf-8" else encoding)
