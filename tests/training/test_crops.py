"""Where heads and people are, and what is cut there."""

import pytest
import torch

from rsagan.training.crops import crop, crop_points, cut_columns, head_boxes, head_size, person_columns

SIZE = (128, 88)


def _points(**joints: tuple[float, float]) -> torch.Tensor:
    names = {"nose": 0, "neck": 1, "right_eye": 14, "left_eye": 15, "right_ear": 16, "left_ear": 17}
    points = torch.full((1, 18, 2), torch.nan)
    for name, at in joints.items():
        points[0, names[name]] = torch.tensor(at)
    return points


def test_the_face_is_the_centre() -> None:
    x, y, side = head_boxes(_points(nose=(40, 20), right_ear=(34, 18), left_ear=(46, 18), neck=(40, 32)), SIZE)[0]
    assert (x.item(), y.item()) == pytest.approx((40, 56 / 3))
    assert 24 < side < 40


def test_without_a_face_it_lies_above_the_neck_and_without_a_neck_on_top() -> None:
    x, y, side = head_boxes(_points(neck=(30, 40)), SIZE)[0]
    assert x == 30
    assert y < 40
    assert side == 24
    x, y, _ = head_boxes(_points(), SIZE)[0]
    assert (x.item(), y.item()) == (43.5, 12)


def test_sides_are_bounded() -> None:
    near = head_boxes(_points(nose=(40, 20), neck=(40, 120)), SIZE)[0, 2]
    far = head_boxes(_points(nose=(40, 20), neck=(40, 21)), SIZE)[0, 2]
    assert (near.item(), far.item()) == (64, 16)
    assert head_size(SIZE) == (48, 48)
    assert head_size((256, 176)) == (96, 96)


def test_crop_reads_the_pixels_of_the_box() -> None:
    y, x = torch.meshgrid(torch.arange(128.0), torch.arange(88.0), indexing="ij")
    pictures = torch.stack([x, y, x + y])[None]
    boxes = torch.tensor([[40.5, 60.5, 24.0]])
    cut = crop(pictures, boxes, (48, 48))
    assert cut.shape == (1, 3, 48, 48)
    # Pixel (0, 0) of the result is half a source pixel wide, at the box's corner.
    assert cut[0, :, 0, 0].tolist() == pytest.approx([28.75, 48.75, 77.5], abs=1e-3)
    assert cut[0, :2, 47, 47].tolist() == pytest.approx([52.25, 72.25], abs=1e-3)


def test_points_move_with_the_crop() -> None:
    boxes = torch.tensor([[40.0, 60.0, 24.0]])
    points = _points(nose=(40, 60), neck=(43, 66), left_ear=(80, 60))
    moved = crop_points(points, boxes, (48, 48))[0]
    assert moved[0].tolist() == [23.5, 23.5]
    assert moved[1].tolist() == [29.5, 35.5]
    assert moved[17].isnan().all()
    picture = torch.zeros(1, 1, 128, 88)
    picture[0, 0, 66, 43] = 1
    where = crop(picture, boxes, (48, 48))[0, 0]
    y, x = (where * torch.arange(48.0)[:, None]).sum() / where.sum(), (where * torch.arange(48.0)).sum() / where.sum()
    assert (x.item(), y.item()) == pytest.approx((29.5, 35.5), abs=1e-3)


def test_the_window_holds_the_person() -> None:
    parsing = torch.zeros(4, 16, 88, dtype=torch.uint8)
    parsing[0, 4, 60:80] = 3  # near the right border
    parsing[1, 4, 0:88] = 3  # wider than the window
    parsing[2, 4, 0:88] = 3
    starts, width = person_columns(parsing, torch.tensor([0.5, 0.0, 0.999, 0.5]), 0.73)
    assert width == 64
    assert starts.tolist() == [24, 0, 24, 12]
    pictures = torch.arange(88.0).expand(4, 3, 16, 88)
    cut = cut_columns(pictures, starts, width)
    assert cut.shape == (4, 3, 16, 64)
    assert cut[:, 0, 0, 0].tolist() == starts.tolist()
    assert cut_columns(pictures, starts, 88) is pictures
