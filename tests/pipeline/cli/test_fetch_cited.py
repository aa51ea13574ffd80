"""`altiplano fetch cited`: from what was cited to WARC files that the ingest takes; a table, one line for a mistake."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.cli.main import main
from stages.core.parquet import read_documents
from tests.quality_classifier.captures.crawl_server import DUMP, Captured, CrawlServer
from tests.web_server import Answer, serving

URLS = ["https://a.example/one", "https://b.example/two"]


def arguments(url: str, *more: str) -> list[str]:
    places = ["--base-url", url, "--cdx-url", url, "--quiet", "--retries", "0"]
    return ["fetch", "cited", *more, "--dumps", DUMP, *places]


def rows(text: str) -> list[str]:
    return [" ".join(line.replace("│", " ").split()) for line in text.splitlines()]


def test_what_is_cited_becomes_documents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cited.txt").write_text("\n".join([*URLS, "https://c.example/gone"]), encoding="utf-8")
    crawl = CrawlServer([Captured(url) for url in URLS])
    run = ["--workers", "0", "--quiet"]
    main(["quality", "references", str(tmp_path / "cited.txt"), "--out", str(tmp_path / "cited"), *run])
    with serving(crawl.answer) as url:
        capsys.readouterr()
        main(arguments(url, str(tmp_path / "cited"), "--out", str(tmp_path / "raw")))
    said = rows(capsys.readouterr().out)
    size = sum(path.stat().st_size for path in (tmp_path / "raw").glob("*.warc.gz"))
    assert said[3:5] == [f"fetched 2 2 {size:,}", "not_captured 1 1 0"]
    assert said[-1] == "index: 2 of 2 row groups were read"
    ingest = [f"{tmp_path}/raw/*.warc.gz", "--out", str(tmp_path / "run"), "--min-chars", "100", *run]
    main(["ingest", "common_crawl", *ingest])
    shards = sorted((tmp_path / "run").rglob("documents/*.parquet"))
    documents = pa.Table.from_batches(read_documents(list(map(str, shards))))
    assert sorted(documents.column("url").to_pylist()) == URLS
    assert all(DUMP in text for text in documents.column("metadata").to_pylist())


def test_pages_that_could_not_be_had_make_the_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cited.txt").write_text("\n".join(URLS), encoding="utf-8")
    crawl = CrawlServer([Captured(url) for url in URLS])
    path = next(name for name in crawl.files if name.endswith(".warc.gz"))
    crawl.due[path] = [Answer(500, b"oops")]
    with serving(crawl.answer) as url, pytest.raises(SystemExit) as ended:
        main(
            arguments(url, str(tmp_path / "cited.txt"), "--out", str(tmp_path / "raw"), "--connections", "1")
        )
    assert ended.value.code == 1
    out = capsys.readouterr().out
    assert "0 parts of the index and 1 pages could not be had; run the same command again" in out


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["cited.txt", "--out", "o"], "option --dumps: is missing"),
        (["cited.txt", "--out", "o", "--dumps", "2020-05"], "--dumps"),
        (["cited.txt", "--dumps", DUMP], "--out"),
        (["gone.txt", "--out", "o", "--dumps", DUMP], "gone.txt: no such file"),
        (["words.txt", "--out", "o", "--dumps", DUMP], "words.txt: neither a table of references nor a list"),
        (["other.parquet", "--out", "o", "--dumps", DUMP], "has no column host"),
        (["shops.txt", "--out", "o", "--dumps", DUMP], "names no page"),
        (["cited.txt", "--out", "o", "--dumps", DUMP, "--connections", "30"], "more than the 8"),
    ],
)
def test_a_mistake_of_a_fetch_of_cited_pages_is_one_line(
    given: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cited.txt").write_text("https://a.example/x\n", encoding="utf-8")
    Path("words.txt").write_text("some words\n", encoding="utf-8")
    Path("shops.txt").write_text("https://www.amazon.com/dp/1\n", encoding="utf-8")
    pq.write_table(pa.table({"url": ["https://a.example/x"]}), "other.parquet")
    with pytest.raises(SystemExit) as ended:
        main(["fetch", "cited", *given])
    captured = capsys.readouterr()
    assert ended.value.code == 2
    assert message in captured.err
    assert len(captured.err.splitlines()) == 1
    assert not Path("o").exists()
