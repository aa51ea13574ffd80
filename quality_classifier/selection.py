"""Labelled pages in, the pages that are learnt from and measured on out: split by host, alike in length and language.

Columns in and out are arrays of one row for each page; nothing here depends on the order of rows. Classes are numbers; what
is of two (a host, near duplicates) is of the lower one, as reference pages are before random ones.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from quality_classifier.evaluate import Bools, Numbers
from stages.core.manifest import Record
from stages.kernels.hash.hashing import hash_strings

TRAIN, VALIDATION, TEST, UNUSED = "train", "validation", "test", ""
LENGTH_EDGES_CHARS = (300, 450, 700, 1_000, 1_500, 2_200, 3_300, 4_000)
"""Bounds of the bands of length inside which the classes are matched; a text that was cut is in the last."""


class SelectOptions(Record):
    """How labelled pages are split, and made alike."""

    held_out: float = Field(0.1, gt=0, lt=1, description="share of each class's hosts kept for the figures")
    validation: float = Field(
        0.1, ge=0, lt=1, description="share of each class's hosts kept for choosing (thresholds)"
    )
    max_pages_per_host: int = Field(20, gt=0, description="pages of one host, at most")
    match_lengths: bool = Field(
        True,
        description="as many pages of each class in every band of length and language (where all classes say theirs)",
    )


def split_hosts(
    hosts: pa.Array, classes: Numbers, options: SelectOptions, seed: int
) -> npt.NDArray[np.object_]:
    """TRAIN, VALIDATION or TEST for each row; pages of one host are in one part, and each class has its share of hosts."""
    encoded = hosts.dictionary_encode()
    number = encoded.indices.to_numpy()
    places = hash_strings(encoded.dictionary, seed)
    of_host = np.full(len(places), np.iinfo(np.int64).max)
    np.minimum.at(of_host, number, classes)
    part = np.full(len(places), TRAIN, object)
    for one in np.unique(of_host):
        own = np.flatnonzero(of_host == one)
        ranked = own[np.argsort(places[own], kind="stable")]
        test, validation = (_share_of(len(ranked), share) for share in (options.held_out, options.validation))
        part[ranked[:test]] = TEST
        part[ranked[test : test + validation]] = VALIDATION
    parts: npt.NDArray[np.object_] = part[number]
    return parts


def _share_of(count: int, share: float) -> int:
    """A share of so many hosts, rounded, and at least one of three and more."""
    return max(round(count * share), 1 if count >= 3 and share > 0 else 0)


def one_of_each_cluster(clusters: Numbers, classes: Numbers, order: npt.NDArray[np.uint64]) -> Bools:
    """Which rows stay when near duplicates go: of the lowest class, the first by `order`."""
    ranked = np.lexsort((order, classes, clusters))
    first = np.ones(len(ranked), bool)
    first[1:] = clusters[ranked][1:] != clusters[ranked][:-1]
    kept = np.zeros(len(ranked), bool)
    kept[ranked[first]] = True
    return kept


def capped(groups: Numbers, order: npt.NDArray[np.uint64], limits: Numbers | int) -> Bools:
    """Which rows are among the first of their group by `order`; `limits` is one number, or one for each row."""
    ranked = np.lexsort((order, groups))
    starts = np.ones(len(ranked), bool)
    starts[1:] = groups[ranked][1:] != groups[ranked][:-1]
    begin = np.maximum.accumulate(np.where(starts, np.arange(len(ranked)), 0))
    nth = np.empty(len(ranked), np.int64)
    nth[ranked] = np.arange(len(ranked)) - begin
    return nth < limits


def cells_of(part: npt.NDArray[np.object_], language: pa.Array, chars: Numbers, match: bool) -> Numbers:
    """A number for each part, language and band of length (or only each part)."""
    parts = np.unique(part.astype(str), return_inverse=True)[1]
    if not match:
        return parts.astype(np.int64)
    languages = language.fill_null("").dictionary_encode().indices.to_numpy().astype(np.int64)
    bands = np.searchsorted(np.array(LENGTH_EDGES_CHARS), chars, side="right")
    cells: Numbers = parts * (int(languages.max(initial=0)) + 1) + languages
    return cells * (len(LENGTH_EDGES_CHARS) + 1) + bands


def matched(
    cells: Numbers,
    classes: Numbers,
    num_classes: int,
    order: npt.NDArray[np.uint64],
    max_pages: int,
    trained: Bools,
) -> Bools:
    """Which rows stay so that each cell has as many of all classes; of `trained` ones at most `max_pages` a class."""
    count = int(cells.max(initial=0)) + 1
    of_class = [np.bincount(cells[classes == one], minlength=count) for one in range(num_classes)]
    least = np.min(of_class, axis=0)
    in_training = np.bincount(cells[trained], minlength=count) > 0
    total = int(least[in_training].sum())
    if total > max_pages:
        least = np.where(in_training, least * max_pages // total, least)
    return capped(cells * num_classes + classes, order, least[cells])


def _all_say_languages(language: pa.Array, classes: Numbers, num_classes: int) -> bool:
    """Whether there are pages of known language in every class: a user's own may say none."""
    known = classes[language.is_valid().to_numpy(zero_copy_only=False)]
    return len(np.unique(known)) == num_classes


def classes_of(labels: pa.Array, known: Sequence[str]) -> tuple[str, ...]:
    """The classes of pages: the known ones in their order, then, sorted, others that some page has."""
    return (*known, *sorted(set(pc.unique(labels).to_pylist()) - set(known)))


def select_pages(
    pages: pa.Table,
    names: Sequence[str],
    clusters: Numbers,
    options: SelectOptions,
    max_pages: int,
    seed: int,
) -> npt.NDArray[np.object_]:
    """TRAIN, VALIDATION, TEST or UNUSED for each of the pages (order, label, host, language, chars); `names` are the classes.

    Near duplicates first, so that no text is in two parts; then the hosts of many pages, then the matching.
    """
    columns = pages.combine_chunks()
    order = columns.column("order").to_numpy()
    labels = pc.index_in(columns.column("label").combine_chunks(), value_set=pa.array(names, pa.string()))
    classes = labels.to_numpy().astype(np.int64)
    hosts = columns.column("host").combine_chunks()
    part = split_hosts(hosts, classes, options, seed)
    kept = np.flatnonzero(one_of_each_cluster(clusters, classes, order))
    numbers = hosts.dictionary_encode().indices.to_numpy().astype(np.int64)
    kept = kept[capped(numbers[kept], order[kept], options.max_pages_per_host)]
    language = columns.column("language").combine_chunks().take(pa.array(kept))
    if not _all_say_languages(language, classes[kept], len(names)):
        language = pa.nulls(len(kept), language.type)
    cells = cells_of(part[kept], language, columns.column("chars").to_numpy()[kept], options.match_lengths)
    alike = matched(cells, classes[kept], len(names), order[kept], max_pages, part[kept] == TRAIN)
    chosen = np.full(len(part), UNUSED, object)
    chosen[kept[alike]] = part[kept[alike]]
    return chosen
