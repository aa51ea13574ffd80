"""Near dedup against earlier runs: who goes, who stays, and that nothing is signed or removed twice."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from stages.core import exchange
from stages.core.errors import UserError
from stages.core.manifest import PARTS, TABLE, Manifest
from stages.core.stage import AnyStage
from stages.dedup.near import verb as near
from stages.dedup.near.store import open_stores
from stages.dedup.near.verb import DedupNear
from tests.stages.dedup.near.near_texts import text_of, with_changes
from tests.wiring import Noted

Keep = Callable[[str, Sequence[Manifest]], str]


@pytest.fixture
def keep_run(tmp_path: Path) -> Keep:
    """Move the folders of a chain into a run folder of their own."""

    def keep(name: str, outputs: Sequence[Manifest]) -> str:
        for manifest in outputs[1:]:
            folder = Path(manifest.folder)
            folder.rename(_made(tmp_path / "runs" / name) / folder.name)
        return str(tmp_path / "runs" / name)

    return keep


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def partners(chain: Any, left: Manifest) -> dict[str, str]:
    return {row["id"]: row["partner"] for row in chain.ledger(left)}


def test_a_new_document_like_a_kept_old_one_goes_whatever_its_source_and_length(
    chain: Any, keep_run: Keep
) -> None:
    one, other = text_of(1), text_of(2)
    old = keep_run("old", chain.run(DedupNear(), chain.given([("c4/a", one), ("c4/b", other)])))
    new = chain.given([("common_crawl/c", one + " and more of it")], [("c4/d", text_of(3)), ("c4/e", other)])
    left = chain.run(DedupNear(against=(old,)), new)[-1]
    assert partners(chain, left) == {"common_crawl/c": "c4/a", "c4/e": "c4/b"}
    assert set(chain.texts(left)) == {"c4/d"}


def test_an_old_document_that_was_removed_does_not_remove_a_new_one(chain: Any, keep_run: Keep) -> None:
    """b is like a and goes; c is like b, but not like a: it has no kept partner and stays."""
    words = [f"word{n}" for n in range(400)]
    a, b, c = (" ".join(words[start : start + 300]) for start in (0, 26, 52))
    old = chain.run(DedupNear(), chain.given([("c4/a", a + " " + "x" * 100), ("c4/b", b)]))
    assert partners(chain, old[-1]) == {"c4/b": "c4/a"}
    assert partners(chain, chain.run(DedupNear(), chain.given([("c4/b", b), ("c4/c", c)]))[-1])
    left = chain.run(DedupNear(against=(keep_run("old", old),)), chain.given([("c4/c", c)]))[-1]
    assert set(chain.texts(left)) == {"c4/c"}


def test_a_store_of_two_levels_gives_what_one_of_one_level_does(
    chain: Any, keep_run: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bands of many shards lie in one file of the second level, some of them of documents that were removed."""
    monkeypatch.setattr(near, "DESTINATION_BYTES", 8000)
    old = [
        [(f"c4/{shard}-{n}", with_changes(text_of(n), shard % 2)) for n in (shard, shard + 1)]
        for shard in range(5)
    ]
    new = [[(f"c4/new-{n}", text_of(n) + " and more") for n in range(start, 9, 2)] for start in (0, 1)]
    found = []
    for level in (1 << 60, 1):
        monkeypatch.setattr(exchange, "ONE_LEVEL_DESTINATIONS", level)
        outputs = chain.run(DedupNear(), chain.given(*old))
        assert bool(outputs[1].of_kind(PARTS)) == (level == 1)
        assert 0 < outputs[-1].documents_out < 10
        place = keep_run(f"old-{level}", outputs)
        left = chain.run(DedupNear(against=(place,)), chain.given(*new))[-1]
        found.append((chain.texts(left), partners(chain, left)))
    assert found[0] == found[1]
    assert len(found[0][1]) == 6 and len(found[0][0]) == 3


def test_two_dumps_one_after_the_other_leave_what_both_together_leave(chain: Any, keep_run: Keep) -> None:
    """One after the other, the first dump's copy stays; together, the longest: the same clusters lose as many."""
    families = [
        [(f"c4/{family}-{n}", with_changes(text_of(family), n)) for n in range(3)] for family in range(12)
    ]
    first, second = ([f[n] for f in families for n in part] for part in ((0,), (1, 2)))
    together = chain.run(DedupNear(), chain.given(first, second))[-1]
    store = keep_run("first", chain.run(DedupNear(), chain.given(first)))
    left = chain.run(DedupNear(against=(store,)), chain.given(second))[-1]
    assert len(first) + len(chain.texts(left)) == len(chain.texts(together)) == 12


def test_two_stores_and_other_ranges_and_shards_change_nothing(
    chain: Any, keep_run: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = [(f"c4/a{n}", text_of(n)) for n in range(8)]
    second = [(f"c4/b{n}", text_of(n)) for n in range(8, 14)]
    third = [(f"c4/c{n}", with_changes(text_of(n), 1)) for n in range(4, 18)]
    one = keep_run("one", chain.run(DedupNear(), chain.given(first)))
    monkeypatch.setattr(near, "DESTINATION_BYTES", 3_000)
    two = keep_run("two", chain.run(DedupNear(), chain.given(second[:1], second[1:])))
    left = chain.run(DedupNear(against=(one, two)), chain.given(third[:5], third[5:]))[-1]
    assert set(chain.texts(left)) == {f"c4/c{n}" for n in range(14, 18)}
    monkeypatch.setattr(near, "DESTINATION_BYTES", 20_000)
    again = chain.run(DedupNear(against=(two, one)), chain.given(third))[-1]
    assert partners(chain, again) == partners(chain, left)
    assert partners(chain, left)["c4/c13"] == "c4/b13"


def test_old_documents_that_a_new_one_brings_together_stay(chain: Any, keep_run: Keep) -> None:
    """Stored documents are published: they are not removed for one another, and no removal names their shards."""
    one = text_of(1)
    stores = [
        keep_run(name, chain.run(DedupNear(), chain.given([(f"c4/{name}", one)]))) for name in ("x", "y")
    ]
    left = chain.run(DedupNear(against=tuple(stores)), chain.given([("c4/z", one)]))[-1]
    assert partners(chain, left) == {"c4/z": "c4/x"}


def test_what_was_kept_is_one_column_of_a_row_for_each_document(chain: Any) -> None:
    one = text_of(1)
    outputs = chain.run(DedupNear(), chain.given([("c4/b", one), ("c4/c", text_of(2))], [("c4/a", one)]))
    (kept,) = (manifest for manifest in outputs if manifest.stage == "near_store")
    assert [pq.read_table(uri).to_pydict() for uri in kept.uris(TABLE)] == [
        {"kept": [False, True]},
        {"kept": [True]},
    ]


def test_signatures_made_otherwise_are_refused(chain: Any, keep_run: Keep) -> None:
    old = keep_run("old", chain.run(DedupNear(), chain.given([("c4/a", text_of(1))])))
    with pytest.raises(UserError, match="was signed with shingle_words=5, here it is 3"):
        chain.run(DedupNear(shingle_words=3, against=(old,)), chain.given([("c4/b", text_of(2))]))


def test_a_place_without_signatures_and_a_store_given_twice_are_refused(
    chain: Any, keep_run: Keep, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="holds no signatures"):
        open_stores([str(tmp_path / "absent")])
    old = keep_run("old", chain.run(DedupNear(), chain.given([("c4/a", text_of(1))])))
    with pytest.raises(UserError, match="is given twice"):
        open_stores([old, old])


def test_a_store_whose_files_were_deleted_is_refused(chain: Any, keep_run: Keep) -> None:
    old = keep_run("old", chain.run(DedupNear(), chain.given([("c4/a", text_of(1))])))
    (signatures,) = Path(old).glob("*-near_sign")
    for shard in signatures.glob("exchange/*.arrow"):
        shard.unlink()
    with pytest.raises(UserError, match="signatures are missing"):
        open_stores([old])
    shutil.rmtree(signatures)
    with pytest.raises(UserError, match="signatures are missing"):
        open_stores([old])


def match_stage(place: str) -> AnyStage:
    noted = Noted()
    DedupNear(against=(place,)).wire(noted, "documents")
    return noted.stages["near_match"]


def test_the_fingerprint_follows_the_store_and_not_its_place(chain: Any, keep_run: Keep) -> None:
    old = keep_run("old", chain.run(DedupNear(), chain.given([("c4/a", text_of(1))])))
    moved = shutil.copytree(old, old + "-moved")
    other = keep_run("other", chain.run(DedupNear(), chain.given([("c4/a", text_of(2))])))
    match, here, there = (match_stage(place) for place in (old, moved, other))
    assert match.fingerprint(()) == here.fingerprint(()) != there.fingerprint(())
    assert "against" not in json.dumps(match.content_config())
