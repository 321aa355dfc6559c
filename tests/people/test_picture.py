import io
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from rsagan.errors import InputError
from rsagan.people import Fit, Pose, fit_box, read_picture, write_png
from rsagan.people.picture import AI_NOTICE


def scene(height: int = 40, width: int = 60) -> Image.Image:
    """A smooth picture whose four corners differ."""
    y, x = np.mgrid[:height, :width]
    return Image.fromarray(np.stack([x * 4, y * 6, 255 - x * 4], -1).clip(0, 255).astype(np.uint8))


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG of that size by its header, with a handful of pixels' worth of data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"\0" * 99)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def gps_exif(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (47.0, 22.0, 8.0)
    return exif


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
def test_formats(kind: str, tmp_path: Path) -> None:
    data = encoded(scene(), kind, **({"lossless": True} if kind == "WEBP" else {"quality": 95}))
    (tmp_path / "photo").write_bytes(data)
    for source in (data, tmp_path / "photo", str(tmp_path / "photo")):
        picture = read_picture(source)
        assert picture.dtype == np.uint8
        assert picture.shape == (40, 60, 3)
        assert np.abs(picture.astype(int) - np.asarray(scene())).mean() < 3


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (png_header(12_000, 12_000), "pixels"),
        (png_header(60_000, 60_000), "pixels"),
        (png_header(9_000, 8_000), "9000 x 8000"),
        (png_header(5_000, 100), "long and narrow"),
        (encoded(Image.new("RGB", (1, 1))), "1 x 1"),
        (encoded(scene(), "JPEG")[:-200], "cut short"),
        (encoded(scene(), "JPEG")[:100], "not a readable"),
        (encoded(scene(), "PNG")[:-40], "cut short"),
        (encoded(scene(), "WEBP")[:-40], "cut short|not a readable"),
        (encoded(scene(), "GIF"), "JPEG, PNG or WebP"),
        (encoded(scene(), "TIFF"), "JPEG, PNG or WebP"),
        (encoded(scene(), "BMP"), "JPEG, PNG or WebP"),
        (b"", "JPEG, PNG or WebP"),
        (b"<svg></svg>", "JPEG, PNG or WebP"),
        (b"\x89PNG\r\n\x1a\n", "JPEG, PNG or WebP"),
    ],
)
def test_refusals_are_one_sentence(data: bytes, part: str) -> None:
    with pytest.raises(InputError, match=part) as error:
        read_picture(data, "photo.jpg")
    assert str(error.value).startswith("photo.jpg")
    assert "\n" not in str(error.value)


def test_missing_and_huge_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Cannot read"):
        read_picture(tmp_path / "none.png")
    with pytest.raises(InputError, match="Cannot read"):
        read_picture(tmp_path)
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(65 << 20)
    with pytest.raises(InputError, match="MiB"):
        read_picture(tmp_path / "huge.png")


def test_a_limit_of_the_callers_own_is_judged_by_the_header() -> None:
    with pytest.raises(InputError, match=r"photo\.jpg is 90 x 40 pixels; at most 80 a side are taken here"):
        read_picture(png_header(90, 40), "photo.jpg", 80)
    assert read_picture(encoded(scene()), "photo.jpg", 60).shape == (40, 60, 3)


def test_16_bits_take_little_memory_and_round_as_they_should() -> None:
    values = np.resize(np.arange(65536, dtype=np.uint16), (1024, 1024))
    data = encoded(Image.fromarray(values))
    tracemalloc.start()
    picture = read_picture(data)
    assert tracemalloc.get_traced_memory()[1] / values.size < 16  # bytes a pixel
    tracemalloc.stop()
    assert (picture == np.rint(values / 257)[..., None]).all()


def test_animated_gif_is_refused_and_animated_webp_gives_its_first_picture() -> None:
    frames = [scene(), Image.new("RGB", (60, 40), "red")]
    with pytest.raises(InputError, match="JPEG, PNG or WebP"):
        read_picture(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    picture = read_picture(encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True))
    assert np.abs(picture.astype(int) - np.asarray(frames[0])).mean() < 3


def test_cmyk_jpeg() -> None:
    picture = read_picture(encoded(scene().convert("CMYK"), "JPEG", quality=95))
    assert np.abs(picture.astype(int) - np.asarray(scene())).mean() < 6


def test_grey_and_16_bit_png() -> None:
    grey = np.asarray(scene().convert("L"))
    for image in (Image.fromarray(grey), Image.fromarray(grey.astype(np.uint16) * 257)):
        picture = read_picture(encoded(image))
        assert np.abs(picture.astype(int) - grey[..., None]).max() <= 1


def _red_and_green_exchanged() -> bytes:
    """The sRGB profile with the names of two primaries exchanged: its red is our green."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"?", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"?", b"gXYZ", 1)


@pytest.mark.parametrize("alpha", [None, 255])
def test_colours_are_brought_from_their_profile(alpha: int | None) -> None:
    image = Image.new("RGB", (20, 20), (250, 20, 20))
    if alpha:
        image.putalpha(alpha)
    file = io.BytesIO()
    image.save(file, "PNG", icc_profile=_red_and_green_exchanged())
    red, green, blue = read_picture(file.getvalue())[5, 5].astype(int)
    assert green > 240
    assert red < 40
    assert blue < 40


def test_a_broken_profile_spoils_nothing() -> None:
    file = io.BytesIO()
    Image.new("RGB", (20, 20), (250, 20, 20)).save(file, "PNG", icc_profile=b"no profile")
    assert read_picture(file.getvalue())[5, 5].tolist() == [250, 20, 20]


def test_one_bit_png() -> None:
    picture = read_picture(encoded(scene().convert("1")))
    assert set(np.unique(picture)) <= {0, 255}


def test_alpha_is_laid_on_white() -> None:
    image = scene().convert("RGBA")
    image.putalpha(Image.fromarray(np.where(np.arange(60) < 30, 0, 255).astype(np.uint8)[None].repeat(40, 0)))
    picture = read_picture(encoded(image))
    assert (picture[:, :30] == 255).all()
    assert np.abs(picture[:, 30:].astype(int) - np.asarray(scene())[:, 30:]).max() == 0


def test_a_transparent_colour_beside_a_profile() -> None:
    image = Image.new("RGB", (40, 40), (200, 30, 30))
    image.paste((20, 40, 60), (20, 0, 40, 40))
    picture = read_picture(encoded(image, transparency=(200, 30, 30), icc_profile=_red_and_green_exchanged()))
    assert (picture[:, :20] == 255).all()
    assert np.abs(picture[:, 20:].astype(int) - (40, 20, 60)).max() < 4


def test_palette_with_alpha() -> None:
    image = Image.new("P", (40, 40), 0)
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.paste(1, (20, 0, 40, 40))
    picture = read_picture(encoded(image, transparency=0))
    assert (picture[:, :20] == 255).all()
    assert (picture[:, 20:] == (200, 100, 50)).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientations(orientation: int, kind: str) -> None:
    """Store the picture turned so that the tag turns it back."""
    upright = np.asarray(scene())
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    data = encoded(Image.fromarray(np.ascontiguousarray(stored)), kind, exif=gps_exif(orientation), quality=95)
    picture = read_picture(data)
    assert picture.shape == upright.shape
    assert np.abs(picture.astype(int) - upright).mean() < 4


def test_gps_never_reaches_the_output(tmp_path: Path) -> None:
    data = encoded(scene(), "JPEG", exif=gps_exif(), comment=b"home address")
    write_png(tmp_path / "out.png", read_picture(data), notice=AI_NOTICE)
    out = (tmp_path / "out.png").read_bytes()
    with Image.open(io.BytesIO(out)) as image:
        assert not image.getexif()
        assert dict(image.info) == {"Description": AI_NOTICE}
    for secret in (b"SecretCamera", b"GPS", b"home address", b"eXIf"):
        assert secret not in out


def test_write_keeps_the_old_file_on_error(tmp_path: Path) -> None:
    path = tmp_path / "out.png"
    write_png(path, np.asarray(scene()))
    before = path.read_bytes()
    with pytest.raises((TypeError, ValueError)):
        write_png(path, np.zeros((4, 4, 7), np.uint8))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_write_into_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="Cannot write"):
        write_png(tmp_path / "file" / "out.png", np.asarray(scene()))


def a_pose(size: tuple[int, int]) -> Pose:
    points = np.random.default_rng(1).uniform([0, 0], [size[1] - 1, size[0] - 1], (18, 2))
    return Pose(points.astype(np.float32), size)


@pytest.mark.parametrize(
    "fit",
    [
        fit_box((0, 0, 60, 40), (40, 60), (256, 176)),
        fit_box((0, 0, 300, 600), (600, 300), (256, 176)),
        fit_box((-30, -10, 90, 60), (40, 60), (256, 176)),
    ],
)
def test_fit_has_an_inverse(fit: Fit) -> None:
    pose = a_pose(fit.photo_size)
    frame = fit.pose_to_frame(pose)
    assert frame.present.all()
    np.testing.assert_allclose(fit.pose_to_photo(frame).points, pose.points, atol=1e-3)


@pytest.mark.parametrize("box", [(0, 0, 60, 40), (-30, -10, 90, 60), (10, -35, 30, 40), (5, 5, 25, 35)])
def test_what_of_the_frame_shows_the_photo(box: tuple[float, float, float, float]) -> None:
    fit = fit_box(box, (40, 60), (256, 176))
    shown = np.zeros(fit.frame_size, np.uint8)
    shown[fit.covered()] = 1
    assert (shown == fit.regions_to_frame(np.ones((40, 60), np.uint8))).all()
    assert shown.any()


def test_fit_keeps_the_aspect_and_fills() -> None:
    fit = fit_box((10, 0, 30, 40), (40, 60), (256, 176))
    corners = np.full((18, 2), np.nan, np.float32)
    corners[0], corners[1] = (9.5, -0.5), (29.5, 39.5)
    (x0, y0), (x1, y1) = fit.pose_to_frame(Pose(corners, (40, 60))).points[:2]
    assert y1 - y0 == pytest.approx(256, abs=1e-3)
    assert (x1 - x0) / (y1 - y0) == pytest.approx(0.5, abs=1e-4)
    assert (x0 + x1) / 2 == pytest.approx(175 / 2, abs=1e-3)


def test_fit_pads_with_the_borders_own_colour() -> None:
    photo = np.full((20, 20, 3), (10, 200, 30), np.uint8)
    frame = fit_box((0, 0, 20, 20), (20, 20), (80, 40)).picture_to_frame(photo)
    assert frame.shape == (80, 40, 3)
    assert np.abs(frame.astype(int) - (10, 200, 30)).max() == 0


def test_fit_moves_picture_and_pose_alike() -> None:
    photo = np.zeros((60, 50, 3), np.uint8)
    photo[38:43, 18:23] = 255
    points = np.full((18, 2), np.nan, np.float32)
    points[0] = 20, 40
    fit = fit_box((5, 10, 45, 58), (60, 50), (200, 150))
    picture = fit.picture_to_frame(photo)[..., 0].astype(float)
    y, x = np.mgrid[:200, :150]
    centre = (picture * x).sum() / picture.sum(), (picture * y).sum() / picture.sum()
    np.testing.assert_allclose(fit.pose_to_frame(Pose(points, (60, 50))).points[0], centre, atol=0.2)


def test_damaged_exif_spoils_nothing(recwarn: pytest.WarningsRecorder) -> None:
    for junk in (b"Exif\0\0junk" * 9, b"II*\0\x08\0\0\0\xff\xff" + b"\x12\x01\x05\0\xff\xff\xff\xff" * 9):
        assert read_picture(encoded(scene(), exif=junk)).shape == (40, 60, 3)
        assert read_picture(encoded(scene(), "JPEG", exif=junk)).shape == (40, 60, 3)
    assert not recwarn.list


def test_regions_follow_the_picture_into_the_frame() -> None:
    regions = np.random.default_rng(0).integers(1, 8, (30, 20)).astype(np.uint8)
    for fit in (Fit(2.0, (6.0, -8.0), (30, 20), (64, 48)), Fit(0.5, (3.0, 2.0), (30, 20), (24, 16))):
        framed = fit.regions_to_frame(regions)
        assert framed.shape == fit.frame_size
        for y in range(fit.frame_size[0]):
            for x in range(fit.frame_size[1]):
                row, column = (y + 0.5 - fit.offset[1]) / fit.scale, (x + 0.5 - fit.offset[0]) / fit.scale
                inside = 0 <= row < 30 and 0 <= column < 20
                assert framed[y, x] == (regions[int(row), int(column)] if inside else 0)
