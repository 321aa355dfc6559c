"""Drawn people: a picture, regions, and whole-numbered joints, at any size."""

from dataclasses import dataclass, field

import cv2
import numpy as np

# Background, hair, face, upper, pants, dress, arms, legs: the class numbers a peer's map may give each of our regions.
IDS: dict[str, list[list[int]]] = {
    "pise": [[0], [2], [7], [3], [4], [5], [6], [6]],
    "adgan": [[0], [2], [4], [5], [1], [3], [6], [7]],
    "casd": [[0], [2], [4], [5], [1], [1], [6], [7]],
    "cihp": [[0], [1, 2], [13, 10], [5, 7], [9], [6, 12], [14, 15], [16, 17, 18, 19]],
    "lip": [[0], [1, 2], [13, 4], [5, 7], [9], [6, 10, 12], [14, 15], [16, 17, 18, 19]],
    "atr": [[0, 16], [1, 2], [11], [4, 8, 17], [6], [7, 5], [14, 15], [12, 13, 9, 10]],
    "fashn": [[0, 8], [2, 9], [1, 16], [3, 7], [6], [4, 5], [12, 13], [14, 15]],
    "rsagan": [[0], [1], [2], [3], [4], [5], [6], [7]],
}
# What our regions become on the way there and back: some tables merge.
BACK: dict[str, list[int]] = {name: list(range(8)) for name in IDS} | {
    name: [0, 1, 2, 3, 4, 4, 6, 7] for name in ("casd", "pise")
}


@dataclass
class Figure:
    """One view: picture uint8 (H, W, 3), regions uint8 (H, W), joints int (18, 2) with -1 = missing."""

    identity: int
    view: int
    picture: np.ndarray
    parsing: np.ndarray
    points: np.ndarray
    women: bool
    split: str
    extra: dict[str, object] = field(default_factory=dict)


def draw(identity: int, view: int, size: tuple[int, int] = (256, 176)) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Picture, regions and joints of somebody standing in the middle."""
    random = np.random.default_rng((identity, view))
    own = np.random.default_rng(identity)
    height, width = size
    unit = height / 256
    lean = random.uniform(-6, 6)
    joints = np.array(
        [
            (0, 36), (0, 56), (-20, 60), (-30, 92), (-34, 122), (20, 60), (30, 92), (34, 122), (-12, 128), (-14, 176),
            (-14, 222), (12, 128), (14, 176), (14, 222), (-5, 32), (5, 32), (-9, 35), (9, 35),
        ],
        float,
    )  # fmt: skip
    joints[[3, 4, 6, 7, 9, 10, 12, 13]] += random.uniform(-6, 6, (8, 2))
    points = np.round((joints + np.array([88 + lean, 0])) * unit + np.array([width / 2 - 88 * unit, 0])).astype(int)
    parsing = np.zeros(size, np.uint8)

    def limb(a: int, b: int, region: int, thick: float) -> None:
        cv2.line(parsing, points[a].tolist(), points[b].tolist(), region, max(1, round(thick * unit)))

    for a, b in ((8, 9), (9, 10), (11, 12), (12, 13)):
        limb(a, b, 7, 15)
    dressed = identity % 3 == 0
    for a, b in ((8, 9), (11, 12), *(() if dressed else ((9, 10), (12, 13)))):
        limb(a, b, 5 if dressed else 4, 22 if dressed else 17)
    torso = points[[2, 5, 11, 8]] + np.round(np.array([(-5, -3), (5, -3), (8, 4), (-8, 4)]) * unit).astype(int)
    cv2.fillPoly(parsing, [torso], 5 if dressed else 3)
    for a, b in ((2, 3), (3, 4), (5, 6), (6, 7)):
        limb(a, b, 6, 11)
    centre = (int(points[0, 0]), int(points[0, 1] - 2 * unit))
    cv2.circle(parsing, (centre[0], centre[1] - round(5 * unit)), max(2, round(19 * unit)), 1, -1)
    cv2.circle(parsing, centre, max(2, round(14 * unit)), 2, -1)
    parsing[points[1, 1] - round(6 * unit) : points[1, 1] + 2, points[1, 0] - round(5 * unit) : points[1, 0] + 6] = 2
    colours = own.integers(40, 216, (8, 3))
    colours[0] = 245
    picture = colours[parsing] + random.integers(-20, 21, (*size, 1)) * (parsing > 0)[..., None]
    return picture.clip(0, 255).astype(np.uint8), parsing, points


def figures(people: int = 6, views: int = 2, size: tuple[int, int] = (256, 176)) -> list[Figure]:
    """The last third of the people are for testing. Some joints are missing; one view has none at all."""
    found = []
    for identity in range(people):
        split = "train" if identity < people * 2 / 3 else "test"
        for view in range(views):
            picture, parsing, points = draw(identity, view, size)
            if view == 1:
                points[[4, 13]] = -1
            if (identity, view) == (1, 1):
                points[:] = -1
            found.append(Figure(identity, view, picture, parsing, points, identity % 2 == 0, split))
    return found


def label_map(parsing: np.ndarray, label_set: str) -> np.ndarray:
    """Regions in a peer's numbers; where a region has several, they take turns over the columns."""
    labels = np.zeros_like(parsing)
    columns = np.broadcast_to(np.arange(parsing.shape[1]), parsing.shape)
    for region, ids in enumerate(IDS[label_set]):
        here = parsing == region
        labels[here] = np.array(ids, np.uint8)[columns[here] % len(ids)]
    return labels
