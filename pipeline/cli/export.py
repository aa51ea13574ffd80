"""`altiplano export tokens|model`: what a run made, in the formats of other trainers and of Hugging Face."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated

from cyclopts import App, Parameter

from pipeline.chain import need_token_stages, token_stages
from pipeline.cli.output import say
from stages.core.errors import UserError
from stages.core.manifest import MODEL
from stages.mix.schedule import read_mixture
from stages.tokenize.exports import export_formats, export_tokens
from stages.tokenize.pack import PackedShard

app = App(name="export", help="Write what a run made in other tools' formats.")


@app.command
def tokens(
    run: str,
    /,
    *,
    out: str,
    format: Annotated[str, Parameter(help=f"one of {', '.join(export_formats())}")],
) -> None:
    """Packed tokens for another trainer: files of each source, and dataset.json that says what the ids mean.

    Parameters
    ----------
    run
        folder of a run with packed tokens
    out
        folder to write into
    """
    names = export_tokens(need_token_stages(run).packed.folder, out, format)
    say(f"{out}: {len(names)} files: {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}")


@app.command
def model(run: str, /, *, out: str, dtype: str = "bfloat16") -> None:
    """The trained model in Hugging Face's Llama layout.

    Parameters
    ----------
    run
        folder of a run that trained a model
    out
        folder to write into
    dtype
        bfloat16, float16 or float32
    """
    if find_spec("torch") is None:
        raise UserError("exporting a model needs torch: pip install '.[train]'")
    from stages.train.export import export_hugging_face

    found = token_stages(run)
    if found is None or found.trained is None or found.mixed is None:
        raise UserError(
            f"{run}: no finished training there; give the folder that `altiplano train` or `run` wrote"
        )
    checkpoints = [uri for uri in found.trained.uris(MODEL) if uri.endswith(".pt")]
    length = read_mixture(found.mixed.folder).sequence_length
    means = found.packed.facts_of(PackedShard)[0]
    names = export_hugging_face(checkpoints[-1], out, length, dtype, means.bos, means.eos)
    say(f"{out}: {', '.join(names)}")
