"""The figures of a classifier: AUC, intervals by host, curve, calibration; none where pages are too few."""

from __future__ import annotations

import numpy as np
import pytest

from quality_classifier.evaluate import (
    at_threshold,
    auc_difference,
    auc_interval,
    calibration,
    calibration_error,
    curve,
    draw_hosts,
    roc_auc,
    too_few_to_say,
)

POSITIVE = np.array([True, False, True, False])


@pytest.mark.parametrize(
    ("scores", "auc"),
    [
        ([0.9, 0.1, 0.8, 0.2], 1.0),
        ([0.1, 0.9, 0.2, 0.8], 0.0),
        ([0.5] * 4, 0.5),
        ([0.9, 0.9, 0.8, 0.2], 0.625),
    ],
)
def test_auc_is_the_share_of_pairs_in_the_right_order(scores: list[float], auc: float) -> None:
    assert roc_auc(POSITIVE, np.array(scores)) == auc


def test_auc_needs_both_classes() -> None:
    assert np.isnan(roc_auc(np.array([True]), np.array([0.5])))
    assert np.isnan(roc_auc(np.array([], bool), np.array([])))


def test_auc_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(1)
    positive, scores = rng.random(500) < 0.3, rng.integers(0, 50, 500) / 50
    assert roc_auc(positive, scores) == pytest.approx(roc_auc_score(positive, scores), abs=1e-12)


def test_trap_pages_of_one_host_are_no_evidence_of_their_own() -> None:
    rng = np.random.default_rng(0)
    of_host = rng.random(20) < 0.5
    score = of_host * 0.3 + rng.random(20)
    hosts = np.repeat(np.arange(20), 30)
    by_host = auc_interval(of_host[hosts], score[hosts], draw_hosts(hosts, 200, 0))
    by_page = auc_interval(of_host[hosts], score[hosts], draw_hosts(np.arange(600), 200, 0))
    assert by_host.low < by_host.value < by_host.high
    assert by_host.high - by_host.low > 2 * (by_page.high - by_page.low)


def test_a_difference_is_measured_on_the_same_draws() -> None:
    rng = np.random.default_rng(0)
    positive, hosts = np.arange(200) % 2 == 0, np.arange(200) // 2
    good = positive + rng.normal(0, 1, 200)
    lead = auc_difference(positive, good, rng.random(200), draw_hosts(hosts, 200, 0))
    assert lead.low > 0
    nothing = auc_difference(positive, good, good, draw_hosts(hosts, 20, 0))
    assert (nothing.value, nothing.low, nothing.high) == (0, 0, 0)


def test_figures_at_a_threshold() -> None:
    assert at_threshold(np.array([True, True, False, False]), np.array([0.9, 0.4, 0.6, 0.1]), 0.5) == {
        "threshold": 0.5,
        "precision": 0.5,
        "recall": 0.5,
        "f1": 0.5,
        "accuracy": 0.5,
        "kept": 0.5,
    }


def test_the_curve_falls_in_threshold_and_reaches_all() -> None:
    rows = curve(POSITIVE, np.array([0.9, 0.1, 0.8, 0.85]))
    assert [row["threshold"] for row in rows] == [0.9] * 5 + [0.8] * 7
    assert (rows[0]["precision"], rows[-1]["recall"], rows[-1]["precision"]) == (1.0, 1.0, 0.6667)
    assert curve(~POSITIVE[:1], np.array([0.5])) == []


def test_calibration_by_bins() -> None:
    rows = calibration(POSITIVE, np.array([1.0, 0.95, 0.05, 0.0]))
    assert rows == [
        {"from": 0.0, "pages": 2, "mean_score": 0.025, "positive": 0.5},
        {"from": 0.9, "pages": 2, "mean_score": 0.975, "positive": 0.5},
    ]
    assert calibration_error(POSITIVE, np.array([1.0, 0.95, 0.05, 0.0])) == pytest.approx(0.475)


@pytest.mark.parametrize(
    ("pages", "hosts", "good"),
    [(199, 199, 100), (200, 29, 15), (200, 200, 9), (200, 200, 0), (200, 200, 191)],
)
def test_too_few_pages_or_hosts_say_nothing(pages: int, hosts: int, good: int) -> None:
    numbers = np.arange(pages) % hosts
    positive = numbers < good
    told = too_few_to_say(positive, numbers)
    assert told == (
        f"too few to say: {pages} held-out pages of {hosts} hosts ({good} of good ones); "
        "figures need 200 pages of 30 hosts, and 10 of each class"
    )


def test_enough_pages_say_something() -> None:
    assert too_few_to_say(np.arange(200) < 10, np.arange(200)) is None
