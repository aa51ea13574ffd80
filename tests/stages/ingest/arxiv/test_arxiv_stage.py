"""ArXiv ingest: the shapes in which papers come, damage, and the real papers."""

from __future__ import annotations

import gzip
import io
import json
import random
import re
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from stages.core.errors import DamagedInputError
from stages.core.manifest import DOCUMENTS, Manifest
from stages.ingest.archives import BytesFile
from stages.ingest.arxiv.stage import ArxivIngest
from stages.ingest.raw import Loss, Merged, RawDocument, RawRecord

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


def rules(records: list[RawRecord]) -> list[tuple[str, str, str | None]]:
    return [
        (r.key, r.rule if isinstance(r, Loss) else r.text, r.url)
        for r in records
        if not isinstance(r, Merged)
    ]


def test_bulk_papers_are_named_by_their_member_and_linked_by_old_and_new_identifiers() -> None:
    data = tar_of(
        {
            "0001/astro-ph0001001.gz": tar_of({"ms.tex": TEX, "fig.eps": b"%!PS"}),
            "0001/hep-th0001002.gz": gzip.compress(TEX),
            "0001/math-ph0001003.pdf": b"%PDF-1.4" + b"x" * 900,
            "0001/cs0001004.gz": gzip.compress(b"%!PS-Adobe-2.0\n"),
            "0704/0704.0001.gz": tar_of({"ms.tex": TEX}),
            "0704/0704.0002.gz": tar_of({"../evil.tex": b"x", "notes.tex": b"no paper"}),
        },
        "w",
    )
    abstract = "https://arxiv.org/abs/"
    assert rules(read("arXiv_src_0001_001.tar", data, max_paper_bytes=700)) == [
        ("0001/astro-ph0001001.gz", TEXT, abstract + "astro-ph/0001001"),
        ("0001/hep-th0001002.gz", TEXT, abstract + "hep-th/0001002"),
        (
            "0001/math-ph0001003.pdf",
            "not_latex",
            abstract + "math-ph/0001003",
        ),  # not read: its size does not matter
        ("0001/cs0001004.gz", "not_latex", abstract + "cs/0001004"),
        ("0704/0704.0001.gz", TEXT, abstract + "0704.0001"),
        ("0704/0704.0002.gz/../evil.tex", "unsafe_path", None),
        ("0704/0704.0002.gz", "no_main_file", abstract + "0704.0002"),
    ]


def test_damage_and_size_in_a_bulk_archive_cost_one_paper_each() -> None:
    whole = tar_of({"ms.tex": TEX, "noise.txt": random.Random(1).randbytes(3000)})
    flipped = whole[:1000] + bytes([whole[1000] ^ 255]) + whole[1001:]
    data = tar_of(
        {
            "2001/2001.00001.gz": b"x" * 9000,
            "2001/2001.00002.gz": flipped,
            "2001/2001.00003.gz": gzip.compress(TEX + b"%" * 100_000),
            "2001/2001.00004.gz": b"",
            "2001/2001.00005.gz": gzip.compress(TEX),
        },
        "w",
    )
    found = read("arXiv_src_2001_001.tar", data, max_paper_bytes=8000, max_file_bytes=7000)
    assert [(key.split("@")[0], what) for key, what, _ in rules(found)] == [
        ("2001/2001.00001.gz", "too_large"),
        ("2001/2001.00002.gz", TEXT),
        ("2001/2001.00002.gz", "damaged"),
        ("2001/2001.00003.gz", "too_large"),
        ("2001/2001.00004.gz", "no_main_file"),
        ("2001/2001.00005.gz", TEXT),
    ]


def test_trap_a_figure_with_a_number_for_a_name_makes_no_bulk_archive() -> None:
    (found,) = read("p.tar.gz", tar_of({"2001001.pdf": b"%PDF", "fig0001002.gz": b"x", "ms.tex": TEX}))
    assert isinstance(found, RawDocument)
    assert (found.key, found.text) == ("", TEXT)


def test_a_truncated_bulk_archive_gives_the_papers_before_the_end() -> None:
    papers = {f"2001/2001.{i:05d}.gz": gzip.compress(TEX) for i in range(1, 4)}
    found = read("arXiv_src_2001_001.tar", tar_of(papers, "w")[: 2 * 1024 + 540])
    assert [what for _, what, _ in rules(found)][:2] == [TEXT, TEXT]
    assert {what for _, what, _ in rules(found)[2:]} == {"damaged"}


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
    r"\\(?:(?:re|provide)?newcommand|providecommand|def|DeclareMathOperator|NewDocumentCommand|DeclareRobustCommand)"
    r"\*?\s*\{?\\([A-Za-z]+)"
)
COMMENT = re.compile(rb"(?<!\\)%.*")
COMMAND = re.compile(r"\\([A-Za-z]+)")
SECTION = re.compile(r"\\((?:sub)*section)\*?\s*(?:\[[^\]]*\])?\s*\{\s*([^{}\\]*)")


def sources_of(shared_data: Path, name: str, row: dict[str, Any]) -> dict[str, str]:
    """The source files that the paper was put together from, without comments."""
    with tarfile.open(shared_data / "arxiv" / f"{name}.tar.gz") as tar:
        files = {path: tar.extractfile(path) for path in json.loads(row["metadata"])["files"]}
        return {
            path: COMMENT.sub(b"", content.read()).decode("utf-8", "replace")
            for path, content in files.items()
            if content is not None
        }


@pytest.mark.real
def test_all_real_papers_are_documents_without_comment_and_bibliography(
    shared_data: Path, real_papers: dict[str, dict[str, Any]]
) -> None:
    assert len(real_papers) == len(list((shared_data / "arxiv").iterdir())) == 19
    assert sum(len(row["text"]) for row in real_papers.values()) > 1_000_000
    for name, row in real_papers.items():
        verbatim = re.sub(
            r"\\(?:url|href)\s*\{[^}]*\}|\\begin\{(verbatim|lstlisting)\}.*?\\end\{\1\}",
            "",
            row["text"],
            flags=re.S,
        )
        assert not re.search(r"(?<!\\)%", verbatim), name
        assert not re.search(
            r"\\bibliography\b|thebibliography|\\bibitem|\\printbibliography|\\appendix\b|\\(?:input|include)\{",
            row["text"],
        ), name
        assert "\0" not in row["text"]


@pytest.mark.real
def test_no_user_macro_is_left_in_real_papers(
    shared_data: Path, real_papers: dict[str, dict[str, Any]]
) -> None:
    left = {}
    num_defined = num_used = 0
    for name, row in real_papers.items():
        metadata = json.loads(row["metadata"])
        source = "\n".join(sources_of(shared_data, name, row).values())
        defined = set(DEFINED.findall(source))
        num_defined += len(defined)
        num_used += sum(len(re.findall(rf"\\{macro}(?![A-Za-z])", source)) > 1 for macro in defined)
        excused = set(metadata.get("recursive_macros", [])) | {
            "end",
            "quad",
        }  # protected, though defined anew
        if found := sorted((defined & set(COMMAND.findall(row["text"]))) - excused):
            left[name] = found
        assert "complex_macros" not in metadata and "expansion_stopped" not in metadata, name
    assert left == {}
    assert (num_defined, num_used) == (473, 294)


@pytest.mark.real
def test_sections_of_all_real_papers_are_in_reading_order(
    shared_data: Path, real_papers: dict[str, dict[str, Any]]
) -> None:
    """Each paper's headings, in the order in which its files stand when each is put where it is input."""
    num_headings = 0
    for name, row in real_papers.items():
        metadata = json.loads(row["metadata"])
        found = [" ".join(title.split()) for _, title in SECTION.findall(row["text"])]
        num_headings += len(found)
        sources = sources_of(shared_data, name, row)
        given: list[str] = []
        for path in metadata["files"]:
            given += [" ".join(title.split()) for _, title in SECTION.findall(sources[path])]
        assert set(filter(None, found)) <= set(given), name
        for path in metadata["files"]:  # the headings of one file never change their order
            own = [" ".join(title.split()) for _, title in SECTION.findall(sources[path])]
            if len(set(own)) == len(own):
                kept = [title for title in found if title in set(own)]
                assert kept == [title for title in own if title in set(kept)], (name, path)
    assert num_headings == 312


@pytest.mark.real
def test_sections_of_known_real_papers(real_papers: dict[str, dict[str, Any]]) -> None:
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
