"""Finding people in a photo and their joints, by BlazePose's two networks run through LiteRT.

First network: a detector that sees the whole photo at 224 x 224 and gives, per person, the middle of the hips and the
radius of the circle round the whole body. Second network: 33 landmarks and an outline inside that circle's square,
turned so that the body stands upright.

Letters: P photo pixels (pixel centres are whole numbers), R the square of `Roi`, 0..1 on both axes.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from rsagan import assets
from rsagan.people import Picture, Pose, from_order
from rsagan.people.pose_formats import BLAZEPOSE_33

Floats = NDArray[np.float32]
Side = Literal["front", "back", "side"]

DETECTOR_SIDE: Final = 224
LANDMARK_SIDE: Final = 256
NUM_LANDMARKS: Final = 33
# Beyond the 33 the network gives the middle of the hips and a point on the circle round the body, straight above.
_MID_HIP, _TOP_OF_CIRCLE = 33, 34
_ROI_MARGIN = 1.25  # the square is that much larger than the circle
_DETECTOR_THRESHOLD = 0.5
_SAME_BOX = 0.3  # detector boxes that overlap by more are one person
_SAME_PERSON = 0.55  # so are landmark boxes
_MAX_PEOPLE = 8
_CERTAIN = 0.7  # a landmark flag above this ends the search
_THREADS = 2
_CLOSER = 0.85
_SHOULDERS, _HIPS = [11, 12], [23, 24]
_TURNED = 0.2  # breadth of shoulders and hips over the torso, below which a person is seen from the side
_SURELY_THERE = 0.9
_lock = threading.Lock()  # an interpreter serves one caller at a time


@dataclass(frozen=True)
class Roi:
    """A turned square in the photo: centre (x, y) and side in photo pixels, angle in radians (clockwise as seen)."""

    x: float
    y: float
    side: float
    angle: float = 0.0

    def matrix(self) -> NDArray[np.float64]:
        """(2, 3): from R to P."""
        c, s = np.cos(self.angle) * self.side, np.sin(self.angle) * self.side
        return np.array([[c, -s, self.x - (c - s) / 2], [s, c, self.y - (s + c) / 2]])


@dataclass(frozen=True, eq=False)
class Detection:
    """One person found in a photo.

    Attributes:
        points: float32 (33, 2), x and y in photo pixels, in BlazePose's order.
        visibility: float32 (33,), probability that the landmark is in the photo and not hidden.
        presence: float32 (33,), probability that it is inside the square at all.
        mask_logits: float32 (256, 256), the outline in the square of `roi`.
        roi: that square.
        score: the detector's, 0..1; 0 where the person was found without it.
        flag: the landmark network's own belief, 0..1, that there is a person.
        photo_size: (height, width).
    """

    points: Floats
    visibility: Floats
    presence: Floats
    mask_logits: Floats
    roi: Roi
    score: float
    flag: float
    photo_size: tuple[int, int]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1 round the landmarks that are in the photo, in photo pixels."""
        height, width = self.photo_size
        x, y = self.points[self.presence > 0.5].T if (self.presence > 0.5).any() else self.points.T
        x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
        return float(x.min()), float(y.min()), float(x.max()), float(y.max())

    @property
    def height(self) -> float:
        """Of the visible part, in photo pixels."""
        return self.box[3] - self.box[1]

    @property
    def torso(self) -> float:
        """From the shoulders' middle to the hips' middle, or the shoulders' breadth if larger, in photo pixels."""
        breadth = self.points[_SHOULDERS[0]] - self.points[_SHOULDERS[1]]
        return float(max(np.linalg.norm(self._spine), np.linalg.norm(breadth)))

    @property
    def _spine(self) -> Floats:
        """(2,): from the hips' middle to the shoulders' middle."""
        return np.asarray(self.points[_SHOULDERS].mean(axis=0) - self.points[_HIPS].mean(axis=0))

    @property
    def side(self) -> Side:
        """Which side of the person the photo shows, by the order of shoulders and hips across the spine."""
        shoulders, hips, up = self.points[_SHOULDERS], self.points[_HIPS], self._spine
        # From the person's right to their left, positive towards the picture's right when they stand upright.
        across = ((shoulders[0] - shoulders[1]) + (hips[0] - hips[1])) / 2
        breadth = float(up[0] * across[1] - up[1] * across[0]) / max(float(np.linalg.norm(up)), 1e-6)
        share = breadth / max(self.torso, 1e-6)
        return "front" if share > _TURNED else "back" if share < -_TURNED else "side"

    @property
    def tilted(self) -> bool:
        """Whether the person lies, or stands on their head: the spine is more than 45 degrees from upright."""
        return bool(-self._spine[1] < abs(self._spine[0]))

    def pose(self, threshold: float = 0.5, hidden: float | None = None) -> Pose:
        """The 18 joints in the photo's frame; those less visible than `threshold`, or outside, are missing.

        Args:
            hidden: visibility that does for joints which surely lie in the photo, such as knees under a skirt.
        """
        certainty = self.visibility
        if hidden is not None:
            sure = (self.presence > _SURELY_THERE) & (certainty > hidden)
            certainty = np.where(sure, np.maximum(certainty, threshold), certainty)
        return from_order(self.points, BLAZEPOSE_33, self.photo_size, certainty, threshold)

    def mask(self, size: tuple[int, int], scale: float = 1.0, offset: tuple[float, float] = (0.0, 0.0)) -> Floats:
        """The soft outline, float32 (H, W) in 0..1.

        Args:
            size: (H, W) of the frame wanted.
            scale, offset: of the `Fit` that leads from the photo to that frame; by default the photo itself.
        """
        import cv2

        to_frame = self.roi.matrix() * scale
        to_frame[:, 2] += offset
        logits = cv2.warpAffine(
            self.mask_logits,
            _centres(to_frame, LANDMARK_SIDE),
            (size[1], size[0]),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=-20.0,
        )
        return np.asarray(_sigmoid(logits), np.float32)


def find_people(photo: Picture, near: tuple[float, float] | None = None) -> list[Detection]:
    """Everybody the two networks see in a photo, largest first; not yet checked for being human (`photo.checks`).

    The detector sees the whole photo, then square windows of it; smaller windows only where nobody has shown up. In the
    end the landmark network is given the whole photo, which finds people whose face the detector misses.

    Args:
        photo: uint8 (H, W, 3) RGB.
        near: x and y of a place that is looked at closely as well, whoever has been found elsewhere.

    Raises:
        AssetError: the networks' files cannot be had.
    """
    found: list[Detection] = []
    seen: list[Roi] = []
    for windows, needless in _levels(photo, near):
        if needless and any(person.flag > _CERTAIN for person in found):
            break
        rois = _search(photo, windows)
        for roi, score in sorted(rois, key=lambda roi: -roi[1])[:_MAX_PEOPLE]:
            if not any(_near(roi, other) for other in seen):
                seen.append(roi)
                found.append(_settle(photo, roi, score))
    if not any(person.flag > _CERTAIN for person in found):
        found.append(_settle(photo, _whole(photo), 0.0))
    found.sort(key=lambda person: -person.flag - 0.1 * person.score)
    kept: list[Detection] = []
    for person in found:
        if not any(_same(person, other) for other in kept):
            kept.append(person)
    return sorted(kept, key=lambda person: -person.height)


def find_one(picture: Picture) -> Detection:
    """The landmarks of the one person that a picture is known to show, large and whole: no search, no check.

    Args:
        picture: uint8 (H, W, 3) RGB.

    Raises:
        AssetError: the network's file cannot be had.
    """
    return _settle(picture, _whole(picture), 0.0)


def look_round(picture: Picture, hips: NDArray[Any], top: NDArray[Any], score: float) -> Detection:
    """The landmarks of the person round whom somebody has drawn a circle: no search, no check.

    Args:
        picture: uint8 (H, W, 3) RGB.
        hips, top: (2,) x and y of the hips' middle and of the circle's point above the head, in pixels.
        score: how sure the finder is, 0..1.

    Raises:
        AssetError: the network's file cannot be had.
    """
    return _settle(picture, _circle(hips, top), score)


def follow(picture: Picture, before: Detection) -> Detection:
    """The person of the frame before, looked for where they were: no search, no check.

    Args:
        picture: uint8 (H, W, 3) RGB, as large as the frame before.

    Raises:
        AssetError: the network's file cannot be had.
    """
    return _settle(picture, before.roi, before.score)


def _same(a: Detection, b: Detection) -> bool:
    """Two detections of one body: their boxes, or nose, shoulders and hips, all but coincide."""
    trunk = [0, *_SHOULDERS, *_HIPS]
    apart = float(np.linalg.norm(a.points[trunk] - b.points[trunk], axis=1).mean())
    return _overlap(a.box, b.box) > _SAME_PERSON or apart < 0.1 * min(a.height, b.height)


def _near(a: Roi, b: Roi) -> bool:
    """Whether two squares are so alike that the landmark network would find the same body in both."""
    apart = float(np.hypot(a.x - b.x, a.y - b.y))
    return apart < 0.12 * b.side and abs(np.log(a.side / b.side)) < 0.25 and np.cos(a.angle - b.angle) > 0.9


def _levels(photo: Picture, near: tuple[float, float] | None) -> Iterator[tuple[list[Roi], bool]]:
    """Squares to look through, and whether they are needless once somebody is found.

    The whole photo, squares as wide as the photo is narrow, then little more than half of that.
    """
    yield [_whole(photo)], False
    height, width = photo.shape[:2]
    short = min(height, width)
    if near is not None:
        yield [Roi(*near, short * share) for share in (0.2, 0.4, 0.8)], False
    for side, needless in ((short, False), (short * 0.55, True)):
        if side < max(height, width) * 0.9:
            xs, ys = (_steps(length, side) for length in (width, height))
            yield [Roi(x, y, side) for y in ys for x in xs], needless


def _steps(length: float, side: float) -> NDArray[np.float64]:
    """Middles of windows of `side` that cover `length` with at least two fifths of overlap."""
    if length <= side:
        return np.array([length / 2])
    count = int(np.ceil((length - side) / (0.6 * side))) + 1
    return np.linspace(side / 2, length - side / 2, count)


def _settle(photo: Picture, roi: Roi, score: float) -> Detection:
    """The landmarks in a square, then in the better square that those suggest."""
    first, better = _landmarks(photo, roi, score)
    second, _ = _landmarks(photo, better, score)
    best = second if second.flag > first.flag - 0.2 else first
    if best.side == "back":
        # In poor light fronts are taken for backs; a tighter square shows more of the face.
        closer, _ = _landmarks(photo, replace(best.roi, side=_CLOSER * best.roi.side), score)
        if closer.side == "front" and closer.flag > best.flag - 0.2:
            return closer
    return best


def _search(photo: Picture, windows: list[Roi]) -> list[tuple[Roi, float]]:
    """What `_detect` gives for each window; the photo is shrunk once for all that are equally large in a row."""
    found = []
    for side, alike in groupby(windows, lambda window: window.side):
        shrunk = _shrunk(photo, side / DETECTOR_SIDE)
        found += [each for window in alike for each in _detect(photo, window, shrunk)]
    return found


def _detect(photo: Picture, window: Roi, shrunk: Picture | None = None) -> list[tuple[Roi, float]]:
    """The squares round the people whom the detector sees in a window, with its scores, best first.

    Args:
        shrunk: as `_crop` takes it.
    """
    raw, logits = _run("pose-detection", _crop(photo, window, DETECTOR_SIDE, shrunk)[None] * 2 - 1)
    score = _sigmoid(logits.reshape(-1))
    # 12 numbers: box centre and size, then four points (mid-hip, circle, mid-shoulder, upper circle), all in pixels of
    # the 224-pixel input and, but for the size, relative to the anchor.
    values = raw.reshape(-1, 6, 2) / DETECTOR_SIDE
    values[:, [0, 2, 3, 4, 5]] += _anchors()[:, None]
    boxes = np.concatenate([values[:, 0] - values[:, 1] / 2, values[:, 0] + values[:, 1] / 2], axis=1)
    left = np.flatnonzero(score > _DETECTOR_THRESHOLD)
    left = left[np.argsort(-score[left])]
    matrix, out = window.matrix(), []
    while len(left):
        same = np.array([_overlap(boxes[left[0]], boxes[other]) > _SAME_BOX for other in left])
        same[0] = True
        # Overlapping boxes vote, weighted by score: steadier than the best one alone.
        votes = left[same]
        middle = np.average(values[votes], axis=0, weights=score[votes])
        hip, top = middle[2:4] @ matrix[:, :2].T + matrix[:, 2]
        out.append((_circle(hip, top), float(score[left[0]])))
        left = left[~same]
    return out


@cache
def _anchors() -> Floats:
    """(2254, 2): x and y, 0..1, of the cells' middles: two a cell on the 28 and 14 grid, six on the 7 grid."""
    grids = []
    for cells, copies in ((28, 2), (14, 2), (7, 6)):
        y, x = np.mgrid[:cells, :cells]
        centres = (np.stack([x, y], -1).reshape(-1, 2) + 0.5) / cells
        grids.append(np.repeat(centres, copies, axis=0))
    return np.concatenate(grids).astype(np.float32)


def _landmarks(photo: Picture, roi: Roi, score: float) -> tuple[Detection, Roi]:
    """The landmarks in a square, and the better square that they suggest."""
    joints, flag, mask = _run("pose-landmark", _crop(photo, roi, LANDMARK_SIDE)[None])
    # 39 points of x, y, z, visibility and presence.
    values = joints.reshape(39, 5)
    matrix = roi.matrix()
    points = (values[:, :2] / LANDMARK_SIDE) @ matrix[:, :2].T + matrix[:, 2]
    detection = Detection(
        points=np.asarray(points[:NUM_LANDMARKS] - 0.5, np.float32),
        visibility=_sigmoid(values[:NUM_LANDMARKS, 3]),
        presence=_sigmoid(values[:NUM_LANDMARKS, 4]),
        mask_logits=np.array(mask.reshape(LANDMARK_SIDE, LANDMARK_SIDE)),
        roi=roi,
        score=score,
        flag=float(flag.reshape(-1)[0]),
        photo_size=(photo.shape[0], photo.shape[1]),
    )
    return detection, _circle(points[_MID_HIP], points[_TOP_OF_CIRCLE])


def _circle(centre: NDArray[Any], top: NDArray[Any]) -> Roi:
    """The square round the circle with that centre and topmost point, turned so that the point is up."""
    dx, dy = float(top[0] - centre[0]), float(top[1] - centre[1])
    side = max(8.0, 2 * _ROI_MARGIN * float(np.hypot(dx, dy)))
    return Roi(float(centre[0]), float(centre[1]), side, float(np.arctan2(dx, -dy)))


def _whole(photo: Picture) -> Roi:
    height, width = photo.shape[:2]
    return Roi(width / 2, height / 2, float(max(height, width)))


def _shrunk(photo: Picture, factor: float) -> Picture:
    """The photo so many times smaller, as a crop of it needs that is as much smaller, or fine patterns alias."""
    import cv2

    if factor <= 1.5:
        return photo
    height, width = photo.shape[:2]
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    return np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA))


def _crop(photo: Picture, roi: Roi, side: int, shrunk: Picture | None = None) -> Floats:
    """The square as float32 (side, side, 3) in 0..1; black beyond the photo.

    Args:
        shrunk: what `_shrunk` makes of the photo for such a square, where it is at hand.
    """
    import cv2

    shrunk = _shrunk(photo, roi.side / side) if shrunk is None else shrunk
    scale = np.diag([shrunk.shape[1] / photo.shape[1], shrunk.shape[0] / photo.shape[0]])
    matrix = _centres(scale @ roi.matrix(), side)
    crop = cv2.warpAffine(shrunk, matrix, (side, side), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderValue=0)
    return np.asarray(crop, np.float32) / np.float32(255)


def _centres(matrix: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """From R -> P over edges to pixels of a (side, side) picture of R -> pixels of P, both by pixel centres."""
    out = matrix.copy()
    out[:, :2] /= side
    out[:, 2] += out[:, :2].sum(axis=1) * 0.5 - 0.5
    return out


def _overlap(a: Any, b: Any) -> float:
    """Intersection over union of two boxes x0, y0, x1, y1."""
    width = max(0.0, float(min(a[2], b[2]) - max(a[0], b[0])))
    height = max(0.0, float(min(a[3], b[3]) - max(a[1], b[1])))
    both = float((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]))
    return width * height / max(both - width * height, 1e-9)


def _sigmoid(x: NDArray[Any]) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -80, 80))), np.float32)


@cache
def _interpreter(name: str) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    content = assets.fetch(name).read_bytes()  # by itself it cannot open every path on Windows
    with _without_native_log():
        interpreter = Interpreter(model_content=content, num_threads=_THREADS)
        interpreter.allocate_tensors()
    return interpreter


@contextmanager
def _without_native_log() -> Iterator[None]:
    """LiteRT logs a line to the process's standard error for every network it loads, and has no switch for it.

    Real faults come back as exceptions, so nothing is lost.
    """
    try:
        kept = os.dup(2)
    except OSError:  # a process without standard error
        yield
        return
    try:
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), 2)
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _run(name: str, batch: Floats) -> list[Floats]:
    """A network's outputs, as copies, in its own order; the landmark network's first three."""
    with _lock:
        interpreter = _interpreter(name)
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], np.ascontiguousarray(batch, np.float32))
        interpreter.invoke()
        details = interpreter.get_output_details()
        return [np.array(interpreter.get_tensor(detail["index"])) for detail in details[:3]]
