"""Pairs of frames of real clips: how near a result comes to the true picture of the target pose."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

import clips
from rsagan.errors import InputError
from rsagan.evaluation.measure import trained_networks
from rsagan.evaluation.metrics import likeness, perceptual_distance
from rsagan.evaluation.painters import to_network
from rsagan.evaluation.person import garment_difference
from rsagan.people import Person, Picture
from rsagan.photo import analyse
from rsagan.photo.agreement import estimate, joints_right
from rsagan.training.adapt import at_size
from rsagan.training.crops import crop, head_boxes, head_size
from rsagan.transfer import Model, Result

# Whose clips the shipped weights have learnt from, if their metadata tells of clips at all.
_LEARNT_FROM = ("walker 1", "walker 2", "walker 3", "man in a black hoodie")
Painter = Callable[[Person, Person], Result]  # from a source and the target, whose pose alone may be looked at


@dataclass(frozen=True)
class Pairs:
    """Sources and their targets, all of one person."""

    sources: list[Person]
    targets: list[Person]


def known_people(data: dict[str, Any]) -> tuple[str, ...]:
    """Of whom weights have learnt, by what their metadata say of their data."""
    return _LEARNT_FROM if "mixed_in" in data else ()


def people_of(stretch: dict[str, Any], count: int, size: tuple[int, int]) -> list[Person]:
    """The person in frames spread evenly over a stretch (see `clips.stretches`); frames without anybody are left out.

    Args:
        size: (height, width) of the frame they are laid into.
    """
    last = min(stretch["last"], clips.length(stretch["clip"]) - 1)
    wanted = np.unique(np.linspace(stretch["first"], last, count).astype(int)).tolist()
    found = []
    for number, picture in clips.frames(stretch["clip"], set(wanted)):
        try:
            person = analyse(picture, person=clips.place_of(stretch, number), plain_background=True).person
        except InputError:
            continue
        found.append(at_size(person, size))
    return found


def pairs_of(people: list[Person], shares: Sequence[float] = (1 / 4, 1 / 2)) -> Pairs:
    """Each person's frame with the ones that are these shares of the list away."""
    count = len(people)
    ends = [(k, (k + round(share * count)) % count) for share in shares for k in range(count)]
    return Pairs([people[a] for a, _ in ends], [people[b] for _, b in ends])


def plainly(model: Model) -> Painter:
    """A painter by a model as it is."""
    return lambda source, target: model.prepare(source).pose(target.pose, keep_place=True)


@torch.no_grad()
def score(painter: Painter, pairs: Pairs) -> tuple[dict[str, float], list[Picture]]:
    """Means over the pairs, by name, and the results.

    Distances and SSIM of the whole frame and of the head (identity), the garments' colour difference (CIE 1976, of the
    mean colours, by the regions that the network drew and those of the true frame), and joints in their place.
    """
    networks = trained_networks()
    rows: dict[str, list[float]] = {}
    joints = np.zeros(2)
    painted = []
    for source, target in zip(pairs.sources, pairs.targets, strict=True):
        result = painter(source, target)
        one, other = (to_network([each.picture]).to(networks.device) for each in (result, target))
        box = head_boxes(torch.from_numpy(target.pose.points)[None].to(networks.device), target.size)
        size = head_size(target.size)
        heads = [crop(each, box, size) for each in (one, other)]
        for name, network in networks.distances.items():
            rows.setdefault(f"distance ({name})", []).append(float(perceptual_distance(network(one), network(other))))
            of_head = perceptual_distance(network(heads[0]), network(heads[1]))
            rows.setdefault(f"distance of the head ({name})", []).append(float(of_head))
        rows.setdefault("SSIM", []).append(float(likeness(one, other)["ssim"]))
        assert result.parsing is not None
        colours = garment_difference(result.picture, result.parsing, target.picture, target.parsing)
        rows.setdefault("garment colour difference", []).extend(colours[np.isfinite(colours)])
        joints += joints_right(estimate(result.picture), estimate(target.picture))
        painted.append(result.picture)
    found = {name: round(float(np.mean(values)), 4) for name, values in rows.items() if values}
    return found | {"joints in place (blazepose)": round(float(joints[0] / max(joints[1], 1)), 4)}, painted


def change(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """By how much each number rose, as a share of what it was; those that both have, and that were not 0."""
    both = {name: (value, after[name]) for name, value in before.items() if value and name in after}
    return {name: round(new / old - 1, 4) for name, (old, new) in both.items()}
