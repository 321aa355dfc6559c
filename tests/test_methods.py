"""Methods by name, and lists of pairs painted in bulk: resumable, under the names others use."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rsagan.data import PreparedFolder
from rsagan.data.named import read_pairs_of, view_named
from rsagan.errors import InputError
from rsagan.evaluation.found import find_results
from rsagan.methods import Ours, load_method, paint_pairs, result_name
from rsagan.network import Config, Generator, save_weights
from rsagan.people import Person, Pose

TINY = Config(widths=(8, 8, 16, 16), heads=2, blocks=1, key_channels=16)


def copy(person: Person, pose: Pose) -> np.ndarray:
    """A method: the source picture."""
    return person.picture


@pytest.mark.parametrize("naming", ["gfla", "patn", "reid"])
def test_a_list_is_painted_once(naming: str, prepared: Path, tmp_path: Path) -> None:
    folder = PreparedFolder(prepared)
    pairs = read_pairs_of(folder, None)
    seen = []

    def method(person: Person, pose: Pose) -> np.ndarray:
        if len(seen) == 5:
            raise KeyboardInterrupt
        seen.append(pose)
        return person.picture

    with pytest.raises(KeyboardInterrupt):
        paint_pairs(method, "m", folder, pairs, tmp_path / "out", naming)  # type: ignore[arg-type]
    painting = paint_pairs(copy, "m", folder, pairs, tmp_path / "out", naming)  # type: ignore[arg-type]
    assert (painting.there, painting.painted, painting.problems) == (5, len(pairs) - 5, [])
    numbers = {identity: k for k, identity in enumerate(sorted({each.identity for each in folder.entries}), 1)}
    for source, target in pairs:
        number = numbers[folder.entries[folder.index[source]].identity]
        path = tmp_path / "out" / result_name(source, target, naming, number)  # type: ignore[arg-type]
        with Image.open(path) as image:
            notice = image.info["comment"].decode() if naming == "reid" else image.info["Description"]
            assert "AI-generated" in notice
            difference = np.abs(np.asarray(image).astype(int) - folder.picture(folder.index[source]))
        assert difference.mean() <= (3 if naming == "reid" else 0)
    assert len(list((tmp_path / "out").iterdir())) == len(pairs) + 1


@pytest.mark.parametrize(
    ("source", "target", "read"),
    [
        ("0002_c4s1_000451_03", "0012_c3s1_000001_01", ("0002", "4")),
        ("p000000_00", "p000000_01", ("0007", "1")),  # synthetic people have no cameras
        ("fashionMENDenimid0000008001_1front", "fashionMENDenimid0000008001_2side", ("0007", "1")),
    ],
)
def test_reid_trainers_read_the_sources_identity(source: str, target: str, read: tuple[str, str]) -> None:
    name = result_name(source, target, "reid", 7)
    match = re.search(r"([-\d]+)_c(\d)", name)
    assert match is not None
    assert match.groups() == read
    assert name.endswith(f"{source}_2_{target}.jpg")


def test_other_pictures_are_left_alone(prepared: Path, tmp_path: Path) -> None:
    folder = PreparedFolder(prepared)
    pairs = read_pairs_of(folder, None)
    paint_pairs(copy, "m", folder, pairs[:2], tmp_path / "out")
    for name, listed, naming in (("n", pairs[:2], "gfla"), ("m", pairs[:3], "gfla"), ("m", pairs[:2], "patn")):
        with pytest.raises(InputError, match="another method or list"):
            paint_pairs(copy, name, folder, listed, tmp_path / "out", naming)  # type: ignore[arg-type]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    with pytest.raises(InputError, match="not empty"):
        paint_pairs(copy, "m", folder, pairs, tmp_path / "mine")
    with pytest.raises(InputError, match="no naming"):
        paint_pairs(copy, "m", folder, pairs, tmp_path / "new", "cubist")  # type: ignore[arg-type]


def test_a_method_that_painted_nothing_takes_no_folder(prepared: Path, tmp_path: Path) -> None:
    folder = PreparedFolder(prepared)
    pairs = read_pairs_of(folder, None)[:2]

    def broken(person: Person, pose: Pose) -> np.ndarray:
        raise ValueError("no weights")

    with pytest.raises(InputError):
        paint_pairs(broken, "broken", folder, pairs, tmp_path / "out")
    paint_pairs(copy, "m", folder, pairs, tmp_path / "out")


def test_pictures_of_other_weights_or_data_are_left_alone(prepared: Path, tmp_path: Path) -> None:
    folder = PreparedFolder(prepared)
    pairs = read_pairs_of(folder, None)[:2]
    torch.manual_seed(0)
    for number in range(2):
        (tmp_path / str(number)).mkdir()
        save_weights(tmp_path / str(number) / "weights.safetensors", Generator(TINY), {"size": [64, 48]})
    first, second = (Ours(tmp_path / str(number) / "weights.safetensors") for number in range(2))
    assert first.name == second.name
    with pytest.raises(InputError, match="not a readable safetensors"):
        Ours(tmp_path / "absent.safetensors")
    paint_pairs(first, first.name, folder, pairs, tmp_path / "out")
    with pytest.raises(InputError, match=r"another method .*\(version\)"):
        paint_pairs(second, second.name, folder, pairs, tmp_path / "out")
    folder.manifest["sha256"] = {"poses.jsonl": "of other people"}
    with pytest.raises(InputError, match=r"another method .*\(data\)"):
        paint_pairs(first, first.name, folder, pairs, tmp_path / "out")


def test_a_kill_while_writing_leaves_nothing_behind(prepared: Path, tmp_path: Path) -> None:
    folder = PreparedFolder(prepared)
    pairs = read_pairs_of(folder, None)
    (tmp_path / ".writing-painted-x1y2.json").write_bytes(b"")  # killed before anything was there
    paint_pairs(copy, "m", folder, pairs, tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    done = tmp_path / result_name(*pairs[0])
    done.rename(tmp_path / f".writing-{done.stem}-x1y2.png")
    (tmp_path / ".hidden.png").write_bytes(b"")
    with pytest.raises(InputError, match="lacks 1 of"):
        find_results(tmp_path, folder, pairs)
    assert paint_pairs(copy, "m", folder, pairs, tmp_path).painted == 1
    assert {path.name for path in tmp_path.iterdir()} == names | {".hidden.png"}
    assert len(find_results(tmp_path, folder, pairs)) == len(pairs)


def test_ours_paints_however_few_joints_there_are(prepared: Path, tmp_path: Path) -> None:
    save_weights(tmp_path / "w.safetensors", Generator(TINY), {"size": [64, 48]})
    points = np.full((18, 2), np.nan, np.float32)
    points[0] = 20, 10
    pose = Pose(points, (64, 48))
    person = Person(PreparedFolder(prepared).picture(0), pose, np.zeros((64, 48), np.uint8))
    assert Ours(tmp_path / "w.safetensors")(person, pose).shape == (64, 48, 3)


def test_what_a_method_gives_is_checked(prepared: Path, tmp_path: Path) -> None:
    folder = PreparedFolder(prepared)
    pairs = read_pairs_of(folder, None)[:2]
    for number, wrong in enumerate((None, np.zeros((64, 48, 3)), np.zeros((4, 4, 3), np.uint8))):
        with pytest.raises(InputError, match="a picture is uint8"):
            paint_pairs(lambda person, pose, w=wrong: w, "m", folder, pairs, tmp_path / str(number))  # type: ignore[misc]

    def broken(person: Person, pose: Pose) -> np.ndarray:
        raise RuntimeError("sizes of tensors must match")

    with pytest.raises(InputError, match=r"failed at .*sizes of tensors must match \(test_methods.py, line \d+\)"):
        paint_pairs(broken, "m", folder, pairs, tmp_path / "broken")

    def refuses(person: Person, pose: Pose) -> np.ndarray:
        raise InputError("too few joints.")

    painting = paint_pairs(refuses, "m", folder, pairs, tmp_path / "refused")
    assert len(painting.problems) == 2
    assert painting.painted == 0


def test_pairs_of_unknown_views_are_refused_before_anything_is_written(prepared: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no view 'nobody'"):
        paint_pairs(copy, "m", PreparedFolder(prepared), [("p0_0", "nobody")], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_our_own_weights_are_a_method(tmp_path: Path) -> None:
    import layouts

    picture, parsing, points = layouts.draw(0, 0, (128, 88))
    person = Person(picture, Pose(points.astype(np.float32), (128, 88)), parsing)
    method = load_method("rsagan")
    painted = method(person, person.pose.flipped())
    assert painted.shape == (128, 88, 3)
    assert not np.array_equal(painted, method(person, person.pose))


def test_the_example_wraps_an_outside_network(monkeypatch: pytest.MonkeyPatch) -> None:
    import layouts

    monkeypatch.syspath_prepend(Path(__file__).parent.parent / "examples")
    picture, parsing, points = layouts.draw(0, 0)
    person = Person(picture, Pose(points.astype(np.float32), (256, 176)), parsing)
    painted = load_method("outside_method:Wrapped")(person, person.pose)
    assert painted.shape == picture.shape
    assert painted.dtype == np.uint8


def test_methods_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "theirs.py").write_text(
        "def paint(person, pose):\n    return person.picture\n"
        "class Net:\n    def __call__(self, person, pose):\n        return person.picture\nnumber = 3\n"
    )
    (tmp_path / "torn.py").write_text("import nothing_of_that_name\n")
    monkeypatch.setattr("sys.path", [each for each in sys.path if each])
    with pytest.raises(InputError, match="cannot be loaded"):
        load_method("theirs:paint")
    monkeypatch.chdir(tmp_path)  # modules are looked for here too
    assert callable(load_method("theirs:paint"))
    assert type(load_method("theirs:Net")).__name__ == "Net"
    for text, word in (
        ("theirs", "module:object"), ("theirs:nobody", "cannot be loaded"), ("torn:x", "nothing_of_that_name"),
        ("theirs:number", "no function"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=word):
            load_method(text)


def test_a_view_whose_name_ends_like_a_picture_is_found(prepared: Path) -> None:
    folder = PreparedFolder(prepared)
    folder.index = {"ann_image.jpg": 0, "bob": 1}
    assert view_named("ann_image.jpg", folder) == view_named("ann_image.jpg.webp", folder) == "ann_image.jpg"
    assert view_named("bob.png", folder) == "bob"
