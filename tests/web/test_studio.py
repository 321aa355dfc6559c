"""Which weights the worker paints with, which it previews with, and what ends it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rsagan.errors import InputError
from rsagan.network import load_weights, save_weights
from rsagan.people import Person, Picture, Pose, from_json, library, parsing_bytes, png_bytes, read_picture, to_json
from rsagan.photo import BACKDROP, other_scene
from rsagan.transfer import Result, Subject
from rsagan.web import worker
from rsagan.web.failures import Gone
from rsagan.web.sources import Scenery, Source
from rsagan.web.studio import Studio


def test_previews_are_painted_by_the_small_shipped_weights() -> None:
    studio = Studio(None, (256, 176), 2**20, 60)
    assert (studio.model.size, studio.quick.size) == ((256, 176), (128, 88))
    assert studio.quick.generator is not studio.model.generator
    small = Studio(None, (128, 88), 2**20, 60)
    assert small.quick is small.model
    assert small.model.size == (128, 88)


@pytest.mark.parametrize(("size", "preview"), [((192, 128), (128, 88)), ((64, 48), (64, 48))])
def test_weights_of_ones_own_preview_at_a_smaller_size(
    size: tuple[int, int], preview: tuple[int, int], weights: Path, tmp_path: Path
) -> None:
    generator, _ = load_weights(weights)
    save_weights(tmp_path / "own.safetensors", generator, {"size": list(size)})
    studio = Studio(tmp_path / "own.safetensors", (256, 176), 2**20, 60)
    assert (studio.model.size, studio.quick.size) == (size, preview)
    assert studio.quick.generator is studio.model.generator


def test_people_of_equal_bytes_are_not_taken_for_each_other(weights: Path) -> None:
    """A turned frame of one colour, facings and confidences: all else is alike."""
    studio = Studio(weights, (256, 176), 2**24, 60)

    def hand_in(height: int, width: int, facing: str | None = None, sure: float = 1.0) -> dict[str, Any]:
        parsing = np.resize(np.array([0, 3], np.uint8), (height, width))
        joints = [number for i in range(18) for number in (20 + 3 * i, 20 + 3 * i, sure)]
        pose = {"height": height, "width": width, "people": [{"pose_keypoints_2d": joints}]}
        pose |= {"facing": facing} if facing else {}
        return studio.person(png_bytes(np.full((height, width, 3), 90, np.uint8)), parsing_bytes(parsing), pose=pose)[0]

    asked = [(), ("front",), ("back",), ("back", 0.5)]
    told = [hand_in(128, 88, *person) for person in asked]
    assert len({each["source"] for each in told}) == len(asked)
    assert hand_in(128, 88)["source"] == told[0]["source"]
    with pytest.raises(InputError, match="88x128 does not fit"):
        hand_in(88, 128)


def test_a_result_is_shown_before_its_own_background() -> None:
    """A red person before a blue wall, of which the frame reaches beyond; the result is a green one further left."""
    size = (96, 64)
    photo = np.full((*size, 3), BACKDROP, np.uint8)
    photo[16:] = (30, 60, 160)
    outline = np.zeros(size, np.float32)
    outline[30:80, 40:50] = 1
    photo[outline > 0] = (200, 20, 20)
    painted = np.full((*size, 3), BACKDROP, np.uint8)
    painted[30:80, 10:24] = (20, 180, 20)
    found = np.zeros(size, np.float32)
    found[30:80, 10:24] = 1
    pose = Pose(np.full((18, 2), np.nan), size)
    person = Person(painted, pose, (outline > 0).astype(np.uint8))
    result = Result(painted, pose, None, found, size)
    source = Source(person, ({}, []), before=(photo, outline))
    before = source.bytes
    shown = source.shown(result, "keep").astype(int)
    np.testing.assert_array_equal(shown[:16], np.broadcast_to(BACKDROP, (16, 64, 3)))
    np.testing.assert_allclose(shown[16:, 28:], np.broadcast_to((30, 60, 160), (80, 36, 3)), atol=3)
    np.testing.assert_allclose(shown[34:76, 13:21], np.broadcast_to((20, 180, 20), (42, 8, 3)), atol=3)
    np.testing.assert_array_equal(source.shown(result, "plain"), painted)
    assert source.bytes > before
    with pytest.raises(InputError, match="draw no parsing map"):
        source.shown(replace(result, outline=None), "keep")
    with pytest.raises(InputError, match="came without a photo"):
        Source(person, ({}, [])).shown(result, "keep")
    # Of a photo that is backdrop all over, too, something is shown.
    Source(person, ({}, []), before=(np.full_like(photo, BACKDROP), outline)).shown(result, "keep")


def test_a_result_is_shown_before_another_picture(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is cut to the frame of the person, whatever that of the service, and goes as people do."""
    size = (256, 176)
    studio = Studio(weights, (128, 88), 2**24, 60)
    picture = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    scene = studio.scene(png_bytes(picture))[0]["scene"]
    parsing = np.zeros(size, np.uint8)
    parsing[60:220, 60:116] = 3
    painted = np.full((*size, 3), BACKDROP, np.uint8)
    painted[60:220, 20:76] = (20, 180, 20)
    found = np.zeros(size, np.float32)
    found[60:220, 20:76] = 1
    stand = library.load("stand")
    source = studio.person(png_bytes(painted), parsing_bytes(parsing), pose=to_json(stand))[0]["source"]
    monkeypatch.setattr(Subject, "pose", lambda *_, **__: Result(painted, stand, None, found, size))

    def shown() -> Picture:
        return read_picture(studio.generate(source, "walk", background=scene)[1][0])

    behind = other_scene(picture, size)
    np.testing.assert_array_equal(shown(), behind.show(painted, found))
    np.testing.assert_array_equal(shown()[:, 90:], behind.picture[:, 90:])
    studio.sources._kept[scene].used -= 61
    with pytest.raises(Gone, match="no such background, or not any more"):
        shown()
    scenery = Scenery(png_bytes(picture), ({}, []))
    before = scenery.bytes
    scenery.scene(size)
    assert scenery.bytes == before + 256 * 176 * 3


def stands(studio: Studio) -> tuple[str, Pose]:
    """A person handed in who stands a little above the frame's ground, and their joints."""
    size = (128, 88)
    parsing = np.zeros(size, np.uint8)
    parsing[20:110, 30:60] = 3
    picture = png_bytes(np.full((*size, 3), 90, np.uint8))
    pose = library.load("stand").resized(size)
    pose = replace(pose, points=pose.points * np.float32(0.8) + np.float32((9, 3)))
    return studio.person(picture, parsing_bytes(parsing), picture, pose=to_json(pose))[0]["source"], pose


def test_before_the_photos_own_background_feet_stay_at_their_height(weights: Path) -> None:
    studio = Studio(weights, (128, 88), 2**24, 60)
    source, pose = stands(studio)

    def lowest(background: str) -> float:
        told, _ = studio.generate(source, "sit", background=background)
        return float(np.nanmax(from_json(told["pose"]).points[[10, 13], 1]))

    assert lowest("keep") == pytest.approx(pose.points[[10, 13], 1].max(), abs=0.01)
    assert lowest("plain") < lowest("keep") - 3


@pytest.mark.parametrize("keep_place", [False, True])
def test_poses_of_a_clip_are_placed_together(keep_place: bool, weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who walks to the right does so in the clip; of poses from frames of two sizes each is as large as the person."""
    studio = Studio(weights, (128, 88), 2**24, 60)
    source, person = stands(studio)
    walking = [replace(person, points=person.points + np.float32((x, 0))) for x in (-6, 0, 6)]
    asked = [to_json(walking[0]), to_json(walking[1].resized((256, 176))), to_json(walking[2])]
    painted: list[Pose] = []
    paint = Subject.paint
    monkeypatch.setattr(Subject, "paint", lambda subject, pose: painted.append(pose) or paint(subject, pose))
    studio.film_open("clip", source, asked, 8, keep_place)
    for _ in asked:
        studio.film_frame("clip", source)
    (film,) = studio.film_close("clip")[1]
    assert film[4:8] == b"ftyp"
    for pose, wanted in zip(painted, walking, strict=True):
        np.testing.assert_allclose(pose.points, wanted.points, atol=0.6)
    with pytest.raises(Gone, match="start it again"):
        studio.film_frame("clip", source)


def test_a_graphics_card_that_is_lost_ends_the_worker() -> None:
    def painting(error: Exception) -> tuple[dict[str, Any], list[bytes]]:
        raise error

    assert worker._guarded(lambda: painting(RuntimeError("a size")))[0]["failure"] == "fault"
    with pytest.raises(torch.AcceleratorError):  # its process ends, and the service makes another
        worker._guarded(lambda: painting(torch.AcceleratorError("unspecified launch failure")))
