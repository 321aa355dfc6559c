"""What goes wrong in parsing maps and joints of real photos, done on purpose to clean ones.

Errors are like those of parsers: connected blobs, shifted borders, merged or lost regions, lost limbs; never
independent pixels.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rsagan.errors import check_numbers
from rsagan.people import NUM_REGIONS, Parsing, Region

# Two regions that parsers confuse with each other.
_CONFUSED: Final = (
    (Region.UPPER, Region.DRESS),
    (Region.PANTS, Region.DRESS),
    (Region.PANTS, Region.LEGS),
    (Region.UPPER, Region.PANTS),
    (Region.ARMS, Region.UPPER),
    (Region.HAIR, Region.FACE),
    (Region.HAIR, Region.BACKGROUND),
    (Region.ARMS, Region.BACKGROUND),
    (Region.LEGS, Region.BACKGROUND),
    (Region.FACE, Region.UPPER),
    (Region.DRESS, Region.LEGS),
)
# The outer part of each limb, by its joints, and the region it shows.
_LIMB_PARTS: Final = (
    (3, 4, Region.ARMS), (6, 7, Region.ARMS), (2, 3, Region.ARMS), (5, 6, Region.ARMS),
    (9, 10, Region.LEGS), (12, 13, Region.LEGS),
)  # fmt: skip


@dataclass(frozen=True)
class Corruption:
    """How often and how badly. Probabilities are per view; lengths are shares of the picture's height.

    Attributes:
        clean: probability that a parsing map is left as it is.
        shift: largest displacement of borders.
        blobs: largest number of blobs; blob: largest radius of one.
        confuse: probability that a region is merged into one it is confused with.
        limb: probability that each part of a limb is lost.
        jitter: standard deviation of the source's joints; target_jitter: of the target's.
        drop: probability that each source joint is missing, four times that where it is hidden; target_drop alike.
        swap: probability that arms, legs or face of either view have left and right exchanged, each on its own.
    """

    clean: float = 0.25
    shift: float = 0.025
    blobs: int = 4
    blob: float = 0.06
    confuse: float = 0.12
    limb: float = 0.05
    jitter: float = 0.006
    drop: float = 0.03
    target_jitter: float = 0.002
    target_drop: float = 0.01
    swap: float = 0.0

    def __post_init__(self) -> None:
        shares = ("clean", "shift", "blob", "confuse", "limb", "drop", "target_drop", "swap")
        check_numbers("The corruption's", self, shares, most=1)
        check_numbers("The corruption's", self, ("blobs", "jitter", "target_jitter"))


def corrupt_parsing(
    parsing: Parsing, points: NDArray[np.float32], how: Corruption, random: np.random.Generator
) -> Parsing:
    """A parsing map with connected errors.

    Args:
        parsing: uint8 (H, W). points: float32 (18, 2), the joints in its pixels, NaN missing.
    """
    if random.random() < how.clean:
        return parsing
    height, width = parsing.shape
    result = parsing
    if how.shift > 0:
        result = _shift_borders(result, random.uniform(0, how.shift) * height, random)
    result = np.array(result)
    for a, b, region in _LIMB_PARTS:
        if random.random() < how.limb and np.isfinite(points[[a, b]]).all():
            limb = np.zeros((height, width), np.uint8)
            ends = np.clip(np.round(points[[a, b]]), -2 * height, 2 * height).astype(int)
            cv2.line(limb, ends[0].tolist(), ends[1].tolist(), 1, max(1, round(height * random.uniform(0.03, 0.08))))
            lost = (limb > 0) & (result == region)
            result[lost] = random.choice([Region.BACKGROUND, Region.BACKGROUND, Region.UPPER, Region.PANTS])
    if random.random() < how.confuse:
        one, other = _CONFUSED[random.integers(len(_CONFUSED))]
        if random.random() < 0.5 and one != Region.BACKGROUND and other != Region.BACKGROUND:
            one, other = other, one
        result[result == one] = other
    for _ in range(random.integers(how.blobs + 1)):
        y, x = random.integers(height), random.integers(width)
        if random.random() < 0.7:  # most errors lie on the person
            rows, columns = np.nonzero(result)
            if len(rows):
                pick = random.integers(len(rows))
                y, x = rows[pick], columns[pick]
        axes = np.maximum(1, np.round(random.uniform(0.2, 1, 2) * how.blob * height)).astype(int)
        painted = int(random.integers(NUM_REGIONS))
        cv2.ellipse(result, (int(x), int(y)), axes.tolist(), float(random.uniform(0, 180)), 0, 360, painted, -1)
    return result


def _shift_borders(parsing: Parsing, amplitude: float, random: np.random.Generator) -> Parsing:
    """Move every pixel by a smooth field of at most `amplitude` pixels in x and in y."""
    height, width = parsing.shape
    knots = random.uniform(-1, 1, (6, 5, 2)).astype(np.float32) * np.float32(amplitude)
    field = cv2.resize(knots, (width, height), interpolation=cv2.INTER_LINEAR)
    x = field[..., 0] + np.arange(width, dtype=np.float32)
    y = field[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    return np.asarray(cv2.remap(parsing, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def corrupt_points(
    points: NDArray[np.float32],
    visible: NDArray[np.bool_],
    jitter: float,
    drop: float,
    size: tuple[int, int],
    random: np.random.Generator,
) -> NDArray[np.float32]:
    """Joints moved by noise, some missing; joints outside the frame are missing too.

    Args:
        points: float32 (18, 2), NaN missing. visible: bool (18,).
        jitter: standard deviation as a share of the height; one joint in ten gets three times that.
        drop: probability that a visible joint is missing; a hidden one four times as often.
        size: (height, width).
    """
    height, width = size
    spread = jitter * height * np.where(random.random(len(points)) < 0.1, 3, 1)
    moved = points + random.standard_normal(points.shape) * spread[:, None]
    lost = random.random(len(points)) < drop * np.where(visible, 1, 4)
    with np.errstate(invalid="ignore"):
        inside = (moved > -0.5).all(axis=1) & (moved[:, 0] < width - 0.5) & (moved[:, 1] < height - 0.5)
    moved[lost | ~inside] = np.nan
    return moved.astype(np.float32)


def swap_sides(points: NDArray[np.float32], chance: float, random: np.random.Generator) -> NDArray[np.float32]:
    """Joints with left and right exchanged in arms, legs or face, as estimators do on backs and crossed limbs.

    Args:
        points: float32 (18, 2). chance: of each of the three.
    """
    order = np.arange(len(points))
    for right, left in (((2, 3, 4), (5, 6, 7)), ((8, 9, 10), (11, 12, 13)), ((14, 16), (15, 17))):
        if random.random() < chance:
            order[list(right)], order[list(left)] = left, right
    return points[order]
