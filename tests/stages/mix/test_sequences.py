"""Slots of a schedule as arrays: any order of reads gives the same, documents are numbered, other tokens are refused."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stages.core.manifest import Manifest
from stages.mix.mixture import Mix
from stages.mix.schedule import Schedule, read_mixture
from stages.mix.sequences import ScheduledSequences, cu_seqlens
from stages.tokenize.best_fit import FitSequences
from stages.tokenize.read import PADDING, PackedTokens
from tests.packed import framed, write_packed


@pytest.fixture
def pack(tmp_path: Path) -> Manifest:
    """Books of 4, 3 and 5 tokens in two shards, with c4 between: 1 10 11 2 | 1 12 2 | 1 13 14 15 2."""
    shards = [("books", [[10, 11], [12]]), ("c4", [[20, 21, 22]]), ("books", [[13, 14, 15]])]
    return write_packed(tmp_path, [framed(source, i, rows) for i, (source, rows) in enumerate(shards)])


def opened(pack: Manifest, mix: Manifest, fit: Manifest | None = None) -> ScheduledSequences:
    tokens = PackedTokens.open(pack.folder, None if fit is None else fit.folder)
    return ScheduledSequences(tokens, Schedule(read_mixture(mix.folder), 1))


def test_slots_are_the_schedules_and_documents_are_numbered(
    pack: Manifest, run_stage: Callable[..., Manifest]
) -> None:
    sequences = opened(pack, run_stage(Mix(epochs={"books": 3, "c4": 1}, sequence_length=4), [pack]))
    assert len(sequences) == 7
    found = sequences.read(0, 7, documents=True)
    texts = {
        ("books", 0): ([1, 10, 11, 2, 1], [0, 0, 0, 0, 1], [0, 1, 2, 3, 0]),
        ("books", 1): ([1, 12, 2, 1, 13], [0, 0, 0, 1, 1], [0, 1, 2, 0, 1]),
        ("c4", 0): ([1, 20, 21, 22, 2], [0, 0, 0, 0, 0], [0, 1, 2, 3, 4]),
    }
    expected = [texts[source, index] for source, _, index in sequences.schedule.slots(0, 7).rows()]
    assert [row[0] for row in expected] == found.ids.tolist()
    assert found.segments is not None
    assert found.positions is not None
    assert [row[1] for row in expected] == found.segments.tolist()
    assert [row[2] for row in expected] == found.positions.tolist()
    assert sequences.read(1, 7, 2).ids.tolist() == [row[0] for row in expected][1:7:2]
    assert [sequences[slot].tolist() for slot in (6, 0, 3)] == [expected[slot][0] for slot in (6, 0, 3)]
    again = pickle.loads(pickle.dumps(sequences))
    assert again.read(2, 5).ids.tolist() == sequences.read(2, 5).ids.tolist()
    with pytest.raises(IndexError):
        sequences[7]


def test_padding_of_fitted_sequences_is_a_document(
    pack: Manifest, run_stage: Callable[..., Manifest]
) -> None:
    fit = run_stage(FitSequences(sequence_length=7), [pack])
    mix = run_stage(Mix(sequence_length=7, packing="best_fit"), [pack, fit])
    found = opened(pack, mix, fit).read(0, 3, documents=True)
    [(row, segments, positions)] = [
        (ids, segments, positions)
        for ids, segments, positions in zip(found.ids, found.segments, found.positions, strict=True)
        if 10 in ids
    ]
    assert row.tolist() == [1, 10, 11, 2, 1, 12, 2, PADDING]
    assert segments.tolist() == [0, 0, 0, 0, 1, 1, 1, 2]
    assert positions.tolist() == [0, 1, 2, 3, 0, 1, 2, 0]


def test_cu_seqlens_are_where_documents_begin() -> None:
    found = cu_seqlens(np.array([[0, 0, 1, 1], [0, 0, 0, 0], [0, 1, 2, 2]]))
    assert (found.tolist(), found.dtype) == ([0, 2, 4, 8, 9, 10, 12], np.int32)
    assert cu_seqlens([0, 0, 1]).tolist() == [0, 2, 3]
