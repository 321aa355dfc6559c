"""The picture grid of a run: a few held-out pairs, the same every time."""

import numpy as np
import torch

from rsagan.data.pairs import spread
from rsagan.data.prepared import PreparedFolder
from rsagan.network import Generator
from rsagan.people import Picture, Pose, draw_parsing, draw_pose, grid, one_hot


class Preview:
    """Test pairs, spread evenly over the list, to be painted again and again.

    Args:
        folder: whose test pairs are shown. count: how many of them.
    """

    def __init__(self, folder: PreparedFolder, device: torch.device, count: int = 8) -> None:
        pairs = folder.pairs("test")
        chosen = pairs[spread(len(pairs), count)]
        self.device, self.size = device, folder.size
        self.sources = [folder.picture(source) for source, _ in chosen]
        self.targets = [folder.picture(target) for _, target in chosen]
        self.parsings = [folder.parsing(source) for source, _ in chosen]
        self.source_points = np.stack([folder.entries[source].points for source, _ in chosen])
        self.target_points = np.stack([folder.entries[target].points for _, target in chosen])

    @torch.no_grad()
    def draw(self, generator: Generator) -> Picture:
        """Rows of source, its parsing, target skeleton, result, predicted parsing, truth: uint8 (H, W, 3)."""
        output = generator(
            torch.from_numpy(np.stack(self.sources)).to(self.device).permute(0, 3, 1, 2).float() / 127.5 - 1,
            torch.from_numpy(np.stack([one_hot(parsing) for parsing in self.parsings])).to(self.device),
            torch.from_numpy(self.source_points).to(self.device),
            torch.from_numpy(self.target_points).to(self.device),
        )
        results = to_pictures(output.picture)
        rows = []
        for i, result in enumerate(results):
            row = [self.sources[i], draw_parsing(self.parsings[i])]
            row += [draw_pose(Pose(self.target_points[i], self.size)), result]
            if output.parsing_logits is not None:
                row.append(draw_parsing(output.parsing_logits[i].argmax(0).cpu().numpy().astype(np.uint8)))
            rows.append([*row, self.targets[i]])
        half = (len(rows) + 1) // 2  # two columns of rows: a sheet that fits a screen
        return grid([left + right for left, right in zip(rows[:half], [*rows[half:], []][:half], strict=True)])


def to_pictures(pictures: torch.Tensor) -> list[Picture]:
    """(B, 3, H, W) in [-1, 1] to uint8 (H, W, 3) each."""
    values = (pictures.float().clamp(-1, 1) * 127.5 + 127.5).round().to(torch.uint8)
    return list(values.permute(0, 2, 3, 1).cpu().numpy())
