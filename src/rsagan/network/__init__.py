"""The network of the paper's abstract: modules A, B, C, encoders, decoder with detail path, discriminator."""

from rsagan.network.config import Config
from rsagan.network.decoder import enlarged
from rsagan.network.device import best_device
from rsagan.network.discriminator import Discriminator
from rsagan.network.generator import Encoded, Generator, Output, pad
from rsagan.network.layers import stacked
from rsagan.network.weights import load_weights, read_metadata, save_delta, save_weights, shipped_weights, size_in

__all__ = [
    "Config", "Discriminator", "Encoded", "Generator", "Output", "best_device",
    "enlarged", "load_weights", "pad", "read_metadata", "save_delta", "save_weights", "shipped_weights", "size_in",
    "stacked",
]  # fmt: skip
