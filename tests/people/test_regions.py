import numpy as np
import pytest

from rsagan.errors import InputError
from rsagan.people import LABEL_NAMES, NUM_REGIONS, PALETTE, REGION_JOINTS, Region, one_hot, to_regions
from rsagan.people.regions import CLASS_REGION

# What each id means to us, written down once more by number.
EXPECTED = {
    "lip": [0, 1, 1, 6, 2, 3, 5, 3, 7, 4, 5, 3, 5, 2, 6, 6, 7, 7, 7, 7],
    "cihp": [0, 1, 1, 6, 2, 3, 5, 3, 7, 4, 2, 3, 5, 2, 6, 6, 7, 7, 7, 7],
    "atr": [0, 1, 1, 2, 3, 5, 4, 5, 3, 7, 7, 2, 7, 7, 6, 6, 0, 3],
    "fashn": [0, 2, 1, 3, 5, 5, 4, 3, 0, 1, 3, 2, 6, 6, 7, 7, 2, 6],
    "rsagan": list(range(8)),
    "pise": [0, 1, 1, 3, 4, 4, 6, 2],
    "adgan": [0, 4, 1, 5, 2, 3, 6, 7],
    "casd": [0, 4, 1, 6, 2, 3, 6, 7],
}


def test_every_class_of_every_set_has_a_region() -> None:
    assert all(name in CLASS_REGION for names in LABEL_NAMES.values() for name in names)
    assert len(PALETTE) == NUM_REGIONS == len(REGION_JOINTS)
    assert len({tuple(colour) for colour in PALETTE.tolist()}) == NUM_REGIONS


@pytest.mark.parametrize("label_set", list(LABEL_NAMES))
def test_tables(label_set: str) -> None:
    labels = np.arange(len(LABEL_NAMES[label_set]))[None]
    assert to_regions(labels, label_set)[0].tolist() == EXPECTED[label_set]
    assert to_regions(labels, label_set).dtype == np.uint8


def test_unknown_ids_and_sets_are_refused() -> None:
    with pytest.raises(InputError, match=r"\[18\]"):
        to_regions(np.array([[18]]), "atr")
    with pytest.raises(InputError, match=r"\[-1\]"):
        to_regions(np.array([[-1]]), "lip")
    with pytest.raises(InputError, match="Unknown label set"):
        to_regions(np.array([[0]]), "pascal")
    with pytest.raises(InputError, match="one number a pixel"):
        to_regions(np.zeros((2, 2, 3), int), "lip")


def test_one_hot() -> None:
    parsing = np.array([[0, 7], [3, 3]], np.uint8)
    planes = one_hot(parsing)
    assert planes.shape == (8, 2, 2)
    assert planes.dtype == np.float32
    assert (planes.argmax(0) == parsing).all()
    assert (planes.sum(0) == 1).all()


def test_joints_of_regions_are_mirror_symmetric() -> None:
    from rsagan.people import FLIP

    for region in Region:
        joints = set(REGION_JOINTS[region])
        assert {FLIP[joint] for joint in joints} == joints
