"""Texts of one language in, a SentencePiece unigram model and a KenLM 5-gram model of its pieces out (CCNet, 3.3)."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import sentencepiece
from pydantic import Field

from stages.core.errors import UserError
from stages.core.manifest import MODEL, TABLE, Manifest, Record, ShardReport
from stages.core.names import below
from stages.core.stage import Stage, Task, task_id
from stages.core.writer import TaskWriter
from stages.language_model.lmplz import TOOLS, estimate, find_tool
from stages.language_model.text import LanguageOptions, LanguageTexts, drawn, found_texts
from stages.models.ccnet_normalize import lines_of
from stages.models.perplexity import LanguageModel, load_pieces
from stages.models.perplexity_files import NGRAM_SUFFIXES, PIECES_SUFFIX, ModelFiles, copy_bytes

TRAINING_THREADS = 4
"""SentencePiece's model depends on how many threads add up its counts, so the number is the same on every machine."""

MAX_LINE_BYTES = 1 << 30
"""SentencePiece silently passes over longer lines; its own default is 4,192."""

ENCODED_LINES = 8_192


class NgramOptions(Record):
    """How the two models of a language are made."""

    vocab_size: int = Field(65_536, gt=0, description="pieces at most; a small text has fewer")
    character_coverage: float = Field(0.9995, gt=0, le=1, description="share of characters that get a piece")
    order: int = Field(5, ge=2, le=6, description="pieces in an n-gram")
    max_text_bytes: int = Field(4 << 30, gt=0, description="text for the n-grams, about")
    max_vocabulary_bytes: int = Field(
        256 << 20,
        gt=0,
        description="text for the pieces, about (SentencePiece takes 20 times as much memory)",
    )
    memory_bytes: int = Field(2 << 30, gt=0, description="what lmplz may sort in memory")


class TrainedLanguageModel(Record):
    """Entries of the tokenizer's vocabulary, and the lines and pieces that the n-grams were counted on."""

    vocabulary: int
    lines: int
    pieces: int


class TrainLanguageModel(LanguageOptions, NgramOptions, Stage[LanguageTexts]):
    """The texts of one language -> its two models. Texts drawn below `held_out` are kept for the cut-offs."""

    stage_name: ClassVar[str] = "train_language_model"
    follows_unicode: ClassVar[bool] = True
    uses_all_cores: ClassVar[bool] = True

    held_out: float = Field(0.0, ge=0, lt=1)

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[LanguageTexts]]:
        """One task over all texts; a UserError when there are none."""
        found = found_texts(inputs)
        if found.documents == 0:
            raise UserError(f"lm train: no document in language {self.language!r} in what was given")
        uris = tuple(uri for manifest in inputs for uri in manifest.uris(TABLE))
        return [Task(task_id(0), uris, found)]

    def run(self, task: Task[LanguageTexts]) -> ShardReport:
        """Train the pieces, then the n-grams over them, and see that the two load together."""
        for tool in TOOLS:
            find_tool(tool)
        available = max(1, task.params.text_bytes)
        names = [self.language + PIECES_SUFFIX, self.language + NGRAM_SUFFIXES[0]]
        with tempfile.TemporaryDirectory() as scratch, TaskWriter(task, self.stage_name) as out:
            pieces, ngrams = (Path(below(scratch, name)) for name in names)
            pieces.write_bytes(self._train_pieces(self._lines(task, self.max_vocabulary_bytes / available)))
            counts = {"lines": 0, "pieces": 0}
            encoded = _encoded(str(pieces), self._lines(task, self.max_text_bytes / available), counts)
            estimate(encoded, ngrams, self.order, self.memory_bytes)
            model = LanguageModel(ModelFiles(str(pieces), str(ngrams)))
            for path in (pieces, ngrams):
                copy_bytes(str(path), out.file(path.name, MODEL))
            out.facts = TrainedLanguageModel(vocabulary=model.num_pieces, **counts)
        return out.report

    def _lines(self, task: Task[LanguageTexts], share: float) -> Iterator[str]:
        """The lines of this share of the texts, as the model will see them."""
        high = self.held_out + min(1.0, share) * (1 - self.held_out)
        for texts in drawn(task.inputs, self.held_out, high):
            for text in texts:
                yield from lines_of(text.as_py())

    def _train_pieces(self, lines: Iterator[str]) -> bytes:
        model = io.BytesIO()
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=lines,
                model_writer=model,
                model_type="unigram",
                vocab_size=self.vocab_size,
                hard_vocab_limit=False,  # a small Wikipedia gets the pieces that it has
                character_coverage=self.character_coverage,
                max_sentence_length=MAX_LINE_BYTES,
                num_threads=TRAINING_THREADS,
                minloglevel=2,
            )
        except RuntimeError as error:
            reason = (str(error).strip().splitlines() or ["no reason given"])[-1]
            raise UserError(
                f"lm train {self.language}: SentencePiece refuses ({reason}); give more text"
            ) from error
        return model.getvalue()


def _encoded(pieces: str, lines: Iterator[str], counts: dict[str, int]) -> Iterator[str]:
    """Lines as pieces with spaces between, counted."""
    encoder = load_pieces(pieces)
    batch: list[str] = []

    def flush() -> Iterator[str]:
        for line in encoder.encode(batch, out_type=str, num_threads=1):
            counts["lines"] += 1
            counts["pieces"] += len(line)
            yield " ".join(line)

    for line in lines:
        batch.append(line)
        if len(batch) == ENCODED_LINES:
            yield from flush()
            batch = []
    yield from flush()
