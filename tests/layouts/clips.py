"""Clips of every kind that a stranger may bring: broken, huge, turned, of uneven pace."""

from fractions import Fraction
from importlib.resources import files
from pathlib import Path

import av
import numpy as np

from rsagan.people import Picture, read_picture
from rsagan.video import write_clip

SAMPLE = Path(str(files("rsagan") / "samples" / "woman-walking.jpg"))


def walking(count: int = 6, step: int = 8) -> list[Picture]:
    """The woman of the sample photo, shifted from picture to picture."""
    photo = read_picture(SAMPLE)
    return [np.roll(photo, -step * k, axis=1) for k in range(count)]


def raw_clip(path: Path, stamps: list[int], pictures: list[Picture], options: dict[str, str] | None = None) -> Path:
    """A clip whose pictures are shown at `stamps`, in hundredths of a second."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = *(side // 2 * 2 for side in pictures[0].shape[:2]), "yuv420p"
        stream.codec_context.time_base = Fraction(1, 100)
        stream.options = {"preset": "ultrafast", **(options or {})}
        for stamp, picture in zip(stamps, pictures, strict=True):
            even = np.ascontiguousarray(picture[: stream.height, : stream.width])
            frame = av.VideoFrame.from_ndarray(even, format="rgb24")
            frame.pts, frame.time_base = stamp, Fraction(1, 100)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


CLOCKWISE = (0, 1, -1, 0)


def turned_clip(path: Path, pictures: list[Picture], fps: float = 25, shown: tuple[int, ...] = CLOCKWISE) -> Path:
    """The pictures as given, with the note in the file's head how they are to be shown.

    Args:
        shown: what lies at (x, y) is shown at (a x + c y, b x + d y), and moved into the frame; a, b, c, d.
    """
    write_clip(path, pictures, fps)
    data = path.read_bytes()
    height, width = (side // 2 * 2 for side in pictures[0].shape[:2])
    a, b, c, d = shown
    moved = [-min(0, p * width) - min(0, q * height) for p, q in ((a, c), (b, d))]

    def matrix(numbers: tuple[int, ...], x: int, y: int) -> bytes:
        rows = (*numbers[:2], 0, *numbers[2:], 0, x, y)
        return b"".join((v * 0x10000 % 2**32).to_bytes(4, "big") for v in rows) + (0x40000000).to_bytes(4, "big")

    upright = matrix((1, 0, 0, 1), 0, 0)
    at = data.index(upright, data.index(b"tkhd"))
    path.write_bytes(data[:at] + matrix(shown, *moved) + data[at + len(upright) :])
    return path


def bad_clips(folder: Path) -> dict[str, str]:
    """Files in the folder that no verb can use, and words of the sentence that says so."""
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("no clip at all")
    whole = folder / "whole.mp4"
    write_clip(whole, walking(), 10)
    (folder / "headless.mp4").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    raw_clip(folder / "whole.mkv", list(range(0, 300, 5)), walking(60, 2), {"g": "5"})
    data = (folder / "whole.mkv").read_bytes()
    (folder / "truncated.mkv").write_bytes(data[: len(data) // 2])
    raw_clip(folder / "huge.mp4", [0, 4], [np.zeros((2400, 4800, 3), np.uint8)] * 2)
    write_clip(folder / "nobody.mp4", [np.full((240, 320, 3), 128, np.uint8)] * 3, 10)
    return {
        "absent.mp4": "no clip",
        "empty.mp4": "empty",
        "text.mp4": "not a clip",
        "headless.mp4": "beginning or end is missing",
        "truncated.mkv": "cut short",
        "huge.mp4": "4800 x 2400",
        "nobody.mp4": "erson",
    }
