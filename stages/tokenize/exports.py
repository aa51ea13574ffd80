"""The folder of a finished pack stage and a mixture of it in, tokens and mixture in another trainer's file format out.

A format is a subclass in a file of its own below `stages/tokenize/export`, which is all that it takes to add one; or a
plug-in.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson

from stages.core import storage
from stages.core.atomic import write_bytes
from stages.core.discover import Pluggable, classes_in
from stages.core.errors import UserError
from stages.core.manifest import Record
from stages.core.names import file_stem
from stages.core.plugins import Catalogue
from stages.tokenize.shards import TOKEN_DTYPES, TokenShard, token_shards

FORMATS_ROOM = "stages.tokenize.export"
ABOUT_FILE, MIXTURE_FILE = "dataset.json", "mixture.json"


class MixtureShare(Record):
    """One source of a mixture. `weight` is its share of the tokens that are drawn, repeats counted; `tokens` are they."""

    weight: float
    epochs: float
    tokens: int
    tokens_available: int


class ExportMixture(Record):
    """What exports say of a mixture; the sources are named as in the run."""

    packing: str
    sequence_length: int
    total_tokens: int
    sources: dict[str, MixtureShare]


@dataclass(frozen=True)
class BlendPart:
    """A source that the mixture draws from, and what its files are called."""

    stem: str
    share: MixtureShare


class ExportFormat(Pluggable, ABC):
    """A file format of tokens. The index is written last: where it is, the data is whole."""

    name: ClassVar[str]

    def dtype(self, packed: str) -> str:
        """Numpy's name of the type in which ids are written that are packed as uint16 or uint32."""
        return TOKEN_DTYPES[packed].str

    @abstractmethod
    def write(self, shards: Sequence[TokenShard], folder: str, stem: str) -> list[str]:
        """Write the shards of one source, whose files begin with `stem`; the names of the files below `folder`."""

    def blend(self, parts: Sequence[BlendPart], folder: str) -> dict[str, bytes]:
        """The files that the format's trainer reads a mixture from, by name, of an export into `folder`; often none."""
        return {}


def export_formats() -> dict[str, ExportFormat]:
    """Every format of ours by its name, sorted."""
    return {name: kind() for name, kind in FORMATS.own().items()}


FORMATS: Catalogue[ExportFormat] = Catalogue(
    what="format",
    field="name",
    base=ExportFormat,
    ours=lambda: classes_in(FORMATS_ROOM, ExportFormat),
    name_of=lambda kind: getattr(kind, "name", None),
)
"""Every format by its name, those of plug-ins too."""


def export_tokens(folder: str, out: str, format_name: str, mixture: ExportMixture | None = None) -> list[str]:
    """Write the packed tokens of a pack stage's folder, and their mixture if it is known, in a format; the files' names.

    `dataset.json`, written last, says what the ids mean and which files are of which source.
    """
    chosen = FORMATS.find(format_name)()
    shards, means = token_shards(folder)
    stems = _stems({shard.source for shard in shards}, out)
    # Before the data, which may take hours: a mixture that cannot be written is refused at once.
    last = {} if mixture is None else chosen.blend(_drawn(mixture, stems), out)
    _forget(out, [ABOUT_FILE, MIXTURE_FILE, *chosen.blend([], out)])
    storage.make_folder(out)
    files: dict[str, list[str]] = {}
    sources = {}
    for source, stem in stems.items():
        own = [shard for shard in shards if shard.source == source]
        files[source] = chosen.write(own, out, stem)
        counts = {name: sum(getattr(shard, name) for shard in own) for name in ("documents", "tokens")}
        sources[source] = {**counts, "files": files[source]}
    if mixture is not None:
        last[MIXTURE_FILE] = _json(_described(mixture, files))
    last[ABOUT_FILE] = _json(
        {
            **means.model_dump(include={"bos", "eos", "tokenizer_sha256", "vocab_size"}),
            "dtype": chosen.dtype(means.dtype),
            "format": chosen.name,
            "sources": sources,
        }
    )
    for name, data in last.items():
        write_bytes(storage.join(out, name), data)
    return [name for own_files in files.values() for name in own_files] + list(last)


def _stems(sources: set[str], out: str) -> dict[str, str]:
    """What the files of each source are called; a UserError where a name, which may come from anywhere, is none."""
    stems: dict[str, str] = {}
    taken: dict[str, str] = {}
    for source in sorted(sources):
        try:
            stems[source] = file_stem(source)
        except UserError as error:
            raise UserError(f"{out}: {source[:200]!r} is no name of a file below it ({error})") from error
        other = taken.setdefault(stems[source].lower(), source)
        if other != source:
            raise UserError(
                f"{out}: files of {other} and {source} would have one name where capitals do not count; rename one source"
            )
    return stems


def _drawn(mixture: ExportMixture, stems: Mapping[str, str]) -> list[BlendPart]:
    """The sources that the mixture draws something of: trainers refuse a weight of 0."""
    return [BlendPart(stems[name], share) for name, share in sorted(mixture.sources.items()) if share.tokens]


def _forget(out: str, names: Sequence[str]) -> None:
    """Delete what an earlier export into this folder said of its files: it is not true of those that come."""
    for uri in (storage.join(out, name) for name in names):
        if storage.exists(uri):
            storage.delete_file(uri)


def _described(mixture: ExportMixture, files: Mapping[str, list[str]]) -> dict[str, Any]:
    """What mixture.json holds: the mixture, and the files of each source."""
    described = mixture.model_dump(mode="json")
    for source, share in described["sources"].items():
        share["files"] = files.get(source, [])
    return described


def _json(value: Mapping[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2) + b"\n"
