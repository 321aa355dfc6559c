"""Make the built-in pose library from the rig of the synthetic people.

    python tools/make_pose_library.py            # writes src/rsagan/people/library.json
    python tools/make_pose_library.py --sheet poses.png

Every pose is drawn from a family with a fixed seed on one fixed figure, so the same code gives the same file.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from rsagan.people import Pose, draw_pose, grid, to_json
from rsagan.synthetic import raster
from rsagan.synthetic.catalogue import identity
from rsagan.synthetic.mesh import Floats, floats
from rsagan.synthetic.poses import pose
from rsagan.synthetic.scene import joints
from rsagan.synthetic.skeleton import Skeleton, turn

SIZE = (256, 176)
FIGURE = 3
FILL, WIDEST = 0.88, 0.94
DISTANCE = 42.0  # dm from the camera


@dataclass(frozen=True)
class Entry:
    """A pose: family and seed of the rig, how far the body is turned (degrees, 90 = to the picture's right),
    what the arms do instead, and whether the whole is mirrored."""

    name: str
    about: str
    family: str
    seed: int
    yaw: float = 0.0
    arms: str = ""
    mirror: bool = False


ENTRIES = (
    Entry("stand", "stands, facing the camera, arms down", "stand", 2),
    Entry("stand-back", "stands, seen from behind", "stand", 5, 180),
    Entry("stand-left", "stands, facing the picture's left", "stand", 7, 86, mirror=True),
    Entry("stand-right", "stands, facing the picture's right", "stand", 7, 86),
    Entry("three-quarter-left", "stands, half turned to the picture's left", "stand", 11, -42),
    Entry("three-quarter-right", "stands, half turned to the picture's right", "stand", 12, 42),
    Entry("three-quarter-back", "stands, half turned away", "stand", 13, 140),
    Entry("contrapposto", "stands with the weight on one leg, a hand on one hip", "hip", 4, 10),
    Entry("walk", "walks towards the camera", "walk", 3, 12),
    Entry("walk-left", "walks to the picture's left", "walk", 8, 78, mirror=True),
    Entry("walk-right", "walks to the picture's right", "walk", 8, 78),
    Entry("walk-away", "walks away from the camera", "walk", 9, 168),
    Entry("step", "steps forward, half turned", "step", 4, 30),
    Entry("hands-on-hips", "both hands on the hips", "hips", 3),
    Entry("hands-on-hips-right", "both hands on the hips, half turned", "hips", 6, 35),
    Entry("hands-in-pockets", "both hands in the pockets", "pockets", 2, -8),
    Entry("hands-behind", "both hands behind the back", "behind", 2, 15),
    Entry("arms-crossed", "arms crossed over the chest", "crossed", 3, 5),
    Entry("arms-raised", "both arms raised", "raised", 3),
    Entry("arms-out", "both arms stretched out to the sides", "stand", 2, 0, "out"),
    Entry("hand-raised", "the hand at the picture's left raised high", "stand", 4, 0, "up"),
    Entry("wave", "waves with the hand at the picture's left", "stand", 6, -10, "wave"),
    Entry("hand-in-hair", "one hand at the head", "hair", 5, -15),
    Entry("reach", "reaches forward with one hand", "reach", 3, 50),
)


def set_arms(skeleton: Skeleton, arms: str) -> None:
    """Send the wrists to places beside and above the shoulders."""
    long = skeleton.arm_length
    sides = {"out": ("L", "R"), "up": ("R",), "wave": ("R",)}.get(arms, ())
    for side in sides:
        sign = 1.0 if side == "L" else -1.0
        shoulder = skeleton.at(f"upperarm01.{side}")
        offset = {"out": (0.99, 0.05, 0.02), "up": (0.12, 0.96, 0.1), "wave": (0.42, 0.62, 0.25)}[arms]
        target = shoulder + floats([sign * offset[0] * long, offset[1] * long, offset[2] * long])
        skeleton.arm(side, target, floats([sign, -0.6, -0.2]))
        skeleton.solve()


def make(entry: Entry) -> Pose:
    """Pose the figure, photograph it whole, drop the face points that the head hides."""
    person = identity(FIGURE)
    skeleton, _ = pose(person.figure, np.random.default_rng((entry.seed, 0x11B)), entry.family)
    set_arms(skeleton, entry.arms)
    whole = turn("y", float(np.radians(entry.yaw)))
    motion = np.einsum("ij,bjk->bik", whole, skeleton.motion()).astype(np.float32)
    mesh = person.mesh
    surface, _ = raster.skin(mesh.rest, mesh.normal, mesh.bones, mesh.weights, motion)
    lowest = surface[:, 1].min()
    points = joints(skeleton, person.figure) @ whole.T
    eye = floats([0, lowest + 0.55 * np.ptp(surface[:, 1]), DISTANCE])
    flat, outline = photograph(points, eye), photograph(surface, eye)
    low, high = outline.min(axis=0), outline.max(axis=0)
    scale = min(FILL * SIZE[0] / (high[1] - low[1]), WIDEST * SIZE[1] / (high[0] - low[0]))
    flat = (flat - (low + high) / 2) * scale + [(SIZE[1] - 1) / 2, (SIZE[0] - 1) / 2]
    flat[hidden_face(whole @ skeleton.rotation[skeleton.names["head"]])] = np.nan
    out = Pose(flat.astype(np.float32), SIZE).without_outside()
    return out.flipped() if entry.mirror else out


def photograph(points: Floats, eye: Floats) -> Floats:
    """x to the right and y down on a plane at distance 1."""
    way = points - eye
    return floats(np.stack([way[:, 0], -way[:, 1]], axis=1) / -way[:, 2:3])


def hidden_face(head: Floats) -> list[int]:
    """Which of nose, eyes and ears look away from the camera."""
    outward = {0: (0, 0, 1), 14: (-0.5, 0, 0.87), 15: (0.5, 0, 0.87), 16: (-1, 0, 0), 17: (1, 0, 0)}
    return [joint for joint, way in outward.items() if (head @ floats(way))[2] < (-0.1 if joint < 16 else -0.45)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "src/rsagan/people/library.json")
    parser.add_argument("--sheet", type=Path, help="also draw them all")
    arguments = parser.parse_args()
    made = {entry.name: (entry, make(entry)) for entry in ENTRIES}
    rows = [f"  {json.dumps(name)}: {json.dumps({'about': e.about} | to_json(p))}" for name, (e, p) in made.items()]
    text = '{"format": "rsagan-pose-library", "version": 1, "poses": {\n' + ",\n".join(rows) + "\n}}\n"
    arguments.out.write_text(text, encoding="utf-8")
    print(arguments.out, len(made), "poses")
    if arguments.sheet:
        pictures = [draw_pose(drawn) for _, drawn in made.values()]
        Image.fromarray(grid([pictures[i : i + 8] for i in range(0, len(pictures), 8)])).save(arguments.sheet)


if __name__ == "__main__":
    main()
