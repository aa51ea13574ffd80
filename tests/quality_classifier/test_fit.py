"""Training by fastText: equal lines give equal bytes, however small the model and whatever the memory held."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quality_classifier.fit import fit
from stages.core.errors import UserError

LINES = "__label__reference good page of words\n__label__random bad page here\n" * 20


@pytest.mark.parametrize(
    "options",
    [
        {"dim": 4, "wordNgrams": 1},
        {"dim": 100, "wordNgrams": 1, "bucket": 200_000},
        {"dim": 16, "wordNgrams": 2, "bucket": 50},
        {"dim": 100, "wordNgrams": 2, "bucket": 2_000},
    ],
)
def test_trap_a_model_smaller_than_a_mapping_of_memory_is_the_same_each_time(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text(LINES)
    models = []
    for name in ("a.bin", "b.bin", "c.bin"):
        used = [np.full(size, 0xFF, np.uint8) for size in (1 << 8, 1 << 14, 1 << 22)]
        del used  # memory that is not zero when it is handed out again
        fit(lines, tmp_path / name, options | {"epoch": 5, "minCount": 1, "seed": 1})
        models.append((tmp_path / name).read_bytes())
    assert models[0] == models[1] == models[2]


def test_a_rate_at_which_fasttext_gives_up_is_a_users_mistake(tmp_path: Path) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text(LINES)
    with pytest.raises(UserError, match="lower learning_rate"):
        fit(lines, tmp_path / "model.bin", {"dim": 4, "lr": 1e30, "epoch": 5})
