"""Everybody, pixel by pixel: dressed, labelled where they are, whole, and nobody twice.

Every identity is seen once in each style. The fast test takes a few, the slow one more than 2,000 pictures; with
RSAGAN_ASSETS set, people of the asset pack are looked at as well.
"""

import hashlib
import os
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from rsagan.data.benchmarks import benchmark
from rsagan.data.synthesis import view_seeds
from rsagan.people.regions import Region
from rsagan.synthetic import Identity, View, identity, render_view
from rsagan.synthetic.body import template
from rsagan.synthetic.fabric import Look
from rsagan.synthetic.scene import JOINT_BONES
from rsagan.synthetic.shade import ZERO
from rsagan.synthetic.styles import NAMES

SIZE = (128, 88)
SKIN = (Region.FACE, Region.ARMS, Region.LEGS)
CLOTHES = (Region.UPPER, Region.PANTS, Region.DRESS)
FOLDER = os.environ.get("RSAGAN_ASSETS")
needs_pack = pytest.mark.skipif(not FOLDER, reason="needs an asset pack: set RSAGAN_ASSETS to its folder")
BODY = range(2, 14)  # joints of the limbs


def rest_places(view: View) -> np.ndarray:
    """Where each pixel lies on the rest-pose body, dm, float (H, W, 3)."""
    return (view.surface.astype(float) - ZERO) * 0.02


def heads_of(who: Identity) -> dict[str, np.ndarray]:
    return dict(zip(template().bone_names, who.figure.heads, strict=True))


def trunk(who: Identity, view: View) -> np.ndarray:
    """Pixels from the upper chest to the tops of the thighs, bool (H, W)."""
    heads, place = heads_of(who), rest_places(view)
    hip, neck = float(heads["upperleg01.L"][1]), float(heads["neck01"][1])
    level = (place[..., 1] - hip) / (neck - hip)
    return (level > -0.18) & (level < 0.66) & (np.abs(place[..., 0]) < 1.35) & (view.parsing > 0)


def check_dressed(who: Identity, view: View) -> None:
    shown = trunk(who, view)
    skin, cloth = (int(np.isin(view.parsing[shown], these).sum()) for these in (SKIN, CLOTHES))
    assert skin <= 0.001 * (view.parsing > 0).sum(), "skin between chest and thighs"
    assert cloth >= 0.97 * (skin + cloth), "too little of the trunk is clothes"


def check_frame(who: Identity, view: View, style: str) -> None:
    person = view.parsing > 0
    assert 0.02 < person.mean() < 0.9, "an empty or an overflowing frame"
    assert view.parsing.max() < len(Region)
    assert np.array_equal(person, view.surface.any(-1))
    assert (view.surface[person] >= 1).all()
    assert view.surface.max() <= 4095
    assert 10 < view.picture.mean() < 250, "a black or a white frame"
    assert view.picture.std() > 6, "a flat picture"
    share = np.bincount(view.parsing[person], minlength=len(Region)) / person.sum()
    assert (share > 0).sum() >= 2
    assert share[list(SKIN)].sum() < 0.6, "more skin than clothes leave"
    assert np.abs(rest_places(view)[person]).max() < 14, "a place off the body"
    if style not in ("street", "surveillance"):  # elsewhere things in front may cut a person in two
        _, _, stats, _ = cv2.connectedComponentsWithStats(person.astype(np.uint8), connectivity=8)
        assert stats[1:, cv2.CC_STAT_AREA].max() > 0.7 * person.sum(), "a person in pieces"
    points = view.points[1:14]
    if not np.isnan(points).any():
        rows, columns = np.nonzero(person)
        reach = 0.5 * np.ptp(points[:, 1]) + 4
        assert points[:, 0].min() - reach < columns.min() <= columns.max() < points[:, 0].max() + reach, "a spike"
        assert points[:, 1].min() - reach < rows.min() <= rows.max() < points[:, 1].max() + reach, "a spike"


def around(values: np.ndarray, point: np.ndarray) -> np.ndarray:
    x, y = np.round(point).astype(int)
    return values[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2]


def check_joints(who: Identity, view: View) -> tuple[int, int, int, int]:
    """Seen limb joints, those whose pixel names their own place; joints in the frame, those off the person."""
    heads, place = heads_of(who), rest_places(view)
    seen = right = inside = off = 0
    for k in range(18):
        point = view.points[k]
        if np.isnan(point).any():
            assert not view.visible[k]
            continue
        assert -0.5 <= point[0] < SIZE[1] - 0.5
        assert -0.5 <= point[1] < SIZE[0] - 0.5
        near = around(view.parsing, point) > 0
        assert near.any() or not view.visible[k], f"joint {k} is seen where nobody is"
        inside, off = inside + 1, off + (not near.any())
        if k in BODY and view.visible[k]:
            head = heads[JOINT_BONES[k - 2]]
            seen += 1
            right += bool((np.linalg.norm(around(place, point)[near] - head, axis=1) < 2.3).any())
    return seen, right, inside, off


def fingerprint(who: Identity) -> tuple[bytes, bytes]:
    """Of the shape, and of the looks: what is worn and in which colours."""
    return (
        hashlib.sha256(np.round(who.mesh.rest, 2).tobytes()).digest(),
        hashlib.sha256(repr(who.wears).encode() + np.round(who.mesh.looks[:, : Look.PICTURE], 2).tobytes()).digest(),
    )


def check_everyone(people: Iterator[Identity], styles: tuple[str, ...]) -> int:
    """All checks of all people in all styles; how many pictures that were."""
    counted, regions, shapes, looks, pictures, number = np.zeros(4, int), np.zeros(8, int), set(), set(), set(), 0
    for number, who in enumerate(people, 1):
        shape, look = fingerprint(who)
        shapes.add(shape)
        looks.add(look)
        assert len(shapes) == len(looks) == number, f"identity {who.seed} is somebody else's double"
        for k, style in enumerate(styles):
            view = render_view(who, who.seed * 7 + k, SIZE, style)
            try:
                check_dressed(who, view)
                check_frame(who, view, style)
                found = check_joints(who, view)
            except AssertionError as error:
                raise AssertionError(f"identity {who.seed}, view {who.seed * 7 + k}, {style}: {error}") from error
            counted += found if style in ("catalogue", "studio") else (*found[:2], 0, 0)
            regions += np.bincount(view.parsing.ravel(), minlength=8)
            pictures.add(hashlib.sha256(view.picture.tobytes()).digest())
    assert len(pictures) == number * len(styles), "two pictures are the same"
    seen, right, inside, off = counted
    assert right > 0.98 * seen, "joints do not lie where the surface says"
    assert off < 0.02 * inside, "joints beside the person"
    share = regions[1:] / regions[1:].sum()
    assert (share > 0.02).all(), dict(zip(list(Region)[1:], share.round(3), strict=True))
    assert share.max() < 0.55
    return len(pictures)


def benchmark_people(count: int, pack: str | None = None) -> Iterator[Identity]:
    """The first people of people-128 and, from behind, its test people."""
    which = benchmark("people-128")
    for k in range(count):
        number = k // 2 if k % 2 else which.identities - 1 - k // 2
        yield identity(view_seeds(which.seed, number, 1)[0], pack)


def test_a_few_of_everyone() -> None:
    assert check_everyone(benchmark_people(16), NAMES) == 64


@pytest.mark.slow
def test_more_than_two_thousand_pictures() -> None:
    assert check_everyone(benchmark_people(530), NAMES) == 2120


@needs_pack
def test_a_few_pack_people() -> None:
    check_everyone(benchmark_people(12, FOLDER), ("catalogue", "street"))


@needs_pack
@pytest.mark.slow
def test_many_pack_people() -> None:
    check_everyone(benchmark_people(160, FOLDER), NAMES)


@pytest.mark.parametrize("name", ["people-128", "people-256"])
def test_nobody_is_in_two_splits(name: str) -> None:
    which = benchmark(name)
    seeds = [view_seeds(which.seed, number, 1)[0] for number in range(which.identities)]
    assert len(set(seeds)) == which.identities
