"""Six synthetic people, each in six poses: `python examples/synthetic_people.py OUT`.

The people are new to the weights: their seeds lie far from those of the training data. Writes OUT/grid.png, a row a
person: the source, then the six results; the first row shows the target skeletons.
"""

from pathlib import Path

import tyro

from rsagan.people import AI_NOTICE, Person, Pose, draw_pose, grid, library, write_png
from rsagan.synthetic import identity, render_view
from rsagan.transfer import load

POSES = ("stand", "hands-on-hips", "walk-left", "three-quarter-right", "stand-left", "stand-back")
SEEDS = range(900_000_001, 900_000_007)
SIZE = (256, 176)


def main(out: Path, /) -> None:
    """Write the grid."""
    model = load()
    poses = [library.load(name) for name in POSES]
    rows = [[draw_pose(Pose(pose.points, SIZE)) for pose in poses]]
    for seed in SEEDS:
        view = render_view(identity(seed), view_seed=1, size=SIZE)
        person = Person(view.picture, Pose(view.points, SIZE), view.parsing)
        subject = model.prepare(person)
        rows.append([person.picture, *(subject.pose(pose).picture for pose in poses)])
    rows[0].insert(0, rows[1][0] * 0 + 255)
    write_png(out / "grid.png", grid(rows), AI_NOTICE)


if __name__ == "__main__":
    tyro.cli(main)
