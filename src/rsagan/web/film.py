"""Frames into an MP4, in memory."""

import io

import av
import numpy as np

from rsagan.people import Picture


class Film:
    """An H.264 clip in the making; the first frame fixes its size."""

    def __init__(self, fps: int, notice: str) -> None:
        self._file = io.BytesIO()
        self._container = av.open(self._file, "w", format="mp4")
        self._container.metadata["comment"] = notice
        self._stream = self._container.add_stream("libx264", rate=fps, options={"crf": "18"})
        self._stream.pix_fmt = "yuv420p"
        self._frames = 0

    def add(self, picture: Picture) -> None:
        """One frame more: uint8 (H, W, 3). H.264 knows even sides only: an odd last row or column is left out."""
        picture = picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2]
        if not self._frames:
            self._stream.height, self._stream.width = picture.shape[:2]
        self._frames += 1
        for packet in self._stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")):
            self._container.mux(packet)

    def finish(self) -> bytes:
        """The file."""
        for packet in self._stream.encode():
            self._container.mux(packet)
        self._container.close()
        return self._file.getvalue()
