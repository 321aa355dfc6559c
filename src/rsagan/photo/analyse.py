"""From a photo to a `Person` in the network's frame."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rsagan.errors import InputError
from rsagan.people import Fit, Person, Picture, Pose, fit_box
from rsagan.photo.checks import ANKLES, MIN_HEIGHT, doubt, inside, visible_part
from rsagan.photo.landmarks import Detection, Facing, find_people

BACKDROP: Final = (245, 245, 245)
_FILL = 0.88  # of the frame's height, by a whole body
_WIDEST = 0.96  # of the frame's width
_TORSOS_TALL = 3.6  # a body's height in torso lengths, about
_CLOSER = 1.6  # half a body is shown at most that much larger than a whole one
_FACE_JOINTS: Final = (0, 14, 15)  # nose and eyes


@dataclass(frozen=True, eq=False)
class Analysis:
    """What a photo says about a person.

    Attributes:
        person: picture, pose and parsing in the fitted frame.
        fit: how the photo was laid into that frame, for the way back.
        notes: sentences the user should see.
        mask: float32 (H, W), 0..1, the person's soft outline in the frame.
        facing: `front`, `back` or `side`.
    """

    person: Person
    fit: Fit
    notes: list[str]
    mask: NDArray[np.float32]
    facing: Facing


def analyse(
    photo: Picture,
    size: tuple[int, int] = (256, 176),
    person: int | None = None,
    plain_background: bool = False,
) -> Analysis:
    """Find a person in a photo and fit them into a frame.

    Args:
        photo: uint8 (H, W, 3) RGB.
        size: (height, width) of the frame.
        person: which one, 0 being the largest; the largest by default.
        plain_background: lay the person on an off-white backdrop, as the network has seen in training.

    Raises:
        InputError: nobody there, nobody large enough, no such person, too little of them; one sentence.
        AssetError: the networks' files cannot be had.
    """
    from rsagan.photo.regions import guess_regions

    chosen, notes = choose(photo, person)
    side = chosen.facing
    part = visible_part(chosen)
    if part:
        notes.append(f"Only {part} of the person can be seen; what the photo does not show is made up.")
    fit = fit_person(chosen, size)
    picture = fit.picture_to_frame(photo)
    mask = outline(chosen, fit)
    pose = fit.pose_to_frame(_pose(chosen, side))
    reason = pose.usable()
    if reason:
        raise InputError(f"The person in the photo cannot be used: {reason}; take a photo that shows more of them.")
    points = np.asarray((chosen.points + 0.5) * fit.scale - 0.5 + np.array(fit.offset), np.float32)
    parsing = guess_regions(picture, mask, points, chosen.visibility, side)
    if plain_background:
        picture = on_backdrop(picture, mask)
    return Analysis(Person(picture, pose, parsing), fit, notes, mask, side)


def choose(photo: Picture, person: int | None = None) -> tuple[Detection, list[str]]:
    """The person meant, and what to tell the user about the choice.

    Raises:
        InputError: nobody; nobody large enough; no person of that number.
    """
    human = [found for found in find_people(photo) if doubt(found) is None]
    people = [found for found in human if found.height >= MIN_HEIGHT]
    if not people and human:
        raise InputError(
            f"The person in the photo is only {round(human[0].height)} pixels tall; at least {MIN_HEIGHT} are needed."
        )
    if not people:
        raise InputError(
            "No person was found in the photo; take one that shows a person clearly, best from head to toe."
        )
    if person is not None and not 0 <= person < len(people):
        count = "one person" if len(people) == 1 else f"{len(people)} people"
        raise InputError(f"There is no person {person}: the photo shows {count}, counted from 0 (the largest).")
    if len(people) == 1:
        return people[0], []
    which = "the largest is taken" if person is None else f"number {person} is taken (0 is the largest)"
    return people[person or 0], [f"The photo shows {len(people)} people; {which}."]


def on_backdrop(picture: Picture, mask: NDArray[np.float32]) -> Picture:
    """The person on the plain off-white backdrop of the synthetic people, through the soft outline."""
    weight = mask[..., None]
    return np.asarray(picture * weight + np.array(BACKDROP, np.float32) * (1 - weight) + 0.5, np.uint8)


def _pose(person: Detection, side: Facing) -> Pose:
    pose = person.pose()
    if side != "back":
        return pose
    points = pose.points.copy()  # the joint network draws a face on every back
    points[list(_FACE_JOINTS)] = np.nan
    return replace(pose, points=points)


def fit_person(person: Detection, size: tuple[int, int]) -> Fit:
    """How the photo is laid into a frame of `size` (height, width) round a person."""
    x0, y0, x1, y1 = _outline_box(person)
    if visible_part(person) is None:
        scale = min(_FILL * size[0] / (y1 - y0), _WIDEST * size[1] / (x1 - x0))
        box = ((x0 + x1) / 2, (y0 + y1) / 2)
        return _centred(box, scale, person.photo_size, size)
    # Half a body: larger than it would be in a whole one, but not by much, and never a strip of stretched border
    # below a person whom the photo's lower edge cuts off.
    usual = _FILL * size[0] / (_TORSOS_TALL * person.torso)
    scale = min(_CLOSER * usual, 0.94 * size[0] / (y1 - y0), _WIDEST * size[1] / (x1 - x0))
    fit = _centred(((x0 + x1) / 2, (y0 + y1) / 2), scale, person.photo_size, size)
    bottom = person.photo_size[0]
    if y1 > bottom - 0.02 * (y1 - y0) - 1:
        fit = replace(fit, offset=(fit.offset[0], size[0] - bottom * scale))
    return fit


def _centred(middle: tuple[float, float], scale: float, photo_size: tuple[int, int], size: tuple[int, int]) -> Fit:
    x, y = middle
    half_height, half_width = size[0] / scale / 2, size[1] / scale / 2
    return fit_box((x - half_width, y - half_height, x + half_width, y + half_height), photo_size, size)


def _outline_box(person: Detection) -> tuple[float, float, float, float]:
    """x0, y0, x1, y1 of the outline in photo pixels (edges), kept near the landmarks."""
    height, width = person.photo_size
    scale = min(1.0, 512 / max(height, width))
    small = (max(1, round(height * scale)), max(1, round(width * scale)))
    mask = person.mask(small, scale)
    ys, xs = np.nonzero(mask > 0.5)
    left, top, right, bottom = person.box
    margin = 0.12 * max(bottom - top, right - left)
    near = (
        (xs >= (left - margin) * scale)
        & (xs <= (right + margin) * scale)
        & (ys >= (top - margin) * scale)
        & (ys <= (bottom + margin) * scale)
    )
    if near.sum() < 20:
        return left, top, right + 1, bottom + 1
    xs, ys = xs[near], ys[near]
    if not inside(person, ANKLES) and ((mask[-max(2, small[0] // 20) :, xs.min() : xs.max() + 1] > 0.5).mean() > 0.1):
        ys[-1] = small[0] - 1  # the photo's lower edge cuts the person off
    return tuple(float(v) / scale for v in (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1))  # type: ignore[return-value]


def outline(person: Detection, fit: Fit) -> NDArray[np.float32]:
    """The soft outline in the frame, float32 (H, W) in 0..1: nothing beyond the photo's edges, and only the piece that holds the person's joints."""
    import cv2

    mask = person.mask(fit.frame_size, fit.scale, fit.offset)
    height, width = fit.frame_size
    y, x = np.arange(height) + 0.5, np.arange(width) + 0.5
    rows = (y > fit.offset[1]) & (y < fit.offset[1] + fit.photo_size[0] * fit.scale)
    columns = (x > fit.offset[0]) & (x < fit.offset[0] + fit.photo_size[1] * fit.scale)
    mask = mask * rows[:, None] * columns
    count, labels, stats, _ = cv2.connectedComponentsWithStats((mask > 0.25).astype(np.uint8))
    if count > 2:
        largest = int(np.argmax(stats[1:, cv2.CC_STAT_AREA])) + 1
        small = stats[:, cv2.CC_STAT_AREA] < 0.05 * stats[largest, cv2.CC_STAT_AREA]
        mask = np.where(small[labels] & (labels > 0), 0, mask)
    return np.asarray(mask, np.float32)
