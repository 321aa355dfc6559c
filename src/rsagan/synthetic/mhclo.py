"""Reads MakeHuman's clothes: `.mhclo` says how a mesh hangs on the base mesh, `.obj` is the mesh, `.mhmat` its look.

A vertex lies at a weighted mean of three base vertices plus an offset, whose x, y, z stretch with the distance of
two named base vertices. Some weights are negative: right for the place, cut off at zero for the skin weights.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from rsagan.errors import InputError
from rsagan.synthetic.fitting import NUMBERS, points
from rsagan.synthetic.mesh import Floats, Ints, floats


@dataclass(frozen=True, eq=False)
class Piece:
    """A mesh that fits the base mesh. N vertices, M after doubling along the picture's seams, F quads."""

    name: str
    rows: Ints  # (N, 3) rows of `points`
    share: Floats  # (N, 3)
    offset: Floats  # (N, 3) dm
    stretch: list[tuple[int, int, float]]  # for x, y, z: two rows and their distance when the offset was measured
    mesh: Ints  # (F, 4) quads of the N vertices
    source: Ints  # (M,) which of the N
    quads: Ints  # (F, 4) quads of the M
    uv: Floats  # (M, 2) v from the top
    hidden: Ints  # base mesh numbers of the body's vertices that it hides
    picture: Path | None  # of its colour

    def fitted(self, whole: Floats) -> Floats:
        """Where the N vertices lie on a body, (N, 3); `whole` is what `placed` returns."""
        scale = [abs(float(whole[a, k] - whole[b, k])) / length for k, (a, b, length) in enumerate(self.stretch)]
        corners = whole[self.rows]
        place = np.einsum("nk,nkc->nc", self.share, corners) + self.offset * floats(scale)
        return floats(place)

    def beneath(self, whole: Floats) -> Floats:
        """The body's own points under the N vertices, (N, 3)."""
        share = np.maximum(self.share, 0)
        return floats(np.einsum("nk,nkc->nc", share / share.sum(1, keepdims=True), whole[self.rows]))

    @cached_property
    def canon(self) -> Floats:
        """On the neutral template, (N, 3)."""
        return self.fitted(points().base)

    @cached_property
    def carried(self) -> tuple[Ints, Floats]:
        """Bones (N, 6) and skin weights (N, 6) taken over from the body."""
        body = points()
        dense = np.zeros((len(self.rows), int(body.bones.max()) + 1), np.float32)
        each = np.arange(len(dense))
        for k in range(3):
            share = np.maximum(self.share[:, k], 0)
            for j in range(body.bones.shape[1]):
                row = self.rows[:, k]
                dense[each, body.bones[row, j]] += share * body.weights[row, j]
        bones = np.argsort(-dense, axis=1, kind="stable")[:, :6].astype(np.int32)
        weights = np.take_along_axis(dense, bones, 1)
        return bones, floats(weights / weights.sum(1, keepdims=True))

    @cached_property
    def islands(self) -> Ints:
        """The number of the picture's island that each of the M vertices lies on."""
        return connected(self.quads, len(self.source))

    @cached_property
    def parts(self) -> Ints:
        """The number of the connected part of the mesh that each of the M vertices lies on."""
        return connected(self.mesh, len(self.rows))[self.source]


def connected(quads: Ints, count: int) -> Ints:
    """Numbers of the connected parts of a mesh, the lowest vertex in each naming it: int32 (count,)."""
    label = np.arange(count, dtype=np.int32)
    while True:
        low = label[quads].min(1)
        new = label.copy()
        for k in range(quads.shape[1]):
            np.minimum.at(new, quads[:, k], low)
        new = new[new]
        if np.array_equal(new, label):
            return label
        label = new


def read_piece(path: Path) -> Piece:
    """Read a `.mhclo` with the files it names.

    Raises InputError where it does not fit the base mesh or names vertices that are not kept.
    """
    hang, numbers, words, mode = [], [], {}, "head"
    for line in path.read_text("utf-8", "replace").splitlines():
        fields = line.split()
        if not fields or fields[0].startswith("#"):
            continue
        if fields[0] in ("verts", "delete_verts"):
            mode = fields[0]
        elif fields[0][0].isdigit():
            if mode == "delete_verts":
                numbers += _ranges(fields)
            elif len(fields) == 1:
                hang.append([float(fields[0])] * 3 + [1.0, 0.0, 0.0, 0.0, 0.0, 0.0])
            else:
                hang.append([float(value) for value in fields[:9]])
        else:
            words[fields[0]] = fields[1:]
    if words.get("basemesh", ["hm08"])[0] != "hm08":
        raise InputError(f"{path} fits the base mesh {words['basemesh'][0]}, not hm08")
    table = np.array(hang)
    row_of = points().row_of
    named = table[:, :3].astype(int)
    usual = {"x": "5399 11998 1.398", "y": "791 881 2.2048", "z": "962 5320 1.8461"}
    given = [words.get(f"{axis}_scale", usual[axis].split()) for axis in "xyz"]
    stretch = [(int(a), int(b), float(length)) for a, b, length in given]
    if min(length for *_, length in stretch) <= 0:
        raise InputError(f"{path} stretches by a distance that is not positive: {stretch}")
    needed = np.concatenate([named.ravel(), [n for a, b, _ in stretch for n in (a, b)]])
    if needed.max() >= NUMBERS or (row_of[needed] < 0).any():
        raise InputError(f"{path} names base vertices that are not kept, such as {needed[row_of[needed] < 0][:3]}")
    mesh, corners, uv = _read_obj(path.parent / words["obj_file"][0])
    if mesh.max() >= len(table):
        raise InputError(f"{path} places {len(table)} vertices, its mesh has {mesh.max() + 1}")
    pair, split = np.unique(mesh.astype(np.int64) * 1048576 + corners, return_inverse=True)
    material = path.parent / words["material"][0] if "material" in words else None
    return Piece(
        name=path.stem,
        rows=row_of[named].astype(np.int32),
        share=floats(table[:, 3:6]),
        offset=floats(table[:, 6:9]),
        stretch=[(int(row_of[a]), int(row_of[b]), length) for a, b, length in stretch],
        mesh=mesh,
        source=(pair // 1048576).astype(np.int32),
        quads=split.reshape(-1, 4).astype(np.int32),
        uv=floats(uv[pair % 1048576]),
        hidden=np.array(sorted(n for n in numbers if n < NUMBERS), np.int32),
        picture=colour_picture(material) if material and material.exists() else None,
    )


def _ranges(fields: list[str]) -> list[int]:
    """Vertex numbers written as "3 7 - 9 12"."""
    out: list[int] = []
    for i, field in enumerate(fields):
        if field == "-":
            out += range(int(fields[i - 1]) + 1, int(fields[i + 1]))
        else:
            out.append(int(field))
    return out


def _read_obj(path: Path) -> tuple[Ints, Ints, Floats]:
    """Quads (F, 4), their texture corners (F, 4) and texture coordinates (K, 2), v from the top."""
    uv, quads, corners = [], [], []
    for line in path.read_text("utf-8", "replace").splitlines():
        if line.startswith("vt "):
            uv.append([float(value) for value in line.split()[1:3]])
        elif line.startswith("f "):
            pairs = [corner.split("/") for corner in line.split()[1:]]
            pairs += pairs[-1:] * (4 - len(pairs))
            quads.append([int(pair[0]) - 1 for pair in pairs[:4]])
            corners.append([int(pair[1]) - 1 for pair in pairs[:4]])
    flat = np.array(uv, np.float32)
    return np.array(quads, np.int32), np.array(corners, np.int32), floats(np.stack([flat[:, 0], 1 - flat[:, 1]], 1))


def colour_picture(material: Path) -> Path | None:
    """The picture a `.mhmat` names as its colour, if the file is there."""
    for line in material.read_text("utf-8", "replace").splitlines():
        fields = line.split(maxsplit=1)
        if len(fields) == 2 and fields[0] == "diffuseTexture":
            path = material.parent / fields[1].strip()
            return path if path.exists() else None
    return None
