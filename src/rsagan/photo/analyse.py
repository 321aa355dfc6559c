"""From a photo to a `Person` in the network's frame."""

from contextlib import suppress
from dataclasses import dataclass, replace
from operator import index
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from rsagan.errors import InputError
from rsagan.people import FACINGS, FLIP, Facing, Fit, Parsing, Person, Picture, Pose, fit_box
from rsagan.people.head import NOSE_AND_EYES
from rsagan.photo import landmarks, rtm
from rsagan.photo.checks import ANKLES, MIN_HEIGHT, doubt, inside, visible_part
from rsagan.photo.edges import freed
from rsagan.photo.joints import as_rendered
from rsagan.photo.landmarks import Detection, Side

Joints = Literal["blazepose", "rtmlib"]
_FIND: Final = {"blazepose": landmarks.find_people, "rtmlib": rtm.find_people}
Which = int | tuple[float, float] | None

BACKDROP: Final = (245, 245, 245)
_FILL = 0.88  # of the frame's height, by a whole body
_WIDEST = 0.96  # of the frame's width
_TORSOS_TALL = 3.6  # a body's height in torso lengths, about
_CLOSER = 1.6  # half a body is shown at most that much larger than a whole one
_HIDDEN = 0.2  # visibility of a joint under cloth, or behind an arm, whose place is still known
# How likely the joint network sees each side of a person who faces front, left, back or right.
_LIKELY: Final[dict[Side, tuple[float, ...]]] = {
    "front": (0.7, 0.2, 0.1, 0.2),
    "back": (0.1, 0.2, 0.7, 0.2),
    "side": (0.2, 0.6, 0.2, 0.6),
}
_RIGHT_TRUNK: Final = (2, 8)  # shoulder and hip
_LEFT_TRUNK: Final = (5, 11)


@dataclass(frozen=True, eq=False)
class Analysis:
    """What a photo says about a person.

    Attributes:
        person: picture, pose and parsing in the fitted frame; the pose knows which way the person faces.
        fit: how the photo was laid into that frame, for the way back.
        notes: sentences the user should see.
        mask: float32 (H, W), 0..1, the person's soft outline in the frame.
        people: boxes x0, y0, x1, y1 in photo pixels of everybody who could be taken, largest first.
    """

    person: Person
    fit: Fit
    notes: list[str]
    mask: NDArray[np.float32]
    people: list[tuple[float, float, float, float]]


def analyse(
    photo: Picture,
    size: tuple[int, int] = (256, 176),
    person: Which = None,
    plain_background: bool = False,
    parsing: Parsing | None = None,
    joints: Joints = "blazepose",
) -> Analysis:
    """Find a person in a photo and fit them into a frame.

    Args:
        photo: uint8 (H, W, 3) RGB.
        size: (height, width) of the frame.
        person: which one: a number, 0 being the largest, or a place (x, y) in the photo; the largest by default.
        plain_background: lay the person on an off-white backdrop, as the network has seen in training.
        parsing: uint8 (H, W), the photo's regions if somebody else has found them; our own parser is not asked then.
        joints: who finds people and joints; rtmlib is an extra of this package.

    Raises:
        InputError: nobody there, nobody large enough, no such person, too little of them, rtmlib is not installed; one
            sentence.
        AssetError: the networks' files cannot be had.
    """
    from rsagan.photo.parser import parse

    person = _meant(person)
    people = _candidates(photo, person, joints)
    chosen, notes = _pick(people, person)
    part = visible_part(chosen)
    if part:
        notes.append(f"Only {part} of the person can be seen; what the photo does not show is made up.")
    fit = fit_person(chosen, size)
    picture = fit.picture_to_frame(photo)
    pose = fit.pose_to_frame(chosen.pose(hidden=_HIDDEN))
    reason = pose.usable()
    if reason:
        raise InputError(f"The person in the photo cannot be used: {reason}; take a photo that shows more of them.")
    parsed = parse(picture, pose, outline(chosen, fit))
    regions, mask = np.where(_photo_in(fit), parsed.parsing, np.uint8(0)), parsed.outline * _photo_in(fit)
    if parsing is not None:
        regions = given_regions(parsing, photo, fit)
        mask = soft_outline(regions)
    if plain_background:
        picture = cut_out(picture, mask)
    # The parser has seen upright people only.
    shares = np.ones_like(parsed.facings) if chosen.tilted and chosen.side != "side" else parsed.facings
    pose = turned(pose, facing_of(shares, chosen.side))
    found = Person(picture, as_rendered(pose) if joints == "blazepose" else pose, regions)
    return Analysis(found, fit, notes, mask, [each.box for each in people])


def given_regions(parsing: Parsing, photo: Picture, fit: Fit) -> Parsing:
    """Regions of the photo in the frame.

    Raises:
        InputError: the map is not as large as the photo; nobody where the person is.
    """
    if parsing.shape != photo.shape[:2]:
        raise InputError(
            "The parsing map is {}x{} but the photo, upright, {}x{} (height x width); make it from that photo.".format(
                *parsing.shape, *photo.shape[:2]
            )
        )
    framed = fit.regions_to_frame(parsing)
    if not framed.any():
        raise InputError("The parsing map shows only background where the person is; is it of another photo?")
    return framed


def soft_outline(parsing: Parsing) -> NDArray[np.float32]:
    """The outline of a parsed person, its edge two pixels soft: float32 (H, W), 0..1."""
    import cv2

    return np.asarray(cv2.GaussianBlur((parsing > 0).astype(np.float32), (0, 0), 0.8), np.float32)


def facing_of(shares: NDArray[np.float32], side: Side) -> Facing:
    """The likeliest facing, by the parser's probabilities (4,) and the order of shoulders and hips.

    The parser has seen rendered people only, the joint network only real ones.
    """
    return FACINGS[int(np.argmax(shares * np.array(_LIKELY[side])))]


def turned(pose: Pose, facing: Facing) -> Pose:
    """The pose with its facing, mended by it.

    The joint network draws a face on every back: it is taken away. It takes some backs for fronts, and so left for
    right: they are exchanged where shoulders and hips agree that the person would face the other way.
    """
    points, order = pose.points, np.arange(len(pose.points))
    left, right = points[list(_LEFT_TRUNK)], points[list(_RIGHT_TRUNK)]
    up = (left + right)[0] - (left + right)[1]  # from the hips to the shoulders, wherever the photo's top is
    with np.errstate(invalid="ignore"):
        across = up[0] * (left - right)[:, 1] - up[1] * (left - right)[:, 0]
        wrong = across < 0 if facing == "front" else across > 0
    if facing in ("front", "back") and wrong.all():
        order = np.array(FLIP)
    confidence = None if pose.confidence is None else pose.confidence[order]
    points = points[order]
    if facing == "back":
        points[NOSE_AND_EYES] = np.nan
    return replace(pose, points=points, confidence=confidence, facing=facing)


def choose(photo: Picture, person: Which = None, what: str = "photo") -> tuple[Detection, list[str]]:
    """The person meant, and what to tell the user about the choice.

    Args:
        photo: uint8 (H, W, 3) RGB.
        person: which one: a number, 0 being the largest, or a place (x, y); the largest by default.
        what: what sentences call the picture.

    Raises:
        InputError: nobody; nobody large enough; no person of that number, or at that place.
    """
    person = _meant(person)
    return _pick(_candidates(photo, person, what=what), person, what)


def _meant(person: Any) -> Which:
    """A number or a place, also as numpy and JSON have them. Raises InputError for anything else."""
    if person is None:
        return None
    with suppress(TypeError):
        return index(person)
    try:
        x, y = person
        return float(x), float(y)
    except (TypeError, ValueError) as error:
        raise InputError(f"A person is a number or a place (x, y), not {person!r:.40}.") from error


def _candidates(photo: Picture, person: Which, joints: Joints = "blazepose", what: str = "photo") -> list[Detection]:
    """Everybody in the photo who could be taken, largest first; at least one."""
    place = person if isinstance(person, tuple) else None
    if place and not (0 <= place[0] < photo.shape[1] and 0 <= place[1] < photo.shape[0]):
        raise InputError(
            f"The place {place[0]:g},{place[1]:g} lies outside the {what}, which is {photo.shape[1]} pixels wide and "
            f"{photo.shape[0]} high."
        )
    human = [found for found in _FIND[joints](photo, place) if doubt(found) is None]
    people = [found for found in human if found.height >= MIN_HEIGHT]
    if not people and human:
        raise InputError(
            f"The person in the {what} is only {round(human[0].height)} pixels tall; at least {MIN_HEIGHT} are needed."
        )
    if not people:
        raise InputError(
            f"No person was found in the {what}; take one that shows a person clearly, best from head to toe."
        )
    return people


def _pick(people: list[Detection], person: Which, what: str = "photo") -> tuple[Detection, list[str]]:
    shown = f"the {what} shows {'one person' if len(people) == 1 else f'{len(people)} people'}"
    if isinstance(person, tuple):
        return _at(person, people, shown), []
    if isinstance(person, int) and not 0 <= person < len(people):
        raise InputError(f"There is no person {person}: {shown}, counted from 0 (the largest).")
    if len(people) == 1:
        return people[0], []
    which = "the largest is taken" if person is None else f"number {person} is taken (0 is the largest)"
    number = person if isinstance(person, int) else 0
    return people[number], [f"The {what} shows {len(people)} people; {which}."]


def _at(place: tuple[float, float], people: list[Detection], shown: str) -> Detection:
    """The person whose box holds the place; of several the one whose middle is nearest."""
    x, y = place
    here = [each for each in people if each.box[0] <= x <= each.box[2] and each.box[1] <= y <= each.box[3]]
    if not here:
        middles = ", ".join(f"{_middle(each)[0]:.0f},{_middle(each)[1]:.0f}" for each in people)
        raise InputError(f"Nobody was found at {x:g},{y:g}; {shown}, at {middles}.")
    return min(here, key=lambda each: float(np.hypot(*(_middle(each) - place))))


def _middle(person: Detection) -> NDArray[np.float64]:
    x0, y0, x1, y1 = person.box
    return np.array([(x0 + x1) / 2, (y0 + y1) / 2])


def on_backdrop(picture: Picture, mask: NDArray[np.float32]) -> Picture:
    """The person on the plain off-white backdrop of the synthetic people, through the soft outline."""
    weight = mask[..., None]
    return np.asarray(picture * weight + np.array(BACKDROP, np.float32) * (1 - weight) + 0.5, np.uint8)


def cut_out(picture: Picture, mask: NDArray[np.float32]) -> Picture:
    """The person of a photo on that backdrop, their edge without the colours of what stood behind them."""
    return on_backdrop(freed(picture, mask), mask)


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
    """The joint network's soft outline in the frame, float32 (H, W) in 0..1.

    Nothing beyond the photo's edges, and only the piece that holds the person's joints.
    """
    import cv2

    mask = person.mask(fit.frame_size, fit.scale, fit.offset)
    mask = mask * _photo_in(fit)
    count, labels, stats, _ = cv2.connectedComponentsWithStats((mask > 0.25).astype(np.uint8))
    if count > 2:
        largest = int(np.argmax(stats[1:, cv2.CC_STAT_AREA])) + 1
        small = stats[:, cv2.CC_STAT_AREA] < 0.05 * stats[largest, cv2.CC_STAT_AREA]
        mask = np.where(small[labels] & (labels > 0), 0, mask)
    return np.asarray(mask, np.float32)


def _photo_in(fit: Fit) -> NDArray[np.bool_]:
    """Which pixels of the frame, bool (H, W), show the photo and not its continued border."""
    height, width = fit.frame_size
    y, x = np.arange(height) + 0.5, np.arange(width) + 0.5
    rows = (y > fit.offset[1]) & (y < fit.offset[1] + fit.photo_size[0] * fit.scale)
    columns = (x > fit.offset[0]) & (x < fit.offset[0] + fit.photo_size[1] * fit.scale)
    return np.asarray(rows[:, None] & columns)
