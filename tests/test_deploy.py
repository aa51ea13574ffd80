"""What clusters are started from: valid to their own validators, of one image and one Ray, with commands that we have."""

from __future__ import annotations

import re
import shlex
import subprocess
import tomllib
from typing import Any

import pytest
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

from pipeline.cli.main import make_app
from pipeline.cli.options import Typed
from tests.demo import ROOT
from tests.page_files import shell_lines

DEPLOY = ROOT / "deploy"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
IMAGE = f"REGISTRY/altiplano-ray:{VERSION}"
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

RAY_JOB_KEYS = {
    "entrypoint",
    "backoffLimit",
    "shutdownAfterJobFinishes",
    "ttlSecondsAfterFinished",
    "rayClusterSpec",
}
WORKER_KEYS = {"groupName", "replicas", "minReplicas", "maxReplicas", "rayStartParams", "template"}
"""Of KubeRay's CRD, what we use: nobody tells a cluster's owner of a key that is misspelt."""


def check_command(line: str) -> None:
    """A command line of ours, with all that is unknown in it put in as one word, has options that exist."""
    program, *tokens = shlex.split(re.sub(r'"?\$\{?\w+\}?"?', "x", line.replace('"$@"', "")))
    assert program == "altiplano"
    app = make_app(tokens)
    app.parse_args(Typed().read(app, tokens), exit_on_error=False, print_error=False)


@pytest.mark.parametrize("name", ["aws", "gcp"])
def test_ray_takes_the_cluster(name: str) -> None:
    given: dict[str, Any] = yaml.safe_load((DEPLOY / f"{name}.yaml").read_text(encoding="utf-8"))
    config = prepare_config(given)
    validate_config(config)
    assert config["provider"]["type"] == name
    assert config["docker"]["image"] == IMAGE
    # Ray's own setup installs another Ray
    assert not config["setup_commands"] + config["head_setup_commands"] + config["worker_setup_commands"]
    kinds = config["available_node_types"]
    assert kinds["head"]["resources"] == {"CPU": 0}
    assert kinds["worker"]["max_workers"] == config["max_workers"]
    wrong = given | {"max_worker": 3}
    with pytest.raises(Exception, match="max_worker"):
        validate_config(prepare_config(wrong))


def test_the_job_of_kuberay() -> None:
    job: dict[str, Any] = yaml.safe_load((DEPLOY / "kuberay.yaml").read_text(encoding="utf-8"))
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    assert set(job["spec"]) == RAY_JOB_KEYS
    check_command(job["spec"]["entrypoint"])
    cluster = job["spec"]["rayClusterSpec"]
    pinned = re.search(r"^ray==(\S+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert pinned is not None and cluster["rayVersion"] == pinned[1]
    (workers,) = cluster["workerGroupSpecs"]
    assert set(workers) == WORKER_KEYS and set(cluster["headGroupSpec"]) == {"rayStartParams", "template"}
    for group in (cluster["headGroupSpec"], workers):
        assert all(
            isinstance(value, str) for value in group["rayStartParams"].values()
        )  # as the CRD wants them
        pod = group["template"]["spec"]
        (container,) = pod["containers"]
        assert container["image"] == IMAGE
        assert container["resources"]["requests"] == container["resources"]["limits"]
        assert {one["name"] for one in container["volumeMounts"]} == {one["name"] for one in pod["volumes"]}


def test_the_script_of_slurm() -> None:
    path = DEPLOY / "slurm.sh"
    subprocess.run(["bash", "-n", str(path)], check=True)
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    # after its first command Slurm reads no options of a job
    assert text.index("#SBATCH") < text.rindex("#SBATCH") < text.index("set -euo")
    (command,) = re.findall(r"^srun .*?(altiplano run .*)$", text, re.MULTILINE)
    check_command(command)


def test_the_image_is_made_of_ours() -> None:
    text = re.sub(r"\\\n", " ", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
    ours = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert IMAGE in text and "ARG BASE=altiplano\n" in text and "FROM ${BASE}\n" in text
    (home,) = re.findall(r"^ENV PATH=(\S+):\$PATH", ours, re.MULTILINE)
    assert f"{home}/pip install" in text and f"ln -s {home}/ray {home}/altiplano " in text
    assert "constraints.txt" in ours
    assert (
        re.findall(r"^USER (\d+)$", text, re.MULTILINE)[-1]
        == re.findall(r"^USER (\d+)$", ours, re.MULTILINE)[-1]
    )
    assert "ENTRYPOINT []\n" in text  # launchers bring commands of their own


def test_the_page_names_every_file_and_its_commands_are_ours() -> None:
    names = {f"deploy/{path.name}" for path in DEPLOY.iterdir()} - {"deploy/Dockerfile"}
    assert sorted(name for name in names if name not in PAGE) == []
    lines = [line for line in shell_lines(PAGE) if "altiplano run" in line]
    assert len(lines) == 2
    for line in lines:
        check_command("altiplano run" + line.partition("altiplano run")[2])
