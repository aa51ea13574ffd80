"""Posts.xml to threads, through both stages."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import py7zr
import pyarrow.parquet as pq
import pytest

from stages.core import exchange_writer
from stages.core.errors import UserError
from stages.core.manifest import EXCHANGE, Manifest
from stages.ingest.stackexchange import post_exchange
from stages.ingest.stackexchange.stage import StackExchangeIngest
from tests.wiring import Running

Run = Callable[..., Manifest]
HEAD = '\ufeff<?xml version="1.0" encoding="utf-8"?>\r\n<posts>\r\n'
BEER = "stackexchange/beer.stackexchange.com/Posts.xml"


def row(**attributes: object) -> str:
    """A row as the dumps write it."""
    given = "".join(f' {name}="{escape(str(value))}"' for name, value in attributes.items())
    return f"  <row{given} />".replace("&#x27;", "'").replace("\n", "&#xA;") + "\r\n"


def question(post_id: int, body: str = "<p>q</p>", **more: object) -> str:
    return row(
        Id=post_id, PostTypeId=1, **({"Score": 1, "Body": body, "Title": f"T{post_id}", "Tags": "<x>"} | more)
    )


def answer(post_id: int, parent: int, score: int = 0, body: str | None = None) -> str:
    text = f"<p>a{post_id}</p>" if body is None else body
    return row(Id=post_id, PostTypeId=2, ParentId=parent, Score=score, Body=text)


def write_dump(
    folder: Path, rows: list[str], site: str = "beer.stackexchange.com", end: str = "</posts>"
) -> Path:
    path = folder / "dumps" / site / "Posts.xml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((HEAD + "".join(rows) + end).encode())
    return folder / "dumps"


def documents(manifest: Manifest) -> list[dict[str, Any]]:
    rows = [row for uri in manifest.uris("documents") for row in pq.read_table(uri).to_pylist()]
    return sorted(rows, key=lambda row: row["id"])


def texts(manifest: Manifest) -> dict[str, str]:
    return {row["id"].removeprefix(BEER + "/"): row["text"] for row in documents(manifest)}


def ledger(manifest: Manifest) -> list[tuple[str, str, str | None]]:
    rows = [row for uri in manifest.uris("ledger") for row in pq.read_table(uri).to_pylist()]
    return sorted((row["id"].removeprefix(BEER + "/"), row["rule"], row["detail"]) for row in rows)


def both(run_stage: Run, folder: Path, **options: Any) -> tuple[Manifest, Manifest]:
    running = Running(run_stage)
    StackExchangeIngest(input=(str(folder),), **options).wire(running)
    posts, threads = running.outputs.values()
    return posts, threads


def test_a_thread(tmp_path: Path, run_stage: Run) -> None:
    rows = [
        answer(3, 2, 5, "<p>second</p>"),
        question(
            2,
            "<p>Is a &lt; b?</p>\n",
            Score=17,
            Title="Less & 'more'",
            Tags="<c++><x-y>",
            CreationDate="2014-01-21T20:26:05.383",
            ContentLicense="CC BY-SA 3.0",
        ),
        answer(4, 2, 8, "<p>first</p><pre><code>if x:\n    y</code></pre>"),
    ]
    posts, threads = both(run_stage, write_dump(tmp_path, rows, "beer.stackexchange.com-2017"))
    assert (posts.created, posts.documents_out, posts.dropped) == (3, 3, {})
    assert (threads.documents_in, threads.documents_out, threads.merged, threads.created) == (3, 1, 2, 0)
    [document] = documents(threads)
    assert json.loads(document.pop("metadata")) == {
        "site": "beer.stackexchange.com",
        "dump": "2017",
        "title": "Less & 'more'",
        "tags": ["c++", "x-y"],
        "score": 17,
        "answers": 2,
        "question_id": 2,
        "creation_date": "2014-01-21T20:26:05.383",
        "license": "CC BY-SA 3.0",
    }
    assert document == {
        "id": "stackexchange/beer.stackexchange.com-2017/Posts.xml/2",
        "source": "stackexchange",
        "text": "Less & 'more'\n\nIs a < b?\n\nfirst\n\nif x:\n    y\n\nsecond",
        "url": "https://beer.stackexchange.com/questions/2",
        "language": None,
        "language_score": None,
        "perplexity": None,
        "quality": None,
    }


def test_trap_scores_sort_as_integers_and_ties_by_post_id(tmp_path: Path, run_stage: Run) -> None:
    scores = {10: 9, 11: 10, 12: -2, 13: 100, 14: 9, 15: -10, 9: 9}
    rows = [question(1), *(answer(post, 1, score) for post, score in scores.items())]
    _, threads = both(run_stage, write_dump(tmp_path, rows))
    assert texts(threads) == {"1": "T1\n\nq\n\na13\n\na11\n\na9\n\na10\n\na14\n\na12\n\na15"}


def test_trap_answers_far_from_their_question_need_no_dictionary(tmp_path: Path, run_stage: Run) -> None:
    """Rows in any order, files cut anywhere, any number of destinations: the same threads."""
    rows = [question(i) for i in range(1, 60)] + [answer(100 + i, 1 + i % 59, i % 7) for i in range(200)]
    folder = write_dump(tmp_path, rows)
    expected = both(run_stage, folder)[1]
    assert expected.documents_out == 59 and expected.merged == 200
    random.Random(1).shuffle(rows)
    write_dump(tmp_path, rows)
    for options in ({}, {"task_bytes": 700, "destination_bytes": 5_000}):
        posts, threads = both(run_stage, folder, **options)
        assert posts.created == 259
        assert documents(threads) == documents(expected)
    assert len(posts.uris(EXCHANGE)) > 30 and len(threads.facts) == 0


def test_memory_of_a_task_is_bounded_by_several_exchange_files(
    tmp_path: Path, run_stage: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_dump(tmp_path, [question(1), *(answer(i, 1, i) for i in range(2, 50))])
    expected = texts(both(run_stage, folder)[1])
    monkeypatch.setattr(post_exchange, "BATCH_BODY_BYTES", 50)
    monkeypatch.setattr(exchange_writer, "SPILL_BYTES", 500)
    posts, threads = both(run_stage, folder)
    assert len(posts.uris(EXCHANGE)) > 3
    assert texts(threads) == expected


def test_every_post_of_another_type_is_in_the_ledger(tmp_path: Path, run_stage: Run) -> None:
    rows = [question(1), row(Id=2, PostTypeId=4, Body="x"), row(Id=3, PostTypeId=5), row(Id=4, PostTypeId=99)]
    posts, _threads = both(run_stage, write_dump(tmp_path, rows))
    assert (posts.created, posts.documents_out, posts.dropped) == (4, 1, {"post_type": 3})
    assert ledger(posts) == [
        ("2", "post_type", "tag wiki excerpt"),
        ("3", "post_type", "tag wiki"),
        ("4", "post_type", "neither question nor answer"),
    ]


def test_bad_rows_cost_themselves_alone(tmp_path: Path, run_stage: Run) -> None:
    rows = [
        question(1),
        "  <row PostTypeId='1' />\r\n",
        '  <row Id="2" Body="\r\n',
        question(3),
        row(Id=4, PostTypeId=1),
    ]
    posts, threads = both(run_stage, write_dump(tmp_path, rows))
    assert (posts.created, posts.dropped) == (5, {"bad_row": 2, "no_body": 1})
    first = len((HEAD + rows[0]).encode()) + 2
    second = first + len(rows[1])
    assert ledger(posts) == [
        ("4", "no_body", None),
        (f"@{first}", "bad_row", "no integer in Id"),
        (f"@{second}", "bad_row", "not a well-formed row element"),
    ]
    assert texts(threads) == {"1": "T1\n\nq", "3": "T3\n\nq"}


@pytest.mark.parametrize(
    ("end", "kept", "detail"),
    [
        ("", ["1", "2"], "the file ends without </posts>"),
        ('  <row Id="3" PostTypeId="1" Bo', ["1", "2"], "the file ends inside a row"),
        ("</posts>", ["1", "2"], None),
    ],
)
def test_a_file_that_breaks_off(
    tmp_path: Path, run_stage: Run, end: str, kept: list[str], detail: str | None
) -> None:
    for part_bytes in (1 << 20, 150):
        folder = write_dump(tmp_path, [question(1), question(2)], end=end)
        posts, threads = both(run_stage, folder, task_bytes=part_bytes)
        assert list(texts(threads)) == kept
        assert [(rule, why) for _, rule, why in ledger(posts)] == (
            [] if detail is None else [("damaged", detail)]
        )


def test_compressed_files_whole_and_cut(tmp_path: Path, run_stage: Run) -> None:
    plain = (
        HEAD + "".join(question(i, f"<p>{i * 7919 % 1000}</p>") for i in range(500)) + "</posts>"
    ).encode()
    path = tmp_path / "dumps" / "beer.stackexchange.com" / "Posts.xml.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(plain))
    posts, threads = both(run_stage, tmp_path / "dumps")
    assert (posts.created, threads.documents_out) == (500, 500)
    path.write_bytes(gzip.compress(plain)[:-2000])
    posts, threads = both(run_stage, tmp_path / "dumps")
    assert posts.dropped == {"damaged": 1}
    assert 0 < threads.documents_out == posts.created - 1 < 500


def test_a_plain_name_on_compressed_bytes_is_read_once(tmp_path: Path, run_stage: Run) -> None:
    folder = write_dump(tmp_path, [])
    plain = HEAD + "".join(question(i) for i in range(100)) + "</posts>"
    (folder / "beer.stackexchange.com" / "Posts.xml").write_bytes(gzip.compress(plain.encode()))
    posts, _ = both(run_stage, folder, task_bytes=100)
    assert posts.created == 100
    assert [file.rows for file in posts.of_kind(EXCHANGE) if file.rows] == [100]


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"7z\xbc\xaf\x27\x1c\0\4", "7z of 8 bytes is corrupt"),
        ("<posts><row Id='1'/></posts>".encode("utf-16"), "not a Posts.xml: no <posts> element"),
        (b"<posts>\n", "the file ends without </posts>"),
        (b'<?xml version="1.0"?><posts />', None),
        (b"<posts>\n</posts>", None),
    ],
)
def test_a_file_without_rows_is_not_passed_over_in_silence(
    tmp_path: Path, run_stage: Run, content: bytes, detail: str | None
) -> None:
    folder = write_dump(tmp_path, [])
    (folder / "beer.stackexchange.com" / "Posts.xml").write_bytes(content)
    posts, threads = both(run_stage, folder)
    found = [(rule, str(why)[: len(detail or "")]) for _, rule, why in ledger(posts)]
    assert found == ([] if detail is None else [("damaged", detail)])
    assert threads.documents_in == threads.documents_out == 0


def write_7z(path: Path, files: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with py7zr.SevenZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(data, name)


def test_the_sites_own_archives_give_what_their_posts_give(tmp_path: Path, run_stage: Run) -> None:
    rows = [question(1), answer(2, 1), question(3), answer(4, 3)]
    xml = (HEAD + "".join(rows) + "</posts>").encode()
    _, plain = both(run_stage, write_dump(tmp_path, rows))
    folder = tmp_path / "archives"
    files = {"Badges.xml": b"<badges/>", "PostHistory.xml": xml * 3, "Posts.xml": xml}
    write_7z(folder / "beer.stackexchange.com.7z", files)
    posts, threads = both(run_stage, folder)
    assert (posts.created, posts.documents_out, posts.dropped) == (6, 4, {"not_posts": 2})
    name = "stackexchange/beer.stackexchange.com.7z"
    assert [row | {"id": row["id"].replace(BEER, name)} for row in documents(plain)] == documents(threads)
    assert ledger(posts) == [
        (f"{name}/{other}", "not_posts", None) for other in ("Badges.xml", "PostHistory.xml")
    ]


def test_archives_are_chosen_by_the_posts_in_them_and_not_by_their_own_size(
    tmp_path: Path, run_stage: Run
) -> None:
    folder = tmp_path / "archives"
    noise = random.Random(1).randbytes(9000)
    write_7z(folder / "a.stackexchange.com.7z", {"Posts.xml": b"<posts></posts>", "Votes.xml": noise})
    many = (HEAD + "".join(question(i) for i in range(60)) + "</posts>").encode()
    write_7z(folder / "stackoverflow.com-Posts.7z", {"Posts.xml": many})
    (folder / "b.stackexchange.com.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(90))
    posts, threads = both(run_stage, folder, max_sites=1)
    assert (threads.documents_out, posts.dropped) == (60, {"damaged": 1, "site_not_chosen": 1})
    assert {json.loads(row["metadata"])["site"] for row in documents(threads)} == {"stackoverflow.com"}


def test_a_damaged_archive_gives_the_posts_before_the_damage(tmp_path: Path, run_stage: Run) -> None:
    words = random.Random(1).randbytes(400_000).hex()
    xml = (HEAD + question(1) + question(2, words) + question(3) + "</posts>").encode()
    path = tmp_path / "archives" / "beer.stackexchange.com.7z"
    path.parent.mkdir()
    with py7zr.SevenZipFile(path, "w", filters=[{"id": py7zr.FILTER_COPY}]) as archive:
        archive.writestr(xml, "Posts.xml")
    data = bytearray(path.read_bytes())
    data[-2000] ^= 1
    path.write_bytes(bytes(data))
    posts, threads = both(run_stage, path)
    assert (threads.documents_out, posts.dropped) == (3, {"damaged": 1})
    assert [(rule, why) for _, rule, why in ledger(posts)] == [
        ("damaged", "7z is corrupt (checksum of Posts.xml)")
    ]


def test_nothing_but_unreadable_archives_is_a_ledger_and_no_crash(tmp_path: Path, run_stage: Run) -> None:
    path = tmp_path / "beer.stackexchange.com.7z"
    path.write_bytes(b"7z\xbc\xaf\x27\x1c")
    posts, threads = both(run_stage, path)
    assert (posts.created, posts.dropped, threads.documents_out) == (1, {"damaged": 1}, 0)


def test_sites_that_are_not_chosen_and_files_that_are_no_posts(tmp_path: Path, run_stage: Run) -> None:
    write_dump(tmp_path, [question(1)], "a.stackexchange.com")
    folder = write_dump(tmp_path, [question(1), question(2)], "beer.stackexchange.com")
    (folder / "beer.stackexchange.com" / "Users.xml").write_text("<users><row Id='1'/></users>")
    posts, threads = both(run_stage, folder, max_sites=1)
    assert (posts.created, posts.dropped) == (4, {"not_posts": 1, "site_not_chosen": 1})
    assert list(texts(threads)) == ["1", "2"]
    [uri] = posts.uris("ledger")
    rows = {row["rule"]: row for row in pq.read_table(uri).to_pylist()}
    lost, kept = (folder / site / "Posts.xml" for site in ("a.stackexchange.com", "beer.stackexchange.com"))
    chosen = rows["site_not_chosen"]
    assert chosen["id"] == "stackexchange/a.stackexchange.com/Posts.xml"
    assert (chosen["value"], chosen["threshold"]) == (lost.stat().st_size, kept.stat().st_size)


def test_input_without_posts_is_the_users_mistake(tmp_path: Path) -> None:
    (tmp_path / "Users.xml").write_text("<users/>")
    with pytest.raises(UserError, match=r"no Posts.xml there"):
        StackExchangeIngest(input=(str(tmp_path),)).plan(())


def test_orphans_duplicates_and_empty_posts(tmp_path: Path, run_stage: Run) -> None:
    rows = [
        question(1),
        answer(2, 1, 3),
        answer(3, 1, 2, "<p><img src='x'></p>"),
        answer(2, 1, 1, "<p>again</p>"),
        question(1, "<p>again</p>", Score=0),
        answer(5, 77),
        question(8, "<p></p>", Title=""),
        question(9, "<p></p>", Title=" "),
        answer(10, 9),
        question(11, "", Title="only a title"),
    ]
    _posts, threads = both(run_stage, write_dump(tmp_path, rows))
    assert texts(threads) == {"1": "T1\n\nq\n\na2", "9": "a10", "11": "only a title"}
    assert (threads.documents_in, threads.documents_out, threads.merged) == (10, 3, 2)
    assert ledger(threads) == [
        ("1#2", "duplicate_post", "post 1 is 2 times in this raw file"),
        ("10", "answer_in_thread", None),
        ("2", "answer_in_thread", None),
        ("2#2", "duplicate_post", "post 2 is 2 times in this raw file"),
        ("3", "empty_text", None),
        ("5", "orphan_answer", "question 77 is not in this raw file"),
        ("8", "empty_text", None),
    ]


def test_two_dumps_of_one_site_stay_two_raw_files(tmp_path: Path, run_stage: Run) -> None:
    write_dump(tmp_path, [question(1), answer(2, 1)], "beer.stackexchange.com-2017")
    folder = write_dump(tmp_path, [question(1), answer(3, 1)])
    _, threads = both(run_stage, folder, destination_bytes=100)
    assert [(row["id"], row["url"], row["text"]) for row in documents(threads)] == [
        (
            "stackexchange/beer.stackexchange.com-2017/Posts.xml/1",
            "https://beer.stackexchange.com/questions/1",
            "T1\n\nq\n\na2",
        ),
        (f"{BEER}/1", "https://beer.stackexchange.com/questions/1", "T1\n\nq\n\na3"),
    ]


@pytest.mark.parametrize(
    ("options", "kept", "dropped"),
    [
        ({}, ["1", "3", "5"], {}),
        ({"min_answers": 1}, ["1", "3"], {"few_answers": 1}),
        ({"min_answers": 2}, ["3"], {"few_answers": 2, "thread_dropped": 1}),
        ({"min_score": 5}, ["3", "5"], {"low_score": 1, "thread_dropped": 1}),
        ({"min_score": 5, "min_answers": 1}, ["3"], {"few_answers": 1, "low_score": 1, "thread_dropped": 1}),
    ],
)
def test_min_answers_and_min_score(
    tmp_path: Path, run_stage: Run, options: dict[str, int], kept: list[str], dropped: dict[str, int]
) -> None:
    rows = [
        question(1, Score=4),
        answer(2, 1, 99),
        question(3, Score=5),
        answer(4, 3),
        answer(6, 3),
        question(5, Score=50),
    ]
    _, threads = both(run_stage, write_dump(tmp_path, rows), **options)
    assert list(texts(threads)) == kept
    assert threads.dropped == dropped


def test_both_tag_styles(tmp_path: Path, run_stage: Run) -> None:
    rows = [question(1, Tags="<a><b-c>"), question(2, Tags="|a|b-c|"), question(3, Tags="")]
    _, threads = both(run_stage, write_dump(tmp_path, rows))
    tags = [json.loads(row["metadata"])["tags"] for row in documents(threads)]
    assert tags == [["a", "b-c"], ["a", "b-c"], []]


def test_a_site_that_is_no_host_has_no_url(tmp_path: Path, run_stage: Run) -> None:
    _, threads = both(run_stage, write_dump(tmp_path, [question(1)], "my dump"))
    [document] = documents(threads)
    assert (document["url"], json.loads(document["metadata"])["site"]) == (None, "my dump")


def test_trap_no_entity_is_resolved_from_outside(tmp_path: Path, run_stage: Run) -> None:
    (tmp_path / "secret").write_text("SECRET")
    folder = write_dump(tmp_path, [])
    dump = (
        f'<!DOCTYPE posts [<!ENTITY x SYSTEM "{tmp_path}/secret"><!ENTITY y "{"z" * 99}">]>'
        '<posts><row Id="1" PostTypeId="1" Title="&x;" Body="&y;"/></posts>'
    )
    (folder / "beer.stackexchange.com" / "Posts.xml").write_text(dump)
    assert texts(both(run_stage, folder)[1]) == {"1": "&x;\n\n&y;"}


def test_same_input_same_bytes(tmp_path: Path, run_stage: Run) -> None:
    folder = write_dump(tmp_path, [question(i) for i in range(50)] + [answer(99, 98)])
    first, second = (both(run_stage, folder, destination_bytes=2000) for _ in range(2))
    assert [a.files for a in first] == [b.files for b in second]


def test_destinations_are_shared_out_evenly_and_stay_put() -> None:
    import numpy as np

    ids = np.arange(1, 10_001, dtype=np.int64)
    places = post_exchange.destinations_of_posts("a/Posts.xml", ids, 8)
    counts = np.bincount(places, minlength=8)
    assert counts.min() > 1100 and counts.max() < 1400
    assert places[:12].tolist() == post_exchange.destinations_of_posts("a/Posts.xml", ids[:12], 8).tolist()
    assert (places != post_exchange.destinations_of_posts("b/Posts.xml", ids, 8)).any()


@pytest.mark.real
def test_real_dumps_are_accounted_for(shared_data: Path, run_stage: Run) -> None:
    folder = shared_data / "stackexchange"
    num_rows = sum(path.read_bytes().count(b"<row ") for path in folder.glob("*/Posts.xml"))
    posts, threads = both(run_stage, folder, destination_bytes=4 << 20)
    assert posts.created == num_rows == 13_225
    assert posts.dropped == {"post_type": 535}
    assert (threads.documents_out, threads.merged, threads.dropped) == (3958, 8642, {"empty_text": 90})
    for document in documents(threads):
        title, _, _ = document["text"].partition("\n")
        assert title == " ".join(json.loads(document["metadata"])["title"].split())
        assert "\n\n\n\n" not in document["text"].replace(" ", "")
        assert "enter image description here" not in document["text"]


def test_one_bad_byte_in_a_post_costs_that_letter_alone(tmp_path: Path, run_stage: Run) -> None:
    folder = write_dump(tmp_path, [question(2, "<p>Où est l'@t ?</p>"), answer(3, 2)])
    path = next(folder.rglob("Posts.xml"))
    path.write_bytes(path.read_bytes().replace(b"@", b"\xe9"))
    posts, threads = both(run_stage, folder)
    assert "Où est l'\ufffdt ?" in texts(threads)["2"]
    assert ledger(posts) == [("2", "bad_bytes", "utf-8")]
    assert posts.edited == {"bad_bytes": 1}
