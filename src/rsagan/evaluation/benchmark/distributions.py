"""How like two sets of pictures are, by a network's features (N, D); and how sure and varied a classifier is of one."""

import numpy as np
from numpy.typing import NDArray

from rsagan.evaluation import sets

Features = NDArray[np.floating]


def frechet_distance(one: Features, other: Features) -> float:
    """`rsagan.evaluation.sets.frechet_distance` of features (N, D) and (M, D): FID, if of its own Inception.

    Raises:
        ValueError: fewer than two pictures in a set.
    """
    if min(len(one), len(other)) < 2:
        raise ValueError("A Fréchet distance needs two pictures or more in each set.")
    return sets.frechet_distance(one, other)


def kernel_distance(one: Features, other: Features) -> float:
    """Squared maximum mean discrepancy with the kernel (x.y / D + 1)^3, without bias: KID over the whole sets.

    Binkowski et al. 2018. Unbiased at any number of pictures, so it can be slightly negative.
    """
    a, b = one.astype(np.float64), other.astype(np.float64)
    n, m, dimensions = len(a), len(b), a.shape[1]

    def kernel(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((x @ y.T / dimensions + 1) ** 3)

    within_a, within_b = kernel(a, a), kernel(b, b)
    return float(
        (within_a.sum() - np.trace(within_a)) / (n * (n - 1))
        + (within_b.sum() - np.trace(within_b)) / (m * (m - 1))
        - 2 * kernel(a, b).mean()
    )


def inception_score(probabilities: Features, splits: int = 10) -> tuple[float, float]:
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
