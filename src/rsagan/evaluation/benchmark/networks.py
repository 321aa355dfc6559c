"""The networks that scores of result folders are computed with.

`load_networks` gives the package's own backbones, which lie in package files: the numbers carry their names, and none
of them is FID or LPIPS. `published_networks` gives those that the field's tables were made with; they need the extra
`[standard-metrics]` and, the first time, internet.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from rsagan import backbones
from rsagan.evaluation.benchmark.measure import Distance, Network, Networks
from rsagan.evaluation.benchmark.protocols import INCEPTION_2015, INCEPTION_IMAGENET, Protocol
from rsagan.evaluation.judges import efficientnet_lite0
from rsagan.evaluation.metrics import PERCEPTUAL_LAYERS, perceptual_distance
from rsagan.evaluation.standard import downloading
from rsagan.network import best_device

_SIDE = 299  # what either Inception is shown


def load_networks(backbone: str = backbones.VGG16_HED) -> Networks:
    """Perceptual distance of a VGG16, features of an EfficientNet-Lite0; no classifier for Inception Scores.

    Raises:
        AssetError: a network's file cannot be had.
    """
    device = best_device()
    network = backbones.load(backbone, PERCEPTUAL_LAYERS[-1]).to(device)
    features = efficientnet_lite0().to(device)

    def distance(one: Tensor, other: Tensor) -> Tensor:
        maps = [network.features(pictures.to(device), PERCEPTUAL_LAYERS) for pictures in (one, other)]
        return perceptual_distance(*maps)

    return Networks(Network(features.name, _on(device, features)), Distance(network.name, distance))


def published_networks(protocol: Protocol) -> Networks:
    """What the protocol's own script uses: LPIPS, and the Inception that its distribution or its score asks for.

    Raises:
        AssetError: a package is missing, or weights cannot be downloaded.
    """
    device = best_device()
    with downloading():
        from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

        alexnet = LearnedPerceptualImagePatchSimilarity(net_type="alex").net.to(device)
        inception = (_imagenet() if protocol.legacy_features else _tensorflow(protocol.classes)).to(device)

    def lpips(one: Tensor, other: Tensor) -> Tensor:
        return torch.as_tensor(alexnet(one.to(device), other.to(device))).flatten()

    run = _on(device, inception)
    if protocol.classes:
        return Networks(None, Distance("lpips-alex", lpips), Network(INCEPTION_2015, run))
    name = INCEPTION_IMAGENET if protocol.legacy_features else INCEPTION_2015
    return Networks(Network(name, run, _SIDE), Distance("lpips-alex", lpips))


def _imagenet() -> nn.Module:
    """torchvision's Inception to its 2048 pooled features; pictures come as the scripts scale them."""
    from torchvision.models import Inception_V3_Weights, inception_v3

    network = inception_v3(weights=Inception_V3_Weights.IMAGENET1K_V1, transform_input=False)
    network.transform_input, network.fc = False, nn.Identity()
    return network.eval().requires_grad_(False)


def _tensorflow(classes: bool) -> nn.Module:
    """TensorFlow's Inception of 2015: of pictures in [-1, 1], 1008 probabilities, or pooled features (2048).

    For the features pictures come at 299x299 and are not rounded; for the classes the network resizes them itself, as
    the graph does.
    """
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    network = FeatureExtractorInceptionV3("inception", ["logits_unbiased"]).eval()
    return _Classes(network) if classes else _Pooled(network)


class _Classes(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        logits: Tensor = self.network(((pictures + 1) * 127.5).round().to(torch.uint8))[0]
        return logits.softmax(1)


class _Pooled(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(layer for name, layer in network.named_children() if name != "fc"))

    def forward(self, pictures: Tensor) -> Tensor:
        scaled = ((pictures + 1) * 127.5 - 128) / 128  # as the graph scales bytes
        found: Tensor = self.layers(scaled).flatten(1)
        return found


def _on(device: torch.device, network: nn.Module) -> Callable[[Tensor], Tensor]:
    def run(pictures: Tensor) -> Tensor:
        found: Tensor = network(pictures.to(device))
        return found

    return run
