"""Labels and scores of held-out pages in, the figures that say what a classifier is worth out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def roc_auc(positive: npt.NDArray[np.bool_], scores: npt.NDArray[np.floating]) -> float:
    """Probability that a positive scores above a negative, ties counted half (the rank-sum form); nan without both."""
    num_positive = int(positive.sum())
    num_negative = len(positive) - num_positive
    if num_positive == 0 or num_negative == 0:
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - (counts - 1) / 2.0
    rank_sum = float(mean_rank[inverse][positive].sum())
    return (rank_sum - num_positive * (num_positive + 1) / 2) / (num_positive * num_negative)


def figures(
    positive: npt.NDArray[np.bool_], scores: npt.NDArray[np.floating], threshold: float
) -> dict[str, float | int]:
    """Precision, recall, F1 and accuracy at `threshold`, and AUC; all of the held-out pages given."""
    kept = scores >= threshold
    hits = int((kept & positive).sum())
    precision = hits / max(1, int(kept.sum()))
    recall = hits / max(1, int(positive.sum()))
    return {
        "pages": len(positive),
        "positives": int(positive.sum()),
        "threshold": threshold,
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(2 * precision * recall / max(1e-12, precision + recall), 4),
        "accuracy": round(float((kept == positive).mean()), 4) if len(positive) else 0.0,
        "auc": round(roc_auc(positive, scores), 4),
    }
