"""The rows of the ablation: what each changes of the full network and of its losses. All else is equal."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from rsagan.errors import InputError
from rsagan.network import variant
from rsagan.training.recipe import Recipe

# What this project adds to either family, and their papers do not have: known correspondence, and losses on the head.
_ADDED: Final = ("correspondence", "carried", "flow", "head_perceptual", "head_style", "head_adversarial")
_AS_PUBLISHED: Final = dict.fromkeys(_ADDED, 0.0)


@dataclass(frozen=True)
class Row:
    """One row: its network is `variant(name)`.

    Attributes:
        says: what it is, for tables.
        losses: weights of losses that differ from the recipe's.
    """

    says: str
    losses: Mapping[str, Any] = field(default_factory=dict)


ROWS: Final[dict[str, Row]] = {
    "full": Row("the whole network"),
    "no_semantics": Row("semantics off: input, module A, losses"),
    "no_match": Row("module A without its match"),
    "no_injection": Row(
        "module B off: the mean of the picture conditions every place, and nothing is carried to module C"
    ),
    "no_integration": Row("module C replaced by plain convolutions"),
    "transposed_integration": Row("module C over channels that lie where they lie in the source"),
    "spatial_integration": Row("module C over the source's places instead of channels"),
    "no_detail": Row("detail path off"),
    "pose_only": Row("pose-transformer family, with our decoder, detail path, losses and supervision"),
    "pose_only_published": Row("pose-transformer family, as its papers describe it", _AS_PUBLISHED),
    "semantic_baseline": Row("semantic-map family, with our decoder, detail path, losses and supervision"),
    "semantic_baseline_published": Row("semantic-map family, as its papers describe it", _AS_PUBLISHED),
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
        network=variant(name, base.network),
        losses=replace(base.losses, **ROWS[name].losses),
    )
