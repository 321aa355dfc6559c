"""RSA-GAN: show a person from one photo in another pose.

    from rsagan import analyse, load

    subject = load().prepare(analyse("photo.jpg"))
    result = subject.pose(pose)

Importing this package loads nothing heavy; the rest is in its rooms (`rsagan.people`, `rsagan.photo`, `rsagan.video`,
...). docs/python.md shows them at work.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rsagan.transfer import analyse, load

__version__ = "0.1.0"
__all__ = ["__version__", "analyse", "load"]


def __getattr__(name: str) -> Any:
    if name not in ("analyse", "load"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from rsagan import transfer

    return getattr(transfer, name)
