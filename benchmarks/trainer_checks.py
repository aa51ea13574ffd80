"""A device in, a line for each check of the trainer there out: masks, resuming, and what transformers makes of an export."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.made_tokens import finish_stage, made_pack
from benchmarks.trainer_lines import Line, Setting
from benchmarks.trainer_speed import made_documents
from stages.mix.mixture import Mix
from stages.train.checkpoint import read_weights
from stages.train.checkpoint_index import checkpoint_name
from stages.train.config import TrainConfig
from stages.train.export import export_hugging_face
from stages.train.log import StepInfo, read_log
from stages.train.masks import Mask, attend, attention_mask, block_mask, document_mask
from stages.train.model import Llama
from stages.train.train import train

LENGTHS, HEADS, KV_HEADS, HEAD_DIM = {"cuda": 2048, "cpu": 384}, 8, 4, 64
SAME_ATTENTION = {"cuda": 0.03, "cpu": 1e-5}
"""Of the largest value; a dense mask in bfloat16 makes 0.01, a document's end that is off by one 0.8 and more."""

STEPS, STOP = 6, 3
SAME_LOSS = 1e-3
"""Relative; where sums have no fixed order, a resumed training is not the same to the last digit."""

SAME_LOGITS = 1e-4
"""Of the largest logit, both in float32; another order of sums alone made 5e-7 of it on one card."""


def check_masks(device: str) -> Line:
    """Attention by blocks, and on a GPU its gradients, against those by a dense mask in float64."""
    length = LENGTHS[device]
    rng = np.random.default_rng(1)
    segments = made_documents(rng.random((2, length)), length // 6)[0].to(device)
    drawn = [
        torch.from_numpy(rng.standard_normal((2, heads, length, HEAD_DIM)))
        for heads in (HEADS, KV_HEADS, KV_HEADS, HEADS)
    ]
    dense = document_mask(segments)
    blocks = attention_mask(segments) if device == "cuda" else block_mask(segments)
    kind = torch.bfloat16 if device == "cuda" else torch.float32
    warnings.filterwarnings("ignore", message="flex_attention called without torch.compile")
    exact = _attended(drawn, dense, device, torch.float64)
    ours, theirs = (
        max(
            _error(one, other) for one, other in zip(_attended(drawn, mask, device, kind), exact, strict=True)
        )
        for mask in (blocks, dense)
    )
    told = f"errors to {ours:.1e} of the largest value by blocks, {theirs:.1e} by a dense mask"
    alone = "" if device == "cuda" else "; without gradients, which flex_attention has on a GPU alone"
    return Line("block masks against dense ones", told + alone, ours < SAME_ATTENTION[device], check=True)


def _attended(drawn: list[Tensor], mask: Mask, device: str, kind: torch.dtype) -> list[Tensor]:
    """What attention gives; on a GPU gradients of queries, keys and values too."""
    query, key, value, weights = (one.to(device, kind) for one in drawn)
    inputs = [one.requires_grad_(device == "cuda") for one in (query, key, value)]
    mixed = attend(query, key, value, mask)
    if device != "cuda":
        return [mixed]
    (mixed * weights).sum().backward()
    return [mixed.detach(), *(one.grad for one in inputs if one.grad is not None)]


def _error(found: Tensor, exact: Tensor) -> float:
    return float((found.double() - exact).abs().max() / exact.abs().max())


def check_resume(device: str, setting: Setting, deterministic: bool) -> tuple[Line, float]:
    """A training that goes on from its checkpoint half way against itself; and its median step's tokens a second."""
    config = setting.config(device, STEPS).model_copy(
        update={"deterministic": deterministic, "document_mask": True, "checkpoint_steps": STOP}
    )
    seen: list[StepInfo] = []
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "training"
        _train(config, setting, out, seen)
        whole, losses = _left(out)
        shutil.rmtree(out / checkpoint_name(STEPS))
        _train(config, setting, out, [])
        again, losses_again = _left(out)
    weights = max(float((whole[name] - again[name]).abs().max()) for name in whole)
    loss = max(abs(one / other - 1) for one, other in zip(losses_again, losses, strict=True))
    exact = losses == losses_again and all(torch.equal(whole[name], again[name]) for name in whole)
    told = "bit-exact" if exact else f"weights differ to {weights:.1e}, losses to {loss:.1e} of them"
    must = deterministic or device == "cpu"
    name = "resume, deterministic" if deterministic else "resume"
    line = Line(name, told, exact if must else loss < SAME_LOSS, setting, check=True)
    return line, statistics.median(info.tokens_per_second for info in seen[STOP:])


def _left(out: Path) -> tuple[dict[str, Tensor], list[float]]:
    """Weights and losses of a whole training."""
    return read_weights(str(out / checkpoint_name(STEPS))), [row["loss"] for row in read_log(str(out), STEPS)]


def check_export(device: str, setting: Setting) -> Line:
    """Logits of an exported model as transformers loads it, against ours, in float32."""
    from transformers import AutoModelForCausalLM

    config = setting.config(device, STOP).model_copy(update={"compile": False})
    with tempfile.TemporaryDirectory() as folder:
        out, exported = Path(folder) / "training", str(Path(folder) / "exported")
        _train(config, setting, out, [])
        checkpoint = str(out / checkpoint_name(STOP))
        export_hugging_face(checkpoint, exported, setting.context, dtype="float32")
        theirs = AutoModelForCausalLM.from_pretrained(exported, dtype=torch.float32).to(device).eval()
        with torch.device(device):
            ours = Llama(config.sizes, setting.vocab_size)
        ours.load_state_dict(read_weights(checkpoint))
    ids = torch.from_numpy(np.random.default_rng(2).integers(0, setting.vocab_size, (2, setting.context)))
    with torch.no_grad():
        found, wanted = ours(ids.to(device)), theirs(ids.to(device)).logits
    error, same = (
        _error(found, wanted.double()),
        float((found.argmax(-1) == wanted.argmax(-1)).double().mean()),
    )
    told = f"logits differ to {error:.1e} of the largest; {same:.2%} of the likeliest tokens are the same"
    return Line("export, in transformers", told, error < SAME_LOGITS, setting, check=True)


def _train(config: TrainConfig, setting: Setting, out: Path, seen: list[StepInfo]) -> None:
    """Train on made-up tokens, of which there are more than enough for the steps, or go on."""
    pack, mix = out.with_name("pack"), out.with_name("mix")
    if not pack.exists():
        steps = config.steps or 1
        made = made_pack(pack, 2, 4 * steps * setting.step_tokens, setting.vocab_size)
        finish_stage(Mix(sequence_length=setting.context), str(mix), [made])
        out.mkdir()
    train(config, str(pack), str(mix), str(out), on_step=seen.append)
