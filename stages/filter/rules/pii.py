"""The PII rule: texts in, the same with e-mail and public IP addresses masked out, as FineWeb does (Penedo et al. 2024).

Numbers with dots are mostly no addresses: versions, sections, dates. So an IPv4 address must stand alone (no letter,
digit, `-`, `_` or further `.number` next to it, no `name/` before it), must not follow a word such as `version` or a
comparison such as `==`, and one of its numbers must be at least `min_address_number`; of random addresses that passes
over two in ten thousand.

Python's regular expressions look only at texts in which a cheaper, linear one finds what may be an address.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from stages.filter.rule import TextRule
from stages.filter.verdict import Edit, Verdict

_MAX_LOCAL_CHARS = 64
_DOMAIN = re.compile(
    r"@(?=\w[\w-]*\.[^\W_])"  # this alone refuses most that is no domain, in a third of the time
    r"((?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,20}[^\W\d_]{2,63})(?![\w@])"
)
_LOCAL_REVERSED = re.compile(r"[\w.+%'~!#$&*=?^`{|}-]+")
_LOCAL_EDGES = ".'-+%~!#$&*=?^`{|}"
_NO_DOMAIN_ENDINGS = frozenset(
    "example test invalid localhost local png jpg jpeg gif webp svg css js json html xml pdf txt".split()
)
_EXAMPLE_DOMAINS = frozenset(("example.com", "example.net", "example.org"))
_REPOSITORY_USERS = frozenset(("git", "hg", "svn"))

_IPV4 = re.compile(r"(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)")
_VERSION_BEFORE = re.compile(
    r"(?:\w/|(?:§|\b(?:v|ver|versions?|releases?|rev|revision|build|firmware|sections?|chapter))[.:]? ?|[=~<>!]= ?|[~^])$",
    re.IGNORECASE,
)
_VERSION_WINDOW_CHARS = 16
_IPV6 = re.compile(r"(?<![\w:.])[23][0-9a-fA-F]{3}:[0-9a-fA-F:]{2,40}(?![\w:])")
_MIN_IPV6_GROUPS = 3

# What every address matches, for Arrow's linear matcher. Its classes know ASCII only, so every other character passes for
# a letter where one may stand, and for none where none may. It leaps from one `@` to the next, hence nothing before that.
_EMAIL_CANDIDATE = (
    r"@[0-9A-Za-z\x{80}-\x{10FFFF}][\w.\x{80}-\x{10FFFF}-]*\.[A-Za-z\x{80}-\x{10FFFF}]{2,}(?:$|[^\w@])"
)
_IPV6_CANDIDATE = r"(?:^|[^\w:.])[23][0-9a-fA-F]{3}(?:::?[0-9a-fA-F]{1,4}){2}[0-9a-fA-F:]{0,40}(?:$|[^\w:])"

Find = Callable[[str], list[tuple[int, int]]]
"""The ranges of a text that are to be masked, in order."""


class PiiRule(TextRule):
    """Mask e-mail addresses and public IP addresses; drops nothing."""

    rule: Literal["pii"] = "pii"
    emails: bool = Field(True, description="mask e-mail addresses")
    ips: bool = Field(True, description="mask public IPv4 and IPv6 addresses")
    email: str = Field("email@example.com", min_length=1, description="what stands for an e-mail address")
    ipv4: str = Field("192.0.2.1", min_length=1, description="what stands for an IPv4 address")
    ipv6: str = Field("2001:db8::1", min_length=1, description="what stands for an IPv6 address")
    min_address_number: int = Field(
        30, ge=0, le=255, description="four numbers all below this are a version or section, no address"
    )

    def verdicts(self, texts: pa.Array) -> list[Verdict]:
        """One verdict, which always passes and carries the masked texts."""
        masked = np.zeros((3, len(texts)), np.int64)
        if self.emails:
            texts = _masked(texts, _EMAIL_CANDIDATE, [(find_emails, self.email)], masked[:1])
        if self.ips:
            candidate = f"{_ipv4_candidate(self.min_address_number)}|{_IPV6_CANDIDATE}"
            find = partial(find_ipv4, min_number=self.min_address_number)
            texts = _masked(texts, candidate, [(find, self.ipv4), (find_ipv6, self.ipv6)], masked[1:])
        total = masked.sum(axis=0).astype(np.float64)
        details = [_detail(*counts) if any(counts) else None for counts in masked.T.tolist()]
        edit = Edit("pii", texts, total, pa.array(details, pa.string()))
        passed = np.ones(len(texts), bool)
        return [replace(Verdict("pii", passed, total, np.inf), edit=edit)]


def _detail(emails: int, ipv4: int, ipv6: int) -> str:
    return f"{emails} e-mail, {ipv4} IPv4, {ipv6} IPv6 addresses"


def _ipv4_candidate(min_number: int) -> str:
    """What every address of four numbers matches, one of them with at least the digits of `min_number`."""
    any_number, large = r"\d{1,3}", rf"\d{{{len(str(min_number))},3}}"
    numbers = (r"\.".join([any_number] * i + [large] + [any_number] * (3 - i)) for i in range(4))
    return rf"(?:^|[^\w.-])(?:{'|'.join(numbers)})(?:$|[^\w.-]|\.(?:$|\D))"


def _masked(
    texts: pa.Array, candidate: str, kinds: list[tuple[Find, str]], counts: npt.NDArray[np.int64]
) -> pa.Array:
    """The texts with what each kind finds replaced by its mask; a row of `counts` is filled for each kind.

    Only texts that `candidate` matches are looked at by Python.
    """
    rows = np.flatnonzero(pc.match_substring_regex(texts, candidate).to_numpy(zero_copy_only=False))
    changed = np.zeros(len(texts), bool)
    new = []
    for row in rows:
        text = texts[row].as_py()
        for (find, mask), count in zip(kinds, counts, strict=True):
            if found := find(text):
                count[row] = len(found)
                changed[row] = True
                text = _replaced(text, found, mask)
        if changed[row]:
            new.append(text)
    if not new:
        return texts
    return pc.replace_with_mask(texts, pa.array(changed), pa.array(new, texts.type))


def _replaced(text: str, found: list[tuple[int, int]], mask: str) -> str:
    pieces, end = [], 0
    for start, stop in found:
        pieces += [text[end:start], mask]
        end = stop
    return "".join([*pieces, text[end:]])


def find_emails(text: str) -> list[tuple[int, int]]:
    """Where e-mail addresses lie: from every `@` outwards, so that no text takes more than its length in time."""
    found: list[tuple[int, int]] = []
    for match in _DOMAIN.finditer(text):
        at, end = match.span()
        earliest = max(at - _MAX_LOCAL_CHARS, found[-1][1] if found else 0)
        local = _LOCAL_REVERSED.match(text[earliest:at][::-1])
        name = "" if local is None else local[0][::-1].lstrip(_LOCAL_EDGES)
        if name and name[-1] != "." and not _is_no_address(name, match[1].lower()):
            found.append((at - len(name), end))
    return found


def _is_no_address(local: str, domain: str) -> bool:
    """A repository's address, a picture such as `icon@2x.png`, a domain that is reserved for examples."""
    *_, name, ending = domain.split(".")
    return (
        local in _REPOSITORY_USERS or ending in _NO_DOMAIN_ENDINGS or f"{name}.{ending}" in _EXAMPLE_DOMAINS
    )


def find_ipv4(text: str, min_number: int) -> list[tuple[int, int]]:
    """Where public IPv4 addresses lie; see the module's docstring for what is taken for a version."""
    found = []
    for match in _IPV4.finditer(text):
        numbers = [int(number) for number in match[0].split(".")]
        if max(numbers) < min_number or not _is_global(ipaddress.IPv4Address, match[0]):
            continue
        before = text[max(0, match.start() - _VERSION_WINDOW_CHARS) : match.start()]
        if _VERSION_BEFORE.search(before) is None or before.endswith("//"):
            found.append(match.span())
    return found


def find_ipv6(text: str) -> list[tuple[int, int]]:
    """Where global unicast IPv6 addresses (2000::/3) of at least three groups lie; `a[2000::2]` is none."""
    found = []
    for match in _IPV6.finditer(text):
        address = match[0].rstrip(":") if not match[0].endswith("::") else match[0]
        groups = [group for group in address.split(":") if group]
        if len(groups) >= _MIN_IPV6_GROUPS and _is_global(ipaddress.IPv6Address, address):
            found.append((match.start(), match.start() + len(address)))
    return found


@lru_cache(maxsize=4096)  # logs name few addresses often, and this is the slowest step
def _is_global(kind: type[ipaddress.IPv4Address | ipaddress.IPv6Address], address: str) -> bool:
    try:
        return kind(address).is_global
    except ValueError:
        return False
