"""Two sources of pairs in one stream: mostly the first's, and by lot now and then the second's.

Which position shows the second's is a function of (seed, position), as everything is.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from rsagan.data.corrupt import Corruption
from rsagan.data.prepared import PreparedFolder
from rsagan.data.sampler import Augmentation, Batch, Batches, in_threads, memory_to_spare
from rsagan.data.stream import StreamedBatches, batches_of, in_processes
from rsagan.errors import InputError


class MixedBatches:
    """The interface of `Batches`, over two of them.

    Args:
        main: whose pairs are shown. other: whose pairs take the place of `share` of them.
        seed: of the lot.
    """

    def __init__(self, main: Batches | StreamedBatches, other: Batches | StreamedBatches, share: float, seed: int):
        self.main, self.other, self.share, self.seed = main, other, share, seed

    def is_other(self, position: int) -> bool:
        """Whether the lot gives this position of the stream to the second source."""
        return bool(np.random.default_rng(np.random.SeedSequence((self.seed, 5, position))).random() < self.share)

    def batch(self, start: int, size: int) -> Batch:
        """As `Batches.batch`."""
        return self._mixed(self.main.batch(start, size), start)

    def stream(self, start: int, size: int, rank: int = 0, world: int = 1, loaders: int = 1) -> Iterator[Batch]:
        """As `Batches.stream`."""
        if isinstance(self.main, StreamedBatches):
            return in_processes(self, self.main.group, start, size, rank, world, loaders)
        return in_threads(self, start, size, rank, world, loaders)

    def _mixed(self, batch: Batch, start: int) -> Batch:
        """`batch`, of the positions from `start` on, with the other's pairs where the lot says so."""
        for k in range(len(batch["chance"])):
            if self.is_other(start + k):
                for name, array in self.other.example(start + k).items():
                    batch[name][k] = array
        return batch


def mixed_batches(
    folder: PreparedFolder,
    second: PreparedFolder | None,
    share: float,
    seed: int,
    augmentation: Augmentation,
    corruption: Corruption,
) -> Batches | StreamedBatches | MixedBatches:
    """The training batches of a folder (see `batches_of`), with pairs of a second one mixed in.

    The second's people are always cut out and laid on a plain backdrop, as photos are before they are painted: what
    lies behind somebody in a clip cannot be learnt. Of the memory for decoded pictures each folder has half.

    Raises:
        InputError: the two have different sizes.
    """
    if second is None:
        return batches_of(folder, seed, augmentation, corruption)
    if second.size != folder.size:
        (h, w), (mine, my_width) = second.size, folder.size
        raise InputError(
            f"{second.path} holds pictures of {h}x{w}, {folder.path} of {mine}x{my_width}; prepare it anew."
        )
    half = memory_to_spare() // 2
    main = batches_of(folder, seed, augmentation, corruption, half)
    other = batches_of(second, seed, replace(augmentation, cut_out=1.0), corruption, half)
    return MixedBatches(main, other, share, seed)
