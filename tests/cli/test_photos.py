"""`generate` on real photos in every guise: colour modes, orientations, two people, half a body."""

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rsagan.cli.main import main
from rsagan.people import JOINTS, Region, covered_in, read_person, read_picture

pytestmark = [pytest.mark.network, pytest.mark.usefixtures("analysis")]
SAMPLE = Path(str(files("rsagan") / "samples" / "woman-walking.jpg"))
OTHER = Path(str(files("rsagan") / "samples" / "man-standing.jpg"))


def joints_of(photo: Path, folder: Path) -> np.ndarray:
    """What `analyse` finds in a photo."""
    assert main(["analyse", str(photo), "--out", str(folder)]) == 0
    return read_person(folder).pose.points


@pytest.fixture(scope="module")
def upright(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """The sample's joints."""
    return joints_of(SAMPLE, tmp_path_factory.mktemp("upright") / "person")


def generate(photo: Path, weights: Path, out: Path) -> None:
    """One pose of the library; the result is there and as large as asked for."""
    assert main(["generate", str(photo), "--pose", "stand", "--weights", str(weights), "--out", str(out)]) == 0
    assert read_picture(out / "stand.png").shape == (256, 176, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_upright(
    orientation: int, weights: Path, upright: np.ndarray, tmp_path: Path
) -> None:
    undo = {
        1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]  # fmt: skip
    image = Image.open(SAMPLE)
    stored = image if undo is None else image.transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "turned.png", exif=exif)
    found = joints_of(tmp_path / "turned.png", tmp_path / "person")
    np.testing.assert_allclose(found, upright, atol=2)
    if orientation == 6:
        generate(tmp_path / "turned.png", weights, tmp_path / "out")


def test_what_analyse_found_for_machines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyse", str(SAMPLE), "--out", str(tmp_path / "person"), "--json"]) == 0
    found, person = json.loads(capsys.readouterr().out), read_person(tmp_path / "person")
    assert (found["folder"], found["size"]) == (str(tmp_path / "person"), [256, 176])
    assert found["facing"] == person.pose.facing == "right"
    for name, present, point in zip(JOINTS, person.pose.present, person.pose.points, strict=True):
        assert (name in found["joints"]) == present
        if present:
            assert found["joints"][name] == pytest.approx(point.tolist(), abs=0.06)
    assert found["regions"]["pants"] == pytest.approx((person.parsing == Region.PANTS).mean(), abs=1e-4)
    assert sum(found["regions"].values()) == pytest.approx(1, abs=1e-3)
    ((left, top, right, bottom),) = found["people"]
    height, width = read_picture(SAMPLE).shape[:2]
    assert 0 <= left < right < width
    assert bottom - top > height / 2


def test_a_person_from_the_side_is_said(weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--pose", "stand", "--weights", str(weights), "--out", str(tmp_path / "out")]
    for arguments, said in (([SAMPLE], True), ([OTHER], False), ([SAMPLE, "--also", OTHER], False)):
        assert main(["generate", *map(str, arguments), *given]) == 0
        assert ("The person is seen from the side;" in capsys.readouterr().err) is said
    driven = ["--driving", "stand", "--driving", "wave", "--fps", "2", "--pace", "2", "--weights", str(weights)]
    assert main(["animate", str(SAMPLE), *driven, "--out", str(tmp_path / "clip.mp4")]) == 0
    assert "The person is seen from the side;" in capsys.readouterr().err


def test_cmyk_jpeg(weights: Path, tmp_path: Path) -> None:
    Image.open(SAMPLE).convert("CMYK").save(tmp_path / "photo.jpg")
    generate(tmp_path / "photo.jpg", weights, tmp_path / "out")


def test_sixteen_bit_png(weights: Path, tmp_path: Path) -> None:
    grey = np.asarray(Image.open(SAMPLE).convert("L"), np.uint16) * 257
    Image.fromarray(grey).save(tmp_path / "photo.png")
    generate(tmp_path / "photo.png", weights, tmp_path / "out")


def test_palette_with_alpha(weights: Path, tmp_path: Path) -> None:
    image = Image.open(SAMPLE).convert("P", palette=Image.Palette.ADAPTIVE, colors=255)
    image.save(tmp_path / "photo.png", transparency=0)
    generate(tmp_path / "photo.png", weights, tmp_path / "out")


def test_of_two_people_the_larger_is_taken_and_it_is_said(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = Image.open(SAMPLE), Image.open(OTHER)
    small = second.resize((second.width * first.height * 3 // second.height // 4, first.height * 3 // 4))
    both = Image.new("RGB", (first.width + small.width, first.height), "white")
    both.paste(first, (0, 0))
    both.paste(small, (first.width, 0))
    both.save(tmp_path / "both.png")
    arguments = ["generate", str(tmp_path / "both.png"), "--pose", "stand", "--weights", str(weights)]
    capsys.readouterr()
    assert main([*arguments, "--out", str(tmp_path / "out"), "--json"]) == 0
    assert any("2 people" in note for note in json.loads(capsys.readouterr().out)["notes"])
    assert main([*arguments, "--out", str(tmp_path / "second"), "--person", "1"]) == 0
    assert (tmp_path / "out" / "stand.png").read_bytes() != (tmp_path / "second" / "stand.png").read_bytes()
    capsys.readouterr()
    assert main([*arguments, "--out", str(tmp_path / "third"), "--person", "2"]) == 2
    assert "2 people" in capsys.readouterr().err
    assert not (tmp_path / "third").exists()


def test_half_a_body_works_and_is_said(weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    points = joints_of(OTHER, tmp_path / "whole")
    assert not np.isnan(points[[10, 13]]).any()
    image = Image.open(OTHER)
    image.crop((0, 0, image.width, int(image.height * 0.55))).save(tmp_path / "half.png")
    capsys.readouterr()
    generate(tmp_path / "half.png", weights, tmp_path / "out")
    assert "made up" in capsys.readouterr().err
    arguments = ["generate", str(SAMPLE), "--pose", str(tmp_path / "half.png"), "--weights", str(weights)]
    assert main([*arguments, "--out", str(tmp_path / "posed"), "--json"]) == 0
    assert any("half.png: Only" in note for note in json.loads(capsys.readouterr().out)["notes"])


def test_a_second_photo_of_the_person_and_what_is_said_about_it(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = Image.open(OTHER)
    image.crop((0, 0, image.width, int(image.height * 0.55))).save(tmp_path / "half.png")
    given = ["generate", str(SAMPLE), "--pose", "stand", "--weights", str(weights), "--out"]
    assert main([*given, str(tmp_path / "one")]) == 0
    capsys.readouterr()
    assert main([*given, str(tmp_path / "two"), "--also", str(tmp_path / "half.png"), "--json"]) == 0
    notes = json.loads(capsys.readouterr().out)["notes"]
    assert any(note.startswith(f"{tmp_path / 'half.png'}: Only") for note in notes)
    assert (tmp_path / "one" / "stand.png").read_bytes() != (tmp_path / "two" / "stand.png").read_bytes()


def test_a_photo_serves_as_pose(weights: Path, tmp_path: Path) -> None:
    arguments = ["generate", str(SAMPLE), "--pose", str(OTHER), "--weights", str(weights), "--out", str(tmp_path)]
    assert main(arguments) == 0
    assert (tmp_path / "man-standing.png").is_file()


def test_a_person_folder_keeps_what_its_photo_showed(weights: Path, tmp_path: Path) -> None:
    folder = tmp_path / "him"
    assert main(["analyse", str(OTHER), "--out", str(folder)]) == 0
    rows, columns = covered_in(folder)
    size = rows.stop - rows.start, columns.stop - columns.start
    assert size != (256, 176)  # the frame reaches beyond the photo
    given = ["generate", str(folder), "--pose", "stand", "--weights", str(weights), "--out", str(tmp_path)]
    assert main([*given, "--background", "keep"]) == 0
    assert read_picture(tmp_path / "stand.png").shape[:2] == size


def test_the_photos_own_background_is_kept(weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["generate", str(SAMPLE), "--pose", "stand", "--weights", str(weights), "--out", str(tmp_path)]
    assert main([*arguments, "--background", "keep"]) == 0
    shown, photo = read_picture(tmp_path / "stand.png"), Image.open(SAMPLE).convert("RGB")
    assert f"the results are {shown.shape[0]}x{shown.shape[1]}" in capsys.readouterr().err
    assert abs(shown.shape[0] / shown.shape[1] - photo.height / photo.width) < 0.02
    reduced = np.asarray(photo.resize(shown.shape[1::-1], Image.Resampling.BOX)).astype(int)
    aside = slice(0, shown.shape[1] // 40)  # beyond the frame that is painted
    assert np.abs(shown[:, aside] - reduced[:, aside]).mean() < 6


def test_the_upload_s_metadata_never_reaches_the_result(weights: Path, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRET CAMERA"
    exif.get_ifd(0x8825)[1] = "N"
    Image.open(SAMPLE).save(tmp_path / "photo.jpg", exif=exif)
    generate(tmp_path / "photo.jpg", weights, tmp_path / "out")
    joints_of(tmp_path / "photo.jpg", tmp_path / "person")
    for path in [*(tmp_path / "out").iterdir(), *(tmp_path / "person").glob("*.png")]:
        assert b"SECRET" not in path.read_bytes()
        with Image.open(path) as image:
            assert not image.getexif()


def test_a_person_by_place_and_regions_of_another_label_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = read_picture(SAMPLE)
    labels = np.zeros(picture.shape[:2], np.uint8)
    labels[:, picture.shape[1] // 3 : picture.shape[1] * 2 // 3] = 5  # upper-clothes of LIP
    Image.fromarray(labels).save(tmp_path / "lip.png")
    arguments = ["analyse", str(SAMPLE), "--out", str(tmp_path / "person"), "--parsing", str(tmp_path / "lip.png")]
    place = f"{picture.shape[1] // 2},{picture.shape[0] // 2}"
    assert main([*arguments, "--labels", "lip", "--person", place]) == 0
    person = read_person(tmp_path / "person")
    assert set(np.unique(person.parsing)) == {0, 3}
    assert person.pose.facing == "right"
    capsys.readouterr()
    for wrong, said in (("--labels=coco", "Unknown label set 'coco'"), ("--person=left", "`largest`, a number")):
        assert main([*arguments, "--labels", "lip", wrong]) == 2
        assert said in capsys.readouterr().err
    generating = ["generate", str(SAMPLE), "--pose", "stand", "--out", str(tmp_path / "out")]
    assert main([*generating, "--parsing", str(tmp_path / "lip.png"), "--labels", "atr"]) == 0
    Image.fromarray(labels[:50]).save(tmp_path / "short.png")
    assert main([*generating, "--parsing", str(tmp_path / "short.png"), "--labels", "lip"]) == 2
    assert "The parsing map is 50x" in capsys.readouterr().err
