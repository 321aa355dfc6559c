"""One weights file: a safetensors with the tensors and, as JSON in its metadata, everything needed to use them.

A *delta* is such a file that holds only what an adaptation changed, and names by hash the weights it belongs to.
"""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from rsagan.errors import DivergedError, InputError
from rsagan.files import file_hash, replacing
from rsagan.network.config import Config
from rsagan.network.generator import Generator
from rsagan.network.layers import channels_last

FORMAT: Final = 2
_SHIPPED: Final = {  # by the height of the pictures they paint
    height: Path(str(files("rsagan") / "weights" / f"people-{height}.safetensors")) for height in (128, 256)
}


def save_weights(path: Path | str, generator: Generator, metadata: dict[str, Any]) -> None:
    """Write the generator as float16 with its config, whole or not at all.

    Args:
        metadata: JSON-able: preprocessing ("size"), training summary, data name and licence; added to the config.

    Raises:
        InputError: a weight that float16 cannot hold (an older file stays as it was), or a disk that is full.
    """
    header = {**metadata, "format_version": FORMAT, "config": generator.config.to_dict()}
    _write(path, generator.state_dict(), header)


def shipped_weights(size: tuple[int, int] | None = None) -> Path:
    """The package's weights file for pictures of this size.

    Args:
        size: (height, width). The smallest weights whose pictures need not be enlarged to it are taken, for sizes
            beyond all of them, and by default, the largest.
    """
    tallest = max(_SHIPPED)
    wanted = size[0] if size else tallest
    return _SHIPPED[min((height for height in _SHIPPED if height >= wanted), default=tallest)]


def save_delta(path: Path | str, generator: Generator, base: Path | str, metadata: dict[str, Any]) -> None:
    """Write, as float16, by how much the generator's tensors differ from those of `base`; equal ones are left out.

    Args:
        base: a whole weights file; the delta is of use only with this very file, beside it or shipped.
        metadata: as in `save_weights`.

    Raises:
        InputError: `base` cannot be read, or is a delta itself; otherwise as `save_weights`.
    """
    original, header = load_weights(base)
    if "base" in header:
        raise InputError(f"{base} is an adaptation itself; adapt the weights that it belongs to.")
    before = original.state_dict()
    tensors = {}
    for name, tensor in generator.state_dict().items():
        difference = tensor.detach().to("cpu", torch.float32) - before[name]
        if bool(difference.any()):
            tensors[name] = difference
    named = {"name": Path(base).name, "sha256": file_hash(Path(base))}
    whole = {**metadata, "format_version": FORMAT, "config": generator.config.to_dict(), "base": named}
    _write(path, tensors, whole)


def read_metadata(path: Path | str) -> dict[str, Any]:
    """The JSON of a weights file.

    Raises:
        InputError: no such file, not a safetensors of ours, or of another format.
    """
    if (inside := Path(path) / "weights.safetensors").is_file():
        raise InputError(f"{path} is the folder of a run; its weights are {inside}.")
    try:
        Path(path).open("rb").close()  # of a folder safetensors would say that there is no such device
        with safe_open(str(path), framework="pt") as file:
            raw = (file.metadata() or {}).get("rsagan")
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} is not a readable safetensors file: {reason}.") from error
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


def size_in(metadata: dict[str, Any]) -> tuple[int, int]:
    """The (height, width) of the pictures that weights paint, by their metadata. Raises InputError if it names none."""
    size = metadata.get("size")
    if not (
        isinstance(size, list) and len(size) == 2 and all(type(side) is int and 16 <= side <= 4096 for side in size)
    ):
        raise InputError(f"The weights must name the height and width they were trained for, not {size!r:.40}.")
    return size[0], size[1]


def load_weights(path: Path | str) -> tuple[Generator, dict[str, Any]]:
    """A generator in evaluation mode, float32, and the file's metadata; of a delta, with the base it belongs to.

    Raises:
        InputError: as in `read_metadata`, or tensors that do not fit the config; a delta whose base is not to be found.
    """
    header = read_metadata(path)
    if "base" in header:
        return _with_base(Path(path), header), header
    config = Config.from_dict(header["config"])
    tensors = _tensors(path)
    with torch.device("meta"):  # shapes without memory: the config is not believed before the tensors agree with it
        expected = {name: tensor.shape for name, tensor in Generator(config).state_dict().items()}
    if expected != {name: tensor.shape for name, tensor in tensors.items()}:
        raise InputError(f"{path}: its tensors do not fit its own config; the file is damaged.")
    generator = channels_last(Generator(config))
    generator.load_state_dict(tensors)
    return generator.eval().requires_grad_(False), header


def _write(path: Path | str, tensors: dict[str, torch.Tensor], header: dict[str, Any]) -> None:
    stored = {name: tensor.detach().to("cpu", torch.float16).contiguous() for name, tensor in tensors.items()}
    for name, tensor in stored.items():
        if not bool(tensor.isfinite().all()):
            largest = float(tensors[name].abs().max())
            raise DivergedError(
                f"Cannot write {path}: {name} reaches {largest:g} and float16 ends at 65504; "
                "the training diverged, go on from an older checkpoint with a lower learning rate."
            )
    content = save(stored, metadata={"rsagan": json.dumps(header)})
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def _tensors(path: Path | str) -> dict[str, torch.Tensor]:
    """What a file stores, as float32."""
    with safe_open(str(path), framework="pt") as file:
        stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if not all(tensor.is_floating_point() and bool(tensor.isfinite().all()) for tensor in stored.values()):
        raise InputError(f"{path} holds numbers that no training leaves behind; the file is damaged.")
    return {name: tensor.float() for name, tensor in stored.items()}


def _with_base(path: Path, header: dict[str, Any]) -> Generator:
    base = header["base"]
    if not isinstance(base, dict) or not all(isinstance(base.get(key), str) for key in ("name", "sha256")):
        raise InputError(f"{path} does not say which weights it was adapted from; the file is damaged.")
    beside = path.parent / Path(base["name"]).name
    for candidate in (beside, *_SHIPPED.values()):
        if candidate.is_file() and file_hash(candidate) == base["sha256"]:
            break
    else:
        raise InputError(
            f"{path} was adapted from the weights {beside.name} (sha256 {base['sha256']:.12}), which are neither "
            "beside it nor those of the package; put that file beside it."
        )
    whole_header = read_metadata(candidate)
    if "base" in whole_header or whole_header["config"] != header["config"]:
        raise InputError(f"{path} does not fit the weights it names, {candidate}; the file is damaged.")
    generator, _ = load_weights(candidate)
    known = generator.state_dict()
    delta = _tensors(path)
    if any(name not in known or known[name].shape != tensor.shape for name, tensor in delta.items()):
        raise InputError(f"{path}: its tensors do not fit its own config; the file is damaged.")
    for name, tensor in delta.items():
        known[name] += tensor
    return generator
