"""What a generator is made of: one frozen dataclass, stored with the weights."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Literal, get_args

from rsagan.errors import InputError

LARGEST: Final = 4096
Injection = Literal["correspondence", "regions", "none"]
Integration = Literal["warped", "transposed", "spatial", "convolution"]
INJECTIONS: Final[tuple[Injection, ...]] = get_args(Injection)
INTEGRATIONS: Final[tuple[Integration, ...]] = get_args(Integration)


@dataclass(frozen=True)
class Config:
    """Widths and switches of the network. All of them are this project's decisions, none is known from the paper.

    Attributes:
        widths: channels at full, 1/2, 1/4 and 1/8 resolution.
        heads: attention heads of module C; the last width is divisible by it.
        blocks: how many integration blocks.
        tokens: style tokens a region (module A), where integration is "spatial".
        match_channels: hidden channels a region of the match (module A).
        key_channels: channels of the queries and keys that make the correspondence (module B).
        semantics: use the source's parsing map at all, and predict the target's.
        match: re-score the parsing by how well it agrees with the joints (module A's heart).
        injection: what makes the coarse style: "correspondence" is module B; "regions" paints each region's mean
            code where that region is expected (the older semantic-map family); "none" conditions on the mean of the
            whole picture.
        integration: "warped" is module C: channels attend to what the correspondence carries over. "transposed" leaves
            that where it lies in the source; "spatial" attends over the source's places and the region tokens instead;
            "convolution" replaces it by plain residual blocks.
        detail: fetch the source's fine features and colours along the correspondence.
        prior: add the rigid bone-to-bone motion to the correspondence's logits.
    """

    widths: tuple[int, int, int, int] = (24, 48, 96, 192)
    heads: int = 4
    blocks: int = 2
    tokens: int = 2
    match_channels: int = 16
    key_channels: int = 128
    semantics: bool = True
    match: bool = True
    injection: Injection = "correspondence"
    integration: Integration = "warped"
    detail: bool = True
    prior: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.widths, tuple | list):
            raise InputError(f"widths must be four multiples of 8, not {self.widths!r}.")
        object.__setattr__(self, "widths", tuple(self.widths))
        counts = (self.heads, self.blocks, self.tokens, self.match_channels, self.key_channels)
        # The values may come from a stranger's weights file: types are checked too, and nothing enormous is built.
        if any(type(number) is not int or number > LARGEST for number in (*self.widths, *counts)):
            raise InputError(f"widths {self.widths} and counts {counts} must be whole numbers up to {LARGEST}.")
        if max(self.blocks, self.tokens) > 64:
            raise InputError(f"{self.blocks} blocks and {self.tokens} tokens a region are too many; at most 64.")
        if any(type(switch) is not bool for switch in (self.semantics, self.match, self.detail, self.prior)):
            raise InputError("semantics, match, detail and prior must be true or false.")
        if len(self.widths) != 4 or any(width < 8 or width % 8 for width in self.widths):
            raise InputError(f"widths must be four multiples of 8, not {self.widths}.")
        if min(counts) < 1:
            raise InputError(
                f"heads, blocks, tokens, match_channels and key_channels must be at least 1, not {counts}."
            )
        if self.widths[-1] % self.heads:
            raise InputError(f"The last width {self.widths[-1]} is not divisible by {self.heads} heads.")
        for name, known in (("injection", INJECTIONS), ("integration", INTEGRATIONS)):
            if getattr(self, name) not in known:
                raise InputError(f"There is no {name} {getattr(self, name)!r:.80}; there are {', '.join(known)}.")
        if self.injection == "regions" and not self.semantics:
            raise InputError("Region codes (injection = regions) need semantics.")

    @property
    def posed(self) -> bool:
        """Whether module C is given the source's pose beside its appearance: where neither module A nor B would tell it
        of the source's joints, as in the older pose-only family, which sees them."""
        return self.injection == "none" and not self.semantics

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Config":
        """The inverse; an unknown field is an InputError, not a silent loss."""
        if not isinstance(data, dict):
            raise InputError(f"Network settings must be a table of names and values, not {data!r:.80}.")
        unknown = sorted(set(data) - {field.name for field in fields(cls)})
        if unknown:
            raise InputError(f"Unknown network settings {', '.join(unknown)}: these weights need a newer version.")
        return cls(**data)


SIZES: Final = ("widths", "heads", "blocks", "tokens", "match_channels", "key_channels")  # the others are switches
