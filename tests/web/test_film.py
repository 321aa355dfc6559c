"""Frames become a clip that others can read."""

import io

import numpy as np
import pytest

pytest.importorskip("av", reason="the extra [web] is not installed")

import av

from rsagan.web.film import Film


@pytest.mark.parametrize("size", [(64, 48), (65, 47)])
def test_frames_come_back_in_order(size: tuple[int, int]) -> None:
    film = Film(10, "made by a machine")
    for level in (20, 120, 220):
        film.add(np.full((*size, 3), level, np.uint8))
    with av.open(io.BytesIO(film.finish())) as clip:
        assert clip.metadata["comment"] == "made by a machine"
        stream = clip.streams.video[0]
        assert (stream.height, stream.width) == (64, 48 if size[1] == 48 else 46)
        assert stream.average_rate == 10
        levels = [int(frame.to_ndarray(format="rgb24").mean()) for frame in clip.decode(video=0)]
    assert levels == pytest.approx([20, 120, 220], abs=3)
