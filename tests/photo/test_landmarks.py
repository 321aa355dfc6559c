"""Geometry of the detector and landmark networks, without the networks."""

from typing import Any

import numpy as np
import pytest

from rsagan.photo import landmarks
from rsagan.photo.landmarks import LANDMARK_SIDE, Detection, Roi


def detection(points: Any, **more: Any) -> Detection:
    given: dict[str, Any] = {
        "points": np.asarray(points, np.float32),
        "visibility": np.ones(33, np.float32),
        "presence": np.ones(33, np.float32),
        "mask_logits": np.full((256, 256), -9, np.float32),
        "roi": Roi(50, 50, 100),
        "score": 0.9,
        "flag": 1.0,
        "photo_size": (100, 100),
    }
    return Detection(**given | more)


def upright(facing: float) -> np.ndarray:
    """33 landmarks of an upright body 80 pixels tall; `facing` 1 towards us, -1 away, 0 in profile."""
    points = np.full((33, 2), 50.0)
    points[:11, 1] = 14
    for left, right, y, half in ((11, 12, 28, 10), (23, 24, 52, 6), (25, 26, 70, 6), (27, 28, 90, 6), (13, 14, 40, 12)):
        points[left] = 50 + half * facing, y
        points[right] = 50 - half * facing, y
    points[[15, 16, 17, 18, 19, 20, 21, 22], 1] = 52
    points[[29, 30, 31, 32], 1] = 93
    return points


@pytest.mark.parametrize("angle", [0.0, 0.7, -2.5])
def test_crop_and_matrix_agree(angle: float) -> None:
    """A bright spot found in the crop leads back, through the square's matrix, to where it was in the photo."""
    y, x = np.mgrid[:200, :300]
    spot = np.exp(-((x - 140) ** 2 + (y - 90) ** 2) / 60)
    photo = (spot[..., None] * 255).astype(np.uint8).repeat(3, -1)
    roi = Roi(150, 100, 160, angle)
    crop = landmarks._crop(photo, roi, 256)[..., 0]
    cy, cx = np.mgrid[:256, :256]
    centre = np.array([(crop * cx).sum(), (crop * cy).sum()]) / crop.sum()
    found = roi.matrix() @ [*((centre + 0.5) / 256), 1] - 0.5
    np.testing.assert_allclose(found, [140, 90], atol=0.15)


def test_shrinking_crops_do_not_alias() -> None:
    stripes = np.zeros((1024, 1024, 3), np.uint8)
    stripes[:, ::2] = 255
    crop = landmarks._crop(stripes, Roi(512, 512, 1024), 128)
    assert np.abs(crop[4:-4, 4:-4] - 0.5).max() < 0.05


def test_circle_turns_the_body_upright() -> None:
    roi = landmarks._circle(np.array([50.0, 60.0]), np.array([90.0, 60.0]))  # the head lies to the right
    assert roi.angle == pytest.approx(np.pi / 2)
    assert roi.side == pytest.approx(2 * 40 * 1.25)
    top = roi.matrix() @ [0.5, 0, 1]
    assert top[0] > 90
    assert top[1] == pytest.approx(60)


def test_anchors() -> None:
    anchors = landmarks._anchors()
    assert anchors.shape == (2254, 2)
    assert anchors.min() > 0
    assert anchors.max() < 1
    np.testing.assert_allclose(anchors[0], anchors[1])
    np.testing.assert_allclose(anchors[0], 0.5 / 28)
    np.testing.assert_allclose(anchors[-1], 6.5 / 7)


def test_detector_output_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two overlapping boxes of one person and a weak one elsewhere give one square, where they say."""
    raw, logits = np.zeros((1, 2254, 12), np.float32), np.full((1, 2254, 1), -9, np.float32)
    for anchor in (0, 1):  # in the photo's top left corner
        box, hip, top = (80, 80, 40, 40), (80, 90), (80, 60)
        raw[0, anchor] = [*box, *hip, *top, 0, 0, 0, 0]
        raw[0, anchor, [0, 4, 6]] += 2 * anchor  # x of box, hip and top
        logits[0, anchor] = 3
    monkeypatch.setattr(landmarks, "_run", lambda *_: [raw, logits])
    photo = np.zeros((448, 448, 3), np.uint8)
    found = landmarks._detect(photo, Roi(224, 224, 448))
    assert len(found) == 1
    roi, score = found[0]
    assert score == pytest.approx(1 / (1 + np.exp(-3)), abs=1e-4)
    shift = 8 / 2  # middle of the first cell
    np.testing.assert_allclose([roi.x, roi.y], [2 * (80 + 1 + shift), 2 * (90 + shift)], rtol=1e-4)
    assert roi.side == pytest.approx(2.5 * 2 * 30, rel=1e-4)


@pytest.mark.parametrize("size", [(300, 300), (300, 900), (1000, 200)])
def test_windows_cover_the_photo(size: tuple[int, int]) -> None:
    photo = np.zeros((*size, 3), np.uint8)
    for windows, _ in landmarks._levels(photo, None):
        covered = np.zeros(size, bool)
        for roi in windows:
            half = roi.side / 2
            covered[
                max(0, round(roi.y - half)) : round(roi.y + half), max(0, round(roi.x - half)) : round(roi.x + half)
            ] = 1
        assert covered.all()
        assert len(windows) < 60


def test_a_level_of_windows_shrinks_the_photo_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest photo has two hundred windows, and shrinking it takes a quarter of a second."""
    photo = np.random.default_rng(0).integers(0, 256, (400, 8000, 3), np.uint8)
    nobody = [np.zeros((1, 2254, 12), np.float32), np.full((1, 2254, 1), -9, np.float32)]
    seen: list[np.ndarray] = []
    factors: list[float] = []
    shrunk = landmarks._shrunk

    def run(_: str, batch: np.ndarray) -> list[np.ndarray]:
        seen.append(batch)
        return [np.array(each) for each in nobody]

    def counted(whole: np.ndarray, factor: float) -> np.ndarray:
        factors.append(factor)
        return shrunk(whole, factor)

    monkeypatch.setattr(landmarks, "_run", run)
    for windows, _ in landmarks._levels(photo, (60.0, 50.0)):
        seen.clear(), factors.clear()
        with monkeypatch.context() as patch:
            patch.setattr(landmarks, "_shrunk", counted)
            landmarks._search(photo, windows)
        assert len(factors) == len({window.side for window in windows})
        for window, batch in zip(windows, seen, strict=True):  # as if it were the only one
            assert (batch == landmarks._crop(photo, window, landmarks.DETECTOR_SIDE)[None] * 2 - 1).all()


def test_mask_in_photo_and_frame() -> None:
    logits = np.full((LANDMARK_SIDE, LANDMARK_SIDE), -9, np.float32)
    logits[64:192, 64:192] = 9  # the middle half
    person = detection(upright(1), mask_logits=logits, roi=Roi(50, 60, 80))
    mask = person.mask((100, 100))
    ys, xs = np.nonzero(mask > 0.5)
    assert (xs.min(), xs.max() + 1, ys.min(), ys.max() + 1) == (30, 70, 40, 80)
    frame = person.mask((50, 60), scale=0.5, offset=(5, 0))
    ys, xs = np.nonzero(frame > 0.5)
    assert (xs.min(), xs.max() + 1, ys.min(), ys.max() + 1) == (20, 40, 20, 40)


def test_facing_follows_shoulders_whatever_the_tilt() -> None:
    assert detection(upright(1)).side == "front"
    assert detection(upright(-1)).side == "back"
    assert detection(upright(0.05)).side == "side"
    upside_down = 100 - upright(1)
    assert detection(upside_down).side == "front"
    lying = upright(-1)[:, ::-1] * [1, -1] + [0, 100]
    assert detection(lying).side == "back"


def test_pose_keeps_the_persons_sides_and_drops_the_unseen() -> None:
    visibility = np.ones(33, np.float32)
    visibility[15] = 0.2
    pose = detection(upright(1), visibility=visibility).pose()
    assert pose.points[5, 0] > pose.points[2, 0]
    assert not pose.present[7]
    assert pose.present.sum() == 17
