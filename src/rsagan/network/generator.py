"""The generator: a person, and the joints of another pose, to a picture of the person in that pose.

    encode_source   E_appearance(picture) and module A in turns, E_pose(source joints), and all keys and values
    render          E_pose(target joints), module B, target parsing, module C, decoder with detail path

Nothing but the source's picture, parsing and joints and the *target joints* ever enters. The layers are this project's
own: of the paper only the abstract is public.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rsagan.errors import InputError
from rsagan.network.config import Config
from rsagan.network.decoder import Decoder
from rsagan.network.encoders import Appearance, AppearanceEncoder, PoseEncoder
from rsagan.network.layers import a_seed, conv, initialise, join, orderly, stacked
from rsagan.network.semantic_fusion import SemanticFusion, Semantics
from rsagan.network.style_injection import (
    PlainConditioning,
    RegionPainting,
    SourceSide,
    StyleInjection,
    read_flow,
)
from rsagan.network.style_integration import IntegrationBlock, KeysValues, PlainBlocks, region_bias
from rsagan.people import NUM_JOINTS, NUM_REGIONS

MIN_SIDE = 32


class Output(NamedTuple):
    """What the generator says.

    picture: (B, 3, H, W) in [-1, 1].
    parsing_logits: (B, R, H, W) the target's predicted parsing; None without semantics.
    rescored: (B, R, H/4, W/4) log-probabilities of the re-scored source parsing; None without the match.
    log_correspondence: (B, N target, N source) log W at 1/8; None without module B.
    flow: (B, 2, H/4, W/4) x, y in source pixels that the detail path reads; None without it.

    Of S source pictures, the parsing and the places of the source are those of all of them, one picture after the
    other, and y counts in `layers.stacked`.

    Where H or W is no multiple of 8, the maps at 1/4 and 1/8 cover the padded picture.
    """

    picture: Tensor
    parsing_logits: Tensor | None
    rescored: Tensor | None
    log_correspondence: Tensor | None
    flow: Tensor | None


class Encoded(NamedTuple):
    """A source, encoded once; `render` takes it with any number of poses. `together` makes one of several.

    size is the picture's own (H, W); picture (B, 3, H', W') is padded to multiples of 8, as is all that follows. points
    (B, S, 18, 2) are of S pictures, one below the other in what is read by place (`layers.stacked`); the rest are
    tokens, or maps that stand for tokens, of one picture after the other.
    """

    size: tuple[int, int]
    picture: Tensor
    points: Tensor
    appearance: Appearance
    semantics: Semantics | None
    injection: SourceSide
    integration: list[KeysValues]
    match_keys: Tensor | None


class Generator(nn.Module):
    """The network of `Config`."""

    def __init__(self, config: Config | None = None) -> None:
        super().__init__()
        seed = a_seed()
        self.config = config = config or Config()
        self.appearance = AppearanceEncoder(config)
        self.pose = PoseEncoder(config)
        self.fusion = SemanticFusion(config) if config.semantics else None
        self.injection: StyleInjection | RegionPainting | PlainConditioning
        if config.injection == "correspondence":
            self.injection = StyleInjection(config)
        elif config.injection == "regions":
            self.injection = RegionPainting(config)
        else:
            self.injection = PlainConditioning(config)
        self.layout = conv(config.widths[3], NUM_REGIONS, kernel=1) if config.semantics else None
        self.integration: nn.ModuleList | PlainBlocks
        if config.integration == "convolution":
            self.integration = PlainBlocks(config)
        else:
            self.integration = nn.ModuleList(IntegrationBlock(config) for _ in range(config.blocks))
        self.decoder = decoder = Decoder(config)
        score = None if self.fusion is None else self.fusion.score
        guess = decoder.guess if config.detail else None
        initialise(self, seed, decoder.colours, decoder.parsing, self.layout, score, guess)

    def forward(
        self,
        source: Tensor,
        parsing: Tensor,
        source_points: Tensor,
        target_points: Tensor,
        alone: Tensor | None = None,
    ) -> Output:
        """Paint the source person in the target pose.

        Args:
            source: float (B, 3, H, W) in [-1, 1].
            parsing: float (B, 8, H, W), one-hot or soft; ignored without semantics.
            source_points, target_points: float32 (B, 18, 2) in pixels of the picture, NaN = missing.
            alone: bool (B,), for training: into whom no colours of the source are blended; nobody if not given.

        Raises:
            InputError: shapes that do not fit, with the shapes.
        """
        return self.render(self.encode_source(source, parsing, source_points), target_points, alone)

    def encode_source(self, source: Tensor, parsing: Tensor, points: Tensor) -> Encoded:
        """Everything that depends on the source alone."""
        check(source, parsing, points)
        size = (source.shape[2], source.shape[3])
        picture = pad(source)
        padded = (picture.shape[2], picture.shape[3])

        half, quarter = self.appearance.look(picture)
        if self.fusion is None:
            appearance, semantics = self.appearance(half, quarter, None), None
        else:
            matched = self.fusion.match(pad(parsing).to(picture.dtype), points, quarter)
            appearance = self.appearance(half, quarter, matched.sure)
            semantics = self.fusion(matched, appearance)
        pose = self.pose(points, padded)

        features = None if semantics is None else semantics.features
        injection = self.injection
        if isinstance(injection, StyleInjection):
            side = injection.encode(appearance.eighth, pose.eighth, features)
        elif isinstance(injection, RegionPainting):
            assert semantics is not None
            side = injection.encode(appearance.eighth, pose.eighth, semantics.regions)
        else:
            side = injection.encode(appearance.eighth)

        known = appearance.eighth if features is None else join(appearance.eighth, features)
        if self.config.posed:
            known = join(known, pose.eighth)
        tokens = None if semantics is None else semantics.tokens
        blocks: list[Any] = [] if isinstance(self.integration, PlainBlocks) else list(self.integration)
        keys_values = [block.encode(known, tokens) for block in blocks]
        match_keys = self.decoder.match.encode(appearance.quarter, pose.quarter) if self.config.detail else None
        return Encoded(size, picture, points[:, None], appearance, semantics, side, keys_values, match_keys)

    def render(self, encoded: Encoded, target_points: Tensor, alone: Tensor | None = None) -> Output:
        """The picture in the pose `target_points` (B, 18, 2); one encoded source serves any number B of poses."""
        if target_points.ndim != 3 or target_points.shape[1:] != (NUM_JOINTS, 2):
            raise InputError(f"Target joints must be (B, 18, 2), not {tuple(target_points.shape)}.")
        encoded = spread(encoded, len(target_points))
        sources = encoded.points.shape[1]
        h, w = -(-encoded.size[0] // 8), -(-encoded.size[1] // 8)
        padded = (8 * h, 8 * w)
        pose = self.pose(target_points, padded)

        log_w = reading = None
        if isinstance(self.injection, StyleInjection):
            assert encoded.injection.keys is not None
            log_w = self.injection.correspond(
                encoded.injection.keys, pose.eighth, encoded.points, target_points, padded
            )
            reading = read_flow(log_w, h, w)
            x = self.injection(encoded.injection, pose.eighth, log_w)
        else:
            x = self.injection(encoded.injection, pose.eighth)

        bias = layout = None
        if self.layout is not None and encoded.semantics is not None:
            layout = self.layout(x)
            if self.config.integration == "spatial":
                semantics, likely = encoded.semantics, layout.float().softmax(1)
                each = zip(semantics.regions.chunk(sources, 2), semantics.exists.chunk(sources, 1), strict=True)
                bias = torch.cat([region_bias(likely, *one, self.config.tokens) for one in each], dim=3)
        if isinstance(self.integration, PlainBlocks):
            x = self.integration(x)
        else:
            carried = log_w.exp() if log_w is not None and self.config.integration == "warped" else None
            for block, side in zip(self.integration, encoded.integration, strict=True):
                x = block(x, side if carried is None else side.warped(carried), bias)

        painted = self.decoder(x, pose, encoded.appearance, encoded.picture, encoded.match_keys, reading, alone)
        height, width = encoded.size
        parsing = painted.parsing_logits
        if parsing is not None and layout is not None:
            # The first guess, made before attention, is refined by the decoder: both learn from one loss.
            parsing = orderly(parsing + F.interpolate(layout, scale_factor=8.0, mode="bilinear", align_corners=False))
        return Output(
            painted.picture[..., :height, :width],
            None if parsing is None else parsing[..., :height, :width],
            encoded.semantics.rescored if encoded.semantics is not None and self.config.match else None,
            log_w,
            painted.flow,
        )

    def together(self, encoded: Sequence[Encoded]) -> Encoded:
        """Several pictures of one person as one source: what one of them hides another may show.

        Nothing is learnt for it. Module B looks for each place of the target in all of them, and what is carried over
        comes from there.

        Args:
            encoded: each of `encode_source`, in the same size.

        Raises:
            InputError: none, pictures of several sizes, or a network that does not look for places in the source.
        """
        if len({each.size for each in encoded}) != 1:
            sizes = " and ".join(sorted({"{}x{}".format(*each.size) for each in encoded})) or "none"
            raise InputError(f"Pictures of one person must be of one size, not {sizes}.")
        if len(encoded) == 1:
            return encoded[0]
        if self.config.injection != "correspondence" or self.config.integration == "transposed":
            raise InputError("These weights take one picture of a person, since they do not look for places in it.")

        def in_a_row(parts: Sequence[Any], dim: int) -> Any:
            return None if parts[0] is None else torch.cat(list(parts), dim)

        looks = [each.appearance for each in encoded]
        keys = [each.match_keys for each in encoded if each.match_keys is not None]
        semantics = [each.semantics for each in encoded if each.semantics is not None]
        return Encoded(
            encoded[0].size,
            stacked([each.picture for each in encoded], 1),
            in_a_row([each.points for each in encoded], 1),
            Appearance(
                stacked([each.half for each in looks], 2),
                stacked([each.quarter for each in looks], 4),
                in_a_row([each.eighth for each in looks], 2),
            ),
            Semantics(*map(in_a_row, zip(*semantics, strict=True), (2, 2, 2, 1, 1))) if semantics else None,
            SourceSide(*(in_a_row(parts, 1) for parts in zip(*(each.injection for each in encoded), strict=True))),
            [
                KeysValues(*(in_a_row(parts, 1) for parts in zip(*block, strict=True)))
                for block in zip(*(each.integration for each in encoded), strict=True)
            ],
            stacked(keys, 4) if keys else None,
        )


def check(source: Tensor, parsing: Tensor, points: Tensor) -> None:
    """Refuse shapes that do not fit together, naming them."""
    if source.ndim != 4 or source.shape[1] != 3 or min(source.shape[2:]) < MIN_SIDE:
        raise InputError(
            f"The source must be (B, 3, H, W) with H and W at least {MIN_SIDE}, not {tuple(source.shape)}."
        )
    b, _, height, width = source.shape
    if parsing.shape != (b, NUM_REGIONS, height, width):
        raise InputError(f"The parsing must be {(b, NUM_REGIONS, height, width)}, not {tuple(parsing.shape)}.")
    if points.shape != (b, NUM_JOINTS, 2):
        raise InputError(f"The joints must be {(b, NUM_JOINTS, 2)}, not {tuple(points.shape)}.")


def pad(x: Tensor, multiple: int = 8) -> Tensor:
    """Extend to multiples of 8, or others, to the right and below by the border's own values."""
    bottom, right = -x.shape[2] % multiple, -x.shape[3] % multiple
    if not (bottom or right):
        return x
    return F.pad(x, (0, right, 0, bottom), mode="replicate")


def spread(encoded: Encoded, batch: int) -> Encoded:
    """Let one encoded source stand for `batch` equal ones (views, no copies)."""
    if len(encoded.picture) == batch:
        return encoded
    if len(encoded.picture) != 1:
        raise InputError(f"{len(encoded.picture)} sources cannot be rendered in {batch} poses; give one or as many.")

    def expand(x: Any) -> Any:
        return None if x is None else x.expand(batch, *x.shape[1:])

    return Encoded(
        encoded.size,
        encoded.picture.expand(batch, -1, -1, -1),
        encoded.points.expand(batch, -1, -1, -1),
        Appearance(*map(expand, encoded.appearance)),
        None if encoded.semantics is None else Semantics(*map(expand, encoded.semantics)),
        SourceSide(*map(expand, encoded.injection)),
        [KeysValues(*map(expand, side)) for side in encoded.integration],
        expand(encoded.match_keys),
    )
