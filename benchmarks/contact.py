"""Who is found in all free clips, and which way they face: `RSAGAN_CLIPS=FOLDER python benchmarks/contact.py [STEP]`.

tests/photo/labels/contact.json says what each stretch of each clip shows (nobody, a whole person, a half one), which
way that person faces and, where there are two, where about they are. Every STEP-th frame is judged (3 by default).
"""

from collections import Counter

import numpy as np
import tyro

import clips
from rsagan.errors import InputError
from rsagan.photo import analyse

STANDING = [1, 2, 5, 8, 9, 10, 11, 12, 13]  # neck, shoulders, hips, knees, ankles: hands may be hidden
ENOUGH = 8  # of these nine
RIGHT = ("joints right", "facing right", "nobody, right")  # of the verdicts
REACH = 150  # pixels that the middle of shoulders and hips may lie off the place in the list


def main(step: int = 3, /) -> None:
    """Print the counts for each kind of stretch, and the frames that went wrong."""
    here = clips.stretches()
    if not here:
        print("Skipped: RSAGAN_CLIPS names no folder with the clips.")
        return
    counts: Counter[str] = Counter()
    wrong = []
    for clip in sorted({row["clip"] for row in here}):
        stretches = [row for row in here if row["clip"] == clip]
        for number, photo in clips.frames(clip):
            for row in stretches:
                if row["first"] <= number <= row["last"] and (number - row["first"]) % step == 0:
                    verdict = judged(photo, row, number)
                    counts.update([f"{row['shows']}: frames", *(f"{row['shows']}: {v}" for v in verdict)])
                    wrong += [f"{clip} {number}: {v}" for v in verdict if v not in RIGHT]
    for name, count in sorted(counts.items()):
        print(f"{name}: {count}")
    print("\n".join(wrong))


def judged(photo: np.ndarray, row: dict, number: int) -> list[str]:
    """What is right or wrong about one frame."""
    place = clips.place_of(row, number)
    try:
        found = analyse(photo, person=place)
    except InputError as error:
        return ["nobody, right"] if row["shows"] == "nobody" else [f"not found ({str(error).split(';')[0]})"]
    if row["shows"] == "nobody":
        return ["a false person"]
    pose = found.person.pose
    joints = int(pose.present[STANDING].sum())
    out = ["joints right" if joints >= ENOUGH or row["shows"] == "half" else f"only {joints} joints"]
    if place is not None:
        middle = np.nanmean(found.fit.pose_to_photo(pose).points[[2, 5, 8, 11]], axis=0)
        if np.abs(middle - place).max() > REACH:
            return ["somebody else found"]
    right = pose.facing == row["facing"]
    return [*out, "facing right" if right else f"facing {pose.facing}, not {row['facing']}"]


if __name__ == "__main__":
    tyro.cli(main)
