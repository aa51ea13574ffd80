"""The mixture beside exported tokens: each trainer's own file of it, by its documented form and by the trainer's library.

The libraries are large and no dependency of ours, so the tests that ask them run only where somebody installed them;
docs/formats.md says with which versions they did.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow.parquet as pq
import pytest

from stages.core.errors import UserError
from stages.tokenize.exports import BlendPart, ExportMixture, MixtureShare, export_formats, export_tokens
from tests.packed import TOKENIZER_SHA256, write_packed

FORMATS = ["huggingface", "litdata", "mds", "megatron", "nanogpt"]
DE, EN = [("w/1", [1, 5, 2]), ("w/2", [1, 6, 6, 2])], [("w/3", [1, 7, 8, 2])]
BOOKS, UNUSED = [("b/1", [1, 9, 9, 9, 2])], [("x/1", [1, 2])]
PACKED = {"books": BOOKS, "c4.new": UNUSED, "wikipedia:de": DE, "wikipedia:en": EN}
MIXTURE = ExportMixture(
    packing="stream",
    sequence_length=2,
    total_tokens=32,
    sources={
        "books": MixtureShare(weight=0.25, epochs=2.0, tokens=8, tokens_available=5),
        "c4.new": MixtureShare(weight=0.0, epochs=0.0, tokens=0, tokens_available=2),
        "wikipedia:de": MixtureShare(weight=0.5, epochs=3.0, tokens=16, tokens_available=7),
        "wikipedia:en": MixtureShare(weight=0.25, epochs=2.0, tokens=8, tokens_available=4),
    },
)


@pytest.fixture
def packed(tmp_path: Path) -> str:
    folder = tmp_path / "pack"
    folder.mkdir()
    write_packed(folder, list(PACKED.items()), vocab_size=400)
    return str(folder)


def exported(packed: str, out: Path, format_name: str) -> list[str]:
    return export_tokens(packed, str(out), format_name, MIXTURE)


def files(stem: str, format_name: str) -> list[str]:
    return {
        "huggingface": [f"{stem}-00000.parquet"],
        "litdata": [f"{stem}/chunk-0-0.bin", f"{stem}/index.json"],
        "mds": [f"{stem}/shard.00000.mds", f"{stem}/index.json"],
        "megatron": [f"{stem}.bin", f"{stem}.idx"],
        "nanogpt": [f"{stem}.bin"],
    }[format_name]


@pytest.mark.parametrize("format_name", FORMATS)
def test_mixture_json_says_which_files_are_drawn_how_often(
    packed: str, tmp_path: Path, format_name: str
) -> None:
    names = exported(packed, tmp_path / "out", format_name)
    mixture = orjson.loads((tmp_path / "out" / "mixture.json").read_bytes())
    assert mixture == {
        "packing": "stream",
        "sequence_length": 2,
        "total_tokens": 32,
        "sources": {
            source: share.model_dump() | {"files": files(stem, format_name)}
            for stem, (source, share) in zip(
                ["books", "c4._new", "wikipedia.de", "wikipedia.en"], MIXTURE.sources.items(), strict=True
            )
        },
    }
    about = orjson.loads((tmp_path / "out" / "dataset.json").read_bytes())
    assert about["tokenizer_sha256"] == TOKENIZER_SHA256
    assert about["sources"]["wikipedia:de"] == {
        "documents": 2,
        "tokens": 7,
        "files": files("wikipedia.de", format_name),
    }
    there = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*"))
    assert sorted(names) == [name for name in there if (tmp_path / "out" / name).is_file()]
    assert names[-2:] == ["mixture.json", "dataset.json"]


@pytest.mark.parametrize("format_name", FORMATS)
def test_names_of_files_are_portable_and_no_two_sources_share_one(tmp_path: Path, format_name: str) -> None:
    """A dot for the mark alone would write `a:b`, `a.b` and `a:b.c`, `a.b:c` alike."""
    sources = ["a:b", "a.b", "a._b", "a:b.c", "a.b:c", "a.b.c", "a_b", "a-b:zh-TW", "a.:b", "a.", "a", "a:b_"]
    folder = tmp_path / "pack"
    folder.mkdir()
    write_packed(folder, [(source, [(source, [1, 2])]) for source in sources], vocab_size=400)
    names = export_tokens(str(folder), str(tmp_path / "out"), format_name)
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", part) for name in names for part in name.split("/"))
    assert (
        len({name.lower() for name in names}) == len(names) == len(sources) * len(files("x", format_name)) + 1
    )
    about = orjson.loads((tmp_path / "out" / "dataset.json").read_bytes())["sources"]
    assert about["a:b"]["files"] == files("a.b", format_name)
    assert about["a.b"]["files"] == files("a._b", format_name)
    assert about["a._b"]["files"] == files("a.__b", format_name)


def test_sources_that_differ_only_in_capitals_are_refused(tmp_path: Path) -> None:
    write_packed(tmp_path, [("web", [("x/0", [1, 2])]), ("Web", [("x/1", [1, 2])])])
    with pytest.raises(
        UserError, match="files of Web and web would have one name where capitals do not count"
    ):
        export_tokens(str(tmp_path), str(tmp_path / "out"), "nanogpt")


def test_a_later_export_without_a_mixture_leaves_none_of_an_earlier_one(packed: str, tmp_path: Path) -> None:
    for name in export_formats():
        out = tmp_path / name
        first = set(exported(packed, out, name))
        assert set(export_tokens(packed, str(out), name)) == first & {
            str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()
        }
        assert not (out / "mixture.json").exists()


# Megatron-LM


def test_megatrons_blend_alternates_weights_and_prefixes(packed: str, tmp_path: Path) -> None:
    exported(packed, tmp_path / "out", "megatron")
    words = (tmp_path / "out" / "blend.txt").read_text().split()
    assert words == [
        *("0.25", f"{tmp_path}/out/books"),
        *("0.5", f"{tmp_path}/out/wikipedia.de"),
        *("0.25", f"{tmp_path}/out/wikipedia.en"),
    ]
    for prefix in words[1::2]:
        assert Path(f"{prefix}.bin").is_file()
        assert Path(f"{prefix}.idx").is_file()


def test_megatron_cannot_read_prefixes_with_spaces(packed: str, tmp_path: Path) -> None:
    out = tmp_path / "with space"
    with pytest.raises(
        UserError, match=r"with space: Megatron splits its list of paths at spaces; give an --out"
    ):
        exported(packed, out, "megatron")
    assert not out.exists()
    assert "blend.txt" not in export_tokens(packed, str(out), "megatron")


def test_megatron_reads_blend_and_tokens(packed: str, tmp_path: Path) -> None:
    reason = "megatron-core is not installed"
    utils = pytest.importorskip("megatron.core.datasets.utils", reason=reason, exc_type=ImportError)
    indexed = pytest.importorskip(
        "megatron.core.datasets.indexed_dataset", reason=reason, exc_type=ImportError
    )
    exported(packed, tmp_path / "out", "megatron")
    # as megatron/training/utils.py reads --data-args-path
    prefixes, weights = utils.get_blend_from_list((tmp_path / "out" / "blend.txt").read_text().split())
    assert weights == [0.25, 0.5, 0.25]
    for prefix, rows in zip(prefixes, (BOOKS, DE, EN), strict=True):
        dataset = indexed.IndexedDataset(prefix)
        assert [dataset[number].tolist() for number in range(len(dataset))] == [ids for _, ids in rows]


# MosaicML


def test_mosaics_streams_say_how_often_each_is_repeated(packed: str, tmp_path: Path) -> None:
    exported(packed, tmp_path / "out", "mds")
    streams = orjson.loads((tmp_path / "out" / "streams.json").read_bytes())
    assert streams == {
        "books": {"local": f"{tmp_path}/out/books", "repeat": 2.0},
        "wikipedia.de": {"local": f"{tmp_path}/out/wikipedia.de", "repeat": 3.0},
        "wikipedia.en": {"local": f"{tmp_path}/out/wikipedia.en", "repeat": 2.0},
    }
    assert all((Path(stream["local"]) / "index.json").is_file() for stream in streams.values())


def test_mosaic_streams_draw_every_document_as_often_as_the_mixture(packed: str, tmp_path: Path) -> None:
    streaming = pytest.importorskip(
        "streaming", reason="mosaicml-streaming is not installed", exc_type=ImportError
    )
    exported(packed, tmp_path / "out", "mds")
    given = orjson.loads((tmp_path / "out" / "streams.json").read_bytes())
    streaming.base.util.clean_stale_shared_memory()
    dataset = streaming.StreamingDataset(
        streams=[streaming.Stream(**stream) for stream in given.values()], batch_size=1, shuffle=True
    )
    drawn: dict[str, int] = {}
    for sample in dataset:
        ids = np.frombuffer(sample["tokens"], "<u2").tolist()
        assert ids == dict([*BOOKS, *DE, *EN])[sample["id"]]
        drawn[sample["id"]] = drawn.get(sample["id"], 0) + 1
    assert drawn == {"b/1": 2, "w/1": 3, "w/2": 3, "w/3": 2}


def test_an_export_into_a_store_is_streamed_from_there() -> None:
    part = BlendPart("c4", MIXTURE.sources["books"])
    streams = export_formats()["mds"].blend([part], "s3://bucket/mds")
    assert orjson.loads(streams["streams.json"]) == {"c4": {"remote": "s3://bucket/mds/c4", "repeat": 2.0}}
    blend = export_formats()["megatron"].blend([part], "s3://bucket/tokens")
    assert blend == {"blend.txt": b"0.25 s3://bucket/tokens/c4\n"}


# nanoGPT, Lit-GPT


def test_the_list_of_nanogpts_files_has_a_weight_for_each(packed: str, tmp_path: Path) -> None:
    exported(packed, tmp_path / "out", "nanogpt")
    pairs = orjson.loads((tmp_path / "out" / "train_data_config.json").read_bytes())
    assert pairs == [["books.bin", 0.25], ["wikipedia.de.bin", 0.5], ["wikipedia.en.bin", 0.25]]
    for (name, _), rows in zip(pairs, (BOOKS, DE, EN), strict=True):
        assert [path.name for path in (tmp_path / "out").glob(f"{name}*")] == [name]
        found = np.memmap(tmp_path / "out" / name, dtype="<u2", mode="r").tolist()
        assert found == [token for _, ids in rows for token in ids]


# Hugging Face


def drawn_shares(mixture: dict[str, Any]) -> tuple[list[list[str]], list[float]]:
    sources = [source for source in mixture["sources"].values() if source["weight"]]
    return [source["files"] for source in sources], [source["weight"] for source in sources]


def test_hugging_face_interleaves_by_mixture_json(packed: str, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="datasets is not installed", exc_type=ImportError)
    exported(packed, tmp_path / "out", "huggingface")
    names, weights = drawn_shares(json.loads((tmp_path / "out" / "mixture.json").read_text()))
    parts = [
        datasets.Dataset.from_parquet(
            [str(tmp_path / "out" / name) for name in own], cache_dir=str(tmp_path / "c")
        )
        for own in names
    ]
    mixed = datasets.interleave_datasets(
        parts, probabilities=weights, seed=1, stopping_strategy="all_exhausted"
    )
    assert {(row["id"], tuple(row["input_ids"])) for row in mixed} == {
        (name, tuple(ids)) for name, ids in [*BOOKS, *DE, *EN]
    }


def test_hugging_faces_files_are_those_of_mixture_json(packed: str, tmp_path: Path) -> None:
    exported(packed, tmp_path / "out", "huggingface")
    names, weights = drawn_shares(json.loads((tmp_path / "out" / "mixture.json").read_text()))
    assert weights == [0.25, 0.5, 0.25]
    for own, rows in zip(names, (BOOKS, DE, EN), strict=True):
        found = [row for name in own for row in pq.read_table(tmp_path / "out" / name).to_pylist()]
        assert [(row["id"], row["input_ids"]) for row in found] == rows
