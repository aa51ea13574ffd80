"""Package manifests in, the licence that their author states out: the second source, where no licence file is.

Read are package.json, composer.json, Cargo.toml, pyproject.toml, setup.cfg, setup.py and gemspecs at the root.
"""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Mapping
from typing import Any

import orjson

from stages.ingest.github.licenses import loose_expression

MAX_MANIFEST_BYTES = 256 << 10

_JSON = ("package.json", "composer.json")
_TOML = {"Cargo.toml": "package", "pyproject.toml": "project"}
_CODE = re.compile(r"""(?<![\w-])licenses?\s*=\s*\[?\s*(?:'([^'\n]{1,200})'|"([^"\n]{1,200})")""", re.M)
_LONG_KEY = re.compile(r"(?<![\w\"'-])(?:[\w\"'-]++[ \t]*+\.[ \t]*+){100}")
_NOT_CFG = re.compile(r"^(?![#;]|\[.+\])\S[^=:\n]*$", re.M)
_CLASSIFIERS = {
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
}


def is_manifest(path: str) -> bool:
    """Whether `path`, relative to the repository's root, is a manifest at the root."""
    return path in _JSON or path in _TOML or path in ("setup.cfg", "setup.py") or _is_gemspec(path)


def join_manifests(texts: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """The expression that all manifests state together and the manifests that state one; all of them hold."""
    stated = {
        path: expression for path in sorted(texts) if (expression := stated_in_manifest(path, texts[path]))
    }
    expressions = list(dict.fromkeys(stated.values()))
    joined = " AND ".join(f"({e})" for e in expressions) if len(expressions) > 1 else "".join(expressions)
    return joined, tuple(stated)


def stated_in_manifest(path: str, text: str) -> str:
    """The expression of the manifest's licence field; "" when it has none or cannot be read."""
    if path in _JSON:
        return _of_json(text)
    if path in _TOML:
        return _of_toml(text, _TOML[path])
    if path == "setup.cfg":
        return _of_setup_cfg(text)
    match = _CODE.search(text)
    return loose_expression(match[1] or match[2]) if match else ""


def _is_gemspec(path: str) -> bool:
    return path.endswith(".gemspec") and "/" not in path


def _of_json(text: str) -> str:
    try:
        package = orjson.loads(text)
    except orjson.JSONDecodeError:
        return ""
    if not isinstance(package, dict):
        return ""
    stated = package.get("license", package.get("licenses"))
    choices = stated if isinstance(stated, list) else [stated]
    given = [item.get("type") if isinstance(item, dict) else item for item in choices]
    names = [name for name in given if isinstance(name, str) and name.strip()]
    return " OR ".join(map(loose_expression, names)) if len(names) == len(given) else ""


def _of_toml(text: str, table: str) -> str:
    if _LONG_KEY.search(text):  # its tables inside each other take quadratic time
        return ""
    try:
        project = tomllib.loads(text).get(table, {})
    except (tomllib.TOMLDecodeError, RecursionError):
        return ""
    stated: Any = project.get("license") if isinstance(project, dict) else None
    if isinstance(stated, dict):
        stated = stated.get("text")
    if isinstance(stated, str) and stated.strip() and len(stated) < 200:
        return loose_expression(stated)
    classifiers = project.get("classifiers", []) if isinstance(project, dict) else []
    return _of_classifiers(
        [c for c in classifiers if isinstance(c, str)] if isinstance(classifiers, list) else []
    )


def _of_setup_cfg(text: str) -> str:
    if _NOT_CFG.search(text):  # an error for the parser, which collects them in quadratic time
        return ""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return ""
    stated = parser.get("metadata", "license", fallback="")
    if stated.strip():
        return loose_expression(stated)
    return _of_classifiers(parser.get("metadata", "classifiers", fallback="").splitlines())


def _of_classifiers(classifiers: list[str]) -> str:
    licenses = [line.strip() for line in classifiers if line.strip().startswith("License ::")]
    names = [_CLASSIFIERS.get(line, "") for line in licenses]
    return " AND ".join(names) if names and all(names) else ""
