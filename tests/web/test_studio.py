"""Which weights the worker paints with, which it previews with, and what ends it."""

from pathlib import Path
from typing import Any

import pytest
import torch

from rsagan.network import load_weights, save_weights
from rsagan.web import worker
from rsagan.web.studio import Studio


def test_previews_are_painted_by_the_small_shipped_weights() -> None:
    studio = Studio(None, (256, 176), 2**20, 60)
    assert (studio.model.size, studio.quick.size) == ((256, 176), (128, 88))
    assert studio.quick.generator is not studio.model.generator
    small = Studio(None, (128, 88), 2**20, 60)
    assert small.quick is small.model
    assert small.model.size == (128, 88)


@pytest.mark.parametrize(("size", "preview"), [((192, 128), (128, 88)), ((64, 48), (64, 48))])
def test_weights_of_ones_own_preview_at_a_smaller_size(
    size: tuple[int, int], preview: tuple[int, int], weights: Path, tmp_path: Path
) -> None:
    generator, _ = load_weights(weights)
    save_weights(tmp_path / "own.safetensors", generator, {"size": list(size)})
    studio = Studio(tmp_path / "own.safetensors", (256, 176), 2**20, 60)
    assert (studio.model.size, studio.quick.size) == (size, preview)
    assert studio.quick.generator is studio.model.generator


def test_a_graphics_card_that_is_lost_ends_the_worker() -> None:
    def painting(error: Exception) -> tuple[dict[str, Any], list[bytes]]:
        raise error

    assert worker._guarded(lambda: painting(RuntimeError("a size")))[0]["failure"] == "fault"
    with pytest.raises(torch.AcceleratorError):  # its process ends, and the service makes another
        worker._guarded(lambda: painting(torch.AcceleratorError("unspecified launch failure")))
