"""The discriminator: shapes, gradients, and that it looks at the pose."""

from typing import Any

import numpy as np
import pytest
import torch

from rsagan.network import Discriminator


@pytest.mark.parametrize("size", [(256, 176), (128, 88), (64, 64), (70, 53), (33, 200), (32, 32)])
def test_shapes(size: tuple[int, int], tiny: Any, people: Any) -> None:
    given = people(2, size)
    small, large = Discriminator(tiny())(given.source, given.source_points)
    h, w = -(-size[0] // 8), -(-size[1] // 8)
    assert small.shape == (2, 1, h, w)
    assert large.shape == (2, 1, h // 2, w // 2)
    assert small.isfinite().all()
    assert large.isfinite().all()


def test_it_equals_the_loops(tiny: Any, people: Any, literal: Any, shake: Any) -> None:
    module = shake(Discriminator(tiny()))
    given = people(2, (32, 48))
    logits = module(given.source, given.target_points)
    conv, act = literal.conv, literal.act
    for b in range(2):
        x = act(conv(module.to_half, literal.array(given.source[b]), stride=2))
        x = act(conv(module.to_quarter, x, stride=2))
        maps = literal.pose_maps(literal.array(given.target_points[b]), (32, 48), 4)
        x = act(np.concatenate([x, conv(module.pose, maps)]))
        x = act(conv(module.near, act(conv(module.to_eighth, x, stride=2))))
        small = conv(module.near_out, x)
        large = conv(module.far_out, act(conv(module.to_sixteenth, x, stride=2)))
        np.testing.assert_allclose(literal.array(logits[0][b]), small, atol=1e-4)
        np.testing.assert_allclose(literal.array(logits[1][b]), large, atol=1e-4)


def test_gradient_reaches_every_pixel_and_parameter_twice_over(tiny: Any, people: Any) -> None:
    """The gradient penalty needs the gradient's own gradient."""
    module = Discriminator(tiny())
    given = people(1, (64, 48))
    picture = given.source.requires_grad_()
    logits = module(picture, given.source_points)
    sum(part.sum() for part in logits).backward(retain_graph=True)
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any(), name
    (gradient,) = torch.autograd.grad(sum(part.sum() for part in logits), picture, create_graph=True)
    assert (gradient.abs().amax(1) > 0).all()
    module.zero_grad()
    gradient.square().sum().backward()
    assert module.to_half.weight.grad is not None
    assert module.to_half.weight.grad.any()


def test_it_judges_the_picture_for_a_pose(tiny: Any, people: Any) -> None:
    module = Discriminator(tiny())
    given = people(1, (64, 48))
    with torch.no_grad():
        one, other = module(given.source, given.source_points), module(given.source, given.target_points)
        again = module(given.source, given.source_points)
        unknown = module(given.source, torch.full_like(given.source_points, torch.nan))
    for a, b, c, d in zip(one, other, again, unknown, strict=True):
        assert float((a - b).abs().max()) > 1e-4
        assert torch.equal(a, c)
        assert d.isfinite().all()


def test_joints_serve_several_pictures_in_turns() -> None:
    torch.manual_seed(0)
    network, points = Discriminator(), torch.rand(2, 18, 2) * 64
    pictures = torch.rand(4, 3, 64, 64) * 2 - 1
    once, twice = network(pictures, points), network(pictures, torch.cat([points, points]))
    for a, b in zip(once, twice, strict=True):
        torch.testing.assert_close(a, b)
