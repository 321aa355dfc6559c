"""The phases of a training step, each a short block with its backward inside."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from rsagan.backbones import VGG16
from rsagan.network import Discriminator, Generator, Output
from rsagan.training import losses
from rsagan.training.crops import crop, crop_points, cut_columns, head_boxes, head_size, person_columns
from rsagan.training.recipe import Losses


@dataclass
class Step:
    """One batch on the device, with what several phases need of it.

    Attributes:
        source, target: (B, 3, H, W). parsing: one-hot (B, 8, H, W), of the source, corrupted.
        clean_parsing, target_parsing: (B, H, W). source_points, target_points: (B, 18, 2). flow: (B, 2, H/4, W/4).
        chance: (B,), a draw in [0, 1) a pair. boxes: head boxes of the target, (B, 3).
    """

    source: Tensor
    target: Tensor
    parsing: Tensor
    clean_parsing: Tensor
    target_parsing: Tensor
    source_points: Tensor
    target_points: Tensor
    flow: Tensor
    chance: Tensor
    boxes: Tensor

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return self.target.shape[2], self.target.shape[3]

    def head(self, pictures: Tensor) -> Tensor:
        """The target's head cut out of pictures (B, 3, H, W)."""
        return crop(pictures, self.boxes, head_size(self.size))

    def head_points(self) -> Tensor:
        """The target's joints in the head crop's pixels."""
        return crop_points(self.target_points, self.boxes, head_size(self.size))


def to_step(batch: Mapping[str, Any], device: torch.device) -> Step:
    """Move a batch of `rsagan.data.Batches`, arrays or tensors, to the device."""
    tensors = {name: torch.as_tensor(array).to(device, non_blocking=True) for name, array in batch.items()}
    for name in ("source", "target"):
        tensors[name] = tensors[name].contiguous(memory_format=torch.channels_last)
    size = (tensors["target"].shape[2], tensors["target"].shape[3])
    return Step(
        **{
            **tensors,
            "parsing": losses.one_hot(tensors["parsing"]),
            "boxes": head_boxes(tensors["target_points"], size),
        }
    )


def generator_phase(
    step: Step,
    generator: Generator,
    backbone: VGG16 | None,
    weights: Losses,
    discriminators: Mapping[str, Discriminator],
    adversarial: float,
) -> tuple[Output, dict[str, Tensor]]:
    """Forward, losses and backward of the generator.

    Args:
        discriminators: by "picture" and "head"; their parameters must not require gradients here.
        adversarial: share of the adversarial weights that counts at this point of the run.

    Returns:
        the generator's output, detached picture first of all; every loss as it is (unweighted) and "total".
    """
    alone = step.chance * 1009 % 1 < weights.alone  # a draw of its own, from the digits behind
    output = generator(step.source, step.parsing, step.source_points, step.target_points, alone)
    parts: dict[str, tuple[float, Tensor]] = {}
    person = functional.max_pool2d((step.target_parsing[:, None] > 0).float(), 5, 1, 2)
    parts["pixel"] = (
        weights.pixel,
        losses.pixel(output.picture, step.target, weights.background + (1 - weights.background) * person),
    )
    result = output.picture.float()
    if backbone is not None:
        window = person_columns(step.target_parsing, step.chance, weights.window)
        looks = []
        if weights.perceptual or weights.style:
            looks.append(("", weights.layers, weights.perceptual, weights.style, lambda x: cut_columns(x, *window)))
        if weights.head_perceptual or weights.head_style:
            looks.append(("head_", weights.head_layers, weights.head_perceptual, weights.head_style, step.head))
        for prefix, layers, perceptual, style, look in looks:
            with torch.no_grad():
                truth = backbone.features(look(step.target), layers)
            found = backbone.features(look(result), layers)
            parts[f"{prefix}perceptual"] = perceptual, losses.perceptual(found, truth)
            chosen = [i for i, layer in enumerate(layers) if layer in weights.style_layers]
            if style:
                value = losses.style([found[i] for i in chosen], [truth[i] for i in chosen])
                parts[f"{prefix}style"] = style, value
    if output.rescored is not None and weights.rescoring:
        parts["rescoring"] = weights.rescoring, losses.rescoring(output.rescored, step.clean_parsing)
    if output.parsing_logits is not None and weights.target_parsing:
        parts["target_parsing"] = (
            weights.target_parsing, losses.target_parsing(output.parsing_logits, step.target_parsing)
        )  # fmt: skip
    if output.log_correspondence is not None and weights.correspondence:
        value = losses.correspondence(output.log_correspondence, step.flow, step.size)
        parts["correspondence"] = weights.correspondence, value
    if output.log_correspondence is not None and weights.carried:
        source, target = cells(step.source, step.clean_parsing), cells(step.target, step.target_parsing)
        unknown = functional.avg_pool2d(step.flow[:, :1].isnan().float(), 2)
        person = 1 - target[:, 3:4]  # the share of the background comes after the three colours
        value = losses.carried(output.log_correspondence, source, target, unknown * person)
        parts["carried"] = weights.carried, value
    if output.flow is not None and weights.flow:
        parts["flow"] = weights.flow, losses.flow_error(output.flow, step.flow)
    if adversarial > 0:
        if "picture" in discriminators:
            logits = discriminators["picture"](result, step.target_points)
            parts["adversarial"] = adversarial * weights.adversarial, losses.fool(logits)
        if "head" in discriminators:
            logits = discriminators["head"](step.head(result), step.head_points())
            parts["head_adversarial"] = adversarial * weights.head_adversarial, losses.fool(logits)
    total = torch.stack([weight * value for weight, value in parts.values()]).sum()
    total.backward()
    return output, {name: value.detach() for name, (_, value) in parts.items()} | {"total": total.detach()}


def cells(picture: Tensor, parsing: Tensor) -> Tensor:
    """Colours and shares of regions of the cells at 1/8: float32 (B, 3 + 8, H/8, W/8)."""
    return torch.cat([functional.avg_pool2d(picture, 8), losses.share_of_regions(parsing, 8)], 1)


def discriminator_phase(step: Step, painted: Tensor, discriminators: Mapping[str, Discriminator]) -> dict[str, Tensor]:
    """Hinge loss and backward of the discriminators, real and painted pictures (B, 3, H, W) in one batch."""
    found = {}
    for name, discriminator in discriminators.items():
        real, fake, points = step.target, painted.float(), step.target_points
        if name == "head":
            real, fake, points = step.head(real), step.head(fake), step.head_points()
        logits = discriminator(torch.cat([real, fake]), points)
        halves = [these.chunk(2) for these in logits]
        value = losses.hinge([half[0] for half in halves], [half[1] for half in halves])
        value.backward()
        found[f"discriminator_{name}"] = value.detach()
    return found


def penalty_phase(step: Step, discriminators: Mapping[str, Discriminator], weight: float) -> dict[str, Tensor]:
    """The lazy R1 penalty and its backward, in float32."""
    found = {}
    for name, discriminator in discriminators.items():
        real, points = step.target, step.target_points
        if name == "head":
            real, points = step.head(real), step.head_points()
        with torch.autocast(real.device.type, enabled=False):
            real = real.detach().requires_grad_()
            real = real.view_as(real)  # no leaf: who counts operations looks at what enters a module
            value = losses.gradient_penalty(discriminator(real, points), real)
            (weight * value).backward()
        found[f"penalty_{name}"] = value.detach()
    return found
