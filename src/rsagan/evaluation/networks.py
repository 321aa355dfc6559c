"""The networks that scores of result folders are computed with, by what this machine has.

Without internet these are the package's own backbones, and the numbers carry their names: none of them is FID or LPIPS.
"""

import torch
from torch import Tensor

from rsagan import backbones
from rsagan.evaluation.measure import Distance, Network, Networks
from rsagan.evaluation.metrics import PERCEPTUAL_LAYERS, perceptual_distance

_SIDE = 224


def load_networks(backbone: str = backbones.VGG16_HED) -> Networks:
    """Features and perceptual distance of a VGG16; there is no classifier for Inception Scores.

    Raises:
        AssetError: the backbone's file cannot be had.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = backbones.load(backbone, PERCEPTUAL_LAYERS[-1]).to(device)

    def features(pictures: Tensor) -> Tensor:
        """The deepest layer, averaged over positions: (B, 512)."""
        return network.features(pictures.to(device), PERCEPTUAL_LAYERS[-1:])[0].mean((2, 3))

    def distance(one: Tensor, other: Tensor) -> Tensor:
        return perceptual_distance(network, one.to(device), other.to(device))

    return Networks(Network(network.name, features, _SIDE), Distance(network.name, distance))
