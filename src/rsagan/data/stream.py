"""Training straight from the renderer: people who are never shown again, rendered in processes of their own.

Position p of the stream says who is shown, in which two views, and seeds every draw, so the stream can be entered
anywhere: as for a folder, everything is a function of (seed, pictures seen), not of the number of processes.
People come in groups whose pairs are shuffled, so that a batch holds many different ones. A process renders a whole
group and makes its examples, which lie in shared memory: the training process copies nothing but what it uses.
"""

import atexit
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from rsagan.data.corrupt import Corruption
from rsagan.data.parallel import start_worker
from rsagan.data.prepared import Entry, PreparedFolder
from rsagan.data.sampler import Augmentation, Batch, Batches, Makes, Pixels, make_example
from rsagan.errors import InputError

GROUP: Final = 24  # people whose pairs are shuffled together
VIEWS: Final = 6  # pictures of each
TURNS: Final = VIEWS - 1  # how often each is a source, and a target: with every other one of its person
TRAINING, HELD_OUT = 1, 2  # which people: no seed of one kind is one of the other's
SCHEME: Final = "synthetic:"


@dataclass(frozen=True)
class Supply:
    """Which people, and how they are photographed.

    Attributes:
        seed: of everybody. size: (height, width). styles: names of styles; each person is given one by lot.
        pack: folder of an asset pack from which every second person, by lot, is dressed and styled; or None.
    """

    seed: int
    size: tuple[int, int] = (128, 88)
    styles: tuple[str, ...] = ("catalogue",)
    pack: str | None = None


@dataclass(frozen=True)
class Shown:
    """One rendered view: pixels, joints float32 (18, 2), which are visible bool (18,), degrees turned away;
    whether all views of the person have one plain backdrop (others are cut out: who could know what is behind?)."""

    pixels: Pixels
    points: NDArray[np.float32]
    visible: NDArray[np.bool_]
    yaw: float
    plain: bool


def parse_supply(text: str, pack: Path | str | None = None) -> Supply:
    """Read `synthetic:SEED[:STYLE[+STYLE...]][:HEIGHTxWIDTH]`; `pack` is the folder of an asset pack.

    Raises InputError if it is anything else, or the folder is no pack.
    """
    from rsagan.synthetic.pack import open_pack
    from rsagan.synthetic.styles import NAMES

    seed, *rest = text.removeprefix(SCHEME).split(":")
    size = (128, 88)
    styles: tuple[str, ...] = ("catalogue",)
    try:
        for part in rest:
            if part[:1].isdigit():
                height, width = (int(side) for side in part.split("x"))
                size = (height, width)
            else:
                styles = tuple(part.split("+"))
        supply = Supply(int(seed), size, styles, None if pack is None else str(pack))
    except ValueError as error:
        raise InputError(f"{text!r} is not of the form synthetic:SEED:STYLE:HEIGHTxWIDTH.") from error
    unknown = [style for style in styles if style not in NAMES]
    if unknown:
        raise InputError(f"{text!r}: there is no style {unknown[0]!r}; there are {', '.join(NAMES)}.")
    if supply.seed < 0 or any(side < 16 or side % 8 for side in size):
        raise InputError(f"{text!r}: the seed must be 0 or more, height and width multiples of 8 from 16 on.")
    if pack is not None:
        open_pack(pack)
    return supply


def render_person(supply: Supply, kind: int, number: int, views: int = VIEWS) -> list[Shown]:
    """All pictures of a person of the supply."""
    from rsagan.synthetic import identity, render_view
    from rsagan.synthetic.styles import plain

    seeds = np.random.SeedSequence((supply.seed, kind, number)).generate_state(views + 2, np.uint64)
    style = supply.styles[int(seeds[0] % len(supply.styles))]
    person = identity(int(seeds[1]), supply.pack if seeds[0] >> np.uint64(63) else None)
    shown = []
    for seed in seeds[2:]:
        view = render_view(person, int(seed), supply.size, style)
        points, visible = np.asarray(view.points, np.float32), np.asarray(view.visible, bool)
        shown.append(Shown((view.picture, view.parsing, view.surface), points, visible, view.yaw, plain(style)))
    return shown


class StreamedBatches:
    """The endless stream of pairs of people who were never shown before; the interface of `Batches`.

    Args:
        supply: who is rendered, how.
        seed, augmentation, corruption: as for `Batches`.
    """

    def __init__(
        self,
        supply: Supply,
        seed: int,
        augmentation: Augmentation | None = None,
        corruption: Corruption | None = None,
    ) -> None:
        self.supply, self.seed = supply, seed
        self.augmentation = augmentation or Augmentation(0, 0)
        self.corruption = corruption
        self.people = GROUP  # which the processes are told, too
        self._orders: dict[int, NDArray[np.int64]] = {}

    @property
    def group(self) -> int:
        """How many pairs a group of people makes."""
        return self.people * VIEWS * TURNS

    def pair(self, position: int) -> tuple[int, int, int]:
        """The person at a position of the stream, and their source and target view."""
        group, within = divmod(position, self.group)
        if group not in self._orders:
            order = np.random.default_rng(np.random.SeedSequence((self.seed, 3, group))).permutation(self.group)
            while len(self._orders) > 3:
                self._orders.pop(next(iter(self._orders)))
            self._orders[group] = order
        place, turn, source = np.unravel_index(self._orders[group][within], (self.people, TURNS, VIEWS))
        return group * self.people + int(place), int(source), int((source + 1 + turn) % VIEWS)

    def batch(self, start: int, size: int) -> Batch:
        """As `Batches.batch`; renders here and now."""
        positions = range(start, start + size)
        people = {
            number: render_person(self.supply, TRAINING, number) for number in {self.pair(p)[0] for p in positions}
        }
        return self._stacked([self.example(p, people[self.pair(p)[0]]) for p in positions])

    def example(self, position: int, person: list[Shown] | None = None) -> Batch:
        """One pair of the stream; `person` saves rendering them once more."""
        number, *pair = self.pair(position)
        views = person or render_person(self.supply, TRAINING, number)
        shown = [views[k] for k in pair]
        augmentation = self.augmentation if shown[0].plain else replace(self.augmentation, cut_out=1.0)
        return make_example(
            (self.seed, 2, position),
            [each.pixels for each in shown],
            [each.points for each in shown],
            [each.visible for each in shown],
            augmentation,
            self.corruption,
        )

    def stream(self, start: int, size: int, rank: int = 0, world: int = 1, loaders: int = 1) -> Iterator[Batch]:
        """As `Batches.stream`, with `loaders` processes that render (see `in_processes`)."""
        return in_processes(self, self.group, start, size, rank, world, loaders)

    @staticmethod
    def _stacked(examples: list[Batch]) -> Batch:
        return {name: np.stack([example[name] for example in examples]) for name in examples[0]}


class _Groups(Dataset[Batch | Exception]):
    """Batch number k of `size` pairs; what goes wrong is handed over, to be raised where it is read."""

    def __init__(self, batches: Makes, size: int) -> None:
        self.batches, self.size = batches, size

    def __getitem__(self, k: int) -> Batch | Exception:
        try:
            return self.batches.batch(k * self.size, self.size)
        except Exception as error:
            return error


def in_processes(
    batches: Makes, group: int, start: int, size: int, rank: int = 0, world: int = 1, loaders: int = 1
) -> Iterator[Batch]:
    """The stream of `batches`, made by `loaders` processes, `group` pairs at a time; see `Batches.stream`.

    What goes wrong in a process is raised here; closing the stream ends the processes, and so does the end of this
    process, however it comes.

    Raises:
        InputError: a process ended by itself.
    """
    share = size // world
    loader: DataLoader[Any] = DataLoader(
        _Groups(batches, group),
        batch_size=None,
        sampler=count(start // group),
        num_workers=max(1, loaders),
        multiprocessing_context="spawn",
        worker_init_fn=_start,
        prefetch_factor=2,
    )
    made = iter(loader)
    first = start // group * group  # where the pairs that are here begin
    waiting: Batch = {}
    position = start + rank * share
    try:
        while True:
            while not waiting or first + len(waiting["chance"]) < position + share:
                try:
                    more = next(made)
                except RuntimeError as error:
                    raise InputError(
                        "A process that renders people has ended by itself, perhaps for want of memory or shared "
                        "memory (/dev/shm); give more of it, or lower the recipe's loaders."
                    ) from error
                if isinstance(more, Exception):
                    raise more
                arrays = {name: tensor.numpy() for name, tensor in more.items()}
                past = min(position - first, len(waiting["chance"])) if waiting else 0
                if waiting and past < len(waiting["chance"]):
                    arrays = {name: np.concatenate([waiting[name][past:], arrays[name]]) for name in arrays}
                first, waiting = first + past, arrays
            yield {name: array[position - first : position - first + share] for name, array in waiting.items()}
            position += size
    finally:
        del made, loader  # which ends the processes


def _start(_: int) -> None:
    start_worker()
    # An orderly end would cut off the thread that hands the last group over, in the midst of C++, which aborts.
    atexit.register(os._exit, 0)


class SyntheticPeople(PreparedFolder):
    """A supply in the shape of a prepared folder: a few people held out to look at, and no training list.

    Its views are rendered when it is made; everything else a folder has, it has without a disk.
    """

    def __init__(self, supply: Supply, held_out: int = 4) -> None:
        from rsagan.synthetic.pack import open_pack

        self.supply, self.size = supply, supply.size
        # Of a pack the files count, wherever they lie: a run goes on with these alone.
        pack = supply.pack is not None and open_pack(supply.pack).digest
        self.path = Path(f"{SCHEME}{supply.seed}")
        self.manifest = {
            "source": "rsagan.synthetic, streamed",
            "licence": "CC0-1.0",
            "plan": {**asdict(supply), "pack": supply.pack is not None},
            "sha256": {"supply": repr((supply.seed, supply.size, supply.styles, pack, TURNS))},
        }
        self.has_surface = True
        self._shown = [each for n in range(held_out) for each in render_person(supply, HELD_OUT, n, 3)]
        self.entries = [
            Entry(f"h{n // 3:03d}_{n % 3}", f"h{n // 3:03d}", each.points, each.visible, each.yaw, {})
            for n, each in enumerate(self._shown)
        ]
        self.index = {entry.name: n for n, entry in enumerate(self.entries)}

    def pairs(self, split: Literal["train", "validation", "test"]) -> NDArray[np.int64]:
        """int64 (P, 2) of held-out views. Raises InputError for the training list, which has no end."""
        if split == "train":
            raise InputError("Streamed people have no list of training pairs; use StreamedBatches.")
        count = len(self.entries) // 3
        pairs = [(3 * n + a, 3 * n + b) for n in range(count) for a in range(3) for b in range(3) if a != b]
        return np.array(pairs, np.int64)

    def picture(self, position: int) -> NDArray[np.uint8]:
        """uint8 (H, W, 3) RGB."""
        return self._shown[position].pixels[0]

    def parsing(self, position: int) -> NDArray[np.uint8]:
        """uint8 (H, W) of regions."""
        return self._shown[position].pixels[1]

    def surface(self, position: int) -> NDArray[np.uint16]:
        """uint16 (H, W, 3): rest-pose coordinates in 2 mm steps, 0 = background."""
        surface = self._shown[position].pixels[2]
        assert surface is not None
        return surface

    def verify(self) -> None:
        """Nothing lies on a disk, so nothing can have changed."""


def open_data(data: PreparedFolder | Path | str, pack: Path | str | None = None) -> PreparedFolder:
    """A prepared folder by its path, or streamed people by `synthetic:SEED...` and `pack` (see `parse_supply`).

    Raises:
        InputError: as `PreparedFolder` and `parse_supply` do.
    """
    if isinstance(data, PreparedFolder):
        return data
    text = str(data)
    return SyntheticPeople(parse_supply(text, pack)) if text.startswith(SCHEME) else PreparedFolder(text)


def batches_of(
    folder: PreparedFolder,
    seed: int,
    augmentation: Augmentation | None,
    corruption: Corruption | None,
    cache_bytes: int | None = None,
) -> Batches | StreamedBatches:
    """The training batches of a folder (see `Batches`), or of streamed people, who are not kept."""
    if isinstance(folder, SyntheticPeople):
        return StreamedBatches(folder.supply, seed, augmentation, corruption)
    return Batches(folder, seed, augmentation, corruption, cache_bytes)
