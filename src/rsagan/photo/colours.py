"""A person's own colours on a result: what the network paints anew drifts towards the colours it was trained on."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rsagan.people import NUM_REGIONS, Parsing, Person, Picture, Region
from rsagan.photo.head import Parts

Floats = NDArray[np.float32]

_LEAST: Final = 1 / 400  # of the frame: of less, a mean says little
_EDGE: Final = 1 / 256  # of the height, a pixel of what is painted: so far borders are left out, and so soft are they


def own_colours(people: Sequence[Person]) -> Floats:
    """The mean colour of each region in pictures of one person, CIE L*a*b*, float32 (8, 3); NaN where little is shown.

    Args:
        people: the pictures, each of any size.
    """
    weights, sums = np.zeros(NUM_REGIONS), np.zeros((NUM_REGIONS, 3))
    for person in people:
        shares, means = _means(lab(person.picture), person.parsing)
        known = shares > 0
        weights += shares
        sums[known] += shares[known, None] * means[known]
    with np.errstate(invalid="ignore"):
        return np.where(weights[:, None] >= _LEAST, sums / weights[:, None], np.nan).astype(np.float32)


def with_own_colours(painted: Parts, colours: Floats) -> Parts:
    """A result whose regions are, in the mean, of the person's own colours; folds, prints and shadows stay.

    Args:
        painted: the result.
        colours: of `own_colours`. Regions that are not known there, or hardly seen in the result, stay as painted.
    """
    import cv2

    height = len(painted.parsing)
    colour = lab(painted.picture)
    shares, means = _means(colour, painted.parsing)
    shift = np.zeros_like(colour)
    for region in Region:
        if region == Region.BACKGROUND or shares[region] < _LEAST or np.isnan(colours[region]).any():
            continue
        there = (painted.parsing == region).astype(np.float32)
        shift += cv2.GaussianBlur(there, (0, 0), _EDGE * height)[..., None] * (colours[region] - means[region])
    changed = cv2.cvtColor(colour + shift, cv2.COLOR_Lab2RGB)
    return painted._replace(picture=np.asarray(np.clip(255 * changed + 0.5, 0, 255), np.uint8))


def _means(colour: Floats, parsing: Parsing) -> tuple[NDArray[np.float64], Floats]:
    """How much of the frame each region takes within its borders (8,), and its mean colour there (8, 3)."""
    import cv2

    reach = 2 * round(_EDGE * len(parsing)) + 1
    shares, means = np.zeros(NUM_REGIONS), np.full((NUM_REGIONS, 3), np.nan, np.float32)
    for region in range(1, NUM_REGIONS):
        inside = cv2.erode((parsing == region).astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
        shares[region] = inside.mean()
        if shares[region]:
            means[region] = colour[inside].mean(0)
    return shares, means


def lab(picture: Picture) -> Floats:
    """CIE L*a*b* of a picture uint8 (H, W, 3), float32 (H, W, 3)."""
    import cv2

    return np.asarray(cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2Lab))
