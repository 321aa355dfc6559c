"""A picture of curves: quality against pairs seen and against seconds, drawn with Pillow."""

import colorsys
import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from rsagan.people import Picture

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 860, 520, 74, 40, 52
_LINE: Final = 24  # from one name of the legend to the next, and the length of its stroke
_INK, _FAINT = (40, 40, 40), (225, 225, 225)
# A line: its points as (x, y).
Line = Sequence[tuple[float, float]]


def draw_curves(panels: Mapping[str, Mapping[str, Line]], down: str) -> Picture:
    """Panels side by side, one legend on the right: uint8 (H, W, 3).

    Args:
        panels: by what runs along the bottom, the lines by name; every panel has the same names in the same order.
        down: what runs up the side.
    """
    names = list(next(iter(panels.values())))
    font = ImageFont.load_default(15)
    legend = _LINE + 8 + math.ceil(max(font.getlength(name) for name in names)) + 8
    sheet = Image.new("RGB", (_WIDTH * len(panels) + legend, max(_HEIGHT, 2 * _TOP + _LINE * len(names))), "white")
    pen = ImageDraw.Draw(sheet)
    colours = [_colour(k, len(names)) for k in range(len(names))]
    for k, (along, lines) in enumerate(panels.items()):
        _panel(pen, font, k * _WIDTH, along, down, list(lines.values()), colours)
    for k, (name, colour) in enumerate(zip(names, colours, strict=True)):
        x, y = _WIDTH * len(panels), _TOP + _LINE * k
        pen.line((x, y + 9, x + _LINE, y + 9), colour, 4)
        pen.text((x + _LINE + 8, y), name, _INK, font)
    return np.asarray(sheet)


def _panel(
    pen: ImageDraw.ImageDraw,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
    left: int,
    along: str,
    down: str,
    lines: Sequence[Line],
    colours: Sequence[tuple[int, int, int]],
) -> None:
    points = np.array([point for line in lines for point in line], float)
    high_x, (low_y, high_y) = max(points[:, 0].max(), 1e-9), (points[:, 1].min(), points[:, 1].max())
    margin = 0.05 * max(high_y - low_y, 1e-6)
    low_y, high_y = low_y - margin, high_y + margin
    wide, tall = _WIDTH - _LEFT - 30, _HEIGHT - _TOP - _BOTTOM

    def place(x: float, y: float) -> tuple[float, float]:
        return left + _LEFT + x / high_x * wide, _TOP + (high_y - y) / (high_y - low_y) * tall

    for share in np.linspace(0, 1, 6):
        x, y = share * high_x, low_y + share * (high_y - low_y)
        pen.line((*place(0, y), *place(high_x, y)), _FAINT)
        pen.text((place(0, y)[0] - 8, place(0, y)[1]), f"{y:.3f}", _INK, font, anchor="rm")
        pen.text((place(x, low_y)[0], place(x, low_y)[1] + 8), f"{x:,.0f}", _INK, font, anchor="ma")
    pen.line((*place(0, high_y), *place(0, low_y), *place(high_x, low_y)), _INK)
    pen.text((left + _LEFT + wide / 2, _HEIGHT - 8), along, _INK, font, anchor="md")
    pen.text((left + _LEFT, 12), down, _INK, font)
    for line, colour in zip(lines, colours, strict=True):
        spots = [place(x, y) for x, y in line]
        if len(spots) > 1:
            pen.line(spots, colour, 3, joint="curve")
        for x, y in spots:
            pen.ellipse((x - 3, y - 3, x + 3, y + 3), colour)


def _colour(k: int, count: int) -> tuple[int, int, int]:
    """Hues round the circle, light and dark in turn, so that neighbours differ."""
    red, green, blue = colorsys.hls_to_rgb(k / max(count, 1), 0.34 + 0.18 * (k % 2), 0.75)
    return round(255 * red), round(255 * green), round(255 * blue)
