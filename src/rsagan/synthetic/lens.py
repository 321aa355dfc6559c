"""From linear light to the bytes of a photo: exposure, colour, blur, noise, compression."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rsagan.synthetic.mesh import Floats, floats

Range = tuple[float, float]


@dataclass(frozen=True)
class Lens:
    """What a camera does to a picture. Ranges are drawn from evenly; lengths are shares of the picture's height.

    Attributes:
        exposure: mean brightness aimed at, linear.
        white: spread of the white balance.
        blur: standard deviation of the whole picture's blur. motion: chance of motion blur; shake: its length.
        shrink: the picture is taken at this share of its size and enlarged again.
        noise: standard deviation in the shadows, of 255.
        quality: of the JPEG, or (0, 0) for none. vignette: how much darker corners get.
        contrast: strength of the tone curve. saturation: of colours.
    """

    exposure: Range = (0.13, 0.36)
    white: float = 0.06
    blur: Range = (0.0, 0.003)
    motion: float = 0.12
    shake: Range = (0.005, 0.03)
    shrink: Range = (1.0, 1.0)
    noise: Range = (0.0, 5.0)
    quality: Range = (40, 97)
    vignette: Range = (0.0, 0.35)
    contrast: Range = (0.8, 1.35)
    saturation: Range = (0.75, 1.25)


PHONE = Lens()
CCTV = Lens(
    exposure=(0.1, 0.4), white=0.11, blur=(0.002, 0.009), motion=0.2, shake=(0.01, 0.04), shrink=(0.5, 0.95),
    noise=(0.5, 7.0), quality=(25, 75), contrast=(0.6, 1.1), saturation=(0.5, 1.05),
)  # fmt: skip


def expose(light: Floats, lens: Lens, rng: np.random.Generator) -> np.ndarray:
    """Develop linear light (H, W, 3) into a photo, uint8 (H, W, 3) RGB."""
    height, width = light.shape[:2]
    picture: NDArray[Any] = light
    shrink = float(rng.uniform(*lens.shrink))
    small = (max(8, round(width * shrink)), max(8, round(height * shrink)))
    if shrink < 0.99:
        picture = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
    sigma = float(rng.uniform(*lens.blur)) * picture.shape[0]
    if sigma > 0.25:
        picture = cv2.GaussianBlur(picture, (0, 0), sigma)
    if rng.random() < lens.motion:
        picture = cv2.filter2D(picture, -1, _streak(rng, lens, picture.shape[0]))
    mean = float(np.mean(picture[:, :, 1])) + 0.02
    gain = float(rng.uniform(*lens.exposure)) / mean
    gain = float(np.clip(gain, 0.45, 2.2))
    white = floats(np.exp(rng.normal(0, lens.white, 3))) * np.float32(gain)
    tone = _curve(float(rng.uniform(*lens.contrast)))
    falloff = _corners(picture.shape[:2], float(rng.uniform(*lens.vignette)), rng)
    level = np.minimum(picture * white * falloff, 0.9999) * 4095
    picture = tone[level.astype(np.int32)]
    grey = picture @ floats([0.3, 0.59, 0.11])
    picture = grey[..., None] + (picture - grey[..., None]) * np.float32(rng.uniform(*lens.saturation))
    strength = float(rng.uniform(*lens.noise))
    grain = rng.standard_normal(picture.shape, np.float32) * np.float32(strength)
    picture = picture + grain * (1.15 - picture / 400)
    out = np.clip(picture + 0.5, 0, 255).astype(np.uint8)
    if lens.quality[1] > 0:
        quality = int(rng.uniform(*lens.quality))
        data = cv2.imencode(".jpg", out[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, quality))[1]
        out = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[..., ::-1].copy()
    if shrink < 0.99:
        out = cv2.resize(
            out, (width, height), interpolation=cv2.INTER_CUBIC if rng.random() < 0.5 else cv2.INTER_LINEAR
        )
    return np.asarray(out, np.uint8)


def _streak(rng: np.random.Generator, lens: Lens, height: int) -> Floats:
    """A motion-blur kernel, normalised."""
    length = max(2.0, float(rng.uniform(*lens.shake)) * height)
    angle = float(rng.normal(0, 0.5))
    half = int(length / 2) + 1
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    for t in np.linspace(-length / 2, length / 2, 24):
        kernel[round(half + t * np.sin(angle)), round(half + t * np.cos(angle))] += 1
    return floats(kernel / kernel.sum())


def _curve(contrast: float) -> Floats:
    """float32 (4096,): linear 0..1 to 0..255, sRGB with a soft shoulder and some contrast about the middle."""
    value = np.linspace(0, 1, 4096)
    value = np.where(value > 0.7, 0.7 + (1 - np.exp(-(value - 0.7) * 3.0)) * 0.42, value)
    srgb = np.where(value <= 0.0031308, value * 12.92, 1.055 * value ** (1 / 2.4) - 0.055)
    srgb = srgb + (contrast - 1) * (srgb - 0.5) * 4 * srgb * np.maximum(0, 1 - srgb)
    return floats(np.clip(srgb * 255, 0, 255))


def _corners(size: tuple[int, int], amount: float, rng: np.random.Generator) -> Floats:
    """Darkening towards corners, and one side of the picture brighter than the other, (H, W, 1)."""
    y = np.linspace(-1, 1, size[0], dtype=np.float32)[:, None, None]
    x = np.linspace(-1, 1, size[1], dtype=np.float32)[None, :, None]
    slope = floats(rng.normal(0, 0.06, 2))
    return np.maximum(0.2, (1 - np.float32(amount) * 0.5 * (x * x + y * y)) * (1 + slope[0] * x + slope[1] * y))
