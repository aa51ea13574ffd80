"""Many files from a failing server into a folder: each for itself, recorded, skipped when there, locked, killed, resumed."""

from __future__ import annotations

import errno
import hashlib
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from stages.core.errors import UserError
from stages.fetch import fetcher as fetcher_module
from stages.fetch.client import Client
from stages.fetch.fetcher import FAILED, FETCHED, MAX_REFUSED, PRESENT, Fetcher, FetchOutcome
from stages.fetch.record import read_fetched
from stages.fetch.remote import Checksum, FetchError, RemoteFile

ROOT = Path(__file__).resolve().parents[3]


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def states(outcomes: list[FetchOutcome]) -> dict[str, str]:
    return {outcome.remote.name: outcome.state for outcome in outcomes}


@pytest.fixture
def files(server: Any) -> list[RemoteFile]:
    for name in ("b/2.gz", "a/1.gz", "a/3.gz"):
        server.put(f"/{name}", b"\x1f\x8b" + name.encode() * 50)
    return [server.remote(f"/{name}", "md5", size=True) for name in ("b/2.gz", "a/1.gz", "a/3.gz")]


def test_all_files_keep_their_names_and_are_recorded_the_same_every_time(
    server: Any, client: Client, files: list[RemoteFile], tmp_path: Path
) -> None:
    seen: list[str] = []
    for number, connections in enumerate((1, 3)):
        out = tmp_path / str(number)
        fetcher = Fetcher(client, "c4", out, connections, on_done=lambda done: seen.append(done.remote.name))
        outcomes = fetcher.run(files)
        assert [outcome.remote.name for outcome in outcomes] == ["b/2.gz", "a/1.gz", "a/3.gz"]
        assert tree(out) == ["a/1.gz", "a/3.gz", "b/2.gz", "fetched.jsonl"]
    assert sorted(seen) == sorted(["a/1.gz", "a/3.gz", "b/2.gz"] * 2)
    lines = (tmp_path / "0" / "fetched.jsonl").read_bytes()
    assert lines == (tmp_path / "1" / "fetched.jsonl").read_bytes()
    body = server.files["/a/1.gz"].body
    assert orjson.loads(lines.splitlines()[0]) == {
        "bytes": len(body),
        "listed": f"md5:{hashlib.md5(body).hexdigest()}",
        "name": "a/1.gz",
        "sha256": hashlib.sha256(body).hexdigest(),
        "source": "c4",
        "url": f"{server.url}/a/1.gz",
    }


def test_what_is_there_is_not_fetched_again(
    server: Any, client: Client, files: list[RemoteFile], tmp_path: Path
) -> None:
    Fetcher(client, "c4", tmp_path).run(files)
    before = (tmp_path / "fetched.jsonl").read_bytes()
    server.asked.clear()
    assert set(states(Fetcher(client, "c4", tmp_path).run(files)).values()) == {PRESENT}
    assert server.asked == []
    assert (tmp_path / "fetched.jsonl").read_bytes() == before


def test_a_file_of_another_size_is_fetched_again(
    client: Client, files: list[RemoteFile], tmp_path: Path
) -> None:
    Fetcher(client, "c4", tmp_path).run(files)
    (tmp_path / "a/1.gz").write_bytes(b"half")
    assert states(Fetcher(client, "c4", tmp_path).run(files)) == {
        "b/2.gz": PRESENT,
        "a/1.gz": FETCHED,
        "a/3.gz": PRESENT,
    }


@pytest.mark.parametrize(("verify", "state"), [(False, PRESENT), (True, FETCHED)])
@pytest.mark.parametrize("listed", [True, False])
def test_verify_finds_a_file_that_changed_on_the_disk(
    client: Client, files: list[RemoteFile], tmp_path: Path, verify: bool, state: str, listed: bool
) -> None:
    given = files if listed else [RemoteFile(file.url, file.name) for file in files]
    Fetcher(client, "c4", tmp_path).run(given)
    good = (tmp_path / "a/1.gz").read_bytes()
    (tmp_path / "a/1.gz").write_bytes(good[:-1] + b"!")
    outcomes = Fetcher(client, "c4", tmp_path, verify=verify).run(given)
    assert states(outcomes)["a/1.gz"] == state
    assert ((tmp_path / "a/1.gz").read_bytes() == good) is verify


def test_a_file_whose_listed_checksum_changed_is_fetched_again(
    server: Any, client: Client, files: list[RemoteFile], tmp_path: Path
) -> None:
    Fetcher(client, "c4", tmp_path).run(files)
    changed = server.files["/a/1.gz"].body[:-1] + b"!"
    server.put("/a/1.gz", changed, etag='"two"')
    now = [server.remote("/a/1.gz", "md5", size=True)]
    assert states(Fetcher(client, "c4", tmp_path).run(now)) == {"a/1.gz": FETCHED}
    assert (tmp_path / "a/1.gz").read_bytes() == changed


@pytest.mark.parametrize(("mine", "state"), [(b"\x1f\x8bxyz", PRESENT), (b"\x1f\x8bx", FETCHED)])
def test_a_file_that_someone_else_put_there_is_measured_by_the_server(
    server: Any, client: Client, tmp_path: Path, mine: bytes, state: str
) -> None:
    server.put("/f.gz", b"\x1f\x8babc")
    (tmp_path / "f.gz").write_bytes(mine)
    assert states(Fetcher(client, "c4", tmp_path).run([server.remote("/f.gz")])) == {"f.gz": state}
    assert [asked.method for asked in server.asked] == ["HEAD"] + ["GET"] * (state == FETCHED)
    assert read_fetched(tmp_path)["f.gz"].bytes == 5


def test_one_failure_does_not_stop_the_others(
    server: Any, client: Client, files: list[RemoteFile], tmp_path: Path
) -> None:
    server.then("/a/1.gz", server.status(404))
    outcomes = Fetcher(client, "c4", tmp_path).run(files)
    assert states(outcomes) == {"b/2.gz": FETCHED, "a/1.gz": FAILED, "a/3.gz": FETCHED}
    assert outcomes[1].reason == f"{server.url}/a/1.gz: HTTP 404 Not Found"
    assert sorted(read_fetched(tmp_path)) == ["a/3.gz", "b/2.gz"]


def test_a_site_that_refuses_again_and_again_is_left_alone(
    server: Any, client: Client, tmp_path: Path
) -> None:
    remotes = []
    for number in range(20):
        server.put(f"/{number}", b"x")
        server.then(f"/{number}", server.status(403))
        remotes.append(server.remote(f"/{number}"))
    outcomes = Fetcher(client, "c4", tmp_path, connections=1).run(remotes)
    assert {outcome.state for outcome in outcomes} == {FAILED}
    assert len(server.asked) == MAX_REFUSED
    assert outcomes[-1].reason.endswith("not asked for, the site refused 3 files in a row")


def test_the_record_keeps_other_fetches_into_the_folder_and_forgets_deleted_files(
    client: Client, files: list[RemoteFile], tmp_path: Path
) -> None:
    Fetcher(client, "c4", tmp_path).run(files[:2])
    (tmp_path / "a/1.gz").unlink()
    Fetcher(client, "arxiv", tmp_path).run(files[2:])
    assert {name: entry.source for name, entry in read_fetched(tmp_path).items()} == {
        "a/3.gz": "arxiv",
        "b/2.gz": "c4",
    }


def test_a_record_that_is_none_is_not_overwritten(
    client: Client, files: list[RemoteFile], tmp_path: Path
) -> None:
    (tmp_path / "fetched.jsonl").write_text('{"mine": 1}\n')
    with pytest.raises(UserError, match=r"fetched\.jsonl: is no record of a fetch"):
        Fetcher(client, "c4", tmp_path).run(files)
    assert (tmp_path / "fetched.jsonl").read_text() == '{"mine": 1}\n'


def test_a_name_that_is_listed_twice_is_refused(
    client: Client, files: list[RemoteFile], tmp_path: Path
) -> None:
    with pytest.raises(FetchError, match="the list has 'b/2.gz' twice"):
        Fetcher(client, "c4", tmp_path).run([files[0], files[0]])


def test_more_than_the_disk_holds_is_refused_at_once(server: Any, client: Client, tmp_path: Path) -> None:
    huge = RemoteFile(f"{server.url}/f", "f", size=10**18)
    with pytest.raises(UserError, match="1,000,000,000,000,000,000 bytes are to come"):
        Fetcher(client, "c4", tmp_path).run([huge])
    assert server.asked == []


def test_a_full_disk_is_one_line_and_stops_the_rest(
    client: Client, files: list[RemoteFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetcher_module, "download", full)
    with pytest.raises(UserError, match="the disk is full; what came is kept: make room"):
        Fetcher(client, "c4", tmp_path, connections=1).run(files)


def test_a_folder_where_a_file_should_be_is_a_failure_of_that_file(
    client: Client, files: list[RemoteFile], tmp_path: Path
) -> None:
    (tmp_path / "a").write_text("a file where a folder should be")
    assert states(Fetcher(client, "c4", tmp_path).run(files)) == {
        "b/2.gz": FETCHED,
        "a/1.gz": FAILED,
        "a/3.gz": FAILED,
    }


def test_two_fetches_at_once_into_one_folder_are_refused(
    client: Client, files: list[RemoteFile], tmp_path: Path
) -> None:
    def again(_: FetchOutcome) -> None:
        with pytest.raises(UserError, match="another fetch is at work"):
            Fetcher(client, "c4", tmp_path).run(files)

    Fetcher(client, "c4", tmp_path, on_done=again).run(files[:1])


def test_an_interrupt_keeps_what_came(client: Client, files: list[RemoteFile], tmp_path: Path) -> None:
    def interrupt(_: FetchOutcome) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Fetcher(client, "c4", tmp_path, connections=1, on_done=interrupt).run(files)
    assert "b/2.gz" in read_fetched(tmp_path)
    assert not list(tmp_path.rglob("*.part"))


SCRIPT = """
import sys
from pathlib import Path
from stages.fetch.client import Client
from stages.fetch.fetcher import Fetcher
from stages.fetch.remote import RemoteFile
url, out = sys.argv[1:]
Fetcher(Client(), "c4", Path(out)).run([RemoteFile(url + "/big.gz", "big.gz"), RemoteFile(url + "/small.gz", "small.gz")])
"""


def wait_for(condition: Any) -> None:
    for _ in range(30_000):  # five minutes: a loaded machine starts a process slowly
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come so far")


def test_a_killed_fetch_leaves_no_half_file_and_is_resumed(
    server: Any, client: Client, tmp_path: Path
) -> None:
    body = b"\x1f\x8b" + bytes(range(256)) * 8000
    server.put("/big.gz", body)
    server.put("/small.gz", b"\x1f\x8bsmall")
    server.then("/big.gz", server.stall(1_500_000))
    part = tmp_path / "big.gz.part"
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, server.url, str(tmp_path)], cwd=ROOT)
    try:
        wait_for(lambda: part.exists() and part.stat().st_size == 1_500_000)
        wait_for((tmp_path / "small.gz").exists)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert tree(tmp_path) == ["big.gz.part", "big.gz.part.json", "small.gz"]
    server.asked.clear()
    remotes = [server.remote("/big.gz"), server.remote("/small.gz")]
    assert states(Fetcher(client, "c4", tmp_path).run(remotes)) == {"big.gz": FETCHED, "small.gz": PRESENT}
    assert [(asked.method, asked.range) for asked in server.of("/big.gz")] == [("GET", "bytes=1500000-")]
    assert [asked.method for asked in server.of("/small.gz")] == ["HEAD"]
    assert (tmp_path / "big.gz").read_bytes() == body
    assert tree(tmp_path) == ["big.gz", "fetched.jsonl", "small.gz"]


def test_a_file_killed_between_its_name_and_its_sidecars_end_is_whole(
    server: Any, client: Client, files: list[RemoteFile], tmp_path: Path
) -> None:
    Fetcher(client, "c4", tmp_path).run(files)
    (tmp_path / "a/1.gz.part.json").write_text("{}")
    Fetcher(client, "c4", tmp_path).run(files)
    assert tree(tmp_path) == ["a/1.gz", "a/3.gz", "b/2.gz", "fetched.jsonl"]


def test_checksums_print_as_they_are_recorded() -> None:
    assert str(Checksum("sha1", "ab" * 20)) == "sha1:" + "ab" * 20
