"""How long a pair takes in training, by row: steps of all rows, timed one row after the other on one machine.

Rows may be trained on different days and machines, and beside other work: their clocks do not compare, these do.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import torch

from rsagan.data.prepared import PreparedFolder
from rsagan.data.sampler import Batch, Batches
from rsagan.network import best_device
from rsagan.training.loop import State, load_backbone, train_step
from rsagan.training.process import prepare
from rsagan.training.recipe import Recipe

_REPEATS: Final = 3  # of a step, after one to warm up; the shortest counts


@dataclass(frozen=True)
class Pace:
    """Seconds a pair takes before the discriminators come in, and after that; `start` is when they do, in pairs."""

    quiet: float
    fighting: float
    start: int

    def seconds(self, seen: float) -> float:
        """What so many pairs take."""
        before = min(seen, self.start)
        return self.quiet * before + self.fighting * (seen - before)


def paces_of(recipes: Mapping[str, Recipe], folder: PreparedFolder) -> dict[str, Any]:
    """Time the steps of recipes, on pairs of the folder that are at hand.

    Returns:
        JSON-able: what it was timed on, and by name the arguments of `Pace`.
    """
    device = best_device()
    rows = {}
    first = list(recipes)[:1]  # timed twice: at its first time the process's memory is still growing
    for name in (*first, *recipes):
        recipe = recipes[name]
        prepare(recipe.threads)
        batches = Batches(folder, recipe.seed, recipe.augmentation, recipe.corruption, cache_bytes=0)
        rows[name] = _pace_of(recipe, batches.batch(0, recipe.batch), device)
    return {
        "device": torch.cuda.get_device_name() if device.type == "cuda" else torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "rows": rows,
    }


def _pace_of(recipe: Recipe, batch: Batch, device: torch.device) -> dict[str, float]:
    # The steps are as long with next to no learning rate, and repeated ones on the same pairs stay finite.
    recipe = replace(recipe, learning_rate=1e-9, adversary=replace(recipe.adversary, learning_rate=1e-9))
    state = State(recipe, device)
    backbone = load_backbone(recipe, device, state.kind)
    adversary, every = recipe.adversary, recipe.adversary.r1_every

    def seconds(seen: int) -> float:
        taken = []
        for _ in range(1 + _REPEATS):
            state.seen, began = seen, finished(device)
            train_step(state, batch, backbone)
            taken.append((finished(device) - began) / recipe.batch)
        return min(taken[1:])

    penalised = adversary.start + adversary.fade
    penalised += -penalised % (recipe.batch * every)
    fighting = seconds(penalised + recipe.batch)
    return {
        "quiet": round(seconds(0) if adversary.start else fighting, 6),
        "fighting": round(fighting + (seconds(penalised) - fighting) / every, 6),
        "start": adversary.start,
    }


def finished(device: torch.device) -> float:
    """The time at which the device has done all that it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
