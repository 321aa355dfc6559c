"""A recipe: everything about a training run but its data, as one TOML file."""

import math
import tomllib
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from rsagan import backbones
from rsagan.data.corrupt import Corruption
from rsagan.data.sampler import Augmentation
from rsagan.errors import InputError, check_numbers
from rsagan.network import Config

T = TypeVar("T")


@dataclass(frozen=True)
class Losses:
    """The weight of each loss; 0 switches it off and saves its time.

    Attributes:
        pixel: L1; background counts `background` of what the person does.
        perceptual, style: on the backbone's features of the person; head_perceptual, head_style: of the head.
        backbone: which frozen network; layers, head_layers: its layers compared for the picture and for the head;
            style_layers: those among them whose Gram matrices are compared too.
        window: share of the width, round the person, that the backbone looks at.
        alone: share of the pairs into which none of the source's own colours are blended. Copying them is the easy way,
            and what only copies never learns to paint what the source does not show.
        adversarial, head_adversarial: weight of the discriminators' opinion.
        rescoring, target_parsing, correspondence, flow: see `rsagan.training.losses`; the last two need known truth.
        carried: takes the place of correspondence where no truth is known.
    """

    pixel: float = 2.0
    background: float = 0.5
    perceptual: float = 2.0
    style: float = 0.5
    head_perceptual: float = 0.5
    head_style: float = 0.1
    backbone: str = "vgg16_hed"
    layers: tuple[str, ...] = ("1_2", "2_2", "3_3", "4_1")
    head_layers: tuple[str, ...] = ("1_2", "2_2", "3_3")
    style_layers: tuple[str, ...] = ("2_2", "3_3")
    window: float = 0.73
    alone: float = 0.5
    adversarial: float = 0.1
    head_adversarial: float = 0.05
    rescoring: float = 0.3
    target_parsing: float = 0.5
    correspondence: float = 0.2
    flow: float = 0.2
    carried: float = 0.5

    def __post_init__(self) -> None:
        if self.backbone not in backbones.NAMES:
            raise InputError(f"There is no backbone {self.backbone!r}; there are {', '.join(backbones.NAMES)}.")
        for layer in (*self.layers, *self.head_layers, *self.style_layers):
            if layer not in backbones.LAYERS:
                raise InputError(f"The backbone has no layer {layer!r}; it has {', '.join(backbones.LAYERS)}.")
        check_numbers("The losses'", self, [each.name for each in fields(self) if each.type is float])
        check_numbers("The losses'", self, ("window", "alone"), most=1)
        for name in ("layers", "head_layers"):
            chosen = list(getattr(self, name))
            if not chosen or chosen != [layer for layer in backbones.LAYERS if layer in chosen]:
                raise InputError(f"The losses' {name} are {chosen}; name at least one, each once, shallow ones first.")
        for weight, name in ((self.style, "layers"), (self.head_style, "head_layers")):
            if weight and not set(self.style_layers) & set(getattr(self, name)):
                raise InputError(f"The losses have a weight for style, but no style_layers are among their {name}.")


@dataclass(frozen=True)
class Adversary:
    """The discriminators.

    Attributes:
        start: pictures seen before they are switched on; fade: pictures over which their weight rises from 0.
        learning_rate: of Adam. r1: weight of the gradient penalty; r1_every: steps between two.
    """

    start: int = 30_000
    fade: int = 10_000
    learning_rate: float = 4e-4
    r1: float = 0.5
    r1_every: int = 16

    def __post_init__(self) -> None:
        check_numbers("The adversary's", self, ("start", "fade", "learning_rate", "r1"))
        if self.r1_every < 1:
            raise InputError(f"The adversary's r1_every is {self.r1_every}; it must be at least 1.")


@dataclass(frozen=True)
class Recipe:
    """A training run.

    Attributes:
        seed: of weights, order and draws.
        pictures: pairs to train on, all in all.
        batch: pairs a step, all processes together.
        optimizer: "adam", or "muon" for the generator's matrices and convolutions and Adam for the rest of it.
        learning_rate: of either, after `warmup` pictures; falls along a cosine to `final_rate` of it at the end.
        betas: of Adam. clip: largest norm of the generator's gradient.
        ema: half-life of the weights' moving average, in pictures.
        precision: "bfloat16" (autocast, on devices that are fast in it; float32 on others) or "float32".
        threads: for torch, or 0 to leave it alone. loaders: threads that prepare batches, or processes that render
            streamed people; of every training process.
        log_every, snapshot_every, checkpoint_every: pictures between two log lines, picture grids with a weights
            file, checkpoints. checkpoint_minutes: a checkpoint is written at least so often, by the clock.
        mixed: share of the pairs that come from the second source, where one is given.
        network, losses, adversary, augmentation, corruption: tables of their own.
    """

    name: str = "people-128"
    seed: int = 0
    pictures: int = 60_000
    batch: int = 8
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    warmup: int = 1_000
    final_rate: float = 0.05
    betas: tuple[float, float] = (0.5, 0.99)
    clip: float = 1.0
    ema: float = 3_000
    precision: str = "bfloat16"
    threads: int = 0
    loaders: int = 1
    log_every: int = 400
    snapshot_every: int = 4_000
    checkpoint_every: int = 2_000
    checkpoint_minutes: float = 10.0
    mixed: float = 0.1
    network: Config = field(default_factory=Config)
    losses: Losses = field(default_factory=Losses)
    adversary: Adversary = field(default_factory=Adversary)
    augmentation: Augmentation = field(default_factory=Augmentation)
    corruption: Corruption = field(default_factory=Corruption)

    def __post_init__(self) -> None:
        for name in ("pictures", "batch", "loaders", "log_every", "snapshot_every", "checkpoint_every"):
            if getattr(self, name) < 1:
                raise InputError(f"The recipe's {name} is {getattr(self, name)}; it must be at least 1.")
        check_numbers("The recipe's", self, ("seed", "threads", "warmup"))
        if self.seed >= 2**24:
            raise InputError(f"The recipe's seed is {self.seed}; it must be below {2**24}.")
        for name in ("learning_rate", "clip", "ema", "checkpoint_minutes"):
            if not 0 < getattr(self, name) < math.inf:
                raise InputError(f"The recipe's {name} is {getattr(self, name)}; it must be a number above 0.")
        check_numbers("The recipe's", self, ("mixed", "final_rate"), most=1)
        if not all(0 <= beta < 1 for beta in self.betas):
            raise InputError(f"The recipe's betas are {self.betas}; each must be at least 0 and below 1.")
        if self.optimizer not in ("adam", "muon"):
            raise InputError(f"The recipe's optimizer is {self.optimizer!r}; it is adam or muon.")
        if self.precision not in ("bfloat16", "float32"):
            raise InputError(f"The recipe's precision is {self.precision!r}; it is bfloat16 or float32.")

    def to_dict(self) -> dict[str, Any]:
        """As TOML and JSON hold it."""
        return asdict(self)


def load_recipe(path_or_name: Path | str) -> Recipe:
    """Read a recipe: a TOML file, or the name of a built-in one.

    Raises:
        InputError: no such recipe, not TOML, an unknown key or a value of the wrong kind (all said by name).
    """
    path = Path(path_or_name)
    if path.suffix != ".toml":
        built_in = resources.files("rsagan.training") / "recipes"
        file = built_in / f"{path_or_name}.toml"
        if not file.is_file():
            names = ", ".join(sorted(entry.name.removesuffix(".toml") for entry in built_in.iterdir()))
            raise InputError(f"There is no recipe {str(path_or_name)!r}; built in are {names}, or give a .toml file.")
        text = file.read_text(encoding="utf-8")
    else:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise InputError(f"The recipe {path} cannot be read: {reason}.") from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"The recipe {path_or_name} is not TOML: {error}.") from error
    return build(Recipe, {"name": path.stem, **table}, f"The recipe {path_or_name}")


def build(kind: type[T], table: dict[str, Any], where: str) -> T:
    """A (frozen, nested) dataclass from a table of plain values.

    Raises:
        InputError: keys that the dataclass does not have, or values of another kind.
    """
    hints = get_type_hints(kind)
    known = {each.name for each in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(table) - known)
    if unknown:
        raise InputError(f"{where} has unknown keys: {', '.join(unknown)}; known are {', '.join(sorted(known))}.")
    values: dict[str, Any] = {}
    for key, value in table.items():
        hint = hints[key]
        if isinstance(hint, type) and is_dataclass(hint):
            if not isinstance(value, dict):
                raise InputError(f"{where}: {key} must be a table.")
            values[key] = build(hint, value, f"{where}, table {key},")
        elif get_origin(hint) is tuple:
            values[key] = _tuple(hint, value, f"{where}: {key} = {value!r}")
        elif hint is float and isinstance(value, int) and not isinstance(value, bool):
            values[key] = float(value)
        elif hint in (int, float, str, bool) and type(value) is not hint:
            raise InputError(f"{where}: {key} = {value!r} must be of type {hint.__name__}.")
        else:
            values[key] = value
    return kind(**values)


def _tuple(hint: Any, value: Any, what: str) -> tuple[Any, ...]:
    """A list of plain values as the tuple that `hint` asks for."""
    kinds = get_args(hint)
    open_ended = kinds[-1] is Ellipsis
    if not isinstance(value, list) or (not open_ended and len(value) != len(kinds)):
        raise InputError(f"{what} must be a list of {'' if open_ended else f'{len(kinds)} '}values.")
    expected = [kinds[0]] * len(value) if open_ended else list(kinds)
    numbers = [float(v) if kind is float and type(v) is int else v for kind, v in zip(expected, value, strict=True)]
    if any(type(v) is not kind for kind, v in zip(expected, numbers, strict=True)):
        raise InputError(f"{what} must be a list of {expected[0].__name__} values.")
    return tuple(numbers)
