"""Training a tokenizer: a seeded sample by weights, LLaMA's options, and nothing lost to long lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import sentencepiece

from stages.core.errors import UserError
from stages.core.manifest import MODEL, TABLE, Manifest
from stages.tokenize.train import SampleText, TrainTokenizer, sampling_rates, training_lines

PROSE = "the quick brown fox jumps over the lazy dog 1984\nwhile seven wizards make a brew"


def rows(count: int, source: str = "c4") -> list[dict[str, str]]:
    return [{"id": f"{source}/f/{i}", "text": f"{PROSE} {i}"} for i in range(count)]


def test_rates_follow_the_weights_and_never_exceed_what_is_there() -> None:
    available = {"c4": 1000, "books": 100}
    assert sampling_rates(available, {}, 550) == {"c4": 0.5, "books": 0.5}
    assert sampling_rates(available, {"c4": 0.5, "books": 0.5}, 400) == {"c4": 0.2, "books": 1.0}
    assert sampling_rates(available, {"c4": 1.0}, 500) == {"c4": 0.5, "books": 0.0}


def test_the_sample_is_chosen_by_seed_and_id(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest]
) -> None:
    documents = make_documents(rows(200))
    samples = []
    for seed in (0, 0, 1):
        half = documents.bytes_out // 2
        manifest = run_stage(SampleText(seed=seed, max_text_bytes=half), [documents])
        samples.append(
            [t for uri in manifest.uris(TABLE) for t in pq.read_table(uri).column("text").to_pylist()]
        )
    assert samples[0] == samples[1] != samples[2]
    assert 60 < len(samples[0]) < 140


def test_the_model_has_llamas_options(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest]
) -> None:
    sample = run_stage(SampleText(), [make_documents(rows(50), rows(5, "books"))])
    manifest = run_stage(TrainTokenizer(vocab_size=330), [sample])
    model = sentencepiece.SentencePieceProcessor(model_file=manifest.uris(MODEL)[0])
    assert [model.id_to_piece(i) for i in range(4)] == ["<unk>", "<s>", "</s>", "<0x00>"]
    assert model.vocab_size() == 330
    assert model.decode(model.encode("  two  spaces\n\n\tтест")) == "  two  spaces\n\n\tтест"
    assert not any(
        len(model.id_to_piece(i).strip("\u2581")) > 1 and "1" in model.id_to_piece(i) for i in range(259, 330)
    )
    assert set(manifest.facts[0]["bytes_per_token"]) == {"books", "c4"}


def test_training_twice_gives_the_same_bytes(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest]
) -> None:
    sample = run_stage(SampleText(), [make_documents(rows(50))])
    runs = [run_stage(TrainTokenizer(vocab_size=330), [sample]) for _ in range(2)]
    assert runs[0].files == runs[1].files


def test_trap_long_lines_are_trained_on(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest]
) -> None:
    """SentencePiece passes silently over lines above 4,192 bytes unless it is told otherwise."""
    long_line = "zyzzyva " * 3000
    sample = run_stage(SampleText(), [make_documents([{"id": "c4/f/0", "text": long_line + "\n" + PROSE}])])
    assert next(len(line) for line in training_lines(sample.uris(TABLE))) == len(long_line)
    manifest = run_stage(TrainTokenizer(vocab_size=310), [sample])
    model = sentencepiece.SentencePieceProcessor(model_file=manifest.uris(MODEL)[0])
    assert "\u2581zyzzyva" in {model.id_to_piece(i) for i in range(310)}


def test_a_vocabulary_larger_than_the_text_allows_is_a_users_mistake(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest]
) -> None:
    sample = run_stage(SampleText(), [make_documents(rows(2))])
    with pytest.raises(UserError, match=r"tokenizer\.train\.vocab_size=5000: .*lower vocab_size"):
        run_stage(TrainTokenizer(vocab_size=5000), [sample])


def test_a_vocabulary_without_room_for_bytes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="greater than or equal to 300"):
        TrainTokenizer(vocab_size=200)
