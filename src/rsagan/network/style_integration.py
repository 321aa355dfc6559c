"""Module C: gated depth-wise convolutional cross-attention style integration.

The coarse result asks, the source's semantics and appearance answer. Projections are 1x1 then depth-wise 3x3
convolutions; module B's correspondence carries keys and values to the target's places, and there channels attend to
channels; a gate GELU(a) * b and a gated depth-wise feed-forward follow. For the ablation and the rivals, attention may
run over the source's places and the region tokens instead, biased by the target parsing predicted just before.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rsagan.network.config import Config
from rsagan.network.layers import ResidualBlock, conv, map_of, norm, tokens_of


class KeysValues(NamedTuple):
    """Source side of one block: (B, N, C) each; (B, N + R * T, C) where region tokens are attended to."""

    keys: Tensor
    values: Tensor

    def warped(self, w: Tensor) -> "KeysValues":
        """Carried to the target's places by the correspondence (B, N target, N source)."""
        w = w.to(self.keys.dtype)
        return KeysValues(w @ self.keys, w @ self.values)


class DepthwiseProjection(nn.Module):
    """1x1, then depth-wise 3x3."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.point = conv(inputs, outputs, kernel=1)
        self.depth = conv(outputs, outputs, groups=outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.depth(self.point(x))


class GatedFeedForward(nn.Module):
    """1x1 to two halves a and b, depth-wise 3x3, GELU(a) * b, 1x1."""

    def __init__(self, channels: int, expansion: float = 1.5) -> None:
        super().__init__()
        hidden = int(channels * expansion)
        self.norm = norm(channels)
        self.expand = DepthwiseProjection(channels, 2 * hidden)
        self.contract = conv(hidden, channels, kernel=1)

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.expand(self.norm(x)).chunk(2, dim=1)
        return x + self.contract(F.gelu(a) * b)


class IntegrationBlock(nn.Module):
    """Module C, one block."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        channels = config.widths[3]
        self.heads = config.heads
        self.over_places = config.integration == "spatial"
        self.norm = norm(channels)
        self.query = DepthwiseProjection(channels, channels)
        self.gate = DepthwiseProjection(channels, channels)
        self.key_value = DepthwiseProjection(channels * (1 + config.semantics + config.posed), 2 * channels)
        attends_tokens = config.semantics and self.over_places
        self.token_key_value = nn.Linear(channels, 2 * channels) if attends_tokens else None
        self.bias_strength = nn.Parameter(torch.tensor(0.5)) if attends_tokens else None
        self.out = conv(channels, channels, kernel=1)
        self.feed_forward = GatedFeedForward(channels)

    def encode(self, source: Tensor, tokens: Tensor | None) -> KeysValues:
        """source (B, C or 2C, h, w): appearance, with matched semantics or pose; tokens (B, R * T, C)."""
        kv = tokens_of(self.key_value(source))  # (B, N, 2C)
        if self.token_key_value is not None and tokens is not None:
            kv = torch.cat([kv, self.token_key_value(tokens)], dim=1)
        keys, values = kv.chunk(2, dim=-1)
        return KeysValues(keys, values)

    def split(self, x: Tensor) -> Tensor:
        """(B, M, C) to (B, heads, M, C / heads)."""
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)

    def forward(self, x: Tensor, side: KeysValues, bias: Tensor | None) -> Tensor:
        """
        Args:
            x: (B, C, h, w) the result so far.
            side: of `encode`, warped where attention is over channels.
            bias: (B, 1, N, N + R * T), or None without semantics.
        """
        h, w = x.shape[2:]
        z = self.norm(x)
        query, keys, values = (self.split(each) for each in (tokens_of(self.query(z)), *side))  # (B, heads, N, D)
        if self.over_places:
            if bias is not None and self.bias_strength is not None:
                bias = (F.softplus(self.bias_strength) * bias).to(query.dtype)
            attended = F.scaled_dot_product_attention(query, keys, values, attn_mask=bias)
        else:
            attended = over_channels(query, keys, values)
        attended = map_of(attended.transpose(1, 2).flatten(2), h, w)
        x = x + self.out(F.gelu(self.gate(z)) * attended)
        return self.feed_forward(x)


def over_channels(query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Channels attend to channels, (B, heads, N, D) each: features are mixed anew, but nothing moves in space."""
    q, k = F.normalize(query, dim=2), F.normalize(keys, dim=2)
    weights = (8 * q.transpose(2, 3) @ k).softmax(-1)  # (B, heads, D, D)
    return values @ weights.transpose(2, 3)


def region_bias(target: Tensor, source: Tensor, exists: Tensor, tokens: int) -> Tensor:
    """Log-probability that a target place and a source place (or token) belong to one region.

    Args:
        target: (B, R, h, w) the target's predicted regions, probabilities.
        source: (B, R, h, w) the source's matched regions, probabilities.
        exists: (B, R) which regions the source shows.
        tokens: tokens a region.

    Returns:
        (B, 1, N, N + R * T), at most 0, at least log(0.01).
    """
    p, s = tokens_of(target), source.flatten(2)  # (B, N, R), (B, R, N)
    same = p @ s
    token = (p * exists[:, None].to(p.dtype)).repeat_interleave(tokens, dim=2)
    return (torch.cat([same, token], dim=2) + 0.01).clamp(max=1).log()[:, None]


class PlainBlocks(nn.Module):
    """No module C: residual convolutions, no look at the source."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*(ResidualBlock(config.widths[3]) for _ in range(config.blocks)))

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(x)
