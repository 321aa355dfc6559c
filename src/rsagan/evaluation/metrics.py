"""The numbers, each a pure function of arrays."""

from collections.abc import Callable
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rsagan.backbones import VGG16
from rsagan.people import NUM_REGIONS

PERCEPTUAL_LAYERS: Final = ("1_2", "2_2", "3_3", "4_3", "5_3")


def perceptual_distance(backbone: VGG16, a: Tensor, b: Tensor) -> Tensor:
    """Perceptual distance on a VGG16, named after the backbone: "perceptual distance (vgg16_hed)".

    At every position of a layer the feature vector is scaled to length 1; the squared difference is summed over
    channels, averaged over positions, and averaged over the layers `PERCEPTUAL_LAYERS`. No learned weights, so it is
    neither LPIPS nor comparable with it.

    Args:
        a, b: float32 (B, 3, H, W) in [-1, 1].

    Returns:
        float32 (B,), 0 for equal pictures.
    """
    total = torch.zeros(len(a), device=a.device)
    both = backbone.features(torch.cat([a, b]), PERCEPTUAL_LAYERS)
    for features in both:
        unit = features.float() / features.float().norm(dim=1, keepdim=True).clamp_min(1e-6)
        one, other = unit.chunk(2)
        total += (one - other).square().sum(1).mean((1, 2))
    return total / len(both)


def overlap(found: NDArray[np.uint8], truth: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pixels in the intersection and the union of each region, two int64 (8,), of parsings uint8 (H, W)."""
    regions = np.arange(NUM_REGIONS)[:, None, None]
    one, other = found[None] == regions, truth[None] == regions
    return (one & other).sum((1, 2)), (one | other).sum((1, 2))


def mean_iou(intersection: NDArray[np.int64], union: NDArray[np.int64]) -> float:
    """Intersection over union of each region over all pictures (P, 8), averaged over the regions that occur."""
    both, either = intersection.sum(0), union.sum(0)
    return float((both[either > 0] / either[either > 0]).mean())


def bootstrap(
    statistic: Callable[[NDArray[np.int64]], float], groups: NDArray[np.int64], rounds: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """The 95 % interval of a statistic over pairs, when whole identities are drawn again and again.

    Args:
        statistic: of the positions of the drawn pairs.
        groups: int (P,), which identity each pair is of, 0 ... G - 1.
    """
    random = np.random.default_rng(seed)
    members = [np.flatnonzero(groups == group) for group in range(groups.max() + 1)]
    values = []
    for _ in range(rounds):
        drawn = random.integers(len(members), size=len(members))
        values.append(statistic(np.concatenate([members[group] for group in drawn])))
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
