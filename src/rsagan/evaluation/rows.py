"""The rows of the ablation: what each changes of the full network and of its losses. All else is equal."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from rsagan.errors import InputError
from rsagan.training.recipe import Recipe

# What this project adds to either family, and their papers do not have: known correspondence, and losses on the head.
_ADDED: Final = ("correspondence", "carried", "flow", "head_perceptual", "head_style", "head_adversarial")
_AS_PUBLISHED: Final = dict.fromkeys(_ADDED, 0.0)
# The families: who knows no regions and attends over places, and who carries a code a region and convolves.
_POSE_ONLY: Final = {"semantics": False, "match": False, "injection": "none", "integration": "spatial"}
_SEMANTIC: Final = {"match": False, "injection": "regions", "integration": "convolution"}


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        says: what it is, for tables.
        network: switches that differ from the full network's.
        losses: weights of losses that differ from the recipe's.
    """

    says: str
    network: Mapping[str, Any] = field(default_factory=dict)
    losses: Mapping[str, Any] = field(default_factory=dict)


ROWS: Final[dict[str, Row]] = {
    "full": Row("the whole network"),
    "no_semantics": Row("semantics off: input, module A, losses", {"semantics": False, "match": False}),
    "no_match": Row("module A without its match", {"match": False}),
    "no_injection": Row(
        "module B off: the mean of the picture conditions every place, and nothing is carried to module C",
        {"injection": "none"},
    ),
    "no_integration": Row("module C replaced by plain convolutions", {"integration": "convolution"}),
    "transposed_integration": Row(
        "module C over channels that lie where they lie in the source", {"integration": "transposed"}
    ),
    "spatial_integration": Row("module C over the source's places instead of channels", {"integration": "spatial"}),
    "no_detail": Row("detail path off", {"detail": False}),
    "pose_only": Row("pose-transformer family, with our decoder, detail path, losses and supervision", _POSE_ONLY),
    "pose_only_published": Row(
        "pose-transformer family, as its papers describe it", {**_POSE_ONLY, "detail": False}, _AS_PUBLISHED
    ),
    "semantic_baseline": Row("semantic-map family, with our decoder, detail path, losses and supervision", _SEMANTIC),
    "semantic_baseline_published": Row(
        "semantic-map family, as its papers describe it", {**_SEMANTIC, "detail": False}, _AS_PUBLISHED
    ),
}


def recipe_of(name: str, base: Recipe, seed: int, learning_rate: float) -> Recipe:
    """The recipe of a row: the base's, with the row's network and losses.

    Raises:
        InputError: no such row.
    """
    if name not in ROWS:
        raise InputError(f"There is no row {name!r}; there are {', '.join(ROWS)}.")
    return replace(
        base,
        name=name,
        seed=seed,
        learning_rate=learning_rate,
        snapshot_every=base.pictures,  # the ablation looks at the weights itself
        network=replace(base.network, **ROWS[name].network),
        losses=replace(base.losses, **ROWS[name].losses),
    )
