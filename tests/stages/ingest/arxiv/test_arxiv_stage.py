"""ArXiv ingest: the shapes in which papers come, damage, and the real papers."""

from __future__ import annotations

import gzip
import io
import json
import re
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from stages.core.errors import DamagedInputError
from stages.core.stage import DOCUMENTS, Manifest
from stages.ingest.archives import BytesFile
from stages.ingest.arxiv.stage import ArxivIngest
from stages.ingest.base import Loss, RawDocument, RawRecord

TEX = b"\\documentclass{article}\\begin{document}\\section{A}\nText.\n\\end{document}\n"
TEXT = "\\section{A}\nText.\n"


def tar_of(members: dict[str, bytes], mode: str = "w:gz") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as tar:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def read(name: str, data: bytes, **config: Any) -> list[RawRecord]:
    return list(ArxivIngest(input=("x",), **config).read(BytesFile("", name, len(data), data)))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("2001.00001.tar.gz", tar_of({"ms.tex": TEX, "fig.pdf": b"%PDF-"})),
        ("2001.00001.gz", gzip.compress(TEX)),
        ("2001.00001.tex", TEX),
        ("2001.00001", tar_of({"./ms.tex": TEX}, "w")),
    ],
)
def test_the_shapes_of_a_single_paper(name: str, data: bytes) -> None:
    (found,) = read(name, data)
    assert isinstance(found, RawDocument)
    assert (found.key, found.text, found.url) == ("", TEXT, "https://arxiv.org/abs/2001.00001")


def test_the_bulk_tar_of_papers() -> None:
    data = tar_of(
        {
            "2001/2001.00001.gz": tar_of({"ms.tex": TEX}),
            "2001/2001.00002.pdf": b"%PDF-1.4",
            "2001/2001.00003.gz": gzip.compress(TEX),
            "2001/2001.00004.gz": gzip.compress(TEX)[:20],
            "2001/2001.00005.gz": tar_of({"a.pdf": b"%PDF-1.4"}),
        },
        "w",
    )
    found = read("arXiv_src_2001_001.tar", data)
    assert [(r.key, r.rule if isinstance(r, Loss) else r.text) for r in found] == [
        ("2001/2001.00001.gz", TEXT),
        ("2001/2001.00002.pdf", "not_latex"),
        ("2001/2001.00003.gz", TEXT),
        ("2001/2001.00004.gz@20", "damaged"),
        ("2001/2001.00005.gz", "not_latex"),
    ]
    assert found[2].url == "https://arxiv.org/abs/2001.00003"


def test_unsafe_files_and_large_ones_are_rows_and_the_paper_stays() -> None:
    data = tar_of({"../evil.tex": b"x", "ms.tex": TEX, "data.txt": b"1 " * 500})
    found = read("p.tar.gz", data, max_file_bytes=500)
    assert [(r.key, r.rule if isinstance(r, Loss) else r.text) for r in found] == [
        ("../evil.tex", "unsafe_path"),
        ("data.txt", "too_large"),
        ("", TEXT),
    ]
    assert [r.rule for r in read("p.tex", TEX * 100, max_file_bytes=500) if isinstance(r, Loss)] == [
        "too_large"
    ]


def test_a_truncated_archive_gives_the_paper_from_what_could_be_read() -> None:
    noise = b"".join(i.to_bytes(4, "big") for i in range(0, 50_000_000, 3907))
    data = tar_of({"ms.tex": TEX, "z.txt": noise})[:-1000]
    found: list[RawRecord] = []
    with pytest.raises(DamagedInputError):
        found.extend(ArxivIngest(input=("x",)).read(BytesFile("", "p.tar.gz", len(data), data)))
    assert [(r.key, r.rule if isinstance(r, Loss) else r.text) for r in found] == [
        ("z.txt", "damaged"),
        ("", TEXT),
    ]


def test_files_that_hold_nothing_end_in_the_ledger(
    tmp_path: Path, run_stage: Callable[..., Manifest]
) -> None:
    (tmp_path / "in").mkdir()
    for name, data in {
        "a.gz": gzip.compress(TEX)[:12],
        "b.tex": b"",
        "c.tar.gz": tar_of({}),
        "d.tex": TEX,
    }.items():
        (tmp_path / "in" / name).write_bytes(data)
    manifest = run_stage(ArxivIngest(input=(str(tmp_path / "in"),)))
    assert (manifest.created, manifest.documents_out) == (4, 1)
    assert manifest.dropped == {"damaged": 1, "empty_file": 1, "not_latex": 1}


@pytest.fixture(scope="module")
def real_papers(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("arxiv")
    stage = ArxivIngest(input=(str(shared_data / "arxiv"),))
    rows: list[dict[str, Any]] = []
    for task in stage.plan(()):
        report = stage.run(task.at(str(folder)))
        for file in (file for file in report.files if file.kind == DOCUMENTS):
            rows += pq.read_table(folder / file.name).to_pylist()
    return {row["id"].removeprefix("arxiv/").removesuffix(".tar.gz"): row for row in rows}


DEFINED = re.compile(
    r"\\(?:(?:re)?newcommand|def|DeclareMathOperator|NewDocumentCommand|DeclareRobustCommand)\*?\s*\{?\\([A-Za-z]+)"
)


@pytest.mark.real
def test_all_real_papers_are_documents_without_comments_and_bibliography(
    shared_data: Path, real_papers: dict[str, dict[str, Any]]
) -> None:
    assert len(real_papers) == len(list((shared_data / "arxiv").iterdir()))
    for name, row in real_papers.items():
        verbatim = re.sub(
            r"\\(?:url|href)\s*\{[^}]*\}|\\begin\{(verbatim|lstlisting)\}.*?\\end\{\1\}",
            "",
            row["text"],
            flags=re.S,
        )
        assert not re.search(r"(?<!\\)%", verbatim), name
        assert not re.search(
            r"\\bibliography\b|thebibliography|\\bibitem|\\appendix\b|\\(?:input|include)\{", row["text"]
        ), name
        assert "\0" not in row["text"]


@pytest.mark.real
def test_no_user_macro_is_left_in_real_papers(
    shared_data: Path, real_papers: dict[str, dict[str, Any]]
) -> None:
    left = {}
    for name, row in real_papers.items():
        metadata = json.loads(row["metadata"])
        defined: set[str] = set()
        with tarfile.open(shared_data / "arxiv" / f"{name}.tar.gz") as tar:
            for path in metadata["files"]:
                content = tar.extractfile(path)
                assert content is not None
                defined |= set(DEFINED.findall(re.sub(rb"(?<!\\)%.*", b"", content.read()).decode()))
        excused = set(metadata.get("recursive_macros", [])) | {
            "end"
        }  # \def\end: part of the structure, protected
        if found := sorted((defined & set(re.findall(r"\\([A-Za-z]+)", row["text"]))) - excused):
            left[name] = found
    assert left == {}


@pytest.mark.real
def test_sections_of_real_papers_are_in_reading_order(real_papers: dict[str, dict[str, Any]]) -> None:
    sections = {n: re.findall(r"\\section\*?\{([^}]*)", row["text"]) for n, row in real_papers.items()}
    assert sections["sympy-paper"] == [
        "Introduction",
        "Overview of Capabilities",
        "Numerics",
        "Physics Submodule",
        "Architecture",
        "Projects that Depend on SymPy",
        "Conclusion and Future Work",
    ]
    assert sections["stardate-paper"] == ["Introduction", "Method", "Results", "Conclusions", "Appendix"]
    assert sections["sleplet-paper"] == ["Summary", "Statement of Need", "Acknowledgements"]
    assert json.loads(real_papers["dshs"]["metadata"])["main_file"] == "example_paper.tex"
