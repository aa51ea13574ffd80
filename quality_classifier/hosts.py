"""A host name in, why its pages are no positives of the classifier out: wikis, search engines, shops, services shut down."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from stages.core.errors import UserError

WIKIPEDIA = ("wikimedia", "mirror")
"""The reasons of hosts that hold Wikipedia's own texts, which are no random pages either."""

NAMED = "named"
"""The reason of hosts in a user's own list."""

_SECOND_LEVELS = frozenset("co com net org gov ac edu".split())


@dataclass(frozen=True)
class HostList:
    """Reasons by host, by domain (the host and all below it), and the same two for names under any top level."""

    hosts: Mapping[str, str]
    domains: Mapping[str, str]
    brand_hosts: Mapping[str, str]
    brand_domains: Mapping[str, str]

    def reason(self, host: str) -> str | None:
        """Why pages of this host (lower case, without `www.`) are left out; None when they are not."""
        if (found := self.hosts.get(host)) is not None:
            return found
        labels = host.split(".")
        for start in range(len(labels) - 1):
            if (found := self.domains.get(".".join(labels[start:]))) is not None:
                return found
        top = 2 if len(labels) > 2 and labels[-2] in _SECOND_LEVELS and len(labels[-1]) == 2 else 1
        named = labels[:-top]
        if (found := self.brand_hosts.get(".".join(named))) is not None:
            return found
        return self.brand_domains.get(named[-1]) if named else None


def host_list(entries: Iterable[tuple[str, str]]) -> HostList:
    """The list of (pattern, reason); the patterns are those of `hosts.txt`."""
    hosts: dict[str, str] = {}
    domains: dict[str, str] = {}
    brand_hosts: dict[str, str] = {}
    brand_domains: dict[str, str] = {}
    for pattern, reason in entries:
        below, brand = pattern.startswith("*."), pattern.endswith(".*")
        table = (brand_domains if below else brand_hosts) if brand else (domains if below else hosts)
        table[pattern.removeprefix("*.").removesuffix(".*")] = reason
    return HostList(hosts, domains, brand_hosts, brand_domains)


@functools.cache
def left_out_hosts() -> HostList:
    """The hosts of `hosts.txt`."""
    entries = []
    for line in Path(__file__).with_name("hosts.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            reason, _, patterns = line.partition(":")
            entries += [(pattern, reason) for pattern in patterns.split()]
    return host_list(entries)


def named_hosts(text: str, place: str) -> HostList:
    """The hosts of a user's list, one a line, each with all below it; a UserError names a line that is no host."""
    entries = []
    for number, line in enumerate(text.splitlines(), 1):
        name = line.partition("#")[0].strip().lower().removeprefix("*.").removeprefix("www.").rstrip(".")
        if not name:
            continue
        if "/" in name or " " in name or "." not in name:
            raise UserError(
                f"{place}, line {number}: {line.strip()[:80]!r} is no host; write one host a line"
            )
        entries.append((f"*.{name}", NAMED))
    return host_list(entries)
