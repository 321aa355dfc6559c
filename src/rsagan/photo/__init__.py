"""From a photo to a `Person`: joints, outline, regions, sanity checks; and backgrounds for results. Importing it loads
no network, no OpenCV."""

from typing import TYPE_CHECKING, Any

from rsagan.photo.analyse import BACKDROP, Analysis, analyse, choose, cut_out, on_backdrop, soft_outline
from rsagan.photo.driving import clip_poses
from rsagan.photo.landmarks import Detection, find_people

if TYPE_CHECKING:
    from rsagan.photo.background import Scene, other_scene, photo_scene

__all__ = [
    "BACKDROP", "Analysis", "Detection", "Scene", "analyse", "choose", "clip_poses", "cut_out", "find_people",
    "on_backdrop", "other_scene", "photo_scene", "soft_outline",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in ("Scene", "other_scene", "photo_scene"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from rsagan.photo import background

    return getattr(background, name)
