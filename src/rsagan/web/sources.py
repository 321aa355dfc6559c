"""People that were analysed or handed in, kept in memory for a limited time and size."""

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from rsagan.people import Person
from rsagan.transfer import Model, Subject


@dataclass(eq=False)
class Source:
    """One person, and what the network made of them at each of its sizes.

    Attributes:
        answer: what the client was told about the person, so that the same photo need not be analysed twice.
        others: the same person in further pictures.
    """

    person: Person
    answer: tuple[dict[str, Any], list[bytes]]
    others: tuple[Person, ...] = ()
    used: float = 0.0
    subjects: dict[tuple[int, int], Subject] = field(default_factory=dict)

    def subject(self, model: Model) -> Subject:
        """Encoded by `model`; the first time this takes longer."""
        if model.size not in self.subjects:
            self.subjects[model.size] = model.prepare(self.person, *self.others)
        return self.subjects[model.size]

    @property
    def bytes(self) -> int:
        """Memory it takes, about."""
        people = [(each.picture, each.parsing) for each in (self.person, *self.others)]
        return _bytes([people, self.answer[1], list(map(vars, self.subjects.values()))])


class Sources:
    """A cache: the least recently used goes first, and all go when their time is over.

    Names are keyed hashes of the content: the same photo finds itself again, and nobody can guess another's.
    """

    def __init__(self, most_bytes: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most_bytes, self._seconds, self._clock = most_bytes, seconds, clock
        self._key = secrets.token_bytes(32)
        self._kept: OrderedDict[str, Source] = OrderedDict()

    def name(self, *content: bytes) -> str:
        """What a source of that content is called."""
        digest = hashlib.blake2b(key=self._key, digest_size=16)
        for part in content:
            digest.update(len(part).to_bytes(8, "big") + part)
        return digest.hexdigest()

    def get(self, name: str) -> Source | None:
        """The source, if it is still there; its time starts anew."""
        self.sweep()
        source = self._kept.get(name)
        if source:
            source.used = self._clock()
            self._kept.move_to_end(name)
        return source

    def put(self, name: str, source: Source) -> None:
        """Keep a source."""
        source.used = self._clock()
        self._kept[name] = source
        self._kept.move_to_end(name)
        self.sweep()

    def sweep(self) -> None:
        """Let go what is too old or too much; the newest stays whatever its size."""
        now = self._clock()
        for name in [name for name, source in self._kept.items() if now - source.used > self._seconds]:
            del self._kept[name]
        while len(self._kept) > 1 and self.bytes > self._most_bytes:
            self._kept.popitem(last=False)

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def bytes(self) -> int:
        """Memory all of them take, about."""
        return sum(source.bytes for source in self._kept.values())


def _bytes(thing: Any) -> int:
    if isinstance(thing, torch.Tensor):
        return thing.numel() * thing.element_size()
    if isinstance(thing, np.ndarray):
        return thing.nbytes
    if isinstance(thing, bytes):
        return len(thing)
    if isinstance(thing, dict):
        return sum(map(_bytes, thing.values()))
    if isinstance(thing, tuple | list):
        return sum(map(_bytes, thing))
    return 0
