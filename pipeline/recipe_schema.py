"""The classes that check recipes in, a JSON Schema out, from which an editor completes and marks mistakes.

It knows kinds, steps and rules of ours; names of plug-ins are let through, and what only a run can tell is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from pipeline.config import ALL_SOURCES, APART, KIND, OLD_STEPS, SOURCE, STEPS, Recipe
from pipeline.expected import RAW, RAW_FILES, TOKENS, YIELDS
from pipeline.registry import source_kinds, verbs
from stages.core.verb import Verb
from stages.filter.rule import rule_classes
from stages.filter.verb import FilterVerb

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_VARIABLE = {"type": "string", "pattern": r"\$\{.+\}"}
"""Any value may be a variable's."""

_PLUGIN = {"type": "string", "pattern": ":"}

_NAMES = {"type": ["array", "string"], "items": {"type": "string"}}
"""Names in a list, or in one text with commas."""

Schema = dict[str, Any]

_SHARE = {"type": "number", "exclusiveMinimum": 0}
_EXPECTED: Mapping[str, Schema] = {
    RAW: {"type": ["string", "integer"], "description": "size of raw files that come later, as in 3.3 TB"},
    RAW_FILES: {"type": "integer", "minimum": 1, "description": "how many files that is"},
    TOKENS: {"type": ["string", "integer"], "description": "the source's tokens by its paper, as in 198B"},
    YIELDS: {
        "type": "object",
        "description": "bytes of text out per byte in, by step (`ingest` is the reading): a number or bounds",
        "additionalProperties": {
            "anyOf": [_SHARE, {"type": "array", "items": _SHARE, "minItems": 2, "maxItems": 2}]
        },
    },
}
"""What only the plan reads of a source."""


def recipe_schema() -> Schema:
    """The schema of a recipe's file."""
    defs: dict[str, Schema] = {}
    rules = [
        _one_key(name, _options(defs, f"rule.{name}", kind, {"rule"}))
        for name, kind in rule_classes().items()
    ]
    defs["rules"] = {
        "type": "array",
        "minItems": 1,
        "items": _any([*rules, _names(rule_classes()), _foreign_key()]),
    }
    steps = [_one_key(name, _step(defs, name, kind)) for name, kind in verbs().items()]
    defs["steps"] = {"type": "array", "items": _any([*steps, _names(verbs()), _foreign_key()])}
    whole = _options(defs, "recipe", Recipe, set())
    kinds = source_kinds()
    named = {name: _source(defs, name, kind) for name, kind in kinds.items()}
    any_kind = {"type": "object", "required": [KIND], "oneOf": [*_by_kind(named), _foreign_source()]}
    properties = defs["recipe"]["properties"]
    properties["sources"] = {
        "type": "object",
        "minProperties": 1,
        "description": "the sources by their names; one that is called as a kind is of that kind",
        "properties": {
            name: {"if": {"required": [KIND]}, "then": any_kind, "else": own} for name, own in named.items()
        },
        "additionalProperties": any_kind,
    }
    properties[ALL_SOURCES] = {
        "$ref": "#/$defs/steps",
        "description": "steps of the documents of all sources together",
    }
    groups = {"type": "object", "additionalProperties": _any([_NAMES, {"type": "object"}])}
    properties["groups"] = groups | {
        "description": "sources that have one share or epochs together, by the group's name"
    }
    top = defs.pop("recipe")
    top["patternProperties"] = {f"^{APART}": True}
    top["required"] = ["name", "sources"]  # `run` has a default of its own in files
    assert whole == {"$ref": "#/$defs/recipe"}
    return {"$schema": DIALECT, "title": "A recipe of Altiplano", **top, "$defs": defs}


def _options(defs: dict[str, Schema], name: str, kind: type[BaseModel], without: set[str]) -> Schema:
    """A reference to the options of a class, whose schema becomes one of `defs`."""
    made = kind.model_json_schema(ref_template="#/$defs/{model}")
    for key, value in made.pop("$defs", {}).items():
        defs[key] = _with_variables(value)
    made.pop("title", None)
    made["properties"] = {
        key: value for key, value in made.get("properties", {}).items() if key not in without
    }
    made["required"] = [key for key in made.get("required", ()) if key not in without]
    defs[name] = _with_variables(made)
    return {"$ref": f"#/$defs/{name}"}


def _with_variables(schema: Schema) -> Schema:
    """The schema of an object whose values may be `${...}`; what a list may be stays one value, too."""
    found = schema.get("properties")
    if not isinstance(found, dict):
        return schema
    changed = {}
    for key, value in found.items():
        choices = [value, _VARIABLE]
        if value.get("type") == "array" and isinstance(value.get("items"), dict):
            choices.append(value["items"])
        shown = {part: value[part] for part in ("description", "default") if part in value}
        changed[key] = {"anyOf": choices, **shown}
    return schema | {"properties": changed}


def _step(defs: dict[str, Schema], name: str, kind: type[Verb]) -> Schema:
    if issubclass(kind, FilterVerb):
        return {"$ref": "#/$defs/rules"}
    return _options(defs, f"step.{name}", kind, set())


def _source(defs: dict[str, Schema], name: str, kind: type[BaseModel]) -> Schema:
    made = _options(defs, f"source.{name}", kind, {SOURCE})
    defs[f"source.{name}"]["properties"] |= {
        KIND: {"const": name},
        STEPS: {"$ref": "#/$defs/steps"},
        OLD_STEPS: {"$ref": "#/$defs/steps", "deprecated": True},
        **_EXPECTED,
    }
    return made


def _by_kind(named: Mapping[str, Schema]) -> list[Schema]:
    return [{"properties": {KIND: {"const": name}}, **own} for name, own in named.items()]


def _foreign_source() -> Schema:
    return {"properties": {KIND: _PLUGIN}}


def _one_key(name: str, options: Schema) -> Schema:
    """`name: {options}`, or `name:` with none."""
    return {
        "type": "object",
        "properties": {name: {"anyOf": [options, {"type": "null"}]}},
        "required": [name],
        "additionalProperties": False,
    }


def _names(known: Mapping[str, Any]) -> Schema:
    return {"anyOf": [{"enum": list(known)}, _PLUGIN]}


def _foreign_key() -> Schema:
    return {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
        "patternProperties": {":": True},
    }


def _any(choices: list[Schema]) -> Schema:
    return {"anyOf": choices}
