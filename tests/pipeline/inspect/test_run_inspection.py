"""`inspect batch` and `inspect document` on a small run of one source."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.cli.main import main
from pipeline.inspect.batch import batch_rows
from pipeline.inspect.document import token_document
from pipeline.inspect.languages import language_rows
from pipeline.inspect.tokens import token_rows
from pipeline.inspect.warnings import warning_rows
from stages.core.errors import UserError
from tests.small_run import BATCH, NUM_DOCUMENTS, SEQUENCE_LENGTH, text


def test_a_batch_names_its_documents_their_tokens_and_urls(made: Path) -> None:
    rows = batch_rows(str(made), 1, BATCH, 1)
    assert [row.slot for row in rows] == [4, 5, 6, 7]
    for row in rows:
        assert (row.source, row.epoch) == ("c4", 0)
        assert sum(held.tokens for held in row.documents) == SEQUENCE_LENGTH
        for held in row.documents:
            number = held.id.rsplit("/", 1)[-1]
            assert (held.id, held.url) == (f"c4/c4.json.gz/{number}", f"https://x.example/{number}")
        assert all(held.start == 0 for held in row.documents[1:]), "only the first can have begun before"


def test_the_batches_of_an_epoch_hold_every_token_once(made: Path) -> None:
    seen = {}
    total = 0
    steps = 0
    while True:
        try:
            rows = batch_rows(str(made), steps, BATCH, 1)
        except UserError:
            break
        steps += 1
        for row in rows:
            for held in row.documents:
                for place in range(held.start, held.start + held.tokens):
                    assert (held.id, place) not in seen
                    seen[held.id, place] = True
                    total += 1
    assert total == steps * BATCH * SEQUENCE_LENGTH > 0


def test_batches_without_training_need_their_size(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError, match="give --batch-sequences and --seed"):
        batch_rows(str(made), 0)
    with pytest.raises(UserError, match=r"step 99999: the mixture has steps 0 to \d+ of 4 sequences"):
        batch_rows(str(made), 99999, 4, 1)
    main(["inspect", "batch", str(made), "--step", "0", "--batch-sequences", "2", "--seed", "1"])
    assert capsys.readouterr().out.startswith("slot 0: c4, epoch 0, sequence ")


def test_a_document_is_shown_as_its_tokens(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = token_document(str(made), "c4/c4.json.gz/3")
    assert found.text == text(3)
    assert (found.pieces[0], found.pieces[-1]) == ("<s>", "</s>")
    main(["inspect", "document", str(made), "c4/c4.json.gz/3", "--max-tokens", "4"])
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith(f"c4/c4.json.gz/3: {len(found.ids)} tokens in tokens-00000.bin from token ")
    assert said[1].startswith("1 '<s>'  ")
    assert said[2] == f"... {len(found.ids) - 4} more; --max-tokens shows them"


def test_a_document_that_was_not_packed_and_a_wrong_tokenizer_are_refused(made: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no packed document of this id"):
        token_document(str(made), "c4/c4.json.gz/999")
    other = tmp_path / "other.model"
    other.write_bytes(b"x")
    with pytest.raises(UserError, match="another tokenizer than the one of these tokens"):
        token_document(str(made), "c4/c4.json.gz/3", str(other))


def test_tokens_by_language_add_up(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = language_rows(str(made))
    (whole,) = token_rows(str(made))
    assert (row.source, row.language) == ("c4", "-")
    assert (row.documents, row.text_bytes, row.tokens) == (NUM_DOCUMENTS, whole.text_bytes, whole.tokens)
    main(["inspect", "tokens", str(made), "--by-language"])
    assert f"{whole.tokens:,}" in capsys.readouterr().out


def test_papers_of_which_little_stayed_are_warnings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, front in (("2301.00001", "many words before the first section of it"), ("2301.00002", "few")):
        source = (
            f"\\documentclass{{a}}\\begin{{document}}{front}\n\\section{{One}} two three\n\\end{{document}}"
        )
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / f"{name}.tex").write_text(source)
    run = str(tmp_path / "run")
    main(["ingest", "arxiv", str(tmp_path / "in"), "--out", run, "--workers", "0"])
    (row,) = warning_rows(run)
    assert (row.id, row.value, row.detail) == ("arxiv/2301.00001.tex", 3 / 11, "3 of 11 words")
    capsys.readouterr()
    main(["inspect", "warnings", run])
    assert capsys.readouterr().out.endswith(f"{run}: 1 warnings\n")
