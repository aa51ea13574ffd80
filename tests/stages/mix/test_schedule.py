"""The schedule's properties: exact weights in any prefix, fresh whole epochs, any number of ranks."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.core.errors import UserError
from stages.mix.schedule import Mixture, MixtureSource, Schedule, batch_of_step


def mixture_of(parts: dict[str, tuple[int, int]], length: int = 8) -> Mixture:
    """A mixture from (sequences available, sequences drawn) by source."""
    total = sum(drawn for _, drawn in parts.values())
    sources = {
        name: MixtureSource(
            tokens_available=there * length + 1,
            sequences_available=there,
            weight=drawn / total if total else 0,
            epochs=drawn / there if there else 0,
            tokens=drawn * length,
            sequences=drawn,
        )
        for name, (there, drawn) in parts.items()
    }
    return Mixture(
        sequence_length=length,
        tokenizer_sha256="ab",
        total_tokens=total * length,
        total_sequences=total,
        sources=sources,
    )


MIXTURES = st.dictionaries(
    st.sampled_from(["arxiv", "books", "c4", "common_crawl", "github", "wikipedia"]),
    st.tuples(st.integers(1, 40), st.integers(0, 120)),
    min_size=1,
).map(mixture_of)


@settings(max_examples=60, deadline=None)
@given(MIXTURES, st.integers(0, 2**40))
def test_prefixes_and_epochs(mixture: Mixture, seed: int) -> None:
    rows = Schedule(mixture, seed).slots(0, mixture.total_sequences).rows()
    counts: Counter[str] = Counter()
    for number, (source, epoch, _) in enumerate(rows, start=1):
        part = mixture.sources[source]
        assert epoch == counts[source] // part.sequences_available
        counts[source] += 1
        for name, other in mixture.sources.items():
            off = counts[name] * mixture.total_sequences - other.sequences * number
            assert abs(off) < mixture.total_sequences
    assert len(set(rows)) == len(rows), "a sequence came twice in one epoch"
    for source, part in mixture.sources.items():
        for epoch in range(part.sequences // part.sequences_available):
            seen = sorted(row[2] for row in rows if row[:2] == (source, epoch))
            assert seen == list(range(part.sequences_available))


@settings(max_examples=40, deadline=None)
@given(MIXTURES, st.integers(0, 5), st.integers(1, 6), st.integers(1, 4))
def test_ranks_share_one_batch(mixture: Mixture, step: int, world_size: int, per_rank: int) -> None:
    size = world_size * per_rank
    if (step + 1) * size > mixture.total_sequences:
        step = 0
    if size > mixture.total_sequences:
        return
    batch = batch_of_step(mixture, 3, step, size)
    ranks = [batch.of_rank(rank, world_size).rows() for rank in range(world_size)]
    assert [len(rows) for rows in ranks] == [per_rank] * world_size
    together = [ranks[slot % world_size][slot // world_size] for slot in range(size)]
    assert together == batch.rows() == Schedule(mixture, 3).slots(step * size, (step + 1) * size).rows()


def test_another_seed_is_another_order_of_the_same() -> None:
    mixture = mixture_of({"books": (50, 100), "c4": (100, 100)})
    one, two = (Schedule(mixture, seed).slots(0, 200).rows() for seed in (1, 2))
    assert one != two
    assert sorted(one) == sorted(two)
    assert [row[:2] for row in one] == [row[:2] for row in two]


def test_epochs_come_in_fresh_orders() -> None:
    mixture = mixture_of({"books": (50, 100)})
    rows = Schedule(mixture, 1).slots(0, 100).rows()
    assert [row[2] for row in rows[:50]] != [row[2] for row in rows[50:]]


@pytest.mark.slow
def test_llama_at_full_scale() -> None:
    """1.4T tokens in sequences of 2,048: the last batch, the middle and the counts, in seconds."""
    shares = {"common_crawl": 670, "c4": 150, "github": 45, "wikipedia": 45, "books": 45, "arxiv": 25}
    total = 1_400_000_000_000 // 2048
    drawn = {source: total * share // 1000 for source, share in shares.items()}
    drawn["stackexchange"] = total - sum(drawn.values())
    mixture = mixture_of(
        {s: (n // 2 if s in ("wikipedia", "books") else n, n) for s, n in drawn.items()}, 2048
    )
    schedule = Schedule(mixture, 1)
    last = schedule.batch(total // 2048 - 1, 2048)
    assert len(set(last.rows())) == 2048
    assert {row[1] for row in last.rows() if row[0] == "wikipedia"} == {1}
    assert schedule.counts_before(total) == drawn
    for slot in (1, total // 3, 517 << 20, (517 << 20) + 1, total - 1):
        counts = schedule.counts_before(slot)
        assert sum(counts.values()) == slot
        assert all(abs(counts[source] * total - slot * drawn[source]) < total for source in drawn)
    middle = schedule.slots(total // 2 - 1024, total // 2 + 1024)
    assert {row[1] for row in middle.rows() if row[0] == "c4"} == {0}


def test_the_end_is_the_end() -> None:
    schedule = Schedule(mixture_of({"books": (5, 5)}), 1)
    with pytest.raises(IndexError, match="slots 4 to 8 of 5"):
        schedule.batch(1, 4)


def test_draws_from_nothing_are_refused() -> None:
    mixture = mixture_of({"books": (5, 5)})
    bad = MixtureSource(
        tokens_available=1, sequences_available=0, weight=0.5, epochs=0, tokens=8, sequences=1
    )
    with pytest.raises(UserError, match="draws 1 sequences of c4, which has none"):
        Schedule(mixture.model_copy(update={"sources": {**mixture.sources, "c4": bad}}), 1)


def test_held_out_sequences_are_in_no_slot_and_a_tenth_at_most() -> None:
    """Whatever the seed and the epoch; none of a source that is not drawn."""
    mixture = mixture_of({"arxiv": (25, 60), "books": (9, 20), "c4": (100, 150), "github": (50, 0)})
    for seed in (1, 2):
        schedule = Schedule(mixture, seed, held_out=4)
        held = {name: list(schedule.held_out(name)) for name in schedule.sources}
        assert held == {"arxiv": [23, 24], "books": [], "c4": [96, 97, 98, 99], "github": []}
        rows = schedule.slots(0, mixture.total_sequences).rows()
        assert Counter(source for source, _, _ in rows) == {"arxiv": 60, "books": 20, "c4": 150}
        drawn = {(source, sequence) for source, _, sequence in rows}
        assert {n for source, n in drawn if source == "c4"} == set(range(96))
        assert {n for source, n in drawn if source == "arxiv"} == set(range(23))
