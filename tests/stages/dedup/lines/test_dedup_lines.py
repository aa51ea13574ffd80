"""Line dedup by CCNet's rules: what is removed, what stays, and what the ledger and the report say."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.core import exchange_writer
from stages.core.manifest import DOCUMENTS, FileInfo, Manifest
from stages.dedup.exact.verb import DedupExact
from stages.dedup.lines import keys as line_keys
from stages.dedup.lines import match as lines
from stages.dedup.lines.verb import DedupLines

SHORT = "short_after_line_dedup"


def dedup(chain: Any, *shards: Any, metadata: dict[str, str] | None = None, **options: Any) -> Any:
    options = {"scope": "all", "min_chars": 1} | options
    return chain.run(DedupLines(**options), chain.given(*shards, metadata=metadata))[-1]


def test_a_line_of_two_documents_goes_from_both(chain: Any) -> None:
    left = dedup(chain, [("c4/a", "one\nshared\ntwo")], [("c4/b", "shared\nthree")])
    assert chain.texts(left) == {"c4/a": "one\ntwo", "c4/b": "three"}


def test_two_documents_of_one_shard(chain: Any) -> None:
    left = dedup(chain, [("c4/a", "one\nshared"), ("c4/b", "shared\nthree")], [("c4/c", "four")])
    assert chain.texts(left) == {"c4/a": "one", "c4/b": "three", "c4/c": "four"}


def test_lines_are_compared_by_their_key(chain: Any) -> None:
    left = dedup(
        chain, [("c4/a", "  Posted 12 May…\nx")], [("c4/b", "posted 34 may\ny"), ("c4/c", "posted, 1\nz")]
    )
    assert chain.texts(left) == {"c4/a": "x", "c4/b": "y", "c4/c": "posted, 1\nz"}


def test_repeats_inside_one_document_keep_one(chain: Any) -> None:
    left = dedup(chain, [("c4/a", "one\nrefrain\ntwo\nRefrain\nrefrain")])
    assert chain.texts(left) == {"c4/a": "one\nrefrain\ntwo"}


def test_blank_lines_are_never_duplicates(chain: Any) -> None:
    """CCNet's key of a blank line is a key like any other, so it would remove all of these."""
    left = dedup(chain, [("c4/a", "one\n\ntwo\n\n \nthree")], [("c4/b", "four\n\nfive")])
    assert chain.texts(left) == {"c4/a": "one\n\ntwo\n\n \nthree", "c4/b": "four\n\nfive"}
    assert left.edited == {}


def test_keep_first_keeps_the_document_with_the_smallest_id(chain: Any) -> None:
    shards = (
        [("c4/z", "shared\nz"), ("c4/b", "b\nshared\nshared")],
        [("c4/c", "shared\nc"), ("c4/a", "own\n1")],
    )
    left = dedup(chain, *shards, keep="first")
    assert chain.texts(left) == {"c4/z": "z", "c4/b": "b\nshared", "c4/c": "c", "c4/a": "own\n1"}
    other = dedup(chain, *reversed(shards), keep="first")
    assert chain.texts(other) == chain.texts(left)


def test_scope_dump_compares_only_inside_a_dump(chain: Any) -> None:
    metadata = {
        name: json.dumps({"dump": dump}) for name, dump in (("c4/a", "1"), ("c4/b", "2"), ("c4/c", "2"))
    }
    shards = ([("c4/a", "shared\na"), ("c4/b", "shared\nb")], [("c4/c", "shared\nc"), ("c4/d", "shared\nd")])
    left = dedup(chain, *shards, metadata=metadata, scope="dump")
    assert chain.texts(left) == {"c4/a": "shared\na", "c4/b": "b", "c4/c": "c", "c4/d": "shared\nd"}


def test_scope_group_compares_only_inside_a_group_of_a_dump(chain: Any) -> None:
    """Documents fall into groups by their ids alone: other shards and orders give the same."""
    names = [f"c4/{n:02d}" for n in range(60)]
    dumps = {name: json.dumps({"dump": str(n % 2)}) for n, name in enumerate(names)}
    documents = [(name, f"shared\n{name}") for name in names]
    grouped = chain.texts(dedup(chain, documents, metadata=dumps, scope="group", groups=25))
    other = dedup(chain, documents[31:], documents[:31], metadata=dumps, scope="group", groups=25)
    assert chain.texts(other) == grouped
    lonely = {name for name, text in grouped.items() if text.startswith("shared")}
    assert 5 <= len(lonely) <= 35
    one_group = dedup(chain, documents, metadata=dumps, scope="group", groups=1)
    assert chain.texts(one_group) == chain.texts(dedup(chain, documents, metadata=dumps, scope="dump"))


def test_documents_that_are_too_short_are_dropped(chain: Any) -> None:
    shards = [("c4/a", "shared\n12345"), ("c4/b", "shared\n1234"), ("c4/c", "ééééé"), ("c4/d", "only")]
    left = dedup(chain, shards, min_chars=5)
    assert chain.texts(left) == {"c4/a": "12345", "c4/c": "ééééé"}
    rows = [
        (r["id"], r["action"], r["rule"], r["value"], r["threshold"], r["detail"]) for r in chain.ledger(left)
    ]
    assert rows == [
        ("c4/a", "edit", "duplicate_lines", 0.5, None, '{"lines":1,"of":2}'),
        ("c4/b", "drop", SHORT, 4.0, 5.0, '{"lines":1,"of":2}'),
        ("c4/d", "drop", SHORT, 4.0, 5.0, '{"lines":0,"of":1}'),
    ]
    assert [row["text_bytes"] for row in chain.ledger(left)] == [7, 11, 4]


def test_a_document_without_lines_left_is_dropped_at_any_limit(chain: Any) -> None:
    left = dedup(chain, [("c4/a", "shared"), ("c4/b", "shared\n")])
    assert chain.texts(left) == {}
    assert left.dropped == {SHORT: 2}


def test_the_report_states_lines_bytes_and_scope(chain: Any) -> None:
    left = dedup(chain, [("c4/a", "one\nshared\n\ntwo")], [("c4/b", "shared\nthree")])
    first = {"scope": "all", "lines": 3, "removed_lines": 1, "bytes": 15, "removed_bytes": 7}
    second = {"scope": "all", "lines": 2, "removed_lines": 1, "bytes": 12, "removed_bytes": 7}
    assert left.facts == (first, second)


def test_a_document_of_a_million_lines(chain: Any) -> None:
    text = "\n".join(str(n % 7).translate(str.maketrans("0123456", "abcdefg")) for n in range(1_000_000))
    left = dedup(chain, [("c4/a", text), ("c4/b", "g\nh")])
    assert chain.texts(left) == {"c4/a": "a\nb\nc\nd\ne\nf", "c4/b": "h"}


@pytest.mark.parametrize("keep", ["none", "first"])
def test_small_pieces_and_many_ranges_give_the_same(
    chain: Any, monkeypatch: pytest.MonkeyPatch, keep: str
) -> None:
    words = [f"line {chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(300)]
    shards = [[(f"c4/{s}/{d}", "\n".join(words[(s * 7 + d * 13) :: 11])) for d in range(9)] for s in range(3)]
    whole = dedup(chain, *shards, keep=keep)
    monkeypatch.setattr(lines, "TEXT_BYTES_PER_DESTINATION", 2000)
    monkeypatch.setattr(lines, "ROWS_PER_PASS", 40)
    monkeypatch.setattr(lines, "PENDING_LINES", 10)
    monkeypatch.setattr(line_keys, "PENDING_LINES", 10)
    monkeypatch.setattr(exchange_writer, "SPILL_BYTES", 100)
    pieces = dedup(chain, *shards, keep=keep)
    assert chain.texts(pieces) == chain.texts(whole)
    assert sum(whole.edited.values()) + sum(whole.dropped.values()) > 10


def reference(documents: list[tuple[str, str]], keep: str) -> dict[str, str]:
    """Line dedup over texts without blank lines, with plain dictionaries."""

    def key(line: str) -> str:
        return re.sub(r"\d", "0", line.strip().lower())

    holders: dict[str, set[str]] = {}
    for name, text in documents:
        for line in text.split("\n"):
            holders.setdefault(key(line), set()).add(name)
    left = {}
    for name, text in documents:
        seen: set[str] = set()
        kept = []
        for line in text.split("\n"):
            alone = len(holders[key(line)]) == 1 or (keep == "first" and min(holders[key(line)]) == name)
            if alone and key(line) not in seen:
                kept.append(line)
            seen.add(key(line))
        if kept:
            left[name] = "\n".join(kept)
    return left


LINES = st.lists(st.sampled_from(["a", "A", " b", "1", "2", "é", "É", "c"]), min_size=1, max_size=5)


@given(
    st.lists(st.lists(LINES.map("\n".join), min_size=1, max_size=3), min_size=1, max_size=3),
    st.sampled_from(["none", "first"]),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_equals_plain_python(chain: Any, shards: list[list[str]], keep: str) -> None:
    named = [[(f"c4/{9 - s}{9 - d}", text) for d, text in enumerate(shard)] for s, shard in enumerate(shards)]
    left = dedup(chain, *named, keep=keep)
    assert chain.texts(left) == reference([row for shard in named for row in shard], keep)


def shards_taken_over(chain: Any, shards: Sequence[Sequence[tuple[str, str]]], **options: Any) -> list[bool]:
    """Whether each shard of the output is the very file that a stage before wrote."""
    (*_, before) = chain.run(DedupExact(), chain.given(*shards))
    left = chain.run(DedupLines(**({"scope": "all", "min_chars": 1} | options)), before)[-1]
    pairs = zip(before.uris(DOCUMENTS), left.uris(DOCUMENTS), strict=True)
    return [Path(old).samefile(new) for old, new in pairs]


def test_a_shard_with_nothing_to_cut_is_taken_over_as_it_is(chain: Any) -> None:
    """Not where a line is another shard's, comes twice in a document, or a document is too short."""
    shards = (
        [("c4/a", "one\n\ntwo\n\n"), ("c4/b", "three")],
        [("c4/c", "shared\nfour")],
        [("c4/d", "shared\nfive")],
        [("c4/e", "again\nagain")],
    )
    assert shards_taken_over(chain, shards) == [True, False, False, False]
    assert shards_taken_over(chain, shards[:1], min_chars=6) == [False]


def test_a_shard_that_is_taken_over_is_counted_as_one_that_is_written(chain: Any) -> None:
    (*_, before) = chain.run(DedupExact(), chain.given([("c4/a", "one\n\ntwo"), ("c4/b", "three")]))
    options = {"scope": "all", "min_chars": 1}
    given = before.model_copy(update={"folder": "", "files": tuple(_named(before))})
    taken, written = (chain.run(DedupLines(**options), documents)[-1] for documents in (before, given))
    assert Path(before.uris(DOCUMENTS)[0]).samefile(taken.uris(DOCUMENTS)[0])
    assert not Path(before.uris(DOCUMENTS)[0]).samefile(written.uris(DOCUMENTS)[0])
    assert chain.texts(taken) == chain.texts(written)
    counts = (
        "documents_in",
        "documents_out",
        "bytes_in",
        "bytes_out",
        "dropped",
        "edited",
        "sources",
        "facts",
    )
    assert [getattr(taken, name) for name in counts] == [getattr(written, name) for name in counts]


def _named(manifest: Manifest) -> list[FileInfo]:
    return [replace(file, name=f"{manifest.folder}/{file.name}") for file in manifest.files]
