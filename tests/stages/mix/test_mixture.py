"""The mix stage: from a pack manifest's facts to mixture.json."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from stages.core.errors import UserError
from stages.core.manifest import Manifest, ShardReport
from stages.core.stage import make_manifest
from stages.mix.mixture import Mix
from stages.mix.schedule import Mixture, MixtureSource, read_mixture
from stages.tokenize.pack import Pack, PackedShard

BASE = {
    "dtype": "uint16",
    "tokenizer_sha256": "ab" * 32,
    "vocab_size": 300,
    "bos": 1,
    "eos": 2,
    "documents": 3,
    "text_bytes": 9,
}


def pack_manifest(*parts: tuple[str, int], **changed: object) -> Manifest:
    """What the mix stage reads of a pack stage: the facts of its shards."""
    facts = [
        PackedShard.model_validate(
            {
                **BASE,
                "source": source,
                "tokens": tokens,
                "shard": f"tokens/tokens-{number:05d}.bin",
                **changed,
            }
        )
        for number, (source, tokens) in enumerate(parts)
    ]
    reports = [ShardReport(task=f"{i:05d}", facts=fact.model_dump()) for i, fact in enumerate(facts)]
    return make_manifest("pack", Pack(), "f", [], [], reports, "")


def test_a_mixture_in_whole_sequences(run_stage: Callable[..., Manifest]) -> None:
    """101 + 100 tokens are 20 sequences of 10 (each target needs the token after); two epochs are 40."""
    pack = pack_manifest(("books", 101), ("c4", 1005), ("books", 100), ("arxiv", 10))
    done = run_stage(Mix(epochs={"books": 2}, budget=1000, sequence_length=10), [pack])
    assert read_mixture(done.folder) == Mixture(
        sequence_length=10,
        tokenizer_sha256="ab" * 32,
        total_tokens=1000,
        total_sequences=100,
        sources={
            "arxiv": MixtureSource(
                tokens_available=10, sequences_available=0, weight=0, epochs=0, tokens=0, sequences=0
            ),
            "books": MixtureSource(
                tokens_available=201, sequences_available=20, weight=0.4, epochs=2, tokens=400, sequences=40
            ),
            "c4": MixtureSource(
                tokens_available=1005,
                sequences_available=100,
                weight=0.6,
                epochs=0.6,
                tokens=600,
                sequences=60,
            ),
        },
    )
    assert done.facts == (
        {
            "tokens": 1000,
            "sequences": 100,
            "warnings": ["arxiv is left out: 10 tokens are no whole sequence"],
        },
    )
    assert [(file.name, file.kind, file.rows) for file in done.files] == [("model/mixture.json", "model", 3)]


def test_same_input_same_bytes(run_stage: Callable[..., Manifest]) -> None:
    pack = pack_manifest(("books", 1010), ("c4", 1005))
    mix = Mix(weights={"c4": 0.3, "books": 0.7}, sequence_length=10)
    first, second = run_stage(mix, [pack]), run_stage(mix, [pack])
    assert first.files == second.files


@pytest.mark.parametrize(
    ("mix", "message"),
    [
        (Mix(weights={"wikipedia": 1}, sequence_length=10), "wikipedia: there are no tokens of this source"),
        (Mix(epochs={"arxiv": 2}, sequence_length=10), "arxiv: the source is empty"),
        (Mix(budget="9", sequence_length=10), "9 tokens are less than one sequence of 10"),
        (Mix(sequence_length=4096), "no source has tokens to mix"),
    ],
)
def test_what_cannot_be_is_refused_when_planned(mix: Mix, message: str) -> None:
    with pytest.raises(UserError, match=message):
        mix.plan([pack_manifest(("c4", 1005), ("arxiv", 10))])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"budget": "lots"}, "'lots' is no number of tokens"),
        ({"weights": {"c4": -1.0}}, "c4: -1.0 must be a number of at least 0"),
        ({"epochs": {"c4": float("nan")}}, "c4: nan must be a number of at least 0"),
    ],
)
def test_what_no_data_can_mend_is_refused_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Mix(**options)


def test_two_tokenizers_are_refused() -> None:
    one, other = pack_manifest(("c4", 100)), pack_manifest(("books", 100), tokenizer_sha256="cd")
    both = one.model_copy(update={"facts": (*one.facts, *other.facts)})
    with pytest.raises(UserError, match="come from 2 tokenizers"):
        Mix(sequence_length=10).plan([both])


def test_no_packed_tokens_are_refused() -> None:
    with pytest.raises(UserError, match="needs the finished pack stage"):
        Mix(sequence_length=10).plan([pack_manifest()])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"weights": {"books": 0.2, "c4": 0.6, "arxiv": 0.2}}, ["weights: arxiv"]),
        (
            {"weights": {"books": 0.2, "c4": 0.6, "papers": 0.2}, "groups": {"papers": ["arxiv"]}},
            ["weights: papers"],
        ),
        ({"weights": {"books": 0.2}, "epochs": {"c4": 1.2, "arxiv": 3}, "budget": 1500}, ["epochs: arxiv"]),
        ({"epochs": {"arxiv": 2, "tiny": 2, "books": 2}}, ["epochs: arxiv", "epochs: tiny"]),
    ],
)
def test_what_is_said_of_a_source_that_may_be_empty_and_is_is_passed_over(
    options: dict[str, Any], told: list[str]
) -> None:
    """Weights go to the others in proportion; without the permission a source without tokens is a mistake."""
    tokens = {"books": 1001, "c4": 1001, "tiny": 5}
    mix = Mix(**options, sequence_length=10, may_be_empty=("arxiv", "books", "c4", "tiny"))
    mixture, warnings = mix.mixture(tokens, "ab")
    assert [line for line in warnings if "passed over" in line] == [
        f"{name} has no tokens and is passed over" for name in told
    ]
    assert mixture.sources["books"].sequences and mixture.sources["c4"].sequences
    if "weights" in options and "epochs" not in options:
        assert (mixture.sources["books"].sequences, mixture.sources["c4"].sequences) == (133, 400)
    with pytest.raises(UserError, match="there are no tokens|are empty"):
        mix.model_copy(update={"may_be_empty": ()}).mixture(tokens, "ab")


def test_which_sources_may_be_empty_is_no_content() -> None:
    assert Mix(may_be_empty=("c4",)).fingerprint([]) == Mix().fingerprint([])
