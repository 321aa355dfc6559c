"""Module A: regional pose-guided semantic fusion.

A parsing map and joints come from two different estimators and disagree. Each region is compared with *its own* joints
and limbs alone, and the comparison re-scores the parsing: a wrong pixel can change region, a missing limb can come
back. From the re-scored map come semantic features and a few style tokens a region.
"""

from typing import Final, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rsagan.network.config import Config
from rsagan.network.encoders import Appearance
from rsagan.network.layers import ResidualBlock, act, conv, halve, join, tokens_of, up
from rsagan.network.pose_maps import POSE_CHANNELS, pose_maps
from rsagan.people import LIMBS, NUM_JOINTS, NUM_REGIONS, REGION_JOINTS, Region

SMOOTHING: Final = 0.05  # how much of each pixel's certainty is shared among all regions before the match speaks
SCALE: Final = 0.28  # of the frame's height: the match's scale is nobody's, or one region's joints would move all
_EVIDENCE: Final = 8  # channels a region of what picture and map say about where it is


def region_channels() -> list[list[int]]:
    """For each region the channels of `pose_maps` it may see: its joints, and nearness, along, across of its limbs."""
    tables = []
    for region in Region:
        joints = REGION_JOINTS[region]
        limbs = [i for i, (a, b) in enumerate(LIMBS) if a in joints and b in joints]
        tables.append([*joints, *(NUM_JOINTS + kind * len(LIMBS) + i for kind in range(3) for i in limbs)])
    return tables


class Semantics(NamedTuple):
    """What module A says about the source.

    features: (B, C, h, w) matched semantic features; None where nothing reads them.
    rescored: (B, R, H/4, W/4) log-probabilities of the re-scored parsing.
    regions: (B, R, h, w) the same as probabilities at 1/8.
    tokens: (B, R * T, C) style tokens, region by region; None where nothing reads them.
    exists: (B, R) in [0, 1], whether the region is there at all.
    """

    features: Tensor | None
    rescored: Tensor
    regions: Tensor
    tokens: Tensor | None
    exists: Tensor


class Matched(NamedTuple):
    """The parsing as the match leaves it.

    rescored: (B, R, H/4, W/4) log-probabilities. sure: the same as probabilities.
    hidden: (B, R * M, H/4, W/4) what the comparison found, region by region; None without the match.
    """

    rescored: Tensor
    sure: Tensor
    hidden: Tensor | None


class SemanticFusion(nn.Module):
    """Module A. Parts that no later module of the config reads are not built."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        eighth = config.widths[3]
        gives_features = config.injection == "correspondence" or config.integration != "convolution"
        hidden = NUM_REGIONS * config.match_channels if config.match else 0
        self.compare = RegionalMatch(config) if config.match else None
        self.score = conv(hidden, NUM_REGIONS, kernel=1, groups=NUM_REGIONS) if config.match else None
        self.to_features = halve(NUM_REGIONS + hidden, eighth) if gives_features else None
        self.pool = TokenPooling(config) if config.integration == "spatial" else None

    def match(self, parsing: Tensor, points: Tensor, quarter: Tensor) -> Matched:
        """Re-score a parsing map.

        Args:
            parsing: (B, R, H, W) one-hot (or soft) source parsing, possibly wrong.
            points: (B, K, 2) source joints.
            quarter: (B, C2, H/4, W/4) what the picture alone says.
        """
        pooled = F.avg_pool2d(parsing, 4)
        smoothed = (1 - SMOOTHING) * pooled + SMOOTHING / NUM_REGIONS  # (B, R, H/4, W/4)
        logits, hidden = smoothed.float().log(), None
        if self.compare is not None and self.score is not None:
            hidden = self.compare(smoothed, points, quarter)
            logits = logits + self.score(hidden).float()
        rescored = logits.log_softmax(1)
        return Matched(rescored, rescored.exp(), hidden)

    def forward(self, matched: Matched, appearance: Appearance) -> Semantics:
        """Features, tokens and what exists, from the re-scored map."""
        rescored, sure, hidden = matched
        features = None
        if self.to_features is not None:
            known = sure.to(appearance.eighth.dtype)
            if hidden is not None:
                weighted = hidden.unflatten(1, (NUM_REGIONS, -1)) * known[:, :, None].to(hidden.dtype)
                known = join(known.to(hidden.dtype), weighted.flatten(1, 2))
            features = self.to_features(known)
        regions = F.avg_pool2d(sure, 2)  # (B, R, h, w)
        tokens = None if self.pool is None else self.pool(regions, appearance.eighth)
        # A region that covers less than a 500th of the frame counts as half there or less. What the smoothing alone
        # gives every region everywhere is not counted: summed over the frame it would make every region exist.
        exists = ((regions - SMOOTHING).clamp(min=0).mean((2, 3)) * 250).clamp(max=1)
        return Semantics(features, rescored, regions, tokens, exists)


class Evidence(nn.Module):
    """What the picture and the whole map say about each region, before any joint is asked."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        channels = config.widths[2]
        self.first = conv(channels + NUM_REGIONS, channels)
        self.near = ResidualBlock(channels)
        self.around = nn.Sequential(halve(channels, channels), *(ResidualBlock(channels) for _ in range(2)))
        self.both = ResidualBlock(channels)
        self.last = conv(channels, NUM_REGIONS * _EVIDENCE, kernel=1)

    def forward(self, smoothed: Tensor, appearance: Tensor) -> Tensor:
        """smoothed (B, R, H/4, W/4), appearance (B, C2, H/4, W/4) to (B, R, E, H/4, W/4)."""
        x = self.near(self.first(join(appearance, smoothed.to(appearance.dtype))))
        x = self.both(x + up(self.around(act(x))))
        return self.last(act(x)).unflatten(1, (NUM_REGIONS, -1))


class RegionalMatch(nn.Module):
    """Compares each region's evidence with its own joints and limbs: grouped convolutions, one group a region."""

    channels: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        tables = region_channels()
        most = max(len(table) for table in tables)
        # A region with fewer channels than the most reads a channel of zeros (the one behind the last).
        index = torch.tensor([table + [POSE_CHANNELS] * (most - len(table)) for table in tables])
        self.register_buffer("channels", index.flatten(), persistent=False)
        hidden = NUM_REGIONS * config.match_channels
        self.evidence = Evidence(config)
        self.first = conv(NUM_REGIONS * (1 + _EVIDENCE + most), hidden, groups=NUM_REGIONS)
        self.second = conv(hidden, hidden, groups=NUM_REGIONS, dilation=2)
        self.third = conv(hidden, hidden, groups=NUM_REGIONS, dilation=4)

    def forward(self, smoothed: Tensor, points: Tensor, appearance: Tensor) -> Tensor:
        """smoothed (B, R, H/4, W/4), points (B, K, 2), appearance (B, C2, H/4, W/4) to (B, R * M, H/4, W/4)."""
        size = (4 * smoothed.shape[2], 4 * smoothed.shape[3])
        evidence = self.evidence(smoothed, appearance)
        maps = pose_maps(points, size, stride=4, scale=SCALE * size[0]).to(evidence.dtype)
        maps = F.pad(maps.permute(0, 2, 3, 1), (0, 1))
        own = maps[..., self.channels].unflatten(3, (NUM_REGIONS, -1))  # (B, H/4, W/4, R, most)
        given = smoothed.to(evidence.dtype).permute(0, 2, 3, 1)[..., None]
        x = torch.cat([given, evidence.permute(0, 3, 4, 1, 2), own], dim=4).flatten(3)
        x = act(self.first(x.permute(0, 3, 1, 2)))
        x = x + act(self.second(x))
        return x + act(self.third(x))


class TokenPooling(nn.Module):
    """Attention-pools appearance over each region's matched mask into a few tokens; a plain mean kills patterns."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        channels = config.widths[3]
        self.queries = nn.Parameter(torch.empty(NUM_REGIONS, config.tokens, channels))
        if not self.queries.is_meta:
            nn.init.normal_(self.queries, std=channels**-0.5)
        self.keys = conv(channels, channels, kernel=1)

    def forward(self, regions: Tensor, appearance: Tensor) -> Tensor:
        """regions (B, R, h, w) probabilities, appearance (B, C, h, w) to tokens (B, R * T, C)."""
        keys = tokens_of(self.keys(appearance))  # (B, N, C)
        logits = torch.einsum("rtc,bnc->brtn", self.queries.float(), keys.float()) * keys.shape[2] ** -0.5
        logits = logits + (regions.flatten(2) + 1e-6).log()[:, :, None]
        weights = logits.softmax(-1).to(appearance.dtype)
        return torch.einsum("brtn,bnc->brtc", weights, tokens_of(appearance)).flatten(1, 2)
