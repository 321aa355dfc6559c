import numpy as np
import pytest

from rsagan.people import Pose


@pytest.fixture
def pose() -> Pose:
    """A pose in a 256 x 176 frame whose joints all differ, two of them missing."""
    rng = np.random.default_rng(3)
    points = rng.uniform([5, 5], [170, 250], (18, 2)).astype(np.float32)
    points[[12, 17]] = np.nan
    return Pose(points, (256, 176), rng.uniform(0.5, 1, 18).astype(np.float32))
