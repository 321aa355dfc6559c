"""A tiny untrained network and a made-up person, enough to walk through every verb."""

from pathlib import Path

import numpy as np
import pytest

from rsagan.people import Person, Pose, write_person

STANDING = np.array(
    [
        (88, 40), (88, 62), (66, 64), (60, 96), (56, 126), (110, 64), (116, 96), (120, 126), (74, 130),
        (72, 176), (70, 224), (102, 130), (104, 176), (106, 224), (84, 36), (92, 36), (78, 38), (98, 38),
    ],
    np.float32,
)  # fmt: skip


@pytest.fixture(scope="session")
def person(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A person folder of 256x176."""
    random = np.random.default_rng(0)
    parsing = np.zeros((256, 176), np.uint8)
    parsing[60:130, 60:116], parsing[130:220, 66:110], parsing[20:60, 74:102] = 3, 4, 2
    picture = random.integers(0, 256, (256, 176, 3), np.uint8)
    folder = tmp_path_factory.mktemp("person") / "someone"
    write_person(folder, Person(picture, Pose(STANDING, (256, 176)), parsing))
    return folder
