"""`lm train`: models from documents, cut-offs from held-out or given ones; what cannot be is one line."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.cli.main import main
from stages.core.errors import UserError
from stages.core.manifest import TABLE, Manifest
from stages.language_model import lmplz
from stages.language_model.cutoffs import LanguageModelOptions, MeasureCutoffs
from stages.language_model.text import LanguageText, LanguageTexts, drawn, found_texts
from stages.language_model.train import TrainLanguageModel
from stages.models.perplexity import LanguageModel
from stages.models.perplexity_files import find_cutoffs, find_models
from tests.pipeline.cli.test_dedup import write
from tests.stages.dedup.near.near_texts import text_of

pytest.importorskip("kenlm")
HAS_LMPLZ = shutil.which("lmplz", path=str(Path(sys.executable).parent)) or shutil.which("lmplz")
needs_lmplz = pytest.mark.skipif(not HAS_LMPLZ, reason="no lmplz here: `make lmplz` builds it")


def test_texts_of_one_language_and_of_none_are_taken(
    make_documents: Callable[..., Manifest], run_stage: Callable[..., Manifest]
) -> None:
    rows = [
        {"id": f"c4/{n}", "text": f"text {n}", "language": code} for n, code in enumerate(("en", "de", None))
    ]
    texts = run_stage(LanguageText(language="en"), [make_documents(rows)])
    assert found_texts([texts]) == LanguageTexts(documents=2, text_bytes=12)
    found = [text for batch in drawn(texts.uris(TABLE), 0.0, 1.0) for text in batch.to_pylist()]
    assert sorted(found) == ["text 0", "text 2"]


def test_no_document_in_the_language_is_one_line(
    make_documents: Callable[..., Manifest], run_stage: Callable[..., Manifest]
) -> None:
    texts = run_stage(
        LanguageText(language="fr"), [make_documents([{"id": "c4/a", "text": "x", "language": "en"}])]
    )
    with pytest.raises(UserError, match="lm train: no document in language 'fr'"):
        run_stage(TrainLanguageModel(language="fr"), [texts])


def test_without_lmplz_it_says_what_builds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(UserError, match="no program 'lmplz': `make lmplz` builds it"):
        lmplz.find_tool("lmplz")


def test_percentiles_are_ascending() -> None:
    with pytest.raises(ValueError, match="two numbers from 0 to 100"):
        LanguageModelOptions(percentiles=(60, 30))


def test_cutoffs_are_percentiles_of_the_reference_set(
    make_documents: Callable[..., Manifest],
    run_stage: Callable[..., Manifest],
    model_folder: Callable[..., Path],
    tmp_path: Path,
) -> None:
    folder = model_folder("en")
    rows = [{"id": f"c4/{n}", "text": text_of(n, 5 + n), "language": "en"} for n in range(20)]
    texts = run_stage(LanguageText(language="en"), [make_documents(rows)])
    models = texts.model_copy(
        update={"folder": str(folder), "files": tuple(_model(name) for name in ("en.sp.model", "en.arpa"))}
    )
    stage = MeasureCutoffs(language="en", min_documents=20, held_out=None)
    measured = run_stage(stage, [models, texts])
    found = find_cutoffs(f"{measured.folder}/model", "en")
    import numpy as np
    import pyarrow as pa

    column = pa.array([row["text"] for row in rows], pa.large_string())
    values = LanguageModel(find_models(str(folder), "en")).perplexities(column)
    assert found.cutoffs == tuple(round(float(v), 2) for v in np.percentile(values, (30, 60)))
    assert (found.documents, found.reference, found.sentences) == (20, "given", "lines")
    with pytest.raises(UserError, match="20 reference documents, min_documents is 21"):
        run_stage(MeasureCutoffs(language="en", min_documents=21, held_out=None), [models, texts])


def _model(name: str) -> object:
    from stages.core.manifest import MODEL, FileInfo

    return FileInfo(name=name, kind=MODEL, rows=0, bytes=0, sha256="")


@needs_lmplz
def test_train_and_judge_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALTIPLANO_MODELS", str(tmp_path / "models"))
    given = write(tmp_path / "given", {f"c4/{n}": text_of(n, 60) for n in range(300)})
    train = [
        "lm",
        "train",
        "en",
        given,
        "--vocab-size",
        "100",
        "--min-documents",
        "5",
        "--workers",
        "0",
        "--quiet",
    ]
    main([*train, "--out", str(tmp_path / "one")])
    main([*train, "--out", str(tmp_path / "two")])
    said = capsys.readouterr().out
    assert "head: below" in said
    for one in sorted((tmp_path / "one").glob("*/model/en.*")):
        (two,) = (tmp_path / "two").glob(f"*/model/{one.name}")
        assert two.read_bytes() == one.read_bytes()
    found = json.loads((tmp_path / "models" / "lm" / "en.cutoffs.json").read_text())
    assert found["cutoffs"][0] <= found["cutoffs"][1]
    odd = {"c4/same": text_of(1, 60), "c4/odd": "Zq xw vj kf " * 30}
    judged = write(tmp_path / "judged", odd)
    out = str(tmp_path / "out")
    main(["filter", "perplexity", judged, "--language", "en", "--out", out, "--workers", "0", "--quiet"])
    main(["explain", out, "c4/odd"])
    assert "dropped by rule perplexity.tail" in capsys.readouterr().out
