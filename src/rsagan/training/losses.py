"""The losses, one small pure function each. Their weights are in the recipe.

B batch, H x W picture, C channels, R = 8 regions, N = H/8 * W/8. Pictures are float in [-1, 1]. Every loss is a
float32 scalar, 0 where nothing is to be compared. Where several processes share a batch, the mean over them is the loss
of the whole batch: what is counted or measured over the batch to divide by goes through `distributed.ratio`.
"""

from collections.abc import Sequence
from typing import Any, Final

import torch
from torch import Tensor
from torch.nn import functional

from rsagan.people import NUM_REGIONS
from rsagan.training.distributed import ratio

_TOGETHER: Final = 8.0  # source pixels that may lie between quarters of a cell


def pixel(result: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """L1 of pictures (B, 3, H, W); `weight` (B, 1, H, W) says how much each pixel counts."""
    difference = (result.float() - target.float()).abs().mean(1, keepdim=True)
    if weight is None:
        return difference.mean()
    return ratio((difference * weight).sum(), weight.sum())


def perceptual(features: Sequence[Tensor], targets: Sequence[Tensor]) -> Tensor:
    """L1 of features (B, C, h, w), each layer relative to its target's mean size; the mean over layers."""
    return torch.stack([relative_l1(a, b) for a, b in zip(features, targets, strict=True)]).mean()


def style(features: Sequence[Tensor], targets: Sequence[Tensor]) -> Tensor:
    """The same of the Gram matrices: which features occur together, wherever they are."""
    return torch.stack([relative_l1(gram(a), gram(b)) for a, b in zip(features, targets, strict=True)]).mean()


def gram(features: Tensor) -> Tensor:
    """(B, C, h, w) to float32 (B, C, C): products of channels, averaged over positions."""
    flat = features.permute(0, 2, 3, 1).flatten(1, 2)  # no copy where channels come last in memory
    products: Tensor = _Products.apply(flat)
    return products.float() / flat.shape[1]


class _Products(torch.autograd.Function):
    """x^T x of (B, N, C), whose two equal sides share one backward: half the work of the composed form."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.transpose(1, 2) @ x

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return x @ (gradients[0] + gradients[0].transpose(1, 2)).to(x.dtype)


def relative_l1(a: Tensor, b: Tensor) -> Tensor:
    """Mean |a - b| over mean |b|; the gradient flows into `a` alone."""
    with torch.no_grad():
        size = b.abs().mean(dtype=torch.float32)
    difference: Tensor = _MeanDifference.apply(a, b)
    return ratio(difference, size)


class _MeanDifference(torch.autograd.Function):
    """Mean |a - b| without float32 copies of bfloat16 features: half the memory traffic of the composed form."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor) -> Tensor:
        difference = a - b
        ctx.save_for_backward(difference)
        return difference.abs().mean(dtype=torch.float32)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (difference,) = ctx.saved_tensors
        return difference.sign().mul_(gradients[0] / difference.numel()), None


def fool(logits: Sequence[Tensor]) -> Tensor:
    """The generator's adversarial loss: its pictures shall be called real (high logits)."""
    return -torch.stack([these.float().mean() for these in logits]).mean()


def hinge(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """The discriminator's loss: real patches above 1, painted ones below -1."""
    pairs = zip(real, fake, strict=True)
    return torch.stack(
        [functional.relu(1 - r.float()).mean() + functional.relu(1 + f.float()).mean() for r, f in pairs]
    ).mean()


def gradient_penalty(real: Sequence[Tensor], pictures: Tensor) -> Tensor:
    """R1: squared gradient of the summed logits with respect to real pictures (B, 3, H, W, requiring grad), a patch."""
    (gradient,) = torch.autograd.grad(sum(these.float().sum() for these in real), pictures, create_graph=True)  # type: ignore[arg-type]
    return gradient.float().square().sum() / sum(these.numel() for these in real)


def one_hot(parsing: Tensor) -> Tensor:
    """int (B, H, W) of regions to float32 (B, R, H, W)."""
    regions = torch.arange(NUM_REGIONS, dtype=parsing.dtype, device=parsing.device)
    return (parsing[..., None] == regions).float().permute(0, 3, 1, 2)  # channels last in memory


def share_of_regions(parsing: Tensor, factor: int) -> Tensor:
    """int (B, H, W) of regions to float32 (B, R, H/factor, W/factor): the share of each region in a cell."""
    return functional.avg_pool2d(one_hot(parsing), factor)


def rescoring(log_probability: Tensor, clean_parsing: Tensor) -> Tensor:
    """Cross-entropy of the re-scored source parsing (B, R, H/4, W/4) against the clean one, int (B, H, W)."""
    truth = share_of_regions(clean_parsing, 4)
    return -(truth * log_probability.float()).sum(1).mean()


def target_parsing(logits: Tensor, parsing: Tensor) -> Tensor:
    """Cross-entropy of the predicted target parsing (B, R, H, W) against the true one, int (B, H, W)."""
    return functional.cross_entropy(logits.float(), parsing.long())


def at_eighth(flow: Tensor) -> tuple[Tensor, Tensor]:
    """A true flow at 1/4 as the cells at 1/8 see it.

    A cell is known if one of its four quarter cells is and those that are lie within 8 source pixels of each other.

    Args:
        flow: float32 (B, 2, H/4, W/4), x and y in source pixels, NaN unknown.

    Returns:
        the mean source place (B, 2, H/8, W/8) of what is known of each cell, and bool (B, 1, H/8, W/8).
    """
    known = ~flow[:, :1].isnan()
    filled = flow.nan_to_num(0.0)
    share = functional.avg_pool2d(known.float(), 2)
    mean = functional.avg_pool2d(filled, 2) / share.clamp_min(0.25)
    far = (filled - functional.interpolate(mean, scale_factor=2.0)).abs().masked_fill(~known, 0).amax(1, keepdim=True)
    return mean, (share > 0) & (functional.max_pool2d(far, 2) <= _TOGETHER / 2)


def correspondence(log_correspondence: Tensor, flow: Tensor, size: tuple[int, int]) -> Tensor:
    """-log W at co-visible points.

    The mean source point of each target cell that is known (see `at_eighth`) is spread over the four nearest source
    cells, bilinearly.

    Args:
        log_correspondence: (B, N, N), log W of target by source cells, rows of the picture one after the other.
        flow: float32 (B, 2, H/4, W/4), x and y in source pixels, NaN unknown. size: (H, W), multiples of 8.
    """
    height, width = size[0] // 8, size[1] // 8
    mean, known = at_eighth(flow)
    valid = known.flatten(1)  # (B, N)
    x = ((mean[:, 0].flatten(1) + 0.5) / 8 - 0.5).clamp(0, width - 1)
    y = ((mean[:, 1].flatten(1) + 0.5) / 8 - 0.5).clamp(0, height - 1)
    x0, y0 = x.floor().clamp(max=max(width - 2, 0)), y.floor().clamp(max=max(height - 2, 0))
    right, below = x - x0, y - y0
    first = (y0 * width + x0).long()
    corners = torch.stack([first, first + 1, first + width, first + width + 1], 2).clamp(max=height * width - 1)
    weights = torch.stack([(1 - below) * (1 - right), (1 - below) * right, below * (1 - right), below * right], 2)
    chosen = log_correspondence.gather(2, corners).float()
    return ratio(-((weights * chosen).sum(2) * valid).sum(), valid.sum(), least=1)


def carried(log_correspondence: Tensor, source: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """L1 of what W carries to the target pose, for cells of which nobody knows where the source shows them.

    Args:
        log_correspondence: (B, N, N), log W of target by source cells.
        source, target: (B, C, H/8, W/8), what is carried: colours and shares of regions.
        weight: (B, 1, H/8, W/8), how much each target cell counts.
    """
    arrived = log_correspondence.float().exp() @ source.float().flatten(2).transpose(1, 2)  # (B, N, C)
    error = (arrived.transpose(1, 2) - target.float().flatten(2)).abs().mean(1, keepdim=True)
    return ratio((error * weight.flatten(2)).sum(), weight.sum(), least=1)


def flow_error(flow: Tensor, truth: Tensor, scale: float = 4.0) -> Tensor:
    """Smooth L1 of the detail path's flow, in units of `scale` pixels (one cell), where the truth is known.

    Args:
        flow, truth: (B, 2, H/4, W/4), x and y in source pixels; the truth is NaN where unknown.
    """
    known = (~truth[:, :1].isnan()).float()
    error = functional.smooth_l1_loss(flow.float() / scale, truth.nan_to_num(0.0) / scale, reduction="none")
    return ratio((error * known).sum(), 2 * known.sum(), least=1)
