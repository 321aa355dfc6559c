"""How like two pictures are, pixel against pixel: numbers of uint8 or float (H, W, 3) arrays.

SSIM in two variants that circulate, each averaged over the places where its window fits and over the three channels.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]
_K1, _K2 = 0.01, 0.03


def ssim_flat(one: Image, other: Image, data_range: float, window: int = 51) -> float:
    """SSIM with a flat window and sample covariances, as scikit-image computes it by default.

    Args:
        one, other: (H, W, 3), at least `window` a side. data_range: largest minus smallest possible value.
    """

    def blur(image: Image) -> Image:
        return np.asarray(cv2.blur(image, (window, window)))

    pixels = window**2
    return _ssim(one, other, data_range, blur, window // 2, pixels / (pixels - 1))


def ssim_gaussian(one: Image, other: Image, data_range: float, sigma: float = 1.5) -> float:
    """SSIM with a Gaussian window cut at 3.5 sigma and population covariances, as in Wang et al. 2004.

    Args:
        one, other: (H, W, 3). data_range: largest minus smallest possible value.
    """
    radius = int(3.5 * sigma + 0.5)
    weights = np.exp(-0.5 * np.square(np.arange(-radius, radius + 1) / sigma))
    weights /= weights.sum()

    def blur(image: Image) -> Image:
        return np.asarray(cv2.sepFilter2D(image, cv2.CV_64F, weights, weights))

    return _ssim(one, other, data_range, blur, radius, 1.0)


def psnr(truth: Image, result: Image, data_range: float) -> float:
    """Peak signal to noise in decibels; infinite for equal pictures."""
    error = np.square(truth.astype(np.float64) - result).mean()
    return float("inf") if error == 0 else float(10 * np.log10(data_range**2 / error))


def relative_error(truth: Image, result: Image) -> float:
    """Sum of absolute differences over the sum of both pictures: what GFLA's script and its heirs call MAE."""
    one, other = truth.astype(np.float64), result.astype(np.float64)
    return float(np.abs(one - other).sum() / max((one + other).sum(), 1e-12))


def mean_error(truth: Image, result: Image) -> float:
    """Mean absolute difference, in the pictures' own units."""
    return float(np.abs(truth.astype(np.float64) - result).mean())


def _ssim(one: Image, other: Image, data_range: float, blur: Any, border: int, normalise: float) -> float:
    a, b = one.astype(np.float64), other.astype(np.float64)
    if min(a.shape[:2]) <= 2 * border:
        raise ValueError(f"SSIM's window of {2 * border + 1} pixels does not fit into {a.shape[0]}x{a.shape[1]}.")
    mean_a, mean_b = blur(a), blur(b)
    variance_a = normalise * (blur(a * a) - mean_a**2)
    variance_b = normalise * (blur(b * b) - mean_b**2)
    covariance = normalise * (blur(a * b) - mean_a * mean_b)
    c1, c2 = (_K1 * data_range) ** 2, (_K2 * data_range) ** 2
    likeness = ((2 * mean_a * mean_b + c1) * (2 * covariance + c2)) / (
        (mean_a**2 + mean_b**2 + c1) * (variance_a + variance_b + c2)
    )
    return float(likeness[border:-border, border:-border].mean())
