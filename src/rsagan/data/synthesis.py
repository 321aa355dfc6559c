"""Writes a folder of synthetic people: on one kind of machine the same bytes, with any number of workers."""

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from rsagan.data import deepfashion
from rsagan.data.benchmarks import Benchmark
from rsagan.data.pairs import bounded, ordered_pairs, stratified
from rsagan.data.parallel import in_parallel
from rsagan.data.prepared import UNFINISHED, Entry, is_new, write_lists, write_view
from rsagan.errors import InputError
from rsagan.files import held, write_text

TEST_PAIRS: Final = 1000
LAYOUTS: Final = ("prepared", "deepfashion")


@dataclass(frozen=True)
class _Plan:
    identities: int
    views: int
    size: tuple[int, int]
    seed: int
    test_identities: int
    test_pairs: int
    style: str = "catalogue"
    layout: str = "prepared"
    textured: bool = False
    validation_identities: int = 0
    benchmark: str | None = None
    poses: tuple[dict[str, Any], ...] = ()  # as JSON holds them; all are shown in turn

    def problem(self) -> str | None:
        from rsagan.synthetic.styles import NAMES

        if self.identities < 2:
            return f"{self.identities} identities are too few; ask for at least 2, since some are kept for testing"
        if self.views < 2:
            return f"{self.views} view(s) an identity make no pairs; ask for at least 2"
        if self.style not in NAMES:
            return f"there is no style {self.style!r}; there are {', '.join(NAMES)}"
        if self.layout not in LAYOUTS:
            return f"there is no layout {self.layout!r}; there are {', '.join(LAYOUTS)}"
        if self.layout == "deepfashion" and (self.size != deepfashion.SIZE or self.views > 99):
            return "the deepfashion layout is of size 256x176, with at most 99 views an identity"
        if not 0 < self.test_identities < self.identities - self.validation_identities:
            return f"{self.test_identities} of {self.identities} identities cannot be kept for testing; keep 1 or more"
        if any(side < 16 or side % 8 for side in self.size):
            return f"the size {self.size[0]}x{self.size[1]} is not made of multiples of 8 from 16 on"
        if self.seed < 0:
            return f"the seed {self.seed} is negative"
        return None

    def split(self, number: int) -> str:
        """Which split an identity belongs to: train first, then validation, then test."""
        if number >= self.identities - self.test_identities:
            return "test"
        return "train" if number < self.train_identities else "validation"

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it, without what is as it always was: so folders of earlier versions stay what they are."""
        extra = {"style": "catalogue", "layout": "prepared", "textured": False, "validation_identities": 0, "poses": []}
        everything = json.loads(json.dumps(asdict(self)))
        return {
            key: v for key, v in everything.items() if key not in extra | {"benchmark": None} or v != extra.get(key)
        }

    @property
    def train_identities(self) -> int:
        return self.identities - self.test_identities - self.validation_identities


def synthesize(
    folder: Path | str,
    identities: int,
    views: int,
    size: tuple[int, int] = (256, 176),
    seed: int = 0,
    workers: int = 1,
    test_identities: int | None = None,
    *,
    test_pairs: int = TEST_PAIRS,
    style: str = "catalogue",
    assets: Path | str | None = None,
    layout: str = "prepared",
    poses: Path | str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Render people into a folder; run again after an interruption, it goes on where it stopped.

    Args:
        folder: new, or one that an interrupted call with the same arguments left.
        identities: how many people. views: pictures of each, 2 or more.
        size: (height, width), multiples of 8.
        seed: of everything, 0 or more. Identity i is the same person for any number of identities and views.
        workers: processes to render with; 1 renders in this one.
        test_identities: how many people, the last ones, appear in test pairs only; a tenth (at least 1) by default.
        test_pairs: at most so many test pairs, spread evenly over the test people.
        style: of the pictures, a name in `rsagan.synthetic.styles.NAMES`.
        assets: folder of an asset pack to dress and style people from, besides the built-in look.
        layout: "prepared", or "deepfashion" for the files that readers of that data set expect.
        poses: a list of poses of the rig (`rsagan.synthetic.pose_list`) to show, in turn, instead of drawn ones.
        progress: called with (identities done, identities in all).

    Raises:
        InputError: arguments that make no folder; a folder that holds other data, or that another process fills.
    """
    from rsagan.synthetic.pose_list import read_rig_poses

    listed = () if poses is None else tuple(asdict(pose) for pose in read_rig_poses(poses))
    kept = max(1, identities // 10) if test_identities is None else test_identities
    plan = _Plan(
        identities, views, (int(size[0]), int(size[1])), seed, kept, test_pairs, style, layout, assets is not None,
        poses=listed,
    )  # fmt: skip
    _fill(Path(folder), plan, workers, assets, progress)


def synthesize_benchmark(
    folder: Path | str,
    which: Benchmark,
    workers: int = 1,
    *,
    assets: Path | str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Render a named benchmark into a prepared folder, with `pairs-validation.csv` and `strata-test.csv` besides.

    Args:
        folder, workers, progress: as for `synthesize`.
        assets: folder of an asset pack, which the `-textured` benchmarks need and the others do without.

    Raises:
        InputError: a folder that holds other data; no asset pack where one is needed.
    """
    if which.textured and assets is None:
        raise InputError(f"{which.name} needs an asset pack; name its folder by --assets or RSAGAN_ASSETS.")
    plan = _Plan(
        which.identities, which.views, which.size, which.seed, which.test, which.test_pairs, which.style,
        textured=which.textured, validation_identities=which.validation,
        benchmark=f"{which.name} version {which.version}",
    )  # fmt: skip
    _fill(Path(folder), plan, workers, assets if which.textured else None, progress)


def _fill(
    folder: Path,
    plan: _Plan,
    workers: int,
    assets: Path | str | None,
    progress: Callable[[int, int], None] | None,
) -> None:
    """Render what is missing of a plan, then write the lists."""
    if problem := plan.problem():
        raise InputError(f"Cannot synthesize: {problem}.")
    if workers < 1:
        raise InputError(f"At least one worker must render, not {workers}.")
    pack = None if assets is None else str(assets)
    if _finished(folder, plan, _digest_of(pack)):
        if progress:
            progress(plan.identities, plan.identities)
        return
    unfinished = folder / UNFINISHED
    with held(unfinished):
        missing = [number for number in range(plan.identities) if not (unfinished / f"{_name(number)}.jsonl").is_file()]
        _render_all(folder, plan, missing, workers, pack, progress)

        people: dict[str, list[list[Entry]]] = {"train": [], "validation": [], "test": []}
        for number in range(plan.identities):
            lines = (unfinished / f"{_name(number)}.jsonl").read_text(encoding="utf-8").splitlines()
            people[plan.split(number)].append([Entry.from_json(line) for line in lines])
        _write_lists(folder, plan, people)
    shutil.rmtree(unfinished)


def _write_lists(folder: Path, plan: _Plan, people: dict[str, list[list[Entry]]]) -> None:
    train = [pair for person in people["train"] for pair in ordered_pairs(person)]
    strata: dict[tuple[str, str], str] = {}
    if plan.benchmark:
        strata = stratified(people["test"], plan.test_pairs, plan.seed)
        test = list(strata)
    else:
        test = bounded(people["test"], plan.test_pairs, plan.seed)
    manifest: dict[str, Any] = {
        "source": "rsagan.synthetic",
        "licence": "CC0-1.0",
        "plan": plan.to_dict(),
        "identities": {split: len(those) for split, those in people.items() if those},
    }
    if plan.layout == "deepfashion":
        views = {split: [entry for person in those for entry in person] for split, those in people.items()}
        splits = {"train": (views["train"], train), "test": (views["test"], test)}
        deepfashion.write_lists(folder, splits, manifest)
        return
    more = {}
    if people["validation"]:
        validation = bounded(people["validation"], plan.test_pairs, plan.seed)
        more["pairs-validation.csv"] = "from,to\n" + "".join(f"{a},{b}\n" for a, b in validation)
    if strata:
        rows = "".join(f'{a},{b},"{name}"\n' for (a, b), name in strata.items())
        more["strata-test.csv"] = "from,to,stratum\n" + rows
        manifest["strata"] = {name: list(strata.values()).count(name) for name in sorted(set(strata.values()))}
    every = [entry for those in people.values() for person in those for entry in person]
    write_lists(folder, every, train, test, {"frame": list(plan.size), **manifest}, more)


def _digest_of(pack: str | None) -> str | None:
    """What tells an asset pack from others. Raises InputError if the folder is none."""
    from rsagan.synthetic.pack import open_pack

    return None if pack is None else open_pack(pack).digest


def person_seeds(seed: int, identities: int) -> list[int]:
    """The seeds of the people of a folder, no two of them the same person.

    Somebody's is the first word of their own sequence that nobody with a lower number has, so it does not depend on
    how many there are.
    """
    taken: dict[int, None] = {}
    for number in range(identities):
        sequence, words = np.random.SeedSequence((seed, number)), 1
        while (own := int(sequence.generate_state(words, np.uint32)[-1])) in taken:
            words += 1
        taken[own] = None
    return list(taken)


def view_seeds(seed: int, identity: int, views: int) -> tuple[int, list[int]]:
    """The first seed of the person `identity` of a folder (see `person_seeds`), and those of the person's views."""
    person = np.random.SeedSequence((seed, identity)).generate_state(1, np.uint32)[0]
    seeds = [int(np.random.SeedSequence((seed, identity, 1 + v)).generate_state(1, np.uint32)[0]) for v in range(views)]
    return int(person), seeds


def _finished(folder: Path, plan: _Plan, pack: str | None) -> bool:
    """True if the folder is already what is asked for; otherwise makes it ready to be filled.

    `pack` tells the asset pack from others; folders that were begun without a note of it are believed.
    """
    wanted = plan.to_dict()
    last = deepfashion.MANIFEST if plan.layout == "deepfashion" else "manifest.json"
    manifest, note = folder / last, folder / UNFINISHED / "plan.json"
    for path, key in ((manifest, "plan"), (note, None)):
        if path.is_file():
            try:
                found: Any = json.loads(path.read_text(encoding="utf-8"))
                found = found.get(key) if key else found
                begun = found.pop("pack", pack)
            except (OSError, ValueError, AttributeError, TypeError):
                found = begun = None
            if found != wanted:
                raise InputError(f"{folder} was made with other arguments; choose a new folder or delete it.")
            if path == manifest:
                return True
            if begun != pack:
                raise InputError(
                    f"{folder} was begun with another asset pack, or its files have changed since; choose a new folder "
                    "or delete it."
                )
    if not note.is_file():
        if not is_new(folder):
            raise InputError(f"{folder} is not empty and holds no unfinished synthesis; choose a new folder.")
        write_text(note, json.dumps(wanted if pack is None else wanted | {"pack": pack}))
    return False


def _render_all(
    folder: Path,
    plan: _Plan,
    missing: list[int],
    workers: int,
    pack: str | None,
    progress: Callable[[int, int], None] | None,
) -> None:
    before = plan.identities - len(missing)
    if progress:
        progress(before, plan.identities)
    render = partial(_render_identity, folder, plan, pack=pack)
    seeds = person_seeds(plan.seed, plan.identities) if missing else []
    people = [(number, seeds[number]) for number in missing]
    for done, _ in enumerate(in_parallel(render, people, workers), before + 1):
        if progress:
            progress(done, plan.identities)


def _render_identity(folder: Path, plan: _Plan, numbered: tuple[int, int], pack: str | None) -> None:
    """Write a person's views: `numbered` is their number and seed."""
    from rsagan.synthetic import identity, render_view
    from rsagan.synthetic.posture import RigPose

    number, person_seed = numbered
    person = identity(person_seed, pack)
    entries = []
    for position, seed in enumerate(view_seeds(plan.seed, number, plan.views)[1]):
        pose = RigPose(**plan.poses[(number * plan.views + position) % len(plan.poses)]) if plan.poses else None
        view = render_view(person, seed, plan.size, plan.style, pose)
        points, yaw = np.asarray(view.points, np.float32), float(view.yaw)
        name = f"{_name(number)}_{position:02d}"
        if plan.layout == "deepfashion":
            name = deepfashion.view_name(person.sex, number, position, yaw, points)
        entry = Entry(name, _name(number), points, np.asarray(view.visible, bool), yaw, {})
        if plan.layout == "deepfashion":
            entries.append(deepfashion.write_view(folder, plan.split(number), entry, view.picture, view.parsing))
        else:
            entries.append(write_view(folder, entry, view.picture, view.parsing, view.surface))
    write_text(folder / UNFINISHED / f"{_name(number)}.jsonl", "".join(entry.to_json() + "\n" for entry in entries))


def _name(number: int) -> str:
    return f"p{number:06d}"
