"""Judging a generator on a prepared folder. A metric's name is its protocol."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rsagan.evaluation.scores import score

__all__ = ["score"]


def __getattr__(name: str) -> Any:
    if name != "score":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from rsagan.evaluation.scores import score

    return score
