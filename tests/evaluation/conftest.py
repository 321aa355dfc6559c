"""A tiny network's weights, and tiny judges of seeded weights."""

from pathlib import Path

import pytest
import torch
from torch import nn

from rsagan.evaluation.measure import Networks
from rsagan.network import Config, Generator, save_weights

TINY = Config(widths=(8, 8, 16, 16), heads=2, blocks=1, key_channels=16)


class Maps(nn.Module):
    def __init__(self, kernel: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv2d(3, 6, kernel, 2), nn.Conv2d(6, 8, kernel, 2)]).requires_grad_(False)

    def forward(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        first = self.layers[0](pictures).relu()
        return [first, self.layers[1](first)]


class Vectors(nn.Module):
    name = "vectors"

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 8, 5, 4).requires_grad_(False)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.layer(pictures).relu().mean((2, 3))


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_weights(path, Generator(TINY), {"size": [64, 48]})
    return path


@pytest.fixture(scope="session")
def networks() -> Networks:
    """Two convolutions for either distance, averages of one for the features; joints are not estimated."""
    torch.manual_seed(0)
    return Networks({"one": Maps(5), "other": Maps(3)}, Vectors(), joints=False)
