"""Activations computed again: the same loss and gradients bit for bit, and fewer products the second time by the policy."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402

from stages.train.config import ModelConfig, Recompute  # noqa: E402
from stages.train.model import Llama  # noqa: E402

SIZES = ModelConfig(dim=32, num_layers=2, num_heads=4, num_kv_heads=2, multiple_of=16)


class Products(TorchDispatchMode):
    """Counts matrix products."""

    count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func is torch.ops.aten.mm.default
        return func(*args, **(kwargs or {}))


def trained(recompute: Recompute) -> tuple[list[torch.Tensor], int]:
    """Gradients after one backward pass, and the products that it took."""
    model = Llama(SIZES, 40, recompute)
    model.initialize(1)
    ids = torch.arange(24).view(2, 12)
    segments = (torch.arange(12) > 4).long().expand(2, 12)
    with Products() as products:
        model(ids, segments, None, ids + 1)[0].backward()
    return [weight.grad for weight in model.parameters() if weight.grad is not None], products.count


def test_gradients_are_the_same_and_only_full_computes_products_again() -> None:
    none, products = trained("none")
    selective, again = trained("selective")
    full, all_again = trained("full")
    assert len(none) == len(selective) == len(full) == 21
    for one, two, three in zip(none, selective, full, strict=True):
        assert torch.equal(one, two)
        assert torch.equal(one, three)
    assert again == products
    assert all_again == products + 2 * 6, "all of a layer's seven but the last, which nothing asks for"
