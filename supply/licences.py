"""Packages in, those out whose licence is not one that we allow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from email.message import Message
from importlib.metadata import Distribution
from typing import cast

from license_expression import ExpressionError, LicenseExpression, LicenseSymbol, get_spdx_licensing
from packaging.utils import canonicalize_name

ALLOWED = frozenset(
    "0BSD Apache-2.0 BSD-2-Clause BSD-3-Clause BSL-1.0 CC0-1.0 CNRI-Python ISC LGPL-2.1-only LGPL-2.1-or-later MIT MIT-0"
    " MPL-2.0 PSF-2.0 Unlicense Zlib LLVM-exception".split()
)
"""Of libraries that we call and do not ship: permissive ones, and those whose copyleft ends at their own files or library."""

CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.1-or-later",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "Public Domain": "CC0-1.0",
}

SEEN = {
    "asttokens": "Apache-2.0",  # "Apache 2.0"
    "docutils": "CC0-1.0 AND BSD-2-Clause AND BSD-3-Clause AND PSF-2.0",  # its COPYING; the GPL's file is not in the wheel
    "kenlm": "LGPL-2.1-or-later",  # its file LICENSE; the metadata says nothing
    "protobuf": "BSD-3-Clause",  # "3-Clause BSD License"
    "ray": "Apache-2.0",  # "Apache 2.0"
    "tiktoken": "MIT",  # the whole text stands where the name should
}
"""Packages whose metadata does not say it as SPDX, read by hand."""

NVIDIA = ("nvidia-", "cuda-")
"""PyTorch's own dependencies from NVIDIA: not free software. Whoever installs CUDA accepts NVIDIA's terms."""


def stated(name: str, metadata: Mapping[str, str]) -> str:
    """What a package says of its licence, as an SPDX expression where it says so; empty where it says nothing."""
    if name in SEEN:
        return SEEN[name]
    if expression := metadata.get("License-Expression"):
        return expression
    values = cast("Message", metadata).get_all("Classifier", [])
    names = [str(value).split(" :: ")[-1] for value in values if str(value).startswith("License :: ")]
    known = [CLASSIFIERS[one] for one in names if one in CLASSIFIERS]
    if names and len(known) == len(names):
        return " AND ".join(known)
    return metadata.get("License") or ""


def is_allowed(expression: str) -> bool:
    """Whether one may keep to it by licences of the list alone: all of an AND, any of an OR."""
    try:
        parsed = get_spdx_licensing().parse(expression, validate=True)
    except ExpressionError:
        return False
    return parsed is not None and _holds(parsed)


def _holds(node: LicenseExpression) -> bool:
    if isinstance(node, LicenseSymbol) or not node.args:
        return all(symbol.key in ALLOWED for symbol in get_spdx_licensing().license_symbols(node))
    each = [_holds(one) for one in node.args]
    return any(each) if node.operator.strip() == "OR" else all(each)


def refused(packages: Iterable[Distribution]) -> Iterator[str]:
    """A line for each package whose licence is not allowed."""
    for one in packages:
        name = canonicalize_name(one.metadata["Name"])
        says = stated(name, cast("Mapping[str, str]", one.metadata))
        if not name.startswith(NVIDIA) and not is_allowed(says):
            yield f"{name}: {' '.join(says.split())[:80] or 'no licence said'}"
