"""data-juicer's document_minhash_deduplicator on a file of JSON lines: `run_data_juicer.py near FILE`."""

import sys
from pathlib import Path

import datasets
from data_juicer.core.data import NestedDataset
from data_juicer.ops import base_op
from data_juicer.ops.deduplicator.document_minhash_deduplicator import DocumentMinhashDeduplicator
from timed import report

base_op.free_models = lambda: None  # it empties torch's CUDA cache after each step; no step here has a model
datasets.disable_caching()
datasets.disable_progress_bars()


def near(documents: Path, folder: Path):
    """Load, sign, cluster, filter, write; bands and rows are those of our defaults."""
    loaded = datasets.load_dataset(
        "json", data_files=str(documents), split="train", cache_dir=str(folder / "cache")
    )
    step = DocumentMinhashDeduplicator(
        num_permutations=112, num_bands=14, num_rows_per_band=8, window_size=5, num_proc=1
    )
    kept = step.run(NestedDataset(loaded))
    kept.to_json(str(folder / "kept.jsonl"))
    return {"documents": len(kept)}


if __name__ == "__main__":
    what, source = sys.argv[1:]
    report({"near": near}[what], Path(source))
