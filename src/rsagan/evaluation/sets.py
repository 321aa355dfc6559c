"""Distances between two sets of pictures by their features: the results and the true targets of the same pairs."""

import numpy as np
from numpy.typing import NDArray

from rsagan.evaluation.intervals import Draws, Numbers, leave_out

Features = NDArray[np.float32]


def kernel_distances(found: Features, truth: Features, draws: Draws) -> Numbers:
    """The kernel distance: what KID computes on Inception's features, here on whatever made `found` and `truth` (P, D).

    The unbiased squared maximum mean discrepancy with the kernel (x . y / D + 1)^3 of all pairs at once, no subsets.
    Returned for the sample and for each bootstrap draw, (1 + R,); in a draw, the copies of one pair are never compared
    with each other.
    """
    count = draws.times.shape[1]
    order = np.argsort(draws.groups, kind="stable")
    starts = np.searchsorted(draws.groups[order], np.arange(count))
    a, b = (each[order].astype(np.float64) for each in (found, truth))

    def block_sums(x: Numbers, y: Numbers) -> Numbers:
        """The kernel summed over each pair of identities (G, G): every draw repeats whole identities."""
        rows = np.zeros((count, len(y)))
        for group, start in enumerate(starts):
            end = starts[group + 1] if group + 1 < count else len(x)
            rows[group] = ((x[start:end] @ y.T / x.shape[1] + 1) ** 3).sum(0)
        return np.add.reduceat(rows, starts, axis=1)

    def apart(x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        """The kernel summed under each draw, copies of one pair left out; and of each pair with itself, once."""
        total = np.einsum("rg,gh,rh->r", times, block_sums(x, y), times, optimize=True)
        itself = np.add.reduceat(((x * y).sum(1) / x.shape[1] + 1) ** 3, starts)
        return total - np.square(times) @ itself, times @ itself

    times = draws.times
    each = np.bincount(draws.groups, minlength=count).astype(np.float64)
    pictures = times @ each
    others = np.square(pictures) - np.square(times) @ each
    across, own = apart(a, b)
    within = sum(apart(x, x)[0] / np.maximum(others, 1) for x in (a, b))
    return np.asarray(within - 2 * (across + own) / (others + pictures))


def frechet_distance(found: NDArray[np.floating], truth: NDArray[np.floating]) -> float:
    """The squared Frechet distance of two Gaussians with the means and covariances of features (P, D) and (Q, D).

    What FID computes on Inception's features. Biased upwards for few pictures. The trace of the root of the
    covariances' product is the sum of the singular values of one product of the centred features.
    """
    means = [each.astype(np.float64).mean(0) for each in (found, truth)]
    spreads = [(each - mean) / np.sqrt(max(len(each) - 1, 1)) for each, mean in zip((found, truth), means, strict=True)]
    traces = sum(np.square(each).sum() for each in spreads)
    short = [np.asarray(np.linalg.qr(each, mode="r")) if len(each) > each.shape[1] else each for each in spreads]
    root = np.linalg.norm(short[0] @ short[1].T, "nuc")
    return float(np.square(means[0] - means[1]).sum() + traces - 2 * root)


def frechet_distances(found: Features, truth: Features, groups: NDArray[np.int64]) -> Numbers:
    """`frechet_distance` of all, and for the jackknife: a bootstrap would repeat pictures and so add to its bias."""
    return leave_out(lambda kept: frechet_distance(found[kept], truth[kept]), groups)
