"""The Hub: patterns, revisions, probes and reading, against a local server that answers as the Hub does."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.hub_server import hub, in_a_process


def rows(*texts: str) -> bytes:
    return gzip.compress(
        b"".join(orjson.dumps({"text": t, "url": "u", "timestamp": "2019"}) + b"\n" for t in texts)
    )


FILES = {
    ("main", "README.md"): b"# C4",
    ("main", "en/c4-train.00000-of-00002.json.gz"): rows("first", "second"),
    ("main", "en/c4-train.00001-of-00002.json.gz"): rows("third"),
    ("main", "en/deep/other.json.gz"): rows("deep"),
    ("v1", "en/c4-train.00000-of-00002.json.gz"): rows("of the first version"),
    ("refs/pr/3", "en/c4-train.00000-of-00002.json.gz"): rows("proposed"),
}
REPOSITORY = "datasets/allenai/c4"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with hub({REPOSITORY: FILES}) as address:
        yield address


def test_patterns_revisions_probes_and_bytes(endpoint: str, tmp_path: Path) -> None:
    found = in_a_process(
        endpoint,
        """
        patterns = [
            "hf://datasets/allenai/c4/en/*.json.gz",
            "hf://datasets/allenai/c4/**/*.json.gz",
            "hf://datasets/allenai/c4/en/c4-train.0000[1-9]-of-?????.json.gz",
            "hf://datasets/allenai/c4/en",
            "hf://datasets/allenai/c4",
            "hf://datasets/allenai/c4/README.md",
            "hf://datasets/allenai/c4@v1/en/*.json.gz",
            "hf://datasets/allenai/c4@v1/en/c4-train.00000-of-00002.json.gz",
            "hf://datasets/allenai/c4@refs/pr/3/en/*.json.gz",
            "hf://datasets/allenai/c4@refs%2Fpr%2F3/en/*.json.gz",
        ]
        found = []
        for pattern in patterns:
            for file in storage.find_files(pattern):
                data = storage.read_bytes(file.uri)
                probe = storage.probe(file.uri, file.size)
                found.append([pattern[24:], file.name, file.uri, file.size == len(data), data[-8:].hex(), probe])
        """,
        tmp_path,
    )
    contents = {(revision, name): data[-8:].hex() for (revision, name), data in FILES.items()}
    a, b, deep = "c4-train.00000-of-00002.json.gz", "c4-train.00001-of-00002.json.gz", "deep/other.json.gz"
    assert [(pattern, name, tail) for pattern, name, _, _, tail, _ in found] == [
        (pattern, name, contents[revision, path])
        for pattern, revision, files in (
            ("/en/*.json.gz", "main", {a: f"en/{a}", b: f"en/{b}"}),
            ("/**/*.json.gz", "main", {f"en/{name}": f"en/{name}" for name in (a, b, deep)}),
            ("/en/c4-train.0000[1-9]-of-?????.json.gz", "main", {b: f"en/{b}"}),
            ("/en", "main", {name: f"en/{name}" for name in (a, b, deep)}),
            ("", "main", {"README.md": "README.md"} | {f"en/{name}": f"en/{name}" for name in (a, b, deep)}),
            ("/README.md", "main", {"README.md": "README.md"}),
            ("@v1/en/*.json.gz", "v1", {a: f"en/{a}"}),
            (f"@v1/en/{a}", "v1", {a: f"en/{a}"}),
            ("@refs/pr/3/en/*.json.gz", "refs/pr/3", {a: f"en/{a}"}),
            ("@refs%2Fpr%2F3/en/*.json.gz", "refs/pr/3", {a: f"en/{a}"}),
        )
        for name, path in files.items()
    ]
    assert all(is_whole for _, _, _, is_whole, _, _ in found)
    assert len({probe for *_, probe in found}) == len(set(FILES.values()))
    assert found[0][2] == f"hf://datasets/allenai/c4/en/{a}"


def test_c4_from_the_hub(endpoint: str, tmp_path: Path) -> None:
    found = in_a_process(
        endpoint,
        f"""
        from stages.core.parquet import read_documents
        from stages.ingest.c4.stage import C4Ingest
        found = []
        for revision in ("", "@v1"):
            stage = C4Ingest(input=(f"hf://datasets/allenai/c4{{revision}}/en/*.json.gz",))
            folder = {str(tmp_path)!r} + "/out" + revision
            storage.make_folder(folder)
            report = stage.run(stage.plan(())[0].at(folder))
            batches = read_documents([f"{{folder}}/{{file.name}}" for file in report.files])
            found.append([[row["id"], row["text"]] for batch in batches for row in batch.to_pylist()])
        other = C4Ingest(input=("hf://datasets/allenai/c4/en/*.json.gz",))
        found.append(stage.fingerprint(()) == other.fingerprint(()))
        """,
        tmp_path,
    )
    assert found == [
        [
            ["c4/c4-train.00000-of-00002.json.gz/0", "first"],
            ["c4/c4-train.00000-of-00002.json.gz/1", "second"],
            ["c4/c4-train.00001-of-00002.json.gz/0", "third"],
        ],
        [["c4/c4-train.00000-of-00002.json.gz/0", "of the first version"]],
        False,
    ]


def test_mistakes_are_told_in_one_line(endpoint: str, tmp_path: Path) -> None:
    uris = [
        "hf://datasets/allenai/nothing/*.gz",
        "hf://datasets/allenai/c4@v9/*.gz",
        "hf://datasets/allenai/c4/en/nothing.gz",
        "hf://datasets/allenai/c4/en/*.zip",
        "hf://datasets/allenai/c4/nothing/*.gz",
        "hf://datasets",
        "hf://",
        "hf://datasets/a b/c/x",
    ]
    found = in_a_process(endpoint, f"found = [told(storage.find_files, uri) for uri in {uris}]", tmp_path)
    assert [len(line.splitlines()) for line in found] == [1] * len(uris)
    for uri, line, words in zip(
        uris,
        found,
        [
            "repository not found",
            "revision not found",
            "no such file",
            "no file matches",
            "no file matches",
            "",
            "",
            "",
        ],
        strict=True,
    ):
        assert line.startswith(uri + ":"), line
        assert words in line


@pytest.mark.parametrize("environment", [{"HF_HUB_OFFLINE": "1"}, {"HF_ENDPOINT": "http://127.0.0.1:9"}])
def test_no_way_to_the_hub_is_told_in_one_line(
    endpoint: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    script = 'found = told(storage.find_files, "hf://datasets/allenai/c4/en/*.json.gz")'
    found = in_a_process(environment.pop("HF_ENDPOINT", endpoint), script, tmp_path, **environment)
    assert found.startswith("hf://datasets/allenai/c4/en/*.json.gz: the Hub cannot be asked (")
    assert "\n" not in found


def test_local_runs_do_not_import_the_hub(tmp_path: Path) -> None:
    script = (
        f"import sys; storage.find_files({str(Path(__file__))!r}); found = 'huggingface_hub' in sys.modules"
    )
    assert in_a_process("http://127.0.0.1:9", script, tmp_path) is False
