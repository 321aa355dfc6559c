"""Muon for matrices, Adam for the rest, behind one learning rate."""

from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from rsagan.training.optimizer import GeneratorOptimizer, _share
from rsagan.training.recipe import Recipe

MUON = Recipe(optimizer="muon")
RATE = 1e-2


class Small(nn.Module):
    def __init__(self, memory_format: torch.memory_format = torch.contiguous_format) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.wide = nn.Conv2d(16, 24, 3)
        self.deep = nn.Conv2d(16, 16, 3, groups=16)
        self.linear = nn.Linear(16, 32)
        self.second = nn.Linear(40, 24)  # as high as the first, so iterated with it
        self.narrow = nn.Linear(16, 3)
        self.to(memory_format=memory_format)  # type: ignore[call-overload]


def stepped(network: nn.Module, recipe: Recipe, steps: int = 1) -> dict[str, Tensor]:
    """By name, what so many steps with the same seeded gradients change."""
    optimizer = GeneratorOptimizer(network.parameters(), recipe)
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    random = torch.Generator().manual_seed(1)
    for _ in range(steps):
        optimizer.zero_grad()
        for parameter in network.parameters():
            parameter.grad = torch.empty_like(parameter).copy_(torch.randn(parameter.shape, generator=random))
        optimizer.step(RATE)
    return {name: p.detach() - before[name] for name, p in network.named_parameters()}


def test_matrices_move_as_by_torch() -> None:
    found, network = stepped(Small(), MUON, 3), Small()
    matrices = {
        "wide.weight": nn.Parameter(network.wide.weight.detach().flatten(1)),
        "linear.weight": network.linear.weight,
        "second.weight": network.second.weight,
    }
    before = {name: matrix.detach().clone() for name, matrix in matrices.items()}
    muon = torch.optim.Muon(matrices.values(), RATE, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")
    random = torch.Generator().manual_seed(1)
    for _ in range(3):
        for name, parameter in network.named_parameters():
            gradient = torch.randn(parameter.shape, generator=random)
            if name in matrices:
                matrices[name].grad = gradient.flatten(1)
        muon.step()
    for name, matrix in matrices.items():
        change = matrix.detach() - before[name]
        assert float((found[name].flatten(1) - change).norm() / change.norm()) < 0.02, name  # bfloat16 products


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_matrices_move_alike_in_every_direction(memory_format: torch.memory_format) -> None:
    change = stepped(Small(memory_format), MUON)
    for name in ("wide.weight", "linear.weight"):
        matrix = change[name].flatten(1)
        values = torch.linalg.svdvals(matrix) / (RATE * 0.2 * max(matrix.shape) ** 0.5)
        assert float(values.min()) > 0.3
        assert float(values.max()) < 1.5


def test_memory_format_does_not_matter() -> None:
    plain, last = stepped(Small(), MUON, 3), stepped(Small(torch.channels_last), MUON, 3)
    for name, change in plain.items():
        assert float((change - last[name]).norm() / change.norm()) < 1e-4, name


def test_the_rest_is_adams() -> None:
    muon, adam = stepped(Small(), MUON, 3), stepped(Small(), replace(MUON, optimizer="adam"), 3)
    same = {name for name in muon if torch.equal(muon[name], adam[name])}
    assert same == {name for name in muon if name.endswith("bias")} | {"deep.weight", "narrow.weight"}


def test_it_goes_on_from_its_state() -> None:
    def gradients(network: nn.Module, seed: int) -> None:
        random = torch.Generator().manual_seed(seed)
        for parameter in network.parameters():
            parameter.grad = torch.randn(parameter.shape, generator=random)

    one, other = Small(), Small()
    first, second = (GeneratorOptimizer(each.parameters(), MUON) for each in (one, other))
    for seed in range(2):
        gradients(one, seed)
        first.step(RATE)
    other.load_state_dict(one.state_dict())
    second.load_state_dict(deepcopy(first.state_dict()))
    for network, optimizer in ((one, first), (other, second)):
        gradients(network, 2)
        optimizer.step(RATE)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_processes_share_the_matrices_evenly() -> None:
    shapes = [(128, 1152), (64, 576), (64, 576), (128, 1152), (16, 27), (256, 1152)]
    assert _share(shapes, 1) == [[5, 0, 3, 1, 2, 4]]
    shares = _share(shapes, 2)
    assert sorted(shares[0] + shares[1]) == list(range(6))
    assert sorted(map(sorted, shares)) == [[0, 1, 2, 3, 4], [5]]
    assert _share(shapes[:1], 3) == [[0], [], []]
