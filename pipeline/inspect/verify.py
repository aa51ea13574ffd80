"""A run in, what is wrong with it out: files missing, changed, short or too many, and counts that do not add up.

`run.json` holds the SHA-256 of every manifest, a manifest those of its files and of what its tasks reported; each of
them has a checksum of its own (`stages.core.sealed`). What no finished stage wrote is named too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from pipeline.graph import RUN_FILE, RunNode, RunRecord, read_run, run_manifests
from pipeline.inspect.absent import present_requests
from pipeline.inspect.changed_places import Fault, changed_places
from pipeline.run_failure import FAILURE_FILE
from pipeline.run_lock import LOCK_FILE
from stages.core import storage
from stages.core.errors import UserError
from stages.core.manifest import (
    EXCHANGE,
    MANIFEST_NAME,
    FileInfo,
    Manifest,
    conservation_fault,
    merging_fault,
    read_manifest,
    read_report,
    report_uri,
)
from stages.core.names import below
from stages.core.stage import FINGERPRINT_DIGITS, passing_fault
from stages.takedown.requests import read_any_requests

_STAGE_FOLDER = re.compile(rf"[0-9]{{2,}}-.+-[0-9a-f]{{{FINGERPRINT_DIGITS}}}")


@dataclass(frozen=True)
class Verified:
    """What was looked at, what was found wrong, in the order of the run, and what a reader should know besides.

    `absent` is how many lines of a list are shown to be in no document and no token; None where nobody asked.
    """

    num_files: int
    num_bytes: int
    faults: tuple[Fault, ...]
    notes: tuple[str, ...] = ()
    absent: int | None = None


def verify(run: str, absent: str | None = None) -> Verified:
    """Read every file of the finished stages of a run and compare it with what was written.

    With a list, also whether what it names is gone from it.
    """
    found = _verify(run)
    if absent is None:
        return found
    requests = read_any_requests(absent)
    present = tuple(present_requests(list(run_manifests(run).values()), requests)) if not found.faults else ()
    is_shown = not found.faults and not present
    return replace(found, faults=found.faults + present, absent=requests.num_lines if is_shown else 0)


def _verify(run: str) -> Verified:
    if not storage.exists(storage.join(run, RUN_FILE)) and not storage.exists(run):
        raise UserError(f"{run}: no such folder; give the folder of a run")
    try:
        record = read_run(run)
    except UserError as error:
        if not storage.exists(storage.join(run, RUN_FILE)):
            raise
        return Verified(0, 0, (_fault_of(error),))
    finished = [node for node in record.nodes if _is_begun(run, node)]
    if not finished:
        raise UserError(f"{run}: no stage is finished there; nothing to verify")
    faults: list[Fault] = []
    manifests: dict[str, Manifest] = {}
    expected = {RUN_FILE, LOCK_FILE, FAILURE_FILE}
    num_files = num_bytes = num_gone = 0
    there = set(storage.list_files(run))
    for node in finished:
        found, wrong = _manifest(run, node)
        faults += wrong
        expected.add(storage.join(node.folder, MANIFEST_NAME))
        if found is None:
            expected |= {
                name for name in there if name.startswith(node.folder + "/")
            }  # not known what belongs there
            continue
        manifests[node.name] = found
        expected |= _names(node.folder, found)
        kept = [file for file in found.files if file.kept]
        num_gone += len(found.files) - len(kept)
        num_files += len(kept)
        num_bytes += sum(file.bytes for file in kept)
        for file in kept:
            faults += _file_faults(found, file)
        faults += _report_faults(found)
    faults += _count_faults(record, manifests)
    strange, notes = _too_many(run, record, there - expected)
    if num_gone:
        notes.append(
            f"{run}: {num_gone:,} files are deleted, or were never written (keep: outputs); their counts add up"
        )
    return Verified(num_files, num_bytes, tuple(faults + strange), tuple(notes))


def _is_begun(run: str, node: RunNode) -> bool:
    """Whether a stage is finished, as far as the run's record or its own manifest says."""
    return node.manifest_sha256 is not None or storage.exists(storage.join(run, node.folder, MANIFEST_NAME))


def _fault_of(error: UserError) -> Fault:
    uri, _, reason = str(error).partition(": ")
    return Fault(uri, reason)


def _manifest(run: str, node: RunNode) -> tuple[Manifest | None, list[Fault]]:
    """The manifest of a stage, as far as it can be read, and what is wrong with it."""
    folder = below(run, node.folder)
    uri = storage.join(folder, MANIFEST_NAME)
    if not storage.exists(uri):
        what = "the manifest is missing" if storage.exists(folder) else "the folder of this stage is missing"
        return None, [Fault(uri, f"{what}; run the run's command again to make it")]
    try:
        manifest = read_manifest(folder)
    except UserError as error:
        return None, [_fault_of(error)]
    if node.manifest_sha256 is None:
        return manifest, [
            Fault(uri, f"{RUN_FILE} does not know it; run the run's command again to finish it")
        ]
    said = (node.name, node.stage, node.fingerprint, node.manifest_sha256)
    if said != (manifest.node, manifest.stage, manifest.fingerprint, storage.sha256_file(uri)):
        return manifest, [
            Fault(uri, f"it is not the manifest that {RUN_FILE} knows; delete it and run again")
        ]
    return manifest, []


def _names(folder: str, manifest: Manifest) -> set[str]:
    """What a finished stage's folder holds, by names below the run's."""
    reports = (report_uri(folder, task) for task in manifest.reports)
    return {storage.join(folder, file.name) for file in manifest.files if file.kept} | set(reports)


def _file_faults(manifest: Manifest, file: FileInfo) -> Iterator[Fault]:
    uri = below(manifest.folder, file.name)
    if not storage.exists(uri):
        yield Fault(uri, f"missing; it had {file.bytes:,} bytes")
        return
    found = storage.size_bytes(uri)
    if found != file.bytes:
        yield Fault(uri, f"has {found:,} bytes; it was written with {file.bytes:,}")
        return
    if storage.sha256_file(uri) == file.sha256:
        return
    places = list(changed_places(manifest, file, uri))
    yield from places or [Fault(uri, "its bytes changed (SHA-256); where is not known")]


def _report_faults(manifest: Manifest) -> Iterator[Fault]:
    for task, digest in manifest.reports.items():
        uri = report_uri(manifest.folder, task)
        try:
            report = read_report(manifest.folder, task)
        except UserError as error:
            yield _fault_of(error)
            continue
        if report is None:
            yield Fault(uri, "missing")
        elif report.content_sha256() != digest:
            yield Fault(
                uri, "it is not the report that the manifest knows; delete it and the manifest and run again"
            )


def _count_faults(record: RunRecord, manifests: Mapping[str, Manifest]) -> Iterator[Fault]:
    """Documents and rows that are lost, or made, in a stage or between two."""
    read = [manifest.rows_read for manifest in manifests.values()]
    for node in record.nodes:
        manifest = manifests.get(node.name)
        if manifest is None:
            continue
        uri = storage.join(manifest.folder, MANIFEST_NAME)
        for fault in (conservation_fault(manifest), merging_fault(manifest)):
            if fault:
                yield Fault(uri, fault)
        rows = manifest.rows(EXCHANGE)
        if wrong := sorted({found[node.fingerprint] for found in read if node.fingerprint in found} - {rows}):
            yield Fault(uri, f"sent {rows} rows, of which others read {', '.join(map(str, wrong))}")
        inputs = [manifests[name] for name in node.inputs if name in manifests]
        if len(inputs) == len(node.inputs) and (fault := passing_fault(manifest, inputs)):
            yield Fault(uri, fault)


def _too_many(run: str, record: RunRecord, names: set[str]) -> tuple[list[Fault], list[str]]:
    """Files that no finished stage wrote: those of a stage under way, or of an earlier recipe, are no fault."""
    own = {node.folder for node in record.nodes if not _is_begun(run, node)}
    faults, others = [], set()
    for name in sorted(names):
        folder, inside, _ = name.partition("/")
        if inside and folder in own:
            continue
        if (
            inside
            and _STAGE_FOLDER.fullmatch(folder)
            and folder not in {node.folder for node in record.nodes}
        ):
            others.add(folder)
            continue
        faults.append(Fault(storage.join(run, name), "no stage of this run wrote it; delete it"))
    notes = [
        f"{run}: {folder} is not finished"
        for folder in sorted(own)
        if storage.exists(storage.join(run, folder))
    ]
    notes += [
        f"{run}: {folder} is of no stage of this run; of an earlier recipe, perhaps"
        for folder in sorted(others)
    ]
    return faults, notes
