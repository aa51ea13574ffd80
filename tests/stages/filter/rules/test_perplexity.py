"""The perplexity rule: buckets by language, what is kept of them, and languages without a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pyarrow.parquet as pq
import pytest

from stages.core.errors import UserError
from stages.core.manifest import DOCUMENTS, LEDGER, MODEL, Manifest, ShardReport
from stages.core.stage import Stage, Task, task_id
from stages.core.writer import TaskWriter
from stages.filter.rules.perplexity import PerplexityRule
from stages.filter.stage import Filter
from stages.filter.verb import FilterVerb
from stages.models.perplexity import LanguageModel
from stages.models.perplexity_files import Cutoffs, find_models
from tests.stages.conftest import LINES, train_pieces, write_arpa
from tests.wiring import Noted

pytest.importorskip("kenlm")

TEXTS = ("the old tower", "a river runs below", "zebra quartz vex", " \n\x01")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models of English and German that differ in one probability."""
    path = tmp_path_factory.mktemp("lm")
    pieces = train_pieces(LINES)
    for language, common in (("en", -0.1), ("de", -3.0)):
        (path / f"{language}.sp.model").write_bytes(pieces)
        write_arpa(path / f"{language}.arpa", pieces, common)
    return path


@pytest.fixture(scope="module")
def values(folder: Path) -> list[float]:
    import pyarrow as pa

    model = LanguageModel(find_models(str(folder), "en"))
    return [float(v) for v in model.perplexities(pa.array(TEXTS, pa.large_string()))]


@pytest.fixture
def judge(
    make_documents: Callable[..., Manifest], run_stage: Callable[..., Manifest], folder: Path
) -> Callable[..., Manifest]:
    """Run the rule over the texts, or over rows of (id, text, language)."""

    def judge(rows: list[dict[str, Any]] | None = None, annotate: bool = False, **options: Any) -> Manifest:
        given = rows or [{"id": f"c4/{n}", "text": text, "language": "en"} for n, text in enumerate(TEXTS)]
        rule = PerplexityRule(**({"models": str(folder), "languages": ("en",)} | options))
        return run_stage(Filter(rules=(rule,), annotate_only=annotate), [make_documents(given)])

    return judge


def kept(manifest: Manifest) -> dict[str, float | None]:
    rows = [row for uri in manifest.uris(DOCUMENTS) for row in pq.read_table(uri).to_pylist()]
    return {row["id"]: row["perplexity"] for row in rows}


def dropped(manifest: Manifest) -> dict[str, tuple[str, float, float, str]]:
    rows = [row for uri in manifest.uris(LEDGER) for row in pq.read_table(uri).to_pylist()]
    return {row["id"]: (row["rule"], row["value"], row["threshold"], row["detail"]) for row in rows}


def test_head_and_middle_are_kept_and_the_tail_goes(
    judge: Callable[..., Manifest], values: list[float]
) -> None:
    first, second, third, _ = values
    assert first < second < third
    cutoffs = ((first + second) / 2, (second + third) / 2)
    left = judge(cutoffs={"en": cutoffs})
    assert kept(left) == {"c4/0": pytest.approx(first), "c4/1": pytest.approx(second)}
    assert dropped(left) == {
        "c4/2": ("perplexity.tail", pytest.approx(third), pytest.approx(cutoffs[1]), "en"),
        "c4/3": ("perplexity.no_text", 0.0, 1.0, "en"),
    }
    assert set(kept(judge(cutoffs={"en": cutoffs}, keep=("head",)))) == {"c4/0"}
    assert set(kept(judge(cutoffs={"en": cutoffs}, keep=("middle",)))) == {"c4/1"}
    assert set(kept(judge(cutoffs={"en": cutoffs}, keep=("tail",)))) == {"c4/2"}
    assert set(kept(judge(keep=("head", "middle", "tail")))) == {"c4/0", "c4/1", "c4/2"}


def test_a_value_at_a_cutoff_is_in_the_bucket_above(
    judge: Callable[..., Manifest], values: list[float]
) -> None:
    left = judge(cutoffs={"en": (values[1], values[2])})
    assert set(kept(left)) == {"c4/0", "c4/1"}
    assert set(kept(judge(cutoffs={"en": (values[1], values[2])}, keep=("head",)))) == {"c4/0"}


def test_every_language_has_its_own_model_and_cutoffs(judge: Callable[..., Manifest]) -> None:
    rows = [{"id": f"c4/{code}", "text": "the old tower", "language": code} for code in ("de", "en")]
    both = ("de", "en")
    found = kept(judge(rows, annotate=True, languages=both))
    assert found["c4/de"] > found["c4/en"]  # type: ignore[operator]
    limits = {"en": (found["c4/en"] * 1.1, found["c4/en"] * 1.2), "de": (1.5, 2.0)}  # type: ignore[operator]
    assert set(kept(judge(rows, cutoffs=limits, languages=both))) == {"c4/en"}


def test_a_language_without_a_model_stops_or_passes_into_all(judge: Callable[..., Manifest]) -> None:
    rows = [
        {"id": "c4/fr", "text": "le vieux pont", "language": "fr"},
        {"id": "c4/x", "text": "the", "language": None},
    ]
    with pytest.raises(UserError, match=r"c4/fr: .*no perplexity model of language 'fr'"):
        judge(rows, annotate=True)
    with pytest.raises(UserError, match="c4/x: says no language; put the rule `language` before"):
        judge(rows[1:], annotate=True)
    assert kept(judge(rows, without_model="all", cutoffs={"en": (1.0, 2.0)})) == {"c4/fr": None, "c4/x": None}
    assert kept(judge(rows[1:], annotate=True, language="en"))["c4/x"] is not None
    with pytest.raises(UserError, match="'de' is not among the rule's `languages`"):
        judge([{"id": "c4/de", "text": "x", "language": "de"}], annotate=True, languages=("en",))


def test_annotating_needs_no_cutoffs_and_dropping_does(judge: Callable[..., Manifest]) -> None:
    assert len(kept(judge(annotate=True))) == 4
    with pytest.raises(UserError, match="no cut-offs of language 'en'"):
        judge()


def test_cutoffs_measured_on_other_sentences_are_refused(
    folder: Path, judge: Callable[..., Manifest]
) -> None:
    own = folder / "en.cutoffs.json"
    own.write_text(Cutoffs(language="en", cutoffs=(1.0, 9.0), sentences="document").model_dump_json())
    try:
        with pytest.raises(UserError, match="set `sentences: document` or train again"):
            judge()
        assert judge(sentences="document").documents_in == 4
    finally:
        own.unlink()


def test_the_fingerprint_follows_models_and_cutoffs_and_not_their_place(folder: Path, tmp_path: Path) -> None:
    import shutil

    moved = shutil.copytree(folder, tmp_path / "moved")
    limits = {"en": (1.0, 2.0), "de": (1.0, 2.0)}

    def fingerprint(place: Path, **cutoffs: tuple[float, float]) -> str:
        return Filter(rules=(PerplexityRule(models=str(place), cutoffs=limits | cutoffs),)).fingerprint(())

    assert fingerprint(folder) == fingerprint(moved) != fingerprint(folder, en=(1.0, 3.0))
    write_arpa(moved / "en.arpa", (moved / "en.sp.model").read_bytes(), -0.5)
    assert fingerprint(moved) != fingerprint(folder)


class Trained(Stage[None]):
    """Stands for a training: writes files of a folder as its models."""

    stage_name: ClassVar[str] = "trained"

    folder: str
    names: tuple[str, ...]

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[None]]:
        return [Task(task_id(0), (), None)]

    def run(self, task: Task[None]) -> ShardReport:
        with TaskWriter(task, self.stage_name) as out:
            for name in self.names:
                out.file(name, MODEL).write((Path(self.folder) / name).read_bytes())
        return out.report


def test_models_that_the_run_trained_judge_as_those_of_a_folder(
    make_documents: Callable[..., Manifest],
    run_stage: Callable[..., Manifest],
    judge: Callable[..., Manifest],
    folder: Path,
    tmp_path: Path,
    values: list[float],
) -> None:
    cutoffs = ((values[0] + values[1]) / 2, (values[1] + values[2]) / 2)
    for name in ("en.sp.model", "en.arpa"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "en.cutoffs.json").write_text(Cutoffs(language="en", cutoffs=cutoffs).model_dump_json())
    models = run_stage(Trained(folder=str(tmp_path), names=("en.sp.model", "en.arpa")))
    measured = run_stage(Trained(folder=str(tmp_path), names=("en.cutoffs.json",)))
    documents = make_documents(
        [{"id": f"c4/{n}", "text": text, "language": "en"} for n, text in enumerate(TEXTS)]
    )
    rule = PerplexityRule(train_on="wikipedia", languages=("en",))
    noted = Noted()
    FilterVerb(rules=(rule,)).wire(noted, "pages")
    assert noted.inputs == {"filter": ("pages", "en of wikipedia", "cut-offs of en")}
    left = run_stage(noted.stages["filter"], [documents, models, measured])
    assert kept(left) == kept(judge(cutoffs={"en": cutoffs}))
    assert dropped(left) == dropped(judge(cutoffs={"en": cutoffs}))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"train_on": "wikipedia"}, "train_on trains models of the languages that `languages` names"),
        (
            {"train_on": "wikipedia", "languages": ("en",), "models": "lm"},
            "models names a folder, and train_on",
        ),
    ],
)
def test_what_cannot_stand_beside_train_on(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PerplexityRule(**options)
