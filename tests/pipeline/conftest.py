"""Toy stages must be importable here and in worker processes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = str(Path(__file__).parent)
ROOT = str(Path(__file__).resolve().parents[2])
for folder in (HERE, ROOT):
    if folder not in sys.path:
        sys.path.insert(0, folder)
os.environ["PYTHONPATH"] = os.pathsep.join([HERE, ROOT, os.environ.get("PYTHONPATH", "")])
