"""Batches are made ready for a graphics card while it works on those before them."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

import torch
from torch import Tensor

A = TypeVar("A")
B = TypeVar("B")
_AHEAD: Final = 2


def ahead(stream: Iterator[A], ready: Callable[[A], B]) -> Iterator[B]:
    """What an endless generator gives, in its order, each made `ready` in a thread of their own, two of them ahead.

    An error of either comes out where its item would have. Closing this closes the generator.
    """

    def following() -> B:
        return ready(next(stream))

    try:
        with ThreadPoolExecutor(1) as thread:
            waiting = deque(thread.submit(following) for _ in range(_AHEAD))
            while True:
                item = waiting.popleft().result()
                waiting.append(thread.submit(following))
                yield item
    finally:
        stream.close()  # type: ignore[attr-defined]


def pinned(batch: Mapping[str, Any]) -> dict[str, Tensor]:
    """A batch in memory that a graphics card reads by itself."""
    return {name: torch.from_numpy(array).pin_memory() for name, array in batch.items()}
