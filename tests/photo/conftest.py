from importlib import resources

import numpy as np
import pytest

from rsagan.people import Picture, read_picture


def sample(name: str) -> Picture:
    return read_picture(resources.files("rsagan.samples").joinpath(f"{name}.jpg").read_bytes(), name)


@pytest.fixture(scope="session")
def woman() -> Picture:
    """The bundled photo of a woman who walks to the picture's left."""
    return sample("woman-walking")


@pytest.fixture(scope="session")
def man() -> Picture:
    """The bundled photo of a man who faces the camera."""
    return sample("man-standing")


@pytest.fixture(scope="session")
def scenery(woman: Picture) -> Picture:
    """A photo of nobody: the strip beside the woman, and its mirror image."""
    strip = woman[:, :70]
    return np.concatenate([strip, strip[:, ::-1], strip, strip[:, ::-1]], axis=1)
