"""Drawn people, written in each layout that circulates and prepared again, are the same people."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

import layouts
from layouts import Figure
from layouts.market1501 import market_name
from rsagan.data import PreparedFolder
from rsagan.data.prepare import prepare_deepfashion, prepare_market1501
from rsagan.data.prepare.labels import regions_of
from rsagan.people import Region


@pytest.fixture(scope="module")
def people() -> list[Figure]:
    return layouts.figures(4)


def check(folder: Path, people: list[Figure], name_of: Callable[[Figure], str], table: list[int], atol: float) -> None:
    """Joints, regions, pairs and identities are those of the figures, in the folder's frame."""
    prepared = PreparedFolder(folder)
    prepared.verify()
    assert {entry.name for entry in prepared.entries} == {name_of(figure) for figure in people}
    scale = prepared.size[0] / people[0].picture.shape[0]
    for figure in people:
        at = prepared.index[name_of(figure)]
        expected = np.where(figure.points < 0, np.nan, figure.points * scale)
        np.testing.assert_allclose(prepared.entries[at].points, expected, atol=atol)
        regions = np.array(table, np.uint8)[figure.parsing]
        found = prepared.parsing(at)
        if scale == 2:
            found = found[::2, ::2]
        if found.shape == regions.shape:
            np.testing.assert_array_equal(found, regions)
    for split in ("train", "test"):
        pairs = [tuple(prepared.entries[i].name for i in pair) for pair in prepared.pairs(split)]
        those = [figure for figure in people if figure.split == split and not figure.extra.get("junk")]
        assert sorted(pairs) == sorted((name_of(a), name_of(b)) for a, b in layouts.deepfashion.pairs_of(those))
        assert all(len({prepared.entries[i].identity for i in pair}) == 1 for pair in prepared.pairs(split))


def listed(people: list[Figure]) -> list[Figure]:
    """Those that appear in a pair: text lists name no others."""
    names = {layouts.flat_name(figure) for pair in layouts.deepfashion.pairs_of(people) for figure in pair}
    return [figure for figure in people if layouts.flat_name(figure) in names]


def same_pictures(folder: Path, people: list[Figure], name_of: Callable[[Figure], str], mean: float = 0.0) -> None:
    prepared = PreparedFolder(folder)
    for figure in people:
        difference = np.abs(prepared.picture(prepared.index[name_of(figure)]).astype(int) - figure.picture)
        assert difference.mean() <= mean


def test_download_with_narrow_lists_and_pise_maps(people: list[Figure], tmp_path: Path) -> None:
    layouts.download(tmp_path, people)
    layouts.write_lists(tmp_path, people)
    layouts.write_maps(tmp_path, people, "pise", "SPL8")
    report = prepare_deepfashion(tmp_path / "out", tmp_path, workers=1)  # known maps beside the pictures are found
    prepared = PreparedFolder(tmp_path / "out")
    skin = 0
    for figure in people:
        found = prepared.parsing(prepared.index[layouts.flat_name(figure)])
        merged = np.isin(figure.parsing, (6, 7))
        expected = np.array(layouts.BACK["pise"], np.uint8)[figure.parsing]  # dresses are lower clothes
        np.testing.assert_array_equal(found[~merged], expected[~merged])
        assert np.isin(found[merged], (6, 7)).all()
        if (figure.points >= 0).any():  # the released maps do not part arms from legs; the joints do
            skin += 1
            assert (found[merged] == figure.parsing[merged]).mean() > 0.99
    assert skin == 7
    same_pictures(tmp_path / "out", people, layouts.flat_name, mean=4)
    assert report["counts"]["train pictures"] == {"found": 6, "known": 48_674}
    assert report["pictures without joints"] == [layouts.flat_name(people[3])]


def test_shoes_of_the_released_maps_are_legs() -> None:
    """They are a piece of the lower body there; trousers are one too, however far down they reach."""
    _, parsing, points = layouts.draw(1, 0)
    labels = layouts.label_map(parsing, "pise")
    left, right = points[[10, 13]]
    for ankle in (left, right):
        labels[ankle[1] - 4 : ankle[1] + 6, ankle[0] - 6 : ankle[0] + 7] = 5
    raised = points.astype(np.float32)
    found = regions_of(labels, "pise", raised)
    assert (found[labels == 5] == Region.LEGS).all()
    assert (found[labels == 4] == Region.PANTS).all()
    raised[9:11, 1] -= 100  # a raised leg keeps its shoe
    moved = labels.copy()
    moved[left[1] - 4 : left[1] + 6, left[0] - 6 : left[0] + 7] = 0
    moved[left[1] - 104 : left[1] - 94, left[0] - 46 : left[0] - 33] = 5
    raised[10, 0] -= 40
    assert (regions_of(moved, "pise", raised)[moved == 5] == Region.LEGS).all()
    unknown = np.full((18, 2), np.nan, np.float32)
    assert (regions_of(labels, "pise", unknown)[labels == 5] == Region.PANTS).all()


@pytest.mark.parametrize("label_set", ["adgan", "casd"])
def test_wide_lists_and_arrays_of_regions(people: list[Figure], tmp_path: Path, label_set: str) -> None:
    layouts.download(tmp_path / "pictures", people)
    layouts.write_lists(tmp_path / "lists", people, "fashion", resize=False)
    layouts.write_maps(tmp_path, people, label_set, "semantic_merge3")
    prepare_deepfashion(tmp_path / "out", tmp_path / "pictures", tmp_path / "lists", tmp_path, label_set, workers=1)
    check(tmp_path / "out", people, layouts.flat_name, layouts.BACK[label_set], 0)
    for figure in people:  # the crop of the decoded file, to the pixel
        decoded = cv2.imread(str(tmp_path / "pictures" / "img" / layouts.nested_name(figure)))[:, 40:216, ::-1]
        prepared = PreparedFolder(tmp_path / "out")
        np.testing.assert_array_equal(prepared.picture(prepared.index[layouts.flat_name(figure)]), decoded)


@pytest.mark.parametrize(("label_set", "layout"), [("cihp", "seg"), ("lip", "nested")])
def test_archive_with_text_lists(people: list[Figure], tmp_path: Path, label_set: str, layout: str) -> None:
    layouts.write_archive(tmp_path, people)
    layouts.write_text_lists(tmp_path, people)
    layouts.write_maps(tmp_path / "maps", people, label_set, layout)
    labels = None if layout == "seg" else label_set
    prepare_deepfashion(tmp_path / "out", tmp_path, None, tmp_path / "maps", labels, "squash", workers=1)
    paired = listed(people)
    check(tmp_path / "out", paired, layouts.flat_name, layouts.BACK[label_set], 1e-3)
    same_pictures(tmp_path / "out", paired, layouts.flat_name)


@pytest.mark.parametrize(("label_set", "wide"), [("atr", False), ("fashn", True), ("rsagan", False)])
def test_flat_folders_are_lossless(people: list[Figure], tmp_path: Path, label_set: str, wide: bool) -> None:
    layouts.write_flat(tmp_path, people, wide)
    layouts.write_lists(tmp_path, people)
    layouts.write_maps(tmp_path / "parsing", people, label_set, "nested")
    prepare_deepfashion(tmp_path / "out", tmp_path, None, tmp_path / "parsing", label_set, workers=1)
    check(tmp_path / "out", people, layouts.flat_name, layouts.BACK[label_set], 0)
    same_pictures(tmp_path / "out", people, layouts.flat_name)


def test_tall_pictures_at_twice_the_size(people: list[Figure], tmp_path: Path) -> None:
    layouts.download(tmp_path, people, high_resolution=True)
    layouts.write_text_lists(tmp_path, people)
    layouts.write_maps(tmp_path / "maps", people, "cihp", "nested")
    prepare_deepfashion(
        tmp_path / "out", tmp_path, None, tmp_path / "maps", "cihp", "squash", (512, 352), workers=1
    )  # fmt: skip
    paired = listed(people)
    check(tmp_path / "out", paired, layouts.flat_name, layouts.BACK["cihp"], 1e-3)
    prepared = PreparedFolder(tmp_path / "out")
    assert prepared.size == (512, 352)
    for figure in paired:
        small = cv2.resize(
            prepared.picture(prepared.index[layouts.flat_name(figure)]), (176, 256), None, 0, 0, cv2.INTER_AREA
        )
        assert np.abs(small.astype(int) - figure.picture).mean() < 4


@pytest.mark.parametrize("archived", [False, True])
def test_tall_pictures_squashed_into_a_square(people: list[Figure], tmp_path: Path, archived: bool) -> None:
    """As GFLA and PIDM score them, by us or in an archive; maps with margins and maps without are the same."""
    if archived:
        layouts.write_archive(tmp_path, people, (256, 256))
    else:
        layouts.download(tmp_path, people, high_resolution=True)
    layouts.write_lists(tmp_path, people)
    layouts.write_maps(tmp_path / "wide", people, "adgan", "seg")
    layouts.write_maps(tmp_path / "narrow", people, "adgan", "nested")
    for maps in ("wide", "narrow"):
        out = tmp_path / f"out-{maps}"
        prepare_deepfashion(out, tmp_path, None, tmp_path / maps, "adgan", "squash", (256, 256), workers=1)
        prepared = PreparedFolder(out)
        assert prepared.size == (256, 256)
        for figure in people:
            at = prepared.index[layouts.flat_name(figure)]
            expected = np.where(figure.points < 0, np.nan, figure.points * [256 / 176, 1])
            np.testing.assert_allclose(prepared.entries[at].points, expected, atol=1e-3)
            small = cv2.resize(prepared.picture(at), (176, 256), None, 0, 0, cv2.INTER_AREA)
            assert np.abs(small.astype(int) - figure.picture).mean() < 4
            back = cv2.resize(prepared.parsing(at), (176, 256), None, 0, 0, cv2.INTER_NEAREST_EXACT)
            np.testing.assert_array_equal(back, figure.parsing)


def test_names_that_others_give_their_lists(people: list[Figure], tmp_path: Path) -> None:
    layouts.write_flat(tmp_path, people)
    layouts.write_maps(tmp_path / "parsing", people, "lip", "nested")
    layouts.write_lists(tmp_path / "lists", people, "fashion")
    for split in ("train", "test"):
        path = tmp_path / "lists" / f"fashion-resize-annotation-{split}.csv"
        path.rename(path.with_name(f"fasion-resize-annotation-pairs-{split}.csv"))
    prepare_deepfashion(tmp_path / "out", tmp_path, tmp_path / "lists", tmp_path / "parsing", "lip", workers=1)
    check(tmp_path / "out", people, layouts.flat_name, layouts.BACK["lip"], 0)


def test_text_lists_name_pictures_in_no_pair(people: list[Figure], tmp_path: Path) -> None:
    """The reference of distributions is all training pictures."""
    layouts.write_flat(tmp_path, people)
    layouts.write_maps(tmp_path / "parsing", people, "lip", "nested")
    layouts.write_text_lists(tmp_path, people)
    (tmp_path / "train.lst").write_text("".join(f"{layouts.listed_name(f, 'fashion')}\n" for f in people[:6]))
    report = prepare_deepfashion(tmp_path / "out", tmp_path, None, tmp_path / "parsing", "lip", workers=1)
    assert len(listed(people[:4])) < 4
    assert report["counts"]["train pictures"]["found"] == len([f for f in people if f.split == "train"])


def test_both_lists_give_the_same_folder(people: list[Figure], tmp_path: Path) -> None:
    layouts.write_flat(tmp_path, people)
    layouts.write_maps(tmp_path / "parsing", people, "lip", "nested")
    layouts.write_lists(tmp_path / "narrow", people, "fasion", resize=True)
    layouts.write_lists(tmp_path / "wide", people, "fasion", resize=False)
    for name in ("narrow", "wide"):
        prepare_deepfashion(tmp_path / f"out-{name}", tmp_path, tmp_path / name, tmp_path / "parsing", "lip", workers=1)
    for name in ("poses.jsonl", "pairs-train.csv", "pairs-test.csv"):
        assert (tmp_path / "out-narrow" / name).read_bytes() == (tmp_path / "out-wide" / name).read_bytes()


def test_market(tmp_path: Path) -> None:
    people = layouts.figures(6, 3, (128, 64))
    people[-1].extra["junk"] = True
    layouts.write_market(tmp_path, people, "lip")
    report = prepare_market1501(tmp_path / "out", tmp_path, None, tmp_path / "parsing", "lip", workers=1)

    def name_of(figure: Figure) -> str:
        return market_name(figure).removesuffix(".jpg")

    check(tmp_path / "out", people, name_of, layouts.BACK["lip"], 0)
    prepared = PreparedFolder(tmp_path / "out")
    for figure in people:
        decoded = cv2.imread(str(tmp_path / f"bounding_box_{figure.split}" / market_name(figure)))[..., ::-1]
        np.testing.assert_array_equal(prepared.picture(prepared.index[name_of(figure)]), decoded)
    assert report["counts"]["test pairs"]["known"] == 12_000
    identities = {entry.name: entry.identity for entry in prepared.entries}
    junk = [name for name in identities if name.startswith("-1_")]
    assert len(junk) == 1
    assert identities[junk[0]] == junk[0]
    assert identities["0002_c1s1_000000_00"] == "0002"


def test_market_with_square_maps(tmp_path: Path) -> None:
    people = layouts.figures(6, 2, (128, 64))
    layouts.write_market(tmp_path, people)
    layouts.write_square_maps(tmp_path, people)
    prepare_market1501(tmp_path / "out", tmp_path, workers=1)
    check(
        tmp_path / "out", people, lambda figure: market_name(figure).removesuffix(".jpg"), layouts.BACK["cihp"], 0
    )  # fmt: skip
