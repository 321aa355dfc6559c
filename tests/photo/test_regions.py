"""The heuristic parsing on a drawn figure whose regions are known."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from rsagan.people import Region
from rsagan.photo.regions import guess_regions

SKIN, HAIR, SHIRT, TROUSERS, SHOES = (224, 172, 140), (60, 36, 20), (40, 90, 170), (50, 50, 55), (120, 60, 30)


def figure(sleeve: float = 0.9, trouser: float = 2.0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A person drawn with capsules: picture, mask, 33 landmarks and the true parsing.

    `sleeve` and `trouser` are where the cloth ends: 1 at elbow or knee, 2 at wrist or ankle.
    """
    points = np.zeros((33, 2), np.float32)
    points[:11] = (88, 40)
    points[[2, 5]] = (93, 37), (83, 37)
    points[[7, 8]] = (98, 39), (78, 39)
    points[0], points[9], points[10] = (88, 42), (91, 47), (85, 47)
    points[[11, 13, 15]] = (109, 68), (122, 100), (130, 130)
    points[[12, 14, 16]] = (67, 68), (54, 100), (46, 130)
    points[[19, 17, 21]] = (133, 140)
    points[[20, 18, 22]] = (43, 140)
    points[[23, 25, 27]] = (99, 130), (103, 178), (105, 224)
    points[[24, 26, 28]] = (77, 130), (73, 178), (71, 224)
    points[[29, 31, 30, 32]] = (105, 230), (109, 234), (71, 230), (67, 234)
    image = Image.new("RGB", (176, 256), (235, 235, 235))
    truth = Image.new("L", (176, 256))
    pens = ImageDraw.Draw(image), ImageDraw.Draw(truth)

    def capsule(a: np.ndarray, b: np.ndarray, radius: float, colour: tuple[int, int, int], region: Region) -> None:
        for pen, fill in zip(pens, (colour, int(region)), strict=True):
            pen.line([tuple(a), tuple(b)], fill=fill, width=round(2 * radius))  # type: ignore[arg-type]
            for x, y in (a, b):
                pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)  # type: ignore[arg-type]

    def limb(
        chain: list[int], end: float, radius: float, cloth: tuple, bare: tuple, garment: Region, skin: Region
    ) -> None:
        for share in np.arange(0, 2.2, 0.02)[::-1]:
            i = min(int(share), 1)
            at = points[chain[i]] + (points[chain[i + 1]] - points[chain[i]]) * (share - i)
            inside = share < end
            capsule(at, at, radius * (1 - 0.2 * share), cloth if inside else bare, garment if inside else skin)

    for legs in ([23, 25, 27], [24, 26, 28]):
        limb(legs, trouser, 13, TROUSERS, SKIN, Region.PANTS, Region.LEGS)
    for a, b in ((27, 31), (28, 32)):
        capsule(points[a] + [0, 4], points[b], 7, SHOES, Region.LEGS)
    for x in range(70, 107):
        capsule(np.array([x, 74]), np.array([88 + (x - 88) * 0.8, 126]), 6, SHIRT, Region.UPPER)
    for arms in ([11, 13, 15], [12, 14, 16]):
        limb(arms, sleeve, 9, SHIRT, SKIN, Region.UPPER, Region.ARMS)
    capsule(np.array([88, 46]), np.array([88, 64]), 7, SKIN, Region.FACE)
    capsule(np.array([88, 34]), np.array([88, 40]), 15, HAIR, Region.HAIR)
    capsule(np.array([88, 38]), np.array([88, 46]), 10, SKIN, Region.FACE)
    parsing = np.asarray(truth)
    noise = np.random.default_rng(0).normal(0, 3, (256, 176, 3))
    picture = np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8)
    return picture, (parsing > 0).astype(np.float32), points, parsing


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / max((a | b).sum(), 1))


@pytest.mark.parametrize("sleeve", [0.5, 1.3, 2.0])
@pytest.mark.parametrize("trouser", [0.6, 2.0])
def test_regions_of_a_drawn_figure(sleeve: float, trouser: float) -> None:
    picture, mask, points, truth = figure(sleeve, trouser)
    parsing = guess_regions(picture, mask, points, np.ones(33, np.float32), "front")
    assert parsing.dtype == np.uint8
    assert ((parsing > 0) == (mask > 0.5)).all()
    for region, least in (
        (Region.HAIR, 0.5), (Region.FACE, 0.6), (Region.UPPER, 0.75), (Region.PANTS, 0.7), (Region.ARMS, 0.5),
        (Region.LEGS, 0.55),
    ):  # fmt: skip
        if (truth == region).sum() > 150:
            assert overlap(parsing == region, truth == region) > least, region.name


def test_back_of_a_head_is_hair() -> None:
    picture, mask, points, _ = figure()
    head = (np.indices(mask.shape)[0] < 56) & (mask > 0)
    picture = picture.copy()
    picture[head] = HAIR
    parsing = guess_regions(picture, mask, points, np.ones(33, np.float32), "back")
    assert (parsing[head] == Region.HAIR).mean() > 0.8


def test_empty_outline() -> None:
    picture, _, points, _ = figure()
    nothing = np.zeros((256, 176), np.float32)
    assert not guess_regions(picture, nothing, points, np.ones(33, np.float32), "front").any()
