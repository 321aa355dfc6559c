"""The named styles of pictures: what differs between a catalogue, a street and a surveillance camera."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rsagan.synthetic.framing import Framing
from rsagan.synthetic.lens import CCTV, PHONE, Lens
from rsagan.synthetic.posture import PASSING, WIDE


@dataclass(frozen=True)
class Style:
    """How pictures of a style are made.

    Attributes:
        families: weights of the pose families.
        framing: how the camera is held; lens: what it does to the picture.
        studio: before a seamless backdrop in studio light, and developed without any fault; lens is not used then.
        depth: largest blur of what is behind the person, as a share of the height.
        greenery: mean number of trees and cars behind; crowd: of other people.
        solids: chance of a pole or box before the person; passer: of somebody before the person.
    """

    families: Mapping[str, float]
    framing: Framing
    lens: Lens
    studio: bool = False
    depth: float = 0.0
    greenery: float = 0.0
    crowd: float = 0.0
    solids: float = 0.0
    passer: float = 0.0


# "catalogue" draws what it always drew, byte for byte; "studio" is the same look with every pose there is.
CATALOGUE: Final = "catalogue"
STYLES: Final[dict[str, Style]] = {
    "studio": Style(WIDE, Framing(rise=(-8.0, 40.0)), PHONE, studio=True),
    "street": Style(WIDE, Framing(cut=0.15), PHONE, depth=0.014, greenery=1.6, crowd=1.6, solids=0.22, passer=0.1),
    "surveillance": Style(
        PASSING,
        Framing((0.94, 0.06, 0.0), (45.0, 130.0), (3.0, 40.0), (0.88, 1.02), 0.03, 0.35, 2.5),
        CCTV,
        depth=0.003,
        greenery=0.7,
        crowd=0.9,
        solids=0.14,
        passer=0.05,
    ),
}
NAMES: Final = (CATALOGUE, *STYLES)


def plain(name: str) -> bool:
    """Whether all pictures of a person in this style are taken before one seamless backdrop."""
    return name == CATALOGUE or STYLES[name].studio
