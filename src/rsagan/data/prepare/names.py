"""What a picture is called in the benchmarks' lists, folders and archives, and by us.

DeepFashion's pictures have one name in the download, `img/WOMEN/Tees_Tanks/id_00007962/09_4_full.jpg`, and several in
the lists made from it: `fasionWOMENTees_Tanksid0000796209_4full.jpg`, with either spelling, with or without the
category's underscore, or with `deep` before it. All of them become `fashionWOMENTeesTanksid0000796209_4full`.
"""

import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Final

# Our name of a picture from a path or a listed name; None if it is no picture of the data set.
NameOf = Callable[[str], str | None]

_DEEPFASHION: Final = re.compile(r"(?:(?:deep)?fash?ion)?(WOMEN|MEN)([A-Za-z]+)id(\d{8})(\d{2})(\d)([a-z]+)")
_MARKET: Final = re.compile(r"(-1|\d{4})_c\ds\d_\d{6}_\d{2}")
_SUFFIXES: Final = re.compile(r"(\.(jpe?g|png|npy|txt|webp))+$", re.IGNORECASE)


def deepfashion_name(path: str) -> str | None:
    """`fashionWOMENDressesid0000553705_4full` from any of the forms above, at the end of a path or alone."""
    parts = PurePosixPath(path.replace("\\", "/")).parts
    stem = _SUFFIXES.sub("", parts[-1]) if parts else ""
    text = "".join((*parts[-4:-1], stem)) if stem[:1].isdigit() else stem
    match = _DEEPFASHION.fullmatch(re.sub(r"[_\-]", "", text))
    return None if match is None else "fashion{}{}id{}{}_{}{}".format(*match.groups())


def deepfashion_identity(name: str) -> str:
    """Whose picture it is: the item of clothing in the data set's own numbering, all its colours alike."""
    return name.removeprefix("fashion").rsplit("_", 1)[0][:-2]


def market_name(path: str) -> str | None:
    """`0161_c3s3_033053_04` from a path or a listed name; SPGNet's maps are named after it twice, `A___A.png`."""
    parts = PurePosixPath(path.replace("\\", "/")).parts
    stem, *others = set((_SUFFIXES.sub("", parts[-1]) if parts else "").split("___"))
    return stem if not others and _MARKET.fullmatch(stem) else None


def market_identity(name: str) -> str:
    """The number before the first `_`; junk (-1) and distractors (0000) are each somebody else."""
    number = name.split("_")[0]
    return name if number in ("-1", "0000") else number
