"""The type that a step computes in: bfloat16 where the device is fast in it, float32 elsewhere."""

import time
from functools import cache

import torch

_SIDE = 192  # of the products that are timed: enough to tell, little enough where bfloat16 is emulated
_REPEATS = 20
_FAIR = 0.7  # of float32's speed at which bfloat16 still pays, since half as much goes through memory


def computing_type(wanted: str, device: torch.device) -> torch.dtype:
    """What to compute in on this device, by a recipe's `precision`: torch.bfloat16 or torch.float32."""
    return torch.bfloat16 if wanted == "bfloat16" and bfloat16_pays(device) else torch.float32


@cache
def bfloat16_pays(device: torch.device) -> bool:
    """Whether training is faster in bfloat16 than in float32 on this device.

    A graphics card is asked. A processor is tried, once a process: some have the instructions and are slower with them,
    and for those without torch emulates them, which takes some hundred times as long.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    taken = seconds_of_products(torch.float32, torch.bfloat16)
    return taken[torch.float32] >= _FAIR * taken[torch.bfloat16]


def seconds_of_products(*kinds: torch.dtype) -> dict[torch.dtype, float]:
    """The shortest time that a small square product of each type took on the processor, tried in turns."""
    taken: dict[torch.dtype, list[float]] = {kind: [] for kind in kinds}
    for _ in range(1 + _REPEATS):
        for kind, times in taken.items():
            matrix = torch.ones(_SIDE, _SIDE, dtype=kind)
            began = time.perf_counter()
            matrix @ matrix
            times.append(time.perf_counter() - began)
    return {kind: min(times[1:]) for kind, times in taken.items()}  # the first one warms up


def name_of(kind: torch.dtype) -> str:
    """As headers and checkpoints call it: bfloat16 or float32."""
    return str(kind).removeprefix("torch.")


def autocast(kind: torch.dtype, device: torch.device) -> torch.autocast:
    """A context in which layers compute in `kind`."""
    return torch.autocast(device.type, torch.bfloat16, enabled=kind == torch.bfloat16)
