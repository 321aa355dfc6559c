"""The renderer's promises: the same bytes every time, exact joints, dressed people, agreeing coordinates."""

import subprocess
import sys

import numpy as np
import pytest
from tests.synthetic.digests import digest

from rsagan.synthetic import View, identity, render_view

SMALL = (128, 88)


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


def test_same_bytes_in_another_process() -> None:
    code = (
        "import sys; sys.path[:0] = sys.argv[1:];"
        "from tests.synthetic.digests import digest;"
        "from rsagan.synthetic import identity, render_view;"
        "sys.stdout.write(digest(render_view(identity(11), 2, (128, 88))))"
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
