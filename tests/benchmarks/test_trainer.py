"""The trainer's check at size tiny on the CPU, and its table where parts do not fit, fail, or have no time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import orjson
import pytest

torch = pytest.importorskip("torch")

from benchmarks import trainer, trainer_checks, trainer_speed  # noqa: E402
from benchmarks.apart import NoResult  # noqa: E402
from benchmarks.trainer import Check, Machine, main  # noqa: E402
from benchmarks.trainer_lines import HEADER, Line, Setting, Speed  # noqa: E402

CPU = Machine("cpu", "CPU, 2 cores", 8_000_000_000, "2", None)
CARD = Machine("cuda", "a card", 80_000_000_000, "2", "5")
FORWARD_ALONE = "without gradients, which flex_attention has on a GPU alone"


def here(function: Callable[..., Any], arguments: tuple[Any, ...], seconds: float) -> Any:
    """In this process, in place of one of its own."""
    return function(*arguments)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TORCHINDUCTOR_CACHE_DIR", "OMP_WAIT_POLICY", "KMP_BLOCKTIME"):
        monkeypatch.setenv(name, "")  # what a part sets is put back
    monkeypatch.setattr(trainer_speed, "SECONDS", 0.0)
    monkeypatch.setattr(trainer_speed, "FEWEST_STEPS", 1)
    monkeypatch.setattr(trainer_speed, "CEILING_REPEATS", 1)


@pytest.mark.slow
def test_all_parts_on_a_cpu(quick: None) -> None:
    lines = list(Check(CPU, math.inf, here).lines())
    assert {line.what: line.passed for line in lines} == {
        "block masks against dense ones": True,
        "resume": True,
        "resume, deterministic": True,
        "export, in transformers": None,
        "ceiling: product of matrices": True,
        "ours": True,
        "ours, document masks": True,
        "transformers": None,
    }
    by_name = {line.what: line for line in lines}
    assert by_name["block masks against dense ones"].outcome.endswith(FORWARD_ALONE)
    assert by_name["resume"].outcome == "bit-exact"
    assert by_name["resume, deterministic"].outcome.startswith("bit-exact; ")
    assert by_name["export, in transformers"].outcome == "transformers is not installed"
    assert "than causal" in by_name["ours, document masks"].outcome
    assert all(len(line.cells()) == len(HEADER) for line in lines)


@pytest.mark.slow
def test_transformers_on_a_cpu(quick: None) -> None:
    pytest.importorskip("transformers")
    line = trainer_checks.check_export("cpu", trainer.TINY)
    assert line.passed, line.outcome
    assert trainer_speed.their_speed("cpu", trainer.TINY).tokens_per_second > 0


def told(results: dict[str, Any]) -> Callable[..., Any]:
    """A run that gives a result by a part's name, or by name and model."""

    def run(function: Callable[..., Any], arguments: tuple[Any, ...], seconds: float) -> Any:
        name, *rest = arguments
        settings = [one for one in rest if isinstance(one, Setting)]
        key = f"{name} {settings[0].model} {settings[0].recompute}" if settings else name
        return results.get(key, results.get(name))

    return run


CHECKS = {
    "check_masks": Line("masks", "", True, check=True),
    "check_resume": (Line("resume", "bit-exact", True, check=True), 100.0),
    "check_export": Line("export", "", True, check=True),
    "matmul_flops": 8e14,
}


def test_what_does_not_fit_is_a_line_and_less_is_tried() -> None:
    full = NoResult("OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB")
    speeds = {
        "our_speed": Speed(60_000, 40_000_000_000, 9.0),
        "our_speed 7B selective": full,
        "their_speed": Speed(50_000, 50_000_000_000, 50.0),
        "their_speed 7B full": NoResult("ended by SIGKILL"),
    }
    lines = [
        line for line in Check(CARD, math.inf, told(CHECKS | speeds)).lines() if line.setting is not None
    ]
    assert [(line.what, line.setting.model, line.outcome) for line in lines if line.setting] == [
        ("ours", "350M", ""),
        ("ours, document masks", "350M", "0.0% slower than causal"),
        ("ours", "1.3B", ""),
        ("ours, document masks", "1.3B", "0.0% slower than causal"),
        ("ours", "7B", f"does not fit: {full.reason}"),
        ("ours", "7B", ""),
        ("ours, document masks", "7B", "0.0% slower than causal"),
        ("transformers", "1.3B", "ours has 1.20 times its tokens/s"),
        ("transformers", "350M", "ours has 1.20 times its tokens/s"),
        ("transformers", "7B", "does not fit: ended by SIGKILL"),
    ]
    # PaLM's count for 1.3B at 2,048: 6 operations a weight but the embedding's, 12 * 24 * 2,048 * 2,048 of attention
    weights = 24 * (4 * 2048 * 2048 + 3 * 2048 * 5632 + 2 * 2048) + 32_000 * 2048 + 2048
    assert lines[2].ceiling_share == pytest.approx(60_000 * (6 * weights + 12 * 24 * 2048 * 2048) / 8e14)
    assert lines[2].cells() == [
        *("ours", "1.3B", "8 x 2,048", "ddp, none", "60,000", "67.5%", "40.0"),
        *(f"{lines[2].planned_bytes / 1e9:.1f}", "9.0", ""),
    ]
    assert lines[4].cells()[-1].startswith("**no**: does not fit: ")


def test_without_time_no_part_is_begun() -> None:
    def never(*_: Any) -> Any:
        raise AssertionError

    lines = list(Check(CARD, 0.0, never).lines())
    assert {(line.passed, line.outcome) for line in lines} == {(None, "no time was left")}


@pytest.mark.parametrize(("holds", "code"), [(True, 0), (False, 1)])
def test_a_check_that_does_not_hold_is_the_exit_status(
    holds: bool, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    results = CHECKS | {"check_masks": Line("masks", "x", holds, check=True), "our_speed": NoResult("x")}
    run = told(results | {"auto": CPU})
    monkeypatch.setattr(trainer, "apart", run)
    found = 0
    try:
        main(as_json=True)
    except SystemExit as error:
        found = int(error.code or 0)
    assert found == code
    printed = orjson.loads(capsys.readouterr().out)
    assert printed["machine"]["name"] == "CPU, 2 cores"
    assert [line["passed"] for line in printed["lines"]] == [holds, True, True, None, True, False, None]


def test_another_device_is_one_line() -> None:
    with pytest.raises(SystemExit, match="device tpu: auto, cuda or cpu"):
        main(device="tpu")


def test_documents_begin_where_they_are_drawn() -> None:
    drawn = trainer_speed.np.array([[0.9, 0.9, 0.01, 0.9], [0.01, 0.02, 0.9, 0.9]])
    segments, positions = trainer_speed.made_documents(drawn, 10)
    assert segments.tolist() == [[0, 0, 1, 1], [0, 1, 1, 1]]
    assert positions.tolist() == [[0, 1, 0, 1], [0, 0, 1, 2]]
