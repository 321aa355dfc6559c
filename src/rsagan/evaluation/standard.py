"""The field's standard metrics, by torchmetrics: LPIPS (AlexNet), FID and KID (the 2015 Inception), IS.

They need the extra `[standard-metrics]` (torchvision, torch-fidelity) and, the first time, internet for the weights.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rsagan.errors import AssetError
from rsagan.evaluation.intervals import Draws, Row, mean
from rsagan.network import best_device
from rsagan.people import Picture

_BATCH: Final = 16
_SUBSET: Final = 1000


@contextmanager
def downloading() -> Iterator[None]:
    """For the loading of published networks: says in one sentence (AssetError) what is missing."""
    try:
        yield
    except ImportError as error:
        raise AssetError('LPIPS and FID need `pip install "rsagan[standard-metrics]"`.') from error
    except OSError as error:
        raise AssetError(
            f"The published weights of LPIPS and FID could not be downloaded ({error}); leave out --standard, or bring "
            f"the files from a machine with internet to {Path(torch.hub.get_dir()) / 'checkpoints'}."
        ) from error


class Standard:
    """The metrics' networks.

    Args:
        inception: what torchmetrics calls `feature`: uint8 (B, 3, H, W) to (B, D).
        lpips: two batches (B, 3, H, W) in [-1, 1] to (B, 1, 1, 1).
        score: as `inception`, to logits.
    """

    def __init__(self, inception: nn.Module | int, lpips: nn.Module, score: nn.Module | str) -> None:
        self.inception, self.lpips, self.score = inception, lpips, score
        self.device = best_device()

    @classmethod
    def load(cls) -> "Standard":
        """The published ones. Raises AssetError if a package or the weights cannot be had."""
        with downloading():
            from torchmetrics.image.fid import NoTrainInceptionV3
            from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

            lpips = LearnedPerceptualImagePatchSimilarity(net_type="alex").net
            inception = NoTrainInceptionV3("inception-v3-compat", ["2048"])
            score = NoTrainInceptionV3("inception-v3-compat", ["logits_unbiased"])
        return cls(inception, lpips, score)

    @torch.no_grad()
    def rows(self, results: list[Picture], truths: list[Picture], draws: Draws) -> dict[str, Row]:
        """LPIPS with its interval; FID, KID and IS without (the last two with the spread over subsets or splits)."""
        from torchmetrics.image.fid import FrechetInceptionDistance
        from torchmetrics.image.inception import InceptionScore
        from torchmetrics.image.kid import KernelInceptionDistance

        fid = FrechetInceptionDistance(feature=self.inception).to(self.device)
        kid = KernelInceptionDistance(feature=self.inception, subset_size=min(_SUBSET, len(results))).to(self.device)
        inception_score = InceptionScore(feature=self.score).to(self.device)
        lpips = self.lpips.to(self.device)
        distances = []
        for start in range(0, len(results), _BATCH):
            batch = slice(start, start + _BATCH)
            found, truth = (_stack(pictures[batch]).to(self.device) for pictures in (results, truths))
            for metric in (fid, kid):
                metric.update(found, real=False)
                metric.update(truth, real=True)
            inception_score.update(found)
            distances += lpips(found / 127.5 - 1, truth / 127.5 - 1).flatten().tolist()
        with torch.random.fork_rng():  # subsets and splits are drawn
            torch.manual_seed(0)
            kernel, splits = kid.compute(), inception_score.compute()
        return {
            "LPIPS (AlexNet, torchmetrics)": draws.row(mean(np.array(distances))),
            "FID (Inception 2015, torchmetrics, against the true targets)": _plain(fid.compute()),
            "KID (Inception 2015, torchmetrics, against the true targets)": _plain(*kernel),
            "IS (Inception 2015, torchmetrics)": _plain(*splits),
        }


def _stack(pictures: list[NDArray[np.uint8]]) -> Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)


def _plain(value: Any, spread: Any = None) -> Row:
    row: Row = {"value": round(float(value), 6), "interval": [None, None]}
    return row if spread is None else row | {"spread": round(float(spread), 6)}
