"""The whole way from a photo to a person, with the real networks."""

import subprocess
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from rsagan import assets
from rsagan.errors import AssetError, InputError
from rsagan.people import FLIP, Picture, Pose, Region
from rsagan.photo import BACKDROP, Analysis, analyse, choose, find_people
from rsagan.photo.analyse import facing_of, turned
from rsagan.photo.joints import as_rendered

try:
    for _name in ("pose-detection", "pose-landmark"):
        assets.fetch(_name)
    _missing = ""
except AssetError as error:
    _missing = str(error)

pytestmark = [pytest.mark.network, pytest.mark.skipif(bool(_missing), reason=_missing or "all there")]


@pytest.fixture(scope="module")
def her(woman: Picture) -> Analysis:
    return analyse(woman)


def test_sample_is_a_whole_person_in_the_frame(her: Analysis) -> None:
    person = her.person
    assert person.size == (256, 176)
    assert her.notes == []
    assert her.person.pose.facing == "right"  # she walks to the picture's left
    assert person.pose.present.sum() >= 16
    rows = np.nonzero((her.mask > 0.5).any(axis=1))[0]
    assert (rows.max() - rows.min() + 1) / 256 == pytest.approx(0.88, abs=0.03)
    assert her.mask.dtype == np.float32
    areas = np.bincount(person.parsing.ravel(), minlength=8) / (person.parsing > 0).sum()
    for region in (Region.FACE, Region.UPPER, Region.PANTS, Region.ARMS, Region.LEGS):
        assert areas[region] > 0.03, region.name
    present = person.pose.points[person.pose.present]
    x, y = np.rint(present).astype(int).T
    assert (her.mask[y, x] > 0.3).mean() > 0.85


def test_feet_are_below_knees_below_hips(her: Analysis) -> None:
    y = her.person.pose.points[:, 1]
    assert y[0] < y[1] < y[8] < y[9] < y[10]


def test_mirrored_photo_gives_the_mirrored_pose(her: Analysis, woman: Picture) -> None:
    mirrored = analyse(np.ascontiguousarray(woman[:, ::-1])).person.pose
    straight = her.person.pose.flipped()
    both = mirrored.present & straight.present
    assert both.sum() >= 14
    assert np.median(np.linalg.norm(mirrored.points - straight.points, axis=1)[both]) < 4
    assert list(FLIP)[4] == 7


def test_fit_leads_back_to_the_photo(her: Analysis, woman: Picture) -> None:
    photo_pose = her.fit.pose_to_photo(her.person.pose)
    direct = as_rendered(replace(find_people(woman)[0].pose(), facing=her.person.pose.facing))
    both = photo_pose.present & direct.present
    np.testing.assert_allclose(photo_pose.points[both], direct.points[both], atol=0.01)


def test_plain_background(her: Analysis, woman: Picture) -> None:
    plain = analyse(woman, plain_background=True).person.picture
    assert (plain[her.mask < 0.001] == BACKDROP).all()
    sure = cv2.erode((her.mask > 0.99).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0  # the edge is freed of the lawn
    assert sure.sum() > 1000
    assert np.abs(plain[sure].astype(int) - her.person.picture[sure]).max() <= 3


@pytest.mark.parametrize("size", [(128, 88), (256, 256), (512, 352)])
def test_other_frames(man: Picture, size: tuple[int, int]) -> None:
    person = analyse(man, size).person
    assert person.picture.shape == (*size, 3)
    assert person.pose.size == size


def test_front_has_a_face_and_its_left_on_our_right(man: Picture) -> None:
    found = analyse(man)
    assert found.person.pose.facing == "front"
    points = found.person.pose.points
    assert found.person.pose.present[[0, 14, 15]].all()
    assert points[5, 0] > points[2, 0]


def test_nobody(scenery: Picture) -> None:
    for photo in (scenery, np.full((200, 300, 3), 200, np.uint8), np.zeros((16, 16, 3), np.uint8)):
        with pytest.raises(InputError, match="No person was found"):
            analyse(photo)


def test_noise_is_nobody() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    with pytest.raises(InputError, match="No person was found"):
        analyse(noise)


def test_two_people(woman: Picture, man: Picture) -> None:
    small = np.asarray(Image.fromarray(man).resize((man.shape[1] * 3 // 4, man.shape[0] * 3 // 4)))
    both = np.full((woman.shape[0], woman.shape[1] + small.shape[1], 3), 128, np.uint8)
    both[:, : woman.shape[1]] = woman
    both[: small.shape[0], woman.shape[1] :] = small
    first, notes = choose(both)
    assert notes == ["The photo shows 2 people; the largest is taken."]
    assert first.points[0, 0] < woman.shape[1]
    second, notes = choose(both, person=1)
    assert second.points[0, 0] > woman.shape[1]
    assert "number 1 is taken" in notes[0]
    assert analyse(both, person=1).people == [first.box, second.box]
    with pytest.raises(InputError, match="no person 2: the photo shows 2 people"):
        choose(both, person=2)
    with pytest.raises(InputError, match="no person -1"):
        choose(both, person=-1)
    # As numpy and JSON have them; the largest used to be taken instead.
    assert choose(both, person=np.int64(1))[0].box == second.box
    nose = [float(value) for value in second.points[0]]
    assert choose(both, person=nose)[0].box == pytest.approx(second.box, abs=10)
    with pytest.raises(InputError, match=r"not 'second'\."):
        analyse(both, person="second")


def test_half_a_body(man: Picture) -> None:
    found = analyse(man[:260])
    assert any("head to hips" in note for note in found.notes)
    assert not found.person.pose.present[[10, 13]].any()
    assert found.mask[-3:].max() > 0.5  # cut off by the frame's edge, not floating
    assert (found.person.parsing == Region.LEGS).sum() < 10  # a speck at most


def test_a_person_far_away_in_a_large_photo(woman: Picture) -> None:
    photo = np.full((1500, 2400, 3), (150, 170, 190), np.uint8)
    small = np.asarray(Image.fromarray(woman).resize((210, 252), Image.Resampling.LANCZOS))
    photo[1000:1252, 1700:1910] = small
    found, _ = choose(photo)
    x0, y0, x1, y1 = found.box
    assert 1700 < x0 < x1 < 1910
    assert 1000 < y0 < y1 < 1252


def test_too_small_a_person(woman: Picture) -> None:
    tiny = np.asarray(Image.fromarray(woman).resize((42, 50), Image.Resampling.LANCZOS))
    with pytest.raises(InputError, match=r"pixels tall|No person"):
        analyse(np.pad(tiny, ((20, 20), (20, 20), (0, 0)), mode="edge"))


def test_lying_down(woman: Picture) -> None:
    """A photo turned by a quarter still gives the same body."""
    turned = find_people(np.ascontiguousarray(np.rot90(woman)))[0]
    straight = find_people(woman)[0]
    back = np.stack([woman.shape[1] - 1 - turned.points[:, 1], turned.points[:, 0]], -1)
    assert np.median(np.linalg.norm(back - straight.points, axis=1)) < 0.06 * straight.height


def test_same_photo_same_answer(woman: Picture, her: Analysis) -> None:
    again = analyse(woman)
    assert (again.person.parsing == her.person.parsing).all()
    np.testing.assert_array_equal(again.person.pose.points, her.person.pose.points)


def test_import_loads_nothing_heavy() -> None:
    code = (
        "import sys, rsagan.photo; "
        "print([m for m in ('cv2', 'torch', 'ai_edge_litert', 'numba', 'h5py') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_regions_lie_where_the_joints_are(her: Analysis) -> None:
    points, parsing = her.person.pose.points, her.person.parsing

    def at(*joints: int) -> int:
        x, y = np.rint(points[list(joints)].mean(axis=0)).astype(int)
        return int(parsing[y, x])

    assert at(0, 16) == Region.FACE
    assert at(2, 5, 8, 11) == Region.UPPER
    assert at(9) == at(12) == Region.PANTS
    assert at(10) in (Region.LEGS, Region.PANTS)


def test_a_person_by_place(woman: Picture, man: Picture) -> None:
    photo = np.full((900, 1600, 3), (150, 170, 190), np.uint8)
    for picture, x in ((woman, 200), (man, 1200)):
        photo[500:740, x : x + 200] = np.asarray(Image.fromarray(picture).resize((200, 240), Image.Resampling.LANCZOS))
    for place, (left, right) in (((300.0, 620.0), (200, 400)), ((1300.0, 620.0), (1200, 1400))):
        found, notes = choose(photo, place)
        assert left < found.box[0] < found.box[2] < right
        assert notes == []
    with pytest.raises(InputError, match=r"Nobody was found at 800,100; the photo shows (2 people|one person), at"):
        choose(photo, (800.0, 100.0))
    with pytest.raises(InputError, match="1600,5 lies outside the photo, which is 1600 pixels wide and 900 high"):
        choose(photo, (1600.0, 5.0))


def test_regions_made_elsewhere_are_taken(her: Analysis, woman: Picture) -> None:
    regions = np.zeros(woman.shape[:2], np.uint8)
    width = regions.shape[1]
    regions[:, width // 3 : width * 2 // 3] = Region.DRESS
    given = analyse(woman, plain_background=True, parsing=regions)
    assert (given.person.parsing == given.fit.regions_to_frame(regions)).all()
    assert set(np.unique(given.person.parsing)) == {0, Region.DRESS}
    assert (given.mask > 0.5).mean() == pytest.approx((given.person.parsing > 0).mean(), abs=0.01)
    assert (given.person.picture[given.mask == 0] == BACKDROP).all()
    np.testing.assert_array_equal(given.person.pose.points, her.person.pose.points)
    with pytest.raises(InputError, match="The parsing map is 10x20 but the photo"):
        analyse(woman, parsing=regions[:10, :20])
    with pytest.raises(InputError, match="only background where the person is"):
        analyse(woman, parsing=np.zeros_like(regions))


def body(left: float, right: float) -> Pose:
    """Only what tells the sides: shoulders and hips, the nose and the eyes."""
    points = np.full((18, 2), np.nan, np.float32)
    points[[5, 11]], points[[2, 8]], points[[0, 14, 15]] = [left, 50], [right, 50], [50, 20]
    points[[8, 11], 1] = 80
    return Pose(points, (100, 100), np.linspace(0.1, 1, 18).astype(np.float32))


def test_backs_lose_the_face_and_swapped_sides_are_put_right() -> None:
    right_way = turned(body(30, 70), "back")
    assert not right_way.present[[0, 14, 15]].any()
    assert right_way.points[5, 0] == 30
    swapped = turned(body(70, 30), "back")
    assert swapped.points[5, 0] == swapped.points[11, 0] == 30
    assert swapped.confidence is not None
    assert swapped.confidence[5] == body(70, 30).confidence[2]  # type: ignore[index]
    assert turned(body(30, 70), "front").points[5, 0] == 70
    assert turned(body(70, 30), "front").present[[0, 14, 15]].all()
    assert turned(body(30, 70), "left").points[5, 0] == 30
    assert turned(body(30, 70), "left").facing == "left"


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_left_stays_left_where_a_person_lies_or_hangs(man: Picture, quarters: int) -> None:
    upright, lying = analyse(man).person, analyse(np.ascontiguousarray(np.rot90(man, quarters))).person
    assert lying.pose.facing == upright.pose.facing == "front"
    angle = quarters * np.pi / 2
    rightwards = np.array([np.cos(angle), -np.sin(angle)])  # where the upright photo's right lies now
    points = lying.pose.points
    assert ((points[[5, 11]] - points[[2, 8]]) @ rightwards > 5).all()


def test_the_joint_network_has_a_say_in_the_facing() -> None:
    sure, torn = np.array([0.0, 0.02, 0.97, 0.01]), np.array([0.5, 0.05, 0.4, 0.05])
    assert facing_of(sure, "back") == facing_of(sure, "front") == "back"
    assert facing_of(torn, "back") == "back"
    assert facing_of(torn, "front") == "front"
    assert facing_of(np.array([0.4, 0.3, 0.0, 0.3]), "side") in ("left", "right")
