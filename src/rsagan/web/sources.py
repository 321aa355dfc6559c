"""People that were analysed or handed in, and pictures for them to stand before: kept in memory for a limited time and
size.
"""

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from rsagan.errors import InputError
from rsagan.people import Fit, Person, Picture, read_picture
from rsagan.transfer import NO_OUTLINE, Model, Result, Subject

if TYPE_CHECKING:
    from rsagan.photo import Scene


@dataclass(eq=False)
class Scenery:
    """A picture to stand before, as the client sent it.

    Attributes:
        answer: what the client was told.
    """

    file: bytes
    answer: tuple[dict[str, Any], list[bytes]]
    used: float = 0.0
    _scene: "Scene | None" = field(default=None, init=False)

    def scene(self, frame: tuple[int, int]) -> "Scene":
        """The picture cut to a frame, (height, width); the first time this takes longer.

        Raises:
            InputError: it cannot be read.
        """
        from rsagan.photo import other_scene

        if self._scene is None or self._scene.fit.frame_size != frame:
            self._scene = other_scene(read_picture(self.file, "the background"), frame)
        return self._scene

    @property
    def bytes(self) -> int:
        """Memory it takes, about."""
        return _bytes([self.file, self._scene.picture if self._scene else ()])


@dataclass(eq=False)
class Source:
    """One person, and what the network made of them at each of its sizes.

    Attributes:
        answer: what the client was told about the person, so that the same photo need not be analysed twice.
        others: the same person in further pictures.
        before: the frame with its own background, and the person's soft outline there, if that is known.
    """

    person: Person
    answer: tuple[dict[str, Any], list[bytes]]
    others: tuple[Person, ...] = ()
    before: tuple[Picture, NDArray[np.float32]] | None = None
    used: float = 0.0
    subjects: dict[tuple[int, int], Subject] = field(default_factory=dict)

    def subject(self, model: Model) -> Subject:
        """Encoded by `model`; the first time this takes longer."""
        if model.size not in self.subjects:
            self.subjects[model.size] = model.prepare(self.person, *self.others)
        return self.subjects[model.size]

    def shown(self, result: Result, background: str | Scenery) -> Picture:
        """The result as it is painted, `plain`, before its own background, `keep`, or before another.

        The first time before a background takes longer.

        Raises:
            InputError: the own background is not known; the weights draw no outline to lay on one.
        """
        if background == "plain":
            return result.picture
        if result.outline is None:
            raise InputError(NO_OUTLINE)
        scene = background.scene(self.person.size) if isinstance(background, Scenery) else self._scene
        return scene.show(result.picture, result.outline)

    @cached_property
    def _scene(self) -> "Scene":
        """The frame without the person. Plain bars beyond the photo's edges stay as they are, and fill nothing."""
        from rsagan.photo import BACKDROP, Scene, photo_scene

        if self.before is None:
            raise InputError("This person came without a photo: hand it in as well, or take the background `plain`.")
        photo, outline = self.before
        y, x = (_span((photo != BACKDROP).any(axis=(axis, 2))) for axis in (1, 0))
        part, frame = photo[y, x], self.person.size
        behind = photo.copy()
        behind[y, x] = photo_scene(part, Fit(1.0, (x.start, y.start), part.shape[:2], frame), outline).picture
        return Scene(behind, Fit(1.0, (0.0, 0.0), frame, frame))

    @property
    def bytes(self) -> int:
        """Memory it takes, about."""
        people = [(each.picture, each.parsing) for each in (self.person, *self.others)]
        behind = [self.before or (), self.__dict__["_scene"].picture if "_scene" in self.__dict__ else ()]
        return _bytes([people, self.answer[1], behind, list(map(vars, self.subjects.values()))])


class Sources:
    """A cache: the least recently used goes first, and all go when their time is over.

    Names are keyed hashes of the content: the same photo finds itself again, and nobody can guess another's.
    """

    def __init__(self, most_bytes: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most_bytes, self._seconds, self._clock = most_bytes, seconds, clock
        self._key = secrets.token_bytes(32)
        self._kept: OrderedDict[str, Source | Scenery] = OrderedDict()

    def name(self, *content: bytes) -> str:
        """What a source of that content is called."""
        digest = hashlib.blake2b(key=self._key, digest_size=16)
        for part in content:
            digest.update(len(part).to_bytes(8, "big") + part)
        return digest.hexdigest()

    def get(self, name: str) -> Source | Scenery | None:
        """What goes by that name, if it is still there; its time starts anew."""
        self.sweep()
        source = self._kept.get(name)
        if source:
            source.used = self._clock()
            self._kept.move_to_end(name)
        return source

    def put(self, name: str, source: Source | Scenery) -> None:
        """Keep a person or a background."""
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


def _span(seen: NDArray[np.bool_]) -> slice:
    """From the first to the last that is seen, or all."""
    found = np.flatnonzero(seen)
    return slice(found[0], found[-1] + 1) if found.size else slice(0, seen.size)


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
