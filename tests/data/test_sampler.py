"""Batches are a pure function of (seed, pictures seen)."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from rsagan.data.corrupt import Corruption, corrupt_parsing, corrupt_points, swap_sides
from rsagan.data.prepared import PreparedFolder
from rsagan.data.sampler import Augmentation, Batches, _memory_limits
from rsagan.people import FLIP


@pytest.fixture(scope="module")
def folder(prepared: Path) -> PreparedFolder:
    return PreparedFolder(prepared)


def _equal(a: dict, b: dict) -> bool:
    return all(np.array_equal(a[name], b[name], equal_nan=True) for name in a)


def test_shapes_types_and_ranges(folder: PreparedFolder) -> None:
    batch = Batches(folder, 0, Augmentation(), Corruption()).batch(0, 4)
    assert {name: (array.shape, array.dtype.name) for name, array in batch.items()} == {
        "source": ((4, 3, 64, 48), "float32"),
        "target": ((4, 3, 64, 48), "float32"),
        "parsing": ((4, 64, 48), "uint8"),
        "clean_parsing": ((4, 64, 48), "uint8"),
        "target_parsing": ((4, 64, 48), "uint8"),
        "source_points": ((4, 18, 2), "float32"),
        "target_points": ((4, 18, 2), "float32"),
        "flow": ((4, 2, 16, 12), "float32"),
        "chance": ((4,), "float32"),
    }
    assert -1 <= batch["source"].min() < batch["source"].max() <= 1
    assert np.isfinite(batch["flow"]).any()


def test_equal_whenever_asked(folder: PreparedFolder) -> None:
    one, other = (Batches(folder, 7, Augmentation(), Corruption()) for _ in range(2))
    other.batch(100, 3)
    assert _equal(one.batch(40, 8), other.batch(40, 8))
    assert not _equal(one.batch(40, 8), Batches(folder, 8, Augmentation(), Corruption()).batch(40, 8))


def test_people_are_cut_out_and_nothing_else_changes(folder: PreparedFolder) -> None:
    plain = Batches(folder, 0, Augmentation(0, 0), Corruption()).batch(0, 4)
    cut = Batches(folder, 0, Augmentation(0, 0, cut_out=1), Corruption()).batch(0, 4)
    backdrop = np.float32(245 / 127.5 - 1)
    for name, outline in (("source", "parsing"), ("target", "target_parsing")):
        colours, person = cut[name].transpose(0, 2, 3, 1), cut[outline] > 0
        outside = cv2.erode((~person).astype(np.uint8).transpose(1, 2, 0), np.ones((9, 9))).transpose(2, 0, 1) > 0
        inside = cv2.erode(person.astype(np.uint8).transpose(1, 2, 0), np.ones((9, 9))).transpose(2, 0, 1) > 0
        assert outside.any()
        np.testing.assert_allclose(colours[outside], backdrop, atol=1e-6)
        np.testing.assert_allclose(colours[inside], plain[name].transpose(0, 2, 3, 1)[inside], atol=0.01)
    known, left = (~np.isnan(each["flow"][:, 0]) for each in (plain, cut))
    which, row, column = np.nonzero(known)
    x, y = plain["flow"][which, :, row, column].T.round().astype(int)
    assert np.array_equal(left[known], cut["parsing"][which, y, x] > 0)  # what is cut away is nowhere to be found
    assert 0.5 < left.sum() / known.sum() < 1
    rest = {"source": 0, "target": 0, "flow": 0}
    assert _equal({**cut, **rest}, {**plain, **rest})
    some = Batches(folder, 0, Augmentation(0, 0, cut_out=0.5), Corruption()).batch(0, 16)["target"]
    assert 3 <= int((np.abs(some[:, :, 0] - backdrop) < 1e-6).all((1, 2)).sum()) <= 13


def test_a_folder_too_large_for_memory_gives_the_same(folder: PreparedFolder) -> None:
    kept = Batches(folder, 1, Augmentation(), Corruption())
    read = Batches(folder, 1, Augmentation(), Corruption(), cache_bytes=0)
    assert _equal(kept.batch(0, 4), read.batch(0, 4))


def test_every_epoch_shows_every_pair_once_in_a_new_order(folder: PreparedFolder) -> None:
    batches = Batches(folder, 0)
    count = len(batches.pairs)
    epochs = [[batches.pair(position) for position in range(start, start + count)] for start in (0, count)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == sorted(map(tuple, batches.pairs.tolist()))
    assert epochs[0] != epochs[1]


@pytest.mark.parametrize("world", [1, 2, 4])
def test_ranks_share_the_global_batch(folder: PreparedFolder, world: int) -> None:
    batches = Batches(folder, 3, Augmentation(), Corruption())
    whole = batches.batch(16, 8)
    streams = [batches.stream(16, 8, rank, world) for rank in range(world)]
    shares = [next(stream) for stream in streams]
    joined = {name: np.concatenate([share[name] for share in shares]) for name in whole}
    assert _equal(whole, joined)
    seconds = [next(stream) for stream in streams]
    assert np.array_equal(batches.batch(24, 8)["source"], np.concatenate([share["source"] for share in seconds]))
    for stream in streams:
        stream.close()


def test_more_loaders_give_the_same_batches(folder: PreparedFolder) -> None:
    one, many = (Batches(folder, 3, Augmentation(), Corruption()).stream(0, 4, loaders=count) for count in (1, 5))
    for _ in range(12):
        assert _equal(next(one), next(many))


def test_mirroring_swaps_sides_and_keeps_the_truth(folder: PreparedFolder) -> None:
    plain = Batches(folder, 0, Augmentation(flip=0, photometric=0)).example(5)
    flipped = Batches(folder, 0, Augmentation(flip=1, photometric=0)).example(5)
    width = folder.size[1]
    assert np.array_equal(flipped["source"], plain["source"][..., ::-1])
    assert np.array_equal(flipped["target_parsing"], plain["target_parsing"][..., ::-1])
    expected = plain["target_points"][list(FLIP)]
    expected[:, 0] = width - 1 - expected[:, 0]
    np.testing.assert_allclose(flipped["target_points"], expected, atol=1e-4)
    both = ~np.isnan(plain["flow"][0]) & ~np.isnan(flipped["flow"][0, :, ::-1])
    assert both.any()
    np.testing.assert_allclose(flipped["flow"][0, :, ::-1][both], width - 1 - plain["flow"][0][both], atol=0.6)
    np.testing.assert_allclose(flipped["flow"][1, :, ::-1][both], plain["flow"][1][both], atol=0.6)


def test_colours_change_alike_in_source_and_target(folder: PreparedFolder) -> None:
    plain = Batches(folder, 0).example(2)
    varied = Batches(folder, 0, Augmentation(flip=0, photometric=1)).example(2)
    pairs = np.stack([np.concatenate([e["source"].ravel(), e["target"].ravel()]) for e in (plain, varied)], 1)
    channel = np.repeat(np.tile(np.arange(3), 2), plain["source"][0].size)
    for c in range(3):  # one value before is one value after, wherever it is
        before, after = pairs[channel == c].T
        assert len(np.unique(np.stack([before, after], 1), axis=0)) == len(np.unique(before))
    assert not np.array_equal(pairs[:, 0], pairs[:, 1])


def test_corruption_is_connected_and_bounded(folder: PreparedFolder) -> None:
    clean, points = folder.parsing(0), folder.entries[0].points
    random = np.random.default_rng(0)
    shares = []
    for _ in range(200):
        corrupted = corrupt_parsing(clean, points, Corruption(clean=0), random)
        assert corrupted.dtype == np.uint8
        assert corrupted.shape == clean.shape
        assert corrupted.max() <= 7
        shares.append((corrupted != clean).mean())
    assert 0.01 < np.mean(shares) < 0.25
    assert corrupt_parsing(clean, points, Corruption(clean=1), random) is clean


def test_joints_move_a_little_and_some_get_lost() -> None:
    random = np.random.default_rng(0)
    points = np.tile(np.array([[30.0, 50.0]], np.float32), (18, 1))
    points[4] = np.nan
    visible = np.arange(18) < 9
    many = np.stack([corrupt_points(points, visible, 0.01, 0.05, (128, 88), random) for _ in range(500)])
    assert np.isnan(many[:, 4]).all()
    missing = np.isnan(many[..., 0]).mean(0)
    assert 0.02 < missing[:4].mean() < 0.09
    assert 0.15 < missing[9:].mean() < 0.25
    assert 1 < np.nanstd(many[:, :4]) < 20
    outside = corrupt_points(points * 0 - 5, visible, 0, 0, (128, 88), random)
    assert np.isnan(outside).all()


def test_sides_are_swapped_in_whole_limbs() -> None:
    points = np.arange(36, dtype=np.float32).reshape(18, 2)
    assert np.array_equal(swap_sides(points, 1.0, np.random.default_rng(0)), points[list(FLIP)])
    assert np.array_equal(swap_sides(points, 0.0, np.random.default_rng(0)), points)
    random = np.random.default_rng(1)
    swapped = np.stack([swap_sides(points, 0.2, random)[:, 0] != points[:, 0] for _ in range(500)])
    assert not swapped[:, [0, 1]].any()
    assert (swapped[:, 2:5] == swapped[:, [2]]).all()
    np.testing.assert_allclose(swapped[:, [2, 8, 14]].mean(0), 0.2, atol=0.07)


def test_the_memory_of_a_job_and_of_a_container_is_known(tmp_path: Path) -> None:
    limits = {"slurm/memory.max": "max", "slurm/job_7/memory.max": "9000", "memory/a/memory.limit_in_bytes": "5000"}
    for path, text in limits.items():
        file = tmp_path / "sys/fs/cgroup" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")
    (tmp_path / "proc/self").mkdir(parents=True)
    for groups, known in (("0::/slurm/job_7/step_0", [9000]), ("3:cpu,memory:/a\n2:pids:/a", [5000]), ("0::/", [])):
        (tmp_path / "proc/self/cgroup").write_text(groups + "\n")
        assert list(_memory_limits(tmp_path)) == known
    assert list(_memory_limits(tmp_path / "nowhere")) == []
