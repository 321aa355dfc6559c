"""Where BlazePose sets joints, and where they are: `python benchmarks/joints.py DATA [--people N] [--out FILE]`.

DATA is a prepared folder of synthetic people, whose joints are known (`rsagan synthesize`). For each joint the median
by which it is found lower than it is (in torsos, from the neck to the middle of the hips), and its median distance from
where it is, as found and after `rsagan.photo.joints.as_rendered`; of people who face the camera or stand aside.
"""

import argparse
from pathlib import Path

import numpy as np

from reports import tell
from rsagan.data.prepared import PreparedFolder
from rsagan.people import JOINTS, Pose
from rsagan.people.pose import NECK
from rsagan.people.retarget import middle_of_hips
from rsagan.photo.agreement import ESTIMATOR, estimate
from rsagan.photo.joints import as_rendered

BACK = 110.0  # degrees that a body is turned away, from which only its back is seen


def off(found: Pose, true: Pose) -> np.ndarray:
    """By how much joints (18, 2) are found to the right and lower, in torsos; NaN if they are missing."""
    down = middle_of_hips(true.points) - true.points[NECK]
    torso = float(np.linalg.norm(down))
    down = down / torso
    away = found.points - true.points
    return np.stack([away[:, 0] * down[1] - away[:, 1] * down[0], away @ down], 1) / torso


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    folder = PreparedFolder(arguments.data)
    people = sorted({entry.identity for entry in folder.entries})[: arguments.people]
    rows, ears = [], []
    for number, entry in enumerate(folder.entries):
        if entry.identity not in people or entry.yaw is None or abs(entry.yaw) > BACK:
            continue
        true = Pose(entry.points, folder.size)
        found = estimate(folder.picture(number))
        if found.usable() is None:
            rows.append([off(found, true), off(as_rendered(found), true)])
            ears.append([np.linalg.norm(np.subtract(*pose.points[[16, 17]])) for pose in (found, true)])
    before, after = np.array(rows).swapaxes(0, 1)
    breadths = np.array(ears)
    far = [np.nanmedian(np.linalg.norm(each, axis=2), axis=0) for each in (before, after)]
    joints = {
        name: {
            "lower": round(float(np.nanmedian(before[:, k, 1])), 3),
            "off": round(float(far[0][k]), 3),
            "off, moved": round(float(far[1][k]), 3),
        }
        for k, name in enumerate(JOINTS)
    }
    apart = float(np.nanmedian(breadths[:, 1] / np.maximum(breadths[:, 0], 1)))
    about = {"estimator": ESTIMATOR, "data": folder.manifest.get("plan"), "pictures": len(rows)}
    tell({**about, "joints": joints, "true distance of the ears by the found one": round(apart, 3)}, arguments.out)


if __name__ == "__main__":
    main()
