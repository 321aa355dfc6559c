"""From a photo to a `Person`: joints, outline, regions, sanity checks. Importing it loads no network, no OpenCV."""

from rsagan.photo.analyse import BACKDROP, Analysis, analyse, choose, on_backdrop
from rsagan.photo.landmarks import Detection, find_people

__all__ = ["BACKDROP", "Analysis", "Detection", "analyse", "choose", "find_people", "on_backdrop"]
