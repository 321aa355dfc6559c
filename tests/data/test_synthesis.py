"""Writing a folder of synthetic people: deterministic, resumable."""

import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rsagan.data import PreparedFolder, parallel, synthesis, synthesize
from rsagan.data.synthesis import person_seeds, view_seeds
from rsagan.errors import InputError
from rsagan.synthetic import identity, render_view
from rsagan.synthetic.posture import RigPose

SIZE = (64, 48)


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("synthetic") / "people"
    synthesize(path, 3, 2, SIZE, seed=5, test_identities=1)
    return path


def test_the_folder_is_whole(folder: Path) -> None:
    opened = PreparedFolder(folder)
    opened.verify()
    assert opened.size == SIZE
    assert len(opened.entries) == 6
    assert opened.pairs("train").shape == (4, 2)
    assert opened.pairs("test").shape == (2, 2)
    people = [{opened.entries[i].identity for i in opened.pairs(split).ravel()} for split in ("train", "test")]
    assert people == [{"p000000", "p000001"}, {"p000002"}]
    assert all((opened.parsing(i) > 0).any() for i in range(6))


def test_an_interrupted_call_goes_on(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    render = synthesis._render_identity

    def interrupted(to: Path, plan: synthesis._Plan, numbered: tuple[int, int], pack: str | None) -> None:
        if numbered[0] == 1:
            raise KeyboardInterrupt
        render(to, plan, numbered, pack)

    path = tmp_path / "people"
    with monkeypatch.context() as patch:
        patch.setattr(synthesis, "_render_identity", interrupted)
        with pytest.raises(KeyboardInterrupt):
            synthesize(path, 3, 2, SIZE, seed=5, test_identities=1)
    with pytest.raises(InputError, match="manifest"):
        PreparedFolder(path)
    counts: list[tuple[int, int]] = []
    synthesize(path, 3, 2, SIZE, seed=5, test_identities=1, progress=lambda a, b: counts.append((a, b)))
    assert counts == [(1, 3), (2, 3), (3, 3)]
    assert _bytes(path) == _bytes(folder)


def test_two_do_not_fill_one_folder_at_a_time(folder: Path, tmp_path: Path) -> None:
    def another(done: int, _: int) -> None:
        with pytest.raises(InputError, match="Another process is at work"):
            synthesize(tmp_path / "people", 3, 2, SIZE, seed=5, test_identities=1)
        met.append(done)

    met: list[int] = []
    synthesize(tmp_path / "people", 3, 2, SIZE, seed=5, test_identities=1, progress=another)
    assert met == [0, 1, 2, 3]
    assert _bytes(tmp_path / "people") == _bytes(folder)


@pytest.mark.slow
def test_workers_do_not_change_a_byte(folder: Path, tmp_path: Path) -> None:
    synthesize(tmp_path / "people", 3, 2, SIZE, seed=5, workers=2, test_identities=1)
    assert _bytes(tmp_path / "people") == _bytes(folder)


def test_a_finished_folder_is_left_alone(folder: Path) -> None:
    before = _bytes(folder)
    counts: list[tuple[int, int]] = []
    synthesize(folder, 3, 2, SIZE, seed=5, test_identities=1, progress=lambda a, b: counts.append((a, b)))
    assert counts == [(3, 3)]
    assert _bytes(folder) == before


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((3, 1, SIZE), "view"),
        ((1, 2, SIZE), "identities"),
        ((3, 2, (60, 48)), "multiples of 8"),
        ((3, 2, SIZE, -1), "negative"),
    ],
)
def test_impossible_orders_get_one_sentence(tmp_path: Path, arguments: tuple, word: str) -> None:
    with pytest.raises(InputError, match=word):
        synthesize(tmp_path / "people", *arguments)
    assert not (tmp_path / "people").exists()


def test_other_data_is_not_overwritten(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="other arguments"):
        synthesize(folder, 3, 2, SIZE, seed=6, test_identities=1)
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(InputError, match="not empty"):
        synthesize(tmp_path, 3, 2, SIZE, seed=5, test_identities=1)


def test_an_identity_does_not_depend_on_the_plan() -> None:
    assert synthesis.view_seeds(0, 4, 2)[1] == synthesis.view_seeds(0, 4, 5)[1][:2]
    assert synthesis.view_seeds(0, 4, 2)[0] != synthesis.view_seeds(0, 5, 2)[0]


def test_nobody_comes_twice_in_a_large_folder() -> None:
    """Among 32 bits two of 100,000 people meet about once; the later one then is somebody else."""
    seeds = person_seeds(0, 68_860)
    assert view_seeds(0, 2983, 1)[0] == view_seeds(0, 68_855, 1)[0] == seeds[2983]
    assert len(set(seeds)) == len(seeds)
    assert [k for k, seed in enumerate(seeds) if seed != view_seeds(0, k, 0)[0]] == [55_170, 68_855]
    assert person_seeds(0, 3000) == seeds[:3000]


def test_a_call_that_could_not_write_its_first_file_may_be_repeated(tmp_path: Path) -> None:
    left = tmp_path / "people" / ".unfinished"
    left.mkdir(parents=True)
    (left / ".writing-plan-1.json").touch()
    synthesize(tmp_path / "people", 2, 2, SIZE)
    PreparedFolder(tmp_path / "people").verify()
    assert not left.exists()
    (tmp_path / "other" / ".unfinished").mkdir(parents=True)
    (tmp_path / "other" / ".unfinished" / "thesis.txt").touch()
    with pytest.raises(InputError, match="not empty"):
        synthesize(tmp_path / "other", 2, 2, SIZE)


def test_half_a_folder_is_not_of_another_pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def begin(pack: str | None) -> None:
        monkeypatch.setattr(synthesis, "_digest_of", lambda _: pack)
        synthesize(tmp_path / "people", 2, 2, SIZE, assets=tmp_path)

    def render(*_: Any, pack: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(synthesis, "_render_identity", render)
    with pytest.raises(KeyboardInterrupt):
        begin("one")
    with pytest.raises(InputError, match="another asset pack"):
        begin("two")
    with pytest.raises(KeyboardInterrupt):
        begin("one")
    note = tmp_path / "people" / ".unfinished" / "plan.json"
    plan = json.loads(note.read_text())
    assert plan.pop("pack") == "one"
    note.write_text(json.dumps(plan))  # as earlier versions wrote it
    with pytest.raises(KeyboardInterrupt):
        begin("two")


def test_workers_are_deaf_to_interrupts_from_birth(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Ctrl-C reaches every process of the terminal; only the parent may answer it."""
    heard = []

    def spawned(self: Any, *args: Any, **kwargs: Any) -> None:
        heard.append(signal.getsignal(signal.SIGINT))
        raise KeyboardInterrupt

    monkeypatch.setattr(parallel.ProcessPoolExecutor, "submit", spawned)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        synthesis.synthesize(tmp_path / "new", 2, 2, (32, 24), workers=2)
    assert heard == [signal.SIG_IGN]
    assert signal.getsignal(signal.SIGINT) is before


def test_styles_and_packs_are_passed_on(tmp_path: Path) -> None:
    synthesize(tmp_path / "street", 2, 2, SIZE, seed=5, style="street", test_identities=1)
    opened = PreparedFolder(tmp_path / "street")
    assert opened.manifest["plan"]["style"] == "street"
    with pytest.raises(InputError, match="no style 'opera'"):
        synthesize(tmp_path / "opera", 2, 2, SIZE, style="opera")
    with pytest.raises(InputError, match="pack"):
        synthesize(tmp_path / "packed", 2, 2, SIZE, assets=tmp_path / "nowhere")


def test_a_folder_of_an_earlier_version_is_still_finished(folder: Path) -> None:
    """Plans name only what differs from how things always were."""
    plan = PreparedFolder(folder).manifest["plan"]
    assert set(plan) == {"identities", "views", "size", "seed", "test_identities", "test_pairs"}


def test_a_list_of_poses_is_shown_in_turn(tmp_path: Path) -> None:
    listed = [{"turns": {}}, {"turns": {"upperarm01.L": [0, 0, 1.2], "upperarm01.R": [0, 0, -1.2]}, "lift": 1}]
    (tmp_path / "poses.json").write_text(json.dumps(listed))
    for name, poses in (("a", "poses.json"), ("b", "poses.json"), ("drawn", None)):
        given = poses and tmp_path / poses
        synthesize(tmp_path / name, 2, 2, SIZE, seed=5, poses=given)
    assert _bytes(tmp_path / "a") == _bytes(tmp_path / "b")
    assert _bytes(tmp_path / "a") != _bytes(tmp_path / "drawn")
    person, seeds = view_seeds(5, 0, 2)
    first, second = (
        render_view(identity(person), seed, SIZE, pose=RigPose(**each))
        for seed, each in zip(seeds, listed, strict=True)
    )
    folder = PreparedFolder(tmp_path / "a")
    assert np.array_equal(folder.picture(0), first.picture)
    assert np.array_equal(folder.picture(1), second.picture)
    (tmp_path / "poses.json").write_text(json.dumps(listed[:1]))
    with pytest.raises(InputError, match="other arguments"):
        synthesize(tmp_path / "a", 2, 2, SIZE, seed=5, poses=tmp_path / "poses.json")
