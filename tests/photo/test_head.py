"""A person's own head on a painted body."""

import numpy as np
import pytest

from rsagan.people import Person, Pose, Region, library
from rsagan.people.head import FACE
from rsagan.photo.head import Head, Parts, _box, _extent, with_own_head

STAND, ASIDE = library.load("stand"), library.load("stand-right")
SIZE = STAND.size
HEAD = STAND.points[FACE].mean(0)
Y, X = np.mgrid[: SIZE[0], : SIZE[1]]


def person_at(pose: Pose, colour: int, top: float = 1.3) -> Person:
    """A ball of a head, whose left half is lighter, over a block of a body; `top` ends it, in lengths of the neck."""
    middle, neck = np.nanmean(pose.points[FACE], axis=0), pose.points[1]
    length = np.linalg.norm(middle - neck)
    ball = (np.hypot(X - middle[0], (Y - middle[1]) / 1.3) < 0.65 * length) & (middle[1] - top * length < Y)
    body = (np.abs(X - neck[0]) < 1.6 * length) & (neck[1] < Y) & (neck[1] + 4 * length > Y)
    parsing = np.where(ball, Region.FACE, np.where(body, Region.UPPER, Region.BACKGROUND)).astype(np.uint8)
    picture = np.full((*SIZE, 3), 240, np.uint8)
    picture[parsing > 0] = colour
    picture[ball & (middle[0] < X)] = colour + 40
    return Person(picture, pose, parsing)


def painted_at(pose: Pose) -> Parts:
    figure = person_at(pose, 20)
    return Parts(figure.picture, figure.parsing, (figure.parsing > 0).astype(np.float32))


def moved(pose: Pose, way: tuple[float, float]) -> Pose:
    return Pose(pose.points + np.array(way, np.float32), pose.size)


def test_the_head_is_the_pictures_and_the_body_the_painted_one() -> None:
    target, photo = moved(STAND, (10, 6)), person_at(STAND, 120)
    result = with_own_head(painted_at(target), target, [Head(photo)])
    x, y = np.round(HEAD).astype(int)
    np.testing.assert_allclose(
        result.picture[y + 2 : y + 10, x + 5 : x + 15].astype(int), photo.picture[y - 4 : y + 4, x - 5 : x + 5], atol=3
    )
    below = target.points[1, 1] + 2 < Y
    np.testing.assert_array_equal(result.picture[below], painted_at(target).picture[below])
    np.testing.assert_array_equal(result.parsing[below], painted_at(target).parsing[below])


def test_what_the_pictures_head_does_not_cover_is_backdrop() -> None:
    target = STAND
    photo, painted = person_at(STAND, 120), painted_at(target)
    wide = np.hypot(X - HEAD[0], Y - HEAD[1]) < 36
    high = wide & (painted.parsing == Region.BACKGROUND) & (HEAD[1] > Y)
    painted.picture[high], painted.parsing[high], painted.outline[high] = 20, Region.HAIR, 1
    result = with_own_head(painted, target, [Head(photo)])
    beside = high & (np.hypot(X - HEAD[0], (Y - HEAD[1]) / 1.3) > 25)
    assert beside.sum() > 30
    assert (result.picture[beside] > 230).all()
    assert (result.parsing[beside] == Region.BACKGROUND).all()
    assert (result.outline[beside] < 0.05).all()


def test_a_head_from_another_side_stays_painted() -> None:
    painted = painted_at(ASIDE)
    assert with_own_head(painted, ASIDE, [Head(person_at(STAND, 120))]) is painted
    assert with_own_head(painted, ASIDE, []) is painted
    nowhere = Pose(np.full((18, 2), np.nan, np.float32), SIZE)
    assert with_own_head(painted, nowhere, [Head(person_at(STAND, 120))]) is painted


def test_of_several_pictures_the_one_from_that_side_lends_its_head() -> None:
    front, aside = person_at(STAND, 120), person_at(ASIDE, 60)
    for pose, value in ((STAND, 120), (ASIDE, 60)):
        x, y = np.round(np.nanmean(pose.points[FACE], axis=0)).astype(int)
        result = with_own_head(painted_at(pose), pose, [Head(front), Head(aside)])
        assert (np.abs(result.picture[y - 3 : y + 3, x - 8 : x - 3].astype(int) - value) < 4).all()


def test_a_head_from_the_other_side_is_seen_in_the_mirror() -> None:
    photo, painted = person_at(ASIDE.flipped(), 120), painted_at(ASIDE)
    x, y = np.round(np.nanmean(ASIDE.points[FACE], axis=0)).astype(int)
    result = with_own_head(painted, ASIDE, [Head(photo)]).picture.astype(int)
    assert (np.abs(result[y - 3 : y + 3, x - 8 : x - 3] - 160) < 4).all()  # right half of the photo's, and lighter
    assert (np.abs(result[y - 3 : y + 3, x + 4 : x + 9] - 120) < 4).all()


def test_a_head_from_that_side_is_not_mirrored() -> None:
    front, painted = person_at(STAND, 120), painted_at(STAND)  # who looks the same way in the mirror
    x, y = np.round(HEAD).astype(int)
    result = with_own_head(painted, STAND, [Head(front)]).picture.astype(int)
    assert (np.abs(result[y - 3 : y + 3, x - 8 : x - 3] - 120) < 4).all()


@pytest.mark.parametrize("top", [0.2, 0.35])
def test_a_head_that_the_photo_cuts_stays_painted(top: float) -> None:
    painted = painted_at(STAND)
    assert with_own_head(painted, STAND, [Head(person_at(STAND, 120, top))]) is painted


def test_an_arm_before_the_head_stays_painted() -> None:
    painted = painted_at(STAND)
    arm = (np.abs(HEAD[1] - Y) < 4) & (np.abs(HEAD[0] - X) < 30)
    painted.picture[arm], painted.parsing[arm] = 77, Region.ARMS
    result = with_own_head(painted, STAND, [Head(person_at(STAND, 120))])
    assert (np.abs(result.picture[arm].astype(int) - 77) <= 3).all()
    assert (result.parsing[arm] == Region.ARMS).all()


@pytest.mark.parametrize("scale", [0.0, 0.02, 50])
def test_a_dot_is_no_head(scale: float) -> None:
    painted, points = painted_at(STAND), STAND.points.copy()
    points[FACE] = points[1] + scale * (points[FACE] - points[1])
    assert with_own_head(painted, Pose(points, SIZE), [Head(person_at(STAND, 120))]) is painted


def test_no_head_is_not_lent() -> None:
    photo, painted = person_at(STAND, 120), painted_at(STAND)
    photo.parsing[photo.parsing == Region.FACE] = Region.BACKGROUND
    assert with_own_head(painted, STAND, [Head(photo)]) is painted


def test_a_head_behind_an_arm_is_not_lent() -> None:
    photo, painted = person_at(STAND, 120), painted_at(STAND)
    photo.parsing[(np.abs(HEAD[1] - 8 - Y) < 3) & (np.abs(HEAD[0] - X) < 30)] = Region.ARMS
    assert with_own_head(painted, STAND, [Head(photo)]) is painted


@pytest.mark.parametrize("side", ["left", "right"])
def test_of_a_head_that_turns_away_one_half_is_seen(side: str) -> None:
    target, photo = library.load(f"point-{side}"), person_at(STAND, 120)
    middle, painted = np.nanmean(target.points[FACE], axis=0), painted_at(target)
    row = with_own_head(painted, target, [Head(photo)]).picture[round(middle[1]), :, 0].astype(int)
    lighter, darker = ((np.abs(row - value) < 15).sum() for value in (160, 120))
    assert lighter > 2 * darker if side == "left" else darker > 2 * lighter


@pytest.mark.parametrize("tilt", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("way", [(0, 0), (60, -20)])
def test_nothing_of_a_head_lies_beyond_its_box(tilt: float, way: tuple[float, float]) -> None:
    turn = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
    target = moved(Pose((STAND.points - STAND.points[1]) @ turn + STAND.points[1], SIZE), way)
    everywhere = np.ones(SIZE, np.float32)
    whole = _extent(target, (slice(0, SIZE[0]), slice(0, SIZE[1])), everywhere, everywhere)
    box = _box(target)
    np.testing.assert_array_equal(_extent(target, box, everywhere[box], everywhere[box]), whole[box])
    assert 0 < whole[box].sum() == pytest.approx(whole.sum(), rel=1e-6)
    assert whole[box].size < 0.6 * whole.size
