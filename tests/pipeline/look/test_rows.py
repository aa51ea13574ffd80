"""`Draw` takes the lowest of all rows in whatever batches they come; `rows_by_id` reads what is asked for."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from pipeline.look.rows import Draw, batches_by_id, chance_of, ids_of_url, rows_by_id


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 99)), unique=True, max_size=40),
    st.integers(1, 9),
    st.integers(1, 7),
)
def test_a_draw_is_the_head_of_all_rows_sorted(keys: list[tuple[int, int]], count: int, step: int) -> None:
    draw = Draw(count)
    for start in range(0, len(keys), step):
        near, chance = np.array(keys[start : start + step]).T
        names = pa.array([f"{a} {b}" for a, b in keys[start : start + step]])
        draw.add(pa.record_batch({"id": names}), near.astype(np.float64), chance.astype(np.uint64))
    assert [row["id"] for row in draw.rows()] == [f"{a} {b}" for a, b in sorted(keys)[:count]]


def test_the_chance_of_an_id_is_the_seeds_alone() -> None:
    ids = pa.array(["a", "b", "c"])
    assert list(chance_of(ids, 1)) == list(chance_of(ids, 1)) != list(chance_of(ids, 2))
    assert list(chance_of(ids, 1))[1:] == list(chance_of(ids[1:], 1))


def test_rows_are_found_in_any_file_and_group(tmp_path: Path) -> None:
    table = pa.table(
        {"id": [f"c4/{n}" for n in range(10)], "url": ["u", None] * 5, "text": list("abcdefghij")}
    )
    pq.write_table(table.slice(0, 6), tmp_path / "0.parquet", row_group_size=2)
    pq.write_table(table.slice(6), tmp_path / "1.parquet")
    uris = [str(tmp_path / name) for name in ("0.parquet", "1.parquet")]
    found = rows_by_id(uris, ["c4/7", "c4/3", "c4/none"])
    assert found == {
        "c4/3": {"id": "c4/3", "url": None, "text": "d"},
        "c4/7": {"id": "c4/7", "url": None, "text": "h"},
    }
    assert rows_by_id(uris, ["c4/0"], ["id", "text"]) == {"c4/0": {"id": "c4/0", "text": "a"}}
    assert rows_by_id([], ["c4/0"]) == {}
    assert ids_of_url(uris, "u", 3) == ["c4/0", "c4/2", "c4/4"]
    assert ids_of_url(uris, "v", 3) == []


@given(
    st.lists(st.text("ab/é\U0001f600", max_size=4), unique=True, max_size=12),
    st.lists(st.text("ab/é\U0001f600", max_size=4), max_size=5),
    st.integers(1, 4),
    st.booleans(),
)
def test_bounds_of_row_groups_hide_no_row(
    there: list[str], wanted: list[str], size: int, bounds: bool
) -> None:
    table = pa.table({"text": there, "id": pa.array(there, pa.string())})
    with tempfile.TemporaryDirectory() as folder:
        uri = f"{folder}/0.parquet"
        pq.write_table(table, uri, row_group_size=size, write_statistics=bounds)
        found = rows_by_id([uri], wanted, ["id", "text"])
        batches = list(batches_by_id([uri], wanted, ["id"]))
    assert found == {name: {"id": name, "text": name} for name in there if name in wanted}
    assert [name for one in batches for name in one.column("id").to_pylist()] == [
        name for name in there if name in wanted
    ]
