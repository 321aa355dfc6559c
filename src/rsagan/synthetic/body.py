"""The bare form under the clothes: shape targets, the skeleton, and coordinates to cut garments by.

Lengths are decimetres, y is up, the person looks along +z and their left is +x. There is no torso skin here:
the data file holds head, arms, legs, and the helper meshes that garments and hair are made of.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

import numpy as np

from rsagan.synthetic.mesh import Floats, Gather, Ints, floats, neighbours, subdivide, triangles

STEP = 1e-3  # the file's integers are in thousandths of a decimetre
SURFACES = ("body", "l_eye", "r_eye", "tights", "skirt", "hair")


@dataclass(frozen=True)
class Surface:
    """One mesh of the template, subdivided where it was coarse. N vertices, F quads."""

    name: str
    quads: Ints  # (F, 4)
    canon: Floats  # (N, 3) positions on the neutral template
    arm: Floats  # (N,) distance along the arm from the shoulder (negative on the torso), dm
    limb: Floats  # (N, 4) skin weight on arms, legs, left side, head and neck
    bones: Ints  # (N, 6)
    weights: Floats  # (N, 6) summing to 1
    lips: Floats  # (N,) 0..1
    mean: Gather  # to the mean of the neighbours

    @cached_property
    def faces(self) -> Ints:
        """The quads' halves, (2 F, 3)."""
        return triangles(self.quads)


@dataclass(frozen=True)
class Template:
    """Everything read from the data file."""

    surfaces: dict[str, Surface]
    base: Floats  # (rows, 3)
    targets: dict[str, Ints]  # name -> int16 (rows, 3)
    rows: dict[str, tuple[Ints, Gather | None]]  # surface -> its rows, and the subdivision that follows
    bone_names: tuple[str, ...]
    parents: Ints  # (B,)
    points: int  # first of the rows that are bone heads and landmarks


@dataclass(frozen=True, eq=False)
class Figure:
    """One person's own rest shape: positions by surface, bone heads, face landmarks."""

    vertices: dict[str, Floats]
    heads: Floats  # (B, 3)
    landmarks: Floats  # (5, 3) nose, right eye, left eye, right ear, left ear


ARM = ("upperarm", "lowerarm", "wrist", "finger")
LEG = ("upperleg", "lowerleg", "foot")


@cache
def template() -> Template:
    """The template, read once a process."""
    with (files("rsagan.synthetic") / "data/body.npz").open("rb") as file, np.load(file) as data:
        raw = {name: data[name] for name in data.files if not name.startswith("fit_")}
    names = tuple(str(name) for name in raw["bone_names"])
    base = raw["vertices"].astype(np.float32) * np.float32(STEP)
    count = len(raw["bones"])
    dense = np.zeros((count, len(names)), np.float32)
    rows_ = np.arange(count)
    for k in range(raw["bones"].shape[1]):
        dense[rows_, raw["bones"][:, k]] += raw["weights"][:, k] / np.float32(255)
    lips = raw["lips"].astype(np.float32)[:, None] / 255

    surfaces, rows = {}, {}
    heads = {name: base[count + i] for i, name in enumerate(names)}
    for name in SURFACES:
        quads = raw["faces_" + name].astype(np.int32)
        used = np.unique(quads)
        quads = np.searchsorted(used, quads).astype(np.int32)
        step: Gather | None = None
        values = [base[used], dense[used], lips[used]]
        if name in ("tights", "skirt"):
            step, quads = subdivide(quads, len(used))
            values = [step(v) for v in values]
        rows[name] = (used.astype(np.int32), step)
        surfaces[name] = _surface(name, quads, values, names, heads)
    targets = {str(name): target for name, target in zip(raw["target_names"], raw["targets"], strict=True)}
    return Template(surfaces, base, targets, rows, names, raw["parents"].astype(np.int32), count)


def _surface(name: str, quads: Ints, values: list[Floats], names: tuple[str, ...], heads: dict[str, Floats]) -> Surface:
    canon, dense, lips = values
    order = np.argsort(-dense, axis=1, kind="stable")[:, :6].astype(np.int32)
    weights = np.take_along_axis(dense, order, 1)
    weights /= weights.sum(1, keepdims=True)
    groups = [
        [i for i, bone in enumerate(names) if bone.startswith(ARM)],
        [i for i, bone in enumerate(names) if bone.startswith(LEG)],
        [i for i, bone in enumerate(names) if bone.endswith(".L")],
        [i for i, bone in enumerate(names) if bone.startswith(("neck", "head"))],
    ]
    limb = np.stack([dense[:, group].sum(1) for group in groups], 1)
    along = _along_arm(canon, heads)
    arm = floats(limb[:, 0] * along - (1 - limb[:, 0]))
    mean = neighbours(quads, len(canon))
    return Surface(name, quads, canon, arm, limb, order, weights, lips[:, 0], mean)


def _along_arm(canon: Floats, heads: dict[str, Floats]) -> Floats:
    """Distance of each vertex along shoulder, elbow, wrist, dm; the right arm is folded onto the left."""
    folded = canon * floats([1, 1, 1])
    folded[:, 0] = np.abs(folded[:, 0])
    shoulder, elbow, wrist = (heads[f"{b}.L"] for b in ("upperarm01", "lowerarm01", "wrist"))
    upper, lower = np.linalg.norm(elbow - shoulder), np.linalg.norm(wrist - elbow)
    first = (folded - shoulder) @ ((elbow - shoulder) / upper)
    second = (folded - elbow) @ ((wrist - elbow) / lower)
    return np.where(second > 0, upper + second, np.minimum(first, upper)).astype(np.float32)


def figure(shape: dict[str, float]) -> Figure:
    """The person whose shape targets have these amounts (names as in the data file)."""
    body = template()
    whole = body.base.copy()
    for name, amount in shape.items():
        if amount:
            whole += body.targets[name] * np.float32(amount * STEP)
    vertices = {}
    for name, (used, step) in body.rows.items():
        vertices[name] = step(whole[used]) if step else whole[used]
    bones = len(body.bone_names)
    first = body.points
    return Figure(vertices, whole[first : first + bones], whole[first + bones : first + bones + 5])


def adult_shape(rng: np.random.Generator, sex: str) -> dict[str, float]:
    """Amounts of the shape targets for a random grown-up, `sex` being "female" or "male"."""
    shape: dict[str, float] = {}
    race = rng.dirichlet([0.35, 0.35, 0.35])
    for name, amount in zip(("african", "asian", "caucasian"), race, strict=True):
        shape[f"{name}-{sex}-young"] = float(amount)
    muscle = float(np.clip(rng.normal(0.5, 0.14) + (0.05 if sex == "male" else -0.03), 0.15, 0.85))
    weight = float(np.clip(rng.normal(0.47, 0.15), 0.15, 0.9))
    for m_name, m in _tent(muscle):
        for w_name, w in _tent(weight):
            if m * w > 0:
                shape[f"universal-{sex}-young-{m_name}muscle-{w_name}weight"] = m * w
    prefix = f"{sex}-young-averagemuscle-averageweight"
    height = float(np.clip(rng.normal(-0.06, 0.16), -0.28, 0.4))
    shape[f"{prefix}-{'max' if height > 0 else 'min'}height"] = abs(height)
    shape[f"{prefix}-idealproportions"] = float(rng.uniform(0.2, 0.9))
    if sex == "female":
        cup = float(np.clip(rng.normal(0, 0.3), -0.7, 0.6))
        shape[f"{prefix}-{'max' if cup > 0 else 'min'}cup-averagefirmness"] = abs(cup)
    for name in ("nose-scale-vert-incr", "nose-scale-horiz-incr", "nose-scale-depth-incr", "chin-width-incr"):
        shape[name] = float(rng.normal(0, 0.3))
    for name in ("nose-hump-incr", "nose-point-up", "chin-prominent-incr", "mouth-scale-horiz-incr"):
        shape[name] = float(rng.normal(0, 0.25))
    for name in ("head-oval", "head-square", "head-round", "mouth-lowerlip-volume-incr", "head-fat-incr"):
        shape[name] = float(abs(rng.normal(0, 0.25)))
    return shape


def _tent(value: float) -> list[tuple[str, float]]:
    """How a number in 0..1 falls between the minimum, average and maximum target."""
    low, high = max(0.0, 1 - 2 * value), max(0.0, 2 * value - 1)
    return [("min", low), ("average", 1 - low - high), ("max", high)]
