"""The 8 regions of a dressed person, and the label sets of others, as tables keyed by class name.

A *parsing* is a uint8 (H, W) array of regions.
"""

from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rsagan.errors import InputError

Parsing = NDArray[np.uint8]


class Region(IntEnum):
    """What a pixel belongs to.

    FACE is face, neck and the skin of the chest; ARMS is arms, hands and a bare midriff; LEGS is legs, socks and
    shoes; DRESS is cloth in one piece or free of both legs: dresses, jumpsuits, skirts.
    """

    BACKGROUND = 0
    HAIR = 1
    FACE = 2
    UPPER = 3
    PANTS = 4
    DRESS = 5
    ARMS = 6
    LEGS = 7


NUM_REGIONS: Final = len(Region)

# RGB colour of each region in drawings and in the palette of parsing PNGs.
PALETTE: Final = np.array(
    [
        (0, 0, 0),
        (150, 84, 26),
        (255, 205, 160),
        (222, 36, 74),
        (46, 82, 224),
        (150, 44, 206),
        (250, 140, 40),
        (52, 190, 80),
    ],
    np.uint8,
)

# The joints that tell about a region; the background has none.
REGION_JOINTS: Final[dict[Region, tuple[int, ...]]] = {
    Region.BACKGROUND: (),
    Region.HAIR: (0, 1, 14, 15, 16, 17),
    Region.FACE: (0, 1, 14, 15, 16, 17),
    Region.UPPER: (1, 2, 3, 4, 5, 6, 7, 8, 11),
    Region.PANTS: (8, 9, 10, 11, 12, 13),
    Region.DRESS: (1, 2, 5, 8, 9, 11, 12),
    Region.ARMS: (2, 3, 4, 5, 6, 7),
    Region.LEGS: (8, 9, 10, 11, 12, 13),
}

_LIP_NAMES = (
    "background", "hat", "hair", "glove", "sunglasses", "upper-clothes", "dress", "coat", "socks", "pants", "jumpsuit",
    "scarf", "skirt", "face", "left-arm", "right-arm", "left-leg", "right-leg", "left-shoe", "right-shoe",
)  # fmt: skip

# Class names of each label set, in the order of their ids.
LABEL_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "rsagan": tuple(region.name.lower() for region in Region),
    "lip": _LIP_NAMES,
    "cihp": tuple("torso-skin" if name == "jumpsuit" else name for name in _LIP_NAMES),
    "atr": (
        "background", "hat", "hair", "sunglasses", "upper-clothes", "skirt", "pants", "dress", "belt", "left-shoe",
        "right-shoe", "face", "left-leg", "right-leg", "left-arm", "right-arm", "bag", "scarf",
    ),
    "fashn": (
        "background", "face", "hair", "top", "dress", "skirt", "pants", "belt", "bag", "hat", "scarf", "glasses",
        "arms", "hands", "legs", "feet", "torso", "jewelry",
    ),
    # Merged sets of the benchmarks' region maps: a class is named after what most of it is. PISE's authors say of the
    # released maps (issue 20 of their repository) that 4 and 5 are both the lower part of the body, that 1 is empty and
    # that arms and legs are one; a reader there found shoes apart. So dresses and skirts cannot be told from trousers,
    # and a piece of 4 or 5 that lies at the foot is a shoe.
    "pise": ("background", "hat", "hair", "upper", "lower", "lower", "skin", "face"),
    "adgan": ("background", "pants", "hair", "skirt", "face", "upper", "arms", "legs"),
    "casd": ("background", "pants", "hair", "glove", "face", "upper", "arms", "legs"),
}  # fmt: skip

_R = Region
# What each class name means to us.
CLASS_REGION: Final[dict[str, Region]] = {
    **{region.name.lower(): region for region in Region},
    "bag": _R.BACKGROUND, "hat": _R.HAIR,
    "sunglasses": _R.FACE, "glasses": _R.FACE, "torso-skin": _R.FACE, "torso": _R.FACE,
    "upper-clothes": _R.UPPER, "top": _R.UPPER, "coat": _R.UPPER, "scarf": _R.UPPER, "belt": _R.UPPER,
    "skirt": _R.DRESS, "jumpsuit": _R.DRESS,
    "glove": _R.ARMS, "left-arm": _R.ARMS, "right-arm": _R.ARMS, "hands": _R.ARMS, "jewelry": _R.ARMS,
    "socks": _R.LEGS, "left-leg": _R.LEGS, "right-leg": _R.LEGS, "left-shoe": _R.LEGS, "right-shoe": _R.LEGS,
    "feet": _R.LEGS,
    # Of arms and legs alike, and of trousers and shoes alike; `data.prepare.labels` parts them by the joints.
    "skin": _R.ARMS, "lower": _R.PANTS,
}  # fmt: skip


def to_regions(labels: NDArray[np.integer], label_set: str, where: str = "the parsing map") -> Parsing:
    """Translate a map of another label set into our regions.

    Args:
        labels: (H, W) of class ids.
        label_set: a key of `LABEL_NAMES`.

    Raises:
        InputError: unknown label set; a class id that the set does not have.
    """
    if label_set not in LABEL_NAMES:
        raise InputError(f"Unknown label set {label_set!r}; choose among {', '.join(LABEL_NAMES)}.")
    if labels.ndim != 2:
        raise InputError(f"{where} has shape {labels.shape}; a parsing map is one number a pixel.")
    names = LABEL_NAMES[label_set]
    unknown = [int(value) for value in np.unique(labels) if not 0 <= value < len(names)]
    if unknown:
        raise InputError(
            f"{where} holds the class ids {unknown[:5]}, but the label set {label_set!r} ends at {len(names) - 1}; "
            "name the set it was made with."
        )
    table = np.array([CLASS_REGION[name] for name in names], np.uint8)
    return np.asarray(table[labels])


def one_hot(parsing: Parsing) -> NDArray[np.float32]:
    """float32 (8, H, W), 1 where the pixel is of the region."""
    return np.asarray(parsing[None] == np.arange(NUM_REGIONS, dtype=np.uint8)[:, None, None], np.float32)
