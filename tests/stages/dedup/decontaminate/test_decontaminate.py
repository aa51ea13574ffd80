"""Decontamination: what of a benchmark is looked for, what is cut or dropped, and what is a common phrase."""

from __future__ import annotations

import bz2
import gzip
import random
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.errors import UserError
from stages.core.manifest import TABLE
from stages.dedup.decontaminate.grams import BenchmarkGrams
from stages.dedup.decontaminate.verb import Decontaminate
from stages.kernels.hash import key_set
from stages.kernels.match.overlaps import find_grams, word_places
from stages.kernels.words.ngrams import gram_hashes
from tests.stages.dedup.near.near_texts import text_of

QUESTION = "Which of these seven planets turns faster after a meteorite hits it from one side"
FILLER = "Plain words of a page that nobody asks about. "


@pytest.fixture
def benchmark(tmp_path: Path) -> str:
    path = tmp_path / "quiz.jsonl"
    path.write_bytes(orjson.dumps({"question": QUESTION, "choices": ["Mars", "none of them"]}) + b"\n")
    return str(path)


def clean(chain: Any, benchmark: str, *shards: Any, **options: Any) -> Any:
    return chain.run(Decontaminate(benchmarks=(benchmark,), **options), chain.given(*shards))[-1]


def rows(chain: Any, left: Any) -> dict[str, tuple[str, str, float, float | None]]:
    return {r["id"]: (r["action"], r["rule"], r["value"], r["threshold"]) for r in chain.ledger(left)}


def test_the_place_is_cut_with_a_window_and_the_pieces_stay_one_document(chain: Any, benchmark: str) -> None:
    before, after = "B" * 500, "A" * 500
    page = f"{before} {QUESTION.upper()}! {after}"
    left = clean(chain, benchmark, [("c4/a", page), ("c4/b", FILLER)])
    # The window takes the blank beside the question, and the "!" after it, too.
    assert chain.texts(left) == {"c4/a": f"{'B' * 301}\n\n{'A' * 302}", "c4/b": FILLER}
    (row,) = chain.ledger(left)
    assert (row["action"], row["rule"], row["partner"]) == ("edit", "contaminated_span", "quiz.jsonl:1")
    detail = orjson.loads(row["detail"])
    assert detail["ngrams"] == len(QUESTION.split()) - 12
    assert QUESTION.upper().startswith(detail["text"])
    assert row["text_bytes"] == len(page) - 605


def test_the_window_is_characters_and_not_bytes(chain: Any, benchmark: str) -> None:
    left = clean(chain, benchmark, [("c4/a", "é" * 500 + " " + QUESTION)])
    assert chain.texts(left) == {"c4/a": "é" * 301}


def test_twelve_of_thirteen_words_are_kept(chain: Any, benchmark: str) -> None:
    words = QUESTION.split()
    shard = [("c4/a", FILLER * 20 + " ".join(words[:12]) + " " + FILLER * 20)]
    left = clean(chain, benchmark, shard)
    assert chain.texts(left) == dict(shard)
    assert rows(chain, clean(chain, benchmark, shard, ngram_words=12)) == {
        "c4/a": ("edit", "contaminated_span", 1.0, None)
    }


def test_a_document_of_which_nothing_long_enough_is_left_is_dropped(chain: Any, benchmark: str) -> None:
    left = clean(chain, benchmark, [("c4/a", f"{'B' * 300} {QUESTION} {'A' * 250}")])
    assert rows(chain, left) == {"c4/a": ("drop", "short_after_decontamination", 101.0, 200.0)}


def test_a_document_in_many_pieces_is_dropped(chain: Any, benchmark: str) -> None:
    page = (FILLER * 12 + QUESTION + " ") * 5
    left = clean(chain, benchmark, [("c4/a", page)], max_pieces=4)
    assert rows(chain, left) == {"c4/a": ("drop", "contaminated_pieces", 5.0, 4.0)}
    assert rows(chain, clean(chain, benchmark, [("c4/a", page)], max_pieces=5))["c4/a"][0] == "edit"


def test_the_whole_document_can_be_dropped(chain: Any, benchmark: str) -> None:
    page = FILLER * 30 + QUESTION
    left = clean(chain, benchmark, [("c4/a", page), ("c4/b", FILLER)], action="drop")
    assert rows(chain, left) == {"c4/a": ("drop", "contaminated", 3.0, 0.0)}
    assert chain.texts(left) == {"c4/b": FILLER}


def test_words_that_many_documents_have_are_a_common_phrase(chain: Any, benchmark: str) -> None:
    shards = [[(f"c4/{s}-{n}", FILLER * 10 + QUESTION) for n in range(3)] for s in range(2)]
    assert len(chain.ledger(clean(chain, benchmark, *shards, max_documents=6))) == 6
    common = clean(chain, benchmark, *shards, max_documents=5)
    assert chain.ledger(common) == []
    assert len(chain.texts(common)) == 6
    assert len(chain.ledger(clean(chain, benchmark, *shards, max_documents=0))) == 6
    totals = chain.run(Decontaminate(benchmarks=(benchmark,), max_documents=5), chain.given(*shards))[3]
    assert totals.facts == ({"found_ngrams": 3, "common_ngrams": 3},)


def test_a_phrase_that_one_document_repeats_is_not_common(chain: Any, benchmark: str) -> None:
    left = clean(chain, benchmark, [("c4/a", FILLER * 10 + (QUESTION + ". ") * 20)], max_documents=1)
    assert rows(chain, left)["c4/a"][1] == "contaminated_span"


def test_short_texts_of_a_benchmark_are_found_whole_when_asked_for(chain: Any, tmp_path: Path) -> None:
    path = tmp_path / "short.jsonl"
    path.write_bytes(orjson.dumps({"q": "How tall is the old tower of Pisa now?"}))
    page = FILLER * 10 + "how tall is the old tower of Pisa now"
    assert (
        chain.ledger(clean(chain, str(path), [("c4/a", page)], min_words=9))[0]["partner"] == "short.jsonl:1"
    )
    with pytest.raises(UserError, match="no text of 13 words or more"):
        clean(chain, str(path), [("c4/a", page)])


def test_zeros_and_counting_are_no_sign_of_a_benchmark(chain: Any, tmp_path: Path) -> None:
    path = tmp_path / "code.txt"
    zeros, counting = "0 " * 30, " ".join(map(str, range(30)))
    path.write_text(f"{zeros} {counting} {QUESTION}")
    left = clean(chain, str(path), [("c4/a", zeros + counting), ("c4/b", "la " * 30 + FILLER * 9)])
    assert chain.ledger(left) == []


def test_no_ngram_runs_from_one_text_of_an_item_into_another(chain: Any, tmp_path: Path) -> None:
    path = tmp_path / "two.jsonl"
    words = text_of(4, 40).split()
    path.write_bytes(orjson.dumps({"q": " ".join(words[:20]), "a": [" ".join(words[20:])]}))
    page = FILLER * 10 + " ".join(words[10:30])
    assert chain.ledger(clean(chain, str(path), [("c4/a", page)])) == []
    left = clean(chain, str(path), [("c4/a", FILLER * 10 + " ".join(words[20:]))], skip_fields=("q",))
    assert len(chain.ledger(left)) == 1
    skipped = clean(chain, str(path), [("c4/a", FILLER * 10 + " ".join(words[20:]))], skip_fields=("a",))
    assert chain.ledger(skipped) == []


@pytest.mark.parametrize("form", ["jsonl.gz", "json", "json.bz2", "parquet", "txt", "txt.gz"])
def test_every_form_of_benchmark_file(run_stage: Any, tmp_path: Path, form: str) -> None:
    path = tmp_path / f"quiz.{form}"
    records = [{"x": {"y": ["short"]}}, {"x": {"y": [QUESTION]}}]
    if form == "parquet":
        pq.write_table(pa.Table.from_pylist(records), path)
    else:
        lines = b"\n\n".join(map(orjson.dumps, records)) if "jsonl" in form else orjson.dumps(records)
        data = QUESTION.encode() if "txt" in form else lines
        data = gzip.compress(data) if form.endswith("gz") else bz2.compress(data) if "bz2" in form else data
        path.write_bytes(data)
    made = run_stage(BenchmarkGrams(benchmarks=(str(path),)))
    (uri,) = made.uris(TABLE)
    place = {"txt": "", "jsonl": ":3"}.get(form.split(".")[0], ":2")
    assert set(pq.read_table(uri)["item"].to_pylist()) == {f"quiz.{form}{place}"}
    expected = gram_hashes(word_places(QUESTION).hashes, 13)
    assert sorted(pq.read_table(uri)["hash"].to_pylist()) == sorted(expected.tolist())


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.jsonl", b'{"q": "x"}\n{"q": \n', "a.jsonl line 2: not JSON"),
        ("a.json", b"[1, 2", "a.json: not JSON"),
        ("a.jsonl.gz", gzip.compress(b"{}")[:-9], "cannot be read"),
        ("a.parquet", b"PAR1", "not a Parquet file"),
        ("a.txt", b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_damaged_benchmark_is_an_error_and_not_passed_over(
    run_stage: Any, tmp_path: Path, name: str, data: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UserError, match=message):
        run_stage(BenchmarkGrams(benchmarks=(str(tmp_path / name),)))


def test_the_fingerprint_follows_the_benchmarks_content(tmp_path: Path) -> None:
    prints = []
    for folder, text in (("x", QUESTION), ("y", QUESTION), ("z", QUESTION + "?")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "quiz.txt").write_text(text)
        prints.append(BenchmarkGrams(benchmarks=(str(tmp_path / folder / "quiz.txt"),)).fingerprint(()))
    assert prints[0] == prints[1] != prints[2]


WORDS = st.lists(st.sampled_from(["one", "Two", "three,", "four", "漢字", "é"]), max_size=30).map(" ".join)


@given(
    texts=st.lists(WORDS, max_size=4), wanted=st.lists(WORDS, min_size=1, max_size=4), size=st.integers(1, 4)
)
def test_grams_are_found_as_by_hand(texts: list[str], wanted: list[str], size: int) -> None:
    def words(text: str) -> list[str]:
        places, data = word_places(text), text.encode()
        pairs = zip(places.starts, places.ends, strict=True)
        return [data[start:end].decode().lower() for start, end in pairs]

    def grams(text: str) -> list[tuple[str, ...]]:
        listed = words(text)
        return [tuple(listed[i : i + size]) for i in range(len(listed) - size + 1)]

    known = {
        gram: value
        for text in wanted
        for gram, value in zip(grams(text), gram_hashes(word_places(text).hashes, size).tolist(), strict=True)
    }
    keys = pa.array(sorted(set(known.values())), pa.uint64()).to_numpy()
    found_rows, found = find_grams(pa.array(texts, pa.large_string()), size, keys, key_set.build(keys))
    expected = [(row, known[gram]) for row, text in enumerate(texts) for gram in grams(text) if gram in known]
    assert list(zip(found_rows.tolist(), keys[found].tolist(), strict=True)) == expected


@pytest.mark.real
def test_every_planted_item_of_the_real_benchmarks_is_cut_and_nothing_else(
    chain: Any, shared_data: Path
) -> None:
    pages = {f"c4/{n}": text_of(n, 400) for n in range(400)}
    items = [
        text
        for name in ("arc_easy", "piqa", "lambada_openai", "winogrande")
        for line in (shared_data / "benchmarks" / f"{name}.jsonl").read_bytes().splitlines()[:600]
        for text in map(orjson.loads(line).get, ("query", "context"))
        if text and len(word_places(text).hashes) >= 20
    ]
    chosen = random.Random(1).sample(items, 200)
    planted = {
        name: page if n >= 200 else page[:1500] + " " + chosen[n] + " " + page[1500:]
        for n, (name, page) in enumerate(pages.items())
    }
    left = clean(chain, str(shared_data / "benchmarks"), list(planted.items()), max_documents=0)
    touched = {row["id"] for row in chain.ledger(left)}
    assert touched == {f"c4/{n}" for n in range(200)}
    texts = chain.texts(left)
    assert all(texts[f"c4/{n}"] == pages[f"c4/{n}"] for n in range(200, 400))
    assert all(not grams_of(chosen[n]) & grams_of(texts[f"c4/{n}"]) for n in range(200))


def grams_of(text: str) -> set[int]:
    return set(gram_hashes(word_places(text).hashes, 13).tolist())
