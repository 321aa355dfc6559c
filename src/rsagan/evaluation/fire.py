"""The match under fire: results from parsing maps and joints that are wrong, as estimators are wrong."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rsagan.data.corrupt import Corruption, corrupt_parsing, corrupt_points
from rsagan.data.pairs import spread
from rsagan.data.prepared import PreparedFolder
from rsagan.errors import InputError
from rsagan.evaluation.painters import Spoil
from rsagan.people import Parsing

LEVELS: Final = (0.1, 0.2, 0.4)
# Of the height: the standard deviation of source joints at each level; the share of them that is missing.
_JITTER: Final = {0.1: 0.01, 0.2: 0.02, 0.4: 0.04}
_MISSING: Final = {0.1: 0.05, 0.2: 0.1, 0.4: 0.2}
_SAMPLE: Final = 96
_STRONGEST: Final = 8.0
KINDS: Final = ("parsing", "joints", "both")


def at_strength(strength: float) -> Corruption:
    """Errors of a strength: 0 none, 1 a bad parser. Borders move by at most 6 % of the height, however strong."""
    return Corruption(
        clean=0.0,
        shift=0.06 * min(strength, 1.0),
        blobs=round(6 * strength),
        blob=0.06 * min(1 + 0.25 * strength, 2.0),
        confuse=min(0.3 * strength, 1.0),
        limb=min(0.3 * strength, 1.0),
    )


def disagreement(one: Parsing, other: Parsing) -> float:
    """The share of the person's pixels (in either map) whose region differs; 0 where nobody is seen."""
    person = (one > 0) | (other > 0)
    return float((one != other)[person].mean()) if person.any() else 0.0


def mean_disagreement(folder: PreparedFolder, pairs: NDArray[np.int64], how: Corruption) -> float:
    """How much a corruption makes the sources' maps disagree with the true ones, on a sample of the pairs."""
    chosen = pairs[spread(len(pairs), _SAMPLE), 0]
    found = []
    for k, view in enumerate(chosen):
        parsing = folder.parsing(view)
        spoilt = corrupt_parsing(parsing, folder.entries[view].points, how, np.random.default_rng((1, k)))
        found.append(disagreement(parsing, spoilt))
    return float(np.mean(found))


def calibrated(folder: PreparedFolder, pairs: NDArray[np.int64], level: float) -> tuple[Corruption, float]:
    """The corruption whose `mean_disagreement` is `level`, and what it comes to.

    Raises:
        InputError: the folder's maps cannot be spoilt that much.
    """
    low, high = 0.0, _STRONGEST
    if mean_disagreement(folder, pairs, at_strength(high)) < level:
        raise InputError(f"The parsing maps of {folder.path} cannot be made wrong by {level:.0%}.")
    for _ in range(10):
        middle = (low + high) / 2
        wrong = mean_disagreement(folder, pairs, at_strength(middle))
        low, high = (middle, high) if wrong < level else (low, middle)
    return at_strength(high), mean_disagreement(folder, pairs, at_strength(high))


def spoiler(kind: str, level: float, how: Corruption, folder: PreparedFolder, pairs: NDArray[np.int64]) -> Spoil:
    """What is done to the inputs of the pair at a position of `pairs`: the same for every network.

    Args:
        kind: one of `KINDS`. The joints meant are the source's: the target's say what is wanted.
        how: for the parsing, see `calibrated`.
    """

    def spoil(
        position: int, parsing: Parsing, source: NDArray[np.float32], target: NDArray[np.float32]
    ) -> tuple[Any, Any, Any]:
        random = np.random.default_rng((2, position))
        entry = folder.entries[pairs[position, 0]]
        if kind != "joints":
            parsing = corrupt_parsing(parsing, source, how, random)
        if kind != "parsing":
            jitter, missing = _JITTER[level], _MISSING[level]
            source = corrupt_points(source, entry.visible, jitter, missing, folder.size, random)
        return parsing, source, target

    return spoil
