"""The numbers of single pairs against literal formulas."""

import numpy as np
import pytest
import torch

from rsagan.evaluation.metrics import correspondence_error, likeness, overlap, perceptual_distance


def test_perceptual_distance_is_the_literal_formula() -> None:
    a, b = ([torch.randn(2, 5, 4, 3), torch.randn(2, 7, 2, 2)] for _ in range(2))
    expected = np.zeros(2)
    for one, other in zip(a, b, strict=True):
        _, _, height, width = one.shape
        for i in range(2):
            for y in range(height):
                for x in range(width):
                    u, v = (each[i, :, y, x].double().numpy() for each in (one, other))
                    u, v = (each / np.linalg.norm(each) for each in (u, v))
                    expected[i] += ((u - v) ** 2).sum() / (height * width) / len(a)
    np.testing.assert_allclose(perceptual_distance(a, b).numpy(), expected, rtol=1e-5)
    assert perceptual_distance(a, a).abs().max() < 1e-6


def test_likeness_at_known_points() -> None:
    truth = torch.rand(2, 3, 24, 16) * 2 - 1
    result = truth.clone()
    result[1, :, :12] = (truth[1, :, :12] + 0.2).clamp(-1, 1)
    person = torch.zeros(2, 24, 16)
    person[:, 14:, :] = 1  # below what was changed
    found = likeness(result, truth, person)
    assert found["ssim"][0] == pytest.approx(1)
    assert found["ssim"][1] < 0.99
    assert found["psnr"][0] == 100
    squared = ((result[1] - truth[1]) / 2).square().mean()
    assert found["psnr"][1] == pytest.approx(float(-10 * squared.log10()), abs=1e-3)
    assert found["l1"][1] == pytest.approx(float((result[1] - truth[1]).abs().mean() / 2), abs=1e-6)
    assert found["psnr_person"].tolist() == [100, 100]
    assert found["ssim_person"][1] > found["ssim"][1]


def test_where_nobody_is_seen_the_person_counts_for_nothing() -> None:
    pictures = torch.rand(1, 3, 24, 16)
    assert likeness(pictures, pictures, torch.zeros(1, 24, 16))["ssim_person"].isnan().all()


def test_ssim_is_that_of_a_slow_reference() -> None:
    random = np.random.default_rng(0)
    a = random.random((3, 20, 18))
    b = np.clip(a + random.normal(0, 0.1, a.shape), 0, 1)
    steps = np.arange(11) - 5
    window = np.exp(-(steps**2) / (2 * 1.5**2))
    window = np.outer(window, window) / window.sum() ** 2

    def blurred(x: np.ndarray) -> np.ndarray:
        padded = np.pad(x, ((0, 0), (5, 5), (5, 5)), mode="reflect")
        found = np.zeros_like(x)
        for y in range(11):
            for z in range(11):
                found += window[y, z] * padded[:, y : y + x.shape[1], z : z + x.shape[2]]
        return found

    mean_a, mean_b = blurred(a), blurred(b)
    var_a, var_b = blurred(a * a) - mean_a**2, blurred(b * b) - mean_b**2
    both = blurred(a * b) - mean_a * mean_b
    c1, c2 = 0.01**2, 0.03**2
    expected = (2 * mean_a * mean_b + c1) * (2 * both + c2) / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))
    given = [torch.from_numpy(each)[None].float() * 2 - 1 for each in (a, b)]
    assert float(likeness(*given)["ssim"]) == pytest.approx(expected.mean(), abs=1e-4)


def test_overlap() -> None:
    truth = np.array([[0, 0, 3, 3]], np.uint8)
    both, either = overlap(np.array([[0, 3, 3, 3]], np.uint8), truth)
    assert both.tolist() == [1, 0, 0, 2, 0, 0, 0, 0]
    assert either.tolist() == [2, 0, 0, 3, 0, 0, 0, 0]


def test_correspondence_error_at_both_resolutions() -> None:
    truth = torch.full((1, 2, 4, 4), torch.nan)
    truth[0, :, 0, 0] = torch.tensor([10.0, 20.0])
    truth[0, :, 0, 1] = torch.tensor([12.0, 20.0])
    truth[0, :, 2, 2] = torch.tensor([3.0, 3.0])
    truth[0, :, 3, 3] = torch.tensor([30.0, 30.0])  # far from its neighbour: their common cell has no one place
    quarter = torch.zeros(1, 2, 4, 4)
    quarter[0, :, 0, 0] = torch.tensor([13.0, 24.0])
    (errors,) = correspondence_error(quarter, truth)
    np.testing.assert_allclose(errors, [5, np.hypot(12, 20), np.hypot(3, 3), np.hypot(30, 30)], rtol=1e-6)
    eighth = torch.zeros(1, 2, 2, 2)
    eighth[0, :, 0, 0] = torch.tensor([11.0, 23.0])
    (errors,) = correspondence_error(eighth, truth)
    np.testing.assert_allclose(errors, [3], rtol=1e-6)
