"""An arm and a seed in, a model trained on so many of its tokens, and what it gives for text and questions out.

What is done is kept in a file by what it is a measurement of, so a comparison that was stopped goes on, and a finished arm
is not trained again.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from pipeline.ablate.arms import Arm
from pipeline.ablate.choices import Question, Score, answer_rows, questions_digest, score
from pipeline.ablate.texts import HeldOutText, encoded
from stages.core import storage
from stages.core.atomic import write_bytes
from stages.core.manifest import Record, read_manifest
from stages.core.stored import parsed
from stages.tokenize.tokenizers.load import load_tokenizer
from stages.train.checkpoint_index import checkpoint_name
from stages.train.config import TrainConfig

RESULT_NAME = "measured.json"


class ArmMeasured(Record):
    """Of one arm and seed: bits a byte of held-out text by source, and the scores of files of questions.

    `identity` is a digest of all that it depends on; `loss` the last step's, in nats a token.
    """

    arm: str
    seed: int
    identity: str
    tokens: int
    loss: float
    bits_per_byte: dict[str, float]
    scores: dict[str, Score]


def measure(
    arm: Arm,
    config: TrainConfig,
    text: HeldOutText,
    questions: Mapping[str, Sequence[Question]],
    folder: str,
    tell: Callable[[str], None],
) -> ArmMeasured:
    """Train by `config` into `folder` and measure, or read what was measured there."""
    identity = _identity(arm, config, text, questions)
    place = storage.join(folder, RESULT_NAME)
    if storage.exists(place):
        found = parsed(ArmMeasured, storage.read_bytes(place), place)
        if found.identity == identity:
            return found
    from stages.train.train import train  # torch takes seconds to load

    training = storage.join(folder, f"training-{identity}")
    storage.make_folder(training)
    done = train(
        config,
        arm.pack,
        arm.mix,
        training,
        on_step=lambda info: tell(f"{arm.name}, seed {config.seed}: {info.line()}"),
        fit_folder=arm.fit,
    )
    bits, scores = _measured(
        storage.join(training, checkpoint_name(done.steps)), arm, config.threads, text, questions
    )
    made = ArmMeasured(
        arm=arm.name,
        seed=config.seed,
        identity=identity,
        tokens=done.tokens,
        loss=done.final_loss,
        bits_per_byte=bits,
        scores=scores,
    )
    write_bytes(place, orjson.dumps(made.model_dump(mode="json"), option=orjson.OPT_INDENT_2) + b"\n")
    return made


def _measured(
    checkpoint: str,
    arm: Arm,
    threads: int,
    text: HeldOutText,
    questions: Mapping[str, Sequence[Question]],
) -> tuple[dict[str, float], dict[str, Score]]:
    from stages.train.likelihood import load_model, token_nats, windows
    from stages.train.ranks import torch_settings

    length = arm.mixture.sequence_length
    tokenizer = load_tokenizer(arm.tokenizer)
    model = load_model(checkpoint)
    bits, scores = {}, {}
    with torch_settings(TrainConfig(threads=threads)):
        for source, texts in text.sources.items():
            rows = [row for ids in encoded(tokenizer, texts) for row in windows(ids, length)]
            nats = sum(float(values.sum()) for values in token_nats(model, rows))
            bits[source] = nats / math.log(2) / text.num_bytes(source)
        for name, asked in questions.items():
            answers = answer_rows(tokenizer, asked, length)
            scores[name] = score(asked, answers, token_nats(model, [ids for ids, _ in answers]))
    return bits, scores


def _identity(
    arm: Arm, config: TrainConfig, text: HeldOutText, questions: Mapping[str, Sequence[Question]]
) -> str:
    content: dict[str, Any] = {
        "tokens": read_manifest(arm.pack).fingerprint,
        "mixture": read_manifest(arm.mix).fingerprint,
        "config": config.model_dump(mode="json"),
        "text": text.digest(),
        "questions": questions_digest(questions),
    }
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
