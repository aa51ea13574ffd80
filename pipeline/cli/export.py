"""`altiplano export documents|tokens|model`: what a run made, in the formats of other trainers and of Hugging Face."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from typing import Annotated

from cyclopts import App, Parameter

from pipeline.card.publish import export_documents
from pipeline.chain import need_token_stages, run_of, stage_at, token_stages
from pipeline.cli.output import note, say
from pipeline.inspect.document import tokenizer_file
from stages.core import storage
from stages.core.atomic import write_bytes
from stages.core.errors import UserError
from stages.core.manifest import MODEL, Manifest
from stages.core.names import below
from stages.mix.mixture import Mix
from stages.mix.schedule import read_mixture
from stages.tokenize.exports import FORMATS, ExportMixture, MixtureShare, export_tokens
from stages.tokenize.pack import PackedShard
from stages.tokenize.tokenizers.transformers_files import transformers_files
from stages.train.checkpoint_index import INDEX_NAME

CATALOGUE = FORMATS


def tokens(run: str, /, *, out: str, format: str, mixture: str | None = None) -> None:
    """Packed tokens for another trainer: files of each source, dataset.json that says what the ids mean, the mixture.

    Parameters
    ----------
    run
        folder of a run with packed tokens
    out
        folder to write into
    mixture
        run that holds the mixture, where the run of the tokens does not
    """
    found = need_token_stages(run)
    mixed = found.mixed if mixture is None else _mixture_of(found.packed, run, mixture)
    names = export_tokens(found.packed.folder, out, format, None if mixed is None else _exported(mixed))
    if mixed is None:
        note(f"{run} holds no mixture; --mixture RUN writes the one of another run beside the tokens")
    elif phases := len(read_mixture(mixed.folder).phases):
        note(
            f"the mixture has {phases} phases, and {format} its shares of the whole;"
            " trainers that read the run see them in order (docs/trainers.md)"
        )
    say(f"{out}: {len(names)} files: {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}")


def documents(run: str, /, *, to: str) -> None:
    """Documents as a dataset that `datasets.load_dataset` reads: Parquet by source, and the card.

    Parameters
    ----------
    run
        folder of a run
    to
        folder to write into, or hf://datasets/USER/NAME
    """
    names = export_documents(run, to)
    say(f"{to}: {len(names) - 1:,} files of documents and {names[-1]}")


def model(
    run: str,
    /,
    *,
    out: str,
    dtype: str = "bfloat16",
    step: int | None = None,
    tokenizer: str | None = None,
) -> None:
    """The trained model and its tokenizer as transformers' AutoModelForCausalLM and AutoTokenizer load them.

    Parameters
    ----------
    run
        folder of a run that trained a model
    out
        folder to write into
    dtype
        bfloat16, float16 or float32
    step
        of which kept checkpoint; the last one unless said
    tokenizer
        file of the tokenizer, where the run that packed the tokens did not train it
    """
    if find_spec("torch") is None:
        raise UserError("exporting a model needs torch: pip install '.[train]'")
    from stages.train.export import export_hugging_face

    found = token_stages(run)
    if found is None or found.trained is None or found.mixed is None:
        raise UserError(
            f"{run}: no finished training there; give the folder that `altiplano train` or `run` wrote"
        )
    length = read_mixture(found.mixed.folder).sequence_length
    means = found.packed.facts_of(PackedShard)[0]
    files = _tokenizer_files(found.packed, means.tokenizer_sha256, tokenizer, length)
    checkpoint = _checkpoint(run, found.trained, step)
    names = export_hugging_face(checkpoint, out, length, dtype, means.bos, means.eos)
    for name, content in files.items():
        write_bytes(storage.join(out, name), content)
    names += files
    say(f"{out}: {', '.join(names)}")


def _tokenizer_files(packed: Manifest, sha256: str, given: str | None, length: int) -> dict[str, bytes]:
    """The files of the tokenizer of packed tokens; none, and a note, where no file of it is known."""
    try:
        file = tokenizer_file(run_of(packed) or packed.folder, sha256, given, "--tokenizer")
    except UserError as unknown:
        if given is not None:
            raise
        note(f"no tokenizer is written beside the model: {unknown}")
        return {}
    return transformers_files(storage.read_bytes(file), file, length)


def _checkpoint(run: str, trained: Manifest, step: int | None) -> str:
    """The checkpoint after a step, or the last one."""
    folders = [file for file in trained.of_kind(MODEL) if file.name.endswith(f"/{INDEX_NAME}")]
    by_step = {file.rows: below(trained.folder, file.name.removesuffix(f"/{INDEX_NAME}")) for file in folders}
    if not by_step:
        raise UserError(
            f"{run}: its checkpoints are of an earlier version, which exports them; or train again"
        )
    if step is not None and step not in by_step:
        there = ", ".join(str(number) for number in sorted(by_step))
        raise UserError(f"{run}: there is no checkpoint of step {step}; kept are those of steps {there}")
    return by_step[max(by_step) if step is None else step]


def _mixture_of(packed: Manifest, run: str, mixture: str) -> Manifest:
    """The mixture that a run holds; a UserError when it is not one of these tokens."""
    mixed = stage_at(mixture, Mix)
    if mixed.inputs[0] != packed.fingerprint:
        raise UserError(
            f"{mixture}: a mixture of other tokens than those of {run}; give a run that mixed these"
        )
    return mixed


def _exported(mixed: Manifest) -> ExportMixture:
    """What exports say of a mixture. Weights are shares of tokens: other trainers make sequences of their own."""
    mixture = read_mixture(mixed.folder)
    shares = {
        source: MixtureShare(
            weight=part.tokens / mixture.total_tokens,
            epochs=part.epochs,
            tokens=part.tokens,
            tokens_available=part.tokens_available,
        )
        for source, part in mixture.sources.items()
    }
    return ExportMixture(
        packing=mixture.packing,
        sequence_length=mixture.sequence_length,
        total_tokens=mixture.total_tokens,
        sources=shares,
    )


def make_group(formats: Iterable[str] | None = None) -> App:
    """The group; the help of `tokens` lists these formats, or ours."""
    listed = ", ".join(sorted(FORMATS.own() if formats is None else formats))
    shown = Annotated[str, Parameter(help=f"one of {listed}, or module:Class")]
    tokens.__annotations__["format"] = shown
    group = App(name="export", help="Write what a run made in other tools' formats.")
    group.command(documents)
    group.command(tokens)
    group.command(model)
    return group


app = make_group()
