"""The named data sets: disjoint splits, test pairs balanced over what makes them hard."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.data import frozen

from rsagan.data import PreparedFolder, synthesize_benchmark
from rsagan.data.benchmarks import BENCHMARKS, Benchmark, benchmark
from rsagan.data.pairs import stratified, stratum
from rsagan.data.prepared import Entry
from rsagan.errors import InputError

TINY = Benchmark("tiny", 1, (64, 48), 9, train=2, validation=1, test=2, views=3, test_pairs=8)


def _entry(name: str, yaw: float, feet: bool) -> Entry:
    points = np.zeros((18, 2), np.float32)
    points[[10, 13]] = 5 if feet else np.nan
    return Entry(name, name[0], points, np.ones(18, bool), yaw, {})


def test_a_stratum_says_turn_and_crop() -> None:
    front, back, near = _entry("a", 10, True), _entry("b", -175, False), _entry("c", 170, True)
    assert stratum(front, back) == "turn 135-180, full to cropped"
    assert stratum(back, near) == "turn 0-30, cropped to full"
    assert stratum(front, front) == "turn 0-30, full to full"


def test_strata_and_people_are_evenly_shown() -> None:
    random = np.random.default_rng(0)
    people = [
        [_entry(f"{chr(97 + p)}{v}", random.uniform(-180, 180), random.random() < 0.6) for v in range(8)]
        for p in range(20)
    ]
    pairs = stratified(people, 160, 1)
    assert len(pairs) == len(set(pairs)) == 160
    strata = Counter(pairs.values())
    assert len(strata) == 16
    assert max(strata.values()) - min(strata.values()) <= 1
    shown = Counter(source[0] for source, _ in pairs)
    assert len(shown) == 20
    assert max(shown.values()) <= 16
    assert stratified(people, 160, 1) == pairs
    assert stratified(people, 160, 2) != pairs


def test_the_published_ones_hold_what_they_promise() -> None:
    for name, size in (("people-128", (128, 88)), ("people-256", (256, 176))):
        which = benchmark(name)
        assert (which.size, which.test_pairs, which.style, which.version) == (size, 2000, "catalogue", 2)
        assert which.test * which.views * (which.views - 1) > 5 * which.test_pairs
        assert benchmark(f"{name}-textured") == replace(which, name=f"{name}-textured", textured=True)
    assert len({(each.seed, each.textured) for each in BENCHMARKS.values()}) == len(BENCHMARKS)
    with pytest.raises(InputError, match="people-128"):
        benchmark("people-512")


def test_its_folder_has_three_splits_without_common_people(tmp_path: Path) -> None:
    synthesize_benchmark(tmp_path / "tiny", TINY)
    folder = PreparedFolder(tmp_path / "tiny")
    folder.verify()
    people = [
        {folder.entries[i].identity for i in folder.pairs(split).ravel()} for split in ("train", "validation", "test")
    ]
    assert [len(each) for each in people] == [2, 1, 2]
    assert not people[0] & people[1] | people[0] & people[2] | people[1] & people[2]
    assert len(folder.pairs("test")) == 8
    assert sum(folder.manifest["strata"].values()) == 8
    assert folder.manifest["plan"]["benchmark"] == "tiny version 1"
    assert {"pairs-validation.csv", "strata-test.csv", "poses.jsonl"} <= set(folder.manifest["sha256"])
    with pytest.raises(InputError, match="other arguments"):
        synthesize_benchmark(tmp_path / "tiny", replace(TINY, seed=10))


def test_a_version_stays_as_it_is() -> None:
    """Whoever changes what the renderer paints makes the next version; elsewhere a pixel may differ by a level."""
    known, found = json.loads(frozen.FILE.read_text(encoding="utf-8")), frozen.describe()
    assert list(found) == list(known)
    for name, numbers in found.items():
        for what, near in (("joints", 0.01), ("regions", 3), ("colours", 0.2)):
            assert numbers[what] == pytest.approx(known[name][what], abs=near), (name, what)


def test_a_benchmark_rendered_on_another_machine_is_the_same_data(tmp_path: Path) -> None:
    synthesize_benchmark(tmp_path / "tiny", TINY)
    here, there = PreparedFolder(tmp_path / "tiny"), PreparedFolder(tmp_path / "tiny")
    there.manifest["sha256"] = here.manifest["sha256"] | {"poses.jsonl": "of pixels a level off"}
    assert here.version == there.version
    there.manifest["plan"] = here.manifest["plan"] | {"benchmark": "tiny version 2"}
    assert here.version != there.version
    there.manifest["plan"] = here.manifest["plan"]
    there.manifest["sha256"] = here.manifest["sha256"] | {"pairs-test.csv": "of other pairs"}
    assert here.version != there.version


def test_what_depends_on_files_is_told_apart_by_its_views(tmp_path: Path) -> None:
    synthesize_benchmark(tmp_path / "tiny", TINY)
    folder = PreparedFolder(tmp_path / "tiny")
    for plan in ({"benchmark": "tiny version 1", "textured": True}, {"identities": 5}, None):
        folder.manifest["plan"] = plan
        assert folder.version == folder.manifest["sha256"]


def test_a_textured_twin_needs_a_pack(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs an asset pack"):
        synthesize_benchmark(tmp_path / "tiny", replace(TINY, textured=True))
    with pytest.raises(InputError, match="no asset pack"):
        synthesize_benchmark(tmp_path / "tiny", replace(TINY, textured=True), assets=tmp_path)
    assert not (tmp_path / "tiny").exists()
