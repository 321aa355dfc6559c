"""Frozen feature networks."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from torch.nn import functional

from rsagan import backbones
from rsagan.errors import AssetError


def test_features_are_those_of_the_literal_network() -> None:
    network = backbones.random_vgg16(3, "3_1")
    pictures = torch.rand(2, 3, 24, 16) * 2 - 1
    hidden = (pictures + 1) * 127.5
    hidden = hidden[:, [2, 1, 0]] - torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1)
    expected = {}
    for layer in ("1_1", "1_2", "2_1", "2_2", "3_1"):
        if layer in ("2_1", "3_1"):
            hidden = functional.max_pool2d(hidden, 2)
        convolution = network.convolution(layer)
        hidden = functional.conv2d(hidden, convolution.weight, convolution.bias, padding=1).relu()
        expected[layer] = hidden
    found = network.features(pictures, ["1_2", "3_1"])
    assert [tuple(f.shape) for f in found] == [(2, 64, 24, 16), (2, 256, 6, 4)]
    for layer, features in zip(["1_2", "3_1"], found, strict=True):
        torch.testing.assert_close(features, expected[layer], rtol=1e-4, atol=1e-3)


def test_it_is_frozen_but_lets_gradients_through() -> None:
    network = backbones.random_vgg16(0, "2_1").to(torch.bfloat16)
    pictures = torch.rand(1, 3, 16, 16, requires_grad=True)
    network.features(pictures, ["2_1"])[0].float().mean().backward()
    assert pictures.grad is not None
    assert pictures.grad.abs().sum() > 0
    assert not any(p.requires_grad for p in network.parameters())


def test_random_weights_follow_the_seed() -> None:
    a, b, c = (backbones.random_vgg16(seed, "1_2").convolution("1_2").weight for seed in (1, 1, 2))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)
    assert backbones.load("vgg16_random").name == "vgg16_random"
    with pytest.raises(ValueError, match="vgg19"):
        backbones.load("vgg19")


def test_conversion_reads_the_keras_file_once(tmp_path: Path) -> None:
    random, channels = np.random.default_rng(0), 3
    kernels = {}
    source = tmp_path / "weights.h5"
    with h5py.File(source, "w") as file:
        for layer, out in {"1_1": 4, "1_2": 4, "2_1": 8, "2_2": 8, "3_1": 8, "3_2": 8, "3_3": 8, "4_1": 8, "4_2": 8,
                           "4_3": 8, "5_1": 8, "5_2": 8, "5_3": 8}.items():  # fmt: skip
            stage, position = layer.split("_")
            name = "conv2d" + ("" if position == "1" else f"_{int(position) - 1}")
            kernels[layer] = random.standard_normal((3, 3, channels, out)).astype(np.float32)
            file[f"block{stage}/layers/{name}/vars/0"] = kernels[layer]
            file[f"block{stage}/layers/{name}/vars/1"] = np.zeros(out, np.float32)
            channels = out
        file["fuse/vars/0"] = np.zeros(1)
    tensors = backbones._tensors(source)
    assert len(tensors) == 26
    torch.testing.assert_close(
        tensors["2_1.weight"].float(), torch.from_numpy(kernels["2_1"]).permute(3, 2, 0, 1), rtol=1e-3, atol=1e-3
    )
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["vgg16_hed.float16.safetensors", "weights.h5"]
    source.unlink()
    again = backbones._tensors(source)
    assert all(torch.equal(again[name], each) for name, each in tensors.items())


def test_a_cache_that_may_not_be_written_serves_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {"1_1.weight": torch.ones(1)}
    monkeypatch.setattr(backbones, "_converted", lambda source: kept)
    absent = tmp_path / "file"
    absent.write_bytes(b"")  # a folder that nothing can be written to, for root, too
    assert backbones._tensors(absent / "weights.h5") is kept


@pytest.mark.parametrize("damaged", [b"", b"half of it"])
def test_a_damaged_conversion_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damaged: bytes) -> None:
    monkeypatch.setattr(backbones, "_converted", lambda source: {"1_1.weight": torch.ones(1)})
    (tmp_path / "vgg16_hed.float16.safetensors").write_bytes(damaged)
    assert backbones._tensors(tmp_path / "weights.h5")["1_1.weight"] == 1
    monkeypatch.undo()
    assert backbones._tensors(tmp_path / "weights.h5")["1_1.weight"] == 1  # from the file, which is whole again


def test_another_file_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "weights.h5"
    broken.write_bytes(b"not HDF5")
    with pytest.raises(AssetError, match="delete it"):
        backbones.vgg16_hed(weights=broken)
    assert [path.name for path in tmp_path.iterdir()] == ["weights.h5"]
