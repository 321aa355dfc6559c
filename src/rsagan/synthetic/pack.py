"""An optional folder of MakeHuman's CC0 assets: photographic skins, hair with alpha, modelled clothes and shoes.

The folder has MakeHuman's layout (`skins/ clothes/ hair/ eyes/ eyebrows/ eyelashes/`); a clone of the official
assets repository is read through its `base/`. Nothing is copied: pictures and meshes are read when first worn.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from rsagan.errors import InputError
from rsagan.people.regions import Region
from rsagan.synthetic.body import template
from rsagan.synthetic.fitting import unwrapped
from rsagan.synthetic.mesh import Floats, Ints, floats
from rsagan.synthetic.mhclo import Piece, colour_picture, read_piece
from rsagan.synthetic.pictures import SIZE, Pictures

T = TypeVar("T")
VARIABLE = "RSAGAN_ASSETS"
KINDS = ("skins", "clothes", "hair", "eyes", "eyebrows", "eyelashes")  # its folders
ANCESTRIES = ("african", "asian", "caucasian")
HAIR = {
    "female": {"long01": 3.0, "ponytail01": 2.0, "bob01": 1.6, "bob02": 1.4, "braid01": 1.6, "afro01": 0.6,
               "short01": 0.5, "short03": 0.4},
    "male": {"short02": 3.0, "short04": 2.4, "short01": 1.6, "short03": 1.2, "afro01": 0.6, "long01": 0.25},
}  # fmt: skip
UNDER_HAT = ("short02", "short04", "long01")
TOPS = {
    "female": {"female_casualsuit01": 2.0, "female_casualsuit02": 1.0, "female_elegantsuit01": 1.2},
    "male": {"male_casualsuit01": 1.6, "male_casualsuit02": 1.0, "male_casualsuit03": 1.0, "male_casualsuit04": 1.2,
             "male_casualsuit05": 1.3, "male_casualsuit06": 1.2},
}  # fmt: skip
BOTTOMS = {
    # the shorts of female_casualsuit02 end above the thigh skin that our body has
    "female": {"female_casualsuit01": 2.0, "female_elegantsuit01": 0.8, "female_sportsuit01": 1.0},
    "male": {"male_casualsuit01": 1.2, "male_casualsuit02": 1.0, "male_casualsuit06": 1.0},
}  # fmt: skip
SUITS = {"male": "male_elegantsuit01"}  # worn whole, never recoloured
OUTER = ("male_casualsuit05", "male_elegantsuit01")  # jackets, never tucked in
SHOES = ("shoes01", "shoes02", "shoes03", "shoes04", "shoes05")
# where a picture carries MakeHuman's emblem, which is a trademark: x0, y0, x1, y1 of 512
EMBLEMS = {
    "female_casualsuit01": ((364, 78, 446, 157),),
    "female_casualsuit02": ((364, 78, 446, 157),),
    "male_casualsuit02": ((252, 50, 320, 120),),
    "male_casualsuit04": ((251, 49, 320, 119),),
    "male_casualsuit06": ((226, 58, 321, 106), (98, 56, 153, 87), (372, 76, 390, 92)),
}
PLAIN_HUE = ("casualsuit02", "casualsuit04", "female_casualsuit01")  # tops of one hue with trims of another


@dataclass(frozen=True, eq=False)
class Half:
    """What is worn of a piece: some of its quads. N and M as in `Piece`."""

    piece: Piece
    chosen: np.ndarray  # bool (F,)
    region: Region
    slot: int
    density: float  # texels a dm
    usual: Floats  # (3,) median of its colour, linear light
    reach: tuple[float, float]  # lowest and highest, dm on the template


@dataclass(frozen=True)
class Skin:
    """A picture of skin and its usual colours, linear light (3,) each."""

    slot: int
    face: Floats
    arms: Floats
    legs: Floats


class Pack:
    """A folder of assets. Raises InputError where the folder has none."""

    def __init__(self, folder: Path) -> None:
        inner = folder / "base"
        self.root = inner if inner.is_dir() and not (folder / "skins").is_dir() else folder
        if not (self.root / "skins").is_dir() or not (self.root / "clothes").is_dir():
            raise InputError(f"{folder} is no asset pack: it has no skins/ and clothes/")
        self._made: dict[tuple[str, str], object] = {}
        self.skins = self._find_skins()
        self.hair = self._files("hair")
        self.clothes = self._files("clothes")
        self.brows = self._files("eyebrows")
        self.lashes = self._files("eyelashes")
        self.eyes = sorted((self.root / "eyes").glob("materials/*eye*.png"))
        skins = {path for paths in self.skins.values() for path in paths}
        meshes = (self.hair, self.clothes, self.brows, self.lashes)
        self.pictures = Pictures(len(skins) + len(self.eyes) + sum(map(len, meshes)))  # one of each at most
        kinds = {"skins": self.skins, "hair": self.hair, "clothes": self.clothes, "eyebrows": self.brows}
        kinds |= {"eyelashes": self.lashes, "eyes": self.eyes}
        lacking = [name for name, found in kinds.items() if not found]
        if lacking:
            raise InputError(f"The asset pack {folder} is not whole: it has no {', '.join(lacking)}.")

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the names and sizes of its files, which tells it from other packs."""
        found = [path for kind in KINDS for path in (self.root / kind).glob("*/*") if path.is_file()]
        rows = sorted(f"{path.relative_to(self.root).as_posix()} {path.stat().st_size}" for path in found)
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()

    def _files(self, kind: str) -> dict[str, Path]:
        return {path.stem: path for path in sorted((self.root / kind).glob("*/*.mhclo"))}

    def _find_skins(self) -> dict[tuple[str, str], list[Path]]:
        """Pictures by (ancestry, sex). Skins with painted suits or of drawn figures are left out."""
        found: dict[tuple[str, str], list[Path]] = {}
        for material in sorted((self.root / "skins").glob("*/*.mhmat")):
            words = material.stem.split("_")
            picture = colour_picture(material)
            if len(words) == 3 and picture and words[0] in ("young", "middleage", "old"):
                times = {"young": 3, "middleage": 2, "old": 1}[words[0]]
                found.setdefault((words[1], words[2].rstrip("0123456789")), []).extend([picture] * times)
        return found

    def _once(self, kind: str, name: str, make: Callable[[], T]) -> T:
        if (kind, name) not in self._made:
            self._made[kind, name] = make()
        return self._made[kind, name]  # type: ignore[return-value]

    def piece(self, kind: str, name: str) -> Piece:
        """A mesh by its folder's kind ("hair", "clothes", "brows", "lashes") and name."""
        return self._once(kind, name, lambda: self._read(kind, name))

    def _read(self, kind: str, name: str) -> Piece:
        try:
            return read_piece(getattr(self, kind)[name])
        except InputError:
            raise
        except (KeyError, OSError, IndexError, ValueError) as error:
            raise InputError(
                f"The asset pack {self.root} lacks the {kind} {name}, or a file of it is damaged."
            ) from error

    def top(self, name: str) -> Half:
        """The upper half of an outfit."""
        return self._once("top", name, lambda: self._half(name, "top", Region.UPPER))

    def bottom(self, name: str) -> Half:
        """Its trousers, shorts or skirt."""
        skirt = name == "female_elegantsuit01"
        return self._once("bottom", name, lambda: self._half(name, "bottom", Region.DRESS if skirt else Region.PANTS))

    def shoes(self, name: str, socks: bool) -> Half:
        """Shoes, with or without their socks."""
        kind = "shoes" if socks else "bare shoes"
        return self._once(kind, name, lambda: self._half(name, kind, Region.LEGS))

    def whole(self, kind: str, name: str, region: Region) -> Half:
        """A whole mesh: hair, brows, lashes, a hat."""
        return self._once("whole " + kind, name, lambda: self._half(name, kind, region))

    def _half(self, name: str, kind: str, region: Region) -> Half:
        piece = self.piece(kind if kind in ("hair", "brows", "lashes") else "clothes", name)
        chosen = _share_of(piece, kind)
        if not chosen.any():
            raise InputError(f"{name} has no {kind}")
        if piece.picture is None:
            raise InputError(f"{name} names no picture that is there")
        cloth = kind not in ("hair", "brows", "lashes")
        slot = self.pictures.slot(piece.picture, _islands(piece) if cloth else None, EMBLEMS.get(name, ()))
        used = np.unique(piece.quads[chosen])
        if cloth:
            usual = np.median(self.pictures.light(slot, piece.uv[used]), 0)
        else:
            texels = self.pictures.texels[slot, : SIZE * SIZE]
            usual = floats(np.percentile(texels[texels[:, 3] > 150][:, :3], 95 if kind == "hair" else 60, 0) / 255)
            usual = np.full(3, float(usual @ floats([0.25, 0.65, 0.1])) ** 2.2)
        height = piece.canon[piece.source[used], 1]
        return Half(
            piece,
            chosen,
            region,
            slot,
            _density(piece, chosen),
            floats(usual),
            (float(height.min()), float(height.max())),
        )

    def skin(self, path: Path) -> Skin:
        """A skin's picture with the usual colours of face, arms and legs."""
        return self._once("skin", str(path), lambda: self._skin(path))

    def _skin(self, path: Path) -> Skin:
        slot = self.pictures.slot(path)
        light = self.pictures.light(slot, unwrapped().uv)
        face, arms, legs = skin_places()
        return Skin(slot, *(floats(np.median(light[chosen], 0)) for chosen in (face, arms, legs)))


@cache
def skin_places() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which of the unwrapped skin's vertices are of the face, the arms, the legs: bool (M,) each."""
    body, source = template().surfaces["body"], unwrapped().source
    place, limb = body.canon[source], body.limb[source]
    x, y = np.abs(place[:, 0]), place[:, 1]
    brow = (y > 7.65) & (y < 7.95) & (x < 0.5)
    cheek = (y > 6.75) & (y < 7.1) & (x > 0.35) & (x < 0.62)  # no lips, and nothing inside the mouth
    face = (limb[:, 3] > 0.9) & (place[:, 2] > 0.85) & (brow | cheek)
    return face, limb[:, 0] > 0.9, limb[:, 1] > 0.9


def _share_of(piece: Piece, kind: str) -> np.ndarray:
    """Which quads, bool (F,), are of the kind: outfits fall apart by parts of the mesh, or by the picture's islands."""
    if kind in ("hair", "brows", "lashes", "hat"):
        return np.ones(len(piece.quads), bool)
    labels = piece.parts if len(np.unique(piece.parts)) > 1 else piece.islands
    height = piece.canon[piece.source, 1]
    high = np.zeros(len(labels))
    middle = np.zeros(len(labels))
    for label in np.unique(labels):
        here = labels == label
        high[here], middle[here] = height[here].max(), height[here].mean()
    if kind == "bare shoes":
        mine: np.ndarray = high < -6.5
    elif kind == "shoes":
        mine = high < -5.0
    elif kind == "bottom":
        mine = (middle < 0.9) & (high < 3) & (high > -5.0)
    else:
        mine = (middle >= 0.9) | (high >= 3)
    return np.asarray(mine[piece.quads].all(1))


def _islands(piece: Piece) -> np.ndarray:
    """The part of the picture that the mesh uses, bool (512, 512)."""
    mask = np.zeros((SIZE, SIZE), np.uint8)
    corners = np.round(piece.uv[piece.quads] * SIZE * 16 - 8).astype(np.int32)
    for corner in corners:
        cv2.fillConvexPoly(mask, corner, 1, cv2.LINE_8, 4)
    return mask > 0


def _density(piece: Piece, chosen: np.ndarray) -> float:
    """Texels a dm: the root of the ratio of areas."""

    def area(points: Floats) -> Floats:
        a, b = points[:, 2] - points[:, 0], points[:, 3] - points[:, 1]
        if points.shape[2] == 2:
            return floats(np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]))
        return floats(np.linalg.norm(np.cross(a, b), axis=1))

    quads: Ints = piece.quads[chosen]
    flat, solid = area(piece.uv[quads] * SIZE).sum(), area(piece.canon[piece.source[quads]]).sum()
    return float(np.sqrt(flat / max(float(solid), 1e-6)))


@cache
def _opened(folder: Path) -> Pack:
    return Pack(folder)


def open_pack(folder: str | Path) -> Pack:
    """The pack in a folder, read once. Raises InputError where the folder is no pack."""
    return _opened(Path(folder).expanduser().resolve())


def usual_folder() -> Path | None:
    """The folder that RSAGAN_ASSETS names, if it names one."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else None
