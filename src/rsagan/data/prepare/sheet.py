"""The contact sheet of a prepared folder: where a wrong option shows at a glance."""

from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from rsagan.data.pairs import spread
from rsagan.data.prepared import PreparedFolder
from rsagan.people import PALETTE, Picture, Pose, Region, draw_parsing, draw_pose, grid

_SHOWN: Final = 24
_A_ROW: Final = 6
_HEIGHT: Final = 256  # that views are drawn at, about
_LINE: Final = 18


def contact_sheet(folder: PreparedFolder) -> Picture:
    """24 views spread over the folder, each twice: its skeleton on the picture, and on its regions; with a legend."""
    positions = spread(len(folder.entries), _SHOWN)
    cells = [_cell(folder, int(at)) for at in positions]
    sheet = grid([cells[start : start + _A_ROW] for start in range(0, len(cells), _A_ROW)], gap=8)
    return np.concatenate([sheet, _legend(sheet.shape[1])])


def _cell(folder: PreparedFolder, at: int) -> Picture:
    entry = folder.entries[at]
    height = folder.size[0]
    factor = max(1, round(_HEIGHT / height)) if height < _HEIGHT else _HEIGHT / height
    size = (round(height * factor), round(folder.size[1] * factor))
    picture = Image.fromarray(folder.picture(at)).resize((size[1], size[0]), Image.Resampling.BICUBIC)
    regions = Image.fromarray(folder.parsing(at)).resize((size[1], size[0]), Image.Resampling.NEAREST)
    pose = Pose(entry.points, folder.size).resized(size)
    views = [draw_pose(pose, np.asarray(picture)), draw_pose(pose, draw_parsing(np.asarray(regions)))]
    caption = Image.new("RGB", (2 * size[1], _LINE), "white")
    ImageDraw.Draw(caption).text((2, 2), _fitting(entry.name, caption.width - 4), "black", _font())
    return np.concatenate([np.concatenate(views, 1), np.asarray(caption)])


def _legend(width: int) -> Picture:
    """The regions' colours with their names, in as many lines as they need."""
    names = [region.name.lower() for region in Region if region != Region.BACKGROUND]
    step = 3 * _LINE + max(round(_font().getlength(name)) for name in names)
    a_line = max(1, (width - 8) // step)
    image = Image.new("RGB", (width, (len(names) + a_line - 1) // a_line * 2 * _LINE), "white")
    pen = ImageDraw.Draw(image)
    for k, name in enumerate(names):
        x, y = 8 + k % a_line * step, k // a_line * 2 * _LINE + _LINE // 2
        pen.rectangle((x, y, x + _LINE, y + _LINE), fill=tuple(PALETTE[Region[name.upper()]].tolist()))
        pen.text((x + 1.5 * _LINE, y + 2), name, "black", _font())
    return np.asarray(image)


def _fitting(text: str, width: int) -> str:
    """The text, or as much of its end as fits: that is where names differ."""
    while _font().getlength(text) > width:
        text = "…" + text[2:] if text.startswith("…") else "…" + text[1:]
    return text


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(12)
