"""DeepFashion's in-shop pictures with the lists, joints and parsing maps that circulate for pose transfer."""

from pathlib import Path
from typing import Final

from rsagan.data.prepare.frames import Fit
from rsagan.data.prepare.listed import SPLITS, Lists, find_maps, make_plan
from rsagan.data.prepare.lists import read_annotations, read_names, read_pairs, read_targets_and_sources
from rsagan.data.prepare.names import deepfashion_identity, deepfashion_name
from rsagan.data.prepare.plan import Plan
from rsagan.data.prepare.sources import check_is_folder, find, picture_roots
from rsagan.data.prepare.tasks import Options, View
from rsagan.errors import InputError

WIDE: Final = (256, 256)
NARROW: Final = (256, 176)
KNOWN: Final = {
    "train pictures": 48_674,
    "test pictures": 4_038,
    "train pairs": 101_966,
    "test pairs": 8_570,
}
LICENCE: Final = "DeepFashion: non-commercial research under its own agreement; not to be passed on"
_SQUASHED: Final = (256, 256)
_SIZES: Final = ((256, 176), (512, 352), _SQUASHED)
# How the files of each frame begin; some spell it without the h.
_PREFIXES: Final = {
    NARROW: ("fasion-resize", "fashion-resize"),
    WIDE: ("fasion", "fashion"),
}


def plan_deepfashion(
    pictures: Path,
    lists: Path | None = None,
    parsing: Path | None = None,
    labels: str | None = None,
    fit: Fit = "crop",
    size: tuple[int, int] = (256, 176),
    frame: tuple[int, int] | None = None,
) -> tuple[Plan, list[View]]:
    """What is to be prepared, and the views to check before it.

    Args:
        pictures: the download (`img` or `img_highres`, or a folder above them), a flat folder, or an LMDB archive.
        lists: folder of the lists; that of the pictures by default.
        parsing: folder of parsing maps; by default a known one beside the lists or the pictures, else regions are
            estimated. labels: the maps' label set, where it is not clear, or "estimated".
        fit: "crop" or "squash", see `frames`.
        size: (256, 176), (512, 352), or (256, 256), which GFLA and PIDM squash the tall pictures to.
        frame: of the listed joints, (256, 256) or (256, 176); by the lists' name by default.

    Raises:
        InputError: something is missing or cannot be read, or an option is none.
    """
    if tuple(size) not in _SIZES:
        raise InputError(f"DeepFashion is prepared at 256x176, 512x352 or 256x256, not {size[0]}x{size[1]}.")
    if tuple(size) == _SQUASHED and fit != "squash":
        raise InputError("256x256 is a size for tall pictures, squashed: use `--fit squash`, or 256x176.")
    if frame not in (None, WIDE, NARROW):
        raise InputError("The joints' frame is 256x256 or 256x176.")
    folder = lists or pictures
    check_is_folder(folder)
    read = read_csv_lists(folder, frame) or read_text_lists(folder, frame)
    if read is None:
        raise InputError(
            f"{folder} holds none of the lists: fasion-resize-pairs-*.csv and fasion-resize-annotation-*.csv, "
            "fasion-pairs-*.csv and fasion-annotation-*.csv, or train_pairs.txt and pose/; name their folder with "
            "--lists."
        )
    found = find(picture_roots(pictures, fit == "squash", size), deepfashion_name, without=parsing)
    maps = find_maps(parsing, labels, deepfashion_name, (folder, pictures))
    options = Options(size, fit, read.frame, maps.labels)
    return make_plan(f"DeepFashion, {fit}", read, found, maps, options, deepfashion_identity, LICENCE, KNOWN)


def read_csv_lists(folder: Path, frame: tuple[int, int] | None) -> Lists | None:
    """The comma- and colon-separated lists of a folder; None if it has none.

    Args:
        frame: of the joints. Where lists of both frames are there those of this one are read; where only one is, it
            is believed to be in this frame. By default the narrow lists are read if they are there.
    """
    order = [NARROW, WIDE] if frame is None else [frame, *({NARROW, WIDE} - {frame})]
    for named in order:
        for prefix in _PREFIXES[named]:
            if any(_annotation(folder, prefix, split) for split in SPLITS):
                return _read_csv(folder, prefix, frame or named)
    return None


def _annotation(folder: Path, prefix: str, split: str) -> Path | None:
    """The list of joints; ADGAN and CASD call it `-annotation-pairs-`."""
    paths = [folder / f"{prefix}-annotation-{pairs}{split}.csv" for pairs in ("", "pairs-")]
    return next((path for path in paths if path.is_file()), None)


def read_text_lists(folder: Path, frame: tuple[int, int] | None) -> Lists | None:
    """`train_pairs.txt`, `test_pairs.txt` and a file of joints a picture below `pose/`; None if there are none.

    `train.lst` and `test.lst`, where they are there, name all pictures of a split, also those in no pair.
    """
    lists = Lists(frame or WIDE)
    for split in SPLITS:
        path = folder / f"{split}_pairs.txt"
        if path.is_file():
            lists.pairs[split] = read_targets_and_sources(path, deepfashion_name)
    if not lists.pairs:
        return None
    if not (folder / "pose").is_dir():
        raise InputError(f"{folder} has pairs, but no folder pose/ with the joints; put it beside the lists.")
    joints = find([folder / "pose"], deepfashion_name, (".txt",)).by_name
    for split, pairs in lists.pairs.items():
        paired = {name: joints[name] for pair in pairs for name in pair if name in joints}
        named = {name: joints.get(name) for name in read_names(folder / f"{split}.lst", deepfashion_name)}
        lists.joints[split] = {**paired, **named}
    return lists


def _read_csv(folder: Path, prefix: str, frame: tuple[int, int]) -> Lists:
    lists = Lists(frame)
    for split in SPLITS:
        path = _annotation(folder, prefix, split)
        if path is None:
            lists.note("missing lists", [f"{prefix}-annotation-{split}.csv"])
            continue
        rows = read_annotations(path, deepfashion_name)
        lists.joints[split] = rows.points
        lists.note("names with two rows of joints", rows.twice)
        lists.note("rows of joints of no picture of the data set", rows.foreign)
        pairs = [folder / f"{each}-pairs-{split}.csv" for group in _PREFIXES.values() for each in (prefix, *group)]
        there = [path for path in pairs if path.is_file()]
        if there:
            lists.pairs[split] = read_pairs(there[0], deepfashion_name)
        else:
            lists.note("missing lists", [pairs[0].name])
    return lists
