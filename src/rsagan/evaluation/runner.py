"""Trains and scores the rows of the ablation. Interrupted, the same call goes on; a row that is done is not redone.

Below the folder of runs each row has a folder a seed:

    settings.json     what must not change between a call and the next: recipe and data
    rate.json         the learning rate it took, once the grid was tried
    curve.jsonl       one line a look at the validation pairs: seen, seconds and the perceptual distances
    measured.npz      the numbers of the test pairs; whoever has it is done
    sets-N.npz        of the rows of `SETS`: the Frechet distance of N pairs of test people
    report/           report.json, report.md, grid.png of the test pairs
    train/            the run itself; rate-R/, of seed 0, the runs of the learning-rate grid, each with its score.json

A row that is done needs no more than its numbers (settings.json, rate.json, curve.jsonl and *.npz).
Beside the rows lies pace.json: how long their pairs take, all timed in one go. It is made anew if it lacks a row.
"""

import json
import math
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rsagan.data.pairs import bounded, spread
from rsagan.data.prepared import PreparedFolder
from rsagan.errors import DivergedError, InputError
from rsagan.evaluation import fire
from rsagan.evaluation.intervals import Draws
from rsagan.evaluation.measure import Measured, Networks, Truth, measure
from rsagan.evaluation.pace import Pace, paces_of
from rsagan.evaluation.painters import ENDS, Copied, Painter, Weights
from rsagan.evaluation.report import write_report
from rsagan.evaluation.rows import ROWS, recipe_of
from rsagan.evaluation.scores import report_of, some_pairs
from rsagan.evaluation.sets import frechet_distances
from rsagan.evaluation.summary import set_distances
from rsagan.files import file_hash, replacing, write_text
from rsagan.network import Generator
from rsagan.network.weights import FORMAT, read_metadata
from rsagan.training.loop import train
from rsagan.training.recipe import Recipe

UNDER_FIRE: Final = ("full", "no_match")
SETS: Final = ("full", "semantic_baseline_published")  # what the promise about the Frechet distance compares
_RATE_SEED: Final = 0  # learning rates are tried with
_VALIDATION: Final = "pairs-validation.csv"
Point = dict[str, float]
Goal = tuple[Path, Recipe, dict[str, Any], Path | None]  # the file of a result, its recipe, settings, beginning


@dataclass(frozen=True)
class Plan:
    """What an ablation is.

    Attributes:
        recipe: of every row; its `pictures` are each row's budget.
        rows, seeds: what is trained. every: pairs seen between two looks at the validation pairs.
        rates: learning rates that every row tries for `rate_pictures` pairs each, with seed 0; the best on the
            validation pairs is taken. None means the recipe's.
        start: runs of another ablation, such as one at half the size; each row begins with its own weights there.
        validation, fire: how many pairs a look at the curve, and a level of corruption, scores.
        set_pairs: pairs of test people for the Frechet distance of the rows of `SETS`; the test list alone if 0.
        limit: score only so many test pairs.
    """

    recipe: Recipe
    rows: tuple[str, ...] = tuple(ROWS)
    seeds: tuple[int, ...] = (0,)
    every: int = 2_000
    rates: tuple[float, ...] = ()
    rate_pictures: int = 2_000
    validation: int = 64
    fire: int = 200
    set_pairs: int = 0
    limit: int | None = None
    start: Path | None = None

    def __post_init__(self) -> None:
        unknown = [name for name in self.rows if name not in ROWS]
        if unknown or not self.rows:
            raise InputError(f"There is no row {', '.join(unknown) or 'named'}; there are {', '.join(ROWS)}.")
        for name in ("every", "rate_pictures", "validation", "fire"):
            if getattr(self, name) < 1:
                option = {"rate_pictures": "rate-pairs"}.get(name, name)
                raise InputError(f"--{option} is {getattr(self, name)}; it must be at least 1.")
        if not self.seeds or min(self.seeds) < 0 or any(rate <= 0 for rate in self.rates):
            raise InputError("Seeds must be at least 0, learning rates above 0, and there must be a seed.")
        if self.set_pairs < 0:
            raise InputError(f"--set-pairs is {self.set_pairs}; it must be at least 0.")


@dataclass
class Finished:
    """A row with one seed, done.

    Attributes:
        measured: see `rsagan.evaluation.measure`, without pictures; `frechet` of the test list, `frechet_sets` of
            the plan's sets.
        curve: points by pairs seen, with the seconds that those take by `Ablation.pace`.
        rate: its learning rate. parameters: of its generator.
        fire: by "kind level", the perceptual distances by network (P,).
        start: sha256, size and pictures_seen of the weights it began with; empty if they were random.
    """

    measured: Measured
    curve: list[Point] = field(default_factory=list)
    rate: float = 0.0
    parameters: int = 0
    fire: dict[str, Measured] = field(default_factory=dict)
    start: dict[str, Any] = field(default_factory=dict)


class Ablation:
    """Runs a plan on a prepared folder.

    Args:
        data: a prepared folder with pairs-validation.csv. runs: where training and its numbers go.
        say: is told, in a sentence, what happens.

    Raises:
        InputError: a broken folder, or one without validation pairs.
    """

    def __init__(
        self, plan: Plan, data: Path | str, runs: Path | str, networks: Networks, say: Callable[[str], None]
    ) -> None:
        self.plan, self.runs, self.say = plan, Path(runs), say
        self.folder = PreparedFolder(data)
        self.networks = networks
        if not (self.folder.path / _VALIDATION).is_file():
            raise InputError(
                f"{self.folder.path} has no {_VALIDATION}, the list `from,to` of the pairs that the curves are "
                "read off; people-128 and people-256 (`rsagan synthesize --benchmark`) have one."
            )
        self.truth = Truth(self.folder, some_pairs(self.folder, plan.limit), networks)
        validation, tested = self.folder.pairs("validation"), self.truth.pairs
        self.validation = Truth(self.folder, validation[spread(len(validation), plan.validation)], networks)
        self.under_fire = Truth(self.folder, tested[spread(len(tested), plan.fire)], networks)
        self.sets = Truth(self.folder, self._set_pairs(), networks) if plan.set_pairs else self.truth
        self._levels: dict[float, Any] = {}

    def run(self) -> dict[str, list[Finished]]:
        """Everything of the plan that is not done yet; by row a result a seed, the ends of the scale included.

        Raises:
            InputError: what lies in the runs' folder is not of this plan, or weights to begin with are missing.
        """
        self._check()
        found: dict[str, list[Finished]] = {name: [self._end(name)] for name in ENDS}
        for seed in self.plan.seeds:
            for name in self.plan.rows:
                found.setdefault(name, []).append(self._row(name, seed))
        for name in self.plan.rows:
            pace = Pace(**self.pace["rows"][name])
            for row in found[name]:
                for point in row.curve:
                    point["seconds"] = round(pace.seconds(point["seen"]), 1)
        return found

    @cached_property
    def pace(self) -> dict[str, Any]:
        """What `paces_of` says of the plan's rows; from the runs' folder if all of them are there."""
        path = self.runs / "pace.json"
        found: dict[str, Any] = _read(path, "rows")[0] if path.is_file() else {"rows": {}}
        if not set(self.plan.rows) <= set(found["rows"]):
            self.say(f"timing the steps of {len(self.plan.rows)} rows; nothing else should run meanwhile")
            recipes = {name: recipe_of(name, self.plan.recipe, 0, 1.0) for name in self.plan.rows}
            found = paces_of(recipes, self.folder)
            write_text(path, json.dumps(found, indent=1) + "\n")
        return found

    @property
    def levels(self) -> dict[float, Any]:
        """By level of parsing corruption: how, and how wrong the maps are on average."""
        if not self._levels:
            self._levels = {level: fire.calibrated(self.folder, self.under_fire.pairs, level) for level in fire.LEVELS}
        return self._levels

    def _end(self, name: str) -> Finished:
        folder = self.runs / name
        self._settle(folder / "measured.npz", {})
        return Finished(self._test(folder, lambda: Copied(name)))

    def _row(self, name: str, seed: int) -> Finished:
        result, recipe, settings, begin = self._goal(name, seed)
        folder, start = result.parent, self._settle(result, settings, begin)
        rate = self._rate(name, folder)
        recipe = replace(recipe, learning_rate=rate)
        curve = self._train(name, recipe, folder)
        weights = folder / "train" / "weights.safetensors"
        measured = self._test(folder, lambda: Weights(weights))
        if self.plan.set_pairs and name in SETS:
            measured |= self._frechet_of_sets(folder, weights)
        burning = self._burn(folder, weights) if name in UNDER_FIRE else {}
        parameters = sum(each.numel() for each in Generator(recipe.network).parameters())
        return Finished(measured, curve, rate, parameters, burning, start)

    def _train(self, name: str, recipe: Recipe, folder: Path) -> list[Point]:
        """Train from look to look, so that an interrupted row goes on; returns its curve."""
        path = folder / "curve.jsonl"
        curve: list[Point] = _read(path, "seen") if path.is_file() else []
        looks = [*range(self.plan.every, recipe.pictures, self.plan.every), recipe.pictures]
        for look in looks[len(curve) :]:
            self.say(f"{name}, seed {recipe.seed}: training to {look} of {recipe.pictures} pairs")
            weights = train(recipe, self.folder, folder / "train", until=look, start=self._start(name, recipe.seed))
            curve.append(self._look(weights))
            if curve[-1]["seen"] >= look + recipe.batch:
                raise InputError(
                    f"{path} lacks its point at {look} pairs, and the row is trained beyond; delete {folder} to train "
                    "it again."
                )
            write_text(path, "".join(json.dumps(point) + "\n" for point in curve))
        return curve

    def _look(self, weights: Path) -> Point:
        """One point of a curve: what the validation pairs look like now."""
        training = read_metadata(weights)["training"]
        measured = measure(self.validation, Weights(weights), quick=True)
        point = {"seen": float(training["pictures_seen"]), "seconds": float(training["seconds"])}
        return point | {network: round(float(measured[network].mean()), 6) for network in self.networks.distances}

    def _rate(self, name: str, folder: Path) -> float:
        """The learning rate of a row in its folder, chosen once: what it began with, it goes on with."""
        path = folder / "rate.json"
        if not path.is_file():
            rate = self._best_rate(name) if self.plan.rates else self.plan.recipe.learning_rate
            write_text(path, json.dumps({"learning_rate": rate}) + "\n")
        return float(_read(path, "learning_rate")[0]["learning_rate"])

    def _best_rate(self, name: str) -> float:
        """The best of the grid for a row, for every seed: by the product of the networks' distances.

        One network alone would choose by its noise: after so few pairs the two often disagree.
        """
        scores = {}
        for rate in self.plan.rates:
            path, recipe, settings, start = self._trial(name, rate)
            self._settle(path, settings, start)
            if not path.is_file():
                self.say(f"{name}: trying the learning rate {rate:g} for {recipe.pictures} pairs")
                try:
                    point = self._look(train(recipe, self.folder, path.parent / "train", start=start))
                except DivergedError as error:
                    self.say(f"{name}: the learning rate {rate:g} is too high. {error}")
                    point = {}
                write_text(path, json.dumps(point) + "\n")
            point = _read(path)[0]
            scores[rate] = math.prod(point.get(network, math.inf) for network in self.networks.distances)
        if min(scores.values()) == math.inf:
            raise InputError(f"{name} diverged with every learning rate that was to be tried; name lower ones.")
        return min(scores, key=lambda rate: scores[rate])

    def _test(self, folder: Path, painter_of: Callable[[], Painter]) -> Measured:
        """The numbers of the test pairs, from the folder if they are there."""
        path = folder / "measured.npz"
        if path.is_file():
            return load_measured(path)
        painter = painter_of()
        self.say(f"{folder.relative_to(self.runs)}: scoring {len(self.truth.pairs)} test pairs")
        measured = measure(self.truth, painter)
        measured |= set_distances(measured, Draws(self.truth.groups))
        report = report_of(self.truth, painter, measured)
        write_report(folder / "report", report, self.folder, self.truth.pairs, measured.pop("picture"))
        save_measured(path, measured)
        return load_measured(path)

    def _burn(self, folder: Path, weights: Path) -> dict[str, Measured]:
        """The perceptual distances from corrupted inputs, clean ones first."""
        path = folder / "fire.npz"
        if not path.is_file():
            self.say(f"{folder.relative_to(self.runs)}: corrupting its inputs")
            found = {"clean": measure(self.under_fire, Weights(weights), quick=True)}
            for kind in fire.KINDS:
                for level, (how, _) in self.levels.items():
                    spoil = fire.spoiler(kind, level, how, self.folder, self.under_fire.pairs)
                    found[f"{kind} {level:g}"] = measure(self.under_fire, Weights(weights, spoil), quick=True)
            save_measured(path, {f"{place}/{name}": each for place, row in found.items() for name, each in row.items()})
        burning: dict[str, Measured] = {}
        for key, values in load_measured(path).items():
            place, name = key.split("/")
            burning.setdefault(place, {})[name] = values
        return burning

    def _start(self, name: str, seed: int) -> Path | None:
        """The weights that a row begins with."""
        start = self.plan.start
        return None if start is None else start / name / f"seed-{seed}" / "train" / "weights.safetensors"

    def _goal(self, name: str, seed: int) -> Goal:
        """Of a row with one seed."""
        recipe = recipe_of(name, self.plan.recipe, seed, self.plan.recipe.learning_rate)
        settings = {"recipe": recipe.to_dict(), "rates": self.plan.rates, "every": self.plan.every}
        return self.runs / name / f"seed-{seed}" / "measured.npz", recipe, settings, self._start(name, seed)

    def _trial(self, name: str, rate: float) -> Goal:
        """Of a learning rate that a row tries."""
        recipe = recipe_of(name, replace(self.plan.recipe, pictures=self.plan.rate_pictures), _RATE_SEED, rate)
        path = self.runs / name / f"seed-{_RATE_SEED}" / f"rate-{rate:g}" / "score.json"
        return path, recipe, {"recipe": recipe.to_dict()}, self._start(name, _RATE_SEED)

    def _check(self) -> None:
        """Everything that could be refused later, after hours."""
        goals = [self._goal(name, seed) for seed in self.plan.seeds for name in self.plan.rows]
        trials = [self._trial(name, rate) for rate in self.plan.rates for name in self.plan.rows]
        begun = ["start" in self._settings(path, settings, start) for path, _, settings, start in goals + trials]
        if any(begun) and not all(begun):
            raise InputError(
                f"Some rows in {self.runs} began with the weights of another ablation, and others did not; give "
                "--start, or choose another folder for the runs."
            )

    def _settle(self, result: Path, settings: dict[str, Any], start: Path | None = None) -> dict[str, Any]:
        """Write down the settings of a result before it is made; returns what its row began with."""
        settings = self._settings(result, settings, start)
        path = result.parent / "settings.json"
        if not path.is_file():
            write_text(path, json.dumps(settings, indent=1, sort_keys=True) + "\n")
        begun: dict[str, Any] = settings.get("start", {})
        return begun

    def _settings(self, result: Path, settings: dict[str, Any], start: Path | None) -> dict[str, Any]:
        """What settings.json of a result is to say; refuses to mix the numbers of two plans in its folder.

        Whoever has the result need not bring the weights again that it began with.
        """
        plan, path = self.plan, result.parent / "settings.json"
        validation = {_VALIDATION: file_hash(self.folder.path / _VALIDATION)}  # a list that may be made by hand
        settings = settings | {"data": self.folder.version | validation, "limit": plan.limit}
        settings |= {"validation": plan.validation, "fire": plan.fire, "weights_format": FORMAT}
        there = path.is_file()
        try:
            found: Any = json.loads(path.read_text("utf-8")) if there else None
        except ValueError as error:
            raise InputError(f"{path} is damaged; choose another folder for the runs.") from error
        done, begun = there and result.is_file(), found.get("start") if isinstance(found, dict) else None
        if start and (start.is_file() or not done):
            settings["start"] = _told(start)
        elif done and (start or begun):
            settings["start"] = begun
        wanted = json.loads(json.dumps(settings))
        if there and found != wanted:
            names = [key for key in wanted if not isinstance(found, dict) or found.get(key) != wanted[key]]
            raise InputError(
                f"{path.parent} was made with other settings ({', '.join(names) or 'start'}); give the same as then, "
                "or choose another folder for the runs."
            )
        return settings

    def _set_pairs(self) -> NDArray[np.int64]:
        """Many pairs of the test people: as many of each."""
        identities = sorted({self.folder.entries[view].identity for view in self.folder.pairs("test").ravel()})
        people = [[entry for entry in self.folder.entries if entry.identity == identity] for identity in identities]
        named = bounded(people, self.plan.set_pairs, seed=0)
        return np.array([[self.folder.index[a], self.folder.index[b]] for a, b in named], np.int64)

    def _frechet_of_sets(self, folder: Path, weights: Path) -> Measured:
        path = folder / f"sets-{self.plan.set_pairs}.npz"
        if not path.is_file():
            pairs, painter, found = self.sets.pairs, Weights(weights), []
            self.say(f"{folder.relative_to(self.runs)}: {len(pairs)} pairs for the Frechet distance")
            for start in range(0, len(pairs), 8):
                at = np.arange(start, min(start + 8, len(pairs)))
                found.append(self.sets.features_of(painter.paint(self.folder, pairs[at], at).pictures))
            truth = [self.sets.features(pairs[at : at + 8, 1], False) for at in range(0, len(pairs), 8)]
            distances = frechet_distances(np.concatenate(found), np.concatenate(truth), self.sets.groups)
            save_measured(path, {"frechet_sets": distances})
        return load_measured(path)


def _read(path: Path, *keys: str) -> list[dict[str, Any]]:
    """The table of a .json file, or those of a .jsonl file, which have these keys. Raises InputError if damaged."""
    try:
        text = path.read_text("utf-8")
        tables = [dict(json.loads(each)) for each in (text.splitlines() if path.suffix == ".jsonl" else [text])]
        whole = bool(tables) and all(key in table for table in tables for key in keys)
    except (ValueError, TypeError):
        whole = False
    if not whole:
        raise InputError(f"{path} is damaged; delete it, and what it holds is found out again.")
    return tables


def _told(weights: Path) -> dict[str, Any]:
    """What settings say of weights that a row begins with."""
    if not weights.is_file():
        raise InputError(f"{weights} is missing, and the row is to begin with it; train the row there first.")
    header = read_metadata(weights)
    return {
        "sha256": file_hash(weights),
        "size": header["size"],
        "pictures_seen": header["training"]["pictures_seen"],
    }


def save_measured(path: Path, measured: Measured) -> None:
    """Keep what is an array; ragged lists and features, which nothing reads again, are left out."""
    arrays = {k: v for k, v in measured.items() if isinstance(v, np.ndarray) and "features" not in k}
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def load_measured(path: Path) -> Measured:
    """The inverse. Raises InputError if the file is damaged."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is damaged; delete it, and the numbers are made again.") from error
