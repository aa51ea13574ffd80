"""Runs in, the arms of a comparison out: tokens, mixture and tokenizer of each, and whether they can be compared."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.chain import TokenStages, need_token_stages, run_of
from pipeline.inspect.document import tokenizer_file
from stages.core import storage
from stages.core.errors import UserError
from stages.core.names import name_fault
from stages.mix.schedule import Mixture, read_mixture
from stages.tokenize.shards import TokenShard, token_shards
from stages.tokenize.token_index import read_index


@dataclass(frozen=True)
class Arm:
    """One run of a comparison. Folders are those of finished stages; `fit` only for best-fit sequences."""

    name: str
    pack: str
    mix: str
    fit: str | None
    mixture: Mixture
    tokenizer: str
    shards: tuple[TokenShard, ...]

    @property
    def bytes_per_token(self) -> float:
        """Of the text that the mixture draws."""
        text, tokens = 0.0, 0
        for source, part in self.mixture.sources.items():
            mine = [shard for shard in self.shards if shard.source == source]
            if part.tokens:
                text += part.tokens * sum(s.text_bytes for s in mine) / sum(s.tokens for s in mine)
                tokens += part.tokens
        return text / tokens


def open_arms(runs: Sequence[str], tokenizers: Sequence[str] = ()) -> list[Arm]:
    """The arms in the order given; a UserError when they cannot be compared.

    `tokenizers` are files of those that no run trained; those of the other arms are looked at too.
    """
    if len(runs) < 2:
        raise UserError("ablate: give two runs or more; the others are compared with the first")
    found = [(run, need_token_stages(run)) for run in runs]
    names = [storage.absolute(run).rstrip("/").rpartition("/")[2] for run in runs]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"{name}: two runs of this name; give folders that are called by what they are")
        if (fault := name_fault(name, "run")) is not None:
            raise UserError(f"{name}: {fault}")
    places = [run_of(stages.packed) or run for run, stages in found]
    arms = [
        _arm(name, run, stages, places, tokenizers) for name, (run, stages) in zip(names, found, strict=True)
    ]
    lengths = {arm.name: arm.mixture.sequence_length for arm in arms}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise UserError(f"sequences are of different lengths ({told}); mix with one sequence_length")
    return arms


def _arm(name: str, run: str, stages: TokenStages, places: Sequence[str], tokenizers: Sequence[str]) -> Arm:
    if stages.mixed is None:
        raise UserError(f"{run}: holds no mixture; run its recipe, or `altiplano mix`")
    shards, means = token_shards(stages.packed.folder)
    return Arm(
        name=name,
        pack=stages.packed.folder,
        mix=stages.mixed.folder,
        fit=None if stages.fitted is None else stages.fitted.folder,
        mixture=read_mixture(stages.mixed.folder),
        tokenizer=_tokenizer(run, means.tokenizer_sha256, places, tokenizers),
        shards=tuple(shards),
    )


def _tokenizer(run: str, sha256: str, places: Sequence[str], tokenizers: Sequence[str]) -> str:
    """The file of a tokenizer: one of those given, or what one of the runs trained."""
    for file in tokenizers:
        if storage.sha256_file(file) == sha256:
            return file
    for place in dict.fromkeys(places):
        try:
            return tokenizer_file(place, sha256, None)
        except UserError:
            continue
    raise UserError(
        f"{run}: the file of its tokenizer ({sha256[:12]}) is in none of the runs; give it by --tokenizer"
    )


def equal_tokens(arms: Sequence[Arm], tokens: int | None) -> int:
    """Tokens to train each arm on: those asked for, or as many as the smallest mixture draws."""
    least = min(arms, key=lambda arm: arm.mixture.total_tokens)
    there = least.mixture.total_tokens
    if tokens is not None and tokens > there:
        raise UserError(
            f"{least.name}: its mixture draws {there:,} tokens, fewer than the {tokens:,} asked for; ask for fewer, or"
            " mix it anew with a budget"
        )
    return there if tokens is None else tokens


def ids_in_arms(arms: Sequence[Arm], ids: Collection[str]) -> set[str]:
    """Those of these documents that an arm has packed."""
    wanted = pa.array(sorted(ids), pa.string())
    found: set[str] = set()
    for shard in {shard.uri: shard for arm in arms for shard in arm.shards}.values():
        column = read_index(shard.index_uri, shard.documents, shard.tokens).column("id").cast(pa.string())
        found.update(column.filter(pc.is_in(column, value_set=wanted)).to_pylist())
    return found
