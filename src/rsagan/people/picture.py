"""Reading strangers' pictures safely, writing ours, and fitting a photo to a network's frame and back.

A *picture* is uint8 (H, W, 3), RGB.
"""

import io
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageFile, ImageOps, PngImagePlugin

from rsagan.errors import InputError
from rsagan.files import replacing
from rsagan.people.pose import Pose

Picture = NDArray[np.uint8]

MAX_PIXELS: Final = 64_000_000
MAX_BYTES: Final = 64 << 20
MIN_SIDE: Final = 16
MAX_ASPECT: Final = 20
_FORMATS: Final = ("JPEG", "PNG", "WEBP")
AI_NOTICE: Final = "AI-generated picture of a person in a new pose"


def read_picture(source: Path | str | bytes, where: str | None = None, largest_side: int | None = None) -> Picture:
    """Read a JPEG, PNG or WebP as RGB, upright by its EXIF orientation.

    Size and aspect are checked in the header, before any pixel is decoded. CMYK, 16-bit, palette, grey and alpha
    pictures are converted, colours of an embedded profile (a phone's wide gamut, a printer's CMYK) brought to sRGB;
    transparency is laid on white.

    Args:
        source: a path, or the file's bytes.
        where: what to call it in an error; the path by default.
        largest_side: a limit of the caller's own, in pixels.

    Raises:
        InputError: not such a picture, too large, too small, too long, truncated; one sentence.
    """
    where = where or (str(source) if not isinstance(source, bytes) else "the picture")
    data = source if isinstance(source, bytes) else _bytes_of(Path(source))
    if len(data) > MAX_BYTES:
        raise InputError(f"{where} is {len(data) >> 20} MiB; at most {MAX_BYTES >> 20} MiB are read, shrink it first.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # size is judged below; odd metadata is no business of the user's
            image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except (Image.DecompressionBombError, OSError, ValueError, SyntaxError, TypeError) as error:
        if isinstance(error, Image.DecompressionBombError):
            raise InputError(
                f"{where} claims more than {MAX_PIXELS // 1_000_000} million pixels; shrink it first."
            ) from error
        raise InputError(f"{where} is not a readable JPEG, PNG or WebP picture.") from error
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise InputError(
            f"{where} is {width} x {height} pixels, more than {MAX_PIXELS // 1_000_000} million; shrink it first."
        )
    if largest_side is not None and max(width, height) > largest_side:
        raise InputError(f"{where} is {width} x {height} pixels; at most {largest_side} a side are taken here.")
    if min(width, height) < MIN_SIDE:
        raise InputError(f"{where} is {width} x {height} pixels; at least {MIN_SIDE} a side are needed.")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise InputError(f"{where} is {width} x {height} pixels, far too long and narrow for a picture of a person.")
    if ImageFile.LOAD_TRUNCATED_IMAGES:
        raise InputError("Pillow is set to accept truncated pictures; unset ImageFile.LOAD_TRUNCATED_IMAGES.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a damaged EXIF block is no business of the user's
            image.load()
            return np.asarray(_rgb(_in_srgb(_upright(image))))
    except Exception as error:  # decoders fail with whatever they like; the picture is at fault
        raise InputError(f"{where} is damaged or cut short and cannot be decoded.") from error


def write_png(path: Path | str, picture: Picture, notice: str | None = None, **told: str) -> None:
    """Write a PNG, whole or not at all. Into its metadata go `notice`, as Description, and `told`."""
    with replacing(path) as temporary:
        temporary.write_bytes(png_bytes(picture, notice, **told))


def png_bytes(picture: Picture, notice: str | None = None, **told: str) -> bytes:
    """The PNG file that `write_png` writes."""
    info = PngImagePlugin.PngInfo()
    for name, text in (({"Description": notice} if notice else {}) | told).items():
        info.add_itxt(name, text)
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(file, format="PNG", pnginfo=info)
    return file.getvalue()


@dataclass(frozen=True)
class Fit:
    """How a photo was laid into a frame: frame = (photo + 0.5) * scale - 0.5 + offset, in x and y alike.

    Attributes:
        scale: frame pixels per photo pixel.
        offset: (x, y) in frame pixels.
        photo_size, frame_size: (height, width).
    """

    scale: float
    offset: tuple[float, float]
    photo_size: tuple[int, int]
    frame_size: tuple[int, int]

    def pose_to_frame(self, pose: Pose) -> Pose:
        """A pose of the photo in the frame's pixels; joints outside the frame become missing."""
        points = (pose.points + 0.5) * self.scale - 0.5 + np.array(self.offset, np.float32)
        return replace(pose, points=points, size=self.frame_size).without_outside()

    def pose_to_photo(self, pose: Pose) -> Pose:
        """The inverse."""
        points = (pose.points + 0.5 - np.array(self.offset, np.float32)) / self.scale - 0.5
        return replace(pose, points=points, size=self.photo_size)

    def regions_to_frame(self, regions: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A map of numbers of the photo, uint8 (H, W), in the frame: nearest pixels, 0 beyond the photo."""
        height, width = self.frame_size
        rows = np.floor((np.arange(height) + 0.5 - self.offset[1]) / self.scale).astype(np.intp)
        columns = np.floor((np.arange(width) + 0.5 - self.offset[0]) / self.scale).astype(np.intp)
        there_y, there_x = (rows >= 0) & (rows < self.photo_size[0]), (columns >= 0) & (columns < self.photo_size[1])
        framed = np.zeros(self.frame_size, np.uint8)
        framed[np.ix_(there_y, there_x)] = regions[np.ix_(rows[there_y], columns[there_x])]
        return framed

    def covered(self) -> tuple[slice, slice]:
        """The rows and columns of the frame that show the photo; beyond them its border is continued."""
        ends = []
        for start, side, limit in zip(self.offset[::-1], self.photo_size, self.frame_size, strict=True):
            first, past = np.ceil(start - 0.5), np.ceil(start + side * self.scale - 0.5)
            ends.append(slice(max(0, int(first)), min(limit, int(past))))
        return ends[0], ends[1]

    def picture_to_frame(self, picture: Picture) -> Picture:
        """Cut and scale; where the frame reaches beyond the photo it continues the border's own colour."""
        height, width = self.frame_size
        x0, y0 = (-self.offset[0] / self.scale, -self.offset[1] / self.scale)
        x1, y1 = x0 + width / self.scale, y0 + height / self.scale
        pad = [max(0, int(np.ceil(v))) for v in (-y0, y1 - self.photo_size[0], -x0, x1 - self.photo_size[1])]
        padded = np.pad(picture, ((pad[0], pad[1]), (pad[2], pad[3]), (0, 0)), mode="edge")
        box = (x0 + pad[2], y0 + pad[0], x1 + pad[2], y1 + pad[0])
        resample = Image.Resampling.LANCZOS if self.scale < 1 else Image.Resampling.BICUBIC
        return np.asarray(Image.fromarray(padded).resize((width, height), resample, box=box))


def fit_box(
    box: tuple[float, float, float, float],
    photo_size: tuple[int, int],
    frame_size: tuple[int, int],
) -> Fit:
    """Centre a box (x0, y0, x1, y1: edges, in photo pixels) in the frame, as large as it fits."""
    x0, y0, x1, y1 = box
    height, width = frame_size
    scale = min(height / max(y1 - y0, 1e-6), width / max(x1 - x0, 1e-6))
    offset = (width / 2 - scale * (x0 + x1) / 2, height / 2 - scale * (y0 + y1) / 2)
    return Fit(scale, offset, photo_size, frame_size)


def _bytes_of(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path} is larger than {MAX_BYTES >> 20} MiB; shrink it first.")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read the picture {path}: {error.strerror or error}.") from error


def _upright(image: Image.Image) -> Image.Image:
    """Turned by its EXIF orientation; as it is where the EXIF block cannot be read."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # Pillow fails on foreign EXIF in many ways; the pixels are sound
        return image


def _in_srgb(image: Image.Image) -> Image.Image:
    """Colours brought from the embedded profile to sRGB; as they are where there is none or it cannot be used."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK", "L"):
        return image
    if image.mode == "RGB" and "transparency" in image.info:  # one colour, which the conversion would change
        image = image.convert("RGBA")
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    try:
        embedded = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        colours = image.convert("RGB") if alpha else image
        found = ImageCms.profileToProfile(colours, embedded, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):  # of another colour space, or no profile at all
        return image
    assert found is not None  # only a conversion in place returns nothing
    if alpha:
        found.putalpha(alpha)
    return found


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):  # 16 bits and more a channel
        values = np.array(image, np.float32)
        if values.max(initial=0) > 255:
            values *= 255 / 65535
        values += 0.5
        return Image.fromarray(np.clip(values, 0, 255, out=values).astype(np.uint8)).convert("RGB")
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")
