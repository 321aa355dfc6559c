"""How another repository's network is scored beside ours, with nothing of it changed or trained:

cd examples; rsagan evaluate --method outside_method:Wrapped --data ../fashion --out report
"""

import numpy as np
import torch

from rsagan.people import Person, Picture, Pose


class TheirNetwork(torch.nn.Module):
    """Stands for what the other repository offers, say `from models import Generator`: source, poses -> picture."""

    def forward(self, source: torch.Tensor, source_pose: torch.Tensor, target_pose: torch.Tensor) -> torch.Tensor:
        return source * (1 - target_pose.amax(1, keepdim=True))


def heatmaps(pose: Pose, sigma: float = 6.0) -> torch.Tensor:
    """The 18 Gaussian maps that most of them expect: float32 (1, 18, H, W), zero where a joint is missing."""
    y, x = np.indices(pose.size)
    maps = [np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * sigma**2)) for px, py in pose.points]
    return torch.from_numpy(np.nan_to_num(np.stack(maps)).astype(np.float32))[None]


class Wrapped:
    """A method: a callable of a person and a pose that gives a picture of the person's size."""

    def __init__(self) -> None:
        self.network = TheirNetwork().eval()  # here their weights are loaded

    @torch.inference_mode()
    def __call__(self, person: Person, pose: Pose) -> Picture:
        source = torch.from_numpy(person.picture.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
        painted = self.network(source, heatmaps(person.pose), heatmaps(pose))
        return ((painted[0].permute(1, 2, 0) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).numpy()
