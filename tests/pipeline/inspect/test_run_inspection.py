"""`verify`, `inspect batch` and `inspect document` on a small run of one source, made once for the module."""

from __future__ import annotations

import gzip
import random
import shutil
from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest
import yaml

from pipeline.cli.main import main
from pipeline.inspect.batch import batch_rows
from pipeline.inspect.document import token_document
from pipeline.inspect.languages import language_rows
from pipeline.inspect.tokens import token_rows
from pipeline.inspect.verify import verify
from stages.core.errors import UserError

WORDS = (
    "the museum opens every morning and its guide explains how an old clock in the tower still works".split()
)
NUM_DOCUMENTS, SEQUENCE_LENGTH, BATCH = 40, 64, 4


def text(number: int) -> str:
    shuffled = random.Random(number).choices(WORDS, k=60)
    return f"Document {number}. " + " ".join(shuffled) + "."


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inspected")
    rows = [{"text": text(i), "url": f"https://x.example/{i}", "timestamp": ""} for i in range(NUM_DOCUMENTS)]
    (folder / "c4.json.gz").write_bytes(gzip.compress(b"\n".join(map(orjson.dumps, rows))))
    recipe = {
        "name": "small",
        "run": str(folder / "run"),
        "sources": {"c4": {"input": str(folder / "c4.json.gz")}},
        "tokenizer": {"vocab_size": 320},
        "mixture": {"sequence_length": SEQUENCE_LENGTH},
    }
    (folder / "small.yaml").write_text(yaml.safe_dump(recipe))
    main(["run", str(folder / "small.yaml"), "--workers", "0", "--quiet"])
    return folder / "run"


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(made, tmp_path / "run"))


def flip(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(bytes(data))


def test_a_whole_run_has_no_faults(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = verify(str(made))
    assert found.faults == ()
    assert found.num_files > 5
    main(["verify", str(made)])
    assert f"{found.num_files} files, {found.num_bytes:,} bytes, 0 faults" in capsys.readouterr().out


def test_a_flipped_token_is_named_by_file_offset_and_document(run: Path) -> None:
    (tokens,) = run.glob("*pack*/tokens/tokens-00000.bin")
    (index,) = run.glob("*pack*/tokens/tokens-00000.index.parquet")
    rows = pq.read_table(index).to_pylist()
    start, length = rows[7]["offset"] * 2, rows[7]["length"] * 2
    flip(tokens, start + 5)
    (fault,) = verify(str(run)).faults
    assert fault.uri == str(tokens)
    assert fault.reason == f"bytes {start:,} to {start + length:,} changed: document {rows[7]['id']}"


@pytest.mark.parametrize("last", [False, True])
def test_flips_at_the_borders_of_a_shard_are_found(run: Path, last: bool) -> None:
    (tokens,) = run.glob("*pack*/tokens/tokens-00000.bin")
    flip(tokens, tokens.stat().st_size - 1 if last else 0)
    (fault,) = verify(str(run)).faults
    assert "changed: document c4/c4.json.gz/" in fault.reason


def test_a_flipped_byte_of_a_parquet_shard_is_named_by_its_row_group(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shard,) = run.glob("*ingest_c4*/documents/*-00000.parquet")
    flip(shard, 200)
    (fault,) = verify(str(run)).faults
    assert fault.reason.startswith("row group 0 changed, in bytes 4 to ")
    with pytest.raises(SystemExit) as stop:
        main(["verify", str(run)])
    assert stop.value.code == 1
    assert "1 faults" in capsys.readouterr().out


def test_a_damaged_footer_a_short_file_and_a_missing_one_are_named(run: Path) -> None:
    (shard,) = run.glob("*ingest_c4*/documents/*-00000.parquet")
    flip(shard, shard.stat().st_size - 10)
    (tokens,) = run.glob("*pack*/tokens/tokens-00000.bin")
    size = tokens.stat().st_size
    tokens.write_bytes(tokens.read_bytes()[:-2])
    (mixture,) = run.glob("*mix*/model/mixture.json")
    mixture.unlink()
    reasons = [fault.reason for fault in verify(str(run)).faults]
    assert reasons[0].startswith("its footer changed (")
    assert reasons[1:] == [
        f"has {size - 2:,} bytes; it was written with {size:,}",
        reasons[2],
    ]
    assert reasons[2].startswith("missing; it had ")


def test_with_a_damaged_index_the_shard_is_still_told(run: Path) -> None:
    (tokens,) = run.glob("*pack*/tokens/tokens-00000.bin")
    (index,) = run.glob("*pack*/tokens/tokens-00000.index.parquet")
    flip(tokens, 0)
    flip(index, 20)
    reasons = [fault.reason for fault in verify(str(run)).faults]
    assert reasons[0] == "its bytes changed (SHA-256); where is not known"
    assert reasons[1].startswith("row group 0 changed")


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a run"):
        verify(str(tmp_path))


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
