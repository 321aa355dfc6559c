"""Where BlazePose sets joints, and where they are: `python benchmarks/joints.py DATA [--people N] [--out FILE]`.

DATA is a prepared folder of synthetic people, whose joints are known (`rsagan synthesize`). For each joint the median
by which it is found lower than it is (in torsos, from the neck to the middle of the hips), and its median distance from
where it is, as found and after `rsagan.photo.joints.as_rendered`; of people who face the camera or stand aside. And by
how much hips are found too low, before and after, by how long the legs of those who stand come out (in torsos): short
ones are seen from above.
"""

import argparse
import itertools
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
STRAIGHT = 25.0  # degrees that a knee may be bent
LEGS = (0.0, 1.1, 1.2, 1.3, 1.4, 1.5, 9.9)  # torsos


def off(found: Pose, true: Pose) -> np.ndarray:
    """By how much joints (18, 2) are found to the right and lower, in torsos; NaN if they are missing."""
    down = middle_of_hips(true.points) - true.points[NECK]
    torso = float(np.linalg.norm(down))
    down = down / torso
    away = found.points - true.points
    return np.stack([away[:, 0] * down[1] - away[:, 1] * down[0], away @ down], 1) / torso


def legs(pose: Pose) -> float:
    """The longer of the straight legs, in torsos; NaN if none is straight."""
    points = pose.points
    torso = np.linalg.norm(middle_of_hips(points) - points[NECK])
    found = [np.nan]
    for hip, knee, ankle in ((8, 9, 10), (11, 12, 13)):
        thigh, shin = points[knee] - points[hip], points[ankle] - points[knee]
        lengths = np.linalg.norm([thigh, shin], axis=1)
        if thigh @ shin > np.cos(np.radians(STRAIGHT)) * lengths.prod():
            found.append(float(lengths.sum() / torso))
    return float(np.nanmax(found)) if np.isfinite(found).any() else np.nan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    folder = PreparedFolder(arguments.data)
    people = sorted({entry.identity for entry in folder.entries})[: arguments.people]
    rows, ears, long, hips = [], [], [], []
    for number, entry in enumerate(folder.entries):
        if entry.identity not in people or entry.yaw is None:
            continue
        true = Pose(entry.points, folder.size)
        found = estimate(folder.picture(number))
        both = [off(found, true), off(as_rendered(found), true)]
        if found.usable() is None:
            long.append(legs(found))
            hips.append([each[[8, 11], 1].mean() for each in both])
        if found.usable() is None and abs(entry.yaw) <= BACK:
            rows.append(both)
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
    length, low = np.array(long), np.array(hips)
    shares = {}
    for least, most in itertools.pairwise(LEGS):
        here = (length >= least) & (length < most) & ~np.isnan(low).any(1)
        if here.any():
            medians = np.median(low[here], axis=0).astype(float).round(3).tolist()
            named = dict(zip(("lower", "lower, moved"), medians, strict=True))
            shares[f"{least:g} to {most:g}"] = {"pictures": int(here.sum()), **named}
    about = {"estimator": ESTIMATOR, "data": folder.manifest.get("plan"), "pictures": len(rows)}
    tell(
        {
            **about,
            "joints": joints,
            "true distance of the ears by the found one": round(apart, 3),
            "hips by the length of straight legs": shares,
        },
        arguments.out,
    )


if __name__ == "__main__":
    main()
