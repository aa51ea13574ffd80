"""Document masks: the blocks of flex_attention allow what the dense table allows, and give the same attention."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch.nn.attention.flex_attention import create_mask  # noqa: E402

from stages.train.masks import attend, attention_mask, block_mask, document_mask, document_rule  # noqa: E402

LENGTH = 384


def segments() -> torch.Tensor:
    """Documents that end inside blocks, at their borders, and one that fills several."""
    ends = [[5, 128, 130, 384], [384], [256, 384]]
    rows = [torch.bucketize(torch.arange(LENGTH), torch.tensor(row), right=True) for row in ends]
    return torch.stack(rows)


def test_the_rule_is_the_dense_mask() -> None:
    found = create_mask(document_rule(segments()), 3, 1, LENGTH, LENGTH, device="cpu")
    assert torch.equal(found, document_mask(segments()))


def test_blocks_that_hold_nothing_are_left_out() -> None:
    """The only others are those that the dense mask has something in."""
    dense = document_mask(segments()).view(3, 1, 3, 128, 3, 128)
    assert torch.equal(block_mask(segments()).to_dense().bool(), dense.any(5).any(3))


@pytest.mark.parametrize("kv_heads", [4, 2])
def test_attention_by_blocks_is_attention_by_the_dense_mask(kv_heads: int) -> None:
    generator = torch.Generator().manual_seed(1)
    query = torch.randn(3, 4, LENGTH, 8, generator=generator)
    key, value = torch.randn(2, 3, kv_heads, LENGTH, 8, generator=generator)
    blocks = attend(query, key, value, block_mask(segments()))
    dense = attend(query, key, value, document_mask(segments()))
    torch.testing.assert_close(blocks, dense, rtol=1e-5, atol=1e-6)


def test_on_a_cpu_the_mask_is_dense() -> None:
    assert torch.equal(attention_mask(segments()), document_mask(segments()))
