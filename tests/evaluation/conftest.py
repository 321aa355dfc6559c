"""A tiny network's weights, and judges of seeded weights."""

from pathlib import Path

import pytest
import torch

from rsagan.evaluation.measure import Networks, random_networks
from rsagan.network import Config, Generator, save_weights

TINY = Config(widths=(8, 8, 16, 16), heads=2, blocks=1, key_channels=16)


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_weights(path, Generator(TINY), {"size": [64, 48]})
    return path


@pytest.fixture(scope="session")
def networks() -> Networks:
    return random_networks()
