"""Reading and writing poses: our own JSON, OpenPose 18 and 25, its editors, COCO-17, BlazePose-33, NTED text."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rsagan.errors import InputError
from rsagan.files import write_text
from rsagan.people.pose import FACINGS, NUM_JOINTS, Pose

# For each of our 18 joints the index in the foreign order; a pair means the middle of the two.
Order = Sequence[int | tuple[int, int]]
OPENPOSE_25: Final[Order] = (0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18)
COCO_17: Final[Order] = (0, (5, 6), 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3)
BLAZEPOSE_33: Final[Order] = (0, (11, 12), 12, 14, 16, 11, 13, 15, 24, 26, 28, 23, 25, 27, 5, 2, 8, 7)

_MAX_BYTES = 1 << 20


def from_order(
    points: ArrayLike,
    order: Order,
    size: tuple[int, int],
    confidence: ArrayLike | None = None,
    threshold: float = 0.0,
) -> Pose:
    """Take a foreign skeleton into our order.

    Args:
        points: (n, 2) x and y in pixels of a frame of `size` (height, width); NaN = missing.
        order: one of the tables above.
        confidence: (n,) in [0, 1]; joints below `threshold` are missing. The middle of two joints has the smaller
            confidence of the two and is missing if either is.
    """
    xy = np.asarray(points, np.float32)
    score = np.ones(len(xy), np.float32) if confidence is None else np.asarray(confidence, np.float32)
    pairs = [(i, i) if isinstance(i, int) else i for i in order]
    a, b = (np.array(index) for index in zip(*pairs, strict=True))
    out, certainty = (xy[a] + xy[b]) / 2, np.minimum(score[a], score[b])
    out[~(certainty >= threshold)] = np.nan
    return Pose(out, size, None if confidence is None else certainty).without_outside()


def to_json(pose: Pose) -> dict[str, Any]:
    """Our JSON: OpenPose's `people[0].pose_keypoints_2d` (x, y, confidence; 0, 0, 0 = missing) and the frame's size.

    `facing` is there where it is known.
    """
    confidence = pose.present.astype(np.float32) if pose.confidence is None else pose.confidence
    triples = np.column_stack([pose.points, confidence]).astype(float)
    triples[~pose.present] = 0
    # A joint that is present always has a confidence above nought, else it would be read back as missing.
    triples[pose.present, 2] = np.maximum(triples[pose.present, 2], 1e-4)
    flat = [round(float(value), 4) for value in triples.ravel()]
    return {
        "format": "rsagan-pose",
        "version": 1,
        "height": pose.size[0],
        "width": pose.size[1],
        **({"facing": pose.facing} if pose.facing else {}),
        "people": [{"pose_keypoints_2d": flat}],
    }


def write_pose(path: Path | str, pose: Pose) -> None:
    """Write our JSON, whole or not at all."""
    write_text(path, json.dumps(to_json(pose), indent=1) + "\n")


def from_json(data: Any, where: str = "the pose", size: tuple[int, int] | None = None) -> Pose:
    """A pose from decoded JSON: ours, or OpenPose's output with 18 or 25 joints, or COCO keypoints with 17.

    Editors of OpenPose's skeletons, such as those for ControlNet, write a list with one such object, call the frame
    `canvas_height` and `canvas_width`, and give joints as shares of it: all coordinates are from 0 to 1 then.

    Args:
        size: (height, width) of the frame, for formats that do not state it. Where neither does, the joints'
            bounding box with a tenth of margin becomes the frame.

    Raises:
        InputError: not one of these shapes; no person in it; several poses; shares of a frame of unknown size.
    """
    if isinstance(data, list) and len(data) == 1:
        data = data[0]
    if isinstance(data, list) and data and isinstance(data[0], dict):
        raise InputError(f"{where} holds {len(data)} poses, of which none is chosen; keep one of them.")
    people = people_in(data, where)
    if not people:
        raise InputError(f"{where} holds no person: its list `people` is empty.")
    xy, confidence, order = joints_in(people[0], where)
    frame = frame_in(data, where) or size
    xy = in_pixels(xy, frame, where)
    if frame is None:
        shift, frame = own_frame(xy)
        xy = xy + shift
    pose = from_order(xy, order, frame, confidence, threshold=1e-6)
    facing = data.get("facing")
    if facing is not None and facing not in FACINGS:
        raise InputError(f"{where}: `facing` must be one of {', '.join(FACINGS)}, not {facing!r:.20}.")
    return replace(pose, facing=facing)


def people_in(data: Any, where: str) -> list[Any]:
    """The people of one picture's JSON; COCO's `keypoints` are one. Raises InputError if it is neither's."""
    if not isinstance(data, dict):
        raise InputError(f"{where} holds a JSON {type(data).__name__}, not an object with `people`.")
    if "keypoints" in data:
        return [data]
    people = data.get("people")
    if not isinstance(people, list):
        raise InputError(f"{where} has no list `people` (OpenPose's format) and no `keypoints` (COCO's).")
    return people


def joints_in(person: Any, where: str) -> tuple[NDArray[np.float64], NDArray[np.float64], Order]:
    """A person's x and y (n, 2), NaN where missing, their confidence (n,) in [0, 1], and their order.

    Raises:
        InputError: no such list of numbers, or not as many joints as an order has.
    """
    if isinstance(person, dict) and "keypoints" in person:
        flat, counts = person["keypoints"], {17: COCO_17}
    elif isinstance(person, dict) and "pose_keypoints_2d" in person:
        flat, counts = person["pose_keypoints_2d"], {18: tuple(range(18)), 25: OPENPOSE_25}
    else:
        raise InputError(f"{where} has no `pose_keypoints_2d` for a person.")
    triples = _triples(flat, where)
    if len(triples) not in counts:
        raise InputError(f"{where} has {len(triples)} joints; expected {' or '.join(map(str, counts))}.")
    xy = np.where(triples[:, 2:] <= 0, np.nan, triples[:, :2])
    return xy, np.clip(triples[:, 2], 0, 1), counts[len(triples)]


def in_pixels(xy: NDArray[np.float64], frame: tuple[int, int] | None, where: str) -> NDArray[np.float64]:
    """Joints (n, 2) that may be shares of a frame (height, width); raises InputError if they are, and it is None."""
    if np.isnan(xy).all() or np.nanmax(np.abs(xy)) > 1:
        return xy
    if frame is None:
        raise InputError(
            f"{where} gives shares of a picture, from 0 to 1, and not how large that is; its coordinates must be "
            "pixels (OpenPose's --keypoint_scale 0)."
        )
    return xy * frame[::-1]


def read_pose(path: Path | str, size: tuple[int, int] | None = None) -> Pose:
    """Read a pose file: JSON as in `from_json`, or `.txt` as in `from_nted_text`.

    Raises:
        InputError: no such file, not JSON, or not a pose; one sentence says which.
    """
    path = Path(path)
    if path.suffix.lower() == ".txt":
        return from_nted_text(_text(path, _MAX_BYTES), str(path), size or (256, 176))
    return from_json(load_json(path), str(path), size)


def load_json(path: Path, most: int = _MAX_BYTES) -> Any:
    """What a JSON file of at most `most` bytes holds. Raises InputError if it cannot be read."""
    try:
        return json.loads(_text(path, most))
    except (ValueError, RecursionError) as error:  # a number of 5000 digits is a plain ValueError
        raise InputError(f"{path} is not valid JSON ({error}).") from error


def _text(path: Path, most: int) -> str:
    try:
        if path.stat().st_size > most:
            raise InputError(f"{path} is larger than {most >> 20} MiB, far too large for a pose file.")
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise InputError(f"Cannot read the pose {path}: {reason}.") from error


def from_nted_text(text: str, where: str, size: tuple[int, int]) -> Pose:
    """NTED's text: 18 rows `x y` in a 256-wide, 256-high frame whose middle 176 columns are the picture.

    Args:
        size: (height, width) of the frame wanted. Missing joints are -1 in both.
    """
    try:
        rows = [
            [float(value) for value in line.replace(",", " ").split()] for line in text.splitlines() if line.strip()
        ]
    except ValueError as error:
        raise InputError(f"{where} holds something that is not a number ({error}).") from error
    if len(rows) != NUM_JOINTS or any(len(row) != 2 for row in rows):
        raise InputError(f"{where} must hold 18 rows of x and y.")
    xy = np.array(rows)
    missing = (xy < 0).all(axis=1)
    scaled = (xy - [40, 0]) * [size[1] / 176, size[0] / 256]
    scaled[missing] = np.nan
    return Pose(scaled.astype(np.float32), size).without_outside()


def _triples(flat: Any, where: str) -> NDArray[np.float64]:
    if not isinstance(flat, list) or not flat or len(flat) % 3:
        raise InputError(f"{where}: joints must be a flat list of x, y, confidence.")
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in flat):
        raise InputError(f"{where}: a joint holds something that is not a number.")
    if not all(abs(value) <= 1e6 for value in flat):  # false for NaN too; before numpy, which has no huge whole numbers
        raise InputError(f"{where}: a joint's coordinate is not a sensible number of pixels.")
    return np.array(flat, np.float64).reshape(-1, 3)


def frame_in(data: dict[str, Any], where: str) -> tuple[int, int] | None:
    """The size (height, width) that JSON states, or None. Raises InputError if that is no size."""
    height, width = (data.get(side, data.get(f"canvas_{side}")) for side in ("height", "width"))
    if height is None and width is None:
        return None
    if not (isinstance(height, int) and isinstance(width, int) and 1 <= height <= 100_000 and 1 <= width <= 100_000):
        raise InputError(
            f"{where}: `height` and `width` must be whole numbers of pixels, not {height!r:.20}, {width!r:.20}."
        )
    return height, width


def own_frame(xy: NDArray[np.float64]) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """What brings joints (n, 2) into their own bounding box with a tenth of margin, (2,), and its (height, width)."""
    if np.isnan(xy).all():
        return np.zeros(2), (1, 1)
    low, high = np.nanmin(xy, axis=0), np.nanmax(xy, axis=0)
    margin = 0.1 * max(high - low) + 1
    width, height = np.ceil(high - low + 2 * margin).astype(int)
    return margin - low, (int(height), int(width))
