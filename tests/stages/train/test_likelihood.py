"""How likely a model takes tokens: by rows of any length what one pass over each gives, and every token once."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from stages.train import likelihood  # noqa: E402
from stages.train.config import ModelConfig  # noqa: E402
from stages.train.likelihood import token_nats, windows  # noqa: E402
from stages.train.model import Llama  # noqa: E402


def test_padding_and_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Llama(ModelConfig(dim=16, num_layers=1, num_heads=2, multiple_of=16), 20)
    model.initialize(1)
    rng = np.random.default_rng(1)
    rows = [rng.integers(0, 20, length) for length in (5, 2, 9, 9, 3)]
    monkeypatch.setattr(likelihood, "BATCH_TOKENS", 18)
    found = token_nats(model, rows)
    for row, nats in zip(rows, found, strict=True):
        with torch.no_grad():
            chances = model(torch.from_numpy(row[None, :-1])).log_softmax(-1)[0].numpy()
        expected = -chances[np.arange(len(row) - 1), row[1:]]
        np.testing.assert_allclose(nats, expected, rtol=1e-5)


def test_windows_have_each_token_but_the_first_as_a_target_once() -> None:
    rows = windows(np.arange(8), 3)
    assert [row.tolist() for row in rows] == [[0, 1, 2, 3], [3, 4, 5, 6], [6, 7]]
    assert [target for row in rows for target in row[1:].tolist()] == list(range(1, 8))
    assert [row.tolist() for row in windows(np.arange(4), 3)] == [[0, 1, 2, 3]]
    assert windows(np.arange(1), 3) == []
