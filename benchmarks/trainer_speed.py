"""A setting in, tokens a second, memory and the first step's seconds out: of our trainer's steps, and of transformers' Llama.

Both train alike on a GPU: weights, gradients and AdamW's moments in float32, products in bfloat16 (ours with fsdp: all but
the optimizer in bfloat16), the same sequences; compiled, ours by layer and transformers' model whole, as its users do.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from benchmarks.made_tokens import DOCUMENT_TOKENS, FIRST_ID
from benchmarks.measure import peak_memory_bytes
from benchmarks.trainer_lines import Setting, Speed
from stages.train.export import hugging_face_config
from stages.train.loader import MicroBatch
from stages.train.model import INITIAL_DEVIATION
from stages.train.optimizer import make_optimizer
from stages.train.ranks import torch_ranks, torch_settings
from stages.train.sharding import make_model
from stages.train.speed import memory_bytes
from stages.train.updates import Updates

RATE = 1e-5
SECONDS, FEWEST_STEPS = 4.0, 3
CEILING_SIDES = {"cuda": (4096, 8192, 16_384), "cpu": (512,)}
CEILING_REPEATS = 10


def matmul_flops(device: str) -> float:
    """Most operations a second of a square product, in bfloat16 on a GPU: what no training is above."""
    kind = torch.bfloat16 if device == "cuda" else torch.float32
    best = 0.0
    for side in CEILING_SIDES[device]:
        left, right = torch.randn(2, side, side, device=device, dtype=kind)
        for _ in range(CEILING_REPEATS):
            started = _now(device)
            for _ in range(CEILING_REPEATS):
                left @ right
            best = max(best, CEILING_REPEATS * 2 * side**3 / (_now(device) - started))
    return best


def our_speed(device: str, setting: Setting, masked: bool) -> Speed:
    """Of the trainer's own gradients and updates; `masked` keeps attention inside documents."""
    config = setting.config(device)
    with torch_settings(config), torch_ranks(config) as place:
        updates = Updates(config, make_model(config, setting.vocab_size, place), place)
        _draw(updates.model)
        batches = made_batches(setting, masked)

        def step() -> None:
            updates.gradients(batches)
            updates.update(RATE)

        return _timed(step, device, setting)


def their_speed(device: str, setting: Setting) -> Speed:
    """Of transformers' Llama in a plain loop, with its own loss; `recompute: full` is its gradient checkpointing."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = setting.config(device)
    described = hugging_face_config(config.sizes, setting.vocab_size, setting.context, "float32", 1, 2)
    with torch_settings(config):
        with torch.device(device):
            model = LlamaForCausalLM(LlamaConfig.from_dict({**described, "use_cache": False}))
        model.train()
        if setting.recompute == "full":
            model.gradient_checkpointing_enable()
        optimizer = make_optimizer(model, config, torch.device(device))
        run = torch.compile(model) if config.compile else model
        rows = [batch.to(torch.device(device)).inputs for batch in made_batches(setting, masked=False)]

        def step() -> None:
            for ids in rows:
                with torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
                    loss = run(input_ids=ids, labels=ids).loss
                (loss / len(rows)).backward()
            nn.utils.clip_grad_norm_(model.parameters(), config.max_grad_norm)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

        return _timed(step, device, setting)


def made_batches(setting: Setting, masked: bool) -> list[MicroBatch]:
    """A step's micro-batches of random tokens; documents end as those of `made_pack` do."""
    rng = np.random.default_rng(1)
    shape = (setting.sequences, setting.context)
    batches = []
    for _ in range(setting.micro_batches):
        ids = rng.integers(FIRST_ID, setting.vocab_size, (setting.sequences, setting.context + 1))
        segments, positions = made_documents(rng.random(shape)) if masked else (None, None)
        inputs, targets = torch.from_numpy(ids[:, :-1].copy()), torch.from_numpy(ids[:, 1:].copy())
        batches.append(MicroBatch(inputs, targets, segments, positions, 1 / setting.micro_batches))
    return batches


def made_documents(drawn: np.ndarray, tokens: int = DOCUMENT_TOKENS) -> tuple[Tensor, Tensor]:
    """Segments and positions of documents of so many tokens on average, of numbers 0..1, shape (sequences, length)."""
    begins = drawn < 1 / tokens
    begins[:, 0] = True
    places = np.broadcast_to(np.arange(begins.shape[1]), begins.shape)
    positions = places - np.maximum.accumulate(np.where(begins, places, 0), axis=1)
    return torch.from_numpy(begins.cumsum(1) - 1), torch.from_numpy(positions)


@torch.no_grad()
def _draw(model: nn.Module) -> None:
    """First weights on the device itself; those of a training are drawn on the CPU, a minute for 7B."""
    for weight in model.parameters():
        held = weight.to_local() if isinstance(weight, DTensor) else weight
        if weight.dim() < 2:
            held.fill_(1.0)
        else:
            held.normal_(0.0, INITIAL_DEVIATION)


def _timed(step: Callable[[], object], device: str, setting: Setting) -> Speed:
    started = _now(device)
    step()
    first = _now(device) - started
    step()  # the moments are there by now, and graphs that were compiled a second time
    spent: list[float] = []
    while sum(spent) < SECONDS or len(spent) < FEWEST_STEPS:
        started = _now(device)
        step()
        spent.append(_now(device) - started)
    median = statistics.median(spent)
    peak = memory_bytes(torch.device(device)) if device == "cuda" else peak_memory_bytes()
    return Speed(setting.step_tokens / median, peak, max(0.0, first - median))


def _now(device: str) -> float:
    """Seconds, when all that was asked of the device is done."""
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()
