"""Several pictures of one person as one source: what must stay, and what a second picture adds."""

from typing import Any

import pytest
import torch
from torch import Tensor

from rsagan.errors import InputError
from rsagan.network import Generator
from rsagan.network.layers import GAP, cell_centres, sample, stacked
from rsagan.network.style_injection import StyleInjection, read_flow
from rsagan.people import FLIP

SIZE = (64, 48)
h, w = SIZE[0] // 8, SIZE[1] // 8


def network(config: Any, shake: Any) -> Generator:
    generator: Generator = shake(Generator(config))
    return generator.eval()


@pytest.mark.parametrize("size", [SIZE, (62, 43)])
@pytest.mark.parametrize(
    "changes", [{}, {"integration": "spatial"}, {"semantics": False}, {"integration": "convolution"}]
)
def test_a_picture_given_twice_is_the_picture(
    changes: dict[str, Any], size: tuple[int, int], tiny: Any, people: Any, shake: Any
) -> None:
    """Without the detail path, which tells how sure the correspondence is of one place."""
    generator = network(tiny(detail=False, **changes), shake)
    source, parsing, points, target = people(2, size)
    with torch.no_grad():
        one = generator.encode_source(source, parsing, points)
        plain, both = generator.render(one, target), generator.render(generator.together([one, one, one]), target)
    torch.testing.assert_close(both.picture, plain.picture, atol=1e-3, rtol=0)
    assert both.log_correspondence is not None
    assert plain.log_correspondence is not None
    shares = both.log_correspondence.exp().unflatten(2, (3, -1))
    torch.testing.assert_close(shares.sum(2), plain.log_correspondence.exp(), atol=1e-5, rtol=0)


def test_one_is_one(tiny: Any, people: Any) -> None:
    generator = Generator(tiny())
    encoded = generator.encode_source(*people(1, SIZE)[:3])
    assert generator.together([encoded]) is encoded


def test_one_encoded_pair_serves_many_poses(tiny: Any, people: Any, shake: Any) -> None:
    generator = network(tiny(), shake)
    source, parsing, points, target = people(3, SIZE)
    with torch.no_grad():
        both = generator.together(
            [generator.encode_source(source[k : k + 1], parsing[k : k + 1], points[k : k + 1]) for k in (0, 1)]
        )
        together = generator.render(both, target)
        alone = [generator.render(both, target[k : k + 1]).picture for k in range(3)]
    torch.testing.assert_close(together.picture, torch.cat(alone), atol=1e-3, rtol=0)


def test_the_flow_leads_into_the_picture_that_is_meant() -> None:
    """Chosen in one of three, a place is read as it would be if that picture were the only one."""
    n = h * w
    log_w = 2 * torch.randn(2, n, 3 * n)
    chosen = torch.randint(3, (2, n))
    for k in range(3):
        log_w[..., k * n : (k + 1) * n] += 12.0 * (chosen == k)[..., None]
    log_w = log_w.log_softmax(-1)
    found = read_flow(log_w, h, w)
    alone = [read_flow(log_w[..., k * n : (k + 1) * n], h, w) for k in range(3)]
    which = chosen.reshape(2, 1, h, w)
    below = torch.tensor([0.0, SIZE[0] + GAP])[:, None, None]
    expected = sum((each.flow + k * below) * (which == k) for k, each in enumerate(alone))
    torch.testing.assert_close(found.flow, expected, atol=1e-3, rtol=0)
    certainty = sum(each.certainty * (which == k) for k, each in enumerate(alone))
    torch.testing.assert_close(found.certainty, certainty, atol=1e-6, rtol=0)


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_what_lies_next_to_a_picture_is_its_border(stride: int) -> None:
    """Up to some cells beyond it, where the local match looks: never another picture."""
    pictures = [torch.rand(1, 3, SIZE[0] // stride, SIZE[1] // stride) for _ in range(3)]
    height = SIZE[0] + 24  # twelve pixels more above and below
    places = cell_centres(height, SIZE[1], 1, torch.device("cpu")).T.reshape(1, 2, height, SIZE[1])
    places = places - torch.tensor([0.0, 12.0])[:, None, None]
    for k, picture in enumerate(pictures):
        moved = places + k * torch.tensor([0.0, SIZE[0] + GAP])[:, None, None]
        found = sample(stacked(pictures, stride), moved, stride)
        torch.testing.assert_close(found, sample(picture, places, stride), atol=1e-4, rtol=0)


def test_the_picture_from_the_target_s_side_is_preferred(tiny: Any, figure: Any) -> None:
    """Of equal keys, by what the cosines of the headings differ; nothing by whom no joint tells."""
    module = StyleInjection(tiny(prior=False))
    front = figure(SIZE)
    back = front[:, list(FLIP)].clone()
    back[:, 0] = torch.nan
    unknown = torch.full_like(front, torch.nan)
    keys = torch.nn.functional.normalize(torch.randn(1, h * w, 8), dim=2).repeat(1, 3, 1)
    pose = torch.randn(1, 16, h, w)

    def shares(target: Tensor) -> Tensor:
        log_w = module.correspond(keys, pose, torch.stack([front, back, unknown], 1), target, SIZE)
        return log_w.exp().unflatten(2, (3, -1)).sum(3)

    for target, cosines in ((front, (1.0, -1.0, 0.0)), (back, (-1.0, 1.0, 0.0)), (unknown, (0.0, 0.0, 0.0))):
        expected = torch.tensor(cosines).softmax(0).expand(1, h * w, 3)
        torch.testing.assert_close(shares(target), expected, atol=0.02, rtol=0)


def test_what_does_not_go_together_is_one_sentence(tiny: Any, people: Any) -> None:
    generator = Generator(tiny())
    one, other = (generator.encode_source(*people(1, size)[:3]) for size in (SIZE, (64, 40)))
    with pytest.raises(InputError, match="one size, not 64x40 and 64x48"):
        generator.together([one, other])
    with pytest.raises(InputError, match="not none"):
        generator.together([])
    for changes in ({"injection": "regions"}, {"injection": "none"}, {"integration": "transposed"}):
        rival = Generator(tiny(**changes))
        encoded = rival.encode_source(*people(1, SIZE)[:3])
        with pytest.raises(InputError, match="one picture of a person"):
            rival.together([encoded, encoded])
