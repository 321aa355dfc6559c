"""The prepared folder, and everything that fills it or reads batches out of it.

`synthesize` writes a folder of synthetic people; `PreparedFolder` reads any prepared folder; `Batches` turns one into
training batches, and `StreamedBatches` makes the same of people rendered on the way.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rsagan.data.prepared import PreparedFolder
    from rsagan.data.sampler import Batches
    from rsagan.data.stream import StreamedBatches
    from rsagan.data.synthesis import synthesize, synthesize_benchmark

__all__ = ["Batches", "PreparedFolder", "StreamedBatches", "synthesize", "synthesize_benchmark"]

_HOMES = {
    "PreparedFolder": "prepared",
    "Batches": "sampler",
    "StreamedBatches": "stream",
    "synthesize": "synthesis",
    "synthesize_benchmark": "synthesis",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
