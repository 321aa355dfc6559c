"""Module C against loops over heads, positions and tokens."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from rsagan.network.style_integration import (
    DepthwiseProjection,
    GatedFeedForward,
    IntegrationBlock,
    PlainBlocks,
    region_bias,
)

h, w = 4, 3
CELLS = [(row, column) for row in range(h) for column in range(w)]


def rows_of(x: np.ndarray) -> np.ndarray:
    return np.stack([x[:, row, column] for row, column in CELLS])


def project(module: DepthwiseProjection, x: np.ndarray, literal: Any) -> np.ndarray:
    """1x1, then each channel alone 3x3."""
    result: np.ndarray = literal.depthwise(module.depth, literal.conv(module.point, x))
    return result


def feed_forward(module: GatedFeedForward, x: np.ndarray, literal: Any) -> np.ndarray:
    both = project(module.expand, literal.norm(x, 16, module.norm), literal)
    a, b = both[: len(both) // 2], both[len(both) // 2 :]
    result: np.ndarray = x + literal.conv(module.contract, literal.gelu(a) * b)
    return result


def attend(
    block: IntegrationBlock, x: np.ndarray, source: np.ndarray, tokens: np.ndarray | None, bias: Any, literal: Any
) -> np.ndarray:
    """The block up to the gate: head by head and place by place."""
    z = literal.norm(x, 16, block.norm)
    queries = rows_of(project(block.query, z, literal))
    both = rows_of(project(block.key_value, source, literal))
    if tokens is not None:
        weight = literal.array(block.token_key_value.weight)
        offset = literal.array(block.token_key_value.bias)
        both = np.concatenate([both, np.stack([weight @ token + offset for token in tokens])])
    channels = len(x)
    keys, values = both[:, :channels], both[:, channels:]
    width = channels // block.heads
    attended = np.zeros((channels, h, w))
    for head in range(block.heads):
        mine = slice(head * width, (head + 1) * width)
        for i, (row, column) in enumerate(CELLS):
            logits = np.array([queries[i, mine] @ key[mine] / math.sqrt(width) for key in keys])
            if bias is not None:
                logits = logits + math.log(1 + math.exp(block.bias_strength.item())) * bias[i]
            weights = literal.softmax(logits)
            attended[mine, row, column] = sum(a * value[mine] for a, value in zip(weights, values, strict=True))
    return attended


def attend_over_channels(
    block: IntegrationBlock, x: np.ndarray, source: np.ndarray, carried: np.ndarray, literal: Any
) -> np.ndarray:
    """The same over channels; carried[i, j] is how much of the source's place j the target's place i receives."""
    queries = rows_of(project(block.query, literal.norm(x, 16, block.norm), literal))
    lies = rows_of(project(block.key_value, source, literal))
    both = np.stack([sum(share * place for share, place in zip(shares, lies, strict=True)) for shares in carried])
    channels = len(x)
    keys, values = both[:, :channels], both[:, channels:]
    width = channels // block.heads
    attended = np.zeros((channels, h, w))
    for head in range(block.heads):
        for target in range(head * width, (head + 1) * width):
            alike = []
            for other in range(head * width, (head + 1) * width):
                q, k = queries[:, target], keys[:, other]
                alike.append(8 * (q @ k) / math.sqrt(q @ q) / math.sqrt(k @ k))
            weights = literal.softmax(np.array(alike))
            for i, (row, column) in enumerate(CELLS):
                attended[target, row, column] = weights @ values[i, head * width : (head + 1) * width]
    return attended


def finish(block: IntegrationBlock, x: np.ndarray, attended: np.ndarray, literal: Any) -> np.ndarray:
    gate = literal.gelu(project(block.gate, literal.norm(x, 16, block.norm), literal))
    return feed_forward(block.feed_forward, x + literal.conv(block.out, gate * attended), literal)


def test_depthwise_projection(literal: Any, shake: Any) -> None:
    module = shake(DepthwiseProjection(3, 5), 0.3)
    x = torch.randn(1, 3, h, w)
    np.testing.assert_allclose(literal.array(module(x)[0]), project(module, literal.array(x[0]), literal), atol=1e-5)


def test_gated_feed_forward(literal: Any, shake: Any) -> None:
    module = shake(GatedFeedForward(32), 0.3)
    assert module.contract.in_channels == 48
    x = torch.randn(1, 32, h, w) + 1
    np.testing.assert_allclose(
        literal.array(module(x)[0]), feed_forward(module, literal.array(x[0]), literal), atol=1e-4
    )


@pytest.mark.parametrize("heads", [1, 2, 4])
def test_a_block_over_places(heads: int, tiny: Any, literal: Any, shake: Any) -> None:
    block = shake(IntegrationBlock(tiny(integration="spatial", heads=heads)), 0.3)
    x, source, tokens = torch.randn(2, 16, h, w), torch.randn(2, 32, h, w), torch.randn(2, 16, 16)
    bias = -3 * torch.rand(2, 1, 12, 12 + 16)
    side = block.encode(source, tokens)
    assert side.keys.shape == side.values.shape == (2, 28, 16)
    given = block(x, side, bias)
    for b in range(2):
        one = literal.array(x[b])
        attended = attend(
            block, one, literal.array(source[b]), literal.array(tokens[b]), literal.array(bias[b, 0]), literal
        )
        np.testing.assert_allclose(literal.array(given[b]), finish(block, one, attended, literal), atol=1e-4)


def test_a_block_over_places_without_semantics(tiny: Any, literal: Any, shake: Any) -> None:
    block = shake(IntegrationBlock(tiny("no_semantics", integration="spatial")), 0.3)
    x, source = torch.randn(2, 2, 16, h, w)
    given = block(x, block.encode(source, None), None)
    for b in range(2):
        one = literal.array(x[b])
        attended = attend(block, one, literal.array(source[b]), None, None, literal)
        np.testing.assert_allclose(literal.array(given[b]), finish(block, one, attended, literal), atol=1e-4)


@pytest.mark.parametrize("name", ["full", "no_semantics"])
def test_a_block_over_channels(name: str, tiny: Any, literal: Any, shake: Any) -> None:
    block = shake(IntegrationBlock(tiny(name, integration="warped")), 0.3)
    x, source = torch.randn(2, 16, h, w), torch.randn(2, 32 if name == "full" else 16, h, w)
    carried = torch.randn(2, 12, 12).softmax(2)
    side = block.encode(source, torch.randn(2, 16, 16))  # tokens, which it does not ask
    assert side.keys.shape == side.values.shape == (2, 12, 16)
    for given, shares in ((block(x, side.warped(carried), None), carried), (block(x, side, None), torch.eye(12)[None])):
        for b in range(2):
            one, where = literal.array(x[b]), literal.array(shares[b % len(shares)])
            attended = attend_over_channels(block, one, literal.array(source[b]), where, literal)
            np.testing.assert_allclose(literal.array(given[b]), finish(block, one, attended, literal), atol=1e-4)


def reach(integration: str, tiny: Any, carried: torch.Tensor | None = None) -> set[tuple[int, int]]:
    """Target cells that feel a change of the source's top left cell in a wide map."""
    block = IntegrationBlock(tiny(integration=integration))
    x, source = torch.randn(1, 16, 2, 12), torch.randn(1, 32, 2, 12)
    other = source.clone()
    other[..., 0, 0] += 5
    side, changed = block.encode(source, None), block.encode(other, None)
    if integration != "spatial":
        # Weights between channels are taken from the same keys; only what they re-mix differs.
        changed = changed._replace(keys=side.keys)
    if carried is not None:
        side, changed = side.warped(carried), changed.warped(carried)
    # Seen before the feed-forward, whose normalisation takes its mean over the whole map.
    seen: list[torch.Tensor] = []
    block.feed_forward.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    block(x, side, None)
    block(x, changed, None)
    difference = (seen[0] - seen[1]).abs().amax(1)[0]
    return {(row, column) for row in range(2) for column in range(12) if difference[row, column] > 1e-7}


def test_what_moves_in_space(tiny: Any) -> None:
    assert len(reach("spatial", tiny)) == 24
    # The change spreads by the source's depth-wise 3x3 projection alone.
    assert max(column for _, column in reach("transposed", tiny)) == 1
    last_from_first = torch.eye(24).roll(10, 0)[None]  # each place of the target shows what lies ten places before
    assert {column for _, column in reach("warped", tiny, last_from_first)} == {10, 11}


def test_region_bias(literal: Any) -> None:
    target, source = torch.randn(2, 8, h, w).softmax(1), torch.randn(2, 8, h, w).softmax(1)
    target[0, :, 0, 0] = source[0, :, 1, 1] = torch.eye(8)[3]  # surely alike: at most 0, though 0.01 is added
    exists = torch.rand(2, 8)
    exists[0, 3], exists[0, 5] = 1.0, 0.0
    given = region_bias(target, source, exists, tokens=3)
    assert given.shape == (2, 1, 12, 12 + 24)
    for b in range(2):
        expected = np.zeros((12, 36))
        for i, (row, column) in enumerate(CELLS):
            p = literal.array(target[b, :, row, column])
            for j, (other_row, other_column) in enumerate(CELLS):
                same = sum(p[r] * float(source[b, r, other_row, other_column]) for r in range(8))
                expected[i, j] = math.log(min(1.0, same + 0.01))
            for region in range(8):
                for token in range(3):
                    expected[i, 12 + region * 3 + token] = math.log(min(1.0, p[region] * exists[b, region] + 0.01))
        np.testing.assert_allclose(literal.array(given[b, 0]), expected, atol=1e-4)
    assert float(given.max()) == 0.0
    assert float(given[0, 0, :, 12 + 15 : 12 + 18].max()) == pytest.approx(math.log(0.01), abs=1e-5)


def test_a_place_attends_to_its_own_region(tiny: Any) -> None:
    """The bias draws attention towards, not away from, source places of the predicted region."""
    target, source = torch.zeros(1, 8, h, w), torch.zeros(1, 8, h, w)
    target[:, 3] = 1
    source[:, 3, :, 0] = 1
    source[:, 0, :, 1:] = 1
    exists = torch.zeros(1, 8)
    exists[:, [0, 3]] = 1
    bias = region_bias(target, source, exists, 2)
    block = IntegrationBlock(tiny(integration="spatial"))
    assert block.bias_strength is not None
    with torch.no_grad():
        block.bias_strength.fill_(3.0)
        block.query.point.weight.zero_()
        block.query.depth.bias.zero_()
        block.query.point.bias.zero_()
    values = torch.zeros(1, 28, 16)
    own = [row * w for row in range(h)] + [12 + 6, 12 + 7]  # the first column, and the region's two tokens
    values[:, own] = 1
    side = block.encode(torch.randn(1, 32, h, w), torch.randn(1, 16, 16))
    seen: list[torch.Tensor] = []
    block.out.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    gate = block.gate(block.norm(torch.ones(1, 16, h, w)))
    block(torch.ones(1, 16, h, w), side._replace(values=values), bias)
    torch.testing.assert_close(seen[0], torch.nn.functional.gelu(gate), atol=1e-3, rtol=1e-3)


def test_plain_blocks(tiny: Any, literal: Any, shake: Any) -> None:
    module = shake(PlainBlocks(tiny("no_integration")))
    assert len(module.blocks) == 2
    x = torch.randn(1, 16, h, w)
    expected = literal.array(x[0])
    for block in module.blocks:
        expected = literal.residual(block, expected)
    np.testing.assert_allclose(literal.array(module(x)[0]), expected, atol=1e-4)
