"""The folder that DeepFashion's in-shop readers expect, written from synthetic people.

    train/NAME.jpg test/NAME.jpg             pictures, 256x176
    trainSPL8/NAME.png testSPL8/NAME.png     regions, 256x256 with the person in the middle 176 columns
    train.lst test.lst                       names
    fasion-resize-pairs-*.csv                pairs; fasion-pairs-*.csv holds the same ones
    fasion-resize-annotation-*.csv           joints in the 256x176 frame; fasion-annotation-*.csv in the 256x256 one
    synthesis.json                           how it was made, with the hashes of the lists

Joints are whole numbers, y before x, -1 in both where missing: these files cannot tell hidden from visible.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rsagan.data.prepared import Entry, file_hash, write_image
from rsagan.files import write_text

SIZE: Final = (256, 176)
MARGIN: Final = 40  # columns on either side of the person in the 256-wide frame
MANIFEST: Final = "synthesis.json"
# Our regions in the numbers of the released region maps: 1 (hats) stays empty, dresses are lower clothes.
SPL8: Final = np.array([0, 2, 7, 3, 4, 5, 6, 6], np.uint8)


def view_name(sex: str, identity: int, view: int, yaw: float, points: NDArray[np.float32]) -> str:
    """A flat DeepFashion name, unique in (identity, view); the word at its end says how the person is seen."""
    if np.isfinite(points[[10, 13], 0]).any():
        word = "4full"
    else:
        word = "1front" if abs(yaw) < 45 else "3back" if abs(yaw) > 135 else "2side"
    group = "WOMENDresses" if sex == "female" else "MENDenim"
    return f"fashion{group}id{identity + 1:08d}{view + 1:02d}_{word}"


def write_view(folder: Path, split: str, entry: Entry, picture: NDArray[np.uint8], parsing: NDArray[np.uint8]) -> Entry:
    """Write a view's picture and regions (each whole or not at all) and return its entry with their hashes.

    Args:
        split: "train" or "test". picture: uint8 (256, 176, 3) RGB. parsing: uint8 (256, 176).

    Raises:
        InputError: the disk is full or the folder not writable.
    """
    regions = np.pad(SPL8[parsing], ((0, 0), (MARGIN, MARGIN)))
    files = {
        f"{split}/{entry.name}.jpg": (picture[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, 95)),
        f"{split}SPL8/{entry.name}.png": (regions, (cv2.IMWRITE_PNG_COMPRESSION, 4)),
    }
    hashes = {name.split("/")[0]: write_image(folder / name, *image) for name, image in files.items()}
    return Entry(entry.name, entry.identity, entry.points, entry.visible, entry.yaw, hashes)


def write_lists(
    folder: Path,
    splits: Mapping[str, tuple[Sequence[Entry], Sequence[tuple[str, str]]]],
    manifest: dict[str, Any],
) -> None:
    """Write all lists of every split, and last the note that makes the folder a finished one.

    Args:
        splits: "train" and "test", each with its views and its pairs of names.
    """
    texts = {}
    for split, (entries, pairs) in splits.items():
        texts[f"{split}.lst"] = "".join(f"{entry.name}.jpg\n" for entry in entries)
        listed = "from,to\n" + "".join(f"{a}.jpg,{b}.jpg\n" for a, b in pairs)
        for frame, shift in (("resize-", 0), ("", MARGIN)):
            texts[f"fasion-{frame}pairs-{split}.csv"] = listed
            rows = "".join(annotation(entry, shift) + "\n" for entry in entries)
            texts[f"fasion-{frame}annotation-{split}.csv"] = "name:keypoints_y:keypoints_x\n" + rows
    for name, text in texts.items():
        write_text(folder / name, text)
    views = {entry.name: entry.sha256 for entries, _ in splits.values() for entry in entries}
    digest = hashlib.sha256(json.dumps(views, sort_keys=True).encode()).hexdigest()
    whole = {
        "layout": "deepfashion",
        **manifest,
        "counts": {split: {"views": len(v), "pairs": len(p)} for split, (v, p) in splits.items()},
        "sha256": {**{name: file_hash(folder / name) for name in texts}, "pictures and regions": digest},
    }
    write_text(folder / MANIFEST, json.dumps(whole, indent=1) + "\n")


def annotation(entry: Entry, shift: int = 0) -> str:
    """A row of an annotation file: name, y of all joints, x of all joints, `shift` columns to the right."""
    missing = np.isnan(entry.points[:, 0])
    x, y = (np.round(np.where(missing, 0, entry.points[:, k])).astype(int) for k in (0, 1))
    columns = [np.where(missing, -1, these).tolist() for these in (np.minimum(y, 255), np.minimum(x, 175) + shift)]
    return f"{entry.name}.jpg: {json.dumps(columns[0])}: {json.dumps(columns[1])}"
