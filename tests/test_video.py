"""Reading and writing clips: even pace, orientation, sound, and every kind of broken file in one sentence."""

import io
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from av.video.reformatter import Colorspace
from PIL import Image

from layouts.clips import raw_clip, turned_clip
from rsagan.errors import InputError
from rsagan.video import Film, open_clip, read_frames, write_clip


def shades(count: int, height: int = 48, width: int = 64) -> list[np.ndarray]:
    """Grey pictures that grow brighter, with a white top edge."""
    out = []
    for k in range(count):
        picture = np.full((height, width, 3), 8 * k, np.uint8)
        picture[:8] = 255
        out.append(picture)
    return out


def add_sound(path: Path, out: Path, codec: str, seconds: float = 1.0, begin: float = 0.0, rate: int = 44100) -> Path:
    """The clip's pictures once more, with a tone; its clock begins at `begin`."""
    pictures = [frame.picture for frame in read_frames(open_clip(path))]
    with av.open(str(out), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = *pictures[0].shape[:2], "yuv420p"
        sound = container.add_stream(codec, rate=rate)
        for k, picture in enumerate(pictures):
            shown = av.VideoFrame.from_ndarray(picture, format="rgb24")
            shown.pts, shown.time_base = round(25 * begin) + k, Fraction(1, 25)
            container.mux(stream.encode(shown))
        container.mux(stream.encode())
        tone = (8000 * np.sin(np.arange(int(rate * seconds)) * 0.06)).astype(np.int16)
        for start in range(0, len(tone) - 1023, 1024):
            frame = av.AudioFrame.from_ndarray(tone[None, start : start + 1024], format="s16", layout="mono")
            frame.rate, frame.pts, frame.time_base = rate, start + round(rate * begin), Fraction(1, rate)
            container.mux(sound.encode(frame))
        container.mux(sound.encode())
    return out


@pytest.mark.parametrize("size", [(64, 48), (65, 47)])
def test_films_are_made_in_memory_too(size: tuple[int, int]) -> None:
    file = io.BytesIO()
    film = Film(file, 10, "made by a machine")
    for level in (20, 120, 220):
        film.add(np.full((*size, 3), level, np.uint8))
    film.close()
    with av.open(io.BytesIO(file.getvalue())) as clip:
        assert clip.metadata["comment"] == "made by a machine"
        stream = clip.streams.video[0]
        assert (stream.height, stream.width) == (64, 48 if size[1] == 48 else 46)
        assert stream.average_rate == 10
        levels = [int(frame.to_ndarray(format="rgb24").mean()) for frame in clip.decode(video=0)]
    assert levels == pytest.approx([20, 120, 220], abs=3)


def test_written_clips_read_back(tmp_path: Path) -> None:
    given = shades(10)
    assert write_clip(tmp_path / "clip.mp4", given, 12.5, "AI-generated") == 10
    clip = open_clip(tmp_path / "clip.mp4")
    assert clip.size == (48, 64)
    assert clip.fps == pytest.approx(12.5)
    frames = list(read_frames(clip))
    assert len(frames) == 10
    assert [frame.seconds for frame in frames] == pytest.approx([k / 12.5 for k in range(10)])
    for frame, picture in zip(frames, given, strict=True):
        assert np.abs(frame.picture.astype(int) - picture).mean() < 4
    with av.open(str(tmp_path / "clip.mp4")) as container:
        assert container.metadata["comment"] == "AI-generated"


def test_colours_are_as_the_clip_says(tmp_path: Path) -> None:
    """Players take untagged clips for BT.601 or BT.709 by their size."""
    path = tmp_path / "clip.mp4"
    write_clip(path, [np.full((96, 64, 3), (200, 40, 30), np.uint8)] * 2, 25)
    (frame, *_) = read_frames(open_clip(path))
    assert np.abs(frame.picture.astype(int) - (200, 40, 30)).max() <= 3
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc) == (1, 1, 1)


@pytest.mark.parametrize(
    ("height", "width", "space"),
    [(96, 64, Colorspace.ITU601), (720, 64, Colorspace.ITU709), (96, 1280, Colorspace.ITU709)],
)
def test_untagged_clips_are_read_as_players_show_them(
    tmp_path: Path, height: int, width: int, space: Colorspace
) -> None:
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.height, stream.width, stream.pix_fmt, stream.options = height, width, "yuv420p", {"qscale": "1"}
        frame = av.VideoFrame.from_ndarray(np.full((height, width, 3), (200, 40, 30), np.uint8), format="rgb24")
        container.mux(stream.encode(frame.reformat(format="yuv420p", dst_colorspace=space)))
        container.mux(stream.encode())
    (read, *_) = read_frames(open_clip(path))
    assert np.abs(read.picture.astype(int) - (200, 40, 30)).max() <= 4


def test_odd_sizes_lose_a_row(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", shades(2, 49, 65), 25)
    assert open_clip(tmp_path / "clip.mp4").size == (48, 64)


def test_another_pace_shows_what_is_seen_at_that_moment(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", shades(20), 20)
    frames = list(read_frames(open_clip(tmp_path / "clip.mp4"), fps=5))
    assert [int(frame.picture[20:, :].mean()) // 8 for frame in frames] == pytest.approx([0, 4, 8, 12, 16], abs=1)


def test_variable_frame_rate_is_made_even(tmp_path: Path) -> None:
    path = raw_clip(tmp_path / "clip.mkv", [0, 4, 8, 12, 60, 64, 68], shades(7))
    frames = list(read_frames(open_clip(path), fps=25))
    shown = [round(frame.picture[20:].mean() / 8) for frame in frames]
    assert np.diff([frame.seconds for frame in frames]) == pytest.approx(0.04)
    assert shown[:3] == [0, 1, 2]
    assert shown[3:15] == [3] * 12
    assert shown[15:] == [4, 5, 6]


def test_the_pace_of_a_clip_that_names_its_clock_only_is_counted(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "call.webm"), "w", container_options={"live": "1"}) as out:  # as browsers record
        stream = out.add_stream("libvpx", rate=1000)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        for k, picture in enumerate(shades(30)):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = 40 * k + 5 * (k % 3), Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    clip = open_clip(tmp_path / "call.webm")
    assert clip.fps == pytest.approx(25, rel=0.01)
    assert len(list(read_frames(clip))) == pytest.approx(30, abs=1)


def test_a_still_picture_is_a_clip_of_one(tmp_path: Path) -> None:
    Image.fromarray(shades(1)[0]).save(tmp_path / "still.gif")
    clip = open_clip(tmp_path / "still.gif")
    assert clip.fps == pytest.approx(10)
    assert len(list(read_frames(clip))) == 1


def test_turned_clips_come_upright(tmp_path: Path) -> None:
    (frame, *_) = read_frames(open_clip(turned_clip(tmp_path / "turned.mp4", shades(3))))
    assert frame.picture.shape == (64, 48, 3)
    assert frame.picture[:, -7:].mean() > 240  # the top edge, turned clockwise, is at the right
    assert frame.picture[:, :30].mean() < 40


@pytest.mark.parametrize(
    ("shown", "corners"),
    [
        ((1, 0, 0, 1), [[50, 100], [150, 200]]),
        ((-1, 0, 0, 1), [[100, 50], [200, 150]]),
        ((1, 0, 0, -1), [[150, 200], [50, 100]]),
        ((-1, 0, 0, -1), [[200, 150], [100, 50]]),
        ((0, 1, -1, 0), [[150, 50], [200, 100]]),
        ((0, -1, 1, 0), [[100, 200], [50, 150]]),
        ((0, 1, 1, 0), [[50, 150], [100, 200]]),
        ((0, -1, -1, 0), [[200, 100], [150, 50]]),
    ],
)
def test_clips_are_turned_and_mirrored_as_they_ask(
    shown: tuple[int, ...], corners: list[list[int]], tmp_path: Path
) -> None:
    four = np.repeat(np.repeat(np.array([[50, 100], [150, 200]], np.uint8), 24, 0), 32, 1)
    (frame, *_) = read_frames(open_clip(turned_clip(tmp_path / "clip.mp4", [np.dstack([four] * 3)], shown=shown)))
    height, width = frame.picture.shape[:2]
    assert (height, width) == ((48, 64) if shown[0] else (64, 48))
    seen = frame.picture[[height // 4, 3 * height // 4]][:, [width // 4, 3 * width // 4], 0]
    assert np.abs(seen.astype(int) - corners).max() < 6


def test_pictures_of_a_call_that_change_their_size_keep_the_first(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "call.ts"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        smaller = av.CodecContext.create("libx264", "w")
        smaller.height, smaller.width, smaller.pix_fmt, smaller.time_base = 24, 32, "yuv420p", Fraction(1, 25)
        for context, first in ((stream, 0), (smaller, 10)):
            shown = [av.VideoFrame.from_ndarray(np.full((context.height, context.width, 3), 200, np.uint8), "rgb24")]
            for k, frame in enumerate(10 * shown):
                frame.pts, frame.time_base = first + k, Fraction(1, 25)
                for packet in context.encode(frame):
                    packet.stream = stream
                    container.mux(packet)
            for packet in context.encode():
                packet.stream = stream
                container.mux(packet)
    frames = list(read_frames(open_clip(tmp_path / "call.ts")))
    assert len(frames) == 20
    assert {frame.picture.shape for frame in frames} == {(48, 64, 3)}


@pytest.mark.parametrize(
    ("name", "codec", "rate", "kept"),
    [
        ("a.mp4", "aac", 44100, "aac"),
        ("a.mkv", "flac", 44100, "aac"),
        ("a.avi", "libmp3lame", 44100, "mp3"),  # counts in steps of a packet
        ("a.avi", "mp2", 44100, "aac"),
        ("a.mkv", "flac", 192_000, "aac"),  # which AAC does not have
        ("a.mkv", "pcm_s16le", 11_000, "aac"),
        ("a.avi", "libmp3lame", 11_025, "aac"),  # an mp4 holds none that is slower than 16,000
    ],
)
def test_sound_goes_along(tmp_path: Path, name: str, codec: str, rate: int, kept: str) -> None:
    write_clip(tmp_path / "mute.mp4", shades(30), 25)
    loud = open_clip(add_sound(tmp_path / "mute.mp4", tmp_path / name, codec, 1.2, rate=rate))
    assert loud.sound
    write_clip(tmp_path / "out.mp4", shades(15), 25, sound_of=loud)
    with av.open(str(tmp_path / "out.mp4")) as container:
        (stream,) = container.streams.audio
        assert stream.codec_context.codec.canonical_name == kept
        rate = stream.codec_context.sample_rate
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
    samples = np.concatenate([frame[0] for frame in frames])
    assert 0.5 < len(samples) / rate < 0.75  # cut to the 0.6 s of pictures
    assert np.abs(samples).max() > 0.1


@pytest.mark.parametrize(("name", "codec"), [("a.ts", "aac"), ("a.mkv", "flac")])
def test_sound_of_a_clip_that_begins_late_stays_beside_its_pictures(tmp_path: Path, name: str, codec: str) -> None:
    write_clip(tmp_path / "mute.mp4", shades(30), 25)
    loud = open_clip(add_sound(tmp_path / "mute.mp4", tmp_path / name, codec, 1.2, begin=3.0))
    write_clip(tmp_path / "out.mp4", shades(25), 25, sound_of=loud)
    with av.open(str(tmp_path / "out.mp4")) as container:
        frames = list(container.decode(audio=0))
    assert abs(frames[0].time) < 0.1
    assert 0.9 < sum(frame.samples for frame in frames) / 44100 < 1.15


def test_sound_of_a_clip_cut_out_of_another_stays_beside_its_pictures(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "whole.ts"), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"g": "25", "bf": "0", "sc_threshold": "0"})
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        sound = container.add_stream("aac", rate=44100)
        tone = (8000 * np.sin(np.arange(3 * 44100) * 0.06)).astype(np.int16)
        tone[: 2 * 44100] = 0
        for k in range(75):  # at 2 s it flashes and beeps
            random = np.random.default_rng(k).integers(0, 60, (48, 64, 3))
            shown = av.VideoFrame.from_ndarray((random + (150 if k >= 50 else 0)).astype(np.uint8), format="rgb24")
            shown.pts, shown.time_base = k, Fraction(1, 25)
            container.mux(stream.encode(shown))
            piece = av.AudioFrame.from_ndarray(tone[None, k * 1764 : (k + 1) * 1764], format="s16", layout="mono")
            piece.rate, piece.pts, piece.time_base = 44100, k * 1764, Fraction(1, 44100)
            container.mux(sound.encode(piece))
        container.mux(stream.encode())
        container.mux(sound.encode())
    data = (tmp_path / "whole.ts").read_bytes()
    (tmp_path / "cut.ts").write_bytes(data[len(data) // 6 // 188 * 188 :])  # from amid the first second's pictures on
    clip = open_clip(tmp_path / "cut.ts")
    frames = list(read_frames(clip))
    assert 45 <= len(frames) <= 51  # from 1 s on
    write_clip(tmp_path / "out.mp4", (frame.picture for frame in frames), 25, sound_of=clip)
    flash = next(frame.seconds for frame in read_frames(open_clip(tmp_path / "out.mp4")) if frame.picture.mean() > 100)
    with av.open(str(tmp_path / "out.mp4")) as container:
        heard = [(float(frame.time), np.abs(frame.to_ndarray()).max()) for frame in container.decode(audio=0)]
    beep = next(seconds for seconds, level in heard if level > 0.05)
    assert abs(flash - beep) < 0.07


def test_sound_that_nothing_here_decodes_is_none(tmp_path: Path) -> None:
    write_clip(tmp_path / "mute.mp4", shades(5), 25)
    path = add_sound(tmp_path / "mute.mp4", tmp_path / "loud.mp4", "aac")
    assert open_clip(path).sound
    path.write_bytes(path.read_bytes().replace(b"mp4a", b"zzzz").replace(b"esds", b"zzzz"))
    assert not open_clip(path).sound


def test_a_clip_wider_than_its_encoder_allows_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="16400 x 16"):
        write_clip(tmp_path / "wide.mp4", [np.zeros((16, 16400, 3), np.uint8)], 25)
    assert not list(tmp_path.iterdir())


def test_damaged_sound_ends_and_the_pictures_stay(tmp_path: Path) -> None:
    write_clip(tmp_path / "mute.mp4", shades(30), 25)
    path = add_sound(tmp_path / "mute.mp4", tmp_path / "a.mkv", "flac", 1.2)
    content = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        places = [packet.pos for packet in container.demux(audio=0) if packet.pos and packet.size]
    for place in places[len(places) // 2 :]:
        content[place + 24 : place + 64] = b"\xff" * 40
    path.write_bytes(content)
    assert write_clip(tmp_path / "out.mp4", shades(20), 25, sound_of=open_clip(path)) == 20
    assert len(list(read_frames(open_clip(tmp_path / "out.mp4")))) == 20


def test_bad_clips_are_one_sentence(tmp_path: Path) -> None:
    write_clip(tmp_path / "whole.mp4", shades(20), 25)
    raw_clip(tmp_path / "whole.mkv", list(range(0, 400, 4)), shades(20) * 5, {"g": "5"})
    whole = (tmp_path / "whole.mkv").read_bytes()
    bad = {"empty.mp4": b"", "text.mp4": b"no clip at all", "cut.mp4": (tmp_path / "whole.mp4").read_bytes()[:1500]}
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=name) as caught:
            open_clip(tmp_path / name)
        assert str(caught.value).count(".") <= 2
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"cut short|cannot be read|can be read"):
        list(read_frames(open_clip(tmp_path / "cut.mkv")))
    with pytest.raises(InputError, match="no clip"):
        open_clip(tmp_path / "absent.mp4")


def test_huge_clips_are_refused_by_their_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw_clip(tmp_path / "huge.mp4", [0], [np.zeros((2400, 4800, 3), np.uint8)])
    with pytest.raises(InputError, match="4800 x 2400"):
        open_clip(tmp_path / "huge.mp4")
    write_clip(tmp_path / "long.mp4", shades(30), 10)
    monkeypatch.setattr("rsagan.video.MAX_SECONDS", 2)
    with pytest.raises(InputError, match=r"lasts 3 s"):
        open_clip(tmp_path / "long.mp4")


def test_sound_alone_is_no_clip(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        sound = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.rate = 44100
        container.mux(sound.encode(frame))
        container.mux(sound.encode())
    with pytest.raises(InputError, match="no moving pictures"):
        open_clip(tmp_path / "a.mp4")


def test_a_failure_leaves_the_older_clip(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", shades(3), 25)
    before = (tmp_path / "clip.mp4").read_bytes()

    def failing():
        yield shades(1)[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_clip(tmp_path / "clip.mp4", failing(), 25)
    with pytest.raises(InputError, match="no picture"):
        write_clip(tmp_path / "clip.mp4", [], 25)
    assert (tmp_path / "clip.mp4").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_cover_is_not_the_clip(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as out:
        stream, cover = out.add_stream("libx264", rate=25), out.add_stream("mjpeg", rate=1)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        cover.height, cover.width, cover.pix_fmt = 96, 128, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        for picture in shades(5):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())
        out.mux(cover.encode(av.VideoFrame.from_ndarray(shades(1, 96, 128)[0], format="rgb24")))
        out.mux(cover.encode())
    data = path.read_bytes()  # and now the cover before the pictures, as some programs write them
    track, tags = data.index(b"trak") - 4, data.index(b"udta") - 4
    end = data.index(b"moov") - 4 + int.from_bytes(data[data.index(b"moov") - 4 : data.index(b"moov")], "big")
    path.write_bytes(data[:track] + data[tags:end] + data[track:tags] + data[end:])
    with av.open(str(path)) as clip:
        assert clip.streams.video[0].width == 128
    assert open_clip(path).size == (48, 64)
    assert len(list(read_frames(open_clip(path)))) == 5


@pytest.mark.skipif(os.name == "nt", reason="no limit stands in for a full disk there")
def test_a_full_disk_is_one_sentence_and_holds_on_to_nothing(tmp_path: Path) -> None:
    script = """
import os, resource
import numpy as np
from rsagan.errors import InputError
from rsagan.video import write_clip
def next_free():
    number = os.open(os.devnull, os.O_RDONLY)
    os.close(number)
    return number
before = next_free()
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
try:
    write_clip("clip.mp4", np.random.default_rng(0).integers(0, 256, (60, 64, 64, 3), np.uint8), 25)
except InputError as error:
    print(error, os.listdir(), next_free() - before)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr  # FFmpeg used to end the process
    assert done.stdout == "Cannot write clip.mp4: File too large. [] 0\n"


@pytest.mark.parametrize(("name", "codec"), [("sound.mp4", "aac"), ("sound.mkv", "flac")])
def test_sound_that_outlasts_the_pictures_is_no_fault(tmp_path: Path, name: str, codec: str) -> None:
    write_clip(tmp_path / "clip.mp4", shades(25), 25)
    clip = open_clip(add_sound(tmp_path / "clip.mp4", tmp_path / name, codec, seconds=3.0))
    assert clip.seconds == pytest.approx(1, abs=0.05)
    assert len(list(read_frames(clip))) == 25


def test_a_title_in_another_encoding_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    with av.open(str(path), "w") as out:
        out.metadata["title"] = "CafX"
        stream = out.add_stream("mpeg4", rate=25)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        for picture in shades(5):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())
    data = path.read_bytes()
    assert data.count(b"CafX") == 1
    path.write_bytes(data.replace(b"CafX", b"Caf\xe9"))
    assert len(list(read_frames(open_clip(path)))) == 5


def test_pixels_that_are_not_square_are_shown_as_they_should_be(tmp_path: Path) -> None:
    path = tmp_path / "wide.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = 48, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        for picture in shades(3, width=48):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())
    (first, *_) = read_frames(open_clip(path))
    assert first.picture.shape == (48, 64, 3)
    assert first.picture[:7].mean() > 240


def test_a_last_picture_that_stays_on_show_is_no_end_cut_short(tmp_path: Path) -> None:
    """As of animations, and of what records a screen."""
    first, *rest = (Image.fromarray(picture) for picture in shades(20))
    first.save(tmp_path / "pause.gif", save_all=True, append_images=rest, duration=[100] * 19 + [3000])
    frames = list(read_frames(open_clip(tmp_path / "pause.gif"), fps=10))
    assert len(frames) == 49
    assert frames[-1].seconds == pytest.approx(4.8)
    assert (frames[-1].picture == frames[19].picture).all()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_colon_in_a_name_is_no_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_sound(_clip(tmp_path), tmp_path / "dance-10:30.mp4", "aac")
    monkeypatch.chdir(tmp_path)
    clip = open_clip("dance-10:30.mp4")
    assert write_clip("copy.mp4", [frame.picture for frame in read_frames(clip)], clip.fps, sound_of=clip)
    assert open_clip("copy.mp4").sound


def _clip(folder: Path) -> Path:
    write_clip(folder / "clip.mp4", shades(25), 25)
    return folder / "clip.mp4"
