"""How evenly people are served: `python benchmarks/evenness.py DATA OUT [--limit N] [--docs docs]`.

The test pairs of a benchmark of synthetic people (`rsagan synthesize --benchmark`), painted by the shipped weights and
told apart by who the person is: skin (by the angle of its colour, ITA), sex, build, hair and clothes. Beside what the
results come to stands what the joint estimator and the parser make of the true pictures. evenness.json and .md go to
OUT, or, with --docs, to results/, and the grid to images/evenness.jpg: the pairs in the middle by distance of every
class of skin (source, result, truth).
"""

import json
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reports import asked, told
from rsagan import __version__
from rsagan.data.prepared import PreparedFolder
from rsagan.data.synthesis import person_seeds
from rsagan.errors import InputError
from rsagan.evaluation.intervals import Draws, Statistic, mean, share
from rsagan.evaluation.measure import Measured, Truth, measure, trained_networks
from rsagan.evaluation.painters import Weights
from rsagan.evaluation.scores import some_pairs
from rsagan.evaluation.summary import HEAD, perceptual, statistics_of
from rsagan.files import write_text
from rsagan.network import shipped_weights
from rsagan.people import Picture, Pose, Region, grid
from rsagan.photo.agreement import ESTIMATOR, joints_right
from rsagan.photo.colours import lab
from rsagan.photo.parser import parse, shipped
from rsagan.synthetic.body import template
from rsagan.synthetic.catalogue import Identity, identity
from rsagan.tables import table

# Chardon, Cretois, Hourseau, "Skin colour typology and suntanning pathways" (1991); degrees from which a class begins.
SKIN: Final = {"very light": 55, "light": 41, "intermediate": 28, "tan": 10, "brown": -30, "dark": -90}
HAIR: Final = {
    "short": ("short", "crop", "quiff"), "long": ("long", "bob", "lob"), "tied": ("ponytail", "bun", "braid", "braids"),
    "curly": ("curly", "afro"), "bald": ("bald",), "covered": ("hidden",),
}  # fmt: skip
BUILD: Final = ("slender third", "middle third", "broad third")
SHOWN: Final = 6  # pairs of a class in the grid
QUALITY: Final = 88
# How each number is printed.
METRICS: Final = {
    "picture (vgg16_hed)": ".3f",
    "picture (mobilenetv2)": ".3f",
    "head (vgg16_hed)": ".3f",
    "head (mobilenetv2)": ".3f",
    "joints": ".3f",
    "face off": ".1f",
    "face lighter": "+.2f",
    "joints found": ".3f",
    "regions found": ".3f",
}


def main() -> None:
    arguments = asked(__doc__)
    folder = PreparedFolder(arguments.data)
    pairs = some_pairs(folder, arguments.limit)
    classes = classes_of(folder, pairs)
    truth = Truth(folder, pairs, trained_networks())
    weights = Weights(shipped_weights(folder.size))
    measured = measure(truth, weights, lambda done, whole: print(f"\r{done} of {whole} pairs", end="", flush=True))
    print()
    measured |= faces(folder, pairs, measured["picture"]) | found(truth)
    report = report_of(folder, truth, classes, statistics(measured))
    write_text(arguments.numbers / "evenness.json", json.dumps(report, indent=1) + "\n")
    write_text(arguments.numbers / "evenness.md", page(report))
    arguments.pictures.mkdir(parents=True, exist_ok=True)
    sheet(folder, pairs, classes["skin"], measured).save(arguments.pictures / "evenness.jpg", quality=QUALITY)


def classes_of(folder: PreparedFolder, pairs: NDArray[np.int64]) -> dict[str, dict[str, NDArray[np.bool_]]]:
    """By trait and class, which pairs (P,) are of such a person."""
    plan = folder.manifest.get("plan") or {}
    if "benchmark" not in plan or "textured" in plan["benchmark"]:
        raise InputError(f"{folder.path} is no people-128 or people-256 of `rsagan synthesize --benchmark`.")
    seeds = person_seeds(plan["seed"], plan["identities"])
    names = [folder.entries[source].identity for source, _ in pairs]
    views: dict[str, list[int]] = {name: [] for name in names}
    for k, entry in enumerate(folder.entries):
        if entry.identity in views:
            views[entry.identity].append(k)
    people = {name: identity(seeds[int(name.removeprefix("p"))]) for name in views}
    builds: dict[str, str] = {}
    for sex in ("female", "male"):  # women's hips are broader: each among their own
        girths = {name: girth(person) for name, person in people.items() if person.sex == sex}
        thirds = np.quantile(list(girths.values()), [1 / 3, 2 / 3]) if girths else np.zeros(2)
        builds |= {name: BUILD[int(np.searchsorted(thirds, each))] for name, each in girths.items()}
    hair = {style: name for name, styles in HAIR.items() for style in styles}
    traits: dict[str, dict[str, str]] = {
        "skin": {name: skin_class(folder, of) for name, of in views.items()},
        "sex": {name: person.sex for name, person in people.items()},
        "build": builds,
        "hair": {name: hair.get(person.wears[-1], "other") for name, person in people.items()},
        "clothes": {name: person.wears[0] for name, person in people.items()},
    }
    orders = {"skin": tuple(SKIN), "build": BUILD, "hair": (*HAIR, "other")}
    found = {}
    for trait, of in traits.items():
        labels = np.array([of[name] for name in names])
        order = orders.get(trait) or sorted(set(of.values()))
        found[trait] = {each: labels == each for each in order if (labels == each).any()}
    return found


def girth(person: Identity) -> float:
    """Breadth and depth of the hips over the height."""
    body, hips = person.figure.vertices["body"], person.figure.vertices["tights"]
    level = person.figure.heads[template().bone_names.index("upperleg01.L"), 1]
    near = hips[np.abs(hips[:, 1] - level) < 0.5]
    return float((np.ptp(near[:, 0]) + np.ptp(near[:, 2])) / np.ptp(body[:, 1]))


def skin_class(folder: PreparedFolder, views: list[int]) -> str:
    """The class of a person's skin by the median colour of the face over their true pictures."""
    pixels = [lab(folder.picture(k))[inner_face(folder.parsing(k))] for k in views]
    light, _, yellow = np.median(np.concatenate(pixels), axis=0)
    angle = np.degrees(np.arctan2(light - 50, yellow))
    return next(name for name, begins in SKIN.items() if angle > begins)


def inner_face(parsing: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The face without its rim of one pixel."""
    return cv2.erode((parsing == Region.FACE).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0


def faces(folder: PreparedFolder, pairs: NDArray[np.int64], results: list[Picture]) -> Measured:
    """How far the face's mean colour is off, and by how much it is lighter, (P,); NaN where no face is seen."""
    off = np.full((len(pairs), 3), np.nan)
    for row, (_, target), result in zip(off, pairs, results, strict=True):
        face = inner_face(folder.parsing(target))
        if face.sum() >= 20:
            row[:] = lab(result)[face].mean(0) - lab(folder.picture(target))[face].mean(0)
    return {"face_off": np.linalg.norm(off, axis=1), "face_lighter": off[:, 0]}


def found(truth: Truth) -> Measured:
    """What the estimator and the parser, given joints and outline, make of the true pictures of the targets."""
    folder, parser = truth.folder, shipped()
    joints, regions = {}, {}
    targets = truth.pairs[:, 1].tolist()
    for k in set(targets):
        picture, parsing, entry = folder.picture(k), folder.parsing(k), folder.entries[k]
        pose = Pose(np.where(entry.visible[:, None], entry.points, np.nan).astype(np.float32), folder.size)
        body = parsing > 0
        joints[k] = joints_right(truth.pose(k), pose)
        parsed = parse(picture, pose, body.astype(np.float32), parser).parsing
        regions[k] = int((parsed == parsing)[body].sum()), int(body.sum())
    both = {"found_joints": joints, "found_regions": regions}
    return {name: np.array([of[k] for k in targets]) for name, of in both.items()}


def statistics(measured: Measured) -> dict[str, Statistic]:
    """By the names of `METRICS`."""
    networks = ["vgg16_hed", "mobilenetv2"]
    known = statistics_of(measured, networks)
    ratios = [known[f"{perceptual(each)}{end}, ratio to copied source"] for end in ("", HEAD) for each in networks]
    joints, regions = (np.array(measured[name], float).T for name in ("found_joints", "found_regions"))
    off, lighter = mean(measured["face_off"]), mean(measured["face_lighter"])
    each = [*ratios, known[f"joint accuracy ({ESTIMATOR})"], off, lighter, share(*joints), share(*regions)]
    return dict(zip(METRICS, each, strict=True))


def report_of(
    folder: PreparedFolder, truth: Truth, classes: dict[str, dict[str, NDArray[np.bool_]]], named: dict[str, Statistic]
) -> dict[str, Any]:
    """Every class's people, pairs and numbers; 95 % intervals over people."""
    draws = Draws(truth.groups)

    def rows(members: NDArray[np.bool_]) -> dict[str, Any]:
        counts = {"people": len(np.unique(truth.groups[members])), "pairs": int(members.sum())}
        return counts | {name: draws.row(statistic, members) for name, statistic in named.items()}

    return {
        "weights": shipped_weights(folder.size).stem,
        "data": folder.manifest["plan"]["benchmark"],
        "everybody": rows(np.ones(len(truth.pairs), bool)),
        "traits": {trait: {each: rows(members) for each, members in of.items()} for trait, of in classes.items()},
        "rsagan": __version__,
    }


def page(report: dict[str, Any]) -> str:
    """The report as Markdown."""

    def line(name: str, row: dict[str, Any]) -> list[Any]:
        return [name, row["people"], row["pairs"], *(told(row[each], form) for each, form in METRICS.items())]

    lines = [
        "# How evenly people are served",
        "",
        f"Test people of `{report['data']}`, weights `{report['weights']}`; 95 % intervals over people. Written by "
        "`benchmarks/evenness.py`. Skin by the angle of the face's colour in the true pictures (ITA, the usual six "
        f"classes: {', '.join(f'{name} above {begins}' for name, begins in list(SKIN.items())[:-1])}, dark below); "
        "build by the hips over the height, among women and among men.",
        "",
        "- picture, head: perceptual distances as a ratio to the copied source.",
        "- joints: those of the true picture that are at their place in the result, by BlazePose.",
        "- face off: how far the mean colour of the face is off (CIE 1976); face lighter: by how much of L*, 0 to 100.",
        "- joints found, regions found: how many joints BlazePose finds in the true picture at their place, and to how "
        "many of the person's pixels the parser, given the true joints and outline, gives their region.",
    ]
    for trait, rows in report["traits"].items():
        body = [line(name, row) for name, row in rows.items()]
        lines += ["", *table([trait, "people", "pairs", *METRICS], [*body, line("everybody", report["everybody"])])]
    return "\n".join(lines) + "\n"


def sheet(
    folder: PreparedFolder, pairs: NDArray[np.int64], skin: dict[str, NDArray[np.bool_]], measured: Measured
) -> Image.Image:
    """A row a class of skin: the pairs in the middle by distance, each of another person."""
    rows = []
    for members in skin.values():
        order = np.flatnonzero(members)[np.argsort(measured["vgg16_hed"][members], kind="stable")]
        from_middle = np.argsort(np.abs(np.arange(len(order)) - len(order) // 2), kind="stable")
        chosen: dict[str, int] = {}
        for k in order[from_middle]:
            chosen.setdefault(folder.entries[pairs[k][0]].identity, int(k))
        row: list[Picture] = []
        for k in list(chosen.values())[:SHOWN]:
            row += [folder.picture(pairs[k][0]), measured["picture"][k], folder.picture(pairs[k][1])]
        blank = np.full_like(row[0], 255)
        rows.append(row + [blank] * (3 * SHOWN - len(row)))
    return Image.fromarray(grid(rows))


if __name__ == "__main__":
    main()
