"""Two sources in one stream: by lot, the same whenever asked."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from rsagan.data import mixed as mixed_module
from rsagan.data import sampler, stream
from rsagan.data.corrupt import Corruption
from rsagan.data.mixed import MixedBatches, mixed_batches
from rsagan.data.prepared import PreparedFolder
from rsagan.data.sampler import Augmentation, Batches
from rsagan.data.stream import SyntheticPeople, parse_supply
from rsagan.errors import InputError


@pytest.fixture(scope="module")
def mixed(prepared: Path) -> MixedBatches:
    folder = PreparedFolder(prepared)
    main, other = Batches(folder, 0, Augmentation(0, 0)), Batches(folder, 1, Augmentation(0, 0, cut_out=1))
    return MixedBatches(main, other, 0.3, 7)


def test_each_pair_is_of_the_source_that_the_lot_names(mixed: MixedBatches) -> None:
    batch = mixed.batch(16, 24)
    lots = [mixed.is_other(position) for position in range(16, 40)]
    assert 2 < sum(lots) < 20
    for k, other in enumerate(lots):
        example = (mixed.other if other else mixed.main).example(16 + k)
        for name, array in example.items():
            np.testing.assert_array_equal(batch[name][k], array, err_msg=f"{name} {k}")


def test_people_rendered_on_the_way_are_mixed_where_they_are_rendered(
    prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "GROUP", 1)
    other = Batches(PreparedFolder(prepared), 1)
    other.batch(0, 4)  # what it keeps in memory stays here
    mixed = MixedBatches(stream.StreamedBatches(parse_supply("synthetic:3:64x48"), 2), other, 0.5, 7)
    assert {mixed.is_other(position) for position in range(4, 8)} == {False, True}
    running = mixed.stream(4, 4)
    found = next(running)
    running.close()  # type: ignore[attr-defined]
    for name, array in mixed.batch(4, 4).items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)
    assert len(pickle.dumps(mixed)) < 200_000


def test_about_the_share_comes_from_the_second(mixed: MixedBatches) -> None:
    assert 0.25 < np.mean([mixed.is_other(position) for position in range(1000)]) < 0.35


@pytest.mark.parametrize("world", [1, 2])
def test_the_stream_is_the_batches(mixed: MixedBatches, world: int) -> None:
    streams = [mixed.stream(8, 8, rank, world) for rank in range(world)]
    for start in (8, 16):
        found = [next(running) for running in streams]
        expected = mixed.batch(start, 8)
        for name, array in expected.items():
            np.testing.assert_array_equal(np.concatenate([each[name] for each in found]), array, err_msg=name)
    for running in streams:
        running.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("room", [3, 4])
def test_two_folders_share_the_memory(prepared: Path, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """Room is in halves of a folder: 12 views of 64x48, ten bytes a pixel."""
    for module in (sampler, mixed_module):
        monkeypatch.setattr(module, "memory_to_spare", lambda: room * 12 * 64 * 48 * 10 // 2)
    folder = PreparedFolder(prepared)
    found = mixed_batches(folder, folder, 0.5, 0, Augmentation(), Corruption())
    assert isinstance(found, MixedBatches)
    assert [each._pictures.kept for each in (found.main, found.other)] == [room == 4] * 2  # type: ignore[union-attr]
    alone = mixed_batches(folder, None, 0.5, 0, Augmentation(), Corruption())
    assert alone._pictures.kept  # type: ignore[union-attr]


def test_the_second_is_cut_out_and_of_the_same_size(prepared: Path) -> None:
    folder = PreparedFolder(prepared)
    found = mixed_batches(folder, folder, 0.5, 0, Augmentation(0, 0), Corruption())
    assert isinstance(found, MixedBatches)
    assert (found.main.augmentation.cut_out, found.other.augmentation.cut_out) == (0, 1)
    assert isinstance(mixed_batches(folder, None, 0.5, 0, Augmentation(), Corruption()), Batches)
    with pytest.raises(InputError, match="128x88"):
        mixed_batches(folder, SyntheticPeople(parse_supply("synthetic:1"), 1), 0.5, 0, Augmentation(), Corruption())
