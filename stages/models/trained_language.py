"""The finished training of a language's perplexity models in, where its files lie out, for the rule that judges by them."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import ValidationError

from stages.core import storage
from stages.core.errors import UserError
from stages.core.manifest import MODEL, Manifest, Record
from stages.models.perplexity_files import Cutoffs, ModelFiles


class WantedLanguage(NamedTuple):
    """A language whose models a run trains, on the documents of one of its sources."""

    source: str
    language: str

    @property
    def key(self) -> str:
        """Its name among the models of a run."""
        return f"{self.source}/{self.language}"


class TrainedLanguage(Record):
    """The two models of a language, and its cut-offs: URIs of the run's files."""

    pieces: str
    ngrams: str
    cutoffs: str

    @property
    def files(self) -> ModelFiles:
        """Paths of the models; a UserError where they lie in a remote store."""
        if "://" in self.ngrams:
            raise UserError(f"{self.ngrams}: language models are mapped into memory; run into a local folder")
        return ModelFiles(self.pieces, self.ngrams)

    def read_cutoffs(self) -> Cutoffs:
        """The cut-offs that were measured."""
        try:
            return Cutoffs.model_validate_json(storage.read_bytes(self.cutoffs))
        except ValidationError as error:
            raise UserError(f"{self.cutoffs}: damaged: {error.errors()[0]['msg']}") from error


def trained_language(models: Manifest, cutoffs: Manifest) -> TrainedLanguage:
    """What two finished stages, the training and the measuring of cut-offs, left."""
    pieces, ngrams = models.uris(MODEL)
    (measured,) = cutoffs.uris(MODEL)
    return TrainedLanguage(pieces=pieces, ngrams=ngrams, cutoffs=measured)
