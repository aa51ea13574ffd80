"""`altiplano ingest KIND`: a command for every kind of source, its options made from the fields of its stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from cyclopts import App, Parameter
from pydantic import create_model

from pipeline.cli.running import Where, add_command, checked, flat, run_graph
from pipeline.graph import Graph
from pipeline.registry import KINDS, Kind, source_kinds
from stages.core import storage
from stages.core.errors import UserError
from stages.core.manifest import Record
from stages.ingest.base import RawStage

CATALOGUE = KINDS

_RAW_FILES = Annotated[list[str], Parameter(help="raw files, folders or quoted patterns")]

_NAME = Annotated[
    str | None,
    Parameter(name="--name", help="name of the source, which documents carry; its kind's by default"),
]


def ingest(options: RawStage[Any], where: Where) -> None:
    """Read raw files of one source into documents."""
    out = storage.absolute(where.out)
    for pattern in options.input:
        if out.startswith(storage.absolute(pattern).rstrip("/") + "/"):
            raise UserError(
                f"{where.out}: lies in the input {pattern}, which would take it in; give another --out"
            )
    graph = Graph()
    last = options.wire(graph.below(""))
    run_graph(graph, f"ingest {options.source}", where, [last])


def _add(group: App, name: str, kind: Kind) -> None:
    def command(inputs, /, *, options=None, where):  # type: ignore[no-untyped-def]
        given = options.model_dump(exclude_unset=True) if options is not None else {}
        ingest(checked(kind, given | {"input": tuple(inputs)}), where)

    fields: dict[str, Any] = {k: (v.annotation, v) for k, v in kind.model_fields.items() if k != "input"}
    fields["source"] = (_NAME, None)
    bare = create_model(f"{kind.__name__}Options", __base__=Record, **fields)
    line = f"Raw files of {name} to documents."
    add_command(group, name, line, command, inputs=_RAW_FILES, options=flat(bare))


def make_group(added: Mapping[str, Kind] | None = None) -> App:
    """The group of all our kinds, and of those `added`."""
    group = App(name="ingest", help="Read the raw files of one source into documents.")
    for name, kind in {**source_kinds(), **(added or {})}.items():
        _add(group, name, kind)
    return group


app = make_group()
