"""Make the built-in pose library from the rig of the synthetic people.

    python tools/make_pose_library.py            # writes src/rsagan/people/library.json
    python tools/make_pose_library.py --sheet docs/images/poses.png

Every pose is told limb by limb, as where a wrist is from its shoulder and an ankle from its hip; nothing is drawn by
chance, so the same rig gives the same file.
"""

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from rsagan.people import Picture, Pose, draw_pose, grid, to_json
from rsagan.synthetic import raster
from rsagan.synthetic.catalogue import identity
from rsagan.synthetic.mesh import Floats, floats
from rsagan.synthetic.scene import joints
from rsagan.synthetic.skeleton import Skeleton, bent, turn

SIZE = (256, 176)
FIGURE = 3
FILL, WIDEST = 0.88, 0.94
DISTANCE = 42.0  # dm from the camera
SHEET_COLUMNS, THUMBNAIL = 12, (160, 110)

Three = tuple[float, float, float]


@dataclass(frozen=True)
class Arm:
    """The wrist from its shoulder, out to the side, up and ahead of the chest, in arm lengths; and which way the elbow
    points."""

    wrist: Three
    elbow: Three = (0.35, 0.0, -1.0)


@dataclass(frozen=True)
class Leg:
    """The ankle from its hip, out to the side, up and ahead, in leg lengths; toes turned out and the foot tipped (toes
    down), in degrees."""

    ankle: Three
    toes: float = 8
    tip: float = 0


@dataclass(frozen=True)
class Body:
    """Degrees: pelvis turned to the person's left, tipped to their left and leaning forward; spine bent forward, to
    their left, twisted to their left; head looking to their left, nodding, tilted to their left."""

    pelvis: Three = (0, 0, 0)
    spine: Three = (0, 0, 0)
    head: Three = (0, 0, 0)


DOWN = Arm((0.14, -0.97, 0.08))
EASY = Arm((0.18, -0.93, 0.16))
SWUNG = Arm((0.1, -0.88, 0.36))
BACK = Arm((0.12, -0.9, -0.3))
HIP = Arm((0.08, -0.66, 0.05), (1, -0.1, -0.45))
POCKET = Arm((0.12, -0.84, 0.12), (0.8, 0, -0.8))
BEHIND = Arm((-0.24, -0.78, -0.28), (1, 0, -0.5))
LAP = Arm((-0.06, -0.74, 0.5), (0.8, -0.4, -0.5))
KNEE = Arm((0.0, -0.56, 0.72), (0.9, -0.6, -0.3))
CHIN = Arm((-0.24, 0.26, 0.4), (0.45, -1, 0.2))
CHEST = Arm((-0.22, -0.3, 0.36), (0.8, -0.8, 0))
FOLD_OVER = Arm((-0.5, -0.36, 0.36), (0.7, -0.9, 0.1))
FOLD_UNDER = Arm((-0.44, -0.43, 0.33), (0.7, -0.9, 0.1))
HAIR = Arm((-0.02, 0.56, -0.02), (1, 0.2, 0.3))
UP = Arm((0.08, 0.98, 0.06), (1, 0, 0.2))
SIDE = Arm((0.99, 0.03, 0.03), (0, -1, -0.3))
AHEAD = Arm((-0.02, -0.02, 0.98), (0.6, -1, 0))
WAVE = Arm((0.42, 0.56, 0.24), (1, -0.7, 0.1))
HIGH = Arm((0.5, 0.78, 0.12), (0.6, -0.6, -0.2))
GUARD = Arm((-0.16, 0.1, 0.46), (0.4, -1, 0))
SPRINT_FRONT = Arm((-0.12, -0.2, 0.56), (0.5, -0.9, -0.5))
SPRINT_BACK = Arm((0.18, -0.6, -0.34), (0.4, 0.3, -1))

STRAIGHT = Leg((0.05, -0.995, 0.0))
LOOSE = Leg((0.1, -0.975, 0.1), 18)
WIDE = Leg((0.18, -0.975, 0.0), 14)
STRIDE = Leg((-0.05, -0.955, 0.3), 0, -14)
PUSH = Leg((-0.05, -0.91, -0.32), 0, 30)
SIT = Leg((0.06, -0.52, 0.47), 8)
SIT_ROUND = Leg((0.06, -0.5, 0.44), 4)
KNEELED = Leg((0.03, -0.5, -0.47), 4, 60)


@dataclass(frozen=True)
class Entry:
    """A pose; `arms` and `legs` are the person's left, then right. `yaw` turns the body, 90 to the picture's right.

    A name with `*` stands for two: `right` as told, `left` its mirror image; so does `*` in `about`.
    """

    category: str
    name: str
    about: str
    yaw: float = 0
    arms: tuple[Arm, Arm] = (DOWN, DOWN)
    legs: tuple[Leg, Leg] = (STRAIGHT, STRAIGHT)
    body: Body = Body()


def walk(category: str, names: list[str], about: list[str], yaw: float) -> list[Entry]:
    """Phases of a stride, the left leg first: foot set down, weight taken, passing, pushed off; then the right's."""
    contact = (STRIDE, PUSH), (BACK, SWUNG), 7
    taken = (Leg((-0.04, -0.955, 0.17), 0), Leg((-0.04, -0.85, -0.36), 0, 48)), (Arm((0.13, -0.94, -0.17)), EASY), 4
    passing = (Leg((-0.03, -0.99, 0.0), 0), Leg((-0.03, -0.84, -0.14), 0, 30)), (DOWN, DOWN), 0
    off = (Leg((-0.04, -0.975, -0.15), 0, 8), Leg((-0.04, -0.86, 0.2), 0, -4)), (EASY, Arm((0.13, -0.94, -0.12))), -4
    out = []
    for k, name in enumerate(names):
        legs, arms, twist = (contact, taken, passing, off)[k % 4]
        if k >= 4:
            legs, arms, twist = legs[::-1], arms[::-1], -twist
        out.append(Entry(category, name, about[k % len(about)], yaw, arms, legs, Body((-twist, 0, 0), (2, 0, twist))))
    return out


CYCLE = ["sets the foot down", "takes the weight", "passes the other leg", "pushes off"]
E = Entry
ENTRIES = (
    # Standing: the views a catalogue shows, and neutral poses.
    E("standing", "stand", "stands, facing the camera, arms down", legs=(STRAIGHT, Leg((0.08, -0.985, 0.05), 16))),
    E("standing", "stand-back", "stands, seen from behind", 180),
    E("standing", "stand-*", "stands, facing the picture's *", 86, (EASY, DOWN), (STRAIGHT, LOOSE)),
    E("standing", "three-quarter-*", "stands, half turned to the picture's *", 42, (EASY, DOWN), (LOOSE, STRAIGHT)),
    E("standing", "three-quarter-back", "stands, half turned away, to the picture's right", 140, (EASY, DOWN),
      (STRAIGHT, LOOSE)),
    E("standing", "three-quarter-back-left", "stands, half turned away, to the picture's left", -140, (DOWN, EASY),
      (LOOSE, STRAIGHT)),
    E("standing", "feet-apart", "stands with the feet apart", arms=(EASY, EASY), legs=(WIDE, WIDE)),
    E("standing", "attention", "stands to attention", arms=(Arm((0.06, -0.99, 0.02)),) * 2,
      legs=(Leg((-0.05, -0.997, 0), 14),) * 2),
    E("standing", "a-pose", "stands with the arms slightly out",
      arms=(Arm((0.6, -0.78, 0.05), (0.3, 0.3, -1)),) * 2, legs=(WIDE, WIDE)),
    E("standing", "arms-out", "both arms stretched out to the sides", arms=(SIDE, SIDE)),
    E("standing", "legs-crossed", "stands with one foot crossed before the other", arms=(DOWN, POCKET),
      legs=(Leg((-0.18, -0.975, 0.1), 14), Leg((0.0, -0.99, -0.03))), body=Body((0, 2, 0), (0, -2, 0), (8, 0, 0))),
    E("standing", "lean-*", "leans to the picture's * on one straight arm", 0,
      (Arm((0.72, -0.6, 0.05), (0.2, 0.4, -1)), HIP), (Leg((-0.2, -0.97, 0)), Leg((-0.08, -0.96, 0.12), 20)),
      Body((0, -7, 0), (0, 3, 0), (10, 0, 4))),
    # Walking.
    *walk("walking", ["walk"], ["walks towards the camera"], 12),
    *walk("walking", ["walk-away"], ["walks away from the camera"], 168),
    E("walking", "walk-*", "walks to the picture's *", 78, (BACK, SWUNG), (STRIDE, PUSH), Body((-6, 0, 0), (2, 0, 6))),
    E("walking", "walk-three-quarter-*", "walks, half turned to the picture's *", 42, (BACK, SWUNG), (STRIDE, PUSH),
      Body((-6, 0, 0), (2, 0, 6))),
    E("walking", "step", "steps forward, half turned", 30, (SWUNG, DOWN),
      (Leg((0, -0.98, -0.1), 6), Leg((0, -0.965, 0.2), 4))),
    E("walking", "turn-round-*", "walks away and looks back over a shoulder, to the picture's *", 160,
      (EASY, DOWN), (Leg((-0.03, -0.97, 0.2), 0), Leg((-0.03, -0.94, -0.2), 0, 20)), Body((0, 0, 0), (0, 0, -20),
      (-52, 0, 0))),
    *walk("walk-cycle", [f"walk-cycle-{k + 1}" for k in range(8)],
          [f"walks to the picture's right: {phase}" for phase in CYCLE], 82),
    # Fashion.
    E("fashion", "contrapposto", "stands with the weight on one leg, a hand on one hip", 10, (HIP, EASY),
      (Leg((0.02, -0.995, 0)), Leg((0.16, -0.955, 0.14), 22)), Body((0, 7, 0), (0, -10, 4), (-8, 0, 3))),
    E("fashion", "hands-on-hips", "both hands on the hips", 0, (HIP, HIP), (WIDE, WIDE)),
    E("fashion", "hands-on-hips-right", "both hands on the hips, half turned", 35, (HIP, HIP), (WIDE, LOOSE)),
    E("fashion", "hand-on-hip-back", "seen from behind, a hand on one hip", 172, (HIP, DOWN), (STRAIGHT, LOOSE),
      Body((0, 4, 0), (0, -6, 0), (30, 0, 0))),
    E("fashion", "hands-in-pockets", "both hands in the pockets", -8, (POCKET, POCKET), (LOOSE, STRAIGHT)),
    E("fashion", "hand-in-pocket-*", "one hand in a pocket, half turned to the picture's *", 30, (POCKET, DOWN),
      (STRAIGHT, LOOSE), Body((0, 2, 0), (0, -3, 0), (-14, 0, 0))),
    E("fashion", "hands-behind", "both hands behind the back", 15, (BEHIND, BEHIND), (STRAIGHT, LOOSE)),
    E("fashion", "arms-crossed", "arms crossed over the chest", 5, (FOLD_OVER, FOLD_UNDER), (WIDE, STRAIGHT)),
    E("fashion", "arms-crossed-right", "arms crossed, half turned", 38, (FOLD_OVER, FOLD_UNDER), (LOOSE, STRAIGHT)),
    E("fashion", "hand-in-hair", "one hand at the head", -15, (HAIR, EASY), (STRAIGHT, LOOSE),
      Body((0, 3, 0), (0, -4, 0), (8, 0, -6))),
    E("fashion", "hands-in-hair", "both hands at the head", 8, (HAIR, HAIR), (LOOSE, STRAIGHT), Body((0, 3, 0),
      (-4, -4, 0))),
    E("fashion", "hand-at-chin", "thinks, one hand at the chin", -12, (FOLD_UNDER, CHIN), (STRAIGHT, LOOSE),
      Body((0, 0, 0), (3, 0, 0), (0, 8, 4))),
    E("fashion", "hand-on-collar", "holds the collar with one hand", 18, (CHEST, POCKET), (LOOSE, STRAIGHT),
      Body((0, 0, 0), (0, 0, 0), (-24, 0, 0))),
    E("fashion", "over-the-shoulder-*", "turned away, looks over a shoulder to the picture's *", 130, (EASY, DOWN),
      (STRAIGHT, LOOSE), Body((0, 0, 0), (0, 0, -20), (-55, 0, 0))),
    E("fashion", "catwalk", "walks down a catwalk, one foot before the other", 4, (BACK, SWUNG),
      (Leg((-0.12, -0.965, 0.24), 0, -8), Leg((-0.1, -0.93, -0.28), 0, 26)), Body((0, 5, 0), (-2, -7, 6))),
    E("fashion", "twirl", "turns on one foot, arms out", 28,
      (Arm((0.85, -0.4, 0.1), (0.2, 0.3, -1)), Arm((0.8, -0.5, -0.05), (0.2, 0.3, -1))),
      (Leg((0, -0.995, 0), 10, 12), Leg((0.06, -0.85, -0.16), 16, 40)), Body((0, 0, 0), (0, 5, 10), (16, 0, -6))),
    # Gestures.
    E("gesture", "wave", "waves with the hand at the picture's left", -8, (DOWN, WAVE), (STRAIGHT, LOOSE)),
    E("gesture", "hand-raised", "the hand at the picture's left raised high", 0, (DOWN, UP), (STRAIGHT, STRAIGHT)),
    E("gesture", "arms-raised", "both arms raised", 0, (HIGH, HIGH), (WIDE, WIDE)),
    E("gesture", "hands-up", "both hands up beside the head", 0,
      (Arm((0.34, 0.4, 0.2), (1, -0.8, 0)),) * 2, (STRAIGHT, STRAIGHT)),
    E("gesture", "point-*", "points to the picture's *", 0, (Arm((0.96, 0.16, 0.14), (0, -1, -0.3)), DOWN),
      (LOOSE, STRAIGHT),
      Body((0, 0, 0), (0, 0, 4), (35, 0, 0))),
    E("gesture", "reach", "reaches forward with one hand", 50, (AHEAD, EASY), (Leg((0, -0.96, 0.18), 6), STRAIGHT),
      Body((0, 0, 0), (6, 0, -6))),
    E("gesture", "shrug", "shrugs, palms up", 0, (Arm((0.38, -0.34, 0.5), (0.3, -1, -0.3)),) * 2, (LOOSE, STRAIGHT),
      Body((0, 0, 0), (0, 0, 0), (0, 0, 8))),
    E("gesture", "hands-together", "hands folded before the belly", 0, (Arm((-0.3, -0.66, 0.3),
      (0.9, -0.3, -0.3)),) * 2),
    E("gesture", "hand-on-heart", "one hand on the chest", 0, (DOWN, Arm((-0.5, -0.26, 0.36), (0.6, -1, 0.1))),
      (LOOSE, STRAIGHT)),
    E("gesture", "clap", "claps the hands", 12, (Arm((-0.3, -0.14, 0.62), (0.9, -0.7, -0.2)),) * 2, (STRAIGHT, LOOSE)),
    E("gesture", "telephone", "holds a telephone to the ear", -20, (POCKET, Arm((-0.08, 0.3, 0.2), (0.8, -1, 0.2))),
      (STRAIGHT, LOOSE), Body((0, 0, 0), (0, 0, 0), (6, 4, -6))),
    # Sport.
    E("sport", "run", "runs towards the camera", 8, (SPRINT_BACK, SPRINT_FRONT),
      (Leg((0, -0.62, 0.2), 0, 10), Leg((0, -0.8, -0.5), 0, 55)), Body((-8, 0, 8), (4, 0, 8), (0, -6, 0))),
    E("sport", "run-*", "runs to the picture's *", 80, (SPRINT_BACK, SPRINT_FRONT),
      (Leg((0, -0.66, 0.32), 0, 5), Leg((0, -0.78, -0.54), 0, 60)), Body((-8, 0, 10), (6, 0, 8), (0, -10, 0))),
    E("sport", "jog-*", "jogs to the picture's *, one shin folded back", 76, (SPRINT_FRONT, SPRINT_BACK),
      (Leg((0, -0.56, -0.36), 0, 80), Leg((0, -0.97, 0.06), 0, 10)), Body((6, 0, 5), (4, 0, -6), (0, -6, 0))),
    E("sport", "jump", "jumps with the arms up", 0, (HIGH, HIGH),
      (Leg((0.1, -0.88, -0.22), 10, 45), Leg((0.1, -0.76, -0.36), 10, 60)), Body((0, 0, 0), (-8, 0, 0), (0, -8, 0))),
    E("sport", "star-jump", "jumps with arms and legs wide", 0, (HIGH, HIGH), (Leg((0.4, -0.9, 0), 20, 40),) * 2),
    E("sport", "squat", "squats with the arms ahead", 30, (AHEAD, AHEAD), (Leg((0.16, -0.56, 0.12), 24),) * 2,
      Body((0, 0, 24), (6, 0, 0), (0, -20, 0))),
    E("sport", "lunge-*", "lunges to the picture's *", 70, (HIP, HIP),
      (Leg((0.02, -0.68, 0.46), 4), Leg((0.02, -0.66, -0.66), 0, 50))),
    E("sport", "side-lunge-*", "bends one knee out to the picture's *", 0, (CHEST, CHEST),
      (Leg((0.2, -0.66, 0.02), 40), Leg((0.72, -0.64, 0.02), 10)), Body((0, 0, 12), (4, 0, 0), (0, -10, 0))),
    E("sport", "boxing", "stands on guard", -32, (GUARD, Arm((-0.14, 0.08, 0.36), (0.4, -1, 0))),
      (Leg((0.1, -0.93, 0.2), 4), Leg((0.12, -0.92, -0.2), 30, 15)), Body((0, 0, 0), (8, 0, 6))),
    E("sport", "punch", "strikes straight ahead", 50, (Arm((-0.16, 0.04, 0.97), (0.7, -0.6, 0)), GUARD),
      (Leg((0.08, -0.9, 0.3), 4), Leg((0.1, -0.9, -0.3), 24, 20)), Body((-8, 0, 0), (8, 0, -12))),
    E("sport", "kick-*", "kicks to the picture's *", 70, (Arm((0.6, -0.5, -0.3), (0.3, 0, -1)), GUARD),
      (Leg((0, -0.99, 0.02), 6), Leg((0.04, -0.12, 0.97), 0, -40)), Body((0, 0, -14), (4, 0, 0), (0, 6, 0))),
    E("sport", "throw", "draws back to throw", 60, (Arm((0.2, 0.1, 0.94), (0.4, -1, 0)), Arm((0.62, 0.34, -0.3),
      (0.6, -1, -0.2))),
      (Leg((0.06, -0.93, 0.32), 4, -10), Leg((0.06, -0.94, -0.2), 24, 10)), Body((-10, 0, -6), (-6, 0, -20))),
    E("sport", "serve", "reaches up to serve a ball", 30, (Arm((0.1, 0.97, 0.16), (0.8, -0.2, -0.3)),
      Arm((0.56, 0.3, -0.34), (0.8, -0.4, -0.6))),
      (Leg((0.04, -0.96, 0.16), 6, 15), Leg((0.06, -0.95, -0.14), 20, 20)), Body((0, 0, -4), (-10, 0, -10),
      (0, -24, 0))),
    E("sport", "stretch-side", "stretches to one side, an arm over the head", 0, (UP, HIP), (WIDE, WIDE),
      Body((0, 4, 0), (0, -26, 0), (0, 0, -6))),
    E("sport", "stretch-up", "stretches both arms up", 0, (UP, UP), (STRAIGHT, STRAIGHT), Body((0, 0, 0), (-4, 0, 0))),
    E("sport", "tree", "stands on one leg, palms together above the head", 0,
      (Arm((-0.28, 0.9, 0.08), (1, 0, 0)),) * 2, (STRAIGHT, Leg((0.0, -0.56, 0.02), 75, 30))),
    E("sport", "warrior-*", "stands in a wide lunge to the picture's *, arms out", 0, (SIDE, SIDE),
      (Leg((0.34, -0.72, 0.04), 70), Leg((0.58, -0.78, 0), 20)), Body((0, 0, 0), (0, 0, 0), (55, 0, 0))),
    E("sport", "arabesque-*", "balances on one leg, the other stretched back, to the picture's *", 84,
      (Arm((0.2, 0.4, 0.88), (0.4, -1, 0)), Arm((0.75, 0.2, -0.4), (0.2, -1, 0))),
      (Leg((-0.04, -0.995, 0.02), 8), Leg((0.04, -0.3, -0.93), 10, 80)), Body((0, 0, 22), (-14, 0, 0), (0, -16, 0))),
    # Seated and low.
    E("seated", "sit", "sits, facing the camera, hands on the thighs", 0, (LAP, LAP), (SIT, SIT)),
    E("seated", "sit-*", "sits, facing the picture's *", 84, (LAP, LAP), (SIT, SIT)),
    E("seated", "sit-three-quarter-*", "sits, half turned to the picture's *", 42, (LAP, LAP), (SIT, SIT)),
    E("seated", "sit-back", "sits, seen from behind", 180, (LAP, LAP), (SIT, SIT)),
    E("seated", "sit-legs-crossed", "sits with one leg over the other", 36, (LAP, LAP),
      (SIT_ROUND, Leg((-0.2, -0.32, 0.56), 0, 20)), Body((0, 0, -4), (2, 0, 0))),
    E("seated", "sit-forward", "sits with the elbows on the knees", 24, (Arm((-0.24, -0.36, 0.66),
      (0.8, -1, 0.2)),) * 2,
      (Leg((0.16, -0.5, 0.46), 14),) * 2, Body((0, 0, 20), (18, 0, 0), (0, -24, 0))),
    E("seated", "sit-back-arms", "sits and leans back on the hands", 60, (Arm((0.3, -0.8, -0.44), (0.2, 0, -1)),) * 2,
      (Leg((0.04, -0.6, 0.62), 6, -10), SIT), Body((0, 0, -18), (6, 0, 0), (0, 8, 0))),
    E("seated", "sit-floor", "sits on the floor with the legs crossed", 8, (KNEE, KNEE),
      (Leg((-0.3, -0.08, 0.32), 70, 20), Leg((-0.24, -0.08, 0.36), 70, 20)), Body((0, 0, -4), (4, 0, 0))),
    E("seated", "kneel", "kneels on both knees", 30, (LAP, LAP), (KNEELED, KNEELED)),
    E("seated", "kneel-one-*", "kneels on one knee, facing the picture's *", 62, (KNEE, DOWN), (SIT_ROUND, KNEELED),
      Body((0, 0, 2), (4, 0, 0))),
    E("seated", "crouch", "crouches, arms on the knees", 32, (KNEE, KNEE), (Leg((0.12, -0.42, 0.08), 16, 10),) * 2,
      Body((0, 0, 16), (10, 0, 0), (0, -16, 0))),
)  # fmt: skip


def expanded(entry: Entry) -> list[tuple[Entry, bool]]:
    """An entry, or both of a pair, and whether it is the mirror image."""
    if "*" not in entry.name:
        return [(entry, False)]
    return [
        (replace(entry, name=entry.name.replace("*", side), about=entry.about.replace("*", side)), side == "left")
        for side in ("right", "left")
    ]


def posed(entry: Entry) -> Skeleton:
    """The library's figure in a pose, facing +z."""
    skeleton = Skeleton(identity(FIGURE).figure)
    (swing, tip, lean), (bow, side, twist) = np.radians(entry.body.pelvis), np.radians(entry.body.spine)
    look, nod, tilt = np.radians(entry.body.head)
    skeleton.set("root", bent(swing, -tip, lean))
    for bone in ("spine05", "spine04", "spine03", "spine02", "spine01"):
        skeleton.set(bone, bent(twist / 5, -side / 5, bow / 5))
    for bone in ("neck01", "neck02", "neck03", "head"):
        skeleton.set(bone, bent(look / 4, -tilt / 4, nod / 4))
    for which, arm in zip("LR", entry.arms, strict=True):
        # Above the shoulder an arm takes the collarbone with it.
        lift = -0.08 + 0.35 * max(0.0, arm.wrist[1]) + 0.1 * max(0.0, arm.wrist[0] - 0.5)
        for bone, share in (("clavicle", 1.0), ("shoulder01", 1.5)):
            skeleton.set(f"{bone}.{which}", turn("z", (share if which == "L" else -share) * lift))
    skeleton.solve()
    for which, sign, leg in zip("LR", (1.0, -1.0), entry.legs, strict=True):
        hip = skeleton.at(f"upperleg01.{which}")
        ankle = hip + floats([sign * leg.ankle[0], *leg.ankle[1:]]) * np.float32(skeleton.leg_length)
        skeleton.leg(which, ankle, sign * float(np.radians(leg.toes)), float(np.radians(leg.tip)))
    chest = skeleton.rotation[skeleton.names["spine01"]]
    for which, sign, arm in zip("LR", (1.0, -1.0), entry.arms, strict=True):
        shoulder = skeleton.at(f"upperarm01.{which}")
        way = floats([sign * arm.wrist[0], *arm.wrist[1:]]) * np.float32(skeleton.arm_length)
        skeleton.arm(which, shoulder + chest @ way, chest @ floats([sign * arm.elbow[0], *arm.elbow[1:]]))
    skeleton.solve()
    return skeleton


def make(entry: Entry, mirror: bool) -> Pose:
    """Pose the figure, photograph it whole, drop the face points that the head hides."""
    person, skeleton = identity(FIGURE), posed(entry)
    whole = turn("y", float(np.radians(entry.yaw)))
    motion = np.einsum("ij,bjk->bik", whole, skeleton.motion()).astype(np.float32)
    mesh = person.mesh
    surface, _ = raster.skin(mesh.rest, mesh.normal, mesh.bones, mesh.weights, motion)
    points = joints(skeleton, person.figure) @ whole.T
    eye = floats([0, surface[:, 1].min() + 0.55 * np.ptp(surface[:, 1]), DISTANCE])
    flat, outline = photograph(points, eye), photograph(surface, eye)
    low, high = outline.min(axis=0), outline.max(axis=0)
    scale = min(FILL * SIZE[0] / (high[1] - low[1]), WIDEST * SIZE[1] / (high[0] - low[0]))
    flat = (flat - (low + high) / 2) * scale + [(SIZE[1] - 1) / 2, (SIZE[0] - 1) / 2]
    flat[hidden_face(whole @ skeleton.rotation[skeleton.names["head"]])] = np.nan
    out = Pose(flat.astype(np.float32), SIZE).without_outside()
    return out.flipped() if mirror else out


def photograph(points: Floats, eye: Floats) -> Floats:
    """x to the right and y down on a plane at distance 1."""
    way = points - eye
    return floats(np.stack([way[:, 0], -way[:, 1]], axis=1) / -way[:, 2:3])


def hidden_face(head: Floats) -> list[int]:
    """Which of nose, eyes and ears look away from the camera."""
    outward = {0: (0, 0, 1), 14: (-0.5, 0, 0.87), 15: (0.5, 0, 0.87), 16: (-1, 0, 0), 17: (1, 0, 0)}
    return [joint for joint, way in outward.items() if (head @ floats(way))[2] < (-0.1 if joint < 16 else -0.45)]


def labelled(name: str, pose: Pose) -> Picture:
    """A thumbnail with the pose's name below."""
    drawn = Image.fromarray(draw_pose(pose.resized(THUMBNAIL)))
    page = Image.new("RGB", (drawn.width, drawn.height + 12), "white")
    page.paste(drawn)
    font = ImageFont.load_default(9)
    ImageDraw.Draw(page).text((drawn.width // 2, drawn.height), name, fill="black", anchor="ma", font=font)
    return np.asarray(page)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "src/rsagan/people/library.json")
    parser.add_argument("--sheet", type=Path, help="also draw them all")
    arguments = parser.parse_args()
    made = [(entry, make(entry, mirror)) for told in ENTRIES for entry, mirror in expanded(told)]
    rows = [
        f"  {json.dumps(e.name)}: {json.dumps({'category': e.category, 'about': e.about} | to_json(pose))}"
        for e, pose in made
    ]
    text = '{"format": "rsagan-pose-library", "version": 2, "poses": {\n' + ",\n".join(rows) + "\n}}\n"
    arguments.out.write_text(text, encoding="utf-8")
    print(arguments.out, len(made), "poses")
    if arguments.sheet:
        pictures = [labelled(entry.name, pose) for entry, pose in made]
        columns = SHEET_COLUMNS
        Image.fromarray(grid([pictures[i : i + columns] for i in range(0, len(pictures), columns)])).save(
            arguments.sheet
        )


if __name__ == "__main__":
    main()
