"""Distances between two sets of pictures by their features, from whatever network made them."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from rsagan.evaluation.intervals import Draws, Numbers, leave_out

Features = NDArray[np.floating]
_ROWS: Final = 256  # of the kernel's matrix that are in memory at a time


def kernel_distance(found: Features, truth: Features) -> float:
    """The kernel distance of features (P, D) and (Q, D): what KID computes on Inception's, of all pictures at once.

    The unbiased squared maximum mean discrepancy with the kernel (x . y / D + 1)^3, without subsets: unbiased at any
    number of pictures of sets that were drawn apart, so it can be slightly negative.
    """
    a, b = (each.astype(np.float64) for each in (found, truth))

    def mean(x: Numbers, y: Numbers) -> float:
        starts = np.arange(0, len(x), _ROWS)
        total = _kernel_sums(x, y, starts, np.zeros(1, int)).sum()
        if x is not y:
            return float(total / (len(x) * len(y)))
        return float((total - _kernel_of_itself(x).sum()) / (len(x) * (len(x) - 1)))

    return mean(a, a) + mean(b, b) - 2 * mean(a, b)


def kernel_distances(found: Features, truth: Features, draws: Draws) -> Numbers:
    """`kernel_distance` of the results and the true targets of the same pairs, (P, D) each, and of each bootstrap draw.

    As in KID, each result is compared with its own target, too, though the two are alike by more than chance. That
    makes the distance low, by some share of 1 / P: of the true pictures themselves it is a little below 0.

    Returns (1 + R,), the sample first. In a draw, the copies of one pair are never compared with each other.
    """
    count = draws.times.shape[1]
    order = np.argsort(draws.groups, kind="stable")
    starts = np.searchsorted(draws.groups[order], np.arange(count))
    a, b = (each[order].astype(np.float64) for each in (found, truth))

    def apart(x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        """The kernel summed under each draw, copies of one pair left out; and of each pair with itself, once."""
        total = np.einsum("rg,gh,rh->r", times, _kernel_sums(x, y, starts, starts), times, optimize=True)
        itself = np.add.reduceat(_kernel_of_itself(x, y), starts)
        return total - np.square(times) @ itself, times @ itself

    times = draws.times
    each = np.bincount(draws.groups, minlength=count).astype(np.float64)
    pictures = times @ each
    others = np.square(pictures) - np.square(times) @ each
    across, own = apart(a, b)
    within = sum(apart(x, x)[0] / np.where(others > 0, others, np.nan) for x in (a, b))
    return np.asarray(within - 2 * (across + own) / (others + pictures))


def _kernel_sums(x: Numbers, y: Numbers, x_starts: NDArray[np.int64], y_starts: NDArray[np.int64]) -> Numbers:
    """The kernel summed over blocks (G, H): block g of x begins at `x_starts[g]`, block h of y at `y_starts[h]`."""
    ends = [*x_starts[1:], len(x)]
    rows = np.zeros((len(x_starts), len(y)))
    for row, start, end in zip(rows, x_starts, ends, strict=True):
        row += _cubed(x[start:end] @ y.T / x.shape[1] + 1).sum(0)
    return np.asarray(np.add.reduceat(rows, y_starts, axis=1))


def _kernel_of_itself(x: Numbers, y: Numbers | None = None) -> Numbers:
    """The kernel of each picture with its partner, (P,), or with itself."""
    return _cubed((x * (x if y is None else y)).sum(1) / x.shape[1] + 1)


def _cubed(x: Numbers) -> Numbers:
    return x * x * x  # several times as fast as a power


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
