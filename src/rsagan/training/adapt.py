"""Adapting trained weights to one person, from that person's own clips, photos, or a single photo.

Pairs of the person's own views are trained on with the losses of training. Only the later part of the network learns
(module C, the decoder): what turns correspondences into pictures. That is what makes it quick and the result small.
Views held out decide how much of it is kept: as much as leaves the pose no worse than it was.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

import rsagan
from rsagan import backbones
from rsagan.data.corrupt import Corruption
from rsagan.data.sampler import Augmentation, Batch, make_example
from rsagan.errors import InputError
from rsagan.files import check_folder, spare
from rsagan.network import Generator, save_delta, shipped_weights
from rsagan.people import Person, Pose, read_picture
from rsagan.photo import analyse
from rsagan.photo.agreement import estimate, joints_right
from rsagan.training.phases import generator_phase, to_step
from rsagan.training.precision import autocast, computing_type
from rsagan.training.recipe import Losses
from rsagan.transfer import Model, load
from rsagan.video import open_clip, read_frames

LEARNING: Final = ("layout", "integration", "decoder")  # the parts of the network that learn
LOSSES: Final = Losses(
    adversarial=0, head_adversarial=0, rescoring=0, correspondence=0, carried=0, flow=0, target_parsing=0.25
)
CORRUPTION: Final = Corruption(jitter=0.004, drop=0.02, target_jitter=0.0, target_drop=0.0, swap=0.0)
SHARES: Final = (1.0, 0.75, 0.5, 0.25)  # of what was learnt that may be kept, tried in this order
_LOOKED_AT: Final = 40  # frames of all clips together
_FEWEST: Final = 2
_ENOUGH: Final = 10  # views, of which some can be held out
_EVERY: Final = 5  # view is held out
_SOURCES: Final = 2  # for each view held out


@dataclass(frozen=True)
class Effort:
    """How much is trained.

    Attributes:
        pictures: pairs in all. minutes: stop earlier if they take longer. batch: pairs a step.
        learning_rate: of Adam; it falls along a cosine to nothing.
        warp: how far views are turned, scaled and shifted by chance: 1 is 12 degrees, 12 % and 6 % of the height.
        alone: share of the pairs into which none of the source's own colours are blended.
    """

    pictures: int = 2_400
    minutes: float = 8.0
    batch: int = 4
    learning_rate: float = 6e-4
    warp: float = 0.5
    alone: float = 0.5


REFINE: Final = Effort(pictures=96, minutes=0.75, learning_rate=3e-4, warp=1.0, alone=0.0)


@dataclass(frozen=True)
class Adapted:
    """What `adapt` made.

    Attributes:
        weights: the file. views, pictures: the person's views and the pairs of them that were seen.
        seconds: all of it took. loss: at both ends.
        kept: share of what was learnt that is in the file.
        joints: share of joints in their place, unadapted and as it is in the file, on views held out; with fewer than
            ten views none is, and it is of those that were learnt from.
        notes: sentences the user should see.
    """

    weights: Path
    views: int
    pictures: int
    seconds: float
    loss: tuple[float, float]
    kept: float
    joints: tuple[float, float]
    notes: list[str]

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "weights": str(self.weights),
            "views": self.views,
            "pictures": self.pictures,
            "seconds": round(self.seconds),
            "loss": [round(value, 4) for value in self.loss],
            "kept": self.kept,
            "joints": [round(value, 4) for value in self.joints],
            "notes": self.notes,
        }


def adapt(
    out: Path | str,
    clips: Sequence[Path | str] = (),
    photos: Sequence[Path | str] = (),
    weights: Path | str | None = None,
    size: tuple[int, int] = (256, 176),
    effort: Effort | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Adapted:
    """Adapt weights to the person of clips or of several photos; writes a delta (`rsagan.network.save_delta`).

    Args:
        out: the safetensors to write.
        clips, photos: the one or the other; all of one person in one set of clothes.
        weights: what to start from; the shipped ones for pictures of `size` by default.
        size: (height, width) that the pictures are analysed at.
        effort: its minutes are those of analysing and training together, of which training gets a quarter at least.
        progress: called with (parts of the work done, parts in all).

    Raises:
        InputError: nothing or both given, unreadable, fewer than two pictures of the person, no place to write (the
            weights to start from are none), nothing learnt that leaves the pose as good as it was.
        AssetError: the networks of analysis or losses cannot be had.
    """
    out, base = Path(out), Path(weights or shipped_weights(size))
    if out.suffix != ".safetensors" or out.is_dir():
        raise InputError(f"The result is a .safetensors file, not {out}.")
    if bool(clips) == bool(photos):
        raise InputError("Adapting needs either clips or photos of one person: give --clip or --photos.")
    effort = effort or Effort()
    start = time.perf_counter()
    model = load(base)
    generator, header = model.generator, model.metadata
    if "base" in header:
        raise InputError(f"{base} is an adaptation itself; adapt the weights that it belongs to.")
    spare([base], [out])
    check_folder(out.parent)
    model.check_shape(size)
    people, notes = _clip_views(clips, size) if clips else _photo_views(photos, size)
    views = [at_size(person, model.size) for person in people]
    held_out = set(range(len(views))[_EVERY // 2 :: _EVERY]) if len(views) >= _ENOUGH else set()
    shown = [view for k, view in enumerate(views) if k not in held_out]
    looked_at = [view for k, view in enumerate(views) if k in held_out] or shown
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    spent = (time.perf_counter() - start) / 60
    left = replace(effort, minutes=max(effort.minutes - spent, effort.minutes / 4))
    seen, losses = fit(generator, shown, left, progress)
    kept, joints = keep_the_pose(model, before, shown, looked_at)
    if kept == 0:
        raise InputError(
            f"What can be learnt from {_names(clips or photos)} makes the pose worse; give pictures of more poses, or "
            "ones in which arms and legs are seen better."
        )
    if kept < 1:
        where = " on views held out" if held_out else ""
        notes.append(f"Of what was learnt {kept:.0%} is kept: with more of it the pose got worse{where}.")
    seconds = time.perf_counter() - start
    summary = {"views": len(views), "pictures": seen, "seconds": round(seconds), "kept": kept}
    metadata: dict[str, Any] = {name: header[name] for name in ("size", "data") if name in header}
    save_delta(out, generator, base, {**metadata, "adapted": {**summary, "rsagan": rsagan.__version__}})
    return Adapted(out, len(views), seen, seconds, losses, kept, joints, notes)


def keep_the_pose(
    model: Model, before: dict[str, torch.Tensor], sources: Sequence[Person], targets: Sequence[Person]
) -> tuple[float, tuple[float, float]]:
    """Take the model's weights back towards those of `before` until they paint the pose as well as these.

    Args:
        before: the state it had. sources, targets: views of the person; targets have not been learnt from.

    Returns:
        the largest of `SHARES` at which no fewer joints are in their place, or 0; and the shares of joints in their
        place, before and then.
    """
    learnt = {name: value.clone() for name, value in model.generator.state_dict().items()}
    true = [estimate(target.picture) for target in targets]

    def in_place(share: float) -> float:
        mixed = {
            name: old + share * (learnt[name] - old) if share < 1 else learnt[name] for name, old in before.items()
        }
        model.generator.load_state_dict(mixed)
        counts = np.zeros(2)
        for k in range(min(_SOURCES, len(sources))):
            for at, target in enumerate(targets):
                source = sources[(at * 7 + (2 * k + 1) * len(sources) // (2 * _SOURCES)) % len(sources)]
                painted = model.prepare(source).pose(target.pose, keep_place=True).picture
                counts += joints_right(estimate(painted), true[at])
        return float(counts[0] / max(counts[1], 1))

    least = in_place(0)
    for share in SHARES:
        now = in_place(share)
        if now >= least:
            return share, (least, now)
    model.generator.load_state_dict(before)
    return 0.0, (least, least)


def refine(generator: Generator, person: Person, size: tuple[int, int], effort: Effort | None = None) -> None:
    """Teach a generator, in place, to reconstruct one person's only picture under turning, scaling and shifting.

    Args:
        size: (height, width) the generator was trained for.
    """
    fit(generator, [at_size(person, size)], effort or REFINE)


def fit(
    generator: Generator, views: Sequence[Person], effort: Effort, progress: Callable[[int, int], None] | None = None
) -> tuple[int, tuple[float, float]]:
    """Train the later part of a generator, in place, on pairs of views of one person; it comes back frozen.

    Returns:
        how many pairs were seen, and the mean loss over the first and the last tenth of the steps.
    """
    device = torch.device("cpu")
    kind = computing_type("bfloat16", device)
    backbone = backbones.load(LOSSES.backbone, max({*LOSSES.layers, *LOSSES.head_layers})).to(kind)
    weights = replace(LOSSES, alone=effort.alone)
    learning = [p for name, p in generator.named_parameters() if name.split(".")[0] in LEARNING]
    for parameter in learning:
        parameter.requires_grad_(True)
    optimizer = torch.optim.Adam(learning, effort.learning_rate, (0.9, 0.99))
    losses: list[float] = []
    start, seen = time.perf_counter(), 0
    while seen < effort.pictures:
        share = max(seen / effort.pictures, (time.perf_counter() - start) / (60 * effort.minutes))
        if share >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = effort.learning_rate * 0.5 * (1 + math.cos(math.pi * share))
        examples = [_example(views, seen + k, effort.warp) for k in range(effort.batch)]
        step = to_step({name: np.stack([e[name] for e in examples]) for name in examples[0]}, device)
        optimizer.zero_grad(set_to_none=True)
        with autocast(kind, device):
            _, values = generator_phase(step, generator, backbone, weights, {}, 0.0)
        norm = nn.utils.clip_grad_norm_(learning, 1.0)
        if bool(torch.isfinite(values["total"]) & torch.isfinite(norm)):
            optimizer.step()
            losses.append(float(values["total"]))
        seen += effort.batch
        if progress:
            progress(round(1000 * min(1.0, max(share, seen / effort.pictures))), 1000)
    generator.requires_grad_(False)
    tenth = max(1, len(losses) // 10)
    ends = (float(np.mean(losses[:tenth])), float(np.mean(losses[-tenth:]))) if losses else (math.nan, math.nan)
    return seen, ends


def at_size(person: Person, size: tuple[int, int]) -> Person:
    """The person in a smaller or larger frame of (height, width)."""
    shape = (size[1], size[0])
    picture = cv2.resize(person.picture, shape, interpolation=cv2.INTER_AREA)
    parsing = cv2.resize(person.parsing, shape, interpolation=cv2.INTER_NEAREST)
    return Person(np.asarray(picture, np.uint8), person.pose.resized(size), np.asarray(parsing, np.uint8))


def warped(person: Person, strength: float, random: np.random.Generator) -> Person:
    """The person turned, scaled and shifted by chance within the frame, which goes on as its border is."""
    height, width = person.size
    angle, grow = random.uniform(-12, 12) * strength, 1 + random.uniform(-0.12, 0.12) * strength
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, grow)
    matrix[:, 2] += random.uniform(-0.06, 0.06, 2) * strength * height
    shape = (width, height)
    border = cv2.BORDER_REPLICATE
    picture = cv2.warpAffine(person.picture, matrix, shape, flags=cv2.INTER_LINEAR, borderMode=border)
    parsing = cv2.warpAffine(person.parsing, matrix, shape, flags=cv2.INTER_NEAREST, borderMode=border)
    points = person.pose.points @ matrix[:, :2].T + matrix[:, 2]
    pose = Pose(points.astype(np.float32), person.size).without_outside()
    return Person(np.asarray(picture, np.uint8), pose, np.asarray(parsing, np.uint8))


def _example(views: Sequence[Person], position: int, warp: float) -> Batch:
    """One pair of different views (of one view and itself where there is but one), each warped by chance."""
    random = np.random.default_rng((position, 0xADA))
    chosen = random.choice(len(views), 2, replace=len(views) < 2)
    pair = [warped(views[int(at)], warp, random) for at in chosen]
    pixels: list[tuple[NDArray[np.uint8], NDArray[np.uint8], None]] = [
        (each.picture, each.parsing, None) for each in pair
    ]
    return make_example(
        (position, 0xADA),
        list(pixels),
        [each.pose.points for each in pair],
        [each.pose.present for each in pair],
        Augmentation(flip=0.5, photometric=0.1),
        CORRUPTION,
    )


def _clip_views(paths: Sequence[Path | str], size: tuple[int, int]) -> tuple[list[Person], list[str]]:
    """People of frames spread evenly over clips; frames that show nobody usable are passed over."""
    frames: list[tuple[str, NDArray[np.uint8]]] = []
    each = max(_FEWEST, _LOOKED_AT // len(paths))
    for path in paths:
        clip = open_clip(path)
        fps = min(clip.fps, each / clip.seconds) if clip.seconds else clip.fps / 4
        most = None if clip.seconds else each  # read to its end, which tells whether it is whole
        frames += [(str(path), frame.picture) for frame in islice(read_frames(clip, fps), most)]
    people, _, lost = _views(frames, size)
    return people, [f"{len(lost)} of {len(frames)} frames show nobody usable and were passed over."] if lost else []


def _names(paths: Sequence[Path | str]) -> str:
    return ", ".join(str(path) for path in paths)


def _photo_views(photos: Sequence[Path | str], size: tuple[int, int]) -> tuple[list[Person], list[str]]:
    """People of photos; a photo that shows nobody usable is passed over, and a note says why."""
    people, notes, lost = _views([(str(path), read_picture(path)) for path in photos], size)
    return people, [*notes, *(f"{reason} It was passed over." for reason in lost)]


def _views(
    pictures: Sequence[tuple[str, NDArray[np.uint8]]], size: tuple[int, int]
) -> tuple[list[Person], list[str], list[str]]:
    """People of pictures, what to say about them, and why the others show none."""
    people: list[Person] = []
    notes: list[str] = []
    lost: list[str] = []
    for where, picture in pictures:
        try:
            found = analyse(picture, size, plain_background=True)
            people.append(found.person)
            notes += [f"{where}: {note}" for note in found.notes]
        except InputError as error:
            lost.append(f"{where}: {error}")
    if len(people) < _FEWEST:
        given = list(dict.fromkeys(name for name, _ in pictures))
        raise InputError(
            f"Adapting needs at least {_FEWEST} pictures that show the person; {_names(given) or 'nothing'} gives "
            f"{len(people)}.{f' {lost[0]}' if lost and len(given) > 1 else ''}"
        )
    return people, notes, lost
