"""Parts (skin, eyes, garments, hair) put together into the one mesh a person is drawn from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rsagan.synthetic.body import Surface, template
from rsagan.synthetic.fabric import Kind, Look
from rsagan.synthetic.mesh import Floats, Ints, floats, normals
from rsagan.synthetic.pictures import NO_PICTURES

Row = Floats  # a layer's look, float32 (Look.COLUMNS,)


@dataclass(frozen=True)
class Part:
    """One layer of a person. N vertices, T triangles."""

    rest: Floats  # (N, 3) where it lies in the rest pose
    anchor: Floats  # (N, 3) the body's own surface beneath, which names the point across views
    canon: Floats  # (N, 3) the same point on the template, where patterns live
    bones: Ints  # (N, 6)
    weights: Floats  # (N, 6)
    field: Floats  # (N,) the part exists where this is not negative
    faces: Ints  # (T, 3)
    region: Ints  # (T,)
    chart: Ints  # (T,)
    look: Row
    bias: float | Floats = 0.0  # dm nearer in depth, for all or (N,)
    double: bool = False
    lips: Floats | None = None  # (N,) share of lips; of a pictured skin arm less leg
    uv: Floats | None = None  # (N, 2) place in the layer's picture, or strand of hair
    normal: Floats | None = None  # (N, 3), else from the faces


@dataclass(frozen=True)
class Mesh:
    """All parts one after another; N vertices, T triangles, L layers."""

    rest: Floats
    normal: Floats
    anchor: Floats
    canon: Floats
    bones: Ints
    weights: Floats
    field: Floats
    bias: Floats
    lips: Floats
    faces: Ints
    face_layer: Ints
    face_region: Ints
    face_chart: Ints
    double: Ints
    looks: Floats  # (L, Look.COLUMNS)
    uv: Floats  # (N, 2)
    pictures: np.ndarray  # uint8 (slots, TEXELS, 4), see pictures.py
    hung: int  # vertices from here on hang from a hand, see bags.py


def look(kind: Kind, main: Floats, **columns: float | Floats) -> Row:
    """A layer's row; keywords are names of `Look` in lower case, colours (3,) filling three columns."""
    row = np.zeros(Look.COLUMNS, np.float32)
    row[Look.KIND] = kind
    row[Look.MAIN.colour] = main
    for first in (Look.SECOND, Look.TRIM, Look.THIRD):
        row[first.colour] = main
    row[Look.SCALE] = 1.0
    for name, value in columns.items():
        start = Look[name.upper()]
        row[start : start + np.size(value)] = value
    return row


def part(
    surface: Surface, rest: Floats, anchor: Floats, field: Floats, region: int | Ints, look: Row,
    bias: float = 0.0, double: bool = False,
) -> Part:  # fmt: skip
    """A part that lies on one of the template's surfaces, without the triangles its field removes anyway."""
    faces = surface.faces
    inside = field >= 0
    keep = inside[faces[:, 0]] | inside[faces[:, 1]] | inside[faces[:, 2]]
    regions = np.full(len(faces), region, np.int32) if np.ndim(region) == 0 else np.asarray(region, np.int32)
    used, compact = compacted(faces[keep], len(rest))
    return Part(
        rest[used], anchor[used], surface.canon[used], surface.bones[used], surface.weights[used], field[used],
        compact, regions[keep], chart_of(surface)[keep], look, bias, double,
        surface.lips[used],
    )  # fmt: skip


def compacted(faces: Ints, count: int) -> tuple[Ints, Ints]:
    """The vertices that faces (T, 3) use of `count`, ascending, and the faces in their numbers."""
    mask = np.zeros(count, bool)
    mask[faces.ravel()] = True
    number = np.cumsum(mask, dtype=np.int32) - 1
    return np.nonzero(mask)[0].astype(np.int32), number[faces].astype(np.int32)


_CHART_OF: dict[str, Ints] = {}


def chart_of(surface: Surface) -> Ints:
    """Which chart of `charts` each triangle's pattern is laid out in, worked out once for each surface."""
    if surface.name not in _CHART_OF:
        _CHART_OF[surface.name] = _chart_of(surface)
    return _CHART_OF[surface.name]


def _chart_of(surface: Surface) -> Ints:
    faces = surface.faces
    centre = surface.canon[faces].mean(1)
    arm, leg = surface.limb[faces, 0].mean(1), surface.limb[faces, 1].mean(1)
    left = centre[:, 0] > 0
    lower = surface.arm[faces].mean(1) > 2.28
    chart = np.zeros(len(faces), np.int32)
    chart[arm > 0.45] = (np.where(left, 1, 3) + lower)[arm > 0.45]
    if surface.name == "tights":
        legs = (leg > 0.5) & (centre[:, 1] < -0.3)
        chart[legs] = np.where(left, 5, 6)[legs]
    # both halves of a quad share a chart
    return np.repeat(chart[::2], 2)


def charts() -> Floats:
    """float32 (7, 14): origin, axis, two directions across, radius, offset along; number 0 is the torso's."""
    body = template()
    heads = {n: body.base[body.points + i] for i, n in enumerate(body.bone_names)}
    table = np.zeros((7, 14), np.float32)

    def chart(i: int, start: str, end: str, radius: float, offset: float) -> None:
        axis = heads[end] - heads[start]
        axis = axis / np.linalg.norm(axis)
        front = floats([0, 0, 1]) - axis * axis[2]
        front /= np.linalg.norm(front)
        table[i] = np.concatenate([heads[start], axis, np.cross(axis, front), front, [radius, offset]])

    for k, side in enumerate("LR"):
        chart(1 + 2 * k, f"upperarm01.{side}", f"lowerarm01.{side}", 0.55, 0.0)
        chart(2 + 2 * k, f"lowerarm01.{side}", f"wrist.{side}", 0.5, 2.28)
        chart(5 + k, f"upperleg01.{side}", f"foot.{side}", 0.85, 0.0)
    return table


def assemble(parts: Sequence[Part], pictures: np.ndarray = NO_PICTURES) -> Mesh:
    """One mesh from many parts, whose pictures lie in `pictures`; what hangs from a hand comes last."""
    starts = np.cumsum([0] + [len(p.rest) for p in parts])
    faces = [p.faces + start for p, start in zip(parts, starts, strict=False)]

    def each_face(values: Sequence[int]) -> Ints:
        return np.repeat(np.array(values, np.int32), [len(p.faces) for p in parts])

    bones = np.ascontiguousarray(np.concatenate([p.bones for p in parts]), np.int32)
    hung = np.nonzero(bones[:, 0] >= len(template().bone_names))[0]
    lips = [p.lips if p.lips is not None else np.zeros(len(p.rest), np.float32) for p in parts]
    return Mesh(
        rest=_rows([p.rest for p in parts]),
        normal=_rows([p.normal if p.normal is not None else normals(p.rest, p.faces) for p in parts]),
        anchor=_rows([p.anchor for p in parts]),
        canon=_rows([p.canon for p in parts]),
        bones=bones,
        weights=_rows([p.weights for p in parts]),
        field=_rows([p.field for p in parts]),
        bias=_rows([np.broadcast_to(np.float32(p.bias), len(p.rest)) for p in parts]),
        lips=_rows(lips),
        faces=np.ascontiguousarray(np.concatenate(faces), np.int32),
        face_layer=each_face(range(len(parts))),
        face_region=np.concatenate([p.region for p in parts]).astype(np.int32),
        face_chart=np.concatenate([p.chart for p in parts]).astype(np.int32),
        double=each_face([int(p.double) for p in parts]),
        looks=np.stack([p.look for p in parts]).astype(np.float32),
        uv=_rows([p.uv if p.uv is not None else np.zeros((len(p.rest), 2), np.float32) for p in parts]),
        pictures=pictures,
        hung=int(hung[0]) if len(hung) else len(bones),
    )


def _rows(arrays: Sequence[Floats]) -> Floats:
    return np.ascontiguousarray(np.concatenate(arrays), np.float32)
