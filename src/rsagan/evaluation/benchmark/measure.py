"""Scores two lists of pictures by a protocol. Networks are given, and a number carries its network's name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from rsagan.evaluation.benchmark.body_mask import body_mask
from rsagan.evaluation.benchmark.inception_score import inception_score
from rsagan.evaluation.benchmark.protocols import (
    MARKET,
    Protocol,
    compare,
    feature_input,
    padded,
    perceptual_input,
    whole_batches,
)
from rsagan.evaluation.sets import frechet_distance, kernel_distance
from rsagan.people import Picture

Joints = Sequence[NDArray[np.floating]]
_AT_ONCE: Final = 8  # pictures that a network is shown; with 64, a third of the time goes into fetching memory
TRUE_PICTURES: Final = ", of the true pictures"  # after a distance's name: that of the truths instead of the results


@dataclass(frozen=True)
class Network:
    """A frozen network, as a function.

    Attributes:
        name: what its numbers are called after.
        run: of float32 (B, 3, H, W), in [-1, 1] if scaled rightly: features or probabilities (B, D).
        side: height and width it wants; None = any.
    """

    name: str
    run: Callable[[Tensor], Tensor]
    side: int | None = None


@dataclass(frozen=True)
class Distance:
    """A perceptual distance: of two float32 (B, 3, H, W) in [-1, 1], (B,). `name` is its network's."""

    name: str
    run: Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Networks:
    """What the pictures are shown to; what is None is left out of the scores."""

    features: Network | None = None
    perceptual: Distance | None = None
    classifier: Network | None = None


@dataclass(frozen=True, eq=False)
class Scores:
    """Numbers of a protocol.

    Attributes:
        numbers: of all pictures together, by name. rows: of each picture, (N,), by name.
        left_out: pictures that the protocol drops, by what it drops them from.
        missing: what could not be computed, and why.
    """

    numbers: dict[str, float]
    rows: dict[str, NDArray[np.float64]]
    left_out: dict[str, int]
    missing: list[str]


def measure(
    protocol: Protocol,
    results: Sequence[Picture],
    truths: Sequence[Picture],
    reference: Sequence[Picture] | None = None,
    networks: Networks | None = None,
    joints: Joints | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Scores:
    """Score results against truths, the i-th against the i-th, and as a set against the reference pictures.

    Args:
        results, truths: uint8 (H, W, 3) each, of equal size pairwise; read one at a time, so they may lie on disk.
        reference: real pictures for the distribution; without them there is no Fréchet distance.
        joints: (18, 2) of each truth, x and y, NaN = missing, for the masked scores.
        progress: called with (pictures done, pictures in all).

    Raises:
        ValueError: lists of different length, or pictures of different size.
    """
    given = networks or Networks()
    if len(results) != len(truths) or not len(results):
        raise ValueError(f"There are {len(results)} results for {len(truths)} true pictures.")
    report = _Progress(progress, _looked_at(protocol, len(results), reference, given))
    rows = _compare_all(protocol, results, truths, given.perceptual, joints, report)
    numbers = {name: float(np.mean(values)) for name, values in rows.items()}
    left_out, missing = {}, []
    if given.perceptual is None:
        missing.append("perceptual distance: no network was given")
    else:
        name, kept = perceptual_name(given.perceptual), whole_batches(len(results))
        for each in [name] * protocol.dropped_lpips + [f"mask-{name}"] * (f"mask-{name}" in rows):
            numbers[each] = float(np.mean(rows[each][:kept]))
            left_out[each] = len(results) - kept
    if protocol.classes:
        numbers |= _inception_scores(protocol, results, given.classifier, joints, missing, report)
        return Scores(numbers, rows, left_out, missing)
    if given.features is None or reference is None:
        missing.append("distribution: no network or no reference pictures were given")
    elif min(len(results), len(reference)) < 2:
        missing.append("distribution: a single picture has none")
    else:
        numbers |= _distribution(protocol, results, truths, reference, given.features, left_out, report)
    return Scores(numbers, rows, left_out, missing)


def _looked_at(protocol: Protocol, pictures: int, reference: Sequence[Picture] | None, given: Networks) -> int:
    """How many pictures are looked at in all."""
    if protocol.classes:
        return pictures if given.classifier is None else 2 * pictures
    if given.features is None or reference is None or min(pictures, len(reference)) < 2:
        return pictures
    again = 0 if protocol.legacy_features else pictures
    return pictures + _kept(protocol, pictures) + _kept(protocol, len(reference)) + again


def _kept(protocol: Protocol, count: int) -> int:
    """Of so many pictures, those that enter the distribution."""
    return whole_batches(count) if protocol.dropped else count


def frechet_name(protocol: Protocol, network: Network) -> str:
    """FID only for the network that it stands for in the protocol."""
    return "FID" if network.name == protocol.network else f"Fréchet distance ({network.name})"


def perceptual_name(network: Distance) -> str:
    """LPIPS only for AlexNet with its learned weights."""
    return "LPIPS" if network.name == "lpips-alex" else f"perceptual distance ({network.name})"


def _compare_all(
    protocol: Protocol,
    results: Sequence[Picture],
    truths: Sequence[Picture],
    perceptual: Distance | None,
    joints: Joints | None,
    report: "_Progress",
) -> dict[str, NDArray[np.float64]]:
    rows: dict[str, list[float]] = {}
    for at, (result, truth) in enumerate(zip(results, truths, strict=True)):
        if result.shape != truth.shape:
            raise ValueError(f"Result {at} is {result.shape[:2]}, its truth {truth.shape[:2]}.")
        mask = _mask(protocol, truth, joints, at)
        numbers = compare(protocol, result, truth, mask)
        if perceptual is not None:
            name = perceptual_name(perceptual)
            numbers[name] = _perceptual(perceptual, protocol, result, truth, None)
            if protocol.masked_lpips and mask is not None:
                numbers[f"mask-{name}"] = _perceptual(perceptual, protocol, result, truth, mask)
        for name, value in numbers.items():
            rows.setdefault(name, []).append(value)
        report.add(1)
    return {name: np.array(values) for name, values in rows.items()}


@torch.no_grad()
def _perceptual(
    distance: Distance, protocol: Protocol, result: Picture, truth: Picture, mask: NDArray[np.bool_] | None
) -> float:
    return float(distance.run(*(perceptual_input(each, protocol, mask) for each in (result, truth))).item())


def _distribution(
    protocol: Protocol,
    results: Sequence[Picture],
    truths: Sequence[Picture],
    reference: Sequence[Picture],
    network: Network,
    left_out: dict[str, int],
    report: "_Progress",
) -> dict[str, float]:
    name = frechet_name(protocol, network)
    kept = [_kept(protocol, len(each)) for each in (results, reference)]
    if protocol.dropped:
        left_out[name] = len(results) - kept[0]
    ours = _features(protocol, network, results, kept[0], report)
    real = _features(protocol, network, reference, kept[1], report)
    numbers = {name: frechet_distance(ours, real)}
    if not protocol.legacy_features:
        true = _features(protocol, network, truths, len(truths), report)
        numbers[name + TRUE_PICTURES] = frechet_distance(true, real)
        kernel = "KID x1000" if network.name == protocol.network else f"kernel distance x1000 ({network.name})"
        numbers[kernel] = 1000 * kernel_distance(ours, real)
    return numbers


def _features(
    protocol: Protocol, network: Network, pictures: Sequence[Picture], count: int, report: "_Progress"
) -> NDArray[np.float32]:
    found = []
    for start in range(0, count, _AT_ONCE):
        batch = [pictures[at] for at in range(start, min(start + _AT_ONCE, count))]
        with torch.no_grad():
            found.append(network.run(feature_input(batch, protocol, network.side)).float().cpu().numpy())
        report.add(len(batch))
    return np.concatenate(found)


def _inception_scores(
    protocol: Protocol,
    results: Sequence[Picture],
    network: Network | None,
    joints: Joints | None,
    missing: list[str],
    report: "_Progress",
) -> dict[str, float]:
    if network is None:
        missing.append("Inception Score: there is no classifier without the published networks (--standard)")
        return {}
    name = "Inception Score" if network.name == protocol.network else f"Inception Score ({network.name})"
    rows: dict[str, list[NDArray[Any]]] = {}
    for at, result in enumerate(results):
        shown = {name: padded(result) if protocol.pads(result) else result}
        mask = _mask(protocol, result, joints, at)
        if mask is not None:
            shown[f"mask-{name}"] = result * mask[..., None]
        for key, picture in shown.items():
            batch = perceptual_input(picture, protocol)
            if network.side is not None:
                batch = functional.interpolate(batch, (network.side, network.side), mode="bilinear")
            with torch.no_grad():
                rows.setdefault(key, []).append(network.run(batch).float().cpu().numpy())
        report.add(1)
    return {key: inception_score(np.concatenate(each))[0] for key, each in rows.items()}


def _mask(protocol: Protocol, picture: Picture, joints: Joints | None, at: int) -> NDArray[np.bool_] | None:
    """The body's mask, where the protocol scores within it."""
    size = (picture.shape[0], picture.shape[1])
    wanted = (protocol.classes and not protocol.pads(picture)) or (protocol.masked_lpips and size == MARKET)
    return body_mask(joints[at], size) if joints is not None and wanted else None


class _Progress:
    """Counts pictures looked at."""

    def __init__(self, call: Callable[[int, int], None] | None, total: int) -> None:
        self.call, self.total, self.done = call, total, 0

    def add(self, count: int) -> None:
        self.done += count
        if self.call:
            self.call(self.done, self.total)
