"""Garment colours, on made-up pictures."""

import numpy as np

from rsagan.evaluation.person import garment_difference
from rsagan.people import Region

SIZE = (128, 88)


def test_garment_colours() -> None:
    parsing = np.zeros(SIZE, np.uint8)
    parsing[10:50, 10:60], parsing[60:64, 10:14] = Region.UPPER, Region.PANTS  # the trousers are too few pixels
    grey, white = np.full((*SIZE, 3), 119, np.uint8), np.full((*SIZE, 3), 255, np.uint8)
    same = garment_difference(grey, parsing, grey, parsing)
    np.testing.assert_allclose(same, [0, np.nan, np.nan])
    # Grey 119 has L* = 50 and white 100, neither has a hue.
    np.testing.assert_allclose(garment_difference(grey, parsing, white, parsing)[0], 50, atol=0.5)
    missing = np.zeros(SIZE, np.uint8)
    assert np.isnan(garment_difference(grey, missing, white, parsing)).all()
