"""Named data sets of synthetic people that anybody can remake: sizes, seeds and splits, with a version.

A version never changes. Its people come from the built-in look alone, those of a `-textured` twin from an asset pack
as well; which bytes the renderer makes of them is recorded, by hash, in the manifest of the folder.
"""

from dataclasses import dataclass, replace
from typing import Final

from rsagan.errors import InputError


@dataclass(frozen=True)
class Benchmark:
    """A data set by its recipe; identities are numbered train first, then validation, then test.

    Attributes:
        size: (height, width). seed: of everything.
        train, validation, test: identities of each split, disjoint. views: pictures of each.
        test_pairs: how many, spread evenly over classes of view change and crop. style: see `render_view`.
        textured: whether people are dressed and styled from an asset pack too.
    """

    name: str
    version: int
    size: tuple[int, int]
    seed: int
    train: int
    validation: int
    test: int
    views: int
    test_pairs: int
    style: str = "catalogue"
    textured: bool = False

    @property
    def identities(self) -> int:
        """How many people in all."""
        return self.train + self.validation + self.test


_BUILT_IN: Final = (
    Benchmark("people-128", 2, (128, 88), 128_001, 2_000, 50, 250, 8, 2_000),
    Benchmark("people-256", 2, (256, 176), 256_001, 2_000, 50, 250, 8, 2_000),
)
BENCHMARKS: Final = {
    each.name: each
    for plain in _BUILT_IN
    for each in (plain, replace(plain, name=f"{plain.name}-textured", textured=True))
}


def benchmark(name: str) -> Benchmark:
    """The benchmark of this name. Raises InputError if there is none."""
    if name not in BENCHMARKS:
        raise InputError(f"There is no benchmark {name!r}; there are {', '.join(BENCHMARKS)}.")
    return BENCHMARKS[name]
