"""The URL filter: every way to write a host, every format of a list, words whole, inside and together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stages.core.errors import UserError
from stages.core.location import content_of
from stages.ingest.common_crawl.url_filter import UrlFilter, UrlMatch, UrlMatcher
from stages.ingest.common_crawl.url_lists import HARD, Blocked, blocked_by
from stages.ingest.common_crawl.url_parts import split_url
from stages.kernels.hash import url_keys
from stages.kernels.hash.hashing import hash_strings


def listed(tmp_path: Path, text: str | bytes, name: str = "hosts.txt") -> str:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def host_matcher(tmp_path: Path, *lines: str) -> UrlMatcher:
    return UrlFilter(hosts=(listed(tmp_path, "\n".join(lines) + "\n"),)).matcher()


def word_matcher(words: dict[str, float], min_soft_words: int = 2) -> UrlMatcher:
    return UrlMatcher(Blocked(), words, min_soft_words)


@pytest.mark.parametrize(
    "url",
    [
        "http://bad.example/",
        "https://bad.example",
        "http://bad.example?x=1",
        "http://bad.example#top",
        "//bad.example/x",
        "bad.example/x",
        "ftp://bad.example/x",
        "HTTP://Bad.EXAMPLE/X",
        "http://www.bad.example/",
        "http://a.b.c.bad.example/",
        "http://bad.example:80/",
        "http://bad.example:8080/x",
        "http://user@bad.example/",
        "http://user:pass@bad.example:81/",
        "http://good.example:80@bad.example/",
        "http://good.example@bad.example/x@y",
        "http://bad.example./",
        "http://bad.example.:80/",
        "http://b%61d.ex%41mple/",
        "http://bad%2Eexample/",
        "http:\\\\bad.example\\x",
        "http://bad.example\\@good.example/",
        "http:///bad.example/",
        " http://bad.example/ \n",
        "http://ba\td.exa\nmple/",
        "http://ｂａｄ.example/",
        "http://bad。example/",
    ],
)
def test_one_host_however_it_is_written(tmp_path: Path, url: str) -> None:
    assert host_matcher(tmp_path, "bad.example").check(url) == UrlMatch("url_host", "bad.example")


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "http://",
        "http:///",
        "/bad.example",
        "http://notbad.example/",
        "http://bad.example.com/",
        "http://example/",
        "http://good.example/bad.example",
        "http://good.example/?u=http://bad.example/",
        "http://bad.example@good.example/",
        "http://good.example#@bad.example/",
        "http://bad-example/",
        "http://[::bad/",
        "http://\ud800.example/",
        "\0",
    ],
)
def test_other_hosts_pass(tmp_path: Path, url: str | None) -> None:
    assert host_matcher(tmp_path, "bad.example").check(url) is None


@pytest.mark.parametrize("line", ["bücher.example", "BÜCHER.example", "xn--bcher-kva.example"])
@pytest.mark.parametrize(
    "url", ["http://bücher.example/", "http://shop.XN--BCHER-KVA.example/", "http://b%C3%BCcher.example"]
)
def test_international_names_and_their_punycode_are_one(tmp_path: Path, line: str, url: str) -> None:
    assert host_matcher(tmp_path, line).check(url) == UrlMatch("url_host", "xn--bcher-kva.example")


@pytest.mark.parametrize(
    ("line", "url", "is_refused"),
    [
        ("10.1.2.3", "http://10.1.2.3/x", True),
        ("10.1.2.3", "http://10.1.2.3:81/x", True),
        ("10.1.2.3", "http://0x0a010203/", True),
        ("10.1.2.3", "http://167838211/", True),
        ("10.1.2.3", "http://012.1.2.3/", True),
        ("2.3", "http://10.1.2.3/", False),
        ("2.3.example", "http://1.2.3.example/", True),
        ("10.1.2.3", "http://4.10.1.2.3/", False),
        ("2001:db8::1", "http://[2001:DB8:0:0::1]:80/", True),
        ("[2001:db8::1]", "http://[2001:db8::1]/", True),
        ("2001:db8::1", "http://[2001:db8::2]/", False),
    ],
)
def test_addresses_are_compared_whole(tmp_path: Path, line: str, url: str, is_refused: bool) -> None:
    assert (host_matcher(tmp_path, "other.example", line).check(url) is not None) == is_refused


@pytest.mark.parametrize(
    ("url", "detail"),
    [
        ("http://some.example/~bad", "some.example/~bad"),
        ("http://www.some.example/~BAD/", "some.example/~bad"),
        ("http://some.example/%7Ebad/page.html#x", "some.example/~bad"),
        ("http://some.example:80/~bad?x=1", "some.example/~bad"),
        ("http://some.example/~badminton", None),
        ("http://some.example/", None),
        ("http://other.some.example/~bad/", None),
        ("http://some.example/forum?id=7&page=2", "some.example/forum?id=7"),
        ("http://some.example/forum?id=77", None),
        ("http://some.example/caf%C3%A9/x", "some.example/café"),
    ],
)
def test_url_prefixes_end_where_a_part_ends(tmp_path: Path, url: str, detail: str | None) -> None:
    matcher = host_matcher(
        tmp_path, "http://www.some.example/~bad/", "some.example/forum?id=7", "some.example/café"
    )
    assert matcher.check(url) == (None if detail is None else UrlMatch("url_host", detail))


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        ("a.example", ["a.example"]),
        ("A.Example.", ["a.example"]),
        (".a.example", ["a.example"]),
        ("*.a.example", ["a.example"]),
        ("||a.example^", ["a.example"]),
        ("0.0.0.0 a.example", ["a.example"]),
        ("127.0.0.1\ta.example b.example", ["a.example", "b.example"]),
        ("::1 localhost ip6-loopback", []),
        ("0.0.0.0 0.0.0.0", []),
        ("a.example/x/", ["a.example/x"]),
        ("a.example/", ["a.example"]),
        ("https://www.a.example/x?y=1", ["a.example/x?y=1"]),
        ("https://a.example:8080", ["a.example"]),
        (".xxx", ["xxx"]),
        ("xxx", []),
        ("localhost", []),
        ("some words", []),
        ("<html>", []),
        ("a.example##.ad", ["a.example"]),
        ("/adverts/", []),
        ("a_b.example", ["a_b.example"]),
    ],
)
def test_lines_of_lists(line: str, keys: list[str]) -> None:
    assert blocked_by(line) == keys


def test_comments_blank_lines_and_windows_line_ends(tmp_path: Path) -> None:
    text = "\ufeff# a list\r\n\r\na.example # why\r\n! adblock\r\nb.example\r\n  \r\nlocalhost\r\nc.example"
    matcher = UrlFilter(hosts=(listed(tmp_path, text),)).matcher()
    found = [matcher.check(f"http://{name}.example/") is not None for name in "abcd"]
    assert (found, matcher.num_listed, matcher.ignored_lines) == ([True, True, True, False], 3, 1)


def test_a_top_level_domain_is_blocked_only_when_it_is_marked(tmp_path: Path) -> None:
    assert host_matcher(tmp_path, ".xxx", "a.example").check("http://b.xxx/") == UrlMatch("url_host", "xxx")
    assert host_matcher(tmp_path, "xxx", "a.example").check("http://b.xxx/") is None


def test_a_list_that_changes_is_read_again(tmp_path: Path) -> None:
    found = [
        host_matcher(tmp_path, name, "a.example").check("http://b.example/")
        for name in ("b.example", "c.example")
    ]
    assert found == [UrlMatch("url_host", "b.example"), None]


def test_a_folder_of_the_ut1_blacklists(tmp_path: Path) -> None:
    for name, text in (
        ("domains", "a.example\n"),
        ("urls", "b.example/x\n"),
        ("expressions", "(c|d).example\n"),
    ):
        listed(tmp_path / "adult", text, name)
    matcher = UrlFilter(hosts=(str(tmp_path / "adult"),)).matcher()
    urls = ["http://a.example/", "http://b.example/x", "http://b.example/", "http://c.example/"]
    assert [matcher.check(url) is not None for url in urls] == [True, True, False, False]
    with pytest.raises(UserError, match="no file named domains or urls"):
        UrlFilter(hosts=(str(tmp_path),)).dependencies()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"\x1f\x8b\x08rest", "not a text file"),
        (b"a.example\0\n", "not a text file"),
        (b"# nothing\n\n", "no host or URL in it"),
        (b"<html>\n<body>\na.example\n", "2 of its 3 lines are no host or URL"),
    ],
)
def test_what_is_no_list_is_told_in_one_line(tmp_path: Path, data: bytes, message: str) -> None:
    path = listed(tmp_path, data)
    with pytest.raises(UserError, match=message) as told:
        config = UrlFilter(hosts=(path,))
        config.dependencies()
        config.matcher()
    assert str(told.value).startswith(path + ":")
    with pytest.raises(UserError, match="no such file"):
        UrlFilter(words=(str(tmp_path / "nothing"),)).dependencies()


def test_dependencies_name_the_content_and_not_the_place(tmp_path: Path) -> None:
    first, second, other = (
        UrlFilter(hosts=(listed(tmp_path / name, text),)).dependencies()
        for name, text in (("a", "a.example\n"), ("b", "a.example\n"), ("c", "c.example\n"))
    )
    assert first == second != other
    assert len(first) == 1
    config = UrlFilter(hosts=("x",))
    assert content_of(config) == {"min_soft_words": 2}


def test_a_filter_without_lists_is_a_mistake() -> None:
    with pytest.raises(ValidationError, match="give a blocklist"):
        UrlFilter()


WORDS = {
    "casino": HARD,
    "*porn*": HARD,
    "teen": 1.0,
    "cam": 1.0,
    "*xxx*": 0.5,
    "live": 0.5,
    "free sex": HARD,
    "порно": HARD,
}


@pytest.mark.parametrize(
    ("url", "match"),
    [
        ("http://a.example/casino", UrlMatch("url_word", "casino")),
        ("http://CASINO.example/", UrlMatch("url_word", "casino")),
        ("http://a.example/best_casino-2.html", UrlMatch("url_word", "casino")),
        ("http://a.example/c%61sino", UrlMatch("url_word", "casino")),
        ("http://a.example/casinos", None),
        ("http://a.example/occasino", None),
        ("http://superpornsite.example/", UrlMatch("url_word", "*porn*")),
        ("http://a.example/free-sex/", UrlMatch("url_word", "free sex")),
        ("http://a.example/sex-free/", None),
        ("http://a.example/gluten-free-sexton", None),
        ("http://a.example/teen", None),
        ("http://teen.example/teen/teen", None),
        ("http://teen.example/cam", UrlMatch("url_word", "teen, cam", 2.0, 2.0)),
        ("http://a.example/teen/live", None),
        ("http://a.example/teen/live/axxxb", UrlMatch("url_word", "teen, live, *xxx*", 2.0, 2.0)),
        ("http://a.example/teen/cam/casino", UrlMatch("url_word", "casino")),
        ("http://xn--m1acfh1c.example/", None),
        ("http://xn--h1acabc4c.example/", None),
        ("http://a.example/%D0%BF%D0%BE%D1%80%D0%BD%D0%BE", UrlMatch("url_word", "порно")),
        ("http://порно.example/", UrlMatch("url_word", "порно")),
        ("http://good.example/", None),
        (None, None),
    ],
)
def test_words(url: str | None, match: UrlMatch | None) -> None:
    assert word_matcher(WORDS).check(url) == match


def test_words_are_found_behind_punycode() -> None:
    host, _ = split_url("http://порно.example/")
    assert host.startswith("xn--")
    assert word_matcher(WORDS).check(f"http://{host}/") == UrlMatch("url_word", "порно")


def test_soft_words_may_be_asked_for_one_or_three() -> None:
    urls = ["http://a.example/teen", "http://a.example/teen-cam"]
    assert [word_matcher(WORDS, 1).check(url) is not None for url in urls] == [True, True]
    assert [word_matcher(WORDS, 3).check(url) is not None for url in urls] == [False, False]


def test_a_list_of_words(tmp_path: Path) -> None:
    text = "\ufeff# words\n\ncasino\nteen\tsoft\nlive\t0.5\n*porn*\t# hard\nfree  sex\thard\n2 girls 1 cup\n"
    matcher = UrlFilter(words=(listed(tmp_path, text),)).matcher()
    urls = ["casino", "teen-live", "teen", "xpornx", "free-sex", "2-girls-1-cup", "girls"]
    found = [matcher.check(f"http://a.example/{url}") is not None for url in urls]
    assert found == [True, False, False, True, True, True, False]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--", "no letter or digit"),
        ("teen soft", "put a tab"),
        ("live 0.5", "put a tab"),
        ("teen\tmild", "no weight"),
        ("teen\t-1", "no weight"),
        ("teen\tnan", "no weight"),
        ("*a b*", "letters and digits only"),
    ],
)
def test_a_line_that_is_no_word_is_told(tmp_path: Path, line: str, message: str) -> None:
    path = listed(tmp_path, f"good\n{line}\n")
    with pytest.raises(UserError, match=message) as told:
        UrlFilter(words=(path,)).matcher()
    assert str(told.value).startswith(f"{path}:2: ")


def test_hosts_come_before_words_and_both_may_be_given(tmp_path: Path) -> None:
    hosts, words = listed(tmp_path, "bad.example\n"), listed(tmp_path, "casino\n", "words.txt")
    matcher = UrlFilter(hosts=(hosts,), words=(words,)).matcher()
    urls = ["http://bad.example/casino", "http://a.example/casino", "http://a.example/"]
    assert [match and match.rule for match in map(matcher.check, urls)] == ["url_host", "url_word", None]


HOSTS = st.lists(st.sampled_from(["a", "b", "ab", "www", "1", "23", "com"]), min_size=1, max_size=4).map(
    ".".join
)
PATHS = st.lists(st.sampled_from(["/", "?", "&", "a", "bc", "="]), max_size=6).map(
    lambda parts: "/" + "".join(parts) if parts else ""
)


@given(st.sets(HOSTS, max_size=5), st.sets(st.tuples(HOSTS, PATHS.filter(bool)), max_size=5), HOSTS, PATHS)
def test_the_table_finds_what_a_set_would(
    hosts: set[str], prefixes: set[tuple[str, str]], host: str, path: str
) -> None:
    keys = hosts | {h.removeprefix("www.") + p for h, p in prefixes}
    longest = max((len(key) for key in keys if "/" in key), default=0)
    table = url_keys.build(hash_strings(pa.array(sorted(keys), pa.string())))
    labels = host.split(".")
    starts = [0] if labels[-1].isdigit() and len(labels) > 1 else range(len(labels))
    above = [".".join(labels[start:]) for start in starts]
    url, bare = host + path, host.removeprefix("www.") if host.count(".") else host
    ends = [
        end
        for end in range(len(bare) + 1, len(bare + path) + 1)
        if end == len(bare + path) or path[end - len(bare)] in "/?&;"
    ]
    expected = next((name for name in above if name in hosts), None) or next(
        ((bare + path)[:end] for end in ends if (bare + path)[:end] in keys), None
    )
    at = url_keys.first_listed(np.frombuffer(url.encode(), np.uint8), len(host), table, longest)
    prefix_start = len(host) - len(bare)
    found = None if at < 0 else host[at:] if at < len(host) else url[prefix_start:at]
    assert found == expected


@given(
    st.text(max_size=40)
    | st.text(alphabet="htp:/.@#?%[]\\0x1a-é。\ud800 ", max_size=25).map(lambda t: "http://" + t)
)
def test_any_text_can_be_checked(url: str) -> None:
    matcher = word_matcher(WORDS)
    matcher._has_hosts = True
    matcher.check(url)
    host, rest = split_url(url)
    assert host == host.lower()
    assert not rest.startswith("#")


def test_plain_urls_are_split_as_all_others_are() -> None:
    """The short way gives what the long way would (a user's name forces the long one)."""
    for rest in ("", "/", "/a/b?c=d", "/x#y", ":80/x", ":443", "/É"):
        assert split_url(f"http://www.a-b.example{rest}") == split_url(f"http://user@www.a-b.example{rest}")
