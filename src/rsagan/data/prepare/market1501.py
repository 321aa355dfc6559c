"""Market-1501's pictures with the lists and joints that circulate for pose transfer."""

from pathlib import Path
from typing import Final

from rsagan.data.prepare.listed import SPLITS, Lists, find_maps, make_plan
from rsagan.data.prepare.lists import read_annotations, read_pairs
from rsagan.data.prepare.names import market_identity, market_name
from rsagan.data.prepare.plan import Plan
from rsagan.data.prepare.sources import check_is_folder, find
from rsagan.data.prepare.tasks import Options, View
from rsagan.errors import InputError

SIZE: Final = (128, 64)
KNOWN: Final = {"train pictures": 12_936, "test pictures": 19_732, "test pairs": 12_000}
LICENCE: Final = "Market-1501: academic research only; not to be passed on"


def plan_market1501(
    pictures: Path, lists: Path | None = None, parsing: Path | None = None, labels: str | None = None
) -> tuple[Plan, list[View]]:
    """What is to be prepared, and the views to check before it.

    Args:
        pictures: the download, or any folder above or at its pictures. lists: folder of the lists; by default the same.
        parsing: folder of parsing maps; by default a known one beside the lists or the pictures, else regions are
            estimated. labels: the maps' label set, where it is not clear, or "estimated".

    Raises:
        InputError: something is missing or cannot be read.
    """
    folder = lists or pictures
    check_is_folder(pictures)
    check_is_folder(folder)
    read = Lists(SIZE)
    for split in SPLITS:
        annotation, pairs = folder / f"market-annotation-{split}.csv", folder / f"market-pairs-{split}.csv"
        for path in (annotation, pairs):
            if not path.is_file():
                read.note("missing lists", [path.name])
        if annotation.is_file():
            rows = read_annotations(annotation, market_name)
            read.joints[split] = rows.points
            read.note("names with two rows of joints", rows.twice)
            read.note("rows of joints of no picture of the data set", rows.foreign)
        if pairs.is_file():
            read.pairs[split] = read_pairs(pairs, market_name)
    if not read.joints or not read.pairs:
        raise InputError(
            f"{folder} holds none of the lists market-pairs-*.csv and market-annotation-*.csv; name their folder with "
            "--lists."
        )
    maps = find_maps(parsing, labels, market_name, (folder, pictures))
    options = Options(SIZE, "squash", SIZE, maps.labels, fixed=True)
    found = find([pictures], market_name, without=parsing)
    return make_plan("Market-1501", read, found, maps, options, market_identity, LICENCE, KNOWN)
