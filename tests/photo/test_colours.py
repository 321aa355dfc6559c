"""Results take over the colours that a person's pictures show, region by region, and nothing else of them."""

import cv2
import numpy as np
import pytest

from rsagan.people import NUM_JOINTS, Parsing, Person, Picture, Pose, Region
from rsagan.photo.colours import lab, own_colours, with_own_colours
from rsagan.photo.head import Parts

SIZE = (128, 88)
NOWHERE = Pose(np.full((NUM_JOINTS, 2), np.nan, np.float32), SIZE)


def drawn(top: tuple[int, int, int], bottom: tuple[int, int, int], high: int = 64) -> tuple[Picture, Parsing]:
    """A shirt over trousers of these colours with folds, before grey; the shirt begins `high` rows above the middle."""
    parsing = np.zeros(SIZE, np.uint8)
    parsing[64 - high : 64, 20:70] = Region.UPPER
    parsing[64:110, 30:60] = Region.PANTS
    picture = np.full((*SIZE, 3), 240.0)
    for region, colour in ((Region.UPPER, top), (Region.PANTS, bottom)):
        picture[parsing == region] = colour
    folds = 12 * np.sin(np.arange(SIZE[1]) / 2)[:, None] * (parsing > 0)[..., None]
    return (picture + folds).astype(np.uint8), parsing


def person(top: tuple[int, int, int], bottom: tuple[int, int, int], high: int = 64) -> Person:
    picture, parsing = drawn(top, bottom, high)
    return Person(picture, NOWHERE, parsing)


def parts(top: tuple[int, int, int], bottom: tuple[int, int, int]) -> Parts:
    picture, parsing = drawn(top, bottom)
    return Parts(picture, parsing, (parsing > 0).astype(np.float32))


def test_regions_get_the_persons_colours_and_keep_their_folds() -> None:
    painted, own = parts((150, 90, 60), (60, 60, 70)), person((120, 110, 100), (70, 70, 130))
    result = with_own_colours(painted, own_colours([own]))
    for region in (Region.UPPER, Region.PANTS):
        inside = np.zeros(SIZE, bool)
        inside[slice(6, 58) if region == Region.UPPER else slice(70, 104), 36:54] = True
        given, wanted, before = (lab(each)[inside] for each in (result.picture, own.picture, painted.picture))
        np.testing.assert_allclose(given.mean(0), wanted.mean(0), atol=1.0)
        np.testing.assert_allclose(given[:, 0] - given[:, 0].mean(), before[:, 0] - before[:, 0].mean(), atol=1.5)
        assert np.linalg.norm(before.mean(0) - wanted.mean(0)) > 10
    away = np.s_[:, 76:]
    np.testing.assert_array_equal(result.picture[away], painted.picture[away])
    assert result.parsing is painted.parsing
    assert result.outline is painted.outline


def test_what_the_pictures_do_not_show_stays_as_painted() -> None:
    painted, own = parts((150, 90, 60), (60, 60, 70)), person((120, 110, 100), (70, 70, 130))
    own.parsing[own.parsing == Region.PANTS] = 0
    own.parsing[100:102, 30:40] = Region.PANTS  # too few to tell
    colours = own_colours([own])
    assert np.isnan(colours[Region.PANTS]).all()
    assert np.isnan(colours[Region.DRESS]).all()
    result = with_own_colours(painted, colours)
    np.testing.assert_allclose(result.picture[68:].astype(int), painted.picture[68:], atol=1)
    assert np.abs(result.picture[:60].astype(int) - painted.picture[:60]).mean() > 5


def test_a_scrap_of_a_region_in_the_result_stays_as_painted() -> None:
    painted, own = parts((150, 90, 60), (60, 60, 70)), person((120, 110, 100), (70, 70, 130))
    painted.parsing[painted.parsing == Region.PANTS] = 0
    painted.parsing[100:102, 30:40] = Region.PANTS
    result = with_own_colours(painted, own_colours([own]))
    np.testing.assert_allclose(result.picture[68:].astype(int), painted.picture[68:], atol=1)


def test_several_pictures_count_by_what_they_show() -> None:
    large, small = person((200, 40, 40), (60, 60, 70)), person((40, 40, 200), (60, 60, 70), high=22)
    both, one, other = (own_colours(each)[Region.UPPER] for each in ([large, small], [large], [small]))
    np.testing.assert_allclose(both, (64 * one + 22 * other) / 86, atol=0.1)


@pytest.mark.parametrize("size", [(256, 176), (64, 44)])
def test_the_size_of_the_pictures_does_not_matter(size: tuple[int, int]) -> None:
    own = person((120, 110, 100), (70, 70, 130))
    other = Person(
        cv2.resize(own.picture, size[::-1], interpolation=cv2.INTER_AREA),
        own.pose.resized(size),
        cv2.resize(own.parsing, size[::-1], interpolation=cv2.INTER_NEAREST),
    )
    np.testing.assert_allclose(own_colours([other]), own_colours([own]), atol=1.0)
