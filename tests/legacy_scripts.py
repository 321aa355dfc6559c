"""The legacy scripts' arithmetic, literally and slowly, on scikit-image and scipy; shares no code with the package."""

import numpy as np
import torch
from scipy import linalg
from skimage.draw import disk, polygon
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from skimage.morphology import dilation, erosion

SQUARE = np.ones((5, 5), np.uint8)


def pad_256(picture: np.ndarray) -> np.ndarray:
    result = np.ones((256, 256, 3)) * 255
    result[:, 40:216, :] = picture
    return result


def gaussian_ssim(truth: np.ndarray, result: np.ndarray, sigma: float) -> float:
    return structural_similarity(
        truth, result, gaussian_weights=True, sigma=sigma, use_sample_covariance=False, channel_axis=2,
        data_range=float(result.max()) - float(result.min()),
    )  # fmt: skip


def gfla(results: list[np.ndarray], truths: list[np.ndarray], pad: bool, sigma: float) -> dict[str, float]:
    rows: dict[str, list[float]] = {"PSNR": [], "SSIM, flat window": [], "SSIM": [], "MAE": [], "L1": []}
    for result, truth in zip(results, truths, strict=True):
        one, other = (
            ((pad_256(each) if pad else each).astype(np.float32) / np.float32(255)) for each in (truth, result)
        )
        rows["PSNR"].append(peak_signal_noise_ratio(one, other, data_range=1))
        rows["SSIM, flat window"].append(structural_similarity(one, other, data_range=1, win_size=51, channel_axis=2))
        rows["SSIM"].append(gaussian_ssim(one * 255, other * 255, sigma))
        rows["MAE"].append(float(np.sum(np.abs(one - other)) / np.sum(one + other)))
        rows["L1"].append(float(np.mean(np.abs(one - other))))
    return {name: float(np.mean(values)) for name, values in rows.items()}


def imagenet_shift(pictures: list[np.ndarray], side: int) -> torch.Tensor:
    """As the old Inception wrapper fed a torchvision network: wrongly."""
    x = torch.from_numpy(np.array(pictures).astype(np.float32).transpose(0, 3, 1, 2) / np.float32(255))
    x = torch.nn.functional.interpolate(x, size=(side, side), mode="bilinear")
    x = x.clone()
    x[:, 0] = x[:, 0] * (0.229 / 0.5) + (0.485 - 0.5) / 0.5
    x[:, 1] = x[:, 1] * (0.224 / 0.5) + (0.456 - 0.5) / 0.5
    x[:, 2] = x[:, 2] * (0.225 / 0.5) + (0.406 - 0.5) / 0.5
    return x


def frechet(one: np.ndarray, other: np.ndarray) -> float:
    first, second = np.cov(one, rowvar=False), np.cov(other, rowvar=False)
    root = np.real(linalg.sqrtm(first.dot(second)))
    difference = one.mean(0) - other.mean(0)
    return float(difference.dot(difference) + np.trace(first) + np.trace(second) - 2 * np.trace(root))


def kernel_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Picture by picture: the mean over different ones of a set, twice, less twice the mean across."""

    def k(a: np.ndarray, b: np.ndarray) -> float:
        return float((np.dot(a, b) / len(a) + 1) ** 3)

    def within(those: np.ndarray) -> float:
        return float(np.mean([k(a, b) for i, a in enumerate(those) for j, b in enumerate(those) if i != j]))

    return within(one) + within(other) - 2 * float(np.mean([k(a, b) for a in one for b in other]))


def reduced(picture: np.ndarray) -> np.ndarray:
    """OpenCV's bilinear kernel at half the size: the mean of the four pixels round each middle."""
    x = picture.astype(np.float64)
    return (x[::2, ::2] + x[1::2, ::2] + x[::2, 1::2] + x[1::2, 1::2]) / 4


def mask(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """PATN's mask; points (18, 2) are x, y, NaN = missing."""
    joints = np.where(np.isnan(points), -1, points)[:, ::-1]
    limbs = [
        [2, 3], [2, 6], [3, 4], [4, 5], [6, 7], [7, 8], [2, 9], [9, 10], [10, 11], [2, 12], [12, 13], [13, 14], [2, 1],
        [1, 15], [15, 17], [1, 16], [16, 18], [2, 17], [2, 18], [9, 12], [12, 6], [9, 3], [17, 18],
    ]  # fmt: skip
    found = np.zeros(size, bool)
    for f, t in np.array(limbs) - 1:
        if -1 in joints[f] or -1 in joints[t] or (joints[f] == joints[t]).all():
            continue
        away = joints[f] - joints[t]
        away = 4 * np.array([-away[1], away[0]]) / np.linalg.norm(away)
        corners = np.array([joints[f] + away, joints[f] - away, joints[t] - away, joints[t] + away])
        found[polygon(corners[:, 0], corners[:, 1], shape=size)] = True
    for joint in joints:
        if -1 not in joint:
            found[disk(joint, 4, shape=size)] = True
    return erosion(dilation(found.astype(np.uint8), SQUARE), SQUARE) > 0


def inception_score(probabilities: np.ndarray, splits: int) -> float:
    scores = []
    for i in range(splits):
        part = probabilities[i * len(probabilities) // splits : (i + 1) * len(probabilities) // splits, :]
        divergence = part * (np.log(part) - np.log(np.expand_dims(np.mean(part, 0), 0)))
        scores.append(np.exp(np.mean(np.sum(divergence, 1))))
    return float(np.mean(scores))
