"""The recipes for one kind of data are planned and run on the samples; what must go leaves the run of one of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.card.publish import run_card
from pipeline.cli.main import main
from pipeline.graph import run_manifests
from pipeline.inspect.tokens import TokenRow, token_rows
from pipeline.inspect.verify import verify
from pipeline.look.sample import Wanted, dropped_sample
from stages.core.manifest import EXCHANGE, TOKENS
from tests.demo import ROOT
from tests.small_run import bytes_of

SAMPLES = ROOT / "samples" / "dumps"
HERE = ("--workers", "0", "--quiet")
IVO = "github/ivo__mosaic-site-9d180429b8.tar.gz/mosaic-site-9d180429b8/src/observe.js"
OKAFOR = "github/okafor__mosaic-js-09244d0e0f.tar.gz/mosaic-js-09244d0e0f/src/observe.js"
ANSWER, THREAD = (f"stackexchange/gardening.example/Posts.xml/{number}" for number in (31, 10))
RINGBUF_ID = "github/ada__ringbuf-4f641f86df.tar.gz/ringbuf-4f641f86df/README.md"
ROWING = "stackexchange/rowing.example/Posts.xml/1"
RINGBUF = "https://github.com/ada/ringbuf/blob/4f641f86df/README.md"


def run_recipe(name: str, folder: Path, *options: str) -> Path:
    """The run of a recipe of ours on the samples, planned first."""
    recipe = [str(ROOT / "configs" / f"{name}.yaml"), "--set", f"runs={folder}", *options]
    main(["plan", *recipe])
    main(["run", *recipe, *HERE])
    return folder / name


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Only looked at."""
    return run_recipe("code", tmp_path_factory.mktemp("code"), "--set", f"data={SAMPLES}")


def documents_by_source(run: Path) -> dict[str, int]:
    return {row.source: row.documents for row in token_rows(str(run))}


def test_wikipedia_alone(tmp_path: Path) -> None:
    """Two of the dumps: each language of them has its share."""
    (tmp_path / "wikipedia").mkdir()
    for language in ("de", "en"):
        name = f"{language}wiki-20220701-pages-articles.xml.bz2"
        (tmp_path / "wikipedia" / name).symlink_to(SAMPLES / "wikipedia" / name)
    run = run_recipe("wikipedia-only", tmp_path, "--set", f"data={tmp_path}", "--set", "vocab_size=600")
    assert documents_by_source(run) == {"wikipedia": 11}


def test_ones_own_documents(tmp_path: Path) -> None:
    run = run_recipe("own-data", tmp_path, "--set", f"data={SAMPLES / 'notes'}", "--set", "vocab_size=600")
    assert documents_by_source(run) == {"ours": 143}


def test_code_and_what_is_asked_about_it(code: Path) -> None:
    assert documents_by_source(code) == {"github": 19, "stackexchange": 21}
    assert run_card(str(code)).count("`metadata`") == 3


def write_lists(folder: Path) -> list[str]:
    """Lists for a file that was dropped as a duplicate, an answer, a file by its URL, and a site; as options."""
    (folder / "ids").write_text(f"{OKAFOR}\n{ANSWER}\ngithub/none\n")
    (folder / "urls").write_text(f"{RINGBUF}#start\n")
    (folder / "hosts").write_text("rowing.example\n")
    return [word for kind in ("ids", "urls", "hosts") for word in (f"--{kind}", str(folder / kind))]


@pytest.fixture(scope="module")
def taken(code: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with lists, and the run `left`, from which they are gone; only looked at."""
    folder = tmp_path_factory.mktemp("taken")
    main(["remove", str(code), *write_lists(folder), "--out", str(folder / "left"), *HERE])
    return folder


def test_what_must_go_is_gone_from_documents_tokens_and_mixture(taken: Path, code: Path) -> None:
    left = taken / "left"
    before, after = ({row.source: row for row in token_rows(str(run))} for run in (code, left))
    assert documents_by_source(left) == {"github": 18, "stackexchange": 19}
    for source in ("github", "stackexchange"):
        assert (after[source].tokens or 0) < (before[source].tokens or 0)
    assert isinstance(after["github"], TokenRow)
    manifests = run_manifests(str(left))
    (packed,) = [one for one in manifests.values() if one.of_kind(TOKENS)]
    assert sum(np.fromfile(uri, "<u2").size for uri in packed.uris(TOKENS)) == sum(
        row.tokens or 0 for row in after.values()
    )
    assert not any(one.of_kind(EXCHANGE) for one in manifests.values())


def test_verify_shows_that_it_is_absent_and_where_it_is_present(taken: Path, code: Path) -> None:
    asked = taken / "all"
    asked.write_text(f"{THREAD}\n{RINGBUF}\nrowing.example\n{ANSWER}\n")
    found = verify(str(taken / "left"), str(asked))
    assert (found.faults, found.absent) == ((), 4)
    there = verify(str(code), str(asked))
    assert there.absent == 0
    reasons = [fault.reason for fault in there.faults]
    assert f"holds the tokens of document {THREAD}" in reasons
    assert any("(host rowing.example)" in reason for reason in reasons)
    asked.write_text(IVO)
    present = [fault.reason for fault in verify(str(taken / "left"), str(asked)).faults]
    assert present == [f"holds document {IVO} (id {IVO})", f"holds the tokens of document {IVO}"]


def test_explain_and_the_card_know_it(taken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left = str(taken / "left")
    for name, told in (
        (RINGBUF, "dropped by rule removed_on_request; url github.com/ada/ringbuf/blob/4f641f86df/README.md"),
        (THREAD, f"dropped by rule removed_on_request; holds {ANSWER}; id {ANSWER}"),
        (
            OKAFOR,
            f"github.dedup_exact.remove: dropped by rule exact_duplicate; value 1 against 1; kept partner {IVO}",
        ),
    ):
        main(["explain", left, name])
        assert told in capsys.readouterr().out
    card = run_card(left)
    assert "3 documents were taken out on request" in card
    assert "extension 5, license 5" in card, "what the earlier run dropped"


def test_of_what_is_gone_there_is_no_text(taken: Path) -> None:
    left = str(taken / "left")
    gone = dropped_sample(left, Wanted(None, "removed_on_request", None, None, 20, 0))
    assert sorted(one.id for one in gone) == sorted([RINGBUF_ID, ROWING, THREAD])
    for one in (*gone, *dropped_sample(left, Wanted(None, "exact_duplicate", None, None, 20, 0))):
        assert one.text is None
        assert one.why == "what this stage read lies outside the run, which does not record where"


def test_it_says_what_nothing_answers_to_and_which_duplicates_stay(
    taken: Path, code: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(taken / "left")
    before = bytes_of(taken / "left")
    main(["remove", str(code), *write_lists(taken), "--out", out, *HERE])
    told = capsys.readouterr()
    assert "nothing to do, every stage is finished" in told.out
    assert f"{out}: 3 documents removed on request" in told.out
    assert f"nothing in {code} answers to id github/none" in told.err
    assert "1 documents stay that were kept for a duplicate which is asked for" in told.err
    assert bytes_of(taken / "left") == before
    lists = write_lists(tmp_path)
    main(["remove", str(code), *lists, "--with-duplicates", "--out", str(tmp_path / "all"), *HERE])
    told = capsys.readouterr()
    assert "4 documents removed on request" in told.out
    assert "duplicate" not in told.err
    main(["explain", str(tmp_path / "all"), IVO])
    assert f"removed_on_request; kept for its duplicate {OKAFOR}; id {OKAFOR}" in capsys.readouterr().out


def test_a_second_takedown_goes_on_from_the_first(taken: Path, tmp_path: Path) -> None:
    (tmp_path / "ids").write_text(IVO)
    again = tmp_path / "again"
    main(["remove", str(taken / "left"), "--ids", str(tmp_path / "ids"), "--out", str(again), *HERE])
    assert documents_by_source(again) == {"github": 17, "stackexchange": 19}
    assert verify(str(again), str(tmp_path / "ids")).absent == 1
    card = run_card(str(again))
    assert "4 documents were taken out on request" in card
    assert "extension 5, license 5" in card


def test_a_takedown_that_was_cut_short_is_finished_with_the_same_bytes(
    taken: Path, code: Path, tmp_path: Path
) -> None:
    whole = bytes_of(taken / "left")
    out = tmp_path / "left"
    lists = write_lists(tmp_path)
    main(["remove", str(code), *lists, "--out", str(out), *HERE])
    for pattern in ("*-takedown.pack-*", "*-takedown.mix-*"):
        (folder,) = out.glob(pattern)
        (folder / "manifest.json").unlink()
        for file in [*folder.glob("tokens/*"), *folder.glob("model/*")]:
            file.unlink()
    main(["remove", str(code), *lists, "--out", str(out), *HERE])
    assert bytes_of(out) == whole
