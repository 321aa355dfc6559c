"""Where results come from: weights, another method's folder, or the two ends of the scale."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rsagan.data.named import Pair
from rsagan.data.prepared import PreparedFolder, file_hash
from rsagan.errors import InputError
from rsagan.evaluation.found import Results
from rsagan.network import Generator, best_device, load_weights, size_in
from rsagan.network.style_injection import read_flow
from rsagan.people import Parsing, Picture, one_hot
from rsagan.training.preview import to_pictures

ENDS: Final = ("source", "truth")  # of the scale
# Of a pair's position in the list, its parsing uint8 (H, W) and its source and target joints: the same, spoilt.
Spoil = Callable[[int, Parsing, NDArray[np.float32], NDArray[np.float32]], tuple[Any, Any, Any]]


@dataclass(frozen=True)
class Painted:
    """Results of some pairs.

    Attributes:
        pictures: uint8 (H, W, 3) each.
        parsings: the targets' regions as the network sees them, uint8 (H, W) each, or None.
        matches: (B, 2, h, w) at 1/8 and flows: (B, 2, H/4, W/4), the source pixels that module B and the detail path
            read, or None.
    """

    pictures: list[Picture]
    parsings: list[Parsing] | None = None
    matches: Tensor | None = None
    flows: Tensor | None = None


class Painter(Protocol):
    """Something that has a result for every pair of a folder."""

    name: str

    def paint(self, folder: PreparedFolder, pairs: NDArray[np.int64], positions: NDArray[np.int64]) -> Painted:
        """Results of pairs (B, 2); `positions` (B,) are theirs in the list."""

    def describe(self) -> dict[str, Any]:
        """What a report says about where the results come from."""


class Weights:
    """A generator from a weights file, as stored.

    Args:
        spoil: what is done to its inputs; nothing by default.

    Raises:
        InputError: the file cannot be used.
    """

    def __init__(self, path: Path | str, spoil: Spoil | None = None) -> None:
        self.path, self.spoil, self.name = Path(path), spoil, Path(path).name
        generator, self.metadata = load_weights(path)
        self.size = size_in(self.metadata)
        self.device = best_device()
        self.generator: Generator = generator.to(self.device)

    @torch.no_grad()
    def paint(self, folder: PreparedFolder, pairs: NDArray[np.int64], positions: NDArray[np.int64]) -> Painted:
        """See `Painter`. Raises InputError: pictures of another size than the weights paint."""
        if self.size != folder.size:
            (height, width), (mine, my_width) = folder.size, self.size
            raise InputError(
                f"{self.name} paints {mine}x{my_width} and {folder.path} holds {height}x{width}; --protocol brings one "
                "size to the other where their shapes agree."
            )
        inputs = []
        for (source, target), position in zip(pairs, positions, strict=True):
            given = (folder.parsing(source), folder.entries[source].points, folder.entries[target].points)
            inputs.append(self.spoil(int(position), *given) if self.spoil else given)
        parsings, source_points, target_points = zip(*inputs, strict=True)
        output = self.generator(
            to_network([folder.picture(source) for source, _ in pairs]).to(self.device),
            torch.from_numpy(np.stack([one_hot(parsing) for parsing in parsings])).to(self.device),
            torch.from_numpy(np.stack(source_points)).to(self.device),
            torch.from_numpy(np.stack(target_points)).to(self.device),
        )
        regions = None
        if output.parsing_logits is not None:
            regions = list(output.parsing_logits.argmax(1).to(torch.uint8).cpu().numpy())
        matches = None
        if output.log_correspondence is not None:
            h, w = (-(-side // 8) for side in folder.size)
            matches = read_flow(output.log_correspondence, h, w).flow
        return Painted(to_pictures(output.picture), regions, matches, output.flow)

    def describe(self) -> dict[str, Any]:
        """See `Painter`."""
        return {
            "kind": "weights",
            "file": self.path.name,
            "sha256": file_hash(self.path),
            "parameters": sum(each.numel() for each in self.generator.parameters()),
            "training": self.metadata.get("training"),
        }


class Copied:
    """The folder's own pictures as results: the source (the bad end of the scale), or the truth (the good end)."""

    def __init__(self, which: str) -> None:
        self.name, self.column = which, ENDS.index(which)

    def paint(self, folder: PreparedFolder, pairs: NDArray[np.int64], positions: NDArray[np.int64]) -> Painted:
        """See `Painter`."""
        return Painted([folder.picture(at) for at in pairs[:, self.column]])

    def describe(self) -> dict[str, Any]:
        """See `Painter`."""
        return {"kind": f"the {self.name} picture itself"}


class Folder:
    """Pictures of any method, one a test pair, named by any scheme of `rsagan.evaluation.found`.

    Raises:
        InputError: no such folder; when painting, pictures that are not exactly those of the pairs, or of another size.
    """

    def __init__(self, path: Path | str) -> None:
        self.path, self.name = Path(path), Path(path).name
        self._results: Results | None = None
        self._places: dict[Pair, int] = {}
        if not self.path.is_dir():
            raise InputError(f"{path} is no folder of results; give one, or `source` or `truth`.")

    def paint(self, folder: PreparedFolder, pairs: NDArray[np.int64], positions: NDArray[np.int64]) -> Painted:
        """See `Painter`."""
        if self._results is None:
            listed = named_pairs(folder, folder.pairs("test"))
            self._results = Results(self.path, folder, listed)
            self._places = {pair: at for at, pair in enumerate(listed)}
        return Painted([self._results.read(self._places[pair]) for pair in named_pairs(folder, pairs)])

    def describe(self) -> dict[str, Any]:
        """See `Painter`."""
        return {"kind": "a folder of pictures", "folder": self.name}


def named_pairs(folder: PreparedFolder, pairs: NDArray[np.int64]) -> list[Pair]:
    """The names of source and target of pairs (P, 2)."""
    return [(folder.entries[source].name, folder.entries[target].name) for source, target in pairs]


def painter_of(results: str | Path) -> Painter:
    """`source`, `truth`, or a folder of pictures."""
    return Copied(str(results)) if str(results) in ENDS else Folder(results)


def to_network(pictures: list[Picture]) -> Tensor:
    """uint8 (H, W, 3) each to float32 (B, 3, H, W) in [-1, 1]."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
