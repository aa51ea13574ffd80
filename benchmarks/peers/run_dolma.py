"""dolma's Bloom filter dedup (Rust) or its taggers on JSON lines: `run_dolma.py lines|lines_cut|exact|taggers FILE`."""

import contextlib
import io
import sys
from pathlib import Path

with contextlib.redirect_stdout(io.StringIO()):
    import dolma
    from dolma.core.runtime import create_and_run_tagger
from timed import report

FALSE_POSITIVES = 1e-5


def dedupe(documents: Path, folder: Path, rule: dict, count: int):
    """Mark duplicates by a fresh Bloom filter; dolma's mixer, which would cut them out, does not run."""
    source = linked(documents, folder)
    config = {
        "documents": [str(source)],
        "dedupe": {"name": "duplicates", "skip_empty": True, **rule},
        "bloom_filter": {
            "file": str(folder / "filter.bin"),
            "read_only": False,
            "size_in_bytes": 0,
            "estimated_doc_count": count,
            "desired_false_positive_rate": FALSE_POSITIVES,
        },
        "processes": 1,
        "work_dir": {"input": str(folder / "in"), "output": str(folder / "out")},
        "compression": {"input": None, "output": None},
        "is_s3_volume": False,
    }
    dolma.deduper(config)
    (written,) = (folder / "attributes").rglob("*.jsonl")
    return {"attribute_bytes": written.stat().st_size}


def linked(documents: Path, folder: Path) -> Path:
    """The file below a folder named `documents`, where dolma wants it."""
    for name in ("documents", "in", "out"):
        (folder / name).mkdir()
    path = folder / "documents" / "0.jsonl"
    path.hardlink_to(documents)
    return path


def lines(documents: Path, folder: Path):
    """Every line that came before."""
    with documents.open("rb") as stream:
        count = sum(line.count(b"\\n") + 1 for line in stream)
    return dedupe(documents, folder, {"paragraphs": {"attribute_name": "duplicates"}}, count)


def lines_cut(documents: Path, folder: Path):
    """Every line that came before, and the documents without them, by dolma's mixer."""
    said = lines(documents, folder)
    (folder / "mixed").mkdir()
    stream = {
        "name": "mixed",
        "documents": [str(folder / "documents" / "0.jsonl")],
        "attributes": ["duplicates"],
        "output": {
            "path": str(folder / "mixed"),
            "max_size_in_bytes": 1 << 30,
            "discard_fields": ["attributes"],
        },
        "span_replacement": [{"span": "$.attributes.duplicates", "min_score": 0.5, "replacement": ""}],
    }
    work_dir = {"input": str(folder / "in"), "output": str(folder / "out")}
    dolma.mixer({"streams": [stream], "processes": 1, "work_dir": work_dir})
    sizes = [path.stat().st_size for path in (folder / "mixed").iterdir() if path.suffix != ".done"]
    return {**said, "mixed_bytes": sum(sizes)}


def exact(documents: Path, folder: Path):
    """Every document whose text came before."""
    rule = {"documents": {"attribute_name": "duplicates", "key": "$.text"}}
    with documents.open("rb") as stream:
        count = sum(1 for _ in stream)
    return dedupe(documents, folder, rule, count)


def taggers(documents: Path, folder: Path):
    """Gopher's and C4's taggers, which mark and drop nothing."""
    source = linked(documents, folder)
    create_and_run_tagger(
        documents=[str(source)],
        taggers=["gopher_v1", "c4_v2"],
        experiment="rules",
        num_processes=1,
        debug=True,
        ignore_existing=True,
    )
    return {}


if __name__ == "__main__":
    what, source = sys.argv[1:]
    report({"lines": lines, "lines_cut": lines_cut, "exact": exact, "taggers": taggers}[what], Path(source))
