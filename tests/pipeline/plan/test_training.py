"""What a plan says of a training: which world size its preset needs, as it is told and by FSDP with each policy."""

from __future__ import annotations

from pathlib import Path

from pipeline.plan.training import cards_needed
from stages.core.yaml_file import parse_yaml
from stages.train.config import TrainConfig
from stages.train.memory import CARD_BYTES, USABLE, rank_bytes

DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_the_world_size_of_a_preset_is_said() -> None:
    found = cards_needed(TrainConfig(model="65B", micro_batch_sequences=1), 32_000, 2048)
    assert found[0] == "memory of training, 1 sequences of 2,048 at a time, on cards of 80.0 GB:"
    told = [line.split("; each")[0].strip() for line in found[1:]]
    assert told == [
        "--parallel ddp --recompute none: fits on no number of cards, each has a whole model; see fsdp",
        "--parallel fsdp --recompute none: 760 or more processes",
        "--parallel fsdp --recompute selective: 40 or more processes",
        "--parallel fsdp --recompute full: 24 or more processes",
    ]
    parts = "weights 10.9 GB, gradients 10.9 GB, optimizer 21.8 GB, activations 3.6 GB, passing 9.4 GB"
    assert found[-1].endswith(f"; each {parts}")


def test_the_7b_of_the_docs_is_a_config_that_fits_on_its_cards() -> None:
    """`docs/operations.md`: four machines of eight cards."""
    text = (DOCS / "operations.md").read_text(encoding="utf-8")
    config = TrainConfig.model_validate(
        parse_yaml(text.split("# train.yaml\n")[1].split("```")[0].encode(), "x")
    )
    assert config.batch_sequences % 32 == 0
    assert rank_bytes(config, 32_000, 2048, 32).total < USABLE * CARD_BYTES


def test_what_fits_nowhere_is_told_what_to_do() -> None:
    found = [
        cards_needed(TrainConfig(model="65B", micro_batch_sequences=micro), 32_000, length)[2]
        for micro, length in ((2, 2048), (1, 8192))
    ]
    assert [line.split(": ")[1].split("; each")[0] for line in found] == [
        "fits on no number of cards, lower micro_batch_sequences",
        "fits on no number of cards, recompute more",
    ]
