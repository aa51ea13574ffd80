"""A run or a stage's folder in, the finished stages that it stands on out, in whatever run they lie.

`tokenize`, `mix` and `train` write runs of their own. `given` in `run.json` says which stages of other runs a run read;
they are known by their fingerprints, so a folder that holds other content by now is never taken for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.graph import RUN_FILE, read_run, run_manifests
from stages.core import storage
from stages.core.errors import UserError
from stages.core.manifest import DOCUMENTS, MANIFEST_NAME, Manifest, read_manifest
from stages.core.stage import AnyStage, is_made_by
from stages.mix.mixture import Mix
from stages.tokenize.encode import Encode
from stages.tokenize.pack import Pack
from stages.train.stage import Train


@dataclass(frozen=True)
class TokenStages:
    """What there is of the way from tokens to a model; `fitted` only where the mixture is of best-fit sequences."""

    packed: Manifest
    mixed: Manifest | None = None
    fitted: Manifest | None = None
    trained: Manifest | None = None


def stages_at(folder: str) -> list[Manifest]:
    """The finished stages of a run, in its order, or the one whose folder it is; a UserError when it is neither."""
    if storage.exists(storage.join(folder, RUN_FILE)):
        return list(run_manifests(folder).values())
    if storage.exists(storage.join(folder, MANIFEST_NAME)):
        return [read_manifest(folder)]
    raise UserError(
        f"{folder}: neither a run nor a finished stage's folder; give the folder that a command printed"
    )


def stage_at(folder: str, stage: type[AnyStage]) -> Manifest:
    """The last finished stage of a kind in a run or folder; a UserError when there is none."""
    found = _last(stages_at(folder), stage)
    if found is None:
        raise UserError(f"{folder}: holds no finished stage {stage.stage_name!r}")
    return found


def run_of(manifest: Manifest) -> str | None:
    """The folder of the run that a stage lies in, if it lies in one."""
    run = storage.absolute(manifest.folder).rpartition("/")[0]
    return run if storage.exists(storage.join(run, RUN_FILE)) else None


def token_stages(folder: str) -> TokenStages | None:
    """The packed tokens of a run or a stage, and mixture and training where it has them; None when it has no tokens."""
    there = stages_at(folder)
    if (trained := _last(there, Train)) is not None:
        packed, mixed, *fitted = stages_read(folder, trained)
        return TokenStages(packed, mixed, fitted[0] if fitted else None, trained)
    if (mixed_here := _last(there, Mix)) is not None:
        packed, *fitted = stages_read(folder, mixed_here)
        return TokenStages(packed, mixed_here, fitted[0] if fitted else None)
    packed_here = _last(there, Pack)
    return None if packed_here is None else TokenStages(packed_here)


def need_token_stages(folder: str) -> TokenStages:
    """The packed tokens of a run or a stage, and what there is beyond them; a UserError when there are none."""
    found = token_stages(folder)
    if found is None:
        raise UserError(f"{folder}: holds no packed tokens yet; make them with `altiplano run` or `tokenize`")
    return found


def stages_read(folder: str, reader: Manifest) -> list[Manifest]:
    """The stages that a finished stage of `folder` read, in its own run or in those that this was given."""
    run = run_of(reader)
    if run is None:
        raise UserError(
            f"{folder}: this stage lies in no run, so what it read is not known; give it in its run's folder"
        )
    own = {manifest.fingerprint: manifest for manifest in run_manifests(run).values()}
    given = [place for place in read_run(run).given.values() if place]
    return [own[wanted] if wanted in own else _given(folder, given, wanted) for wanted in reader.inputs]


def _given(folder: str, places: list[str], fingerprint: str) -> Manifest:
    """The stage of this fingerprint among folders of other runs."""
    for place in places:
        if storage.exists(storage.join(place, MANIFEST_NAME)):
            manifest = read_manifest(place)
            if manifest.fingerprint == fingerprint:
                return manifest
    gone = next((place for place in places if place.endswith(f"-{fingerprint}")), f"stage {fingerprint}")
    raise UserError(
        f"{folder}: it was made of {gone}, which is not there any more; put that run back, or repeat the command that"
        f" made {folder} with the run's new place (and the same --out): what is finished is kept"
    )


def _last(manifests: list[Manifest], stage: type[AnyStage]) -> Manifest | None:
    return next((one for one in reversed(manifests) if is_made_by(one, stage)), None)


def last_documents(folder: str) -> list[Manifest]:
    """The stages that hold what a run ended with, or so far: those whose documents no finished stage of it took on.

    Of a stage's folder it is that stage.
    """
    if not storage.exists(storage.join(folder, RUN_FILE)):
        return [one for one in stages_at(folder) if _holds_documents(one)]
    record, manifests = read_run(folder), run_manifests(folder)
    if record.outputs and all(name in manifests for name in record.outputs):
        return [manifests[name] for name in record.outputs if _holds_documents(manifests[name])]
    holders = {name: one for name, one in manifests.items() if _holds_documents(one)}
    taken = {name for node in record.nodes if node.name in holders for name in node.inputs}
    return [manifest for name, manifest in holders.items() if name not in taken]


def _holds_documents(manifest: Manifest) -> bool:
    """Whether a stage wrote documents, or would have if it had not dropped all that it read."""
    lost_all = manifest.documents_in + manifest.created > 0 and manifest.documents_out == 0
    return manifest.wrote_documents or lost_all


def finished_documents(run: str) -> list[Manifest]:
    """The stages whose documents a run ended with, or those that its tokens were made of; a UserError when there are none."""
    found = token_stages(run)
    if found is None:
        documents = last_documents(run)
    else:
        home = run_of(found.packed) or run
        record, own = read_run(home), run_manifests(home)
        encoded = [node for node in record.nodes if node.stage == Encode.stage_name]
        if not encoded:  # documents were taken out of it before
            documents = last_documents(home)
        else:
            documents = [_stage_called(home, name, own, record.given) for name in encoded[-1].inputs]
    documents = [one for one in documents if one.of_kind(DOCUMENTS)]
    if not documents:
        raise UserError(f"{run}: holds no documents; give the run that made them")
    return documents


def _stage_called(run: str, name: str, own: Mapping[str, Manifest], given: Mapping[str, str]) -> Manifest:
    """A stage by its name, in a run or among those that it was given."""
    if name in own:
        return own[name]
    folder = given.get(name, "")
    if not folder or not storage.exists(storage.join(folder, MANIFEST_NAME)):
        raise UserError(
            f"{run}: what its tokens were made of ({name}) lies in no run, or is not there any more; put it back, or tokenize"
            " what lies elsewhere anew"
        )
    return read_manifest(folder)
