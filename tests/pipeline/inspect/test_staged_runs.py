"""Documents, tokens, mixtures and models in runs of their own are looked into as one run would be."""

from __future__ import annotations

import shutil
from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest

from pipeline.cli.main import main
from pipeline.inspect.batch import BatchRow, batch_rows
from pipeline.inspect.document import token_document
from pipeline.inspect.languages import LanguageRow, language_rows
from pipeline.inspect.tokens import TokenRow, token_rows
from pipeline.library import Packed
from stages.core.errors import UserError
from tests.small_run import NUM_DOCUMENTS, SEQUENCE_LENGTH, text
from tests.staged_runs import HERE, make_staged_runs, train_staged

C4_BYTES = sum(len(text(i)) for i in range(NUM_DOCUMENTS))
BOOK_BYTES = len("\n\n".join(text(i) for i in range(100, 130)))


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Only looked at."""
    return make_staged_runs(tmp_path_factory.mktemp("staged"))


@pytest.fixture
def own(staged: Path, tmp_path: Path) -> Path:
    """Runs that a test may move: made anew, since `run.json` holds where the others lie."""
    shutil.copytree(staged / "tokens", tmp_path / "tokens")
    main(
        [
            "mix",
            str(tmp_path / "tokens"),
            "--sequence-length",
            "64",
            "--out",
            str(tmp_path / "mixture"),
            *HERE,
        ]
    )
    return tmp_path


def stage_folder(run: Path, stage: str) -> str:
    (folder,) = run.glob(f"*-{stage}-*")
    return str(folder)


def test_a_run_of_documents_shows_what_it_ended_with(staged: Path, tmp_path: Path) -> None:
    expected = [TokenRow("c4", NUM_DOCUMENTS, C4_BYTES, None, None, None, None)]
    assert token_rows(str(staged / "c4")) == expected
    assert token_rows(stage_folder(staged / "c4", "ingest_c4")) == expected
    assert language_rows(str(staged / "c4")) == [LanguageRow("c4", "-", NUM_DOCUMENTS, C4_BYTES, None)]
    out = str(tmp_path / "exact")
    main(["dedup", "exact", str(staged / "c4"), str(staged / "books"), "--out", out, *HERE])
    assert token_rows(out) == [*expected, TokenRow("books", 1, BOOK_BYTES, None, None, None, None)]


def test_a_run_that_dropped_everything_shows_its_source_with_nothing(
    staged: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "none")
    raw = str(staged / "c4.json.gz")
    (tmp_path / "r.yaml").write_bytes(
        orjson.dumps(
            {
                "name": "r",
                "run": out,
                "sources": {
                    "c4": {"input": raw, "steps": [{"filter": [{"gopher_quality": {"min_words": 900}}]}]}
                },
                "tokenizer": {"vocab_size": 320},
                "mixture": {"sequence_length": 64},
            }
        )
    )
    with pytest.raises(SystemExit):
        main(["run", str(tmp_path / "r.yaml"), *HERE])
    assert token_rows(out) == [TokenRow("c4", 0, 0, None, None, None, None)]
    capsys.readouterr()
    main(["inspect", "tokens", out])
    words = [line.split() for line in capsys.readouterr().out.splitlines() if line.split()]
    assert words[0] == ["source", "documents", "bytes"]
    assert words[2:] == [["c4", "0", "0"], ["total", "0", "0"]]


def test_a_run_that_stopped_shows_the_documents_that_it_came_to(staged: Path, tmp_path: Path) -> None:
    """Of a source whose last step is not finished those are shown that its last finished stage wrote."""
    steps = {"c4": ["dedup_exact"], "books": ["dedup_exact"]}
    raw = {"c4": str(staged / "c4.json.gz"), "books": str(staged / "tale.txt")}
    recipe = {
        "name": "r",
        "run": str(tmp_path / "run"),
        "sources": {name: {"input": raw[name], "steps": steps[name]} for name in raw},
        "tokenizer": {"vocab_size": 320},
        "mixture": {"sequence_length": 64},
    }
    (tmp_path / "r.yaml").write_bytes(orjson.dumps(recipe))
    main(["run", str(tmp_path / "r.yaml"), *HERE])
    for stage in ("c4.dedup_exact.remove", "pack", "mix"):
        Path(stage_folder(tmp_path / "run", stage), "manifest.json").unlink()
    assert token_rows(str(tmp_path / "run")) == [
        TokenRow("c4", NUM_DOCUMENTS, C4_BYTES, None, None, None, None),
        TokenRow("books", 1, BOOK_BYTES, None, None, None, None),
    ]


def test_a_document_is_shown_as_tokens_from_the_run_that_mixed_it(staged: Path) -> None:
    (model,) = (staged / "tokenizer").glob("*/model/tokenizer.model")
    found = token_document(str(staged / "fitted"), "c4/c4.json.gz/3", str(model))
    assert found.text == text(3)
    with pytest.raises(
        UserError, match=r"tokens: does not hold tokenizer [0-9a-f]+; give its file by --model"
    ):
        token_document(str(staged / "mixture"), "c4/c4.json.gz/3")


def test_tokens_then_a_mixture_of_them_show_more(staged: Path) -> None:
    packed = token_rows(str(staged / "tokens"))
    assert [(row.source, row.documents, row.text_bytes, row.share) for row in packed] == [
        ("c4", NUM_DOCUMENTS, C4_BYTES, None),
        ("books", 1, BOOK_BYTES, None),
    ]
    assert token_rows(stage_folder(staged / "tokens", "pack")) == packed
    for name in ("mixture", "fitted"):
        mixed = token_rows(str(staged / name))
        assert token_rows(stage_folder(staged / name, "mix")) == mixed
        assert [(row.documents, row.tokens) for row in mixed] == [(r.documents, r.tokens) for r in packed]
        assert [round(row.epochs or 0, 2) for row in mixed] == [1, 2]
        assert sum(row.share or 0 for row in mixed) == pytest.approx(1)
        assert language_rows(str(staged / name)) == language_rows(str(staged / "tokens"))


def test_mix_prints_the_table_of_inspect_tokens(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    again = ["mix", str(own / "tokens"), "--budget", "30K", "--sequence-length", "64"]
    main([*again, "--epochs.books", "5", "--out", str(own / "other"), *HERE])
    said = capsys.readouterr().out
    main(["inspect", "tokens", str(own / "other")])
    table = capsys.readouterr().out
    assert table in said
    words = [line.split() for line in table.splitlines() if line.split()]
    assert words[0] == "source documents bytes tokens bytes/token share epochs tokens drawn".split()
    assert "mixture: books:unknown is seen 5 times; repeats stop helping at about 4" in said


def held(rows: list[BatchRow]) -> list[tuple[str, str, int, int]]:
    return [(row.source, held.id, held.start, held.tokens) for row in rows for held in row.documents]


def test_a_batch_of_a_mixture_names_documents_and_urls(
    staged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = batch_rows(str(staged / "mixture"), 1, 4, 0)
    assert [row.slot for row in rows] == [4, 5, 6, 7]
    assert {row.source for row in rows} == {"c4", "books:unknown"}
    for row in rows:
        assert sum(part.tokens for part in row.documents) == SEQUENCE_LENGTH
        for part in row.documents:
            number = part.id.rsplit("/", 1)[-1]
            assert part.url == (f"https://x.example/{number}" if row.source == "c4" else None)
    assert batch_rows(stage_folder(staged / "mixture", "mix"), 1, 4, 0) == rows
    main(["inspect", "batch", str(staged / "fitted"), "--step", "1", "--batch-sequences", "4", "--seed", "0"])
    assert capsys.readouterr().out.startswith("slot 4: ")


def test_fitted_batches_of_an_epoch_hold_every_input_once(staged: Path) -> None:
    seen: set[tuple[str, int]] = set()
    for step in range(100):
        for row in batch_rows(str(staged / "fitted"), step, 2, 0):
            for part in row.documents:
                if row.source == "c4":
                    places = {(part.id, place) for place in range(part.start, part.start + part.tokens)}
                    assert row.epoch == 0
                    assert not places & seen
                    seen |= places
    assert {name for name, _ in seen} <= {f"c4/c4.json.gz/{number}" for number in range(NUM_DOCUMENTS)}


def test_what_is_not_there_yet_is_one_line_that_says_what_to_do(staged: Path) -> None:
    with pytest.raises(
        UserError, match=r"tokens: holds no mixture; `altiplano mix .*/tokens --out FOLDER` makes"
    ):
        batch_rows(str(staged / "tokens"), 0, 2, 0)
    with pytest.raises(UserError, match=r"c4: holds no packed tokens yet; make them with"):
        batch_rows(str(staged / "c4"), 0, 2, 0)
    with pytest.raises(
        UserError, match=r"tokenizer: no stage that is finished there holds documents or tokens"
    ):
        token_rows(str(staged / "tokenizer"))
    with pytest.raises(UserError, match=r"absent: neither a run nor a finished stage's folder"):
        token_rows(str(staged / "absent"))


def test_a_given_run_that_moved_is_named_and_its_new_place_can_be_given(own: Path) -> None:
    before = token_rows(str(own / "mixture"))
    (own / "tokens").rename(own / "elsewhere")
    pattern = (
        r"mixture: it was made of .*/tokens/\d+-pack-[0-9a-f]+, which is not there any more; put that run back, or"
        r" repeat the command that made .*/mixture with the run's new place \(and the same --out\)"
    )
    with pytest.raises(UserError, match=pattern):
        token_rows(str(own / "mixture"))
    with pytest.raises(UserError, match=pattern):
        batch_rows(str(own / "mixture"), 0, 2, 0)
    again = ["mix", str(own / "elsewhere"), "--sequence-length", "64", "--out", str(own / "mixture")]
    main([*again, *HERE])
    assert token_rows(str(own / "mixture")) == before


def test_a_stage_that_was_taken_out_of_its_run_cannot_tell_what_it_read(own: Path, tmp_path: Path) -> None:
    alone = shutil.copytree(stage_folder(own / "mixture", "mix"), tmp_path / "alone" / "mix")
    with pytest.raises(UserError, match="this stage lies in no run, so what it read is not known"):
        token_rows(str(alone))


def test_languages_are_not_counted_over_a_part_of_the_documents(staged: Path, tmp_path: Path) -> None:
    book = tmp_path / "tale.txt"
    book.write_bytes((staged / "tale.txt").read_bytes())
    main(["ingest", "books", str(book), "--out", str(tmp_path / "books"), *HERE])
    (model,) = (staged / "tokenizer").glob("*/model/tokenizer.model")
    inputs = [str(staged / "c4"), str(tmp_path / "books")]
    main(["tokenize", *inputs, "--model", str(model), "--out", str(tmp_path / "tokens"), *HERE])
    assert len(language_rows(str(tmp_path / "tokens"))) == 2
    (tmp_path / "books").rename(tmp_path / "moved")
    with pytest.raises(
        UserError, match=r"of its 41 documents 40 are where they were read; put their runs back"
    ):
        language_rows(str(tmp_path / "tokens"))


def test_a_mixture_remembers_its_tokens_wherever_it_is_read_from(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(own)
    main(["mix", "tokens", "--sequence-length", "64", "--out", "by_name", *HERE])
    here = token_rows("by_name")
    monkeypatch.chdir("/")
    assert token_rows(str(own / "by_name")) == here


def test_a_mixture_of_phases_is_mixed_by_options_and_its_export_says_what_it_loses(
    staged: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    phases = ["--phases", '{"until": "50%", "weights": {"c4": 1}}', "--phases", '{"weights": {"books": 1}}']
    out = str(tmp_path / "phased")
    main(["mix", str(staged / "tokens"), *phases, "--sequence-length", "16", "--out", out, *HERE])
    main(["export", "tokens", out, "--format", "nanogpt", "--out", str(tmp_path / "bins")])
    assert "the mixture has 2 phases, and nanogpt its shares of the whole" in capsys.readouterr().err
    schedule = Packed(out).sequences().schedule
    first, second = schedule.mixture.phases
    assert schedule.counts_before(sum(first.values())) == first == {"c4": first["c4"], "books:unknown": 0}
    assert second == {"c4": 0, "books:unknown": schedule.num_slots - first["c4"]}


def test_exported_tokens_carry_the_mixture_of_another_run(
    staged: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["export", "tokens", str(staged / "tokens"), "--format", "nanogpt"]
    main([*asked, "--out", str(tmp_path / "bare")])
    assert "holds no mixture; --mixture RUN writes the one of another run" in capsys.readouterr().err
    assert not (tmp_path / "bare" / "mixture.json").exists()
    for name in ("mixture", "fitted"):
        main([*asked, "--mixture", str(staged / name), "--out", str(tmp_path / name)])
        main(["export", "tokens", str(staged / name), "--format", "nanogpt", "--out", str(tmp_path / "own")])
        said = capsys.readouterr()
        assert said.err == ""
        assert "5 files: books.unknown.bin, c4.bin, train_data_config.json, mixture.json" in said.out
        (book, c4), (shown_c4, shown_book) = (
            [*exported_sources(tmp_path / name)],
            token_rows(str(staged / name)),
        )
        assert book[:3] == ("books:unknown", shown_book.tokens_drawn, ["books.unknown.bin"])
        assert c4[:3] == ("c4", shown_c4.tokens_drawn, ["c4.bin"])
        assert (round(book[3], 2), round(c4[3], 2), round(book[4] + c4[4], 9)) == (2, 1, 1)
        assert exported_sources(tmp_path / "own") == exported_sources(tmp_path / name)


def exported_sources(out: Path) -> list[tuple[str, int, list[str], float, float]]:
    """Name, tokens drawn, files, epochs, and weight by the trainer's list, of every source of an export for nanoGPT."""
    weights = dict(orjson.loads((out / "train_data_config.json").read_bytes()))
    sources = orjson.loads((out / "mixture.json").read_bytes())["sources"]
    assert {part["files"][0]: part["weight"] for part in sources.values()} == weights
    return [
        (name, part["tokens"], part["files"], part["epochs"], part["weight"])
        for name, part in sources.items()
    ]


def test_a_mixture_of_other_tokens_is_refused(
    staged: Path, made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["export", "tokens", str(made), "--format", "mds", "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit):
        main([*asked, "--mixture", str(staged / "mixture")])
    assert "mixture: a mixture of other tokens than those of" in capsys.readouterr().err
    main(asked)
    assert orjson.loads((tmp_path / "out" / "streams.json").read_bytes())["c4"]["repeat"] == pytest.approx(1)


def test_no_file_of_a_run_has_a_colon_in_its_name(staged: Path) -> None:
    """Windows, HDFS and others do not take one; `books:unknown` is a packed source here."""
    names = [str(path.relative_to(staged)) for path in staged.rglob("*")]
    assert len(names) > 30
    assert [name for name in names if ":" in name] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mixture", "fitted"])
def test_a_run_that_only_trained_is_shown_and_exported(staged: Path, tmp_path: Path, name: str) -> None:
    pytest.importorskip("torch")
    model = train_staged(staged, name, f"{name}-model")
    assert token_rows(str(model)) == token_rows(str(staged / name))
    assert batch_rows(str(model), 1) == batch_rows(str(staged / name), 1, 2, seed=1)
    main(["export", "model", str(model), "--out", str(tmp_path / "llama")])
    config = orjson.loads((tmp_path / "llama" / "config.json").read_bytes())
    assert (config["max_position_embeddings"], config["bos_token_id"], config["eos_token_id"]) == (64, 1, 2)
    assert (tmp_path / "llama" / "model.safetensors").is_file()
    assert not (tmp_path / "llama" / "tokenizer.json").exists(), "the tokens' run was given its tokenizer"
    with pytest.raises(SystemExit):
        main(["export", "model", str(model), "--step", "7", "--out", str(tmp_path / "none")])
    with pytest.raises(SystemExit):
        main(["export", "model", str(staged / name), "--out", str(tmp_path / "none")])


@pytest.mark.parametrize(("given", "has_mixture"), [("tokens", False), ("mixture", True), ("fitted", True)])
def test_documents_are_taken_out_of_runs_that_only_tokenized_or_mixed(
    staged: Path, tmp_path: Path, given: str, has_mixture: bool
) -> None:
    """The documents are those that their tokens were made of; a source that loses all of it is left out."""
    lists, out = ["--ids", str(tmp_path / "list")], str(tmp_path / "left")
    (name,) = (staged / "books").glob("*/documents/*.parquet")
    ids = pq.read_table(name, columns=["id"]).column("id").to_pylist()
    (tmp_path / "list").write_text("\n".join([*ids, "c4/c4.json.gz/7"]))
    main(["remove", str(staged / given), *lists, "--allow-empty", "--out", out, *HERE])
    rows = {row.source: row for row in token_rows(out) if row.documents}
    assert {source: row.documents for source, row in rows.items()} == {"c4": NUM_DOCUMENTS - 1}
    assert (rows["c4"].share == 1.0) is has_mixture
    main(["verify", out, "--absent", str(tmp_path / "list")])
    main(["inspect", "tokens", out, "--by-language"])


def test_documents_are_taken_out_of_a_run_without_tokens(staged: Path, tmp_path: Path) -> None:
    (tmp_path / "list").write_text("x.example/7\n")
    out = str(tmp_path / "left")
    main(["remove", str(staged / "c4"), "--urls", str(tmp_path / "list"), "--out", out, *HERE])
    assert [row.documents for row in token_rows(out)] == [NUM_DOCUMENTS - 1]
    with pytest.raises(SystemExit):
        main(
            ["remove", str(staged / "tokenizer"), "--urls", str(tmp_path / "list"), "--out", f"{out}2", *HERE]
        )
