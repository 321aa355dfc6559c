"""Legacy numbers against the slow reference, standard ones against torchmetrics and scikit-image."""

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor, nn
from torchmetrics.image.inception import InceptionScore

import layouts
import legacy_scripts as slow
from rsagan.evaluation.benchmark.body_mask import body_mask
from rsagan.evaluation.benchmark.inception_score import inception_score
from rsagan.evaluation.benchmark.measure import Distance, Network, Networks, measure
from rsagan.evaluation.benchmark.protocols import INCEPTION_2015, INCEPTION_IMAGENET, PROTOCOLS, whole_batches


def features(pictures: Tensor) -> Tensor:
    """12 numbers a picture that mind place, colour and scale."""
    return nn.functional.adaptive_avg_pool2d(pictures.tanh(), (2, 2)).flatten(1)


def probabilities(pictures: Tensor) -> Tensor:
    return (4 * features(pictures)).softmax(1)


def l2(one: Tensor, other: Tensor) -> Tensor:
    return (one - other).square().mean((1, 2, 3))


NETWORKS = Networks(Network("tiny", features, 75), Distance("l2", l2), Network("tiny", probabilities))
Pictures = tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]


def noisy(pictures: list[np.ndarray]) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [(each * 0.8 + random.integers(0, 50, each.shape)).astype(np.uint8) for each in pictures]


@pytest.fixture(scope="module")
def wide() -> Pictures:
    """Three results, truths and references of 256x176, darker than the truths."""
    truths = [layouts.draw(i, 0)[0] for i in range(3)]
    return noisy(truths), truths, [layouts.draw(i, 1)[0] for i in range(4)]


@pytest.fixture(scope="module")
def many() -> Pictures:
    """70 of 64x64: more than a batch."""
    truths = [layouts.draw(i, 0, (64, 64))[0] for i in range(70)]
    return noisy(truths), truths, [layouts.draw(i, 1, (64, 64))[0] for i in range(67)]


@pytest.mark.parametrize(
    ("name", "pad", "sigma"),
    [("gfla-legacy", False, 1.5), ("dptn-legacy", True, 1.5), ("pidm-legacy", False, 1.2), ("cfld-legacy", False, 1.5)],
)
def test_pixels_as_the_scripts_compare_them(wide: Pictures, name: str, pad: bool, sigma: float) -> None:
    results, truths, _ = wide
    found = measure(PROTOCOLS[name], results, truths).numbers
    expected = slow.gfla(results, truths, pad, sigma)
    assert set(found) == set(expected)
    for key, value in expected.items():
        assert found[key] == pytest.approx(value, abs=1e-4), key


@pytest.mark.parametrize(("name", "kept"), [("gfla-legacy", 64), ("dptn-legacy", 64), ("cfld-legacy", None)])
def test_features_as_the_scripts_scale_and_drop_them(many: Pictures, name: str, kept: int | None) -> None:
    results, truths, reference = many
    scores = measure(PROTOCOLS[name], results, truths, reference, NETWORKS)
    expected = slow.frechet(
        *(features(slow.imagenet_shift(each[:kept], 75)).numpy().astype(np.float64) for each in (results, reference))
    )
    key = "Fréchet distance (tiny)"
    assert scores.numbers[key] == pytest.approx(expected, abs=1e-4)
    assert scores.left_out.get(key) == (6 if kept else None)
    lpips = [float(np.mean((a / 127.5 - b / 127.5) ** 2)) for a, b in zip(results, truths, strict=True)]
    counted = 64 if name == "gfla-legacy" else 70
    assert scores.numbers["perceptual distance (l2)"] == pytest.approx(np.mean(lpips[:counted]), abs=1e-4)


@pytest.mark.parametrize("networks", [NETWORKS, None])
@pytest.mark.parametrize("name", PROTOCOLS)
def test_progress_ends_at_its_end(many: Pictures, name: str, networks: Networks | None) -> None:
    told: list[tuple[int, int]] = []
    measure(PROTOCOLS[name], *many, networks, progress=lambda *n: told.append(n))
    assert [done for done, total in told if done == total] == [told[-1][1]]


def test_the_scripts_habits_matter(many: Pictures) -> None:
    """Else the tests above could not tell a protocol from another."""
    keys = {name: measure(PROTOCOLS[name], *many, NETWORKS).numbers for name in PROTOCOLS if name != "patn-legacy"}
    distances = [numbers["Fréchet distance (tiny)"] for numbers in keys.values()]
    assert np.ptp(distances) > 1e-3
    assert keys["gfla-legacy"]["SSIM"] != pytest.approx(keys["clean-v1"]["SSIM"], abs=1e-4)
    assert keys["pidm-legacy"]["SSIM"] != pytest.approx(keys["gfla-legacy"]["SSIM"], abs=1e-4)


def test_patn_with_margins_and_classes(wide: Pictures) -> None:
    results, truths, _ = wide
    found = measure(PROTOCOLS["patn-legacy"], results, truths, None, NETWORKS, [np.zeros((18, 2))] * 3).numbers
    ones, others = ([slow.pad_256(each).astype(np.uint8) for each in those] for those in (truths, results))
    ssim = np.mean([slow.gaussian_ssim(a, b, 1.5) for a, b in zip(ones, others, strict=True)])
    assert found["SSIM"] == pytest.approx(ssim, abs=1e-4)
    l1 = np.mean([np.abs(2 * (a / 255 - 0.5) - 2 * (b / 255 - 0.5)).mean() for a, b in zip(ones, others, strict=True)])
    assert found["L1"] == pytest.approx(l1, abs=1e-4)
    shown = torch.from_numpy(np.array(others)).permute(0, 3, 1, 2).float() / 127.5 - 1
    expected = slow.inception_score(probabilities(shown).numpy()[[0, 1, 2]], 3)
    assert found["Inception Score (tiny)"] == pytest.approx(expected, abs=1e-4)
    assert "mask-SSIM" not in found


def test_patn_with_masks_on_small_pictures() -> None:
    drawn = [layouts.draw(i, 0, (128, 64)) for i in range(12)]
    truths, joints = [each[0] for each in drawn], [each[2].astype(np.float32) for each in drawn]
    results = noisy(truths)
    found = measure(PROTOCOLS["patn-legacy"], results, truths, None, NETWORKS, joints).numbers
    masks = [slow.mask(each, (128, 64))[..., None] for each in joints]
    one, other = ([each * m for each, m in zip(those, masks, strict=True)] for those in (truths, results))
    ssim = np.mean([slow.gaussian_ssim(a, b, 1.5) for a, b in zip(one, other, strict=True)])
    assert found["mask-SSIM"] == pytest.approx(ssim, abs=1e-4)
    shown = torch.from_numpy(np.array(other)).permute(0, 3, 1, 2).float() / 127.5 - 1
    assert found["mask-Inception Score (tiny)"] == pytest.approx(
        slow.inception_score(probabilities(shown).numpy(), 10), abs=1e-4
    )


def test_the_body_mask_is_the_scripts_own() -> None:
    random = np.random.default_rng(0)
    for case in range(12):
        points = np.round(random.uniform([-3, -3], [66, 130], (18, 2)))
        if case % 2 == 0:
            points = layouts.draw(case, 0, (128, 64))[2].astype(float)
        points[(points < 0).any(axis=1)] = np.nan
        points[random.random(18) < 0.2] = np.nan
        if case == 3:
            points[4] = points[3]
        np.testing.assert_array_equal(body_mask(points, (128, 64)), slow.mask(points, (128, 64)))
    assert not body_mask(np.full((18, 2), np.nan), (20, 10)).any()


def test_clean_pixels_are_scikit_images(wide: Pictures) -> None:
    results, truths, _ = wide
    scores = measure(PROTOCOLS["clean-v1"], results, truths)
    for at, (result, truth) in enumerate(zip(results, truths, strict=True)):
        ssim = structural_similarity(
            truth, result, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, channel_axis=2, data_range=255
        )
        assert scores.rows["SSIM"][at] == pytest.approx(ssim, abs=1e-6)
        assert scores.rows["PSNR"][at] == pytest.approx(peak_signal_noise_ratio(truth, result), abs=1e-3)
    assert any("no network" in sentence for sentence in scores.missing)
    same = measure(PROTOCOLS["clean-v1"], truths, truths).numbers
    assert same["SSIM"] == pytest.approx(1)
    assert same["L1"] == 0


class Flat(nn.Module):
    """Lets torchmetrics see our features."""

    num_features = 12

    def forward(self, x: Tensor) -> Tensor:
        return x


def test_inception_scores_are_torchmetrics() -> None:
    a = torch.from_numpy(np.random.default_rng(0).normal(0, 1, (40, 12)))
    score = InceptionScore(feature=Flat(), splits=1)
    score.update(a)
    chances = a.softmax(1).numpy()
    assert inception_score(chances, 1)[0] == pytest.approx(float(score.compute()[0]), abs=1e-4)
    assert inception_score(chances, 4)[0] == pytest.approx(slow.inception_score(chances, 4), abs=1e-6)


def test_clean_features_count_every_picture(many: Pictures) -> None:
    results, truths, reference = many
    counts: list[tuple[int, int]] = []
    scores = measure(PROTOCOLS["clean-v1"], results, truths, reference, NETWORKS, progress=lambda *n: counts.append(n))
    assert counts[-1] == (277, 277)
    assert scores.left_out == {}
    own = measure(PROTOCOLS["clean-v1"], truths, truths, reference, NETWORKS).numbers
    key = "Fréchet distance (tiny)"
    assert scores.numbers[f"{key}, of the true pictures"] == pytest.approx(own[key], abs=1e-9)
    assert "kernel distance x1000 (tiny)" in scores.numbers


@pytest.mark.parametrize(
    ("protocol", "network", "names"),
    [
        ("clean-v1", INCEPTION_2015, {"FID", "KID x1000", "LPIPS"}),
        ("gfla-legacy", INCEPTION_IMAGENET, {"FID", "LPIPS"}),
        ("patn-legacy", INCEPTION_2015, {"Inception Score", "LPIPS"}),
        ("clean-v1", INCEPTION_IMAGENET, {"LPIPS"}),
        ("gfla-legacy", INCEPTION_2015, {"LPIPS"}),
    ],
)
def test_names_are_kept_for_the_networks_they_stand_for(
    many: Pictures, protocol: str, network: str, names: set[str]
) -> None:
    results, truths, reference = (those[:8] for those in many)
    real = Networks(Network(network, features, 75), Distance("lpips-alex", l2), Network(network, probabilities))
    found = set(measure(PROTOCOLS[protocol], results, truths, reference, real).numbers)
    assert found & {"FID", "KID x1000", "LPIPS", "Inception Score"} == names
    mine = set(measure(PROTOCOLS[protocol], results, truths, reference, NETWORKS).numbers)
    assert not mine & {"FID", "KID x1000", "LPIPS", "Inception Score"}


@pytest.mark.parametrize("name", ["gfla-legacy", "dptn-legacy"])
def test_lpips_within_the_mask_on_market(name: str) -> None:
    """Of [-1, 1] times the mask, and without a partial batch, also where the whole pictures count all."""
    drawn = [layouts.draw(i, 0, (128, 64)) for i in range(66)]
    truths, joints = [each[0] for each in drawn], [each[2].astype(np.float32) for each in drawn]
    results = noisy(truths)
    scores = measure(PROTOCOLS[name], results, truths, None, NETWORKS, joints)
    masked = []
    for result, truth, points in zip(results[:64], truths, joints, strict=False):
        mask = slow.mask(points, (128, 64)).astype(np.float32)[..., None]
        masked.append(np.mean(((result / 127.5 - 1) * mask - (truth / 127.5 - 1) * mask) ** 2))
    assert scores.numbers["mask-perceptual distance (l2)"] == pytest.approx(np.mean(masked), abs=1e-4)
    assert scores.left_out["mask-perceptual distance (l2)"] == 2
    assert not any("mask" in key for key in measure(PROTOCOLS[name], results, truths, None, NETWORKS).numbers)


def test_pidm_shows_its_networks_reduced_pictures() -> None:
    truths = [layouts.draw(i, 0, (512, 352))[0] for i in range(2)]
    results, reference = noisy(truths), [layouts.draw(i, 1, (512, 352))[0] for i in range(3)]
    found = measure(PROTOCOLS["pidm-legacy"], results, truths, reference, NETWORKS).numbers
    small = [[slow.reduced(each) for each in those] for those in (results, truths, reference)]
    expected = np.mean([np.mean((a / 127.5 - b / 127.5) ** 2) for a, b in zip(small[0], small[1], strict=True)])
    assert found["perceptual distance (l2)"] == pytest.approx(expected, abs=1e-4)
    distance = slow.frechet(
        *(features(slow.imagenet_shift(each, 75)).numpy().astype(np.float64) for each in (small[0], small[2]))
    )
    assert found["Fréchet distance (tiny)"] == pytest.approx(distance, abs=1e-4)
    pixels = slow.gfla(results, truths, False, 1.2)
    assert found["SSIM"] == pytest.approx(pixels["SSIM"], abs=1e-4)


def test_unequal_lists_are_refused(wide: Pictures) -> None:
    results, truths, _ = wide
    with pytest.raises(ValueError, match="2 results for 3"):
        measure(PROTOCOLS["clean-v1"], results[:2], truths)
    with pytest.raises(ValueError, match="Result 0"):
        measure(PROTOCOLS["clean-v1"], [each[:100] for each in results], truths)
    assert [whole_batches(n) for n in (3, 64, 8570)] == [3, 64, 8512]
