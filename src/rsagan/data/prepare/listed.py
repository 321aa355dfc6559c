"""What the benchmarks with lists have in common: views, pairs and totals from lists, pictures and parsing maps."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rsagan.data.prepare.lists import Pairs
from rsagan.data.prepare.names import NameOf
from rsagan.data.prepare.plan import ESTIMATED, Plan
from rsagan.data.prepare.sources import Found, Source, check_is_folder, find
from rsagan.data.prepare.tasks import Options, View
from rsagan.data.prepared import Entry
from rsagan.errors import InputError
from rsagan.people import LABEL_NAMES

SPLITS: Final = ("train", "test")
# Folders of parsing maps by the name they circulate under, and the label sets they may hold.
_MAP_FOLDERS: Final[dict[str, tuple[str, ...]]] = {
    "trainSPL8": ("pise",),
    "testSPL8": ("pise",),
    "semantic_merge3": ("adgan", "casd"),
    "seg": ("cihp",),
}


@dataclass
class Lists:
    """What the lists of a benchmark say.

    Attributes:
        pairs: source and target names, by split. joints: of each listed name, by split.
        frame: (height, width) of the joints' frame.
        notes: names that stand out, by what they are.
    """

    frame: tuple[int, int]
    pairs: dict[str, Pairs] = field(default_factory=dict)
    joints: dict[str, Mapping[str, NDArray[np.int16] | Source | None]] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)

    def note(self, title: str, names: Sequence[str]) -> None:
        """Put names on a list of the report."""
        self.notes.setdefault(title, []).extend(names)

    def digest(self) -> str:
        """SHA-256 of the pairs and joints. Joints in a file of each picture are no more of it than the pictures."""
        found = hashlib.sha256(repr(sorted(self.pairs.items())).encode())
        for split, joints in sorted(self.joints.items()):
            for name, points in joints.items():
                found.update(f"{split} {name} ".encode())
                found.update(points.astype("<i2").tobytes() if isinstance(points, np.ndarray) else b"")
        return found.hexdigest()


@dataclass(frozen=True)
class Maps:
    """Parsing maps that were found, and their label set; (None, None) where regions are to be estimated."""

    found: Found | None
    labels: str | None


def find_maps(folder: Path | None, labels: str | None, name_of: NameOf, beside: Sequence[Path]) -> Maps:
    """Parsing maps below `folder`, wherever a known layout puts them.

    Args:
        folder: None = a folder of `beside` that holds one of the known layouts; if none does, there are no maps.
        labels: their label set, where it is not clear; "estimated" = do not look for maps.

    Raises:
        InputError: no such folder; an unknown label set; one that must be named.
    """
    if labels == ESTIMATED:
        if folder is not None:
            raise InputError("`estimated` looks at no maps; leave out --parsing.")
        return Maps(None, None)
    if labels is not None and labels not in LABEL_NAMES:
        raise InputError(f"There is no label set {labels!r}; there are {', '.join(LABEL_NAMES)}.")
    if folder is None:
        folder = next((each for each in beside if any((each / name).is_dir() for name in _MAP_FOLDERS)), None)
    if folder is None:
        if labels is not None:
            raise InputError(f"A label set, {labels}, needs parsing maps; name their folder with --parsing.")
        return Maps(None, None)
    check_is_folder(folder)
    known = [name for name in _MAP_FOLDERS if (folder / name).is_dir()]
    # Of several layouts side by side the one that the label set asks for is taken, else the first.
    fitting = [name for name in known if labels is None or labels in _MAP_FOLDERS[name]] or known
    sets = _MAP_FOLDERS[fitting[0]] if fitting else _MAP_FOLDERS.get(folder.name, ())
    roots = [folder / name for name in fitting if _MAP_FOLDERS[name] == sets] or [folder]
    if labels is None:
        if len(sets) != 1:
            choice = ", ".join(sets or LABEL_NAMES)
            raise InputError(f"Say with --labels what the numbers in the maps of {folder} mean: one of {choice}.")
        labels = sets[0]
    return Maps(find(roots, name_of, (".png", ".npy")), labels)


def make_plan(
    name: str,
    lists: Lists,
    pictures: Found,
    maps: Maps,
    options: Options,
    identity_of: Callable[[str], str],
    licence: str,
    known: dict[str, int],
) -> tuple[Plan, list[View]]:
    """The plan of a listed benchmark; nothing is read yet but the lists."""
    views: dict[str, View] = {}
    for split in SPLITS:
        for view, joints in lists.joints.get(split, {}).items():
            if view in views:
                lists.note("names in both splits", [view])
                continue
            map_of = None if maps.found is None else maps.found.by_name.get(view)
            views[view] = View(view, identity_of(view), split, pictures.by_name.get(view), joints, map_of, options)
    _note_names(lists, views, pictures, maps)
    arguments: dict[str, Any] = {
        "layout": name,
        "size": list(options.size),
        "fit": options.fit,
        "frame": list(options.frame),
        "labels": options.labels or ESTIMATED,
        "pictures": len(views),
        "pairs": {split: len(pairs) for split, pairs in lists.pairs.items()},
        "lists": lists.digest(),
    }

    def pairs(entries: Sequence[Entry]) -> tuple[Pairs, Pairs, dict[str, int]]:
        return usable_pairs(lists.pairs, entries)

    tasks = list(views.values())
    plan = Plan(arguments, tasks, pairs, options.size, name, licence, known, lists.notes, fixed=options.fixed)
    return plan, tasks


def usable_pairs(pairs: Mapping[str, Pairs], entries: Sequence[Entry]) -> tuple[Pairs, Pairs, dict[str, int]]:
    """The pairs whose views are both there with joints, by split; and how many are not, by reason."""
    posed = {entry.name: bool(entry.visible.any()) for entry in entries}
    left_out = {"a picture could not be prepared": 0, "a picture has no joints": 0}
    kept: dict[str, Pairs] = {split: [] for split in SPLITS}
    for split in SPLITS:
        for pair in pairs.get(split, []):
            if any(name not in posed for name in pair):
                left_out["a picture could not be prepared"] += 1
            elif not all(posed[name] for name in pair):
                left_out["a picture has no joints"] += 1
            else:
                kept[split].append(pair)
    return kept["train"], kept["test"], {why: count for why, count in left_out.items() if count}


def _note_names(lists: Lists, views: Mapping[str, View], pictures: Found, maps: Maps) -> None:
    paired = {name for pairs in lists.pairs.values() for pair in pairs for name in pair}
    lists.note("names in pairs without a row of joints", sorted(paired - set(views)))
    lists.note("pictures found twice", [name for name in pictures.twice if name in views])
    if maps.found is not None:
        lists.note("parsing maps found twice", [name for name in maps.found.twice if name in views])
    for title in [title for title, names in lists.notes.items() if not names]:
        del lists.notes[title]
