"""The DeepFashion layout, read back the way its readers do."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from rsagan.data import synthesize
from rsagan.data.deepfashion import SPL8, annotation, view_name
from rsagan.data.prepared import Entry
from rsagan.errors import InputError
from rsagan.people import Region
from rsagan.synthetic import identity, render_view


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("deepfashion") / "fashion"
    synthesize(path, 3, 2, (256, 176), seed=5, test_identities=1, layout="deepfashion")
    return path


def _annotations(path: Path) -> dict[str, np.ndarray]:
    """float (18, 2) x, y of each name, by the rules of the files alone."""
    lines = path.read_text().splitlines()
    assert lines[0] == "name:keypoints_y:keypoints_x"
    read = {}
    for line in lines[1:]:
        name, y, x = line.split(":")
        assert y.startswith(" [")
        assert x.startswith(" [")
        read[name] = np.array([json.loads(x), json.loads(y)]).T
        assert read[name].shape == (18, 2)
    return read


def test_every_file_is_where_readers_look(folder: Path) -> None:
    for split, views, pairs in (("train", 4, 4), ("test", 2, 2)):
        names = (folder / f"{split}.lst").read_text().split()
        assert len(names) == len(set(names)) == views
        assert {path.name for path in (folder / split).iterdir()} == set(names)
        for frame in ("resize-", ""):
            with (folder / f"fasion-{frame}pairs-{split}.csv").open() as file:
                rows = list(csv.DictReader(file))
            assert len(rows) == pairs
            assert {name for row in rows for name in (row["from"], row["to"])} == set(names)
            assert set(_annotations(folder / f"fasion-{frame}annotation-{split}.csv")) == set(names)


def test_joints_and_regions_lie_on_the_picture(folder: Path) -> None:
    narrow = _annotations(folder / "fasion-resize-annotation-train.csv")
    wide = _annotations(folder / "fasion-annotation-train.csv")
    for name, points in narrow.items():
        picture = cv2.imread(str(folder / "train" / name))
        regions = cv2.imread(str(folder / "trainSPL8" / name.replace(".jpg", ".png")), cv2.IMREAD_UNCHANGED)
        assert picture.shape == (256, 176, 3)
        assert regions.shape == (256, 256)
        assert not regions[:, :40].any()
        assert not regions[:, 216:].any()
        assert set(np.unique(regions)) <= {0, 2, 3, 4, 5, 6, 7}
        for (x, y), (x_wide, y_wide) in zip(points, wide[name], strict=True):
            assert (x == -1) == (y == -1) == (x_wide == -1) == (y_wide == -1)
            if x >= 0:
                assert (x_wide, y_wide) == (x + 40, y)
                assert regions[max(0, y - 3) : y + 4, max(0, x_wide - 3) : x_wide + 4].any()


def test_regions_keep_their_meaning() -> None:
    assert SPL8.tolist()[Region.HAIR] == 2
    assert SPL8.tolist()[Region.FACE] == 7
    assert SPL8.tolist()[Region.UPPER] == 3
    assert {SPL8.tolist()[r] for r in (Region.PANTS, Region.DRESS)} == {4, 5}
    assert SPL8.tolist()[Region.ARMS] == SPL8.tolist()[Region.LEGS] == 6


def test_names_and_rows_are_of_the_known_form() -> None:
    points = np.full((18, 2), np.nan, np.float32)
    points[0] = (80.4, 0.2)
    assert view_name("female", 55, 3, 10.0, points) == "fashionWOMENDressesid0000005604_1front"
    entry = Entry("a", "a", points, np.zeros(18, bool), 0.0, {})
    assert annotation(entry).startswith("a.jpg: [0, -1, -1")
    assert annotation(entry, 40).split(": ")[2].startswith("[120, -1")


def test_the_pictures_are_those_of_the_prepared_layout(folder: Path) -> None:
    from rsagan.data.synthesis import view_seeds

    person, seeds = view_seeds(5, 0, 2)
    view = render_view(identity(person), seeds[0], (256, 176))
    name = (folder / "train.lst").read_text().split()[0]
    found = cv2.imread(str(folder / "train" / name))[..., ::-1]
    assert np.abs(found.astype(int) - view.picture).mean() < 4


def test_it_is_finished_once_and_of_one_size(folder: Path) -> None:
    before = (folder / "synthesis.json").read_bytes()
    synthesize(folder, 3, 2, (256, 176), seed=5, test_identities=1, layout="deepfashion")
    assert (folder / "synthesis.json").read_bytes() == before
    with pytest.raises(InputError, match="256x176"):
        synthesize(folder.parent / "other", 3, 2, (128, 88), layout="deepfashion")
    with pytest.raises(InputError, match="layout"):
        synthesize(folder.parent / "other", 3, 2, (128, 88), layout="cubist")
