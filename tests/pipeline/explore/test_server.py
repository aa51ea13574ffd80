"""The explorer's server: who is refused, what a page may load, hostile documents as text, marks by form, bodies bounded."""

from __future__ import annotations

import html
import http.client
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import orjson
import pytest

from pipeline.cli.main import main
from pipeline.explore.asked import parsed_query
from pipeline.explore.marks import Marks
from pipeline.explore.run_view import RunView
from pipeline.explore.server import MAX_BODY_BYTES, ExploreServer
from tests.browser import DESKTOP, PHONE, needs_browser, watched_page
from tests.looked_runs import HERE

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\n\u202egnp.exe\x1b[2J\x00 \u2028 ' \" & </pre></textarea> ok"
HOSTILE_ID = 'a"><script>x</script>\r\nSet-Cookie: a=b'
HOSTILE_URL = 'javascript:alert(1)//"><b>'

Answer = tuple[int, dict[str, str], str]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of documents that try to act."""
    folder = tmp_path_factory.mktemp("hostile")
    rows = [
        {"text": f"{HOSTILE} {number}", "id": f"{HOSTILE_ID}{number}", "url": HOSTILE_URL}
        for number in range(3)
    ]
    (folder / "own.jsonl").write_bytes(b"\n".join(map(orjson.dumps, rows)))
    columns = ["--columns", "text=text,id=id,url=url"]
    main(
        [
            "ingest",
            "dataset",
            str(folder / "own.jsonl"),
            "--name",
            "ours",
            *columns,
            "--out",
            str(folder / "run"),
            *HERE,
        ]
    )
    return folder / "run"


@pytest.fixture
def server(hostile: Path, tmp_path: Path) -> Iterator[ExploreServer]:
    with ExploreServer(RunView(str(hostile)), Marks(str(tmp_path / "labels.jsonl"))) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def ask(
    server: ExploreServer, path: str = "", method: str = "GET", body: str | None = None, **headers: str
) -> Answer:
    """What the server answers below its token; a path that begins with / is taken as it is."""
    whole = path if path.startswith("/") else f"/{server.token}/{path}"
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, whole, body, sent)
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode()
    finally:
        connection.close()


def test_only_who_knows_the_token_gets_anything(server: ExploreServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
    assert len(server.token) >= 40
    assert urlsplit(server.address).path == f"/{server.token}/"
    for path in (
        "/",
        f"/{server.token[:-1]}/",
        f"/{server.token}x/",
        f"/{quote('ü')}/",
        "//[/",
        f"/?token={server.token}",
    ):
        status, headers, text = ask(server, path)
        assert (status, headers["content-type"]) == (403, "text/plain; charset=utf-8")
        assert server.token not in text
    assert ask(server)[0] == 200
    assert ask(server, "/mark", "POST", urlencode({"id": "x", "label": "good"}))[0] == 403


def test_other_names_and_other_pages_are_refused(server: ExploreServer) -> None:
    port = server.server_address[1]
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "localhost.", "", "[::1"):
        assert ask(server, Host=host)[0] == 421, host
    for host in (f"localhost:{port}", "localhost:9000", "127.0.0.1"):
        assert ask(server, Host=host)[0] == 200, "another port is a tunnel's"
    for origin in (
        "http://evil.example",
        "null",
        f"http://127.0.0.1:{port + 1}",
        f"https://127.0.0.1:{port}",
    ):
        assert ask(server, "mark", "POST", "id=x&label=good", Origin=origin)[0] == 403, origin
    assert "access-control-allow-origin" not in ask(server)[1]


def test_documents_are_text_whatever_they_hold(server: ExploreServer) -> None:
    (path, *_) = re.findall(r'href="(document\?[^"]+)"', ask(server)[2])
    story = html.unescape(path)
    for page in ("", "?" + urlencode({"words": '<script> "&'}), story):
        status, headers, text = ask(server, page)
        assert status == 200
        assert "set-cookie" not in headers
        assert len(re.findall(r"<script\b", text)) == 1, "our own"
        assert not re.search(r"<(img|b|textarea)\b|onerror=[^a]|[\x00\x1b\u2028\u202e]", text)
        assert not re.search(r"""href=["']?\s*(javascript|http)""", text)
        nonce = re.findall(r'<script nonce="([^"]+)"', text)[0]
        assert f"script-src 'nonce-{nonce}'" in headers["content-security-policy"]
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
    assert html.escape("<script>alert(1)</script>") in text
    assert "\\u202egnp.exe\\x1b[2J" in text


def test_a_mark_goes_to_the_file_and_back_to_the_page(server: ExploreServer) -> None:
    actions = re.findall(r'action="mark\?([^"]+)"', ask(server)[2])
    marked = [parsed_query(html.unescape(action))["id"] for action in actions]
    (document, _, _) = marked
    assert marked == [f"ours/{HOSTILE_ID}{number}" for number in range(3)]
    places, _ = server.view.now()
    story = server.view.story(document)
    form = {"id": document, "node": story.node, "back": "view=kept\r\nSet-Cookie: a=b", "label": "good"}
    assert ask(server, "mark", "POST", urlencode(form))[0] == 400, "no such view"
    form["back"] = "source=ours&x=1\r\nSet-Cookie: a"
    status, headers, _ = ask(server, "mark", "POST", urlencode(form))
    assert (status, headers["location"]) == (303, "./?source=ours")
    assert "set-cookie" not in headers
    (line,) = Path(server.marks.place).read_bytes().splitlines()
    row = orjson.loads(line)
    assert (row["id"], row["label"], row["url"], row["source"]) == (document, "good", HOSTILE_URL, "ours")
    assert row["text"] == story.events[-1].document
    assert 'class="good" aria-pressed="true"' in ask(server)[2]
    wants = {"Accept": "application/json", "Origin": f"http://127.0.0.1:{server.server_address[1]}"}
    status, _, text = ask(server, "mark", "POST", urlencode(form | {"label": ""}), **wants)
    assert (status, orjson.loads(text)) == (200, {"id": document, "label": ""})
    assert Path(server.marks.place).read_bytes() == b""
    assert set(places.manifests) == {story.node}


def test_what_is_wrong_with_a_request_is_told(server: ExploreServer) -> None:
    assert ask(server, "?view=all")[0] == 400
    assert ask(server, "document?id=nobody")[0] == 400
    assert "no document of this id" in ask(server, "document?id=nobody")[2]
    assert ask(server, "elsewhere")[0] == 404
    assert ask(server, "document")[0] == 404
    assert ask(server, "mark", "POST", "id=nobody&label=good")[0] == 400
    assert ask(server, "mark", "POST", "id=nobody&label=perhaps")[0] == 404
    assert ask(server, "mark", "POST", "id=" + "x" * MAX_BODY_BYTES)[0] == 413
    assert ask(server, "", "PUT")[0] == 501


def test_a_disk_that_takes_no_mark_is_told_and_another_request_is_answered(
    server: ExploreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Marks, row: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Marks, "put", full)
    document = urlencode({"id": f"ours/{HOSTILE_ID}0", "label": "good"})
    status, _, text = ask(server, "mark", "POST", document)
    assert status == 500
    assert "No space left on device" in text
    assert ask(server)[0] == 200


def test_ctrl_c_ends_it_and_mistakes_are_one_line(
    hostile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    def interrupted(self: ExploreServer) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ExploreServer, "serve_forever", interrupted)
    main(["explore", str(hostile)])
    shown = capsys.readouterr()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{43}/\n", shown.out)
    assert shown.err.splitlines()[-1] == "altiplano: ended; 0 documents are marked in run-labels.jsonl"
    for arguments, message in (
        ([str(tmp_path)], "not a run"),
        ([str(hostile), "--port", "70000"], "0 to 65535"),
    ):
        with pytest.raises(SystemExit, match="2"):
            main(["explore", *arguments])
        assert message in capsys.readouterr().err


@needs_browser
@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_a_browser_reads_and_marks_by_keyboard(
    server: ExploreServer, size: tuple[int, int], scheme: str
) -> None:
    with watched_page(size, scheme) as watched:
        page = watched.page
        page.goto(server.address + "?" + urlencode({"words": "ok"}))
        assert page.locator("article").count() == 3
        assert watched.width() <= size[0]
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.name") == "words"
        page.keyboard.press("g")  # a letter in a field is a letter
        page.keyboard.press("Tab")
        page.locator("h1").click()
        page.keyboard.press("j")
        page.keyboard.press("j")
        with page.expect_response("**/mark?*"):
            page.keyboard.press("b")
        pressed = page.locator("article").nth(1).locator('button[aria-pressed="true"]')
        pressed.wait_for()
        assert pressed.inner_text() == "bad"
        page.keyboard.press("Enter")
        page.wait_for_url("**/document?**")
        assert page.locator('button[aria-pressed="true"]').inner_text() == "bad"
        assert watched.width() <= size[0]
        with page.expect_response("**/mark?*"):
            page.get_by_role("button", name="good").click()
        page.locator('button.good[aria-pressed="true"]').wait_for()
        page.get_by_text("Back to the documents").click()
        page.wait_for_url("**words=ok")
        assert watched.said == [], "nothing of the documents ran"
        assert all(address.startswith((server.address, "data:,")) for address in watched.asked)
    assert len(server.marks) == 1
