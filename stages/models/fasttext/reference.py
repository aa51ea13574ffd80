"""Texts in, P(reference page) out: the quality classifier behind two functions (LLaMA, section 2.1, CommonCrawl)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stages.core.errors import UserError
from stages.kernels.fasttext.vocabulary import LABEL_MARK
from stages.models.fasttext.model import FastTextModel

POSITIVE, NEGATIVE = "reference", "random"
"""The labels; a file of labelled lines has LABEL_MARK before them."""

POSITIVE_MARK, NEGATIVE_MARK = (LABEL_MARK.decode() + label for label in (POSITIVE, NEGATIVE))

MAX_CHARS = 4_000
"""What the model sees of a page, in training and in use alike: about the length of a reference page's opening."""


def classifier_texts(texts: pa.Array) -> pa.Array:
    """The form in which the quality classifier sees pages: lower case, one line, bounded."""
    lowered = pc.utf8_lower(pc.utf8_slice_codeunits(texts, 0, MAX_CHARS))
    return pc.replace_substring(lowered, pattern="\n", replacement=" ")


def reference_scores(model: FastTextModel, texts: pa.Array) -> npt.NDArray[np.float32]:
    """P(reference page) of each text, float32, shape (rows,)."""
    return label_scores(model, texts, POSITIVE)


def label_scores(model: FastTextModel, texts: pa.Array, label: str) -> npt.NDArray[np.float32]:
    """P(label) of each text as the quality classifier sees it, float32, shape (rows,).

    A model of others, whose words have capitals, sees them.
    """
    shown = pc.utf8_slice_codeunits(texts, 0, MAX_CHARS)
    if not model.has_capitals:
        shown = pc.utf8_lower(shown)
    return model.predict(shown, asked=(label,)).shares[:, 0]


def check_labels(model: FastTextModel, path: str) -> None:
    """A UserError unless the model tells reference pages from others, and learnt them as the rule shows them."""
    if set(model.labels) != {POSITIVE, NEGATIVE}:
        shown = [label[:80] for label in sorted(model.labels)[:4]]
        raise UserError(
            f"{path}: a quality model has the labels {POSITIVE} and {NEGATIVE}, this one {shown}; "
            "train one with a recipe's quality_classifier"
        )
    if model.has_capitals:
        raise UserError(
            f"{path}: was trained on pages of another normalisation: it knows words with capitals, and a quality model sees "
            f"lower case; use the rule model: {{path: ..., keep: {{{POSITIVE}: 0.5}}}}, or train it again"
        )
