"""The training loop. It counts pictures seen; to resume, run the same command again.

Under `torchrun` it is one of several processes; the first of them, the chief, writes all files.
"""

import copy
import hashlib
import json
import math
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

import rsagan
from rsagan import backbones
from rsagan.data.mixed import mixed_batches
from rsagan.data.prepared import MALFORMED, PreparedFolder
from rsagan.data.stream import open_data
from rsagan.errors import DivergedError, InputError
from rsagan.files import file_hash, held, replacing, sweep, write_text
from rsagan.network import Discriminator, Generator, load_weights, save_weights
from rsagan.network.config import SIZES
from rsagan.network.layers import channels_last
from rsagan.network.weights import FORMAT, read_metadata
from rsagan.people import write_png
from rsagan.training import checkpoint, distributed
from rsagan.training.ahead import ahead, pinned
from rsagan.training.log import RunLog
from rsagan.training.optimizer import GeneratorOptimizer
from rsagan.training.phases import discriminator_phase, generator_phase, penalty_phase, to_step
from rsagan.training.precision import autocast, computing_type, name_of
from rsagan.training.preview import Preview
from rsagan.training.process import prepare
from rsagan.training.recipe import Recipe, build, load_recipe
from rsagan.training.stopping import asked_to_stop

AnyBatch = Mapping[str, Any]  # `rsagan.data.sampler.Batch`, or the same in pinned tensors


class NonFiniteLoss(DivergedError):
    """A loss or gradient was not a number. The step's inputs lie in the run's folder; no checkpoint holds the step."""


def train(
    recipe: Recipe | Path | str,
    data: PreparedFolder | Path | str,
    run: Path | str,
    *,
    until: int | None = None,
    start: Path | str | None = None,
    mix: PreparedFolder | Path | str | None = None,
) -> Path:
    """Train a generator, or go on where the run in this folder stopped; on Linux the process keeps its memory then.

    Args:
        recipe: a recipe, a TOML file or the name of a built-in one.
        data: a prepared folder, or `synthetic:SEED[:STYLE][:HEIGHTxWIDTH]` for people rendered while training, none of
            whom is shown twice; the recipe's `loaders` are then processes.
        run: folder for checkpoints, log, picture grids and `weights.safetensors` (the moving average, float16).
        until: stop (with a checkpoint) after so many pictures, even if the recipe has more; the schedule does not
            change.
        start: weights of the recipe's network to begin a new run with, instead of random ones; a run that has begun
            goes on as it was.
        mix: a second source of pairs, such as real people, of which the recipe's `mixed` share are taken.

    Returns:
        the path of the weights file.

    Raises:
        InputError: a broken recipe or folder; a run that belongs to another network or data set, or has weights but no
            checkpoint; weights of another network; an `until` below 1; of several processes, one that was given another
            recipe or data set than the first.
        NonFiniteLoss: training diverged.
        KeyboardInterrupt: it was asked to stop, by Ctrl-C or SIGTERM, and has kept what it had reached.
    """
    if until is not None and until < 1:
        raise InputError(f"Training cannot stop after {until} pictures; at least 1 must be seen.")
    recipe = recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
    prepare(recipe.threads)
    with distributed.joined() as group:
        group.share_of(recipe.batch)  # before anything is read
        second = None if mix is None else open_data(mix)
        return _train(recipe, open_data(data), second, Path(run), until, start, group)


def _train(
    recipe: Recipe,
    folder: PreparedFolder,
    second: PreparedFolder | None,
    run: Path,
    until: int | None,
    start: Path | str | None,
    group: distributed.Group,
) -> Path:
    height, width = folder.size
    if height % 8 or width % 8:
        raise InputError(
            f"{folder.path} has frames of {height}x{width}; to train on, height and width must be multiples of 8."
        )
    for given in (folder, second):
        if given is not None and given.path.is_dir() and given.path.resolve() == run.resolve():
            raise InputError(f"{run} holds the data to train on; choose another folder for the run.")
    batches = mixed_batches(folder, second, recipe.mixed, recipe.seed, recipe.augmentation, recipe.corruption)
    identity = _identity_of(recipe, folder, second)
    _agree(recipe, identity, until, group)
    newest = checkpoint.read_newest(run) if group.chief else None
    if group.chief and newest is None and (run / "weights.safetensors").is_file():
        raise InputError(
            f"{run} holds weights but no checkpoint to go on from; choose another folder for the run, and begin with "
            "them by --start if that is meant."
        )
    data = distributed.from_chief(newest, group.device)
    saved = None if data is None else checkpoint.decode(data)
    # What it computes in is found out once a run, by the chief: another process, or a later one, may find otherwise.
    mine = name_of(computing_type(recipe.precision, group.device)).encode()
    kind = (distributed.from_chief(mine, group.device) or mine).decode()
    kind = kind if recipe.precision == "float32" else (saved or {}).get("kind", kind)
    if saved is not None and saved.get("identity") != identity:
        raise InputError(f"{run} was begun with {_other(run, recipe)}; choose a new folder for the run.")
    state = State(recipe, group.device, getattr(torch, kind))
    if saved is None and start is not None:  # a run that has begun needs them no more
        if group.chief:
            state.begin_with(start)
        begun = checkpoint.encode(state.to_dict(identity)) if group.chief else None
        begun = distributed.from_chief(begun, group.device)
        assert begun is not None
        saved = checkpoint.decode(begun)
    state.restore(saved)
    goal = recipe.pictures if until is None else min(until, recipe.pictures)
    goal += -goal % recipe.batch  # whole steps only
    backbone = load_backbone(recipe, group.device, state.kind)
    preview = Preview(folder, group.device) if group.chief else None

    weights_file = run / "weights.safetensors"
    sums: dict[str, list[Tensor | float]] = defaultdict(list)
    before_this: Doubt | None = None
    log_start, logged = time.perf_counter(), state.seen
    kept = time.monotonic()
    stop = False
    with (
        held(run) if group.chief else nullcontext(),
        asked_to_stop() as asked,
        RunLog(run, state.seen, goal) if group.chief else nullcontext() as log,
    ):
        if group.chief:
            sweep(run)  # after a killed process
            if state.seen < goal:
                write_text(run / "recipe.json", json.dumps(recipe.to_dict(), indent=1) + "\n")
        stream: Iterator[AnyBatch] = batches.stream(state.seen, recipe.batch, group.rank, group.world, recipe.loaders)
        if group.device.type == "cuda":
            stream = ahead(stream, pinned)
        while state.seen < goal and not stop:
            began = time.perf_counter()
            batch = next(stream)
            sums["seconds_data"].append(time.perf_counter() - began)
            values, doubt = train_step(state, batch, backbone)
            if before_this is not None:
                before_this.settle(run)
            before_this = doubt
            for name, value in values.items():
                sums[name].append(value)
            state.seconds += time.perf_counter() - began
            before, state.seen = state.seen, state.seen + recipe.batch
            if log:
                log.advance(state.seen)

            def due(every: int, before: int = before) -> bool:
                return state.seen // every > before // every

            if group.world == 1 or due(recipe.log_every):  # to agree costs several processes a message
                stop = distributed.anybody(asked(), group.device)
            last = stop or state.seen >= goal
            if last or due(recipe.log_every):
                numbers = _means(sums, group.device)
                speed = (state.seen - logged) / (time.perf_counter() - log_start)
                if log:
                    log.numbers(state.seen, {**numbers, "pictures_per_second": speed, "seconds": state.seconds})
                sums.clear()
                log_start, logged = time.perf_counter(), state.seen
            late = time.monotonic() - kept > 60 * recipe.checkpoint_minutes
            # Weights never lie there without a checkpoint: a run that was cut off could not go on.
            if last or late or due(recipe.checkpoint_every) or due(recipe.snapshot_every):
                doubt.settle(run)
                if group.chief:
                    checkpoint.save(run, state.seen, state.to_dict(identity))
                kept = time.monotonic()
            if preview and log and (last or due(recipe.snapshot_every)):
                sheet = preview.draw(state.average)
                write_png(run / f"grid-{state.seen:010d}.png", sheet)
                log.picture(state.seen, "grid", sheet)
                save_weights(weights_file, state.average, _metadata(state, folder, second))
        stream.close()  # type: ignore[attr-defined]
        if group.chief and _pictures_seen(weights_file) != state.seen:
            save_weights(weights_file, state.average, _metadata(state, folder, second))
    if stop:
        raise KeyboardInterrupt(f"stopped after {state.seen} pictures, which are kept; the same command goes on.")
    return weights_file


def _agree(recipe: Recipe, identity: str, until: int | None, group: distributed.Group) -> None:
    """Raises InputError if this process was not given what the chief was.

    The recipe's name, threads and loaders may be each machine's own.
    """
    mine = json.dumps([identity, replace(recipe, name="", threads=0, loaders=1).to_dict(), until]).encode()
    if distributed.from_chief(mine, group.device) != mine:
        raise InputError(
            f"Process {group.rank} was given another recipe or data set than the first one; bring the same to every "
            "machine."
        )


def _pictures_seen(weights: Path) -> int | None:
    """By how many pictures weights were trained; None if there are none that can be read."""
    try:
        return int(read_metadata(weights)["training"]["pictures_seen"])
    except InputError:
        return None


def _means(sums: Mapping[str, list[Tensor | float]], device: torch.device) -> dict[str, float]:
    """The means of what was measured since the last log line, over all processes."""
    means = [float(np.mean([float(value) for value in these])) for these in sums.values()]
    shared = distributed.average(torch.tensor(means, dtype=torch.float64, device=device))
    return dict(zip(sums, shared.tolist(), strict=True))


class State:
    """All that changes during a run, and so all that a checkpoint holds.

    Attributes:
        kind: what its steps compute in, torch.bfloat16 or torch.float32; by default what pays on the device.
        seen: pictures so far. seconds: spent on them. start: which weights it began with, in their own words, or None.
        generator, average (its moving average), discriminators by "picture" and "head", their optimisers.
    """

    def __init__(self, recipe: Recipe, device: torch.device, kind: torch.dtype | None = None) -> None:
        self.recipe, self.device = recipe, device
        self.kind = computing_type(recipe.precision, device) if kind is None else kind
        self.seen, self.seconds = 0, 0.0
        self.start: dict[str, Any] | None = None
        torch.manual_seed(recipe.seed)
        self.generator = channels_last(Generator(recipe.network).to(device))
        self.average = copy.deepcopy(self.generator).eval().requires_grad_(False)
        self.discriminators: dict[str, Discriminator] = {}
        for name, weight in (("picture", recipe.losses.adversarial), ("head", recipe.losses.head_adversarial)):
            if weight:
                self.discriminators[name] = channels_last(Discriminator(recipe.network).to(device))
        self.optimizer = GeneratorOptimizer(self.generator.parameters(), recipe)
        critics = [p for discriminator in self.discriminators.values() for p in discriminator.parameters()]
        self.critic_optimizer = (
            torch.optim.Adam(critics, recipe.adversary.learning_rate, cast(Any, recipe.betas), fused=True)
            if critics
            else None
        )

    def begin_with(self, weights: Path | str) -> None:
        """Take over a generator from a weights file, and what that says of its own training.

        Layers that these lack, or hold in another shape, begin anew.

        Raises:
            InputError: it cannot be read, or is of other sizes.
        """
        generator, header = load_weights(weights)
        mine, theirs = self.recipe.network.to_dict(), generator.config.to_dict()
        other = [f"{name} = {theirs[name]}" for name in SIZES if mine[name] != theirs[name]]
        if other:
            raise InputError(
                f"{weights} is of another network than the recipe's ({', '.join(other)}); change the recipe's table "
                "[network]."
            )
        fresh, given = self.generator.state_dict(), generator.state_dict()
        # Between switches a layer's input may differ: what does not fit begins anew.
        fits = {name: tensor for name, tensor in given.items() if name in fresh and fresh[name].shape == tensor.shape}
        for network in (self.generator, self.average):
            network.load_state_dict({**fresh, **fits})
        kept: dict[str, Any] = {name: header[name] for name in ("training", "data") if name in header}
        # The same layers may be used in another way: what differs is told, too.
        differs = {name: switch for name, switch in theirs.items() if mine[name] != switch}
        told = {"network": differs, "anew": sorted(fresh.keys() - fits.keys())}
        known = {name: value for name, value in told.items() if value}
        self.start = {"weights": Path(weights).name, "sha256": file_hash(Path(weights)), **known, **kept}

    def to_dict(self, identity: str) -> dict[str, Any]:
        """For `checkpoint.save`; `identity` names network and data."""
        return {
            "identity": identity,
            "kind": name_of(self.kind),
            "seen": self.seen,
            "seconds": self.seconds,
            "start": self.start,
            "generator": self.generator.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "discriminators": {name: these.state_dict() for name, these in self.discriminators.items()},
            "critic_optimizer": self.critic_optimizer.state_dict() if self.critic_optimizer else None,
        }

    def restore(self, saved: dict[str, Any] | None) -> None:
        """Take over a checkpoint; None leaves everything as it is."""
        if saved is None:
            return
        self.seen, self.seconds = int(saved["seen"]), float(saved["seconds"])
        self.start = saved.get("start")
        self.generator.load_state_dict(saved["generator"])
        self.average.load_state_dict(saved["average"])
        self.optimizer.load_state_dict(saved["optimizer"])
        for name, these in self.discriminators.items():
            these.load_state_dict(saved["discriminators"][name])
        if self.critic_optimizer:
            self.critic_optimizer.load_state_dict(saved["critic_optimizer"])


@dataclass(frozen=True)
class Doubt:
    """Whether a step was finite, to be asked after the next one: to ask at once lets a graphics card run dry.

    Attributes:
        seen: pictures before the step. batch: its inputs. values: its losses.
        finite: bool, scalar: whether they and the gradients were, those of all processes.
    """

    seen: int
    batch: AnyBatch
    values: Mapping[str, Tensor | float]
    finite: Tensor

    def settle(self, run: Path) -> None:
        """Write the step's inputs to the run's folder and raise NonFiniteLoss, unless it was finite."""
        if bool(self.finite):
            return
        rank = f"-{distributed.rank()}" if distributed.world_size() > 1 else ""
        path = run / f"non-finite-{self.seen:010d}{rank}.npz"
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, **self.batch)
        losses = {name: value for name, value in self.values.items() if name != "gradient_norm"}
        bad = ", ".join(name for name, value in losses.items() if not math.isfinite(value)) or "the gradient"
        raise NonFiniteLoss(
            f"After {self.seen} pictures {bad} is not finite; the step's inputs are in {path}. "
            "Lower the learning rate and run again: it goes on from the last checkpoint."
        )


def train_step(
    state: State, batch: AnyBatch, backbone: backbones.VGG16 | None
) -> tuple[dict[str, Tensor | float], Doubt]:
    """One update of everything; returns the losses and the seconds that each part took, and whether to trust them."""
    recipe, seen = state.recipe, state.seen
    torch.manual_seed((recipe.seed << 40) + seen)  # whatever a layer may draw
    step = to_step(batch, state.device)
    adversary = recipe.adversary
    share = min(1.0, max(0.0, (seen - adversary.start) / max(adversary.fade, 1)))
    fighting = bool(state.discriminators) and seen >= adversary.start
    began = time.perf_counter()

    with autocast(state.kind, state.device), _frozen(state.discriminators):
        state.optimizer.zero_grad()
        output, values = generator_phase(
            step, state.generator, backbone, recipe.losses, state.discriminators, share if fighting else 0.0
        )
    distributed.average_gradients(state.generator.parameters())
    norm = nn.utils.clip_grad_norm_(state.generator.parameters(), recipe.clip, foreach=True)
    # One process's trouble is everybody's: none may wait for another that gave up.
    finite = torch.isfinite(distributed.total(values["total"])) & torch.isfinite(norm)
    state.optimizer.step(recipe.learning_rate * schedule(recipe, seen))
    _follow(state, seen)
    numbers: dict[str, Tensor | float] = {**values, "gradient_norm": norm.detach()}
    numbers["seconds_generator"] = time.perf_counter() - began

    if fighting and state.critic_optimizer is not None:
        began = time.perf_counter()
        state.critic_optimizer.zero_grad(set_to_none=True)
        with autocast(state.kind, state.device):
            losses = discriminator_phase(step, output.picture.detach(), state.discriminators)
        if adversary.r1 and (seen // recipe.batch) % adversary.r1_every == 0:
            losses |= penalty_phase(step, state.discriminators, 0.5 * adversary.r1 * adversary.r1_every)
        critics = [p for these in state.discriminators.values() for p in these.parameters()]
        distributed.average_gradients(critics)
        norm = nn.utils.get_total_norm([p.grad for p in critics if p.grad is not None])
        finite &= torch.isfinite(distributed.total(torch.stack([*losses.values(), norm]))).all()
        for group in state.critic_optimizer.param_groups:
            group["lr"] = adversary.learning_rate * schedule(recipe, seen)
        state.critic_optimizer.step()
        numbers |= losses
        numbers["seconds_discriminator"] = time.perf_counter() - began
    return numbers, Doubt(seen, batch, numbers, finite)


def schedule(recipe: Recipe, seen: int) -> float:
    """The learning rate's share of its highest value: a short rise, then a cosine down to `final_rate`."""
    rise = min(1.0, (seen + recipe.batch) / max(recipe.warmup, 1))
    fall = 0.5 * (1 + math.cos(math.pi * min(1.0, seen / recipe.pictures)))
    return rise * (recipe.final_rate + (1 - recipe.final_rate) * fall)


def _follow(state: State, seen: int) -> None:
    """Move the average towards the weights; early in a run its half-life is a tenth of what was seen."""
    half_life = min(state.recipe.ema, max(0.1 * seen, state.recipe.batch))
    share = 1 - 0.5 ** (state.recipe.batch / half_life)
    average: list[Tensor] = list(state.average.parameters())
    with torch.no_grad():
        torch._foreach_lerp_(average, [p.detach() for p in state.generator.parameters()], share)
        for kept, current in zip(state.average.buffers(), state.generator.buffers(), strict=True):
            kept.copy_(current)


def load_backbone(recipe: Recipe, device: torch.device, kind: torch.dtype) -> backbones.VGG16 | None:
    """The loss network in that type, as deep as the recipe's losses look into it; None if none does."""
    losses = recipe.losses
    layers: set[str] = set()
    if losses.perceptual or losses.style:
        layers |= set(losses.layers)
    if losses.head_perceptual or losses.head_style:
        layers |= set(losses.head_layers)
    if not layers:
        return None
    return backbones.load(losses.backbone, max(layers)).to(device, kind)


def _metadata(state: State, folder: PreparedFolder, second: PreparedFolder | None) -> dict[str, Any]:
    def told(data: PreparedFolder) -> dict[str, Any]:
        return {name: data.manifest.get(name) for name in ("source", "licence", "plan")}

    return {
        "size": list(folder.size),
        "data": told(folder) | ({} if second is None else {"mixed_in": told(second)}),
        "training": {
            "recipe": state.recipe.to_dict(),
            "pictures_seen": state.seen,
            "seconds": round(state.seconds),
            "precision": name_of(state.kind),
            **({"start": state.start} if state.start else {}),
            "rsagan": rsagan.__version__,
            "torch": torch.__version__,
        },
    }


def _identity_of(recipe: Recipe, folder: PreparedFolder, second: PreparedFolder | None) -> str:
    """What must not change between a run and its resumption: what `_fixed` names, and the data."""
    critics = [bool(recipe.losses.adversarial), bool(recipe.losses.head_adversarial)]
    parts = [FORMAT, recipe.network.to_dict(), recipe.seed, recipe.batch, critics, folder.version]
    if recipe.optimizer != "adam":
        parts.append(recipe.optimizer)
    if recipe.betas != Recipe().betas:
        parts.append(list(recipe.betas))
    if second is not None:
        parts.append(second.version)
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _fixed(recipe: Recipe) -> dict[str, Any]:
    """What a run keeps of the recipe that it was begun with, by name."""
    losses, table = recipe.losses, recipe.to_dict()
    critics = {f"losses.{name}": getattr(losses, name) > 0 for name in ("adversarial", "head_adversarial")}
    network = {f"network.{name}": value for name, value in recipe.network.to_dict().items()}
    return {name: table[name] for name in ("seed", "batch", "optimizer", "betas")} | network | critics


def _other(run: Path, recipe: Recipe) -> str:
    """What a run of another identity was begun with, in words."""
    try:
        begun = _fixed(build(Recipe, json.loads((run / "recipe.json").read_text(encoding="utf-8")), ""))
    except (OSError, *MALFORMED):
        return "another recipe or data set"
    mine = _fixed(recipe)
    changed = [name for name, value in begun.items() if value != mine[name]]
    return f"another recipe (other {', '.join(changed)})" if changed else "another data set"


@contextmanager
def _frozen(discriminators: Mapping[str, nn.Module]) -> Iterator[None]:
    """The generator's phase shall not spend time on the discriminators' gradients."""
    for discriminator in discriminators.values():
        discriminator.requires_grad_(False)
    yield
    for discriminator in discriminators.values():
        discriminator.requires_grad_(True)
