"""`python -m benchmarks.near_duplicates --data DIR`: precision and recall of near dedup on variants of real documents.

Real texts are cut into documents, and variants of them are made with a seed (`benchmarks.labels`). The truth is the exact
Jaccard similarity of five-word shingles for every pair, not only for those that were made. It is taken twice: with our words
and with plain ones, since every tool normalises words in its own way.
"""

from __future__ import annotations

import itertools
import struct
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import datasketch
import numpy as np
import pyarrow as pa
import xxhash
from cyclopts import App

from benchmarks import corpus, work
from benchmarks.labels import (
    Ints,
    Pairs,
    our_shingles,
    plain_shingles,
    plain_words,
    similar_pairs,
    variants,
)
from benchmarks.peer import Peers
from stages.core.manifest import DOCUMENTS, Manifest
from stages.core.parquet import read_batches, read_documents
from stages.dedup.near.verb import DedupNear
from stages.kernels.sketch.minhash import band_keys, sign, similarity

FLOOR = 0.3
FAR = 0.1
"""A document that is removed for none that is as near as the threshold less this was removed wrongly by a wide margin."""

BINS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
BASES = 11_000

app = App(name="near_duplicates", help="Precision and recall of near dedup, beside peers.")


@dataclass(frozen=True)
class Answer:
    """What a tool says: codes of the pairs that it takes for duplicates, and the rows that it removes."""

    name: str
    pairs: Ints
    removed: Ints
    theory: tuple[int, int]
    candidates: Ints | None = field(default=None)


def codes(one: Ints, other: Ints, count: int) -> Ints:
    """Each unordered pair of rows below `count` as one number, sorted and distinct."""
    return np.unique(np.minimum(one, other) * count + np.maximum(one, other))


def bucket_pairs(keys: Ints, rows: Ints, count: int) -> Ints:
    """Codes of all pairs of rows that share a key."""
    order = np.argsort(keys, kind="stable")
    keys, rows = keys[order], rows[order]
    edges = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1], True])
    found = [np.empty((0, 2), np.int64)]
    for first, last in itertools.pairwise(edges.tolist()):
        if last - first > 1:
            found.append(np.array(list(itertools.combinations(rows[first:last], 2)), np.int64))
    both = np.concatenate(found)
    return codes(both[:, 0], both[:, 1], count)


def ours(texts: Sequence[str], documents: Manifest, options: DedupNear, folder: Path, name: str) -> Answer:
    """Pairs that share a band and pass verification, by the kernels; removals by all six stages."""
    bands, rows = options.banding()
    signatures = sign(pa.array(texts, pa.large_string()), options.shingle_words, bands * rows, options.seed)
    keys = band_keys(signatures.values, bands, rows)
    count = len(texts)
    candidates = bucket_pairs(keys.ravel(), np.repeat(np.arange(count), bands), count)
    cut = options.threshold or (1 / bands) ** (1 / rows)
    sketches = signatures.documents
    near = [
        similarity(sketches[code // count], sketches[code % count]) >= cut for code in candidates.tolist()
    ]
    folder.mkdir()
    manifests = work.finish_verb(options, str(folder), documents)
    kept = {
        name
        for batch in read_documents(manifests[-1].uris(DOCUMENTS), ["id"])
        for name in batch.column("id").to_pylist()
    }
    ids = [
        name
        for batch in read_batches(documents.uris(DOCUMENTS), ["id"])
        for name in batch.column("id").to_pylist()
    ]
    removed = np.flatnonzero([name not in kept for name in ids])
    return Answer(name, candidates[np.array(near, bool)], removed, (bands, rows), candidates)


def with_datasketch(texts: Sequence[str], threshold: float, num_hashes: int) -> Iterator[Answer]:
    """Pairs by MinHashLSH's queries, and those of them whose signatures agree to the threshold.

    Documents come one after another; one is removed when a kept one before it is found.
    """
    hashes = []
    for text in texts:
        words = plain_words(text)
        grams = {" ".join(words[i : i + 5]).encode() for i in range(max(1, len(words) - 4))}
        hashes.append(datasketch.MinHash(num_hashes, hashfunc=xxhash.xxh32_intdigest))
        hashes[-1].update_batch(grams)
    for verified in (False, True):
        index = datasketch.MinHashLSH(threshold=threshold, num_perm=num_hashes)
        pairs, removed, gone = [], [], np.zeros(len(texts), bool)
        for row, minhash in enumerate(hashes):
            found = index.query(minhash)
            if verified:
                found = [other for other in found if minhash.jaccard(hashes[other]) >= threshold]
            pairs += [(other, row) for other in found]
            if any(not gone[other] for other in found):
                gone[row] = True
                removed.append(row)
            index.insert(row, minhash)
        both = np.array(pairs, np.int64).reshape(-1, 2)
        name = "datasketch" + (", verified" if verified else "")
        yield Answer(
            name, codes(both[:, 0], both[:, 1], len(texts)), np.array(removed, np.int64), (index.b, index.r)
        )


def with_datatrove(
    peers: Peers, lines: Path, count: int, bands: int, rows: int, folder: Path
) -> Answer | None:
    """Pairs that share a bucket; removals by its four stages, which keep one document of a cluster."""
    folder.mkdir()
    if peers.run("datatrove", "decisions", lines, folder, bands, rows) is None:
        return None
    found = [np.empty((0, 2), np.int64)]
    for bucket in range(bands):
        content = (folder / "buckets" / f"{bucket:05d}_00.dups").read_bytes()
        pairs = np.array([(a, b) for _, a, _, b in struct.iter_unpack("<4I", content)], np.int64)
        found.append(_chains(pairs.reshape(-1, 2)))
    both = np.concatenate(found)
    removed = np.frombuffer((folder / "remove" / "000000.remove").read_bytes(), "<u4").astype(np.int64)
    return Answer("datatrove", codes(both[:, 0], both[:, 1], count), removed, (bands, rows))


def _chains(pairs: Ints) -> Ints:
    """All pairs of each chain: a bucket names each document with the one before it, in the order of the bucket."""
    groups: list[list[int]] = []
    for one, other in pairs.tolist():
        if groups and groups[-1][-1] == one:
            groups[-1].append(other)
        else:
            groups.append([one, other])
    every = [pair for group in groups for pair in itertools.combinations(group, 2)]
    return np.array(every, np.int64).reshape(-1, 2)


def pair_scores(found: Ints, truth: Pairs, threshold: float, count: int) -> tuple[float, float, float]:
    """(precision, recall, F1) of codes of pairs against the pairs that are similar to `threshold`."""
    true = codes(truth.one, truth.other, count)[truth.jaccard >= threshold]
    hits = len(np.intersect1d(found, true, assume_unique=True))
    precision, recall = hits / max(1, len(found)), hits / max(1, len(true))
    return precision, recall, 2 * precision * recall / max(1e-12, precision + recall)


def document_scores(removed: Ints, truth: Pairs, threshold: float, count: int) -> tuple[int, int]:
    """(removed with no kept document that is similar to `threshold`, kept with a kept one before it that is)."""
    kept = np.ones(count, bool)
    kept[removed] = False
    near = truth.jaccard >= threshold
    one, other = truth.one[near], truth.other[near]
    has_kept = np.zeros(count, bool)
    has_kept[one[kept[other]]] = True
    has_kept[other[kept[one]]] = True
    unfounded = int(np.count_nonzero(~kept & ~has_kept))
    missed = len(np.unique(other[kept[one] & kept[other]]))
    return unfounded, missed


def recall_by_bin(
    found: Ints, truth: Pairs, bands: int, rows: int, count: int
) -> list[tuple[int, float, float]]:
    """For each bin of true similarity: pairs, the share of them found, and the share that theory promises."""
    hit = np.isin(codes(truth.one, truth.other, count), found)
    promised = 1 - (1 - truth.jaccard**rows) ** bands
    out = []
    for low, high in itertools.pairwise(BINS):
        inside = (truth.jaccard >= low) & ((truth.jaccard < high) | (high == BINS[-1]))
        total = int(inside.sum())
        share = (float(hit[inside].mean()), float(promised[inside].mean())) if total else (0.0, 0.0)
        out.append((total, *share))
    return out


@app.default
def main(*, data: Path, threshold: float = 0.8, bases: int = BASES, peers: Path = Path(".peers")) -> None:
    """Print the quality of near dedup on variants of real documents, beside peers.

    Parameters
    ----------
    data
        folder of raw dumps, a folder per source
    threshold
        similarity from which on two documents are near duplicates
    bases
        real documents; as many variants and half as many again are made of them
    peers
        environment of the peers that `make peers` installs
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = _documents(data, folder, bases)
        texts, count = [text for _, text in rows], len(rows)
        documents = corpus.write_documents(rows, folder / "documents", folder / "documents.jsonl")
        labels = {
            "our words": similar_pairs(our_shingles(texts), FLOOR),
            "plain words": similar_pairs(plain_shingles(texts), FLOOR),
        }
        size = sum(len(text.encode()) for text in texts) / 1e6
        print(f"{count:,} documents, {size:.1f} MB.")
        for words, truth in labels.items():
            near = truth.jaccard >= threshold
            rows_near = np.unique(np.r_[truth.one[near], truth.other[near]])
            print(
                f"By {words}: {len(near):,} pairs of Jaccard {FLOOR} or more, {near.sum():,} of {threshold} or more, "
                f"among {len(rows_near):,} documents."
            )
        answers = list(_answers(texts, documents, folder, threshold, Peers(peers)))
        _print_scores(answers, labels, threshold, count)
        _print_bins(answers, labels["our words"], count)
        if len(answers) < 6:
            print("\ndatatrove is not installed, so its rows are left out; `make peers` installs it.")


def _documents(data: Path, folder: Path, bases: int) -> list[tuple[str, str]]:
    """Documents of all sources, taken evenly from what there is, and their variants, in one shuffled order."""
    real = [
        (source, piece)
        for number, (source, text) in enumerate(corpus.real_texts(data, folder))
        for piece in corpus.cut([text], number)
    ]
    generator = np.random.default_rng(1)
    chosen = np.sort(generator.permutation(len(real))[:bases])
    rows = [real[place] for place in chosen]
    made = variants([text for _, text in rows], len(rows) * 3 // 2, 1)
    rows += [(rows[row][0], text) for row, _, text in made]
    return [rows[place] for place in generator.permutation(len(rows))]


def _answers(
    texts: Sequence[str], documents: Manifest, folder: Path, threshold: float, peers: Peers
) -> Iterator[Answer]:
    options = DedupNear(threshold=threshold)
    yield ours(texts, documents, options, folder / "ours", "ours")
    plain = DedupNear(threshold=threshold, verify=False)
    yield ours(texts, documents, plain, folder / "unverified", "ours, not verified")
    yield from with_datasketch(texts, threshold, options.num_hashes)
    lines = folder / "documents.jsonl"
    for bands, rows in ((11, 10), (14, 8)):
        found = with_datatrove(peers, lines, len(texts), bands, rows, folder / f"datatrove-{bands}")
        if found is not None:
            yield found


def _print_scores(answers: Sequence[Answer], labels: dict[str, Pairs], threshold: float, count: int) -> None:
    print(
        f"\n| tool | bands x rows | words | precision | recall | F1 | removed | unfounded | by {FAR} | missed |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for answer in answers:
        for words, truth in labels.items():
            found = answer.pairs
            if answer.name == "ours, not verified":
                found = answer.candidates if answer.candidates is not None else found
            scores = " | ".join(f"{score:.4f}" for score in pair_scores(found, truth, threshold, count))
            unfounded, missed = document_scores(answer.removed, truth, threshold, count)
            far, _ = document_scores(answer.removed, truth, threshold - FAR, count)
            banding = "{} x {}".format(*answer.theory)
            counts = " | ".join(f"{number:,}" for number in (len(answer.removed), unfounded, far, missed))
            print(f"| {answer.name} | {banding} | {words} | {scores} | {counts} |")


def _print_bins(answers: Sequence[Answer], truth: Pairs, count: int) -> None:
    names = [f"{low}-{high}" for low, high in itertools.pairwise(BINS)]
    print("\n| pairs that share a band, by Jaccard (theory) | " + " | ".join(names) + " |")
    print("|" + "---|" * (len(names) + 1))
    first = recall_by_bin(answers[0].pairs, truth, *answers[0].theory, count)
    print("| pairs | " + " | ".join(f"{total:,}" for total, _, _ in first) + " |")
    for answer in answers:
        if answer.name == "datasketch, verified":
            continue
        found = answer.pairs if answer.candidates is None else answer.candidates
        bins = recall_by_bin(found, truth, *answer.theory, count)
        cells = " | ".join(f"{share:.3f} ({promised:.3f})" for _, share, promised in bins)
        print("| {}, {} x {} | ".format(answer.name, *answer.theory) + cells + " |")
    print("| ours, then verified | " + " | ".join(f"{share:.3f}" for _, share, _ in first) + " |")


if __name__ == "__main__":
    app()
