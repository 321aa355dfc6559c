"""What adapting to a person gains, judged on another clip of the same person.

    python benchmarks/adaptation.py CLIPS --adapted WEIGHTS --judged CLIP [--judged CLIP] [--out adaptation.json]

Pairs of frames of the judged clips, both analysed as any photo, are painted with the unadapted and the adapted weights
and compared with the true frame. The perceptual distance is on the network that the losses use; L1, SSIM and the joints
that an estimator finds (the share at the same place as in the true frame) are on none that training has seen.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torchmetrics.functional.image import structural_similarity_index_measure

from rsagan import backbones
from rsagan.errors import InputError
from rsagan.evaluation.metrics import PERCEPTUAL_LAYERS, perceptual_distance
from rsagan.evaluation.person import estimate, joints_right
from rsagan.network import load_weights
from rsagan.people import Person, Picture, grid, write_png
from rsagan.photo import analyse
from rsagan.training.adapt import at_size
from rsagan.transfer import Model, load
from rsagan.video import open_clip, read_frames


def people_of(clip: Path, count: int, size: tuple[int, int]) -> list[Person]:
    """The person in frames spread evenly over a clip, in a frame of (height, width)."""
    frames = list(read_frames(open_clip(clip)))
    chosen = np.unique(np.linspace(0, len(frames) - 1, count).astype(int))
    people = []
    for at in chosen:
        try:
            found = analyse(frames[at].picture, plain_background=True)
        except InputError:
            continue
        people.append(at_size(found.person, size))
    return people


def tensor(picture: Picture) -> torch.Tensor:
    """(1, 3, H, W) in [-1, 1]."""
    return torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1


def score(model: Model, pairs: Sequence[tuple[Person, Person]]) -> tuple[dict[str, float], list[Picture]]:
    """Means over pairs of source and target, and the results."""
    judge = backbones.load(backbones.VGG16_HED, PERCEPTUAL_LAYERS[-1])
    sums = np.zeros(3)
    joints = np.zeros(2)
    painted = []
    for source, target in pairs:
        result = model.prepare(source).pose(target.pose, keep_place=True).picture
        one, other = tensor(result), tensor(target.picture)
        with torch.no_grad():
            distance = float(perceptual_distance(judge, one, other)[0])
        similarity = structural_similarity_index_measure(one, other, data_range=2.0)
        sums += [distance, float((one - other).abs().mean() / 2), float(similarity)]  # type: ignore[arg-type]
        joints += joints_right(estimate(result), estimate(target.picture))
        painted.append(result)
    names = (f"perceptual distance ({judge.name})", "L1", "SSIM")
    found = {name: round(float(value), 4) for name, value in zip(names, sums / len(pairs), strict=True)}
    return found | {"joint accuracy (blazepose)": round(float(joints[0] / max(joints[1], 1)), 4)}, painted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, help="the folder of the clips")
    parser.add_argument("--adapted", type=Path, required=True)
    parser.add_argument("--judged", action="append", required=True, help="a clip's file name")
    parser.add_argument("--frames", type=int, default=8, help="of each clip")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--sheet", type=Path, help="source, unadapted, adapted, truth")
    arguments = parser.parse_args()
    before, after = load(), load(arguments.adapted)
    pairs = []
    for name in arguments.judged:
        people = people_of(arguments.clips / name, arguments.frames, before.size)
        half = len(people) // 2
        pairs += [(people[k], people[(k + half) % len(people)]) for k in range(len(people))]
    rows = {}
    (rows["unadapted"], one), (rows["adapted"], other) = score(before, pairs), score(after, pairs)
    change = {name: round(rows["adapted"][name] / max(value, 1e-9) - 1, 4) for name, value in rows["unadapted"].items()}
    _, header = load_weights(arguments.adapted)
    report = {
        "pairs": len(pairs),
        "judged": arguments.judged,
        "adapted": header.get("adapted"),
        **rows,
        "change": change,
    }
    print(json.dumps(report, indent=1))
    if arguments.out:
        arguments.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if arguments.sheet:
        cells = [[a.picture, x, y, b.picture] for (a, b), x, y in zip(pairs, one, other, strict=True)]
        half = (len(cells) + 1) // 2
        write_png(
            arguments.sheet, grid([left + right for left, right in zip(cells[:half], cells[half:], strict=False)])
        )


if __name__ == "__main__":
    main()
