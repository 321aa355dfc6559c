"""How much a still person flickers in a clip, before and after the poses are smoothed.

    python benchmarks/flicker.py [--out docs/results/flicker.json]

A bundled photo is made into a clip of a person who does not move, with a camera's noise and a trembling of less than a
pixel; the joint estimator's jitter on it is real. The same poses drive another bundled person raw and smoothed. Flicker
is the mean absolute second difference over time: of joints in pixels of a 256 x 176 frame, of the painted person in
8-bit levels.
"""

import argparse
import platform
from pathlib import Path

import numpy as np

import reports
from rsagan import __version__
from rsagan.people import Fit, Picture, Pose, read_picture, smoothed
from rsagan.people.motion import SMOOTHING, flicker
from rsagan.photo import analyse, clip_poses
from rsagan.transfer import Subject, load, shipped_weights

SAMPLES = Path(__file__).parent.parent / "src" / "rsagan" / "samples"
FPS = 25.0
SIGMAS = (0.0, SMOOTHING / 2, SMOOTHING, 2 * SMOOTHING)


def still_clip(photo: Picture, frames: int, noise: float = 4.0, tremble: float = 0.4) -> list[Picture]:
    """The photo again and again, shifted by up to `tremble` pixels, with Gaussian noise of `noise` levels."""
    random = np.random.default_rng(0)
    height, width = photo.shape[:2]
    out = []
    for _ in range(frames):
        x, y = random.uniform(-tremble, tremble, 2)
        moved = Fit(1.0, (x, y), (height, width), (height, width)).picture_to_frame(photo)
        out.append(np.clip(moved + random.normal(0, noise, moved.shape) + 0.5, 0, 255).astype(np.uint8))
    return out


def measure(subject: Subject, poses: list[Pose]) -> dict[str, float]:
    """Flicker of the joints and of the painted person."""
    results = list(subject.animate(poses))
    joints = flicker([result.pose.points for result in results])
    person = np.mean([result.outline for result in results if result.outline is not None], axis=0) > 0.5
    levels = flicker([result.picture[person] for result in results])
    return {"joints": round(joints, 3), "picture": round(levels, 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=25)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    poses = clip_poses(still_clip(read_picture(SAMPLES / "man-standing.jpg"), arguments.frames))
    person = analyse(read_picture(SAMPLES / "woman-walking.jpg"), plain_background=True).person
    subject = load().prepare(person)
    raw = [pose for pose in poses if pose is not None]
    rows = {"unsmoothed": measure(subject, raw)}
    for sigma in SIGMAS:
        rows[f"{sigma:g} s"] = measure(subject, smoothed(poses, FPS, sigma))
    report = {
        "frames": arguments.frames,
        "fps": FPS,
        "weights": shipped_weights().stem,
        "rsagan": __version__,
        "python": platform.python_version(),
        "flicker": rows,
    }
    reports.tell(report, arguments.out)


if __name__ == "__main__":
    main()
