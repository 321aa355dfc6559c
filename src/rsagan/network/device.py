"""Where to compute if nobody says."""

import warnings
from functools import cache

import torch


@cache
def best_device() -> torch.device:
    """The graphics card, if there is one that this torch can compute on; else the processor.

    A card may be too old, or its driver, for the torch that is installed, which is found out by its first sum.
    """
    if torch.cuda.is_available():
        try:
            (torch.ones(1, device="cuda") + 1).item()
            return torch.device("cuda")
        except RuntimeError as error:
            reason = str(error).splitlines()[0]
            warnings.warn(f"The graphics card cannot be used ({reason}); the processor is.", stacklevel=2)
    return torch.device("cpu")
