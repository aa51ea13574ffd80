"""Each claim of memory, against models: weights and optimizer on the meta device, activations as PyTorch keeps them."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

import torch.distributed as dist  # noqa: E402
from torch.testing._internal.distributed.fake_pg import FakeStore  # noqa: E402
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402
from torch.utils._pytree import tree_leaves  # noqa: E402

from stages.train.config import AS_TRAINED, PRESETS, ModelConfig, Recompute, TrainConfig  # noqa: E402
from stages.train.loss import chunked_losses  # noqa: E402
from stages.train.memory import (  # noqa: E402
    activation_bytes,
    layer_weights,
    logit_bytes,
    rank_bytes,
    share_of_weights,
    world_size_needed,
)
from stages.train.model import Llama, count_parameters  # noqa: E402
from stages.train.ranks import Place  # noqa: E402
from stages.train.sharding import share_out  # noqa: E402

ON_A_CLUSTER = {"parallel": "fsdp", "recompute": "full", "micro_batch_sequences": 1}


@pytest.mark.parametrize(
    ("model", "world_size", "tensor"),
    [
        ("tiny", 3, 1),
        ("tiny", 12, 4),
        ("7B", 8, 1),
        ("llama3-8B", 24, 1),
        ("llama3-8B", 24, 8),
        ("65B", 64, 1),
        ("65B", 64, 8),
    ],
)
def test_a_process_s_weights_are_those_that_fsdp_gives_it(model: str, world_size: int, tensor: int) -> None:
    """On the meta device, with a group of processes that are not there."""
    vocab_size = AS_TRAINED[model].vocab_size
    config = TrainConfig(model=model, parallel="fsdp", tensor_parallel=tensor)
    dist.init_process_group("fake", store=FakeStore(), rank=0, world_size=world_size)
    try:
        with torch.device("meta"):
            built = Llama(config.sizes, vocab_size)
        share_out(built, config, Place(0, world_size, torch.device("cpu"), None, tensor))
        held = sum(weight.to_local().numel() for weight in built.parameters())
    finally:
        dist.destroy_process_group()
    assert share_of_weights(config.sizes, vocab_size, world_size, tensor) == held
    found = rank_bytes(config, vocab_size, 2048, world_size)
    assert (found.weights, found.gradients, found.optimizer) == (4 * held, 4 * held, 8 * held)


class Kept(TorchDispatchMode):
    """Bytes of what the operations gave and what is still there; `most` is what was there at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[int, tuple[Any, int]] = {}
        self.most = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if isinstance(tensor, torch.Tensor):
                storage = tensor.untyped_storage()
                self.seen[storage._cdata] = (weakref.ref(storage), storage.nbytes())
        self.most = max(self.most, self.bytes(set()))
        return out

    def bytes(self, apart: set[int]) -> int:
        return sum(
            size for key, (alive, size) in self.seen.items() if alive() is not None and key not in apart
        )


@pytest.mark.parametrize("kv_heads", [4, 2])
@pytest.mark.parametrize("recompute", ["none", "selective", "full"])
def test_activations_are_what_the_forward_pass_keeps(recompute: Recompute, kv_heads: int) -> None:
    """To the byte, in bfloat16; beside them one part's logits, the targets and the rotary angles."""
    sizes = ModelConfig(dim=64, num_layers=3, num_heads=4, num_kv_heads=kv_heads, multiple_of=16)
    positions, vocab_size = 2 * 16, 40
    model = Llama(sizes, vocab_size, recompute, positions).to(torch.bfloat16)
    ids = torch.zeros(2, 16, dtype=torch.long)
    with Kept() as kept:
        losses = model(ids, targets=ids)
    apart = {weight.untyped_storage()._cdata for weight in model.parameters()}
    others = 4 * positions * vocab_size + 8 * positions + 2 * 4 * 16 * 16 + 4 + losses.nbytes
    fewer = sizes.model_copy(update={"num_layers": 2})
    one_layer = activation_bytes(sizes, "none") - activation_bytes(fewer, "none")
    claimed = activation_bytes(sizes, recompute) - (0 if recompute == "none" else one_layer)
    assert kept.bytes(apart) - others == positions * claimed


@pytest.mark.parametrize("z_loss", [0.0, 1e-4])
@pytest.mark.parametrize("positions", [64, 256])
def test_logits_that_stand_at_a_time(positions: int, z_loss: float) -> None:
    """Of 64 positions, whether the loss is cut into parts or not; what the head's weights take is beside them."""
    vocab_size, dim, chunk = 2000, 4, 64
    hidden = torch.randn(1, positions, dim, dtype=torch.bfloat16, requires_grad=True)
    head = torch.randn(vocab_size, dim, dtype=torch.bfloat16, requires_grad=True)
    targets = torch.zeros(1, positions, dtype=torch.long)
    with Kept() as kept:
        chunked_losses(hidden, head, targets, chunk, z_loss)[0].backward()
    assert kept.most == pytest.approx(chunk * vocab_size * logit_bytes(z_loss), rel=0.03)


def test_a_layer_s_weights() -> None:
    for sizes in PRESETS.values():
        assert sizes.num_layers * layer_weights(sizes) + 21 * sizes.dim == count_parameters(sizes, 10)


def test_ddp_holds_sixteen_bytes_a_weight_and_offload_none() -> None:
    found = rank_bytes(TrainConfig(model="7B"), 32_000, 2048, 8)
    assert found.weights + found.gradients + found.optimizer == 16 * 6_738_415_616
    offloaded = rank_bytes(TrainConfig(model="7B", parallel="fsdp", cpu_offload=True), 32_000, 2048, 1)
    assert (offloaded.weights, offloaded.gradients, offloaded.optimizer) == (0, 0, 0)


@pytest.mark.parametrize(
    ("model", "changed", "needed"),
    [
        ("1.3B", {}, 1),
        ("7B", {}, 2),
        ("7B", {"parallel": "ddp"}, None),
        ("7B", {"cpu_offload": True}, 1),
        ("7B", {"tensor_parallel": 8}, 8),
        ("13B", {}, 4),
        ("33B", {}, 16),
        ("65B", {}, 24),
        ("llama2-70B", {}, 24),
        ("llama3-8B", {}, 4),
        ("llama3-70B", {}, 32),
    ],
)
def test_the_cards_that_a_preset_needs(model: str, changed: dict[str, Any], needed: int | None) -> None:
    """Of 80 GB, with full recomputation and one sequence at a time: 16 bytes a weight, shared out, and what a step takes."""
    config = TrainConfig.model_validate({"model": model, **ON_A_CLUSTER, **changed})
    paper = AS_TRAINED[model]
    assert world_size_needed(config, paper.vocab_size, paper.sequence_length) == needed


def test_the_table_of_the_docs_is_the_arithmetic() -> None:
    """Of `docs/operations.md`: preset, cards, and gigabytes of a card by part."""
    text = (Path(__file__).parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")
    lines = [line.split("|")[1:-1] for line in text.split("| preset | cards of 80 GB |")[1].splitlines()[2:9]]
    for model, cards, *written in ([cell.strip() for cell in line] for line in lines):
        config = TrainConfig.model_validate({"model": model, **ON_A_CLUSTER})
        paper = AS_TRAINED[model]
        needed = world_size_needed(config, paper.vocab_size, paper.sequence_length)
        found = rank_bytes(config, paper.vocab_size, paper.sequence_length, int(cards))
        shown = {name: f"{size / 1e9:.1f}" for name, size in {**vars(found), "total": found.total}.items()}
        assert needed == int(cards)
        assert written == [
            f"{shown['weights']} + {shown['gradients']}",
            *(shown[name] for name in ("optimizer", "activations", "passing", "total")),
        ]
    assert [line[0].strip() for line in lines] == [
        *("7B", "13B", "33B", "65B", "llama2-70B", "llama3-8B", "llama3-70B")
    ]
