"""The whole network: shapes, gradients, precision, and that nothing of the target but its joints can enter."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from rsagan.errors import InputError
from rsagan.evaluation.rows import ROWS
from rsagan.network import Encoded, Generator, Output
from rsagan.network.decoder import Decoder
from rsagan.network.generator import pad
from rsagan.network.style_injection import StyleInjection, read_flow
from rsagan.network.style_integration import region_bias
from rsagan.people import Region

SIZES = [(256, 176), (128, 88), (128, 64), (70, 53), (33, 200), (32, 32)]


def each(output: Output) -> dict[str, Tensor]:
    return {name: value for name, value in output._asdict().items() if value is not None}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ROWS)
def test_shapes(name: str, size: tuple[int, int], tiny: Any, people: Any) -> None:
    config = tiny(name)
    given = people(1 if size[0] > 200 else 2, size)
    b = len(given.source)
    with torch.no_grad():
        output = Generator(config)(*given)
    h, w = -(-size[0] // 8), -(-size[1] // 8)
    expected: dict[str, tuple[int, ...]] = {"picture": (b, 3, *size)}
    if config.semantics:
        expected["parsing_logits"] = (b, 8, *size)
        if config.match:
            expected["rescored"] = (b, 8, 2 * h, 2 * w)
    if config.injection == "correspondence":
        expected["log_correspondence"] = (b, h * w, h * w)
    if config.detail:
        expected["flow"] = (b, 2, 2 * h, 2 * w)
    found = each(output)
    assert {key: tuple(value.shape) for key, value in found.items()} == expected
    assert all(value.isfinite().all() for value in found.values())
    assert found["picture"].abs().max() <= 1
    assert all(found[key].dtype == torch.float32 for key in ("picture", "log_correspondence") if key in found)
    if "rescored" in found:
        torch.testing.assert_close(found["rescored"].exp().sum(1), torch.ones(b, 2 * h, 2 * w))


def a_loss(output: Output) -> Tensor:
    """Weighs every number of every output differently."""
    draw = torch.Generator().manual_seed(5)
    terms = [(value.float() * torch.randn(value.shape, generator=draw)).mean() for value in each(output).values()]
    return torch.stack(terms).sum()


@pytest.mark.parametrize("name", ROWS)
def test_every_parameter_learns(name: str, tiny: Any, people: Any) -> None:
    generator = Generator(tiny(name))
    a_loss(generator(*people(2, (64, 48)))).backward()
    for key, parameter in generator.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.isfinite().all(), key
        assert parameter.grad.any(), key


@pytest.mark.parametrize("name", ROWS)
def test_every_parameter_learns_from_the_picture_and_the_parsing_alone(name: str, tiny: Any, people: Any) -> None:
    """Nothing waits for the side losses: W is also taught by the style it carries and the flow it gives."""
    generator = Generator(tiny(name))
    output = generator(*people(2, (64, 48)))
    a_loss(Output(output.picture, output.parsing_logits, None, None, None)).backward()
    for key, parameter in generator.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.any(), key


@pytest.mark.parametrize("name", ROWS)
def test_variants_start_alike_where_they_are_alike(name: str, tiny: Any) -> None:
    def weights(name: str, seed: int) -> dict[str, Tensor]:
        torch.manual_seed(seed)
        return {key: value for key, value in Generator(tiny(name)).named_parameters() if value.ndim > 2}

    full, other, again = weights("full", 0), weights(name, 0), weights(name, 1)
    shared = [key for key, value in other.items() if key in full and full[key].shape == value.shape]
    assert len(shared) > 15
    for key in shared:
        if not key.startswith("fusion.pool.queries"):
            assert torch.equal(full[key], other[key]), key
            assert not torch.equal(again[key], other[key]), key


NAN = torch.nan


def no_joints(points: Tensor) -> Tensor:
    return torch.full_like(points, NAN)


def one_limb(points: Tensor) -> Tensor:
    kept = torch.full_like(points, NAN)
    kept[:, [2, 3]] = points[:, [2, 3]]
    return kept


def one_point(points: Tensor) -> Tensor:
    return points[:, :1].expand(-1, 18, -1).contiguous()


def wild(points: Tensor) -> Tensor:
    points = points.clone()
    points[:, 3], points[:, 7] = 1e20, -torch.inf
    return points


@pytest.mark.parametrize("target", [no_joints, one_limb, one_point, wild, torch.clone])
@pytest.mark.parametrize("source", [no_joints, one_limb, one_point, wild, torch.clone])
@pytest.mark.parametrize("name", ["full", "pose_only"])
def test_poor_joints_make_no_nan(
    name: str,
    source: Callable[[Tensor], Tensor],
    target: Callable[[Tensor], Tensor],
    tiny: Any,
    people: Any,
) -> None:
    generator = Generator(tiny(name))
    given = people(2, (64, 48))
    # Also a blank picture that shows nothing but background.
    given.source[1] = 0
    given.parsing[1] = torch.eye(8)[0][:, None, None]
    output = generator(given.source, given.parsing, source(given.source_points), target(given.source_points))
    assert all(value.isfinite().all() for value in each(output).values())
    a_loss(output).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in generator.parameters())
    # Of a picture of one colour nothing varies: each normalisation passes on thirty times what reaches it.
    assert all(p.grad is not None and p.grad.abs().max() < 1e5 for p in generator.parameters())


@pytest.mark.parametrize("name", ROWS)
def test_bfloat16_runs_and_stays_close(name: str, tiny: Any, people: Any) -> None:
    generator = Generator(tiny(name))
    given = people(2, (64, 48))
    exact = generator(*given)
    with torch.autocast("cpu", torch.bfloat16):
        rough = generator(*given)
        loss = a_loss(rough)
    loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in generator.parameters())
    assert rough.picture.dtype == torch.float32
    assert (rough.picture - exact.picture).abs().mean() < 0.03
    if exact.log_correspondence is not None:
        assert rough.log_correspondence.dtype == torch.float32
        torch.testing.assert_close(rough.log_correspondence, exact.log_correspondence, atol=1.0, rtol=0)
        assert (rough.log_correspondence - exact.log_correspondence).abs().mean() < 0.1
    if exact.parsing_logits is not None:
        torch.testing.assert_close(rough.parsing_logits.float(), exact.parsing_logits, atol=0.2, rtol=0)
    if exact.rescored is not None:
        assert rough.rescored.dtype == torch.float32
        torch.testing.assert_close(rough.rescored, exact.rescored, atol=0.05, rtol=0)


@pytest.mark.parametrize("name", ROWS)
def test_channels_last_gives_the_same(name: str, tiny: Any, people: Any) -> None:
    generator = Generator(tiny(name))
    given = people(2, (64, 48))
    with torch.no_grad():
        expected = each(generator(*given))
        generator = generator.to(memory_format=torch.channels_last)
        last = [x.to(memory_format=torch.channels_last) for x in given[:2]]
        found = each(generator(*last, *given[2:]))
    for key, value in expected.items():
        torch.testing.assert_close(found[key], value, atol=1e-3, rtol=1e-4, msg=lambda m, key=key: f"{key}: {m}")


# What may enter.


def test_no_signature_takes_a_picture_or_a_parsing_of_the_target() -> None:
    def names(function: Callable[..., Any]) -> list[str]:
        return list(inspect.signature(function).parameters)

    # `alone` switches the copying of colours off in training: a truth value a person, nothing of the target.
    assert names(Generator.forward) == ["self", "source", "parsing", "source_points", "target_points", "alone"]
    assert names(Generator.encode_source) == ["self", "source", "parsing", "points"]
    assert names(Generator.render) == ["self", "encoded", "target_points", "alone"]
    assert not any("target" in field or "driving" in field for field in Encoded._fields)


@pytest.mark.parametrize("name", ROWS)
def test_render_is_a_function_of_the_encoded_source_and_the_target_joints(
    name: str, tiny: Any, people: Any, shake: Any
) -> None:
    """Nothing is remembered from other calls, drawn at random or switched by the mode; nothing is written to."""
    generator = shake(Generator(tiny(name)))
    given, other = people(1, seed=0), people(1, seed=1)
    state = {key: value.clone() for key, value in generator.state_dict().items()}
    buffers = {key: value.clone() for key, value in generator.named_buffers()}
    with torch.no_grad():
        encoded = generator.encode_source(*given[:3])
        first = each(generator.render(encoded, given.target_points))
        copies = [x.clone() for x in given]
        generator.render(generator.encode_source(*other[:3]), other.target_points)
        generator.render(encoded, other.target_points)
        torch.manual_seed(99)
        generator.eval()
        again = each(generator.render(encoded, given.target_points))
        moved = generator.render(encoded, other.target_points)
        others = generator.render(generator.encode_source(*other[:3]), given.target_points)
    for key, value in first.items():
        assert torch.equal(again[key], value), key
    assert all(torch.equal(a.nan_to_num(-1), b.nan_to_num(-1)) for a, b in zip(given, copies, strict=True))
    assert all(torch.equal(value, state[key]) for key, value in generator.state_dict().items())
    assert all(torch.equal(value, buffers[key]) for key, value in generator.named_buffers())
    # Both things matter.
    assert (moved.picture - first["picture"]).abs().max() > 1e-3
    assert (others.picture - first["picture"]).abs().max() > 1e-3


def test_encoding_does_not_know_the_target(tiny: Any, people: Any) -> None:
    """The picture's gradient to the target reaches nothing but its joints: only four inputs are leaves of the graph."""
    generator = Generator(tiny()).requires_grad_(False)
    given = [x.requires_grad_() for x in people(1)]
    output = generator(*given)
    leaves: set[int] = set()
    todo, seen = [output.picture.grad_fn], set()
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        variable = getattr(node, "variable", None)
        if variable is not None:
            leaves.add(id(variable))
        todo.extend(parent for parent, _ in node.next_functions)
    assert leaves == {id(x) for x in given}
    encoded = generator.encode_source(*given[:3])
    gradients = torch.autograd.grad(encoded.injection.values.sum(), given, allow_unused=True)
    assert gradients[3] is None


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.network.get("semantics", True) is False])
def test_without_semantics_the_parsing_is_ignored(name: str, tiny: Any, people: Any) -> None:
    generator = Generator(tiny(name))
    given = people(2)
    with torch.no_grad():
        first = each(generator(*given))
        for parsing in (torch.zeros_like(given.parsing), torch.full_like(given.parsing, NAN)):
            found = each(generator(given.source, parsing, *given[2:]))
            assert found.keys() == first.keys()
            assert all(torch.equal(found[key], first[key]) for key in first)
    assert "parsing_logits" not in first
    assert "rescored" not in first


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.network.get("semantics", True)])
def test_with_semantics_the_parsing_matters(name: str, tiny: Any, people: Any, shake: Any) -> None:
    generator = shake(Generator(tiny(name)))
    given = people(2)
    with torch.no_grad():
        first = generator(*given).picture
        other = generator(given.source, given.parsing.roll(1, dims=1), *given[2:]).picture
    assert (first - other).abs().max() > 1e-4


# Encoded once, rendered often.


@pytest.mark.parametrize("name", ROWS)
def test_one_source_in_many_poses_is_one_by_one(name: str, tiny: Any, people: Any) -> None:
    generator = Generator(tiny(name))
    given = people(1, (70, 53))
    poses = people(4, (70, 53), seed=3).target_points
    poses[2] = NAN
    with torch.no_grad():
        encoded = generator.encode_source(*given[:3])
        together = each(generator.render(encoded, poses))
        alone = [each(generator.render(encoded, pose[None])) for pose in poses]
    for key, value in together.items():
        expected = torch.cat([one[key] for one in alone]) if key != "rescored" else alone[0][key].expand_as(value)
        tolerance = 1e-3 if key in ("flow", "log_correspondence") else 1e-4  # flow is in pixels
        torch.testing.assert_close(value, expected, atol=tolerance, rtol=1e-5, msg=lambda m, key=key: f"{key}: {m}")


def test_items_of_a_batch_do_not_mix(tiny: Any, people: Any) -> None:
    for name in ROWS:
        generator = Generator(tiny(name))
        given = people(3)
        with torch.no_grad():
            together = generator(*given).picture
            alone = torch.cat([generator(*(x[i : i + 1] for x in given)).picture for i in range(3)])
        torch.testing.assert_close(together, alone, atol=5e-4, rtol=1e-5)


def test_padding_repeats_the_border_right_and_below() -> None:
    x = torch.rand(1, 2, 70, 53)
    padded = pad(x)
    assert padded.shape == (1, 2, 72, 56)
    assert torch.equal(padded[..., :70, :53], x)
    assert torch.equal(padded[..., 71, :53], x[..., 69, :])
    assert torch.equal(padded[..., :70, 55], x[..., :, 52])
    exact = torch.rand(1, 2, 64, 48)
    assert torch.equal(pad(exact), exact)


def test_an_odd_picture_is_the_corner_of_the_padded_one(tiny: Any, people: Any) -> None:
    generator = Generator(tiny())
    given = people(1, (70, 53))
    with torch.no_grad():
        odd = generator(*given)
        whole = generator(pad(given.source), pad(given.parsing), *given[2:])
    assert torch.equal(odd.picture, whole.picture[..., :70, :53])


# Refusals.


@pytest.mark.parametrize(
    ("source", "parsing", "points", "number"),
    [
        ((1, 3, 31, 64), (1, 8, 31, 64), (1, 18, 2), "31"),
        ((1, 3, 64, 16), (1, 8, 64, 16), (1, 18, 2), "16"),
        ((1, 4, 64, 48), (1, 8, 64, 48), (1, 18, 2), r"\(1, 4, 64, 48\)"),
        ((3, 64, 48), (8, 64, 48), (18, 2), r"\(3, 64, 48\)"),
        ((1, 3, 64, 48), (1, 8, 64, 47), (1, 18, 2), "47"),
        ((1, 3, 64, 48), (1, 9, 64, 48), (1, 18, 2), r"\(1, 9, 64, 48\)"),
        ((2, 3, 64, 48), (1, 8, 64, 48), (2, 18, 2), r"\(1, 8, 64, 48\)"),
        ((1, 3, 64, 48), (64, 48), (1, 18, 2), r"\(64, 48\)"),
        ((1, 3, 64, 48), (1, 8, 64, 48), (1, 17, 2), r"\(1, 17, 2\)"),
        ((1, 3, 64, 48), (1, 8, 64, 48), (2, 18, 2), r"\(2, 18, 2\)"),
        ((1, 3, 64, 48), (1, 8, 64, 48), (1, 18, 3), r"\(1, 18, 3\)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused_with_the_numbers(
    source: tuple[int, ...], parsing: tuple[int, ...], points: tuple[int, ...], number: str, tiny: Any
) -> None:
    with pytest.raises(InputError, match=number):
        Generator(tiny()).encode_source(torch.zeros(source), torch.zeros(parsing), torch.zeros(points))


def test_target_joints_that_do_not_fit_are_refused_with_the_numbers(tiny: Any, people: Any) -> None:
    generator = Generator(tiny())
    encoded = generator.encode_source(*people(2)[:3])
    with pytest.raises(InputError, match=r"\(18, 2\)"):
        generator.render(encoded, torch.zeros(18, 2))
    with pytest.raises(InputError, match=r"\(2, 25, 2\)"):
        generator.render(encoded, torch.zeros(2, 25, 2))
    with pytest.raises(InputError, match=r"2 sources.* 3 poses"):
        generator.render(encoded, torch.zeros(3, 18, 2))


# How the parts are joined.


def by_hand(generator: Generator, given: Any) -> Output:
    """The network with a correspondence written out once more, part by part, as the design describes it."""
    source, parsing, source_points, target_points = given
    size = (source.shape[2], source.shape[3])
    h, w = size[0] // 8, size[1] // 8
    injection = generator.injection
    assert isinstance(injection, StyleInjection)
    assert generator.fusion is not None
    assert generator.layout is not None
    half, quarter = generator.appearance.look(source)
    matched = generator.fusion.match(parsing, source_points, quarter)
    appearance = generator.appearance(half, quarter, matched.rescored.exp())
    source_pose, target_pose = generator.pose(source_points, size), generator.pose(target_points, size)
    semantics = generator.fusion(matched, appearance)
    side = injection.encode(appearance.eighth, source_pose.eighth, semantics.features)
    log_w = injection.correspond(side.keys, target_pose.eighth, source_points[:, None], target_points, size)
    x = injection(side, target_pose.eighth, log_w)
    layout = generator.layout(x)
    bias = region_bias(layout.softmax(1), semantics.regions, semantics.exists, generator.config.tokens)
    for block in generator.integration:
        kv = block.encode(torch.cat([appearance.eighth, semantics.features], 1), semantics.tokens)
        x = block(x, kv.warped(log_w.exp()) if generator.config.integration == "warped" else kv, bias)
    keys = generator.decoder.match.encode(appearance.quarter, source_pose.quarter)
    painted = generator.decoder(x, target_pose, appearance, source, keys, read_flow(log_w, h, w))
    larger = F.interpolate(layout, size, mode="bilinear", align_corners=False)
    return Output(painted.picture, painted.parsing_logits + larger, semantics.rescored, log_w, painted.flow)


@pytest.mark.parametrize("integration", ["spatial", "transposed", "warped"])
def test_the_parts_are_joined_as_designed(integration: str, tiny: Any, people: Any, shake: Any) -> None:
    generator = shake(Generator(tiny(integration=integration)), 0.05)
    given = people(2)
    with torch.no_grad():
        mine, theirs = each(by_hand(generator, given)), each(generator(*given))
    for key, value in mine.items():
        torch.testing.assert_close(theirs[key], value, atol=1e-5, rtol=1e-5)


def test_the_same_pose_can_bring_the_picture_back(tiny: Any, figure: Any, people: Any) -> None:
    """End to end, rigged: features say nothing, the prior says 'stay', the mask shows carried colours only."""
    generator = Generator(tiny())
    decoder: Decoder = generator.decoder
    injection = generator.injection
    assert isinstance(injection, StyleInjection)
    assert injection.prior_strength is not None
    with torch.no_grad():
        injection.query.weight.zero_()
        injection.query.bias.zero_()
        injection.prior_strength.fill_(1e4)
        decoder.match.lean.fill_(-1e4)
        decoder.match.lean[12] = 0.0
        decoder.colours.weight.zero_()
        decoder.colours.bias.fill_(30.0)
        size = (128, 96)
        given = people(1, size)
        # A soft picture, so that a shift of a fraction of a pixel stays small.
        soft = F.interpolate(torch.rand(1, 3, 8, 6) * 2 - 1, size, mode="bicubic", align_corners=False).clamp(-1, 1)
        points = figure(size)
        points[0, [0, 14, 15, 16, 17]] = NAN
        moved = points.clone()
        moved[0] += torch.tensor([16.0, 8.0])
        same = generator(soft, given.parsing, points, points)
        away = generator(soft, given.parsing, points, moved)
    row, column = (points[0, 8] / 1).int().flip(0).tolist()  # round the hip, all bones agree
    here = (slice(None), slice(None), slice(row - 8, row + 8), slice(column - 8, column + 8))
    there = (slice(None), slice(None), slice(row, row + 16), slice(column + 8, column + 24))
    assert (same.picture[here] - soft[here]).abs().mean() < 0.1
    assert (away.picture[there] - soft[here]).abs().mean() < 0.1
    assert (soft[there] - soft[here]).abs().mean() > 0.2


def test_attention_over_places_hears_which_regions_exist(tiny: Any, people: Any) -> None:
    generator = Generator(tiny(integration="spatial"))
    given = people(1)
    with torch.no_grad():
        encoded = generator.encode_source(*given[:3])
        assert encoded.semantics is not None
        before = generator.render(encoded, given.target_points).picture
        nobody = encoded.semantics._replace(exists=torch.zeros_like(encoded.semantics.exists))
        after = generator.render(encoded._replace(semantics=nobody), given.target_points).picture
    assert (before - after).abs().max() > 1e-6


def test_nothing_but_the_match_reads_the_parsing(tiny: Any, people: Any) -> None:
    generator = Generator(tiny())
    given = people(1)
    other = given.parsing.flip(1)
    assert generator.fusion is not None
    plain = generator.fusion.match

    def heedless(parsing: Any, points: Any, quarter: Any) -> Any:
        return plain(given.parsing, points, quarter)

    generator.fusion.match = heedless  # type: ignore[method-assign]
    with torch.no_grad():
        before = generator(*given)
        after = generator(given.source, other, given.source_points, given.target_points)
    for mine, theirs in zip(before, after, strict=True):
        assert torch.equal(mine, theirs)


def test_a_dropped_region_is_not_shown_as_existing(tiny: Any, people: Any) -> None:
    generator = Generator(tiny("no_match"))
    given = people(1)
    given.parsing[:, Region.BACKGROUND] += given.parsing[:, Region.HAIR]
    given.parsing[:, Region.HAIR] = 0
    semantics = generator.encode_source(*given[:3]).semantics
    assert semantics is not None
    assert semantics.exists[0, Region.HAIR] == 0
    assert semantics.exists[0, Region.BACKGROUND] == 1


def test_the_default_stays_within_its_budget() -> None:
    """At 256x176: 15 GFLOPs for a pose, 25 for a whole picture, 7.8 million parameters; it needs less."""
    generator = Generator().eval()
    assert sum(p.numel() for p in generator.parameters()) <= 6.6e6
    points = torch.rand(1, 18, 2) * torch.tensor([176.0, 256.0])
    parsing = torch.zeros(1, 8, 256, 176)
    parsing[:, 0] = 1
    with torch.no_grad(), FlopCounterMode(display=False) as whole:
        encoded = generator.encode_source(torch.zeros(1, 3, 256, 176), parsing, points)
        with FlopCounterMode(display=False) as render:
            generator.render(encoded, points)
    assert render.get_total_flops() <= 10.5e9
    assert whole.get_total_flops() <= 21.5e9
    assert whole.get_total_flops() > render.get_total_flops() > 5e9
