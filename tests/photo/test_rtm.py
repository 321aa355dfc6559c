"""The extra `rtmlib` behind the interface of `find_people`; its own weights need internet, so a stand-in plays it."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from rsagan.errors import AssetError, InputError
from rsagan.people import Picture
from rsagan.photo import analyse, find_people, rtm

BLAZE = [0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]
SHIFT = np.array([3.0, -2.0], np.float32)


def play(monkeypatch: pytest.MonkeyPatch, body: object) -> None:
    rtm._networks.cache_clear()
    monkeypatch.setitem(sys.modules, "rtmlib", body)


@pytest.fixture(autouse=True)
def forget() -> None:
    rtm._networks.cache_clear()


@pytest.mark.network
@pytest.mark.usefixtures("analysis")
def test_its_joints_are_taken_and_blazepose_gives_the_outline(woman: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    (hers,) = find_people(woman)
    joints = hers.points[BLAZE] + SHIFT
    nobody = np.tile(np.array([[20.0, 30.0]], np.float32), (17, 1))
    shown = []

    class Body:
        def __init__(self, mode: str) -> None:
            assert mode == "balanced"

        def __call__(self, picture: Picture) -> tuple[np.ndarray, np.ndarray]:
            shown.append(picture)
            return np.stack([nobody, joints]), np.stack([np.full(17, 0.1), np.full(17, 0.9)])

    play(monkeypatch, SimpleNamespace(Body=Body))
    (found,) = rtm.find_people(woman)
    assert (shown[0] == woman[..., ::-1]).all()  # it wants blue first
    np.testing.assert_allclose(found.points[BLAZE], joints, atol=1e-3)
    here, there = found.mask(woman.shape[:2]) > 0.5, hers.mask(woman.shape[:2]) > 0.5
    assert (here & there).sum() > 0.85 * (here | there).sum()
    ours, theirs = analyse(woman), analyse(woman, joints="rtmlib")
    both = ours.person.pose.present & theirs.person.pose.present
    assert both.sum() >= 14
    way = (theirs.fit.pose_to_photo(theirs.person.pose).points - ours.fit.pose_to_photo(ours.person.pose).points)[both]
    np.testing.assert_allclose(np.median(way, axis=0), SHIFT, atol=0.5)


@pytest.mark.network
@pytest.mark.usefixtures("analysis")
def test_nobody_is_nobody(scenery: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    # Without a box rtmlib looks at the whole picture and answers all the same.
    spread = np.random.default_rng(0).uniform(50, 150, (1, 17, 2))
    for score in (0.1, 0.5):
        answer = (spread, np.full((1, 17), score))
        play(monkeypatch, SimpleNamespace(Body=lambda mode, answer=answer: lambda picture: answer))
        with pytest.raises(InputError, match="No person"):
            analyse(scenery, joints="rtmlib")


def test_what_is_missing_is_said_in_one_sentence(woman: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, None)
    with pytest.raises(InputError, match=r"not installed; .*rsagan\[rtmlib\]"):
        rtm.find_people(woman)

    def offline(mode: str) -> None:
        raise OSError("no route")

    play(monkeypatch, SimpleNamespace(Body=offline))
    with pytest.raises(AssetError, match=r"cannot be had \(no route\); it fetches"):
        rtm.find_people(woman)
