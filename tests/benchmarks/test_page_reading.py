"""Pages drawn by chance: the same each time, of each kind, and only those that the model did not see."""

from __future__ import annotations

from benchmarks.page_reading import DrawnPage, draw
from benchmarks.page_types import TypedPage


def test_the_draw_is_the_same_each_time_and_of_the_held_out_pages_alone() -> None:
    gold = [
        TypedPage(f"https://{kind}{n}.example/", "", "", kind, "develop" if n % 2 else "final", n % 3)
        for kind in ("article", "forum", "older: A")
        for n in range(60)
    ]
    others = {f"https://w{n}.example/": "<body>" if n else "plain" for n in range(4)}
    drawn = draw(gold, others)
    assert drawn == draw(list(reversed(gold)), others)
    assert [page.origin for page in drawn] == ["article"] * 4 + ["forum"] * 4 + ["older: A"] * 6 + [
        "WARC"
    ] * 3
    numbers = [int(page.url[len("https://article") : -len(".example/")]) for page in drawn[:4]]
    assert [number % 6 for number in numbers] == [3] * 4
    assert DrawnPage("https://w0.example/", "plain", "WARC") not in drawn
