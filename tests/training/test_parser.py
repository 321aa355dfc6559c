"""The parser's training: examples stay in step, the run resumes, facings follow the yaw."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from rsagan.errors import DivergedError, InputError
from rsagan.people import FLIP, Region
from rsagan.photo.parser import Parser, load, save, shipped
from rsagan.training import parser as room
from rsagan.training import photolike, sightings
from rsagan.training.parser import Recipe, main, smaller, stacked
from rsagan.training.photolike import Example, example, facing
from rsagan.training.sightings import Sighting


def drawn(yaw: float = 0.0) -> Sighting:
    """A block figure: regions in their own colours, joints at known places, the frame filled without a change."""
    height, width = photolike.FRAME
    parsing = np.zeros((height, width), np.uint8)
    parsing[40:80, 70:106] = Region.FACE
    parsing[80:150, 60:116] = Region.UPPER
    parsing[150:240, 65:111] = Region.PANTS
    picture = (parsing[..., None] * np.array([30, 25, 20])).astype(np.uint8)
    points = np.full((18, 2), np.nan, np.float32)
    points[[0, 1, 2, 5, 8, 11]] = [[88, 60], [88, 85], [65, 90], [110, 92], [70, 150], [105, 152]]
    mask = ((parsing > 0) * 255).astype(np.uint8)
    return Sighting(picture, parsing, mask, points, points.copy(), yaw, (1.0, 0.0, 0.0))


class Middling(np.random.Generator):
    """Draws the middle of everything: no chance below a half comes true, no normal moves anything."""

    def __init__(self, lot: float) -> None:
        super().__init__(np.random.PCG64(0))
        self.lot = lot

    def random(self, size=None):  # type: ignore[no-untyped-def, override]
        return self.lot if size is None else np.full(size, self.lot)

    def normal(self, loc=0.0, scale=1.0, size=None):  # type: ignore[no-untyped-def, override]
        return loc if size is None else np.full(size, loc, float)

    def standard_normal(self, size=None, dtype=np.float64):  # type: ignore[no-untyped-def, override]
        return np.zeros(size, dtype)


def test_without_chance_the_sighting_is_shown_as_it_is() -> None:
    shown = example(drawn(30), drawn(), Middling(0.99))
    before = drawn()
    assert (shown.regions == before.parsing).all()
    assert (shown.outline == before.mask / 255).all()
    np.testing.assert_allclose(shown.points, before.points, atol=1e-4)
    assert np.abs(shown.picture.astype(int) - before.picture).mean() < 4


def test_a_flip_takes_everything_along(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, regions, outline, points = photolike._framed(drawn(), True, Middling(0.99))
    before = drawn()
    assert (regions == before.parsing[:, ::-1]).all()
    assert (picture == before.picture[:, ::-1]).all()
    assert (outline == before.mask[:, ::-1] / 255).all()
    expected = before.points[list(FLIP)]
    expected[:, 0] = 175 - expected[:, 0]
    np.testing.assert_allclose(points, expected, atol=1e-4)


def test_facing_follows_the_yaw() -> None:
    for yaw, expected in ((0, 0), (20, 0), (90, 1), (120, 1), (180, 2), (-170, 2), (-90, 3)):
        assert facing(yaw).argmax() == expected
        assert facing(yaw).sum() == pytest.approx(1)
    np.testing.assert_allclose(facing(45), [0.5, 0.5, 0, 0])
    np.testing.assert_allclose(facing(-135), [0, 0, 0.5, 0.5])


def test_examples_are_random_but_sound() -> None:
    for seed in range(25):
        random = np.random.default_rng(seed)
        shown = example(drawn(), drawn(), random)
        assert shown.picture.shape == (256, 176, 3)
        assert shown.picture.dtype == np.uint8
        assert 0 <= shown.outline.min() <= shown.outline.max() < 1.001
        assert shown.outline.dtype == shown.points.dtype == np.float32
        assert set(np.unique(shown.regions)) <= {0, 2, 3, 4}
        again = example(drawn(), drawn(), np.random.default_rng(seed))
        assert (again.picture == shown.picture).all()


def test_smaller_keeps_joints_on_their_pixels() -> None:
    height, width = 256, 176
    picture = np.zeros((height, width, 3), np.uint8)
    picture[100:108, 60:68] = 255
    points = np.full((18, 2), 63.5, np.float32)
    points[:, 1] = 103.5
    shown = Example(picture, points, np.zeros((height, width), np.float32), picture[..., 0], facing(0))
    small = smaller(stacked([shown]))
    assert small["picture"].shape[2:] == small["regions"].shape[1:] == (192, 132)
    y, x = np.nonzero(small["picture"][0, 0].numpy() > 127)
    np.testing.assert_allclose(small["points"][0, 0].numpy(), [x.mean(), y.mean()], atol=0.3)
    ramp = {**stacked([shown]), "regions": torch.arange(width).expand(1, height, width)}
    read = smaller(ramp)["regions"][0, 0].numpy()
    assert abs(np.mean(read - ((np.arange(132) + 0.5) * 4 / 3 - 0.5))) < 0.2


def run_to(folder: Path, *stops: int) -> dict[str, torch.Tensor]:
    """Train on two drawn people to each stop in turn; the weights."""
    (folder / "sightings").mkdir(parents=True)
    for number in range(2):
        sightings.save(folder / "sightings" / f"{number:06d}-0.npz", drawn(90 * number))
    for stop in stops:
        main(Recipe(folder, people=0, pictures=stop, batch=2, ema=0.5))
    return load_file(folder / "weights.safetensors")


def test_a_run_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "start_from_imagenet", lambda parser: None)
    monkeypatch.setattr(room, "_HELD_OUT", 1)
    monkeypatch.setattr(room, "_share", lambda seen, last: 1.0)
    straight, resumed = run_to(tmp_path / "straight", 4), run_to(tmp_path / "resumed", 2, 4)
    for name, value in straight.items():
        torch.testing.assert_close(resumed[name], value, rtol=0, atol=0, msg=name)
    rows = [json.loads(line) for line in (tmp_path / "resumed" / "log.jsonl").read_text().splitlines()]
    assert [row["seen"] for row in rows if "mean" in row] == [2, 4]
    with pytest.raises(InputError, match=r"not .*\(--seed, --assets\)"):
        main(Recipe(tmp_path / "resumed", people=0, pictures=4, batch=2, seed=1))
    for checkpoint in (tmp_path / "resumed").glob("checkpoint-*4.pt"):
        checkpoint.unlink()  # as if the run had been killed before it
    main(Recipe(tmp_path / "resumed", people=0, pictures=4, batch=2, ema=0.5))
    again = [json.loads(line) for line in (tmp_path / "resumed" / "log.jsonl").read_text().splitlines()]
    assert [row["seen"] for row in again] == [row["seen"] for row in rows]


def test_a_step_that_is_not_finite_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "start_from_imagenet", lambda parser: None)
    monkeypatch.setattr(room, "_HELD_OUT", 1)
    run_to(tmp_path, 2)
    before = sorted(path.name for path in tmp_path.glob("checkpoint-*"))
    loss = room._loss
    monkeypatch.setattr(room, "_loss", lambda parser, batch: loss(parser, batch) * float("nan"))
    with pytest.raises(DivergedError, match="After 2 pictures"):
        main(Recipe(tmp_path, people=0, pictures=4, batch=2, ema=0.5))
    assert sorted(path.name for path in tmp_path.glob("checkpoint-*")) == before
    _, _, optimiser, _ = room._resumed(Recipe(tmp_path, rate=1e-5, encoder_rate=1e-6))
    assert [group["full"] for group in optimiser.param_groups] == [1e-5, 1e-6]


@pytest.mark.network
@pytest.mark.usefixtures("analysis")
def test_people_are_rendered_once_and_seen_as_in_photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sightings, "VIEWS", 1)
    monkeypatch.setattr(sightings, "STYLES", ("studio",))
    recipe = Recipe(tmp_path, people=1, seed=3)
    room.render(recipe)
    (path,) = (tmp_path / "sightings").iterdir()
    stamp = path.stat().st_mtime_ns
    room.render(recipe)
    assert path.stat().st_mtime_ns == stamp
    seen = sightings.load(path)
    assert seen.picture.shape == (*sightings.SIZE, 3)
    person, mask = seen.parsing > 0, seen.mask > 127
    assert (person & mask).sum() > 0.7 * (person | mask).sum()
    apart = np.linalg.norm(seen.points - seen.truth, axis=1)
    assert np.nanmedian(apart) < 0.05 * sightings.SIZE[0]


def test_a_person_whose_views_were_interrupted_is_rendered_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(path: Path, sighting: object) -> None:
        if path.name == "000001-1.npz":
            (path.parent / ".writing-000001-1-half.npz").write_bytes(b"half")
            raise KeyboardInterrupt
        path.write_bytes(str(sighting).encode())

    monkeypatch.setattr(room, "sightings", lambda seed, number, pack: iter(["front", "side", "back"]))
    monkeypatch.setattr(room, "save_sighting", interrupted)
    with pytest.raises(KeyboardInterrupt):
        room.render(Recipe(tmp_path, people=3))
    monkeypatch.setattr(room, "save_sighting", lambda path, sighting: path.write_bytes(sighting.encode()))
    room.render(Recipe(tmp_path, people=3))
    found = {path.name: path.read_text() for path in (tmp_path / "sightings").iterdir()}
    assert found == {
        f"{number:06d}-{view}.npz": text for number in range(3) for view, text in enumerate(["front", "side", "back"])
    }


def test_a_run_starts_from_a_parser(tmp_path: Path) -> None:
    for start, expected in (("shipped", shipped()), (str(tmp_path / "earlier.safetensors"), Parser())):
        if start != "shipped":
            save(Path(start), expected, {})
            expected = load(Path(start))
        parser, average, _, seen = room._resumed(Recipe(tmp_path, start=start))
        assert seen == 0
        for name, value in expected.state_dict().items():
            assert torch.equal(parser.state_dict()[name], value)
            assert torch.equal(average.state_dict()[name], value)
        summary = room._summary(Recipe(tmp_path, start=start), 8)
        assert Path(start).name in summary["initialised"]
        assert str(tmp_path) not in json.dumps(summary)
    with pytest.raises(InputError, match=r"none\.safetensors"):
        room._resumed(Recipe(tmp_path, start=str(tmp_path / "none.safetensors")))


def reaching(x: int, y: int) -> Sighting:
    """A block figure whose right wrist is at x, y, with a hand of 8 x 8 pixels there."""
    sighting = drawn()
    sighting.parsing[y - 4 : y + 4, x - 4 : x + 4] = Region.ARMS
    sighting.truth[4] = x, y
    return sighting


def test_hands_before_body_and_face_are_shown_more_often(tmp_path: Path) -> None:
    beside, behind, out = reaching(40, 120), reaching(88, 120), reaching(88, 120)
    behind.parsing[behind.parsing == Region.ARMS] = Region.UPPER
    out.truth[8] = np.nan
    shown = {"body": reaching(88, 120), "face": reaching(90, 66), "beside": beside, "behind": behind, "cut": out}
    paths = [tmp_path / f"{name}.npz" for name in shown]
    for path, sighting in zip(paths, shown.values(), strict=True):
        sightings.save(path, sighting)
    chances = room._chances(paths)
    assert chances.sum() == pytest.approx(1)
    np.testing.assert_allclose(chances / chances[2], [room._HARD, room._HARD, 1, 1, 1])


def test_the_first_stages_stay_as_they_were(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(room, "start_from_imagenet", lambda parser: None)
    parser, average, optimiser, seen = room._resumed(Recipe(tmp_path))
    assert seen == 0
    before = {name: value.clone() for name, value in parser.state_dict().items()}
    batch = stacked([example(drawn(), drawn(), np.random.default_rng(0))])
    for group in optimiser.param_groups:
        group["lr"] = 0.01
    room._loss(parser, batch).backward()
    optimiser.step()
    after = parser.state_dict()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert "encoder.stem.weight" not in moved
    assert "encoder.blocks.4.narrow.weight" not in moved
    assert {"encoder.blocks.5.narrow.weight", "head.weight", "facing.2.weight"} <= moved
    room._follow(average, parser, 0.75)
    expected = before["head.weight"].lerp(after["head.weight"], 0.25)
    torch.testing.assert_close(average.state_dict()["head.weight"], expected)


def test_a_run_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rsagan.training.parser", str(tmp_path / "run"), "--people", "24"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 2
    assert told.stderr == "rsagan: 24 people are held out; --people must be more, not 24.\n"


def test_a_run_that_is_interrupted_says_how_it_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: type) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tyro.cli", interrupted)
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(room.__file__), run_name="__main__")
    assert ended.value.code == 130
    assert capsys.readouterr().err == "rsagan: interrupted; the same command goes on from the last checkpoint.\n"
