"""The networks that scores of result folders are computed with, by what this machine has.

Without internet these are the package's own backbones, and the numbers carry their names: none of them is FID or LPIPS.
"""

import torch
from torch import Tensor

from rsagan import backbones
from rsagan.evaluation.benchmark.measure import Distance, Network, Networks
from rsagan.evaluation.judges import efficientnet_lite0
from rsagan.evaluation.metrics import PERCEPTUAL_LAYERS, perceptual_distance


def load_networks(backbone: str = backbones.VGG16_HED) -> Networks:
    """Perceptual distance of a VGG16, features of an EfficientNet-Lite0; no classifier for Inception Scores.

    Raises:
        AssetError: a network's file cannot be had.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = backbones.load(backbone, PERCEPTUAL_LAYERS[-1]).to(device)
    features = efficientnet_lite0().to(device)

    def distance(one: Tensor, other: Tensor) -> Tensor:
        maps = [network.features(pictures.to(device), PERCEPTUAL_LAYERS) for pictures in (one, other)]
        return perceptual_distance(*maps)

    def vectors(pictures: Tensor) -> Tensor:
        found: Tensor = features(pictures.to(device))
        return found

    return Networks(Network(features.name, vectors), Distance(network.name, distance))
