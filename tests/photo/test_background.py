import cv2
import numpy as np
import pytest

from rsagan.people import Fit, Picture, fit_box
from rsagan.photo import Scene, cut_out, on_backdrop, other_scene, photo_scene, soft_outline
from rsagan.photo.analyse import BACKDROP


def whole(photo: tuple[int, int], frame: tuple[int, int]) -> Fit:
    return fit_box((0, 0, photo[1], photo[0]), photo, frame)


def ramp(height: int, width: int) -> Picture:
    x = np.broadcast_to(np.linspace(0, 200, width), (height, width))
    return np.stack([x, x, np.full_like(x, 90)], 2).astype(np.uint8)


def disc(height: int, width: int, radius: float) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    away = np.hypot(y - (height - 1) / 2, x - (width - 1) / 2)
    return np.clip(radius + 0.5 - away, 0, 1).astype(np.float32)


def test_the_person_is_taken_out_of_the_photo() -> None:
    photo, outline = ramp(120, 100), disc(120, 100, 20)
    with_person = photo.copy()
    with_person[outline > 0] = (255, 0, 0)
    scene = photo_scene(with_person, whole((120, 100), (120, 100)), outline)
    assert np.abs(scene.picture.astype(int) - photo).mean() < 4
    np.testing.assert_array_equal(scene.picture[:20], photo[:20])


def test_a_rough_background_is_filled_with_its_own_pieces() -> None:
    """Bricks: what is made up is as rough as what is there, and has its colours; a smooth fill has neither."""
    y, x = np.mgrid[:160, :120]
    mortar = (y % 8 < 2) | ((x + 8 * (y // 8 % 2)) % 16 < 2)
    photo = np.where(mortar[..., None], (200, 190, 180), (140, 60, 40)).astype(np.uint8)
    outline = disc(160, 120, 25)
    with_person = photo.copy()
    with_person[outline > 0] = (0, 0, 255)
    fit = whole((160, 120), (160, 120))
    scene = photo_scene(with_person, fit, outline).picture
    hidden = outline > 0
    assert scene[hidden].std(axis=0).min() > 0.8 * photo[hidden].std(axis=0).min()
    assert np.abs(scene[hidden].astype(int) - photo[hidden]).mean() < 12
    np.testing.assert_array_equal(scene[:45], photo[:45])
    np.testing.assert_array_equal(photo_scene(photo, fit, np.zeros_like(outline)).picture, photo)
    assert photo_scene(photo, fit, np.ones_like(outline)).picture.shape == photo.shape


def test_without_a_search_a_rough_background_is_filled_smoothly(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = np.random.default_rng(0).integers(0, 255, (160, 120, 3), np.uint8)
    fit, outline = whole((160, 120), (160, 120)), disc(160, 120, 25)
    searched = photo_scene(photo, fit, outline).picture
    monkeypatch.delattr(cv2, "xphoto")
    smooth = photo_scene(photo, fit, outline).picture
    middle = (slice(70, 90), slice(50, 70))
    assert smooth[middle].std() < 0.5 * searched[middle].std()


def test_a_speck_in_a_large_photo_is_filled() -> None:
    """Reduced, it must not vanish: the search has nothing to do then, and OpenCV would end the process."""
    photo = np.random.default_rng(0).integers(0, 255, (1200, 1600, 3), np.uint8)
    outline = np.zeros((1200, 1600), np.float32)
    outline[600, 800] = 1
    scene = photo_scene(photo, Fit(1.0, (0.0, 0.0), (1200, 1600), (1200, 1600)), outline).picture
    changed = (scene != photo).any(axis=2)
    assert changed[600, 800]
    assert not changed[:500].any()


def test_a_result_lies_where_the_person_was_and_shows_no_backdrop() -> None:
    behind = np.full((200, 300, 3), (0, 120, 0), np.uint8)
    scene = Scene(behind, Fit(1.0, (-80.0, -30.0), (200, 300), (128, 88)))
    outline = disc(128, 88, 25)
    painted = (255 * outline[..., None] * np.array([1, 0, 0]) + (1 - outline[..., None]) * BACKDROP).astype(np.uint8)
    shown = scene.show(painted, outline)
    assert shown.shape == behind.shape
    assert tuple(shown[30 + 64, 80 + 44]) == (255, 0, 0)
    assert tuple(shown[30 + 64 - 40, 80 + 44]) == (0, 120, 0)
    assert shown[..., 2].max() <= 8  # neither red nor green holds blue; the backdrop would
    red = shown[..., 0] > 128
    assert abs(int(red.sum()) - np.pi * 25**2) < 120


@pytest.mark.parametrize("behind", [(0, 120, 0), (20, 20, 20)])
def test_dark_hair_round_a_face_is_not_taken_for_its_edge(behind: tuple[int, int, int]) -> None:
    skin, hair = disc(256, 176, 20)[..., None], disc(256, 176, 22)[..., None]
    painted = skin * (220, 170, 140) + (hair - skin) * (60, 40, 30) + (1 - hair) * BACKDROP
    shown = other_scene(np.full((256, 176, 3), behind, np.uint8), (256, 176)).show(
        painted.astype(np.uint8), hair[..., 0]
    )
    ring = (disc(256, 176, 21.5) - disc(256, 176, 20.5)) > 0.9
    assert np.abs(shown[ring] - np.array((60, 40, 30))).mean() < 12


@pytest.mark.parametrize("surely", [0.3, 0.55])
def test_a_hand_that_the_outline_is_unsure_of_is_not_seen_through(surely: float) -> None:
    hand = disc(256, 176, 6)
    painted = (hand[..., None] * (200, 150, 120) + (1 - hand[..., None]) * BACKDROP).astype(np.uint8)
    shown = other_scene(np.zeros((256, 176, 3), np.uint8), (256, 176)).show(painted, surely * hand)
    assert np.abs(shown[hand > 0.9] - np.array((200, 150, 120))).max() < 12


def test_a_pale_shirt_keeps_its_outline() -> None:
    shirt = disc(256, 176, 30)
    painted = (shirt[..., None] * (238, 238, 240) + (1 - shirt[..., None]) * BACKDROP).astype(np.uint8)
    shown = other_scene(np.zeros((256, 176, 3), np.uint8), (256, 176)).show(painted, shirt)
    assert shown[shirt > 0.9].min() > 220
    assert shown[shirt == 0].max() == 0


def test_the_edge_of_a_cut_out_person_keeps_nothing_of_the_photo() -> None:
    """Half a red pixel on green is half a red pixel on the backdrop; dark hair stays dark."""
    body, hair = disc(256, 176, 24)[..., None], disc(256, 176, 26)[..., None]
    photo = body * (200, 30, 30) + (hair - body) * (30, 20, 20) + (1 - hair) * (20, 180, 20)
    mask = cv2.GaussianBlur(hair[..., 0], (0, 0), 1.5)
    shown = cut_out(photo.astype(np.uint8), mask)
    stained = on_backdrop(photo.astype(np.uint8), mask)
    edge = (mask > 0.3) & (hair[..., 0] < 0.9)
    greenness = [(each[edge][:, 1].astype(int) - each[edge][:, 0]).mean() for each in (shown, stained)]
    assert greenness[0] < 0.3 * greenness[1]
    ring = (disc(256, 176, 25.5) - disc(256, 176, 24.5)) > 0.9
    assert shown[ring].mean() < stained[ring].mean() + 12


def test_a_scene_is_never_larger_than_the_photo() -> None:
    outline = np.zeros((128, 88), np.float32)
    assert photo_scene(ramp(64, 44), whole((64, 44), (128, 88)), outline).picture.shape == (64, 44, 3)
    assert photo_scene(ramp(512, 352), whole((512, 352), (128, 88)), outline).picture.shape == (128, 88, 3)


def test_the_person_of_a_wide_photo_stays_in_place() -> None:
    """Its height may be rounded by a large share."""
    photo = np.broadcast_to(np.linspace(0, 255, 3000), (403, 3000))[..., None].repeat(3, 2).astype(np.uint8)
    fit = fit_box((2600, 0, 2880, 403), (403, 3000), (128, 88))
    framed = fit.picture_to_frame(photo)
    scene = photo_scene(photo, fit, np.zeros((128, 88), np.float32))
    shown = scene.show(framed, np.ones((128, 88), np.float32))
    brighter = 255 / scene.picture.shape[1]  # a pixel
    inside = slice(int(2650 * scene.fit.photo_size[1] / 3000), int(2830 * scene.fit.photo_size[1] / 3000))
    apart = shown[60, inside].astype(float) - scene.picture[60, inside]
    assert abs(apart.mean()) / brighter < 0.6


def test_a_reduced_scene_still_shows_the_whole_person() -> None:
    scene = Scene(np.zeros((64, 44, 3), np.uint8), whole((64, 44), (128, 88)))
    shown = scene.show(np.full((128, 88, 3), 200, np.uint8), disc(128, 88, 30))
    rows, columns = np.nonzero(shown[..., 0] > 100)
    assert (rows.min() + rows.max()) / 2 == pytest.approx(31.5, abs=0.6)
    assert (columns.min() + columns.max()) / 2 == pytest.approx(21.5, abs=0.6)
    assert np.ptp(rows) == pytest.approx(30, abs=2)


@pytest.mark.parametrize("size", [(100, 400), (400, 100), (50, 40)])
def test_another_picture_is_cut_never_stretched(size: tuple[int, int]) -> None:
    y, x = np.mgrid[: size[0], : size[1]]
    ring = np.hypot(y - (size[0] - 1) / 2, x - (size[1] - 1) / 2) < min(size) / 5
    picture = np.repeat((ring * 255).astype(np.uint8)[..., None], 3, axis=2)
    shown = other_scene(picture, (128, 88)).picture
    assert shown.shape == (128, 88, 3)
    rows, columns = np.nonzero(shown[..., 0] > 128)
    assert np.ptp(rows) == pytest.approx(np.ptp(columns), abs=2)


def test_a_soft_outline_of_a_parsing() -> None:
    parsing = np.zeros((40, 40), np.uint8)
    parsing[10:30, 10:30] = 3
    outline = soft_outline(parsing)
    assert outline[20, 20] == pytest.approx(1, abs=1e-3)
    assert outline[20, 9] == pytest.approx(1 - outline[20, 10], abs=1e-3)
    assert outline[5, 5] == pytest.approx(0, abs=1e-3)
