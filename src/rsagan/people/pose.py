"""A pose: the 18 joints of one person in one picture frame, in OpenPose order.

Left and right are always the person's own. A missing joint is NaN. Integer coordinates are pixel centres, so the
top left pixel is (0, 0) and a picture reaches from -0.5 to width - 0.5.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from rsagan.errors import InputError

JOINTS: Final = (
    "nose",
    "neck",
    "right_shoulder",
    "right_elbow",
    "right_wrist",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "right_hip",
    "right_knee",
    "right_ankle",
    "left_hip",
    "left_knee",
    "left_ankle",
    "right_eye",
    "left_eye",
    "right_ear",
    "left_ear",
)
NUM_JOINTS: Final = len(JOINTS)
NOSE, NECK, RIGHT_SHOULDER, LEFT_SHOULDER, RIGHT_HIP, LEFT_HIP = 0, 1, 2, 5, 8, 11

# Which way a person faces: towards the camera, or turned away from it by a quarter or by half, to their own left or
# right (who is turned to their left looks towards the picture's right).
Facing = Literal["front", "left", "back", "right"]
FACINGS: Final[tuple[Facing, ...]] = get_args(Facing)
_MIRRORED: Final[dict[Facing, Facing]] = {"front": "front", "left": "right", "back": "back", "right": "left"}

# Index of each joint's mirror twin: what a horizontal flip must swap.
FLIP: Final = (0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16)

# The limbs that are drawn and that the network's limb maps follow, as (from, to) joints.
LIMBS: Final = (
    (1, 2), (2, 3), (3, 4), (1, 5), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13),
    (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Pose:
    """Joints of one person.

    Attributes:
        points: float32 (18, 2), x and y in pixels of a frame of `size`; NaN where the joint is missing.
        size: (height, width) of the frame in pixels.
        confidence: float32 (18,) in [0, 1], or None where the source gives none.
        facing: which way the person faces, or None where nobody has said.
    """

    points: NDArray[np.float32]
    size: tuple[int, int]
    confidence: NDArray[np.float32] | None = None
    facing: Facing | None = None

    def __post_init__(self) -> None:
        points = np.array(self.points, dtype=np.float32)
        if points.shape != (NUM_JOINTS, 2):
            raise InputError(f"A pose has {NUM_JOINTS} joints of x and y, not an array of shape {points.shape}.")
        if min(self.size) < 1:
            raise InputError(f"A pose's frame must have a positive height and width, not {self.size}.")
        if self.facing not in (None, *FACINGS):
            raise InputError(f"A person faces {', '.join(FACINGS)} or nobody knows, not {self.facing!r:.20}.")
        points[~np.isfinite(points).all(axis=1)] = np.nan
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "size", (int(self.size[0]), int(self.size[1])))
        if self.confidence is not None:
            confidence = np.array(self.confidence, dtype=np.float32)
            if confidence.shape != (NUM_JOINTS,):
                raise InputError(f"A pose's confidence has shape {confidence.shape}, not ({NUM_JOINTS},).")
            object.__setattr__(self, "confidence", np.where(np.isnan(points[:, 0]), 0, confidence))

    @property
    def present(self) -> NDArray[np.bool_]:
        """bool (18,): which joints are known."""
        return ~np.isnan(self.points[:, 0])

    def flipped(self) -> "Pose":
        """The pose of the mirrored picture: x reversed, left and right swapped."""
        points = self.points[list(FLIP)]
        points[:, 0] = self.size[1] - 1 - points[:, 0]
        confidence = None if self.confidence is None else self.confidence[list(FLIP)]
        return Pose(points, self.size, confidence, self.facing and _MIRRORED[self.facing])

    def resized(self, size: tuple[int, int]) -> "Pose":
        """The same joints after the whole frame is stretched to `size` (height, width)."""
        scale = np.array([size[1] / self.size[1], size[0] / self.size[0]], np.float32)
        return replace(self, points=(self.points + 0.5) * scale - 0.5, size=size)

    def without_outside(self) -> "Pose":
        """The pose with every joint outside the frame marked missing."""
        height, width = self.size
        x, y = self.points.T
        with np.errstate(invalid="ignore"):
            inside = (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
        return replace(self, points=np.where(inside[:, None], self.points, np.float32(np.nan)))

    def usable(self) -> str | None:
        """None if the pose says enough to paint a person, else the reason why not, as part of a sentence."""
        present = self.without_outside().present
        torso = present[[NECK, RIGHT_SHOULDER, LEFT_SHOULDER, RIGHT_HIP, LEFT_HIP]]
        if present.sum() < 5:
            return f"only {int(present.sum())} of its 18 joints lie in the frame, and at least 5 are needed"
        if torso.sum() < 2:
            return "its torso is missing: at least two of neck, shoulders and hips are needed"
        if np.nanmax(np.nanmax(self.points, axis=0) - np.nanmin(self.points, axis=0)) < 2:
            return "all of its joints lie in one spot"
        return None


def same_shape(one: tuple[int, int], other: tuple[int, int], within: float = 0.05) -> bool:
    """Whether the widths of two frames (height, width), at one height, differ by no more than that share."""
    return abs(one[1] / one[0] / (other[1] / other[0]) - 1) <= within
