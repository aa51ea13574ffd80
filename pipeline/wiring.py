"""Options in, stages in a graph out: the parts of a run that recipes and commands put together in the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from quality_classifier.classifier import QualityClassifier
from quality_classifier.references import ReferenceUrls
from stages.core.verb import Wiring
from stages.mix.mixture import Mix
from stages.tokenize.best_fit import FitSequences
from stages.tokenize.encode import Encode
from stages.tokenize.languages import CountLanguages
from stages.tokenize.pack import Pack
from stages.tokenize.train import SampleText, TokenizerOptions, TrainTokenizer
from stages.train.stage import Train


class MixOutputs(NamedTuple):
    """Names of the outputs that hold the mixture, and the fitted sequences where it is of best-fit sequences."""

    mixture: str
    fitted: str | None


def add_tokenizer(wiring: Wiring, options: TokenizerOptions, documents: Sequence[str]) -> str:
    """sample -> train; the output that holds the tokenizer."""
    sampled = wiring.add(options.stage(SampleText), *documents)
    return wiring.add(options.stage(TrainTokenizer), sampled)


def add_tokens(wiring: Wiring, options: Encode, documents: Sequence[str], tokenizer: str | None) -> str:
    """(count languages ->) encode -> pack; the output that holds the packed tokens.

    `tokenizer` is the output that holds it, unless the options name a model.
    """
    inputs = list(documents)
    if options.split_languages:
        counts = CountLanguages(split_languages=options.split_languages, may_be_empty=options.may_be_empty)
        inputs.append(wiring.add(counts, *documents))
    if tokenizer is not None:
        inputs.append(tokenizer)
    return wiring.add(Pack(), wiring.add(options, *inputs))


def add_mixture(wiring: Wiring, options: Mix, packed: str) -> MixOutputs:
    """(fit ->) mix."""
    if options.packing != "best_fit":
        return MixOutputs(wiring.add(options, packed), None)
    fitted = wiring.add(FitSequences(sequence_length=options.sequence_length), packed)
    return MixOutputs(wiring.add(options, packed, fitted), fitted)


def add_training(
    wiring: Wiring, options: Train, packed: str, mixed: MixOutputs, tokenizer: str | None = None
) -> str:
    """The output that holds the trained model; `tokenizer` is the output that holds it, for samples of text."""
    fitted = () if mixed.fitted is None else (mixed.fitted,)
    asked = options.sample_tokens and options.sample_tokenizer is None
    writer = (tokenizer,) if asked and tokenizer is not None else ()
    return wiring.add(options, packed, mixed.mixture, *fitted, *writer)


def add_quality(
    wiring: Wiring, options: QualityClassifier, pages: str | None, dumps: Mapping[str, Sequence[str]]
) -> str:
    """References of Wikipedia dumps by source, then the classifier that learns from the pages that they cite; its model.

    `pages` are needed unless its classes are files or labels alone.
    """
    references = [
        wiring.add(ReferenceUrls(source=source, input=tuple(given))) for source, given in dumps.items()
    ]
    return options.wire(wiring, pages, references)
