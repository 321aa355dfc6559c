"""Which file of a results folder is which pair, whoever named it, and the picture in it.

Methods name a result after its source and its target: `FROM.jpg___TO.jpg_vis.png` (PATN, whose file holds five pictures
side by side, the result last), `FROM_2_TO_vis.png` (GFLA, DPTN, NTED, PIDM), `FROM_to_TO.png` (CFLD and others).
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from rsagan.data.named import Pair, view_named
from rsagan.data.prepared import PreparedFolder
from rsagan.errors import InputError
from rsagan.people import Picture, read_picture

SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".webp")
_SEPARATORS: Final = re.compile(r"(?=(___|_2_|_to_|_TO_|-to-))")  # ahead, so that a_2_2_b is parted at both
_PANELS: Final = 5
_PAD: Final = 40
_NAMED: Final = 3


def find_results(folder: Path, data: PreparedFolder, pairs: Sequence[Pair]) -> list[Path]:
    """The file of each pair, in the order of the pairs.

    Raises:
        InputError: no such folder; pairs without a result, results without a pair, or two results of a pair: numbers
            over other pairs are other numbers.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder of results.")
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    wanted, strange = set(pairs), []
    found: dict[Pair, Path] = {}
    for path in files:
        options = [pair for pair in possible_pairs(path.name, data) if pair in wanted]
        if not options:
            strange.append(path.name)
        elif options[0] in found:
            raise InputError(f"{path.name} and {found[options[0]].name} of {folder} are results of the same pair.")
        else:
            found[options[0]] = path
    missing = [pair for pair in pairs if pair not in found]
    if not found:
        example = f"; the first file is called {files[0].name}" if files else ""
        raise InputError(
            f"No file of {folder} is named after a pair, such as {pairs[0][0]}_2_{pairs[0][1]}.png{example}."
        )
    if missing:
        names = ", ".join(f"{a} to {b}" for a, b in missing[:_NAMED])
        raise InputError(
            f"{folder} lacks {len(missing):,} of {len(pairs):,} pairs ({names}); finish it, or score the pairs it has "
            "with --pairs."
        )
    if strange:
        raise InputError(
            f"{folder} holds {len(strange):,} pictures of no pair of the list ({', '.join(strange[:_NAMED])}); take "
            "them away, or name their list with --pairs."
        )
    return [found[pair] for pair in pairs]


def possible_pairs(name: str, data: PreparedFolder) -> list[Pair]:
    """What pairs of the folder's views a file's name may stand for: each way to part it that gives two views."""
    stem = re.sub(r"(_vis|_fake|_generated)?\.\w+$", "", name)
    found = []
    for match in _SEPARATORS.finditer(stem):
        halves = [view_named(text, data) for text in (stem[: match.start()], stem[match.end(1) :])]
        if halves[0] is not None and halves[1] is not None:
            found.append((halves[0], halves[1]))
    return found


def read_result(path: Path, size: tuple[int, int]) -> Picture:
    """The result in a file: uint8 (H, W, 3) of `size`.

    Five pictures side by side: the last. A square one with the person in its middle: the middle. Twice or four times
    as large: reduced, bicubically.

    Raises:
        InputError: unreadable, or of another size.
    """
    picture = read_picture(path)
    height, width = size
    given = picture.shape[:2]
    if given == (height, width * _PANELS):
        picture = picture[:, -width:]
    elif given == (height, width + 2 * _PAD) and height == given[1]:
        picture = picture[:, _PAD:-_PAD]
    elif given in ((2 * height, 2 * width), (4 * height, 4 * width)):
        picture = np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC))
    elif given != size:
        raise InputError(f"{path} is {given[0]}x{given[1]}; its true picture is {height}x{width}.")
    return np.ascontiguousarray(picture)
