"""`altiplano status`: done, under way and waiting stages, who is at work, as a table or JSON."""

from __future__ import annotations

import shutil
from pathlib import Path

import orjson
import pytest

from pipeline.cli.main import main
from pipeline.inspect.status import run_status, status_lines
from pipeline.run_lock import RunLock


def test_a_finished_run_is_done(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = run_status(str(made))
    assert (status.is_finished, status.holder, status.name) == (True, None, "small")
    assert {one.state for one in status.stages} == {"done"}
    ingest = status.stages[0]
    assert (ingest.node, ingest.documents_in, ingest.documents_out, ingest.dropped) == (
        "c4.ingest_c4",
        40,
        40,
        0,
    )
    main(["status", str(made), "--json"])
    assert orjson.loads(capsys.readouterr().out)["stages"][0]["state"] == "done"


def test_what_is_under_way_and_who_is_at_work(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (mix,) = run.glob("*-mix-*")
    shutil.rmtree(mix)
    (pack,) = run.glob("*-pack-*")
    (pack / "manifest.json").unlink()
    (next(pack.glob("reports/*.json"))).unlink()
    (pack / "reports" / "00000.now").write_text("half of it", encoding="utf-8")
    with RunLock(str(run)):
        status = run_status(str(run))
        assert "is at work there" in list(status_lines(status))[1]
    by_name = {one.node: one for one in status.stages}
    assert (by_name["pack"].state, by_name["pack"].word) == ("under way", "half of it")
    assert (by_name["mix"].state, status.is_finished) == ("waiting", False)
    main(["status", str(run)])
    out = capsys.readouterr().out.splitlines()
    assert out[-2].endswith(f"1 under way, 1 waiting, of {len(status.stages)} stages")
    assert out[-1].startswith("nobody is at work there; run its command again")


def test_a_watch_looks_again_until_the_run_is_finished_or_ctrl_c(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (mix,) = run.glob("*-mix-*")
    manifest = (mix / "manifest.json").read_bytes()
    (mix / "manifest.json").unlink()
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            (mix / "manifest.json").write_bytes(manifest)

    monkeypatch.setattr("time.sleep", sleep)
    main(["status", str(run), "--watch", "--every", "0.5", "--json"])
    looks = [orjson.loads(line)["is_finished"] for line in capsys.readouterr().out.splitlines()]
    assert (looks, slept) == ([False, False, True], [0.5, 0.5])
    (mix / "manifest.json").unlink()

    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", interrupted)
    main(["status", str(run), "--watch"])
    assert "run its command again to go on" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        main(["status", str(run), "--every", "0"])


def test_a_run_that_was_killed_says_what_was_typed(run: Path) -> None:
    (mix,) = run.glob("*-mix-*")
    (mix / "manifest.json").unlink()
    with RunLock(str(run), "altiplano run my.yaml"):
        held = orjson.loads((run / "run.lock").read_bytes())
        assert run_status(str(run)).command == "altiplano run my.yaml"
    (run / "run.lock").write_bytes(orjson.dumps(held | {"started": held["started"] + 1}))
    *_, how = status_lines(run_status(str(run)))
    assert how == "nobody is at work there; to go on, which keeps what is finished: altiplano run my.yaml"


def test_a_lock_of_a_process_that_is_gone_holds_nothing(run: Path) -> None:
    with RunLock(str(run)):
        held = orjson.loads((run / "run.lock").read_bytes())
    (run / "run.lock").write_bytes(orjson.dumps(held | {"started": held["started"] + 1}))
    assert run_status(str(run)).holder is None


def test_every_look_prints_json(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def rows(*command: str) -> list[dict[str, object]]:
        capsys.readouterr()
        main([*command, "--json"])
        return [orjson.loads(line) for line in capsys.readouterr().out.splitlines()]

    name = str(made)
    (tokens,) = rows("inspect", "tokens", name)
    assert (tokens["source"], tokens["documents"]) == ("c4", 40)
    assert rows("inspect", "tokens", name, "--by-language")[0]["language"] == "-"
    batch = rows("inspect", "batch", name, "--step", "0", "--batch-sequences", "2", "--seed", "1")
    assert [row["slot"] for row in batch] == [0, 1]
    (document,) = rows("inspect", "document", name, "c4/c4.json.gz/3")
    assert len(document["ids"]) == len(document["pieces"])  # type: ignore[arg-type]
    assert rows("inspect", "warnings", name) == []
    (verified,) = rows("verify", name)
    assert verified["faults"] == []
    (plan,) = rows("plan", str(made.parent / "small.yaml"))
    assert plan["sources"] == {"c4": {"files": 1, "bytes": (made.parent / "c4.json.gz").stat().st_size}}
