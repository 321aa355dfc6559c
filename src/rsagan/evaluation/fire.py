"""The match under fire: results from parsing maps and joints that are wrong, as estimators are wrong."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rsagan.data.corrupt import Corruption, corrupt_parsing, corrupt_points
from rsagan.data.prepared import PreparedFolder
from rsagan.errors import InputError
from rsagan.evaluation.painters import Spoil
from rsagan.people import Parsing

LEVELS: Final = (0.1, 0.2, 0.4)
# Of the height: the standard deviation of source joints at each level; the share of them that is missing.
_JITTER: Final = {0.1: 0.01, 0.2: 0.02, 0.4: 0.04}
_MISSING: Final = {0.1: 0.05, 0.2: 0.1, 0.4: 0.2}
_SAMPLE: Final = 48
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


def calibrated(
    folder: PreparedFolder, pairs: NDArray[np.int64], level: float, sample: int = _SAMPLE
) -> tuple[Corruption, float]:
    """The corruption whose mean disagreement with the sources' true maps is `level`, and what it is on a sample.

    Raises:
        InputError: the folder's maps cannot be spoilt that much.
    """
    chosen = pairs[np.unique(np.linspace(0, len(pairs) - 1, min(sample, len(pairs))).astype(int)), 0]
    views = [(folder.parsing(view), folder.entries[view].points) for view in chosen]

    def mean_of(strength: float) -> float:
        how = at_strength(strength)
        found = [
            disagreement(parsing, corrupt_parsing(parsing, points, how, np.random.default_rng((1, k))))
            for k, (parsing, points) in enumerate(views)
        ]
        return float(np.mean(found))

    low, high = 0.0, _STRONGEST
    if mean_of(high) < level:
        raise InputError(f"The parsing maps of {folder.path} cannot be made wrong by {level:.0%}.")
    for _ in range(14):
        middle = (low + high) / 2
        low, high = (middle, high) if mean_of(middle) < level else (low, middle)
    return at_strength(high), mean_of(high)


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
