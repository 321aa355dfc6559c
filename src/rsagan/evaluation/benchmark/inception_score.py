"""How sure and varied a classifier is of a set of pictures."""

import numpy as np
from numpy.typing import NDArray


def inception_score(probabilities: NDArray[np.floating], splits: int = 10) -> tuple[float, float]:
    """Mean and spread, over consecutive parts, of exp of the mean divergence of each picture's classes from the part's.

    Args:
        probabilities: (N, K), each row adding up to 1. splits: parts, of as equal length as whole numbers allow.
    """
    scores = []
    count = len(probabilities)
    for i in range(splits):
        part = probabilities[i * count // splits : (i + 1) * count // splits].astype(np.float64).clip(1e-16)
        if len(part):
            divergence = (part * (np.log(part) - np.log(part.mean(0)))).sum(1).mean()
            scores.append(np.exp(divergence))
    return float(np.mean(scores)), float(np.std(scores))
