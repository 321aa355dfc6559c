"""Each loss against a literal computation, and at the points where it must be 0 or without effect."""

import math

import pytest
import torch
from torch.nn import functional

from rsagan.training import losses


def test_pixel_counts_by_weight() -> None:
    a, b = torch.zeros(1, 3, 2, 2), torch.zeros(1, 3, 2, 2)
    a[..., 0, 0] = 1
    assert losses.pixel(a, b).item() == pytest.approx(0.25)
    weight = torch.tensor([[[[3.0, 1.0], [1.0, 1.0]]]])
    assert losses.pixel(a, b, weight).item() == pytest.approx(0.5)


def test_relative_l1_and_its_gradient() -> None:
    a, b = torch.randn(2, 5, 4, 3, requires_grad=True), torch.randn(2, 5, 4, 3)
    value = losses.relative_l1(a, b)
    expected = (a - b).abs().mean() / b.abs().mean()
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(torch.autograd.grad(3 * value, a)[0], torch.autograd.grad(3 * expected, a)[0])


def test_relative_l1_of_bfloat16_is_as_good() -> None:
    a, b = torch.randn(2, 64, 16, 16).bfloat16().requires_grad_(), torch.randn(2, 64, 16, 16).bfloat16()
    value = losses.relative_l1(a, b)
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(
        ((a.float() - b.float()).abs().mean() / b.float().abs().mean()).item(), rel=5e-3
    )
    value.backward()
    assert a.grad is not None
    assert a.grad.dtype == torch.bfloat16


def test_gram_is_the_mean_of_outer_products() -> None:
    features = torch.randn(2, 3, 4, 5)
    expected = torch.zeros(2, 3, 3)
    for y in range(4):
        for x in range(5):
            vector = features[:, :, y, x]
            expected += vector[:, :, None] * vector[:, None] / 20
    torch.testing.assert_close(losses.gram(features), expected)
    torch.testing.assert_close(losses.gram(features.contiguous(memory_format=torch.channels_last)), expected)


def test_style_does_not_see_where() -> None:
    features = torch.randn(1, 4, 6, 6)
    moved = features.roll((2, 3), (2, 3))
    assert losses.style([moved], [features]).item() == pytest.approx(0, abs=1e-6)
    assert losses.perceptual([moved], [features]).item() > 0.1


def test_hinge_and_fool() -> None:
    real, fake = [torch.tensor([2.0, 0.5])], [torch.tensor([-3.0, 0.0])]
    assert losses.hinge(real, fake).item() == pytest.approx(0.25 + 0.5)
    assert losses.fool(fake).item() == pytest.approx(1.5)


def test_gradient_penalty_of_a_linear_critic() -> None:
    pictures = torch.randn(2, 3, 4, 4, requires_grad=True)
    slope = torch.randn(3, 4, 4)
    logits = [(pictures * slope).sum((1, 2, 3))]
    assert losses.gradient_penalty(logits, pictures).item() == pytest.approx(slope.square().sum().item(), rel=1e-5)


def test_rescoring_is_cross_entropy_with_the_share_of_regions() -> None:
    parsing = torch.randint(0, 8, (2, 8, 12))
    log_probability = torch.randn(2, 8, 2, 3).log_softmax(1)
    expected = 0.0
    for b in range(2):
        for y in range(8):
            for x in range(12):
                expected -= log_probability[b, parsing[b, y, x], y // 4, x // 4].item() / (2 * 8 * 12)
    assert losses.rescoring(log_probability, parsing).item() == pytest.approx(expected, rel=1e-5)


def test_target_parsing() -> None:
    parsing = torch.randint(0, 8, (2, 8, 8))
    right = functional.one_hot(parsing, 8).permute(0, 3, 1, 2) * 50.0
    assert losses.target_parsing(right, parsing).item() == pytest.approx(0, abs=1e-5)
    assert losses.target_parsing(right * 0, parsing).item() == pytest.approx(math.log(8), rel=1e-5)


def _flow(size: tuple[int, int]) -> torch.Tensor:
    return torch.full((1, 2, size[0] // 4, size[1] // 4), torch.nan)


def test_correspondence_at_a_cell_centre_asks_for_that_cell() -> None:
    size = (32, 24)
    flow = _flow(size)
    flow[0, :, 2:4, 0:2] = torch.tensor([11.5, 19.5])[:, None, None]  # target cell (1, 0), source cell (2, 1)
    log_w = torch.randn(1, 12, 12).log_softmax(2)
    assert losses.correspondence(log_w, flow, size).item() == pytest.approx(-log_w[0, 3, 7].item(), rel=1e-5)


def test_correspondence_spreads_over_four_cells() -> None:
    size = (32, 24)
    flow = _flow(size)
    flow[0, :, 0, 1] = torch.tensor([9.5, 5.5])  # in cells of 8: x = 0.75, y = 0.25
    log_w = torch.randn(1, 12, 12).log_softmax(2)
    row = log_w[0, 0]
    expected = 0.75 * (0.25 * row[0] + 0.75 * row[1]) + 0.25 * (0.25 * row[3] + 0.75 * row[4])
    assert losses.correspondence(log_w, flow, size).item() == pytest.approx(-expected.item(), rel=1e-5)


def test_correspondence_passes_over_cells_that_disagree_and_empty_truth() -> None:
    size = (32, 24)
    log_w = torch.randn(1, 12, 12, requires_grad=True)
    flow = _flow(size)
    flow[0, :, 0, 0] = torch.tensor([4.0, 4.0])
    flow[0, :, 1, 1] = torch.tensor([18.0, 4.0])
    for truth in (flow, _flow(size)):
        value = losses.correspondence(log_w.log_softmax(2), truth, size)
        assert value.item() == 0
        (gradient,) = torch.autograd.grad(value, log_w)
        assert not gradient.any()


def test_correspondence_at_the_border_stays_inside() -> None:
    size = (32, 24)
    flow = _flow(size)
    flow[0, :, -1, -1] = torch.tensor([23.4, 31.4])
    log_w = torch.randn(1, 12, 12).log_softmax(2)
    assert losses.correspondence(log_w, flow, size).item() == pytest.approx(-log_w[0, 11, 11].item(), rel=1e-4)


def test_carried_moves_cells_by_w() -> None:
    source, target = torch.rand(2, 5, 2, 3), torch.rand(2, 5, 2, 3)
    w = torch.rand(2, 6, 6).softmax(2)
    weight = torch.zeros(2, 1, 2, 3)
    weight[1, 0, 1, 0], weight[1, 0, 0, 2] = 1, 0.5
    expected = 0.0
    for cell, share in ((3, 1.0), (2, 0.5)):
        arrived = sum(w[1, cell, s] * source[1].flatten(1)[:, s] for s in range(6))
        expected += share * (arrived - target[1].flatten(1)[:, cell]).abs().mean().item() / 1.5
    assert losses.carried(w.log(), source, target, weight).item() == pytest.approx(expected, rel=1e-5)
    assert losses.carried(w.log(), source, target, weight * 0).item() == 0


def test_flow_error_counts_known_cells_only() -> None:
    truth = torch.full((1, 2, 2, 2), torch.nan)
    truth[0, :, 0, 0] = torch.tensor([10.0, 20.0])
    flow = torch.zeros(1, 2, 2, 2, requires_grad=True)
    expected = ((10 / 4 - 0.5) + (20 / 4 - 0.5)) / 2
    value = losses.flow_error(flow, truth)
    assert value.item() == pytest.approx(expected)
    value.backward()
    assert flow.grad is not None
    assert (flow.grad != 0).sum() == 2
    assert losses.flow_error(flow, truth * torch.nan).item() == 0
