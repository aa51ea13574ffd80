"""Hosts that give no positive: by name, by domain, under any top level, and a user's own."""

from __future__ import annotations

import pytest

from quality_classifier.hosts import NAMED, host_list, left_out_hosts, named_hosts
from stages.core.errors import UserError


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("en.wikipedia.org", "wikimedia"),
        ("google.com", "search"),
        ("books.google.de", "search"),
        ("patents.google.com", None),
        ("google.example.org", None),
        ("amazon.co.uk", "shop"),
        ("smile.amazon.com", "shop"),
        ("amazonia.org", None),
        ("x.geocities.com", "dead"),
        ("geocities.jp", "dead"),
        ("nytimes.com", None),
        ("localhost", None),
    ],
)
def test_shipped_hosts(host: str, reason: str | None) -> None:
    assert left_out_hosts().reason(host) == reason


def test_patterns() -> None:
    hosts = host_list([("a.org", "1"), ("*.b.org", "2"), ("c.*", "3"), ("*.d.*", "4")])
    found = [
        hosts.reason(h) for h in "a.org x.a.org b.org x.b.org c.de c.co.uk x.c.de d.de x.d.com.br".split()
    ]
    assert found == ["1", None, "2", "2", "3", "3", None, "4", "4"]


def test_a_users_list_takes_what_lies_below_and_names_what_is_no_host() -> None:
    hosts = named_hosts("# gone\nWWW.A.org\n\n*.b.org # since 2020\n", "gone.txt")
    assert [hosts.reason(h) for h in ("a.org", "x.a.org", "b.org", "c.org")] == [NAMED, NAMED, NAMED, None]
    with pytest.raises(
        UserError, match="gone.txt, line 2: 'http://x.org/y' is no host; write one host a line"
    ):
        named_hosts("a.org\nhttp://x.org/y", "gone.txt")
