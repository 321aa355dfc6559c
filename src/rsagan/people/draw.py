"""Drawing skeletons, parsing maps, overlays and grids of pictures."""

import colorsys
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from rsagan.people.picture import Picture
from rsagan.people.pose import LIMBS, Pose
from rsagan.people.regions import PALETTE, Parsing

# One hue a limb, all the way round the circle, so that left and right tell apart.
_LIMB_COLOURS = [tuple(int(255 * c) for c in colorsys.hsv_to_rgb(i / len(LIMBS), 0.9, 1.0)) for i in range(len(LIMBS))]
_OPACITY = 0.55  # of regions over a picture


def draw_pose(pose: Pose, picture: Picture | None = None) -> Picture:
    """The skeleton in colour, over `picture` (same size) or over dark grey: uint8 (H, W, 3)."""
    height, width = pose.size
    base = np.full((height, width, 3), 24, np.uint8) if picture is None else picture
    factor = 4  # drawn large, then shrunk: smooth lines
    overlay = Image.new("RGBA", (width * factor, height * factor))
    pen = ImageDraw.Draw(overlay)
    thick = max(1.2, height / 110) * factor
    points = (pose.points + 0.5) * factor
    for (a, b), colour in zip(LIMBS, _LIMB_COLOURS, strict=True):
        if pose.present[a] and pose.present[b]:
            pen.line([tuple(points[a]), tuple(points[b])], fill=(*colour, 235), width=round(thick))
    for x, y in points[pose.present]:
        radius = thick * 0.85
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(255, 255, 255, 255))
    overlay = overlay.resize((width, height), Image.Resampling.BOX)
    return np.asarray(Image.alpha_composite(Image.fromarray(base).convert("RGBA"), overlay).convert("RGB"))


def draw_parsing(parsing: Parsing, picture: Picture | None = None) -> Picture:
    """The regions in their colours, alone or laid over `picture` (same size), whose background stays as it is.

    Returns:
        uint8 (H, W, 3).
    """
    colours = PALETTE[parsing]
    if picture is None:
        return np.asarray(colours)
    weight = (parsing > 0)[..., None] * _OPACITY
    return np.asarray(picture * (1 - weight) + colours * weight + 0.5, np.uint8)


def grid(rows: Sequence[Sequence[Picture]], gap: int = 4) -> Picture:
    """Lay pictures out in rows on white: uint8 (H, W, 3).

    Each cell is as large as the largest picture, smaller ones are centred; `gap` pixels lie round each.
    """
    cells = [cell for row in rows for cell in row]
    height, width = max(c.shape[0] for c in cells), max(c.shape[1] for c in cells)
    columns = max(len(row) for row in rows)
    sheet: Picture = np.full((len(rows) * (height + gap) + gap, columns * (width + gap) + gap, 3), 255, np.uint8)
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            y = gap + i * (height + gap) + (height - cell.shape[0]) // 2
            x = gap + j * (width + gap) + (width - cell.shape[1]) // 2
            sheet[y : y + cell.shape[0], x : x + cell.shape[1]] = cell
    return sheet
