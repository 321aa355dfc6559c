"""DeepFashion's in-shop download and the lists, joints, archives and region maps that others made of it."""

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from layouts.people import Figure, label_map

CATEGORIES = ("Dresses", "Tees_Tanks", "Denim", "Jackets_Vests")
WORDS = ("front", "full", "side", "back")
PAD = 40


def nested_name(figure: Figure, suffix: str = ".jpg") -> str:
    """As in the download: WOMEN/Tees_Tanks/id_00000002/01_2_full.jpg."""
    category = CATEGORIES[figure.identity % len(CATEGORIES)]
    number, word = figure.view + 1, WORDS[figure.view % len(WORDS)]
    return f"{'WOMEN' if figure.women else 'MEN'}/{category}/id_{figure.identity + 1:08d}/01_{number}_{word}{suffix}"


def listed_name(figure: Figure, spelling: str = "fasion", keep_underscore: bool = True) -> str:
    """As in the lists: fasionWOMENTees_Tanksid0000000201_2full.jpg."""
    sex, category, item, view = nested_name(figure).split("/")
    if not keep_underscore:
        category = category.replace("_", "")
    first, second, word = view.split("_")
    return f"{spelling}{sex}{category}{item.replace('_', '')}{first}_{second}{word}"


def flat_name(figure: Figure) -> str:
    """What a prepared folder calls it."""
    return listed_name(figure, "fashion", keep_underscore=False).removesuffix(".jpg")


def widened(image: np.ndarray, value: int = 255) -> np.ndarray:
    """256x176 in the middle of 256x256."""
    sides = [(0, 0), (PAD, PAD)] + [(0, 0)] * (image.ndim - 2)
    return np.pad(image, sides, constant_values=value)


def download(folder: Path, people: Sequence[Figure], high_resolution: bool = False) -> None:
    """`img` (256x256 JPEGs) or `img_highres` (1101x750)."""
    for figure in people:
        path = folder / ("img_highres" if high_resolution else "img") / nested_name(figure)
        path.parent.mkdir(parents=True, exist_ok=True)
        if high_resolution:
            picture = cv2.resize(figure.picture, (750, 1101), interpolation=cv2.INTER_CUBIC)
        else:
            picture = widened(figure.picture)
        cv2.imwrite(str(path), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])


def write_flat(folder: Path, people: Sequence[Figure], wide: bool = False) -> None:
    """`train/` and `test/` with PNGs under the listed names, as the preparation scripts leave them."""
    for figure in people:
        path = folder / figure.split / listed_name(figure, "fashion").replace(".jpg", ".png")
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), (widened(figure.picture) if wide else figure.picture)[..., ::-1])


def write_archive(folder: Path, people: Sequence[Figure], size: tuple[int, int] = (256, 176)) -> None:
    """The LMDB archive `256-176`, or of another size, into which the pictures are squashed.

    PNGs under `img/WOMEN/.../01_1_front.png`, and their number under `length`.
    """
    import lmdb

    folder.mkdir(parents=True, exist_ok=True)
    with (
        lmdb.open(str(folder / f"{size[0]}-{size[1]}"), map_size=1 << 26, readahead=False) as archive,
        archive.begin(write=True) as put,
    ):
        put.put(b"length", f"{len(people):05d}".encode())
        for figure in people:
            key = f"img/{nested_name(figure, '.png')}"
            picture = cv2.resize(figure.picture, size[::-1], interpolation=cv2.INTER_CUBIC)
            put.put(key.encode(), cv2.imencode(".png", picture[..., ::-1])[1].tobytes())


def annotation_rows(people: Sequence[Figure], spelling: str, wide: bool) -> list[str]:
    """`name: [y...]: [x...]`, -1 in both where missing; 40 columns further right in the wide frame."""
    rows = []
    for figure in people:
        x, y = figure.points.T
        x = np.where(x < 0, -1, x + PAD * wide)
        rows.append(f"{listed_name(figure, spelling)}: {json.dumps(y.tolist())}: {json.dumps(x.tolist())}")
    return rows


def pairs_of(people: Sequence[Figure]) -> list[tuple[Figure, Figure]]:
    """All ordered pairs of a person, but none with a view that has no joints: so the published lists are."""
    seen = [figure for figure in people if (figure.points >= 0).any()]
    return [(a, b) for a in seen for b in seen if a is not b and a.identity == b.identity]


def write_lists(folder: Path, people: Sequence[Figure], spelling: str = "fasion", resize: bool = True) -> None:
    """`fasion-resize-pairs-train.csv`, `fasion-resize-annotation-train.csv` and so on, or those of the wide frame."""
    folder.mkdir(parents=True, exist_ok=True)
    prefix = f"{spelling}-resize" if resize else spelling
    for split in ("train", "test"):
        those = [figure for figure in people if figure.split == split]
        rows = annotation_rows(those, spelling, wide=not resize)
        header = "name:keypoints_y:keypoints_x"
        (folder / f"{prefix}-annotation-{split}.csv").write_text("\n".join([header, *rows]) + "\n")
        pairs = [f"{listed_name(a, spelling)},{listed_name(b, spelling)}" for a, b in pairs_of(those)]
        (folder / f"{prefix}-pairs-{split}.csv").write_text("\n".join(["from,to", *pairs]) + "\n")


def write_text_lists(folder: Path, people: Sequence[Figure]) -> None:
    """`train_pairs.txt` (target first, then its sources) and a file of joints a picture below `pose/`."""
    folder.mkdir(parents=True, exist_ok=True)
    for split in ("train", "test"):
        sources: dict[str, list[str]] = {}
        for a, b in pairs_of([figure for figure in people if figure.split == split]):
            sources.setdefault(f"img/{nested_name(b)}", []).append(f"img/{nested_name(a)}")
        rows = [",".join([target, *those]) for target, those in sources.items()]
        (folder / f"{split}_pairs.txt").write_text("\n".join(rows) + "\n")
    for figure in people:
        path = folder / "pose" / nested_name(figure, ".txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = ["-1 -1" if x < 0 else f"{x + PAD:.4f} {y:.4f}" for x, y in figure.points]
        path.write_text("\n".join(rows) + "\n")


def write_maps(folder: Path, people: Sequence[Figure], label_set: str, layout: str) -> None:
    """Region maps: layout `SPL8`, `semantic_merge3`, `seg`, or `nested` PNGs of the picture's own shape."""
    for figure in people:
        labels = label_map(figure.parsing, label_set)
        name = listed_name(figure, "fashion").replace(".jpg", ".png")
        path = {
            "SPL8": folder / f"{figure.split}SPL8" / name,
            "semantic_merge3": folder / "semantic_merge3" / nested_name(figure, ".npy"),
            "seg": folder / "seg" / name,
            "nested": folder / nested_name(figure, ".png"),
        }[layout]
        path.parent.mkdir(parents=True, exist_ok=True)
        if layout == "semantic_merge3":
            np.save(path, labels.astype(np.int64))
        else:
            cv2.imwrite(str(path), labels if layout == "nested" else widened(labels, 0))
