"""`altiplano ablate` on a run and another mixture of its tokens: a table, a page, and nothing done twice."""

from __future__ import annotations

import shutil
from pathlib import Path

import orjson
import pytest

torch = pytest.importorskip("torch")

from pipeline.ablate import measure as module  # noqa: E402
from pipeline.ablate.arms import open_arms  # noqa: E402
from pipeline.ablate.texts import held_out_text  # noqa: E402
from pipeline.cli.main import main  # noqa: E402
from stages.core.errors import UserError  # noqa: E402
from tests.small_run import WORDS, make_small_run, text  # noqa: E402

pytestmark = pytest.mark.slow

OPTIONS = (
    "--seeds=2",
    "--batch-sequences=4",
    "--micro-batch-sequences=4",
    "--warmup-steps=1",
    "--threads=1",
    "--device=cpu",
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runs `run` and `twice`, a mixture of the same tokens; texts and questions beside them. Only looked at."""
    folder = tmp_path_factory.mktemp("ablate")
    make_small_run(folder)
    mix = [
        "mix",
        str(folder / "run"),
        "--epochs.c4",
        "2",
        "--sequence-length",
        "64",
        "--workers",
        "0",
        "--quiet",
    ]
    main([*mix, "--out", str(folder / "twice")])
    rows = [{"text": text(number)} for number in range(1000, 1006)]
    (folder / "held.jsonl").write_bytes(b"\n".join(map(orjson.dumps, rows)))
    questions = [{"query": " ".join(WORDS), "choices": ["the clock", "a xylophone"], "gold": 0}] * 3
    (folder / "quiz.jsonl").write_bytes(b"\n".join(map(orjson.dumps, questions)))
    return folder


def ablate(runs: Path, out: Path, *more: str, tokens: str = "2K") -> None:
    held, quiz = runs / "held.jsonl", runs / "quiz.jsonl"
    arms = ["ablate", str(runs / "run"), str(runs / "twice"), "--held-out", str(held), "--out", str(out)]
    main([*arms, "--benchmarks", str(quiz), *OPTIONS, "--tokens", tokens, *more])


def test_table_page_and_json_and_nothing_is_done_twice(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ablate(runs, tmp_path / "out")
    table = capsys.readouterr().out
    assert "bits/byte, mean of sources" in table
    assert "1,792 tokens each, 2 seeds; held out " in table
    page = (tmp_path / "out" / "ablation.html").read_text()
    assert page.count("data-chart role") == 2
    assert "accuracy quiz" in page

    def never(*given: object, **named: object) -> object:
        raise AssertionError("trained again")

    monkeypatch.setattr("stages.train.train.train", never)
    ablate(runs, tmp_path / "out", "--json")
    rows = [orjson.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows[0]["figure"] == "bits/byte, mean of sources"
    assert rows[-1]["chance"] == 0.5
    assert [cell["arm"] for cell in rows[0]["cells"]] == ["run", "twice"]
    assert 1 < rows[0]["cells"][0]["mean"] < 9
    shutil.rmtree(tmp_path / "out" / "twice" / "seed-2")
    with pytest.raises(AssertionError, match="trained again"):
        ablate(runs, tmp_path / "out")
    with pytest.raises(AssertionError, match="trained again"):  # of other options
        ablate(runs, tmp_path / "out", "--peak-rate=0.5")
    assert module.RESULT_NAME in {path.name for path in (tmp_path / "out" / "run" / "seed-1").iterdir()}


def test_what_cannot_be_compared_is_one_line(runs: Path, tmp_path: Path) -> None:
    run, twice = str(runs / "run"), str(runs / "twice")
    with pytest.raises(UserError, match="give two runs or more"):
        open_arms([run])
    with pytest.raises(UserError, match="run: two runs of this name"):
        open_arms([run, run])
    copy = shutil.copytree(run, tmp_path / "lonely")
    for folder in Path(copy).glob("*-mix-*"):
        shutil.rmtree(folder)
    with pytest.raises(UserError, match="lonely: holds no mixture"):
        open_arms([run, str(copy)])
    main(
        ["mix", run, "--sequence-length", "32", "--workers", "0", "--quiet", "--out", str(tmp_path / "short")]
    )
    with pytest.raises(UserError, match=r"different lengths \(run 64, short 32\)"):
        open_arms([run, str(tmp_path / "short")])
    arms = open_arms([run, twice])
    with pytest.raises(UserError, match="every document there is in an arm's tokens too"):
        held_out_text([run], arms, 1000)


def test_too_many_and_too_few_tokens_are_one_line(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for asked, line in (
        ("1G", "run: its mixture draws"),
        ("300", "300 tokens are 1 steps of 256, and 1 of them"),
    ):
        with pytest.raises(SystemExit) as ended:
            ablate(runs, tmp_path / "out", tokens=asked)
        assert ended.value.code == 2
        assert line in capsys.readouterr().err


def test_held_out_text_is_the_same_whatever_the_order_and_cut_to_size(runs: Path, tmp_path: Path) -> None:
    arms = open_arms([str(runs / "run"), str(runs / "twice")])
    found = held_out_text([str(runs / "held.jsonl")], arms, 500)
    ((source, texts),) = found.sources.items()
    assert 500 <= found.num_bytes(source) < 1200
    assert all(one.startswith("Document 100") for one in texts)
    assert (found.in_arms, held_out_text([str(runs / "held.jsonl")], arms, 500).digest()) == (
        0,
        found.digest(),
    )
