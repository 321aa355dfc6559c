"""What stands behind a result: the photo's own background with the person taken out, or another picture.

A result is painted on the plain backdrop; through the person's soft outline it is laid on a scene.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rsagan.people import Fit, Picture, fit_box
from rsagan.photo.analyse import BACKDROP
from rsagan.photo.edges import unmixed

_GROWN = 0.025  # of the body's frame: the hole reaches that far beyond the outline, over its blurred edge and shadow
_INSIDE, _OUTSIDE = 0.7, 0.4  # outline at which a pixel is all person, none
_SEARCHED = 16_000  # pixels of a hole that pieces are searched for; a larger one is filled in a smaller picture
_LONGEST = 600  # pixels of that picture's longer side: OpenCV would reduce a larger one itself, and blur it
_MOST_HIDDEN = 0.9  # of a picture, if pieces are to be searched in what is left
_ROUGH = 2.3  # what differs less from its neighbours, in 0..255, is filled smoothly: of a wall, pieces would show
_NEAR = 31  # pixels, twice how far from the hole that is measured
_SEAM = 1.5  # pixels of that picture, the width of the seam round the hole
_UNLIKE = 60  # what differs more from the backdrop, in 0..255, is not painted where there is nobody:
_LIKELY = 0.2  # there so much outline is a person
_MOSTLY = 1.5  # clothes vary: a pixel that is two thirds person by its colour is all person
_SOME = 0.05  # outline below which nothing is person, whatever its colour


@dataclass(frozen=True, eq=False)
class Scene:
    """A background, and where the person's frame lies in it.

    Attributes:
        picture: uint8 (H, W, 3) RGB, nobody in it.
        fit: from the scene (as photo) to the person's frame.
    """

    picture: Picture
    fit: Fit

    def show(self, painted: Picture, outline: NDArray[np.float32]) -> Picture:
        """The scene with the person in it: uint8, as large as the scene.

        Args:
            painted: uint8 (h, w, 3), the person's frame, painted on the plain backdrop.
            outline: float32 (h, w), 0..1, how much of each pixel is person.
        """
        layer = self._placed(_cut_out(painted, outline))
        out = layer[..., :3] + self.picture * (1 - layer[..., 3:])
        return np.asarray(np.clip(out + 0.5, 0, 255), np.uint8)

    def _placed(self, layer: NDArray[np.float32]) -> NDArray[np.float32]:
        scale, (x, y) = 1 / self.fit.scale, self.fit.offset
        if scale < 1:  # shrunk: take out first what the smaller picture cannot show
            layer = np.asarray(cv2.GaussianBlur(layer, (0, 0), 0.4 / scale), np.float32)
        # Fit counts from pixel edges, OpenCV from centres.
        matrix = np.array([[scale, 0, (0.5 - x) * scale - 0.5], [0, scale, (0.5 - y) * scale - 0.5]])
        size = (self.picture.shape[1], self.picture.shape[0])
        return np.asarray(cv2.warpAffine(layer, matrix, size, flags=cv2.INTER_LINEAR, borderValue=0), np.float32)


def photo_scene(photo: Picture, fit: Fit, outline: NDArray[np.float32]) -> Scene:
    """The photo without the person, as large as the person's frame has them but never larger than it was.

    Args:
        photo: uint8 (H, W, 3). fit: from the photo to the person's frame.
        outline: float32, the person's soft outline in that frame.
    """
    scale = min(1.0, fit.scale)
    size = (max(1, round(photo.shape[0] * scale)), max(1, round(photo.shape[1] * scale)))
    picture = np.asarray(cv2.resize(photo, size[::-1], interpolation=cv2.INTER_AREA), np.uint8)
    scene = Scene(picture, Fit(fit.scale * max(photo.shape[:2]) / max(size), fit.offset, size, fit.frame_size))
    seen = scene._placed(np.ascontiguousarray(outline[..., None]))
    reach = 2 * round(_GROWN * fit.frame_size[0] / scene.fit.scale) + 1
    hole = cv2.dilate((seen.reshape(size) > 0.1).astype(np.uint8), np.ones((reach, reach), np.uint8))
    return Scene(_filled(picture, hole), scene.fit)


def _filled(picture: Picture, hole: NDArray[np.uint8]) -> Picture:
    """The picture with a hole (1, else 0) filled by what lies round it."""
    x, y, width, height = cv2.boundingRect(hole)
    if not width:
        return picture
    margin = max(_NEAR, 3 * max(width, height) // 4)
    near = (slice(max(0, y - margin), y + height + margin), slice(max(0, x - margin), x + width + margin))
    filled = picture.copy()
    filled[near] = _patched(np.ascontiguousarray(picture[near]), np.ascontiguousarray(hole[near]))
    return filled


def _patched(picture: Picture, hole: NDArray[np.uint8]) -> Picture:
    """A hole filled smoothly, or by pieces of the picture where it is rough round it."""
    size = picture.shape[1::-1]
    scale = min(1.0, (_SEARCHED / int(hole.sum())) ** 0.5, _LONGEST / max(size))
    small = (max(1, round(scale * size[0])), max(1, round(scale * size[1])))
    known = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
    unknown = (cv2.resize(hole.astype(np.float32), small, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
    # Without its contrib modules OpenCV has no search.
    searchable = hasattr(cv2, "xphoto") and unknown.mean() < _MOST_HIDDEN
    if not searchable or _roughness(known, unknown) < _ROUGH:
        return np.asarray(cv2.inpaint(picture, hole, 3, cv2.INPAINT_TELEA), np.uint8)
    known = cv2.cvtColor(known, cv2.COLOR_RGB2LAB)
    found = np.zeros_like(known)
    cv2.setRNGSeed(0)
    cv2.xphoto.inpaint(known, 255 * (1 - unknown), found, cv2.xphoto.INPAINT_SHIFTMAP)
    lost = (found == 0).all(axis=2).astype(np.uint8)  # no colour of Lab is that: nothing fitted
    found = cv2.inpaint(cv2.cvtColor(found, cv2.COLOR_LAB2RGB), lost, 3, cv2.INPAINT_TELEA)
    found = cv2.resize(found, size, interpolation=cv2.INTER_CUBIC).astype(np.float32)
    # Beyond the hole's edge both show the same: a soft seam costs nothing there.
    reach = 2 * round(_SEAM / scale) + 1
    soft = cv2.blur(cv2.dilate(hole, np.ones((reach, reach), np.uint8)).astype(np.float32), (reach, reach))
    blended = picture + soft[..., None] * (found - picture)
    return np.asarray(np.clip(blended + 0.5, 0, 255), np.uint8)


def _roughness(picture: Picture, hole: NDArray[np.uint8]) -> float:
    """How much the pixels round a hole differ from their neighbours, in 0..255."""
    near = (cv2.dilate(hole, np.ones((_NEAR, _NEAR), np.uint8)) > 0) & (hole == 0)
    apart = np.abs(picture.astype(np.float32) - cv2.blur(picture, (3, 3)))
    # The blur of what lies next to the hole has the person in it.
    near &= cv2.dilate(hole, np.ones((3, 3), np.uint8)) == 0
    return float(apart[near].mean()) if near.any() else 0.0


def other_scene(picture: Picture, frame: tuple[int, int]) -> Scene:
    """Another picture as background of a frame (height, width): cut to its shape round the middle, never stretched."""
    height, width = picture.shape[:2]
    scale = max(frame[0] / height, frame[1] / width)
    half = (frame[0] / scale / 2, frame[1] / scale / 2)
    box = (width / 2 - half[1], height / 2 - half[0], width / 2 + half[1], height / 2 + half[0])
    behind = fit_box(box, (height, width), frame).picture_to_frame(picture)
    return Scene(behind, Fit(1.0, (0.0, 0.0), frame, frame))


def _cut_out(painted: Picture, outline: NDArray[np.float32]) -> NDArray[np.float32]:
    """A painted person without the backdrop: float32 (h, w, 4), colours times share in 0..255, and the share in 0..1.

    The outline says how much of a pixel is person where the colours cannot: of people as pale as the backdrop.
    """
    picture, backdrop = painted.astype(np.float32), np.array(BACKDROP, np.float32)
    unlike = np.linalg.norm(picture - backdrop, axis=2) > _UNLIKE
    person, share, told = unmixed(picture, (outline > 0.5) | ((outline > _LIKELY) & unlike), backdrop)
    share = np.clip(_MOSTLY * share, 0, 1) * (outline[..., None] > _SOME)
    drawn = np.clip((outline - _OUTSIDE) / (_INSIDE - _OUTSIDE), 0, 1)[..., None]
    share = drawn + told * (share - drawn)
    return np.asarray(np.concatenate([person * share, share], axis=2), np.float32)
