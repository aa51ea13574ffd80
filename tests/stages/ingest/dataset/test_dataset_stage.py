"""The kind `dataset`: every format gives the same documents; what is odd, damaged or missing is a row or one line."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.documents import document_batch
from stages.core.errors import UserError
from stages.core.manifest import DOCUMENTS, LEDGER, Manifest
from stages.core.parquet import read_batches, read_documents
from stages.ingest.dataset.batches import BatchMaker
from stages.ingest.dataset.columns import RowReader
from stages.ingest.dataset.stage import DatasetIngest
from stages.ingest.json_lines import FieldsRow
from stages.ingest.raw import Loss, RawBatch, RawDocument
from stages.ingest.records import metadata_json, own_name
from tests.hub_server import hub, in_a_process

ROWS = [
    {"content": 'Zwei Wörter, "so"\nund 007', "uid": "a", "link": "http://x/1", "n": 1, "tags": ["p", "q"]},
    {"content": "second", "uid": "b", "link": None, "n": 2, "tags": []},
]
FLAT = [{key: value for key, value in row.items() if key != "tags"} for row in ROWS]
COLUMNS = {"text": "content", "id": "uid", "url": "link"}


def json_lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def as_csv(delimiter: str) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(FLAT[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(FLAT)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def as_parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def as_arrow(make: Callable[..., Any]) -> bytes:
    out = io.BytesIO()
    table = pa.Table.from_pylist(ROWS)
    with make(out, table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()


def with_polars() -> bytes:
    out = io.BytesIO()
    pl.DataFrame(ROWS).write_parquet(out)
    return out.getvalue()


def with_types(text: pa.DataType) -> bytes:
    table = pa.Table.from_pylist(ROWS)
    return as_parquet(table.set_column(0, "content", table["content"].cast(text)))


FORMATS: dict[str, Callable[[], bytes]] = {
    "a.jsonl": lambda: json_lines(ROWS),
    "a.jsonl.gz": lambda: gzip.compress(json_lines(ROWS)),
    "a.ndjson.zst": lambda: pa.Codec("zstd").compress(json_lines(ROWS)).to_pybytes(),
    "array.json": lambda: orjson.dumps(ROWS),
    "a.parquet": lambda: as_parquet(pa.Table.from_pylist(ROWS)),
    "large.parquet": lambda: with_types(pa.large_string()),
    "view.parquet": lambda: with_types(pa.string_view()),
    "bytes.parquet": lambda: with_types(pa.binary()),
    "polars.parquet": with_polars,
    "file.arrow": lambda: as_arrow(pa.ipc.new_file),
    "stream.arrow": lambda: as_arrow(pa.ipc.new_stream),
    "a.csv": lambda: as_csv(","),
    "a.tsv.gz": lambda: gzip.compress(as_csv("\t")),
}


def documents(manifest: Manifest) -> list[dict[str, Any]]:
    return [row for batch in read_documents(manifest.uris(DOCUMENTS)) for row in batch.to_pylist()]


def ledger(manifest: Manifest) -> list[tuple[str, str, str | None]]:
    rows = (row for batch in read_batches(manifest.uris(LEDGER)) for row in batch.to_pylist())
    return [(row["id"], row["rule"], row["detail"]) for row in rows]


@pytest.fixture
def ingest(run_stage: Callable[..., Manifest], tmp_path: Path) -> Callable[..., Manifest]:
    def run(name: str, data: bytes, **options: Any) -> Manifest:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return run_stage(DatasetIngest(input=(str(path),), source="ours", **options), [])

    return run


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_documents(name: str, ingest: Callable[..., Manifest]) -> None:
    manifest = ingest(name, FORMATS[name](), columns=COLUMNS)
    found = documents(manifest)
    is_flat = name.startswith(("a.csv", "a.tsv"))
    numbers: list[Any] = ["1", "2"] if is_flat else [1, 2]
    tags = [{}, {}] if is_flat else [{"tags": ["p", "q"]}, {"tags": []}]
    assert [(row["id"], row["source"], row["text"]) for row in found] == [
        ("ours/a", "ours", 'Zwei Wörter, "so"\nund 007'),
        ("ours/b", "ours", "second"),
    ]
    urls = ["http://x/1", "" if is_flat else None]
    assert [row["url"] for row in found] == urls
    assert [orjson.loads(row["metadata"]) for row in found] == [
        {"n": number, **more} for number, more in zip(numbers, tags, strict=True)
    ]
    assert ledger(manifest) == []


def test_ids_are_made_from_file_and_row_where_there_are_none(ingest: Callable[..., Manifest]) -> None:
    manifest = ingest("in/a.jsonl", b'{"text": "x"}\n\n{"text": "y", "id": "ours/own"}\n')
    assert [row["id"] for row in documents(manifest)] == ["ours/a.jsonl/0", "ours/own"]


def test_text_files_are_a_document_each(run_stage: Callable[..., Manifest], tmp_path: Path) -> None:
    for name, data in {
        "a/one.txt": b"\xef\xbb\xbfOne\n\ntext",
        "two.md": b"Two",
        "gz.txt.gz": gzip.compress(b"packed"),
        "bad.txt": bytes(range(1, 256)) * 2,
        "french.txt": "Où est le garçon ? ".encode() * 9 + b"l'\xe9t",
        "empty.txt": b"",
        "README.md": b"# About",
        "picture.png": b"\x89PNG",
    }.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(data)
    manifest = run_stage(DatasetIngest(input=(str(tmp_path / "in"),), source="notes"), [])
    assert [(row["id"], row["text"]) for row in documents(manifest)] == [
        ("notes/a/one.txt", "One\n\ntext"),
        ("notes/french.txt", "Où est le garçon ? " * 9 + "l'\ufffdt"),
        ("notes/gz.txt.gz", "packed"),
        ("notes/two.md", "Two"),
    ]
    assert ledger(manifest) == [
        ("notes/bad.txt", "encoding", "no text, as cp1252 or any other"),
        ("notes/empty.txt", "empty_file", None),
        ("notes/french.txt", "bad_bytes", "utf-8"),
        ("notes/picture.png", "unknown_format", "by its name"),
    ]


def test_what_datasets_saved_is_read(run_stage: Callable[..., Manifest], tmp_path: Path) -> None:
    whole = datasets.Dataset.from_list([{"text": "a"}, {"text": "b"}])
    whole.save_to_disk(str(tmp_path / "one"), num_shards=2)
    splits = datasets.DatasetDict({"train": whole, "test": datasets.Dataset.from_list([{"text": "c"}])})
    splits.save_to_disk(str(tmp_path / "many"))

    def read(folder: str, split: str | None = None) -> list[tuple[str, str]]:
        stage = DatasetIngest(input=(str(tmp_path / folder),), split=split)
        return [(row["id"], row["text"]) for row in documents(run_stage(stage, []))]

    first, second = "data-00000-of-00002.arrow", "data-00001-of-00002.arrow"
    assert read("one") == [(f"dataset/{first}/0", "a"), (f"dataset/{second}/0", "b")]
    name = "data-00000-of-00001.arrow"
    assert read("many") == [(f"dataset/train/{name}/0", "a"), (f"dataset/train/{name}/1", "b")]
    assert read("many", "test") == [(f"dataset/test/{name}/0", "c")]
    assert len(read("many", "all")) == 3
    with pytest.raises(UserError, match="many: no split 'tset'; did you mean 'test'"):
        read("many", "tset")
    (tmp_path / "one" / first).unlink()
    with pytest.raises(
        UserError, match=r"data-00000-of-00002\.arrow: is not there, and state\.json lists it"
    ):
        read("one")


BAD = {
    "a.jsonl": (
        b'{"text": "a"}\nno json\n[1]\n{"text": 5}\n{"text": " "}\n{"text": "\xff"}\n{"text": "b"}\n',
        ["a", "b"],
        [("1", "bad_json"), ("2", "bad_json"), ("3", "missing_text"), ("4", "empty_text"), ("5", "bad_json")],
    ),
    "cut.jsonl.gz": (gzip.compress(json_lines([{"text": "a"}] * 3))[:-9], ["a"] * 3, [("@25", "damaged")]),
    "array.json": (b'[{"text": "a"}, 5]', ["a"], [("1", "bad_json")]),
    "broken.json": (b'[{"text": "a"}, ', [], [("@0", "damaged")]),
    "pretty.json": (b'{\n "text": "a"\n}\n', ["a"], []),
    "a.csv": (
        b'text,n\na,1\nb\nc,1,2\n"d\xff",1\ne,2\n',
        ["a", "e"],
        [("1", "bad_row"), ("2", "bad_row"), ("3", "encoding")],
    ),
    "unclosed.csv": (b'text,n\na,1\n"b\nc\n' + b"d" * 300 + b"\n", ["a"], [("@16", "too_large")]),
    "deep.jsonl": (
        b'{"text": "a"}\n{"text": "b", "x": ' + b"[" * 300 + b"]" * 300 + b'}\n{"text": "c"}\n',
        ["a", "c"],
        [("1", "too_much_work")],
    ),
    "cut.parquet": (as_parquet(pa.table({"text": ["a"]}))[:-20], [], [("@0", "damaged")]),
    "cut.arrow": (as_arrow(pa.ipc.new_stream)[:-200], [], None),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_damaged_is_in_the_ledger_and_nothing_beside_it_is_lost(
    name: str, ingest: Callable[..., Manifest]
) -> None:
    data, texts, rows = BAD[name]
    manifest = ingest(name, data, **({"max_row_bytes": 100} if name == "unclosed.csv" else {}))
    assert [row["text"] for row in documents(manifest)] == texts
    found = [(key.removeprefix(f"ours/{name}/"), rule) for key, rule, _ in ledger(manifest)]
    if rows is None:
        assert {rule for _, rule in found} == {"damaged"}
    elif name == "cut.jsonl.gz":
        assert [rule for _, rule in found] == ["damaged"]
    else:
        assert found == rows


def test_long_rows_are_dropped_and_those_beside_them_kept(ingest: Callable[..., Manifest]) -> None:
    rows = [{"text": "a" * 10}, {"text": "b" * 500}, {"text": "c"}]
    for name, data in {
        "a.jsonl": json_lines(rows),
        "a.parquet": as_parquet(pa.Table.from_pylist(rows)),
    }.items():
        manifest = ingest(name, data, max_row_bytes=200)
        kept = [row["text"][0] for row in documents(manifest)]
        assert (kept, [rule for _, rule, _ in ledger(manifest)]) == (["a", "c"], ["too_large"])


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet", "a.csv", "file.arrow"])
def test_a_table_without_the_column_is_one_line_that_lists_its_columns(
    name: str, ingest: Callable[..., Manifest]
) -> None:
    with pytest.raises(UserError, match=rf"{name}: no column 'text'; its columns: content, uid, link, n"):
        ingest(name, FORMATS[name]())
    with pytest.raises(UserError, match="no column 'body' for text; its columns: content, uid"):
        ingest(name, FORMATS[name](), columns={"text": "body"})


def test_a_dictionary_of_large_values_is_read_a_few_rows_at_a_time(ingest: Callable[..., Manifest]) -> None:
    texts = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0], pa.int32()), ["x" * 100_000, "y"])
    found = documents(ingest("a.parquet", as_parquet(pa.table({"text": texts}))))
    assert [row["text"][:2] for row in found] == ["xx", "y", "xx"]


def test_no_file_of_a_known_format_is_one_line(ingest: Callable[..., Manifest]) -> None:
    with pytest.raises(UserError, match="no file there is of a known format by its name; say --format json"):
        ingest("data.bin", b'{"text": "a"}\n')
    assert [row["text"] for row in documents(ingest("data.bin", b'{"text": "a"}\n', format="json"))] == ["a"]


def test_rows_that_stand_for_more_than_they_take_are_dropped_undecoded(
    ingest: Callable[..., Manifest],
) -> None:
    words = pa.DictionaryArray.from_arrays(pa.array([0] * 100 + [1] * 2, pa.int32()), ["x" * 1000, "y"])
    table = pa.table({"text": ["a", "b"], "more": pa.ListArray.from_arrays([0, 100, 102], words)})
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    for name, data in {"a.parquet": as_parquet(table), "a.arrow": sink.getvalue()}.items():
        manifest = ingest(name, data, max_row_bytes=10_000)
        assert [row["metadata"] for row in documents(manifest)] == ['{"more":["y","y"]}']
        assert ledger(manifest) == [(f"ours/{name}/0", "too_large", "bytes of values")]


def test_thousands_of_columns_are_too_much_work(ingest: Callable[..., Manifest]) -> None:
    table = pa.table({"text": ["a"], **{f"c{number}": [1] for number in range(10_000)}})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    for name, data in {"a.parquet": as_parquet(table), "a.arrow": sink.getvalue()}.items():
        found = ledger(ingest(name, data))
        assert found == [(f"ours/{name}/@0", "too_much_work", "10001 columns, at most 10000")]


def test_a_saved_split_without_its_list_of_files_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "dataset_dict.json").write_bytes(b'{"splits": ["train"]}')
    with pytest.raises(UserError, match=r"train/state\.json: is not there, and a saved dataset needs it"):
        DatasetIngest(input=(str(tmp_path / "saved"),)).plan(())


README = b"""---
configs:
- config_name: en
  data_files:
  - {split: train, path: en/*.jsonl}
  - {split: test, path: test/*.jsonl}
- config_name: de
  data_files: de/*.jsonl
---
# Tales
"""
TALES = {
    ("main", "README.md"): README,
    ("main", "en/a.jsonl"): b'{"text":"one"}\n',
    ("main", "en/b.jsonl"): b'{"text":"two"}\n',
    ("main", "test/t.jsonl"): b'{"text":"test"}\n',
    ("main", "de/x.jsonl"): b'{"text":"drei"}\n',
    ("v1", "README.md"): README,
    ("v1", "en/a.jsonl"): b'{"text":"eins"}\n',
    ("v1", "test/t.jsonl"): b'{"text":"test"}\n',
    ("v1", "de/x.jsonl"): b'{"text":"drei"}\n',
}


@pytest.mark.slow
def test_names_on_the_hub_are_read_at_the_commit_that_they_stand_for(tmp_path: Path) -> None:
    with hub({"datasets/ada/tales": TALES}) as endpoint:
        found = in_a_process(
            endpoint,
            f"""
            from stages.core.parquet import read_documents
            from stages.ingest.dataset.stage import DatasetIngest
            def read(number, **options):
                stage = DatasetIngest(source="tales", **options)
                folder = {str(tmp_path)!r} + f"/out{{number}}"
                storage.make_folder(folder)
                tasks = stage.plan(())
                files = [f"{{folder}}/{{f.name}}" for task in tasks for f in stage.run(task.at(folder)).files]
                rows = [row for batch in read_documents(files) for row in batch.to_pylist()]
                return [tasks[0].inputs[0], [[row["id"], row["text"]] for row in rows], stage.fingerprint(())]
            found = [
                told(lambda: read(number, **options))
                for number, options in enumerate([
                    dict(input=["ada/tales"], subset="en"),
                    dict(input=["ada/tales"], subset="en", revision="v1"),
                    dict(input=["hf://datasets/ada/tales@main"], subset="de"),
                    dict(input=["ada/tales"], subset="en", split="test"),
                    dict(input=["ada/tales"]),
                    dict(input=["ada/tales"], subset="fr"),
                    dict(input=["ada/nothing"]),
                    dict(input=["ada/tales"], subset="en", revision="v9"),
                ])
            ]
            """,
            tmp_path,
        )
    commit = "b28b7af69320201d1cf206ebf28373980add1451"
    assert found[0][:2] == [
        f"hf://datasets/ada/tales@{commit}/en/a.jsonl",
        [["tales/en/a.jsonl/0", "one"], ["tales/en/b.jsonl/0", "two"]],
    ]
    assert found[1][1] == [["tales/en/a.jsonl/0", "eins"]]
    assert found[2][1] == [["tales/de/x.jsonl/0", "drei"]]
    assert found[3][1] == [["tales/test/t.jsonl/0", "test"]]
    assert len({found[number][2] for number in range(4)}) == 4
    assert found[4] == (
        "ada/tales: Config name is missing. Please pick one among the available configs: ['en', 'de']; "
        "say which by `subset`"
    )
    assert (
        found[5] == "ada/tales: BuilderConfig 'fr' not found. Available: ['en', 'de']; say which by `subset`"
    )
    assert found[6].startswith("ada/nothing: no file or folder here, and the Hub does not give a dataset")
    assert "Revision Not Found" in found[7]


VALUES = st.none() | st.text() | st.integers(-5, 5) | st.booleans() | st.lists(st.text(), max_size=2)
NAMES = st.sampled_from(["id", "text", "url", "language", "quality", "metadata", "x"])


@given(st.lists(st.dictionaries(NAMES, VALUES | st.just("a b")), max_size=6), st.booleans())
def test_the_short_way_gives_what_the_long_one_gives(rows: list[dict[str, Any]], is_json: bool) -> None:
    """A row at a time through `RowReader` and the writer of records of all other kinds."""
    reader = RowReader({})
    given_rows = [FieldsRow(n, fields, 1, is_json) for n, fields in enumerate(rows)]
    short = list(BatchMaker(reader, "ours", "f", 50).records(given_rows))
    expected: list[dict[str, Any]] = []
    losses = []
    for row in given_rows:
        found = reader.document(row)
        if isinstance(found, RawDocument) and len(found.text) > 50:
            found = Loss(found.key, "too_large")
        if isinstance(found, RawDocument) and not found.text.strip():
            found = Loss(found.key, "empty_text")
        if isinstance(found, Loss):
            losses.append((found.key, found.rule))
            continue
        name = f"ours/f/{found.key}" if found.own_id is None else own_name("ours", found.own_id)
        columns: dict[str, Any] = {"id": [name], "source": ["ours"], "text": [found.text], "url": [found.url]}
        columns |= {"language": [found.language], "quality": [found.quality]}
        columns["metadata"] = [metadata_json(found.metadata)]
        expected += document_batch(columns).to_pylist()
    assert [(one.key, one.rule) for one in short if isinstance(one, Loss)] == losses
    batches = [one.documents for one in short if isinstance(one, RawBatch)]
    assert [row for batch in batches for row in batch.to_pylist()] == expected
