"""A view in one number."""

import hashlib

import numpy as np

from rsagan.synthetic import View


def digest(view: View) -> str:
    parts = (view.picture, view.parsing, view.points, view.visible, view.surface, np.float64(view.yaw))
    return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()
