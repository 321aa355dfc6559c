"""One weights file: a safetensors with the tensors and, as JSON in its metadata, everything needed to use them."""

import json
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from rsagan.errors import InputError
from rsagan.files import replacing
from rsagan.network.config import Config
from rsagan.network.generator import Generator

FORMAT: Final = 1


def save_weights(path: Path | str, generator: Generator, metadata: dict[str, Any]) -> None:
    """Write the generator as float16 with its config, whole or not at all.

    Args:
        metadata: JSON-able: preprocessing ("size"), training summary, data name and licence; added to the config.

    Raises:
        InputError: a weight that float16 cannot hold (an older file stays as it was), or a disk that is full.
    """
    header = {**metadata, "format_version": FORMAT, "config": generator.config.to_dict()}
    tensors = {
        name: tensor.detach().to("cpu", torch.float16).contiguous() for name, tensor in generator.state_dict().items()
    }
    for name, tensor in tensors.items():
        if not bool(tensor.isfinite().all()):
            largest = float(generator.state_dict()[name].abs().max())
            raise InputError(
                f"Cannot write {path}: {name} reaches {largest:g} and float16 ends at 65504; "
                "the training diverged, go on from an older checkpoint with a lower learning rate."
            )
    content = save(tensors, metadata={"rsagan": json.dumps(header)})
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def read_metadata(path: Path | str) -> dict[str, Any]:
    """The JSON of a weights file.

    Raises:
        InputError: no such file, not a safetensors of ours, or of a newer format.
    """
    try:
        with safe_open(str(path), framework="pt") as file:
            raw = (file.metadata() or {}).get("rsagan")
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path} is not a readable safetensors file: {error}.") from error
    try:
        header = json.loads(raw or "")
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is a safetensors file, but not weights of this program.") from error
    if (
        not isinstance(header, dict)
        or type(header.get("format_version")) is not int
        or header["format_version"] != FORMAT
        or "config" not in header
    ):
        raise InputError(f"{path} is of a weights format this version does not read; it reads version {FORMAT}.")
    return header


def load_weights(path: Path | str) -> tuple[Generator, dict[str, Any]]:
    """A generator in evaluation mode, float32, and the file's metadata.

    Raises:
        InputError: as in `read_metadata`, or tensors that do not fit the config.
    """
    header = read_metadata(path)
    config = Config.from_dict(header["config"])
    with safe_open(str(path), framework="pt") as file:
        stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if not all(tensor.is_floating_point() and bool(tensor.isfinite().all()) for tensor in stored.values()):
        raise InputError(f"{path} holds numbers that no training leaves behind; the file is damaged.")
    tensors = {name: tensor.float() for name, tensor in stored.items()}
    with torch.device("meta"):  # shapes without memory: the config is not believed before the tensors agree with it
        expected = {name: tensor.shape for name, tensor in Generator(config).state_dict().items()}
    if expected != {name: tensor.shape for name, tensor in tensors.items()}:
        raise InputError(f"{path}: its tensors do not fit its own config; the file is damaged.")
    generator = Generator(config)
    generator.load_state_dict(tensors)
    return generator.eval().requires_grad_(False), header
