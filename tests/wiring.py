"""Wirings for tests: one that only notes what a verb adds, one that runs every stage as soon as it is added."""

from __future__ import annotations

from collections.abc import Callable

from stages.core.manifest import Manifest
from stages.core.stage import AnyStage


class Noted:
    """What was added, by name: the stage, and the names that it reads."""

    def __init__(self) -> None:
        self.stages: dict[str, AnyStage] = {}
        self.inputs: dict[str, tuple[str, ...]] = {}

    def add(self, stage: AnyStage, *inputs: str) -> str:
        self.stages[stage.stage_name], self.inputs[stage.stage_name] = stage, inputs
        return stage.stage_name

    def trained_model(self, documents: str) -> str:
        return f"model of {documents}"

    def language_model(self, source: str, language: str) -> tuple[str, str]:
        return f"{language} of {source}", f"cut-offs of {language}"


class Running:
    """`outputs` are the manifests by name, in order; those that are given come first."""

    def __init__(self, run_stage: Callable[..., Manifest], **given: Manifest) -> None:
        self._run_stage = run_stage
        self.outputs = dict(given)

    def add(self, stage: AnyStage, *inputs: str) -> str:
        name = f"{len(self.outputs)}-{stage.stage_name}"
        self.outputs[name] = self._run_stage(stage, [self.outputs[i] for i in inputs])
        return name

    def trained_model(self, documents: str) -> str:
        raise AssertionError("nothing here trains a model")

    def language_model(self, source: str, language: str) -> tuple[str, str]:
        raise AssertionError("nothing here trains a language model")
