"""Training: the loop, its losses, recipes, checkpoints and log. `train` is all that the command line needs."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rsagan.training.loop import train

__all__ = ["train"]


def __getattr__(name: str) -> Any:
    if name != "train":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from rsagan.training.loop import train

    return train
