"""The loss by parts: that of whole logits, gradients too, and no tensor of the size of all logits on the way."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402

from stages.train.loss import IGNORED, chunked_losses, loss_sums  # noqa: E402

POSITIONS, VOCABULARY, DIM = 2 * 15, 50, 8


class Largest(TorchDispatchMode):
    """The most elements that a tensor had."""

    elements = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        if isinstance(out, torch.Tensor):
            self.elements = max(self.elements, out.numel())
        return out


def drawn() -> tuple[Any, Any, Any]:
    generator = torch.Generator().manual_seed(1)
    hidden = torch.randn(2, 15, DIM, generator=generator, requires_grad=True)
    head = torch.randn(VOCABULARY, DIM, generator=generator, requires_grad=True)
    targets = torch.randint(VOCABULARY, (2, 15), generator=generator)
    targets[1, 9:] = IGNORED
    return hidden, head, targets


@pytest.mark.parametrize("z_loss", [0.0, 0.01])
@pytest.mark.parametrize("chunk", [1, 4, 29, 30, 1000])
def test_by_parts_it_is_the_whole_one_s_loss_and_gradients(chunk: int, z_loss: float) -> None:
    hidden, head, targets = drawn()
    minimised, entropy = chunked_losses(hidden, head, targets, chunk, z_loss)
    found = [minimised, entropy, *torch.autograd.grad(minimised, (hidden, head))]
    logits = hidden @ head.T
    kept = targets != IGNORED
    by_hand = torch.nn.functional.cross_entropy(logits[kept], targets[kept], reduction="sum") / POSITIONS
    penalty = z_loss * logits[kept].logsumexp(-1).square().sum() / POSITIONS
    expected = [by_hand + penalty, by_hand, *torch.autograd.grad(by_hand + penalty, (hidden, head))]
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_logits_never_stand_whole() -> None:
    hidden, head, targets = drawn()
    with Largest() as largest:
        chunked_losses(hidden, head, targets, 5)[0].backward()
    assert largest.elements == max(5 * VOCABULARY, VOCABULARY * DIM)
    with Largest() as largest:
        chunked_losses(hidden, head, targets, POSITIONS)[0].backward()
    assert largest.elements == POSITIONS * VOCABULARY


def test_padding_alone_is_no_loss() -> None:
    assert loss_sums(torch.randn(3, 5), torch.full((3,), IGNORED), 0.1).tolist() == [0.0, 0.0]
