"""A posture by name, by chance or as given: every pose family with its weight, drawn again until it is possible."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rsagan.synthetic import poses
from rsagan.synthetic.actions import ACTIONS, Block
from rsagan.synthetic.body import Figure
from rsagan.synthetic.limits import trouble
from rsagan.synthetic.mesh import floats
from rsagan.synthetic.poses import Girth, girth
from rsagan.synthetic.skeleton import Skeleton, turn_about

CATALOGUE: dict[str, float] = poses.FAMILIES
WIDE: dict[str, float] = {
    **CATALOGUE,
    "crossed": 0.0,  # "folded" does it better
    "folded": 1.0,
    "pocket": 1.5,
    "turning": 1.2,
    "seated": 1.3,
    "leaning": 1.0,
    "running": 0.8,
    "crouching": 0.4,
    "kneeling": 0.4,
    "jumping": 0.4,
}
PASSING: dict[str, float] = {
    "walk": 6.0, "stand": 3.0, "step": 1.5, "pocket": 1.0, "pockets": 0.6, "running": 0.6, "turning": 0.5,
    "reach": 0.6, "hair": 0.3, "folded": 0.3, "behind": 0.3, "hip": 0.3, "leaning": 0.2, "seated": 0.2,
}  # fmt: skip
FAMILIES = (*poses.FAMILIES, *ACTIONS)
TRIES = 8
TOLERATED = 0.12  # dm that a hand may sink into clothes
MOST = 1000.0  # radians of a turn, dm of a lift, that may be given: far beyond any that is meant


@dataclass(frozen=True)
class Posture:
    """A posed skeleton, the family it is of, how far its lowest point is off the floor, and what it rests on."""

    skeleton: Skeleton
    family: str
    lift: float = 0.0
    blocks: tuple[Block, ...] = ()
    trouble: float = 0.0  # dm of the worst penetration or overstretched joint that is left


@dataclass(frozen=True)
class RigPose:
    """A pose given from outside.

    Attributes:
        turns: bone name -> rotation vector (x, y, z) in radians against its parent; bones left out stay at rest.
        lift: dm that the lowest point is above the floor.

    No number is beyond 1,000 either way.
    """

    turns: Mapping[str, Sequence[float]] = field(default_factory=dict)
    lift: float = 0.0


def strike(
    figure: Figure, rng: np.random.Generator, how: str | RigPose | None = None, weights: Mapping[str, float] = WIDE
) -> Posture:
    """A posture of a named family, of one drawn by `weights`, or the very one that is given.

    Raises:
        ValueError: no such family or bone; a turn or a lift that is no number from -1,000 to 1,000.
    """
    if isinstance(how, RigPose):
        return _given(figure, how)
    if how is not None and how not in FAMILIES:
        raise ValueError(f"there is no pose family {how!r}; there are {', '.join(sorted(FAMILIES))}")
    names = list(weights)
    share = np.array([weights[name] for name in names])
    best: Posture | None = None
    family = how or str(rng.choice(names, p=share / share.sum()))
    size = girth(figure)
    for _ in range(TRIES):
        posture = _draw(figure, size, rng, family)
        wrong = trouble(posture.skeleton, size, family)
        if best is None or wrong < best.trouble:
            best = Posture(posture.skeleton, family, posture.lift, posture.blocks, wrong)
        if wrong <= TOLERATED:
            break
    assert best is not None
    return best


def rig_pose(skeleton: Skeleton, lift: float = 0.0) -> RigPose:
    """A skeleton's pose as `strike` takes it: the way back from a posture."""
    turns = {}
    for name, b in skeleton.names.items():
        parent = int(skeleton.parents[b])
        local = skeleton.rotation[b] if parent < 0 else skeleton.rotation[parent].T @ skeleton.rotation[b]
        local = local.astype(np.float64)
        axis = np.array([local[2, 1] - local[1, 2], local[0, 2] - local[2, 0], local[1, 0] - local[0, 1]])
        angle = float(np.arctan2(np.linalg.norm(axis), np.trace(local) - 1))
        if angle > 3:  # near half a turn that axis vanishes; each column of this lies along it
            square = (local + local.T) / 2 - np.cos(angle) * np.eye(3)
            column = square[:, np.diag(square).argmax()]
            axis = column if column @ axis >= 0 else -column
        if angle > 1e-5:
            turns[name] = tuple(float(v) for v in axis / max(float(np.linalg.norm(axis)), 1e-9) * angle)
    return RigPose(turns, lift)


def _given(figure: Figure, how: RigPose) -> Posture:
    s = Skeleton(figure)
    if not abs(how.lift) <= MOST:
        raise ValueError(f"the lift {how.lift} is no number of dm from {-MOST:.0f} to {MOST:.0f}")
    for name, vector in how.turns.items():
        if name not in s.names:
            raise ValueError(f"the rig has no bone {name!r}; it has {', '.join(s.names)}")
        if not all(abs(angle) <= MOST for angle in vector):
            raise ValueError(f"the turn of {name} is not of three angles from {-MOST:.0f} to {MOST:.0f} radians")
        v = floats(vector)
        angle = float(np.linalg.norm(v))
        if angle > 1e-6:
            s.set(name, turn_about(v / np.float32(angle), angle))
    s.solve()
    return Posture(s, "given", how.lift)


def _draw(figure: Figure, g: Girth, rng: np.random.Generator, family: str) -> Posture:
    if family in poses.FAMILIES:
        return Posture(poses.pose(figure, rng, family)[0], family)
    s = Skeleton(figure)
    return Posture(s, family, *ACTIONS[family](s, g, rng))
