"""Where to compute if nobody says."""

from collections.abc import Iterator

import pytest
import torch

from rsagan.network import best_device


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    best_device.cache_clear()
    yield
    best_device.cache_clear()


def test_a_card_that_cannot_compute_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_old(*size: int, device: str) -> torch.Tensor:
        raise RuntimeError("CUDA error: no kernel image is available for execution on the device\nand more")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch, "ones", too_old)
    with pytest.warns(UserWarning, match=r"no kernel image .* on the device\)"):
        assert best_device() == torch.device("cpu")


def test_a_card_that_can_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    ones = torch.ones
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch, "ones", lambda *size, device: ones(*size))
    assert best_device() == torch.device("cuda")
    best_device.cache_clear()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert best_device() == torch.device("cpu")
