"""Best-fit packing: nothing is lost, nothing short is cut, little is padded, and the reader gives it back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.errors import UserError
from stages.core.manifest import Manifest, read_manifest, write_record
from stages.core.stage import make_manifest
from stages.kernels.best_fit import best_fit
from stages.mix.mixture import Mix
from stages.mix.schedule import read_mixture
from stages.tokenize.best_fit import FitSequences, cut_documents, fit_documents
from stages.tokenize.read import PADDING, PackedTokens
from tests.stages.tokenize.test_read import write_pack

LENGTHS = st.lists(st.integers(2, 60), max_size=60)


@given(st.lists(st.integers(1, 130), max_size=80), st.integers(130, 140))
def test_the_kernel_fills_as_the_rule_says(lengths: list[int], capacity: int) -> None:
    """By hand: the bin with the least room that is enough, of several the one filled last."""
    lengths = sorted(lengths, reverse=True)
    room: list[int] = []
    filled_at: list[int] = []
    expected = []
    for time, length in enumerate(lengths):
        enough = [(room[b], -filled_at[b], b) for b in range(len(room)) if room[b] >= length]
        if not enough:
            room.append(capacity)
            filled_at.append(0)
        chosen = min(enough)[2] if enough else len(room) - 1
        room[chosen] -= length
        filled_at[chosen] = time
        expected.append(chosen)
    bins, count = best_fit(np.array(lengths, np.int64), capacity)
    assert (bins.tolist(), count) == (expected, len(room))


@given(LENGTHS, st.integers(1, 20))
def test_every_target_is_in_one_sequence_and_short_documents_are_whole(
    lengths: list[int], length: int
) -> None:
    sizes = np.array(lengths, np.int64)
    offsets = np.cumsum(sizes) - sizes
    pieces, count = fit_documents(offsets, sizes, length)
    rows = list(zip(*(pieces.column(n).to_pylist() for n in ("sequence", "offset", "length")), strict=True))
    targets = sorted(place for _, offset, size in rows for place in range(offset + 1, offset + size))
    first = set(offsets.tolist())
    assert targets == [place for place in range(int(sizes.sum())) if place not in first]
    filled = np.zeros(count, np.int64)
    np.add.at(filled, pieces.column("sequence").to_numpy(), pieces.column("length").to_numpy())
    assert all(0 < number <= length + 1 for number in filled)
    whole = {(offset, size) for _, offset, size in rows}
    assert all(pair in whole for pair in zip(offsets.tolist(), lengths, strict=True) if pair[1] <= length + 1)


def test_a_long_document_is_cut_as_a_stream_is() -> None:
    starts, sizes = cut_documents(np.array([10]), np.array([10]), 4)
    assert list(zip(starts.tolist(), sizes.tolist(), strict=True)) == [(10, 5), (14, 5), (18, 2)]
    starts, sizes = cut_documents(np.array([0, 5]), np.array([5, 1]), 4)
    assert (starts.tolist(), sizes.tolist()) == ([0], [5])


@pytest.fixture
def packed(tmp_path: Path) -> Manifest:
    """Books in two shards with c4 between: books is 1 10 11 2 | 1 12 2 | 1 13 14 15 2."""
    folder = tmp_path / "pack"
    folder.mkdir()
    shards = [("books", [[10, 11], [12]]), ("c4", [[20, 21]]), ("books", [[13, 14, 15]])]
    write_pack(folder, shards)
    return read_manifest(str(folder))


def test_the_reader_gives_sequences_segments_and_positions(
    packed: Manifest, run_stage: Callable[..., Manifest]
) -> None:
    fitted = run_stage(FitSequences(sequence_length=6), [packed])
    tokens = PackedTokens.open(packed.folder, fitted.folder)
    assert [tokens.num_sequences(source, 6) for source in ("books", "c4")] == [2, 1]
    assert tokens.num_sequences("books", 5) == 0
    assert tokens.sequence("books", 0, 6).tolist() == [1, 10, 11, 2, 1, 12, 2]
    assert tokens.sequence("books", 1, 6).tolist() == [1, 13, 14, 15, 2, PADDING, PADDING]
    assert tokens.segment_ids("books", 0, 6).tolist() == [0, 0, 0, 0, 1, 1]
    assert tokens.position_ids("books", 0, 6).tolist() == [0, 1, 2, 3, 0, 1]
    assert tokens.segment_ids("books", 1, 6).tolist() == [0, 0, 0, 0, 0, 1]
    assert tokens.spans("books", 1, 6) == [(7, 12)]
    with pytest.raises(IndexError, match="sequence 2 of 2 of books"):
        tokens.sequence("books", 2, 6)


def test_the_report_says_what_is_cut_and_padded(packed: Manifest, run_stage: Callable[..., Manifest]) -> None:
    facts = run_stage(FitSequences(sequence_length=5), [packed]).facts
    assert facts[0] == {
        "source": "books",
        "shard": "tokens/tokens-00000.bin",
        "documents": 2,
        "sequences": 2,
        "pieces": 2,
        "cut_documents": 0,
        "cut_in_a_stream": 1,
        "padding_tokens": 5,
    }
    cut = run_stage(FitSequences(sequence_length=3), [packed]).facts[2]
    assert (cut["cut_documents"], cut["pieces"], cut["sequences"]) == (1, 2, 2)


def test_a_mixture_draws_the_fitted_sequences(packed: Manifest, run_stage: Callable[..., Manifest]) -> None:
    fitted = run_stage(FitSequences(sequence_length=3), [packed])
    mix = run_stage(Mix(sequence_length=3, packing="best_fit", epochs={"books": 2}), [packed, fitted])
    mixture = read_mixture(mix.folder)
    assert mixture.packing == "best_fit"
    assert {name: part.sequences_available for name, part in mixture.sources.items()} == {"books": 4, "c4": 1}
    books = mixture.sources["books"]
    assert (books.sequences, books.tokens, books.epochs) == (
        8,
        2 * (3 + 2 + 3 + 1),
        2.0,
    )  # padding is not counted
    with pytest.raises(UserError, match="did not fit sequences of 4"):
        run_stage(Mix(sequence_length=4, packing="best_fit"), [packed, fitted])


def test_sequences_fitted_to_other_tokens_are_refused(
    packed: Manifest, run_stage: Callable[..., Manifest]
) -> None:
    other = packed.model_copy(update={"fingerprint": "other"})
    fitted = make_manifest("fit", FitSequences(), "x", [other], [], [], str(Path(packed.folder)))
    folder = Path(packed.folder).parent / "fit"
    folder.mkdir()
    write_record(str(folder / "manifest.json"), fitted)
    with pytest.raises(UserError, match="fitted to other packed tokens; run mix again"):
        PackedTokens.open(packed.folder, str(folder))
