"""From a sighting to a training example of the parser: crops, neighbours, things in the way, photo-like faults.

Everything is drawn from one random generator; the picture, the regions, the outline and the joints stay in step.
"""

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rsagan.data.corrupt import corrupt_points
from rsagan.people import FLIP, Region
from rsagan.training.sightings import FRAME, Sighting

Floats = NDArray[np.float32]
Random = np.random.Generator
_CLOTH: Final = (Region.UPPER, Region.PANTS, Region.DRESS, Region.UPPER, Region.PANTS, Region.HAIR)


@dataclass(frozen=True, eq=False)
class Example:
    """What the parser is shown, and what it should say.

    Attributes:
        picture: uint8 (H, W, 3). points: float32 (18, 2), NaN = missing. outline: float32 (H, W), 0..1.
        regions: uint8 (H, W). facing: float32 (4,), shares of front, left, back, right, in sum 1.
    """

    picture: NDArray[np.uint8]
    points: Floats
    outline: Floats
    regions: NDArray[np.uint8]
    facing: Floats


def example(sighting: Sighting, other: Sighting, random: Random) -> Example:
    """One example; `other` lends a neighbour, a background or something that hides."""
    flip = bool(random.random() < 0.5)
    picture, regions, outline, points = _framed(sighting, flip, random)
    if random.random() < 0.2:
        picture = _elsewhere(picture, regions, other, random)
    if random.random() < 0.25:
        picture = _neighbour(picture, regions, other, random)
    if random.random() < 0.15:
        picture = _printed(picture, regions, other, random)
    if random.random() < 0.4:
        picture = _recoloured(picture, regions, random)
    if random.random() < 0.25:
        picture = _hidden(picture, regions, other, random)
    visible = np.ones(len(points), bool)
    points = corrupt_points(points, visible, 0.006, 0.03, FRAME, random)
    if random.random() < 0.03:
        points[random.random(len(points)) < 0.5] = np.nan
    yaw = -sighting.yaw if flip else sighting.yaw
    return Example(_photographed(picture, random), points, _ragged(outline, regions, random), regions, facing(yaw))


def facing(yaw: float) -> Floats:
    """Shares of front, left, back and right, float32 (4,), for a yaw in degrees; two share near a border."""
    away = np.abs((yaw - np.array([0, 90, 180, 270]) + 180) % 360 - 180)
    share = np.clip((60 - away) / 30, 0, 1)
    return np.asarray(share / share.sum(), np.float32)


def _framed(
    sighting: Sighting, flip: bool, random: Random
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], Floats, Floats]:
    """The sighting laid into the frame as the photo pipeline would, a little off."""
    height, width = FRAME
    scale, x, y = sighting.fit
    centre = np.array([width / 2, height / 2])
    zoom, angle = float(np.exp(random.normal(0, 0.06))), float(np.radians(random.normal(0, 4)))
    turn = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shift = random.normal(0, 0.02, 2) * height
    linear = turn * scale
    offset = turn @ (np.array([x, y]) - centre) + centre + shift
    if flip:
        linear[0], offset[0] = -linear[0], width - offset[0]
    matrix = np.column_stack([linear, offset + linear @ [0.5, 0.5] - 0.5])  # between pixel centres
    picture = cv2.warpAffine(sighting.picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    regions = cv2.warpAffine(sighting.parsing, matrix, (width, height), flags=cv2.INTER_NEAREST)
    outline = cv2.warpAffine(sighting.mask, matrix, (width, height)).astype(np.float32) / 255
    joints = sighting.truth if random.random() < 0.12 else sighting.points
    points = joints @ matrix[:, :2].T + matrix[:, 2]
    if flip:
        points = points[list(FLIP)]
    return np.asarray(picture), np.asarray(regions), outline, np.asarray(points, np.float32)


def _elsewhere(
    picture: NDArray[np.uint8], regions: NDArray[np.uint8], other: Sighting, random: Random
) -> NDArray[np.uint8]:
    """The person before something else: noise of all sizes, or somebody else's picture, enlarged."""
    height, width = FRAME
    if random.random() < 0.5:
        behind: NDArray[Any] = np.zeros((height, width, 3), np.float32)
        for cells in (2, 5, 12, 30, 80):
            knots = random.normal(0, 1, (cells, cells, 3)).astype(np.float32)
            behind += cv2.resize(knots, (width, height)) * float(random.uniform(5, 45))
        behind = behind * random.uniform(0.2, 1) + random.uniform(30, 230) + random.normal(0, 15, 3)
    else:
        zoom = random.uniform(1.0, 2.5)
        rows, columns = int(other.picture.shape[0] / zoom), int(other.picture.shape[1] / zoom)
        top = int(random.integers(other.picture.shape[0] - rows + 1))
        left = int(random.integers(other.picture.shape[1] - columns + 1))
        cut = other.picture[top : top + rows, left : left + columns]
        behind = cv2.resize(np.ascontiguousarray(cut), (width, height)).astype(np.float32)
    cover = _soft(regions > 0)
    return np.asarray(np.clip(picture * cover + behind * (1 - cover), 0, 255), np.uint8)


def _soft(mask: NDArray[np.bool_]) -> Floats:
    return np.asarray(cv2.GaussianBlur(mask.astype(np.float32), (3, 3), 0)[..., None], np.float32)


def _neighbour(
    picture: NDArray[np.uint8], regions: NDArray[np.uint8], other: Sighting, random: Random
) -> NDArray[np.uint8]:
    """Somebody else beside the person, mostly behind; where in front, the person's regions end there, in place."""
    height, width = FRAME
    scale = other.fit[0] * float(random.uniform(0.55, 1.1))
    side = 1 if random.random() < 0.5 else -1
    middle = other.picture.shape[1] / 2 * scale
    x = width / 2 + side * width * float(random.uniform(0.25, 0.6)) - middle
    y = other.fit[2] + height * float(random.normal(0, 0.05))
    matrix = np.array([[scale, 0, x], [0, scale, y]], np.float32)
    there = cv2.warpAffine(other.parsing, matrix, (width, height), flags=cv2.INTER_NEAREST) > 0
    shown = cv2.warpAffine(other.picture, matrix, (width, height))
    if random.random() < 0.7:
        there &= regions == 0
    elif (there & (regions > 0)).sum() > 0.4 * (regions > 0).sum():
        return picture
    else:
        regions[there] = 0
    cover = _soft(there)
    return np.asarray(picture * (1 - cover) + shown * cover, np.uint8)


def _hidden(
    picture: NDArray[np.uint8], regions: NDArray[np.uint8], other: Sighting, random: Random
) -> NDArray[np.uint8]:
    """A bag, a book, a pole before the person: a blob of plain or foreign texture, in place in the regions."""
    height, width = FRAME
    blob = np.zeros((height, width), np.uint8)
    rows, columns = np.nonzero(regions)
    if not len(rows):
        return picture
    pick = random.integers(len(rows))
    middle = np.array([columns[pick], rows[pick]])
    if random.random() < 0.5:
        axes = np.maximum(2, np.round(random.uniform(0.01, 0.09, 2) * height)).astype(int)
        cv2.ellipse(blob, middle.tolist(), axes.tolist(), float(random.uniform(0, 180)), 0, 360, 1, -1)
    else:
        half = random.uniform(0.01, 0.11, 2) * height
        box = cv2.boxPoints((middle.astype(float).tolist(), (2 * half).tolist(), float(random.uniform(0, 180))))
        cv2.fillPoly(blob, [np.round(box).astype(np.int32)], 1)
    there = blob > 0
    if (there & (regions > 0)).sum() > 0.3 * (regions > 0).sum():
        return picture
    if random.random() < 0.6:
        tone = random.uniform(0, 255, 3) if random.random() < 0.5 else np.full(3, random.uniform(10, 245))
        fill = np.broadcast_to(tone, (height, width, 3)) + random.normal(0, random.uniform(0, 12), (height, width, 1))
        fill = fill * (1 + random.uniform(-0.3, 0.3) * np.linspace(-1, 1, width)[None, :, None])
    else:
        fill = cv2.resize(other.picture, (width, height)).astype(np.float64)
    regions[there] = 0
    cover = _soft(there)
    return np.asarray(np.clip(picture * (1 - cover) + fill * cover, 0, 255), np.uint8)


def _recoloured(picture: NDArray[np.uint8], regions: NDArray[np.uint8], random: Random) -> NDArray[np.uint8]:
    """A garment, or the hair, in another colour, at times two alike: dark on dark, cloth like skin; folds stay."""
    first = _CLOTH[random.integers(len(_CLOTH))]
    dyed = {first, _CLOTH[random.integers(len(_CLOTH))]} if random.random() < 0.35 else {first}
    lot = random.random()
    if lot < 0.25:  # dark
        wanted = np.array([random.uniform(15, 70), 128 + random.normal(0, 3), 128 + random.normal(0, 5)])
    elif lot < 0.45:  # as skin is
        wanted = np.array([random.uniform(70, 215), random.uniform(132, 160), random.uniform(138, 175)])
    else:
        wanted = np.array([random.uniform(20, 235), 128 + random.normal(0, 16), 128 + random.normal(0, 20)])
    lab = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB), np.float32)
    for region in sorted(dyed):
        there = regions == region
        if there.sum() < 50:
            continue
        mean = lab[there].mean(0)
        changed = lab.copy()
        changed[..., 0] *= np.clip(wanted[0] / max(mean[0], 20), 0.3, 3)
        changed[..., 1:] += wanted[1:] - mean[1:]
        painted = cv2.cvtColor(np.clip(changed, 0, 255).astype(np.uint8), cv2.COLOR_LAB2RGB)
        cover = _soft(there)
        picture = np.asarray(picture * (1 - cover) + painted * cover, np.uint8)
    return picture


def _printed(
    picture: NDArray[np.uint8], regions: NDArray[np.uint8], other: Sighting, random: Random
) -> NDArray[np.uint8]:
    """Noise, or patches of somebody else's picture, as the cloth of one garment, in the light of its folds."""
    there = regions == _CLOTH[random.integers(len(_CLOTH) - 1)]
    if there.sum() < 50:
        return picture
    height, width = FRAME
    if random.random() < 0.5:
        side = int(random.integers(12, 100))
        top = int(random.integers(other.picture.shape[0] - side + 1))
        left = int(random.integers(other.picture.shape[1] - side + 1))
        cut = other.picture[top : top + side, left : left + side]
        tile = cv2.resize(np.ascontiguousarray(cut), None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
        wide = np.concatenate([tile, tile[:, ::-1]], 1)
        tile = np.concatenate([wide, wide[::-1]])
        counts = (-(-height // tile.shape[0]), -(-width // tile.shape[1]), 1)
        cloth = np.tile(tile, counts)[:height, :width].astype(np.float32)
    else:
        cells = (int(random.integers(8, 90)), int(random.integers(8, 90)), 3)
        knots = random.normal(0, 1, cells).astype(np.float32) * random.uniform(10, 50, 3).astype(np.float32)
        cloth = cv2.resize(knots, (width, height)) + random.uniform(20, 230, 3).astype(np.float32)
    light = cv2.GaussianBlur(picture.max(2).astype(np.float32), (0, 0), 2)
    folds = np.clip(light / max(float(light[there].mean()), 10), 0.4, 1.8)[..., None]
    cover = _soft(there) * float(random.uniform(0.6, 1))
    return np.asarray(np.clip(picture * (1 - cover) + cloth * folds * cover, 0, 255), np.uint8)


def _photographed(picture: NDArray[np.uint8], random: Random) -> NDArray[np.uint8]:
    """Light, colour, blur, noise and compression as cameras and web sites leave them."""
    height, width = picture.shape[:2]
    out: NDArray[Any] = picture.astype(np.float32)
    if random.random() < 0.25:
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), float(random.uniform(0.4, 1.5))))
    if random.random() < 0.25:
        small = float(random.uniform(0.35, 0.9))
        out = np.asarray(cv2.resize(out, None, fx=small, fy=small, interpolation=cv2.INTER_AREA))
        out = np.asarray(cv2.resize(out, (width, height), interpolation=cv2.INTER_LINEAR))
    if random.random() < 0.3:  # light from one side
        slope = random.normal(0, 0.25, 2)
        y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None]
        out = out * np.clip(1 + slope[0] * y + slope[1] * x, 0.3, 1.7)[..., None].astype(np.float32)
    if random.random() < 0.12:  # the edge of a hard shadow, or of the sun
        edge = random.normal(0, 1, 2)
        y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None]
        beyond = 1 / (1 + np.exp(-(edge[0] * y + edge[1] * x - random.normal(0, 0.4)) * random.uniform(8, 60)))
        out = out * (1 - float(random.uniform(0.2, 0.6)) * beyond[..., None]).astype(np.float32)
    gamma = float(np.exp(random.normal(0, 0.28)))
    out = 255 * (np.clip(out, 0, 255) / 255) ** gamma
    out = (out - 128) * float(np.exp(random.normal(0, 0.2))) + 128 + float(random.normal(0, 18))
    out = out * np.exp(random.normal(0, 0.11, 3)).astype(np.float32)
    grey = out @ np.array([0.3, 0.59, 0.11], np.float32)
    saturation = 0.0 if random.random() < 0.05 else float(random.uniform(0.5, 1.4))
    out = grey[..., None] + (out - grey[..., None]) * saturation
    if random.random() < 0.4:
        out = out + random.standard_normal(out.shape, np.float32) * float(random.uniform(1, 14))
    done = np.asarray(np.clip(out + 0.5, 0, 255), np.uint8)
    if random.random() < 0.5:
        quality = int(random.integers(25, 95))
        data = cv2.imencode(".jpg", np.ascontiguousarray(done[..., ::-1]), (cv2.IMWRITE_JPEG_QUALITY, quality))[1]
        done = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[..., ::-1]
    return np.ascontiguousarray(done)


def _ragged(outline: Floats, regions: NDArray[np.uint8], random: Random) -> Floats:
    """The estimator's outline, or the true one, or none; with holes, lumps and shifted borders."""
    height, width = outline.shape
    lot = random.random()
    if lot < 0.08:
        return np.zeros_like(outline)
    if lot < 0.2:
        outline = np.asarray(cv2.GaussianBlur((regions > 0).astype(np.float32), (0, 0), random.uniform(0.5, 3)))
    if random.random() < 0.3:
        knots = random.uniform(-1, 1, (6, 5, 2)).astype(np.float32) * float(random.uniform(0, 0.02) * height)
        field = cv2.resize(knots, (width, height))
        x = field[..., 0] + np.arange(width, dtype=np.float32)
        y = field[..., 1] + np.arange(height, dtype=np.float32)[:, None]
        outline = np.asarray(cv2.remap(outline, x, y, cv2.INTER_LINEAR))
    if random.random() < 0.25:
        outline = outline.copy()
        for _ in range(random.integers(1, 3)):
            axes = np.maximum(1, np.round(random.uniform(0.01, 0.06, 2) * height)).astype(int)
            spot = (int(random.integers(width)), int(random.integers(height)))
            level = float(random.choice([0.0, 0.0, 1.0]))
            cv2.ellipse(outline, spot, axes.tolist(), float(random.uniform(0, 180)), 0, 360, level, -1)
        outline = np.asarray(cv2.GaussianBlur(outline, (0, 0), 1.5))
    return np.asarray(outline, np.float32)
