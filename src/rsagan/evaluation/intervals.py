"""Values with their 95 % intervals over identities: pairs of one person are not independent of each other.

A statistic is a function of weights, one a pair: the value is the statistic under equal weights, and a bootstrap draw
of whole identities is a whole number a pair, how often its identity was drawn. So a thousand draws are one product of
matrices. Where a statistic costs too much for that, the jackknife leaves out one block of identities at a time.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
# Of weights (R, P), to a value a row (R,).
Statistic = Callable[[Numbers], Numbers]
Row = dict[str, Any]
ROUNDS: Final = 1000
BLOCKS: Final = 20


class Draws:
    """The bootstrap's draws of whole identities, the same for every statistic, so that rows can be compared.

    Args:
        groups: int (P,), which identity each pair is of, 0 ... G - 1.

    Attributes:
        times: (1 + rounds, G), how often each identity was drawn; the first row is the sample itself.
        weights: (1 + rounds, P), the same a pair.
    """

    def __init__(self, groups: NDArray[np.int64], rounds: int = ROUNDS, seed: int = 0) -> None:
        self.groups = groups
        count = int(groups.max()) + 1
        # One identity drawn again and again is no spread: there is no interval then.
        drawn = np.random.default_rng(seed).integers(count, size=(rounds if count > 1 else 0, count))
        times = [np.ones(count), *(np.bincount(each, minlength=count) for each in drawn)]
        self.times = np.array(times, np.float64)
        self.weights: Numbers = self.times[:, groups]

    def row(self, statistic: Statistic, members: NDArray[np.bool_] | None = None) -> Row:
        """Value and interval of a statistic, of all pairs or of those in `members` (P,)."""
        weights = self.weights if members is None else self.weights * members
        return row_of(statistic(weights))


def row_of(values: Numbers) -> Row:
    """The first of `values` with the 95 % interval of the others, rounded as reports print them."""
    drawn = values[1:][np.isfinite(values[1:])]
    low, high = np.percentile(drawn, [2.5, 97.5]) if len(drawn) else (np.nan, np.nan)
    return _rounded(float(values[0]), float(low), float(high))


def leave_out(
    statistic: Callable[[NDArray[np.bool_]], float], groups: NDArray[np.int64], blocks: int = BLOCKS
) -> Numbers:
    """A statistic of the pairs kept, bool (P,): of all, then without each block of identities, (1 + blocks,)."""
    blocks = min(blocks, int(groups.max()) + 1)
    kept = [np.ones(len(groups), bool), *(groups % blocks != block for block in range(blocks if blocks > 1 else 0))]
    return np.array([statistic(each) for each in kept])


def jackknife(values: Numbers) -> Row:
    """Value and interval (1.96 standard errors to both sides) from what `leave_out` gives, or a function of such."""
    value, without = float(values[0]), values[1:]
    if not len(without):
        return _rounded(value, float("nan"), float("nan"))
    error = float(np.sqrt((len(without) - 1) / len(without) * np.square(without - without.mean()).sum()))
    return _rounded(value, value - 1.96 * error, value + 1.96 * error)


def mean(values: Numbers) -> Statistic:
    """The mean over pairs of values (P,) or (P, K); NaN counts for nothing."""
    flat = values.reshape(len(values), -1)
    known = np.isfinite(flat)
    total, count = np.where(known, flat, 0).sum(1), known.sum(1).astype(np.float64)
    return share(total, count)


def share(part: Numbers, whole: Numbers) -> Statistic:
    """The sum of `part` (P,) over the sum of `whole` (P,)."""
    return lambda weights: _over(weights @ part, weights @ whole)


def ratio(above: Statistic, below: Statistic) -> Statistic:
    """One statistic over another, under the same draws."""
    return lambda weights: _over(above(weights), below(weights))


def quantile(values: Numbers, pairs: NDArray[np.int64], which: float) -> Statistic:
    """A quantile (0.5 = median) of values (E,), of which each belongs to a pair (E,); NaN counts for nothing."""
    known = np.isfinite(values)
    order = np.argsort(values[known], kind="stable")
    ordered, owner = values[known][order], pairs[known][order]

    def of(weights: Numbers) -> Numbers:
        found = np.full(len(weights), np.nan)
        for r, row in enumerate(weights):
            mass = np.cumsum(row[owner])
            if len(mass) and mass[-1] > 0:
                found[r] = ordered[np.searchsorted(mass, which * mass[-1])]
        return found

    return of


def mean_iou(intersection: NDArray[np.int64], union: NDArray[np.int64]) -> Statistic:
    """Intersection over union of each region over all pairs (P, R), averaged over the regions that occur."""
    both, either = intersection.astype(np.float64), union.astype(np.float64)

    def of(weights: Numbers) -> Numbers:
        found = _over(weights @ both, weights @ either)
        return _over(np.nansum(found, 1), np.isfinite(found).sum(1).astype(np.float64))

    return of


def _over(above: Numbers, below: Numbers) -> Numbers:
    """Quotients; NaN where nothing was counted."""
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0)


def _rounded(value: float, low: float, high: float) -> Row:
    numbers = [None if not np.isfinite(each) else round(each, 6) for each in (value, low, high)]
    return {"value": numbers[0], "interval": numbers[1:]}
