"""Reading strangers' clips safely and writing ours, through PyAV."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.sidedata.sidedata import Type as SideData
from av.video.reformatter import ColorRange, Colorspace

from rsagan.errors import InputError
from rsagan.files import replacing
from rsagan.people import Picture

MAX_PIXELS: Final = 4096 * 2304
MAX_SECONDS: Final = 600.0
MAX_FPS: Final = 60.0
_FFMPEG_FAULTS: Final = (av.error.FFmpegError, OSError, ValueError, IndexError, EOFError)
_IN_MP4: Final = {"aac": 0, "mp3": 16_000, "ac3": 0, "alac": 0, "opus": 0}  # from which rate on it holds sound as it is
_WIDEST: Final = 16_384  # of H.264's encoder
_BEFORE = 0.1  # seconds by which copied sound may begin before the pictures: what a decoder needs to settle
_CUT_SHORT = 0.9  # of what the file says it lasts
# Rows or columns from which on a clip that does not say how its colours are stored has them as BT.709, else as BT.601.
_HIGH, _WIDE = 720, 1280
_BT709, _UNSAID = 1, 2  # H.273's numbers of colour spaces, primaries and transfer functions


class Frame(NamedTuple):
    """A picture uint8 (H, W, 3) RGB, upright, and when it is shown, in seconds from the clip's first."""

    seconds: float
    picture: Picture


@dataclass(frozen=True)
class Clip:
    """What a clip's header says.

    Attributes:
        path: the file. size: (height, width) as stored. fps: pictures a second on the average, at most 60.
        seconds: how long it says it lasts, or None. sound: whether it has any that can be decoded.
    """

    path: Path
    size: tuple[int, int]
    fps: float
    seconds: float | None
    sound: bool


def open_clip(path: Path | str) -> Clip:
    """Look at a clip's header; no picture is decoded.

    Raises:
        InputError: no such file, not a clip, too large or too long; one sentence.
    """
    path = Path(path)
    with _opened(path) as (container, stream):
        codec = stream.codec_context
        height, width = (0, 0) if codec is None else (codec.height, codec.width)
        if height < 1 or width < 1:
            raise InputError(f"The clip {path} holds no pictures that can be read.")
        if height * width > MAX_PIXELS:
            raise InputError(f"The clip {path} is {width} x {height} pixels; at most 4096 x 2304 are read, shrink it.")
        seconds = _seconds(container, stream)
        most = seconds or (container.duration or 0) / 1_000_000
        if most > MAX_SECONDS:
            raise InputError(f"The clip {path} lasts {most:.0f} s; at most {MAX_SECONDS:.0f} s are read, cut it.")
        fps, sound = float(stream.average_rate or stream.guessed_rate or 25), _audible(container) is not None
        if fps > MAX_FPS:  # or no pace at all but the clock's, as in what browsers record
            fps = min(MAX_FPS, _counted(container, stream) or fps)
        return Clip(path, (height, width), fps, seconds, sound)


def read_frames(clip: Clip, fps: float | None = None) -> Iterator[Frame]:
    """The clip's pictures at an even pace, whatever the pace it was taken at, turned as it asks to be shown.

    All are of the size of the first, though recordings of calls may change theirs.

    Args:
        fps: pictures a second; the clip's average by default. Each is the one that is shown at that moment.

    Raises:
        InputError: nothing can be decoded, or much less than the header says.
    """
    step, count, end, lead = 1 / (fps or clip.fps), 0, 0.0, 0.0
    slack = min(step, 1 / clip.fps) / 2  # time stamps are rounded
    shown: Frame | None = None
    for frame, lasts, missed in _decoded(clip):
        while shown is not None and count * step < frame.seconds - slack:
            yield Frame(count * step, shown.picture)
            count += 1
        shown, end, lead = frame, frame.seconds + lasts, missed
    if shown is None:
        raise InputError(f"The clip {clip.path} holds no pictures that can be read.")
    if clip.seconds is not None and lead + end < _CUT_SHORT * clip.seconds - 0.25:
        raise InputError(
            f"The clip {clip.path} is cut short: of its {clip.seconds:.1f} s only {lead + end:.1f} s can be read."
        )
    while count * step < end - slack:
        yield Frame(count * step, shown.picture)
        count += 1


def write_clip(
    path: Path | str,
    pictures: Iterable[Picture],
    fps: float,
    notice: str | None = None,
    sound_of: Clip | None = None,
) -> int:
    """Write an mp4 (H.264), whole or not at all; returns how many pictures it holds.

    Args:
        pictures: uint8 (H, W, 3) RGB, all of one size; an odd row or column is left out.
        notice: goes into its metadata as comment.
        sound_of: a clip whose sound goes along; copied where an mp4 can hold it, else as AAC.

    Raises:
        InputError: no pictures, or too large ones; not writable.
    """
    with replacing(path) as temporary, temporary.open("wb") as file:
        film = Film(file, fps, notice, sound_of)
        for picture in pictures:
            film.add(picture)
        if not film.count:
            raise InputError(f"There is no picture to write to {path}.")
        film.close()
    return film.count


class Film:
    """An mp4 (H.264) in the making; the first picture fixes its size.

    Once something went wrong, a full disk for example, it must be let go: FFmpeg ends the process where it is asked to
    begin a file twice.

    Args:
        out: a binary file that can be sought in; it stays open.
        fps, notice, sound_of: see `write_clip`.
    """

    def __init__(self, out: BinaryIO, fps: float, notice: str | None = None, sound_of: Clip | None = None) -> None:
        self.count = 0
        self._rate = Fraction(fps).limit_denominator(1001)
        self._container = av.open(out, "w", format="mp4")
        if notice:
            self._container.metadata["comment"] = notice
        self._sound_of = sound_of if sound_of is not None and sound_of.sound else None
        self._sound: _Sound | None = None
        self._stream: Any = None

    def add(self, picture: Picture) -> None:
        """One picture more: uint8 (H, W, 3) RGB; H.264 knows even sides only, so an odd row or column is left out."""
        height, width = picture.shape[0] // 2 * 2, picture.shape[1] // 2 * 2
        if max(height, width) > _WIDEST:
            raise InputError(f"A clip may be {_WIDEST} pixels wide and high, not {width} x {height}; shrink the photo.")
        if self._stream is None:
            self._stream = _video_stream(self._container, self._rate, height, width)
            self._sound = _Sound(self._container, self._sound_of) if self._sound_of else None
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture[:height, :width]), format="rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
        frame.pts, frame.time_base = self.count, 1 / self._rate
        self._container.mux(self._stream.encode(frame))
        self.count += 1
        if self._sound:
            self._sound.go_on(self.count / float(self._rate))

    def close(self) -> None:
        """Write what is still held back; before that the file is of no use."""
        if self._stream is not None:
            self._container.mux(self._stream.encode())
        if self._sound:
            self._sound.close()
        self._container.close()


def _video_stream(out: Any, rate: Fraction, height: int, width: int) -> Any:
    codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
    stream = out.add_stream(codec, rate=rate)
    stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
    context = stream.codec_context  # said, or players guess by the size
    context.colorspace = context.color_primaries = context.color_trc = _BT709
    context.color_range = ColorRange.MPEG
    stream.options = {"crf": "16"} if codec == "libx264" else {"qscale": "2"}
    return stream


class _Sound:
    """A clip's sound, muxed into `out` step by step, so that it lies beside the pictures it belongs to."""

    def __init__(self, out: Any, clip: Clip) -> None:
        self.out = out
        self.container = av.open(_address(clip.path), metadata_errors="replace")
        self.given = _audible(self.container)
        self.offset = round(_begins(clip) / self.given.time_base)
        rate = self.given.codec_context.sample_rate
        self.copied = rate >= _IN_MP4.get(self.given.codec_context.codec.canonical_name, rate + 1)
        if self.copied:
            self.stream = out.add_stream_from_template(self.given)
        else:
            self.stream = out.add_stream("aac", rate=rate if rate in av.codec.Codec("aac", "w").audio_rates else 48_000)
        self.heard = False  # whether the encoder has been given anything
        self.pieces = self._readable(self._copied() if self.copied else self._encoded())
        self.waiting = next(self.pieces, None)

    def go_on(self, seconds: float) -> None:
        """Everything that begins before that time."""
        while self.waiting is not None and self.waiting[0] < seconds:
            self.out.mux(self.waiting[1])
            self.waiting = next(self.pieces, None)

    def close(self) -> None:
        """What the encoder still holds."""
        if not self.copied and self.heard:
            self.out.mux(self.stream.encode())
        self.container.close()

    def _readable(self, pieces: Iterator[tuple[float, Any]]) -> Iterator[tuple[float, Any]]:
        """Up to where the sound is damaged, if it is."""
        try:
            yield from pieces
        except _FFMPEG_FAULTS:
            return

    def _copied(self) -> Iterator[tuple[float, Any]]:
        for packet in self.container.demux(self.given):
            if packet.dts is not None and packet.pts is not None:
                packet.pts, packet.dts = packet.pts - self.offset, packet.dts - self.offset
                seconds = float(packet.pts * packet.time_base)
                packet.stream = self.stream
                if seconds > -_BEFORE:
                    yield seconds, packet

    def _encoded(self) -> Iterator[tuple[float, Any]]:
        codec = self.stream.codec_context
        resampler = AudioResampler(format=codec.format, layout=codec.layout, rate=codec.rate)
        for frame in self.container.decode(self.given):
            if frame.pts is None:
                continue
            frame.pts -= self.offset
            seconds = float(frame.time)
            if seconds < 0:  # before the first picture
                continue
            # Some clips count in steps of many samples: the encoder's packets would fall on one of them.
            frame.pts, frame.time_base = round(seconds * frame.sample_rate), Fraction(1, frame.sample_rate)
            for piece in resampler.resample(frame):
                self.heard = True
                yield seconds, self.stream.encode(piece)


def _seconds(container: Any, stream: Any) -> float | None:
    """How long the pictures last; sound may last longer. None if the clip does not say."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    tag = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d*)?)", stream.metadata.get("DURATION", ""))  # Matroska's
    if tag:
        return 3600 * int(tag[1]) + 60 * int(tag[2]) + float(tag[3])
    return None if container.streams.audio or not container.duration else container.duration / 1_000_000


def _counted(container: Any, stream: Any) -> float | None:
    """Pictures a second by the times that are written beside them; None if they tell nothing."""
    stamps: list[tuple[int, int]] = []
    with suppress(*_FFMPEG_FAULTS):
        stamps.extend((each.pts, each.duration or 0) for each in container.demux(stream) if each.pts is not None)
    if len(stamps) == 1:  # a still picture
        stamps.append((sum(stamps[0]), 0))
    span = (max(stamps)[0] - min(stamps)[0]) * stream.time_base if stamps else 0
    return float((len(stamps) - 1) / span) if span else None


def _address(path: Path) -> str:
    """Whole: what comes before a colon in a plain name would be taken for a protocol."""
    return str(path.absolute())


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """The container and its stream of pictures, which is not its cover where it has one."""
    if not path.is_file():
        raise InputError(f"There is no clip {path}.")
    if path.stat().st_size == 0:
        raise InputError(f"The clip {path} is empty.")
    try:
        container = av.open(_address(path), metadata_errors="replace")  # a title in another encoding is no fault
    except _FFMPEG_FAULTS as error:
        raise InputError(f"{path} is not a clip that can be read, or its beginning or end is missing.") from error
    with container:
        stream = container.streams.best("video")
        if stream is None:
            raise InputError(f"{path} holds no moving pictures.")
        yield container, stream


def _audible(container: Any) -> Any:
    """The first stream of sound that can be decoded; None if there is none."""
    return next((stream for stream in container.streams.audio if stream.codec_context is not None), None)


def _begins(clip: Clip) -> float:
    """When the first picture that can be decoded is shown, by the clip's own clock, in seconds.

    A clip that was cut out of another may begin with pictures that need ones it does not have.
    """
    with _opened(clip.path) as (container, stream), suppress(*_FFMPEG_FAULTS):
        first = next(container.decode(stream), None)
        if first is not None and first.time is not None:
            return float(first.time)
    return 0.0


def _decoded(clip: Clip) -> Iterator[tuple[Frame, float, float]]:
    """Every picture that can be decoded, with the seconds since the first, which never run backwards.

    And the seconds for which it is shown (where the clip does not say, as long as pictures are on the average), and
    those of the pictures before the first, which could not be decoded.
    """
    with _opened(clip.path) as (container, stream):
        stream.thread_type = "AUTO"
        start: float | None = None
        missed, size = 0.0, (0, 0)
        last = -1 / clip.fps
        frames = container.decode(stream)
        while True:
            try:
                frame = next(frames)
            except StopIteration:
                return
            except _FFMPEG_FAULTS:  # damaged from here on; how much is missing is judged by the time that was reached
                return
            seconds = last + 1 / clip.fps if frame.time is None else float(frame.time)
            # Pixels may be wider than high: DV, HDV.
            width = max(1, round(frame.width * float(stream.sample_aspect_ratio or 1)))
            if max(width, frame.width) * frame.height > MAX_PIXELS:
                raise InputError(f"The clip {clip.path} grows beyond 4096 x 2304 pixels.")
            if start is None:
                start, size = seconds, (width, frame.height)
                if stream.start_time is not None and stream.time_base:
                    missed = max(0.0, start - float(stream.start_time * stream.time_base))
            last = max(last, seconds - start)
            if last > MAX_SECONDS:
                raise InputError(f"The clip {clip.path} lasts more than {MAX_SECONDS:.0f} s; cut it.")
            large = frame.height >= _HIGH or frame.width >= _WIDE
            guess = Colorspace.ITU709 if frame.colorspace == _UNSAID and large else None
            picture = frame.reformat(*size, "rgb24", src_colorspace=guess).to_ndarray()
            lasts = float((frame.duration or 0) * (frame.time_base or 0)) or 1 / clip.fps
            yield Frame(last, np.ascontiguousarray(_as_shown(picture, frame))), min(lasts, MAX_SECONDS - last), missed


def _as_shown(picture: Picture, frame: Any) -> Picture:
    """Turned and mirrored by the frame's display matrix, as far as that goes by right angles."""
    data = frame.side_data.get(SideData.DISPLAYMATRIX)
    if data is None:
        return picture
    # What lies at (x, y) is shown at (a x + c y, b x + d y), in units of 1/65536.
    a, b, _, c, d = np.frombuffer(bytes(data), np.int32)[:5].tolist()
    if abs(a) + abs(d) < abs(b) + abs(c):
        picture, a, d = picture.transpose(1, 0, 2), c, b
    return picture[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
