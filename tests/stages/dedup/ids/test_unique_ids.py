"""The check of ids: unique ones pass, repeated ones are named with their files, and equal hashes alone are no mistake."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stages.core.errors import UserError
from stages.core.manifest import DOCUMENTS
from stages.dedup.ids import unique as unique_ids


class Check:
    def wire(self, wiring: Any, documents: str) -> None:
        unique_ids.check_unique_ids(wiring, documents)


def test_unique_ids_pass(chain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unique_ids, "DESTINATION_BYTES", 64)
    shards = [[(f"c4/{shard}-{row}", "same text") for row in range(40)] for shard in range(3)]
    outputs = chain.run(Check(), chain.given(*shards))
    assert outputs[1].documents_out == 120
    assert [manifest.files for manifest in outputs[2:]] == [()]


def test_repeated_ids_are_named_with_their_files(chain: Any) -> None:
    documents = chain.given([("c4/a", "one"), ("c4/b", "two")], [("c4/c", "three"), ("c4/b", "other")])
    first, second = documents.uris(DOCUMENTS)
    with pytest.raises(UserError) as error:
        chain.run(Check(), documents)
    assert f"'c4/b' in {first} and {second}" in str(error.value)
    assert "c4/a" not in str(error.value)


def test_a_few_of_many_repeated_ids_are_named(chain: Any) -> None:
    twice = [(f"c4/{n}", "x") for n in range(50)] * 2
    with pytest.raises(UserError) as error:
        chain.run(Check(), chain.given(twice))
    assert str(error.value).count("'c4/") == unique_ids.MAX_NAMED


def test_ids_whose_hashes_collide_are_no_mistake(chain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unique_ids, "hash_strings", lambda ids: np.zeros(len(ids), np.uint64))
    chain.run(Check(), chain.given([("c4/a", "one"), ("c4/b", "two")]))
    with pytest.raises(UserError, match="'c4/b' in"):
        chain.run(Check(), chain.given([("c4/a", "one"), ("c4/b", "two"), ("c4/b", "two")]))
