"""A file of labelled lines in, a fastText model file out: run as a process of its own, so that equal lines give equal bytes.

With one thread, which alone makes training repeatable, fastText 0.9.3 initialises only the first tenth of its input matrix
(`DenseMatrix::uniform` starts as many tenths as there are threads) and leaves in the rest what the memory held before:
another model each time, and now and then NaN. The rest holds vectors of hashed n-grams and, with few buckets for these or
none, of words; zeros are a sound start for both. glibc zeroes what it hands out when told to; this module tells it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import fasttext

from stages.core.errors import UserError

ZEROED_MEMORY = {"MALLOC_PERTURB_": "255"}
"""glibc (mallopt(3), M_PERTURB): what malloc hands out is filled with the complement of this byte."""


def fit(corpus: Path, model: Path, options: dict[str, Any]) -> None:
    """Train on `corpus` (one `__label__x text` per line) with fastText's `options` and write `model`."""
    command = [sys.executable, "-m", "quality_classifier.fit", str(corpus), str(model), json.dumps(options)]
    root = str(Path(__file__).resolve().parents[1])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | ZEROED_MEMORY | {"PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise UserError(f"quality_classifier: fastText could not train ({last}); lower learning_rate")


def main() -> None:
    """`python -m quality_classifier.fit CORPUS MODEL OPTIONS`."""
    corpus, model, options = sys.argv[1:]
    fasttext.train_supervised(corpus, thread=1, verbose=0, **json.loads(options)).save_model(model)


if __name__ == "__main__":
    main()
