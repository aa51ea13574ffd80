"""Book dedup by containment: editions, encodings, a book in an omnibus, volumes that stay."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest

from stages.dedup.books.better import text_quality
from stages.dedup.books.verb import DedupBooks


def book(seed: int, words: int = 3000) -> str:
    chooser = random.Random(seed)
    return " ".join(f"w{chooser.randrange(500)}" for _ in range(words))


def dedup(chain: Any, *shards: Any, **options: Any) -> Any:
    return chain.run(DedupBooks(**{"scale": 8} | options), chain.given(*shards))[-1]


def reasons(chain: Any, left: Any) -> dict[str, tuple[str, str, float, float]]:
    rows = chain.ledger(left)
    return {r["id"]: (r["rule"], r["partner"], round(r["value"], 3), r["threshold"]) for r in rows}


def test_a_book_inside_an_omnibus_is_found_and_volumes_stay(chain: Any) -> None:
    """Jaccard of the volume with the omnibus is a third, so similarity would miss it."""
    volumes = [book(n) for n in range(2)]
    shards = (
        [("books/v1", volumes[0]), ("books/v2", volumes[1])],
        [("books/all", "\n".join([volumes[0], book(8), book(9)]))],
    )
    left = dedup(chain, *shards)
    assert reasons(chain, left) == {"books/v1": ("contained_book", "books/all", 1.0, 0.9)}
    assert set(chain.texts(left)) == {"books/v2", "books/all"}


def test_encodings_and_typography_of_one_work_agree(chain: Any) -> None:
    plain = book(1) + " the cafe's naive hero, she said - and left Aeneas"
    fancy = re.sub(r"\b(w1)\b", r"_\1_", book(1)) + " the café’s naïve hero, she said—and left Æneas"
    left = dedup(chain, [("books/a", plain)], [("books/b", fancy)])
    assert reasons(chain, left) == {"books/b": ("contained_book", "books/a", 1.0, 0.9)}


FRENCH = "Où est le garçon très âgé ? À la forêt, près d’ici, né l’été. "
ASCII = "Ou est le garcon tres age ? A la foret, pres d'ici, ne l'ete. "


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (FRENCH, ASCII + "end "),
        (ASCII, ASCII.replace("garcon", "<i>garcon</i>") + "end "),
        (ASCII, ASCII.replace("garcon", "_garcon_") + "end "),
        (FRENCH, FRENCH.replace("&", "&amp;").replace("é", "&eacute;")),
        (FRENCH, FRENCH.encode().decode("cp1252", "replace")),
        (ASCII, "Project Gutenberg " + ASCII),
        (ASCII, ASCII.replace("garcon", "[Pg 12] garcon")),
        (ASCII, ASCII.replace("garcon", "[Illustration] garcon")),
        (FRENCH, FRENCH.replace("garçon", "gar\u00adçon")),
        (ASCII, FRENCH.replace("é", "\ufffd").replace("è", "\ufffd")),
    ],
)
def test_of_near_equals_the_better_text_stays(chain: Any, better: str, worse: str) -> None:
    for names in (("a", "z"), ("z", "a")):
        shard = [(f"books/{names[0]}", f"{book(7)} {better}"), (f"books/{names[1]}", f"{book(7)} {worse}")]
        assert set(chain.texts(dedup(chain, shard))) == {f"books/{names[0]}"}


def test_a_worse_omnibus_still_contains_a_better_volume(chain: Any) -> None:
    shard = [("books/a", f"{book(1)} {FRENCH}"), ("books/b", f"{book(1)} {book(2)} {ASCII}")]
    assert set(chain.texts(dedup(chain, shard))) == {"books/b"}


def test_quality_weighs_a_language_and_length() -> None:
    assert text_quality("word", 1, True) > text_quality("word", 1, False)
    assert text_quality("café", 100, False) > text_quality("cafe", 100, True)
    assert text_quality("cafe", 1_000, False) > text_quality("café", 100, False)


def test_containment_at_the_limit(chain: Any) -> None:
    whole = book(1, 4000).split(" ")
    ninety = [*whole[:2880], *book(2, 3200 - 2880).split(" ")]
    ninety_two = [*whole[:2960], *book(3, 3200 - 2960).split(" ")]
    shard = [
        ("books/whole", " ".join(whole)),
        ("books/n", " ".join(ninety)),
        ("books/y", " ".join(ninety_two)),
    ]
    left = dedup(chain, shard)
    assert set(chain.texts(left)) == {"books/whole", "books/n"}
    (value,) = [row["value"] for row in chain.ledger(left)]
    assert value == pytest.approx(2956 / 3196, abs=0.002)
    assert set(chain.texts(dedup(chain, shard, max_containment=0.88))) == {"books/whole"}


def test_a_book_goes_only_for_one_that_is_kept(chain: Any) -> None:
    """c lies in b by 92% and b in a by 92%, but c in a only by 83%: c's partner b is gone, so c stays."""
    a = book(1, 4000).split(" ")
    b = [*a[:3312], *book(2, 288).split(" ")]
    c = [*b[640:], *book(4, 250).split(" ")]
    shard = [(f"books/{name}", " ".join(words)) for name, words in (("a", a), ("b", b), ("c", c))]
    left = dedup(chain, shard)
    assert reasons(chain, left).keys() == {"books/b"}


def test_many_copies_keep_one(chain: Any) -> None:
    text = book(5, 400)
    shard = [(f"books/{n:03d}", text) for n in range(60)]
    left = dedup(chain, shard[:30], shard[30:], scale=1)
    assert len(chain.texts(left)) == 1
    assert left.dropped == {"contained_book": 59}


def test_empty_and_tiny_books(chain: Any) -> None:
    left = dedup(
        chain, [("books/a", ""), ("books/b", "..."), ("books/c", "one word"), ("books/d", "")], scale=1
    )
    assert len(chain.texts(left)) == 4


def read_book(path: Path) -> str:
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    start = re.search(r"\*\*\* ?START OF.*?\*\*\*", text, re.S)
    end = re.search(r"\*\*\* ?END OF", text)
    return text[start.end() if start else 0 : end.start() if end else len(text)]


@pytest.mark.real
def test_editions_and_encodings_of_gutenberg_books(chain: Any, shared_data: Path) -> None:
    numbers = (11, 35, 215, 6099, 19942, 33, 25344, 113, 17396, 1342, 42671, 1513, 22367, 24675)
    paths = [p for n in numbers for p in sorted((shared_data / "books").glob(f"*_{n}/{n}*.txt"))]
    rows = [(f"books/{path.name}", read_book(path)) for path in paths]
    left = dedup(chain, rows[::2], rows[1::2], scale=64)
    kept = {re.split(r"[-.]", name.split("/")[1])[0] for name in chain.texts(left)}
    assert len(chain.texts(left)) == len(kept)  # one file of each work
    pairs = ({"1342", "42671"}, {"33", "25344"}, {"113", "17396"})
    assert all(len(pair & kept) == 1 for pair in pairs)
    assert {"11", "35", "215", "6099", "19942", "1513", "22367", "24675"} <= kept
