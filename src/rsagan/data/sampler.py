"""Training batches as a pure function of (seed, pictures seen): the same command continues the same stream.

Position p of the stream decides which pair is shown (a new order every epoch) and seeds every random draw made for
it; nothing depends on earlier batches, on the number of processes or on threads.
"""

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from rsagan.data.correspondence import true_flow
from rsagan.data.corrupt import Corruption, corrupt_parsing, corrupt_points, swap_sides
from rsagan.data.prepared import PreparedFolder
from rsagan.errors import check_numbers
from rsagan.people import FLIP, Parsing
from rsagan.photo import on_backdrop, soft_outline

_CUTTING: Final = 7  # its draws are its own: those of older runs stay as they were

# One batch by name: see `Batches.batch`.
Batch = dict[str, NDArray[np.generic]]
# Picture, parsing and surface of a view.
Pixels = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint16] | None]


@dataclass(frozen=True)
class Augmentation:
    """What is varied besides the corruption, on source and target alike.

    Attributes:
        flip: probability of mirroring (left and right joints change places).
        photometric: strength of changes of brightness, contrast and colour, 0 = none, 1 = strong.
        cut_out: probability that both people are laid on a plain backdrop, as photos are before they are painted; the
            source is cut out by its corrupted parsing, faults and all.
    """

    flip: float = 0.5
    photometric: float = 0.3
    cut_out: float = 0.0

    def __post_init__(self) -> None:
        check_numbers("The augmentation's", self, ("flip", "photometric", "cut_out"), most=1)


class _Pictures:
    """Decoded pictures of a folder, kept in memory from first use if all of them fit."""

    def __init__(self, folder: PreparedFolder, limit: int) -> None:
        self.folder = folder
        count, (height, width) = len(folder.entries), folder.size
        self.kept = count * height * width * (10 if folder.has_surface else 4) <= limit
        if self.kept:  # memory is only taken when a picture is written into it
            self.loaded = np.zeros(count, bool)
            self.pictures = np.empty((count, height, width, 3), np.uint8)
            self.parsings = np.empty((count, height, width), np.uint8)
            self.surfaces = np.empty((count if folder.has_surface else 0, height, width, 3), np.uint16)

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process reads for itself and keeps nothing: all of them together would need too much memory."""
        return _Pictures, (self.folder, 0)

    def view(self, position: int) -> Pixels:
        if not self.kept:
            return self._read(position)
        if not self.loaded[position]:
            picture, parsing, surface = self._read(position)
            self.pictures[position], self.parsings[position] = picture, parsing
            if surface is not None:
                self.surfaces[position] = surface
            self.loaded[position] = True
        surface = self.surfaces[position] if self.folder.has_surface else None
        return self.pictures[position], self.parsings[position], surface

    def _read(self, position: int) -> Pixels:
        surface = self.folder.surface(position) if self.folder.has_surface else None
        return self.folder.picture(position), self.folder.parsing(position), surface


class Batches:
    """The endless stream of training pairs of a prepared folder.

    Args:
        folder: whose `pairs-train.csv` is used.
        seed: of the order and of every draw.
        augmentation, corruption: how examples are varied; None for the pairs as they are.
        cache_bytes: decoded pictures are kept in memory if all of them need no more than this; by default half of the
            memory there is, shared with torchrun's other processes on this machine.
    """

    def __init__(
        self,
        folder: PreparedFolder,
        seed: int,
        augmentation: Augmentation | None = None,
        corruption: Corruption | None = None,
        cache_bytes: int | None = None,
    ) -> None:
        self.folder, self.seed = folder, seed
        self.augmentation = augmentation or Augmentation(0, 0)
        self.corruption = corruption
        self.pairs = folder.pairs("train")
        self._pictures = _Pictures(folder, memory_to_spare() if cache_bytes is None else cache_bytes)
        self._order: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, np.int64))

    def pair(self, position: int) -> tuple[int, int]:
        """Source and target view at a position of the stream, as positions in `folder.entries`."""
        epoch, within = divmod(position, len(self.pairs))
        known, order = self._order
        if known != epoch:
            order = np.random.default_rng(np.random.SeedSequence((self.seed, 1, epoch))).permutation(len(self.pairs))
            self._order = (epoch, order)
        source, target = self.pairs[order[within]]
        return int(source), int(target)

    def batch(self, start: int, size: int) -> Batch:
        """The pairs at positions start ... start + size - 1 of the stream.

        Returns:
            source, target: float32 (B, 3, H, W) in [-1, 1];
            parsing: uint8 (B, H, W), of the source, corrupted; clean_parsing: as it was; target_parsing;
            source_points, target_points: float32 (B, 18, 2), x and y in pixels, NaN missing;
            flow: float32 (B, 2, H / 4, W / 4), where the centre of each target cell lies in the source (x and y in
            pixels), NaN where it is not seen there or nobody knows;
            chance: float32 (B,), a draw in [0, 1) for whatever training decides by lot.
        """
        examples = [self.example(position) for position in range(start, start + size)]
        return {name: np.stack([example[name] for example in examples]) for name in examples[0]}

    def example(self, position: int) -> Batch:
        """One pair of the stream: `batch` without its first axis."""
        numbers = self.pair(position)
        entries = [self.folder.entries[number] for number in numbers]
        return make_example(
            (self.seed, 2, position),
            [self._pictures.view(number) for number in numbers],
            [entry.points for entry in entries],
            [entry.visible for entry in entries],
            self.augmentation,
            self.corruption,
        )

    def stream(self, start: int, size: int, rank: int = 0, world: int = 1, loaders: int = 1) -> Iterator[Batch]:
        """This process's share of every global batch from position `start` on, prepared in the background.

        Args:
            size: of the global batch, a multiple of `world`.
            loaders: threads that prepare them; the batches do not depend on it.
        """
        return in_threads(self, start, size, rank, world, loaders)


class Makes(Protocol):
    """Whatever gives batches by their place in a stream."""

    def batch(self, start: int, size: int) -> Batch:
        """As `Batches.batch`."""


def in_threads(
    batches: Makes, start: int, size: int, rank: int = 0, world: int = 1, loaders: int = 1
) -> Iterator[Batch]:
    """The stream of `batches`, made by threads; see `Batches.stream`."""
    share = size // world
    with ThreadPoolExecutor(loaders, thread_name_prefix="batches") as pool:
        waiting: list[Future[Batch]] = []
        position = start
        try:
            while True:
                while len(waiting) < loaders + 2:
                    waiting.append(pool.submit(batches.batch, position + rank * share, share))
                    position += size
                yield waiting.pop(0).result()
        finally:
            for future in waiting:
                future.cancel()


def make_example(
    seed: tuple[int, ...],
    views: list[Pixels],
    points: list[NDArray[np.float32]],
    visible: list[NDArray[np.bool_]],
    augmentation: Augmentation,
    corruption: Corruption | None,
) -> Batch:
    """An example (see `Batches.batch`) from source and target; the same arguments give the same example.

    Args:
        views: picture uint8 (H, W, 3), parsing uint8 (H, W) and surface uint16 (H, W, 3) or None, of both.
        points: float32 (18, 2) of both; visible: bool (18,) of both.
    """
    random = np.random.default_rng(np.random.SeedSequence(seed))
    height, width = views[0][1].shape
    if random.random() < augmentation.flip:
        views = [_mirrored(*view) for view in views]
        points = [_mirrored_points(these, width) for these in points]
        visible = [these[list(FLIP)] for these in visible]
    (source, clean, surface), (target, target_parsing, target_surface) = views
    if surface is not None and target_surface is not None:
        flow = true_flow(surface, clean, target_surface, target_parsing)
    else:
        flow = np.full((2, height // 4, width // 4), np.nan, np.float32)
    table = _colour_table(augmentation.photometric, random)
    parsing = clean
    how = corruption or Corruption(jitter=0, drop=0, target_jitter=0, target_drop=0)
    if corruption:
        parsing = corrupt_parsing(clean, points[0], how, random)
    if np.random.default_rng(np.random.SeedSequence((*seed, _CUTTING))).random() < augmentation.cut_out:
        source = on_backdrop(source, soft_outline(parsing))
        flow = _what_is_left(flow, parsing)
        target = on_backdrop(target, soft_outline(target_parsing))
    example: Batch = {
        "source": _to_network(source, table),
        "target": _to_network(target, table),
        "parsing": np.ascontiguousarray(parsing),
        "clean_parsing": np.ascontiguousarray(clean),
        "target_parsing": np.ascontiguousarray(target_parsing),
    }
    noise = {"source_points": (how.jitter, how.drop), "target_points": (how.target_jitter, how.target_drop)}
    for k, (name, (jitter, drop)) in enumerate(noise.items()):
        example[name] = corrupt_points(points[k], visible[k], jitter, drop, (height, width), random)
    example["flow"] = flow
    example["chance"] = np.asarray(random.random(), np.float32)
    if how.swap > 0:
        for name in noise:
            example[name] = swap_sides(np.asarray(example[name], np.float32), how.swap, random)
    return example


def _what_is_left(flow: NDArray[np.float32], parsing: Parsing) -> NDArray[np.float32]:
    """A true flow (2, H/4, W/4) without the cells that come from where `parsing` (H, W) shows nobody."""
    height, width = parsing.shape
    x, y = np.nan_to_num(flow).round().astype(int)
    shown = parsing[y.clip(0, height - 1), x.clip(0, width - 1)] > 0
    return np.where(shown, flow, np.float32(np.nan))


def memory_to_spare() -> int:
    """Half of the machine's, the job's or the container's memory, in bytes, by the processes torchrun has started here.

    4 GiB of them all where the system does not tell.
    """
    try:
        half = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, ValueError, OSError):  # Windows
        half = 4 << 30
    half = min([half, *(limit // 2 for limit in _memory_limits())])
    return half // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def _memory_limits(root: Path = Path("/")) -> Iterator[int]:
    """What the control groups that this process is in, such as a job's or a container's, let it have, in bytes."""
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers and "memory" not in controllers.split(","):
                continue
            of, name = ("memory", "memory.limit_in_bytes") if controllers else ("", "memory.max")
            group = Path(path.lstrip("/"))
            for each in (group, *group.parents):
                with suppress(OSError, ValueError):  # not seen from within a container; "max"
                    yield int((root / "sys/fs/cgroup" / of / each / name).read_text(encoding="ascii"))


def _to_network(picture: NDArray[np.uint8], table: NDArray[np.float32]) -> NDArray[np.float32]:
    """uint8 (H, W, 3) through a table a channel to float32 (3, H, W)."""
    return np.stack([table[channel][picture[..., channel]] for channel in range(3)])


def _colour_table(strength: float, random: np.random.Generator) -> NDArray[np.float32]:
    """float32 (3, 256): what each 8-bit value becomes in [-1, 1] after a change of gamma, contrast and white."""
    values = np.tile(np.arange(256, dtype=np.float64) / 255, (3, 1))
    if strength > 0:
        gamma = np.exp(random.uniform(-1, 1) * 0.5 * strength)
        contrast = 1 + random.uniform(-1, 1) * 0.4 * strength
        white = 1 + random.uniform(-1, 1, (3, 1)) * 0.2 * strength
        values = np.clip((values**gamma - 0.5) * contrast + 0.5, 0, 1) * white
    return np.asarray(np.clip(values, 0, 1) * 2 - 1, np.float32)


def _mirrored(picture: NDArray[np.uint8], parsing: NDArray[np.uint8], surface: NDArray[np.uint16] | None) -> Pixels:
    flipped = None if surface is None else np.ascontiguousarray(surface[:, ::-1])
    return cv2.flip(picture, 1).astype(np.uint8), cv2.flip(parsing, 1).astype(np.uint8), flipped


def _mirrored_points(points: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    mirrored = points[list(FLIP)]
    mirrored[:, 0] = width - 1 - mirrored[:, 0]
    return mirrored
