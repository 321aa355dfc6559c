"""The renderer's promises: the same bytes every time, exact joints, dressed people, agreeing coordinates."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from rsagan.people.regions import Region
from rsagan.synthetic import View, contact_sheet, identity, render_view
from rsagan.synthetic.body import template
from rsagan.synthetic.shade import ZERO

SMALL = (128, 88)
FACE_POINTS = (0, 14, 15, 16, 17)


def digest(view: View) -> str:
    parts = (view.picture, view.parsing, view.points, view.visible, view.surface, np.float64(view.yaw))
    return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()


@pytest.fixture(scope="module")
def views() -> list[tuple[int, View]]:
    return [(number, render_view(identity(number), view, SMALL)) for number in range(30) for view in range(3)]


def test_shapes_and_types() -> None:
    for size in (SMALL, (64, 64), (256, 176)):
        view = render_view(identity(1), 5, size)
        assert view.picture.shape == (*size, 3)
        assert view.picture.dtype == np.uint8
        assert view.parsing.shape == size
        assert view.parsing.dtype == np.uint8
        assert view.points.shape == (18, 2)
        assert view.points.dtype == np.float32
        assert view.visible.shape == (18,)
        assert view.visible.dtype == bool
        assert view.surface.shape == (*size, 3)
        assert view.surface.dtype == np.uint16
        assert -180 <= view.yaw <= 180


def test_same_seeds_same_bytes() -> None:
    first = digest(render_view(identity(3), 7, SMALL))
    identity.cache_clear()
    assert digest(render_view(identity(3), 7, SMALL)) == first
    assert digest(render_view(identity(3), 8, SMALL)) != first
    assert digest(render_view(identity(4), 7, SMALL)) != first


def test_same_bytes_in_another_process() -> None:
    code = (
        "import sys; sys.path[:0] = sys.argv[1:];"
        "from tests.synthetic.test_people import digest, SMALL;"
        "from rsagan.synthetic import identity, render_view;"
        "sys.stdout.write(digest(render_view(identity(11), 2, SMALL)))"
    )
    run = subprocess.run([sys.executable, "-c", code, *sys.path], capture_output=True, text=True, check=True)
    assert run.stdout == digest(render_view(identity(11), 2, SMALL))


def test_joints_in_frame_lie_on_the_person(views: list[tuple[int, View]]) -> None:
    for number, view in views:
        height, width = view.parsing.shape
        for k, (x, y) in enumerate(view.points):
            if np.isnan(x):
                assert not view.visible[k]
                continue
            column, row = round(float(x)), round(float(y))
            assert 0 <= column < width
            assert 0 <= row < height
            near = view.parsing[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
            assert near.any(), (number, k)


def test_left_is_the_persons_own_left(views: list[tuple[int, View]]) -> None:
    for _, view in views:
        right, left = view.points[2], view.points[5]
        if np.isnan(right).any() or np.isnan(left).any():
            continue
        if abs(view.yaw) < 40:
            assert left[0] > right[0]
        elif abs(view.yaw) > 140:
            assert left[0] < right[0]


def test_face_points_vanish_from_behind(views: list[tuple[int, View]]) -> None:
    behind = [view for _, view in views if abs(view.yaw) > 165]
    assert behind
    assert all(np.isnan(view.points[0]).all() for view in behind)
    facing = [view for _, view in views if abs(view.yaw) < 20]
    seen = np.mean([[view.visible[k] for k in (0, 14, 15)] for view in facing])
    assert seen > 0.8


def test_person_and_background_are_told_apart(views: list[tuple[int, View]]) -> None:
    for number, view in views:
        person = view.parsing > 0
        assert view.parsing.max() < 8
        assert 0.05 < person.mean() < 0.85, number
        assert np.array_equal(person, view.surface.any(-1))
        assert (view.surface[person] >= 1).all()
        assert view.surface.max() <= 4095


def test_every_region_occurs_and_none_takes_over(views: list[tuple[int, View]]) -> None:
    total = sum(np.bincount(view.parsing.ravel(), minlength=8) for _, view in views)
    share = total[1:] / total[1:].sum()
    assert (share > 0.02).all(), dict(zip(list(Region)[1:], share.round(3), strict=True))
    assert share.max() < 0.55


def uncovered(view: View, number: int) -> float:
    """Share of a person's pixels that show skin between the upper chest and the tops of the thighs."""
    heads, bones = identity(number).figure.heads, template().bone_names
    hip, neck = (float(heads[bones.index(name), 1]) for name in ("upperleg01.L", "neck01"))
    place = (view.surface.astype(float) - ZERO) * 0.02
    level = (place[..., 1] - hip) / (neck - hip)
    skin = np.isin(view.parsing, [Region.FACE, Region.ARMS, Region.LEGS])
    trunk = (level > -0.18) & (level < 0.66) & (np.abs(place[..., 0]) < 1.35) & (view.parsing > 0)
    return float((skin & trunk).sum() / max(1, (view.parsing > 0).sum()))


def test_chest_hips_and_thigh_tops_are_dressed(views: list[tuple[int, View]]) -> None:
    for number, view in views:
        assert uncovered(view, number) <= 0.001, number


@pytest.mark.slow
def test_everyone_is_dressed() -> None:
    for number in range(1000, 1300):
        for view in range(3):
            assert uncovered(render_view(identity(number), view, SMALL), number) <= 0.001, number


def test_surface_coordinates_agree_between_views() -> None:
    """Colour carried from one view to another along the surface is closer than colour at random."""
    better = 0
    for number in range(8):
        first, second = (render_view(identity(number), view, SMALL) for view in (20, 21))
        here, there = first.parsing > 0, second.parsing > 0
        a, b = first.surface[here].astype(np.float32), second.surface[there].astype(np.float32)
        distance = ((a[:, None] - b[None]) ** 2).sum(-1)
        match = distance.argmin(1)
        close = distance.min(1) < 15**2  # 3 cm
        if close.sum() < 50:
            continue
        same = first.parsing[here][close] == second.parsing[there][match][close]
        assert same.mean() > 0.8, number
        found = first.picture[here][close].astype(float) - second.picture[there][match][close]
        shuffled = np.random.default_rng(0).permutation(int(there.sum()))[: int(close.sum())]
        random = first.picture[here][close][: len(shuffled)].astype(float) - second.picture[there][shuffled]
        better += np.abs(found).mean() < 0.8 * np.abs(random).mean()
    assert better >= 5


def test_joints_agree_with_the_surface() -> None:
    """Where a knee or an elbow is seen, the surface there names a point near it in the rest pose."""
    checked, bones = 0, template().bone_names
    for number in range(12):
        who = identity(number)
        view = render_view(who, 1, SMALL)
        for k, name in ((3, "lowerarm01.R"), (6, "lowerarm01.L"), (9, "lowerleg01.R"), (12, "lowerleg01.L")):
            if not view.visible[k]:
                continue
            x, y = np.round(view.points[k]).astype(int)
            place = (view.surface[y, x].astype(float) - ZERO) * 0.02
            assert np.linalg.norm(place - who.figure.heads[bones.index(name)]) < 2.0, (number, k)
            checked += 1
    assert checked > 10


def test_contact_sheet() -> None:
    sheet = contact_sheet(range(2), 3, (64, 44))
    assert sheet.shape == (128, 132, 3)
    assert sheet.dtype == np.uint8
