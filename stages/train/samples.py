"""A model in training in, a text that it writes out: drawn by its probabilities after the beginning of a document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from stages.core.errors import UserError
from stages.core.storage import sha256_file
from stages.tokenize.encode import TokenFormat
from stages.tokenize.tokenizers.base import Tokenizer
from stages.tokenize.tokenizers.load import load_tokenizer
from stages.train.config import TrainConfig
from stages.train.updates import Updates


@dataclass(frozen=True)
class TextSampler:
    """How a training writes: so many tokens at most, between these two, drawn by a seed of each step."""

    tokenizer: Tokenizer
    num_tokens: int
    bos: int
    eos: int
    seed: int

    @classmethod
    def of(cls, config: TrainConfig, means: TokenFormat, tokenizer: str | None) -> Self | None:
        """None where no text is asked for; a UserError when the tokenizer is not that of the tokens."""
        if not config.sample_tokens:
            return None
        file = config.sample_tokenizer or tokenizer
        if file is None:
            raise UserError("sample_tokens: needs the tokens' tokenizer; give its file as sample_tokenizer")
        if (found := sha256_file(file)) != means.tokenizer_sha256:
            raise UserError(
                f"{file}: another tokenizer ({found[:12]}) than that of the tokens ({means.tokenizer_sha256[:12]})"
            )
        return cls(load_tokenizer(file), config.sample_tokens, means.bos, means.eos, config.seed)

    def draw(self, updates: Updates, step: int) -> str:
        """The text after `step` steps."""
        ids = updates.sample(self.bos, self.eos, self.num_tokens, (self.seed << 32) + step)
        return self.tokenizer.decode(np.array(ids, np.int64))
