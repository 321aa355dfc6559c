"""Module B against loops over target and source positions."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from rsagan.network.pose_maps import rigid_motion
from rsagan.network.style_injection import (
    Modulation,
    PlainConditioning,
    RegionPainting,
    StyleInjection,
    normalised,
    read_flow,
)

SIZE = (32, 24)
h, w = 4, 3
CELLS = [(row, column) for row in range(h) for column in range(w)]


def literal_normalised(rows: np.ndarray) -> np.ndarray:
    """(N, D): minus the mean over positions, then each of length one."""
    mean = sum(rows) / len(rows)
    return np.stack([(row - mean) / math.sqrt(sum((row - mean) ** 2)) for row in rows])


def test_normalised_is_centred_over_positions_then_of_length_one(literal: Any) -> None:
    x = torch.randn(2, 7, 5) + 3
    for b in range(2):
        np.testing.assert_allclose(literal.array(normalised(x)[b]), literal_normalised(literal.array(x[b])), atol=1e-6)


def test_normalised_takes_equal_features_without_a_fault() -> None:
    assert normalised(torch.full((1, 5, 4), 2.0)).isfinite().all()


def build(shake: Any, config: Any) -> StyleInjection:
    module: StyleInjection = shake(StyleInjection(config), 0.3)
    return module


def literal_log_w(
    module: StyleInjection, keys: np.ndarray, queries: np.ndarray, source: Tensor, target: Tensor, literal: Any
) -> np.ndarray:
    temperature = min(max(math.exp(module.log_temperature.item()), 2.0), 60.0)
    strength = 0.0 if module.prior_strength is None else math.log(1 + math.exp(module.prior_strength.item()))
    # The rigid guess has its own test; here it is one of the inputs.
    guess, sure = (literal.array(x[0]) for x in rigid_motion(source[None], target[None], SIZE, 8))
    log_w = np.zeros((h * w, h * w))
    for i in range(h * w):
        logits = np.zeros(h * w)
        for j, cell in enumerate(CELLS):
            x, y = literal.centre(*cell, 8)
            far = ((guess[i, 0] - x) ** 2 + (guess[i, 1] - y) ** 2) / (2 * (0.15 * SIZE[0]) ** 2)
            logits[j] = temperature * (queries[i] @ keys[j]) - strength * sure[i] * min(far, 8.0)
        log_w[i] = np.log(literal.softmax(logits))
    return log_w


def rows_of(x: np.ndarray) -> np.ndarray:
    return np.stack([x[:, row, column] for row, column in CELLS])


@pytest.mark.parametrize("log_temperature", [-3.0, 2.5, 9.0])  # below, inside and above the clamp
@pytest.mark.parametrize("changes", [{}, {"prior": False}, {"semantics": False}])
def test_correspondence_equals_the_loops(
    changes: dict[str, bool], log_temperature: float, tiny: Any, people: Any, literal: Any, shake: Any
) -> None:
    module = build(shake, tiny(**changes))
    with torch.no_grad():
        module.log_temperature.fill_(log_temperature)
    _, _, source, target = people(2, SIZE)
    appearance, pose, semantics, target_pose = torch.randn(4, 2, 16, h, w)
    with_semantics = changes.get("semantics", True)
    side = module.encode(appearance, pose, semantics if with_semantics else None)
    log_w = module.correspond(side.keys, target_pose, source[:, None], target, SIZE)
    assert log_w.shape == (2, 12, 12)
    assert log_w.dtype == torch.float32
    for b in range(2):
        known = literal.array(pose[b])
        if with_semantics:
            known = np.concatenate([known, literal.array(semantics[b])])
        keys = literal_normalised(rows_of(literal.conv(module.key, known)))
        queries = literal_normalised(rows_of(literal.conv(module.query, literal.array(target_pose[b]))))
        expected = literal_log_w(module, keys, queries, source[b], target[b], literal)
        np.testing.assert_allclose(literal.array(log_w[b]), expected, atol=2e-3 if log_temperature > 5 else 2e-4)
        np.testing.assert_allclose(
            literal.array(side.values[b]), rows_of(literal.conv(module.value, literal.array(appearance[b]))), atol=1e-4
        )


def test_w_is_a_distribution_over_the_source(tiny: Any, people: Any) -> None:
    module = StyleInjection(tiny())
    _, _, source, target = people(2, SIZE)
    side = module.encode(*torch.randn(3, 2, 16, h, w))
    log_w = module.correspond(side.keys, torch.randn(2, 16, h, w), source[:, None], target, SIZE)
    torch.testing.assert_close(log_w.exp().sum(2), torch.ones(2, 12))


def literal_modulation(module: Modulation, pose: np.ndarray, style: np.ndarray, literal: Any) -> np.ndarray:
    both = literal.conv(module.scale_shift, literal.act(literal.conv(module.hidden, style)))
    scale, shift = both[: len(pose)], both[len(pose) :]
    inner = literal.norm(pose, 16) * (1 + scale) + shift
    return pose + literal.conv(module.out, literal.act(inner))


def test_modulation(literal: Any, shake: Any) -> None:
    module = shake(Modulation(32))
    pose, style = torch.randn(2, 1, 32, h, w) * 2 + 1
    expected = literal_modulation(module, literal.array(pose[0]), literal.array(style[0]), literal)
    np.testing.assert_allclose(literal.array(module(pose, style)[0]), expected, atol=1e-4)


def test_w_carries_the_style_that_modulates_the_pose(tiny: Any, literal: Any, shake: Any) -> None:
    module = build(shake, tiny())
    side = module.encode(*torch.randn(3, 2, 16, h, w))
    pose = torch.randn(2, 16, h, w)
    log_w = (3 * torch.randn(2, 12, 12)).log_softmax(-1)
    given = module(side, pose, log_w)
    for b in range(2):
        style = np.zeros((16, h, w))
        for i, (row, column) in enumerate(CELLS):
            for j in range(h * w):
                style[:, row, column] += math.exp(float(log_w[b, i, j])) * literal.array(side.values[b, j])
        expected = literal_modulation(module.modulate, literal.array(pose[b]), style, literal)
        np.testing.assert_allclose(literal.array(given[b]), expected, atol=1e-4)


def test_region_painting(tiny: Any, literal: Any, shake: Any) -> None:
    """The rival: a mean code a region, painted where the source's regions and both poses let expect the region."""
    module = shake(RegionPainting(tiny("semantic_baseline")))
    appearance, source_pose, pose = torch.randn(3, 2, 16, h, w)
    regions = torch.randn(2, 8, h, w).softmax(1)
    regions[1, 3] = 0
    given = module(module.encode(appearance, source_pose, regions), pose)
    for b in range(2):
        values = literal.conv(module.value, literal.array(appearance[b]))
        mass = literal.array(regions[b])
        codes = []
        for region in range(8):
            code = sum(mass[region, row, column] * values[:, row, column] for row, column in CELLS)
            codes.append(code / max(mass[region].sum(), 1e-3))
        shares = np.broadcast_to(mass.mean((1, 2))[:, None, None], mass.shape)
        known = np.concatenate([literal.array(pose[b]), literal.array(source_pose[b]), mass, shares])
        expected = module.expect(module.meet(torch.from_numpy(known).float()[None]))[0]
        layout = literal.conv(module.layout, np.where(expected.detach() > 0, 1, 0.2) * literal.array(expected))
        style = np.zeros((16, h, w))
        for row, column in CELLS:
            likely = literal.softmax(layout[:, row, column])
            style[:, row, column] = sum(share * code for share, code in zip(likely, codes, strict=True))
        expected = literal_modulation(module.modulate, literal.array(pose[b]), style, literal)
        np.testing.assert_allclose(literal.array(given[b]), expected, atol=1e-4)


def test_plain_conditioning(tiny: Any, literal: Any, shake: Any) -> None:
    module = shake(PlainConditioning(tiny("no_injection")))
    appearance, pose = torch.randn(2, 2, 16, h, w)
    given = module(module.encode(appearance), pose)
    for b in range(2):
        values = literal.conv(module.value, literal.array(appearance[b]))
        code = sum(values[:, row, column] for row, column in CELLS) / len(CELLS)
        style = np.broadcast_to(code[:, None, None], (16, h, w))
        expected = literal_modulation(module.modulate, literal.array(pose[b]), style, literal)
        np.testing.assert_allclose(literal.array(given[b]), expected, atol=1e-4)


@pytest.mark.parametrize("radius", [0, 1, 2])
def test_read_flow_equals_the_loops_also_at_the_border(radius: int, literal: Any) -> None:
    rows, columns = 5, 4
    n = rows * columns
    # Every source cell, corners and borders included, is some target cell's maximum.
    log_w = 2 * torch.randn(2, n, n)
    log_w[0, torch.arange(n), torch.randperm(n)] += 12
    log_w = log_w.log_softmax(-1)
    reading = read_flow(log_w, rows, columns, radius)
    assert reading.flow.shape == (2, 2, rows, columns)
    assert reading.certainty.shape == (2, 1, rows, columns)
    for b in range(2):
        for i in range(n):
            mass = [math.exp(v) for v in log_w[b, i].tolist()]
            best = mass.index(max(mass))
            total, x, y = 0.0, 0.0, 0.0
            for j in range(n):
                row, column = divmod(j, columns)
                if abs(row - best // columns) <= radius and abs(column - best % columns) <= radius:
                    place = literal.centre(row, column, 8)
                    total, x, y = total + mass[j], x + mass[j] * place[0], y + mass[j] * place[1]
            at = (b, slice(None), i // columns, i % columns)
            np.testing.assert_allclose(literal.array(reading.flow[at]), [x / total, y / total], atol=1e-3)
            np.testing.assert_allclose(literal.array(reading.certainty[at]), [total], atol=1e-5)


def test_flow_does_not_average_left_and_right_limbs() -> None:
    """Two equal peaks far apart: the flow is one of them, and says that it is only half sure."""
    log_w = torch.full((1, 64, 64), -20.0)
    log_w[:, :, 8] = 0.0
    log_w[:, :, 15] = -0.01
    reading = read_flow(log_w.log_softmax(-1), 8, 8)
    torch.testing.assert_close(reading.flow[0, 0], torch.full((8, 8), 3.5), atol=1e-2, rtol=0)
    torch.testing.assert_close(reading.certainty, torch.full((1, 1, 8, 8), 0.5), atol=1e-2, rtol=0)


def test_queries_and_keys_learn_from_the_style_and_from_the_flow(tiny: Any, people: Any) -> None:
    _, _, source, target = people(1, SIZE)
    for way in ("style", "flow", "certainty"):
        module = StyleInjection(tiny())
        side = module.encode(*torch.randn(3, 1, 16, h, w))
        pose = torch.randn(1, 16, h, w)
        log_w = module.correspond(side.keys, pose, source[:, None], target, SIZE)
        if way == "style":
            module(side._replace(values=side.values.detach()), pose, log_w).square().sum().backward()
        else:
            getattr(read_flow(log_w, h, w), way).square().sum().backward()
        for parameter in (module.query.weight, module.key.weight, module.log_temperature, module.prior_strength):
            assert parameter is not None
            assert parameter.grad is not None, way
            assert parameter.grad.isfinite().all()
            assert parameter.grad.any(), way


def test_the_prior_alone_finds_the_rigid_motion(tiny: Any, figure: Any) -> None:
    """With features that say nothing, a target limb is sought where the source's limb is; the direction is right."""
    size = (128, 128)
    module = StyleInjection(tiny())
    with torch.no_grad():
        assert module.prior_strength is not None
        module.prior_strength.fill_(5.0)
    source = figure(size)
    target = source.clone()
    target[0, 10] = target[0, 9] + torch.tensor([-26.0, 4.0])  # the right shin is lifted sideways
    log_w = module.correspond(torch.zeros(1, 256, 8), torch.randn(1, 16, 16, 16), source[:, None], target, size)
    x, y = (target[0, 10] / 8).int().tolist()
    row, column = divmod(int(log_w[0, y * 16 + x].argmax()), 16)
    found = torch.tensor([column * 8 + 3.5, row * 8 + 3.5])
    assert torch.dist(found, source[0, 10]) < 10
    assert torch.dist(source[0, 10], target[0, 10]) > 30
