"""`python -m tests.s3_demo`: the whole demo with raw files, model and run on an S3 that refuses, delays, cuts and resets.

It is compared, byte for byte, with a run on this machine's disk, and searched for credentials.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cyclopts import App

from tests.demo import ROOT
from tests.s3_store import ACCESS_KEY, BUCKET, SECRET_KEY, Faults, faulty, s3_store
from tests.small_run import bytes_of

app = App(name="s3_demo", help="The demo on a badly behaved S3.")


@app.default
def main(
    *, refused: float = 0.3, slow: float = 0.02, cut: float = 0.02, reset: float = 0.02, seed: int = 1
) -> None:
    """Print what the store did, and what differs; exit code 1 when anything does.

    Parameters
    ----------
    refused
        share of requests that get a 503
    slow
        share that is answered late
    cut
        share whose body ends early
    reset
        share whose connection is reset
    seed
        of the faults
    """
    start = [sys.executable, "-m", "pipeline.cli", "run", "configs/demo.yaml", "--quiet"]
    with tempfile.TemporaryDirectory() as name, s3_store() as store:
        local = Path(name) / "run"
        began = time.monotonic()
        subprocess.run([*start, "--run", str(local)], cwd=ROOT, check=True, capture_output=True)
        here = time.monotonic() - began
        store.upload(ROOT / "samples" / "dumps", "dumps")
        with faulty(store, Faults(refused, slow, cut, reset, seed)) as front:
            began = time.monotonic()
            places = ["--set.data", f"s3://{BUCKET}/dumps", "--run", f"s3://{BUCKET}/run"]
            environment = os.environ | front.environment()
            done = subprocess.run(
                [*start, *places], cwd=ROOT, env=environment, capture_output=True, text=True
            )
            there = time.monotonic() - began
            counts = ", ".join(f"{number} {kind}" for kind, number in sorted(front.counts.items()))
        if done.returncode != 0:
            sys.stdout.write(done.stderr)
            raise SystemExit(1)
        found = store.objects("run")
        expected = bytes_of(local)
    told = {key: data for key, data in found.items() if "/reports/" not in key}
    differ = sorted(key for key in told.keys() | expected.keys() if told.get(key) != expected.get(key))
    secrets = [
        key for key, data in found.items() if ACCESS_KEY.encode() in data or SECRET_KEY.encode() in data
    ]
    sys.stdout.write(f"requests: {counts}; {here:.0f} s on the disk, {there:.0f} s on the store\n")
    sys.stdout.write(
        f"{len(expected)} files compared, {len(differ)} differ, {len(secrets)} hold credentials\n"
    )
    raise SystemExit(1 if differ or secrets else 0)


if __name__ == "__main__":
    app()
