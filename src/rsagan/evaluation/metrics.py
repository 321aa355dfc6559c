"""The numbers of single pairs, each a pure function of arrays."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rsagan.people import NUM_REGIONS
from rsagan.training.losses import at_eighth

PERCEPTUAL_LAYERS: Final = ("1_2", "2_2", "3_3", "4_3", "5_3")
HIGHEST_PSNR: Final = 100.0  # of equal pictures, which have none


def perceptual_distance(a: Sequence[Tensor], b: Sequence[Tensor]) -> Tensor:
    """Perceptual distance of two pictures by their features, named after the network that made them.

    At every position of a layer the feature vector is scaled to length 1; the squared difference is summed over
    channels, averaged over positions, and averaged over layers. No learned weights, so it is neither LPIPS nor
    comparable with it.

    Args:
        a, b: float (B, C, h, w) a layer.

    Returns:
        float32 (B,), 0 for equal pictures.
    """
    layers = []
    for one, other in zip(a, b, strict=True):
        unit = [each.float() / each.float().norm(dim=1, keepdim=True).clamp_min(1e-6) for each in (one, other)]
        layers.append((unit[0] - unit[1]).square().sum(1).mean((1, 2)))
    return torch.stack(layers).mean(0)


def likeness(result: Tensor, truth: Tensor, person: Tensor | None = None) -> dict[str, Tensor]:
    """L1, SSIM and PSNR of pictures (B, 3, H, W) in [-1, 1], each (B,); with `person` (B, H, W) also inside it.

    L1 is the mean difference on a scale from 0 to 1. SSIM is torchmetrics': Gaussian window of 11 pixels with sigma
    1.5, data range 1, colour channels apart; inside the person the same map is averaged there. PSNR is at most
    `HIGHEST_PSNR`.
    """
    from torchmetrics.functional.image import structural_similarity_index_measure

    one, other = (result + 1) / 2, (truth + 1) / 2
    similar, window = structural_similarity_index_measure(
        one, other, sigma=1.5, data_range=1.0, reduction="none", return_full_image=True
    )
    window, squared = window.mean(1), (one - other).square().mean(1)  # (B, H, W)
    found = {"l1": (one - other).abs().mean((1, 2, 3)), "ssim": similar, "psnr": _psnr(squared.mean((1, 2)))}
    if person is not None:
        share = person / person.sum((1, 2), keepdim=True)  # NaN where nobody is seen: counts for nothing
        found |= {"ssim_person": (window * share).sum((1, 2)), "psnr_person": _psnr((squared * share).sum((1, 2)))}
    return found


def _psnr(squared: Tensor) -> Tensor:
    return (-10 * squared.log10()).clamp_max(HIGHEST_PSNR)


def overlap(found: NDArray[np.uint8], truth: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pixels in the intersection and the union of each region, two int64 (8,), of parsings uint8 (H, W)."""
    regions = np.arange(NUM_REGIONS)[:, None, None]
    one, other = found[None] == regions, truth[None] == regions
    return (one & other).sum((1, 2)), (one | other).sum((1, 2))


def correspondence_error(flow: Tensor, truth: Tensor) -> list[NDArray[np.float64]]:
    """How far, in source pixels, each cell's match lies from where the surface says it is.

    Args:
        flow: (B, 2, h, w), x and y in source pixels that each target cell is matched with, at 1/4 or 1/8.
        truth: float32 (B, 2, H/4, W/4), see `rsagan.data.correspondence.true_flow`; NaN where unknown.

    Returns:
        a float64 (E,) a pair. At 1/8 a cell's truth is what training takes for it (`at_eighth`).
    """
    known = ~truth[:, :1].isnan()
    if flow.shape[3] < truth.shape[3]:
        truth, known = at_eighth(truth)
    apart = (flow.float() - truth).norm(dim=1)
    return [each[seen].double().cpu().numpy() for each, seen in zip(apart, known[:, 0], strict=True)]
