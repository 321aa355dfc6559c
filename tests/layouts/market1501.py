"""Market-1501's folders and lists."""

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from layouts.deepfashion import pairs_of
from layouts.people import Figure, label_map


def market_name(figure: Figure) -> str:
    """`0161_c3s3_033053_04.jpg`; the last person is nobody in particular, `-1`."""
    number = "-1" if figure.extra.get("junk") else f"{figure.identity + 2:04d}"
    return f"{number}_c{figure.view + 1}s1_{figure.identity:06d}_{figure.view:02d}.jpg"


def write_market(folder: Path, people: Sequence[Figure], label_set: str | None = None) -> None:
    """Pictures of 128x64 below `bounding_box_train` and `bounding_box_test`, lists beside, maps below `parsing`."""
    for figure in people:
        path = folder / f"bounding_box_{figure.split}" / market_name(figure)
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), figure.picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
        if label_set:
            path = folder / "parsing" / market_name(figure).replace(".jpg", ".png")
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), label_map(figure.parsing, label_set))
    for split in ("train", "test"):
        those = [figure for figure in people if figure.split == split]
        rows = ["name:keypoints_y:keypoints_x"]
        for figure in those:
            x, y = figure.points.T
            rows.append(f"{market_name(figure)}: {json.dumps(y.tolist())}: {json.dumps(x.tolist())}")
        (folder / f"market-annotation-{split}.csv").write_text("\n".join(rows) + "\n")
        known = [figure for figure in those if not figure.extra.get("junk")]
        pairs = [f"{market_name(a)},{market_name(b)}" for a, b in pairs_of(known)]
        (folder / f"market-pairs-{split}.csv").write_text("\n".join(["from,to", *pairs]) + "\n")


def write_square_maps(folder: Path, people: Sequence[Figure]) -> None:
    """As SPGNet's: `seg/A___A.png`, CIHP's numbers, 256x256 with the person in the middle half; pairs' maps beside."""
    (folder / "seg").mkdir(parents=True, exist_ok=True)
    for figure in people:
        name = market_name(figure).removesuffix(".jpg")
        labels = label_map(figure.parsing, "cihp").repeat(2, 0).repeat(2, 1)
        cv2.imwrite(str(folder / "seg" / f"{name}___{name}.png"), np.pad(labels, ((0, 0), (64, 64))))
        cv2.imwrite(str(folder / "seg" / f"{name}___0001_c1s1_000001_00.png"), labels)
