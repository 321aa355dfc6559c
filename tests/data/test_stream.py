"""Streamed people: the same whenever asked, never twice, and nothing left behind."""

import multiprocessing
import sys
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from rsagan.data import stream
from rsagan.data.corrupt import Corruption
from rsagan.data.sampler import Augmentation, Batch
from rsagan.data.stream import GROUP, TURNS, VIEWS, StreamedBatches, Supply, SyntheticPeople, open_data, parse_supply
from rsagan.errors import InputError

SMALL = Supply(5, (64, 48))


def _equal(a: Batch, b: Batch) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name], equal_nan=True) for name in a)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups of two people, so that little is rendered."""
    monkeypatch.setattr(stream, "GROUP", 2)


def test_a_batch_is_as_one_of_a_folder() -> None:
    batch = StreamedBatches(SMALL, 0, Augmentation(), Corruption(swap=0.1)).batch(3, 2)
    assert {name: (array.shape, array.dtype.name) for name, array in batch.items()} == {
        "source": ((2, 3, 64, 48), "float32"),
        "target": ((2, 3, 64, 48), "float32"),
        "parsing": ((2, 64, 48), "uint8"),
        "clean_parsing": ((2, 64, 48), "uint8"),
        "target_parsing": ((2, 64, 48), "uint8"),
        "source_points": ((2, 18, 2), "float32"),
        "target_points": ((2, 18, 2), "float32"),
        "flow": ((2, 2, 16, 12), "float32"),
        "chance": ((2,), "float32"),
    }
    assert np.isfinite(batch["flow"]).any()


def test_nobody_comes_twice_and_every_view_serves_both_ways() -> None:
    batches = StreamedBatches(SMALL, 1)
    pairs = [batches.pair(position) for position in range(3 * batches.group)]
    assert len(set(pairs)) == len(pairs)
    assert all(source != target for _, source, target in pairs)
    for person in range(3 * GROUP):
        own = [pair for pair in pairs if pair[0] == person]
        often = sorted(TURNS * list(range(VIEWS)))
        assert sorted(source for _, source, _ in own) == sorted(target for _, _, target in own) == often
    assert len({person for person, _, _ in pairs[:8]}) > 4
    again = StreamedBatches(SMALL, 1)
    assert [again.pair(p) for p in (400, 7, 150)] == [pairs[p] for p in (400, 7, 150)]


@pytest.mark.usefixtures("few")
def test_the_stream_gives_its_batches_wherever_it_is_entered() -> None:
    batches = StreamedBatches(SMALL, 2, Augmentation(), Corruption())
    running = batches.stream(10, 3)
    first, second = next(running), next(running)
    processes = multiprocessing.active_children()
    running.close()  # type: ignore[attr-defined]
    assert _equal(first, batches.batch(10, 3))
    assert _equal(second, batches.batch(13, 3))
    assert [process.exitcode for process in processes] == [0]


@pytest.mark.slow
@pytest.mark.usefixtures("few")
def test_neither_processes_nor_ranks_change_it() -> None:
    batches = StreamedBatches(SMALL, 2, Augmentation(), Corruption())
    one, two = (batches.stream(0, 4, loaders=count) for count in (1, 2))
    halves = [batches.stream(0, 4, rank, 2) for rank in range(2)]
    for _ in range(8):
        whole = next(one)
        assert _equal(whole, next(two))
        shares = [next(half) for half in halves]
        assert _equal(whole, {name: np.concatenate([share[name] for share in shares]) for name in whole})


@pytest.mark.usefixtures("few")
def test_what_goes_wrong_in_a_process_is_raised_here() -> None:
    running = StreamedBatches(Supply(5, (64, 48), ("opera",)), 0).stream(0, 2)
    with pytest.raises(ValueError, match="opera"):
        next(running)


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal there")
@pytest.mark.usefixtures("few")
def test_a_process_that_ends_by_itself_is_told_in_a_sentence() -> None:
    running = StreamedBatches(SMALL, 2).stream(0, 2)
    next(running)
    for process in multiprocessing.active_children():
        process.kill()
    with pytest.raises(InputError, match="has ended by itself"):
        list(islice(running, 100))


def test_held_out_people_have_the_shape_of_a_folder() -> None:
    people = open_data("synthetic:3:64x48")
    assert isinstance(people, SyntheticPeople)
    assert people.size == (64, 48)
    pairs = people.pairs("test")
    assert len(pairs) == 24
    for source, target in pairs:
        assert people.entries[source].identity == people.entries[target].identity
    assert people.picture(0).shape == (64, 48, 3)
    assert people.parsing(0).max() <= 7
    assert np.array_equal(people.surface(0).any(-1), people.parsing(0) > 0)
    with pytest.raises(InputError, match="no list"):
        people.pairs("train")


def test_supplies_are_read_from_text(prepared: Path) -> None:
    assert parse_supply("synthetic:7") == Supply(7)
    assert parse_supply("synthetic:7:street+catalogue:256x176") == Supply(7, (256, 176), ("street", "catalogue"))
    for text in ("synthetic:x", "synthetic:7:opera", "synthetic:7:60x48", "synthetic:-1", "synthetic:7:64x"):
        with pytest.raises(InputError):
            parse_supply(text)
    assert open_data(prepared).path == prepared


def test_a_folder_that_is_no_pack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no asset pack"):
        open_data("synthetic:3:64x48", tmp_path)


def test_people_of_another_pack_are_other_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rsagan.synthetic import pack

    monkeypatch.setattr(pack, "open_pack", lambda folder: SimpleNamespace(digest=Path(folder).name))
    found = [
        SyntheticPeople(Supply(3, (64, 48), pack=place), held_out=0).version["supply"]
        for place in (None, "a/one", "b/one", "a/two")
    ]
    assert found[1] == found[2]
    assert len(set(found)) == 3
    assert found[0] == "(3, (64, 48), ('catalogue',), False, 5)"  # as it always was


def test_people_of_the_street_are_cut_out() -> None:
    street = StreamedBatches(parse_supply("synthetic:3:street:64x48"), 0).example(0)
    assert np.abs(street["target"][:, 0, 0] - (245 / 127.5 - 1)).max() < 0.02
    studio = StreamedBatches(parse_supply("synthetic:3:studio:64x48"), 0).example(0)
    assert np.abs(studio["target"][:, 0, 0] - (245 / 127.5 - 1)).max() > 0.02
