"""Which file of a results folder is which pair, whoever named it, and the picture in it.

Methods name a result after its source and its target: `FROM.jpg___TO.jpg_vis.jpg` (PATN, ADGAN, whose files hold five
pictures side by side, the result last), `FROM_2_TO_vis.jpg` (GFLA, DPTN, NTED, PIDM), `FROM_TO_vis.jpg` (PISE, SPGNet),
`FROM_to_TO.png` (others; CFLD's own script keeps no pictures).
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from rsagan.data.named import Pair, view_named
from rsagan.data.pairs import spread
from rsagan.data.prepared import PreparedFolder
from rsagan.errors import InputError
from rsagan.people import Picture, read_picture

SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".webp")
_SEPARATORS: Final = ("___", "_2_", "_to_", "_TO_", "-to-", "_")
_PANELS: Final = 5
_NAMED: Final = 3
_SAMPLE: Final = 24
# How a result comes to the frame of its truth.
AS_IT_IS: Final = "as they are"
LAST_PANEL: Final = "the last of five panels"
MIDDLE: Final = "the middle of a square"
UNSQUASHED: Final = "squashed squares, stretched back"
REDUCED: Final = "reduced from a larger size"


class Results:
    """A folder of results, one a pair.

    Five pictures side by side: the last is taken. Twice or four times as large: reduced, bicubically. A square one
    where the frame is none has the person in its middle (PISE) or all of the frame squashed into it (GFLA, PIDM);
    which of the two is decided for the folder, by what lies nearer to the true pictures.

    Attributes:
        files: in the order of the pairs.
        forms: how a sample of them comes to the frame, in words.

    Raises:
        InputError: as `find_results`; a picture that cannot be read, or of another size.
    """

    def __init__(self, path: Path, data: PreparedFolder, pairs: Sequence[Pair]) -> None:
        self.files, self.size, self._squashed = find_results(path, data, pairs), data.size, False
        pictures = {int(at): read_picture(self.files[at]) for at in spread(len(pairs), _SAMPLE)}
        square = (data.size[0], data.size[0])
        apart = {MIDDLE: 0.0, UNSQUASHED: 0.0}
        for at, picture in pictures.items():
            if picture.shape[:2] == square != data.size:
                truth = data.picture(data.index[pairs[at][1]]).astype(np.int16)
                for how in apart:
                    apart[how] += float(np.abs(_brought(picture, data.size, how) - truth).mean())
        self._squashed = apart[UNSQUASHED] < apart[MIDDLE]
        self.forms = sorted({self._form(picture, self.files[at]) for at, picture in pictures.items()})

    def __len__(self) -> int:
        return len(self.files)

    def read(self, at: int) -> Picture:
        """The result of the pair at that place: uint8 (H, W, 3) of the frame's size. Raises InputError."""
        picture = read_picture(self.files[at])
        return _brought(picture, self.size, self._form(picture, self.files[at]))

    def _form(self, picture: Picture, where: Path) -> str:
        return _how((picture.shape[0], picture.shape[1]), self.size, self._squashed, where)


def find_results(folder: Path, data: PreparedFolder, pairs: Sequence[Pair]) -> list[Path]:
    """The file of each pair, in the order of the pairs.

    Raises:
        InputError: no such folder; pairs without a result, results without a pair, or two results of a pair: numbers
            over other pairs are other numbers.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder of results.")
    seen = (path for path in folder.iterdir() if not path.name.startswith("."))
    files = sorted(path for path in seen if path.suffix.lower() in SUFFIXES)
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
    for separator in _SEPARATORS:
        for match in re.finditer(f"(?={separator})", stem):  # ahead, so that a_2_2_b is parted at both
            halves = [
                view_named(text, data) for text in (stem[: match.start()], stem[match.start() + len(separator) :])
            ]
            if halves[0] is not None and halves[1] is not None:
                found.append((halves[0], halves[1]))
    return found


def _how(given: tuple[int, int], size: tuple[int, int], squashed: bool, where: Path) -> str:
    """How a result of one height and width comes to those of the frame, in words."""
    height, width = size
    if given == size:
        return AS_IT_IS
    if given == (height, width * _PANELS):
        return LAST_PANEL
    if given == (height, height):
        return UNSQUASHED if squashed else MIDDLE
    if given in ((2 * height, 2 * width), (4 * height, 4 * width)):
        return REDUCED
    raise InputError(f"{where} is {given[0]}x{given[1]}; its true picture is {height}x{width}.")


def _brought(picture: Picture, size: tuple[int, int], how: str) -> Picture:
    height, width = size
    if how == LAST_PANEL:
        picture = picture[:, -width:]
    elif how == MIDDLE:
        left = (picture.shape[1] - width) // 2
        picture = picture[:, left : left + width]
    elif how in (UNSQUASHED, REDUCED):
        picture = np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC))
    return np.ascontiguousarray(picture)
