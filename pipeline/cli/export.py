"""`altiplano export tokens|model`: what a run made, in the formats of other trainers and of Hugging Face."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Literal

from cyclopts import App

from pipeline.cli.commands import say
from pipeline.graph import run_manifests
from stages.core.errors import UserError
from stages.core.stage import MODEL, Manifest
from stages.mix.schedule import read_mixture
from stages.tokenize.export.formats import export_tokens

Format = Literal["huggingface", "megatron", "mds", "nanogpt"]


def export_group() -> App:
    """The group of export commands."""
    group = App(name="export", help="Write what a run made in other tools' formats.")
    group.command(tokens)
    group.command(model)
    return group


def tokens(run: str, /, *, out: str, format: Format) -> None:
    """Packed tokens for another trainer: files of each source, and dataset.json that says what the ids mean.

    Parameters
    ----------
    run
        folder of a run with packed tokens
    out
        folder to write into
    format
        huggingface (Parquet with input_ids), megatron (.bin, .idx), mds (MosaicML streaming), nanogpt (.bin)
    """
    names = export_tokens(_finished(run, "pack").folder, out, format)
    say(f"{out}: {len(names)} files: {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}")


def model(run: str, /, *, out: str, dtype: str = "bfloat16") -> None:
    """The trained model in Hugging Face's Llama layout.

    Parameters
    ----------
    run
        folder of a run that trained a model
    out
        folder to write into
    dtype
        bfloat16, float16 or float32
    """
    if find_spec("torch") is None:
        raise UserError("exporting a model needs torch: pip install '.[train]'")
    from stages.train.export import export_hugging_face

    checkpoints = [uri for uri in _finished(run, "train").uris(MODEL) if uri.endswith(".pt")]
    length = read_mixture(_finished(run, "mix").folder).sequence_length
    facts = _finished(run, "pack").facts[0]
    names = export_hugging_face(checkpoints[-1], out, length, dtype, facts["bos"], facts["eos"])
    say(f"{out}: {', '.join(names)}")


def _finished(run: str, stage: str) -> Manifest:
    found = [manifest for manifest in run_manifests(run).values() if manifest.stage == stage]
    if not found:
        raise UserError(f"{run}: no finished {stage} stage there; nothing to export")
    return found[-1]
