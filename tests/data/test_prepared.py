"""The prepared folder: written, read, and refused in one sentence when broken."""

import hashlib
import json
import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from rsagan.data.pairs import bounded, spread
from rsagan.data.prepared import Entry, PreparedFolder, file_hash
from rsagan.errors import InputError


@pytest.fixture
def copy(prepared: Path, tmp_path: Path) -> Path:
    return shutil.copytree(prepared, tmp_path / "folder")


def test_it_reads_what_was_written(prepared: Path) -> None:
    folder = PreparedFolder(prepared)
    assert folder.size == (64, 48)
    assert len(folder.entries) == 12
    assert folder.picture(0).shape == (64, 48, 3)
    assert folder.picture(0).dtype == np.uint8
    assert folder.picture(0)[0, 0].tolist() == [200, 200, 200]
    assert folder.parsing(0).max() == 7
    assert folder.surface(0).dtype == np.uint16
    assert folder.surface(0)[folder.parsing(0) > 0].min() >= 100
    assert not folder.surface(0)[folder.parsing(0) == 0].any()
    assert np.isnan(folder.entries[1].points[7]).all()
    assert not folder.entries[1].visible[7]
    assert folder.pairs("train").shape == (12, 2)
    folder.verify()


def test_channels_keep_their_order(tmp_path: Path) -> None:
    from rsagan.data.prepared import write_lists, write_view

    picture = np.zeros((16, 16, 3), np.uint8)
    picture[..., 0] = 250
    surface = np.zeros((16, 16, 3), np.uint16)
    surface[..., 2] = 40_000
    blank = Entry("a", "a", np.full((18, 2), np.nan, np.float32), np.zeros(18, bool), None, {})
    entry = write_view(tmp_path, blank, picture, np.zeros((16, 16), np.uint8), surface)
    write_lists(tmp_path, [entry], [("a", "a")], [("a", "a")], {"frame": [16, 16], "source": "x", "licence": "y"})
    folder = PreparedFolder(tmp_path)
    assert np.array_equal(folder.picture(0), picture)
    assert np.array_equal(folder.surface(0), surface)
    assert folder.entries[0].yaw is None
    shutil.rmtree(tmp_path / "surface")
    with pytest.raises(InputError, match="without its folder surface"):
        PreparedFolder(tmp_path)


def _read_all(path: Path) -> None:
    folder = PreparedFolder(path)
    folder.pairs("train")
    folder.picture(0), folder.parsing(0), folder.surface(0)


def _sign(folder: Path) -> None:
    """Make the manifest vouch for what the lists now hold, so that the reader has to see for itself."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["sha256"] = {name: file_hash(folder / name) for name in manifest["sha256"] if (folder / name).is_file()}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def _edit(name: str, change: Callable[[str], str], sign: bool = True) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        path = folder / name
        path.write_text(change(path.read_text()))
        if sign and name != "manifest.json":
            _sign(folder)

    return apply


def _manifest(**changes: object) -> Callable[[Path], None]:
    return _edit("manifest.json", lambda text: json.dumps(json.loads(text) | changes))


def _first_line(**changes: object) -> Callable[[Path], None]:
    def change(text: str) -> str:
        first, *rest = text.splitlines()
        return "\n".join([json.dumps(json.loads(first) | changes), *rest]) + "\n"

    return _edit("poses.jsonl", change)


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        (lambda f: (f / "manifest.json").unlink(), "not a prepared folder"),
        (_edit("manifest.json", lambda text: text[:20]), "damaged"),
        (_edit("manifest.json", lambda _: "[]"), "damaged"),
        (_manifest(format=99), "format 99"),
        (_manifest(frame=[64, 0]), "frame"),
        (_manifest(frame="ab"), "damaged"),
        (_manifest(frame=[64.5, 48]), "whole pixels"),
        (_manifest(frame=["64", "48"]), "whole pixels"),
        (_manifest(frame=[float("inf"), 48]), "damaged"),
        (_edit("manifest.json", lambda _: "[" * 100_000), "damaged"),
        (lambda f: (f / "poses.jsonl").unlink(), "poses.jsonl"),
        (_edit("poses.jsonl", lambda text: text + "{", sign=False), "was changed"),
        (_edit("poses.jsonl", lambda text: text + "{\n"), "line 13"),
        (_edit("poses.jsonl", lambda text: text.replace('"p0_0"', '"../p"', 1)), "line 1"),
        (_edit("poses.jsonl", lambda text: text.replace('"points": [', '"points": [null, ', 1)), "line 1"),
        (_edit("poses.jsonl", lambda text: "[" * 100_000 + "\n" + text), "line 1"),
        (_edit("poses.jsonl", lambda text: text.replace('"p0_0"', '"a\\u0000b"', 1)), "line 1"),
        (_first_line(yaw=10**400), "line 1"),
        (_first_line(yaw=float("inf")), "line 1 .*no finite number"),
        (_first_line(points=[[1, 10**400]] * 18), "line 1"),
        (_first_line(points=[[1, 1e39]] * 18), "line 1 .*no finite number"),
        (_first_line(points=[[1, float("nan")]] * 18), "line 1 .*no finite number"),
        (_edit("poses.jsonl", lambda text: text + text.splitlines()[0] + "\n"), "twice"),
        (_edit("poses.jsonl", lambda _: ""), "no views"),
        (_edit("pairs-train.csv", lambda text: text.replace("from,to\n", "")), "from,to"),
        (_edit("pairs-train.csv", lambda text: text + "p0_0,nobody\n"), "line 14"),
        (_edit("pairs-train.csv", lambda text: text + "p0_0\n"), "line 14"),
        (_edit("pairs-train.csv", lambda _: "from,to\n"), "no pairs"),
        (lambda f: (f / "images/p0_0.png").unlink(), "p0_0.png"),
        (lambda f: (f / "images/p0_0.png").write_bytes(b"x"), "p0_0.png"),
        (lambda f: (f / "images/p0_0.png").write_bytes(b""), "p0_0.png"),
        (lambda f: cv2.imwrite(str(f / "images/p0_0.png"), np.zeros((8, 8, 3), np.uint8)), "instead of"),
        (lambda f: cv2.imwrite(str(f / "parsing/p0_0.png"), np.full((64, 48), 9, np.uint8)), "regions end at 7"),
        (lambda f: cv2.imwrite(str(f / "parsing/p0_0.png"), np.zeros((64, 48, 3), np.uint8)), "instead of"),
        (lambda f: cv2.imwrite(str(f / "surface/p0_0.png"), np.zeros((64, 48, 3), np.uint8)), "instead of"),
    ],
)
def test_broken_folders_get_one_sentence(copy: Path, damage: Callable[[Path], object], word: str) -> None:
    damage(copy)
    with pytest.raises(InputError, match=word) as caught:
        _read_all(copy)
    assert "\n" not in str(caught.value)


def test_verify_finds_a_changed_picture(copy: Path) -> None:
    picture = cv2.imread(str(copy / "images/p2_1.png"))
    cv2.imwrite(str(copy / "images/p2_1.png"), 255 - picture)
    with pytest.raises(InputError, match="p2_1"):
        PreparedFolder(copy).verify()


def test_an_entry_survives_its_line() -> None:
    points = np.full((18, 2), np.nan, np.float32)
    points[3] = (1.5, 2.25)
    entry = Entry("n", "i", points, np.arange(18) == 3, -12.5, {"images": "ab"})
    again = Entry.from_json(entry.to_json())
    np.testing.assert_array_equal(again.points, points)
    assert (again.name, again.identity, again.yaw, again.sha256) == ("n", "i", -12.5, {"images": "ab"})
    assert again.visible.tolist() == entry.visible.tolist()


def _views(who: str, count: int) -> list[Entry]:
    return [Entry(f"{who}{k}", who, np.zeros((18, 2), np.float32), np.ones(18, bool), None, {}) for k in range(count)]


def test_of_thousands_of_views_only_the_pairs_wanted_are_made() -> None:
    views = _views("a", 5000)
    pairs = bounded([views, views[:3]], 1000, seed=0)
    assert len(set(pairs)) == len(pairs) == 1000
    assert all(a != b for a, b in pairs)
    assert bounded([views], 10, seed=0) != bounded([views], 10, seed=1)


def test_of_many_people_only_the_pairs_wanted_are_made() -> None:
    people = [_views(f"p{k}_", 300) for k in range(20)]
    tracemalloc.start()
    assert len(bounded(people, 1000, seed=0)) == 1000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20  # all of one person's take more than that


@pytest.mark.parametrize(
    ("limit", "seed", "expected"),
    [(5, 0, "d586036fda3bd7d3"), (1000, 1, "5b036a0c103ef3bd"), (10**6, 3, "ba70e8cb043393fe")],
)
def test_which_pairs_are_drawn_stays_as_it_is(limit: int, seed: int, expected: str) -> None:
    people = [_views(who, count) for who, count in zip("abcdef", (7, 1, 340, 2, 0, 60), strict=True)]
    assert hashlib.sha256(repr(bounded(people, limit, seed)).encode()).hexdigest().startswith(expected)


def test_indices_are_spread_from_end_to_end() -> None:
    assert [spread(9, most).tolist() for most in (1, 2, 3, 20)] == [[0], [0, 8], [0, 4, 8], list(range(9))]
