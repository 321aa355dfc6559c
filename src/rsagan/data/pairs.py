"""Which views of a person are shown together: all ordered pairs, a bounded number, or one balanced by difficulty."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, zip_longest
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rsagan.data.prepared import Entry

Pair = tuple[str, str]
TURNS: Final = (30.0, 75.0, 135.0)  # degrees that part the classes of view change
ANKLES: Final = (10, 13)
_MOST_SHUFFLED: Final = 100_000  # pairs of one person; of more, some are drawn


def spread(count: int, most: int) -> NDArray[np.int64]:
    """At most `most` of the indices of `count` things, in order, as evenly apart as can be.

    Both ends are among them; of one index, the first alone.
    """
    return np.unique(np.linspace(0, count - 1, min(most, count)).astype(np.int64))


def ordered_pairs(person: Sequence[Entry]) -> list[Pair]:
    """Every view with every other one, both ways round."""
    return [(a.name, b.name) for a in person for b in person if a is not b]


def bounded(people: Sequence[Sequence[Entry]], limit: int, seed: int) -> list[Pair]:
    """At most `limit` pairs, drawn so that every person gives the same number, give or take one."""
    random = np.random.default_rng(np.random.SeedSequence((seed, 2**31)))
    drawn = [_drawn(len(person), limit, random) for person in people]
    return sorted(islice(_in_turns([_named(*both) for both in zip(people, drawn, strict=True)]), limit))


def _drawn(views: int, limit: int, random: np.random.Generator) -> NDArray[np.int64]:
    """At most `limit` of a person's ordered pairs, by their numbers, in an order by chance."""
    count = views * (views - 1)
    if count <= _MOST_SHUFFLED:
        return random.permutation(count)[:limit].copy()  # without the rest, which would stay in memory
    return random.choice(count, min(limit, count), replace=False)


def _named(person: Sequence[Entry], numbers: NDArray[np.int64]) -> Iterator[Pair]:
    """The pairs of these numbers among all `ordered_pairs`, made when asked for."""
    for number in numbers:
        a, b = divmod(int(number), len(person) - 1)
        yield person[a].name, person[b + (b >= a)].name


def stratified(people: Sequence[Sequence[Entry]], limit: int, seed: int) -> dict[Pair, str]:
    """At most `limit` pairs and the stratum of each, with as equal a number as possible in every stratum.

    Within a stratum people take turns, so that none is shown much more often than another.
    """
    random = np.random.default_rng(np.random.SeedSequence((seed, 2**31 + 1)))
    strata: dict[str, list[list[Pair]]] = {}
    for person in people:
        own: dict[str, list[Pair]] = {}
        everything = [(a, b) for a in person for b in person if a is not b]
        for i in random.permutation(len(everything)):
            source, target = everything[i]
            own.setdefault(stratum(source, target), []).append((source.name, target.name))
        for name, pairs in own.items():
            strata.setdefault(name, []).append(pairs)
    queues = {}
    for name in sorted(strata):
        those = strata[name]
        queues[name] = list(_in_turns([those[i] for i in random.permutation(len(those))]))
    chosen = islice(_in_turns(list(queues.values())), limit)
    of = {pair: name for name, pairs in queues.items() for pair in pairs}
    return {pair: of[pair] for pair in sorted(chosen)}


def stratum(source: Entry, target: Entry) -> str:
    """How hard a pair is: by how far the person turns, and whether feet are in either picture."""
    turn = abs(((target.yaw or 0.0) - (source.yaw or 0.0) + 180) % 360 - 180)
    low = (0.0, *TURNS)[int(np.searchsorted(TURNS, turn, side="right"))]
    high = {0.0: 30, 30.0: 75, 75.0: 135, 135.0: 180}[low]
    crops = ["full" if np.isfinite(entry.points[list(ANKLES), 0]).any() else "cropped" for entry in (source, target)]
    return f"turn {low:.0f}-{high}, {crops[0]} to {crops[1]}"


def _in_turns(queues: Sequence[Iterable[Pair]]) -> Iterator[Pair]:
    """The first of each, then the second of each, and so on."""
    return (pair for turn in zip_longest(*queues) for pair in turn if pair is not None)
