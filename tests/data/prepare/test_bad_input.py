"""Wrong options are caught and named before anything is written; broken files are named and the rest goes on."""

import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import layouts
from rsagan.data import PreparedFolder
from rsagan.data.prepare import engine, prepare_deepfashion, prepare_market1501
from rsagan.data.prepare.checks import check_joints
from rsagan.data.prepare.deepfashion import plan_deepfashion
from rsagan.data.prepare.labels import check_label_set
from rsagan.data.prepare.sources import picture_roots
from rsagan.errors import InputError


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Flat pictures, both kinds of lists, and maps in three label sets."""
    folder = tmp_path_factory.mktemp("fashion")
    people = layouts.figures(5)
    layouts.write_flat(folder / "pictures", people)
    layouts.write_lists(folder / "lists", people)
    layouts.write_lists(folder / "lists", people, resize=False)
    for label_set in ("lip", "fashn", "adgan"):
        layouts.write_maps(folder / label_set, people, label_set, "nested")
    layouts.write_maps(folder, people, "pise", "SPL8")
    return folder


@pytest.fixture
def data(original: Path, tmp_path: Path) -> Path:
    return shutil.copytree(original, tmp_path / "data")


def prepare(data: Path, **options: Any) -> dict[str, Any]:
    arguments = {"lists": data / "lists", "parsing": data / "lip", "labels": "lip", "workers": 1} | options
    return prepare_deepfashion(data.parent / "out", data / "pictures", **arguments)


def edit(name: str, change: Callable[[str], str]) -> Callable[[Path], None]:
    def apply(data: Path) -> None:
        path = data / "lists" / name
        path.write_text(change(path.read_text()))

    return apply


def swap(text: str) -> str:
    """x before y, as nobody publishes it."""
    rows = [line.split(":") for line in text.splitlines()]
    return "\n".join([":".join(rows[0]), *(f"{name}:{x}:{y}" for name, y, x in rows[1:])])


def only(*names: str) -> Callable[[Path], None]:
    def apply(data: Path) -> None:
        for path in (data / "lists").iterdir():
            if path.name not in names:
                path.unlink()

    return apply


def nothing(data: Path) -> None:
    pass


WIDE = ("fasion-annotation-train.csv", "fasion-pairs-train.csv", "fasion-annotation-test.csv")
NARROW = "fasion-resize-annotation-train.csv"


@pytest.mark.parametrize(
    ("change", "options", "word"),
    [
        (only(*WIDE), {"frame": (256, 176)}, "--frame"),
        (only(NARROW, "fasion-resize-pairs-train.csv"), {"frame": (256, 256)}, "--frame"),
        (edit(NARROW, swap), {}, "exchanged"),
        (nothing, {"labels": "fashn"}, "'lip'"),
        (nothing, {"labels": "atr"}, "not of the label set 'atr'"),
        (nothing, {"labels": "pise"}, "'lip'"),
        (nothing, {"labels": "adgan"}, "'lip'"),
        (nothing, {"labels": "mhp"}, "no label set 'mhp'"),
        (nothing, {"labels": "estimated"}, "leave out --parsing"),
        (nothing, {"labels": None}, "--labels"),
        (nothing, {"parsing": None}, "--parsing"),
        (nothing, {"parsing": Path("nowhere")}, "not a folder"),
        (nothing, {"lists": Path("nowhere")}, "not a folder"),
        (nothing, {"size": (256, 192)}, "512x352"),
        (nothing, {"size": (512, 352)}, "too small for --size"),
        (nothing, {"size": (256, 256)}, "--fit squash"),
        (nothing, {"lists": None}, "--lists"),
        (lambda data: [shutil.rmtree(data / "pictures" / split) for split in ("train", "test")], {}, "None of the"),
        (edit(NARROW, lambda text: text.replace("keypoints_y", "x")), {}, "must begin"),
        (edit(NARROW, lambda text: text.replace("[", "[1, ", 1)), {}, "line 2"),
        (edit(NARROW, lambda text: text + "fasionMENDenimid0000000501_1front.jpg: [[1]]: 7\n"), {}, "line "),
        (edit(NARROW, lambda text: text + "a: " + "[" * 100_000), {}, "line "),
        (edit("fasion-resize-pairs-train.csv", lambda text: text.replace("from,to\n", "")), {}, "from,to"),
        (edit("fasion-resize-pairs-train.csv", lambda text: text + "somebody,else\n"), {}, "somebody,else"),
        (edit("fasion-resize-pairs-train.csv", lambda _: "from,to\n"), {}, "no pairs"),
        (lambda data: (data / "lists" / NARROW).write_bytes(b"\xff\xfe\x00"), {}, "not text"),
    ],
)
def test_wrong_options_and_lists_stop_with_one_sentence(
    data: Path, change: Callable[[Path], None], options: dict[str, Any], word: str
) -> None:
    change(data)
    with pytest.raises(InputError, match=word) as caught:
        prepare(data, **options)
    assert "\n" not in str(caught.value)
    assert not (data.parent / "out").exists()


def test_maps_are_not_looked_for_if_regions_are_to_be_estimated(data: Path) -> None:
    plan, views = plan_deepfashion(data / "pictures", data / "lists", None, "estimated")
    assert plan.arguments["labels"] == "estimated"
    assert all(view.parsing is None for view in views)
    for name in ("trainSPL8", "testSPL8"):
        (data / name).rename(data / "lists" / name)
    plan, views = plan_deepfashion(data / "pictures", data / "lists")
    assert plan.arguments["labels"] == "pise"
    assert all(view.parsing is not None for view in views)
    assert plan_deepfashion(data / "pictures", data / "lists", None, "estimated")[0].arguments["labels"] == "estimated"


def test_the_right_labels_are_accepted(data: Path) -> None:
    assert prepare(data, labels="fashn", parsing=data / "fashn")["joints on a likely region"] > 0.95


def test_crop_and_squash_refuse_each_others_pictures(tmp_path: Path) -> None:
    people = layouts.figures(3)
    layouts.write_lists(tmp_path, people)
    layouts.write_maps(tmp_path, people, "pise", "SPL8")
    layouts.download(tmp_path / "low", people)
    layouts.download(tmp_path / "high", people, high_resolution=True)
    for pictures, fit, other in (("low", "squash", "crop"), ("high", "crop", "squash")):
        with pytest.raises(InputError, match=f"--fit {other}"):
            prepare_deepfashion(tmp_path / "out", tmp_path / pictures, tmp_path, tmp_path, None, fit, workers=1)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_squares_of_an_archive_were_squashed_and_are_stretched_back(tmp_path: Path) -> None:
    """Their middle columns would show people nearly one and a half times as wide."""
    people = layouts.figures(3)
    layouts.write_lists(tmp_path, people)
    layouts.write_maps(tmp_path, people, "pise", "SPL8")
    for size in ((256, 256), (256, 176)):
        folder = tmp_path / str(size[1])
        layouts.write_archive(folder, people, size)
        with pytest.raises(InputError, match="--fit squash"):
            prepare_deepfashion(tmp_path / "out", folder, tmp_path, tmp_path, None, "crop", workers=1)
        out = tmp_path / f"out-{size[1]}"
        assert not prepare_deepfashion(out, folder, tmp_path, tmp_path, None, "squash", workers=1)["problems"]
        prepared = PreparedFolder(out)
        assert prepared.size == (256, 176)
        for figure in people:
            found = prepared.picture(prepared.index[layouts.flat_name(figure)])
            assert np.abs(found.astype(int) - figure.picture).mean() < 4


def test_of_flat_folders_the_large_ones_are_squashed(tmp_path: Path) -> None:
    for name in ("train", "test", "train_highres", "test_highres"):
        (tmp_path / name).mkdir()
    assert picture_roots(tmp_path, True, (256, 176)) == [tmp_path / "train_highres", tmp_path / "test_highres"]
    assert picture_roots(tmp_path, False, (256, 176)) == [tmp_path]


def test_rows_of_another_data_set_are_named(tmp_path: Path) -> None:
    people = layouts.figures(3)
    layouts.download(tmp_path, people)
    layouts.write_lists(tmp_path, people)
    for path in tmp_path.glob("*-annotation-*.csv"):
        path.write_text(f"name:keypoints_y:keypoints_x\nx.jpg: {[1] * 18}: {[1] * 18}\n")
    with pytest.raises(InputError, match="No row of the lists"):
        prepare_deepfashion(tmp_path / "out", tmp_path, labels="estimated", workers=1)


def test_a_listed_picture_without_a_file_of_joints_stays(tmp_path: Path) -> None:
    people = layouts.figures(3)
    layouts.download(tmp_path, people, high_resolution=True)
    layouts.write_text_lists(tmp_path, people)
    layouts.write_maps(tmp_path, people, "pise", "SPL8")
    train = [figure for figure in people if figure.split == "train"]
    (tmp_path / "train.lst").write_text("".join(f"img/{layouts.nested_name(figure)}\n" for figure in train))
    (tmp_path / "pose" / layouts.nested_name(train[0], ".txt")).unlink()
    report = prepare_deepfashion(tmp_path / "out", tmp_path, None, tmp_path, None, "squash", workers=1)
    assert layouts.flat_name(train[0]) in report["pictures without joints"]
    assert layouts.flat_name(train[0]) in PreparedFolder(tmp_path / "out").index


def test_the_resolution_follows_the_fit(tmp_path: Path) -> None:
    people = layouts.figures(3)
    for high in (False, True):
        layouts.download(tmp_path / "In-shop" / "Img", people, high_resolution=high)
    layouts.write_lists(tmp_path, people)
    layouts.write_maps(tmp_path, people, "pise", "SPL8")
    for fit in ("crop", "squash"):
        report = prepare_deepfashion(tmp_path / fit, tmp_path, None, tmp_path, None, fit, workers=1)  # type: ignore[arg-type]
        assert not report["problems"]
        assert PreparedFolder(tmp_path / fit).manifest["plan"]["fit"] == fit


def test_broken_files_are_named_and_a_second_run_continues(data: Path) -> None:
    pictures, maps = sorted((data / "pictures" / "train").iterdir()), sorted((data / "lip").rglob("*.png"))
    kept = {path: path.read_bytes() for path in (*pictures, *maps)}
    pictures[0].write_bytes(kept[pictures[0]][:200])
    pictures[1].unlink()
    illegal = cv2.imread(str(maps[-1]), cv2.IMREAD_UNCHANGED)
    illegal[5, 5] = 20
    cv2.imwrite(str(maps[-1]), illegal)
    maps[-2].unlink()
    report = prepare(data)
    out = data.parent / "out"
    assert len(report["problems"]["broken files"]) == 2
    assert pictures[0].name in report["problems"]["broken files"][0]
    assert "class ids [20]" in report["problems"]["broken files"][1]
    assert len(report["problems"]["missing pictures"]) == 1
    assert len(report["problems"]["missing parsing maps"]) == 1
    assert report["pairs left out"]["a picture could not be prepared"] > 0
    assert pictures[0].name in (out / "report.md").read_text()
    assert len(PreparedFolder(out).entries) == 6
    written = {path: path.stat().st_mtime_ns for path in (out / "images").iterdir()}
    for path, content in kept.items():
        path.write_bytes(content)
    report = prepare(data)
    assert report["problems"] == {}
    folder = PreparedFolder(out)
    assert len(folder.entries) == 10
    folder.verify()
    assert all(path.stat().st_mtime_ns == time for path, time in written.items())
    assert not (out / ".unfinished").exists()
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    assert prepare(data) == report
    assert all(path.stat().st_mtime_ns == time for path, time in times.items())


def test_an_interrupted_run_goes_on_where_it_stopped(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare_chunk, chunks = engine._prepare, []

    def interrupted(folder: Path, tasks: list[Any]) -> list[str]:
        if len(chunks) == 1:
            raise KeyboardInterrupt
        chunks.append(prepare_chunk(folder, tasks))
        return chunks[-1]

    monkeypatch.setattr(engine, "CHUNK", 4)
    with monkeypatch.context() as patch:
        patch.setattr(engine, "_prepare", interrupted)
        with pytest.raises(KeyboardInterrupt):
            prepare(data)
    out = data.parent / "out"
    with pytest.raises(InputError, match="manifest"):
        PreparedFolder(out)
    with (out / ".unfinished" / "journal.jsonl").open("a") as file:
        file.write('["torn')
    done: list[tuple[int, int]] = []
    prepare(data, progress=lambda *count: done.append(count))
    assert done == [(4, 10), (8, 10), (10, 10)]
    PreparedFolder(out).verify()
    prepare_deepfashion(data.parent / "at once", data / "pictures", data / "lists", data / "lip", "lip", workers=1)
    for name in ("poses.jsonl", "pairs-train.csv", "manifest.json", "report.json"):
        assert (out / name).read_bytes() == (data.parent / "at once" / name).read_bytes()


def test_two_do_not_prepare_one_folder_at_a_time(data: Path) -> None:
    def another(done: int, _: int) -> None:
        with pytest.raises(InputError, match="Another process is at work"):
            prepare(data)
        met.append(done)

    met: list[int] = []
    prepare(data, progress=another)
    assert met[-1] == 10
    PreparedFolder(data.parent / "out").verify()
    assert not (data.parent / "out" / ".unfinished").exists()


def test_other_arguments_and_other_data_are_refused(data: Path) -> None:
    prepare(data)
    with pytest.raises(InputError, match=r"other options \(fit, layout\)"):
        prepare(data, fit="squash")
    (data.parent / "mine").mkdir()
    (data.parent / "mine" / "thesis.txt").write_text("precious")
    with pytest.raises(InputError, match="not empty"):
        prepare_deepfashion(data.parent / "mine", data, data / "lists", data / "lip", "lip", workers=1)
    with pytest.raises(InputError, match="is a file"):
        prepare_deepfashion(data.parent / "mine" / "thesis.txt", data, data / "lists", data / "lip", "lip", workers=1)


@pytest.mark.parametrize("name", ["fasion-resize-pairs-train.csv", NARROW])
def test_corrected_lists_are_other_data(data: Path, name: str) -> None:
    prepare(data)
    path = data / "lists" / name
    text = path.read_text()
    header, first, second, *rest = text.splitlines()
    changed = first.replace("[", "[ 1", 1) if name == NARROW else second
    path.write_text("\n".join([header, changed, second, *rest]) + "\n")
    with pytest.raises(InputError, match=r"other options \(lists\)"):
        prepare(data)
    manifest = data.parent / "out" / "manifest.json"
    written = json.loads(manifest.read_text())
    del written["plan"]["lists"]
    manifest.write_text(json.dumps(written))  # as earlier versions wrote it
    prepare(data)


def test_a_disk_that_was_full_at_the_first_file_leaves_the_folder_to_the_same_command(data: Path) -> None:
    left = data.parent / "out" / ".unfinished"
    left.mkdir(parents=True)
    (left / ".writing-plan-1.json").touch()
    prepare(data)
    PreparedFolder(data.parent / "out").verify()


@pytest.mark.parametrize("where", ["picture", "journal"])
def test_a_full_disk_stops_the_run_and_leaves_nothing_half_written(
    data: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """A full disk is no broken picture, and once there is room the same command goes on."""
    written = 0

    def full(text: Any) -> None:
        nonlocal written
        written += 1
        if written > 5:
            raise OSError(errno.ENOSPC, "No space left on device")

    if where == "picture":
        write = Path.write_bytes

        def write_some(path: Path, content: bytes) -> int:
            write(path, content[:10])
            full(content)
            return write(path, content)

        patched = (Path, "write_bytes", write_some)
    else:
        to_json = engine.Record.to_json
        patched = (engine.Record, "to_json", lambda record: full(record) or to_json(record))  # type: ignore[assignment]
    with monkeypatch.context() as patch:
        patch.setattr(*patched)
        with pytest.raises(InputError, match=r"Cannot write .*No space left"):
            prepare(data)
    out = data.parent / "out"
    assert not (out / "manifest.json").exists()
    assert not list(out.rglob("*.part"))
    prepare(data)
    PreparedFolder(out).verify()


def test_what_stands_out_is_in_the_report(data: Path) -> None:
    path = data / "lists" / NARROW
    lines = path.read_text().splitlines()
    stranger = lines[1].replace("fasion", "bought")
    name, y, x = lines[2].split(":")
    far = f"{name}:{y}: [300,{x.split(',', 1)[1]}"
    path.write_text("\n".join([*lines[:2], far, *lines[3:], lines[1], stranger]))
    layouts.write_flat(data / "pictures" / "again", layouts.figures(1))
    report = prepare(data)
    assert len(report["names with two rows of joints"]) == 1
    assert report["rows of joints of no picture of the data set"][0].startswith("bought")
    assert report["pictures found twice"]
    assert report["joints"]["outside"] == 1
    assert len(report["joints"]["pictures"]) == 1
    assert any("found twice" in warning for warning in report["warnings"])
    assert json.loads((data.parent / "out" / "report.json").read_text()) == report


def test_an_empty_region_is_the_sign_of_a_wrong_table(data: Path) -> None:
    for path in (data / "lip").rglob("*.png"):
        labels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        labels[np.isin(labels, (1, 2))] = 0
        cv2.imwrite(str(path), labels)
    assert any("regions hair" in warning for warning in prepare(data)["warnings"])


def test_market_says_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--lists"):
        prepare_market1501(tmp_path / "out", tmp_path)
    with pytest.raises(InputError, match="not a folder"):
        prepare_market1501(tmp_path / "out", tmp_path / "nowhere")


def test_market_names_no_option_that_it_lacks(tmp_path: Path) -> None:
    people = layouts.figures(6, 2, (128, 64))
    layouts.write_market(tmp_path, people, "lip")
    small = np.zeros((64, 32, 3), np.uint8)
    found = []
    for pictures, word in ((small, "too small"), (np.zeros((128, 128, 3), np.uint8), "not shaped like 128x64")):
        for path in tmp_path.glob("bounding_box_*/*.jpg"):
            cv2.imwrite(str(path), pictures)
        with pytest.raises(InputError, match=word) as caught:
            prepare_market1501(tmp_path / "out", tmp_path, None, tmp_path / "parsing", "lip", workers=1)
        found.append(str(caught.value))
    poses = [np.where(figure.points < 0, np.nan, figure.points).astype(np.float32) for figure in people]
    blank = [(np.zeros((128, 64), np.uint8), points) for points in poses]
    with pytest.raises(InputError, match="another frame") as caught:
        check_joints([points + np.float32([40, 0]) for points in poses], (128, 64), True)
    found.append(str(caught.value))
    with pytest.raises(InputError, match="do not belong together") as caught:
        check_label_set(blank, "lip", True)
    found.append(str(caught.value))
    assert not any(option in text for text in found for option in ("--frame", "--size", "--fit"))


def test_the_archive_of_the_size_is_taken(tmp_path: Path) -> None:
    for name in ("256-176", "512-352"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "data.mdb").touch()
    assert picture_roots(tmp_path, True, (256, 176)) == [tmp_path / "256-176"]
    assert picture_roots(tmp_path, True, (512, 352)) == [tmp_path / "512-352"]
    assert picture_roots(tmp_path, True, (128, 88)) == [tmp_path / "512-352"]
    assert picture_roots(tmp_path / "256-176", True, (512, 352)) == [tmp_path / "256-176"]
    (tmp_path / "img").mkdir()  # larger pictures are better than an archive of another size
    assert picture_roots(tmp_path, True, (512, 352)) == [tmp_path / "512-352"]
    assert picture_roots(tmp_path, True, (256, 256)) == [tmp_path / "img"]


def test_nothing_is_unpickled(data: Path) -> None:
    """An .npy file may hold a pickle, which is a program."""
    path = sorted((data / "lip").rglob("*.png"))[0].with_suffix(".npy")
    np.save(path, np.array([{"a": print}], dtype=object), allow_pickle=True)
    path.with_suffix(".png").unlink()
    assert "array" in prepare(data)["problems"]["broken files"][0]


def test_a_damaged_header_of_an_array_is_a_broken_file(data: Path) -> None:
    path = sorted((data / "lip").rglob("*.png"))[0].with_suffix(".npy")
    np.save(path, np.zeros((8, 8), np.uint8))
    path.write_bytes(path.read_bytes().replace(b"}", b" ", 1))
    path.with_suffix(".png").unlink()
    assert "array" in prepare(data)["problems"]["broken files"][0]


def test_a_joint_of_hundreds_of_digits_is_one_sentence(data: Path) -> None:
    path = data / "lists" / WIDE[0]
    lines = path.read_text().splitlines()
    lines[1] = lines[1].replace("[", "[" + "9" * 400 + ", ", 1)
    path.write_text("\n".join(lines) + "\n")
    for name in (NARROW, NARROW.replace("train", "test")):
        (data / "lists" / name).unlink(missing_ok=True)
    with pytest.raises(InputError, match="line 2"):
        prepare(data)
