"""What a recipe can say of documents: a verb holds the options of its stages and puts them into a graph.

Options are declared once, in small records that both a stage and its verb inherit; a verb is found by the file `verb.py`
of its room, or as a plug-in.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Protocol, Self, TypeVar

from stages.core.discover import Pluggable
from stages.core.manifest import Record
from stages.core.stage import AnyStage

S = TypeVar("S", bound=AnyStage)

Check = Callable[[type[Any], Any], Any]
"""(class, values) -> the validated object, or a MistakesError that names places in the values, and fixes."""


class Wiring(Protocol):
    """Where stages are put together: a graph, below a prefix."""

    def add(self, stage: AnyStage, *inputs: str) -> str:
        """Add a stage that reads the outputs named `inputs`, in the order of its `plan`; the name of its own."""

    def trained_model(self, documents: str) -> str:
        """The output that holds the quality model learnt from these documents; a UserError where none can be."""

    def language_model(self, source: str, language: str) -> tuple[str, str]:
        """The outputs that hold the models of a language, learnt from a source's documents, and their cut-offs; a
        UserError where none can be."""


class Options(Record):
    """Options of several stages together."""

    def stage(self, kind: type[S], **own: Any) -> S:
        """A stage of this kind with the options that it shares with these, and its `own`.

        Every field of the stage is given by one of the two: a default never hides that an option does not arrive.
        """
        shared = {name: getattr(self, name) for name in kind.model_fields if name in type(self).model_fields}
        given = shared | own
        if missing := sorted(set(kind.model_fields) - set(given)):
            raise TypeError(f"{kind.__name__}: {type(self).__name__} does not give it {', '.join(missing)}")
        return kind(**given)


class Verb(Pluggable, Options, ABC):
    """A step of a recipe: documents in, documents out. `verb` is its name there."""

    verb: ClassVar[str]
    own_stage: ClassVar[str] = ""
    """Name of the stage, if there is one, that is called as the verb in a run; all others have their own names below it."""

    @classmethod
    def of_recipe(cls, options: Any, check: Check) -> Self:
        """The verb from what a recipe writes below its name: a mapping of options, unless a verb says otherwise."""
        made: Self = check(cls, {} if options is None else options)
        return made

    def named_sources(self) -> tuple[str, ...]:
        """Sources that the options name: one that is not there is a user's mistake, told before anything runs."""
        return ()

    @property
    def needs_trained_model(self) -> bool:
        """Whether it waits for the quality model that the run trains."""
        return False

    @abstractmethod
    def wire(self, wiring: Wiring, documents: str) -> str:
        """Add the verb's stages over `documents`; the name of the output that holds the documents after them."""
