"""Datasets for any trainer: the schedule's order over ranks and workers, states that go on exactly, and mistakes."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.utils.data import DataLoader  # noqa: E402

from stages.core.errors import UserError  # noqa: E402
from stages.core.manifest import Manifest  # noqa: E402
from stages.mix.mixture import Mix  # noqa: E402
from stages.mix.schedule import Schedule, read_mixture  # noqa: E402
from stages.mix.sequences import ScheduledSequences  # noqa: E402
from stages.tokenize.best_fit import FitSequences  # noqa: E402
from stages.tokenize.read import PackedTokens  # noqa: E402
from stages.train.dataset import PackedDataset, PackedIterable, PackedLoader  # noqa: E402
from stages.train.loader import Loader  # noqa: E402
from stages.train.loss import IGNORED  # noqa: E402


@pytest.fixture
def sequences(pack: Manifest, mix: Manifest) -> ScheduledSequences:
    return ScheduledSequences(PackedTokens.open(pack.folder), Schedule(read_mixture(mix.folder), 1))


def ids_of(batches: Any) -> list[list[list[int]]]:
    return [batch["input_ids"].tolist() for batch in batches]


def in_order(sequences: ScheduledSequences, batch: int) -> list[list[list[int]]]:
    """The inputs of every whole batch, as the schedule says."""
    rows = [sequences[slot][:-1].tolist() for slot in range(len(sequences))]
    return [rows[at : at + batch] for at in range(0, len(rows) - batch + 1, batch)]


def test_the_datasets_give_what_our_trainer_reads(sequences: ScheduledSequences) -> None:
    ours = Loader(sequences, 6, 3, 1, 2, document_mask=True)
    theirs = PackedIterable(sequences, 6, rank=1, world_size=2, document_mask=True, stacked=True)
    batches = list(theirs)
    assert len(batches) == len(theirs) == len(sequences) // 6
    for step, found in enumerate(batches):
        [expected] = ours.micro_batches(step)
        for name, column in zip(
            ("input_ids", "labels", "segment_ids", "position_ids"),
            (expected.inputs, expected.targets, expected.segments, expected.positions),
            strict=True,
        ):
            assert torch.equal(found[name], column)


@pytest.mark.parametrize("stacked", [False, True])
@pytest.mark.parametrize("world_size", [1, 2, 3])
def test_ranks_read_each_sequence_once(sequences: ScheduledSequences, world_size: int, stacked: bool) -> None:
    def of_rank(rank: int) -> Iterator[list[list[int]]]:
        data = PackedIterable(
            sequences, 12, micro_batch_sequences=2, rank=rank, world_size=world_size, stacked=stacked
        )
        rows = [row for batch in ids_of(PackedLoader(data)) for row in batch]
        assert len(rows) == len(sequences) // 12 * 12 // world_size
        return (rows[at : at + 12 // world_size] for at in range(0, len(rows), 12 // world_size))

    whole = [
        [row for together in zip(*parts, strict=True) for row in together]
        for parts in zip(*map(of_rank, range(world_size)), strict=True)
    ]
    assert whole == in_order(sequences, 12)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_workers_give_the_same_batches_in_the_same_order_and_a_state_fits_any_number_of_them(
    sequences: ScheduledSequences,
) -> None:
    def loader(workers: int, stacked: bool = False) -> PackedLoader:
        return PackedLoader(PackedIterable(sequences, 6, micro_batch_sequences=3, stacked=stacked), workers)

    whole = ids_of(loader(0))
    assert ids_of(loader(3)) == ids_of(loader(2, stacked=True)) == whole
    first = loader(2)
    found = []
    for batch in first:
        found.append(batch["input_ids"].tolist())
        if len(found) == 5:
            break
    state = first.state_dict()
    second, alone = loader(3, stacked=True), loader(0)
    for other in (second, alone):
        other.load_state_dict(state)
        assert ids_of(other) == whole[5:]
    assert found == whole[:5]
    assert ids_of(first) == whole  # an iteration begins at the state that was loaded, here at none


def test_a_state_is_exact_in_the_middle_of_a_batch(sequences: ScheduledSequences) -> None:
    def data() -> PackedIterable:
        return PackedIterable(sequences, 6, rank=1, world_size=2, document_mask=True)

    whole = [row["input_ids"].tolist() for row in data()]
    for taken in (0, 1, 3, 4, len(whole)):
        first, second = data(), data()
        for _, _ in zip(range(taken), first, strict=False):
            pass
        second.load_state_dict(pickle.loads(pickle.dumps(first.state_dict())))
        assert [row["input_ids"].tolist() for row in second] == whole[taken:]
        assert len(second) == len(whole) - taken


def test_between_two_batches_ranks_and_the_size_of_a_batch_may_change(sequences: ScheduledSequences) -> None:
    first = PackedIterable(sequences, 6, rank=0, world_size=2, stacked=True)
    parts = iter(first)
    next(parts), next(parts)
    state = first.state_dict()
    assert (state["slot"], state["sequence"]) == (12, 0)
    other = PackedIterable(sequences, 4, rank=0, world_size=1, stacked=True)
    other.load_state_dict(state)
    rows = [sequences[slot][:-1].tolist() for slot in range(12, len(sequences))]
    assert [row for batch in ids_of(other) for row in batch] == rows[: len(rows) // 4 * 4]


def test_a_state_of_one_worker_goes_on_in_that_worker(
    sequences: ScheduledSequences, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As torchdata's StatefulDataLoader keeps them."""

    class Info:
        id, num_workers = 1, 2

    monkeypatch.setattr("stages.train.dataset.get_worker_info", lambda: Info)
    first = PackedIterable(sequences, 6, micro_batch_sequences=2)
    second = PackedIterable(sequences, 6, micro_batch_sequences=2)
    whole = [row["input_ids"].tolist() for row in first]
    for _, _ in zip(range(5), first, strict=False):
        pass
    second.load_state_dict(first.state_dict())
    assert [row["input_ids"].tolist() for row in second] == whole[5:]
    monkeypatch.setattr("stages.train.dataset.get_worker_info", lambda: None)
    with pytest.raises(UserError, match="worker 1's of 2, but this is worker 0 of 1; resume with as many"):
        next(iter(second))


def test_by_slot_it_is_the_same_order(sequences: ScheduledSequences) -> None:
    data = PackedDataset(sequences)
    whole = in_order(sequences, 5)
    assert ids_of(DataLoader(data, batch_size=5, drop_last=True)) == whole
    assert len(data) == len(sequences)
    assert [row["labels"].tolist() for row in data.__getitems__([7, 2, 2])] == [
        sequences[slot][1:].tolist() for slot in (7, 2, 2)
    ]
    with pytest.raises(IndexError):
        data[len(data)]


def test_unshifted_labels_are_the_inputs(pack: Manifest, run_stage: Callable[..., Manifest]) -> None:
    """As `transformers` shifts them itself; here of fitted sequences, which end with padding."""
    fit = run_stage(FitSequences(sequence_length=40), [pack])
    mix = run_stage(Mix(sequence_length=40, packing="best_fit"), [pack, fit])
    tokens = PackedTokens.open(pack.folder, fit.folder)
    sequences = ScheduledSequences(tokens, Schedule(read_mixture(mix.folder), 1))
    plain, shifted = (PackedDataset(sequences, document_mask=True, shifted=one)[0] for one in (False, True))
    ids = sequences[0]
    assert (ids < 0).any()
    assert plain["labels"].tolist() == np.where(ids < 0, IGNORED, ids).tolist()
    assert plain["input_ids"].tolist() == np.maximum(ids, 0).tolist()
    assert {name: column.shape[0] for name, column in plain.items()} == dict.fromkeys(plain, 41)
    for name in ("input_ids", "position_ids", "segment_ids"):
        assert torch.equal(plain[name][:-1], shifted[name])
    assert torch.equal(plain["labels"][1:], shifted["labels"])


def test_ranks_are_those_of_torchrun(sequences: ScheduledSequences, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "2")
    monkeypatch.setenv("WORLD_SIZE", "3")
    data = PackedIterable(sequences, 6)
    assert (data.rank, data.world_size) == (2, 3)
    assert next(iter(data))["input_ids"].tolist() == sequences[2][:-1].tolist()


def test_what_cannot_be_is_one_line(sequences: ScheduledSequences) -> None:
    for options, line in [
        ({"world_size": 4, "rank": 0}, "batch_sequences 6 must be a multiple of the 4 ranks"),
        (
            {"micro_batch_sequences": 4},
            "micro_batch_sequences 4 must divide the 6 sequences that a rank reads",
        ),
        ({"rank": 1}, "give both rank and world_size, or neither"),
        ({"world_size": 2, "rank": 2}, "rank 2 of 2: ranks are 0 to 1"),
    ]:
        with pytest.raises(UserError, match=line):
            PackedIterable(sequences, 6, **options)


def test_a_state_of_another_order_is_one_line(sequences: ScheduledSequences) -> None:
    data = PackedIterable(sequences, 6)
    state = data.state_dict()
    for change, line in [
        ({"mixture": "abcd"}, "the state was saved with mixture abcd, but here it is .*; begin anew"),
        ({"seed": 2}, "saved with seed 2, but here it is 1; begin anew, or give what it was saved with"),
        ({"sequence": 1, "world_size": 2}, "saved with world_size 2, but here it is 1; save between two"),
    ]:
        with pytest.raises(UserError, match=line):
            data.load_state_dict(state | change)
    del state["seed"]
    with pytest.raises(UserError, match="this is no state of packed sequences \\(it has no 'seed'\\)"):
        data.load_state_dict(state)
    with pytest.raises(UserError, match="in the middle of a micro-batch of 6; resume it without workers"):
        data.load_state_dict(data.state_dict() | {"sequence": 1})
        list(PackedLoader(data, 2))
