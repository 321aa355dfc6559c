import io
import tracemalloc
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rsagan.errors import InputError
from rsagan.files import replacing
from rsagan.people import (
    PALETTE,
    Fit,
    Person,
    Pose,
    covered_in,
    draw_parsing,
    draw_pose,
    grid,
    parsing_bytes,
    png_bytes,
    read_parsing,
    read_person,
    write_parsing,
    write_png,
)
from rsagan.people import write_person as write


@pytest.fixture
def person(pose: Pose) -> Person:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (256, 176, 3), dtype=np.uint8)
    return Person(picture, pose, rng.integers(0, 8, (256, 176), dtype=np.uint8))


def test_folder_round_trip(person: Person, tmp_path: Path) -> None:
    write(tmp_path / "her", person)
    back = read_person(tmp_path / "her")
    assert (back.picture == person.picture).all()
    assert (back.parsing == person.parsing).all()
    np.testing.assert_allclose(back.pose.points, person.pose.points, atol=1e-3)
    assert back.size == (256, 176)


def test_a_folder_knows_which_part_shows_the_photo(person: Person, tmp_path: Path) -> None:
    write(tmp_path, person)
    assert covered_in(tmp_path) == (slice(None), slice(None))
    fit = Fit(2.0, (20.0, -30.0), (120, 70), (256, 176))
    write(tmp_path, person, fit)
    assert covered_in(tmp_path) == fit.covered() == (slice(0, 210), slice(20, 160))
    write_png(tmp_path / "picture.png", person.picture, Photo="0 400 20 160")  # from another picture
    assert covered_in(tmp_path) == (slice(None), slice(None))


def test_a_person_is_replaced_as_a_whole(person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    write(tmp_path, person)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr("rsagan.people.person.write_parsing", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, Person(255 - person.picture, person.pose, person.parsing))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_files_in_memory_are_the_files_on_disk(person: Person, tmp_path: Path) -> None:
    write(tmp_path, person)
    assert (tmp_path / "parsing.png").read_bytes() == parsing_bytes(person.parsing)
    assert (tmp_path / "picture.png").read_bytes() == png_bytes(person.picture)
    assert (read_parsing(parsing_bytes(person.parsing)) == person.parsing).all()
    with pytest.raises(InputError, match=r"^the parsing map is not"):
        read_parsing(b"nothing")


@pytest.mark.parametrize("name", ["picture.png", "pose.json", "parsing.png"])
def test_incomplete_folder(person: Person, tmp_path: Path, name: str) -> None:
    write(tmp_path, person)
    (tmp_path / name).unlink()
    with pytest.raises(InputError, match=name):
        read_person(tmp_path)


def test_one_frame(person: Person, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="share one frame"):
        Person(person.picture, person.pose, person.parsing[:-1])
    with pytest.raises(InputError, match="uint8"):
        Person(person.picture.astype(np.float32), person.pose, person.parsing)  # type: ignore[arg-type]
    write(tmp_path, person)
    write_parsing(tmp_path / "parsing.png", person.parsing[:100])
    with pytest.raises(InputError, match="share one frame"):
        read_person(tmp_path)


def test_parsing_files(tmp_path: Path) -> None:
    labels = np.arange(20, dtype=np.uint8).reshape(4, 5)
    Image.fromarray(labels).save(tmp_path / "grey.png")
    assert read_parsing(tmp_path / "grey.png", "lip")[0].tolist() == [0, 1, 1, 6, 2]
    with pytest.raises(InputError, match="class ids"):
        read_parsing(tmp_path / "grey.png")
    Image.fromarray(np.stack([labels, labels * 10], -1)).save(tmp_path / "alpha.png")  # of a program with layers
    assert (read_parsing(tmp_path / "alpha.png", "lip") == read_parsing(tmp_path / "grey.png", "lip")).all()
    Image.fromarray(np.full((4, 4, 3), 7, np.uint8)).save(tmp_path / "colour.png")
    with pytest.raises(InputError, match="coloured"):
        read_parsing(tmp_path / "colour.png")
    Image.new("1", (12_000, 12_000)).save(tmp_path / "bomb.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError, match="too large"):
            read_parsing(tmp_path / "bomb.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "grey.png").read_bytes()[:45])
    with pytest.raises(InputError, match="not a readable"):
        read_parsing(tmp_path / "broken.png")
    with pytest.raises(InputError, match=r"Cannot read the parsing map .*none\.png: No such file"):
        read_parsing(tmp_path / "none.png")
    with pytest.raises(InputError, match="Is a directory"):
        read_parsing(tmp_path)


def test_a_map_of_another_size_than_its_picture_is_not_decoded() -> None:
    png = parsing_bytes(np.arange(8, dtype=np.uint8).repeat(200).reshape(40, 40))
    assert read_parsing(png, size=(40, 40)).shape == (40, 40)
    with pytest.raises(InputError, match="is 40 x 40 pixels and its picture 30 x 40; the two must share one frame"):
        read_parsing(png[: png.index(b"IDAT") + 8], size=(40, 30))


def test_a_coloured_map_takes_little_memory() -> None:
    parsing = np.resize(np.arange(8, dtype=np.uint8), (1024, 1024))
    file = io.BytesIO()
    Image.fromarray(PALETTE[parsing]).save(file, "PNG")
    tracemalloc.start()
    assert (read_parsing(file.getvalue()) == parsing).all()
    assert tracemalloc.get_traced_memory()[1] / parsing.size < 20  # bytes a pixel
    tracemalloc.stop()


def test_replacing_is_all_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")

    def interrupted() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    with replacing(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.txt"]


def test_drawing(person: Person) -> None:
    for drawn in (
        draw_pose(person.pose),
        draw_pose(person.pose, person.picture),
        draw_parsing(person.parsing),
        draw_parsing(person.parsing, person.picture),
    ):
        assert drawn.shape == person.picture.shape
        assert drawn.dtype == np.uint8
    empty = Pose(np.full((18, 2), np.nan, np.float32), (30, 20))
    assert len(np.unique(draw_pose(empty))) == 1
    x, y = np.rint(person.pose.points[4]).astype(int)
    assert draw_pose(person.pose)[y, x].min() > 100
    background = np.zeros_like(person.parsing)
    assert (draw_parsing(background, person.picture) == person.picture).all()
    sheet = grid([[person.picture, person.picture[:50, :50]], [person.picture]], gap=4)
    assert sheet.shape == (2 * 256 + 12, 2 * 176 + 12, 3)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_a_repainted_parsing_counts_by_its_colours(person: Person, tmp_path: Path, mode: str) -> None:
    """Painting programs save RGB, or a palette in an order of their own."""
    path = tmp_path / "parsing.png"
    write_parsing(path, person.parsing)
    with Image.open(path) as image:
        coloured = image.convert("RGB")
    repainted = coloured.quantize(8) if mode == "P" else coloured.convert(mode)
    if mode == "P":
        assert (np.asarray(repainted) != person.parsing).any()
    repainted.save(path)
    assert (read_parsing(path) == person.parsing).all()


@pytest.mark.parametrize("label_set", ["rsagan", "lip"])
def test_what_cannot_be_class_numbers_is_refused(tmp_path: Path, label_set: str) -> None:
    Image.fromarray(np.full((40, 30), 3, np.uint8)).save(tmp_path / "plain.png")
    with pytest.raises(InputError, match="is plain grey, 3 all over"):
        read_parsing(tmp_path / "plain.png", label_set)
    png = (tmp_path / "plain.png").read_bytes()
    end = png.index(b"IEND") - 4
    empty = b"\0\0\0\0iCCP" + zlib.crc32(b"iCCP").to_bytes(4, "big")  # Pillow trips over it while it decodes
    with pytest.raises(InputError, match="not a readable PNG"):
        read_parsing(png[:end] + empty + png[end:], label_set)
    ramp = np.arange(200, dtype=np.uint8)[None].repeat(20, 0)
    Image.fromarray(ramp).save(tmp_path / "picture.png")
    with pytest.raises(InputError, match="200 shades of grey"):
        read_parsing(tmp_path / "picture.png", label_set)
