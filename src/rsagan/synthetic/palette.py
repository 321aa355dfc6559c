"""Colours people wear and are: cloth, hair, skin, eyes. Given as sRGB hex, handed out as linear light."""

import numpy as np

from rsagan.synthetic.mesh import Floats

NEUTRAL = "1b1c1f 2b2d33 3d4048 55585f 7c7f85 a9abae d9d9d8 f1f0ec ece5d6 d8c9ae b9a284 8a6f52 5a4434 1f2a44 2f3f5f"
NEUTRAL_DARK = "1b1c1f 26282d 33363d 1f2a44 2c3a2f 4a3a2e 3b2f2a 5b4a3a 6b5b47 3a3f33 55585f b9a284 8d8f94"
ACCENT = (
    "7a1f2b a33b3b c94f45 d98a3d d9b44a 8a8f3c 4f6b3f 2f5d50 2e7373 3f7fae 6aa0cf 2b4fa0 5b4a8a 9a7fb5 c77f9e e3b5bd"
    " e8d3a0 b8d0c4 b5612f 944a6b cc2f3a 1f6f4a f0c8a8 c6d8e8"
)
DENIM = "24344f 2e4468 3f5a80 5b7ba3 86a3c3 1c2230 17191d 9aa5b1"
SHOES = "f0efec 1d1d1f 1d1d1f 5a3b28 7a5236 2b2d33 d8d2c4 8a8d92 3a2a22 f0efec 1f2a44 a33b3b"
HAIR = "14100e 1c1512 2a1c14 3a2518 4a2f1d 5e3c22 7a5230 9a6f42 b98d55 d3b07a 7a3a1f 8f8c88 c9c6c0"
HAIR_CHANCE = (5, 5, 4, 4, 3.5, 3, 2, 1.6, 1.2, 0.9, 1.0, 0.7, 0.4)
SKIN = "f3d3bd eec4a8 e8b896 deab84 d19a72 c28760 a97049 8b5837 6f4329 573320 452819"
EYES = "3b2314 4a2e18 5c3d20 3f5d7a 5f7f8f 4f6b4a 6b5a33"


def linear(hexes: str) -> Floats:
    """Linear light, float32 (n, 3), of colours written as "rrggbb rrggbb ..."."""
    srgb = np.array([[int(h[i : i + 2], 16) for i in (0, 2, 4)] for h in hexes.split()], np.float32) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4).astype(np.float32)


def pick(rng: np.random.Generator, hexes: str, vary: float = 0.06) -> Floats:
    """One of the colours, a little lighter or darker and off in hue."""
    colours = linear(hexes)
    chosen = colours[int(rng.integers(len(colours)))]
    return np.clip(chosen * (1 + vary * rng.normal()) * (1 + 0.4 * vary * rng.normal(size=3)), 0.003, 0.9).astype(
        np.float32
    )


def apart(rng: np.random.Generator, hexes: str, other: Floats, least: float = 0.18) -> Floats:
    """One of the colours that stands off from `other`."""
    for _ in range(12):
        colour = pick(rng, hexes)
        if float(np.abs(np.sqrt(colour) - np.sqrt(other)).max()) > least:
            break
    return colour


def skin_tone(rng: np.random.Generator, shape: dict[str, float]) -> Floats:
    """A tone that leans, loosely, with the ancestry in the shape."""
    centre = {"african": 8.0, "asian": 2.8, "caucasian": 1.8}
    place = sum(amount * centre[name.split("-")[0]] for name, amount in shape.items() if name.split("-")[0] in centre)
    place = float(np.clip(rng.normal(place, 1.3), 0, 9.99))
    tones, low = linear(SKIN), int(place)
    tone = tones[low] + (place - low) * (tones[low + 1] - tones[low])
    return (tone * (1 + 0.03 * rng.normal(size=3))).astype(np.float32)


def hair_colour(rng: np.random.Generator, skin: Floats) -> Floats:
    """Dark for dark skins; otherwise any."""
    colours, chance = linear(HAIR), np.array(HAIR_CHANCE)
    if skin[0] < 0.35:
        chance = chance * (np.arange(len(chance)) < 4)
    colour = colours[int(rng.choice(len(colours), p=chance / chance.sum()))]
    return (colour * (1 + 0.05 * rng.normal())).astype(np.float32)
