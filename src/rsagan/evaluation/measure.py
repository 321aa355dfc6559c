"""Measuring results pair by pair. What concerns the folder's own pictures is computed once and kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rsagan import backbones
from rsagan.data.correspondence import true_flow
from rsagan.data.prepared import PreparedFolder
from rsagan.evaluation import judges, person
from rsagan.evaluation.metrics import PERCEPTUAL_LAYERS, correspondence_error, likeness, overlap, perceptual_distance
from rsagan.evaluation.painters import Painted, Painter, to_network
from rsagan.network import best_device
from rsagan.people import Picture, Pose
from rsagan.photo import agreement
from rsagan.training.crops import crop, head_boxes, head_size

_BATCH: Final = 8
# By name, an array with one row a pair (P, ...), but `matches` and `flows`: a list of P arrays (E,).
Measured = dict[str, Any]


class FeatureNetwork(Protocol):
    """What makes one vector of a picture: (B, 3, H, W) in [-1, 1] to (B, D)."""

    name: str

    def __call__(self, pictures: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class Networks:
    """What judges.

    Attributes:
        distances: by name, what makes feature maps of pictures (B, 3, H, W); a VGG16 and a judge, in this order.
        features: for the distances between sets. joints: whether joints are estimated and compared too.
        device: where all of them are.
    """

    distances: dict[str, Callable[[Tensor], Sequence[Tensor]]]
    features: FeatureNetwork
    joints: bool = True
    device: str = "cpu"


def trained_networks() -> Networks:
    """Those that reports use. Raises AssetError if a file cannot be had."""
    device = best_device()
    vgg = backbones.vgg16_hed(PERCEPTUAL_LAYERS[-1]).to(device)
    judge, features = judges.mobilenetv2().to(device), judges.efficientnet_lite0().to(device)
    maps: dict[str, Callable[[Tensor], Sequence[Tensor]]] = {
        vgg.name: lambda pictures: vgg.features(pictures, PERCEPTUAL_LAYERS),
        judge.name: judge,
    }
    return Networks(maps, features, device=str(device))


class Truth:
    """A folder's pairs and what is known of its pictures without any result, computed when first asked for.

    Args:
        pairs: int64 (P, 2), positions of source and target in `folder.entries`.
    """

    def __init__(self, folder: PreparedFolder, pairs: NDArray[np.int64], networks: Networks) -> None:
        self.folder, self.pairs, self.networks = folder, pairs, networks
        identities = [folder.entries[source].identity for source, _ in pairs]
        self.groups: NDArray[np.int64] = np.unique(identities, return_inverse=True)[1]
        self.device = networks.device
        self.size = head_size(folder.size)
        self._poses: dict[tuple[int, bool], Pose] = {}
        self._features: dict[tuple[int, bool], NDArray[np.float32]] = {}
        self._flows: dict[tuple[int, int], NDArray[np.float32]] = {}

    def pose(self, view: int, mirrored: bool = False) -> Pose:
        """What the estimator sees in a view, or in its mirror image (mirrored back)."""
        if (view, mirrored) not in self._poses:
            estimate = agreement.mirrored_estimate if mirrored else agreement.estimate
            self._poses[view, mirrored] = estimate(self.folder.picture(view))
        return self._poses[view, mirrored]

    @torch.no_grad()
    def features(self, views: NDArray[np.int64], head: bool) -> NDArray[np.float32]:
        """(len(views), D) of whole views or of their heads."""
        missing = sorted({int(view) for view in views if (int(view), head) not in self._features})
        if missing:
            pictures = to_network([self.folder.picture(view) for view in missing]).to(self.device)
            if head:
                pictures = crop(pictures, self.boxes(np.array(missing)), self.size)
            for view, found in zip(missing, self.networks.features(pictures).cpu().numpy(), strict=True):
                self._features[view, head] = found
        return np.stack([self._features[int(view), head] for view in views])

    @torch.no_grad()
    def features_of(self, pictures: list[Picture]) -> NDArray[np.float32]:
        """(B, D) of results uint8 (H, W, 3)."""
        return np.asarray(self.networks.features(to_network(pictures).to(self.device)).cpu().numpy())

    def boxes(self, views: NDArray[np.int64]) -> Tensor:
        """Head boxes (B, 3) of views."""
        points = np.stack([self.folder.entries[view].points for view in views])
        return head_boxes(torch.from_numpy(points).to(self.device), self.folder.size)

    def flow(self, source: int, target: int) -> NDArray[np.float32]:
        """(2, H/4, W/4): see `true_flow`."""
        if (source, target) not in self._flows:
            views = [(self.folder.surface(at), self.folder.parsing(at)) for at in (source, target)]
            self._flows[source, target] = true_flow(*views[0], *views[1])
        return self._flows[source, target]


def measure(
    truth: Truth, painter: Painter, progress: Callable[[int, int], None] | None = None, *, quick: bool = False
) -> Measured:
    """Compare the results of every pair with the truth; results count as pictures of 8 bits.

    Pairs of one person go together, so that a view's features serve all of its pairs.

    Args:
        progress: called with (pairs done, pairs in all). quick: perceptual distances of the whole pictures only.
    """
    values: dict[str, list[Any]] = {}
    order = np.argsort(truth.groups, kind="stable")
    for start in range(0, len(order), _BATCH):
        at = order[start : start + _BATCH]
        for name, each in measure_some(truth, painter, at, quick).items():
            values.setdefault(name, []).extend(each)
        if progress:
            progress(min(start + _BATCH, len(order)), len(order))
    back = np.argsort(order, kind="stable")
    whole: Measured = {name: [each[k] for k in back] for name, each in values.items()}
    ragged = ("matches", "flows")
    return {name: each if name in ragged else np.array(each) for name, each in whole.items()}


@torch.no_grad()
def measure_some(
    truth: Truth, painter: Painter, at: NDArray[np.int64], quick: bool = False
) -> dict[str, Sequence[Any]]:
    """The numbers of the pairs at some positions of the list, by name, one of each a pair."""
    folder, networks, pairs = truth.folder, truth.networks, truth.pairs[at]
    painted = painter.paint(folder, pairs, at)
    views, places = np.unique(pairs, return_inverse=True)
    shown = to_network([folder.picture(view) for view in views]).to(truth.device)
    places = places.reshape(pairs.shape)
    result = to_network(painted.pictures).to(truth.device)
    if quick:
        return {
            name: perceptual_distance(network(result), [layer[places[:, 1]] for layer in network(shown)]).tolist()
            for name, network in networks.distances.items()
        }
    boxes = truth.boxes(pairs[:, 1])
    source, target = shown[places[:, 0]], shown[places[:, 1]]
    heads = [crop(each, boxes, truth.size) for each in (result, source, target)]
    regions = np.stack([folder.parsing(view) for view in pairs[:, 1]])
    found: dict[str, Any] = {"picture": painted.pictures}
    for name, network in networks.distances.items():
        known, made = network(shown), network(result)
        ends = [[layer[column] for layer in known] for column in places.T]
        found[name], found[f"{name}_copy"] = (perceptual_distance(each, ends[1]) for each in (made, ends[0]))
        of_heads = [network(each) for each in heads]
        for k, suffix in enumerate(("_head", "_head_copy")):
            found[name + suffix] = perceptual_distance(of_heads[k], of_heads[2])
    found |= likeness(result, target, torch.from_numpy(regions > 0).to(truth.device).float())
    found |= {f"{name}_head": each for name, each in likeness(heads[0], heads[2]).items()}
    found["l1_copy"] = likeness(source, target)["l1"]
    for head, pictures in ((False, result), (True, heads[0])):
        suffix = "_head" if head else ""
        found[f"features{suffix}"] = networks.features(pictures)
        found[f"true_features{suffix}"] = truth.features(pairs[:, 1], head)
    found = {name: each.cpu().numpy() if isinstance(each, Tensor) else each for name, each in found.items()}
    found |= _regions(painted, folder, pairs, regions)
    found |= _matches(truth, painted, pairs)
    if networks.joints:
        found |= _joints(truth, painted.pictures, pairs)
    return found


def _regions(
    painted: Painted, folder: PreparedFolder, pairs: NDArray[np.int64], regions: NDArray[np.uint8]
) -> dict[str, list[Any]]:
    if painted.parsings is None:
        return {}
    both = [overlap(each, truth) for each, truth in zip(painted.parsings, regions, strict=True)]
    targets = [folder.picture(view) for view in pairs[:, 1]]
    shown = zip(painted.pictures, painted.parsings, targets, regions, strict=True)
    return {
        "intersection": [each[0] for each in both],
        "union": [each[1] for each in both],
        "garments": [person.garment_difference(*each) for each in shown],
    }


def _matches(truth: Truth, painted: Painted, pairs: NDArray[np.int64]) -> dict[str, list[Any]]:
    if not truth.folder.has_surface or (painted.matches is None and painted.flows is None):
        return {}
    known = torch.from_numpy(np.stack([truth.flow(int(a), int(b)) for a, b in pairs])).to(truth.device)
    both = {"matches": painted.matches, "flows": painted.flows}
    return {name: correspondence_error(flow, known) for name, flow in both.items() if flow is not None}


def _joints(truth: Truth, pictures: list[Picture], pairs: NDArray[np.int64]) -> dict[str, list[Any]]:
    seen = [truth.pose(int(view)) for view in pairs[:, 1]]
    again = [truth.pose(int(view), mirrored=True) for view in pairs[:, 1]]
    made = [agreement.estimate(picture) for picture in pictures]
    return {
        "joints": [agreement.joints_right(a, b) for a, b in zip(made, seen, strict=True)],
        "joints_ceiling": [agreement.joints_right(a, b) for a, b in zip(again, seen, strict=True)],
    }
