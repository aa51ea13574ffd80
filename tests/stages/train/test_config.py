"""Model sizes of the papers, and configs that check themselves."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from stages.train.config import PRESETS, ModelConfig, TrainConfig


@pytest.mark.parametrize(
    ("preset", "vocab_size", "parameters", "hidden"),
    [
        ("125M", 32_000, 134_105_856, 2_048),
        ("350M", 32_000, 373_867_520, 2_816),
        ("1.3B", 32_000, 1_364_297_728, 5_632),
        ("7B", 32_000, 6_738_415_616, 11_008),
        ("llama2-7B", 32_000, 6_738_415_616, 11_008),
        ("llama2-13B", 32_000, 13_015_864_320, 13_824),
        ("llama3-70B", 128_256, 70_553_706_496, 28_672),
        ("13B", 32_000, 13_015_864_320, 13_824),
        ("33B", 32_000, 32_528_943_616, 17_920),
        ("65B", 32_000, 65_285_660_672, 22_016),
        ("llama2-70B", 32_000, 68_976_648_192, 28_672),
        ("llama3-8B", 128_256, 8_030_261_248, 14_336),
    ],
)
def test_sizes_are_those_of_the_papers(preset: str, vocab_size: int, parameters: int, hidden: int) -> None:
    assert PRESETS[preset].num_parameters(vocab_size) == parameters
    assert PRESETS[preset].hidden_dim == hidden


def test_65b_at_47_percent_of_peak() -> None:
    """380 tokens a second and A100 are about 47-50% of 312 TFLOPs."""
    flops = PRESETS["65B"].flops_per_token(32_000, 2048)
    assert 0.47 < 380 * flops / 312e12 < 0.52


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"dim": 10, "num_layers": 1, "num_heads": 3}, "dim 10 must be a multiple of num_heads 3"),
        ({"dim": 9, "num_layers": 1, "num_heads": 3}, "dim / num_heads is 3; rotary embeddings need an even"),
        ({"dim": 16, "num_layers": 1, "num_heads": 4, "num_kv_heads": 3}, "multiple of num_kv_heads 3"),
        ({"dim": 16, "num_layers": 1, "num_heads": 4, "heads": 3}, "Extra inputs are not permitted"),
    ],
)
def test_wrong_sizes_are_refused(given: dict[str, int], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ModelConfig.model_validate(given)


def test_wrong_training_is_refused() -> None:
    with pytest.raises(ValidationError, match="model '8B': no such size; known: tiny, 125M"):
        TrainConfig(model="8B")
    with pytest.raises(ValidationError, match="warmup_steps 2000 must be below `steps` 100"):
        TrainConfig(steps=100)
    with pytest.raises(ValidationError, match="tensor_parallel needs parallel fsdp"):
        TrainConfig(model="7B", tensor_parallel=2)
    with pytest.raises(
        ValidationError, match="tensor_parallel 16 must divide the 8 heads of keys and the hidden"
    ):
        TrainConfig(model="llama3-8B", parallel="fsdp", tensor_parallel=16)


def test_peak_rates() -> None:
    sizes = ModelConfig(dim=16, num_layers=1, num_heads=4)
    rates = [TrainConfig(model=model).peak for model in ("7B", "65B", "tiny", sizes)]
    assert rates == [3e-4, 1.5e-4, 1e-3, 1e-3]
    assert TrainConfig(model="7B", peak_rate=0.5).peak == 0.5
