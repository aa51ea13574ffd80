"""Batches of a step: the schedule's sequences, shifted by one, split over ranks and micro-batches."""

from __future__ import annotations

from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch")

from stages.core.errors import UserError  # noqa: E402
from stages.core.stage import Manifest  # noqa: E402
from stages.mix.mixture import Mix  # noqa: E402
from stages.mix.schedule import Schedule, read_mixture  # noqa: E402
from stages.mix.sequences import ScheduledSequences  # noqa: E402
from stages.tokenize.best_fit import FitSequences  # noqa: E402
from stages.tokenize.read import PackedTokens  # noqa: E402
from stages.train.loader import Loader  # noqa: E402
from stages.train.loss import IGNORED, loss_sums  # noqa: E402


def test_a_batch_is_what_the_schedule_says(pack: Manifest, mix: Manifest) -> None:
    tokens, schedule = PackedTokens.open(pack.folder), Schedule(read_mixture(mix.folder), 1)
    batches = Loader(ScheduledSequences(tokens, schedule), 6, 4, document_mask=True).micro_batches(2)
    assert [batch.inputs.shape[0] for batch in batches] == [4, 2]
    assert [batch.fraction for batch in batches] == [4 / 6, 2 / 6]
    rows = schedule.batch(2, 6).rows()
    expected = [tokens.sequence(source, sequence, 16).tolist() for source, _, sequence in rows]
    assert [row for batch in batches for row in batch.inputs.tolist()] == [ids[:-1] for ids in expected]
    assert [row for batch in batches for row in batch.targets.tolist()] == [ids[1:] for ids in expected]
    first, (source, _, sequence) = batches[0], rows[0]
    assert first.segments is not None
    assert first.positions is not None
    assert first.segments[0].tolist() == tokens.segment_ids(source, sequence, 16).tolist()
    assert first.positions[0].tolist() == tokens.position_ids(source, sequence, 16).tolist()


def test_ranks_read_the_same_batch_between_them(pack: Manifest, mix: Manifest) -> None:
    tokens, schedule = PackedTokens.open(pack.folder), Schedule(read_mixture(mix.folder), 1)
    [whole] = Loader(ScheduledSequences(tokens, schedule), 6, 6).micro_batches(1)
    parts = [
        Loader(ScheduledSequences(tokens, schedule), 6, 6, rank, 3).micro_batches(1)[0].inputs
        for rank in range(3)
    ]
    assert torch.equal(torch.stack(parts, dim=1).flatten(0, 1), whole.inputs)


def test_steps_are_the_same_read_ahead(pack: Manifest, mix: Manifest) -> None:
    tokens, schedule = PackedTokens.open(pack.folder), Schedule(read_mixture(mix.folder), 1)
    loader = Loader(ScheduledSequences(tokens, schedule), 6, 6)
    seen = {step: batches[0].inputs for step, batches in loader.steps(3, 6)}
    assert list(seen) == [3, 4, 5]
    assert all(torch.equal(seen[step], loader.micro_batches(step)[0].inputs) for step in seen)
    assert list(loader.steps(3, 3)) == []


def test_a_batch_that_ranks_cannot_share_is_refused(pack: Manifest, mix: Manifest) -> None:
    tokens, schedule = PackedTokens.open(pack.folder), Schedule(read_mixture(mix.folder), 1)
    with pytest.raises(UserError, match="batch_sequences 6 must be a multiple of the 4 ranks"):
        Loader(ScheduledSequences(tokens, schedule), 6, 6, 0, 4)


def test_a_mixture_of_other_tokens_is_refused(pack: Manifest, mix: Manifest) -> None:
    tokens, mixture = PackedTokens.open(pack.folder), read_mixture(mix.folder)
    with pytest.raises(UserError, match="made for tokenizer cdcd, but"):
        ScheduledSequences(tokens, Schedule(mixture.model_copy(update={"tokenizer_sha256": "cdcd"}), 1))
    books = mixture.sources["books"].model_copy(update={"tokens_available": 5})
    other = mixture.model_copy(update={"sources": mixture.sources | {"books": books}})
    with pytest.raises(UserError, match="made for 5 tokens of books, but the shards hold"):
        ScheduledSequences(tokens, Schedule(other, 1))


def test_padding_of_a_fitted_sequence_has_no_target_and_weighs_nothing(
    pack: Manifest, run_stage: Callable[..., Manifest]
) -> None:
    fit = run_stage(FitSequences(sequence_length=40), [pack])
    mix = run_stage(Mix(sequence_length=40, packing="best_fit"), [pack, fit])
    tokens, mixture = PackedTokens.open(pack.folder, fit.folder), read_mixture(mix.folder)
    schedule = Schedule(mixture, 1)
    [whole] = Loader(ScheduledSequences(tokens, schedule), 12, 12, document_mask=True).micro_batches(0)
    padded = whole.targets == IGNORED
    assert 0 < int(padded.sum()) < padded.numel() / 4
    assert whole.filled == pytest.approx(1 - float(padded.float().mean()))
    assert int(whole.inputs.min()) >= 0
    logits = torch.randn(12, 40, tokens.vocab_size, generator=torch.Generator().manual_seed(1))
    by_hand = torch.nn.functional.cross_entropy(logits[~padded], whole.targets[~padded], reduction="sum")
    sums = loss_sums(logits.flatten(0, 1), whole.targets.flatten())
    assert sums.tolist() == pytest.approx([float(by_hand)] * 2)
    with pytest.raises(UserError, match="the mixture is of best_fit sequences; give its fit stage too"):
        ScheduledSequences(PackedTokens.open(pack.folder), schedule)
