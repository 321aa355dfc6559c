"""The parser network: shapes, missing inputs, its weights file, and what the shipped weights say about real photos."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from rsagan.errors import InputError
from rsagan.people import FACINGS, Pose, Region
from rsagan.photo import parser as room
from rsagan.photo.parser import FORMAT, Parser, SameConv, load, parse, save

NOWHERE = Pose(np.full((18, 2), np.nan, np.float32), (256, 176))


@pytest.fixture(scope="module")
def fresh() -> Parser:
    torch.manual_seed(0)
    return Parser().eval()


@pytest.mark.parametrize("side", [7, 8, 11, 44])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (5, 2)])
def test_padding_is_tensorflow_s(side: int, kernel: int, stride: int) -> None:
    """Each result looks at the pixels that TensorFlow's `same` names: pad little before, the rest after."""
    layer = SameConv(1, 1, kernel, stride)
    torch.nn.init.ones_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    x = torch.arange(side * side, dtype=torch.float32).view(1, 1, side, side)
    results = -(-side // stride)
    pad = max(0, (results - 1) * stride + kernel - side)
    padded = F.pad(x, (pad // 2, pad - pad // 2) * 2)
    for i in (0, results - 1):
        window = padded[0, 0, i * stride : i * stride + kernel, i * stride : i * stride + kernel]
        assert layer(x)[0, 0, i, i] == window.sum()
    assert layer(x).shape == (1, 1, results, results)


@pytest.mark.parametrize("size", [(256, 176), (192, 132), (128, 128)])
def test_shapes_whatever_is_missing(fresh: Parser, size: tuple[int, int]) -> None:
    points = torch.rand(2, 18, 2) * 100
    points[1] = torch.nan
    with torch.inference_mode():
        logits, facing = fresh(torch.rand(2, 3, *size) * 255, points, torch.zeros(2, 1, *size))
    assert logits.shape == (2, 8, *size)
    assert facing.shape == (2, len(FACINGS))
    assert torch.isfinite(logits).all()
    assert torch.isfinite(facing).all()


def test_specks_become_what_is_next_likeliest() -> None:
    """Of a shirt with two hands' worth of arm and a print that looks like skin, the print alone is shirt."""
    regions = np.zeros((256, 176), np.int64)
    regions[40:200, 60:120] = Region.UPPER
    regions[120:160, 50:60] = regions[120:150, 120:130] = Region.ARMS
    wanted = regions.copy()
    regions[80:86, 80:90] = Region.ARMS  # of 10,300 pixels
    logits = F.one_hot(torch.from_numpy(regions), 8).permute(2, 0, 1) * 4.0
    logits[Region.UPPER, 80:86, 80:90] += 2
    logits[Region.BACKGROUND, 80:86, 80:90] += 3  # an outline has no holes

    def says(*_: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.stack([logits, logits.flip(2)]), torch.zeros(2, 4)

    picture, outline = np.zeros((256, 176, 3), np.uint8), np.zeros((256, 176), np.float32)
    np.testing.assert_array_equal(parse(picture, NOWHERE, outline, says).parsing, wanted)  # type: ignore[arg-type]


def test_every_input_counts(fresh: Parser) -> None:
    """Joints and outline change the regions: else nobody could say which of two people is meant."""
    torch.manual_seed(1)
    picture, points, outline = torch.rand(1, 3, 64, 64) * 255, torch.rand(1, 18, 2) * 64, torch.rand(1, 1, 64, 64)
    with torch.inference_mode():
        before = fresh(picture, points, outline)[0]
        for changed in (
            (picture.flip(3), points, outline),
            (picture, points + 9, outline),
            (picture, points, 0 * outline),
        ):
            assert (fresh(*changed)[0] - before).abs().max() > 1e-4


def test_frames_of_other_sizes_are_parsed_at_one_height(fresh: Parser) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (512, 352, 3)).astype(np.uint8)
    found = parse(picture, NOWHERE.resized((512, 352)), np.zeros((512, 352), np.float32), fresh)
    assert found.parsing.shape == (512, 352)
    assert found.parsing.dtype == np.uint8
    assert found.outline.shape == (512, 352)
    assert 0 <= found.outline.min() <= found.outline.max() <= 1
    assert found.facings.shape == (len(FACINGS),)
    assert found.facings.sum() == pytest.approx(1)


def test_a_mirrored_picture_gives_the_mirrored_answer(fresh: Parser) -> None:
    random = np.random.default_rng(0)
    picture = random.integers(0, 256, (256, 176, 3)).astype(np.uint8)
    outline = random.random((256, 176)).astype(np.float32)
    pose = Pose(random.uniform(20, 150, (18, 2)).astype(np.float32), (256, 176))
    straight = parse(picture, pose, outline, fresh)
    mirrored = parse(picture[:, ::-1], pose.flipped(), outline[:, ::-1], fresh)
    np.testing.assert_allclose(mirrored.outline[:, ::-1], straight.outline, atol=1e-4)
    np.testing.assert_allclose(mirrored.facings[[0, 3, 2, 1]], straight.facings, atol=1e-4)
    assert (mirrored.parsing[:, ::-1] == straight.parsing).mean() > 0.99


def test_a_given_outline_has_half_of_the_say(fresh: Parser) -> None:
    picture = np.full((256, 176, 3), 90, np.uint8)
    unknown = parse(picture, NOWHERE, np.zeros((256, 176), np.float32), fresh)
    outline = np.zeros((256, 176), np.float32)
    outline[50:200, 40:140] = 1
    known = parse(picture, NOWHERE, outline, fresh)
    assert known.outline[10:40].max() <= 0.5 < known.outline[60:190, 50:130].min()
    assert (known.parsing[10:40] == 0).all()
    assert (known.parsing[60:190, 50:130] > 0).all()
    assert unknown.outline.min() > 0.5  # untrained: an eighth of each region everywhere


def test_weights_come_back_and_strangers_are_refused(fresh: Parser, tmp_path: Path) -> None:
    save(tmp_path / "parser.safetensors", fresh, {"pictures": 3})
    back = load(tmp_path / "parser.safetensors")
    for name, value in fresh.state_dict().items():
        torch.testing.assert_close(back.state_dict()[name], value.half().float(), rtol=0, atol=0)
    data = (tmp_path / "parser.safetensors").read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(data[: len(data) // 2])
    from safetensors.torch import save_file

    ours = {"rsagan-parser": json.dumps({"format_version": FORMAT})}
    for name, metadata in {"other": None, "odd": {"rsagan-parser": "[]"}, "small": ours}.items():
        save_file({"a": torch.zeros(1)}, tmp_path / f"{name}.safetensors", metadata)
        with pytest.raises(InputError) as refused:
            load(tmp_path / f"{name}.safetensors")
        assert str(refused.value) == f"{tmp_path / name}.safetensors is not a parser of this version."
    for name in ("cut", "absent"):
        with pytest.raises(InputError, match=rf"{name}\.safetensors is not a readable parser: .*[^.]\.$"):
            load(tmp_path / f"{name}.safetensors")


def test_shipped_weights_are_small() -> None:
    path = Path(room.__file__).parents[1] / "weights" / "parser.safetensors"
    assert path.stat().st_size <= 8 << 20
