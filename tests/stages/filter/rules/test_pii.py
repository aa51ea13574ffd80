"""The PII rule masks e-mail and public IP addresses, and leaves versions, sections and code as they are."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.core.manifest import DOCUMENTS, LEDGER, Manifest
from stages.core.parquet import read_documents
from stages.filter.rules.pii import Find, PiiRule, find_emails, find_ipv4, find_ipv6
from stages.filter.stage import Filter
from tests.linear import assert_linear


def masked(text: str, rule: PiiRule | None = None) -> tuple[str, int]:
    """The text as the rule leaves it, and how many addresses it masked."""
    (verdict,) = (rule or PiiRule()).verdicts(pa.array([text], pa.large_string()))
    assert verdict.edit is not None
    return verdict.edit.text[0].as_py(), int(verdict.value[0])


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Mail Jo.Doe+x@Mail.Foo-Bar.co.uk.", "Mail email@example.com."),
        ("<a@b.de>, 'c_d@e.org'; f%g@h.info", "<email@example.com>, 'email@example.com'; email@example.com"),
        ("müller@straße.de", "email@example.com"),
        ("mailto:jo@doe.com?subject=x", "mailto:email@example.com?subject=x"),
        ("one@two.com@three.com", "one@email@example.com"),
        ("at 93.184.216.34, (93.184.216.34)", "at 192.0.2.1, (192.0.2.1)"),
        ("http://93.184.216.34:80/x 93.184.216.0/24", "http://192.0.2.1:80/x 192.0.2.1/24"),
        ("It is 93.184.216.34.", "It is 192.0.2.1."),
        ("ip=93.184.216.34 <b>93.184.216.34</b>", "ip=192.0.2.1 <b>192.0.2.1</b>"),
        ("2001:4860:4860::8888", "2001:db8::1"),
        ("[2a00:1450:4001:81b::200e]:443", "[2001:db8::1]:443"),
        ("2606:4700:0:0:0:0:0:1111: yes", "2001:db8::1: yes"),
    ],
)
def test_addresses_are_masked(text: str, left: str) -> None:
    assert masked(text)[0] == left


@pytest.mark.parametrize(
    "text",
    [
        "@jo says a @ b, x@y, @2x",
        "a@b.c a@.com a@com. jo@-x.com @example.com",
        "jo@example.com jo@sub.example.org jo@host.test jo@printer.local",
        "git clone git@github.com:a/b.git",
        "icon@2x.png style@3x.css",
        "192.168.1.77 10.0.0.99 127.0.0.1 172.16.99.1 0.200.0.1",
        "192.0.2.44 198.51.100.7 203.0.113.99",
        "999.1.2.3 093.184.216.34 93.184.216 93.184.216.34.5 93.184.216.340",
        "12:30:45 00:1B:44:11:3A:B7 fe80::1 ::1 2001:db8::7",
        "std::vector<int> a::b face::dead x[2000::2] x[2001::10:] 2001:12:30",
    ],
)
def test_what_is_no_address_of_a_person_stays(text: str) -> None:
    assert masked(text) == (text, 0)


@pytest.mark.parametrize(
    "text",
    [
        "1.2.3.4",
        "version = 1.2.3.4",
        "pip install x==93.184.216.34 y~=93.184.216.34 z^93.184.216.34",
        "x >= 93.184.216.34, != 94.184.0.1",
        "v93.184.216.34 Version 93.184.216.34 ver. 93.184.216.34 Release 93.184.216.34",
        "foo-93.184.216.34.tar.gz foo_93.184.216.34",
        "93.184.216.34-beta 93.184.216.34rc1",
        "Chrome/93.184.216.34 Safari",
        "Section 12.184.1.3 and § 12.184.1.3",
        "3.1.2.4 Results",
    ],
)
def test_trap_version_numbers_are_no_addresses(text: str) -> None:
    assert masked(text) == (text, 0)


def test_numbers_below_the_option_are_a_version() -> None:
    assert masked("8.8.8.8 29.8.8.8 30.8.8.8") == ("8.8.8.8 29.8.8.8 192.0.2.1", 1)
    assert masked("8.8.8.8", PiiRule(min_address_number=0)) == ("192.0.2.1", 1)


def test_each_kind_can_be_left_and_replaced() -> None:
    text = "jo@doe.com 93.184.216.34"
    assert masked(text, PiiRule(ips=False)) == ("email@example.com 93.184.216.34", 1)
    assert masked(text, PiiRule(emails=False, ipv4="<IP>")) == ("jo@doe.com <IP>", 1)


@given(st.text(alphabet="a@.1:2 -é", max_size=40) | st.text(max_size=40))
def test_masking_a_masked_text_changes_nothing(text: str) -> None:
    assert masked(masked(text)[0])[1] == 0


PARTS = [
    *(
        "jo",
        "@",
        "@doe.com",
        "@é.ß中",
        "@a.b",
        "@example.org",
        ".",
        "..",
        "-",
        "_",
        "1",
        "٣",
        "\u0301",
        "\n",
        " ",
    ),
    *("93.184.216.34", "93.184", ".216.34", "300", "1.1.1.1", "version ", "==", "//"),
    *("2001:4860:4860::8888", "2a00:", ":", "::", "81b", "fade0", "[", "a" * 63),
]


def expected(text: str, rule: PiiRule) -> tuple[str, int]:
    """What Python's expressions mask when they look at every text."""
    count = 0
    kinds: list[tuple[Find, str]] = [
        (find_emails, rule.email),
        (partial(find_ipv4, min_number=rule.min_address_number), rule.ipv4),
        (find_ipv6, rule.ipv6),
    ]
    for find, mask in kinds:
        found = find(text)
        count += len(found)
        for start, end in reversed(found):
            text = text[:start] + mask + text[end:]
    return text, count


@settings(max_examples=500)
@given(st.lists(st.sampled_from(PARTS), max_size=9).map("".join), st.sampled_from([0, 9, 10, 30, 100, 255]))
def test_no_address_escapes_the_search_for_candidates(text: str, min_number: int) -> None:
    rule = PiiRule(min_address_number=min_number)
    assert masked(text, rule) == expected(text, rule)


def test_a_mask_that_is_an_address_itself_is_masked_in_its_turn() -> None:
    rule = PiiRule(email="93.184.216.34", ipv4="2001:4860:4860::8888")
    assert masked("jo@doe.com", rule) == ("2001:db8::1", 3)


@pytest.mark.parametrize(
    "unit",
    [
        "a@",
        "a.",
        "@a.",
        "a@b.cd ",
        "a@b.png ",
        "1.",
        "1.1.1.1 ",
        "93.184.216.34 ",
        "2001:",
        "2001::1 ",
        "2a00:1:2:: ",
    ],
)
def test_a_hostile_text_that_holds_an_address_of_each_kind_takes_linear_time(unit: str) -> None:
    addresses = " jo@doe.com 93.184.216.34 2a00:1450:4001:81b::200e"
    assert_linear(masked, lambda count: unit * count + addresses, 2_000)


def test_the_ledger_has_an_edit_row_with_the_number_masked(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest]
) -> None:
    rows = [
        {"id": "c4/f/0", "text": "Write to jo.doe@the-museum.org or 93.184.216.34 or to@me.io."},
        {"id": "c4/f/1", "text": "Nothing here."},
        {"id": "c4/f/2", "text": "a@b.io"},
    ]
    manifest = run_stage(Filter(rules=(PiiRule(),)), [make_documents(rows)])
    texts = [t for batch in read_documents(manifest.uris(DOCUMENTS)) for t in batch["text"].to_pylist()]
    assert texts == [
        "Write to email@example.com or 192.0.2.1 or email@example.com.",
        "Nothing here.",
        "email@example.com",
    ]
    found = [row for uri in manifest.uris(LEDGER) for row in pq.read_table(uri).to_pylist()]
    names = ("id", "action", "rule", "value", "detail", "text_bytes")
    # the second edit makes its text longer: nothing is lost
    lost = len(rows[0]["text"]) - len(texts[0])
    assert [tuple(row[n] for n in names) for row in found] == [
        ("c4/f/0", "edit", "pii", 3, "2 e-mail, 1 IPv4, 0 IPv6 addresses", max(0, lost)),
        ("c4/f/2", "edit", "pii", 1, "1 e-mail, 0 IPv4, 0 IPv6 addresses", 0),
    ]
