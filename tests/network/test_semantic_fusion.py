"""Module A against loops over regions, pixels and tokens, and its promise that regions see their own joints alone."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from rsagan.network.encoders import Appearance
from rsagan.network.semantic_fusion import (
    Evidence,
    RegionalMatch,
    SemanticFusion,
    Semantics,
    TokenPooling,
    region_channels,
)
from rsagan.people import LIMBS, REGION_JOINTS, Region

SIZE = (32, 24)
M = 3  # hidden channels a region in the tiny network
MOST = max(len(joints) + 3 * sum({a, b} <= set(joints) for a, b in LIMBS) for joints in REGION_JOINTS.values())


def random_appearance(batch: int, size: tuple[int, int] = SIZE) -> Appearance:
    h, w = size
    return Appearance(
        torch.randn(batch, 16, h // 2, w // 2),
        torch.randn(batch, 16, h // 4, w // 4),
        torch.randn(batch, 16, h // 8, w // 8),
    )


def whole(module: SemanticFusion, parsing: Tensor, points: Tensor, appearance: Appearance) -> Semantics:
    """The match, then what is made of it; one appearance stands for before and after."""
    return module(module.match(parsing, points, appearance.quarter), appearance)  # type: ignore[no-any-return]


def smooth(parsing: np.ndarray, literal: Any) -> np.ndarray:
    """95 % of each quarter cell's own regions, 5 % shared among all eight."""
    return 0.95 * literal.mean_pool(parsing, 4) + 0.05 / 8


def literal_evidence(module: Evidence, smoothed: np.ndarray, quarter: np.ndarray, literal: Any) -> Any:
    """Eight channels a region, (64, H/4, W/4), from the picture and all of the map."""
    x = literal.conv(module.first, np.concatenate([quarter, smoothed]))
    x = literal.residual(module.near, x)
    down, *blocks = module.around
    around = literal.conv(down, literal.act(x), stride=2)
    for block in blocks:
        around = literal.residual(block, around)
    assert len(blocks) == 2
    x = literal.residual(module.both, x + literal.enlarge(around))
    return literal.conv(module.last, literal.act(x))


def literal_match(module: RegionalMatch, smoothed: np.ndarray, points: Tensor, quarter: Tensor, literal: Any) -> Any:
    """Region after region, each with its own slice of the weights: (8 * M, H/4, W/4)."""
    evidence = literal_evidence(module.evidence, smoothed, literal.array(quarter), literal)
    maps = literal.pose_maps(literal.array(points), SIZE, 4, scale=0.28 * SIZE[0])
    hidden = []
    for region in range(8):
        joints = REGION_JOINTS[Region(region)]
        limbs = [i for i, (a, b) in enumerate(LIMBS) if a in joints and b in joints]
        own = [maps[joint] for joint in joints]
        own += [maps[18 + i] for i in limbs] + [maps[35 + i] for i in limbs] + [maps[52 + i] for i in limbs]
        own += [np.zeros_like(maps[0])] * (MOST - len(own))
        x = np.stack([smoothed[region], *evidence[region * 8 : (region + 1) * 8], *own])
        mine = slice(region * M, (region + 1) * M)

        def part(layer: Any, x: np.ndarray, dilation: int, mine: slice = mine) -> np.ndarray:
            weight, bias = literal.array(layer.weight)[mine], literal.array(layer.bias)[mine]
            return literal.act(literal.convolve(x, weight, bias, dilation=dilation))

        x = part(module.first, x, 1)
        x = x + part(module.second, x, 2)
        x = x + part(module.third, x, 4)
        hidden.append(x)
    return np.concatenate(hidden)


def test_regional_match(tiny: Any, people: Any, literal: Any, shake: Any) -> None:
    module = shake(RegionalMatch(tiny()))
    _, parsing, points, _ = people(2, SIZE)
    smoothed = [smooth(literal.array(one), literal) for one in parsing]
    quarter = random_appearance(2).quarter
    given = module(torch.tensor(np.stack(smoothed), dtype=torch.float32), points, quarter)
    for b in range(2):
        expected = literal_match(module, smoothed[b], points[b], quarter[b], literal)
        np.testing.assert_allclose(literal.array(given[b]), expected, atol=1e-4)


def test_the_whole_of_module_a(tiny: Any, people: Any, literal: Any, shake: Any) -> None:
    module = shake(SemanticFusion(tiny(integration="spatial")), 0.2)
    _, parsing, points, _ = people(2, SIZE)
    appearance = random_appearance(2)
    given = whole(module, parsing, points, appearance)
    assert module.compare is not None
    for b in range(2):
        smoothed = smooth(literal.array(parsing[b]), literal)
        hidden = literal_match(module.compare, smoothed, points[b], appearance.quarter[b], literal)
        weight, bias = literal.array(module.score.weight)[:, :, 0, 0], literal.array(module.score.bias)
        rescored = np.zeros((8, 8, 6))
        weighted = np.zeros((8 * M, 8, 6))
        for row in range(8):
            for column in range(6):
                logits = np.zeros(8)
                for region in range(8):
                    mine = hidden[region * M : (region + 1) * M, row, column]
                    logits[region] = math.log(smoothed[region, row, column]) + weight[region] @ mine + bias[region]
                sure = literal.softmax(logits)
                rescored[:, row, column] = np.log(sure)
                for region in range(8):
                    mine = slice(region * M, (region + 1) * M)
                    weighted[mine, row, column] = hidden[mine, row, column] * sure[region]
        np.testing.assert_allclose(literal.array(given.rescored[b]), rescored, atol=1e-4)
        sure = np.exp(rescored)
        np.testing.assert_allclose(literal.array(given.regions[b]), literal.mean_pool(sure, 2), atol=1e-5)
        features = literal.conv(module.to_features, np.concatenate([sure, weighted]), stride=2)
        np.testing.assert_allclose(literal.array(given.features[b]), features, atol=1e-4)
        tokens = literal_tokens(module.pool, literal.mean_pool(sure, 2), literal.array(appearance.eighth[b]), literal)
        np.testing.assert_allclose(literal.array(given.tokens[b]), tokens, atol=1e-4)


def literal_tokens(pool: TokenPooling, regions: np.ndarray, appearance: np.ndarray, literal: Any) -> np.ndarray:
    """Token after token: a softmax over positions of query . key / sqrt(C) + log of the region's probability."""
    keys = literal.conv(pool.keys, appearance)
    channels, h, w = appearance.shape
    queries = literal.array(pool.queries)
    tokens = []
    for region in range(8):
        for query in queries[region]:
            logits = []
            for row in range(h):
                for column in range(w):
                    similarity = query @ keys[:, row, column] / math.sqrt(channels)
                    logits.append(similarity + math.log(regions[region, row, column] + 1e-6))
            weights = literal.softmax(np.array(logits))
            tokens.append(sum(weights[row * w + column] * appearance[:, row, column]
                              for row in range(h) for column in range(w)))  # fmt: skip
    return np.stack(tokens)


def test_token_pooling(tiny: Any, literal: Any, shake: Any) -> None:
    pool = shake(TokenPooling(tiny(tokens=3)), 1.0)
    regions, appearance = torch.rand(2, 8, 4, 3).softmax(1), torch.randn(2, 16, 4, 3)
    regions[0, 5] = 0  # a region that is nowhere still gives finite tokens
    given = pool(regions, appearance)
    assert given.shape == (2, 24, 16)
    for b in range(2):
        expected = literal_tokens(pool, literal.array(regions[b]), literal.array(appearance[b]), literal)
        np.testing.assert_allclose(literal.array(given[b]), expected, atol=1e-4)


def test_a_token_comes_from_its_own_region(tiny: Any) -> None:
    regions, appearance = torch.zeros(1, 8, 4, 4), torch.zeros(1, 16, 4, 4)
    regions[0, :, :, :2] = torch.eye(8)[0][:, None, None]
    regions[0, :, :, 2:] = torch.eye(8)[4][:, None, None]
    appearance[0, :, :, 2:] = 7.0
    tokens = TokenPooling(tiny())(regions, appearance).detach().unflatten(1, (8, 2))
    assert float(tokens[0, 0].abs().max()) < 1e-3
    torch.testing.assert_close(tokens[0, 4], torch.full((2, 16), 7.0), atol=1e-3, rtol=0)


def test_without_the_match_the_parsing_stays_as_it_was(tiny: Any, people: Any, literal: Any) -> None:
    module = SemanticFusion(tiny("no_match"))
    _, parsing, points, _ = people(1, SIZE)
    given = whole(module, parsing, points, random_appearance(1))
    expected = np.log(smooth(literal.array(parsing[0]), literal))
    np.testing.assert_allclose(literal.array(given.rescored[0]), expected, atol=1e-5)
    assert given.features is not None


def block_of_cloth(height: int, width: int, size: tuple[int, int] = (64, 48)) -> Tensor:
    """A parsing of background with a rectangle of the upper garment, in whole eighth cells."""
    labels = torch.zeros(size, dtype=torch.long)
    labels[8 : 8 + height, 8 : 8 + width] = Region.UPPER
    return torch.nn.functional.one_hot(labels, 8).permute(2, 0, 1)[None].float()


@pytest.mark.parametrize("name", ["full", "no_match"])
def test_exists_tells_what_the_source_shows(name: str, tiny: Any, figure: Any, literal: Any) -> None:
    module = SemanticFusion(tiny(name))
    if module.score is not None:
        torch.nn.init.zeros_(module.score.weight)
        torch.nn.init.zeros_(module.score.bias)
    given = whole(module, block_of_cloth(24, 16), figure((64, 48)), random_appearance(1, (64, 48)))
    shown = [region for region in Region if given.exists[0, region] > 0.99]
    assert shown == [Region.BACKGROUND, Region.UPPER]
    gone = [region for region in Region if given.exists[0, region] < 0.01]
    assert len(gone) == 6


def test_exists_follows_the_re_scored_parsing(tiny: Any, people: Any, literal: Any, shake: Any) -> None:
    """Probability above the 5 % that smoothing hands out, averaged over the frame, full at a 250th of it."""
    module = shake(SemanticFusion(tiny()), 0.3)
    _, parsing, points, _ = people(2, (64, 48))
    parsing[:, 0] += parsing[:, 6] + parsing[:, 7]
    parsing[:, 6:] = 0
    given = whole(module, parsing, points, random_appearance(2, (64, 48)))
    for b in range(2):
        for region in range(8):
            cells = literal.array(given.regions[b, region]).ravel()
            expected = min(1.0, 250 * sum(max(0.0, cell - 0.05) for cell in cells) / len(cells))
            assert given.exists[b, region].item() == pytest.approx(expected, abs=1e-4)


def test_a_speck_exists_only_in_part(tiny: Any, figure: Any) -> None:
    module = SemanticFusion(tiny("no_match"))
    size = (256, 176)
    given = whole(module, block_of_cloth(8, 8, size), figure(size), random_appearance(1, size))  # a 704th of the frame
    assert 0.1 < float(given.exists[0, Region.UPPER]) < 0.5


def test_what_nothing_reads_is_not_built(tiny: Any) -> None:
    assert SemanticFusion(tiny("no_match")).score is None
    assert SemanticFusion(tiny(integration="spatial")).pool is not None
    assert SemanticFusion(tiny(integration="warped")).pool is None
    assert not list(SemanticFusion(tiny("semantic_baseline")).parameters())


# Isolation: the match's scale is the frame's, so nothing at all passes from one region's joints to another region.


def scores(module: SemanticFusion, points: Tensor, parsing: Tensor, quarter: Tensor) -> Tensor:
    assert module.compare is not None
    assert module.score is not None
    pooled = torch.nn.functional.avg_pool2d(parsing, 4)
    with torch.no_grad():
        return module.score(module.compare(0.95 * pooled + 0.05 / 8, points, quarter))


@pytest.mark.parametrize("change", ["moved", "missing"])
@pytest.mark.parametrize("joint", range(18))
def test_no_region_sees_another_region_s_joints(
    joint: int, change: str, tiny: Any, people: Any, figure: Any, shake: Any
) -> None:
    module = shake(SemanticFusion(tiny()), 0.3)
    parsing = people(1, SIZE).parsing
    quarter = random_appearance(1).quarter
    points = figure(SIZE)
    other = points.clone()
    other[0, joint] = torch.nan if change == "missing" else other[0, joint] + torch.tensor([1.5, -1.0])
    before, after = scores(module, points, parsing, quarter), scores(module, other, parsing, quarter)
    for region in Region:
        same = torch.equal(before[:, region], after[:, region])
        assert same == (joint not in REGION_JOINTS[region]), region.name


def test_the_gradient_says_the_same(tiny: Any, people: Any, figure: Any, shake: Any) -> None:
    module = shake(SemanticFusion(tiny()), 0.3)
    assert module.compare is not None
    assert module.score is not None
    parsing = people(1, SIZE).parsing
    smoothed = 0.95 * torch.nn.functional.avg_pool2d(parsing, 4) + 0.05 / 8
    quarter = random_appearance(1).quarter
    for joint in range(18):
        points = figure(SIZE).requires_grad_()
        score = module.score(module.compare(smoothed, points, quarter))
        for region in Region:
            (gradient,) = torch.autograd.grad(score[0, region].sum(), points, retain_graph=True)
            assert gradient.isfinite().all()
            assert bool(gradient[0, joint].any()) == (joint in REGION_JOINTS[region]), (joint, region.name)


def test_without_the_match_no_joint_is_heard(tiny: Any, people: Any, figure: Any, shake: Any) -> None:
    module = shake(SemanticFusion(tiny("no_match")), 0.3)
    parsing, appearance = people(1, SIZE).parsing, random_appearance(1)
    points = figure(SIZE)
    before = whole(module, parsing, points, appearance).features
    after = whole(module, parsing, points + 3, appearance).features
    assert before is not None
    assert torch.equal(before, after)


def test_channels_of_a_region_are_its_joints_and_the_limbs_between_them() -> None:
    channels = region_channels()
    assert channels[Region.BACKGROUND] == []
    shin = LIMBS.index((9, 10))
    forearm = LIMBS.index((3, 4))
    for kind in range(3):
        assert 18 + 17 * kind + shin in channels[Region.LEGS]
        assert 18 + 17 * kind + forearm not in channels[Region.LEGS]
        assert 18 + 17 * kind + forearm in channels[Region.ARMS]
        assert 18 + 17 * kind + shin not in channels[Region.DRESS]
