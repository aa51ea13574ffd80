"""The transformer: counts on the meta device, causality, the document mask, grouped queries."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from stages.train.config import AS_TRAINED, PRESETS, ModelConfig  # noqa: E402
from stages.train.masks import document_mask  # noqa: E402
from stages.train.model import Llama, RMSNorm, count_parameters, rotary_angles, rotate  # noqa: E402

SIZES = ModelConfig(dim=32, num_layers=2, num_heads=4, multiple_of=8)
GROUPED = SIZES.model_copy(update={"num_kv_heads": 2})


def make(config: ModelConfig, seed: int = 1) -> Llama:
    model = Llama(config, 50)
    model.initialize(seed)
    return model.eval()


@pytest.mark.parametrize("preset", PRESETS)
def test_counted_on_the_meta_device(preset: str) -> None:
    vocab_size = AS_TRAINED[preset].vocab_size
    assert count_parameters(PRESETS[preset], vocab_size) == PRESETS[preset].num_parameters(vocab_size)


@pytest.mark.parametrize("config", [SIZES, GROUPED])
def test_no_token_sees_the_next(config: ModelConfig) -> None:
    model, ids = make(config), torch.arange(12).unsqueeze(0)
    changed = ids.clone()
    changed[0, 7] = 40
    with torch.no_grad():
        one, two = model(ids), model(changed)
    assert torch.equal(one[:, :7], two[:, :7])
    assert not torch.allclose(one[:, 7:], two[:, 7:])


@pytest.mark.parametrize("config", [SIZES, GROUPED])
def test_with_the_document_mask_a_packed_document_reads_as_if_alone(config: ModelConfig) -> None:
    model, ids = make(config), torch.arange(10).unsqueeze(0)
    segments = torch.tensor([[0, 0, 0, 0, 1, 1, 1, 1, 1, 1]])
    positions = torch.tensor([[0, 1, 2, 3, 0, 1, 2, 3, 4, 5]])
    with torch.no_grad():
        packed = model(ids, segments, positions)
        alone = torch.cat([model(ids[:, :4]), model(ids[:, 4:])], dim=1)
    assert torch.allclose(packed, alone, atol=1e-6)
    assert not torch.allclose(packed, model(ids), atol=1e-4)


def test_document_mask_is_block_diagonal_and_causal() -> None:
    assert document_mask(torch.tensor([[0, 0, 1]])).int().tolist() == [[[[1, 0, 0], [1, 1, 0], [0, 0, 1]]]]


def test_grouped_queries_equal_repeated_keys_and_values() -> None:
    grouped, full = make(GROUPED), make(SIZES)
    state = grouped.state_dict()
    for name, weight in state.items():
        if "k_proj" in name or "v_proj" in name:
            state[name] = weight.view(2, 8, 32).repeat_interleave(2, dim=0).reshape(32, 32)
    full.load_state_dict(state)
    ids = torch.arange(9).unsqueeze(0)
    with torch.no_grad():
        assert torch.allclose(grouped(ids), full(ids), atol=1e-6)


def test_rotary_scores_depend_on_distance_alone() -> None:
    generator = torch.Generator().manual_seed(1)
    query, key = torch.randn(2, 1, 1, 1, 8, generator=generator)

    def score(query_at: int, key_at: int) -> float:
        angles = [rotary_angles(torch.tensor([[at]]), 8, 10_000.0) for at in (query_at, key_at)]
        return float((rotate(query, *angles[0]) * rotate(key, *angles[1])).sum())

    assert score(7, 3) == pytest.approx(score(104, 100), abs=1e-4)
    assert score(7, 3) != pytest.approx(score(7, 4), abs=1e-4)


def test_rms_norm_by_hand() -> None:
    norm = RMSNorm(2, 0.0)
    assert norm(torch.tensor([3.0, 4.0])).tolist() == pytest.approx([3 / 12.5**0.5, 4 / 12.5**0.5])


def test_no_biases_and_untied_embeddings() -> None:
    names = list(make(SIZES).state_dict())
    assert not [name for name in names if "bias" in name]
    assert {"embed_tokens.weight", "lm_head.weight"} <= set(names)


def test_the_seed_is_all_there_is_to_the_first_weights() -> None:
    torch.manual_seed(5)
    one = make(SIZES, 3).state_dict()
    torch.manual_seed(6)
    two, three = make(SIZES, 3).state_dict(), make(SIZES, 4).state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not torch.equal(one["lm_head.weight"], three["lm_head.weight"])
