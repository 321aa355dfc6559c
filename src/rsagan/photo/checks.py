"""Is a detection a person, and how much of them is in the photo?

BlazePose believes in table legs; these are plain geometric second opinions.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from rsagan.photo.landmarks import Detection

MIN_HEIGHT: Final = 48  # pixels; below this there is nothing to paint from
FACE: Final = slice(0, 11)
SHOULDERS: Final = [11, 12]
HIPS: Final = [23, 24]
KNEES: Final = [25, 26]
ANKLES: Final = [27, 28]
_LIMBS: Final = ((11, 13), (13, 15), (12, 14), (14, 16), (23, 25), (25, 27), (24, 26), (26, 28))

_FLAG = 0.6
_SURE_FLAG, _SURE_SCORE = 0.9, 0.55  # a weak detector needs a sure landmark network
_MASK_SHARE = (0.02, 0.6)  # of the square round the body
_IN_MASK = 0.7  # share of the visible landmarks that must lie in (or a step beside) the outline
_LONGEST_LIMB = 1.9  # upper arm, forearm, thigh or shin, over the torso (or what a torso of that height would be)
_HEAD = (0.1, 1.3)  # nose to shoulders' middle, over the torso


def doubt(person: Detection) -> str | None:
    """None if the detection looks human, else the first reason why not, as part of a sentence."""
    if person.flag < _FLAG or (person.score < _SURE_SCORE and person.flag < _SURE_FLAG):
        return "the joint network itself does not believe in it"
    if not _MASK_SHARE[0] < float((person.mask_logits > 0).mean()) < _MASK_SHARE[1]:
        return "its outline is not that of a body"
    if person.visibility[FACE].mean() < 0.5 and person.points[0, 1] > 0:
        return "it has no head"
    torso = person.torso
    seen = person.visibility > 0.5
    if torso < 1 or not (seen[SHOULDERS].any() or seen[HIPS].any()):
        return "it has no torso"
    for a, b in _LIMBS:
        length = np.linalg.norm(person.points[a] - person.points[b])
        if seen[a] and seen[b] and length > _LONGEST_LIMB * max(torso, 0.22 * person.height):
            return "its limbs are too long for its torso"
    head = float(np.linalg.norm(person.points[0] - person.points[SHOULDERS].mean(axis=0)))
    if not _HEAD[0] * torso < head < _HEAD[1] * torso:
        return "its head does not fit its torso"
    if _share_in_mask(person) < _IN_MASK:
        return "its joints lie outside its outline"
    return None


def visible_part(person: Detection) -> str | None:
    """None for a whole body, else what is seen of it, as `head to hips`."""
    parts = {"head": [0, 7, 8], "shoulders": SHOULDERS, "hips": HIPS, "knees": KNEES, "ankles": ANKLES}
    seen = [name for name, at in parts.items() if inside(person, at)]
    first = seen[0] if seen else "chest"
    last = seen[-1] if seen and seen[-1] in ("hips", "knees", "ankles") else "chest"
    if (first, last) == ("head", "ankles"):
        return None
    return first if first == last else f"{first} to {last}"


def inside(person: Detection, landmarks: list[int]) -> bool:
    """Whether at least one of these landmarks lies in the photo."""
    x, y = person.points[landmarks].T
    height, width = person.photo_size
    return bool(((x >= 0) & (x < width) & (y >= 0) & (y < height) & (person.presence[landmarks] > 0.5)).any())


def _share_in_mask(person: Detection) -> float:
    import cv2

    matrix = person.roi.matrix()
    inverse = np.linalg.inv(matrix[:, :2])
    side = person.mask_logits.shape[0]
    seen = person.visibility > 0.5
    at: NDArray[np.intp] = np.asarray(
        np.rint((person.points[seen] + 0.5 - matrix[:, 2]) @ inverse.T * side - 0.5), np.intp
    )
    at = at[((at >= 0) & (at < side)).all(axis=1)]
    if not len(at):
        return 0.0
    grown = cv2.dilate((person.mask_logits > 0).astype(np.uint8), np.ones((13, 13), np.uint8))
    return float(grown[at[:, 1], at[:, 0]].mean())
