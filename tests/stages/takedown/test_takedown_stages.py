"""What must go leaves documents and packed tokens; shards that do not hold it are the same files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages.core.ledger import DROP, MERGE
from stages.core.manifest import DOCUMENTS, INDEX, LEDGER, TABLE, TOKENS, Manifest, ShardReport
from stages.core.stage import Stage, Task
from stages.core.writer import TaskWriter
from stages.takedown.documents import FindHolders, Takedown, TakenShard
from stages.takedown.earlier import Counted, Earlier, as_it_was
from stages.takedown.tokens import PackWithout
from stages.tokenize.pack import PackedShard
from tests.packed import framed, write_packed

RunStage = Callable[..., Manifest]


class WriteLedger(Stage[None]):
    """Rows (action, id, partner) as a stage of dedup or threads leaves them."""

    stage_name = "write_ledger"
    rows: tuple[tuple[str, str, str], ...]

    def plan(self, inputs: Any) -> list[Task[None]]:
        return [Task("00000", (), None)]

    def run(self, task: Task[None]) -> ShardReport:
        with TaskWriter(task, self.stage_name) as out:
            for action, name, partner in self.rows:
                out.created += 1
                values = {"id": name, "source": "c4", "text_bytes": 1, "partner": partner}
                out.ledger.row(action=action, rule="r", **values)
        return out.report


@pytest.fixture
def lists(tmp_path: Path) -> Callable[..., dict[str, tuple[str, ...]]]:
    def write(**kinds: list[str]) -> dict[str, tuple[str, ...]]:
        for kind, lines in kinds.items():
            (tmp_path / kind).write_text("\n".join(lines))
        return {kind: (str(tmp_path / kind),) for kind in kinds}

    return write


def holders(manifest: Manifest) -> dict[str, tuple[str, bool]]:
    rows = pq.read_table(manifest.uris(TABLE)[0]).to_pylist()
    return {row["id"]: (row["detail"], row["goes"]) for row in rows}


CHAIN = [
    ((MERGE, "answer", "thread"), (DROP, "copy", "kept")),
    ((DROP, "thread", "other"), (DROP, "kept", "better"), (DROP, "nobody", "else")),
]


@pytest.mark.parametrize("with_duplicates", [False, True])
def test_holders_are_followed_from_stage_to_stage(
    run_stage: RunStage, lists: Callable[..., Any], with_duplicates: bool
) -> None:
    ledgers = [run_stage(WriteLedger(rows=rows)) for rows in CHAIN]
    stage = FindHolders(**lists(ids=["answer", "copy"]), with_duplicates=with_duplicates)
    goes = with_duplicates
    assert holders(run_stage(stage, ledgers)) == {
        "thread": ("holds answer; id answer", True),
        "kept": ("kept for its duplicate copy; id copy", goes),
        "other": ("kept for its duplicate thread; holds answer; id answer", goes),
        "better": ("kept for its duplicate kept; kept for its duplicate copy; id copy", goes),
    }


def test_a_thread_that_holds_an_answer_goes_also_where_it_is_a_duplicates_partner_too(
    run_stage: RunStage, lists: Callable[..., Any]
) -> None:
    rows = ((DROP, "asked", "thread"), (MERGE, "asked-too", "thread"))
    stage = FindHolders(**lists(ids=["asked", "asked-too"]))
    assert holders(run_stage(stage, [run_stage(WriteLedger(rows=rows))])) == {
        "thread": ("holds asked-too; id asked-too", True)
    }


def documents(make_documents: Callable[..., Manifest], tmp_path: Path) -> Manifest:
    """Two shards in a stage's folder."""
    shards = [
        [
            {"id": f"c4/{shard}/{row}", "text": f"{shard} {row}", "url": f"http://h{shard}.example/{row}"}
            for row in range(3)
        ]
        for shard in range(2)
    ]
    return make_documents(*shards)


def test_shards_that_hold_nothing_of_it_are_the_same_files(
    run_stage: RunStage, make_documents: Callable[..., Manifest], lists: Callable[..., Any], tmp_path: Path
) -> None:
    given = documents(make_documents, tmp_path)
    kinds = lists(ids=["c4/0/1"], hosts=["h9.example"])
    found = run_stage(FindHolders(**kinds), [run_stage(WriteLedger(rows=((DROP, "c4/0/1", "c4/1/2"),)))])
    left = run_stage(Takedown(**kinds), [given, found])
    old, new = given.uris(DOCUMENTS), left.uris(DOCUMENTS)
    assert pq.read_table(new[0]).column("id").to_pylist() == ["c4/0/0", "c4/0/2"]
    assert Path(old[1]).samefile(new[1])
    assert left.of_kind(DOCUMENTS)[1].sha256 == given.of_kind(DOCUMENTS)[1].sha256
    assert (left.documents_in, left.documents_out, left.dropped) == (6, 5, {"removed_on_request": 1})
    assert left.sources["c4"].documents == 5
    (row,) = pq.read_table(left.uris(LEDGER)).to_pylist()
    assert (row["id"], row["rule"], row["detail"]) == ("c4/0/1", "removed_on_request", "id c4/0/1")
    assert [(shard.reused_from, shard.duplicates_left) for shard in left.facts_of(TakenShard)] == [
        (None, 0),
        (given.fingerprint, 1),
    ]


def test_a_shard_of_which_all_goes_leaves_no_file(
    run_stage: RunStage, make_documents: Callable[..., Manifest], lists: Callable[..., Any], tmp_path: Path
) -> None:
    given = documents(make_documents, tmp_path)
    kinds = lists(hosts=["h0.example"])
    left = run_stage(Takedown(**kinds), [given, run_stage(FindHolders(**kinds), [])])
    assert [file.rows for file in left.of_kind(DOCUMENTS)] == [3]
    assert left.dropped == {"removed_on_request": 3}


def tokens_of(manifest: Manifest) -> list[list[int]]:
    return [np.fromfile(uri, "<u2").tolist() for uri in manifest.uris(TOKENS)]


@pytest.mark.parametrize(
    ("ids", "first"),
    [
        (["c4/0/0"], [1, 12, 13, 2, 1, 14, 2]),
        (["c4/0/1"], [1, 11, 2, 1, 14, 2]),
        (["c4/0/2"], [1, 11, 2, 1, 12, 13, 2]),
        (["c4/0/0", "c4/0/1", "c4/0/2"], []),
    ],
)
def test_tokens_of_what_must_go_are_cut_out(
    run_stage: RunStage,
    make_documents: Callable[..., Manifest],
    lists: Callable[..., Any],
    tmp_path: Path,
    ids: list[str],
    first: list[int],
) -> None:
    (tmp_path / "packed").mkdir()
    packed = write_packed(
        tmp_path / "packed",
        [framed("c4", 0, [[11], [12, 13], [14]]), framed("c4", 1, [[15], [16], [17]])],
    )
    kinds = lists(ids=ids)
    taken = run_stage(
        Takedown(**kinds),
        [documents(make_documents, tmp_path), run_stage(FindHolders(**kinds), [])],
    )
    left = run_stage(PackWithout(), [packed, taken])
    assert tokens_of(left) == [first, [1, 15, 2, 1, 16, 2, 1, 17, 2]]
    assert Path(packed.uris(TOKENS)[1]).samefile(left.uris(TOKENS)[1])
    assert Path(packed.uris(INDEX)[1]).samefile(left.uris(INDEX)[1])
    shards = left.facts_of(PackedShard)
    assert [(shard.documents, shard.tokens, shard.reused_from) for shard in shards] == [
        (3 - len(ids), len(first), None),
        (3, 9, packed.fingerprint),
    ]
    index = pq.read_table(left.uris(INDEX)[0])
    before = pq.read_table(packed.uris(INDEX)[0])
    kept = before.filter(pa.array([name not in ids for name in before.column("id").to_pylist()]))
    assert index.column("xxh64").to_pylist() == kept.column("xxh64").to_pylist()
    assert index.column("id").to_pylist() == kept.column("id").to_pylist()
    assert left.documents_in == left.documents_out == 6 - len(ids)


def test_an_earlier_stage_keeps_its_ledger_and_what_it_counted(run_stage: RunStage) -> None:
    stage = run_stage(WriteLedger(rows=((DROP, "a", "b"),)))
    kept = run_stage(Earlier(), [stage])
    again = run_stage(Earlier(), [kept])
    assert Path(again.uris(LEDGER)[0]).samefile(stage.uris(LEDGER)[0])
    assert (again.created, again.dropped) == (0, {})
    assert again.facts_of(Counted) == kept.facts_of(Counted)
    seen = as_it_was(again)
    assert (seen.stage, seen.created, seen.dropped) == ("write_ledger", 1, {"r": 1})
    assert as_it_was(stage) is stage
