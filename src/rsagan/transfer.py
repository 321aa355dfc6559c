"""The public way to use trained weights: prepare a person once, then ask for any pose.

person = analyse("photo.jpg")
model = load()                     # the shipped weights
subject = model.prepare(person)    # encoded once
result = subject.pose(pose)        # any number of times
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn import functional

from rsagan.errors import InputError
from rsagan.network import Encoded, Generator, enlarged, load_weights, pad, shipped_weights, size_in, stacked
from rsagan.people import (
    NUM_REGIONS,
    Parsing,
    Person,
    Picture,
    Pose,
    one_hot,
    placed,
    placed_sequence,
    read_picture,
    same_shape,
)
from rsagan.people.motion import held
from rsagan.photo import Analysis
from rsagan.photo import analyse as analyse_photo
from rsagan.photo.analyse import Joints, Which
from rsagan.photo.colours import own_colours, with_own_colours
from rsagan.photo.head import Head, Parts, with_own_head

NO_OUTLINE: Final = "These weights draw no parsing map, so only a plain background is possible with them."
MOST_ENLARGED: Final = 8  # times the size that was painted, with the photo's own detail; beyond that plainly


@dataclass(frozen=True, eq=False)
class Result:
    """A person in a new pose.

    Attributes:
        picture: uint8 (H, W, 3) RGB, as large as the person's own picture.
        pose: the target joints in its pixels, as they were used.
        parsing: uint8 (H, W) of regions as the network drew them; None for weights without semantics.
        outline: float32 (H, W) in 0..1, how surely a pixel is person by that parsing; None without semantics.
        painted_at: (height, width) the network worked at; smaller than the picture if that was enlarged (where it
            shows what the person's picture does, it then has that picture's own detail).
    """

    picture: Picture
    pose: Pose
    parsing: Parsing | None
    outline: NDArray[np.float32] | None
    painted_at: tuple[int, int]


class Subject:
    """One person, encoded. Made by `Model.prepare`."""

    def __init__(
        self,
        model: "Model",
        person: Person,
        encoded: Encoded,
        large: torch.Tensor | None,
        photos: Sequence[Person] = (),
    ) -> None:
        self.model = model
        self.person = person
        self._encoded = encoded
        self._large = large  # what was encoded, (1, 3, f * h, f * w), where the person's picture is larger
        self._heads = [Head(each) for each in photos]  # those that may stand in for the painted one
        self._colours = own_colours(photos) if photos else None

    def pose(self, pose: Pose, keep_place: bool = False, retarget: bool = True, on_ground: bool = False) -> Result:
        """The person in `pose`.

        Args:
            pose: the target joints, in any frame.
            keep_place: take the joints as they are (their frame is stretched to the person's) instead of placing
                them by body size and neck.
            retarget: when placing, give the pose the person's own limb lengths.
            on_ground: when placing, keep the feet rather than the neck at the person's height.

        Raises:
            InputError: too few joints to paint a person.
        """
        return self.paint(target_of(pose, self.person, keep_place, retarget, on_ground))

    def paint(self, target: Pose) -> Result:
        """The person with these joints of their own frame, however few there are.

        Of a subject that `Model.prepare` made, regions have in the mean the colours of the person's pictures, and a
        head is that of one of them where that shows it from the same side.
        """
        result = self.model.paint(self._encoded, target, self._large)
        if self._colours is None or result.parsing is None or result.outline is None:
            return result
        painted = with_own_colours(Parts(result.picture, result.parsing, result.outline), self._colours)
        return replace(result, **with_own_head(painted, target, self._heads)._asdict())

    def animate(self, poses: Sequence[Pose], retarget: bool = True, on_ground: bool = False) -> Iterator[Result]:
        """The person moving through `poses` of one body, placed together so that nothing jumps.

        Args:
            poses, retarget, on_ground: as in `rsagan.people.placed_sequence`.
        """
        return (self.paint(pose) for pose in self.place(poses, retarget, on_ground))

    def place(self, poses: Sequence[Pose], retarget: bool = True, on_ground: bool = False) -> list[Pose]:
        """The poses in this person's frame; one that is not usable there gives way to the one before it.

        What comes before the first that is usable gives way to that one.

        Raises:
            InputError: none of them is usable.
        """
        found = placed_sequence(poses, self.person.pose, retarget, on_ground)
        out = held(found)
        if not out:
            reason = found[0].usable() if found else "there are none"
            raise InputError(f"The target poses cannot be used: {reason}.")
        return out


class Model:
    """Trained weights, ready to paint on the CPU or a graphics card."""

    def __init__(self, generator: Generator, metadata: dict[str, Any], device: torch.device | str = "cpu") -> None:
        self.generator = generator.to(device).eval()
        self.metadata = metadata
        self.device = torch.device(device)
        self.size: tuple[int, int] = size_in(metadata)

    def prepare(self, person: Person | Analysis, *others: Person | Analysis) -> Subject:
        """Encode a person, given as such or as `analyse` found them.

        A picture of another size than the weights were trained for is resized on the way in.

        Args:
            others: further pictures of the same person, from other sides: what one hides another may show.

        Raises:
            InputError: too few joints; a frame of another shape (height to width) than trained for; several pictures,
                and weights that take one.
        """
        people = [each.person if isinstance(each, Analysis) else each for each in (person, *others)]
        for each in people:
            if reason := each.pose.usable():
                raise InputError(f"The source person cannot be used: {reason}.")
        return self.encode(*people, own=True)

    def check_shape(self, size: tuple[int, int]) -> None:
        """Raises InputError if a frame of `size` (height, width) is not shaped as those trained for."""
        if not same_shape(size, self.size):
            raise InputError(
                f"A frame of {size[0]}x{size[1]} does not fit these weights, which were trained on frames shaped like "
                f"{self.size[0]}x{self.size[1]}; choose a size of that shape."
            )

    @torch.inference_mode()
    def encode(self, person: Person, *others: Person, own: bool = False) -> Subject:
        """As `prepare`, however few joints there are; unless `own`, results are the network's alone.

        Raises:
            InputError: a frame of another shape than trained for; several pictures, and weights that take one.
        """
        people = (person, *others)
        encoded = self.generator.together([self._encode(each) for each in people])
        factor = min(math.ceil(person.size[0] / self.size[0]), MOST_ENLARGED)
        size = (factor * self.size[0], factor * self.size[1])
        large = None
        if factor > 1 and self.generator.config.detail:
            large = stacked([pad(self._tensor(each.picture, size), 8 * factor) for each in people], 1 / factor)
        return Subject(self, person, encoded, large, people if own else ())

    def _encode(self, person: Person) -> Encoded:
        self.check_shape(person.size)
        labels = Image.fromarray(person.parsing).resize(self.size[::-1], Image.Resampling.NEAREST)
        parsing = torch.from_numpy(one_hot(np.asarray(labels)))[None]
        points = torch.from_numpy(person.pose.resized(self.size).points)[None]
        return self.generator.encode_source(
            self._tensor(person.picture, self.size), parsing.to(self.device), points.to(self.device)
        )

    def _tensor(self, picture: Picture, size: tuple[int, int]) -> torch.Tensor:
        """uint8 (h, w, 3), stretched to `size`, as float32 (1, 3, H, W) in [-1, 1]."""
        pixels = torch.from_numpy(resized(picture, size).copy()).to(self.device)
        return pixels.permute(2, 0, 1)[None].float() / 127.5 - 1

    @torch.inference_mode()
    def paint(self, encoded: Encoded, target: Pose, large: torch.Tensor | None = None) -> Result:
        """Render an encoded person by the network alone; the result is as large as the target's frame.

        Args:
            large: `encoded.picture` at a whole multiple f of its size, (1, 3, f * h, f * w): where the result shows
                what that does, its detail is fetched from it.
        """
        points = torch.from_numpy(target.resized(self.size).points)[None].to(self.device)
        output = self.generator.render(encoded, points)
        painted = output.picture
        if large is not None and output.flow is not None:
            painted = enlarged(painted, output.flow, encoded.picture, large)
        pixels = ((painted[0].permute(1, 2, 0) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).cpu().numpy()
        parsing = outline = None
        if output.parsing_logits is not None:
            labels = output.parsing_logits[0].argmax(0).to(torch.uint8).cpu().numpy()
            parsing = np.asarray(Image.fromarray(labels).resize(target.size[::-1], Image.Resampling.NEAREST))
            person = 1 - output.parsing_logits.float().softmax(1)[:, :1]
            person = functional.interpolate(person, target.size, mode="bicubic", align_corners=False, antialias=True)
            outline = person[0, 0].clamp(0, 1).cpu().numpy()
        return Result(resized(pixels, target.size), target, parsing, outline, self.size)


def analyse(
    photo: Picture | Path | str | bytes,
    size: tuple[int, int] = (256, 176),
    person: Which = None,
    parsing: Parsing | None = None,
    joints: Joints = "blazepose",
) -> Analysis:
    """Find a person in a photo and lay them, on a plain backdrop, into a frame that `Model.prepare` takes.

    Args:
        photo: a JPEG, PNG or WebP file, its bytes, or a picture uint8 (H, W, 3) RGB.
        size: (height, width) of the frame.
        person: which one: a number, 0 being the largest, or a place (x, y) in the photo; the largest by default.
        parsing: uint8 (H, W), the photo's regions if somebody else has found them.
        joints: who finds people and joints; rtmlib is an extra of this package.

    Raises:
        InputError: not a picture, nobody there, too little of them; one sentence.
        AssetError: the analysis' networks cannot be had.
    """
    picture = photo if isinstance(photo, np.ndarray) else read_picture(photo)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise InputError(f"A photo is uint8 (height, width, 3) RGB, not {picture.dtype} {picture.shape}.")
    if min(size) < 1:
        raise InputError(f"The frame must have a height and a width, not {size[0]}x{size[1]}.")
    if parsing is not None and not np.isin(parsing, np.arange(NUM_REGIONS)).all():
        raise InputError(
            f"The regions are whole numbers from 0 to {NUM_REGIONS - 1}, not from {parsing.min()} to {parsing.max()}."
        )
    if joints not in get_args(Joints):
        raise InputError(f"Joints are found by {' or '.join(get_args(Joints))}, not by {joints!r}.")
    return analyse_photo(picture, size, person, plain_background=True, parsing=parsing, joints=joints)


def target_of(
    pose: Pose, person: Person, keep_place: bool = False, retarget: bool = True, on_ground: bool = False
) -> Pose:
    """The pose in a person's frame, as `Subject.pose` paints it.

    Args:
        keep_place, retarget, on_ground: as there.

    Raises:
        InputError: too few of its joints lie in that frame.
    """
    target = pose.resized(person.size) if keep_place else placed(pose, person.pose, retarget, on_ground)
    if reason := target.usable():
        raise InputError(f"The target pose cannot be used: {reason}.")
    return target


def load(weights: Path | str | None = None, device: torch.device | str = "cpu") -> Model:
    """Weights from a file, or the largest that come with the package (`rsagan.network.shipped_weights` names others).

    Raises:
        InputError: not weights of this program, with the reason; no such device.
    """
    weights = weights or shipped_weights()
    generator, metadata = load_weights(weights)
    try:
        return Model(generator, metadata, device)
    except InputError as error:
        raise InputError(f"{weights}: {error}") from error
    except (RuntimeError, AssertionError) as error:  # how torch says that a device is not there
        raise InputError(f"The device {device} cannot be used: {str(error).splitlines()[0]}.") from error


def resized(picture: Picture, size: tuple[int, int]) -> Picture:
    """A picture stretched to (height, width); unchanged if it has that size."""
    if picture.shape[:2] == tuple(size):
        return picture
    return np.asarray(Image.fromarray(picture).resize((size[1], size[0]), Image.Resampling.LANCZOS))
