"""The renderer's promises: the same bytes every time, exact joints, dressed people, agreeing coordinates."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from rsagan.synthetic import View, identity, render_view
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
