"""The twofold head crop: where the head is, by the joints, and the pictures and joints cut there."""

import torch
from torch import Tensor
from torch.nn import functional

from rsagan.network.layers import constant
from rsagan.people.head import FACE
from rsagan.people.pose import NECK


def head_size(size: tuple[int, int]) -> tuple[int, int]:
    """Height and width of the head crop of pictures of `size`: 3/8 of the height, a multiple of 8."""
    side = max(16, round(size[0] * 3 / 64) * 8)
    return side, side


def head_boxes(points: Tensor, size: tuple[int, int]) -> Tensor:
    """A square round each head.

    The face joints say where it is, and their spread and distance from the neck how large. Without a face joint it is
    looked for above the neck; without a neck either, at the top centre of the picture.

    Args:
        points: float32 (B, 18, 2), x and y in pixels, NaN missing. size: (height, width).

    Returns:
        float32 (B, 3): x and y of the centre, and the side, in pixels.
    """
    height, width = size
    usual = 3 / 16 * height
    face, neck = points[:, constant(tuple(FACE), points.device)], points[:, NECK]
    seen = ~face[..., 0].isnan()
    known, has_neck = seen.any(1), ~neck[:, 0].isnan()
    filled = face.nan_to_num(0.0)
    count = seen.sum(1).clamp_min(1)[:, None]
    centre = filled.sum(1) / count
    spread = (filled - centre[:, None]).norm(dim=2).masked_fill(~seen, 0).amax(1)
    to_neck = (centre - neck.nan_to_num(0.0)).norm(dim=1).masked_fill(~(known & has_neck), 0)
    side = torch.maximum(2.4 * to_neck, 4.5 * spread)
    side = side.masked_fill(~(side > 0), usual).clamp(height / 8, height / 2)
    above = neck.nan_to_num(0.0) - constant((0.0, 0.4), points.device) * side[:, None]
    nowhere = constant(((width - 1) / 2, usual / 2), points.device).expand_as(centre)
    centre = torch.where(known[:, None], centre, torch.where(has_neck[:, None], above, nowhere))
    return torch.cat([centre, side[:, None]], 1)


def crop(pictures: Tensor, boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Cut a square out of every picture and scale it, bilinearly; beyond the border the border goes on.

    Args:
        pictures: float (B, C, H, W). boxes: float32 (B, 3), see `head_boxes`. size: (height, width) of the result.
    """
    height, width = pictures.shape[2:]
    steps_y = (torch.arange(size[0], device=boxes.device) + 0.5) / size[0] - 0.5
    steps_x = (torch.arange(size[1], device=boxes.device) + 0.5) / size[1] - 0.5
    x = boxes[:, 0, None] + steps_x * boxes[:, 2, None]  # (B, w)
    y = boxes[:, 1, None] + steps_y * boxes[:, 2, None]  # (B, h)
    x, y = (2 * x + 1) / width - 1, (2 * y + 1) / height - 1
    where = torch.stack([x[:, None].expand(-1, size[0], -1), y[..., None].expand(-1, -1, size[1])], 3)
    with torch.autocast(pictures.device.type, enabled=False):
        return functional.grid_sample(
            pictures.float(), where, mode="bilinear", padding_mode="border", align_corners=False
        )


def crop_points(points: Tensor, boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """The joints in the pixels of `crop`'s result: float32 (B, 18, 2); those outside it become missing."""
    scale = constant((size[1], size[0]), points.device) / boxes[:, None, 2:]
    centre = constant(((size[1] - 1) / 2, (size[0] - 1) / 2), points.device)
    moved = (points - boxes[:, None, :2]) * scale + centre
    limit = constant((size[1] - 0.5, size[0] - 0.5), points.device)
    inside = ((moved > -0.5) & (moved < limit)).all(2, keepdim=True)
    return moved.masked_fill(~inside, torch.nan)


def person_columns(parsing: Tensor, chance: Tensor, share: float) -> tuple[Tensor, int]:
    """Where to cut a window of full height out of each picture so that it holds the person, or a part by chance.

    Args:
        parsing: int (B, H, W). chance: float (B,) in [0, 1), where the window lies if the person is wider than it.
        share: width of the window as a share of W.

    Returns:
        the first column of each window, int64 (B,), and their common width (a multiple of 8, or W).
    """
    width = parsing.shape[2]
    window = min(width, max(8, round(share * width / 8) * 8))
    seen = (parsing > 0).any(1)
    columns = torch.arange(width, device=parsing.device)
    nobody = ~seen.any(1)
    left = columns.expand_as(seen).masked_fill(~seen, width).amin(1).masked_fill(nobody, 0)
    right = ((columns + 1) * seen).amax(1).masked_fill(nobody, width)
    spare = right - left - window
    by_chance = left + (chance.double() * (spare + 1)).long()
    starts = torch.where(spare > 0, by_chance, (left + right - window).div(2, rounding_mode="floor"))
    return starts.clamp(0, width - window), window


def cut_columns(pictures: Tensor, starts: Tensor, width: int) -> Tensor:
    """(B, C, H, W) to (B, C, H, width), each from its own first column."""
    if width == pictures.shape[3]:
        return pictures
    columns = starts[:, None] + torch.arange(width, device=starts.device)  # (B, width)
    return pictures.gather(3, columns[:, None, None].expand(-1, *pictures.shape[1:3], -1))
