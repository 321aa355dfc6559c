"""How like two pictures are, pixel against pixel: numbers of uint8 or float (H, W, 3) arrays.

SSIM is scikit-image's, in two variants that circulate, averaged over the places where the window fits and over the
three channels.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]
FLAT_WINDOW: Final = 51


def ssim_flat(one: Image, other: Image, data_range: float) -> float:
    """With a flat window of 51 pixels and sample covariances.

    Args:
        one, other: (H, W, 3), at least 51 a side. data_range: largest minus smallest possible value.
    """
    return _ssim(one, other, data_range=data_range, win_size=FLAT_WINDOW)


def ssim_gaussian(one: Image, other: Image, data_range: float, sigma: float = 1.5) -> float:
    """With a Gaussian window cut at 3.5 sigma and population covariances, as in Wang et al. 2004.

    Args:
        one, other: (H, W, 3). data_range: largest minus smallest possible value.
    """
    return _ssim(one, other, data_range=data_range, gaussian_weights=True, sigma=sigma, use_sample_covariance=False)


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


def _ssim(one: Image, other: Image, **how: Any) -> float:
    from skimage.metrics import structural_similarity  # comes with what scoring needs

    return float(structural_similarity(one.astype(np.float64), other.astype(np.float64), channel_axis=2, **how))
