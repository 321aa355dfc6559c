"""Small parts: coordinates, sampling, normalisation."""

from typing import Any

import numpy as np
import pytest
import torch

from rsagan.network.layers import (
    ResidualBlock,
    cell_centres,
    conv,
    halve,
    initialise,
    map_of,
    norm,
    sample,
    tokens_of,
    up,
)

CPU = torch.device("cpu")


@pytest.mark.parametrize("stride", [1, 2, 4, 8])
def test_cell_centres_are_the_mean_of_each_cell_s_pixels(stride: int, literal: Any) -> None:
    centres = cell_centres(3, 5, stride, CPU)
    assert centres.shape == (15, 2)
    for row in range(3):
        for column in range(5):
            assert tuple(centres[row * 5 + column].tolist()) == literal.centre(row, column, stride)


def test_numbers_kept_while_painting_serve_training_later() -> None:
    features, places = torch.randn(1, 3, 7, 9), torch.zeros(1, 2, 2, 2, requires_grad=True)
    with torch.inference_mode():
        sample(features, places, 4)
    sample(features, places, 4).sum().backward()
    assert places.grad is not None


@pytest.mark.parametrize("stride", [1, 2, 4, 8])
def test_the_identity_returns_the_map_itself(stride: int) -> None:
    features = torch.randn(2, 3, 6, 5)
    places = cell_centres(6, 5, stride, CPU).T.reshape(1, 2, 6, 5).expand(2, -1, -1, -1)
    torch.testing.assert_close(sample(features, places, stride), features, atol=2e-6, rtol=0)


@pytest.mark.parametrize("stride", [1, 2, 4, 8])
def test_sample_reads_bilinearly_and_holds_the_border(stride: int, literal: Any) -> None:
    features = torch.randn(2, 3, 4, 6)
    # Places also lie far outside the frame.
    places = (torch.rand(2, 2, 3, 7) * 2 - 0.5) * torch.tensor([6.0 * stride, 4.0 * stride])[:, None, None]
    read = literal.array(sample(features, places, stride))
    for b in range(2):
        for row in range(3):
            for column in range(7):
                x, y = places[b, :, row, column].tolist()
                expected = literal.read(literal.array(features[b]), x, y, stride)
                np.testing.assert_allclose(read[b, :, row, column], expected, atol=1e-5)


def test_a_shifted_place_reads_the_shifted_pixel() -> None:
    picture = torch.randn(1, 3, 8, 9)
    places = cell_centres(8, 9, 1, CPU).T.reshape(1, 2, 8, 9) + torch.tensor([2.0, 3.0])[:, None, None]
    torch.testing.assert_close(sample(picture, places, 1)[..., :5, :7], picture[..., 3:, 2:], atol=2e-6, rtol=0)


def test_sample_keeps_half_precision_maps_but_reads_places_in_float32() -> None:
    ramp = torch.arange(512.0).expand(1, 1, 2, 512)
    place = torch.tensor([300.25, 0.0]).reshape(1, 2, 1, 1)
    read = sample(ramp.bfloat16(), place, 1)
    assert read.dtype == torch.bfloat16
    assert abs(float(read) - 300.25) < 2  # one step of bfloat16 at 300; a place in bfloat16 would add another
    assert float(sample(ramp, place, 1)) == pytest.approx(300.25, abs=1e-3)


def test_a_place_that_is_no_number_does_not_end_the_process() -> None:
    places = torch.full((1, 2, 2, 2), torch.nan, requires_grad=True)
    sample(torch.randn(1, 3, 4, 4, requires_grad=True), places, 1).sum().backward()
    assert places.grad is not None


def test_up_reads_each_new_pixel_at_its_centre(literal: Any) -> None:
    x = torch.randn(1, 2, 3, 4)
    np.testing.assert_allclose(literal.array(up(x)[0]), literal.enlarge(literal.array(x[0])), atol=1e-6)


def test_tokens_run_row_by_row() -> None:
    x = torch.arange(24.0).reshape(1, 2, 3, 4)
    tokens = tokens_of(x)
    assert tokens[0, 1 * 4 + 2].tolist() == x[0, :, 1, 2].tolist()
    torch.testing.assert_close(map_of(tokens, 3, 4), x)


@pytest.mark.parametrize(("channels", "a_group"), [(8, 8), (16, 16), (24, 8), (32, 16), (56, 8), (192, 16)])
def test_normalisation_groups_divide_every_allowed_width(channels: int, a_group: int, literal: Any) -> None:
    x = 3 + 2 * torch.randn(1, channels, 4, 3)
    module = norm(channels)
    torch.nn.init.normal_(module.weight)
    torch.nn.init.normal_(module.bias)
    expected = literal.norm(literal.array(x[0]), a_group, module)
    np.testing.assert_allclose(literal.array(module(x)[0]), expected, atol=1e-5)


@pytest.mark.parametrize(("kernel", "dilation"), [(1, 1), (3, 1), (3, 2), (3, 4)])
def test_conv_keeps_the_size(kernel: int, dilation: int, literal: Any) -> None:
    module = conv(2, 3, kernel=kernel, dilation=dilation)
    x = torch.randn(1, 2, 8, 6)
    weight, bias = literal.array(module.weight), literal.array(module.bias)
    expected = literal.convolve(literal.array(x[0]), weight, bias, 1, dilation)
    assert expected.shape == (3, 8, 6)
    np.testing.assert_allclose(literal.array(module(x)[0]), expected, atol=1e-5)


def test_halve_keeps_each_result_in_the_middle_of_its_pixels(literal: Any) -> None:
    module = halve(2, 3)
    x = torch.randn(1, 2, 8, 6)
    expected = literal.conv(module, literal.array(x[0]), stride=2)
    assert expected.shape == (3, 4, 3)
    np.testing.assert_allclose(literal.array(module(x)[0]), expected, atol=1e-5)
    # A mean over the kernel turns a ramp into the coordinates of the cells' centres.
    torch.nn.init.constant_(module.weight, 1 / 32)
    torch.nn.init.zeros_(module.bias)
    ramp = torch.arange(10.0).expand(1, 2, 10, 10)
    middle = module(ramp)[0, 0, 2, 1:-1]
    torch.testing.assert_close(middle, torch.tensor([2.5, 4.5, 6.5]))


def test_initialise_keeps_the_signal_and_quiets_the_heads() -> None:
    torch.manual_seed(0)
    layers = torch.nn.Sequential(*(torch.nn.Sequential(conv(32, 32), torch.nn.LeakyReLU(0.2)) for _ in range(8)))
    head = conv(32, 32)
    network = torch.nn.Sequential(layers, head)
    initialise(network, 0, head)
    x = torch.randn(2, 32, 24, 24)
    deep = layers(x)[:, :, 8:-8, 8:-8]
    assert 0.3 < deep.std() < 3
    assert network(x).std() < 0.3 * layers(x).std()


def test_residual_block(literal: Any, shake: Any) -> None:
    block = shake(ResidualBlock(8))
    x = torch.randn(1, 8, 4, 5)
    np.testing.assert_allclose(literal.array(block(x)[0]), literal.residual(block, literal.array(x[0])), atol=1e-5)


def test_gains_learn_where_nothing_before_them_does() -> None:
    layer, x = norm(32), torch.randn(2, 32, 8, 6)
    gradients = []
    for order in (torch.contiguous_format, torch.channels_last):
        layer.zero_grad()
        layer(x.contiguous(memory_format=order)).square().sum().backward()
        assert layer.weight.grad is not None
        gradients.append(layer.weight.grad.clone())
    torch.testing.assert_close(*gradients)
