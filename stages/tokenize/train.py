"""Documents in, a SentencePiece BPE model with LLaMA's options out (LLaMA, section 2.1, Tokenizer).

sample (shard -> a seeded share of its documents, by source) -> train (all samples -> `tokenizer.model`).
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sentencepiece
from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticKnownError

from stages.core.errors import UserError
from stages.core.groups import EmptySources, Groups, weights_of_sources, without_empty
from stages.core.manifest import MODEL, TABLE, Manifest, Record, ShardReport, add_sources
from stages.core.parquet import read_batches, read_documents
from stages.core.shards import shard_groups
from stages.core.stage import Stage, Task, task_id
from stages.core.verb import Options
from stages.core.writer import TaskWriter
from stages.kernels.hash.hashing import hash_strings
from stages.tokenize.tokenizers.load import Tokenizer, make_tokenizer

TOKENIZER_NAME = "tokenizer.model"
SAMPLE_SCHEMA = pa.schema([("source", pa.string()), ("text", pa.large_string())])
MIN_VOCABULARY = 300
"""256 byte pieces, 3 control symbols, and room for some characters."""

MAX_LINE_BYTES = 1 << 30
"""SentencePiece silently passes over longer lines; its own default is 4,192, which loses most of a book."""


def sampling_rates(
    text_bytes: Mapping[str, int], weights: Mapping[str, float | Fraction], max_text_bytes: int
) -> dict[str, float]:
    """Share of each source's documents to draw so that their bytes follow `weights`, `max_text_bytes` in all.

    Without weights every source is drawn alike. A source that is too small gives all it has.
    """
    total = sum(text_bytes.values())
    if not weights:
        return dict.fromkeys(text_bytes, min(1.0, max_text_bytes / max(1, total)))
    return {
        source: min(1.0, float(weights.get(source, 0.0)) * max_text_bytes / max(1, available))
        for source, available in text_bytes.items()
    }


class SampleOptions(EmptySources):
    """Which text the tokenizer is trained on."""

    max_text_bytes: int = Field(
        256 << 20,
        gt=0,
        description="text to train on, about (SentencePiece takes some 20 times as much memory)",
    )
    weights: dict[str, float] = Field(
        default_factory=dict, description="shares of sources or groups in that text (default: as they come)"
    )
    groups: Groups = Field(default_factory=dict, description="sources under one name, for `weights`")
    seed: int = Field(0, description="chooses the documents")


class SampleTextParams(Record):
    """Share of each source's documents to draw."""

    rates: dict[str, float]


class SampleText(SampleOptions, Stage[SampleTextParams]):
    """Shard -> the texts that the tokenizer is trained on, chosen by the hash of (seed, id)."""

    stage_name: ClassVar[str] = "sample_text"
    version: ClassVar[int] = 2
    groups_small_shards: ClassVar[bool] = True

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[SampleTextParams]]:
        """One task for each document shard, or for neighbours that are small of every input."""
        available = {k: v.text_bytes for k, v in add_sources(m.sources for m in inputs).items()}
        asked = without_empty(self.weights, self.groups, available, self.may_be_empty)
        weights = weights_of_sources(asked, self.groups, available)
        params = SampleTextParams(rates=sampling_rates(available, weights, self.max_text_bytes))
        return [Task(task_id(i), uris, params) for i, uris in enumerate(shard_groups(inputs))]

    def run(self, task: Task[SampleTextParams]) -> ShardReport:
        """Write the chosen texts."""
        with TaskWriter(task, self.stage_name) as out:
            tables = (self._choose(batch, task.params.rates) for batch in read_documents(task.inputs))
            out.write_table(f"sample-{task.id}", SAMPLE_SCHEMA, tables)
        return out.report

    def _choose(self, batch: pa.RecordBatch, rates: dict[str, float]) -> pa.Table:
        sources = batch.column("source")
        place = pc.index_in(sources, value_set=pa.array(list(rates), pa.string())).to_numpy(
            zero_copy_only=False
        )
        rate = np.array(list(rates.values()))[place]
        draw = hash_strings(batch.column("id"), self.seed) / 2.0**64
        chosen = pa.Table.from_batches([batch.select(["source", "text"])])
        return chosen.filter(pa.array(draw < rate)).cast(SAMPLE_SCHEMA)


class BpeOptions(Record):
    """What the tokenizer is; LLaMA's options are the defaults."""

    byte_fallback: bool = Field(True, description="unknown characters fall back to bytes")
    vocab_size: int = Field(32_000, gt=0, description="number of pieces, bytes and control symbols included")
    split_digits: bool = Field(True, description="every digit is a piece of its own")
    character_coverage: float = Field(0.99995, gt=0, le=1, description="share of characters that get a piece")

    @field_validator("vocab_size")
    @classmethod
    def _room_for_bytes(cls, size: int, info: ValidationInfo) -> int:
        if info.data.get("byte_fallback") and size < MIN_VOCABULARY:
            raise PydanticKnownError("greater_than_equal", {"ge": MIN_VOCABULARY})
        return size


class TokenizerOptions(SampleOptions, BpeOptions, Options):
    """A BPE tokenizer, trained on a sample of documents."""


class TrainedTokenizer(Record):
    """A trained tokenizer: entries of its vocabulary, and bytes of the samples for each token, by source."""

    vocab_size: int
    bytes_per_token: dict[str, float]


class TrainTokenizer(BpeOptions, Stage[None]):
    """The samples -> one BPE model."""

    stage_name: ClassVar[str] = "train_tokenizer"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[None]]:
        """One task over all samples."""
        uris = tuple(uri for manifest in inputs for uri in manifest.uris(TABLE))
        return [Task(task_id(0), uris, None)]

    def run(self, task: Task[None]) -> ShardReport:
        """Train, check that ids 0, 1, 2 are <unk> <s> </s>, and write the model with its figures."""
        with TaskWriter(task, self.stage_name) as out:
            model = self._train(task.inputs)
            out.file(TOKENIZER_NAME, MODEL).write(model)
            measured = bytes_per_token(make_tokenizer(model, TOKENIZER_NAME), task.inputs)
            out.facts = TrainedTokenizer(vocab_size=self.vocab_size, bytes_per_token=measured)
        return out.report

    def _train(self, uris: Sequence[str]) -> bytes:
        if next(training_lines(uris), None) is None:
            raise UserError("tokenizer: no text to train on: no document was kept, and the ledger says why")
        model = io.BytesIO()
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=training_lines(uris),
                model_writer=model,
                model_type="bpe",
                vocab_size=self.vocab_size,
                split_digits=self.split_digits,
                byte_fallback=self.byte_fallback,
                character_coverage=self.character_coverage,
                normalization_rule_name="identity",
                remove_extra_whitespaces=False,
                allow_whitespace_only_pieces=True,
                add_dummy_prefix=True,
                unk_id=0,
                bos_id=1,
                eos_id=2,
                pad_id=-1,
                max_sentence_length=MAX_LINE_BYTES,
                num_threads=1,
                minloglevel=2,
            )
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise UserError(
                f"tokenizer.train.vocab_size={self.vocab_size}: SentencePiece refuses ({reason}); "
                "lower vocab_size or give more text"
            ) from error
        return model.getvalue()


def training_lines(uris: Sequence[str]) -> Iterator[str]:
    """Every line of every sampled text: a newline is always a byte piece, so no piece needs to cross it."""
    for batch in read_batches(uris, ["text"]):
        yield from (
            line for line in pc.list_flatten(pc.split_pattern(batch.column("text"), "\n")).to_pylist() if line
        )


def bytes_per_token(tokenizer: Tokenizer, uris: Sequence[str]) -> dict[str, float]:
    """Bytes per token of the samples, by source."""
    text_bytes: dict[str, int] = {}
    tokens: dict[str, int] = {}
    for batch in read_batches(uris):
        _, offsets = tokenizer.encode(batch.column("text"))
        lengths = pc.binary_length(batch.column("text")).to_numpy(zero_copy_only=False)
        sources = batch.column("source").to_numpy(zero_copy_only=False)
        for source in np.unique(sources):
            rows = sources == source
            text_bytes[source] = text_bytes.get(source, 0) + int(lengths[rows].sum())
            tokens[source] = tokens.get(source, 0) + int(np.diff(offsets)[rows].sum())
    return {s: round(text_bytes[s] / tokens[s], 4) for s in sorted(tokens) if tokens[s]}
