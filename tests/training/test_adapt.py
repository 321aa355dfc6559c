"""Adapting: what learns, what is written, what it needs, what it refuses."""

from pathlib import Path

import numpy as np
import pytest
import torch

from rsagan import backbones
from rsagan.errors import InputError
from rsagan.network import Config, Generator, load_weights, save_delta, save_weights
from rsagan.people import Fit, Person, Pose, library, write_png
from rsagan.photo import Analysis
from rsagan.training import adapt
from rsagan.training.adapt import LEARNING, Effort, at_size, fit, warped

SIZE = (64, 48)


@pytest.fixture(autouse=True)
def random_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """The losses' network with random weights: nothing is fetched."""
    monkeypatch.setattr(backbones, "load", lambda name, deepest="4_1": backbones.random_vgg16(0, deepest))


def tiny() -> Generator:
    torch.manual_seed(0)
    return Generator(Config(widths=(8, 8, 16, 16), heads=2, blocks=1, match_channels=4, key_channels=8)).eval()


def someone(name: str, seed: int) -> Person:
    random = np.random.default_rng(seed)
    parsing = np.zeros(SIZE, np.uint8)
    parsing[8:30, 14:34], parsing[30:58, 16:32] = 3, 4
    picture = np.full((*SIZE, 3), 240, np.uint8)
    picture[parsing == 3] = (200, 40, 40)
    picture[parsing == 4] = (30, 30, 120)
    picture = (picture + random.integers(0, 8, picture.shape)).clip(0, 255).astype(np.uint8)
    return Person(picture, library.load(name).resized(SIZE), parsing)


VIEWS = [someone("stand", 0), someone("hands-on-hips", 1), someone("arms-raised", 2)]
SHORT = Effort(pictures=16, batch=2, learning_rate=3e-3, warp=0.3)


def test_only_the_later_part_learns_and_the_loss_falls() -> None:
    generator = tiny()
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    done: list[tuple[int, int]] = []
    seen, (first, last) = fit(generator, VIEWS, SHORT, lambda *at: done.append(at))
    assert seen == 16
    assert done[-1] == (1000, 1000)
    assert last < first
    changed = {
        name.split(".")[0] for name, value in generator.state_dict().items() if not torch.equal(value, before[name])
    }
    assert changed == set(LEARNING)
    assert not any(parameter.requires_grad for parameter in generator.parameters())


def test_the_same_again_and_one_view_alone() -> None:
    short = Effort(pictures=4, batch=2)
    one, two = tiny(), tiny()
    fit(one, VIEWS[:1], short)
    fit(two, VIEWS[:1], short)
    for a, b in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.equal(a, b)


def test_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10_000, 20))
    monkeypatch.setattr("rsagan.training.adapt.time.perf_counter", lambda: float(next(clock)))
    seen, _ = fit(tiny(), VIEWS, Effort(pictures=1000, batch=1, minutes=1))
    assert seen == 2


def test_a_warp_moves_picture_parsing_and_joints_alike() -> None:
    person = someone("stand", 0)
    spot = person.pose.points[1].round().astype(int)
    picture = np.zeros_like(person.picture)
    picture[spot[1] - 1 : spot[1] + 2, spot[0] - 1 : spot[0] + 2] = 255
    moved = warped(Person(picture, person.pose, person.parsing), 1.0, np.random.default_rng(3))
    weight = moved.picture[..., 0].astype(float)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    bright = np.array([(x * weight).sum(), (y * weight).sum()]) / weight.sum()
    np.testing.assert_allclose(bright, moved.pose.points[1], atol=1.2)
    assert np.abs(moved.pose.points[1] - person.pose.points[1]).max() > 1


def test_at_size_keeps_the_regions() -> None:
    small = at_size(someone("stand", 0), (32, 24))
    assert small.size == (32, 24)
    assert set(np.unique(small.parsing)) == {0, 3, 4}


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "base.safetensors"
    save_weights(path, tiny(), {"size": list(SIZE), "data": "none"})
    return path


def test_a_delta_is_small_and_gives_the_adapted_weights(base: Path) -> None:
    generator, _ = load_weights(base)
    fit(generator, VIEWS, Effort(pictures=4, batch=2))
    delta = base.with_name("delta.safetensors")
    save_delta(delta, generator, base, {"size": list(SIZE)})
    assert delta.stat().st_size < 0.7 * base.stat().st_size
    loaded, header = load_weights(delta)
    assert header["base"]["name"] == base.name
    for (name, mine), (_, theirs) in zip(generator.named_parameters(), loaded.named_parameters(), strict=True):
        torch.testing.assert_close(theirs, mine, atol=1e-4, rtol=1e-2, msg=name)
        assert not theirs.requires_grad


def test_a_delta_without_its_base_is_refused(base: Path, tmp_path: Path) -> None:
    generator, _ = load_weights(base)
    generator.decoder.colours.bias.data += 1
    delta = base.with_name("delta.safetensors")
    save_delta(delta, generator, base, {"size": list(SIZE)})
    with pytest.raises(InputError, match="adaptation itself"):
        save_delta(tmp_path / "more.safetensors", generator, delta, {})
    save_weights(base, generator, {"size": list(SIZE)})  # other weights of the same name
    with pytest.raises(InputError, match=r"base\.safetensors"):
        load_weights(delta)
    base.unlink()
    with pytest.raises(InputError, match="put that file beside it"):
        load_weights(delta)


def test_adapt_refuses_in_one_sentence(base: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "w.safetensors"
    for arguments, word in (
        ({}, "either clips or photos"),
        ({"clips": [base], "photos": [base]}, "either clips or photos"),
        ({"clips": [tmp_path / "absent.mp4"]}, "no clip"),
        ({"photos": [base, base]}, "JPEG"),
        ({"photos": [base, base], "size": (256, 256)}, "shaped like 64x48"),
    ):
        with pytest.raises(InputError, match=word):
            adapt.adapt(out, weights=base, **{"size": SIZE, **arguments})
    before = base.read_bytes()
    with pytest.raises(InputError, match="made from"):
        adapt.adapt(base, photos=[base, base], weights=base)
    assert base.read_bytes() == before
    (tmp_path / "file").write_text("precious")
    with pytest.raises(InputError, match="is a file; results need a folder"):
        adapt.adapt(tmp_path / "file" / "w.safetensors", photos=[base, base], weights=base)
    with pytest.raises(InputError, match="safetensors file"):
        adapt.adapt(tmp_path / "w.bin", photos=[base, base])
    assert not out.parent.exists()


class Painter:
    """Stands for a network of one weight: the more of it, the fewer joints it paints in place."""

    def __init__(self, spoils: float) -> None:
        self.generator = torch.nn.Linear(1, 1, bias=False)
        self.generator.weight.data[:] = 1.0
        self.spoils = spoils

    def prepare(self, person: Person) -> "Painter":
        return self

    def pose(self, pose: Pose, keep_place: bool) -> "Painter":
        return self

    @property
    def picture(self) -> float:
        return float(self.generator.weight) * self.spoils


@pytest.mark.parametrize(("spoils", "expected"), [(-3, 1.0), (0, 1.0), (1.4, 0.5), (9, 0.0)])
def test_no_more_is_kept_than_the_pose_bears(spoils: float, expected: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapt, "estimate", lambda picture: picture if isinstance(picture, float) else None)
    monkeypatch.setattr(adapt, "joints_right", lambda found, true: (10 - max(0, int(found)), 13))
    painter = Painter(spoils + 1e-3)
    kept, (before, after) = adapt.keep_the_pose(painter, {"weight": torch.zeros(1, 1)}, VIEWS, VIEWS)  # type: ignore[arg-type]
    assert kept == expected
    assert float(painter.generator.weight) == expected
    assert before == after == pytest.approx(10 / 13)


def test_what_spoils_the_pose_is_not_written(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    monkeypatch.setattr(adapt, "_photo_views", lambda photos, size: (VIEWS * 4, []))
    monkeypatch.setattr(adapt, "keep_the_pose", lambda *_: (0.0, (0.5, 0.5)))
    monkeypatch.setattr(adapt, "fit", lambda generator, views, *_: (given.append(len(views)) or 4, (1.0, 1.0)))
    with pytest.raises(InputError, match=r"a\.jpg, b\.jpg makes the pose worse"):
        adapt.adapt(tmp_path / "w.safetensors", photos=["a.jpg", "b.jpg"], weights=base, size=SIZE)
    assert given == [10]  # of twelve views two are held out
    assert not (tmp_path / "w.safetensors").exists()


def test_a_photo_that_shows_nobody_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def found(picture: np.ndarray, *_: object, **__: object) -> Analysis:
        if not picture.any():
            raise InputError("There is nobody in the photo.")
        return Analysis(VIEWS[0], Fit(1.0, (0.0, 0.0), SIZE, SIZE), [], np.zeros(SIZE, np.float32), [])

    monkeypatch.setattr(adapt, "analyse", found)
    for name, shade in (("a", 90), ("b", 90), ("dark", 0)):
        write_png(tmp_path / f"{name}.png", np.full((*SIZE, 3), shade, np.uint8))
    views, notes = adapt._photo_views([tmp_path / f"{name}.png" for name in ("a", "dark", "b")], SIZE)
    assert len(views) == 2
    assert notes == [f"{tmp_path / 'dark.png'}: There is nobody in the photo. It was passed over."]
    with pytest.raises(InputError, match=r"gives 1\. .*dark\.png: There is nobody"):
        adapt._photo_views([tmp_path / "a.png", tmp_path / "dark.png"], SIZE)


def test_who_is_cut_off_by_the_frame_goes_on_beyond_it() -> None:
    """In the regions as in the picture."""
    picture, parsing = np.zeros((64, 48, 3), np.uint8), np.zeros((64, 48), np.uint8)
    picture[30:, 16:32], parsing[30:, 16:32] = 255, 4
    pose = Pose(np.full((18, 2), 24, np.float32), (64, 48))
    for seed in range(20):
        moved = adapt.warped(Person(picture, pose, parsing), 1.0, np.random.default_rng(seed))
        assert not (moved.picture[moved.parsing == 0] > 200).any()
