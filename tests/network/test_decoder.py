"""The local match against loops, and the detail path's coordinates from 1/8 to full resolution."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from rsagan.network.decoder import Decoder, LocalMatch, Painted, alike, carry, enlarged
from rsagan.network.encoders import Appearance, PoseFeatures
from rsagan.network.layers import GAP, stacked
from rsagan.network.style_injection import FlowReading

H, W = 48, 64


def centres(rows: int, columns: int, stride: int, literal: Any) -> Tensor:
    """(1, 2, rows, columns): x, y of each cell's centre."""
    cells = [[literal.centre(row, column, stride) for column in range(columns)] for row in range(rows)]
    return torch.tensor(cells).permute(2, 0, 1)[None]


def test_local_match_equals_the_loops(tiny: Any, literal: Any, shake: Any) -> None:
    module = shake(LocalMatch(tiny()), 0.3)
    rows, columns = 6, 4
    x, pose, appearance, source_pose = torch.randn(4, 2, 16, rows, columns)
    shift = 9 * torch.randn(2, 2, rows // 2, columns // 2)  # also beyond the border
    flow = centres(rows, columns, 4, literal) + shift.repeat_interleave(2, 2).repeat_interleave(2, 3)
    keys = module.encode(appearance, source_pose)
    finer, certainty = module(x, pose, keys, shift)
    assert finer.shape == (2, 2, rows, columns)
    assert certainty.shape == (2, 1, rows, columns)
    offsets = [(4 * i, 4 * j) for j in range(-2, 3) for i in range(-2, 3)]  # x runs fastest
    for b in range(2):
        both = np.concatenate([literal.array(appearance[b]), literal.array(source_pose[b])])
        expected_keys = literal.conv(module.key, both)
        for row in range(rows):
            for column in range(columns):
                length = math.sqrt(sum(v * v for v in expected_keys[:, row, column]))
                expected_keys[:, row, column] /= length
        np.testing.assert_allclose(literal.array(keys[b]), expected_keys, atol=1e-4)
        queries = literal.conv(module.query, np.concatenate([literal.array(x[b]), literal.array(pose[b])]))
        for row in range(rows):
            for column in range(columns):
                q = queries[:, row, column]
                start = flow[b, :, row, column].tolist()
                logits = np.zeros(25)
                for i, (dx, dy) in enumerate(offsets):
                    k = literal.read(expected_keys, start[0] + dx, start[1] + dy, 4)
                    cosine = q @ k / math.sqrt(q @ q)
                    logits[i] = 8 * cosine + module.lean[i].item()
                weights = literal.softmax(logits)
                place = [start[d] + sum(a * o[d] for a, o in zip(weights, offsets, strict=True)) for d in (0, 1)]
                np.testing.assert_allclose(literal.array(finer[b, :, row, column]), place, atol=1e-3)
                np.testing.assert_allclose(literal.array(certainty[b, 0, row, column]), max(weights), atol=1e-4)


def test_at_first_the_match_prefers_the_middle(tiny: Any) -> None:
    lean = LocalMatch(tiny()).lean.detach()
    assert int(lean.argmax()) == 12
    assert float(lean[12]) == 0.0
    assert float(lean[0]) == pytest.approx(-(8**2 + 8**2) / 32)  # the corner, two cells off both ways


def rigid_decoder(config: Any) -> Decoder:
    """A decoder whose match keeps the flow it is given and whose mask shows nothing but carried colours."""
    decoder = Decoder(config)
    with torch.no_grad():
        decoder.match.lean.fill_(-1e4)
        decoder.match.lean[12] = 0.0
        decoder.colours.weight.zero_()
        decoder.colours.bias.fill_(30.0)
    return decoder


def inputs(flow: Tensor, config: Any, decoder: Decoder, picture: Tensor) -> tuple[Any, ...]:
    b = len(flow)
    _, half, quarter, eighth = config.widths
    source = Appearance(
        torch.randn(b, half, H // 2, W // 2),
        torch.randn(b, quarter, H // 4, W // 4),
        torch.randn(b, eighth, H // 8, W // 8),
    )
    pose = PoseFeatures(torch.randn(b, quarter, H // 4, W // 4), torch.randn(b, eighth, H // 8, W // 8))
    keys = decoder.match.encode(source.quarter, torch.randn(b, quarter, H // 4, W // 4))
    reading = FlowReading(flow, torch.rand(b, 1, H // 8, W // 8))
    return torch.randn(b, eighth, H // 8, W // 8), pose, source, picture, keys, reading


def test_the_identity_carries_the_picture_itself(tiny: Any, literal: Any) -> None:
    config = tiny()
    decoder = rigid_decoder(config)
    picture = torch.rand(2, 3, H, W) * 2 - 1
    flow = centres(H // 8, W // 8, 8, literal).expand(2, -1, -1, -1)
    painted = decoder(*inputs(flow, config, decoder, picture))
    torch.testing.assert_close(painted.flow, centres(H // 4, W // 4, 4, literal).expand(2, -1, -1, -1))
    torch.testing.assert_close(painted.picture, picture, atol=1e-4, rtol=0)


@pytest.mark.parametrize("move", [(8, 0), (0, -8), (3, 5), (-16, 8)])
def test_a_shift_carries_the_shifted_picture(move: tuple[int, int], tiny: Any, literal: Any) -> None:
    config = tiny()
    decoder = rigid_decoder(config)
    picture = torch.rand(1, 3, H, W) * 2 - 1
    flow = centres(H // 8, W // 8, 8, literal) + torch.tensor(move)[:, None, None]
    painted: Painted = decoder(*inputs(flow, config, decoder, picture))
    for y in range(H):
        for x in range(W):
            seen = picture[0, :, min(max(y + move[1], 0), H - 1), min(max(x + move[0], 0), W - 1)]
            torch.testing.assert_close(painted.picture[0, :, y, x], seen, atol=1e-3, rtol=0)


def test_features_are_fetched_along_the_same_flow(tiny: Any, literal: Any) -> None:
    """What joins at 1/4 and 1/2 is the source's own feature at the moved place, weighed by one trust a place."""
    config = tiny()
    decoder = rigid_decoder(config)
    with torch.no_grad():
        for trust in (decoder.trust_quarter, decoder.trust_half):
            trust.weight.zero_()
            trust.bias.fill_(30.0)
    joined: dict[str, Tensor] = {}
    decoder.join_quarter.register_forward_pre_hook(lambda _, given: joined.update(quarter=given[0]))
    decoder.join_half.register_forward_pre_hook(lambda _, given: joined.update(half=given[0]))
    flow = centres(H // 8, W // 8, 8, literal) + torch.tensor([8.0, 4.0])[:, None, None]
    given = inputs(flow, config, decoder, torch.rand(1, 3, H, W))
    decoder(*given)
    source = given[2]
    quarter, half = decoder.fetch_quarter(source.quarter), decoder.fetch_half(source.half)
    torch.testing.assert_close(joined["quarter"][:, 32:, :-1, :-2], quarter[..., 1:, 2:], atol=1e-4, rtol=0)
    torch.testing.assert_close(joined["half"][:, 16:, :-2, :-4], half[..., 2:, 4:], atol=1e-4, rtol=0)


def literal_carry(features: np.ndarray, shift: np.ndarray, stride: int, literal: Any) -> np.ndarray:
    """Place after place: the four cells around say how far they moved; the mean, as far as they agree."""
    _, height, width = features.shape
    result = np.zeros_like(features)
    for row in range(height):
        for column in range(width):
            x, y = literal.centre(row, column, stride)
            asked = []
            for cell_row in range(-1, shift.shape[1] + 1):
                for cell_column in range(-1, shift.shape[2] + 1):
                    cell_x, cell_y = literal.centre(cell_row, cell_column, 4)
                    share = max(0.0, 1 - abs(x - cell_x) / 4) * max(0.0, 1 - abs(y - cell_y) / 4)
                    if share > 0:
                        # Beyond the border the nearest cell speaks.
                        r = min(max(cell_row, 0), shift.shape[1] - 1)
                        c = min(max(cell_column, 0), shift.shape[2] - 1)
                        asked.append((share, shift[:, r, c]))
            mean = sum(share * moved for share, moved in asked)
            apart = sum(share * math.dist(moved, mean) ** 2 for share, moved in asked)
            for share, moved in asked:
                dx, dy = moved + math.exp(-apart / 3**2) * (mean - moved)
                result[:, row, column] += share * literal.read(features, x + dx, y + dy, stride)
    return result


def test_carry_blends_what_is_found_not_where_it_is_sought(literal: Any) -> None:
    """Left half unmoved, right half from far away: between them a mixture of the two, and nothing of the middle."""
    picture = torch.zeros(1, 3, 16, 48)
    picture[..., :12], picture[..., 36:] = 1.0, 0.5
    picture[..., 12:36] = -7.0
    shift = torch.zeros(1, 2, 4, 12)
    shift[:, 0, :, 2:] = 32.0
    seen = carry(picture, shift, 1)[0, 0, 8, :12]
    assert seen.min() >= 0.5 - 1e-5
    assert seen.max() <= 1 + 1e-5
    assert bool((seen.diff() <= 1e-6).all())


def test_carry_stretches_smoothly() -> None:
    """Stripes, half as wide in the source, are stripes twice as wide: not one piece again and again."""
    stripes = torch.sin(torch.arange(48.0) * (2 * math.pi / 8)).expand(1, 1, 16, 48)
    shift = torch.zeros(1, 2, 4, 12)
    shift[:, 0] = -0.5 * (4 * torch.arange(12.0) + 1.5)
    seen = carry(stripes, shift, 1)[0, 0, 8, 4:-4]
    torch.testing.assert_close(seen, torch.sin(torch.arange(4.0, 44.0) * (2 * math.pi / 16)), atol=0.2, rtol=0)


@pytest.mark.parametrize("stride", [1, 2])
def test_carry_equals_the_loops(stride: int, literal: Any) -> None:
    features, shift = torch.randn(1, 2, 16 // stride, 24 // stride), 2 * torch.randn(1, 2, 4, 6)
    expected = literal_carry(literal.array(features[0]), literal.array(shift[0]), stride, literal)
    np.testing.assert_allclose(literal.array(carry(features, shift, stride)[0]), expected, atol=1e-4)


def literal_decoder(decoder: Decoder, given: tuple[Any, ...], literal: Any) -> tuple[np.ndarray, ...]:
    """The whole decoder for one item; the finer flow is an input, since the match has its own test."""
    x, pose, source, picture, keys, reading = given
    conv, act, enlarge = literal.conv, literal.act, literal.enlarge
    sigmoid = np.vectorize(lambda v: 1 / (1 + math.exp(-v)))

    def fetch(features: np.ndarray, flow: np.ndarray, stride: int) -> np.ndarray:
        _, rows, columns = flow.shape
        return np.stack(
            [[literal.read(features, *flow[:, r, c], stride) for c in range(columns)] for r in range(rows)]
        ).transpose(2, 0, 1)

    def middle(stride: int) -> np.ndarray:
        return literal.array(centres(H // stride, W // stride, stride, literal)[0])

    x = enlarge(act(conv(decoder.to_quarter, literal.array(x[0]))))
    certainty = np.zeros((1, H // 4, W // 4))
    shift = np.zeros((2, H // 8, W // 8))
    for row in range(H // 4):
        for column in range(W // 4):
            cell = (0, slice(None), row // 2, column // 2)
            certainty[:, row, column] = literal.array(reading.certainty[cell])
            moved = literal.array(reading.flow[cell]) - literal.centre(row // 2, column // 2, 8)
            shift[:, row // 2, column // 2] = moved
    flow, close = decoder.match(
        torch.tensor(x[None], dtype=torch.float32), pose.quarter, keys, torch.tensor(shift[None], dtype=torch.float32)
    )
    flow = literal.array(flow[0])
    fetched = fetch(conv(decoder.fetch_quarter, literal.array(source.quarter[0])), flow, 4)
    trust = sigmoid(conv(decoder.trust_quarter, np.concatenate([certainty, literal.array(close[0]), x])))
    x = np.concatenate([x, literal.array(pose.quarter[0]), fetched * trust])
    x = literal.residual(decoder.at_quarter, act(conv(decoder.join_quarter, x)))

    x = enlarge(act(conv(decoder.to_half, act(x))))
    shift = flow - middle(4)
    fetched = literal_carry(conv(decoder.fetch_half, literal.array(source.half[0])), shift, 2, literal)
    trust = sigmoid(conv(decoder.trust_half, np.concatenate([enlarge(certainty), x])))
    x = literal.residual(decoder.at_half, act(conv(decoder.join_half, np.concatenate([x, fetched * trust]))))
    parsing = enlarge(conv(decoder.parsing, act(x)))

    x = enlarge(act(conv(decoder.to_full, act(x))))
    carried = literal_carry(literal.array(picture[0]), shift, 1, literal)
    x = conv(decoder.colours, act(conv(decoder.at_full, act(conv(decoder.join_full, np.concatenate([x, carried]))))))
    mask = sigmoid(x[3:])
    return mask * carried + (1 - mask) * np.tanh(x[:3]), parsing, flow


def test_the_whole_decoder_equals_the_loops(tiny: Any, literal: Any, shake: Any) -> None:
    config = tiny()
    decoder = shake(Decoder(config))
    flow = centres(H // 8, W // 8, 8, literal) + 6 * torch.randn(1, 2, H // 8, W // 8)
    given = inputs(flow, config, decoder, torch.rand(1, 3, H, W) * 2 - 1)
    for theirs, mine in zip(decoder(*given), literal_decoder(decoder, given, literal), strict=True):
        np.testing.assert_allclose(literal.array(theirs[0]), mine, atol=2e-3)


def test_a_guessed_flow_starts_from_where_it_is(tiny: Any, literal: Any) -> None:
    """Without a correspondence each cell guesses a displacement, in cells, at most the frame's own extent."""
    decoder = Decoder(tiny("no_injection"))
    assert decoder.guess is not None
    x = torch.randn(2, 16, H // 8, W // 8)
    reading = decoder.base_flow(x, None)
    extent = torch.tensor([W, H])[:, None, None]
    cells = 8 * decoder.guess(x)
    torch.testing.assert_close(reading.flow, centres(H // 8, W // 8, 8, literal) + cells / (1 + (cells / extent).abs()))
    assert reading.certainty.shape == (2, 1, H // 8, W // 8)


def test_without_the_detail_path_nothing_of_it_is_built(tiny: Any) -> None:
    config = tiny("no_detail")
    decoder = Decoder(config)
    assert not any(name.split(".")[0] in ("match", "fetch_quarter", "guess") for name, _ in decoder.named_parameters())
    given = inputs(torch.zeros(1, 2, H // 8, W // 8), tiny(), Decoder(tiny()), torch.rand(1, 3, H, W))
    painted = decoder(*given[:4], None, given[5])
    assert painted.flow is None
    assert painted.picture.shape == (1, 3, H, W)
    assert painted.parsing_logits is not None
    assert painted.parsing_logits.shape == (1, 8, H, W)


def _halved(large: Tensor) -> Tensor:
    return functional.avg_pool2d(large, 2)


@pytest.mark.parametrize("size", [(32, 48), (30, 43)])
def test_what_is_copied_is_copied_from_the_larger_source(size: tuple[int, int], literal: Any) -> None:
    """Also where height and width are no multiples of 8 and the source was padded."""
    large = torch.rand(1, 3, 2 * size[0], 2 * size[1]) * 2 - 1
    picture = _halved(large)
    source, larger = (
        functional.pad(each, (0, f * (-size[1] % 8), 0, f * (-size[0] % 8)), mode="replicate")
        for f, each in ((1, picture), (2, large))
    )
    rows, columns = source.shape[2] // 4, source.shape[3] // 4
    still = centres(rows, columns, 4, literal)
    torch.testing.assert_close(enlarged(picture, still, source, larger), large, atol=1e-5, rtol=0)
    other = 0.02 * picture.flip(3) + 0.9  # far brighter, and turned round
    plain = functional.interpolate(other, scale_factor=2.0, mode="bicubic").clamp(-1, 1)
    torch.testing.assert_close(enlarged(other, still, source, larger), plain, atol=0.01, rtol=0)
    # Of several pictures, one below the other, the flow says which.
    second = still + torch.tensor([0.0, source.shape[2] + GAP])[:, None, None]
    several, several_large = stacked([-source, source], 1), stacked([-larger, larger], 1 / 2)
    torch.testing.assert_close(enlarged(picture, second, several, several_large), large, atol=1e-5, rtol=0)


def test_pictures_are_alike_where_structure_and_colours_are() -> None:
    one = torch.rand(1, 3, 12, 16) * 2 - 1
    assert alike(one, one).min() > 0.999
    assert alike(one, -one).max() < 0.5
    assert alike(one, one + 1).max() < 1e-6
    flat = torch.zeros_like(one)
    assert alike(flat, flat + 0.02).min() > 0.95
    half = torch.where(torch.arange(16) < 8, one, -one)
    assert alike(one, half)[..., :7].min() > 0.999
    assert alike(one, half)[..., 10:].max() < 0.5


def test_the_larger_source_is_read_where_the_flow_leads(literal: Any) -> None:
    large = torch.rand(1, 3, 64, 96) * 2 - 1
    source = _halved(large)
    flow = centres(8, 12, 4, literal) + torch.tensor([8.0, -4.0])[:, None, None]
    picture = carry(source, flow - centres(8, 12, 4, literal), 1)
    found = enlarged(picture, flow, source, large)
    torch.testing.assert_close(found[..., 8:, :-16], large[..., :-8, 16:], atol=1e-5, rtol=0)


def test_into_who_is_painted_alone_no_colours_are_blended(tiny: Any, literal: Any, shake: Any) -> None:
    config = tiny()
    decoder = shake(Decoder(config))
    with torch.no_grad():  # a quarter of the source's own colours everywhere
        decoder.colours.weight[3].zero_()
        decoder.colours.bias[3] = math.log(1 / 3)
    flow = centres(H // 8, W // 8, 8, literal) + 6 * torch.randn(1, 2, H // 8, W // 8)
    given = inputs(flow, config, decoder, torch.rand(1, 3, H, W) * 2 - 1)
    both, alone = (decoder(*given, torch.tensor([value])) for value in (False, True))
    torch.testing.assert_close(both.picture, decoder(*given).picture)
    carried = carry(given[3], both.flow - centres(H // 4, W // 4, 4, literal), 1)
    torch.testing.assert_close(both.picture, carried / 4 + alone.picture * 3 / 4, atol=1e-5, rtol=0)
