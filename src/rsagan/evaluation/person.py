"""Is it the person? The colours of garments."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from rsagan.people import Parsing, Picture, Region
from rsagan.photo.colours import lab

_GARMENTS: Final = (Region.UPPER, Region.PANTS, Region.DRESS)
_LEAST_PIXELS: Final = 40


def garment_difference(result: Picture, found: Parsing, truth: Picture, true_parsing: Parsing) -> NDArray[np.float64]:
    """CIE 1976 colour difference between the mean colours of upper, pants and dress, (3,); NaN where not in both.

    About 2 is just visible; 10 is another shade; 50 is another colour.
    """
    labs = [lab(picture) for picture in (result, truth)]
    differences = np.full(len(_GARMENTS), np.nan)
    for k, region in enumerate(_GARMENTS):
        masks = found == region, true_parsing == region
        if min(mask.sum() for mask in masks) >= _LEAST_PIXELS:
            one, other = (lab[mask].mean(0) for lab, mask in zip(labs, masks, strict=True))
            differences[k] = np.linalg.norm(one - other)
    return differences
