"""Packed tokens and a mixture in, checkpoints and log.jsonl out: the training loop (LLaMA, section 2.3).

A run that is stopped anywhere goes on from its last checkpoint and ends with the same weights and log as one
that never stopped; on one kind of CPU bit for bit. Under torchrun many processes train on the same batches.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stages.core import storage
from stages.core.errors import UserError
from stages.core.manifest import FileInfo
from stages.mix.schedule import Mixture, Schedule, read_mixture
from stages.mix.sequences import ScheduledSequences
from stages.tokenize.read import PackedTokens
from stages.tokenize.shards import token_shards
from stages.train.checkpoint import CheckpointWriter, load_checkpoint
from stages.train.checkpoint_index import (
    Ancestor,
    checkpoint_files,
    checkpoint_name,
    is_checkpoint,
    list_checkpoints,
    read_checkpoint_index,
)
from stages.train.config import TrainConfig
from stages.train.export import as_json, hugging_face_config
from stages.train.guard import fault, stopped, write_batch
from stages.train.identity import training_identity
from stages.train.loader import Loader, MicroBatch
from stages.train.log import StepInfo, read_log, skipped_row, write_log
from stages.train.optimizer import learning_rate
from stages.train.ranks import Place, agreed, torch_ranks, torch_settings
from stages.train.samples import TextSampler
from stages.train.sharding import give_weights, make_model
from stages.train.speed import memory_bytes, utilisation
from stages.train.start import start_weights
from stages.train.trackers import Tracker, open_trackers
from stages.train.updates import Updates


@dataclass(frozen=True)
class TrainResult:
    """What a finished, or stopped, training left: its files and figures. Losses in nats per token."""

    files: tuple[FileInfo, ...]
    steps: int
    tokens: int
    first_loss: float
    final_loss: float
    parameters: int
    lineage: tuple[Ancestor, ...] = ()


def train(
    config: TrainConfig,
    pack_folder: str,
    mix_folder: str,
    output: str,
    on_step: Callable[[StepInfo], None] | None = None,
    stop_step: int | None = None,
    fit_folder: str | None = None,
    tokenizer: str | None = None,
) -> TrainResult:
    """Train to the end, or to `stop_step`, from the last checkpoint in `output` when there is one.

    `tokenizer` is the file of the tokens' tokenizer, for samples of text, unless the config names it.
    """
    tokens = PackedTokens.open(pack_folder, fit_folder, config.cache)
    means = token_shards(pack_folder)[1]
    mixture = read_mixture(mix_folder)
    num_steps = steps_of(config, mixture)
    with torch_settings(config), torch_ranks(config) as place:
        loader = Loader(
            ScheduledSequences(tokens, Schedule(mixture, config.seed, config.held_out_sequences)),
            config.batch_sequences,
            config.micro_batch_sequences,
            place.data_rank,
            place.data_ranks,
            config.masks_documents,
        )
        updates = Updates(config, make_model(config, tokens.vocab_size, place), place)
        lineage = _begin(config, updates, place, mixture.tokenizer_sha256, bool(list_checkpoints(output)))
        described = hugging_face_config(
            config.sizes, tokens.vocab_size, mixture.sequence_length, "float32", means.bos, means.eos
        )
        trainer = _Trainer(
            config,
            loader,
            updates,
            place,
            num_steps,
            mixture.sequence_length,
            output,
            CheckpointWriter(output, updates.model, updates.optimizer, place, as_json(described)),
            training_identity(config, mixture, num_steps, tokens.vocab_size),
            lineage,
            TextSampler.of(config, means, tokenizer),
        )
        trainer.resume()
        return trainer.run(min(stop_step or num_steps, num_steps), on_step)


def steps_of(config: TrainConfig, mixture: Mixture) -> int:
    """Steps of the run; a UserError when the mixture has too few sequences or the warm-up is too long."""
    available = mixture.num_steps(config.batch_sequences)
    num_steps = config.steps or available
    if available == 0:
        raise UserError(
            f"the mixture draws {mixture.total_sequences} sequences, fewer than one batch of"
            f" {config.batch_sequences}; lower batch_sequences or raise the mixture's budget"
        )
    if num_steps > available:
        raise UserError(
            f"steps {num_steps} need {num_steps * config.batch_sequences} sequences, but the mixture draws"
            f" {mixture.total_sequences}, enough for {available}; lower steps or raise the mixture's budget"
        )
    if config.warmup_steps >= num_steps:
        raise UserError(
            f"warmup_steps {config.warmup_steps} must be below the {num_steps} steps of the run; lower it"
        )
    return num_steps


def _begin(
    config: TrainConfig, updates: Updates, place: Place, tokenizer: str, resumes: bool
) -> tuple[Ancestor, ...]:
    """First weights, unless a checkpoint brings them: those of `start`, or drawn by the seed; what `start` comes of."""
    model, start = updates.model, config.start
    if start is not None and is_checkpoint(start):
        if resumes:
            index = agreed(lambda: read_checkpoint_index(start), place)
        else:
            index = load_checkpoint(start, model, updates.optimizer, place)
        if index.identity.get("tokenizer") != tokenizer:
            raise UserError(f"{start}: trained on tokens of another tokenizer; tokenize with that one")
        return (*index.lineage, Ancestor(step=index.step, identity=index.identity))
    if start is None:
        give_weights(model, model.first_weights(config.seed), "the first weights")
    else:
        names = [name for name, _ in model.named_parameters()]
        give_weights(model, start_weights(start, config.sizes, model.vocab_size, names), start)
    return ()


class _Trainer:
    """The state of a run between two steps: model, optimizer, step and log."""

    def __init__(
        self,
        config: TrainConfig,
        loader: Loader,
        updates: Updates,
        place: Place,
        num_steps: int,
        sequence_length: int,
        output: str,
        checkpoints: CheckpointWriter,
        identity: dict[str, Any],
        lineage: tuple[Ancestor, ...],
        sample: TextSampler | None,
    ) -> None:
        self.config, self.loader, self.updates, self.place = config, loader, updates, place
        self.num_steps, self.output = num_steps, output
        self.checkpoints, self.identity, self.lineage, self.sample = checkpoints, identity, lineage, sample
        self.step = 0
        self.log: list[dict[str, Any]] = []
        self.step_tokens = config.batch_sequences * sequence_length
        flops = config.sizes.flops_per_token(updates.model.vocab_size, sequence_length)
        self.step_flops = self.step_tokens * flops

    def resume(self) -> None:
        """Go back to the last checkpoint, and to the log up to it."""
        found = agreed(lambda: list_checkpoints(self.output), self.place)
        if not found:
            return
        self.step = found[-1]
        load_checkpoint(
            storage.join(self.output, checkpoint_name(self.step)),
            self.updates.model,
            self.updates.optimizer,
            self.place,
            self._identity(),
            self.lineage,
        )
        self.log = agreed(lambda: read_log(self.output, self.step), self.place)

    def run(self, stop_step: int, on_step: Callable[[StepInfo], None] | None) -> TrainResult:
        """Train up to `stop_step`, with a checkpoint there."""
        told: list[Tracker] = []
        if self.place.rank == 0 and self.step < stop_step:
            told = open_trackers(self.config.trackers, self.output, self.step, self.identity)
        try:
            for step, batches in self.loader.steps(self.step, stop_step):
                self.step = step + 1
                info = None if self.step in self.config.skip_batches else self._trained(step, batches)
                self.log.append(skipped_row(self.step, self._tokens()) if info is None else info.log_row())
                if self.step % self.config.checkpoint_steps == 0 or self.step == stop_step:
                    self._save()
                if info is not None and self.place.rank == 0:
                    for one in told:
                        one.tell(info)
                    if on_step is not None:
                        on_step(info)
            self.checkpoints.wait()
        finally:
            self.checkpoints.end()
            for one in told:
                one.end()
        return self._result()

    def _result(self) -> TrainResult:
        losses = [row["loss"] for row in self.log if "loss" in row]
        if not losses:
            raise UserError(f"skip_batches leaves out all {self.step} steps; there is nothing to train on")
        return TrainResult(
            files=self._files(),
            steps=self.step,
            tokens=self._tokens(),
            first_loss=losses[0],
            final_loss=losses[-1],
            parameters=sum(weight.numel() for weight in self.updates.model.parameters()),
            lineage=self.lineage,
        )

    def _tokens(self) -> int:
        """Tokens trained on so far."""
        return (self.step - len(self._skipped())) * self.step_tokens

    def _skipped(self) -> list[int]:
        """The batches left out so far: part of what a checkpoint is one of."""
        return sorted({number for number in self.config.skip_batches if number <= self.step})

    def _identity(self) -> dict[str, Any]:
        return {**self.identity, "skip_batches": self._skipped()}

    def _trained(self, step: int, batches: list[MicroBatch]) -> StepInfo:
        """Train on one batch, and measure the held-out loss where it is due."""
        started = time.perf_counter()
        loss, norm = self.updates.gradients(batches)
        self._stop_at_fault(step, loss, norm)
        rate = learning_rate(step, self.num_steps, self.config)
        self.updates.update(rate)
        seconds = time.perf_counter() - started
        due = self.step % self.config.held_out_steps == 0 or self.step == self.num_steps
        return StepInfo(
            step=self.step,
            num_steps=self.num_steps,
            loss=loss,
            bits_per_byte=self.loader.bits_per_byte(step, loss),
            rate=rate,
            grad_norm=norm,
            tokens=self._tokens(),
            tokens_per_second=self.step_tokens / seconds,
            mfu=utilisation(self.step_flops, seconds, self.place.device, self.place.world_size),
            memory_bytes=memory_bytes(self.place.device),
            held_out=self.updates.held_out(self.loader) if due and self.config.held_out_sequences else None,
            sample=self.sample.draw(self.updates, self.step) if due and self.sample else None,
        )

    def _stop_at_fault(self, step: int, loss: float, norm: float) -> None:
        """Raise when the step must not be taken; all processes see the same figures and stop together."""
        wrong = fault(loss, norm, self.log, self.config)
        if wrong is None:
            return
        self.checkpoints.wait()
        documents = self.loader.documents(step)
        if self.place.rank == 0:
            write_batch(self.output, step + 1, wrong, documents)
        before = list_checkpoints(self.output)
        checkpoint = checkpoint_name(before[-1]) if before else None
        raise stopped(self.output, step + 1, wrong, documents, checkpoint)

    def _save(self) -> None:
        """The log first, so that no checkpoint is ever ahead of it; then the checkpoint, while training goes on."""
        self.checkpoints.wait()
        self._delete_old()
        if self.place.rank == 0:
            write_log(self.output, self.log)
        self.checkpoints.begin(self.step, self._identity(), self.lineage)

    def _delete_old(self) -> None:
        self.checkpoints.delete_old(self.config.keep_checkpoints, self.config.keep_steps)

    def _files(self) -> tuple[FileInfo, ...]:
        """The log, cut to the checkpoint that it ends with, and the checkpoints that are kept, the last one last."""
        if self.place.rank != 0:
            return ()
        self._delete_old()
        kept = [
            file for step in list_checkpoints(self.output) for file in checkpoint_files(self.output, step)
        ]
        return write_log(self.output, self.log), *kept
